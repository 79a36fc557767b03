"""``student_model="llm"``: which teacher is asked, and what is said where none is named."""

from pathlib import Path
from typing import Any

import pytest
import torch

from ldsim_env.envs import LDSimEnv
from ldsim_env.errors import SettingsError
from ldsim_env.simulator.checkpoint import save_simulator
from ldsim_env.simulator.llm_student import LLMStudent
from ldsim_env.simulator.models import BKTSettings, BKTStudent
from tests.envs.fake_student import small_bank, small_cohort
from tests.teacher.fake_teacher import FakeTeacher


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_simulator(BKTStudent(small_bank(), BKTSettings()).settle(), tmp_path / "TOY")
    small_cohort(small_bank()).save(tmp_path / "TOY")
    return tmp_path / "TOY"


def make(folder: Path, model: Any, **options: Any) -> LDSimEnv:
    return LDSimEnv(folder, student_model=model, student_options=options, min_questions=1, targets=[0, 2])


def test_a_teacher_that_is_given(folder: Path) -> None:
    env = make(folder, "llm", teacher=FakeTeacher(lambda prompt: (1.0, 0.0)), examined=[0, 2], memory=30)
    model = env._teaching.model
    assert isinstance(model, LLMStudent)
    env.reset(seed=0)
    info = env.step(0)[4]
    assert info["asked"]
    assert 0 < info["answer_prob"] < 1
    assert 0 < info["exam_score"] < 1
    assert torch.equal(torch.tensor(model.start(1)["question"].shape), torch.tensor([1, 30]))


def test_a_plain_llm_says_what_to_give(folder: Path) -> None:
    message = r"student_model: 'llm' needs a model to ask\. Give 'llm:MODEL'.*student_options=\{'teacher': \.\.\.\}"
    with pytest.raises(SettingsError, match=message):
        make(folder, "llm")


def test_an_endpoint_by_its_address(folder: Path) -> None:
    env = make(folder, "llm:http://127.0.0.1:9/v1#none")
    assert type(env._teaching.model.teacher).__name__ == "EndpointTeacher"


def test_unknown_options(folder: Path) -> None:
    with pytest.raises(SettingsError, match=r"unknown setting of the teacher 'timeoutt'\. Did you mean"):
        make(folder, "llm:http://127.0.0.1:9/v1#none", timeoutt=3)
    with pytest.raises(SettingsError, match="device would be settings of a teacher that is made here"):
        make(folder, "llm", teacher=FakeTeacher(lambda prompt: (1.0, 0.0)), device="cpu")
    with pytest.raises(SettingsError, match="teacher: expected what names a teacher, or one, got 3"):
        make(folder, "llm", teacher=3)


def test_options_are_for_an_llm(folder: Path) -> None:
    with pytest.raises(SettingsError, match="student_options: only student_model='llm' takes any"):
        make(folder, "ldsim", memory=3)
