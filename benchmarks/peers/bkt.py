"""BKT (Corbett & Anderson 1994): fitted by pyBKT's EM, one model a concept id; stepped here."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ldsim_env.errors import missing_extra
from ldsim_env.logs import PaddedWindows
from ldsim_env.simulator import State
from peers.peer import StepwisePeer

EM_STEPS = 15  # the log-likelihood has settled by then; an EM step takes seconds, pyBKT is plain Python
FEWEST = 20  # responses that a concept id needs for a model of its own
MOST = 1000  # about so many responses of a concept id, of windows drawn at random, are enough for four numbers
NAMES = ("prior", "learns", "guesses", "slips")


class BktPeer(StepwisePeer):
    """Two states a concept id, known or not; nothing is forgotten.

    Args:
        concept_ids: ``(n_questions,)`` int64.
        n: Number of concept ids.
    """

    def __init__(self, concept_ids: Tensor, n: int):
        super().__init__(concept_ids)
        for name in NAMES:
            self.register_buffer(name, torch.full((n,), 0.3))
        self.prior: Tensor
        self.learns: Tensor
        self.guesses: Tensor
        self.slips: Tensor

    def start(self, n: int) -> State:
        """P(known) of each concept id."""
        return {"known": self.prior.expand(n, -1)}

    def answer_prob(self, state: State, question: Tensor) -> Tensor:
        """Known and no slip, or a guess."""
        concept = self.ids[question]
        known = state["known"].gather(1, concept.unsqueeze(1)).squeeze(1)
        return known * (1 - self.slips[concept]) + (1 - known) * self.guesses[concept]

    def learn(self, state: State, question: Tensor, response: Tensor) -> State:
        """Bayes' rule on the response, then the chance to learn."""
        concept, right = self.ids[question], self.answer_prob(state, question)
        known = state["known"].gather(1, concept.unsqueeze(1)).squeeze(1)
        if_right = known * (1 - self.slips[concept]) / right
        if_wrong = known * self.slips[concept] / (1 - right)
        believed = torch.lerp(if_wrong, if_right, response)
        learnt = believed + (1 - believed) * self.learns[concept]
        return {"known": state["known"].scatter(1, concept.unsqueeze(1), learnt.unsqueeze(1))}

    def fit(self, seen: PaddedWindows, rng: np.random.Generator) -> None:
        """Fit every concept id on its responses, window by window; rare ones get the mean of the others."""
        concept_of = self.ids.numpy()
        position = np.arange(seen.questions.shape[1])
        row, column = np.nonzero(position < seen.lengths[:, None])
        concept = concept_of[seen.questions[row, column]]
        fitted = {}
        for k in np.unique(concept):
            of_concept = concept == k
            if of_concept.sum() >= FEWEST:
                drawn = rng.random(len(seen.lengths))[row] < MOST / of_concept.sum()
                of_concept &= drawn
                responses = seen.responses[row[of_concept], column[of_concept]]
                fitted[int(k)] = _fit_concept(responses, row[of_concept], rng)
        for name in NAMES:
            values = getattr(self, name)
            values.fill_(float(np.mean([one[name] for one in fitted.values()])))
            for k, one in fitted.items():
                values[k] = min(max(one[name], 1e-3), 1 - 1e-3)  # a certain answer could never be explained


def _fit_concept(
    responses: NDArray[np.float32], window: NDArray[np.int64], rng: np.random.Generator
) -> dict[str, float]:
    """PyBKT's two EM steps in turn, on the sequences of one concept.

    Its `Model` can't be imported beside scikit-learn 1.9, and its own loop fails under NumPy 2.4.
    """
    try:
        from pyBKT.fit import EM_fit, M_step  # noqa: PLC0415 - an optional package
        from pyBKT.generate import random_model_uni  # noqa: PLC0415
    except ImportError as error:
        raise missing_extra("peers", "Fitting BKT", error) from error
    _, first, length = np.unique(window, return_index=True, return_counts=True)
    data = {
        "data": responses.astype(np.int64)[None] + 1,
        "resources": np.ones(len(responses), np.int64),
        "starts": first + 1,
        "lengths": length,
    }
    start = np.random.RandomState(int(rng.integers(2**31)))
    model = random_model_uni.random_model_uni(1, 1, rand=start)
    for _ in range(EM_STEPS):
        counts = EM_fit.run(data, model, None, None, None, 1, parallel=False)
        transitions, emissions = (counts[f"all_{name}_softcounts"].swapaxes(1, 2) for name in ("trans", "emission"))
        model = M_step.run(model, transitions, emissions, counts["all_initial_softcounts"])
    return {name: float(np.ravel(model[name])[0]) for name in NAMES}
