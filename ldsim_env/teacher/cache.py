"""Every answer is paid for once: a teacher whose answers are kept on disk as they come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from ldsim_env.teacher.answer_store import AnswerStore, Query, queries
from ldsim_env.teacher.answers import Answer, AnsweringTeacher, stream
from ldsim_env.teacher.protocol import Prompt, Teacher


class CachedTeacher(AnsweringTeacher):
    """Asks another teacher only what the cache doesn't hold, and keeps each answer before handing it over.

    A run that is killed loses the questions in flight at most; started again, it goes on where it was. Off-topic
    answers are kept as well, since asking again would give the same; failures are not, so that the next run asks
    again. Equal prompts of one call are asked once. Two runs at a time may share a cache, but may ask the same.

    The cache holds the prompts in plain text, and these may show a student's history: treat it as you treat the logs.

    Args:
        teacher: The teacher to ask.
        path: The cache, one SQLite file; made where it is absent.

    Raises:
        CheckpointError: If the file is something else, or of another format.
    """

    def __init__(self, teacher: Teacher, path: Path) -> None:
        self.teacher = teacher
        self.n_asked = 0
        self.n_from_cache = 0
        self._store = AnswerStore(path)

    @property
    def model(self) -> str:
        """Name of the teacher's model."""
        return self.teacher.model

    def answers(self, prompts: Sequence[Prompt], choices: Sequence[str] | None) -> Iterator[tuple[int, Answer]]:
        """What the cache holds first, then the teacher's answers as they come."""
        asked = queries(self.model, prompts, choices)
        known = self._store.get(query.key for query in asked)
        places: dict[str, list[int]] = {}
        for i, query in enumerate(asked):
            if query.key in known:
                self.n_from_cache += 1
                yield i, known[query.key]
            else:
                places.setdefault(query.key, []).append(i)
        yield from self._ask([asked[same[0]] for same in places.values()], choices, list(places.values()))

    def missing(self, prompts: Sequence[Prompt], choices: Sequence[str] | None) -> list[Prompt]:
        """The prompts that would be asked, each once."""
        asked = {query.key: query.prompt for query in queries(self.model, prompts, choices)}
        known = self._store.get(asked)
        return [prompt for key, prompt in asked.items() if key not in known]

    def _ask(
        self, asked: Sequence[Query], choices: Sequence[str] | None, places: list[list[int]]
    ) -> Iterator[tuple[int, Answer]]:
        for j, answer in stream(self.teacher, [query.prompt for query in asked], choices):
            if not answer.failed:
                self._store.put(asked[j], answer)
            self.n_asked += 1
            yield from ((i, answer) for i in places[j])
