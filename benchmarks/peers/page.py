"""The report for reading: a Markdown table with what it means, and a plot."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ldsim_env.figures import BLUE, GREY, ORANGE, new_figure, save_figure
from peers import ours

Entry = dict[str, Any]
AUC_COLUMNS = {
    "KT": "kt",
    "sampled": "simulation, sampled",
    "expected": "simulation, expected",
    "hard": "simulation, hard",
}


def tables(entries: list[Entry]) -> str:
    """Two Markdown tables: how well each peer does both tasks, and what it costs."""
    best_first = sorted(entries, key=lambda entry: -entry["figures"]["kt, auc"]["mean"])
    accuracy = {
        "peer": lambda e: e["peer"],
        "code": lambda e: e["source"],
        "seeds": lambda e: str(len(e["seeds"])),
        **{name: _auc_of(task) for name, task in AUC_COLUMNS.items()},
        "KT accuracy": _figure("kt, accuracy"),
        "KT ECE": _figure("kt, ece"),
        "ECE sampled": _figure("simulation, sampled, ece"),
        "ECE expected": _figure("simulation, expected, ece"),
    }
    cost = {
        "peer": lambda e: e["peer"],
        "sizes": lambda e: e["sizes"],
        "parameters": lambda e: f"{e['cost']['parameters']:,}",
        "chosen": _chosen,
        "epochs": lambda e: ", ".join(str(n) for n in e["epochs"]) if e["epochs"][0] else "-",
        "rule": lambda e: e["rule"] or "-",
        "fit, s": lambda e: f"{e['seconds']['mean']:,.0f}",
        "us/step at 50": lambda e: f"{e['cost']['microseconds']['50']:,.1f}",
        "at 500": lambda e: f"{e['cost']['microseconds']['500']:,.1f}",
        "state at 500, kB": lambda e: f"{e['cost']['state_bytes']['500'] / 1000:,.1f}",
        "peak at 500, MB": _peak,
    }
    return f"{_table(accuracy, best_first)}\n\n{_table(cost, best_first)}\n"


def write_page(path: Path, entries: list[Entry], bank: str, command: str) -> None:
    """Put the tables between the page's marks; the text around them stays.

    The marks are ``<!-- BANK: made by ... -->`` and ``<!-- end of BANK -->``; a page without them gets them at its end.
    """
    page = path.read_text(encoding="utf-8") if path.exists() else "# The peers\n"
    first, last = f"<!-- {bank}: made by `{command}` -->", f"<!-- end of {bank} -->"
    inserted = f"{first}\n\n{tables(entries)}\n{last}"
    if f"<!-- {bank}: made by" in page and last in page:
        before, rest = page.split(f"<!-- {bank}: made by", 1)
        page = before + inserted + rest.split(last, 1)[1]
    else:
        page = f"{page.rstrip()}\n\n{inserted}\n"
    path.write_text(page, encoding="utf-8")


def plot(path: Path, entries: list[Entry]) -> None:
    """Left: AUC of both tasks, range over seeds. Right: microseconds a student-step by length of the history.

    Markers are open: what coincides is seen.
    """
    ordered = sorted(entries, key=lambda entry: entry["figures"]["kt, auc"]["mean"])
    with new_figure(9, 1.6 + 0.3 * len(ordered), "Plotting the peers") as figure:
        left, right = figure.subplots(1, 2, sharey=True)
        for row, entry in enumerate(ordered):
            for task, marker, colour in (("kt", "o", BLUE), ("simulation, sampled", "D", ORANGE)):
                auc, called = entry["figures"][f"{task}, auc"], "KT task" if task == "kt" else task
                left.plot([auc["low"], auc["high"]], [row, row], color=colour, linewidth=1.5)
                left.plot(auc["mean"], row, marker, fillstyle="none", color=colour, label=called if row == 0 else None)
            times = entry["cost"]["microseconds"]
            right.plot([times["50"], times["500"]], [row, row], color=GREY, linewidth=1)
            for history, marker in (("50", "o"), ("500", "s")):
                label = f"after {history} interactions" if row == 0 else None
                right.plot(times[history], row, marker, fillstyle="none", color=BLUE, label=label)
        left.set_yticks(range(len(ordered)), [entry["peer"] for entry in ordered])
        for tick, entry in zip(left.get_yticklabels(), ordered, strict=True):
            tick.set_fontweight("bold" if entry["peer"] == ours.NAME else "normal")
        left.set(title="AUC on held-out students", xlabel="AUC (bar: range over seeds)")
        right.set(title="Cost of a step", xlabel="microseconds a student-step", xscale="log")
        for axes in (left, right):
            axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.08), ncols=2)
    save_figure(figure, path)


def _table(columns: dict[str, Callable[[Entry], str]], entries: list[Entry]) -> str:
    lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    lines += ["| " + " | ".join(cell(entry) for cell in columns.values()) + " |" for entry in entries]
    return "\n".join(lines)


def _figure(name: str) -> Callable[[Entry], str]:
    return lambda entry: f"{entry['figures'][name]['mean']:.3f}".removeprefix("0")


def _auc_of(task: str) -> Callable[[Entry], str]:
    def cell(entry: Entry) -> str:
        auc = entry["figures"][f"{task}, auc"]
        half = (auc["high"] - auc["low"]) / 2
        mean = f"{auc['mean']:.4f}".removeprefix("0")
        return f"{mean} ± {half:.4f}".replace("± 0", "± ") if len(entry["seeds"]) > 1 else mean

    return cell


def _chosen(entry: Entry) -> str:
    search = entry["search"]
    if not search or len(search["stopping_auc"]) < 2:
        return "-"
    return f"{search['searched']} {entry['setting']:g} of {len(search['stopping_auc'])}"


def _peak(entry: Entry) -> str:
    peak = entry["cost"]["peak_megabytes"]["500"]
    return "-" if peak is None else f"{peak:,.0f}" if peak >= 1 else "< 1"
