"""n students being taught: the student model's states and the session rules brought together, without any RL API."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ldsim_env.envs.learners import Learners
from ldsim_env.envs.options import GIVEN_HISTORY, ResetOptions
from ldsim_env.envs.rewards import StepRecord
from ldsim_env.envs.session import Answers, Session
from ldsim_env.envs.settings import EnvSettings
from ldsim_env.envs.start_states import StartStates
from ldsim_env.envs.targets import draw_targets, eligible_concepts
from ldsim_env.logs.response_log import ResponseLog
from ldsim_env.simulator.histories import states_after
from ldsim_env.simulator.protocol import StudentModel, select_students


class Teaching:
    """Students of a cohort, a student model and the rules.

    Random numbers come from outside, a fixed number of them, so that the single and the batched form are alike.

    Args:
        model: The student model.
        students: Histories of the students that an episode may begin with.
        settings: The rules.
        fixed_targets: Concept indices that are the targets of every episode; None draws them.
        n: Number of students taught at once.

    Attributes:
        learners: The knowledge states.
        session: Questions asked, exam scores, rewards, ends.
        student_ids: Id of each of the n students; empty before the first `begin`.
        start_mastery: ``(n, n_concepts)`` float32, mastery when the episodes began.

    Raises:
        SettingsError: If the bank has too few concepts to draw targets from.
    """

    def __init__(
        self,
        model: StudentModel,
        students: ResponseLog,
        settings: EnvSettings,
        fixed_targets: NDArray[np.int64] | None = None,
        n: int = 1,
    ):
        self.model, self.students, self.settings = model, students, settings
        self.learners = Learners(model)
        self.session = Session(model.bank, settings, n)
        self.student_ids: list[str] = []
        self.start_mastery: NDArray[np.float32] = self.learners.mastery
        self._n = n
        self._start_states = StartStates(model, students)
        self._fixed_targets = fixed_targets
        self._eligible = eligible_concepts(model.bank, settings) if fixed_targets is None else None

    @property
    def n_draws(self) -> int:
        """Random numbers that `begin` takes for each student."""
        return 1 + self.model.bank.n_concepts

    def begin(self, uniforms: NDArray[np.float64], chosen: ResetOptions) -> None:
        """Start new episodes.

        Args:
            uniforms: ``(n, n_draws)`` random numbers in [0, 1): the first draws the student, the others the targets.
            chosen: What the user fixed instead of having it drawn.
        """
        self._meet_students(uniforms[:, 0], chosen)
        self.start_mastery = self.learners.mastery
        self.session.begin(self._choose_targets(uniforms[:, 1:], chosen), self.learners.mastery)

    def answer(self, questions: NDArray[np.int64], noise: NDArray[np.float64]) -> Answers:
        """Ask each student a question.

        Args:
            questions: ``(n,)`` question indices; one that is masked isn't asked.
            noise: ``(n,)`` random numbers in [0, 1), one a student whatever is asked.
        """
        prob = self.learners.answer_prob(questions)
        threshold = noise if self.settings.response == "bernoulli" else 0.5
        return Answers(questions, prob, (prob > threshold).astype(np.int8), self.session.legal(questions))

    def update(self, answers: Answers) -> StepRecord:
        """Let the students learn from their answers; gives the step as the reward terms read it."""
        self.learners.learn(answers.question, answers.response, answers.asked)
        return self.session.record(answers, self.learners.mastery)

    def observations(self) -> NDArray[np.float32]:
        """The flat observation of each student, ``(n, 2 n_concepts + 3)``."""
        return self.session.observations(self.learners.mastery)

    def _meet_students(self, uniforms: NDArray[np.float64], chosen: ResetOptions) -> None:
        if chosen.history is not None:
            state = states_after(self.model, chosen.history)
            self.student_ids = [GIVEN_HISTORY] * self._n
            self.learners.enter(select_students(state, [0] * self._n))
            return
        drawn = (uniforms * self.students.n_students).astype(int).tolist()
        students = drawn if chosen.student is None else [chosen.student] * self._n
        self.student_ids = [self.students.student_ids[student] for student in students]
        self.learners.enter(self._start_states.of(students))

    def _choose_targets(self, uniforms: NDArray[np.float64], chosen: ResetOptions) -> NDArray[np.bool_]:
        """``(n, n_concepts)`` bool."""
        fixed = chosen.targets if chosen.targets is not None else self._fixed_targets
        targets = np.zeros((self._n, self.model.bank.n_concepts), bool)
        if fixed is not None:
            targets[:, fixed] = True
        elif self._eligible is not None:
            drawn = draw_targets(uniforms, self._eligible, self.settings.n_targets)
            np.put_along_axis(targets, drawn, True, axis=1)
        return targets

    def __deepcopy__(self, memo: dict[int, Any]) -> Teaching:
        """A copy that goes its own way; what never changes (student model, cohort) is shared with the original."""
        for shared in (self.model, self.model.bank, self.students, self._start_states):
            memo[id(shared)] = shared
        twin = type(self).__new__(type(self))
        memo[id(self)] = twin
        twin.__dict__ = copy.deepcopy(self.__dict__, memo)
        return twin
