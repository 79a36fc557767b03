"""The ``ldsim`` command, from logs to predictions, on small made-up logs."""

import csv
import json
import re
import sys
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from typer.testing import CliRunner

from ldsim_env import __version__
from ldsim_env.cli import app, main
from ldsim_env.errors import LogError
from ldsim_env.logs import QuestionBank, ResponseLog, StudentHistory, read_logs
from ldsim_env.simulator import load_simulator, predict_kt, predict_simulation, save_simulator
from tests.simulator.made_up import N_CONCEPTS, four_line, log_of, made_up_log, made_up_network, wide_bank

COMMANDS = ("fit", "evaluate", "predict", "probe", "cohort", "compare")
COLUMNS = ["student", "window", "position", "question", "response", "prob"]
LINE_OF_CODE = re.compile(r"Traceback|File \".*line \d+")


class Outcome(NamedTuple):
    """What a run of the command came to."""

    code: int
    out: str
    err: str


def run_main(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: object) -> Outcome:
    """Run ``ldsim`` as the shell would."""
    monkeypatch.setattr(sys, "argv", ["ldsim", *map(str, arguments)])
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        with pytest.raises(SystemExit) as ended:
            main()
    code = ended.value.code
    out, err = capsys.readouterr()
    return Outcome(int(code or 0), out, err)


def ldsim(*arguments: object) -> str:
    """Run a command that works; give what it prints."""
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exit_code == 0, result.output
    assert not LINE_OF_CODE.search(result.output)
    return result.output


def log_bank() -> QuestionBank:
    """20 questions as a four-line log can have them: each has a concept, numbers are ids."""
    concepts = [[q % N_CONCEPTS] for q in range(16)] + [[0, 1], [1, 3], [2, 4], [0, 4]]
    ids = [str(q) for q in range(20)]
    return QuestionBank.from_concept_lists("LOG", ids, concepts, [str(k) for k in range(N_CONCEPTS)])


def without_repeats(log: ResponseLog, name: str) -> ResponseLog:
    """No question twice in a row: the four-line format can't tell a second attempt from a second concept."""
    histories = []
    for student, questions, responses in log:
        new = np.concatenate([[True], questions[1:] != questions[:-1]])
        histories.append(StudentHistory(f"{name}-{student}", questions[new], responses[new]))
    return ResponseLog.from_histories(log.bank, histories)


