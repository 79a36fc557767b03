"""LDSim's network in the innovation form: a student model whose mastery moves by surprise and by practice only.

The knowledge state holds an ability per concept ``x`` and shared factors ``z``. A question q with concepts k:

    logit p   = a_q * mean_{k in q}(x_k + w_k . z) + b_q (+ an offset where this very question was met before)
                + context(past, q)       a passing influence, which the exam doesn't read (`context.py`)
    e         = r - p                                        the innovation: mean 0 under the model, whatever is asked
    x        += e * (g_own 1_q + g_related S_q) + drift 1_q + bend
    z        += e * g_z
    mastery_k = sigmoid(x_k + w_k . z + b_k)
    bend_k    = c_k^2 p (1 - p) (mastery_k - 1/2),  c_k = how far concept k's level moves for e = 1

Gains and drift are functions of the past and of p, never of r. So evidence alone can't raise the expected mastery
(a martingale); only the drift, the effect of practice, can. What a coherent belief keeps constant in the mean is the
mastery itself, not its logit: the bend makes up for the curvature of the sigmoid (Ito's correction, second order).

After LDSim (arXiv 2509.09226), whose concept encoder, mastery reasoner and response simulator are the concept vectors,
the read-outs and the update here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from ldsim_env.errors import SettingsError
from ldsim_env.logs.bank import QuestionBank
from ldsim_env.simulator.concept_encoder import ConceptTables, table_shapes
from ldsim_env.simulator.context import ContextReadout
from ldsim_env.simulator.curvature import bend
from ldsim_env.simulator.difficulties import middling_easiness
from ldsim_env.simulator.layers import draw_layer, gru_cell, linear
from ldsim_env.simulator.protocol import State
from ldsim_env.simulator.question_memory import empty_memory, offset_of, offsets_of_all, remember
from ldsim_env.simulator.settings import NetworkSettings

N_GAIN_FEATURES = 7
N_GAINS = 3  # own gain, related gain, drift

Respond = Callable[[Tensor], Tensor]
"""Gives the responses (n,) to questions answered right with the probabilities (n,)."""


class _Asked(NamedTuple):
    """The questions being asked of n students, looked up."""

    concepts: Tensor  # (n, C) concept indices, 0 where padded
    share: Tensor  # (n, C) 1 / number of concepts, 0 where padded
    vector: Tensor  # (n, D) mean vector of the concepts
    flow: Tensor  # (n, K) where evidence on the question flows
    prerequisites: Tensor  # (n, K) weights of the prerequisites of what is asked


class LDSimNetwork(nn.Module):
    """The student model; implements `ldsim_env.simulator.StudentModel`.

    Args:
        bank: The questions.
        question_prior: ``(n_questions,)`` float32, easiness in logits; see `fit_easiness`.
        question_weight: ``(n_questions,)`` float32 >= 0, how often each question was asked in the training log.
        settings: Sizes.
    """

    question_prior: Tensor  # (n_questions,)
    question_weight: Tensor  # (n_questions,)
    tables: ConceptTables
    offsets: Tensor  # (n_concepts,) b_k: easiness of a question of middling difficulty
    _discrimination: Tensor  # (n_questions,) a_q
    _easiness: Tensor  # (n_questions,) b_q
    _of_kind: Tensor  # (n_kinds, D + 2 K) see use_tables
    _concepts: Tensor  # (n_questions, max_concepts), 0 where padded
    _share: Tensor  # (n_questions, max_concepts) 1 / number of concepts, 0 where padded
    _kind: Tensor  # (n_questions,) index of the set of concepts that a question asks for
    _kind_share: Tensor  # (n_kinds, n_concepts) 1 / number of concepts for those in the set, else 0

    def __init__(
        self, bank: QuestionBank, question_prior: Tensor, question_weight: Tensor, settings: NetworkSettings
    ) -> None:
        super().__init__()
        if question_prior.shape != (bank.n_questions,) or question_weight.shape != (bank.n_questions,):
            raise SettingsError(
                f"question_prior, question_weight: expected shape ({bank.n_questions},), "
                f"got {tuple(question_prior.shape)} and {tuple(question_weight.shape)}."
            )
        self.bank = bank
        self.settings = settings
        self._register_bank(question_prior, question_weight)
        size, factors, past = settings.concept_size, settings.n_factors, settings.past_size
        self.prior_scale = nn.Parameter(torch.ones(()))
        self.easiness_correction = nn.Parameter(torch.zeros(bank.n_questions))
        self.log_discrimination = nn.Parameter(torch.zeros(bank.n_questions))
        self.met_before = nn.Parameter(torch.tensor([-0.3, 0.5]))  # after a wrong, after a right answer
        self.gain_hidden = linear(N_GAIN_FEATURES + size + past, settings.gain_size)
        self.gain_output = linear(settings.gain_size, N_GAINS + factors)
        self.past = gru_cell(size + 3, past) if past else None
        self.context = ContextReadout(past, size, settings.context_size) if past and settings.context_size else None

    @torch.no_grad()
    def initialise(self, generator: torch.Generator) -> None:
        """Draw the start weights: small gains, factors that all move a little."""
        for layer in (self.gain_hidden, self.gain_output, self.past):
            if layer is not None:
                draw_layer(layer, generator)
        if self.context is not None:
            self.context.initialise(generator)
        self.gain_output.weight.mul_(0.3)
        self.gain_output.bias.zero_()
        self.gain_output.bias[N_GAINS:].normal_(0, 0.1, generator=generator)

    def use_tables(self, tables: ConceptTables) -> None:
        """Step with these tables, from which gradients reach the concept encoder; in training only."""
        limit = math.log(self.settings.max_discrimination)
        self.tables = tables
        self._discrimination = self.log_discrimination.clamp(-limit, limit).exp()
        self._easiness = self.prior_scale * self.question_prior + self.easiness_correction
        self.offsets = middling_easiness(
            self._easiness, self.question_weight, self._concepts, self._share, self.bank.n_concepts
        )
        # means over a question's concepts, looked up by kind: there are far fewer sets of concepts than questions
        self._of_kind = self._kind_share @ torch.cat([tables.vectors, tables.flow, tables.prerequisites], dim=1)

    @torch.no_grad()
    def freeze(self, tables: ConceptTables | None = None) -> None:
        """Make the network ready to be stepped and saved: keep tables as weights of its own, without gradients.

        Args:
            tables: Of the concept encoder; None takes those that are kept already (after loading weights).
        """
        if tables is not None:
            for name, value in tables._asdict().items():
                self.get_buffer(f"table_{name}").copy_(value)
        self.use_tables(ConceptTables(*(self.get_buffer(f"table_{name}") for name in ConceptTables._fields)))
        self.eval()

    def _register_bank(self, question_prior: Tensor, question_weight: Tensor) -> None:
        concepts = torch.from_numpy(self.bank.question_concepts.astype("int64"))
        known = (concepts >= 0).float()
        share = known / known.sum(1, keepdim=True).clamp(min=1)
        self.register_buffer("question_prior", question_prior.float().clone())
        self.register_buffer("question_weight", question_weight.float().clone())
        for name, value in table_shapes(self.bank.n_concepts, self.settings)._asdict().items():
            self.register_buffer(f"table_{name}", value)
        self.register_buffer("_concepts", concepts.clamp(min=0), persistent=False)
        self.register_buffer("_share", share, persistent=False)
        self.register_buffer("_kind", torch.from_numpy(self.bank.kinds.of_question), persistent=False)
        self.register_buffer("_kind_share", torch.from_numpy(self.bank.kinds.share), persistent=False)

    # ---- the four verbs -------------------------------------------------------------------------------------------

    def start(self, n: int) -> State:
        """The state of ``n`` new students: abilities 0, nothing practised, nothing remembered."""
        concepts = self.bank.n_concepts
        zeros = self.question_prior.new_zeros
        return {
            "ability": zeros(n, concepts),
            "factors": zeros(n, self.settings.n_factors),
            "practised": zeros(n, concepts),  # interactions on each concept
            "past": zeros(n, self.settings.past_size),
            **empty_memory(n, self.settings.memory, self.question_prior),
        }

    def answer_prob(self, state: State, question: Tensor) -> Tensor:
        """P(right) in (0, 1), of the shape of ``question``: ``(n,)`` or ``(n, m)`` int64."""
        level = self._level(state)
        if question.dim() == 1:
            return torch.sigmoid(self._logit_of(state, self._look_up(question), level, question))
        met = offsets_of_all(state, self.bank.n_questions, self.met_before)
        by_kind, context = level @ self._kind_share.t(), self._context_by_kind(state)
        if question.stride(0) == 0:  # the same questions for everyone, as `expand` makes them
            same, kind = question[0], self._kind[question[0]]
            return torch.sigmoid(self._logit(by_kind[:, kind], same) + met[:, same] + context[:, kind])
        by_kind, context = (table.gather(1, self._kind[question]) for table in (by_kind, context))
        return torch.sigmoid(self._logit(by_kind, question) + met.gather(1, question) + context)

    def learn(self, state: State, question: Tensor, response: Tensor) -> State:
        """The state after answering ``question`` ``(n,)`` with ``response`` ``(n,)``."""
        return self.step(state, question, lambda _: response.to(self.question_prior.dtype))[1]

    def mastery(self, state: State) -> Tensor:
        """``(n, n_concepts)``: P(right) on a question of middling difficulty of each concept."""
        return torch.sigmoid(self._level(state) + self.offsets)

    def step(
        self,
        state: State,
        question: Tensor,
        respond: Respond,
        fit_drift: Tensor | None = None,
        prior_shift: Tensor | None = None,
    ) -> tuple[Tensor, State]:
        """Answer and learn in one go, so that P(right) is computed once.

        Args:
            state: State of n students.
            question: ``(n,)`` int64.
            respond: Gives the responses ``(n,)`` from P(right) ``(n,)``.
            fit_drift: ``(n,)`` bool, the students from whom the drift takes gradients; None is all.
            prior_shift: ``(n,)`` what is added to the questions' priors; None is nothing.

        Returns:
            P(right) ``(n,)`` and the next state.
        """
        asked, level = self._look_up(question), self._level(state)
        logit = self._logit_of(state, asked, level, question)
        prob = torch.sigmoid(logit if prior_shift is None else logit + self.prior_scale * prior_shift)
        response = respond(prob)
        innovation = (response - prob).unsqueeze(1)
        own, related, drift, factor_gain = self._gains(state, asked, level, prob)
        if fit_drift is not None:
            drift = torch.where(fit_drift.unsqueeze(1), drift, drift.detach())
        practice = (asked.share > 0).to(prob.dtype)
        gain = (related * asked.flow).scatter_add(1, asked.concepts, own * practice)
        swing = torch.addmm(gain, factor_gain, self.tables.loadings.t())
        moved = state["ability"] + innovation * gain + bend(torch.sigmoid(level + self.offsets), prob, swing)
        return prob, {
            "ability": moved.scatter_add(1, asked.concepts, drift * practice),
            "factors": state["factors"] + innovation * factor_gain,
            "practised": state["practised"].scatter_add(1, asked.concepts, practice),
            "past": self._remember_past(state["past"], asked.vector, prob, response),
            **remember(state, question, response),
        }

    def _gains(self, state: State, asked: _Asked, level: Tensor, prob: Tensor) -> tuple[Tensor, ...]:
        """Own gain >= 0, related gain in (0, 1), drift >= 0, each (n, 1), and factor gains (n, F); blind to r."""
        practised = _mean_practice(state, asked)
        features = torch.stack(
            [
                torch.log1p(state["step"].to(prob.dtype)) / 4,
                torch.log1p(practised) / 3,
                prob,
                4 * prob * (1 - prob),
                (practised > 0).to(prob.dtype),
                (asked.prerequisites * torch.sigmoid(level + self.offsets)).sum(1),  # their mean mastery
                asked.prerequisites.sum(1),  # how much of what is asked has any
            ],
            dim=1,
        )
        hidden = torch.tanh(self.gain_hidden(torch.cat([features, asked.vector, state["past"]], dim=1)))
        out = self.gain_output(hidden)
        own, related, drift = out[:, :N_GAINS].split(1, dim=1)
        return functional.softplus(own), torch.sigmoid(related - 2), functional.softplus(drift - 3), out[:, N_GAINS:]

    def _remember_past(self, past: Tensor, vector: Tensor, prob: Tensor, response: Tensor) -> Tensor:
        if self.past is None:
            return past
        answer = torch.stack([prob, response, response - prob], dim=1)
        summary: Tensor = self.past(torch.cat([vector, answer], dim=1), past)
        return summary

    def question_terms(self, question: Tensor) -> Tensor:
        """Sum of squared corrections and log discriminations of the distinct questions, for holding them small."""
        asked = torch.unique(question)
        return self.easiness_correction[asked].square().sum() + self.log_discrimination[asked].square().sum()

    def difficulty(self) -> Tensor:
        """(n_questions,): the ability in logits at which a question is answered right half of the time."""
        return -self._easiness / self._discrimination

    def _look_up(self, question: Tensor) -> _Asked:
        sizes = [self.settings.concept_size, self.bank.n_concepts, self.bank.n_concepts]
        of_kind = torch.split(self._of_kind[self._kind[question]], sizes, dim=1)
        return _Asked(self._concepts[question], self._share[question], *of_kind)

    def _level(self, state: State) -> Tensor:
        """(n, K): x_k + w_k . z."""
        return torch.addmm(state["ability"], state["factors"], self.tables.loadings.t())

    def _logit_of(self, state: State, asked: _Asked, level: Tensor, question: Tensor) -> Tensor:
        """(n,): the logit of P(right) of one question of each student."""
        mean_level = (level.gather(1, asked.concepts) * asked.share).sum(1)
        logit = self._logit(mean_level, question) + offset_of(state, question, self.met_before)
        if self.context is None:
            return logit
        logit += self.context(state["past"], asked.vector, _mean_practice(state, asked), state["step"])
        return logit

    def _context_by_kind(self, state: State) -> Tensor:
        """(n, n_kinds): the context's offset for a question of each kind."""
        if self.context is None:
            return self.question_prior.new_zeros(len(state["step"]), len(self._kind_share))
        vectors = self._of_kind[:, : self.settings.concept_size]
        of_kinds: Tensor = self.context(
            state["past"], vectors, state["practised"] @ self._kind_share.t(), state["step"]
        )
        return of_kinds

    def _logit(self, mean_level: Tensor, question: Tensor) -> Tensor:
        """The logit of P(right) but for memory and context, of the shape of ``mean_level``."""
        return torch.addcmul(self._easiness[question], self._discrimination[question], mean_level)


def _mean_practice(state: State, asked: _Asked) -> Tensor:
    """(n,): how often the concepts of what is asked were practised, on average over them."""
    return (state["practised"].gather(1, asked.concepts) * asked.share).sum(1)
