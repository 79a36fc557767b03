from pathlib import Path

import pytest

from ldsim_env.errors import LogError
from ldsim_env.logs.bad_places import BadPlaces

FILE = Path("log.csv")


def test_nothing_bad_raises_nothing():
    BadPlaces("toy log").raise_if_any()


def test_places_are_listed_counted_and_each_remedy_said_once():
    bad = BadPlaces("toy log", limit=2)
    bad.add(FILE, 3, "expected a, got b", "write a.")
    bad.add(FILE, None, "expected c, got d", "write c.")
    for _ in range(1000):
        bad.add(FILE, 9, "expected a, got e", "write a.")
    with pytest.raises(LogError) as caught:
        bad.raise_if_any()
    assert str(caught.value).split("\n") == [
        "toy log: 1,002 bad places, nothing was read.",
        "  log.csv, line 3: expected a, got b",
        "  log.csv: expected c, got d",
        "  and 1,000 more",
        "Remedy: write a.",
        "Remedy: write c.",
    ]
