"""Ask an LLM for every question: the baseline that "just use an LLM" deserves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ldsim_env.errors import SettingsError
from ldsim_env.recommenders.legal import Choices
from ldsim_env.recommenders.protocol import Action, Env, Info
from ldsim_env.recommenders.seen_answers import SeenAnswer, SeenAnswers
from ldsim_env.teacher.prompts import Course, Template, load_template, readable
from ldsim_env.teacher.protocol import Prompt, Teacher

DEFAULT_STEP_BUDGET = 30
LEVELS = ("An easy", "A middling", "A hard")
RESPONSES = ("wrong", "right")


@dataclass(frozen=True)
class LLMSettings:
    """What the LLM is told.

    Args:
        n_recent: Last answers shown, at least 0.
        template: Name of a template of the package, or the path of one's own.

    Raises:
        SettingsError: If a value is out of its range.
    """

    n_recent: int = 10
    template: str | Path = "recommend"

    def __post_init__(self) -> None:
        if self.n_recent < 0:
            raise SettingsError(f"n_recent: expected at least 0, got {self.n_recent}.")


class Option(NamedTuple):
    """What the LLM may choose."""

    target: int  # place among the targets
    level: int  # index into LEVELS
    questions: NDArray[np.int64]


class LLMRecommender:
    """Shows an LLM the targets, the student's answers and a list of options, and asks the question that it chooses.

    An option is a target and a level (easy, middling, hard: the thirds of the target's legal questions by the bank's
    difficulty); the answer is its number, scored by `Teacher.score`. Within the option the question in the middle is
    asked. Only answers that a tutor sees are told: those of the episode, and with ``observation="history"`` those
    before.

    With more targets than the template has numbers for (three, in the packaged one), only the first three that still
    have questions are offered at a time, the least practised first. Where the LLM abstains, the first option is taken,
    and counted in `n_abstained`.

    Args:
        teacher: The LLM; wrap it in `CachedTeacher` (or give `load_teacher` a cache) to keep its answers.
        settings: What it is told.
        course: Subject and level.

    Attributes:
        n_asked: Prompts so far.
        n_abstained: Those without a usable answer.
    """

    name = "llm"
    kind = "llm"

    def __init__(self, teacher: Teacher, settings: LLMSettings | None = None, course: Course | None = None):
        self._teacher, self._settings, self._course = teacher, settings or LLMSettings(), course or Course()
        self._template: Template = load_template(self._settings.template)
        self.n_asked = self.n_abstained = 0

    def start(self, env: Env, rng: np.random.Generator) -> None:
        """Begin an episode; ``rng`` is not used."""
        self._choices, self._seen = Choices.of(env), SeenAnswers(env)
        self._steps_left = int(getattr(self._choices.env, "step_budget", DEFAULT_STEP_BUDGET))
        bank = self._choices.env.bank
        self._difficulty = bank.difficulty if bank.difficulty.size else np.zeros(bank.n_questions, np.float32)

    def recommend(self, observation: Any, info: Info) -> Action:
        """Ask the LLM."""
        self._seen.new(observation, info)
        options = self._options(info)
        chosen = options[self._ask(options)].questions if options else self._choices.on_targets(info)
        self._steps_left -= 1
        return self._choices.action(chosen[len(chosen) // 2], info)

    def _ask(self, options: list[Option]) -> int:
        choices = self._template.choices[: len(options)]
        if len(choices) == 1:
            return 0
        self.n_asked += 1
        scores = self._teacher.score([self._prompt(options)], choices)[0]
        if np.isnan(scores).all():
            self.n_abstained += 1
            return 0
        return int(np.nanargmax(scores))

    def _options(self, info: Info) -> list[Option]:
        """Targets with their levels; levels without questions are left out."""
        by_target = self._choices.by_target(info)
        practised = [len(self._answers_on(place)) for place in range(len(by_target))]
        least_first = [int(place) for place in np.argsort(practised, kind="stable") if by_target[place].size]
        shown = sorted(least_first[: len(self._template.choices) // len(LEVELS)])
        return [
            Option(place, level, questions)
            for place in shown
            for level, questions in enumerate(self._levels(by_target[place]))
            if questions.size
        ]

    def _levels(self, questions: NDArray[np.int64]) -> list[NDArray[np.int64]]:
        """Easy, middling and hard ones, each from easy to hard."""
        return np.array_split(questions[np.argsort(self._difficulty[questions], kind="stable")], len(LEVELS))

    def _prompt(self, options: list[Option]) -> Prompt:
        bank, targets = self._choices.env.bank, self._choices.env.targets
        names = [readable(bank.concept_names[target]) for target in targets]
        recent = list(self._seen)[-self._settings.n_recent :] if self._settings.n_recent else []
        return self._template.fill(
            {
                "subject": self._course.subject,
                "level": self._course.level,
                "targets": [
                    {"concept": name, "answers": ", ".join(RESPONSES[one.response] for one in self._answers_on(place))}
                    for place, name in enumerate(names)
                ],
                "recent": [self._told(one) for one in recent],
                "steps_left": self._steps_left,
                "options": [
                    {"number": number, "level": LEVELS[option.level], "concept": names[option.target]}
                    for number, option in enumerate(options, start=1)
                ],
            }
        )

    def _answers_on(self, place: int) -> list[SeenAnswer]:
        return [one for one in self._seen if self._choices.practises[one.question, place]]

    def _told(self, answer: SeenAnswer) -> dict[str, str]:
        bank = self._choices.env.bank
        concepts = ", ".join(readable(bank.concept_names[concept]) for concept in bank.concepts_of(answer.question))
        return {"concept": concepts or "another skill", "response": RESPONSES[answer.response]}
