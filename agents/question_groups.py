"""Questions in groups of like ones, and the distribution over questions that gives like ones equal chances.

A bank of 16,634 questions has about 1,200 groups: questions of the same concepts and nearly the same difficulty. A
policy that scores groups costs a tenth of one that scores questions, in the softmax as in its gradient.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from sb3_contrib.common.maskable.distributions import MaskableDistribution
from torch import Tensor, nn

from ldsim_env.envs import ForbiddenActions

IMPOSSIBLE = -1e8  # a logit that never wins and, unlike -inf, never makes a NaN


class QuestionGroups(nn.Module):
    """Which question is in which group; tables without weights.

    Args:
        question_concepts: ``(n_questions, max_concepts)`` concept indices, padded with -1.
        difficulty: ``(n_questions,)`` in logits.
        n_levels: Most groups that questions of the same concepts are split into, by difficulty.

    Attributes:
        of_question: ``(n_questions,)`` int64, each question's group.
        place: ``(n_questions,)`` int64, each question's column in ``members``.
        size: ``(n_groups,)`` float32, number of questions.
        members: ``(n_groups, largest)`` int64, the questions of a group in the bank's order, padded with its last one.
        is_member: ``(n_groups, largest)`` bool, False where padded.
    """

    of_question: Tensor
    place: Tensor
    size: Tensor
    members: Tensor
    is_member: Tensor

    def __init__(self, question_concepts: NDArray[Any], difficulty: NDArray[Any], n_levels: int) -> None:
        super().__init__()
        groups = _split(question_concepts, difficulty, n_levels)
        size = np.array([len(group) for group in groups])
        place = np.minimum(np.arange(size.max()), size[:, None] - 1)
        members = np.concatenate(groups)[(np.cumsum(size) - size)[:, None] + place]
        of_question, place_of_question = np.empty((2, len(difficulty)), np.int64)
        of_question[np.concatenate(groups)] = np.repeat(np.arange(len(groups)), size)
        place_of_question[np.concatenate(groups)] = np.concatenate([np.arange(n) for n in size])
        self._keep("of_question", of_question)
        self._keep("place", place_of_question)
        self._keep("size", size.astype(np.float32))
        self._keep("members", members)
        self._keep("is_member", np.arange(size.max()) < size[:, None])

    @property
    def n_groups(self) -> int:
        """Number of groups."""
        return len(self.size)

    def mean_of(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Mean over each group's questions of ``values`` ``(n_questions, ...)``."""
        size = self.size.numpy().reshape(-1, *[1] * (values.ndim - 1))
        sums = np.zeros((self.n_groups, *values.shape[1:]), np.float32)
        np.add.at(sums, self.of_question.numpy(), values)
        return np.asarray(sums / size)

    def log_n_legal(self, n: int, forbidden: ForbiddenActions | None) -> Tensor:
        """Logarithm of how many questions of each group may be asked, ``(n, n_groups)``; `IMPOSSIBLE` where none."""
        log_n = self.size.log().repeat(n, 1)
        if forbidden is None:
            return log_n
        row, group = forbidden.row, self.of_question[forbidden.action]  # few: those asked in the episode
        n_legal = self.size.repeat(n, 1).index_put_((row, group), self.size.new_tensor(-1.0), accumulate=True)
        left = n_legal[row, group]
        log_n[row, group] = left.log().masked_fill(left < 1, IMPOSSIBLE)
        return log_n

    def legal_members(self, group: Tensor, forbidden: ForbiddenActions | None) -> Tensor:
        """Which of ``members[group]`` may be asked, ``(n, largest)`` float32, for one group ``(n,)`` a student."""
        legal = self.is_member[group].float()
        if forbidden is not None:
            concerned = self.of_question[forbidden.action] == group[forbidden.row]
            legal[forbidden.row[concerned], self.place[forbidden.action[concerned]]] = 0
        return legal

    def _keep(self, name: str, values: NDArray[Any]) -> None:
        self.register_buffer(name, torch.from_numpy(values), persistent=False)  # made anew from the bank when loaded


