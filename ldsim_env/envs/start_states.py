"""Knowledge states at the start of an episode: the student model run over the cohort's histories, once."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from ldsim_env.logs.response_log import ResponseLog
from ldsim_env.simulator.histories import states_after
from ldsim_env.simulator.protocol import State, StudentModel, select_students


class StartStates:
    """The state of every student of a log after the whole history; worked out when first asked for, then kept."""

    def __init__(self, model: StudentModel, histories: ResponseLog):
        self.model, self._histories = model, histories
        self._states: State | None = None

    def of(self, students: NDArray[np.int64]) -> State:
        """The states of some of the students (indices into the log), in that order; copies."""
        if self._states is None:
            self._states = states_after(self.model, self._histories)
        return select_students(self._states, torch.from_numpy(students))
