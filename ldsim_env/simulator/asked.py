"""What is asked, looked up: the concepts of a question, what the tables say of them and what the student did of it."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ldsim_env.logs.bank import QuestionBank
from ldsim_env.simulator.concept_encoder import ConceptTables
from ldsim_env.simulator.experience import experience
from ldsim_env.simulator.protocol import State
from ldsim_env.simulator.question_memory import places_of

N_AGAIN_FEATURES = 2  # whether it's a further attempt at the question at hand, how many attempts there were


class Asked(NamedTuple):
    """The questions being asked of n students."""

    question: Tensor  # (n,) int64
    concepts: Tensor  # (n, C) concept indices, 0 where padded
    share: Tensor  # (n, C) 1 / number of concepts, 0 where padded
    experience: Tensor  # (n, N_EXPERIENCE) with its concepts
    again: tuple[Tensor, ...]  # (n, N_AGAIN_FEATURES); nothing where further attempts are not accounted for
    places: Tensor  # (n, size) where the question stands in the student's memory, see `places_of`
    vector: Tensor  # (n, D) mean vector of the concepts
    flow: Tensor  # (n, K) where evidence on the question flows
    prerequisites: Tensor  # (n, K) weights of the prerequisites of what is asked

    def mean_of(self, values: Tensor) -> Tensor:
        """(n,): the mean over the concepts of what is asked of values ``(n, K)``."""
        return _mean(values, self.concepts, self.share)


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

    def of(self, question: Tensor, state: State, of_kind: Tensor) -> Asked:
        """Look questions up.

        Args:
            question: ``(n,)`` int64, one for each student.
            state: State of the n students.
            of_kind: What `means_of_kinds` gave.
        """
        n_concepts = self.kind_share.shape[1]
        sizes = [of_kind.shape[1] - 2 * n_concepts, n_concepts, n_concepts]
        means = of_kind.index_select(0, self.kind[question])  # a tenth of the time of an index in brackets
        concepts, share = self.concepts.index_select(0, question), self.share.index_select(0, question)
        return Asked(
            question,
            concepts,
            share,
            experience(_mean(state["practised"], concepts, share), state["step"]),
            _again(state, question),
            places_of(state, question),
            *torch.split(means, sizes, dim=1),
        )


def _mean(values: Tensor, concepts: Tensor, share: Tensor) -> Tensor:
    return (values.gather(1, concepts) * share).sum(1)


def _again(state: State, question: Tensor) -> tuple[Tensor, ...]:
    """What tells further attempts from first ones, where the state has a question at hand."""
    if "at_hand" not in state:
        return ()
    again = (state["at_hand"] == question).to(state["attempts"].dtype)
    return (torch.stack([again, again * torch.log1p(state["attempts"]) / 2], dim=1),)
