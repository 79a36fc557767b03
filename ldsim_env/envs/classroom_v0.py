"""# Classroom.

| Import             | `from ldsim_env.envs import classroom_v0`                            |
|--------------------|----------------------------------------------------------------------|
| Actions            | Discrete (`action="embedding"`: continuous)                          |
| Parallel API       | Yes                                                                  |
| Manual Control     | No                                                                   |
| Agents             | `agents = ["student_0", "student_1", ..., "student_7"]`              |
| Agents             | 8 (`n_students`)                                                     |
| Action Shape       | (1,)                                                                 |
| Action Values      | Discrete(n_questions)                                                |
| Observation Shape  | `observation`: (2 * K + 3,), `action_mask`: (n_questions,)           |
| Observation Values | [0, 1]                                                               |
| State Shape        | (n_students * (2 * K + 3),)                                          |
| State Values       | [0, 1]                                                               |

n students are taught at once, one recommender agent each. The agents share the questions: as adaptive tests limit how
many examinees see an item (item exposure control), a question may be given to at most `exposure_limit` students of a
class, and the class may have a `question_budget` that all draw on. An agent that takes the best questions leaves the
others without them.

What a student is, how he answers and learns, and all rules that concern one student alone are those of
`ldsim_env.envs.LDSimEnv`; its page (`help(ldsim_env.envs.LDSimEnv)`) describes them, for the K concepts and n_questions
questions of a bank. Where no limit binds, `student_i` of a class seeded with s has the very episode of a single
environment seeded with s + i, so that a class and single lessons can be compared as pairs.

### Observation Space

A dict for each agent, the same space for all:

- `"observation"`: the vector that `LDSimEnv` gives for `observation="flat"` (or `"history"` or `"latent"`), float32 in
  [0, 1] (latent: ±10). With a `question_budget` one number more, at the end: the share of it that is used;
- `"action_mask"`: int8, see below.

With `action="embedding"` there is no mask, and the observation is the vector.

`state()` gives the vectors of all students, one after another, those who left included.

#### Legal Actions Mask

The mask has 1 for the actions that ask a question which may be asked: not asked of this student before in the episode
(unless `allow_repeats=True`), and not given to `exposure_limit` students yet. To repeat a question to a student exposes
it to nobody new. Where the question budget is used up, all are 0. The same mask is in the infos. A masked action is
never replaced by another: the step passes without a question (with `masked_action="error"` it raises).

### Action Space

`Discrete(n_questions)`: the question to ask, by its index in the bank. `action="concept"`, `"candidates"` and
`"embedding"` are as in `LDSimEnv`; a concept's question, the candidates and the nearest question are chosen among those
that may be asked.

All agents act at once, and a mask doesn't know of the others' actions. Where in one step more agents want a question
than may still be given it, or more questions are wanted than the budget has left, the students are served in an order
drawn anew for every step, all orders being equally likely. The step of those who come too late passes without a
question: `info["conflict"]` is True, `info["asked"]` False. The order takes one random number a student at every step,
whether it decides anything or not.

### Rewards

The reward of one student is a reward term of `LDSimEnv`, or a weighted sum of them: `reward_terms="step_gain"`, say,
which adds up to the student's normalised learning gain E_p.

- `reward="own"`: an agent is rewarded for its own student;
- `reward="class_mean"`: every agent gets the mean over all n students of the class. Those who left count as 0, so the
  rewards add up to the class's mean E_p for whoever stays to the end.

The terms of an agent's own student are in `info["reward_terms"]` either way.

### Starting State

`reset(seed=...)` draws for each student one of the cohort and its targets, as `LDSimEnv` does; two agents may teach
copies of the same student. Nothing has been asked. The options of `LDSimEnv` (`student`, `history`, `targets`,
`response_noise`) hold for all students, or by agent for one of them, and then go before the others:

    env.reset(seed=0, options={"targets": ["Ordering Fractions"], "student_0": {"student": 7}})

### Episode End

An agent's episode ends and it leaves `agents`; the others go on. Termination:

1. The mastery of all its student's targets is at least `mastery_threshold`.
2. No question is left that may be asked of its student: all were, the others were given to `exposure_limit` students,
   or the question budget is used up.

Truncation, of all agents together:

1. The episode has `max_episode_steps` steps.

### Information

As in `LDSimEnv`, for the agent's own student; and after `step`:

- `conflict`: whether the question could have been asked but others were served first.

`env.exposure` has the number of students that each question was given to, `env.questions_left` what is left of the
budget (of the parallel environment; `.unwrapped` of an AEC environment).

### Arguments

``` python
from ldsim_env.envs import classroom_v0

env = classroom_v0.parallel_env(n_students=8, exposure_limit=2, reward="class_mean")
```

- `n_students=8`: number of students and agents;
- `bank="ASSIST09"`: name of a bundled bank, or the path of a simulator's folder;
- `exposure_limit=2`: students that a question may be given to; None is all of them;
- `question_budget=None`: questions that may be asked in the class in an episode; None has no limit;
- `reward="own"`: `"own"` or `"class_mean"`;
- `reward_terms="step_gain"`: what `LDSimEnv` calls `reward`: a reward term, or weights by name;
- `max_episode_steps=30`: steps after which the class is truncated;
- `render_mode=None`: `"ansi"` for a table of text, one line a student.

All other arguments of `LDSimEnv` are taken, `observation="dict"` excepted: `student_model`, `observer`, `students`,
`cohort_split`, `action`, `targets`, ...

`parallel_env` makes a `pettingzoo.ParallelEnv`; `env` and `raw_env` make an AEC environment by PettingZoo's own
conversion, `env` with the checks of its `OrderEnforcingWrapper`: agents act in turn, and the class takes its step once
all have. The student model takes one forward pass for all students. PettingZoo comes with the extra `classroom`.

### Version History

* v0: first version
"""

