"""A run that a test kills: asks the questions 0..n-1 of the server at a URL, with a cache. Not a test itself."""

import sys
from pathlib import Path

from ldsim_env.teacher.cache import CachedTeacher
from ldsim_env.teacher.endpoint import EndpointTeacher
from ldsim_env.teacher.protocol import Prompt


def prompts(n: int) -> list[Prompt]:
    return [Prompt("You are a teacher.", f"Question {i}?", template="t/1") for i in range(n)]


def cached_teacher(url: str, path: Path) -> CachedTeacher:
    return CachedTeacher(EndpointTeacher(url, "tiny", concurrency=3), path)


if __name__ == "__main__":
    cached_teacher(sys.argv[1], Path(sys.argv[2])).score(prompts(int(sys.argv[3])), ("Yes", "No"))
