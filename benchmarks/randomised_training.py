"""Does training on several student models at once (domain randomisation) make a policy travel better?

    python benchmarks/randomised_training.py --seeds 2 --total-timesteps 80000 --students 200

The default PPO is trained on each student model alone, on LDSim's bundled ensemble, and on mixes of student models, one
of them drawn for each episode. All of them and some rules teach the same held-out students of every student model.
What is trained already or examined already is not repeated, so that a run that was cut off goes on. It writes

- ``OUT/VARIANT-seedN``: the trained models, as ``python -m agents.ppo`` does, and ``OUT/gains`` with what they taught;
- ``benchmarks/results/randomised-training.json``: expected E_p (`parts.expected_gains`) of every policy on every
  student model, what is lost against the best policy trained (regret), and how far the student models' orders agree;
- ``docs/pictures/randomised_training.png``.

A policy that was trained on one student model sees every student through that one, as in ``ldsim compare``. One that
was trained on several sees through LDSim, in training too: no tutor knows whose student it has. So that eyes and
training can be told apart, the others are trained with LDSim's eyes as well (``irt through ldsim``).
"""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from numpy.typing import NDArray
from parts.expected_gains import expected_gains
from parts.machine import machine
from parts.travel import Travel
from rich.console import Console
from rich.progress import track

sys.path.insert(0, str(Path(__file__).parents[1]))  # `agents` is not installed; it lies beside this folder

from agents import training
from agents.ppo import AGENT, PPOSettings, make_model
from ldsim_env.figures import GREY, INK, PALE, new_figure, save_figure
from ldsim_env.files import write_atomic, write_json
from ldsim_env.recommenders import load_recommender

REPOSITORY = Path(__file__).parents[1]
RESULTS = REPOSITORY / "benchmarks/results"
PICTURE = REPOSITORY / "docs/pictures/randomised_training.png"
MIX = ("ldsim", "irt", "bkt", "kss")
EXAMINED = (*MIX, "dkt")
EYES = "ldsim"
WORST = "worst of the mix"
RULES = ("random", "random-target", "leitner", "zpd")


@dataclass(frozen=True)
class Variant:
    """What to train on, through whose eyes (empty: its own), and whether one of several is drawn for each episode."""

    student_model: str
    observer: str = EYES
    drawn: bool = True

    @property
    def eyes(self) -> str:
        """Student model that the policy sees everybody through."""
        return self.observer or self.student_model

    def settings(self, seed: int, out: Path, env_id: str, total_timesteps: int) -> PPOSettings:
        """Of the training."""
        return PPOSettings(
            env_id=env_id, total_timesteps=total_timesteps, seed=seed, out=out, n_curve_points=0,
            student_model=self.student_model, observer=self.observer, member="random" if self.drawn else "",
        )  # fmt: skip


@dataclass(frozen=True)
class Exam:
    """Held-out students of every student model."""

    env_id: str
    students: int

    def gains(self, policy: str, eyes: str, folder: Path) -> NDArray[np.float64]:
        """``(n_models, n_students)`` expected E_p, from the folder's files where it was examined before."""
        return np.array([self._gains_on(model, policy, eyes, folder) for model in EXAMINED])

    def _gains_on(self, model: str, policy: str, eyes: str, folder: Path) -> NDArray[np.float64]:
        path = folder / f"gains-{model}-{self.students}.npy"
        if not path.exists():
            options = {"student_model": model, "observer": None if eyes == model else eyes}
            content = io.BytesIO()
            np.save(content, expected_gains(load_recommender(policy), self.env_id, range(self.students), 0, options))
            write_atomic(path, content.getvalue())
        return np.asarray(np.load(path))


ALONE = {name: Variant(name, observer="", drawn=False) for name in EXAMINED}
MIXED = {
    "ensemble": Variant("ensemble"),
    "mix": Variant(",".join(MIX)),
    "mix and dkt": Variant(",".join(EXAMINED)),
}
SAME_EYES = {f"{name} through ldsim": Variant(name, drawn=False) for name in MIX if name != EYES}
LEFT_OUT = {f"mix without {name}": Variant(",".join(one for one in MIX if one != name)) for name in MIX}
VARIANTS = ALONE | MIXED | SAME_EYES | LEFT_OUT
KINDS = {
    "trained on one": tuple(ALONE),
    "trained on several": (*MIXED, *LEFT_OUT),
    "trained on one of the mix": MIX,
    "the same through ldsim": (EYES, *SAME_EYES),
    "all through ldsim": (EYES, *SAME_EYES, *MIXED, *LEFT_OUT),
}


