"""The tables of a report, as text: the same rows for Markdown, HTML and the README. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from coderag_app.text.cell_text import visible_text
from finetune.evaluation.statistics import Interval
from finetune.evaluation.summary import Share, Summary

_SUREST = {"25%": "surest quarter (25%)", "50%": "surest half (50%)", "100%": "all (100%)"}
_ESCAPED = re.compile(r"\\([\\`*\[\]|<>])")
_MARKDOWN = re.compile(r"([\\`*\[\]|<>])")


@dataclass(frozen=True)
class ReportTable:
    """A table with its title and a note for readers."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


def report_tables(summary: Summary) -> list[ReportTable]:
    """Build every table of a run, in the order of the report; none without questions."""
    if not summary.questions:
        return []
    tables = [accuracy_table(summary)]
    if summary.baseline:
        tables.append(_comparison_table(summary))
    tables += [
        surest_table(summary),
        hardness_table(summary),
        _group_table("By clause", "A question is in the row of each clause its gold uses.", summary, "by_clause"),
        _group_table("By database", "", summary, "by_database"),
        _error_table(summary),
        _retrieval_table(summary),
        _latency_table(summary),
    ]
    return [table for table in tables if table.rows]


def accuracy_table(summary: Summary) -> ReportTable:
    """Accuracy by arm with intervals, exact match and valid SQL."""
    rows = tuple(
        (
            arm.title,
            interval_text(arm.accuracy),
            *(percent(value) for value in (arm.spider, arm.bird, arm.normalised, arm.strict, arm.valid)),
            percent(arm.table_recall) if arm.table_recall is not None else "",
        )
        for arm in summary.arms
    )
    header = (
        "arm",
        "execution accuracy (95% interval)",
        "Spider",
        "BIRD",
        "exact match, normalised",
        "exact match, strict",
    )
    note = (
        f"{summary.questions} questions, each asked in every arm; in percent. "
        f"Execution accuracy follows the convention {summary.convention}."
    )
    return ReportTable("Accuracy", (*header, "valid SQL", "table recall of linking"), rows, note)


def _comparison_table(summary: Summary) -> ReportTable:
    baseline = summary.arm(summary.baseline)
    rows = []
    for arm in summary.arms:
        compared = arm.compared
        if compared is None:
            continue
        counts = (str(compared.only_second), str(compared.only_first), str(compared.both), str(compared.neither))
        values = (p_value(compared.p_value), p_value(arm.adjusted_p_value if arm.adjusted_p_value is not None else 1.0))
        rows.append((arm.title, interval_text(compared.difference, signed=True), *counts, *values))
    header = ("arm", "difference (95% interval)", "won", "lost", "both right", "both wrong", "p", "p, adjusted")
    note = "Paired by question. p is McNemar's exact test, two-sided; adjusted after Holm for the number of arms."
    return ReportTable(f"Compared with: {baseline.title if baseline is not None else ''}", header, tuple(rows), note)


def hardness_table(summary: Summary) -> ReportTable:
    """Accuracy by hardness of the gold, one column per arm."""
    return _group_table("By hardness", "Spider's levels, computed from the gold SQL.", summary, "by_hardness")


def surest_table(summary: Summary) -> ReportTable:
    """Accuracy of each arm's most confident answers; no rows if no arm reports confidence."""
    arms = [arm for arm in summary.arms if arm.surest]
    parts = dict.fromkeys(part for arm in arms for part in arm.surest)
    rows = [(_SUREST.get(part, part), *(percent(arm.surest[part].share) for arm in arms)) for part in parts]
    voted = [arm for arm in arms if arm.among_candidates is not None]
    if rows and voted:
        texts = (percent(arm.among_candidates.share) if arm.among_candidates is not None else "" for arm in arms)
        rows.append(("some candidate right", *texts))
    note = "Accuracy of the part of the questions whose answers have the highest confidence; each arm has its own part."
    return ReportTable("Surest half and quarter", ("part", *(arm.label for arm in arms)), tuple(rows), note)


