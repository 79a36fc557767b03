"""A class of students: PettingZoo's own tests, its AEC form, options, copies, pictures, wrong input, the page."""

import ast
import copy
import inspect
import pickle
import re
import subprocess
import sys
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from gymnasium.error import InvalidAction, ResetNeeded

from ldsim_env.envs import classroom_v0
from ldsim_env.envs.class_settings import ClassSettings
from ldsim_env.envs.classroom import Classroom
from ldsim_env.errors import MissingExtraError, SettingsError
from tests.envs.classes import N, arguments, asked, classroom, moving_student, same, steady

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # PettingZoo's tests import its games by a way that it deprecates
    from pettingzoo import AECEnv, ParallelEnv
    from pettingzoo.test import api_test, parallel_api_test, parallel_seed_test, seed_test, state_test
    from pettingzoo.test.save_obs_test import test_save_obs as save_obs_test

# ---- PettingZoo's own tests -----------------------------------------------------------------------------------------

MODES: list[dict[str, Any]] = [
    {},
    {"exposure_limit": None, "reward": "class_mean", "mastery_threshold": 0.4},
    {"action": "concept", "observation": "history", "history_length": 3},
    {"action": "candidates", "n_candidates": 4},
    {"action": "embedding", "observation": "latent"},
    {"question_budget": 20, "allow_repeats": True},
]
each_mode = pytest.mark.parametrize("mode", MODES, ids=[" ".join(mode) or "default" for mode in MODES])

OF_EVERY_MASK = [
    # What `api_test` says of every dict with a mask, but for six games of PettingZoo's own that it knows by name.
    "ignore:Observation is not a NumPy array",
    "ignore:Observation space for each agent probably should be gymnasium.spaces.box",
]


@each_mode
def test_parallel_api(mode: dict[str, Any]) -> None:
    env = classroom(student=moving_student(4), **mode)
    assert isinstance(env, ParallelEnv)
    parallel_api_test(env, num_cycles=100)
    state_test(classroom_v0.env(n_students=N, **arguments(moving_student(4), mode)), env)


@each_mode
def test_aec_api(mode: dict[str, Any]) -> None:
    env = classroom_v0.env(n_students=N, **arguments(moving_student(4), mode))
    assert isinstance(env, AECEnv)
    with warnings.catch_warnings():
        if mode.get("action") != "embedding":
            for line in OF_EVERY_MASK:
                warnings.filterwarnings(*line.split(":"))
        if "question_budget" in mode:  # on the last step nothing may be asked, as it should be
            warnings.filterwarnings("ignore", "Action mask numpy array is all zeros")
        api_test(env, num_cycles=100)


@each_mode
def test_seeds(mode: dict[str, Any]) -> None:
    student = moving_student(4)
    parallel_seed_test(lambda: classroom(student=student, **mode))
    seed_test(lambda: classroom_v0.env(n_students=N, **arguments(student, mode)), num_cycles=40)


def test_observations_are_no_pictures(capsys: pytest.CaptureFixture[str]) -> None:
    save_obs_test(classroom_v0.env(**arguments(None, {})))
    assert "did not save the observations" in capsys.readouterr().out


# ---- AEC, options, copies, pictures ---------------------------------------------------------------------------------


def test_aec_form_takes_the_same_steps() -> None:
    given = arguments(moving_student(2), {"max_episode_steps": 4})
    parallel, aec = classroom_v0.parallel_env(n_students=N, **given), classroom_v0.env(n_students=N, **given)
    parallel.reset(seed=3)
    aec.reset(seed=3)
    for question in range(4):
        actions = {agent: question + row for row, agent in enumerate(parallel.agents)}
        observations, rewards, _, truncated, _ = parallel.step(actions)
        for agent in list(actions):
            assert aec.agent_selection == agent
            aec.step(actions[agent])
        assert aec.rewards == rewards
        assert aec.truncations == truncated
        assert np.array_equal(aec.observe("student_2")["observation"], observations["student_2"]["observation"])
    for _ in range(N):
        aec.step(None)
    assert aec.agents == []
    assert not isinstance(classroom_v0.raw_env(**given), type(aec))


