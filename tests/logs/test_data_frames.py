import sys

import polars as pl
import pytest

from ldsim_env.errors import MissingExtraError
from ldsim_env.logs import read_four_line
from ldsim_env.logs.data_frames import encode, sort_ids


def test_whole_numbers_sort_as_numbers_other_ids_as_text():
    assert sort_ids(["10", "9", "100"]) == ("9", "10", "100")
    assert sort_ids(["10", "9", "x"]) == ("10", "9", "x")


def test_encode_numbers_the_distinct_ids():
    ids, codes = encode(pl.Series(["10", "9", "10"]))
    assert ids == ("9", "10")
    assert codes.tolist() == [1, 0, 1]


def test_without_polars_the_extra_is_named(monkeypatch, write):
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(MissingExtraError, match=r"Reading response logs needs .*pip install 'ldsim-env\[train\]'"):
        read_four_line(write("log.csv", "0,anna", "1", "1", "1"))
