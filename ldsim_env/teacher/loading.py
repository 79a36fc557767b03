"""A teacher from what a user types after ``--teacher``."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from ldsim_env.errors import SettingsError, unknown_name
from ldsim_env.teacher.cache import CachedTeacher
from ldsim_env.teacher.endpoint import EndpointTeacher
from ldsim_env.teacher.protocol import Teacher
from ldsim_env.teacher.replay import ReplayTeacher
from ldsim_env.teacher.transformers_backend import TransformersTeacher

TeacherType = TypeVar("TeacherType", bound=Teacher)
KINDS = ("http", "https", "replay", "transformers")
EXPECTED = "transformers:FOLDER_OR_ID, http://HOST/v1#MODEL or replay:CACHE_FILE"


def load_teacher(spec: str, cache: Path | None = None, **settings: Any) -> Teacher:
    """Make the teacher that ``spec`` names.

    Args:
        spec: One of
            ``transformers:MODEL``, a folder, a ``.gguf`` file or an id on the hub (`TransformersTeacher`);
            ``http://HOST/v1#MODEL`` or ``https://...``, a chat endpoint and the model's name there
            (`EndpointTeacher`);
            ``replay:FILE`` or ``replay:FILE#MODEL``, the answers in a cache, of one of its models (`ReplayTeacher`).
        cache: Where the answers are kept (`CachedTeacher`); not used for a replay.
        settings: Keyword arguments of that class.

    Raises:
        SettingsError: If there is no such kind of teacher, model or setting.
    """
    kind, _, rest = spec.partition(":")
    if kind not in KINDS or not rest:
        raise SettingsError(f"teacher: {unknown_name('kind of teacher', kind, KINDS)} Expected {EXPECTED}.")
    if kind == "replay":
        path, _, model = rest.partition("#")
        return _made(ReplayTeacher, settings, path=Path(path).expanduser(), model=model or None)
    teacher = _local(rest, settings) if kind == "transformers" else _endpoint(spec, settings)
    return CachedTeacher(teacher, cache) if cache is not None else teacher


def _local(model: str, settings: dict[str, Any]) -> Teacher:
    return _made(TransformersTeacher, settings, model=model)


def _endpoint(spec: str, settings: dict[str, Any]) -> Teacher:
    base_url, _, model = spec.partition("#")
    if not model:
        raise SettingsError(f"teacher: {spec!r} names no model; add it behind #, for example {base_url}#qwen2.5:1.5b.")
    return _made(EndpointTeacher, settings, base_url=base_url, model=model)


def _made(kind: Callable[..., TeacherType], settings: dict[str, Any], **from_spec: Any) -> TeacherType:
    """An instance, with an error that names the nearest setting."""
    known = set(inspect.signature(kind).parameters) - set(from_spec)
    for name in settings:
        if name not in known:
            raise SettingsError(unknown_name("setting of the teacher", name, known))
    return kind(**from_spec, **settings)
