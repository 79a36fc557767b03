"""Running a student model over real histories, on true answers or, from some point on, on its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias, get_args

import torch
from torch import Tensor

from ldsim_env.errors import SettingsError, unknown_name
from ldsim_env.simulator.network import LDSimNetwork, Respond
from ldsim_env.simulator.protocol import State, StudentModel

Rollout: TypeAlias = Literal["sampled", "expected", "hard"]
"""What is fed back as the model's own answer: a Bernoulli draw, the probability itself, or 1 where it is above 0.5."""


def unroll(
    model: StudentModel,
    questions: Tensor,
    responses: Tensor,
    n_observed: Tensor,
    *,
    rollout: Rollout = "sampled",
    uniforms: Tensor | None = None,
    prior_shift: Tensor | None = None,
    watch: Callable[[int, State], None] | None = None,
) -> Tensor:
    """P(right) at every position, from the true responses first and the model's own answers after.

    Args:
        model: The student model.
        questions: ``(n, length)`` int64, padded at the end with any valid index.
        responses: ``(n, length)`` float32, the true responses.
        n_observed: ``(n,)`` int64, how many true responses each student's model is shown.
        rollout: What it is shown after those.
        uniforms: ``(n, length)`` float32 in [0, 1), the response noise; needed by ``"sampled"`` alone.
        prior_shift: ``(n, length)`` what is added to the questions' priors, of `LDSimNetwork` only; None is nothing.
        watch: Is shown the state after each number of interactions, from 1.

    Returns:
        ``(n, length)`` float32 in (0, 1).

    Raises:
        SettingsError: If ``rollout`` is unknown or its noise is missing.
    """
    if rollout not in get_args(Rollout):
        raise SettingsError(unknown_name("rollout", rollout, get_args(Rollout)))
    if rollout == "sampled" and uniforms is None:
        raise SettingsError("uniforms: rollout 'sampled' needs the response noise, shape (n, length).")
    state = model.start(len(questions))
    probs = []
    for t in range(questions.shape[1]):
        noise = None if uniforms is None else uniforms[:, t]

        observed = t < n_observed

        def respond(prob: Tensor, t: int = t, observed: Tensor = observed, noise: Tensor | None = noise) -> Tensor:
            return torch.where(observed, responses[:, t], _own_answer(prob, rollout, noise))

        shift = None if prior_shift is None else prior_shift[:, t]
        prob, state = _answer_and_learn(model, state, questions[:, t], respond, observed=observed, shift=shift)
        probs.append(prob)
        if watch is not None:
            watch(t + 1, state)
    return torch.stack(probs, dim=1)


def _own_answer(prob: Tensor, rollout: Rollout, noise: Tensor | None) -> Tensor:
    if rollout == "expected":
        return prob
    threshold = 0.5 if noise is None or rollout == "hard" else noise
    return (prob.detach() > threshold).to(prob.dtype)


def _answer_and_learn(
    model: StudentModel, state: State, question: Tensor, respond: Respond, *, observed: Tensor, shift: Tensor | None
) -> tuple[Tensor, State]:
    if isinstance(model, LDSimNetwork):
        # which questions a real student was asked next depends on the true responses (a tutor stops after three right
        # in a row), so answers of the model's own say nothing fair about growth: the drift learns from true ones only
        return model.step(state, question, respond, fit_drift=observed, prior_shift=shift)
    prob = model.answer_prob(state, question)
    return prob, model.learn(state, question, respond(prob))
