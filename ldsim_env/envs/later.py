"""A dict whose values are worked out when they are read: infos hold more than most users look at."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _collections_abc import dict_items, dict_values


class LaterDict(dict[str, Any]):
    """A dict of values that are worked out when first read, and kept from then on.

    To whoever reads it, and to copies, it is a plain dict. What the values are made from must not change afterwards.

    Args:
        keys: The keys, in order.
        make: Gives the value of a key.
    """

    def __init__(self, keys: Iterable[str], make: Callable[[str], Any]):
        super().__init__(dict.fromkeys(keys, _Later(make)))

    def __getitem__(self, key: str) -> Any:
        value = super().__getitem__(key)
        if type(value) is _Later:
            value = value.make(key)
            self[key] = value
        return value

    def get(self, key: str, default: Any = None) -> Any:
        """The value, or ``default`` where there is no such key."""
        return self[key] if key in self else default  # noqa: SIM401  (this is `get`)

    def add(self, other: LaterDict) -> None:
        """Take in what another one has, with values that are still to be made."""
        dict.update(self, dict.items(other))

    def made(self) -> dict[str, Any]:
        """All values in a plain dict; dicts inside are made too."""
        return {key: value.made() if isinstance(value, LaterDict) else value for key, value in self.items()}

    # Python's own dict reads its values in C; these are the ways in that must go through __getitem__. That __iter__ is
    # defined here makes dict(later) and {**later} go through it as well.

    def __iter__(self) -> Iterator[str]:
        return super().__iter__()

    def items(self) -> dict_items[str, Any]:
        """See dict."""
        self._make_all()
        return super().items()

    def values(self) -> dict_values[str, Any]:
        """See dict."""
        self._make_all()
        return super().values()

    def pop(self, key: str, *default: Any) -> Any:
        """See dict."""
        if key in self:
            self[key] = self[key]
        return super().pop(key, *default)

    def popitem(self) -> tuple[str, Any]:
        """See dict."""
        self._make_all()
        return super().popitem()

    def setdefault(self, key: str, default: Any = None) -> Any:
        """See dict."""
        return self[key] if key in self else super().setdefault(key, default)

    def copy(self) -> LaterDict:
        """A copy, whose values are still to be made."""
        twin = LaterDict((), str)
        twin.add(self)
        return twin

    def __or__(self, other: Any) -> Any:
        return dict(self) | other

    def __ror__(self, other: Any) -> Any:
        return other | dict(self)

    def __eq__(self, other: object) -> bool:
        return dict(self) == other

    __hash__ = None  # as dict has it

    def __repr__(self) -> str:
        return repr(dict(self))

    def __deepcopy__(self, memo: dict[int, Any]) -> LaterDict:
        """A deep copy, whose values are still to be made: Stable-Baselines3 copies every info like this."""
        twin = LaterDict((), str)
        for key, value in dict.items(self):
            is_later = type(value) is _Later
            dict.__setitem__(
                twin, key, _Later(partial(_copied, value.make)) if is_later else copy.deepcopy(value, memo)
            )
        return twin

    def __reduce__(self) -> tuple[Any, ...]:
        return dict, (self.made(),)

    def _make_all(self) -> None:
        for key in self:
            self[key]


def _copied(make: Callable[[str], Any], key: str) -> Any:
    return copy.deepcopy(make(key))


class _Later:
    """Stands where a value is still to be made."""

    __slots__ = ("make",)

    def __init__(self, make: Callable[[str], Any]):
        self.make = make
