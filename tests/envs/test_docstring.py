"""The class docstring is the user's manual: it is complete and says what the code does."""

import ast
import inspect
import re

from ldsim_env.envs import REWARD_TERMS, LDSimEnv
from ldsim_env.envs.rewards import TERMS
from tests.envs.fake_student import small_env

DOC = inspect.getdoc(LDSimEnv) or ""
SECTIONS = [
    "Description",
    "Action Space",
    "Observation Space",
    "Rewards",
    "Starting State",
    "Episode End",
    "Information",
    "Arguments",
    "Version History",
]


def section(name: str) -> str:
    return re.split(r"^## ", DOC.split(f"## {name}\n")[1], flags=re.M)[0]


def test_sections_stand_in_gymnasiums_order() -> None:
    assert re.findall(r"^## (.+)$", DOC, flags=re.M) == SECTIONS
    assert all(section(name).strip() for name in SECTIONS)


def test_defaults_are_those_of_the_signature() -> None:
    written = re.findall(r"^- `(\w+)=(.+?)`:", section("Arguments"), flags=re.M)
    signature = inspect.signature(LDSimEnv.__init__)
    defaults = [
        (name, parameter.default)
        for name, parameter in signature.parameters.items()
        if name != "self" and parameter.kind is not inspect.Parameter.VAR_KEYWORD
    ]
    assert [(name, ast.literal_eval(value)) for name, value in written] == defaults


def test_settings_have_the_defaults_of_the_environment() -> None:
    from ldsim_env.envs import EnvSettings

    assert small_env(min_questions=EnvSettings.min_questions, n_targets=3, targets=[0]).settings == EnvSettings()


def test_every_reward_term_is_described() -> None:
    assert re.findall(r"^\| `(\w+)` \|", section("Rewards"), flags=re.M) == list(REWARD_TERMS)
    assert REWARD_TERMS is TERMS


def test_every_info_key_is_described() -> None:
    env = small_env()
    _, start = env.reset(seed=0)
    info = env.step(0)[4]
    first, second = section("Information").split("`step` also returns")
    named = [re.findall(r"^- (.+?):", part, flags=re.M) for part in (first, second)]
    keys = [set(re.findall(r"`(\w+)`", " ".join(part))) for part in named]
    assert keys[0] == set(start) | {"candidates", "uncertainty"}  # there for a kind of action, and with an ensemble
    assert keys[1] == set(info) - set(start)


def test_the_step_limit_is_described() -> None:
    import ldsim_env

    assert f"The episode has {30} steps." in section("Episode End")
    assert all(env_id.startswith("LDSim-") for env_id in ldsim_env.register_envs())
