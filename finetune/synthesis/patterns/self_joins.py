"""Tables that refer to themselves: employees and their managers."""

from __future__ import annotations

from finetune.synthesis import wording
from finetune.synthesis.described import Relation
from finetune.synthesis.patterns.draw import Draw, select
from finetune.synthesis.patterns.lookup import literal, quoted
from finetune.synthesis.patterns.registry import Candidate, pattern
from finetune.synthesis.patterns.subject import column_phrases, request

FAMILY = "joins"


def _self_relation(draw: Draw) -> Relation | None:
    relations = [r for r in draw.lookup.database.relations if r.child_table == r.parent_table]
    return draw.choice(relations) if relations else None


@pattern(0.6, FAMILY)
def self_join(draw: Draw) -> Candidate | None:
    """Each employee's name and the manager's name; or employees whose manager is named X."""
    relation = _self_relation(draw)
    if relation is None:
        return None
    table = draw.lookup.tables[relation.child_table]
    names = draw.identity(table)
    if not names:
        return None
    column = next(c for c in table.columns if c.name == relation.child_column)
    role = draw.choice(column.phrases).removesuffix(" id")
    name, refs = quoted(table.name), [draw.ref(table, c) for c in names]
    source = (
        f"{name} AS T1 JOIN {name} AS T2 ON T1.{quoted(relation.child_column)} = T2.{quoted(relation.parent_column)}"
    )
    one, many = draw.noun(table)
    phrases = wording.join_words(column_phrases(draw, table, names), draw.rng)
    own = [f"T1.{ref}" for ref in refs]
    if len(names) == 1 and draw.chance(0.4):
        value = draw.choice(names[0].values)
        wanted = draw.say(
            "the {columns} of {many} whose {role} is {value}",
            columns=wording.plural(phrases),
            many=many,
            role=role,
            value=draw.value(value),
        )
        return Candidate(request(draw, wanted, True), select(own, source, f"T2.{refs[0]} = {literal(value)}"))
    wanted = draw.say(
        "the {columns} of each {one} and the {columns} of [its|the] {role}", columns=phrases, one=one, role=role
    )
    return Candidate(request(draw, wanted, True), select([*own, *(f"T2.{ref}" for ref in refs)], source))
