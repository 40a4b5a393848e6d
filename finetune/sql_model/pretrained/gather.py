"""Gather training data: ``python -m finetune.sql_model.pretrained.gather ../shared/data --out DIR``."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import track

from finetune.sql_model.pretrained.asked_databases import AskedDatabase, TrainingRow, training_row, write_rows
from finetune.sql_model.pretrained.made_sets import called_otherwise, disguised, group_questions, synthetic_rows
from finetune.sql_model.pretrained.public_sets import reworded_rows, spider_rows, wikisql_rows
from finetune.sql_model.pretrained.synonyms import WORDNET, wordnet_synonyms

# These of Spider's training databases choose between models (and fit the vote), so no model learns from them.
LEFT_OUT = frozenset(
    "gymnast icfp_1 inn_1 insurance_and_eClaims music_4 party_host party_people pilot_record ship_1 ship_mission "
    "shop_membership university_basketball workshop_paper wrestler".split()
)
TRAINING_FILE, LEFT_OUT_FILE = "training.jsonl.gz", "left_out.jsonl.gz"
_DISGUISED = {"spider": 1.0, "spider_syn": 0.5, "wikisql": 0.3, "synthetic": 0.3}  # share of a source that gets a copy
_CALLED_OTHERWISE = {"spider": 1.0, "wikisql": 0.4, "synthetic": 0.4}
_GROUPED = {"spider": 1.0, "wikisql": 0.5}


def asked_databases(
    spider: Path | None, more: Path | None, synthetic: int, wikisql: int, seed: int
) -> Iterator[AskedDatabase]:
    """All databases with their questions, those left out among them.

    Args:
        spider: Folder in Spider's layout, or None.
        more: Folder with further questions and WikiSQL, or None.
        synthetic: How many databases to make.
        wikisql: How many databases to make of WikiSQL's tables.
        seed: Chooses names, tables and disguises.
    """
    if spider is not None:
        yield from spider_rows(spider)
    if spider is not None and more is not None:
        yield from reworded_rows(more, spider)
    if more is not None:
        yield from wikisql_rows(more, seed, wikisql)
    yield from synthetic_rows(seed * 1_000_003, synthetic, pairs=60)


def with_copies(
    databases: Iterator[AskedDatabase], synonyms: Mapping[str, Sequence[str]], seed: int
) -> Iterator[TrainingRow]:
    """Each database as text, some also with questions for groups, in disguise, or with synonyms for its names."""
    rng = random.Random(seed)
    for database in databases:
        yield training_row(database)
        if database.db_id in LEFT_OUT:
            continue
        if rng.random() < _GROUPED.get(database.source, 0.0):
            yield training_row(replace(database, source="groups", asked=list(group_questions(database.schema, rng))))
        if rng.random() < _DISGUISED.get(database.source, 0.0):
            yield training_row(disguised(database, rng))
        if synonyms and rng.random() < _CALLED_OTHERWISE.get(database.source, 0.0):
            yield training_row(called_otherwise(database, synonyms, rng))


def gather(rows: Iterator[TrainingRow], out: Path) -> Counter[str]:
    """Write training and left-out rows to two files; of a left-out database only Spider's own questions are kept."""
    left_out: list[TrainingRow] = []

    def training() -> Iterator[TrainingRow]:
        for row in rows:
            if row.db_id not in LEFT_OUT:
                yield row
            elif row.source == "spider":
                left_out.append(row)

    counts = write_rows(out / TRAINING_FILE, training())
    write_rows(out / LEFT_OUT_FILE, left_out)
    return counts


def main(
    data: Annotated[Path, typer.Argument(help="Folder that holds spider_train and text2sql_train.")],
    out: Annotated[Path, typer.Option(help="Folder to write to.")] = Path("runs/sql_model_135m/data"),
    synthetic: Annotated[int, typer.Option(help="Databases to make from patterns.")] = 400,
    wikisql: Annotated[int, typer.Option(help="Databases to make of WikiSQL's tables.")] = 2_400,
    wordnet: Annotated[Path, typer.Option(help="WordNet's files; without them no copy has synonyms.")] = WORDNET,
    seed: Annotated[int, typer.Option(help="Chooses names, tables and disguises.")] = 11,
) -> None:
    """Gather the training data; what a folder lacks is left out."""
    spider, more = (path if path.is_dir() else None for path in (data / "spider_train", data / "text2sql_train"))
    databases = asked_databases(spider, more, synthetic, wikisql, seed)
    copies = with_copies(databases, wordnet_synonyms(wordnet), seed)
    counts = gather(iter(track(copies, description="databases")), out)
    typer.echo(f"{out / TRAINING_FILE}: {dict(counts)}")


if __name__ == "__main__":
    typer.run(main)
