"""The published protocol of RAR: made-up students, an exam of 400 questions, answers without chance."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from gymnasium.error import InvalidAction, ResetNeeded
from numpy.typing import NDArray

from ldsim_env.envs.arguments import refuse_unknown
from ldsim_env.envs.questions import question_indices
from ldsim_env.errors import SettingsError
from ldsim_env.logs.bank import QuestionBank
from ldsim_env.simulator.checkpoint import load_simulator
from ldsim_env.simulator.naming import student_model_folder
from ldsim_env.simulator.protocol import State, StudentModel, select_students

RIGHT_ABOVE = 0.5


class RarEnv(gym.Env[NDArray[np.float32], np.int64]):
    """One student under the protocol of "Personalized Education with Ranking Alignment" (github.com/wuming29/RAR).

    A new student answers ``n_start`` random questions (a question may come twice), then the exam is written for the
    first time: the sum of P(right) over ``n_targets`` different random questions. Every action asks a question, any one
    at any time. Answers are right where P(right) > 0.5, so that nothing after the reset is left to chance. At the end
    the gain is E = (end - start) / (n_targets - start), which is what the rewards add up to.

    It is there to stand beside published numbers; `LDSimEnv` says what we think a fair examination is.

    The observation is a ``Box(0, 1, (2 * K + 2,), float32)``: mastery of the K concepts, the share of each concept's
    questions that the exam has, and whether the last answer was right, and wrong. Infos have the keys of `LDSimEnv`'s,
    where ``targets`` are the concepts of the exam's questions, and ``target_questions`` ``(n_targets,)``.

    Args:
        bank: Name of a bundled bank, or a simulator's folder.
        student_model: The student model, or its name or folder; None is the one of ``bank``.
        n_start: Questions before the exam, at least 0.
        n_targets: Questions of the exam; the bank must have as many.
        cohort_split: Not used: every student is new. It is here because comparisons name one.
        render_mode: Not used: there is nothing to render.

    Raises:
        SettingsError: If a number is out of range, or an argument is unknown.
        CheckpointError: If the student model can't be read.
    """

    metadata = {"render_modes": []}  # noqa: RUF012 - as Gymnasium has it

    def __init__(
        self,
        bank: str | Path = "ASSIST09",
        *,
        student_model: StudentModel | str | Path | None = None,
        n_start: int = 20,
        n_targets: int = 400,
        cohort_split: str = "all",
        render_mode: None = None,
        **unknown: Any,
    ):
        refuse_unknown(unknown, RarEnv.__init__)
        self.student_model = _load(bank, student_model)
        n_questions = self.bank.n_questions
        for name, value, least in (("n_start", n_start, 0), ("n_targets", n_targets, 1)):
            if not least <= value <= n_questions:
                raise SettingsError(f"{name}: expected {least} to {n_questions}, the bank's questions, got {value!r}.")
        self.n_start, self.n_targets = n_start, n_targets
        self.action_space = gym.spaces.Discrete(n_questions)
        self.observation_space = gym.spaces.Box(0, 1, (2 * self.bank.n_concepts + 2,), np.float32)
        self._state: State | None = None

    # ---- Gymnasium's verbs ----------------------------------------------------------------------------------------

    @torch.inference_mode()
    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[NDArray[np.float32], dict[str, Any]]:
        """Begin with a new student; ``options`` may have ``student``, which changes nothing: the seed says it all."""
        super().reset(seed=seed)
        asked = self.np_random.integers(self.bank.n_questions, size=self.n_start)
        self.target_questions = np.sort(self.np_random.choice(self.bank.n_questions, self.n_targets, replace=False))
        self._state = self.student_model.start(1)
        for question in asked.tolist():
            self._answer(question)
        self._last = (0.0, 0.0)
        self._start = self._now = self._exam(self._state)
        return self._observation(), self._info()

    @torch.inference_mode()
    def step(self, action: np.int64 | int) -> tuple[NDArray[np.float32], float, bool, bool, dict[str, Any]]:
        """Ask a question; an episode ends only by its number of steps."""
        self._taught()
        if not self.action_space.contains(np.int64(action)):
            raise InvalidAction(f"action: expected one of {self.action_space}, got {action!r}.")
        prob, response = self._answer(int(action))
        self._last = (float(response), float(1 - response))
        before, self._now = self._now, self._exam(self._taught())
        answered = {"asked": True, "question_id": self.bank.question_ids[int(action)], "response": response,
                    "answer_prob": prob}  # fmt: skip
        return self._observation(), (self._now - before) / (1 - self._start), False, False, self._info() | answered

    # ---- what recommenders may ask --------------------------------------------------------------------------------

    @property
    def bank(self) -> QuestionBank:
        """The question bank."""
        return self.student_model.bank

    @property
    def targets(self) -> NDArray[np.int64]:
        """The concepts of the exam's questions, ascending."""
        return np.flatnonzero(self.bank.concept_matrix[self.target_questions].any(axis=0))

    def action_masks(self) -> NDArray[np.uint8]:
        """``(n_questions,)``: 1 everywhere."""
        return np.ones(self.bank.n_questions, np.uint8)

    @torch.inference_mode()
    def answer_probs(self) -> NDArray[np.float32]:
        """``(n_questions,)``: P(right) of every question."""
        probs: NDArray[np.float32] = self._probs(self._taught(), np.arange(self.bank.n_questions)[None])[0]
        return probs

    @torch.inference_mode()
    def mastery(self) -> NDArray[np.float32]:
        """``(n_concepts,)``."""
        mastery: NDArray[np.float32] = self.student_model.mastery(self._taught())[0].cpu().numpy()
        return mastery

    @torch.inference_mode()
    def expected_gains(self, questions: NDArray[np.int64]) -> NDArray[np.float32]:
        """``(m,)``: how the exam score would change by each question, answered as the student would answer it."""
        asked = question_indices(self.bank, questions)
        right = self._probs(self._taught(), asked[None])[0] > RIGHT_ABOVE
        states = select_students(self._taught(), [0] * len(asked))
        after = self.student_model.learn(states, torch.from_numpy(asked), torch.from_numpy(right.astype(np.float32)))
        exams = self._probs(after, np.tile(self.target_questions, (len(asked), 1))).mean(axis=1)
        return np.asarray(exams - self._now, np.float32)

    # ---- the parts ------------------------------------------------------------------------------------------------

    def _answer(self, question: int) -> tuple[float, int]:
        """P(right) before and the response; the student has learned from it."""
        state, asked = self._taught(), torch.tensor([question])
        prob = float(self.student_model.answer_prob(state, asked))
        response = int(prob > RIGHT_ABOVE)
        self._state = self.student_model.learn(state, asked, torch.tensor([float(response)]))
        return prob, response

    def _exam(self, state: State) -> float:
        """Mean P(right) of the exam's questions: the published score over its greatest value."""
        return float(self._probs(state, self.target_questions[None]).mean(dtype=np.float64))

    def _probs(self, state: State, questions: NDArray[np.int64]) -> NDArray[np.float32]:
        probs: NDArray[np.float32] = self.student_model.answer_prob(state, torch.from_numpy(questions)).cpu().numpy()
        return probs

    def _observation(self) -> NDArray[np.float32]:
        in_exam = self.bank.concept_matrix[self.target_questions].sum(axis=0)
        share = in_exam / np.maximum(self.bank.concept_matrix.sum(axis=0), 1)
        return np.concatenate([self.mastery(), share, self._last]).astype(np.float32).clip(0, 1)

    def _info(self) -> dict[str, Any]:
        return {
            "action_mask": self.action_masks(),
            "exam_score": self._now,
            "learning_gain": (self._now - self._start) / (1 - self._start),
            "mastery": self.mastery(),
            "targets": self.targets,
            "target_questions": self.target_questions.copy(),
        }

    def _taught(self) -> State:
        if self._state is None:
            raise ResetNeeded("There is no student before the first reset(); call reset().")
        return self._state


def _load(bank: str | Path, model: StudentModel | str | Path | None) -> StudentModel:
    if model is not None and not isinstance(model, str | Path):
        return model
    return load_simulator(student_model_folder("ldsim" if model is None else model, bank))