def write_log(
    path: Path, n_students: int = 16, seed: int = 0, length: int = 32, bank: QuestionBank | None = None
) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    log = made_up_log(n_students, length, seed, bank or log_bank())
    path.write_text(four_line(without_repeats(log, path.stem)))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two logs, and a simulator that was fitted on one of them."""
    folder = tmp_path_factory.mktemp("cli")
    for i in (1, 2):
        write_log(folder / "logs" / f"fold{i}.csv", seed=i)
    write_log(folder / "valid.csv", n_students=10, seed=3)
    ldsim("fit", folder / "logs" / "fold1.csv", "--valid", folder / "valid.csv", "--out", folder / "sim", "--epochs", 1)
    return folder


def predicted(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text().splitlines()))


# ---- help -----------------------------------------------------------------------------------------------------------


def test_help_lists_and_explains_the_commands() -> None:
    text = ldsim("--help")
    assert "Simulated students" in text
    for command in COMMANDS:
        assert re.search(rf"\b{command}\b +\w+", text)


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(command: str) -> None:
    text = ldsim(command, "--help")
    assert "Usage:" in text
    assert len(text.splitlines()) > 8


def test_version() -> None:
    assert ldsim("--version").strip() == __version__


# ---- fit ------------------------------------------------------------------------------------------------------------


def test_fit_writes_a_simulator(folder: Path) -> None:
    names = {path.name for path in (folder / "sim").iterdir()}
    assert names >= {"simulator.json", "weights.safetensors", "bank.json", "history.json", "history.png"}
    assert "training-state.safetensors" not in names
    network = load_simulator(folder / "sim")
    assert network.bank.n_questions == 20
    assert len(json.loads((folder / "sim" / "history.json").read_text())) == 1


def test_fit_several_logs_without_valid(folder: Path, tmp_path: Path) -> None:
    text = ldsim("fit", folder / "logs", "--out", tmp_path / "both", "--epochs", 1, "--name", "BOTH", "--seed", 3)
    assert "fold1.csv" in text
    assert "32 students" in text
    assert str(tmp_path / "both" / "history.png") in text
    assert load_simulator(tmp_path / "both").bank.name == "BOTH"
    description = json.loads((tmp_path / "both" / "simulator.json").read_text())
    assert description["provenance"]["n_stopping_students"] == 3
    assert description["provenance"]["training"]["seed"] == 3


# ---- evaluate -------------------------------------------------------------------------------------------------------


def test_evaluate_scores_both_tasks(folder: Path, tmp_path: Path) -> None:
    json_file, plot = tmp_path / "scores.json", tmp_path / "reliability.png"
    log = folder / "logs" / "fold2.csv"
    text = ldsim("evaluate", log, "--simulator", folder / "sim", "--json", json_file, "--plot", plot)
    assert "simulation, sampled" in text
    scores = json.loads(json_file.read_text())
    assert list(scores["tasks"]) == ["kt", "simulation, sampled", "simulation, expected", "simulation, hard"]
    kt = scores["tasks"]["kt"]["overall"]
    expected = predict_kt(load_simulator(folder / "sim"), read_logs(log)).scores()
    assert kt["auc"] == pytest.approx(expected.auc)
    assert kt["n"] == expected.n
    assert f"{kt['auc']:.4f}" in text
    assert len(scores["tasks"]["simulation, sampled"]["auc_by_seed"]) == 5
    assert list(scores["tasks"]["simulation, expected"]["by_horizon"]) == ["1-5", "6-20"]
    assert plot.read_bytes().startswith(b"\x89PNG")


# ---- predict --------------------------------------------------------------------------------------------------------


def predict(folder: Path, out: Path, *options: object, log: str = "fold2.csv") -> list[dict[str, str]]:
    ldsim("predict", folder / "logs" / log, "--simulator", folder / "sim", "--out", out, *options)
    return predicted(out)


def test_predict_kt_has_a_row_for_each_scored_position(folder: Path, tmp_path: Path) -> None:
    rows = predict(folder, tmp_path / "kt.csv")
    assert (tmp_path / "kt.csv").read_text().splitlines()[0] == ",".join(COLUMNS)
    log = read_logs(folder / "logs" / "fold2.csv")
    expected = [
        (student, "0", str(position), log.bank.question_ids[questions[position]], str(responses[position]))
        for student, questions, responses in log
        for position in range(1, len(questions))
    ]
    assert [tuple(row[name] for name in COLUMNS[:5]) for row in rows] == expected
    prob = predict_kt(load_simulator(folder / "sim"), log).prob
    assert [float(row["prob"]) for row in rows] == pytest.approx(prob.tolist(), abs=1e-6)


@pytest.mark.parametrize("rollout", ["sampled", "expected", "hard"])
def test_predict_simulation(folder: Path, tmp_path: Path, rollout: str) -> None:
    rows = predict(folder, tmp_path / "a.csv", "--task", "simulation", "--rollout", rollout, "--seed", 4)
    found = predict_simulation(load_simulator(folder / "sim"), read_logs(folder / "logs" / "fold2.csv"), rollout, 4)  # type: ignore[arg-type]
    assert [float(row["prob"]) for row in rows] == pytest.approx(found.prob.tolist(), abs=1e-6)
    assert {int(row["position"]) for row in rows} <= set(range(10, 32))


def test_seeds_matter_to_sampled_answers_only(folder: Path, tmp_path: Path) -> None:
    def rows(rollout: str, seed: int) -> list[dict[str, str]]:
        return predict(folder, tmp_path / "a.csv", "--task", "simulation", "--rollout", rollout, "--seed", seed)

    sampled, expected, hard = rows("sampled", 0), rows("expected", 0), rows("hard", 0)
    assert rows("sampled", 0) == sampled
    assert rows("sampled", 1) != sampled
    assert rows("expected", 1) == expected
    assert rows("hard", 1) == hard
    assert sampled != expected != hard != sampled


def test_sampled_is_the_default_rollout_and_kt_the_default_task(folder: Path, tmp_path: Path) -> None:
    assert predict(folder, tmp_path / "a.csv") == predict(folder, tmp_path / "b.csv", "--task", "kt")
    simulation = predict(folder, tmp_path / "a.csv", "--task", "simulation")
    assert simulation == predict(
        folder, tmp_path / "b.csv", "--task", "simulation", "--rollout", "sampled", "--seed", 0
    )


def test_unknown_questions_are_counted_in_a_warning(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bank = QuestionBank.from_concept_lists("NEW", ["3", "1000", "1001"], [[3], [2], [1]], ["0", "1", "2", "3", "4"])
    log = write_log(tmp_path / "new.csv", n_students=4, bank=bank)
    n_unknown = sum(int(q != "3") for q in question_ids(read_logs(log)))
    out = tmp_path / "new-predictions.csv"
    ended = run_main(monkeypatch, capsys, "predict", log, "--simulator", folder / "sim", "--out", out)
    assert ended.code == 0
    expected = f"2 of the log's questions ({n_unknown} interactions) are unknown to the simulator and answered from"
    assert f"LogWarning: {expected} their concepts." in ended.err.replace("\n", " ")
    assert {row["question"] for row in predicted(out)} == {"3", "1000", "1001"}
    of_card = run_main(monkeypatch, capsys, "card", folder / "sim", log, "--out", tmp_path, "--probe-students", 2)
    assert f"LogWarning: {expected} their concepts." in of_card.err.replace("\n", " ")


def question_ids(log: ResponseLog) -> list[str]:
    return [log.bank.question_ids[question] for question in log.questions.tolist()]


# ---- leaks ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def leaky(numbered: QuestionBank, tmp_path: Path) -> Path:
    """A log in which each question stands twice, as if expanded by two concepts."""
    rng = np.random.default_rng(0)
    twice = [(np.repeat(rng.choice(60, 15, replace=False), 2), np.repeat(rng.integers(2, size=15), 2)) for _ in "ab"]
    log = log_of(numbered, *((questions.tolist(), responses.tolist()) for questions, responses in twice))
    (tmp_path / "leaky.csv").write_text(four_line(log))
    return tmp_path / "leaky.csv"


@pytest.mark.parametrize("command", ["fit", "evaluate", "predict", "card"])
def test_leaky_logs_are_refused_until_they_are_allowed(
    command: str, leaky: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out, sim = tmp_path / "out", tmp_path / "sim"
    arguments = {
        "fit": (leaky, "--out", out, "--epochs", 1),
        "evaluate": (leaky, "--simulator", sim, "--json", out),
        "predict": (leaky, "--simulator", sim, "--out", out),
        "card": (sim, leaky, "--out", out),
    }[command]
    ended = run_main(monkeypatch, capsys, command, *arguments)
    assert ended.code == 1
    assert "interactions (50.0%) repeat the row before with the same answer" in ended.err
    assert not out.exists()
    if command in ("evaluate", "predict"):
        ldsim(command, *arguments, "--allow-leaks")
        assert out.exists()
    assert "give away their own answers" in " ".join(ldsim(command, "--help").replace("│", " ").split())


def test_leaky_students_to_stop_by_are_refused(
    leaky: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log = write_log(tmp_path / "train.csv", n_students=4, bank=read_logs([leaky]).bank)
    arguments = ("fit", log, "--valid", leaky, "--out", tmp_path / "out", "--epochs", 1)
    for student_model in ("ldsim", "bkt"):
        ended = run_main(monkeypatch, capsys, *arguments, "--student-model", student_model)
        assert ended.code == 1
        assert "leaky.csv: 30 of 60 interactions (50.0%) repeat the row before with the same answer" in " ".join(
            ended.err.split()
        )


# ---- probe and cohort -----------------------------------------------------------------------------------------------


@pytest.fixture
def numbered(tmp_path: Path) -> QuestionBank:
    """A bank that a log file can be written of; its simulator is in ``tmp_path / "sim"``."""
    bank = wide_bank(5, 12)
    ids = [question.strip("q") for question in bank.question_ids]
    made = QuestionBank.from_concept_lists("WIDE", ids, [[q % 5] for q in range(60)], bank.concept_ids)
    save_simulator(made_up_network(made), tmp_path / "sim")
    return made


def test_probe(numbered: QuestionBank, tmp_path: Path) -> None:
    log = write_log(tmp_path / "log.csv", n_students=8, bank=numbered)
    json_file, plot = tmp_path / "probes.json", tmp_path / "probes.png"
    text = ldsim(
        *("probe", log, "--simulator", tmp_path / "sim", "--students", 5, "--seed", 1),
        *("--json", json_file, "--plot", plot, "--keep"),
    )
    assert "easiest unrelated" in text
    assert "over 5 students" in text
    report = json.loads(json_file.read_text())
    assert report["n_students"] == 5
    assert {"name", "kind", "mean_gain", "expected_gain", "success_rate"} <= set(report["probes"][0])
    assert plot.read_bytes().startswith(b"\x89PNG")
    kept = json.loads((tmp_path / "sim" / "probes.json").read_text())
    assert kept["students"] == "5 of log.csv"
    assert kept["report"] == report


def test_probe_without_logs_takes_the_cohort(numbered: QuestionBank, tmp_path: Path) -> None:
    from ldsim_env.envs import Cohort

    sim = tmp_path / "sim"
    Cohort.from_log(made_up_log(30, 20, bank=load_simulator(sim).bank)).save(sim)
    assert "over 4 students" in ldsim("probe", "--simulator", sim, "--students", 4)
    assert not (sim / "probes.json").exists()


def test_cohort_goes_into_the_simulators_folder(folder: Path, tmp_path: Path) -> None:
    from ldsim_env.envs import Cohort

    sim = tmp_path / "sim"
    save_simulator(load_simulator(folder / "sim"), sim)
    text = ldsim(
        *("cohort", folder / "logs" / "fold1.csv", "--simulator", sim, "--students", 40, "--seed", 2),
        *("--compare-with", folder / "logs" / "fold2.csv"),
    )
    assert "start mastery" in text
    cohort = Cohort.load(sim, load_simulator(sim).bank)
    assert cohort.histories.n_students == 40
    assert cohort.provenance["synthetic"]
    assert set(cohort.provenance["profiles"]) == {"synthetic", "real early", "real"}
    real = set(read_logs(folder / "logs" / "fold1.csv").student_ids)
    assert not real & set(cohort.histories.student_ids)


# ---- mistakes: one message, no traceback ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["evaluate", "logs/fold2.csv", "--simulator", "ASSIST9"], "unknown simulator 'ASSIST9'"),
        (["evaluate", "logs/fold2.csv", "--simulator", "logs"], "logs: this folder holds no simulator.json"),
        (["evaluate", "nowhere.csv", "--simulator", "sim"], "nowhere.csv: expected a readable file"),
        (["fit", "empty.csv", "--out", "new"], "empty.csv, line 1: expected a known log format"),
        (["fit", "broken.csv", "--out", "new"], "broken.csv"),
        (["fit", "logs/fold1.csv", "--out", "new", "--format", "four_line"], "Did you mean 'four-line'?"),
        (["predict", "logs/fold2.csv", "--simulator", "sim", "--out", "logs"], "logs"),
        (["evaluate", "logs/fold2.csv", "--simulator", "sim", "--json", "valid.csv/scores.json"], "valid.csv"),
        (["cohort", "logs/fold1.csv", "--simulator", "ASSIST09"], "ASSIST09: no such folder"),
        (["fit", "logs/fold1.csv", "--valid", "logs/fold1.csv", "--out", "new"], "16 of 16 students (fold1-s0, "),
        (["evaluate", "[odd]/[/name].csv", "--simulator", "sim"], "[odd]/[/name].csv: expected a readable file"),
    ],
)
def test_a_mistake_ends_with_one_message(
    arguments: list[str],
    message: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(folder)
    (folder / "empty.csv").write_text("")
    (folder / "broken.csv").write_text("0,a\n1,2\n0\n1,0\n")
    ended = run_main(monkeypatch, capsys, *arguments)
    assert ended.code == 1
    assert ended.err.startswith("Error: ")
    assert message in ended.err
    assert not LINE_OF_CODE.search(ended.err + ended.out)
    assert not (folder / "new").exists()


def test_brackets_in_a_message_are_kept(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise LogError("Install the extra with: pip install 'ldsim-env[train]'")

    monkeypatch.setattr("ldsim_env.logs.read_logs", refuse)
    ended = run_main(monkeypatch, capsys, "fit", "a.csv", "--out", "b")
    assert ended == Outcome(1, "", "Error: Install the extra with: pip install 'ldsim-env[train]'\n")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["predict", "a.csv", "--simulator", "s", "--out", "b", "--task", "kts"], "kts"),
        (["predict", "a.csv", "--simulator", "s", "--out", "b", "--seed", "-1"], "--seed"),
        (["fit", "a.csv"], "--out"),
        (["fitt"], "fitt"),
        (["probe", "a.csv", "--simulator", "s", "--students", "1"], "--students"),
    ],
)
def test_wrong_options_are_named(arguments: list[str], named: str) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert named in result.output


def test_the_state_of_another_training_is_refused(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "sim"
    log = folder / "logs" / "fold1.csv"
    with monkeypatch.context() as patched:
        patched.setattr("ldsim_env.simulator.fitting.save_simulator", lambda *_: sys.exit(9))  # killed before saving
        assert run_main(patched, capsys, "fit", log, "--out", out, "--epochs", 1).code == 9
    other = run_main(monkeypatch, capsys, "fit", log, "--out", out, "--epochs", 1, "--seed", 1)
    assert other.code == 1
    assert "belongs to a training with other settings or another log" in other.err
    ldsim("fit", log, "--out", out, "--epochs", 1)
    assert not (out / "training-state.safetensors").exists()
