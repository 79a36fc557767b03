"""Student models other than LDSim's, behind the same four verbs: other assumptions about how students answer and learn.

A recommender that was trained on one of them can be examined on the others. `STUDENT_MODELS` has them by name;
`ldsim_env.simulator.models.fitting.fit_student_model` fits one of them on a log.
"""

from ldsim_env.simulator.models.attention import AttentionSettings, AttentionStudent
from ldsim_env.simulator.models.bkt import BKTSettings, BKTStudent
from ldsim_env.simulator.models.dkt import DKTSettings, DKTStudent
from ldsim_env.simulator.models.ensemble import Ensemble, EnsembleSettings
from ldsim_env.simulator.models.irt import IRTSettings, IRTStudent
from ldsim_env.simulator.models.kss import KSSSettings, KSSStudent
from ldsim_env.simulator.models.network import StudentNetwork
from ldsim_env.simulator.models.settings import FitSettings

STUDENT_MODELS: dict[str, type[StudentNetwork]] = {
    model.kind: model for model in (AttentionStudent, BKTStudent, DKTStudent, IRTStudent, KSSStudent)
}
"""The classes by the name that ``student_model=`` and ``ldsim fit --student-model`` take."""

__all__ = [
    "STUDENT_MODELS",
    "AttentionSettings",
    "AttentionStudent",
    "BKTSettings",
    "BKTStudent",
    "DKTSettings",
    "DKTStudent",
    "Ensemble",
    "EnsembleSettings",
    "FitSettings",
    "IRTSettings",
    "IRTStudent",
    "KSSSettings",
    "KSSStudent",
    "StudentNetwork",
]
