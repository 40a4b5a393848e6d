"""The README's tables, from run directories: ``python -m finetune.evaluation.results RUN ... [--readme FILE]``."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coderag_app.errors import CodeRAGError, ConfigurationError
from finetune.evaluation.arms import ARM_TITLES
from finetune.evaluation.hardness import Hardness
from finetune.evaluation.report_tables import ReportTable, interval_text, p_value, percent, to_markdown
from finetune.evaluation.run_directory import RunDirectory
from finetune.evaluation.statistics import Interval
from finetune.evaluation.summary import ARM_ORDER, Share

_SHOWN_ARMS = ("none", "tuned")
START, END = "<!-- results:start -->", "<!-- results:end -->"


Figures = dict[str, Any]  # one arm, as summary.json holds it


@dataclass(frozen=True)
class FinishedRun:
    """A run with its figures.

    Attributes:
        name: Its folder's name.
        title: Name, number of questions and convention.
        decoding: How replies were chosen; empty for the default, the most likely reply with repairs.
        arms: Figures by arm.
    """

    name: str
    title: str
    decoding: str
    arms: dict[str, Figures]

    @classmethod
    def read(cls, folder: Path) -> FinishedRun:
        """The run in a folder.

        Raises:
            ConfigurationError: The folder holds no finished run.
        """
        run = RunDirectory(folder)
        title = _column_title(folder.name, run)
        engine = run.read_config()["identity"]["engine"]
        return cls(folder.name, title, decoding_text(engine), {arm["arm"]: arm for arm in run.read_summary()["arms"]})


def read_runs(run_dirs: Sequence[str | Path]) -> list[FinishedRun]:
    """The runs in some folders.

    Raises:
        ConfigurationError: There is no folder, or one holds no finished run.
    """
    if not run_dirs:
        raise ConfigurationError("Got no run directories; expected at least one (coderag evaluate --run-dir DIR).")
    return [FinishedRun.read(Path(folder)) for folder in run_dirs]


def decoding_text(engine: Mapping[str, Any]) -> str:
    """What a run's engine did besides writing the most likely reply and repairing it."""
    parts = {"always": ["constrained"], "never": ["no grammar"]}.get(engine.get("constrain", "repair"), [])
    if engine.get("samples"):
        ranked = ", ranked by the encoder" if engine.get("rank_candidates") else ""
        parts.append(f"vote of up to {engine['samples'] + 1}{ranked}")
        if engine.get("reuse_examples") is False:
            parts.append("no reuse of examples")
    if engine.get("link_schema") is False:
        parts.append("no schema linking")
    if engine.get("max_repairs") == 0:
        parts.append("no repairs")
    return ", ".join(parts)


def results_markdown(run_dirs: Sequence[str | Path]) -> str:
    """Both tables as Markdown: accuracy by arm and data set, and by setting with hardness and confidence.

    Raises:
        ConfigurationError: A folder holds no finished run.
    """
    runs = read_runs(run_dirs)
    return "\n\n".join(to_markdown(table) for table in (arms_table(runs), settings_table(runs)) if table.rows)


def arms_table(runs: Sequence[FinishedRun]) -> ReportTable:
    """Execution accuracy by arm, one column a run with the default decoding, named by its folder.

    Beside the accuracy stands p against no retrieval, adjusted for the number of arms.
    """
    plain = [run for run in runs if not run.decoding]
    arms = sorted({arm for run in plain for arm in run.arms}, key=lambda arm: ARM_ORDER.get(arm, len(ARM_ORDER)))
    rows = tuple(
        (ARM_TITLES.get(arm, arm), *(_cell(run.arms[arm]) if arm in run.arms else "" for run in plain)) for arm in arms
    )
    return ReportTable("", ("arm", *(run.title for run in plain)), rows)


def settings_table(runs: Sequence[FinishedRun]) -> ReportTable:
    """A row for each run without examples, and with the product's own: accuracy by hardness, confidence and time."""
    shown = [run.arms[arm] for run in runs for arm in _SHOWN_ARMS if arm in run.arms]
    levels = [level.value for level in Hardness if any(level.value in arm.get("by_hardness", {}) for arm in shown)]
    rows = tuple(
        (
            run.name,
            ARM_TITLES.get(arm, arm),
            run.decoding or "most likely reply",
            interval_text(Interval(**run.arms[arm]["accuracy"])),
            *(_share(run.arms[arm].get("by_hardness", {}), level) for level in levels),
            *(_share(run.arms[arm].get("surest", {}), part) for part in ("50%", "25%")),
            _seconds(run.arms[arm]["latency_s"]),
        )
        for run in runs
        for arm in _SHOWN_ARMS
        if arm in run.arms
    )
    header = ("run", "examples", "decoding", "accuracy", *levels)
    return ReportTable("", (*header, "surest half", "surest quarter", "seconds: median, 95%"), rows)


def _share(shares: Mapping[str, Mapping[str, int]], name: str) -> str:
    found = shares.get(name)
    return percent(Share(**found).share) if found else ""


def _seconds(latency_s: Mapping[str, float]) -> str:
    return ", ".join(f"{latency_s[key]:.2f}" for key in ("p50", "p95") if key in latency_s)


def _column_title(name: str, run: RunDirectory) -> str:
    summary = run.read_summary()
    kept = ", leaks kept" if summary["leaks_kept"] else ""
    return f"{name}: {summary['questions']} questions, {summary['convention']}{kept}"


def _cell(arm: dict[str, Any]) -> str:
    accuracy = interval_text(Interval(**arm["accuracy"]))
    return accuracy if arm["adjusted_p_value"] is None else f"{accuracy}; p {p_value(arm['adjusted_p_value'])}"


def write_between_markers(path: Path, text: str) -> bool:
    """Replace what stands between the two marker lines of a file.

    Returns:
        Whether the file changed.

    Raises:
        ConfigurationError: The file does not hold the two markers, once each and in order.
    """
    content = path.read_text(encoding="utf-8")
    if content.count(START) != 1 or content.count(END) != 1 or content.index(START) > content.index(END):
        raise ConfigurationError(f"{path} must hold {START} and, below it, {END}, once each.")
    before, rest = content.split(START)
    changed = f"{before}{START}\n{text}\n{END}{rest.split(END)[1]}"
    if changed == content:
        return False
    path.write_text(changed, encoding="utf-8")
    return True


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables, and write them into a README where one is given; the exit status."""
    from rich.console import Console

    parser = argparse.ArgumentParser(prog="python -m finetune.evaluation.results", description=__doc__)
    parser.add_argument("run_dirs", nargs="+", type=Path, metavar="RUN", help="folder of a finished run")
    parser.add_argument("--readme", type=Path, help=f"file to write the tables into, between {START} and {END}")
    parsed = parser.parse_args(arguments)
    try:
        tables = results_markdown(parsed.run_dirs)
        if parsed.readme is not None:
            write_between_markers(parsed.readme, tables)
    except CodeRAGError as error:
        Console(stderr=True).print(str(error), markup=False, soft_wrap=True)
        return 1
    Console().print(tables, markup=False, highlight=False, soft_wrap=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
