"""The policies of a comparison: what the user named, what it is, and which student model it was trained on."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ldsim_env.compare.report.run_settings import POLICY_KINDS, PolicyEntry
from ldsim_env.compare.settings import OWN_MODEL
from ldsim_env.errors import SettingsError
from ldsim_env.recommenders import Recommender, load_recommender, uses_simulator

BASELINES = ("random", "random-target", "fixed", "curriculum")
"""Policies that look neither at the student's mastery nor at the answers."""
MODEL_FILE = "model.zip"
TRAINING_SETTINGS = "settings.json"
MODES = ("action", "observation")


@dataclass(frozen=True, eq=False)
class Policy:
    """One policy.

    Args:
        entry: What the result folder says of it.
        recommender: The recommender itself; None on the way to another process, which loads it from its source.
        observer: Name of the student model that it must see through; None leaves it to the comparison.
        modes: What an action is and what is observed where it was trained so; else it is as the comparison has it.
    """

    entry: PolicyEntry
    recommender: Recommender | None
    observer: str | None = None
    modes: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its name in tables."""
        return self.entry.name

    def without_recommender(self) -> Policy:
        """The policy where it can be loaded anew: a trained recommender is large, and maybe can't be pickled."""
        return replace(self, recommender=None) if self.entry.source else self

    def loaded(self) -> Recommender:
        """The recommender, loaded from its source where it did not come along."""
        return load_recommender(self.entry.source) if self.recommender is None else self.recommender


def read_policies(specs: Sequence[str | Recommender], trained_on: Mapping[str, str] | None = None) -> list[Policy]:
    """Load policies.

    Args:
        specs: Recommenders, or what `load_recommender` takes, each maybe with a name of its own: ``NAME=SPEC``. A file
            ``FOLDER/model.zip`` without one is called as its folder.
        trained_on: Student model that a policy was trained on, by the policy's name. Of a file it is also read from the
            ``settings.json`` beside it (``trained_on``, or else ``student_model``), as are ``action`` and
            ``observation``.

    Raises:
        SettingsError: If a policy can't be found, two have one name, or ``trained_on`` names none of them.
        CheckpointError: If a file can't be read.
    """
    policies = [_read(spec) if isinstance(spec, str) else _of_object(spec) for spec in specs]
    _check_names([policy.name for policy in policies], trained_on or {})
    return [_trained_on(policy, trained_on or {}) for policy in policies]


def _read(spec: str) -> Policy:
    name, source = _split(spec)
    recommender = load_recommender(source)
    training = _training_settings(Path(source)) if source.endswith(".zip") else {}
    entry = _entry(recommender, name or _default_name(source, recommender), source)
    entry = replace(entry, trained_on=entry.trained_on or _model_trained_on(training))
    modes = {name: training[name] for name in MODES if name in training}
    return Policy(entry, recommender, training.get("observer"), modes)


def _of_object(recommender: Recommender) -> Policy:
    return Policy(_entry(recommender, recommender.name, ""), recommender)


def _split(spec: str) -> tuple[str, str]:
    """``NAME=SPEC``; a path may have the sign too, so that an existing file goes first."""
    if "=" not in spec or Path(spec).exists():
        return "", spec
    name, _, source = spec.partition("=")
    if not name or not source:
        raise SettingsError(f"policies: expected SPEC or NAME=SPEC, got {spec!r}.")
    return name, source


def _default_name(source: str, recommender: Recommender) -> str:
    path = Path(source)
    return path.resolve().parent.name if path.name == MODEL_FILE else recommender.name


def _entry(recommender: Recommender, name: str, source: str) -> PolicyEntry:
    return PolicyEntry(
        name=name,
        label=str(getattr(recommender, "label", name)),
        kind=_kind(recommender, source),
        uses_simulator=uses_simulator(recommender),
        trained_on=getattr(recommender, "trained_on", None),
        source=source,
    )


def _kind(recommender: Recommender, source: str) -> str:
    said = getattr(recommender, "kind", None)
    if said in POLICY_KINDS:
        return str(said)
    if uses_simulator(recommender):
        return "simulator"
    if source.endswith(".zip") or type(recommender).__name__ == "SB3Recommender":
        return "learned"
    return "baseline" if recommender.name in BASELINES else "heuristic"


def _training_settings(path: Path) -> dict[str, Any]:
    """What the training wrote beside its model; nothing where there is no such file."""
    for name in (f"{path.stem}.json", TRAINING_SETTINGS):
        try:
            settings = json.loads((path.parent / name).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(settings, dict) and "env_id" in settings:
            return settings
    return {}


def _model_trained_on(training: Mapping[str, Any]) -> str | None:
    if not training:
        return None
    return str(training.get("trained_on") or training.get("student_model") or OWN_MODEL)


def _trained_on(policy: Policy, trained_on: Mapping[str, str]) -> Policy:
    model = trained_on.get(policy.name, policy.entry.trained_on)
    return replace(policy, entry=replace(policy.entry, trained_on=model))


def _check_names(names: Sequence[str], trained_on: Mapping[str, str]) -> None:
    if not names:
        raise SettingsError("policies: expected at least one, got none.")
    twice = sorted(name for name, count in Counter(names).items() if count > 1)
    if twice:
        raise SettingsError(
            f"policies: expected different names, these come twice: {', '.join(twice)}. Rename one, as NAME=SPEC."
        )
    strange = sorted(set(trained_on) - set(names))
    if strange:
        raise SettingsError(
            f"trained_on: there is no policy {', '.join(strange)}; the policies are {', '.join(names)}."
        )
