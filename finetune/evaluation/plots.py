"""Plots as SVG text, which is the same each time a plot is drawn from the same figures."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from finetune.evaluation.summary import Summary

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text: small files, and readers can search it
    "svg.hashsalt": "coderag",
    "text.parse_math": False,
    "font.family": "sans-serif",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
_BAR, _ORACLE, _LINE = "#3b6ea5", "#b9c6d3", "#222222"
_CLASS_COLOURS = (
    "#4e79a7 #f28e2b #e15759 #76b7b2 #59a14f #edc948 #b07aa1 #ff9da7 #9c755f #bab0ac #86bcb6 #d37295".split()
)


def interval_bars(bars: Sequence[tuple[str, float, float, float]]) -> str:
    """Draw percentages as horizontal bars, on white so that dark pages can show them.

    Args:
        bars: Title, mean, low and high end of the 95% interval of each, from top to bottom.
    """
    from matplotlib import rc_context

    with rc_context(_STYLE):
        figure, axes = _figure(0.42 * len(bars) + 0.8)
        figure.set_facecolor("white")
        titles, means, lows, highs = zip(*reversed(bars), strict=True)
        ends = [
            [mean - low for mean, low in zip(means, lows, strict=True)],
            [high - mean for mean, high in zip(means, highs, strict=True)],
        ]
        axes.barh(titles, means, xerr=ends, color=_BAR, ecolor=_LINE, capsize=3, height=0.6)
        for place, (mean, high) in enumerate(zip(means, highs, strict=True)):
            axes.annotate(f"{mean:.1f}", (high, place), xytext=(5, 0), textcoords="offset points", va="center")
        axes.set_xlim(0, 100)
        axes.set_xlabel("execution accuracy, percent, with 95% intervals")
        return _svg(figure) + "\n"


def draw_plots(summary: Summary) -> dict[str, str]:
    """Draw every plot of a run, as SVG by name; none without questions."""
    if not summary.questions:
        return {}
    from matplotlib import rc_context

    with rc_context(_STYLE):
        plots = {
            "accuracy": _svg(_accuracy(summary)),
            "latency": _svg(_accuracy_against_latency(summary)),
            "errors": _svg(_error_classes(summary)),
        }
        return plots | ({"coverage": _svg(_coverage(summary))} if any(arm.surest for arm in summary.arms) else {})


def _accuracy(summary: Summary) -> Figure:
    """Execution accuracy by arm, with intervals; the oracle is pale, since it sees the gold."""
    figure, axes = _figure(0.45 * len(summary.arms) + 1.2)
    arms = summary.arms[::-1]
    means = [100 * arm.accuracy.mean for arm in arms]
    ends = [
        [100 * (arm.accuracy.mean - arm.accuracy.low) for arm in arms],
        [100 * (arm.accuracy.high - arm.accuracy.mean) for arm in arms],
    ]
    colours = [_ORACLE if arm.arm == "oracle" else _BAR for arm in arms]
    axes.barh([arm.title for arm in arms], means, xerr=ends, color=colours, ecolor=_LINE, capsize=3, height=0.6)
    axes.set_xlim(0, 100)
    axes.set_xlabel(f"execution accuracy, percent of {summary.questions} questions, with 95% intervals")
    return figure


def _accuracy_against_latency(summary: Summary) -> Figure:
    """Cost and accuracy of each arm."""
    from matplotlib.ticker import LogLocator, NullFormatter

    figure, axes = _figure(3.6)
    for arm in summary.arms:
        seconds, accuracy = max(arm.latency_s["p50"], 1e-4), 100 * arm.accuracy.mean
        axes.scatter([seconds], [accuracy], color=_ORACLE if arm.arm == "oracle" else _BAR, zorder=3)
        axes.annotate(arm.label, (seconds, accuracy), xytext=(5, 4), textcoords="offset points")
    axes.set_xscale("log")
    axes.xaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.margins(x=0.15)
    axes.set_ylim(0, 100)
    axes.grid(visible=True, color="#dddddd", linewidth=0.6)
    axes.set_xlabel("median seconds for an answer")
    axes.set_ylabel("execution accuracy, percent")
    return figure


def _coverage(summary: Summary) -> Figure:
    """What abstaining buys: accuracy of the most confident answers, by their share."""
    figure, axes = _figure(3.6)
    for arm in summary.arms:
        places = [int(part.removesuffix("%")) for part in arm.surest]
        axes.plot(places, [100 * share.share for share in arm.surest.values()], marker="o", label=arm.label)
    axes.set_xlim(0, 103)
    axes.set_ylim(0, 100)
    axes.grid(visible=True, color="#dddddd", linewidth=0.6)
    axes.set_xlabel("percent of the questions answered, the surest first")
    axes.set_ylabel("execution accuracy, percent")
    axes.legend(frameon=False)
    return figure


def _error_classes(summary: Summary) -> Figure:
    """Wrong answers by class, one bar per arm."""
    figure, axes = _figure(0.45 * len(summary.arms) + 1.9)
    arms = summary.arms[::-1]
    kinds = list(dict.fromkeys(kind for arm in summary.arms for kind in arm.error_classes))
    left = [0] * len(arms)
    for i, kind in enumerate(kinds):
        counts = [arm.error_classes.get(kind, 0) for arm in arms]
        colour = _CLASS_COLOURS[i % len(_CLASS_COLOURS)]
        axes.barh([arm.title for arm in arms], counts, left=left, color=colour, label=kind, height=0.6)
        left = [start + count for start, count in zip(left, counts, strict=True)]
    axes.set_xlabel("wrong answers")
    if kinds:
        figure.legend(loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    return figure


def _figure(height: float) -> tuple[Figure, Any]:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.5, height), layout="constrained")
    return figure, figure.add_subplot()


def _svg(figure: Figure) -> str:
    """The figure as an ``<svg>`` element, without the XML prologue that HTML does not take."""
    text = io.StringIO()
    figure.savefig(text, format="svg", metadata={"Date": None})
    svg = text.getvalue()
    return svg[svg.index("<svg") :]
