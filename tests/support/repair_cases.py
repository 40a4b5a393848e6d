"""The before/after queries of tests/cases/repairs, one file for each repair.

Lines ``-- schema:``, ``-- values: table.column = a | b``, ``-- numbers: table.column = 1 | 2``,
``-- nested: table.column = field | field`` (no field for a list; the values of a field are ``table.column.field``),
``-- flag: table.column``, ``-- nulls: table.column``, ``-- dialect:`` and ``-- question:`` before the first case of a
group describe its database and question; ``-- question:`` in a case is its own. A case is ``-- case: name``, the query
that a model wrote, and ``-- after`` with the repaired one, or ``-- stays``.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from coderag_app.question.read_question import read_question
from coderag_app.schema.name_words import name_words
from coderag_app.schema.profile import Nested, number_profile, text_profile
from coderag_app.schema.tables import Table
from coderag_app.schema.value_index import StoredValue, ValueIndex
from coderag_app.sql.ddl import schema_from_ddl
from coderag_app.sql.repairs import RepairContext

REPAIRS_FOLDER = Path(__file__).parents[1] / "cases" / "repairs"


@dataclass
class RepairCase:
    """A query before and after one repair; ``after`` equals ``before`` where nothing must change."""

    repair: str
    name: str
    context: RepairContext
    before: str
    after: str


@dataclass
class _Group:
    """What the cases of a group have in common."""

    dialect: str = "sqlite"
    ddl: list[str] = field(default_factory=list)
    values: list[StoredValue] = field(default_factory=list)
    flags: set[tuple[str, str]] = field(default_factory=set)
    nulls: set[tuple[str, str]] = field(default_factory=set)
    numbers: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    nested: dict[tuple[str, str], Nested] = field(default_factory=dict)
    question: str = ""

    def read(self, key: str, text: str) -> None:
        match key:
            case "schema":
                self.ddl.append(text.removesuffix(";"))
            case "values":
                place, _, stored = text.partition(" = ")
                table, column = place.split(".", 1)
                self.values += [StoredValue(table, column, value) for value in stored.split(" | ")]
            case "numbers":
                place, _, stored = text.partition(" = ")
                table, column = place.split(".")
                self.numbers[table, column] = [int(value) for value in stored.split(" | ")]
            case "nested":
                place, _, names = text.partition(" =")
                table, column = place.split(".")
                self.nested[table, column] = Nested(tuple(name.strip() for name in names.split("|") if name.strip()))
            case "flag":
                table, column = text.split(".")
                self.flags.add((table, column))
            case "nulls":
                table, column = text.split(".")
                self.nulls.add((table, column))
            case "dialect":
                self.dialect = text
            case "question":
                self.question = text

    def context(self, question: str | None) -> RepairContext:
        schema = schema_from_ddl(";\n".join(self.ddl) + ";", dialect=self.dialect)
        values = ValueIndex(self.values)
        schema = replace(schema, tables=tuple(self._profiled(table, values) for table in schema.tables))
        asked = self.question if question is None else question
        return RepairContext.of_question(read_question(asked, schema, values), schema, values)

    def _profiled(self, table: Table, values: ValueIndex) -> Table:
        """The table with the profiles that its values and flags give, as if they had been read."""
        columns = []
        for column in table.columns:
            profile = text_profile(values.values_of(table.name, column.name), name_words(column.name))
            if (table.name, column.name) in self.flags:
                profile = number_profile(0, 1, 2, "")
            if (numbers := self.numbers.get((table.name, column.name))) is not None:
                profile = number_profile(min(numbers), max(numbers), len(numbers), name_words(column.name), numbers)
            if (table.name, column.name) in self.nulls:
                profile = replace(profile, rows=2, nulls=1)
            profile = replace(profile, nested=self.nested.get((table.name, column.name)))
            columns.append(replace(column, profile=profile))
        return replace(table, columns=tuple(columns))


def read_repair_cases(repair: str) -> list[RepairCase]:
    """The cases of a repair."""
    cases: list[RepairCase] = []
    group, in_cases = _Group(), False
    for block in (REPAIRS_FOLDER / f"{repair}.sql").read_text(encoding="utf-8").strip().split("\n\n"):
        head = [line.removeprefix("-- ").partition(":") for line in block.split("\n") if line.startswith("-- ")]
        entries = [(key, text.strip()) for key, colon, text in head if colon]
        if not block.removeprefix("-- ").startswith("case:"):
            if in_cases:
                group, in_cases = _Group(), False
            for key, text in entries:
                group.read(key, text)
            continue
        in_cases = True
        facts = dict(entries)
        before, *after = [line for line in block.split("\n") if not line.startswith("-- ") and line != "-- question:"]
        assert bool(after) != ("-- stays" in block), f"{repair}: {facts['case']}"
        context = group.context(facts.get("question"))
        cases.append(RepairCase(repair, facts["case"], context, before, after[0] if after else before))
    names = [case.name for case in cases]
    assert len(set(names)) == len(names), f"{repair}: a name is used twice"
    assert any(case.after != case.before for case in cases) and any(case.after == case.before for case in cases)
    return cases