def test_options_for_all_and_for_one() -> None:
    env = classroom()
    _, infos = env.reset(
        seed=0, options={"targets": ["Halves"], "student_1": {"student": 2}, "student_2": {"targets": [3]}}
    )
    assert [info["targets"].tolist() for info in infos.values()] == [[1], [1], [3]]
    assert infos["student_1"]["student"] == env.reset(options={"student": 2})[1]["student_0"]["student"]


def test_pinned_noise_decides_every_response() -> None:
    env = classroom(exposure_limit=None)
    env.reset(seed=0, options={"response_noise": [0.0, 0.999999]})
    responses = [[info["response"] for info in env.step(same(env, question))[4].values()] for question in (0, 1)]
    assert responses == [[1] * N, [0] * N]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target": [0]}, "options: unknown key 'target'. Did you mean 'targets'"),
        ({"student_3": {}}, "options: unknown key 'student_3'"),
        ({"student_1": 5}, r"options\['student_1'\]: expected a dict"),
        ({"student_1": {"student": 99}}, r"options\['student'\]: expected an index"),
        ([], "options: expected a dict"),
    ],
)
def test_wrong_options(options: Any, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        classroom().reset(options=options)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))])
def test_copies_go_their_own_way(copied: Callable[[Any], Any]) -> None:
    env = classroom(exposure_limit=1)
    env.reset(seed=2)
    env.step(same(env, 0))
    twin = copied(env)
    assert type(twin) is type(env)
    ahead = [twin.step(same(twin, question))[4] for question in (1, 2, 3)]
    again = [env.step(same(env, question))[4] for question in (1, 2, 3)]
    assert [asked(infos) for infos in ahead] == [asked(infos) for infos in again]
    assert env.exposure.tolist() == twin.exposure.tolist()


def test_aec_form_can_be_pickled() -> None:
    env = classroom_v0.env(**arguments(None, {}))
    env.reset(seed=1)
    twin = pickle.loads(pickle.dumps(env))
    for one in (env, twin):
        one.step(0)
    assert twin.agent_selection == env.agent_selection == "student_1"


def test_infos_stay_true_when_read_late() -> None:
    env, twin = classroom(exposure_limit=1), classroom(exposure_limit=1)
    env.reset(seed=2)
    twin.reset(seed=2)
    late = env.step(same(env, 0))[4]
    early = {agent: dict(info) for agent, info in twin.step(same(twin, 0))[4].items()}
    env.step(same(env, 1))
    for agent, info in late.items():
        for key in ("exam_score", "response", "asked"):
            assert info[key] == early[agent][key]
        assert np.array_equal(info["action_mask"], early[agent]["action_mask"])


def test_state_has_all_students() -> None:
    env = classroom(question_budget=9)
    observations, _ = env.reset(seed=0)
    assert env.state() in env.state_space
    assert np.array_equal(env.state(), np.concatenate([one["observation"] for one in observations.values()]))


def test_the_class_as_a_table() -> None:
    env = steady(render_mode="ansi", mastery_threshold=0.3, question_budget=9)
    env.step({"student_0": 0, "student_1": 3, "student_2": 3})
    env.step({"student_1": 3, "student_2": 4})
    head, *lines = env.render().splitlines()
    assert head.startswith(
        "Class of 3   step 2/30   mean exam 0.200 -> 0.233   mean learning gain +0.042   questions 4 of 9"
    )
    assert head.endswith("most given question: 2 of at most 3 students")
    assert re.fullmatch(r"  student_0  given history    ██+░+ 0.200 -> 0.300  \+0.125  [✓✗] end", lines[0])
    assert re.fullmatch(r"  student_1  .+  \+0.000  [✓✗]·", lines[1])