def _group_table(title: str, note: str, summary: Summary, attribute: str) -> ReportTable:
    groups: dict[str, dict[str, Share]] = {arm.arm: getattr(arm, attribute) for arm in summary.arms}
    names = dict.fromkeys(name for shares in groups.values() for name in shares)
    rows = tuple(
        (name, _size(groups, name), *(_share(groups[arm.arm], name) for arm in summary.arms)) for name in names
    )
    header = (title.removeprefix("By "), "questions", *(arm.label for arm in summary.arms))
    return ReportTable(title, header, rows, note)


def _size(groups: Mapping[str, Mapping[str, Share]], name: str) -> str:
    return str(next(shares[name].questions for shares in groups.values() if name in shares))


def _share(shares: Mapping[str, Share], name: str) -> str:
    return percent(shares[name].share) if name in shares else ""


def _error_table(summary: Summary) -> ReportTable:
    kinds = dict.fromkeys(kind for arm in summary.arms for kind in arm.error_classes)
    rows = tuple((kind, *(str(arm.error_classes.get(kind, 0)) for arm in summary.arms)) for kind in kinds)
    note = "Number of wrong answers by the first thing that differs from the gold, from the outside in."
    return ReportTable("Error classes", ("class", *(arm.label for arm in summary.arms)), rows, note)


def _retrieval_table(summary: Summary) -> ReportTable:
    arms = [arm for arm in summary.arms if arm.retrieval_questions]
    rows = tuple(
        (arm.title, str(arm.retrieval_questions), *(f"{arm.retrieval[key]:.3f}" for key in ("recall", "mrr", "ndcg")))
        for arm in arms
    )
    note = "An example counts as relevant if its SQL has the skeleton of the gold; questions without one are left out."
    return ReportTable(
        "Retrieval of the examples shown", ("arm", "questions", "recall@k", "MRR@k", "nDCG@k"), rows, note
    )


def _latency_table(summary: Summary) -> ReportTable:
    rows = tuple(
        (arm.title, *(f"{arm.latency_s[key]:.3f}" for key in ("p50", "p95", "p99", "mean"))) for arm in summary.arms
    )
    note = "From the question to the answer, choosing the examples included; loading models is not."
    return ReportTable("Seconds for an answer", ("arm", "median", "95%", "99%", "mean"), rows, note)


def percent(value: float) -> str:
    """A share in percent with one decimal."""
    return f"{100 * value:.1f}"


def interval_text(interval: Interval, signed: bool = False) -> str:
    """Format a mean in percent with its interval."""
    mean, low, high = 100 * interval.mean, 100 * interval.low, 100 * interval.high
    return f"{mean:+.1f} ({low:+.1f} to {high:+.1f})" if signed else f"{mean:.1f} ({low:.1f} to {high:.1f})"


def p_value(value: float) -> str:
    """Format a p-value with three decimals at most."""
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def to_markdown(table: ReportTable) -> str:
    """Write the table as GitHub Markdown, with escaped texts."""
    lines = [_markdown_row(table.header), "|" + " --- |" * len(table.header), *map(_markdown_row, table.rows)]
    return "\n".join(lines)


def _markdown_row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(map(markdown_text, cells)) + " |"


def read_markdown_row(line: str) -> tuple[str, ...]:
    """Read the cells of a line that ``to_markdown`` wrote.

    >>> read_markdown_row(_markdown_row(("run", "", "p < 0.001")))
    ('run', '', 'p < 0.001')
    """
    cells = line.removeprefix("| ").removesuffix(" |").split(" | ")
    return tuple(_ESCAPED.sub(r"\1", cell).replace("&amp;", "&") for cell in cells)


def markdown_text(text: str) -> str:
    """Escape text for Markdown: markup, line breaks and invisible characters."""
    return _MARKDOWN.sub(r"\\\1", visible_text(text).replace("&", "&amp;"))
