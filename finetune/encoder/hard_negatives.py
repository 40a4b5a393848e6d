"""Mine hard negatives: texts near to a query that do not answer it. Found, never written by a model.

``python -m finetune.encoder.hard_negatives rows.jsonl mined.jsonl``

A negative's score is at most 95% of the positive's (sentence-transformers' miner with ``relative_margin=0.05``, which
is the rule of CodeR, arXiv 2505.12697), and text that means the same as the positive is never a negative: SQL is
compared by normalised form and by running both where the database can be had, Python by its syntax tree.
"""

from __future__ import annotations

import ast
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coderag_app.encoders.encoder_loading import load_full_encoder
from coderag_app.errors import CodeRAGError, ModelError
from finetune.encoder.equivalence import TargetDatabase
from finetune.encoder.near_miss_rows import described_target, sqlite_target
from finetune.encoder.training_rows import EncoderRow, read_rows, write_rows
from finetune.evaluation.sql_form import read_form
from finetune.synthesis.domains import load_domains
from finetune.synthesis.schemas import draw_database

if TYPE_CHECKING:
    from sentence_transformers import CrossEncoder, SentenceTransformer

RELATIVE_MARGIN = 0.05
_SPARE = 3  # so many times the wanted negatives are mined, because some turn out to mean the same

OpenTarget = Callable[[str], AbstractContextManager[TargetDatabase | None]]


@dataclass(frozen=True, slots=True)
class MiningPlan:
    """How to mine.

    Attributes:
        negatives: Negatives per row at most; those that the row already has fill up what mining does not find.
        relative_margin: A negative scores at least this share below the positive.
        batch_size: Texts embedded at once.
    """

    negatives: int = 3
    relative_margin: float = RELATIVE_MARGIN
    batch_size: int = 64


def mine(
    rows: Sequence[EncoderRow],
    model: SentenceTransformer,
    plan: MiningPlan = MiningPlan(),  # noqa: B008 - frozen
    cross_encoder: CrossEncoder | None = None,
    open_target: OpenTarget | None = None,
) -> tuple[list[EncoderRow], Counter[str]]:
    """The rows with mined negatives in front of those they had.

    Args:
        rows: Rows; all their positives are the pool.
        model: Finds the candidates.
        plan: How many and how near.
        cross_encoder: Scores the candidates again before the margin is applied.
        open_target: Opens a row's database by its group, to run SQL on; None compares by form alone.

    Returns:
        The rows, in their order, and how many candidates were kept and dropped, by reason.
    """
    candidates = _candidates(rows, model, plan, cross_encoder)
    counts: Counter[str] = Counter()
    mined: list[EncoderRow] = []
    for group, members in groupby(rows, key=lambda row: row.group):
        with _opened(open_target, group) as target:
            for row in members:
                found: list[str] = []
                for text in candidates.get(row.anchor, ()):
                    same = means_the_same(row.positive, text, target)
                    counts["means the same" if same else "kept"] += 1
                    if not same:
                        found.append(text)
                chosen = dict.fromkeys((*found[: plan.negatives], *row.negatives))
                mined.append(replace(row, negatives=tuple(chosen)[: max(plan.negatives, len(row.negatives))]))
    return mined, counts


def _candidates(
    rows: Sequence[EncoderRow], model: SentenceTransformer, plan: MiningPlan, cross_encoder: CrossEncoder | None
) -> dict[str, list[str]]:
    """For each anchor the nearest texts that the margin allows, nearest first."""
    from datasets import Dataset
    from sentence_transformers.util import mine_hard_negatives

    pairs = Dataset.from_dict({"anchor": [row.anchor for row in rows], "positive": [row.positive for row in rows]})
    corpus = list(dict.fromkeys(text for row in rows for text in (row.positive, *row.negatives) if text))
    wanted = min(plan.negatives * _SPARE, max(len(corpus) - 1, 1))
    triplets = mine_hard_negatives(
        pairs,
        model,
        corpus=corpus,
        cross_encoder=cross_encoder,
        relative_margin=plan.relative_margin,
        num_negatives=wanted,
        sampling_strategy="top",
        output_format="triplet",
        batch_size=plan.batch_size,
        use_faiss=True,
        verbose=False,
    )
    found: dict[str, list[str]] = {}
    for anchor, negative in zip(triplets["anchor"], triplets["negative"], strict=True):
        found.setdefault(anchor, []).append(negative)
    return found


