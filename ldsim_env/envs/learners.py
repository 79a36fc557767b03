"""The students being taught: a student model and the knowledge states of n students, numpy in and numpy out."""

from __future__ import annotations

from functools import partial
from typing import Any
from weakref import WeakSet

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ldsim_env.envs.rows import ALL_ROWS, Rows, with_rows
from ldsim_env.simulator.models import Ensemble
from ldsim_env.simulator.protocol import State, StudentModel, select_students
from ldsim_env.simulator.readouts import latent
from ldsim_env.simulator.stepping import Step, Stepped, take_step

BoolArray = NDArray[np.bool_]


class Learners:
    """n students with their present knowledge states. Only `enter`, `go_on` and `learn` change a state.

    The states stay on the student model's device; only answers, mastery and the like are brought to the CPU.

    Args:
        model: The student model that answers and learns.
        step: How it takes a step; None is `take_step`.

    Attributes:
        mastery: ``(n, n_concepts)`` float32, mastery in the present states; replaced, never written to.
        members: ``(n, n_members, n_concepts)`` float32, the same by each member of an ensemble; None without one.
    """

    def __init__(self, model: StudentModel, step: Step | None = None):
        self.model = model
        self._step: Step = partial(take_step, model) if step is None else step
        self._ahead: Stepped | None = None  # where the students will stand, once they learn from what they answered
        self.mastery: NDArray[np.float32] = np.empty((0, model.bank.n_concepts), np.float32)
        self.members: NDArray[np.float32] | None = None
        self._state: State = {}
        self._kept: WeakSet[Learners] = WeakSet()  # earlier states that may still be read, see `before`
        self._device = next(iter(model.start(0).values())).device
        self._all_questions = torch.arange(model.bank.n_questions, device=self._device)

    @torch.inference_mode()
    def enter(self, state: State, rows: Rows = ALL_ROWS) -> None:
        """Take in new students: in all places, or in those that ``rows`` names."""
        self._ahead = None
        if isinstance(rows, slice):
            self._become(state)
            return
        self._state = _own(self._state)
        for kept in self._kept:
            self._state = _apart(self._state, kept._state)
        self._kept = WeakSet()
        _write(self._state, self._tensor(rows), state)
        self.mastery = with_rows(self.mastery, rows, _numpy(self.model.mastery(state)))
        self._examine_members()

    @torch.inference_mode()
    def answer(
        self, questions: NDArray[np.int64], thresholds: NDArray[np.float64], asked: BoolArray
    ) -> NDArray[np.float64]:
        """P(right) of one question a student, ``(n,)``.

        What the students learn from their answers is worked out in the same go, and waits for `go_on`.

        Args:
            questions: ``(n,)`` question indices.
            thresholds: ``(n,)``; a student answers right where P(right) is above it.
            asked: ``(n,)``, who may learn.
        """
        asking = self._tensor(questions)
        if not np.count_nonzero(asked):
            self._ahead = None
            return _numpy(self.model.answer_prob(self._state, asking)).astype(np.float64)
        self._ahead = self._step(self._state, asking, self._tensor(thresholds))
        return _numpy(self._ahead.prob).astype(np.float64)

    def go_on(self, asked: BoolArray) -> None:
        """Those who were ``asked`` ``(n,)``, and answered, have learned from it."""
        if self._ahead is None:
            return
        (_, state, mastery), self._ahead = self._ahead, None
        self._move(asked, state, mastery)

    @torch.inference_mode()
    def answer_probs(self, questions: NDArray[np.int64] | None = None) -> NDArray[np.float32]:
        """P(right) of some questions of each student, ``(n, m)`` float32; a new array.

        Args:
            questions: ``(n, m)`` question indices; None is all questions in the bank's order.
        """
        asked = self._all_questions.expand(len(self.mastery), -1) if questions is None else self._tensor(questions)
        return _numpy(self.model.answer_prob(self._state, asked)).copy()

    @torch.inference_mode()
    def latent(self) -> NDArray[np.float32]:
        """The knowledge states as one vector each, ``(n, size)`` float32; see `ldsim_env.simulator.readouts`."""
        return _numpy(latent(self.model, self._state))

    @torch.inference_mode()
    def learn(self, questions: NDArray[np.int64], responses: NDArray[np.int8], asked: BoolArray) -> None:
        """Move the states of those students who were asked, whoever answered; arguments are ``(n,)``."""
        if not asked.any():
            return
        state = self.model.learn(self._state, self._tensor(questions), self._tensor(responses.astype(np.float32)))
        self._move(asked, state, self.model.mastery(state))

    @torch.inference_mode()
    def expected_gains(self, questions: NDArray[np.int64], targets: BoolArray) -> NDArray[np.float32]:
        """Expected change of the exam score by each question: the mean over both answers by their probability.

        Args:
            questions: ``(m,)`` question indices, the same for every student, or ``(n, m)``.
            targets: ``(n, n_concepts)`` bool.

        Returns:
            ``(n, m)`` float32.
        """
        n, m = len(targets), questions.shape[-1]
        asked = self._tensor(questions).expand(n, m)
        student = torch.arange(n, device=self._device).repeat_interleave(m)
        share = self._tensor((targets / targets.sum(axis=1, keepdims=True)).astype(np.float32))
        now = (self.model.mastery(self._state) * share).sum(1, keepdim=True)
        wrong, right = self._exams_after(student, asked.reshape(-1), share).view(2, n, m)
        prob = self.model.answer_prob(self._state, asked)
        return _numpy(prob * right + (1 - prob) * wrong - now)

    @torch.inference_mode()
    def save(self) -> State:
        """A copy of the states, on the CPU."""
        return {name: value.to("cpu", copy=True) for name, value in self._state.items()}

    @torch.inference_mode()
    def load(self, state: State) -> None:
        """Go on from the states that `save` gave; it keeps them as they are."""
        self.enter({name: value.to(self._device, copy=True) for name, value in state.items()})

    def kind(self) -> str:
        """The student model's class and what its knowledge state consists of."""
        shapes = {name: "x".join(map(str, value.shape[1:])) for name, value in sorted(self.model.start(1).items())}
        return f"{type(self.model).__name__} ({', '.join(f'{name} {shape}' for name, shape in shapes.items())})"

    @torch.inference_mode()
    def mastery_after(self, questions: NDArray[np.int64]) -> NDArray[np.float32]:
        """Mastery if the students answered these questions, each as expected, ``(n, n_concepts)``; nothing is changed.

        Args:
            questions: ``(n, m)`` question indices; a row that begins with `NO_QUESTION` has none.
        """
        mastery = self.mastery.copy()
        practising = np.flatnonzero((questions >= 0).all(axis=1))
        if not len(practising):
            return mastery
        state = select_students(self._state, self._tensor(practising))
        for asked in self._tensor(questions[practising].T.copy()):
            state = self.model.learn(state, asked, self.model.answer_prob(state, asked))
        mastery[practising] = _numpy(self.model.mastery(state))
        return mastery

    def before(self) -> Learners:
        """The students as they stand, for trials after they learned more: nobody writes over this state.

        It holds the state alone, without a mastery, and only those hold it who may read it: infos that are thrown
        away cost no memory.
        """
        then = self._copy()
        del then.mastery, then.members
        self._kept.add(then)
        return then

    @torch.inference_mode()
    def some(self, rows: NDArray[np.int64]) -> Learners:
        """Copies of the students in ``rows`` as they stand."""
        copies = self._copy()
        copies._state = select_students(self._state, self._tensor(rows))
        copies.mastery = self.mastery[rows]
        return copies

    def frozen(self) -> Learners:
        """The mastery as it stands, to be read after the students learned more; their states are let go."""
        then = self._copy()
        del then._state
        return then

    def _copy(self) -> Learners:
        then = Learners.__new__(Learners)  # as copy.copy, which takes several times as long
        then.__dict__ = self.__dict__.copy()
        return then

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in self.__dict__.items() if name != "_kept"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _kept=WeakSet())  # a copy has tensors of its own

    def _become(self, state: State) -> None:
        self._state, self.mastery = state, _numpy(self.model.mastery(state))
        self._examine_members()

    def _move(self, asked: BoolArray, state: State, mastery: Tensor) -> None:
        """Those who were ``asked``, at least one, have this state now."""
        known = _numpy(mastery)
        if np.count_nonzero(asked) < len(asked):
            skipped = np.flatnonzero(~asked)
            with torch.inference_mode():
                state = _own(state)
                _write(state, self._tensor(skipped), select_students(self._state, self._tensor(skipped)))
            known = with_rows(known, skipped, self.mastery[skipped])
        self._state, self.mastery = state, known
        self._examine_members()

    @torch.inference_mode()
    def _examine_members(self) -> None:
        if isinstance(self.model, Ensemble):
            self.members = _numpy(self.model.member_mastery(self._state))

    def _tensor(self, array: NDArray[np.generic]) -> Tensor:
        return torch.from_numpy(array).to(self._device)

    def _exams_after(self, student: Tensor, questions: Tensor, share: Tensor) -> Tensor:
        """Exam scores if each of these students answered the question of the same row, ``(2, rows)``: wrong, right.

        Both answers are learned from in one call: one student takes the model nearly as long as two.
        """
        twice = student.repeat(2)
        response = torch.arange(2.0, device=self._device).repeat_interleave(len(student))
        after = self.model.learn(select_students(self._state, twice), questions.repeat(2), response)
        return (self.model.mastery(after) * share[twice]).sum(1).view(2, -1)


def _own(state: State) -> State:
    """The state in tensors that may be written to: a model may hand out one value expanded to all students."""
    return {name: value.contiguous() for name, value in state.items()}


def _apart(state: State, kept: State) -> State:
    """The state in tensors that share no memory with those of ``kept``: a model may hand out what it was given."""
    return {name: value.clone() if _are_shared(value, kept[name]) else value for name, value in state.items()}


def _are_shared(one: Tensor, other: Tensor) -> bool:
    return one.untyped_storage().data_ptr() == other.untyped_storage().data_ptr()


def _write(state: State, rows: Tensor, new: State) -> None:
    """Write the students of ``new`` over those in ``rows``; far cheaper than a copy of all states."""
    for name, value in state.items():
        value.index_copy_(0, rows, new[name])


def _numpy(tensor: Tensor) -> NDArray[np.float32]:
    array: NDArray[np.float32] = tensor.cpu().numpy()
    return array