from __future__ import annotations

from functools import cache
from typing import Any

from ldsim_env.envs.classroom import Classroom
from ldsim_env.errors import missing_extra

__all__ = ["env", "parallel_env", "raw_env"]


def parallel_env(**arguments: Any) -> Any:
    """The class as a `pettingzoo.ParallelEnv`; see the module for the arguments.

    Raises:
        SettingsError: If an argument has a wrong value.
        MissingExtraError: If PettingZoo is not installed.
    """
    return _environment_class()(**arguments)


def raw_env(**arguments: Any) -> Any:
    """The class as a `pettingzoo.AECEnv`, without wrappers; see `parallel_env`."""
    made = parallel_env(**arguments)  # tells of it where PettingZoo is absent
    from pettingzoo.utils.conversions import parallel_to_aec_wrapper  # noqa: PLC0415  (an optional package)

    return parallel_to_aec_wrapper(made)


def env(**arguments: Any) -> Any:
    """The class as a `pettingzoo.AECEnv` that tells of calls out of order; see `parallel_env`."""
    made = raw_env(**arguments)
    from pettingzoo.utils.wrappers import OrderEnforcingWrapper  # noqa: PLC0415  (an optional package)

    return OrderEnforcingWrapper(made)


@cache
def _environment_class() -> type[Any]:
    """`Classroom` as a subclass of PettingZoo's own `ParallelEnv`, which is imported only now."""
    try:
        from pettingzoo import ParallelEnv  # noqa: PLC0415  (an optional package)
    except ImportError as error:
        raise missing_extra("classroom", "A class of students for PettingZoo", error) from error

    def reduce(made: Any) -> tuple[Any, ...]:
        return _empty, (), vars(made)  # pickle finds a class by the module's name for it, which this one hasn't

    members = {"__doc__": Classroom.__doc__, "__module__": __name__, "__reduce__": reduce}
    return type("ClassroomParallelEnv", (Classroom, ParallelEnv), members)


def _empty() -> Any:
    """An environment that is yet to be filled, for pickle and copy."""
    return object.__new__(_environment_class())
