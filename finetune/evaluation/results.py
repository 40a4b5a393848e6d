"""The results page, the README's table and its plot: ``python -m finetune.evaluation.results RUN ... --page FILE``.

The page (docs/results.md) holds every figure between two marker lines. The README's table and the plot show a few of
them and are made from the page's settings table, so they can't differ from it. Without run folders the page is read
instead of written, which redraws both from the figures that it already holds.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coderag_app.errors import CodeRAGError, ConfigurationError
from finetune.evaluation.arms import ARM_TITLES
from finetune.evaluation.hardness import Hardness
from finetune.evaluation.plots import interval_bars
from finetune.evaluation.report_tables import (
    ReportTable,
    interval_text,
    p_value,
    percent,
    read_markdown_row,
    to_markdown,
)
from finetune.evaluation.run_directory import RunDirectory
from finetune.evaluation.statistics import Interval
from finetune.evaluation.summary import ARM_ORDER, Share

_SHOWN_ARMS = ("none", "tuned")
START, END = "<!-- results:start -->", "<!-- results:end -->"
# The README's rows by run and examples. The data set with the worst figure is among them on purpose.
_HEADLINES = {
    ("spider_dev_default", "tuned"): "Spider dev, default settings, synthetic examples",
    ("spider_dev_default", "none"): "Spider dev, default settings, no examples",
    ("demo", "none"): "demo, one reply",
    ("gretel_sample", "none"): "gretel sample, one reply",
    ("geography", "none"): "geography, one reply",
    ("defog_basic", "none"): "defog basic, one reply",
}
_ACCURACY = re.compile(r"([\d.]+) \(([\d.]+) to ([\d.]+)\)")

Figures = dict[str, Any]  # one arm, as summary.json holds it


@dataclass(frozen=True)
class FinishedRun:
    """A run with its figures.

    Attributes:
        name: Its folder's name.
        title: Name, number of questions and convention.
        questions: Number of questions.
        decoding: How replies were chosen; empty for the most likely reply with repairs.
        arms: Figures by arm.
    """

    name: str
    title: str
    questions: int
    decoding: str
    arms: dict[str, Figures]

    @classmethod
    def read(cls, folder: Path) -> FinishedRun:
        """Read the run in a folder.

        Raises:
            ConfigurationError: The folder holds no finished run.
        """
        run = RunDirectory(folder)
        summary, engine = run.read_summary(), run.read_config()["identity"]["engine"]
        arms = {arm["arm"]: arm for arm in summary["arms"]}
        return cls(folder.name, _column_title(folder.name, summary), summary["questions"], decoding_text(engine), arms)


def read_runs(run_dirs: Sequence[str | Path]) -> list[FinishedRun]:
    """Read the runs in some folders.

    Raises:
        ConfigurationError: There is no folder, or one holds no finished run.
    """
    if not run_dirs:
        raise ConfigurationError("Got no run directories; expected at least one (coderag evaluate --run-dir DIR).")
    return [FinishedRun.read(Path(folder)) for folder in run_dirs]


def decoding_text(engine: Mapping[str, Any]) -> str:
    """Name what a run's engine did besides writing the most likely reply and repairing it."""
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
    """Write both tables as Markdown: accuracy by arm and data set, and by setting with hardness and confidence.

    Raises:
        ConfigurationError: A folder holds no finished run.
    """
    runs = read_runs(run_dirs)
    return "\n\n".join(to_markdown(table) for table in (arms_table(runs), settings_table(runs)) if table.rows)


def arms_table(runs: Sequence[FinishedRun]) -> ReportTable:
    """Tabulate execution accuracy by arm, with a column for each run that decodes one reply.

    Each cell also gives p against no retrieval, adjusted for the number of arms.
    """
    plain = [run for run in runs if not run.decoding]
    arms = sorted({arm for run in plain for arm in run.arms}, key=lambda arm: ARM_ORDER.get(arm, len(ARM_ORDER)))
    rows = tuple(
        (ARM_TITLES.get(arm, arm), *(_cell(run.arms[arm]) if arm in run.arms else "" for run in plain)) for arm in arms
    )
    return ReportTable("", ("arm", *(run.title for run in plain)), rows)


