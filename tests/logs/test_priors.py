import numpy as np
import pytest

from ldsim_env.errors import SettingsError
from ldsim_env.logs import shrunk_log_odds


def logit(rate):
    return np.log(rate / (1 - rate))


def test_rates_are_shrunk_step_by_step(make_log):
    # question a (concept 0): 3 of 4 right; question b (concepts 0 and 1): 0 of 1; question d (concept 2): 1 of 1
    log = make_log(([0, 0, 1], [1, 1, 0]), ([0, 0, 3], [1, 0, 1]))
    overall = (4 + 0.5) / (6 + 1)
    concepts = [(3 + 2 * overall) / (5 + 2), (0 + 2 * overall) / (1 + 2), (1 + 2 * overall) / (1 + 2)]
    questions = [
        (3 + 5 * concepts[0]) / (4 + 5),
        (0 + 5 * (concepts[0] + concepts[1]) / 2) / (1 + 5),
        concepts[1],  # not in the log
        (1 + 5 * concepts[2]) / (1 + 5),
        concepts[2],
        overall,  # no concept
    ]
    priors = shrunk_log_odds(log, concept_strength=2, question_strength=5)
    assert priors.question.dtype == priors.concept.dtype == np.float32
    np.testing.assert_allclose(priors.concept, logit(np.array(concepts)), rtol=1e-5)
    np.testing.assert_allclose(priors.question, logit(np.array(questions)), rtol=1e-5)


@pytest.mark.parametrize("response", [0, 1])
def test_one_sided_logs_stay_finite(make_log, response):
    priors = shrunk_log_odds(make_log(([0, 1, 2], [response] * 3)), 1, 1)
    assert np.isfinite(priors.question).all()
    assert np.isfinite(priors.concept).all()
    assert (np.sign(priors.question) == (1 if response else -1)).all()


@pytest.mark.parametrize("argument", ["concept_strength", "question_strength"])
@pytest.mark.parametrize("value", [0, -1, float("inf"), float("nan")])
def test_strengths_must_be_above_zero(make_log, argument, value):
    strengths = {"concept_strength": 1.0, "question_strength": 1.0, argument: value}
    with pytest.raises(SettingsError, match=f"{argument}: expected a number of interactions above 0"):
        shrunk_log_odds(make_log(([0], [1])), **strengths)
