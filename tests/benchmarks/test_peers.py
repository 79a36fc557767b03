"""The peers' harness on made-up logs: steps equal windows, no answer is seen before it is given, alarm and canary."""

import copy
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from peers import __main__ as command
from peers.akt import AktPeer
from peers.attention import ROWS
from peers.catalogue import KINDS, Kind, built, kinds_named
from peers.concepts import concept_id_of_question, n_concept_ids
from peers.dkvmn import DkvmnPeer
from peers.dropout import with_own_dropout
from peers.fading_attention import BAND, LEAST, Faded
from peers.grid import Grid, measure, read, run
from peers.page import plot, tables, write_page
from peers.peer import Batch, Peer, StepwisePeer, read_windows, unroll_peer
from peers.report import report, with_costs, with_earlier
from peers.scoring import chance_band, evaluate_peer, refuse_incredible
from peers.split import Split, split_logs, with_random_responses
from peers.training import RULE, fit_by_adam, rule_of
from rich.console import Console
from torch import nn
from torch.nn import functional

from ldsim_env.errors import LeakError, SettingsError
from ldsim_env.files import write_json
from ldsim_env.simulator import Scores
from ldsim_env.simulator.tasks import kt_task
from ldsim_env.simulator.training_state import TrainingState
from tests.simulator.made_up import made_up_bank, made_up_log

SIMPLE = kinds_named(["Elo", "IRT"])
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)


def made(kind: Kind) -> Peer:
    """A peer with random weights, where its package is installed."""
    if kind.source == "pykt-toolkit":
        pytest.importorskip("pykt.models", reason="the extra 'peers' is not installed")
    with torch.random.fork_rng():
        torch.manual_seed(0)
        peer = built(kind, made_up_bank())
    peer.eval()
    return peer


def made_up_split(n_students: int = 40, length: int = 40) -> Split:
    return split_logs("made-up", made_up_log(n_students, length), made_up_log(n_students, length, seed=1), seed=0)


def random_windows(n: int, length: int) -> tuple[torch.Tensor, torch.Tensor]:
    rng = np.random.default_rng(0)
    questions = rng.integers(made_up_bank().n_questions, size=(n, length))
    return torch.from_numpy(questions), torch.from_numpy(rng.integers(2, size=(n, length)).astype(np.float32))


@each_kind
@torch.inference_mode()
def test_single_steps_give_what_a_whole_window_gives(kind: Kind) -> None:
    peer, (questions, responses) = made(kind), random_windows(6, 12)
    with torch.random.fork_rng():
        torch.manual_seed(1)
        at_once = peer.window_probs(questions, responses)
        torch.manual_seed(1)
        state, stepped = peer.after(questions[:, :0], responses[:, :0]), []
        for t in range(12):
            stepped.append(peer.answer_prob(state, questions[:, t]))
            state = peer.learn(state, questions[:, t], responses[:, t])
    torch.testing.assert_close(torch.stack(stepped, 1)[:, 1:], at_once[:, 1:], rtol=1e-4, atol=1e-5)


@each_kind
@torch.inference_mode()
def test_no_peer_sees_a_response_before_it_is_given(kind: Kind) -> None:
    peer, (questions, responses) = made(kind), random_windows(6, 12)
    flipped = responses.clone()
    flipped[:, 5:] = 1 - flipped[:, 5:]
    with torch.random.fork_rng():
        torch.manual_seed(1)
        as_it_was = peer.window_probs(questions, responses)
        torch.manual_seed(1)
        otherwise = peer.window_probs(questions, flipped)
    torch.testing.assert_close(as_it_was[:, :6], otherwise[:, :6])
    assert kind.name in {"Elo", "IRT", "BKT"} or not torch.equal(as_it_was[:, 6:], otherwise[:, 6:])


