"""One simulator for each of several seeds, kept as an ensemble."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ldsim_env.errors import SettingsError
from ldsim_env.simulator.checkpoint import load_simulator, read_provenance, save_ensemble, save_simulator
from ldsim_env.simulator.models import Ensemble


def fit_ensemble(fit: Callable[[int, Path], object], folder: Path, seeds: Sequence[int]) -> Ensemble:
    """Fit the members one after the other into ``folder / "member-<i>"``, with 16 bits a weight, and the ensemble.

    Args:
        fit: Fits a simulator with a seed and saves it in a folder.
        folder: Where the ensemble goes.
        seeds: One for each member, at least two different ones.

    Raises:
        SettingsError: If there are fewer than two different seeds.
    """
    if len(set(seeds)) < 2:
        raise SettingsError(f"seeds: expected at least 2 different ones for an ensemble, got {list(seeds)}.")
    members = [folder / f"member-{number}" for number in range(len(seeds))]
    for seed, member in zip(seeds, members, strict=True):
        fit(seed, member)
        _halve(member)
    save_ensemble(members, folder)
    ensemble = load_simulator(folder)
    assert isinstance(ensemble, Ensemble)
    return ensemble


def _halve(member: Path) -> None:
    fitted = load_simulator(member)
    assert not isinstance(fitted, Ensemble)
    save_simulator(fitted, member, read_provenance(member), half_precision=True)
