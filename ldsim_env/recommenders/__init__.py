"""Recommenders: the protocol, the simple ones that every comparison needs, and saved Stable-Baselines3 policies."""

from ldsim_env.recommenders.adaptive import WeakestRecommender, ZPDRecommender, ZPDWeakestRecommender
from ldsim_env.recommenders.bandit import LinUCBRecommender, LinUCBSettings
from ldsim_env.recommenders.beam import BeamRecommender, BeamSettings
from ldsim_env.recommenders.curriculum import CurriculumRecommender
from ldsim_env.recommenders.greedy import GreedyRecommender
from ldsim_env.recommenders.llm import LLMRecommender, LLMSettings
from ldsim_env.recommenders.loading import load_recommender
from ldsim_env.recommenders.protocol import Action, Env, Info, Recommender, TeachingEnv, uses_simulator
from ldsim_env.recommenders.registry import RECOMMENDERS, make_recommender
from ldsim_env.recommenders.review import BKTRecommender, BKTSettings, LeitnerRecommender
from ldsim_env.recommenders.sb3 import SB3Recommender
from ldsim_env.recommenders.simple import FixedOrderRecommender, RandomRecommender, RandomTargetRecommender

__all__ = [
    "RECOMMENDERS",
    "Action",
    "BKTRecommender",
    "BKTSettings",
    "BeamRecommender",
    "BeamSettings",
    "CurriculumRecommender",
    "Env",
    "FixedOrderRecommender",
    "GreedyRecommender",
    "Info",
    "LLMRecommender",
    "LLMSettings",
    "LeitnerRecommender",
    "LinUCBRecommender",
    "LinUCBSettings",
    "RandomRecommender",
    "RandomTargetRecommender",
    "Recommender",
    "SB3Recommender",
    "TeachingEnv",
    "WeakestRecommender",
    "ZPDRecommender",
    "ZPDWeakestRecommender",
    "load_recommender",
    "make_recommender",
    "uses_simulator",
]
