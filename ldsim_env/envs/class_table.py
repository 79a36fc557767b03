"""A class as text: one line a student."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import numpy as np

from ldsim_env.envs.class_session import ClassSession
from ldsim_env.envs.rendering import Panel, bar, mark

ID_WIDTH = 16


def class_table(panels: Mapping[str, Panel], agents: Collection[str], session: ClassSession) -> str:
    """Draw the class in plain text.

    Args:
        panels: Each student's episode, by agent.
        agents: Those whose episode goes on.
        session: The class's session.
    """
    width = max(map(len, panels))
    lines = [
        _class_line(session),
        *(_student_line(agent.ljust(width), panel, agent in agents) for agent, panel in panels.items()),
    ]
    return "\n".join(lines) + "\n"


def _class_line(session: ClassSession) -> str:
    limit = "" if session.rules.question_budget is None else f" of {session.rules.question_budget}"
    return (
        f"Class of {session.rules.n_students}   step {session.steps.max()}/{session.step_budget}   "
        f"mean exam {session.exam_start.mean():.3f} -> {session.exam_now.mean():.3f}   "
        f"mean learning gain {np.mean(session.learning_gains()):+.3f}   questions {session.n_asked}{limit}   "
        f"most given question: {session.exposure.max()} of at most {session.rules.students_a_question} students"
    )


def _student_line(agent: str, panel: Panel, goes_on: bool) -> str:
    path = "".join(map(mark, panel.path)) or "-"
    return (
        f"  {agent}  {panel.student[:ID_WIDTH]:<{ID_WIDTH}} {bar(panel.exam_score)} "
        f"{panel.exam_start:.3f} -> {panel.exam_score:.3f}  {panel.learning_gain:+.3f}  "
        f"{path}{'' if goes_on else ' end'}"
    )
