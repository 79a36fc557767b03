"""Messages that every room shares."""

import pytest

from ldsim_env.errors import CheckpointError, LDSimError, LeakError, LogError, missing_extra, unknown_name


@pytest.mark.parametrize("name", ["ASSIST9", "assist09", "Assist09"])
def test_the_nearest_name_is_suggested_whatever_its_case(name: str) -> None:
    expected = f"unknown bank {name!r}. Did you mean 'ASSIST09'? Known: ASSIST09, EDNET."
    assert unknown_name("bank", name, ["EDNET", "ASSIST09"]) == expected


def test_nothing_is_suggested_for_a_name_that_is_far_off() -> None:
    assert unknown_name("bank", "zzz", ["ASSIST09"]) == "unknown bank 'zzz'. Known: ASSIST09."
    assert unknown_name("bank", "zzz", []) == "unknown bank 'zzz'. Known: none."


def test_a_missing_extra_names_the_command() -> None:
    error = missing_extra("train", "Scoring a simulator", ImportError("gone", name="sklearn"))
    assert "Scoring a simulator needs the package 'sklearn'" in str(error)
    assert "pip install 'ldsim-env[train]'" in str(error)
    assert isinstance(error, ImportError)


def test_errors_are_of_one_family() -> None:
    assert issubclass(LeakError, LogError)
    for kind in (LogError, CheckpointError):
        assert issubclass(kind, LDSimError)
        assert issubclass(kind, ValueError)
