"""Both tasks of the protocol, on windows whose positions can be counted by hand."""

from typing import Any

import numpy as np
import pytest

from ldsim_env.errors import LogError
from ldsim_env.logs import ResponseLog
from ldsim_env.simulator import Predictions, Rollout, predict_kt, predict_simulation, tasks
from tests.simulator.made_up import made_up_log, made_up_network, with_responses

LENGTHS = (250, 430, 2, 19, 20, 0, 203, 119)
NETWORK = made_up_network()


@pytest.fixture(scope="module")
def log() -> ResponseLog:
    """Students whose windows are long, short, and just not short."""
    return made_up_log(n_students=len(LENGTHS), length=LENGTHS)


def flip(log: ResponseLog, interaction: int | np.ndarray) -> ResponseLog:
    responses = log.responses.copy()
    responses[interaction] = 1 - responses[interaction]
    return with_responses(log, responses)


def fields_of(predictions: Predictions, *names: str) -> list[Any]:
    return [getattr(predictions, name).tolist() for name in names]


# ---- knowledge tracing ----------------------------------------------------------------------------------------------


def test_kt_scores_every_position_but_a_windows_first(log: ResponseLog) -> None:
    found = predict_kt(NETWORK, log)
    windows = [(0, 0, 200), (0, 1, 50), (1, 0, 200), (1, 1, 200), (1, 2, 30), (3, 0, 19), (4, 0, 20)]
    windows += [(6, 0, 200), (6, 1, 3), (7, 0, 119)]
    expected = [(s, w, p) for s, w, length in windows for p in range(1, length)]
    assert list(zip(*fields_of(found, "student", "window", "position"), strict=True)) == expected
    assert set(found.horizon.tolist()) == {1}


def test_predictions_point_at_their_interactions(log: ResponseLog) -> None:
    for found in (predict_kt(NETWORK, log), predict_simulation(NETWORK, log)):
        assert (found.interaction == log.offsets[found.student] + 200 * found.window + found.position).all()
        assert (found.response == log.responses[found.interaction]).all()
        assert len(found) == len(found.prob)
        assert ((found.prob > 0) & (found.prob < 1)).all()


def test_kt_uses_the_past_only(log: ResponseLog) -> None:
    before = predict_kt(NETWORK, log)
    changed = predict_kt(NETWORK, flip(log, int(log.offsets[1]) + 220))  # student 1, window 1, position 20
    differs = before.prob != changed.prob
    same_window = (before.student == 1) & (before.window == 1)
    assert not differs[~same_window].any()  # context starts anew at each window
    assert not differs[same_window & (before.position <= 20)].any()
    assert differs[same_window & (before.position > 20)].mean() > 0.9  # float32 may hide a small change
    assert (before.response != changed.response).sum() == 1


def test_kt_is_what_a_student_alone_gets(log: ResponseLog) -> None:
    together, alone = predict_kt(NETWORK, log), predict_kt(NETWORK, log.select([4]))
    np.testing.assert_allclose(together.prob[together.student == 4], alone.prob, atol=1e-6)


# ---- simulation -----------------------------------------------------------------------------------------------------


def test_simulation_asks_up_to_50_questions_after_half_of_a_window(log: ResponseLog) -> None:
    found = predict_simulation(NETWORK, log)
    windows = [(0, 0, 200), (0, 1, 50), (1, 0, 200), (1, 1, 200), (1, 2, 30), (4, 0, 20), (6, 0, 200), (7, 0, 119)]
    expected = []
    for student, window, length in windows:
        half = length // 2
        expected += [(student, window, p, p - half + 1) for p in range(half, min(length, half + 50))]
    assert list(zip(*fields_of(found, "student", "window", "position", "horizon"), strict=True)) == expected


@pytest.mark.parametrize("rollout", ["sampled", "expected", "hard"])
def test_simulation_never_sees_a_response_after_the_half(log: ResponseLog, rollout: Rollout) -> None:
    before = predict_simulation(NETWORK, log, rollout)
    changed = predict_simulation(NETWORK, flip(log, before.interaction), rollout)
    assert (before.prob == changed.prob).all()
    assert (before.response == 1 - changed.response).all()


def test_simulation_sees_the_responses_of_the_first_half(log: ResponseLog) -> None:
    before = predict_simulation(NETWORK, log, "expected")
    changed = predict_simulation(NETWORK, flip(log, int(log.offsets[4]) + 9), "expected")  # the last one observed
    differs = before.prob != changed.prob
    assert differs.tolist() == (before.student == 4).tolist()


def test_the_first_simulated_position_is_the_kt_one(log: ResponseLog) -> None:
    kt, simulation = predict_kt(NETWORK, log), predict_simulation(NETWORK, log)
    first = simulation.horizon == 1
    of_kt = dict(zip(kt.interaction.tolist(), kt.prob.tolist(), strict=True))
    expected = [of_kt[i] for i in simulation.interaction[first].tolist()]
    np.testing.assert_allclose(simulation.prob[first], expected, atol=1e-6)


def test_one_seed_one_outcome(log: ResponseLog) -> None:
    runs = [predict_simulation(NETWORK, log, "sampled", seed).prob for seed in (3, 3, 4)]
    assert (runs[0] == runs[1]).all()
    assert (runs[0] != runs[2]).any()


@pytest.mark.parametrize("rollout", ["expected", "hard"])
def test_without_chance_seeds_do_not_matter(log: ResponseLog, rollout: Rollout) -> None:
    one, other = (predict_simulation(NETWORK, log, rollout, seed).prob for seed in (0, 1))
    assert (one == other).all()


def test_rollouts_differ(log: ResponseLog) -> None:
    sampled, expected, hard = (predict_simulation(NETWORK, log, r).prob for r in ("sampled", "expected", "hard"))
    assert (sampled != expected).any()
    assert (sampled != hard).any()
    assert (expected != hard).any()


@pytest.mark.parametrize("batch", [1, 3])
def test_batches_do_not_matter(log: ResponseLog, batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    kt, simulation = predict_kt(NETWORK, log), predict_simulation(NETWORK, log, "sampled", 2)
    monkeypatch.setattr(tasks, "BATCH", batch)
    np.testing.assert_allclose(predict_kt(NETWORK, log).prob, kt.prob, atol=1e-5)
    np.testing.assert_allclose(predict_simulation(NETWORK, log, "sampled", 2).prob, simulation.prob, atol=1e-5)


def test_scores_by_horizon_share_out_the_positions(log: ResponseLog) -> None:
    found = predict_simulation(NETWORK, log)
    by_horizon = found.scores_by_horizon()
    assert list(by_horizon) == ["1-5", "6-20", "21-50"]
    assert sum(scores.n for scores in by_horizon.values()) == len(found) == found.scores().n
    assert by_horizon["1-5"].n == 8 * 5
    late = found.horizon > 20
    assert by_horizon["21-50"].mean_prob == pytest.approx(float(found.prob[late].mean()))


def test_short_histories_have_no_late_horizon() -> None:
    found = predict_simulation(NETWORK, made_up_log(n_students=3, length=20))
    assert list(found.scores_by_horizon()) == ["1-5", "6-20"]


@pytest.mark.parametrize(("predict", "length", "minimum"), [(predict_kt, 2, 3), (predict_simulation, 19, 20)])
def test_logs_that_are_too_short(predict: Any, length: int, minimum: int) -> None:
    with pytest.raises(LogError, match=f"a student with at least {minimum} interactions, got none"):
        predict(NETWORK, made_up_log(n_students=3, length=length))
