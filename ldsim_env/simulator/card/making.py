"""The fidelity card of a simulator: everything that is measured, as one JSON file and one HTML page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ldsim_env._version import __version__
from ldsim_env.errors import SettingsError
from ldsim_env.files import write_atomic, write_json
from ldsim_env.logs import MatchedLog, ResponseLog
from ldsim_env.simulator.card.answers import own_answers
from ldsim_env.simulator.card.calibration import measure_calibration
from ldsim_env.simulator.card.drift_size import measure_drift_size
from ldsim_env.simulator.card.learning_curves import measure_learning_curves
from ldsim_env.simulator.card.page import render_page
from ldsim_env.simulator.card.pays import Pays
from ldsim_env.simulator.card.resemblance import measure_resemblance
from ldsim_env.simulator.card.right_answers import measure_right_answers
from ldsim_env.simulator.card.shown import Shown
from ldsim_env.simulator.card.subgroups import measure_subgroups
from ldsim_env.simulator.card.tasks_by_horizon import measure_tasks
from ldsim_env.simulator.card.thin_evidence import measure_thin_evidence
from ldsim_env.simulator.card.training_overlap import overlap_warnings
from ldsim_env.simulator.evaluation import evaluate, predict_tasks
from ldsim_env.simulator.probe_ground import ProbeSettings
from ldsim_env.simulator.probes import probe_real_students
from ldsim_env.simulator.protocol import StudentModel

SAMPLED = "simulation, sampled"


class CardPart(Protocol):
    """One subject of the card."""

    def to_json(self) -> dict[str, Any]:
        """Its figures as plain values."""
        ...

    def show(self) -> Shown:
        """Its figures for the page."""
        ...


@dataclass(frozen=True)
class CardSettings:
    """How a card is made.

    Args:
        probe_students: Students of the probes, at least 2.
        seeds: Seeds of the sampled answers, at least 2 (the second one is the control of the classifier).
        seed: Seeds everything else that is random.
    """

    probe_students: int = 100
    seeds: int = 5
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("probe_students", "seeds"):
            if getattr(self, name) < 2:
                raise SettingsError(f"{name}: expected at least 2, got {getattr(self, name)!r}.")


@dataclass(frozen=True)
class FidelityCard:
    """What was measured on one log.

    Args:
        simulator: Its name.
        student_model: What sort of student model it is.
        source: The log.
        n_students: Students in it.
        n_interactions: Interactions in it.
        warnings: What a reader must know first.
        parts: The subjects, by name.
    """

    simulator: str
    student_model: str
    source: str
    n_students: int
    n_interactions: int
    warnings: tuple[str, ...]
    parts: dict[str, CardPart]

    def head(self) -> dict[str, Any]:
        """Everything but the parts."""
        names = ("simulator", "student_model", "source", "n_students", "n_interactions")
        return {
            "library_version": __version__,
            **{name: getattr(self, name) for name in names},
            "warnings": list(self.warnings),
        }

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {**self.head(), "parts": {name: part.to_json() for name, part in self.parts.items()}}

    def save(self, folder: Path) -> tuple[Path, Path]:
        """Write ``NAME.html`` and ``NAME.json``, each whole or not at all; gives both paths.

        Raises:
            MissingExtraError: If jinja2 or matplotlib is not installed.
        """
        page, data = (folder / f"{self.simulator}{ending}" for ending in (".html", ".json"))
        shown = [part.show() for part in self.parts.values()]
        content = render_page(self.head(), shown, data.name)
        write_json(data, self.to_json())
        write_atomic(page, content.encode())
        return page, data


def make_card(
    model: StudentModel,
    matched: MatchedLog,
    *,
    name: str,
    provenance: dict[str, Any] | None = None,
    training: ResponseLog | None = None,
    settings: CardSettings | None = None,
    track: Callable[[Sequence[str]], Iterator[str]] = iter,
) -> FidelityCard:
    """Measure everything.

    Args:
        model: The student model, over ``matched.log``'s bank.
        matched: The log of real students.
        name: Of the simulator; names the files too.
        provenance: Of the simulator, as `read_provenance` gives it.
        training: The log that the simulator was trained on, over the same bank, if the overlap is to be counted.
        settings: How much is measured.
        track: Is given the names of the steps and hands them on one by one; a progress bar, for example.

    Raises:
        LogError: If the log has no student with at least 20 interactions.
    """
    steps = _Steps(model, matched, settings or CardSettings())
    parts: dict[str, CardPart] = {}
    for step in track(list(steps.all)):
        parts |= steps.all[step]()
    return FidelityCard(
        simulator=name,
        student_model=type(model).__name__,
        source=_file_names(matched.original.source),
        n_students=matched.log.n_students,
        n_interactions=matched.log.n_interactions,
        warnings=overlap_warnings(matched, provenance or {}, training),
        parts=parts,
    )


def _file_names(source: str) -> str:
    """The log's files without their folders: a card is read on other machines."""
    return ", ".join(Path(one).name for one in source.split(", "))


class _Steps:
    """The steps of a card; later ones read what the first one predicted."""

    def __init__(self, model: StudentModel, matched: MatchedLog, settings: CardSettings) -> None:
        self._model, self._matched, self._settings = model, matched, settings
        self.all: dict[str, Callable[[], dict[str, CardPart]]] = {
            "both tasks": self._tasks,
            "real and simulated students": self._students,
            "the effect of practice": self._practice,
            "probes": self._probes,
        }

    def _tasks(self) -> dict[str, CardPart]:
        log = self._matched.log
        self._predictions = predict_tasks(self._model, log, self._settings.seeds)
        kt, sampled = self._predictions["kt"][0], self._predictions[SAMPLED][0]
        return {
            "tasks": measure_tasks(evaluate(log, self._predictions)),
            "calibration": measure_calibration(log, kt, sampled),
            "thin_evidence": measure_thin_evidence(self._model, self._matched, kt),
            "subgroups": measure_subgroups(log, sampled),
        }

    def _students(self) -> dict[str, CardPart]:
        answers, other = (own_answers(self._predictions[SAMPLED][seed], seed) for seed in (0, 1))
        return {
            "learning_curves": measure_learning_curves(self._matched.log, answers),
            "resemblance": measure_resemblance(answers, other, self._settings.seed),
        }

    def _practice(self) -> dict[str, CardPart]:
        log = self._matched.log
        return {
            "drift_size": measure_drift_size(self._model, log, self._settings.seed),
            "right_answers": measure_right_answers(self._model, log),
        }

    def _probes(self) -> dict[str, CardPart]:
        settings = ProbeSettings(seed=self._settings.seed)
        report = probe_real_students(self._model, self._matched.log, self._settings.probe_students, settings)
        return {"pays": Pays(report)}
