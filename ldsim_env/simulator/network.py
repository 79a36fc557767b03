"""LDSim's network in the innovation form: a student model whose mastery moves by surprise and by practice only.

The knowledge state holds an ability per concept ``x`` and shared factors ``z``. A question q with concepts k:

    logit p   = a_q * mean_{k in q}(x_k + w_k . z) + b_q (+ an offset where this very question was met before)
                + context(past, q)       a passing influence, which the exam doesn't read (`context.py`)
                + at_hand(attempts, q)   where q is asked again at once; nor this (`question_at_hand.py`)
    e         = r - p                                        the innovation: mean 0 under the model, whatever is asked
    x        += e * (g_own 1_q + g_related S_q) + drift 1_q + bend
    z        += e * g_z
    mastery_k = sigmoid(x_k + w_k . z + b_k)
    bend_k    = c_k^2 p (1 - p) (mastery_k - 1/2),  c_k = how far concept k's level moves for e = 1

Gains and drift are functions of the past and of p, never of r; gains and context each have a constant weight besides,
chosen after training (`shrinkage.py`). So evidence alone can't raise the expected mastery
(a martingale); only the drift, the effect of practice, can. What a coherent belief keeps constant in the mean is the
mastery itself, not its logit: the bend makes up for the curvature of the sigmoid (Ito's correction, second order).

After LDSim (arXiv 2509.09226), whose concept encoder, mastery reasoner and response simulator are the concept vectors,
the read-outs and the update here.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn

from ldsim_env.errors import SettingsError
from ldsim_env.logs.bank import QuestionBank
from ldsim_env.simulator.asked import N_AGAIN_FEATURES, Asked, QuestionLookup
from ldsim_env.simulator.concept_encoder import ConceptTables, table_shapes
from ldsim_env.simulator.context import ContextReadout
from ldsim_env.simulator.curvature import bend
from ldsim_env.simulator.difficulties import Easiness, middling_easiness
from ldsim_env.simulator.experience import experience
from ldsim_env.simulator.gains import N_GAIN_FEATURES, N_GAINS, Gains, gain_features, gains_of
from ldsim_env.simulator.layers import draw_layer, gru_cell, linear, tanh
from ldsim_env.simulator.protocol import State
from ldsim_env.simulator.question_at_hand import N_FURTHER, QuestionAtHand
from ldsim_env.simulator.question_memory import empty_memory, offset_of, offsets_of_all, remember
from ldsim_env.simulator.settings import NetworkSettings

Respond = Callable[[Tensor], Tensor]
"""Gives the responses (n,) to questions answered right with the probabilities (n,)."""


class LDSimNetwork(nn.Module):
    """The student model; implements `ldsim_env.simulator.StudentModel`.

    Args:
        bank: The questions.
        question_prior: ``(n_questions,)`` float32, easiness in logits; see `fit_easiness`.
        question_weight: ``(n_questions,)`` float32 >= 0, how often each question was asked in the training log.
        settings: Sizes.
        further_prior: ``(n_questions, N_FURTHER)`` float32, see `QuestionAtHand`; None is 0.
    """

    question_prior: Tensor  # (n_questions,)
    question_weight: Tensor  # (n_questions,)
    tables: ConceptTables
    offsets: Tensor  # (n_concepts,) b_k: easiness of a question of middling difficulty
    _discrimination: Tensor  # (n_questions,) a_q
    _easiness: Tensor  # (n_questions,) b_q
    _of_kind: Tensor  # (n_kinds, D + 2 K) see `QuestionLookup.means_of_kinds`

    def __init__(
        self,
        bank: QuestionBank,
        question_prior: Tensor,
        question_weight: Tensor,
        settings: NetworkSettings,
        further_prior: Tensor | None = None,
    ) -> None:
        super().__init__()
        if question_prior.shape != (bank.n_questions,) or question_weight.shape != (bank.n_questions,):
            raise SettingsError(
                f"question_prior, question_weight: expected shape ({bank.n_questions},), "
                f"got {tuple(question_prior.shape)} and {tuple(question_weight.shape)}."
            )
        self.bank = bank
        self.settings = settings
        self.register_buffer("question_prior", question_prior.float().clone())
        self.register_buffer("question_weight", question_weight.float().clone())
        for name, value in table_shapes(bank.n_concepts, settings)._asdict().items():
            self.register_buffer(f"table_{name}", value)
        self.lookup = QuestionLookup(bank)
        size, past, of_again = settings.concept_size, settings.past_size, bool(settings.attempt_size)
        n_again = N_AGAIN_FEATURES * of_again
        self.prior_scale = nn.Parameter(torch.ones(()))
        self.easiness_correction = nn.Parameter(torch.zeros(bank.n_questions))
        self.log_discrimination = nn.Parameter(torch.zeros(bank.n_questions))
        self.met_before = nn.Parameter(torch.tensor([-0.3, 0.5]))  # after a wrong, after a right answer
        self.gain_hidden = linear(N_GAIN_FEATURES + n_again + size + past, settings.gain_size)
        self.gain_output = linear(settings.gain_size, N_GAINS + settings.n_factors + int(of_again))
        self.past = gru_cell(size + 3 + n_again, past) if past else None
        self.context = ContextReadout(past, size, settings.context_size) if past and settings.context_size else None
        if further_prior is None:
            further_prior = torch.zeros(bank.n_questions, N_FURTHER)
        self.at_hand = QuestionAtHand(further_prior, past, size, settings.attempt_size) if of_again else None

    @torch.no_grad()
    def initialise(self, generator: torch.Generator) -> None:
        """Draw the start weights: small gains, factors that all move a little."""
        for layer in (self.gain_hidden, self.gain_output, self.past):
            if layer is not None:
                draw_layer(layer, generator)
        for part in (self.context, self.at_hand):
            if part is not None:
                part.initialise(generator)
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
            self._easiness, self.question_weight, self.lookup.concepts, self.lookup.share, self.bank.n_concepts
        )
        self._of_kind = self.lookup.means_of_kinds(tables)

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

    # ---- the four verbs -------------------------------------------------------------------------------------------

    def start(self, n: int) -> State:
        """The state of ``n`` new students: abilities 0, nothing practised, nothing remembered."""
        concepts = self.bank.n_concepts
        zeros = self.question_prior.new_zeros
        attempts = self.at_hand.start(n, self.question_prior) if self.at_hand is not None else {}
        return {
            "ability": zeros(n, concepts),
            "factors": zeros(n, self.settings.n_factors),
            "practised": zeros(n, concepts),  # interactions on each concept
            "past": zeros(n, self.settings.past_size),
            **empty_memory(n, self.settings.memory, self.bank.n_questions, self.question_prior),
            **attempts,
        }

    def answer_prob(self, state: State, question: Tensor) -> Tensor:
        """P(right) in (0, 1), of the shape of ``question``: ``(n,)`` or ``(n, m)`` int64."""
        level = self._level(state)
        if question.dim() == 1:
            return torch.sigmoid(self._logit_of(state, self.lookup.of(question, state, self._of_kind), level))
        met = self._offsets_where_met(state)
        by_kind, context = level @ self.lookup.kind_share.t(), self._context_by_kind(state)
        if question.stride(0) == 0:  # the same questions for everyone, as `expand` makes them
            same, kind = question[0], self.lookup.kind[question[0]]
            return torch.sigmoid(self._logit(by_kind[:, kind], same) + met[:, same] + context[:, kind])
        by_kind, context = (table.gather(1, self.lookup.kind[question]) for table in (by_kind, context))
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
        asked, level = self.lookup.of(question, state, self._of_kind), self._level(state)
        logit = self._logit_of(state, asked, level)
        prob = torch.sigmoid(logit if prior_shift is None else logit + self.prior_scale * prior_shift)
        response = respond(prob)
        innovation = (response - prob).unsqueeze(1)
        mastery = torch.sigmoid(level + self.offsets)
        gains = self._gains(state, asked, mastery, prob)
        drift = gains.drift
        if fit_drift is not None:
            drift = torch.where(fit_drift.unsqueeze(1), drift, drift.detach())
        practice = (asked.share > 0).to(prob.dtype)
        gain = (gains.related * asked.flow).scatter_add(1, asked.concepts, gains.own * practice)
        swing = torch.addmm(gain, gains.factors, self.tables.loadings.t())
        moved = state["ability"] + innovation * gain + bend(mastery, prob, swing)
        return prob, {
            "ability": moved.scatter_add(1, asked.concepts, drift * practice),
            "factors": state["factors"] + innovation * gains.factors,
            "practised": state["practised"].scatter_add(1, asked.concepts, practice),
            "past": self._remember_past(state["past"], asked, prob, response),
            **remember(state, question, response, asked.places),
            **({} if self.at_hand is None else self.at_hand.after(state, asked, (innovation * gains.trace)[:, 0])),
        }

    def _gains(self, state: State, asked: Asked, mastery: Tensor, prob: Tensor) -> Gains:
        features = gain_features(asked, mastery, prob)
        hidden = tanh(self.gain_hidden(torch.cat([features, *asked.again, asked.vector, state["past"]], dim=1)))
        return gains_of(self.gain_output(hidden), self.settings.n_factors, self.settings.gain_scale)

    def _remember_past(self, past: Tensor, asked: Asked, prob: Tensor, response: Tensor) -> Tensor:
        if self.past is None:
            return past
        answer = torch.stack([prob, response, response - prob], dim=1)
        summary: Tensor = self.past(torch.cat([asked.vector, answer, *asked.again], dim=1), past)
        return summary

    def question_terms(self, question: Tensor) -> Tensor:
        """Sum of squared corrections and log discriminations of the distinct questions, for holding them small."""
        asked = torch.unique(question)
        terms = self.easiness_correction[asked].square().sum() + self.log_discrimination[asked].square().sum()
        return terms if self.at_hand is None else terms + self.at_hand.correction[asked].square().sum()

    def prior_easiness(self) -> Easiness:
        """What the training log says of the questions, before any correction."""
        blank = torch.zeros(self.bank.n_questions, N_FURTHER)
        return Easiness(self.question_prior, blank if self.at_hand is None else self.at_hand.further_prior)

    def difficulty(self) -> Tensor:
        """(n_questions,): the ability in logits at which a question is answered right half of the time."""
        return -self._easiness / self._discrimination

    def _level(self, state: State) -> Tensor:
        """(n, K): x_k + w_k . z."""
        return torch.addmm(state["ability"], state["factors"], self.tables.loadings.t())

    def _logit_of(self, state: State, asked: Asked, level: Tensor) -> Tensor:
        """(n,): the logit of P(right) of one question of each student."""
        logit = self._logit(asked.mean_of(level), asked.question) + offset_of(state, asked.places, self.met_before)
        if self.at_hand is not None:
            logit += self.at_hand(state, asked, self.prior_scale)
        if self.context is not None:
            logit += self.settings.context_scale * self.context(state["past"], asked.vector, asked.experience)
        return logit

    def _offsets_where_met(self, state: State) -> Tensor:
        """(n, n_questions): what it adds to each question that it was met before, or is at hand."""
        met = offsets_of_all(state, self.bank.n_questions, self.met_before)
        if self.at_hand is None:
            return met
        question = state["at_hand"].long().clamp(min=0)  # without one the offset is 0 whatever is asked
        offset = self.at_hand(state, self.lookup.of(question, state, self._of_kind), self.prior_scale)
        return met.scatter_add(1, question.unsqueeze(1), offset.unsqueeze(1))

    def _context_by_kind(self, state: State) -> Tensor:
        """(n, n_kinds): the context's offset for a question of each kind."""
        if self.context is None:
            return self.question_prior.new_zeros(len(state["step"]), len(self.lookup.kind_share))
        vectors = self._of_kind[:, : self.settings.concept_size]
        practised = state["practised"] @ self.lookup.kind_share.t()
        of_kinds: Tensor = self.context(state["past"], vectors, experience(practised, state["step"]))
        return self.settings.context_scale * of_kinds

    def _logit(self, mean_level: Tensor, question: Tensor) -> Tensor:
        """The logit of P(right) but for memory and context, of the shape of ``mean_level``."""
        return torch.addcmul(self._easiness[question], self._discrimination[question], mean_level)
