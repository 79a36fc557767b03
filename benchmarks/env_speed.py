"""Measure the speed and memory of the environments: single, batched, in Stable-Baselines3, and peers beside them.

    python benchmarks/env_speed.py [--bank ASSIST09] [--threads 2] [--only batched single ...]

Absolute figures hold for the machine that is written with them; ratios are taken within one run.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import gymnasium as gym
import numpy as np
import torch
from parts.machine import machine
from parts.steps import model_step, single_step, vector_step
from parts.timing import TimedCall, rate, seconds_of, spread
from parts.transformer_student import TransformerStudent

sys.path.insert(0, str(Path(__file__).parents[1]))  # `agents` is not installed; it lies beside this folder

from ldsim_env.envs import Cohort, LDSimEnv, LDSimVectorEnv, rollout_memory, to_sb3
from ldsim_env.files import write_json
from ldsim_env.logs import ResponseLog, StudentHistory
from ldsim_env.simulator import StudentModel, load_simulator, simulator_folder

RESULTS = Path(__file__).parent / "results"
N_STUDENTS = (1, 64, 1024)
REPEATS = 5
FORMS = {"eager": False, "compiled": True}
PPO_SETTINGS: dict[str, Any] = {"n_steps": 32, "batch_size": 1024, "n_epochs": 1, "seed": 0, "device": "cpu"}
IMPORT = "import time; t = time.perf_counter(); import {package}; print(time.perf_counter() - t)"
FIRST_STEP = """
import time; t = time.perf_counter()
import gymnasium, ldsim_env
env = gymnasium.make("LDSim-{bank}-v0"); env.reset(seed=0); env.step(0)
print(time.perf_counter() - t)
"""
MEMORY = """
import ctypes, gc, torch
from pathlib import Path
from ldsim_env.envs import LDSimVectorEnv
torch.set_num_threads(1)
env = LDSimVectorEnv({n}, "{bank}")
env.reset(seed=0)
for question in range(5):
    infos = env.step([question] * {n})[4]
    if not {infos_kept}:
        del infos
gc.collect()
getattr(ctypes.CDLL(None), "malloc_trim", int)(0)  # memory that is free already is given back
print(next(line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line[:5] == "VmRSS"))
"""


def main() -> None:
    """Take the measures that were asked for, print and write them."""
    measures = {measure.__name__: measure for measure in MEASURES}
    options = _options(list(measures))
    torch.set_num_threads(options.threads)
    report: dict[str, Any] = {"bank": options.bank, "machine": machine()}
    for name in options.only or measures:
        report[name] = _alone(measures[name], options.bank, options.threads)
        print(name, json.dumps(report[name], indent=2), flush=True)
        write_json(options.out, report)
    print(f"written to {options.out}")


# ---- this package -------------------------------------------------------------------------------------------------


def start(bank: str) -> dict[str, Any]:
    """Seconds in fresh processes: to import the package, Gymnasium alone, and from nothing to the first step."""
    scripts = {
        "import ldsim_env": IMPORT.format(package="ldsim_env"),
        "import gymnasium": IMPORT.format(package="gymnasium"),
        "import torch": IMPORT.format(package="torch"),
        "from nothing to the first step": FIRST_STEP.format(bank=bank),
    }
    return {name: spread([_fresh(script) for _ in range(REPEATS)]) for name, script in scripts.items()}


def single(bank: str) -> dict[str, Any]:
    """Steps a second of the single environment, and the share of the time in the student model's step."""
    return {name: _single(bank, compiled) for name, compiled in FORMS.items()}


def _single(bank: str, compiled: bool) -> dict[str, Any]:
    env = gym.make(f"LDSim-{bank}-v0", compiled=compiled)
    rates = {"steps_per_second": rate(single_step(env))}
    return {**rates, **_share(env.unwrapped, single_step(env), 1)}


def batched(bank: str) -> dict[str, Any]:
    """Student-steps a second of the batched form, beside the student model alone."""
    rates: dict[str, Any] = {str(n): {} for n in N_STUDENTS}
    for (name, compiled), n in product(FORMS.items(), N_STUDENTS):  # all that is eager comes first, see `_alone`
        rates[str(n)][name] = _batched(bank, n, compiled)
    return rates


