"""What is asked, looked up: the concepts of a question and what the concept tables say of them."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ldsim_env.logs.bank import QuestionBank
from ldsim_env.simulator.concept_encoder import ConceptTables


class Asked(NamedTuple):
    """The questions being asked of n students."""

    concepts: Tensor  # (n, C) concept indices, 0 where padded
    share: Tensor  # (n, C) 1 / number of concepts, 0 where padded
    vector: Tensor  # (n, D) mean vector of the concepts
    flow: Tensor  # (n, K) where evidence on the question flows
    prerequisites: Tensor  # (n, K) weights of the prerequisites of what is asked

    def mean_of(self, values: Tensor) -> Tensor:
        """(n,): the mean over the concepts of what is asked of values ``(n, K)``."""
        return (values.gather(1, self.concepts) * self.share).sum(1)


class QuestionLookup(nn.Module):
    """The concepts of every question of a bank; nothing here is a weight.

    Args:
        bank: The questions.
    """

    concepts: Tensor  # (n_questions, C), 0 where padded
    share: Tensor  # (n_questions, C) 1 / number of concepts, 0 where padded
    kind: Tensor  # (n_questions,) index of the set of concepts that a question asks for
    kind_share: Tensor  # (n_kinds, K) 1 / number of concepts for those in the set, else 0

    def __init__(self, bank: QuestionBank) -> None:
        super().__init__()
        concepts = torch.from_numpy(bank.question_concepts.astype("int64"))
        known = (concepts >= 0).float()
        self.register_buffer("concepts", concepts.clamp(min=0), persistent=False)
        self.register_buffer("share", known / known.sum(1, keepdim=True).clamp(min=1), persistent=False)
        self.register_buffer("kind", torch.from_numpy(bank.kinds.of_question), persistent=False)
        self.register_buffer("kind_share", torch.from_numpy(bank.kinds.share), persistent=False)

    def means_of_kinds(self, tables: ConceptTables) -> Tensor:
        """(n_kinds, D + 2 K): the tables' means over a question's concepts, by kind.

        There are far fewer sets of concepts than questions.
        """
        return self.kind_share @ torch.cat([tables.vectors, tables.flow, tables.prerequisites], dim=1)

    def of(self, question: Tensor, of_kind: Tensor) -> Asked:
        """Look questions ``(n,)`` int64 up.

        Args:
            question: The questions.
            of_kind: What `means_of_kinds` gave.
        """
        n_concepts = self.kind_share.shape[1]
        sizes = [of_kind.shape[1] - 2 * n_concepts, n_concepts, n_concepts]
        return Asked(
            self.concepts[question], self.share[question], *torch.split(of_kind[self.kind[question]], sizes, dim=1)
        )
