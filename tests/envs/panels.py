"""Panels of invented episodes, for the pictures' tests."""

import numpy as np

from ldsim_env.envs.rendering import Panel, PathStep


def made_up_panel(n_concepts: int = 12, n_targets: int = 3, n_steps: int = 5, step_budget: int = 30) -> Panel:
    """An episode in which every question practises one concept; every third step passes without a question."""
    random = np.random.default_rng(3)
    start = random.uniform(0.1, 0.9, n_concepts).astype(np.float32)
    targets = np.sort(random.choice(n_concepts, n_targets, replace=False))
    names = [f"Concept {concept} with a name that is far too long for any card" for concept in range(n_concepts)]
    mastery, path = start.copy(), []
    for step in range(n_steps):
        concept = int(random.integers(n_concepts))
        mastery[concept] = random.random()
        score = float(mastery[targets].mean())
        path.append(PathStep(f"q{step}", (names[concept],), float(random.random()), (1, 0, -1)[step % 3], score))
    before, now = float(start[targets].mean()), float(mastery[targets].mean())
    gain = (now - before) / (1 - before)
    return Panel("s1", names, targets, start, mastery, before, now, gain, step_budget, path)