def _batched(bank: str, n: int, compiled: bool) -> dict[str, Any]:
    env = LDSimVectorEnv(n, bank, compiled=compiled)
    rates = {"steps_per_second": rate(vector_step(env), n)}
    if not compiled:
        rates["student_model_alone"] = rate(model_step(load_simulator(bank), n), n)
    return {**rates, **_share(env, vector_step(env), n)}


def masks(bank: str) -> dict[str, Any]:
    """Student-steps a second where the masks are asked for at every step."""
    return {str(n): {"steps_per_second": rate(vector_step(LDSimVectorEnv(n, bank), True), n)} for n in N_STUDENTS[1:]}


def sync_vector_env(bank: str) -> dict[str, Any]:
    """Student-steps a second of Gymnasium's own batch of single environments."""
    n = N_STUDENTS[1]
    env = gym.make_vec(f"LDSim-{bank}-v0", n, "sync")
    return {str(n): {"steps_per_second": rate(vector_step(env), n)}}


def history_length(bank: str) -> dict[str, Any]:
    """Seconds of a step after histories of 10 and of 1,000 interactions, in turn, and their ratio."""
    model = load_simulator(bank)
    steps = {length: _step_after(model, bank, length) for length in (10, 1000)}
    for step in steps.values():
        seconds_of(step, 35)
    pairs = [{length: seconds_of(step, 300) for length, step in steps.items()} for _ in range(4 * REPEATS)]
    seconds = {str(length): spread([pair[length] for pair in pairs]) for length in steps}
    return {"seconds": seconds, "ratio": spread([pair[1000] / pair[10] for pair in pairs])}


def memory(bank: str) -> dict[str, Any]:
    """Bytes of memory kept for each student more, states included, between steps; with the last infos and without."""
    kept = {"bytes_per_student": False, "bytes_per_student_infos_kept": True}
    return {name: spread([_bytes_per_student(bank, infos_kept) for _ in range(3)]) for name, infos_kept in kept.items()}


def _bytes_per_student(bank: str, infos_kept: bool) -> float:
    few, many = 1024, 9216
    before, after = (_fresh(MEMORY.format(n=n, bank=bank, infos_kept=infos_kept)) * 1024 for n in (few, many))
    return (after - before) / (many - few)


def sb3_ppo(bank: str) -> dict[str, Any]:
    """Steps a second of PPO training with 64 students: a plain policy on questions and on concepts, and our agent's."""
    actions = {action: _ppo_rates(_plain_ppo(bank, action)) for action in ("question", "concept")}
    return {"settings": PPO_SETTINGS, **actions, "question, agents/ppo.py": _ppo_rates(_own_ppo(bank))}


def _plain_ppo(bank: str, action: str) -> Any:
    from stable_baselines3 import PPO  # noqa: PLC0415  (an optional package)

    return PPO("MlpPolicy", to_sb3(f"LDSim-{bank}-v0", num_envs=N_STUDENTS[1], action=action), **PPO_SETTINGS)


def _own_ppo(bank: str) -> Any:
    """The default agent, which scores groups of questions and has masks, on batches of the same size."""
    from agents.ppo import PPOSettings, make_model  # noqa: PLC0415  (with optional packages)
    from agents.training import make_env  # noqa: PLC0415

    sizes = {name: PPO_SETTINGS[name] for name in ("n_steps", "batch_size", "n_epochs", "seed")}
    settings = PPOSettings(env_id=f"LDSim-{bank}-v0", n_envs=N_STUDENTS[1], reward="step_gain", **sizes)
    return make_model(settings, make_env(settings))


def _ppo_rates(model: Any) -> dict[str, Any]:
    env = model.get_env()
    print(rollout_memory(env, PPO_SETTINGS["n_steps"]))
    steps = PPO_SETTINGS["n_steps"] * env.num_envs
    model.learn(steps)
    alone = _without_environment(model)
    model.collect_rollouts = rollouts = TimedCall(model.collect_rollouts)
    training = [steps / _seconds(lambda: model.learn(steps)) for _ in range(REPEATS)]
    return {
        "n_actions": int(model.action_space.n),
        "steps_per_second": spread(training),
        "rollouts_alone": REPEATS * steps / rollouts.seconds,
        "ppo_alone": alone,
    }


