"""A teacher without an LLM: it repeats the answers that a cache holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ldsim_env.errors import SettingsError, unknown_name
from ldsim_env.teacher.answer_store import AnswerStore, queries
from ldsim_env.teacher.answers import FAILED, Answer, AnsweringTeacher
from ldsim_env.teacher.protocol import Prompt


class ReplayTeacher(AnsweringTeacher):
    """Answers what was answered before, and abstains from everything else.

    ``n_missing`` counts the prompts that had no recorded answer.

    Args:
        path: A cache that `CachedTeacher` wrote; it is only read.
        model: The model whose answers are repeated; may be left out where the cache holds those of one model.

    Raises:
        SettingsError: If there is no file, no such model in it, or ``model`` is needed.
        CheckpointError: If the file is something else, or of another format.
    """

    def __init__(self, path: Path, model: str | None = None) -> None:
        self._store = AnswerStore(path, read_only=True)
        self._model = _chosen_model(model, self._store.models(), path)
        self.n_missing = 0

    @property
    def model(self) -> str:
        """Name of the model that gave the answers."""
        return self._model

    def answers(self, prompts: Sequence[Prompt], choices: Sequence[str] | None) -> Iterator[tuple[int, Answer]]:
        """The recorded answers, see `AnsweringTeacher.answers`."""
        asked = queries(self.model, prompts, choices)
        known = self._store.get(query.key for query in asked)
        for i, query in enumerate(asked):
            self.n_missing += query.key not in known
            yield i, known.get(query.key, FAILED)


def _chosen_model(model: str | None, known: dict[str, int], path: Path) -> str:
    if model is not None:
        if model not in known:
            raise SettingsError(f"{path}: {unknown_name('model', model, known)}")
        return model
    if len(known) == 1:
        return next(iter(known))
    there = ", ".join(f"{name} ({count} answers)" for name, count in sorted(known.items()))
    raise SettingsError(f"{path}: expected the answers of one model, found {there or 'none'}; name one with model=.")
