"""Settings of the distillation of relations."""

from __future__ import annotations

from dataclasses import dataclass

from ldsim_env.errors import SettingsError


@dataclass(frozen=True)
class RelationSettings:
    """How relations are asked for and decided.

    Args:
        threshold: Log-odds of "directly connected" above which a pair is connected, in logits. 0 is untuned.
        order_margin: Logits by which one concept must lead for the pair to have an order; else it is related.
        which_weight: Weight of "which is taught first", in logits of order for each logit of the answer.
        grade_weight: Weight of the school grades, in logits of order for each grade between the two.
        sure: Log-odds beyond which an answer is sure: two sure answers that contradict each other are an abstention.
        most_prerequisites: The most confident prerequisites kept for each concept; 0 keeps all.
        most_related: The most confident related pairs kept for each concept; 0 keeps all.
        all_pairs_up_to: Banks of at most so many concepts are asked about in all pairs; bigger ones are pruned.
        per_concept: Partners for each concept and source of candidates in a pruned bank.
        outsiders: Random pairs outside the candidates that are asked about as well, to measure what pruning loses.
        seed: Draws these pairs.
        order_template: Template that asks when a concept is taught: ``"grade"``, or ``"stage"`` where there are no
            school grades.
        least_answered: Refuse a teacher that gives usable answers to less than this share of the pairs.
        most_connected: Refuse a teacher that says yes to more than this share of the pairs.
        most_contradictory: Refuse a teacher that contradicts itself on more than this share of the pairs.
        most_isolated: Refuse a teacher that connects more than this share of 20 or more concepts with none.
        least_auc: Refuse a teacher whose AUC on reference pairs, where there are some, is lower.
    """

    threshold: float = 0.0
    order_margin: float = 0.25
    which_weight: float = 1.0
    grade_weight: float = 1.0
    sure: float = 2.0
    most_prerequisites: int = 6
    most_related: int = 6
    all_pairs_up_to: int = 150
    per_concept: int = 10
    outsiders: int = 200
    seed: int = 0
    order_template: str = "grade"
    least_answered: float = 0.5
    most_connected: float = 0.9
    most_contradictory: float = 0.5
    most_isolated: float = 0.5
    least_auc: float = 0.7

    def __post_init__(self) -> None:
        least = {"order_margin": 0, "which_weight": 0, "grade_weight": 0, "sure": 0, "most_prerequisites": 0}
        least |= {"most_related": 0, "all_pairs_up_to": 0, "per_concept": 1, "outsiders": 0, "seed": 0}
        for name, value in least.items():
            if not getattr(self, name) >= value:
                raise SettingsError(f"{name}: expected at least {value}, got {getattr(self, name)!r}.")
        for name in ("least_answered", "most_connected", "most_contradictory", "most_isolated", "least_auc"):
            if not 0 <= getattr(self, name) <= 1:
                raise SettingsError(f"{name}: expected a share from 0 to 1, got {getattr(self, name)!r}.")
        if self.which_weight == self.grade_weight == 0:
            raise SettingsError("which_weight, grade_weight: expected one of them above 0, or nothing tells the order.")
