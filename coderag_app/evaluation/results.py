"""The README's table, from run directories: ``python -m coderag_app.evaluation.results RUN ... [--readme FILE]``."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from coderag_app.errors import CodeRAGError, ConfigurationError
from coderag_app.evaluation.arms import ARM_TITLES
from coderag_app.evaluation.report_tables import ReportTable, interval_text, p_value, to_markdown
from coderag_app.evaluation.run_directory import RunDirectory
from coderag_app.evaluation.statistics import Interval
from coderag_app.evaluation.summary import ARM_ORDER

START, END = "<!-- results:start -->", "<!-- results:end -->"


def results_table(run_dirs: Sequence[str | Path]) -> str:
    """Execution accuracy by arm, one column a run, as Markdown.

    A run is named by its folder. Below the accuracy stands p against no retrieval, adjusted for the number of arms.

    Args:
        run_dirs: Folders of finished runs.

    Raises:
        ConfigurationError: A folder holds no finished run.
    """
    runs = [(Path(folder).name, RunDirectory(Path(folder))) for folder in run_dirs]
    if not runs:
        raise ConfigurationError("Got no run directories; expected at least one (coderag evaluate --run-dir DIR).")
    columns = [
        (_column_title(name, run), {arm["arm"]: arm for arm in run.read_summary()["arms"]}) for name, run in runs
    ]
    arms = sorted(
        {arm for _, figures in columns for arm in figures}, key=lambda arm: ARM_ORDER.get(arm, len(ARM_ORDER))
    )
    rows = tuple(
        (ARM_TITLES.get(arm, arm), *(_cell(figures[arm]) if arm in figures else "" for _, figures in columns))
        for arm in arms
    )
    return to_markdown(ReportTable("", ("arm", *(title for title, _ in columns)), rows))


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
    """Print the table, and write it into a README where one is given; the exit status."""
    from rich.console import Console

    parser = argparse.ArgumentParser(prog="python -m coderag_app.evaluation.results", description=__doc__)
    parser.add_argument("run_dirs", nargs="+", type=Path, metavar="RUN", help="folder of a finished run")
    parser.add_argument("--readme", type=Path, help=f"file to write the table into, between {START} and {END}")
    parsed = parser.parse_args(arguments)
    try:
        table = results_table(parsed.run_dirs)
        if parsed.readme is not None:
            write_between_markers(parsed.readme, table)
    except CodeRAGError as error:
        Console(stderr=True).print(str(error), markup=False, soft_wrap=True)
        return 1
    Console().print(table, markup=False, highlight=False, soft_wrap=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