class GroupDistribution(MaskableDistribution):
    """A softmax over the legal questions, where all questions of a group have the group's score.

    Args:
        groups: The groups.
    """

    def __init__(self, groups: QuestionGroups) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._groups = groups
        self._forbidden: ForbiddenActions | None = None

    def proba_distribution_net(self, *args: Any, **kwargs: Any) -> nn.Module:
        """Nothing to learn here: the scores come from the policy."""
        return nn.Identity()

    def proba_distribution(self, scores: Tensor) -> GroupDistribution:
        """Set the scores ``(n, n_groups)``; all questions are legal until `apply_masking`."""
        self._scores, self._forbidden = scores, None
        self.__dict__.pop("_softmax", None)
        return self

    def apply_masking(self, masks: ForbiddenActions | Tensor | NDArray[Any] | None) -> None:
        """Make questions impossible.

        Args:
            masks: Those whose mask in ``(n, n_questions)`` or ``(n_questions,)`` is 0, or lists of them.
        """
        if masks is None:
            return
        if not isinstance(masks, ForbiddenActions):
            masks = ForbiddenActions.by(np.asarray(masks).reshape(len(self._scores), -1))
        device = self._scores.device
        self._forbidden = ForbiddenActions(*(torch.as_tensor(part, device=device) for part in masks))
        self.__dict__.pop("_softmax", None)

    def log_prob(self, actions: Tensor) -> Tensor:
        """Log probability of asking the questions ``actions`` ``(n,)``, ``(n,)``."""
        group = self._groups.of_question[actions]
        return self._scores.gather(1, group.unsqueeze(1)).squeeze(1) - self._softmax.log_total

    def entropy(self) -> Tensor:
        """Entropy over questions, ``(n,)`` in nats."""
        return self._softmax.log_total - self._softmax.mean_score

    def sample(self) -> Tensor:
        """Draw a question for each student, ``(n,)``."""
        group = _draw(self._softmax.probs).squeeze(1)
        return self._members_at(group, _draw(self._groups.legal_members(group, self._forbidden)))

    def mode(self) -> Tensor:
        """The first legal question, in the bank's order, of the group with the best score, ``(n,)``."""
        is_empty = self._softmax.log_n == IMPOSSIBLE
        group = self._scores.masked_fill(is_empty, IMPOSSIBLE).argmax(1)
        legal = self._groups.legal_members(group, self._forbidden)
        return self._members_at(group, legal.argmax(1, keepdim=True))

    def actions_from_params(self, scores: Tensor, deterministic: bool = False) -> Tensor:
        """Set the scores and choose questions."""
        chosen: Tensor = self.proba_distribution(scores).get_actions(deterministic=deterministic)
        return chosen

    def log_prob_from_params(self, scores: Tensor) -> tuple[Tensor, Tensor]:
        """Set the scores, draw questions and give their log probabilities."""
        actions = self.actions_from_params(scores)
        return actions, self.log_prob(actions)

    @cached_property
    def _softmax(self) -> _Softmax:
        """A group's chance is its score's times the number of its legal questions."""
        log_n = self._groups.log_n_legal(len(self._scores), self._forbidden)
        return _Softmax(log_n, *_GroupSoftmax.apply(self._scores, log_n))  # type: ignore[no-untyped-call]

    def _members_at(self, group: Tensor, place: Tensor) -> Tensor:
        return self._groups.members[group].gather(1, place).squeeze(1)


class _Softmax(NamedTuple):
    """The softmax over groups; all of n students."""

    log_n: Tensor  # (n, n_groups) of legal questions
    log_total: Tensor  # (n,) logarithm of what normalises the scores of questions
    mean_score: Tensor  # (n,) by probability
    probs: Tensor  # (n, n_groups) of groups


class _GroupSoftmax(torch.autograd.Function):
    """`_Softmax` in few passes over the groups: probabilities are kept for the gradients, and nothing else made."""

    @staticmethod
    def forward(ctx: Any, scores: Tensor, log_n: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        logits = scores + log_n
        probs = torch.softmax(logits, 1)
        log_total = logits.amax(1) - probs.amax(1).log()
        mean_score = torch.linalg.vecdot(probs, scores)
        ctx.save_for_backward(scores, mean_score, probs)
        ctx.mark_non_differentiable(probs)
        return log_total, mean_score, probs

    @staticmethod
    def backward(ctx: Any, of_log_total: Tensor, of_mean_score: Tensor, _: Tensor) -> tuple[Tensor, None]:
        scores, mean_score, probs = ctx.saved_tensors
        by_score = of_log_total.unsqueeze(1)
        if of_mean_score.any():  # not where the entropy has no weight in the loss
            by_score = by_score + of_mean_score.unsqueeze(1) * (1 + scores - mean_score.unsqueeze(1))
        return probs * by_score, None


def _draw(weights: Tensor) -> Tensor:
    """Draw a column of each row by its weight, ``(n, 1)``; a tenth of the time of ``torch.multinomial``."""
    ends = weights.cumsum(1, dtype=torch.float64)
    heights = torch.rand(len(ends), 1, dtype=torch.float64, device=ends.device) * ends[:, -1:]
    return torch.searchsorted(ends, heights, right=True)


def _split(question_concepts: NDArray[Any], difficulty: NDArray[Any], n_levels: int) -> list[NDArray[np.int64]]:
    """The question indices of each group, ascending."""
    same_concepts = np.unique(question_concepts, axis=0, return_inverse=True)[1].reshape(-1)
    groups = []
    for number in range(same_concepts.max() + 1):
        questions = np.flatnonzero(same_concepts == number)
        easiest_first = questions[np.argsort(difficulty[questions], kind="stable")]
        n = min(n_levels, len(np.unique(difficulty[questions])))
        groups += [np.sort(part) for part in np.array_split(easiest_first, n)]
    return groups
