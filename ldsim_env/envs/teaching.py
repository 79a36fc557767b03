"""n students being taught: the student model's states and the session rules brought together, without any RL API."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import numpy as np
from gymnasium.spaces import Discrete
from numpy.typing import NDArray

from ldsim_env.envs.candidate_sampler import CandidateSampler
from ldsim_env.envs.learners import Learners
from ldsim_env.envs.members import begin_episodes, check_members, n_episode_draws, with_disagreement
from ldsim_env.envs.modes import make_action, make_observation, recent_length
from ldsim_env.envs.observations import Observations
from ldsim_env.envs.options import GIVEN_HISTORY, ResetOptions
from ldsim_env.envs.questions import NO_QUESTION
from ldsim_env.envs.recent import RecentInteractions
from ldsim_env.envs.response_noise import ResponseNoise
from ldsim_env.envs.rewards import StepRecord
from ldsim_env.envs.rows import ALL_ROWS, Rows, with_rows
from ldsim_env.envs.saved_state import TeachingState
from ldsim_env.envs.session import Answers, Session
from ldsim_env.envs.settings import EnvSettings
from ldsim_env.envs.start_states import StartStates
from ldsim_env.envs.targets import TargetRule
from ldsim_env.envs.trials import expected_change, retained_exam
from ldsim_env.errors import SettingsError
from ldsim_env.logs.response_log import ResponseLog
from ldsim_env.simulator.compiled_step import CompiledStep
from ldsim_env.simulator.histories import states_after
from ldsim_env.simulator.protocol import StudentModel, select_students
from ldsim_env.simulator.stepping import Step

_SAVED = ("offered", "recent", "noise", "student_ids", "start_mastery")


class Teaching:
    """Students of a cohort, a student model, an observer and the rules; what a tutor sees of it is a `TutorView`.

    Random numbers come from outside, a fixed number of them, so that the single and the batched form are alike.

    Args:
        model: The student model, which answers, learns and is examined.
        students: Histories of the students that an episode may begin with.
        settings: The rules.
        targets: How the targets of an episode are chosen.
        observer: The student model that tracks what a tutor could know from the answers; None is the student model.
        sampler: Proposes the candidates where an action is one; None takes the default.
        n: Number of students taught at once.

    Attributes:
        learners: The knowledge states.
        observer: The same students as the observer estimates them; the very same object where there is no observer.
        action, observation: What an action is and what is observed.
        session: Questions asked, exam scores, rewards, ends.
        offered: ``(n, n_candidates)`` questions proposed for the next step; replaced, never written to.
        recent: The last interactions, where the observation needs them.
        noise: The response noise that is pinned.
        student_ids: ``(n,)`` object, id of each student; None before the first `begin`.
        start_mastery: ``(n, n_concepts)`` float32, mastery when the episodes began.
    """

    def __init__(
        self,
        model: StudentModel,
        students: ResponseLog,
        settings: EnvSettings,
        targets: TargetRule,
        *,
        observer: StudentModel | None = None,
        sampler: CandidateSampler | None = None,
        n: int = 1,
    ):
        check_members(model, settings)
        self.model, self.students, self.settings = model, students, settings
        observing = model if observer is None else observer
        self.action = make_action(settings, observing, sampler)
        self.observation = make_observation(settings, observing, self.action)
        self._ids = np.array(students.student_ids, object)
        self._targets = targets
        minds = [model] if observer is None else [model, observer]
        self._start_states = tuple(StartStates(mind, students) for mind in minds)
        self._step: Step | None = CompiledStep(model) if settings.compiled else None
        self._make_room(n)

    def for_many(self, n: int) -> Teaching:
        """The same for n students, none of whom has begun; what never changes is shared."""
        twin = copy.copy(self)
        twin._make_room(n)
        return twin

    def _make_room(self, n: int) -> None:
        """Everything that has a row a student."""
        self._minds = [(Learners(start.model, self._step), start) for start in self._start_states[:1]]
        self._minds += [(Learners(start.model), start) for start in self._start_states[1:]]
        self.learners, self.observer = self._minds[0][0], self._minds[-1][0]
        self.session = Session(self.model.bank, self.settings, n)
        self.recent = RecentInteractions(n, recent_length(self.settings))
        self.offered = np.full((n, self.action.n_candidates), NO_QUESTION)
        self.noise = ResponseNoise(n)
        self.student_ids = np.full(n, None, object)
        self.start_mastery = np.zeros((n, self.model.bank.n_concepts), np.float32)

    @property
    def n_draws(self) -> int:
        """Random numbers that `begin` takes for each student."""
        return 1 + self.model.bank.n_concepts + self.action.n_draws + n_episode_draws(self.model)

    @property
    def n_step_draws(self) -> int:
        """Random numbers that a step takes for each student: the response noise, then those of `update`."""
        return 1 + self.action.n_draws

    def begin(self, uniforms: NDArray[np.float64], chosen: ResetOptions, rows: Rows = ALL_ROWS) -> None:
        """Start new episodes.

        Args:
            uniforms: ``(len(rows), n_draws)`` random numbers in [0, 1): the first draws the student, the next
                ``n_concepts`` the targets, the next ``action.n_draws`` what is offered, the others who of an ensemble
                is the student.
            chosen: What the user fixed instead of having it drawn.
            rows: Which of the n places get a new student; all of them at first.
        """
        sizes = np.cumsum([1, self.model.bank.n_concepts, self.action.n_draws])
        of_student, of_targets, of_offer, of_member = np.split(uniforms, sizes, axis=1)
        self._meet_students(of_student[:, 0], of_member, chosen, rows)
        mastery = self.learners.mastery[rows]
        self.start_mastery = with_rows(self.start_mastery, rows, mastery)
        self.session.begin(self._choose_targets(of_targets, chosen, rows), mastery, rows)
        self.noise.pin(rows, chosen.response_noise)
        self._offer(of_offer, rows)

    def to_questions(self, actions: NDArray[Any]) -> NDArray[np.int64]:
        """The question that each action asks, ``(n,)``; `NO_QUESTION` where none is left for it."""
        return self.action.to_questions(actions, self)

    def answer(self, questions: NDArray[np.int64], noise: NDArray[np.float64]) -> Answers:
        """Ask each student a question.

        Args:
            questions: ``(n,)`` question indices; one that is masked isn't asked, nor is `NO_QUESTION`.
            noise: ``(n,)`` random numbers in [0, 1), one a student whatever is asked; pinned ones go before them.
        """
        asked = self.may_be_asked(questions)
        bernoulli = self.settings.response == "bernoulli"
        threshold = self.noise.at(self.session.steps, noise) if bernoulli else np.full(len(noise), 0.5)
        prob = self.learners.answer(np.maximum(questions, 0), threshold, asked)
        prob[questions == NO_QUESTION] = 0.0
        return Answers(questions, prob, (prob > threshold).astype(np.int8), asked)

    def may_be_asked(self, questions: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Whether each student may be asked the question of the same row, ``(n,)``; `NO_QUESTION` may not."""
        return np.asarray(self.session.legal(questions) & (questions != NO_QUESTION))

    def update(self, answers: Answers, uniforms: NDArray[np.float64] | None = None) -> StepRecord:
        """Let the students learn from their answers; gives the step as the reward terms read it.

        Args:
            answers: What they did.
            uniforms: ``(n, action.n_draws)`` random numbers in [0, 1) for what is offered next; may be left out where
                the action takes none.
        """
        expected = expected_change(self.learners, self.session, answers)
        members = self.learners.members
        self.learners.go_on(answers.asked)
        for observer, _ in self._minds[1:]:
            observer.learn(np.maximum(answers.question, 0), answers.response, answers.asked)
        self.recent.enter(answers)
        record = self.session.record(answers, self.learners.mastery)
        record = with_disagreement(
            record, members, self.learners.members, self.session.targets, self.settings.pessimism
        )
        if uniforms is not None:
            self._offer(uniforms, ALL_ROWS)
        retained = retained_exam(self.learners, self.session, record)
        return record._replace(expected_change=expected, retained_exam=retained)

    def observations(self) -> Observations:
        """What is observed of each student, the student axis first."""
        return self.observation.observe(self)

    @property
    def has_masks(self) -> bool:
        """Whether there are actions that a mask could forbid."""
        return isinstance(self.action.space, Discrete)

    def action_masks(self) -> NDArray[np.uint8]:
        """Which actions ask a question that may be asked, ``(n, n_actions)``, 1 yes, 0 no; a new array.

        Raises:
            SettingsError: If actions are vectors (``action="embedding"``), all of which ask a question.
        """
        masks = self.action.masks(self)
        if masks is None:
            raise SettingsError(
                f"action_masks: actions are {self.action.space}, each of which asks the nearest question that may be "
                "asked, so there is nothing to mask. Make the environment with another action=... for masks."
            )
        return masks

    def save(self) -> TeachingState:
        """Everything that decides what happens next but the random numbers; what never changes is left out."""
        states = tuple(mind.save() for mind, _ in self._minds)
        parts = {name: copy.deepcopy(getattr(self, name)) for name in _SAVED}
        return TeachingState(self._made_for(), states, parts | {"session": self.session.save()})

    def load(self, saved: TeachingState, response_noise: NDArray[np.float64] | None = None) -> None:
        """Go on from where `save` was called; noise that is given is pinned from the next step on.

        Raises:
            SettingsError: If it was saved by a teaching of another kind.
        """
        saved.check(self._made_for())
        for (mind, _), state in zip(self._minds, saved.states, strict=True):
            mind.load(state)
        for name in _SAVED:
            setattr(self, name, copy.deepcopy(saved.parts[name]))
        self.session.load(saved.parts["session"])
        if response_noise is not None:
            self.noise.pin_from(self.session.steps, response_noise)

    def _made_for(self) -> dict[str, Any]:
        """What a saved state must have in common with this."""
        return {
            "bank": self.model.bank.fingerprint,
            "students": len(self.student_ids),
            "models": " observed by ".join(mind.kind() for mind, _ in self._minds),
            "candidates": self.action.n_candidates,
            "history length": self.recent.length,
        }

    def frozen(self) -> Teaching:
        """All this as it stands, to be read after it went on: session, mastery, offer; nobody can be taught in it."""
        then = Teaching.__new__(Teaching)  # as copy.copy, which takes several times as long
        then.__dict__ = self.__dict__.copy()
        then.session, then.learners = self.session.frozen(), self.learners.frozen()
        then.observer = then.learners if self.observer is self.learners else self.observer.frozen()
        return then

    def _meet_students(
        self, uniforms: NDArray[np.float64], of_member: NDArray[np.float64], chosen: ResetOptions, rows: Rows
    ) -> None:
        n = len(uniforms)
        if chosen.history is not None:
            for mind, _ in self._minds:
                state = select_students(states_after(mind.model, chosen.history), [0] * n)
                mind.enter(begin_episodes(mind.model, state, of_member), rows)
            self.student_ids = with_rows(self.student_ids, rows, GIVEN_HISTORY)
            self._begin_recent(chosen.history, np.zeros(n, np.int64), rows)
            return
        drawn = (uniforms * self.students.n_students).astype(np.int64)
        students = drawn if chosen.student is None else np.full(n, chosen.student)
        for mind, start_states in self._minds:
            mind.enter(begin_episodes(mind.model, start_states.of(students), of_member), rows)
        self.student_ids = with_rows(self.student_ids, rows, self._ids[students])
        self._begin_recent(self.students, students, rows)

    def _begin_recent(self, histories: ResponseLog, students: NDArray[np.int64], rows: Rows) -> None:
        if self.recent.length:
            self.recent.begin(self._places(rows), [histories.student(student) for student in students.tolist()])

    def _choose_targets(self, uniforms: NDArray[np.float64], chosen: ResetOptions, rows: Rows) -> NDArray[np.bool_]:
        """``(len(uniforms), n_concepts)`` bool."""
        rule = self._targets if chosen.targets is None else replace(self._targets, fixed=chosen.targets)
        return rule.choose(uniforms, self.observer.mastery[rows])

    def _offer(self, uniforms: NDArray[np.float64], rows: Rows) -> None:
        if self.action.n_candidates:
            offer = self.action.offer(self, self._places(rows), uniforms)
            self.offered = with_rows(self.offered, rows, offer)

    def _places(self, rows: Rows) -> NDArray[np.int64]:
        return np.arange(len(self.student_ids))[rows]

    def __deepcopy__(self, memo: dict[int, Any]) -> Teaching:
        """A copy that goes its own way; what never changes (models, cohort, rules) is shared with the original."""
        rules = (self.settings, self.action, self.observation, self._targets)
        cohort = (self.students, self._ids, *self._start_states, self._step)
        for shared in (self.model, self.observer.model, self.model.bank, *cohort, *rules):
            memo[id(shared)] = shared
        twin = type(self).__new__(type(self))
        memo[id(self)] = twin
        twin.__dict__ = copy.deepcopy(self.__dict__, memo)
        return twin