def _without_environment(model: Any) -> dict[str, float]:
    """The same training where the environment answers from memory: what PPO itself takes."""
    env = model.get_env()
    result = env.step(np.zeros(env.num_envs, int))
    real, env.step = env.step, lambda _: result
    steps = model.n_steps * env.num_envs
    rates = [steps / _seconds(lambda: model.learn(steps, reset_num_timesteps=False)) for _ in range(REPEATS)]
    env.step = real
    return spread(rates)


# ---- beside it ----------------------------------------------------------------------------------------------------


def cartpole(_: str) -> dict[str, Any]:
    """Gymnasium's CartPole in both forms."""
    n = N_STUDENTS[-1]
    forms = {
        "sync": gym.make_vec("CartPole-v1", n, "sync"),
        "batched": gym.make_vec("CartPole-v1", n, "vector_entry_point"),
    }
    rates = {f"{form}, {n}": {"steps_per_second": rate(vector_step(env), n)} for form, env in forms.items()}
    return {"single": {"steps_per_second": rate(single_step(gym.make("CartPole-v1")))}, **rates}


def transformer_student(bank: str) -> dict[str, Any]:
    """The batched form with a transformer that reads the last 200 interactions at every step."""
    model = TransformerStudent(load_simulator(bank).bank)
    cohort = Cohort.load(simulator_folder(bank), model.bank)
    few = Cohort(cohort.histories.select(range(8)), cohort.is_eval[:8] & False)
    env = {n: LDSimVectorEnv(n, student_model=model, students=few) for n in N_STUDENTS[:2]}
    return {str(n): {"steps_per_second": rate(vector_step(env[n]), n, warm_up=2)} for n in env}


# ---- how it is done -----------------------------------------------------------------------------------------------


def _alone(measure: Callable[[str], Any], bank: str, threads: int) -> Any:
    """What a measure gives in a process of its own.

    Compiled code brings a second pool of threads that waits beside torch's own: what is eager is 8% slower after it.
    """
    with ProcessPoolExecutor(1, get_context("spawn"), torch.set_num_threads, (threads,)) as process:
        return process.submit(measure, bank).result()


def _share(env: Any, step: Callable[[], None], n: int) -> dict[str, float]:
    """Share of an environment's time that is spent in the step of the student model."""
    seconds_of(step, 62)
    learners = env._teaching.learners
    plain, timed = learners._step, TimedCall(learners._step)
    learners._step = timed
    calls = max(62, 20_000 // n)
    total = calls * seconds_of(step, calls)
    learners._step = plain
    return {"share_in_student_model": timed.seconds / total}


def _step_after(model: StudentModel, bank: str, length: int) -> Callable[[], None]:
    """Steps of one student with so long a history, who is never reset."""
    random = np.random.default_rng(0)
    history = StudentHistory(
        str(length),
        random.integers(0, model.bank.n_questions, length).astype(np.int32),
        random.integers(0, 2, length).astype(np.int8),
    )
    log = ResponseLog.from_histories(model.bank, [history])
    env = LDSimEnv(bank, student_model=model, students=Cohort(log, np.array([False])), mastery_threshold=1.0)
    return single_step(env)


def _seconds(call: Callable[[], Any]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


def _fresh(script: str) -> float:
    """What a script prints in a process of its own."""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return float(done.stdout)


MEASURES: tuple[Callable[[str], Any], ...] = (
    start,
    single,
    batched,
    masks,
    sync_vector_env,
    history_length,
    memory,
    sb3_ppo,
    cartpole,
    transformer_student,
)


def _options(measures: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bank", default="ASSIST09", help="a bundled bank")
    parser.add_argument("--threads", type=int, default=2, help="torch threads")
    parser.add_argument("--only", nargs="+", choices=measures, help="only these measures")
    parser.add_argument("--out", type=Path, default=RESULTS / "env-speed.json")
    return parser.parse_args()


if __name__ == "__main__":
    main()