def settings_table(runs: Sequence[FinishedRun]) -> ReportTable:
    """Tabulate each run, without examples and with the tuned encoder's: accuracy by hardness, confidence and time."""
    shown = [run.arms[arm] for run in runs for arm in _SHOWN_ARMS if arm in run.arms]
    levels = [level.value for level in Hardness if any(level.value in arm.get("by_hardness", {}) for arm in shown)]
    rows = tuple(
        (
            run.name,
            str(run.questions),
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
    header = ("run", "questions", "examples", "decoding", "accuracy", *levels)
    return ReportTable("", (*header, "surest half", "surest quarter", "seconds: median, 95%"), rows)


def headline_table(settings: ReportTable) -> ReportTable:
    """Pick the README's rows out of the settings table; a row whose run is missing is left out."""
    shown = {(row["run"], row["examples"]): row for row in _records(settings)}
    columns = ("questions", "accuracy", "surest half", "seconds: median, 95%")
    rows = tuple(
        (title, *(shown[key][column] for column in columns))
        for (run, arm), title in _HEADLINES.items()
        if (key := (run, ARM_TITLES[arm])) in shown
    )
    header = ("questions of", "number", "right, % (95% interval)", "surest half, %", "seconds: median, 95%")
    return ReportTable("", header, rows)


def headline_plot(headlines: ReportTable) -> str:
    """Draw the README's rows as bars with their intervals, as SVG."""
    return interval_bars([(row[0], *_interval(row[2])) for row in headlines.rows])


def _records(table: ReportTable) -> list[dict[str, str]]:
    return [dict(zip(table.header, row, strict=True)) for row in table.rows]


def _interval(text: str) -> tuple[float, float, float]:
    found = _ACCURACY.match(text)
    if found is None:
        raise ConfigurationError(f"Got the accuracy {text!r}; expected the form '59.7 (56.5 to 62.7)'.")
    return float(found[1]), float(found[2]), float(found[3])


def settings_of_page(page: Path) -> ReportTable:
    """Read the settings table that was written into a page.

    Raises:
        ConfigurationError: The page lacks its markers or the table.
    """
    between = _around_markers(page, page.read_text(encoding="utf-8"))[1]
    for block in between.strip().split("\n\n"):
        lines = [read_markdown_row(line) for line in block.splitlines()]
        if lines and lines[0][0] == "run":
            return ReportTable("", lines[0], tuple(lines[2:]))
    raise ConfigurationError(f"{page} holds no table of runs between its markers; write it: make results")


def _share(shares: Mapping[str, Mapping[str, int]], name: str) -> str:
    found = shares.get(name)
    return percent(Share(**found).share) if found else ""


def _seconds(latency_s: Mapping[str, float]) -> str:
    return ", ".join(f"{latency_s[key]:.2f}" for key in ("p50", "p95") if key in latency_s)


def _column_title(name: str, summary: Mapping[str, Any]) -> str:
    kept = ", leaks kept" if summary["leaks_kept"] else ""
    return f"{name}: {summary['questions']} questions, {summary['convention']}{kept}"


def _cell(arm: dict[str, Any]) -> str:
    accuracy = interval_text(Interval(**arm["accuracy"]))
    return accuracy if arm["adjusted_p_value"] is None else f"{accuracy}; p {p_value(arm['adjusted_p_value'])}"


def write_between_markers(path: Path, text: str) -> bool:
    """Replace the text between the two marker lines of a file.

    Returns:
        Whether the file changed.

    Raises:
        ConfigurationError: The file does not hold the two markers, once each and in order.
    """
    content = path.read_text(encoding="utf-8")
    before, _, after = _around_markers(path, content)
    changed = f"{before}{START}\n{text}\n{END}{after}"
    if changed == content:
        return False
    path.write_text(changed, encoding="utf-8")
    return True


def _around_markers(path: Path, content: str) -> tuple[str, str, str]:
    """Split a file's text into what is before, between and after its markers."""
    if content.count(START) != 1 or content.count(END) != 1 or content.index(START) > content.index(END):
        raise ConfigurationError(f"{path} must hold {START} and, below it, {END}, once each.")
    before, rest = content.split(START)
    between, after = rest.split(END)
    return before, between, after


def write_results(
    run_dirs: Sequence[Path], page: Path | None = None, readme: Path | None = None, plot: Path | None = None
) -> str:
    """Write the results page, the README's table and its plot, each where a path is given.

    Args:
        run_dirs: Folders of finished runs. None: the page's own figures are taken.
        page: Markdown file with the two markers, for all tables.
        readme: Markdown file with the two markers, for the short table.
        plot: SVG file to write.

    Returns:
        The tables as Markdown.

    Raises:
        ConfigurationError: A folder holds no finished run, or a file lacks its markers.
    """
    if run_dirs or page is None:
        tables, settings = results_markdown(run_dirs), settings_table(read_runs(run_dirs))
        if page is not None:
            write_between_markers(page, tables)
    else:
        settings = settings_of_page(page)
        tables = to_markdown(settings)
    headlines = headline_table(settings)
    if readme is not None:
        write_between_markers(readme, to_markdown(headlines))
    if plot is not None:
        plot.write_text(headline_plot(headlines), encoding="utf-8")
    return tables


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the tables and write the files that are named; returns the exit status."""
    from rich.console import Console

    parser = argparse.ArgumentParser(prog="python -m finetune.evaluation.results", description=__doc__)
    parser.add_argument("run_dirs", nargs="*", type=Path, metavar="RUN", help="folder of a finished run")
    parser.add_argument("--page", type=Path, help=f"write all tables into this file, between {START} and {END}")
    parser.add_argument("--readme", type=Path, help="write the short table into this file, between the same markers")
    parser.add_argument("--plot", type=Path, help="draw the short table as an SVG file")
    parsed = parser.parse_args(arguments)
    try:
        tables = write_results(parsed.run_dirs, parsed.page, parsed.readme, parsed.plot)
    except CodeRAGError as error:
        Console(stderr=True).print(str(error), markup=False, soft_wrap=True)
        return 1
    Console().print(tables, markup=False, highlight=False, soft_wrap=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
