"""The data card: what a data set holds and how it was made, in Markdown."""

from __future__ import annotations

from collections import Counter
from typing import Any

from finetune.synthesis.drafts import SyntheticRow
from finetune.synthesis.tasks import CATEGORIES, load_tasks

_CHECKS = {
    "equivalent": "both sides were run on the same inputs and gave the same results (Python: generated arguments in a "
    "limited subprocess; SQL: the rows of a synthetic database and of two thinned copies)",
    "bug_shown": "the faulty code was run and gave a wrong result on the input that the row names",
    "examples_run": "results in the row come from running the code",
    "error_reproduced": "the error was raised by running the call in the row",
    "attack_stopped": "the attack was run: it succeeds on the insecure version and fails on the safe one",
    "quality": "a language model judged the pair as right with one digit",
}


def data_card(title: str, rows: list[SyntheticRow], plan: dict[str, Any], drops: Counter[str], command: str) -> str:
    """The card.

    Args:
        title: The card's heading.
        rows: The data set.
        plan: What the journal calls the plan: seed, prompts' fingerprint, maker.
        drops: Dropped candidates by reason.
        command: What makes the data set again.
    """
    parts = [
        f"# {title}",
        f"{len(rows)} synthetic pairs for code retrieval in the four categories of CodeR (arXiv 2505.12697). "
        "Columns: query, pos, neg, prompt (the task's instruction), category, task; the JSON lines also hold language, "
        "source, origin, checks and content hash.",
        f"Made by `{command}`.",
        _settings(plan),
        "## Rows by category and task\n\n" + _task_table(rows),
        "## Languages\n\n" + _table(("language", "rows"), Counter(row.language for row in rows)),
        "## Origin\n\n" + _table(("generator", "rows"), Counter(f"{r.origin.kind}: {r.origin.name}" for r in rows)),
        "## Checks passed\n\n" + _table(("check", "rows"), Counter(name for row in rows for name in row.checks)),
        "\n".join(f"- **{name}**: {meaning}." for name, meaning in _CHECKS.items()),
        "## Dropped candidates\n\n" + (_table(("reason", "candidates"), drops) if drops else "None."),
        _LIMITS,
    ]
    return "\n\n".join(parts) + "\n"


_LIMITS = """## Limits

- Equivalence is shown on generated inputs and rows, which is evidence and no proof.
- Translations to dialects that no engine here runs are translated back and run in SQLite; the row's origin says so.
- The negatives are the most similar wrong answers of the same task by shared words; training mines harder ones.
- Rule-made wording is less varied than people's. Seed functions, schemas and rows are the project's own (Apache-2.0);
  no text of other projects is in the rule-made data."""


def _settings(plan: dict[str, Any]) -> str:
    maker = ", ".join(f"{name} {value}" for name, value in plan.get("maker", {}).items())
    return f"Seed {plan.get('seed')}; prompts' fingerprint {plan.get('prompts')}; maker: {maker}."


def _task_table(rows: list[SyntheticRow]) -> str:
    counts = Counter(row.task for row in rows)
    lines = ["| category | task | rows |", "|---|---|---|"]
    lines += [f"| {task.category} | {task.name} | {counts[task.name]} |" for task in load_tasks() if counts[task.name]]
    totals = Counter(row.category for row in rows)
    return "\n".join(lines) + "\n\n" + ", ".join(f"{name}: {totals[name]}" for name in CATEGORIES) + "."


def _table(heads: tuple[str, str], counts: Counter[str]) -> str:
    lines = [f"| {heads[0]} | {heads[1]} |", "|---|---|"]
    return "\n".join(lines + [f"| {name} | {count} |" for name, count in sorted(counts.items())])