@each_kind
def test_a_rollout_of_certain_answers_is_reading_them(kind: Kind) -> None:
    if kind.name == "IEKT":
        pytest.skip("IEKT draws its levels anew at every step")
    peer, (questions, responses) = made(kind), random_windows(6, 12)
    observed = torch.full((6,), 4)
    noise = torch.zeros_like(responses)  # every own answer is right
    with torch.inference_mode():
        probs = unroll_peer(peer, questions, responses, observed, rollout="sampled", uniforms=noise)
        all_right = torch.where(torch.arange(12) < 4, responses, 1.0)
        expected = peer.window_probs(questions, all_right)
    torch.testing.assert_close(probs[:, 4:], expected[:, 4:], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", ["DKT", "qDKT", "SAKT", "DKVMN"])
@torch.inference_mode()
def test_the_wrapped_class_gives_what_the_class_itself_gives(name: str) -> None:
    """At responses of 0 and 1 the mixed embeddings and the read-out of one id are the class's own arithmetic."""
    pytest.importorskip("pykt.models", reason="the extra 'peers' is not installed")
    (kind,) = kinds_named([name])
    peer, (questions, responses) = made(kind), random_windows(4, 9)
    ids, r = peer.ids[questions], responses.long()  # type: ignore[index]
    net = peer.net  # type: ignore[attr-defined]
    probs = peer.window_probs(questions, responses)[:, 1:]
    if name == "SAKT":
        net.interaction_emb = net.interaction_emb.embedding
    if name == "DKT":
        own = net(ids[:, :-1], r[:, :-1]).gather(2, ids[:, 1:, None]).squeeze(2)
    elif name == "qDKT":
        own = net(questions, ids, r, data={"qshft": questions[:, 1:]})["y"]
    elif name == "SAKT":
        own = net(ids[:, :-1], r[:, :-1], ids[:, 1:])
    else:
        own = net(ids, r)[:, 1:]
    torch.testing.assert_close(probs, own)


@pytest.mark.parametrize("gamma", [-20.0, 0.0, 5.0])  # 5: scores fade to the least that there is
def test_akts_attention_in_bands_is_the_classs_own_and_so_are_its_gradients(gamma: float) -> None:
    akt = pytest.importorskip("pykt.models.akt", reason="the extra 'peers' is not installed")
    bank, (questions, responses) = made_up_bank(), random_windows(3, BAND + 9)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        own = akt.AKT(n_concept_ids(bank), bank.n_questions, d_model=16, n_blocks=1, dropout=0.2, d_ff=8)
        for name, weight in own.named_parameters():
            nn.init.normal_(weight, gamma if "gammas" in name else 0.0, 0.3)
    ids = concept_id_of_question(bank)
    peer = AktPeer(copy.deepcopy(own), ids, {"qa_embed": 1, "qa_embed_diff": 1})
    for net in (own, peer):
        net.eval()
    probs = own(ids[questions], responses.long(), questions)[0][:, 1:], peer.window_probs(questions, responses)[:, 1:]
    torch.testing.assert_close(probs[1], probs[0], rtol=1e-3, atol=1e-4)  # roots of what rounding leaves
    for prob in probs:
        prob.square().sum().backward()
    ours = {name.replace(".embedding.", "."): weight.grad for name, weight in peer.net.named_parameters()}
    for name, weight in own.named_parameters():
        if weight.grad is None:  # `peek` has no use for its own
            continue
        assert (ours[name] - weight.grad).abs().max() < 1e-2 * weight.grad.abs().max(), name


def test_the_gradient_of_faded_scores_is_that_of_the_formula() -> None:
    rng = np.random.default_rng(0)
    scores, spread, gammas = (
        torch.from_numpy(rng.uniform(*bounds, size=size))
        for bounds, size in (((-5e4, 5e4), (4, 3, 5)), ((0, 9), (4, 3, 5)), ((-2.5, -0.5), (4, 1, 1)))
    )
    faded = torch.maximum((spread * gammas).exp(), torch.tensor(LEAST, dtype=torch.float64))
    assert 0.1 < (faded == LEAST).double().mean() < 0.9
    torch.testing.assert_close(Faded.apply(scores, spread, gammas), scores * faded)  # type: ignore[no-untyped-call]
    assert torch.autograd.gradcheck(
        lambda scores, gammas: Faded.apply(scores, spread, gammas),  # type: ignore[no-untyped-call]
        (scores.requires_grad_(), gammas.requires_grad_()),
    )


def test_dropout_drops_its_share_and_keeps_the_mean_and_nothing_when_not_training() -> None:
    net = with_own_dropout(nn.Sequential(nn.Identity(), nn.Sequential(nn.Dropout(0.2))))
    values = torch.ones(1000, 1001)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        first, second = net(values), net(values)
        torch.manual_seed(0)
        torch.testing.assert_close(net(values), first)
    assert not torch.equal(first, second)
    assert (first == 0).float().mean() == pytest.approx(0.2, abs=0.002)
    assert (first == 0).float().mean(0).std() == pytest.approx((0.2 * 0.8 / 1000) ** 0.5, rel=0.1)
    assert first.mean() == pytest.approx(1, abs=0.002)
    assert torch.equal(net.eval()(values), values)


@torch.inference_mode()
def test_sakt_looks_back_as_far_as_its_places_reach_and_counts_them_from_there() -> None:
    peer: Any = made(kinds_named(["SAKT"])[0])
    questions, responses = random_windows(4, 13)
    peer.longest = 5
    state = peer.after(questions[:, :7], responses[:, :7])
    for t in range(7, 12):
        state = peer.learn(state, questions[:, t], responses[:, t])
    expected = peer.window_probs(questions[:, -6:], responses[:, -6:])[:, -1]
    torch.testing.assert_close(peer.answer_prob(state, questions[:, -1]), expected)


def test_dkvmns_gradients_through_its_memory_are_autograds_own() -> None:
    peer: Any = made(kinds_named(["DKVMN"])[0])
    questions, responses = random_windows(5, 9)
    own, ours = (
        _loss_and_gradients(peer, lambda read=read: read(peer, questions, responses).square().sum())
        for read in (StepwisePeer.window_probs, DkvmnPeer.window_probs)
    )
    torch.testing.assert_close(ours[0], own[0])
    assert "net.Mv0" in own[1]
    for name, gradient in own[1].items():
        torch.testing.assert_close(ours[1][name], gradient, msg=name, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("name", ["SAKT", "AKT"])
def test_a_loss_some_rows_at_a_time_is_that_of_all_at_once(name: str) -> None:
    """With a penalty of AKT that is a sum over windows, and fewer windows at the end than at a time."""
    peer: Any = made(kinds_named([name])[0])
    questions, responses = random_windows(ROWS + 3, 9)
    if name == "AKT":
        nn.init.normal_(peer.net.difficult_param.weight)
    probs, penalty = peer._forward(questions, responses)
    loss = peer.loss(Batch(questions, responses, torch.full((ROWS + 3,), 9)), (ROWS + 3) * 8)
    torch.testing.assert_close(loss, functional.binary_cross_entropy(probs, responses[:, 1:]) + penalty)
    assert (penalty > 0) == (name == "AKT")


def test_iekts_loss_for_all_students_at_once_is_the_classs_own() -> None:
    peer: Any = made(kinds_named(["IEKT"])[0])
    with torch.no_grad():  # as first drawn, levels hardly depend on what was seen
        for network in (peer.model.model.select_preemb, peer.model.model.checker_emb, peer.model.model.predictor):
            network.out.weight *= 20
    questions, responses = random_windows(6, 12)
    data = {
        "qseqs": questions[:, :-1] + 1,
        "cq": questions + 1,
        "cc": peer.ids[questions].unsqueeze(-1),
        "cr": responses,
    }
    losses = (
        lambda: peer.loss(Batch(questions, responses, torch.full((6,), 12)), 6 * 12),
        lambda: peer.model.train_one_step(data, process=False)[1],
    )
    (ours, our_gradients), (own, own_gradients) = (_loss_and_gradients(peer, loss) for loss in losses)
    torch.testing.assert_close(ours, own)
    for name, gradient in own_gradients.items():
        torch.testing.assert_close(our_gradients[name], gradient, msg=name, rtol=1e-4, atol=1e-6)


def test_iekts_loss_knows_nothing_of_what_is_behind_a_windows_end() -> None:
    peer, (questions, responses) = made(kinds_named(["IEKT"])[0]), random_windows(6, 12)
    lengths = torch.tensor([12, 11, 9, 7, 3, 1])
    behind = torch.arange(12) >= lengths[:, None]
    batches = (Batch(questions, torch.where(behind, fill, responses), lengths) for fill in (0.0, 1.0))
    first, second = (_loss_and_gradients(peer, partial(peer.loss, batch, 40))[0] for batch in batches)
    torch.testing.assert_close(first, second)


@pytest.mark.parametrize("name", ["DKT", "DKT+", "qDKT", "SAKT", "AKT", "DKVMN"])
def test_an_answer_weighs_the_same_in_whatever_batch_it_is(name: str) -> None:
    """Batches are of like length: by a mean over each, answers of short windows would weigh more."""
    peer, (questions, responses) = made(kinds_named([name])[0]), random_windows(6, 12)
    lengths = torch.tensor([12, 11, 9, 4, 3, 2])
    every, long, short = (
        _loss_and_gradients(peer, partial(peer.loss, Batch(questions[rows], responses[rows], lengths[rows]), 7))
        for rows in (slice(6), slice(3), slice(3, 6))
    )
    torch.testing.assert_close(every[0], long[0] + short[0])
    for parameter, gradient in every[1].items():
        torch.testing.assert_close(gradient, long[1][parameter] + short[1][parameter], rtol=1e-4, atol=1e-6)


def _loss_and_gradients(peer: Peer, loss: Callable[[], torch.Tensor]) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """With the same draws at each call."""
    peer.zero_grad()
    with torch.random.fork_rng():
        torch.manual_seed(1)
        value = loss()
    value.backward()  # type: ignore[no-untyped-call]
    named = peer.named_parameters()
    return value.detach(), {name: weight.grad.clone() for name, weight in named if weight.grad is not None}


def test_peers_learn_what_there_is() -> None:
    split = made_up_split(200, 40)
    for kind in SIMPLE:
        peer = built(kind, split.bank)
        kind.fit(peer, split, kind.settings[0], 0, None)
        assert kt_task(partial(read_windows, peer), split.test).scores().auc > 0.7


@pytest.mark.parametrize("name", ["DKT", "DKT+", pytest.param("IEKT", marks=pytest.mark.slow)])
def test_training_by_adam_helps_and_keeps_the_best_epoch(name: str) -> None:
    (kind,) = kinds_named([name])
    peer, split = made(kind), made_up_split(120, 30)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        before = kt_task(partial(read_windows, peer), split.stopping).scores().auc
        record = fit_by_adam(peer, split, 1e-2, 0, epochs=4)
    assert record.best > before
    if name != "IEKT":  # which draws anew each time
        assert kt_task(partial(read_windows, peer), split.stopping).scores().auc == pytest.approx(record.best)


def test_training_ends_when_patience_is_used_up() -> None:
    (kind,) = kinds_named(["DKT"])
    impatient, patient = (
        fit_by_adam(made(kind), made_up_split(60, 20), 3e-2, 0, epochs=40, patience=patience) for patience in (1, 3)
    )
    for record, patience in ((impatient, 1), (patient, 3)):
        assert record.rule == rule_of(patience)
        assert len(record.stopping_auc) < 40
        assert max(record.stopping_auc[-patience:]) <= max(record.stopping_auc[:-patience])
        assert len(record.stopping_auc) - 1 - np.argmax(record.stopping_auc) == patience
    assert patient.stopping_auc[: len(impatient.stopping_auc)] == impatient.stopping_auc


def test_a_fit_that_was_killed_goes_on_as_if_it_had_not_been(tmp_path: Path) -> None:
    (kind,), split = kinds_named(["DKT"]), made_up_split(60, 20)

    def fitted(epochs: int, kept: TrainingState | None) -> tuple[Peer, tuple[float, ...]]:
        peer = made(kind)
        return peer, fit_by_adam(peer, split, 1e-2, 0, kept, epochs=epochs, patience=9).stopping_auc

    whole, aucs = fitted(4, None)
    kept = TrainingState(tmp_path, {"peer": kind.name})
    fitted(2, kept)
    torch.rand(1)  # in another process torch's generator stands elsewhere
    resumed, later = fitted(4, kept)
    assert later == aucs
    for name, value in whole.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[name], value)


def test_bkt_finds_the_parameters_of_made_up_students() -> None:
    pytest.importorskip("pyBKT.fit", reason="the extra 'peers' is not installed")
    from peers.bkt import _fit_concept

    rng = np.random.default_rng(0)
    known, answers = rng.random(400) < 0.3, []
    for _ in range(10):
        answers.append(rng.random(400) < np.where(known, 0.9, 0.2))
        known = known | (rng.random(400) < 0.15)
    found = _fit_concept(np.array(answers).T.ravel().astype(np.float32), np.repeat(np.arange(400), 10), rng)
    assert found["prior"] == pytest.approx(0.3, abs=0.1)
    assert found["learns"] == pytest.approx(0.15, abs=0.05)
    assert found["guesses"] == pytest.approx(0.2, abs=0.05)
    assert found["slips"] == pytest.approx(0.1, abs=0.05)


def test_the_canary_is_at_one_half_and_a_peer_that_sees_answers_is_not() -> None:
    split = with_random_responses(made_up_split(150, 40), np.random.default_rng(0))
    peer = built(SIMPLE[1], split.bank)
    SIMPLE[1].fit(peer, split, 1.0, 0, None)
    scores = evaluate_peer(peer, split.test, 1).tasks["kt"].overall
    assert abs(scores.auc - 0.5) < chance_band(scores)

    def cheat(questions: torch.Tensor, responses: torch.Tensor, *_: object, **__: object) -> torch.Tensor:
        return 0.3 + 0.2 * responses + 0.3 * torch.rand(questions.shape)

    seen = kt_task(cheat, split.test).scores()
    assert abs(seen.auc - 0.5) > chance_band(seen)


def test_the_band_is_narrow_on_a_real_log() -> None:
    scores = Scores(n=54911, auc=0.5, accuracy=0.5, rmse=0.5, ece=0, mean_prob=0.5, mean_response=0.5)
    assert chance_band(scores) == pytest.approx(0.00986, abs=1e-4)


def test_an_incredible_auc_stops_with_the_leak_alarm() -> None:
    split = made_up_split()
    peer = built(SIMPLE[0], split.bank)
    evaluation = evaluate_peer(peer, split.test, 1)
    high = replace(evaluation.tasks["kt"].overall, auc=0.87)
    with pytest.raises(LeakError, match=r"Elo: AUC 0\.870 on made-up log \(kt\) is above 0\.80.*expanded by concept"):
        refuse_incredible("Elo", replace(evaluation, tasks={"kt": replace(evaluation.tasks["kt"], overall=high)}))
    refuse_incredible("Elo", evaluation, alarm=1.0)


def test_an_unknown_peer_is_an_error_with_the_nearest_name() -> None:
    with pytest.raises(SettingsError, match=r"unknown peer 'DKTT'\. Did you mean 'DKT"):
        kinds_named(["DKTT"])


def test_the_grid_goes_on_from_what_is_there_and_fills_the_table(tmp_path: Path) -> None:
    reads: list[int] = []

    def split_of(seed: int) -> Split:
        reads.append(seed)
        return made_up_split()

    grid = Grid(SIMPLE, 2, tmp_path / "runs", split_of, with_ours=False, alarm=1.0)
    console = Console(quiet=True)
    run(grid, console)
    times = {path: path.stat().st_mtime_ns for path in grid.folder.iterdir()}
    assert len(times) == (3 + 3) * 2 + 2 * 2 + 2 * 2  # fits of seed 0, of seed 1, each with weights; scores
    run(grid, console)
    assert {path: path.stat().st_mtime_ns for path in grid.folder.iterdir()} == times

    entries = report(grid)
    assert [entry["peer"] for entry in entries] == ["Elo", "IRT"]
    assert entries[0]["seeds"] == [0, 1]
    assert entries[0]["rule"] is None
    assert set(entries[0]["search"]["stopping_auc"]) == {"0.2", "0.4", "0.8"}
    page = tmp_path / "peers.md"
    page.write_text("# The peers\n\nBefore.\n")
    write_page(page, entries, "made-up", "the command")
    once = page.read_text()
    write_page(page, entries, "made-up", "the command")
    assert page.read_text() == once
    assert tables(entries) in once
    assert once.startswith("# The peers\n\nBefore.\n\n<!-- made-up: made by `the command` -->")
    plot(tmp_path / "peers.png", entries)
    assert (tmp_path / "peers.png").stat().st_size > 1000


@pytest.mark.parametrize("best", range(3))
def test_every_seed_is_scored_by_the_setting_whose_best_epoch_is_best_under_seed_0(tmp_path: Path, best: int) -> None:
    grid = Grid(SIMPLE[:1], 2, tmp_path, lambda seed: made_up_split(), with_ours=False, alarm=1.0)
    (kind,), console = grid.kinds, Console(quiet=True)
    run(grid, console)
    for place, setting in enumerate(kind.settings):
        fit = grid.fit_file(kind, 0, setting)
        write_json(fit, read(fit) | {"stopping_auc": [0.5, 0.7, 0.5] if place == best else [0.6, 0.6, 0.6]})
    run(grid, console)
    scored = [read(grid.score_file(kind.name, seed))["setting"] for seed in range(grid.seeds)]
    assert scored == [kind.settings[best]] * grid.seeds


def test_a_fit_of_another_rule_is_done_again(tmp_path: Path) -> None:
    (elo, _), console = SIMPLE, Console(quiet=True)
    kind = replace(elo, fit=lambda *given: replace(elo.fit(*given), rule=RULE))  # needs no extra, so CI runs it
    grid = Grid((kind,), 1, tmp_path, lambda seed: made_up_split(), tries=1, with_ours=False, alarm=1.0)
    run(grid, console)
    fit, scores = grid.fit_file(kind, 0, kind.settings[0]), grid.score_file(kind.name, 0)
    done, scored = read(fit), read(scores)
    write_json(fit, done | {"rule": rule_of(1), "stopping_auc": [0.1]})
    write_json(scores, scored | {"rule": rule_of(1), "tasks": {}})
    assert grid.searched(kind) == {}
    run(grid, console)
    assert read(fit)["stopping_auc"] == done["stopping_auc"]
    assert read(scores)["rule"] == RULE
    assert read(scores)["tasks"] == scored["tasks"]


@pytest.mark.parametrize("changed", [{"setting": 0.2}, {"rule": rule_of(1)}], ids=str)
def test_a_row_is_of_one_setting_and_one_rule(tmp_path: Path, changed: dict[str, float | str]) -> None:
    grid = Grid(SIMPLE[:1], 2, tmp_path, lambda seed: made_up_split(), tries=1, with_ours=False, alarm=1.0)
    run(grid, Console(quiet=True))
    (both,) = report(grid)
    second = grid.score_file("Elo", 1)
    write_json(second, read(second) | changed)
    (row,) = report(grid)
    assert both["seeds"] == [0, 1]
    assert row["seeds"] == [0]


def test_a_row_of_an_earlier_rule_keeps_its_search(tmp_path: Path) -> None:
    grid = Grid(SIMPLE[:1], 1, tmp_path, lambda seed: made_up_split(), with_ours=False, alarm=1.0)
    run(grid, Console(quiet=True))
    (now,) = report(grid)
    for file in tmp_path.glob("*.json"):
        write_json(file, read(file) | {"rule": rule_of(1)})
    (earlier,) = report(grid)
    assert len(now["search"]["stopping_auc"]) == 3
    assert earlier["search"] == now["search"]
    assert grid.searched(SIMPLE[0]) == {}


def test_rows_of_peers_that_were_not_run_again_stay() -> None:
    earlier = [{"peer": "Elo", "seeds": [0]}, {"peer": "AKT", "seeds": [0]}]
    now = [{"peer": "Elo", "seeds": [0, 1]}]
    assert with_earlier(now, earlier) == [{"peer": "Elo", "seeds": [0, 1]}, {"peer": "AKT", "seeds": [0]}]
    assert with_earlier(now, []) == now
    assert with_earlier(earlier, now) == [{"peer": "Elo", "seeds": [0, 1]}, {"peer": "AKT", "seeds": [0]}]


def test_records_without_weights_are_enough_to_go_on_and_to_measure(tmp_path: Path) -> None:
    """As in a clone, which has the records of fits and scores and no weights."""
    kinds, console = kinds_named(["IRT"]), Console(quiet=True)
    grid = Grid(kinds, 1, tmp_path, lambda seed: made_up_split(), tries=1, with_ours=False, alarm=1.0)
    run(grid, console)
    (before,) = report(grid)
    grid.fit_file(kinds[0], 0, 1.0).with_suffix(".safetensors").unlink()
    costs = measure(grid, console)
    (measured,) = report(grid)
    assert with_costs([before], costs)[0]["cost"] == measured["cost"]
    assert measured["figures"] == before["figures"]
    assert measured["cost"]["state_bytes"] == before["cost"]["state_bytes"]
    grid.score_file("IRT", 0).unlink()
    run(grid, console)
    (again,) = report(grid)
    assert again["figures"] == before["figures"]


def test_drawing_the_tables_again_keeps_the_machine_of_the_measuring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "REPOSITORY", tmp_path)
    monkeypatch.setattr(command, "RESULTS", tmp_path)
    monkeypatch.setattr(command, "read_split", lambda folder, seed: made_up_split())
    (tmp_path / "docs" / "pictures").mkdir(parents=True)
    results = tmp_path / "peers-made-up.json"
    again = partial(command.main, "made-up", tmp_path, "Elo", seeds=1, tries=1, alarm=1.0)
    again()
    measured = read(results)
    write_json(results, measured | {"machine": "another"})
    again(table_only=True)
    assert read(results) == measured | {"machine": "another"}
    again(measure_only=True)
    assert read(results)["machine"]["processor"] == measured["machine"]["processor"]


@pytest.mark.slow
def test_ldsim_goes_through_the_same_harness(tmp_path: Path) -> None:
    grid = Grid((), 1, tmp_path / "runs", lambda seed: made_up_split(30, 25), alarm=1.0)
    run(grid, Console(quiet=True))
    (entry,) = report(grid)
    assert entry["peer"] == "LDSim"
    assert entry["positions"]["kt"] == 30 * 24
    assert entry["cost"]["state_bytes"]["500"] > 0
    assert "| LDSim | ldsim-env | 1 |" in tables([entry])


@pytest.mark.slow
def test_a_simulator_that_is_there_is_scored_without_another_fit(tmp_path: Path) -> None:
    grid = Grid((), 1, tmp_path / "runs", lambda seed: made_up_split(30, 25), alarm=1.0)
    run(grid, Console(quiet=True))
    (before,) = report(grid)
    weights = grid.folder / "LDSim-seed0" / "weights.safetensors"
    fitted = weights.stat().st_mtime_ns
    grid.score_file("LDSim", 0).unlink()
    run(grid, Console(quiet=True))
    (after,) = report(grid)
    assert weights.stat().st_mtime_ns == fitted
    assert after["figures"] == before["figures"]
    assert after["seconds"] == before["seconds"]
