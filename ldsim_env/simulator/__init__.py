"""Student models: the protocol they share, LDSim's network, its training, its checkpoints and how it is examined.

- `StudentModel` is the protocol: ``start``, ``answer_prob``, ``learn``, ``mastery``; `State` its knowledge state.
- `LDSimNetwork` is the simulator; `Trainer` fits it, `save_simulator` and `load_simulator` keep it.
- `predict_kt` and `predict_simulation` are the two tasks it is measured by; `run_probes` says what it pays for.
- `SequenceModel` draws synthetic students.
"""

from ldsim_env.simulator.checkpoint import (
    bundled_names,
    load_simulator,
    read_provenance,
    save_ensemble,
    save_simulator,
    simulator_folder,
)
from ldsim_env.simulator.distillation import Teaching
from ldsim_env.simulator.evaluation import Evaluation, evaluate, evaluation_table, predict_tasks
from ldsim_env.simulator.fitting import fit_simulator, for_log
from ldsim_env.simulator.histories import states_after
from ldsim_env.simulator.metrics import ReliabilityBin, Scores, reliability, score
from ldsim_env.simulator.models import STUDENT_MODELS, Ensemble, EnsembleSettings, FitSettings, StudentNetwork
from ldsim_env.simulator.models.fitting import fit_student_model
from ldsim_env.simulator.models.seeds import fit_ensemble
from ldsim_env.simulator.naming import student_model_folder, student_models_of
from ldsim_env.simulator.network import LDSimNetwork
from ldsim_env.simulator.probe_ground import ProbeSettings
from ldsim_env.simulator.probe_verdict import Verdict, judge, keep_verdict, read_verdict
from ldsim_env.simulator.probe_views import probe_plot, probe_table
from ldsim_env.simulator.probes import Probe, ProbeReport, probe_cohort, probe_real_students, run_probes
from ldsim_env.simulator.protocol import State, StudentModel, join_students, select_students
from ldsim_env.simulator.settings import NetworkSettings, TrainingSettings
from ldsim_env.simulator.synthetic import SequenceModel
from ldsim_env.simulator.tasks import Predictions, predict_kt, predict_simulation
from ldsim_env.simulator.training import EpochRecord, Trainer
from ldsim_env.simulator.unknown_questions import with_bank
from ldsim_env.simulator.unroll import Rollout, unroll

__all__ = [
    "STUDENT_MODELS",
    "Ensemble",
    "EnsembleSettings",
    "EpochRecord",
    "Evaluation",
    "FitSettings",
    "LDSimNetwork",
    "NetworkSettings",
    "Predictions",
    "Probe",
    "ProbeReport",
    "ProbeSettings",
    "ReliabilityBin",
    "Rollout",
    "Scores",
    "SequenceModel",
    "State",
    "StudentModel",
    "StudentNetwork",
    "Teaching",
    "Trainer",
    "TrainingSettings",
    "Verdict",
    "bundled_names",
    "evaluate",
    "evaluation_table",
    "fit_ensemble",
    "fit_simulator",
    "fit_student_model",
    "for_log",
    "join_students",
    "judge",
    "keep_verdict",
    "load_simulator",
    "predict_kt",
    "predict_simulation",
    "predict_tasks",
    "probe_cohort",
    "probe_plot",
    "probe_real_students",
    "probe_table",
    "read_provenance",
    "read_verdict",
    "reliability",
    "run_probes",
    "save_ensemble",
    "save_simulator",
    "score",
    "select_students",
    "simulator_folder",
    "states_after",
    "student_model_folder",
    "student_models_of",
    "unroll",
    "with_bank",
]
