"""Rules on insecure code: templates, and SQL built from text over the synthetic databases. Attacks are really run."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

from sqlglot import exp

from coderag_app.schema.tables import quote_identifier
from coderag_app.sql.parsing import parse_one
from finetune.synthesis.drafts import Draft, DroppedError
from finetune.synthesis.python_runner import Program
from finetune.synthesis.rules.making import NOT_APPLICABLE, Sources, entry_of, rule
from finetune.synthesis.rules.security_cases import draw_case
from finetune.synthesis.sql_runner import PopulatedDatabase
from finetune.synthesis.text_checks import fenced

_CHECKS = ("same_on_harmless_input", "attack_stopped")
_INJECTION = "x' OR '1'='1"
_MOST_ROWS = 40


@dataclass(frozen=True, slots=True)
class SecurePair:
    """Insecure code, its safe version, the weakness in words, and the key of what it was made from."""

    insecure: str
    safe: str
    weakness: str
    advice: str
    source: str
    generator: str


def secure_pair(sources: Sources, rng: Random) -> SecurePair:
    """A pair whose difference has been shown by running both versions.

    Raises:
        DroppedError: The difference does not show.
    """
    return _injection_pair(sources, rng) if rng.random() < 0.5 else _case_pair(sources, rng)


def _case_pair(sources: Sources, rng: Random) -> SecurePair:
    case = draw_case(rng)
    entry = entry_of(case.safe)
    calls = [*case.harmless, case.attack, case.attack]
    bad, good = sources.runner.run([Program(case.insecure, entry), Program(case.safe, entry)], calls)
    harmless = len(case.harmless)
    if any(a.error or a.same_as != b.same_as for a, b in zip(bad[:harmless], good[:harmless], strict=True)):
        raise DroppedError("not equivalent on harmless input")
    if bad[-1].error or bad[-1].same_as == good[-1].same_as:
        raise DroppedError("the attack does not show")
    source = f"security:{case.name}"
    return SecurePair(case.insecure, case.safe, case.weakness, case.advice, source, f"security.{case.name}")


_BUILDERS = (
    "query = f\"SELECT {columns} FROM {table} WHERE {key} = '{{{name}}}'\"",
    'query = "SELECT {columns} FROM {table} WHERE {key} = \'" + {name} + "\'"',
    "query = \"SELECT {columns} FROM {table} WHERE {key} = '%s'\" % {name}",
    "query = \"SELECT {columns} FROM {table} WHERE {key} = '{{}}'\".format({name})",
)


def _injection_pair(sources: Sources, rng: Random) -> SecurePair:
    database, pair = sources.databases.pick(rng)
    table, key, columns, value = _lookup(database, pair.sql)
    name = "".join(sign if sign.isalnum() else "_" for sign in key.strip('"').lower()) + "_given"
    function = f"find_{''.join(sign if sign.isalnum() else '_' for sign in table.strip(chr(34)).lower())}"
    head = f"def {function}(connection, {name}):\n"
    parts = {"columns": columns.replace('"', ""), "table": table.replace('"', ""), "key": key.replace('"', "")}
    build = rng.choice(_BUILDERS).format(**parts, name=name)
    insecure = f"{head}    {build}\n    return connection.execute(query).fetchall()"
    safe_query = "SELECT {columns} FROM {table} WHERE {key} = ?".format(**parts)
    safe = f'{head}    query = "{safe_query}"\n    return connection.execute(query, ({name},)).fetchall()'
    script = _table_script(database, table.strip('"'))
    harness = (
        f"\nimport sqlite3\n\ndef try_it(value):\n    connection = sqlite3.connect(':memory:')\n"
        f"    connection.executescript({script!r})\n    return {function}(connection, value)"
    )
    programs = [Program(insecure + "\n" + harness, "try_it"), Program(safe + "\n" + harness, "try_it")]
    bad, good = sources.runner.run(programs, [(value,), ("no such value",), (_INJECTION,)])
    if len(bad) != 3 or any(a.error or a.same_as != b.same_as for a, b in zip(bad[:2], good[:2], strict=False)):
        raise DroppedError("not equivalent on harmless input")
    if bad[2].shown == "[]" or good[2].shown != "[]":
        raise DroppedError("the attack does not show")
    weakness = "Text from outside is pasted into SQL, so a quote in it changes the query (SQL injection, CWE-89)."
    advice = "pass the value as a parameter instead of building the SQL from it"
    return SecurePair(insecure, safe, weakness, advice, f"sql:{pair.db_id}:{pair.sql}", "security.sql_injection")


def _lookup(database: PopulatedDatabase, sql: str) -> tuple[str, str, str, str]:
    """Table, text column, selected columns and a stored value of a query with one table and one text condition."""
    tree = parse_one(sql, dialect="sqlite")
    tables, tests = list(tree.find_all(exp.Table)), list(tree.find_all(exp.EQ))
    plain = isinstance(tree, exp.Select) and len(tables) == 1 and not tree.args.get("group")
    if not plain or not tests or not isinstance(tests[0].expression, exp.Literal) or tests[0].find(exp.Select):
        raise DroppedError(NOT_APPLICABLE)
    columns = [part for part in tree.expressions if isinstance(part, exp.Column)]
    value = tests[0].expression
    if not value.is_string or not columns or not isinstance(tests[0].this, exp.Column) or "'" in value.name:
        raise DroppedError(NOT_APPLICABLE)
    if tests[0].this.name in {part.name for part in columns}:
        raise DroppedError(NOT_APPLICABLE)
    names = (tables[0].name, tests[0].this.name, *(part.name for part in columns))
    if any(quote_identifier(name, database.described.schema.dialect) != name for name in names):
        raise DroppedError(NOT_APPLICABLE)
    return tables[0].name, tests[0].this.name, ", ".join(part.name for part in columns), value.name


def _table_script(database: PopulatedDatabase, table: str) -> str:
    """Statements that make one table with some of its rows and no keys."""
    connection = database.described.connection
    cursor = connection.execute(f"SELECT * FROM {table} LIMIT {_MOST_ROWS}")
    names = ", ".join(column[0] for column in cursor.description)
    lines = [f"CREATE TABLE {table} ({names});"]
    for row in cursor.fetchall():
        cells = ", ".join("NULL" if cell is None else exp.convert(cell).sql("sqlite") for cell in row)
        lines.append(f"INSERT INTO {table} VALUES ({cells});")
    return "\n".join(lines)


@rule("secure")
def secure(sources: Sources, rng: Random) -> Draft:
    """Insecure code to its safe version."""
    pair = secure_pair(sources, rng)
    return Draft(pair.insecure, pair.safe, "python", pair.source, pair.generator, {}, _CHECKS)


@rule("vulnerability_fix")
def vulnerability_fix(sources: Sources, rng: Random) -> Draft:
    """Insecure code with the description of its weakness, to the repaired code."""
    pair = secure_pair(sources, rng)
    words = rng.choice(
        ("{weakness} Repair it.", "{weakness} To mend it, {advice}.", "Security report: {weakness} What should change?")
    ).format(weakness=pair.weakness, advice=pair.advice)
    query = f"{words}\n\n{fenced(pair.insecure, 'python')}"
    return Draft(query, pair.safe, "python", pair.source, pair.generator, {}, _CHECKS)
