"""Response logs: who answered which question, in order, and whether the answer was right.

- `read_logs` reads files or folders of a known format; `read_four_line`, `read_assistments`, `read_pykt` and
  `read_table` (with a `ColumnMapping`) read one format each. All give a `ResponseLog` over a `QuestionBank`, with one
  interaction for each question asked.
- `check_leaks` and `refuse_leaks` find logs whose rows give away their own answers.
- `split_students` and `split_folds` split by student.
- `match_bank` expresses a log in the bank of a fitted simulator.
- `windows` and `padded` cut histories into the windows of the protocol.
- `shrunk_log_odds` says how hard questions and concepts are.
"""

from ldsim_env.logs.assistments import read_assistments
from ldsim_env.logs.bank import NO_CONCEPT, QuestionBank
from ldsim_env.logs.four_line import read_four_line
from ldsim_env.logs.leaks import LeakReport, check_leaks, refuse_leaks
from ldsim_env.logs.matching import MatchedLog, match_bank
from ldsim_env.logs.priors import LogOdds, shrunk_log_odds
from ldsim_env.logs.pykt import read_pykt
from ldsim_env.logs.reading import read_logs
from ldsim_env.logs.response_log import RIGHT, WRONG, ResponseLog, StudentHistory
from ldsim_env.logs.splits import split_folds, split_students
from ldsim_env.logs.table import ColumnMapping, read_table
from ldsim_env.logs.windows import (
    KT_MINIMUM,
    SIMULATION_MINIMUM,
    SIMULATION_STEPS,
    WINDOW_LENGTH,
    PaddedWindows,
    Windows,
    observed_half,
    padded,
    select_windows,
    simulated_steps,
    windows,
)

__all__ = [
    "KT_MINIMUM",
    "NO_CONCEPT",
    "RIGHT",
    "SIMULATION_MINIMUM",
    "SIMULATION_STEPS",
    "WINDOW_LENGTH",
    "WRONG",
    "ColumnMapping",
    "LeakReport",
    "LogOdds",
    "MatchedLog",
    "PaddedWindows",
    "QuestionBank",
    "ResponseLog",
    "StudentHistory",
    "Windows",
    "check_leaks",
    "match_bank",
    "observed_half",
    "padded",
    "read_assistments",
    "read_four_line",
    "read_logs",
    "read_pykt",
    "read_table",
    "refuse_leaks",
    "select_windows",
    "shrunk_log_odds",
    "simulated_steps",
    "split_folds",
    "split_students",
    "windows",
]
