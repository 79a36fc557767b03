"""A tiny environment with the public methods of LDSimEnv and known dynamics, made of numpy alone."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np

from ldsim_env.logs.bank import QuestionBank

TOY_ID = "Toy-v0"
N_STEPS = 8
CONCEPTS = ((0,), (0,), (0,), (1,), (1,), (1, 2), (2,), (2,), (3,), (3,), (3,), ())
DIFFICULTY = (0.5, -1.0, 2.0, 0.0, -2.0, 1.0, -0.5, 1.5, 0.0, 1.0, -1.0, 0.0)


def toy_bank() -> QuestionBank:
    bank = QuestionBank.from_concept_lists(
        "TOY",
        [f"q{i}" for i in range(len(CONCEPTS))],
        CONCEPTS,
        ["a", "b", "c", "d"],
        concept_names=["Adding", "Halves", "Cubes", "Data"],
    )
    return bank.with_difficulty(np.array(DIFFICULTY))


class ToyEnv(gymnasium.Env[np.ndarray, int]):
    """Mastery is a number per concept; a question raises its concepts by 0.2 of what is missing, right or wrong."""

    def __init__(self, cohort_split: str = "all", n_students: int = 50) -> None:
        self.bank = toy_bank()
        self.cohort_split = cohort_split
        self.n_students = n_students
        self.action_space = gymnasium.spaces.Discrete(self.bank.n_questions)
        self.observation_space = gymnasium.spaces.Box(0, 1, (2 * self.bank.n_concepts,), np.float32)
        self._targets = np.array([0, 1])

    @property
    def targets(self) -> np.ndarray:
        return self._targets

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        super().reset(seed=seed)
        options = options or {}
        student = int(options.get("student", self.np_random.integers(self.n_students)))
        if student >= self.n_students:
            raise ValueError(f"options['student']: {student}")
        drawn = self.np_random.choice(self.bank.n_concepts, 2, replace=False)
        self._targets = np.sort(np.asarray(options.get("targets", drawn)))
        offset = 1 if self.cohort_split == "eval" else 0
        self._mastery = (
            np.random.default_rng([student, offset]).uniform(0.1, 0.6, self.bank.n_concepts).astype(np.float32)
        )
        self._asked = np.zeros(self.bank.n_questions, bool)
        self._start = self.exam_score()
        return self._observation(), self._info({})

    def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        if self._asked[action]:
            raise ValueError(f"question {action} was asked before")
        prob, before = float(self.answer_probs()[action]), self.exam_score()
        response = int(self.np_random.random() < prob)
        self._asked[action] = True
        concepts = self.bank.concepts_of(action)
        self._mastery[concepts] += self._rise(prob) * (1 - self._mastery[concepts])
        reward = (self.exam_score() - before) / (1 - self._start)
        info = self._info({"response": response, "answer_prob": prob, "question_id": self.bank.question_ids[action]})
        return self._observation(), reward, bool(self._asked.all()), False, info

    def exam_score(self) -> float:
        return float(self._mastery[self._targets].mean())

    def mastery(self) -> np.ndarray:
        return self._mastery.copy()

    def action_masks(self) -> np.ndarray:
        return (~self._asked).astype(np.uint8)

    def answer_probs(self) -> np.ndarray:
        matrix = self.bank.concept_matrix
        ability = (matrix @ self._mastery) / np.maximum(matrix.sum(1), 1)
        return (1 / (1 + np.exp(self.bank.difficulty - 4 * ability + 1))).astype(np.float32)

    def expected_gains(self, questions: np.ndarray) -> np.ndarray:
        rise = self._rise(self.answer_probs()[questions])[:, None] * (1 - self._mastery)
        return (self.bank.concept_matrix[questions] * rise)[:, self._targets].mean(1).astype(np.float32)

    def _rise(self, prob: Any) -> Any:
        return 0.1 + 0.8 * prob * (1 - prob)

    def _observation(self) -> np.ndarray:
        wanted = np.isin(np.arange(self.bank.n_concepts), self._targets)
        return np.concatenate([self._mastery, wanted]).astype(np.float32)

    def _info(self, more: dict[str, Any]) -> dict[str, Any]:
        exam_score = self.exam_score()
        return {
            "exam_score": exam_score,
            "learning_gain": (exam_score - self._start) / (1 - self._start),
            "mastery": self.mastery(),
            "targets": self._targets.copy(),
            "action_mask": self.action_masks(),
            **more,
        }


def register_toy() -> str:
    if TOY_ID not in gymnasium.registry:
        gymnasium.register(TOY_ID, entry_point=ToyEnv, max_episode_steps=N_STEPS)
    return TOY_ID
