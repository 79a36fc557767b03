"""The mastery distillation: the teacher's soft labels as targets of the read-out, at moments of real histories."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from ldsim_env.logs import ResponseLog
from ldsim_env.logs.windows import Windows
from ldsim_env.simulator.network import LDSimNetwork
from ldsim_env.simulator.protocol import State, select_students
from ldsim_env.teacher.graph import ConceptGraph
from ldsim_env.teacher.labels import MasteryLabels


@dataclass(frozen=True, eq=False)
class Teaching:
    """What a teacher distilled for the simulator.

    Args:
        graph: World knowledge: relations between concepts. None trains without.
        labels: Reasoning: mastery judged at moments of training students' histories. None trains without.
    """

    graph: ConceptGraph | None = None
    labels: MasteryLabels | None = None

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over relations and labels."""
        digest = hashlib.sha256()
        if self.graph is not None:
            digest.update(json.dumps([self.graph.concept_ids, self.graph.prerequisites, self.graph.related]).encode())
        if self.labels is not None:
            digest.update(json.dumps([self.labels.concept_ids, self.labels.record_keys]).encode())
            for column in (self.labels.record, self.labels.concept, self.labels.probability, self.labels.confidence):
                digest.update(column.tobytes())
        return digest.hexdigest()


@dataclass(frozen=True, eq=False)
class WindowLabels:
    """Labels placed in training windows; arrays ``(n,)``, sorted by window.

    Args:
        window: Index of the window.
        after: Interactions of the window before the judgement, at least 1.
        concept: Index of the judged concept.
        probability: The teacher's P(right) on a typical question of the concept.
        confidence: Weight in the loss.
    """

    window: NDArray[np.int64]
    after: NDArray[np.int64]
    concept: NDArray[np.int64]
    probability: NDArray[np.float32]
    confidence: NDArray[np.float32]

    @classmethod
    def place(cls, labels: MasteryLabels | None, log: ResponseLog, found: Windows) -> WindowLabels:
        """Find each label's window; labels at moments that no window holds are left out. None is no labels."""
        if labels is None:
            whole, real = np.empty(0, np.int64), np.empty(0, np.float32)
            return cls(whole, whole, whole, real, real)
        moments = labels.place(log)
        at = log.offsets[moments.student] + moments.cut - 1  # the last interaction before the judgement
        by_start = np.argsort(found.start, kind="stable")
        window = by_start[np.maximum(np.searchsorted(found.start[by_start], at, side="right") - 1, 0)]
        after = at - found.start[window] + 1
        here = (moments.cut > 0) & (after >= 1) & (after <= found.length[window])
        kept = np.flatnonzero(here)[np.argsort(window[here], kind="stable")]
        return cls(
            window=window[kept],
            after=after[kept],
            concept=moments.concept[kept],
            probability=moments.probability[kept],
            confidence=moments.confidence[kept],
        )

    def of_batch(self, windows: NDArray[np.int64], n_observed: Tensor) -> BatchLabels:
        """The labels of a batch of windows (indices), each shown its first ``n_observed`` true responses."""
        begin, end = (np.searchsorted(self.window, windows, side=side) for side in ("left", "right"))
        row = np.repeat(np.arange(len(windows)), end - begin)
        index = np.concatenate([np.arange(b, e) for b, e in zip(begin, end, strict=True)] or [np.empty(0, np.int64)])
        shown = self.after[index] <= n_observed.numpy()[row]  # no judgement of what the model made up itself
        return BatchLabels(self, row[shown], index[shown])


class BatchLabels:
    """Watches a batch being unrolled and gathers the distillation loss at the labelled moments.

    Args:
        labels: All labels.
        row: ``(m,)`` row in the batch of each of the batch's labels.
        index: ``(m,)`` index in ``labels`` of each.
    """

    def __init__(self, labels: WindowLabels, row: NDArray[np.int64], index: NDArray[np.int64]) -> None:
        self._row = torch.from_numpy(row)
        self._after = torch.from_numpy(labels.after[index])
        self._concept = torch.from_numpy(labels.concept[index])
        self._probability = torch.from_numpy(labels.probability[index])
        self._confidence = torch.from_numpy(labels.confidence[index])
        self._loss = torch.zeros(())
        self._weight = 0.0

    def watch(self, network: LDSimNetwork, step: int, state: State) -> None:
        """Compare the mastery after ``step`` interactions with the labels of that moment."""
        here = (self._after == step).nonzero().squeeze(1)
        if len(here):
            mastery = network.mastery(select_students(state, self._row[here]))
            judged = mastery.gather(1, self._concept[here].unsqueeze(1)).squeeze(1).clamp(1e-6, 1 - 1e-6)
            weight = self._confidence[here]
            target = self._probability[here]
            self._loss = self._loss + functional.binary_cross_entropy(judged, target, weight, reduction="sum")
            self._weight += float(weight.sum())

    @property
    def loss(self) -> Tensor:
        """Mean cross-entropy against the labels, weighted by confidence; 0 where the batch has none."""
        return self._loss / max(self._weight, 1e-6)
