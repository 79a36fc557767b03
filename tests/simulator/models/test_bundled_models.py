"""The student models that come with ASSIST09: small, over the bank's own questions, ready for `gymnasium.make`."""

import warnings

import gymnasium as gym
import pytest
import torch

from ldsim_env.errors import ExploitableWarning
from ldsim_env.simulator import STUDENT_MODELS, load_simulator, read_provenance, simulator_folder, student_models_of
from ldsim_env.simulator.checkpoint import bank_folder

BANK = simulator_folder("ASSIST09")
MOST_BYTES = 3_000_000
each_kind = pytest.mark.parametrize("kind", STUDENT_MODELS)


def test_every_kind_is_bundled() -> None:
    assert {"ldsim", *STUDENT_MODELS} <= set(student_models_of("ASSIST09"))


def test_they_are_small_and_share_the_banks_questions() -> None:
    files = [path for path in (BANK / "models").rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < MOST_BYTES
    assert not [path for path in files if path.name == "bank.json"]
    assert bank_folder(BANK / "models" / "bkt") == BANK


@each_kind
def test_fitted_on_the_students_of_the_bundle(kind: str) -> None:
    assert read_provenance(f"ASSIST09/{kind}")["log"] == read_provenance("ASSIST09")["log"]


@each_kind
def test_new_students_are_neither_hopeless_nor_perfect(kind: str) -> None:
    model = load_simulator(f"ASSIST09/{kind}")
    state = model.start(1)
    mean = float(model.answer_prob(state, torch.arange(model.bank.n_questions)[None]).mean())
    assert 0.5 < mean < 0.8
    assert 0.3 < float(model.mastery(state).mean()) < 0.9


@each_kind
def test_by_name_in_gymnasium(kind: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExploitableWarning)  # what some of them are here to show
        env = gym.make("LDSim-ASSIST09-v0", student_model=kind, observer="bkt")
    env.reset(seed=0)
    info = env.step(0)[4]
    assert info["asked"]
    assert 0 < info["answer_prob"] < 1
