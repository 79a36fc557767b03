"""The recommenders that are known by a name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from ldsim_env.errors import SettingsError, unknown_name
from ldsim_env.recommenders.adaptive import WeakestRecommender, ZPDRecommender, ZPDWeakestRecommender
from ldsim_env.recommenders.bandit import LinUCBRecommender
from ldsim_env.recommenders.beam import BeamRecommender
from ldsim_env.recommenders.curriculum import CurriculumRecommender
from ldsim_env.recommenders.greedy import GreedyRecommender
from ldsim_env.recommenders.protocol import Recommender
from ldsim_env.recommenders.review import BKTRecommender, LeitnerRecommender
from ldsim_env.recommenders.simple import FixedOrderRecommender, RandomRecommender, RandomTargetRecommender

RECOMMENDERS: Mapping[str, Callable[[], Recommender]] = MappingProxyType(
    {
        RandomRecommender.name: RandomRecommender,
        RandomTargetRecommender.name: RandomTargetRecommender,
        FixedOrderRecommender.name: FixedOrderRecommender,
        CurriculumRecommender.name: CurriculumRecommender,
        LeitnerRecommender.name: LeitnerRecommender,
        BKTRecommender.name: BKTRecommender,
        WeakestRecommender.name: WeakestRecommender,
        ZPDRecommender.name: ZPDRecommender,
        ZPDWeakestRecommender.name: ZPDWeakestRecommender,
        LinUCBRecommender.name: LinUCBRecommender,
        GreedyRecommender.name: GreedyRecommender,
        BeamRecommender.name: BeamRecommender,
    }
)
"""Name -> class, from the weakest to the strongest idea."""


def make_recommender(name: str) -> Recommender:
    """Make a recommender by its name.

    Raises:
        SettingsError: If there is none of that name; the message has the nearest one.
    """
    if name not in RECOMMENDERS:
        raise SettingsError(unknown_name("recommender", name, RECOMMENDERS))
    return RECOMMENDERS[name]()
