"""A recommender from what a user types: a name, a saved file, or an object in a module."""

from __future__ import annotations

import importlib
import inspect
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ldsim_env.errors import SettingsError
from ldsim_env.recommenders.llm import LLMRecommender
from ldsim_env.recommenders.protocol import Recommender
from ldsim_env.recommenders.registry import make_recommender
from ldsim_env.recommenders.sb3 import SB3Recommender
from ldsim_env.teacher.loading import load_teacher

LLM = "llm:"
LLM_CACHE = "llm-recommender.sqlite"
EXPECTED = "a recommender: an object with name, start(env, rng) and recommend(observation, info)"


def load_recommender(spec: str) -> Recommender:
    """Make the recommender that ``spec`` names.

    Args:
        spec: One of
            ``NAME``, a key of `RECOMMENDERS`, for example ``zpd``;
            ``llm:TEACHER``, an LLM that is asked for every question; the teacher as `load_teacher` takes it:
            ``llm:http://localhost:8000/v1#qwen2.5`` or ``llm:transformers:FOLDER``. Answers are kept in
            ``llm-recommender.sqlite`` in the cache folder (``$LDSIM_CACHE``, else ``~/.cache/ldsim-env``),
            prompts in plain text;
            ``FILE.zip``, a model saved by Stable-Baselines3 (see `SB3Recommender.load`);
            ``module:attribute``, a recommender, its class, or a function without arguments that makes one. The module
            is searched for in the current directory too, as ``python -m`` does.

    Raises:
        SettingsError: If no recommender has the name, or the module or attribute is absent or is no recommender.
        CheckpointError: If the file is absent, damaged or of an unsupported algorithm.
    """
    if spec.startswith(LLM):
        return _llm(spec.removeprefix(LLM))
    if spec.endswith(".zip"):
        with _current_directory_importable():
            return SB3Recommender.load(Path(spec))
    if ":" in spec:
        return _from_module(spec)
    return make_recommender(spec)


def _llm(teacher: str) -> Recommender:
    cache = _cache_folder() / LLM_CACHE
    cache.parent.mkdir(parents=True, exist_ok=True)
    return LLMRecommender(load_teacher(teacher, cache))


def _cache_folder() -> Path:
    if own := os.environ.get("LDSIM_CACHE"):
        return Path(own).expanduser()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "ldsim-env"


def _from_module(spec: str) -> Recommender:
    module_name, _, attribute = spec.partition(":")
    if not module_name or not attribute:
        raise SettingsError(f"{spec!r}: expected module:attribute, for example my_policies:MyRecommender.")
    with _current_directory_importable():
        found = _attribute(_module(module_name, spec), attribute, spec)
        return _checked(_called(found, spec), spec)


def _module(name: str, spec: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        # A module that is there but fails to import something else must not be reported as absent.
        absent = isinstance(error, ModuleNotFoundError) and f"{name}.".startswith(f"{error.name}.")
        reason = f"there is no module {error.name!r}" if absent else f"importing {name!r} failed: {error}"
        raise SettingsError(
            f"{spec!r}: {reason}. Modules are searched for in the current directory ({Path.cwd()}) and in the "
            "installed packages."
        ) from error


def _attribute(module: Any, attribute: str, spec: str) -> Any:
    if not hasattr(module, attribute):
        public = ", ".join(name for name in dir(module) if not name.startswith("_"))
        raise SettingsError(f"{spec!r}: the module has no {attribute!r}. It has: {public or 'nothing'}.")
    return getattr(module, attribute)


def _called(found: Any, spec: str) -> Any:
    """Classes and functions are called for the recommender that they make."""
    if not inspect.isclass(found) and isinstance(found, Recommender):
        return found
    if not callable(found):
        return found
    try:
        inspect.signature(found).bind()
    except (TypeError, ValueError) as error:
        raise SettingsError(f"{spec!r}: expected something that can be called without arguments ({error}).") from error
    return found()


def _checked(made: Any, spec: str) -> Recommender:
    if not isinstance(made, Recommender):
        lacking = [name for name in ("name", "start", "recommend") if not hasattr(made, name)]
        raise SettingsError(f"{spec!r}: expected {EXPECTED}, got {type(made).__name__} without {', '.join(lacking)}.")
    return made


@contextmanager
def _current_directory_importable() -> Iterator[None]:
    here = str(Path.cwd())
    sys.path.insert(0, here)
    try:
        yield
    finally:
        sys.path.remove(here)
