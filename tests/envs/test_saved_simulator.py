"""The environment on a simulator's folder, as `ldsim fit` and the bundled banks have it."""

import copy
import pickle
from pathlib import Path
from typing import Any

import gymnasium as gym
import pytest
import torch
from gymnasium.utils.env_checker import data_equivalence

import ldsim_env
from ldsim_env.envs import REWARD_TERMS, LDSimEnv
from ldsim_env.errors import CheckpointError, SettingsError
from ldsim_env.simulator import checkpoint
from ldsim_env.simulator.checkpoint import save_simulator
from ldsim_env.simulator.compiled_step import CompiledStep
from ldsim_env.simulator.models import BKTSettings, BKTStudent
from ldsim_env.simulator.network import LDSimNetwork
from ldsim_env.simulator.settings import NetworkSettings
from ldsim_env.teacher.graph import ConceptGraph, Relation
from ldsim_env.teacher.graph_files import save_graph
from tests.envs.fake_student import FakeStudent, small_bank, small_cohort


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An untrained simulator with a cohort, in a folder TOY."""
    bank = small_bank()
    prior, weight = torch.linspace(-1, 1, bank.n_questions), torch.ones(bank.n_questions)
    network = LDSimNetwork(bank, prior, weight, NetworkSettings())
    network.initialise(torch.Generator().manual_seed(0))
    network.get_buffer("table_vectors").normal_(generator=torch.Generator().manual_seed(1))
    network.freeze()
    save_simulator(network, tmp_path / "TOY")
    small_cohort(bank).save(tmp_path / "TOY")
    return tmp_path / "TOY"


@pytest.mark.parametrize("kind", [Path, str])
def test_a_folder_is_enough(folder: Path, kind: Any) -> None:
    env = LDSimEnv(bank=kind(folder), min_questions=2)
    _, info = env.reset(seed=0)
    assert env.n_students == 16
    assert 0 < info["exam_score"] < 1
    assert env.step(0)[4]["asked"]


def test_machine_code_changes_nothing_but_the_speed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiled = []
    monkeypatch.setattr(CompiledStep, "_load", lambda _, size: compiled.append(size))  # no code: goes on without
    plain, fast = LDSimEnv(bank=folder, min_questions=2), LDSimEnv(bank=folder, min_questions=2, compiled=True)
    assert data_equivalence(plain.reset(seed=3), fast.reset(seed=3), exact=True)
    fast = pickle.loads(pickle.dumps(copy.deepcopy(fast)))
    for question in (0, 5, 5, 11):
        assert data_equivalence(plain.step(question), fast.step(question), exact=True)
    assert compiled == ["one"]


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))], ids=["deepcopy", "pickle"]
)
def test_copies_of_the_network_go_on_alike(folder: Path, copied: Any) -> None:
    env = LDSimEnv(bank=folder, min_questions=2)
    env.reset(seed=1)
    env.step(3)
    twin = copied(env)
    for question in (0, 5, 7):
        assert data_equivalence(env.step(question), twin.step(question), exact=True)
    assert data_equivalence(env.reset(), twin.reset(), exact=True)


def test_expected_gains_average_the_two_branches(folder: Path) -> None:
    env = LDSimEnv(bank=folder, min_questions=2)
    env.reset(seed=1)
    prob, gain = env.answer_probs()[5], env.expected_gains([5])[0]
    exam = env.mastery()[env.targets].mean()
    after: dict[int, float] = {}
    for seed in range(60):
        branch = copy.deepcopy(env)
        branch.np_random = gym.utils.seeding.np_random(seed)[0]
        info = branch.step(5)[4]
        after[info["response"]] = info["exam_score"]
    assert gain == pytest.approx(prob * after[1] + (1 - prob) * after[0] - exam, abs=1e-6)


def test_a_bundled_bank_is_made_by_its_id(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ldsim_env, "BANKS", folder.parent)
    monkeypatch.setattr(checkpoint, "BUNDLED", folder.parent)
    try:
        assert ldsim_env.register_envs() == ["LDSim-TOY-v0"]
        env = gym.make("LDSim-TOY-v0", min_questions=2, max_episode_steps=2)
        env.reset(seed=0)
        ends = [env.step(question)[2:4] for question in (0, 1)]
    finally:
        gym.registry.pop("LDSim-TOY-v0", None)
    assert ends == [(False, False), (False, True)]
    assert env.get_wrapper_attr("step_budget") == 2


@pytest.mark.parametrize(("action", "size"), [("question", 12), ("embedding", 33)])
@pytest.mark.parametrize("observation", ["dict", "history", "latent"])
def test_the_network_in_every_mode(folder: Path, action: str, size: int, observation: str) -> None:
    env = LDSimEnv(folder, action=action, observation=observation, min_questions=2, full_info=True)
    assert size in (getattr(env.action_space, "n", None), *env.action_space.shape)
    env.reset(seed=0)
    env.action_space.seed(0)
    for _ in range(5):
        observed, _, _, _, info = env.step(env.action_space.sample())
        assert observed in env.observation_space
        assert set(info["reward_terms"]) == set(REWARD_TERMS)


def test_a_network_as_student_and_another_as_observer(folder: Path) -> None:
    env = LDSimEnv(folder, student_model=FakeStudent(), observer=folder, min_questions=2)
    _, info = env.reset(seed=0, options={"history": []})
    assert info["mastery"].tolist() == pytest.approx([0.2] * 4)
    network = LDSimEnv(folder, min_questions=2).reset(seed=0, options={"history": []})[1]
    assert info["observed_mastery"].tolist() == network["mastery"].tolist()
    assert info["targets"].tolist() == network["targets"].tolist()
    same = LDSimEnv(folder, student_model=str(folder), min_questions=2)
    assert data_equivalence(same.reset(seed=0), LDSimEnv(folder, min_questions=2).reset(seed=0), exact=True)


def test_relations_beside_the_simulator_say_what_is_next(folder: Path, tmp_path: Path) -> None:
    bank = small_bank()
    env = {"targets": "next", "n_targets": 1, "min_questions": 2}
    with pytest.raises(SettingsError, match=r"targets: 'next' needs the relations"):
        LDSimEnv(folder, **env)
    graph = ConceptGraph(bank.concept_ids, bank.concept_names, (Relation(0, 1, 1.0), Relation(0, 3, 1.0)), ())
    save_graph(graph, folder / "relations.json")
    save_graph(graph, tmp_path / "mine.json")
    for relations in (None, graph, tmp_path / "mine.json", str(tmp_path / "mine.json")):
        made = LDSimEnv(folder, relations=relations, student_model=FakeStudent(practice=0.3), **env)
        asked: list[list[int]] = [[], [0, 1], [0, 1, 6, 7]]
        infos = [made.reset(options={"history": [(question, 1) for question in list_]})[1] for list_ in asked]
        # Adding is first; when it is known Cubes, which needs nothing; then Halves, which needed Adding as Data does.
        assert [info["targets"].tolist() for info in infos] == [[0], [2], [1]]
    with pytest.raises(SettingsError, match="relations: expected None, a ConceptGraph or the path of one, got 3"):
        LDSimEnv(folder, relations=3, **env)  # type: ignore[arg-type]
    with pytest.raises(CheckpointError, match=r"absent\.json: not a concept graph"):
        LDSimEnv(folder, relations=tmp_path / "absent.json", **env)


def test_without_a_cohort(folder: Path) -> None:
    (folder / "cohort.json").unlink()
    with pytest.raises(CheckpointError, match=r"cohort\.json"):
        LDSimEnv(bank=folder)


def test_an_unknown_bank(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="NOWHERE"):
        LDSimEnv(bank="NOWHERE")


def test_a_student_model_of_the_bank_by_its_name(folder: Path) -> None:
    save_simulator(BKTStudent(small_bank(), BKTSettings()).settle(), folder / "models" / "bkt")
    env = LDSimEnv(folder, student_model="bkt", observer="ldsim", min_questions=2)
    assert isinstance(env._teaching.learners.model, BKTStudent)
    assert isinstance(env._teaching.observer.model, LDSimNetwork)
    env.reset(seed=0)
    _, _, _, _, info = env.step(0)
    assert info["mastery"].shape == info["observed_mastery"].shape


def test_a_student_model_that_the_bank_lacks(folder: Path) -> None:
    with pytest.raises(CheckpointError, match=r"has no 'irt', only ldsim\. Fit it with `ldsim fit .* irt --out .*irt"):
        LDSimEnv(folder, student_model="irt", min_questions=2)
    with pytest.raises(CheckpointError, match=r"unknown student model 'ldsin'\. Did you mean 'ldsim'\?"):
        LDSimEnv(folder, observer="ldsin", min_questions=2)
