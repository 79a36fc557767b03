"""The Gymnasium environment: one simulated student, taught by the agent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ldsim_env.envs.arguments import check_render_mode, make_teaching, refuse_unknown
from ldsim_env.envs.candidate_sampler import CandidateSampler
from ldsim_env.envs.rar_env import RarEnv
from ldsim_env.envs.settings import EnvSettings, check_choice
from ldsim_env.envs.single import SingleStudentEnv
from ldsim_env.simulator.protocol import StudentModel
from ldsim_env.teacher.graph import ConceptGraph


class LDSimEnv(SingleStudentEnv):
    """A simulated student who answers questions and learns from them; the agent chooses the questions.

    ## Description
    A student comes with a history of answered questions and should learn a few target concepts. At every step the agent
    (the recommender) asks one question of the bank. The student model says how probable a right answer is, the
    environment draws the answer, and the student's knowledge state moves. What counts is how much the mastery of the
    target concepts has risen at the end. The student model is LDSim (arXiv 2509.09226), fitted on real response logs,
    or any other with the four verbs of `ldsim_env.simulator.StudentModel`.

    ## Action Space
    | `action` | Space | Meaning |
    |---|---|---|
    | `"question"` | `Discrete(n_questions)` | index of the question to ask, in the order of `bank.question_ids` |
    | `"concept"` | `Discrete(K)` | index of a concept: its question with P(right) nearest `wished_success` |
    | `"candidates"` | `Discrete(n_candidates)` | place among the questions proposed for this step |
    | `"embedding"` | `Box(-1, 1, (d,), float32)` | point among the question vectors: the nearest question |

    The mask `info["action_mask"]`, which `action_masks()` gives as well, has 1 for the actions that ask a question. A
    question is asked at most once in an episode unless `allow_repeats=True`: `concept` and `embedding` choose among the
    others, a concept without any is masked, and so is a place without a candidate. A `Box` has no mask. An action that
    the mask forbids is never replaced by another: the step passes without a question (see `masked_action`).

    ## Observation Space
    `observation="flat"` is `Box(0, 1, (2 * K + 3,), float32)` for the bank's K concepts:

    | Index | Meaning | Min | Max | Known to a tutor in reality |
    |---|---|---|---|---|
    | 0 .. K-1 | mastery: P(right) on a question of middling difficulty of each concept | 0 | 1 | only as an estimate |
    | K .. 2K-1 | 1 for the target concepts, else 0 | 0 | 1 | yes |
    | 2K | 1 if the last response was right, else 0 | 0 | 1 | yes |
    | 2K+1 | 1 if the last response was wrong, else 0; both are 0 before the first response | 0 | 1 | yes |
    | 2K+2 | progress: steps so far / step budget | 0 | 1 | yes |

    The step budget is the environment's `max_episode_steps`; where there is no time limit it is 30, and progress stays
    at 1 from then on. The others:

    - `"dict"`: `Dict` with `"observations"`, the flat vector, and `"action_mask"`, `(n_actions,)` uint8 (not with a
      `Box` of actions): the shape that RLlib's action masking reads, and `MultiInputPolicy` of Stable-Baselines3;
    - `"history"`: what a tutor really sees, without an estimate: `Box(0, 1)` of the last L = `history_length`
      interactions, those before the episode included, the newest last, then K targets and progress. An interaction is
      (question index + 1) / n_questions, its K concepts as 0 and 1, its difficulty as the share of easier questions, 1
      if right, 1 if wrong; all 0 where there was none;
    - `"latent"`: as flat, with the observer's knowledge state in place of the mastery, cut off at ±10: for LDSim the K
      abilities in logits, the shared factors, log(1 + n) / 3 for the n questions on each concept, and a summary of the
      past.

    With `action="candidates"` the features of the candidates follow, one candidate after another; `"dict"` has them
    under `"candidates"`, `(n_candidates, 6)`. Each is in [0, 1]: may be asked (else all are 0), P(right), difficulty as
    the share of easier questions, share of the targets that it practises, share that it would be the first to practise,
    mean mastery of its concepts.

    Mastery, P(right) and the knowledge state are estimates of the `observer`, by default of the student model itself.

    ## Rewards
    With exam_t the mean mastery of the targets after step t, the default reward `step_gain` is

        (exam_t - exam_{t-1}) / max(1 - exam_0, min_gap)

    in [-1 / min_gap, 1]; over an episode it adds up to the normalised learning gain E_p. The exam is read from the
    state and never changes it. All terms are in `info["reward_terms"]`, whichever is the reward; those marked + try
    things out on the student model, which takes as long as a step or more, and are worked out when they are read:

    | Term | Meaning | Min | Max |
    |---|---|---|---|
    | `step_gain` | see above | -1 / min_gap | 1 |
    | `expected_gain` | + mean of `step_gain` over both answers: same optimum, far less noise | -1 / min_gap | 1 |
    | `final_gain` | E_p on the last step, 0 before | -1 / min_gap | 1 |
    | `retention` | + E_p on the last step after `retention_steps` other questions, 0 before | -1 / min_gap | 1 |
    | `exam_delta` | exam_t - exam_{t-1} | -1 | 1 |
    | `disagreement` | standard deviation of `step_gain` over an ensemble's members, else 0 | 0 | 1 / min_gap |
    | `pessimistic_gain` | `step_gain` - `pessimism` x `disagreement` | no bound | 1 |
    | `zpd` | 4 p (1 - p) for the question's P(right) p | 0 | 1 |
    | `success` | 1 for a right response | 0 | 1 |
    | `coverage` | share of the targets practised for the first time | 0 | 1 |

    `reward={"step_gain": 1.0, "zpd": 0.1}` is a weighted sum. On the last step there is nothing extra. The last step
    is the one that terminates or that the time limit truncates; without a time limit only the former. The exam of
    `retention` is taken by a copy of the student who has practised questions on concepts that are no targets, evenly
    spread over the bank and answered as the student model expects.

    ## Starting State
    `reset` draws a student of the cohort's split and `n_targets` different target concepts, all alike (or as `targets`
    says). The student's knowledge state is that of the student model after the history. A seed fixes student, targets
    and response noise: the same number of random numbers is used at each step whatever the action, so two policies with
    one seed meet the same noise.

    `reset(options=...)` takes:

    - `student`: index among the students of the split (`n_students` of them), or a student id;
    - `history`: list of (question index or question id, response 0 or 1) that takes the student's place;
    - `targets`: list of concept indices or names;
    - `response_noise`: list of numbers in [0, 1), one a step, that decide the first responses: right where P(right) is
      above the number.

    `save_state()` gives the whole state of the episode as a value, `load_state(value)` goes on from there; so policies
    can be branched from one student and meet the same noise.

    ## Episode End
    Termination:

    1. The mastery of all targets is at least `mastery_threshold` after a step.
    2. No question is left that may be asked.

    Truncation (by Gymnasium's `TimeLimit`, set with `gym.make(..., max_episode_steps=...)`):

    1. The episode has 30 steps.

    ## Information
    `reset` and `step` return these. The ones marked * are diagnostic: no tutor knows them, agents shouldn't read them.
    They are the student model's, whoever the observer is.

    - `action_mask`: uint8, 1 for the actions that ask a question; not with `action="embedding"`;
    - `mastery`*: `(K,)` float32;
    - `observed_mastery`: `(K,)` float32, mastery as the observer estimates it;
    - `exam_score`*: mean mastery of the targets;
    - `learning_gain`*: E_p so far;
    - `uncertainty`*: standard deviation of the exam score over the members of an ensemble; only with one;
    - `targets`: concept indices in ascending order, int64;
    - `student`: the student's id in the cohort, `"given history"` where options gave the history;
    - `candidates`: `(n_candidates,)` question indices, -1 for none; with `action="candidates"` only.

    `step` also returns (and `reset`, which asks nothing, does not):

    - `asked`: whether a question was asked, False where a masked action was skipped;
    - `question_id`, `concept_names`: of the question that was chosen; empty where there was none to choose;
    - `response`: 1 right, 0 wrong, -1 not asked;
    - `answer_prob`*: P(right) of the question before the answer; 0 where there was none;
    - `reward_terms`*: reward terms by name.

    ## Arguments
    ```python
    import gymnasium as gym
    import ldsim_env

    env = gym.make("LDSim-ASSIST09-v0", reward="step_gain", n_targets=3)
    ```

    - `bank="ASSIST09"`: name of a bundled bank, or the path of a simulator's folder;
    - `student_model=None`: the student model that answers, learns and is examined; None is the one of `bank`
      (`"ldsim"`). Others of the bank by name: `"attention"`, `"bkt"`, `"dkt"`, `"irt"`, `"kss"`, `"ensemble"`; or the
      name or folder of a simulator, or a student model itself. Its own bank counts; `bank` then only says where the
      cohort is. A list of several is an ensemble of them. `"llm:MODEL"` asks an LLM (a folder, an id on the hub, or
      what `ldsim distill --teacher` takes) at every step: seconds, for evaluation only;
    - `member=None`: who answers of an ensemble: `"mean"` all members together, `"random"` one of them, drawn for each
      episode (domain randomisation); None is as the ensemble was made, which is the mean;
    - `student_options=None`: of an LLM: `teacher`, `cache`, `memory`, `examined` (concept indices that the exam asks
      about), `course`, `graph`, and the settings of the teacher;
    - `observer=None`: another one of the same bank, which learns from the answers what a tutor could know:
      observations, `answer_probs()` and `mastery()` are its estimates; None is the student model itself;
    - `students=None`: None for the synthetic cohort of `bank`; else the path (or a list of paths) of response logs, a
      `ResponseLog` or a `Cohort`. A student of a log starts after a random part of the own history, at least 5
      interactions; interactions on questions that the bank doesn't have are left out, with a warning;
    - `cohort_split="train"`: `"train"`, `"eval"` (a fifth of the students, for comparisons) or `"all"`;
    - `action="question"`: what an action is, see Action Space;
    - `observation="flat"`: what is observed, see Observation Space;
    - `reward="step_gain"`: a reward term, or weights by name;
    - `response="bernoulli"`: the response is drawn from P(right); `"deterministic"` is right where P(right) > 0.5, for
      reproducing published protocols only;
    - `allow_repeats=False`: whether a question may be asked again;
    - `masked_action="skip"`: a forbidden action lets the step pass (nothing is asked or learned, gains are 0);
      `"error"` raises `gymnasium.error.InvalidAction`;
    - `targets="random"`: `"random"` draws them; by the observer's mastery `"weakest"` takes the weakest concepts and
      `"next"` those with most to learn whose prerequisites are mastered; `"all"` takes all. Or a list of indices or
      names;
    - `n_targets=3`: number of targets for the first three;
    - `min_questions=10`: questions a concept must have in the bank to be chosen as a target;
    - `relations=None`: a `ConceptGraph` or its file for `"next"`; None is `relations.json` in the folder of `bank`;
    - `mastery_threshold=0.95`: mastery from which on a target is mastered;
    - `min_gap=0.05`: least denominator of the learning gain;
    - `wished_success=0.6`: for `action="concept"`;
    - `n_candidates=32`: for `action="candidates"`;
    - `sampler=None`: a `CandidateSampler`; None takes three quarters of the candidates from the targets' questions,
      spread from easy to hard, the others from the rest of the bank;
    - `history_length=20`: for `observation="history"`;
    - `retention_steps=10`: for `retention`;
    - `pessimism=1.0`: for `pessimistic_gain`;
    - `full_info=True`: whether all reward terms are in `info`; False leaves out those marked + that the reward doesn't
      consist of, for wrappers that read every value of an info (`SyncVectorEnv`, `AsyncVectorEnv`) and so pay for all;
    - `compiled=False`: whether the student model steps as machine code, which is several times faster and rounds
      differently in the last digit. The first step ever compiles it, which takes half a minute and a C++ compiler;
      later ones find it in the user's cache (`$LDSIM_CACHE`). On the CPU only;
    - `device="cpu"`: where the simulators that are loaded here compute and keep the knowledge states, `"cuda"` for many
      students at once (`gymnasium.make_vec`); a student model that is given as an object stays where it is (after
      moving LDSim's network, `freeze()` it);
    - `render_mode=None`: `"ansi"` for a page of text, `"rgb_array"` for a picture of `(640, 1024, 3)` uint8, `"human"`
      for a window that shows the picture after every reset and step. Pictures need the extra `render`.

    `gym.make(..., compat="rar")` makes a `ldsim_env.envs.RarEnv` in its place: the published protocol, with arguments
    of its own, to stand beside published numbers and for nothing else.

    Wrong values raise `ldsim_env.errors.SettingsError` when the environment is made, unreadable logs `LogError`,
    damaged files `CheckpointError`.

    ## Version History
    - v0: first version
    """

    def __new__(cls, *positional: Any, compat: str | None = None, **named: Any) -> Any:
        """The environment, or that of another protocol under the same id: Gymnasium's ids can't choose a class."""
        if compat is None:
            return super().__new__(cls)
        check_choice("compat", compat, ("rar",))
        return RarEnv(*positional, **named)

    def __init__(
        self,
        bank: str | Path = "ASSIST09",
        *,
        student_model: StudentModel | str | Path | Sequence[StudentModel | str | Path] | None = None,
        member: str | None = None,
        student_options: Mapping[str, Any] | None = None,
        observer: StudentModel | str | Path | Sequence[StudentModel | str | Path] | None = None,
        students: Any = None,
        cohort_split: str = "train",
        action: str = "question",
        observation: str = "flat",
        reward: str | Mapping[str, float] = "step_gain",
        response: str = "bernoulli",
        allow_repeats: bool = False,
        masked_action: str = "skip",
        targets: str | Sequence[int | str] = "random",
        n_targets: int = 3,
        min_questions: int = 10,
        relations: ConceptGraph | str | Path | None = None,
        mastery_threshold: float = 0.95,
        min_gap: float = 0.05,
        wished_success: float = 0.6,
        n_candidates: int = 32,
        sampler: CandidateSampler | None = None,
        history_length: int = 20,
        retention_steps: int = 10,
        pessimism: float = 1.0,
        full_info: bool = True,
        compiled: bool = False,
        device: str = "cpu",
        render_mode: str | None = None,
        **unknown: Any,
    ):
        refuse_unknown(unknown, LDSimEnv.__init__)
        check_render_mode(render_mode, self.metadata["render_modes"])
        settings = EnvSettings(
            action=action,
            observation=observation,
            reward=reward,
            response=response,
            allow_repeats=allow_repeats,
            masked_action=masked_action,
            n_targets=n_targets,
            min_questions=min_questions,
            mastery_threshold=mastery_threshold,
            min_gap=min_gap,
            wished_success=wished_success,
            n_candidates=n_candidates,
            history_length=history_length,
            retention_steps=retention_steps,
            pessimism=pessimism,
            full_info=full_info,
            compiled=compiled,
        )
        teaching = make_teaching(
            bank,
            student_model=student_model,
            member=member,
            student_options=student_options,
            observer=observer,
            students=students,
            cohort_split=cohort_split,
            targets=targets,
            relations=relations,
            sampler=sampler,
            settings=settings,
            device=device,
        )
        super().__init__(teaching, render_mode)
