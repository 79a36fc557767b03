"""Wrong inputs and what each says: the list behind `docs/wrong-inputs.md`.

``python -m tests.envs.wrong_inputs`` writes the page anew; `test_wrong_inputs` keeps it in step.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import gymnasium as gym
import numpy as np

from ldsim_env.envs import LDSimEnv, classroom_v0, to_sb3
from ldsim_env.envs.vector_env import LDSimVectorEnv
from tests.envs.fake_student import small_arguments

PAGE = Path(__file__).parents[2] / "docs" / "wrong-inputs.md"
HEAD = """# Wrong inputs, and what each says

Everything below was tried as it stands, on a bank of 12 questions and 4 concepts; the messages are the real ones
(`python -m tests.envs.wrong_inputs` writes this page, `tests/envs/test_wrong_inputs.py` keeps it in step). Nothing has
changed after an error: the environment can go on.
"""


class Wrong(NamedTuple):
    """One wrong input."""

    section: str
    shown: str  # what the user wrote
    tried: Callable[[], Any]


def env(**arguments: Any) -> LDSimEnv:
    """An environment that waits for its first reset."""
    return LDSimEnv(**small_arguments(None, arguments))  # type: ignore[arg-type]


def begun(**arguments: Any) -> LDSimEnv:
    """An environment in an episode."""
    made = env(**arguments)
    made.reset(seed=0)
    return made


def envs(**arguments: Any) -> LDSimVectorEnv:
    """A batched environment of three students, begun."""
    made = LDSimVectorEnv(3, **small_arguments(None, arguments))  # type: ignore[arg-type]
    made.reset(seed=0)
    return made


def made_with(shown: str, **arguments: Any) -> Wrong:
    """A wrong argument."""
    return Wrong("Arguments of the environment", f"gym.make(ID, {shown})", lambda: env(**arguments))


def reset_with(shown: str, options: Any) -> Wrong:
    """A wrong option."""
    return Wrong("Options of reset", f"env.reset(options={shown})", lambda: env().reset(options=options))


def stepped(shown: str, step: Any, /, **arguments: Any) -> Wrong:
    """A wrong action."""
    return Wrong("Actions", shown, lambda: begun(**arguments).step(step))


def stepped_twice() -> None:
    """A question that was asked already."""
    made = begun(masked_action="error")
    made.step(5)
    made.step(5)


def closed() -> None:
    """A step of an environment that was closed."""
    made = envs()
    made.close()
    made.step([0, 1, 2])


def batched(shown: str, tried: Callable[[], Any]) -> Wrong:
    """Something wrong with the batched form."""
    return Wrong("Many students at once", shown, tried)


def of_class(shown: str, **arguments: Any) -> Wrong:
    """A wrong argument of a class."""
    all_arguments = small_arguments(None, arguments)
    return Wrong(
        "A classroom", f"classroom_v0.parallel_env({shown})", lambda: classroom_v0.parallel_env(**all_arguments)
    )


TRIED = (
    made_with('reward="step_gian"', reward="step_gian"),
    made_with('reward={"zpd": "much", "sucess": 1}', reward={"zpd": "much", "sucess": 1}),
    made_with("reward={}", reward={}),
    made_with('reward={"zpd": float("nan")}', reward={"zpd": float("nan")}),
    made_with('rewards="zpd"', rewards="zpd"),
    made_with('action="questions"', action="questions"),
    made_with('observation="latents"', observation="latents"),
    made_with('response="random"', response="random"),
    made_with('masked_action="ignore"', masked_action="ignore"),
    made_with("allow_repeats=1", allow_repeats=1),
    made_with("n_targets=0", n_targets=0),
    made_with("n_targets=9", n_targets=9),
    made_with("n_targets=2.5", n_targets=2.5),
    made_with("mastery_threshold=1.2", mastery_threshold=1.2),
    made_with("min_gap=0", min_gap=0),
    made_with('wished_success=float("nan")', wished_success=float("nan")),
    made_with('targets=["Halfs"]', targets=["Halfs"]),
    made_with("targets=[7, -1]", targets=[7, -1]),
    made_with("targets=[]", targets=[]),
    made_with('targets="weak"', targets="weak"),
    made_with('cohort_split="test"', cohort_split="test"),
    made_with("students=3", students=3),
    made_with('students="no-such-file.csv"', students="no-such-file.csv"),
    made_with("student_model=3", student_model=3),
    made_with('action="candidates", sampler="mixed"', action="candidates", sampler="mixed"),
    made_with('render_mode="gif"', render_mode="gif"),
    reset_with('{"studnet": 1}', {"studnet": 1}),
    reset_with("3", 3),
    reset_with('{"student": 99}', {"student": 99}),
    reset_with('{"student": "nobody"}', {"student": "nobody"}),
    reset_with('{"student": 1, "history": []}', {"student": 1, "history": []}),
    reset_with('{"history": [(0, 2), ("q99", 1), 3]}', {"history": [(0, 2), ("q99", 1), 3]}),
    reset_with('{"targets": ["Data", "Data"]}', {"targets": ["Data", "Data"]}),
    reset_with('{"response_noise": [0.5, 1.0]}', {"response_noise": [0.5, 1.0]}),
    reset_with('{"response_noise": [float("nan")]}', {"response_noise": [float("nan")]}),
    Wrong("Actions", "env.step(0) before the first reset", lambda: env().step(0)),
    Wrong("Actions", "env.action_masks() before the first reset", lambda: env().action_masks()),
    stepped("env.step(12)", 12),
    stepped("env.step(-1)", -1),
    stepped("env.step(0.5)", 0.5),
    stepped('env.step("q1")', "q1"),
    stepped("env.step(None)", None),
    Wrong("Actions", 'env.step(5) twice, masked_action="error"', stepped_twice),
    stepped('env.step([nan, ...]), action="embedding"', np.full(4, np.nan), action="embedding"),
    stepped('env.step([0, 0]), action="embedding"', np.zeros(2), action="embedding"),
    Wrong("Actions", 'env.action_masks(), action="embedding"', lambda: begun(action="embedding").action_masks()),
    Wrong("Actions", "env.expected_gains([3, 12])", lambda: begun().expected_gains([3, 12])),
    Wrong("Actions", "env.load_state(3)", lambda: begun().load_state(3)),  # type: ignore[arg-type]
    Wrong(
        "Actions",
        "env.load_state(state of another kind of environment)",
        lambda: begun(action="candidates").load_state(begun().save_state()),
    ),
    batched("num_envs=0", lambda: LDSimVectorEnv(0, **small_arguments(None, {}))),  # type: ignore[arg-type]
    batched("max_episode_steps=0", lambda: envs(max_episode_steps=0)),
    batched('autoreset_mode="now"', lambda: envs(autoreset_mode="now")),
    batched('render_mode="ansi"', lambda: envs(render_mode="ansi")),
    batched("envs.step([0, 1])", lambda: envs().step([0, 1])),
    batched("envs.step([0, 1, 12])", lambda: envs().step([0, 1, 12])),
    batched("envs.step([0.0, 1.0, 2.0])", lambda: envs().step([0.0, 1.0, 2.0])),
    batched("envs.reset(seed=[1, 2])", lambda: envs().reset(seed=[1, 2])),
    batched("envs.reset(seed=[1, 2, -3])", lambda: envs().reset(seed=[1, 2, -3])),
    batched(
        'envs.reset(options={"reset_mask": [True, False, False]})',
        lambda: envs().reset(options={"reset_mask": [True, False, False]}),
    ),
    batched("envs.step(...) after envs.close()", closed),
    batched("to_sb3(envs) with the autoreset mode NEXT_STEP", lambda: to_sb3(envs())),
    of_class("exposure_limit=0", exposure_limit=0),
    of_class('reward="mean"', reward="mean"),
    of_class("exposure_limits=2", exposure_limits=2),
    of_class('observation="dict"', observation="dict"),
)


def said(wrong: Wrong) -> str:
    """The error's class and message.

    Raises:
        AssertionError: If nothing was wrong with it.
    """
    try:
        wrong.tried()
    except Exception as error:
        message = re.sub(r"0x[0-9a-f]+", "0x...", " ".join(str(error).split()))
        return f"{type(error).__name__}: {message}"
    raise AssertionError(f"{wrong.shown}: nothing is said")


def page() -> str:
    """The page, with a table a section."""
    parts, section = [HEAD], ""
    for wrong in TRIED:
        if wrong.section != section:
            section = wrong.section
            parts.append(f"\n## {section}\n\n| tried | what it says |\n|---|---|\n")
        parts.append(f"| `{wrong.shown}` | {_escaped(said(wrong))} |\n")
    return "".join(parts)


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*")


if __name__ == "__main__":
    gym.logger.min_level = gym.logger.ERROR
    PAGE.write_text(page())
