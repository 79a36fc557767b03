"""Several simulators as one: means, a member drawn for each student, and how far members are apart."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from ldsim_env.errors import CheckpointError, SettingsError
from ldsim_env.logs import QuestionBank
from ldsim_env.simulator import (
    Ensemble,
    EnsembleSettings,
    FitSettings,
    StudentModel,
    fit_ensemble,
    fit_student_model,
    for_log,
    load_simulator,
    predict_kt,
    save_ensemble,
    save_simulator,
)
from ldsim_env.simulator.models import BKTSettings, BKTStudent
from ldsim_env.simulator.readouts import latent
from tests.simulator.made_up import N_CONCEPTS, log_of, made_up_bank, made_up_log, made_up_network
from tests.simulator.models.test_verbs import made_up_model


def mixed(member: str = "mean") -> Ensemble:
    models: list[StudentModel] = [made_up_network(), *(made_up_model(kind) for kind in ("bkt", "irt", "dkt"))]
    return Ensemble(models, EnsembleSettings(member))


def practised(model: Ensemble, n: int = 8) -> dict[str, Tensor]:
    state = model.start(n)
    for question in (0, 6, 12):
        state = model.learn(state, torch.arange(n) + question, torch.arange(n) % 2)
    return state


def test_the_mean_of_its_members() -> None:
    model, question = mixed(), torch.arange(8)
    state = practised(model)
    assert isinstance(model, StudentModel)
    for m, member in enumerate(model.members):
        own = {name.split(".")[1]: value for name, value in state.items() if name.startswith(f"{m}.")}
        assert torch.equal(model.member_answer_probs(state, question)[:, m], member.answer_prob(own, question))
        assert torch.equal(model.member_mastery(state)[:, m], member.mastery(own))
    assert torch.allclose(model.answer_prob(state, question), model.member_answer_probs(state, question).mean(1))
    assert torch.allclose(model.mastery(state), model.member_mastery(state).mean(1))


def test_a_drawn_member_answers_and_all_learn() -> None:
    model, question = mixed("random"), torch.arange(8)
    state = model.begin_episode(practised(model), torch.linspace(0, 0.999, 8)[:, None])
    drawn = state["member"]
    assert drawn.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    rows = torch.arange(8)
    assert torch.equal(model.answer_prob(state, question), model.member_answer_probs(state, question)[rows, drawn])
    several = torch.stack([question, question + 1], dim=1)
    assert torch.equal(model.answer_prob(state, several), model.member_answer_probs(state, several)[rows, drawn])
    assert torch.equal(model.mastery(state), model.member_mastery(state)[rows, drawn])
    after = model.learn(state, question, torch.ones(8))
    assert torch.equal(after["member"], drawn)
    assert (model.member_mastery(after) != model.member_mastery(state)).any(2).all()


def test_nobody_is_drawn_for_the_mean() -> None:
    model = mixed()
    state = practised(model)
    assert model.n_episode_draws == 0
    assert model.begin_episode(state, torch.zeros(8, 0)) is state


def test_the_latent_state_is_finite() -> None:
    model = mixed()
    assert latent(model, practised(model)).shape == (8, N_CONCEPTS)


def test_unknown_questions() -> None:
    model, bank = mixed(), made_up_bank()
    concepts = [*(bank.concepts_of(q).tolist() for q in range(20)), [2]]
    larger = QuestionBank.from_concept_lists("LARGER", [*bank.question_ids, "new"], concepts, bank.concept_ids)
    extended, matched = for_log(model, log_of(larger, ([0, 20, 3, 4], [1, 0, 1, 1])))
    assert extended.bank.n_questions == 21
    assert len(predict_kt(extended, matched.log)) == 3


def test_saved_with_its_members_inside(tmp_path: Path) -> None:
    save_simulator(made_up_network(), tmp_path)
    members = [tmp_path / "models" / "ensemble" / f"member-{i}" for i in range(2)]
    for seed, member in enumerate(members):
        save_simulator(made_up_network(seed=seed), member, half_precision=True)
        assert not (member / "bank.json").exists()
    save_ensemble(members, tmp_path / "models" / "ensemble", "random")
    loaded = load_simulator(tmp_path / "models" / "ensemble")
    assert isinstance(loaded, Ensemble)
    assert loaded.settings == EnsembleSettings("random", ("member-0", "member-1"))
    second, saved, state = loaded.members[1], made_up_network(seed=1), loaded.start(2)
    assert torch.allclose(second.mastery(second.start(2)), saved.mastery(saved.start(2)), atol=2e-3)
    assert loaded.mastery(state).shape == (2, N_CONCEPTS)


def test_one_member_for_each_seed(tmp_path: Path) -> None:
    log = made_up_log(60, 30)

    def fit(seed: int, folder: Path) -> None:
        fit_student_model("dkt", log, folder, fitting=FitSettings(seed=seed, epochs=1), show_progress=False)

    ensemble = fit_ensemble(fit, tmp_path, [3, 4])
    one, two = ensemble.members
    assert not torch.equal(one.output.weight, two.output.weight)  # type: ignore[attr-defined]
    with pytest.raises(SettingsError, match=r"seeds: expected at least 2 different ones for an ensemble, got \[3, 3\]"):
        fit_ensemble(fit, tmp_path, [3, 3])


def test_members_of_one_bank() -> None:
    other = QuestionBank.from_concept_lists("OTHER", ["q0"], [[0]], ["x"])
    with pytest.raises(SettingsError, match=r"expected student models of one bank, got \['MADE-UP', 'OTHER'\]"):
        Ensemble([made_up_model("bkt"), BKTStudent(other, BKTSettings())])
    with pytest.raises(SettingsError, match="expected student models of one bank, got none"):
        Ensemble([])


def test_a_rule_that_there_isnt() -> None:
    with pytest.raises(SettingsError, match=r"member: unknown rule 'randon'\. Did you mean 'random'\?"):
        EnsembleSettings("randon")


def test_a_lost_member_is_named(tmp_path: Path) -> None:
    save_simulator(made_up_model("bkt"), tmp_path / "bkt")
    save_ensemble([tmp_path / "bkt"], tmp_path / "ensemble")
    (tmp_path / "bkt" / "simulator.json").unlink()
    with pytest.raises(CheckpointError, match=r"bkt: this folder holds no simulator\.json"):
        load_simulator(tmp_path / "ensemble")