def test_rendering_needs_a_mode_and_a_class() -> None:
    with pytest.warns(UserWarning, match="without a render mode"):
        assert classroom().render() is None
    for reading in (lambda env: env.render(), lambda env: env.state(), lambda env: env.step({})):
        with pytest.raises(ResetNeeded, match="reset"):
            reading(classroom(render_mode="ansi"))


# ---- wrong input ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_students": 0}, "n_students: expected a whole number of at least 1, got 0"),
        ({"exposure_limit": 0}, "exposure_limit: expected a whole number"),
        ({"question_budget": 2.5}, "question_budget: expected a whole number"),
        ({"max_episode_steps": None}, "max_episode_steps: expected a whole number"),
        ({"reward": "class-mean"}, "reward: unknown value 'class-mean'. Did you mean 'class_mean'"),
        ({"reward_terms": "step_gian"}, "unknown reward term 'step_gian'. Did you mean 'step_gain'"),
        ({"observation": "dict"}, "observation: 'dict' is for a single student"),
        ({"exposure_limits": 2}, "unknown argument 'exposure_limits'. Did you mean 'exposure_limit'"),
        ({"render_mode": "human"}, "render_mode: unknown render mode 'human'"),
    ],
)
def test_wrong_arguments(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        classroom(**{"n_students": N} | arguments)


@pytest.mark.parametrize(
    ("actions", "message"),
    [
        ({"student_0": 0}, r"expected one for each of \['student_0', 'student_1', 'student_2'\]"),
        ({"student_0": 0, "student_1": 1, "student_2": 2, "student_3": 3}, "expected one for each"),
        (None, "actions: expected a dict with one for each of .*, got None"),
        ([0, 1, 2], r"actions: expected a dict .* got \[0, 1, 2\]"),
        ({"student_0": 0, "student_1": 1, "student_2": 12}, "student_2: action: expected a question index"),
        ({"student_0": 0, "student_1": None, "student_2": 1}, "student_1: action: expected a question index"),
        ({"student_0": 1, "student_1": 0, "student_2": 2}, r"actions: \{'student_1': 0\} are masked"),
    ],
)
def test_wrong_actions_change_nothing(actions: Any, message: str) -> None:
    env = classroom(exposure_limit=1, masked_action="error")
    env.reset(seed=0)
    env.step({"student_0": 0, "student_1": 8, "student_2": 9})
    with pytest.raises(InvalidAction, match=message):
        env.step(actions)
    assert env.exposure.sum() == 3
    assert asked(env.step({"student_0": 1, "student_1": 2, "student_2": 3})[4]) == [True] * N


def test_without_pettingzoo_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pettingzoo", None)
    classroom_v0._environment_class.cache_clear()
    for make in (classroom_v0.parallel_env, classroom_v0.raw_env, classroom_v0.env):
        with pytest.raises(MissingExtraError, match=r"pip install 'ldsim-env\[classroom\]'"):
            make()
    classroom_v0._environment_class.cache_clear()


def test_importing_the_room_does_not_import_pettingzoo() -> None:
    code = "import sys; from ldsim_env.envs import classroom_v0; print('pettingzoo' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


# ---- the manual page ------------------------------------------------------------------------------------------------

DOC = classroom_v0.__doc__ or ""
SECTIONS = [
    "Observation Space",
    "Action Space",
    "Rewards",
    "Starting State",
    "Episode End",
    "Information",
    "Arguments",
    "Version History",
]


def test_the_page_has_all_sections() -> None:
    assert re.findall(r"^### (.+)$", DOC, flags=re.M) == SECTIONS


def test_defaults_of_the_page_are_those_of_the_code() -> None:
    written = re.findall(r"^- `(\w+)=(.+?)`:", DOC.split("### Arguments")[1], flags=re.M)
    parameters = inspect.signature(Classroom).parameters.values()
    defaults = [(one.name, one.default) for one in parameters if one.default is not one.empty]
    assert [(name, ast.literal_eval(value)) for name, value in written] == defaults
    fields = inspect.signature(ClassSettings).parameters
    assert {name: one.default for name, one in fields.items()}.items() <= dict(defaults).items()
