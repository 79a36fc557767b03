"""Questions in groups of like ones, and the distribution over questions that gives like ones equal chances.

A bank of 16,634 questions has about 1,200 groups: questions of the same concepts and nearly the same difficulty. A
policy that scores groups costs a tenth of one that scores questions, in the softmax as in its gradient.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sb3_contrib.common.maskable.distributions import MaskableDistribution
from torch import Tensor, nn
from torch.distributions import Categorical

IMPOSSIBLE = -1e8  # a logit that never wins and, unlike -inf, never makes a NaN


class QuestionGroups(nn.Module):
    """Which question is in which group; tables without weights.

    Args:
        question_concepts: ``(n_questions, max_concepts)`` concept indices, padded with -1.
        difficulty: ``(n_questions,)`` in logits.
        n_levels: Most groups that questions of the same concepts are split into, by difficulty.

    Attributes:
        of_question: ``(n_questions,)`` int64, each question's group.
        size: ``(n_groups,)`` float32, number of questions.
        members: ``(n_groups, largest)`` int64, the questions of a group in the bank's order, padded with its last one.
        is_member: ``(n_groups, largest)`` bool, False where padded.
    """

    of_question: Tensor
    size: Tensor
    members: Tensor
    is_member: Tensor

    def __init__(self, question_concepts: NDArray[Any], difficulty: NDArray[Any], n_levels: int) -> None:
        super().__init__()
        groups = _split(question_concepts, difficulty, n_levels)
        size = np.array([len(group) for group in groups])
        place = np.minimum(np.arange(size.max()), size[:, None] - 1)
        members = np.concatenate(groups)[(np.cumsum(size) - size)[:, None] + place]
        of_question = np.empty(len(difficulty), np.int64)
        of_question[np.concatenate(groups)] = np.repeat(np.arange(len(groups)), size)
        self._keep("of_question", of_question)
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

    def n_legal(self, masks: Tensor) -> Tensor:
        """How many questions of each group may be asked, ``(n, n_groups)``, by ``masks`` ``(n, n_questions)``."""
        student, question = (masks == 0).nonzero(as_tuple=True)  # few: those asked in the episode
        n_legal = self.size.repeat(len(masks), 1)
        return n_legal.index_put_((student, self.of_question[question]), n_legal.new_tensor(-1.0), accumulate=True)

    def legal_members(self, group: Tensor, masks: Tensor | None) -> Tensor:
        """Which of ``members[group]`` may be asked, ``(n, largest)`` float32, for one group ``(n,)`` a student."""
        legal = self.is_member[group].float()
        return legal if masks is None else legal * (masks.gather(1, self.members[group]) != 0)

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
        self._masks: Tensor | None = None

    def proba_distribution_net(self, *args: Any, **kwargs: Any) -> nn.Module:
        """Nothing to learn here: the scores come from the policy."""
        return nn.Identity()

    def proba_distribution(self, scores: Tensor) -> GroupDistribution:
        """Set the scores ``(n, n_groups)``; all questions are legal until `apply_masking`."""
        self._scores = scores
        self._count(self._groups.size.expand_as(scores))
        return self

    def apply_masking(self, masks: Tensor | NDArray[Any] | None) -> None:
        """Make the questions whose mask is 0 impossible; ``masks`` is ``(n, n_questions)`` or ``(n_questions,)``."""
        if masks is None:
            return
        self._masks = torch.as_tensor(masks, device=self._scores.device).view(len(self._scores), -1)
        self._count(self._groups.n_legal(self._masks))

    def log_prob(self, actions: Tensor) -> Tensor:
        """Log probability of asking the questions ``actions`` ``(n,)``, ``(n,)``."""
        group = self._groups.of_question[actions]
        log_n = self._log_n.gather(1, group.unsqueeze(1)).squeeze(1)
        log_prob: Tensor = self._over_groups.log_prob(group) - log_n  # type: ignore[no-untyped-call]
        return log_prob

    def entropy(self) -> Tensor:
        """Entropy over questions, ``(n,)`` in nats."""
        over = self._over_groups
        return -(over.probs * (over.logits - self._log_n)).masked_fill(self._is_empty, 0.0).sum(1)

    def sample(self) -> Tensor:
        """Draw a question for each student, ``(n,)``."""
        group = self._over_groups.sample()  # type: ignore[no-untyped-call]
        legal = self._groups.legal_members(group, self._masks)
        return self._members_at(group, torch.multinomial(legal, 1))

    def mode(self) -> Tensor:
        """The first legal question, in the bank's order, of the group with the best score, ``(n,)``."""
        group = self._scores.masked_fill(self._is_empty, IMPOSSIBLE).argmax(1)
        legal = self._groups.legal_members(group, self._masks)
        return self._members_at(group, legal.argmax(1, keepdim=True))

    def actions_from_params(self, scores: Tensor, deterministic: bool = False) -> Tensor:
        """Set the scores and choose questions."""
        chosen: Tensor = self.proba_distribution(scores).get_actions(deterministic=deterministic)
        return chosen

    def log_prob_from_params(self, scores: Tensor) -> tuple[Tensor, Tensor]:
        """Set the scores, draw questions and give their log probabilities."""
        actions = self.actions_from_params(scores)
        return actions, self.log_prob(actions)

    def _count(self, n_legal: Tensor) -> None:
        """Take in how many questions of each group are legal: a group's chance is its score's times that."""
        self._is_empty = n_legal < 1
        self._log_n = n_legal.log().masked_fill(self._is_empty, IMPOSSIBLE)
        self._over_groups = Categorical(logits=self._scores + self._log_n, validate_args=False)

    def _members_at(self, group: Tensor, place: Tensor) -> Tensor:
        return self._groups.members[group].gather(1, place).squeeze(1)


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