def main(  # noqa: PLR0917 - arguments are options of the command line
    seeds: Annotated[int, typer.Option(min=1, help="Training runs of each variant.")] = 2,
    total_timesteps: Annotated[int, typer.Option(min=1, help="Questions asked in each.")] = 80_000,
    students: Annotated[int, typer.Option(min=2, help="Held-out students of the examination.")] = 200,
    env_id: Annotated[str, typer.Option(help="Any environment of this package.")] = "LDSim-ASSIST09-v0",
    out: Annotated[Path, typer.Option(help="Folder for models and gains.")] = Path("out/randomised"),
    results: Annotated[Path, typer.Option(help="Folder for the results.")] = RESULTS,
    picture: Annotated[Path, typer.Option(help="The plot of the regrets.")] = PICTURE,
) -> None:
    """Train, examine, write."""
    torch.set_num_threads(1)
    console = Console()
    runs = [(name, seed) for name in VARIANTS for seed in range(seeds)]
    for name, seed in runs:
        settings = VARIANTS[name].settings(seed, folder_of(out, name, seed), env_id, total_timesteps)
        console.print(settings.out)
        training.train_once(AGENT, settings, make_model, console)
    exam = Exam(env_id, students)
    rules = {name: exam.gains(name, EYES, out / name) for name in track(RULES, "Examining rules", console=console)}
    taught = {
        (name, seed): exam.gains(model_of(out, name, seed), VARIANTS[name].eyes, folder_of(out, name, seed))
        for name, seed in track(runs, "Examining", console=console)
    }
    of_variants = {name: np.array([taught[name, seed] for seed in range(seeds)]) for name in VARIANTS}
    report = Travel(EXAMINED, len(MIX), rules, of_variants, reference="mix").report(KINDS)
    console.print_json(data=report["regret"])
    asked = {"seeds": seeds, "total_timesteps": total_timesteps, "students": students}
    write_json(results / "randomised-training.json", asked | report | {"env_id": env_id, "machine": machine()})
    save_figure(regret_figure(report["regret"]), picture)


def folder_of(out: Path, name: str, seed: int) -> Path:
    """Where a trained model lies."""
    return out / f"{name.replace(' ', '-')}-seed{seed}"


def model_of(out: Path, name: str, seed: int) -> str:
    """The trained model's file."""
    return str(folder_of(out, name, seed) / training.MODEL_FILE)


def regret_figure(found: dict[str, Any]) -> Any:
    """A row a variant, the best worst case on top: its regret on every student model of the mix.

    Grey is the interval of the greatest. What was trained on dkt alone would be far off on the right.
    """
    shown = [name for name in found if name not in EXAMINED or name in MIX]
    names = sorted(shown, key=lambda name: found[name][WORST]["value"], reverse=True)
    with new_figure(7.0, 1.1 + 0.27 * len(names), "Plotting regrets") as figure:
        axes = figure.subplots()
        for row, name in enumerate(names):
            worst = found[name][WORST]
            axes.plot([worst["low"], worst["high"]], [row, row], color=PALE, lw=6, solid_capstyle="butt", zorder=0)
        for model, marker in zip(MIX, "osD^", strict=True):
            values = [found[name][model] for name in names]
            axes.scatter(values, range(len(names)), s=24, marker=marker, label=f"on {model}", zorder=3, alpha=0.9)
        axes.axvline(0, color=GREY, lw=0.8)
        axes.set_yticks(range(len(names)), names, color=INK)
        axes.set_title("Regret of what was trained on ...")
        axes.set_xlabel("expected E_p less than the best policy trained has there")
        axes.legend(fontsize=8, loc="upper right")
    return figure


if __name__ == "__main__":
    typer.run(main)
