"""Calibrates a teacher's log-odds on what the training students really answered next."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from ldsim_env.errors import SettingsError, missing_extra, unknown_name

METHODS = ("platt", "isotonic", "none")
LEAST_OUTCOMES = 50  # with fewer there is nothing to calibrate on
_FOLDS = 5
_EDGE = 0.01  # probabilities stay off 0 and 1: a few outcomes can't tell them

Calibrator: TypeAlias = Callable[[NDArray[np.float64], NDArray[np.bool_]], NDArray[np.float64]]
"""Gives probabilities from log-odds and from whether the student has not met the concept."""


def calibrate(
    log_odds: NDArray[np.float64],
    unmet: NDArray[np.bool_],
    outcome: NDArray[np.float64],
    student: NDArray[np.int64],
    method: str = "platt",
) -> tuple[NDArray[np.float64], Calibrator]:
    """Turn log-odds into probabilities that hold.

    ``platt`` (Platt 1999) fits a logistic curve over the log-odds and over whether the concept is unmet, since a
    teacher tends to call unmet concepts not mastered; ``isotonic`` any rising curve over the log-odds. A label whose
    outcome is known is calibrated on other students only, so what is measured on it is honest.

    Args:
        log_odds: ``(n,)``, no NaN.
        unmet: ``(n,)``.
        outcome: ``(n,)`` 1, 0 or NaN.
        student: ``(n,)``; a student's labels stay together.
        method: One of `METHODS`; with fewer than 50 outcomes it is ``none``: the logistic function as it is.

    Returns:
        ``(n,)`` probabilities, and the calibrator fitted on all outcomes.
    """
    if method not in METHODS:
        raise SettingsError(unknown_name("calibration", method, METHODS))
    known = np.flatnonzero(~np.isnan(outcome))
    if method == "none" or not can_calibrate(outcome):
        return _plain(log_odds, unmet), _plain
    fit = _fit_platt if method == "platt" else _fit_isotonic
    whole = fit(log_odds[known], unmet[known], outcome[known])
    probability = whole(log_odds, unmet)
    for fold in _folds(student[known]):
        rest = np.setdiff1d(known, known[fold])
        if len(np.unique(outcome[rest])) == 2:
            held = known[fold]
            probability[held] = fit(log_odds[rest], unmet[rest], outcome[rest])(log_odds[held], unmet[held])
    return probability, whole


def can_calibrate(outcome: NDArray[np.float64]) -> bool:
    """Whether there are enough outcomes, of both kinds."""
    known = outcome[~np.isnan(outcome)]
    return len(known) >= LEAST_OUTCOMES and len(np.unique(known)) == 2


def _plain(log_odds: NDArray[np.float64], unmet: NDArray[np.bool_]) -> NDArray[np.float64]:
    probability: NDArray[np.float64] = 1 / (1 + np.exp(-log_odds))
    return probability


def _folds(student: NDArray[np.int64]) -> list[NDArray[np.int64]]:
    """Positions of each fold; the students are dealt by their rank, so all of one student's are in one fold."""
    rank = np.unique(student, return_inverse=True)[1]
    return [np.flatnonzero(rank % _FOLDS == fold) for fold in range(_FOLDS)]


def _fit_platt(log_odds: NDArray[np.float64], unmet: NDArray[np.bool_], outcome: NDArray[np.float64]) -> Calibrator:
    try:
        from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - an optional package
    except ImportError as error:
        raise missing_extra("teacher", "Calibrating a teacher", error) from error
    model = LogisticRegression(C=10.0).fit(np.column_stack([log_odds, unmet]), outcome)

    def _calibrator(log_odds: NDArray[np.float64], unmet: NDArray[np.bool_]) -> NDArray[np.float64]:
        return _off_the_edge(model.predict_proba(np.column_stack([log_odds, unmet]))[:, 1])

    return _calibrator


def _fit_isotonic(log_odds: NDArray[np.float64], unmet: NDArray[np.bool_], outcome: NDArray[np.float64]) -> Calibrator:
    try:
        from sklearn.isotonic import IsotonicRegression  # noqa: PLC0415 - an optional package
    except ImportError as error:
        raise missing_extra("teacher", "Calibrating a teacher", error) from error
    model = IsotonicRegression(out_of_bounds="clip").fit(log_odds, outcome)

    def _calibrator(log_odds: NDArray[np.float64], unmet: NDArray[np.bool_]) -> NDArray[np.float64]:
        return _off_the_edge(model.predict(log_odds))

    return _calibrator


def _off_the_edge(probability: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.clip(probability, _EDGE, 1 - _EDGE)
