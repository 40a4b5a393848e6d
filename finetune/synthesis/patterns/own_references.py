"""Finds a table that refers to itself, and says how its rows stand to each other: an employee and the manager."""

from __future__ import annotations

from dataclasses import dataclass

from finetune.synthesis.described import DescribedTable
from finetune.synthesis.patterns.asking import Doing
from finetune.synthesis.patterns.draw import Draw
from finetune.synthesis.patterns.lookup import quoted

_VERBS = {
    "manager": "manages", "supervisor": "supervises", "mentor": "mentors", "coach": "coaches", "boss": "manages",
    "team leader": "leads", "leader": "leads", "tutor": "tutors", "sponsor": "sponsors", "trainer": "trains",
    "teacher": "teaches", "chief": "leads",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class OwnPair:
    """Rows with other rows of their table: ``a`` in SQL is the employee, ``b`` the manager."""

    table: DescribedTable
    role: str
    column: str
    parent_column: str
    one: str
    many: str

    @property
    def source(self) -> str:
        """The FROM clause."""
        name = quoted(self.table.name)
        return f"{name} AS a JOIN {name} AS b ON a.{self.column} = b.{self.parent_column}"

    @property
    def verb(self) -> str:
        """What the manager does, or ""."""
        return _VERBS.get(self.role, "")


def own_pair(draw: Draw) -> OwnPair | None:
    """A table that refers to itself, whose rows have names."""
    relations = [r for r in draw.lookup.database.relations if r.child_table == r.parent_table]
    relations = [r for r in relations if draw.naming(draw.lookup.tables[r.child_table])]
    if not relations:
        return None
    relation = draw.choice(relations)
    table = draw.lookup.tables[relation.child_table]
    column = next(c for c in table.columns if c.name == relation.child_column)
    role = draw.choice(column.phrases).removesuffix(" id").removesuffix(" code").removesuffix(" number")
    return OwnPair(table, role, quoted(column.name), quoted(relation.parent_column), *draw.noun(table))


def agreeing(sql: str, words: str) -> Doing:
    """The predicate from words that begin with the verb of several rows and of one: "have/has no manager"."""
    first, _, rest = words.partition(" ")
    many, one = first.split("/")
    return Doing(sql, f"{many} {rest}", f"{one} {rest}")
