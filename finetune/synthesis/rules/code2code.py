"""Rules of the code2code tasks that turn on an equivalent change."""

from __future__ import annotations

from random import Random

from coderag_app.sql.parsing import parse_one
from finetune.synthesis.drafts import Draft, DroppedError
from finetune.synthesis.rules.changes import Change, python_change, python_repair, sql_change, sql_repair
from finetune.synthesis.rules.editing import try_several
from finetune.synthesis.rules.making import NOT_APPLICABLE, Sources, check_equivalent, python_source, rule
from finetune.synthesis.rules.sql_editing import DIALECT, normal_sql
from finetune.synthesis.sql_runner import require_same_in_duckdb, require_same_rows

_SIMILAR = ("names", "loops", "conditions", "variables", "extraction", "by_hand")
RUN_IN_DUCKDB = ("duckdb", "postgres")
DIALECTS = (*RUN_IN_DUCKDB, "mysql", "tsql", "bigquery", "snowflake", "oracle", "spark")


def draft(change: Change, generator: str) -> Draft:
    """The pair of a change."""
    details = {"edit": change.edit}
    return Draft(change.before, change.after, change.language, change.source, generator, details, ("equivalent",))


@rule("similar")
def similar(sources: Sources, rng: Random) -> Draft:
    """Several edits away, other names included."""
    seed = sources.pick_seed(rng)
    done = try_several(seed.source, _SIMILAR, rng.randint(2, 4), rng)
    renamed = try_several(done[-1].source if done else seed.source, ("names",), 1, rng)
    done += renamed
    if len(done) < 2:
        raise DroppedError(NOT_APPLICABLE)
    check_equivalent(sources, seed, done[-1].source)
    details = {"edit": "+".join(one.edit.name for one in done)}
    return Draft(seed.source, done[-1].source, "python", python_source(seed), "similar", details, ("equivalent",))


@rule("similar")
def similar_sql(sources: Sources, rng: Random) -> Draft:
    """SQL in another form."""
    return draft(sql_change(sources, ("sql_same", "sql_cte"), rng), "similar_sql")


@rule("translation")
def translation(sources: Sources, rng: Random) -> Draft:
    """SQL of SQLite in another dialect, run in DuckDB where DuckDB understands it, else translated back and run."""
    before, after, dialect, key, shown_by = translated(sources, rng)
    details = {"to": dialect, "shown_by": shown_by}
    return Draft(before, after, f"sql:{dialect}", key, "translation", details, ("equivalent",))


def translated(sources: Sources, rng: Random) -> tuple[str, str, str, str, str]:
    """SQLite's SQL, its translation, the dialect, the source key, and how equivalence was shown.

    Raises:
        DroppedError: The translation is the same text, does not run, or returns other rows.
    """
    database, pair = sources.databases.pick(rng)
    dialect = rng.choice(DIALECTS)
    before = normal_sql(pair.sql)
    after = parse_one(before, DIALECT).sql(dialect, identify=rng.random() < 0.7)
    if after == before:
        raise DroppedError("the translation is the same text")
    if dialect in RUN_IN_DUCKDB:
        require_same_in_duckdb(database, before, after)
        shown_by = "run in DuckDB"
    else:
        require_same_rows(database, before, parse_one(after, dialect).sql(DIALECT))
        shown_by = "translated back and run in SQLite"
    return before, after, dialect, f"sql:{pair.db_id}:{pair.sql}", shown_by


@rule("refinement")
def refinement(sources: Sources, rng: Random) -> Draft:
    """One or two clumsy constructs removed."""
    return draft(python_repair(sources, ("clumsy", "naming_style"), rng, most=2), "refinement")


@rule("refinement")
def refinement_sql(sources: Sources, rng: Random) -> Draft:
    """The same for SQL."""
    return draft(sql_repair(sources, ("sql_clumsy",), rng), "refinement_sql")


@rule("version_update")
def version_update(sources: Sources, rng: Random) -> Draft:
    """Older Python brought up to date."""
    return draft(python_repair(sources, ("old",), rng, most=3), "version_update")


@rule("history")
def history(sources: Sources, rng: Random) -> Draft:
    """A revision before types, names or style were put in order."""
    change = python_repair(sources, ("untyped", "clumsy", "dead_code", "naming_style", "old"), rng, most=4)
    return Draft(
        change.after, change.before, "python", change.source, "history", {"edit": change.edit}, ("equivalent",)
    )


@rule("optimised")
def optimised(sources: Sources, rng: Random) -> Draft:
    """A slow construct replaced."""
    return draft(python_repair(sources, ("slow",), rng, most=2), "optimised")


@rule("optimised")
def optimised_sql(sources: Sources, rng: Random) -> Draft:
    """The same for SQL."""
    return draft(sql_repair(sources, ("sql_slow",), rng), "optimised_sql")


@rule("simplification")
def simplification(sources: Sources, rng: Random) -> Draft:
    """Several needless constructs taken out."""
    return draft(python_repair(sources, ("clumsy", "dead_code", "loops", "variables"), rng, most=4), "simplification")


@rule("simplification")
def simplification_sql(sources: Sources, rng: Random) -> Draft:
    """A needless subquery, join style or CTE taken out."""
    return draft(sql_repair(sources, ("sql_clumsy", "sql_cte"), rng), "simplification_sql")


@rule("modularisation")
def modularisation(sources: Sources, rng: Random) -> Draft:
    """A part extracted into a function."""
    return draft(python_change(sources, ("extraction",), rng), "modularisation")


@rule("modularisation")
def modularisation_sql(sources: Sources, rng: Random) -> Draft:
    """A part of a query under a name of its own."""
    return draft(sql_change(sources, ("sql_cte",), rng), "modularisation_sql")


@rule("library_adaptation")
def library_adaptation(sources: Sources, rng: Random) -> Draft:
    """Hand-written work given to the standard library, or the other way round."""
    if rng.random() < 0.7:
        return draft(python_repair(sources, ("by_hand",), rng), "to_library")
    return draft(python_change(sources, ("by_hand",), rng), "from_library")
