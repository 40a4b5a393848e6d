"""The reports of a run: Markdown and HTML with tables and plots, and an error browser, from its files alone."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from finetune.evaluation.arms import ARM_LABELS
from finetune.evaluation.browser import browser_entries
from finetune.evaluation.leakage import LeakKind
from finetune.evaluation.plots import draw_plots
from finetune.evaluation.report_tables import ReportTable, markdown_text, report_tables, to_markdown
from finetune.evaluation.run_directory import RunDirectory
from finetune.evaluation.summary import paired_predictions, summarise

if TYPE_CHECKING:
    from jinja2 import Environment

PLOT_TITLES = {
    "accuracy": "Accuracy by arm",
    "latency": "Accuracy against latency",
    "errors": "Error classes",
    "coverage": "Accuracy of the surest answers",
}


def write_reports(run: RunDirectory) -> None:
    """Write ``report.md``, ``report.html``, ``errors.html`` and ``plots/*.svg`` into a run's folder.

    Args:
        run: A run with its configuration, predictions and ``summary.json``.

    Raises:
        ConfigurationError: The folder holds no finished run.
    """
    config, extra = run.read_config(), run.read_summary()
    predictions = run.read_predictions()
    convention = config["settings"]["convention"]
    summary = summarise(predictions, convention, config["settings"]["seed"])
    tables, facts = report_tables(summary), report_facts(config, extra)
    plots = draw_plots(summary)
    for name, svg in plots.items():
        run.write_text(f"plots/{name}.svg", f'<?xml version="1.0" encoding="utf-8"?>\n{svg}')
    run.write_text("report.md", _markdown(config, facts, tables, plots))
    page = _environment().get_template("report.html.j2")
    run.write_text(
        "report.html",
        page.render(config=config, facts=facts, tables=tables, plots=plots, plot_titles=PLOT_TITLES),
    )
    paired = paired_predictions(predictions)
    entries = browser_entries(paired, convention)
    browser = _environment().get_template("errors.html.j2")
    run.write_text(
        "errors.html",
        browser.render(
            config=config, entries=entries, arms=list(paired), labels=ARM_LABELS, questions=summary.questions
        ),
    )


def report_facts(config: Mapping[str, Any], extra: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Describe the run as pairs of name and text."""
    identity, settings = config["identity"], config["settings"]
    engine, environment = identity["engine"], config["environment"]
    excluded = ", ".join(f"{count} because {reason}" for reason, count in extra["excluded"].items())
    facts = [
        ("Data set", f"{identity['dataset']}, {identity['questions']} questions"),
        ("Drawn at random", f"{settings['limit']} questions" if settings["limit"] else ""),
        ("Not scored", excluded or "none"),
        ("Examples to choose from", f"{identity['examples']}, of which {identity['similarity_top_k']} are shown"),
        ("Leaks", leaks_text(extra)),
        ("Language model", f"{identity['llm']['name']} {identity['llm']['fingerprint']}"),
        ("Encoders", ", ".join(f"{arm}: {print_}" for arm, print_ in config["arms"].items() if print_)),
        ("Repairs", f"at most {engine.get('max_repairs')}"),
        ("Candidates", candidates_text(engine)),
        ("Grammar", engine.get("constrain", "")),
        ("Schema linking", {True: "on", False: "off"}.get(engine.get("link_schema"), "")),
        ("Convention", settings["convention"]),
        ("Arms that could not run", "; ".join(f"{arm}: {reason}" for arm, reason in config["unavailable"].items())),
        ("Started", f"{environment['started_at']} on {environment['machine']}"),
        ("Versions", ", ".join(f"{name} {number}" for name, number in environment["packages"].items())),
    ]
    return [(name, text) for name, text in facts if text]


def candidates_text(engine: Mapping[str, Any]) -> str:
    """How many candidates were sampled, and what decides among them; nothing if none were."""
    if not engine.get("samples"):
        return ""
    budget = f", within {engine['decode_budget_ms']} ms" if engine.get("decode_budget_ms") else ""
    ranked = ", with the encoder's ranking" if engine.get("rank_candidates") else ""
    return f"the most likely reply and up to {engine['samples']} sampled{budget}; a vote on results{ranked}"


def leaks_text(extra: Mapping[str, Any]) -> str:
    """How many questions have leaks, and what was done about them."""
    counts = {kind: tuple(extra["leaks"].get(kind.value, (0, 0))) for kind in LeakKind}
    found = ", ".join(
        f"{kind.value}: {questions} ({pairs} pairs)" for kind, (questions, pairs) in counts.items() if pairs
    )
    if not found:
        return "none found"
    done = (
        "KEPT: the figures of the arms with examples are too high"
        if extra["leaks_kept"]
        else "removed, each from its questions"
    )
    return f"{done}. Questions with {found}"


def _markdown(
    config: Mapping[str, Any], facts: list[tuple[str, str]], tables: list[ReportTable], plots: Mapping[str, str]
) -> str:
    parts = [f"# Evaluation on {markdown_text(config['identity']['dataset'])}"]
    parts.append("\n".join(f"- {name}: {markdown_text(text)}" for name, text in facts))
    for table in tables:
        parts += [f"## {markdown_text(table.title)}", *([table.note] if table.note else []), to_markdown(table)]
    parts += [f"![{PLOT_TITLES[name]}](plots/{name}.svg)" for name in plots]
    parts.append(
        "Every question that an arm got wrong, with both results and the examples shown: [errors.html](errors.html)"
    )
    return "\n\n".join(parts) + "\n"


@lru_cache(maxsize=1)
def _environment() -> Environment:
    """Templates beside this file; they escape everything except our own plots."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    return Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
