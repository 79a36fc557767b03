"""Whether a student model can be exploited, by its probes; the verdict is kept beside its weights.

`gymnasium.make` reads it, so that nobody trains a recommender on an exploitable model unawares.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from ldsim_env._version import __version__
from ldsim_env.errors import CheckpointError
from ldsim_env.files import write_json
from ldsim_env.simulator.probe_scripts import RANDOM_PRACTICE
from ldsim_env.simulator.probes import Probe, ProbeReport

PROBES_FILE = "probes.json"
FORMAT_VERSION = 1
MOST_UNRELATED = 0.02  # |E_p| that questions which have nothing to do with the targets may earn in an episode
MOST_LEAK = 0.002  # a step
WEIGHT_FILES = ("simulator.json", "weights.safetensors")


@dataclass(frozen=True)
class Verdict:
    """What the probes say of a student model.

    Args:
        exploitable: Whether a recommender is paid for what teaches nothing.
        worst_script: The unrelated script with the largest gain or loss.
        worst_gain: Its expected E_p.
        practice_gain: Expected E_p of random practice of the targets.
        leak: See `ProbeReport`.
        reasons: Which limits are passed, in words; none where it is not exploitable.
    """

    exploitable: bool
    worst_script: str
    worst_gain: float
    practice_gain: float
    leak: float
    reasons: tuple[str, ...]

    def in_words(self) -> str:
        """One sentence."""
        if self.exploitable:
            return f"exploitable: {'; '.join(self.reasons)}"
        return (
            f"not exploitable: nothing unrelated to the targets pays more than {abs(self.worst_gain):.4f} either way "
            f"({self.worst_script!r}), random practice of the targets {self.practice_gain:+.3f}"
        )


def judge(report: ProbeReport) -> Verdict:
    """Hold the figures against the limits, by the expected gains.

    Nothing unrelated to the targets may earn or cost more than `MOST_UNRELATED`, nor (by two standard errors) more than
    random practice of the targets; the leak may be `MOST_LEAK` a step at most.
    """
    unrelated = [probe for probe in report.probes if probe.kind == "unrelated"]
    worst = max(unrelated, key=lambda probe: abs(probe.expected_gain))
    best = max(unrelated, key=lambda probe: probe.expected_gain)
    practice = next(probe for probe in report.probes if probe.name == RANDOM_PRACTICE)
    reasons = []
    if abs(worst.expected_gain) > MOST_UNRELATED:
        reasons.append(
            f"{worst.name!r} has nothing to do with the targets and earns E_p {worst.expected_gain:+.3f} "
            f"(limit {MOST_UNRELATED})"
        )
    if _is_above(best, practice):
        reasons.append(
            f"{best.name!r} earns {best.expected_gain:+.3f}, more than random practice of the targets "
            f"({practice.expected_gain:+.3f})"
        )
    if report.leak > MOST_LEAK:
        reasons.append(f"mastery of unrelated concepts moves by {report.leak:.4f} a step (limit {MOST_LEAK})")
    figures = (worst.name, worst.expected_gain, practice.expected_gain, report.leak)
    return Verdict(bool(reasons), *figures, tuple(reasons))


def _is_above(one: Probe, other: Probe) -> bool:
    errors = [error for error in (one.expected_error, other.expected_error) if math.isfinite(error)]
    return one.expected_gain - other.expected_gain > 2 * math.hypot(*errors)


def keep_verdict(folder: Path, report: ProbeReport, students: str) -> Verdict:
    """Write ``probes.json`` beside a student model's weights: the verdict, its limits and every figure.

    Args:
        folder: The folder of the saved student model.
        report: Its probes.
        students: Whom they were run on, for the record.
    """
    verdict = judge(report)
    content = {
        "format_version": FORMAT_VERSION,
        "library_version": __version__,
        "weights": _fingerprint(folder),
        "students": students,
        "limits": {"unrelated": MOST_UNRELATED, "leak": MOST_LEAK},
        "verdict": asdict(verdict),
        "report": report.to_json(),
    }
    write_json(folder / PROBES_FILE, content)
    return verdict


def read_verdict(folder: Path) -> Verdict | None:
    """The verdict that is kept in a student model's folder.

    None where there is none, or where it is of other weights than those that are there now.

    Raises:
        CheckpointError: If the file is damaged or of an unknown format version.
    """
    path = folder / PROBES_FILE
    if not path.is_file():
        return None
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        version, weights = content["format_version"], content["weights"]
        verdict = _verdict_from(content["verdict"]) if version == FORMAT_VERSION else None
    except (ValueError, KeyError, TypeError) as error:
        raise CheckpointError(
            f"{path}: not a verdict of probes ({error!r}). Run `ldsim probe --keep` again."
        ) from error
    if verdict is None:
        raise CheckpointError(
            f"{path}: format version {version}; this library reads version {FORMAT_VERSION}. "
            "Run `ldsim probe --keep` again."
        )
    return verdict if weights == _fingerprint(folder) else None


def _verdict_from(content: dict[str, object]) -> Verdict:
    values = {field.name: content[field.name] for field in fields(Verdict)}
    return Verdict(**values | {"reasons": tuple(values["reasons"])})  # type: ignore[arg-type]


def _fingerprint(folder: Path) -> str:
    """Of the files that say what the student model is."""
    digest = hashlib.sha256()
    for path in (folder / name for name in WEIGHT_FILES):
        digest.update(path.read_bytes() if path.is_file() else b"")
    return digest.hexdigest()
