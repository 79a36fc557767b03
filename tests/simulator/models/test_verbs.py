"""What every student model other than LDSim's must do, whatever it assumes of students."""

from pathlib import Path

import numpy as np
import pytest
import torch

from ldsim_env.errors import CheckpointError, SettingsError
from ldsim_env.simulator import (
    STUDENT_MODELS,
    FitSettings,
    StudentModel,
    StudentNetwork,
    fit_student_model,
    for_log,
    load_simulator,
    save_simulator,
    select_students,
    states_after,
)
from ldsim_env.simulator.models.fitting import new_student_model
from ldsim_env.simulator.readouts import latent
from ldsim_env.teacher.graph import ConceptGraph, Relation
from tests.simulator.made_up import N_CONCEPTS, NO_CONCEPTS, PLAIN, TWO_CONCEPTS, log_of, made_up_bank, made_up_log

each_kind = pytest.mark.parametrize("kind", STUDENT_MODELS)


def made_up_model(kind: str, seed: int = 0) -> StudentNetwork:
    """A student model with every weight moved at random, so that nothing is alike by luck; ready to be stepped."""
    log = made_up_log()
    names = tuple(str(k) for k in range(N_CONCEPTS))
    graph = ConceptGraph(names, names, (Relation(0, 1, 0.9), Relation(1, 2, 0.8)), (Relation(3, 4, 0.7),))
    model = new_student_model(kind, log, fitting=FitSettings(seed=seed), graph=graph)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for weight in model.parameters():
            weight.add_(torch.randn(weight.shape, generator=generator) * 0.3)
    return model.settle()


def practised(model: StudentNetwork, n: int = 6, length: int = 12, seed: int = 1):  # type: ignore[no-untyped-def]
    return states_after(model, made_up_log(n, length, seed))


@each_kind
def test_the_four_verbs(kind: str) -> None:
    model = made_up_model(kind)
    assert isinstance(model, StudentModel)
    state = practised(model)
    question = torch.tensor([PLAIN, TWO_CONCEPTS, NO_CONCEPTS, 0, 1, 2])
    several = torch.stack([question, question.flip(0), question.roll(1)], dim=1)
    for asked in (question, several, torch.arange(20).expand(6, -1)):
        prob = model.answer_prob(state, asked)
        assert prob.shape == asked.shape
        assert prob.dtype == torch.float32
        assert ((prob > 0) & (prob < 1)).all()
    assert torch.allclose(model.answer_prob(state, several)[:, 0], model.answer_prob(state, question), atol=1e-6)
    after = model.learn(state, question, torch.tensor([1.0, 0, 1, 0, 1, 0]))
    assert {n: (v.shape, v.dtype) for n, v in after.items()} == {n: (v.shape, v.dtype) for n, v in state.items()}
    assert all(len(value) == 6 for value in after.values())
    mastery = model.mastery(after)
    assert mastery.shape == (6, N_CONCEPTS)
    assert ((mastery >= 0) & (mastery <= 1)).all()
    assert torch.isfinite(latent(model, after)).all()


@each_kind
def test_the_verbs_change_none_of_their_arguments(kind: str) -> None:
    model = made_up_model(kind)
    state = practised(model)
    before = {name: value.clone() for name, value in state.items()}
    question, response = torch.arange(6), torch.ones(6)
    model.learn(state, question, response)
    model.mastery(state)
    assert all(torch.equal(state[name], value) for name, value in before.items())


@each_kind
def test_students_dont_touch_one_another(kind: str) -> None:
    model = made_up_model(kind)
    state, question, response = practised(model), torch.arange(6) + 10, torch.tensor([1.0, 0, 1, 0, 1, 0])
    together = model.learn(state, question, response)
    for i in range(6):
        alone = model.learn(select_students(state, [i]), question[i : i + 1], response[i : i + 1])
        for name, value in alone.items():
            assert torch.allclose(value, together[name][i : i + 1].to(value.dtype), atol=1e-5), name


@each_kind
def test_a_right_answer_speaks_for_a_student(kind: str) -> None:
    """On the question's own concept, against a wrong answer to the same question."""
    log = made_up_log(200, 40)
    model = fitted(kind, log, epochs=3)
    state, question = practised(model), torch.full((6,), PLAIN)
    right, wrong = (model.mastery(model.learn(state, question, torch.full((6,), r))) for r in (1.0, 0.0))
    assert (right[:, PLAIN] > wrong[:, PLAIN]).all()


