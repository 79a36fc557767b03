"""Prompt templates: readable TOML files with a version, filled in for any subject."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from ldsim_env.errors import SettingsError, missing_extra, unknown_name
from ldsim_env.teacher.protocol import Prompt

_FOLDER = "templates"
_ENDING = ".toml"


@dataclass(frozen=True)
class Course:
    """What the teacher is told about the course.

    Args:
        subject: The subject, for example ``"mathematics"``.
        level: The level, for example ``"middle school"``.
        concept_texts: Concept id -> a sentence that explains the concept; used where there.
        question_texts: Question id -> the question's text; one is shown as typical for a concept where there.
    """

    subject: str = "mathematics"
    level: str = "middle school"
    concept_texts: Mapping[str, str] = field(default_factory=dict)
    question_texts: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("subject", "level"):
            if not getattr(self, name).strip():
                raise SettingsError(f"{name}: expected words such as 'mathematics', got {getattr(self, name)!r}.")


@dataclass(frozen=True)
class Template:
    """One kind of prompt, in one or several wordings.

    Args:
        name: Its name, for example ``"connected"``.
        version: Raised whenever a wording changes, since answers are kept and compared by it.
        choices: The short answers between which the teacher's probability is shared.
        system: Jinja text of the system message.
        paraphrases: Jinja texts of the user message, each asking the same.
        examples: Earlier turns by subject: Jinja texts (user message, answer), shown where the value ``subject`` is
            this one. A course in another subject is asked without examples.
    """

    name: str
    version: int
    choices: tuple[str, ...]
    system: str
    paraphrases: tuple[str, ...]
    examples: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.version < 1 or len(set(self.choices)) < 2 or not self.paraphrases:
            raise SettingsError(
                f"template {self.name!r}: expected a version from 1, at least 2 different choices and 1 paraphrase, "
                f"got version {self.version}, choices {list(self.choices)} and {len(self.paraphrases)} paraphrases."
            )

    @property
    def label(self) -> str:
        """Name and version, for provenance."""
        return f"{self.name}/{self.version}"

    def fill(self, values: Mapping[str, Any], paraphrase: int = 0) -> Prompt:
        """Make a prompt.

        Args:
            values: What the template's placeholders stand for; ``subject`` also chooses the examples.
            paraphrase: Which wording, from 0.

        Raises:
            SettingsError: If a placeholder has no value.
        """
        system, wordings, examples = self._compiled
        several = f".{paraphrase + 1}" if len(wordings) > 1 else ""
        return Prompt(
            system=system(values),
            user=wordings[paraphrase](values),
            examples=tuple((turn(values), answer(values)) for turn, answer in examples.get(values.get("subject"), ())),
            template=self.label + several,
        )

    @cached_property
    def _compiled(self) -> tuple[_Filled, tuple[_Filled, ...], dict[Any, tuple[tuple[_Filled, _Filled], ...]]]:
        compiled = _compiler(self.name)
        return (
            compiled(self.system),
            tuple(compiled(wording) for wording in self.paraphrases),
            {
                subject: tuple((compiled(turn), compiled(answer)) for turn, answer in turns)
                for subject, turns in self.examples.items()
            },
        )


_Filled = Callable[[Mapping[str, Any]], str]


def load_template(source: str | Path) -> Template:
    """Read a template that comes with the package, by name, or a file of one's own, by path.

    Raises:
        SettingsError: If there is none of this name, or the file is not a template.
    """
    text = source.read_text(encoding="utf-8") if isinstance(source, Path) else _packaged(source)
    try:
        content = tomllib.loads(text)
        return Template(
            name=content["name"],
            version=content["version"],
            choices=tuple(content["choices"]),
            system=content["system"],
            paraphrases=tuple(content["paraphrases"]),
            examples={
                subject: tuple((turn, answer) for turn, answer in turns)
                for subject, turns in content.get("examples", {}).items()
            },
        )
    except (tomllib.TOMLDecodeError, AttributeError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, SettingsError):
            raise
        raise SettingsError(
            f"template {str(source)!r}: expected TOML with name, version, choices, system and paraphrases ({error!r})."
        ) from error


def readable(name: str) -> str:
    """A concept's name without stray blanks."""
    return " ".join(name.split())


def _packaged(name: str) -> str:
    folder: Traversable = resources.files("ldsim_env.teacher") / _FOLDER
    known = {file.name.removesuffix(_ENDING): file for file in folder.iterdir() if file.name.endswith(_ENDING)}
    if name not in known:
        raise SettingsError(unknown_name("template", name, known))
    return known[name].read_text(encoding="utf-8")


def _compiler(template: str) -> Callable[[str], _Filled]:
    """Turns a Jinja text into a function of the values; nothing in the values is run or read as a template."""
    try:
        import jinja2  # noqa: PLC0415 - an optional package
        from jinja2.sandbox import SandboxedEnvironment  # noqa: PLC0415
    except ImportError as error:
        raise missing_extra("teacher", "Asking a teacher", error) from error
    environment = SandboxedEnvironment(undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)

    def _compile(text: str) -> _Filled:
        compiled = environment.from_string(text)

        def _fill(values: Mapping[str, Any]) -> str:
            try:
                return compiled.render(values).strip()
            except jinja2.UndefinedError as error:
                raise SettingsError(f"template {template!r}: a placeholder has no value ({error.message}).") from error

        return _fill

    return _compile
