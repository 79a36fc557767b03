"""Several simulators as one student model: their mean, or one of them drawn for each student and episode.

Every member follows every student: each learns from the same answers. P(right) and mastery are the members' mean, and
how far they are apart says how little the logs know of such students. Where ``member`` is ``"random"``, each episode's
student is one member's instead (domain randomisation: a recommender can't learn one simulator's whims); the others
still follow, so that their disagreement is known. Members may be of different kinds, over the same questions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import torch
from torch import Tensor, nn

from ldsim_env.errors import SettingsError, unknown_name
from ldsim_env.logs import QuestionBank
from ldsim_env.simulator.protocol import State, StudentModel

MEMBER_RULES = ("mean", "random")
NOBODY = -1  # in the state: the mean of all members
DRAWN = "member"  # the state's own entry


@dataclass(frozen=True)
class EnsembleSettings:
    """Who answers and is examined.

    Args:
        member: ``"mean"``: all members together; ``"random"``: one of them, drawn where an episode begins.
        members: Folders of the members, seen from the ensemble's own; empty for one that was made in memory.
    """

    member: str = "mean"
    members: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.member not in MEMBER_RULES:
            raise SettingsError(f"member: {unknown_name('rule', str(self.member), MEMBER_RULES)}")
        object.__setattr__(self, "members", tuple(self.members))


class Ensemble(nn.Module):
    """See the module. The state has each member's under ``"<number>.<name>"``, and who was drawn under ``"member"``.

    Args:
        members: Student models of one bank, at least one.
        settings: Who answers.

    Raises:
        SettingsError: If there is no member, or they are of different banks.
    """

    kind: ClassVar[str] = "ensemble"

    def __init__(self, members: Sequence[StudentModel], settings: EnsembleSettings | None = None) -> None:
        super().__init__()
        self.members = tuple(members)
        self.settings = settings or EnsembleSettings()
        banks = {member.bank.fingerprint: member.bank.name for member in self.members}
        if len(banks) != 1:
            raise SettingsError(f"members: expected student models of one bank, got {list(banks.values()) or 'none'}.")
        for number, member in enumerate(self.members):
            if isinstance(member, nn.Module):
                self.add_module(f"member_{number}", member)

    @property
    def bank(self) -> QuestionBank:
        """The questions."""
        return self.members[0].bank

    # ---- the four verbs: see `ldsim_env.simulator.StudentModel` ---------------------------------------------------

    def start(self, n: int) -> State:
        """Every member's new students; nobody is drawn yet, so they are the mean of all."""
        states = [member.start(n) for member in self.members]
        device = next(iter(states[0].values())).device
        return _joined(states) | {DRAWN: torch.full((n,), NOBODY, device=device)}

    def answer_prob(self, state: State, question: Tensor) -> Tensor:
        """P(right) of the member that was drawn, or the mean."""
        return _of_drawn(self.member_answer_probs(state, question), state[DRAWN])

    def learn(self, state: State, question: Tensor, response: Tensor) -> State:
        """Every member learns from the answer, whoever gave it."""
        states = self._of_each(state)
        after = [member.learn(own, question, response) for member, own in zip(self.members, states, strict=True)]
        return _joined(after) | {DRAWN: state[DRAWN]}

    def mastery(self, state: State) -> Tensor:
        """Mastery of the member that was drawn, or the mean."""
        return _of_drawn(self.member_mastery(state), state[DRAWN])

    # ---- what only an ensemble has --------------------------------------------------------------------------------

    def member_answer_probs(self, state: State, question: Tensor) -> Tensor:
        """P(right) by each member: ``(n, n_members)``, or ``(n, n_members, m)`` for m questions of each student."""
        return self._read(state, lambda member, own: member.answer_prob(own, question))

    def member_mastery(self, state: State) -> Tensor:
        """``(n, n_members, n_concepts)``: mastery by each member."""
        return self._read(state, lambda member, own: member.mastery(own))

    @property
    def n_episode_draws(self) -> int:
        """Random numbers that `begin_episode` takes for each student."""
        return int(self.settings.member == "random")

    def begin_episode(self, state: State, uniforms: Tensor) -> State:
        """Draw a member for each student, by numbers in [0, 1), ``(n, n_episode_draws)``; without any, nobody."""
        if not self.n_episode_draws:
            return state
        drawn = (uniforms[:, 0] * len(self.members)).long().clamp(max=len(self.members) - 1)
        return state | {DRAWN: drawn.to(state[DRAWN].device)}

    def latent(self, state: State) -> Tensor:
        """The logits of the mastery of whoever answers, ``(n, n_concepts)``: members' own states differ in meaning."""
        return torch.logit(self.mastery(state), eps=1e-4)

    def with_bank(self, bank: QuestionBank, extend: Callable[[Any, QuestionBank], StudentModel]) -> Self:
        """The same over a larger bank; ``extend`` is `ldsim_env.simulator.with_bank`, which knows every member."""
        return type(self)([extend(member, bank) for member in self.members], self.settings)

    def freeze(self) -> Self:
        """Make every member ready to be stepped, after they moved to another device."""
        for member in self.children():
            member.freeze()  # type: ignore[operator]
        return self

    # ---- the parts ------------------------------------------------------------------------------------------------

    def _of_each(self, state: State) -> list[State]:
        """Each member's own state."""
        states: list[State] = [{} for _ in self.members]
        for name, value in state.items():
            number, _, own_name = name.partition(".")
            if own_name:
                states[int(number)][own_name] = value
        return states

    def _read(self, state: State, read: Callable[[StudentModel, State], Tensor]) -> Tensor:
        states = self._of_each(state)
        return torch.stack([read(member, own) for member, own in zip(self.members, states, strict=True)], dim=1)


def _joined(states: Sequence[State]) -> State:
    return {f"{number}.{name}": value for number, state in enumerate(states) for name, value in state.items()}


def _of_drawn(values: Tensor, drawn: Tensor) -> Tensor:
    """Of ``(n, n_members, ...)`` the drawn member's, or the mean where nobody was drawn."""
    index = drawn.clamp(min=0).view(-1, *[1] * (values.dim() - 1)).expand(-1, 1, *values.shape[2:])
    nobody = (drawn == NOBODY).view(-1, *[1] * (values.dim() - 2))
    return torch.where(nobody, values.mean(1), values.gather(1, index)[:, 0])