def fitted(kind: str, log, epochs: int = 2, folder: Path | None = None) -> StudentNetwork:  # type: ignore[no-untyped-def]
    import tempfile

    with tempfile.TemporaryDirectory() as scratch:
        fitting = FitSettings(epochs=epochs, patience=epochs, batch_size=16)
        return fit_student_model(kind, log, folder or Path(scratch), fitting=fitting, show_progress=False)


@each_kind
def test_all_positions_at_once_are_the_steps(kind: str) -> None:
    model = made_up_model(kind)
    rng = np.random.default_rng(0)
    questions = torch.from_numpy(rng.integers(20, size=(3, 70)))
    responses = torch.from_numpy(rng.integers(2, size=(3, 70))).float()
    by_step = torch.sigmoid(StudentNetwork.window_logits(model, questions, responses))
    assert torch.allclose(torch.sigmoid(model.window_logits(questions, responses)), by_step, atol=1e-5)


@each_kind
def test_fitting_lowers_the_loss_and_repeats_itself(kind: str, tmp_path: Path) -> None:
    import json

    log = made_up_log(120, 40)
    one, two = (fitted(kind, log, 3, tmp_path / name) for name in "ab")
    losses = [record["loss"] for record in json.loads((tmp_path / "a" / "history.json").read_text())]
    assert losses[-1] < losses[0]
    assert all(torch.equal(value, two.state_dict()[name]) for name, value in one.state_dict().items())


@each_kind
def test_what_is_saved_is_what_is_loaded(kind: str, tmp_path: Path) -> None:
    model = made_up_model(kind)
    save_simulator(model, tmp_path)
    loaded = load_simulator(tmp_path)
    assert type(loaded) is type(model)
    assert loaded.settings == model.settings
    assert torch.equal(loaded.mastery(practised(model)), model.mastery(practised(model)))
    assert not any(weight.requires_grad for weight in loaded.parameters())


@each_kind
def test_a_model_beside_its_bank_has_no_bank_of_its_own(kind: str, tmp_path: Path) -> None:
    model = made_up_model(kind)
    save_simulator(model, tmp_path)
    save_simulator(model, tmp_path / "models" / kind)
    assert not (tmp_path / "models" / kind / "bank.json").exists()
    assert load_simulator(tmp_path / "models" / kind).bank.fingerprint == model.bank.fingerprint


@each_kind
def test_unknown_questions_are_answered_from_their_concepts(kind: str) -> None:
    model = made_up_model(kind)
    bank = made_up_bank()
    larger = type(bank).from_concept_lists(
        "LARGER",
        [*bank.question_ids, "new", "newer"],
        [*(bank.concepts_of(q).tolist() for q in range(20)), [2], []],
        bank.concept_ids,
    )
    extended, matched = for_log(model, log_of(larger, ([0, 20, 21], [1, 0, 1])))
    assert matched.unknown_questions == 2
    state = practised(model)
    prob = extended.answer_prob(state, torch.tensor([[20, 21, 0]] * 6))
    assert torch.allclose(prob[:, 0], model.mastery(state)[:, 2], atol=2e-2)
    assert torch.allclose(prob[:, 2], model.answer_prob(state, torch.zeros(6, dtype=torch.int64)), atol=1e-6)


@each_kind
def test_another_bank_is_refused(kind: str) -> None:
    other = type(made_up_bank()).from_concept_lists("OTHER", ["q0"], [[0]], ["x"])
    with pytest.raises(CheckpointError, match="expected the simulator's 20 questions first and its 5 concepts"):
        made_up_model(kind).with_bank(other)


def test_an_unknown_kind_names_the_nearest() -> None:
    with pytest.raises(SettingsError, match=r"unknown student model 'bktt'\. Did you mean 'bkt'\?"):
        new_student_model("bktt", made_up_log())
    with pytest.raises(SettingsError, match="expected BKTSettings for 'bkt', got 3"):
        new_student_model("bkt", made_up_log(), 3)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"epochs": 0}, "epochs: expected a whole number of at least 1, got 0"),
        ({"seed": 1.5}, "seed: expected a whole number of at least 0, got 1.5"),
        ({"learning_rate": 0}, "learning_rate: expected a number above 0, got 0"),
        ({"weight_decay": -1}, "weight_decay: expected at least 0, got -1"),
        ({"stopping_share": 1}, "stopping_share: expected a share between 0 and 1, got 1"),
    ],
)
def test_fit_settings_are_checked(values: dict[str, float], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        FitSettings(**values)  # type: ignore[arg-type]
