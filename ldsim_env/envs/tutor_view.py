"""What actions and observations are made from: the session, the observer, and what the tutor was offered and saw."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ldsim_env.envs.learners import Learners
from ldsim_env.envs.recent import RecentInteractions
from ldsim_env.envs.session import Session


class TutorView(Protocol):
    """n students as their tutors see them: the student model that answers and is examined isn't in it."""

    @property
    def session(self) -> Session:
        """What was asked, what may be asked, the targets."""
        ...

    @property
    def observer(self) -> Learners:
        """The students as the observer estimates them."""
        ...

    @property
    def offered(self) -> NDArray[np.int64]:
        """``(n, n_candidates)`` questions proposed for the next step, `NO_QUESTION` where there are fewer."""
        ...

    @property
    def recent(self) -> RecentInteractions:
        """The last interactions."""
        ...
