"""The window of render mode "human", in the manner of Gymnasium's own environments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ldsim_env.envs.canvas import import_pygame

if TYPE_CHECKING:
    import pygame


class Window:
    """A window that opens with the first picture and shows the latest one.

    pygame has one window in a process: environments that show themselves at the same time share it. A copy, or one that
    was pickled, starts without a window, so that an environment can be copied at any time.

    Args:
        caption: The window's title.
        frames_per_second: Pictures that are shown in a second at most; `show` waits.
    """

    def __init__(self, caption: str, frames_per_second: int):
        self.caption, self.frames_per_second = caption, frames_per_second
        self._screen: pygame.Surface | None = None
        self._clock: pygame.time.Clock | None = None

    @property
    def is_open(self) -> bool:
        """Whether the window is there; another environment that closes takes it away."""
        return self._screen is not None and import_pygame().display.get_surface() is self._screen

    def show(self, picture: pygame.Surface) -> None:
        """Show a picture, and wait until its time has come.

        Raises:
            MissingExtraError: If pygame is not installed.
        """
        pygame = import_pygame()
        screen, clock = self._opened(picture.get_size())
        screen.blit(picture, (0, 0))
        pygame.event.pump()
        clock.tick(self.frames_per_second)
        pygame.display.flip()

    def close(self) -> None:
        """Close the window, if it is open; another picture would open it again."""
        if self.is_open:
            # Not pygame.quit(): that would take the fonts from every other environment of the process.
            import_pygame().display.quit()
        self._screen = self._clock = None

    def _opened(self, size: tuple[int, int]) -> tuple[pygame.Surface, pygame.time.Clock]:
        """The window's surface and clock; the window is opened where it isn't there or has another size."""
        pygame = import_pygame()
        if self._screen is None or self._clock is None or not self.is_open or self._screen.get_size() != size:
            pygame.display.init()
            pygame.display.set_caption(self.caption)
            self._screen, self._clock = pygame.display.set_mode(size), pygame.time.Clock()
        return self._screen, self._clock

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_screen": None, "_clock": None}