def means_the_same(positive: str, text: str, target: TargetDatabase | None = None) -> bool:
    """Whether a candidate answers what the positive answers.

    Args:
        positive: A positive: an embed view (SQL, then its tables), SQL, or Python.
        text: The candidate.
        target: The positive's database, to run both on.
    """
    if " ".join(positive.split()) == " ".join(text.split()):
        return True
    sql, other = _sql_of(positive), _sql_of(text)
    if target is not None and target.result(sql) is not None:
        return target.equivalent(sql, other) or target.same_form(sql, other)
    form, other_form = read_form(sql), read_form(other)
    if form is not None and other_form is not None:
        return form.canonical == other_form.canonical
    return (tree := _python_tree(positive)) is not None and tree == _python_tree(text)


def _sql_of(view: str) -> str:
    return view.split("\n", 1)[0]


def _python_tree(text: str) -> str | None:
    try:
        return ast.dump(ast.parse(text))
    except (SyntaxError, ValueError):
        return None


@contextmanager
def _opened(open_target: OpenTarget | None, group: str) -> Iterator[TargetDatabase | None]:
    if open_target is None or not group:
        yield None
        return
    with open_target(group) as target:
        yield target


@contextmanager
def open_synthetic(group: str) -> Iterator[TargetDatabase | None]:
    """The invented database of that name, drawn again; None if no domain has the name."""
    name, _, seed = group.rpartition("_")
    spec = next((spec for spec in load_domains() if spec.name == name), None)
    if spec is None or not seed.isdigit():
        yield None
        return
    described = draw_database(spec, int(seed))
    with closing(described.connection):
        yield described_target(described)


def open_from(folder: Path) -> OpenTarget:
    """Opens the SQLite files of a folder by their names."""

    @contextmanager
    def opened(group: str) -> Iterator[TargetDatabase | None]:
        path = folder / f"{group}.sqlite"
        if not path.is_file():
            yield None
            return
        with sqlite_target(path) as target:
            yield target

    return opened


def load_cross_encoder(name: str) -> Any:
    """A cross-encoder from a folder or a hub id.

    Raises:
        ModelError: It does not load.
    """
    from sentence_transformers import CrossEncoder

    try:
        return CrossEncoder(name)
    except Exception as error:  # the hub client raises a dozen kinds; each means: not loaded
        raise ModelError(
            f"The cross-encoder {name} could not be loaded ({type(error).__name__}: {str(error)[:200]}). "
            "Expected a folder or a hub id, e.g. cross-encoder/ms-marco-MiniLM-L6-v2. Rescoring is optional."
        ) from error


def main(
    source: Annotated[Path, typer.Argument(help="Rows: JSONL or CSV with query and pos.")],
    output: Annotated[Path, typer.Argument(help="JSONL to write.")],
    encoder: Annotated[str, typer.Option(help="minilm, bundled, a folder, or a hub id.")] = "minilm",
    negatives: Annotated[int, typer.Option(help="Negatives per row.")] = 3,
    cross_encoder: Annotated[str, typer.Option(help="Rescore candidates with this cross-encoder.")] = "",
    databases: Annotated[Path | None, typer.Option(help="Folder of <db_id>.sqlite files; else invented ones.")] = None,
) -> None:
    """Add mined hard negatives to training rows."""
    rows = read_rows([source])
    model, _ = load_full_encoder(encoder)
    rescorer = load_cross_encoder(cross_encoder) if cross_encoder else None
    open_target = open_from(databases) if databases is not None else open_synthetic
    mined, counts = mine(rows, model, MiningPlan(negatives), rescorer, open_target)
    write_rows(mined, output)
    typer.echo(f"{output}: {len(mined):,} rows; candidates {dict(counts)}")


if __name__ == "__main__":
    try:
        typer.run(main)
    except CodeRAGError as problem:
        sys.exit(f"Error: {problem}")
