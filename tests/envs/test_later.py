import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from ldsim_env.envs.later import LaterDict


class Maker:
    def __init__(self) -> None:
        self.made: list[str] = []

    def __call__(self, key: str) -> str:
        self.made.append(key)
        return key.upper()


def test_values_are_made_once_and_only_when_read() -> None:
    maker = Maker()
    later = LaterDict(["a", "b", "c"], maker)
    assert list(later) == ["a", "b", "c"]
    assert "a" in later
    assert len(later) == 3
    assert maker.made == []
    assert later["b"] == later["b"] == later.get("b") == "B"
    assert maker.made == ["b"]


@pytest.mark.parametrize(
    "read",
    [
        dict,
        lambda later: {**later},
        lambda later: later | {},
        lambda later: {} | later,
        lambda later: dict(later.items()),
        lambda later: dict(zip(later, later.values(), strict=True)),
        lambda later: later.copy(),
        copy.copy,
        copy.deepcopy,
        lambda later: pickle.loads(pickle.dumps(later)),
        lambda later: json.loads(json.dumps(later)),
        lambda later: later.made(),
        lambda later: dict([later.popitem() for _ in range(2)][::-1]),
        lambda later: {key: later.pop(key) for key in "ab"},
        lambda later: {key: later.setdefault(key) for key in "ab"},
    ],
)
def test_every_way_to_read_gives_the_values(read: Callable[[LaterDict], Any]) -> None:
    assert read(LaterDict("ab", str.upper)) == {"a": "A", "b": "B"}


def test_it_equals_and_prints_as_a_dict() -> None:
    assert LaterDict("a", str.upper) == {"a": "A"}
    plain = {"a": "A"}
    assert plain == LaterDict("a", str.upper)
    assert LaterDict("a", str.upper) != {"a": "B"}
    assert repr(LaterDict("a", str.upper)) == "{'a': 'A'}"


def test_it_can_be_written_to() -> None:
    later = LaterDict("ab", str.upper)
    later["a"] = 1
    later.update({"c": 3})
    del later["b"]
    assert later == {"a": 1, "c": 3}
    assert later.get("z", 9) == later.pop("z", 9) == later.setdefault("z", 9) == 9


def test_a_copy_and_an_addition_are_still_to_be_made() -> None:
    maker = Maker()
    later = LaterDict("a", maker)
    twin = later.copy()
    twin.add(LaterDict("b", maker))
    assert maker.made == []
    assert twin == {"a": "A", "b": "B"}
    assert list(later) == ["a"]


def test_nested_ones_are_made_too() -> None:
    outer = LaterDict(["inner"], lambda _: LaterDict("a", str.upper))
    assert type(outer.made()["inner"]) is dict
