"""Answers on disk: one SQLite file, one row an answer, written the moment an answer is there."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ldsim_env.errors import CheckpointError, SettingsError, missing_extra
from ldsim_env.teacher.answers import Answer
from ldsim_env.teacher.protocol import Prompt

STORE_FORMAT_VERSION = 1
LOCK_SECONDS = 60
KEYS_AT_ONCE = 500


@dataclass(frozen=True)
class Query:
    """All that an answer depends on.

    Args:
        model: Name of the model.
        prompt: The prompt, with its template's version.
        choices: The choices to score, or None for a text.
    """

    model: str
    prompt: Prompt
    choices: tuple[str, ...] | None

    @property
    def kind(self) -> str:
        """``"text"`` or ``"score"``."""
        return "text" if self.choices is None else "score"

    @property
    def conversation(self) -> list[Any]:
        """The prompt's texts."""
        return [self.prompt.system, self.prompt.examples, self.prompt.user]

    @property
    def key(self) -> str:
        """SHA-256 over everything."""
        identity = [self.model, self.kind, self.prompt.template, self.conversation, self.choices]
        return hashlib.sha256(json.dumps(identity).encode()).hexdigest()


class AnswerStore:
    """The answers in a file. Safe with threads and processes, and whole after a kill at any moment.

    Each answer is its own transaction, with SQLite's rollback journal and full synchronisation. No connection is kept
    open in between, so nothing has to be closed.

    Args:
        path: The file; made, with the folders that lead to it, unless ``read_only``.
        read_only: Refuse a file that is not there, and write nothing.

    Raises:
        MissingExtraError: If SQLAlchemy is not installed.
        SettingsError: If ``read_only`` and there is no file.
        CheckpointError: If the file is not such a store, or of another format.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        if read_only and not path.is_file():
            raise SettingsError(f"there are no recorded answers at {path}; give the file that a run's cache wrote.")
        try:
            import sqlalchemy  # noqa: PLC0415 - an optional package
        except ImportError as error:
            raise missing_extra("teacher", "Keeping a teacher's answers", error) from error
        self._sql = sqlalchemy
        self._path = path
        self._table = _table(sqlalchemy)
        self._engine = _engine(sqlalchemy, path, read_only=read_only)
        self._open(read_only=read_only)

    def get(self, keys: Iterable[str]) -> dict[str, Answer]:
        """The answers that are there, by key."""
        wanted, columns = list(dict.fromkeys(keys)), self._table.c
        found: dict[str, Answer] = {}
        with self._engine.connect() as connection:
            for start in range(0, len(wanted), KEYS_AT_ONCE):
                some = columns.key.in_(wanted[start : start + KEYS_AT_ONCE])
                rows = connection.execute(self._sql.select(columns.key, columns.log_probs, columns.text).where(some))
                found |= {key: _answer(log_probs, text) for key, log_probs, text in rows}
        return found

    def put(self, query: Query, answer: Answer) -> None:
        """Keep an answer, unless one is there; it is on disk when this returns."""
        row = {
            "key": query.key,
            "model": query.model,
            "template": query.prompt.template,
            "kind": query.kind,
            "prompt": json.dumps(query.conversation, ensure_ascii=False),
            "choices": json.dumps(query.choices, ensure_ascii=False),
            "log_probs": None if answer.log_probs is None else json.dumps(answer.log_probs),
            "text": answer.text,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        with self._engine.begin() as connection:
            connection.execute(self._sql.insert(self._table).prefix_with("OR IGNORE"), [row])

    def models(self) -> dict[str, int]:
        """Name of each model and the number of its answers."""
        model = self._table.c.model
        with self._engine.connect() as connection:
            rows = connection.execute(self._sql.select(model, self._sql.func.count()).group_by(model))
            return {row.model: int(row[1]) for row in rows}

    def _open(self, *, read_only: bool) -> None:
        if not read_only:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with self._engine.begin() as connection:
                version = connection.exec_driver_sql("PRAGMA user_version").scalar()
                if not version and not read_only:
                    connection.execute(self._sql.schema.CreateTable(self._table, if_not_exists=True))
                    connection.exec_driver_sql(f"PRAGMA user_version = {STORE_FORMAT_VERSION}")
        except self._sql.exc.DatabaseError as error:
            raise CheckpointError(
                f"{self._path}: can't be read as recorded answers ({error.orig}). Give another file, or move this one."
            ) from error
        if version != STORE_FORMAT_VERSION and (version or read_only):
            raise CheckpointError(
                f"{self._path}: recorded answers of format {version}, but this release reads format "
                f"{STORE_FORMAT_VERSION}. Use the release that wrote it, or another file."
            )


def queries(model: str, prompts: Sequence[Prompt], choices: Sequence[str] | None) -> list[Query]:
    """One query a prompt."""
    shared = None if choices is None else tuple(choices)
    return [Query(model, prompt, shared) for prompt in prompts]


def _answer(log_probs: str | None, text: str | None) -> Answer:
    return Answer(log_probs=None if log_probs is None else tuple(json.loads(log_probs)), text=text)


def _table(sql: Any) -> Any:
    """Readable columns, so that any SQLite browser shows what was asked and answered."""
    names = ("model", "template", "kind", "prompt", "choices", "log_probs", "text", "created")
    columns = [sql.Column(name, sql.Text, nullable=name in ("log_probs", "text")) for name in names]
    return sql.Table("answers", sql.MetaData(), sql.Column("key", sql.Text, primary_key=True), *columns)


def _engine(sql: Any, path: Path, *, read_only: bool) -> Any:
    mode = "ro" if read_only else "rwc"
    url = sql.URL.create("sqlite", database=f"file:{quote(str(path.absolute()))}", query={"mode": mode, "uri": "true"})
    return sql.create_engine(url, poolclass=sql.pool.NullPool, connect_args={"timeout": LOCK_SECONDS})
