"""A policy trained with Stable-Baselines3, read from its file."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from ldsim_env.errors import CheckpointError, SettingsError, missing_extra
from ldsim_env.recommenders.protocol import Action, Env, Info
from ldsim_env.recommenders.sb3_archive import algorithm_of


class SB3Recommender:
    """Plays a trained Stable-Baselines3 model: always its best action, never an illegal one.

    A policy whose ``predict`` takes ``action_masks`` gets them. The others, which know nothing of masks, are asked for
    their preferences (logits of PPO, A2C and RecurrentPPO, Q-values of DQN) and the best legal action is taken.
    Policies with a ``Box`` action space need no mask.

    Args:
        model: A trained model (``PPO``, ``A2C``, ``DQN``, ``SAC``, ``MaskablePPO``, ``RecurrentPPO``).
        name: The name in tables and plots.
    """

    def __init__(self, model: Any, name: str) -> None:
        self.name = name
        self._model = model
        self._takes_masks = "action_masks" in inspect.signature(model.predict).parameters
        self._policy_takes_masks = "action_masks" in inspect.signature(model.policy.predict).parameters

    @classmethod
    def load(cls, path: Path, name: str | None = None) -> SB3Recommender:
        """Read a model that ``model.save(path)`` wrote; the algorithm is recognised from the file.

        Stable-Baselines3 keeps parts of a model pickled, and reading them can run code: load only files you trust.
        Statistics of ``VecNormalize`` are not in the file, so train without it.

        Args:
            path: The zip file.
            name: The name in tables and plots; by default the file's name without ``.zip``.

        Raises:
            CheckpointError: If the file is absent, damaged or of an unsupported algorithm.
            MissingExtraError: If Stable-Baselines3 (or sb3-contrib, where the file needs it) is not installed.
        """
        algorithm = _algorithm_class(algorithm_of(path))
        try:
            model = algorithm.load(path, device="cpu")
        except Exception as error:  # unpickling a file of other versions fails in any way whatever
            raise CheckpointError(
                f"{path}: Stable-Baselines3 can't load it ({type(error).__name__}: {error}). "
                "Load it with the versions that saved it, with the modules that it was trained with importable."
            ) from error
        return cls(model, name or path.stem)

    def start(self, env: Env, rng: np.random.Generator) -> None:
        """Begin an episode; ``rng`` is not used: the best action is taken.

        Raises:
            SettingsError: If the model was trained for other observation or action spaces.
        """
        _check_space("observation_space", self._model.observation_space, env.observation_space, self.name)
        _check_space("action_space", self._model.action_space, env.action_space, self.name)
        self._env = env
        self._memory: Any = None
        self._is_first = True

    def recommend(self, observation: Any, info: Info) -> Action:
        """Pick the best legal action."""
        legal = _legal_actions(self._env, info)
        if legal is None:
            action = self._predict(observation)
        elif self._takes_masks:
            action = self._predict(observation, action_masks=legal)
        elif self._policy_takes_masks:
            action = self._model.policy.predict(observation, deterministic=True, action_masks=legal)[0]
        else:
            action = np.where(legal, self._preferences(observation), -np.inf).argmax()
        self._is_first = False
        return int(action) if np.ndim(action) == 0 else np.asarray(action)

    def _predict(self, observation: Any, **masks: NDArray[np.bool_]) -> Any:
        first = np.array([self._is_first])
        action, self._memory = self._model.predict(observation, self._memory, first, deterministic=True, **masks)
        return action

    def _preferences(self, observation: Any) -> NDArray[np.float32]:
        """``(n_actions,)``: the higher, the rather the policy takes the action."""
        import torch  # noqa: PLC0415 - Stable-Baselines3 has loaded it, but `import ldsim_env` must not

        policy = self._model.policy
        policy.set_training_mode(False)
        batch, _ = policy.obs_to_tensor(observation)
        with torch.no_grad():
            if hasattr(policy, "q_net"):
                preferences = policy.q_net(batch)
            elif hasattr(policy, "lstm_actor"):
                preferences = self._recurrent_distribution(batch).distribution.logits
            else:
                preferences = policy.get_distribution(batch).distribution.logits
        return np.asarray(preferences[0].cpu().numpy(), np.float32)

    def _recurrent_distribution(self, batch: Any) -> Any:
        import torch  # noqa: PLC0415 - see above

        policy = self._model.policy
        if self._memory is None:
            zeros = torch.zeros(policy.lstm_hidden_state_shape)
            self._memory = (zeros, zeros)
        first = torch.tensor([float(self._is_first)])
        distribution, self._memory = policy.get_distribution(batch, self._memory, first)
        return distribution


def _algorithm_class(name: str) -> Any:
    library = "sb3_contrib" if name in ("MaskablePPO", "RecurrentPPO") else "stable_baselines3"
    try:
        return getattr(importlib.import_module(library), name)
    except ImportError as error:
        raise missing_extra("agents", "Reading a Stable-Baselines3 file", error) from error


def _legal_actions(env: Env, info: Info) -> NDArray[np.bool_] | None:
    """``(n_actions,)``, or None where the environment has no masks."""
    if not isinstance(env.action_space, gymnasium.spaces.Discrete):
        return None
    if "action_mask" in info:
        return np.asarray(info["action_mask"], dtype=bool)
    if env.has_wrapper_attr("action_masks"):
        return np.asarray(env.get_wrapper_attr("action_masks")(), dtype=bool)
    return None


def _check_space(what: str, trained: Any, actual: Any, name: str) -> None:
    if trained.shape != actual.shape or getattr(trained, "n", None) != getattr(actual, "n", None):
        raise SettingsError(
            f"{name}: trained with the {what} {trained}, but this environment has {actual}. "
            "Use the environment id and arguments that it was trained with."
        )
