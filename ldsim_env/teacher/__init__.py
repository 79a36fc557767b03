"""The teacher: an LLM's world knowledge as a concept graph, its reasoning as mastery labels.

- A `Teacher` scores short answers to a `Prompt` or completes it.
- `distill_relations` asks a teacher about the concepts of a course, in parts, and makes a `ConceptGraph`;
  `from_recorded` reads recorded relations; `save_graph`, `load_graph`, `draw_graph` and `save_graph_figure` keep and
  show it; `shuffled_graph` and `random_graph` are graphs that know nothing, for the ablation.
- `distill_mastery` asks it about students and makes `MasteryLabels` with a confidence each;
  `read_recorded_mastery` reads recorded judgements; `join_labels` joins the labels of several teachers.
- `ask_reference`, `graph_quality` and `mastery_quality` measure a teacher.
- `run_relations` and `run_mastery` do all of it with files and reports.
- `Course` says which subject and level; `load_template` reads the prompts' templates.
"""

from ldsim_env.teacher.candidates import CandidateRecall, candidate_pairs, candidate_recall
from ldsim_env.teacher.cycles import BrokenCycles, break_cycles
from ldsim_env.teacher.digest import DigestSettings
from ldsim_env.teacher.distillation import MasteryRun, RelationRun, relation_run_batches, run_mastery, run_relations
from ldsim_env.teacher.graph import ConceptGraph, GraphArrays, GraphStats, Relation
from ldsim_env.teacher.graph_controls import random_graph, shuffled_graph
from ldsim_env.teacher.graph_figure import draw_graph, save_graph_figure
from ldsim_env.teacher.graph_files import from_recorded, load_graph, read_relations, save_graph
from ldsim_env.teacher.labels import LabelledMoments, MasteryLabels, join_labels
from ldsim_env.teacher.mastery import MasteryDistillation, MasterySettings, distill_mastery, mastery_questions
from ldsim_env.teacher.prompts import Course, Template, load_template
from ldsim_env.teacher.protocol import Prompt, Teacher
from ldsim_env.teacher.provenance import Provenance
from ldsim_env.teacher.quality import MasteryQuality, mastery_quality
from ldsim_env.teacher.recorded_labels import RecordedLabels, read_labels, read_recorded_mastery
from ldsim_env.teacher.relation_quality import (
    RelationQuality,
    ask_reference,
    graph_quality,
    read_reference,
    reference_batches,
)
from ldsim_env.teacher.relation_settings import RelationSettings
from ldsim_env.teacher.relations import distill_relations, relation_batches
from ldsim_env.teacher.sampling import Kind, SamplingSettings, sample_judgements

__all__ = [
    "BrokenCycles",
    "CandidateRecall",
    "ConceptGraph",
    "Course",
    "DigestSettings",
    "GraphArrays",
    "GraphStats",
    "Kind",
    "LabelledMoments",
    "MasteryDistillation",
    "MasteryLabels",
    "MasteryQuality",
    "MasteryRun",
    "MasterySettings",
    "Prompt",
    "Provenance",
    "RecordedLabels",
    "Relation",
    "RelationQuality",
    "RelationRun",
    "RelationSettings",
    "SamplingSettings",
    "Teacher",
    "Template",
    "ask_reference",
    "break_cycles",
    "candidate_pairs",
    "candidate_recall",
    "distill_mastery",
    "distill_relations",
    "draw_graph",
    "from_recorded",
    "graph_quality",
    "join_labels",
    "load_graph",
    "load_template",
    "mastery_quality",
    "mastery_questions",
    "random_graph",
    "read_labels",
    "read_recorded_mastery",
    "read_reference",
    "read_relations",
    "reference_batches",
    "relation_batches",
    "relation_run_batches",
    "run_mastery",
    "run_relations",
    "sample_judgements",
    "save_graph",
    "save_graph_figure",
    "shuffled_graph",
]
