"""The rules for actions and observations that the settings name."""

from __future__ import annotations

from ldsim_env.envs.actions import ActionRule, QuestionAction
from ldsim_env.envs.candidate_action import CandidateAction
from ldsim_env.envs.candidate_features import FEATURES, CandidateFeatures
from ldsim_env.envs.candidate_sampler import CandidateSampler, MixedSampler
from ldsim_env.envs.concept_action import ConceptAction
from ldsim_env.envs.embedding_action import EmbeddingAction
from ldsim_env.envs.observations import (
    DictObservation,
    ObservationRule,
    Part,
    VectorObservation,
    flat_parts,
    history_parts,
    latent_parts,
)
from ldsim_env.envs.settings import EnvSettings
from ldsim_env.simulator.protocol import StudentModel
from ldsim_env.simulator.readouts import latent_size, question_vectors


def make_action(settings: EnvSettings, observer: StudentModel, sampler: CandidateSampler | None) -> ActionRule:
    """The rule that ``settings.action`` names.

    Args:
        settings: The rules of the session.
        observer: Its bank and question vectors are what actions refer to.
        sampler: Proposes the candidates; None takes `MixedSampler`.

    Raises:
        SettingsError: If the sampler or the observer's question vectors can't be used.
    """
    bank = observer.bank
    if settings.action == "concept":
        return ConceptAction(bank, settings.wished_success)
    if settings.action == "candidates":
        return CandidateAction(bank, MixedSampler(bank) if sampler is None else sampler, settings.n_candidates)
    if settings.action == "embedding":
        return EmbeddingAction(question_vectors(observer))
    return QuestionAction(bank)


def make_observation(settings: EnvSettings, observer: StudentModel, action: ActionRule) -> ObservationRule:
    """The rule that ``settings.observation`` names; the features of candidates are part of it."""
    features = CandidateFeatures(observer.bank) if action.n_candidates else None
    if settings.observation == "dict":
        return DictObservation(VectorObservation(flat_parts(observer.bank)), action, features)
    parts = _parts(settings, observer)
    if features is not None:
        parts.append(Part(action.n_candidates * len(FEATURES), features.read_flat))
    return VectorObservation(parts)


def _parts(settings: EnvSettings, observer: StudentModel) -> list[Part]:
    if settings.observation == "history":
        return history_parts(observer.bank, settings.history_length)
    if settings.observation == "latent":
        return latent_parts(observer.bank, latent_size(observer))
    return flat_parts(observer.bank)


def recent_length(settings: EnvSettings) -> int:
    """Interactions that must be kept for the observation."""
    return settings.history_length if settings.observation == "history" else 0
