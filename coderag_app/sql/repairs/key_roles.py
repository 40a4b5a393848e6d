"""Join along the key that the question's words choose, where a table has several keys to one other.

"Trips to Ghent" compare the town of the stop that ``to_id`` refers to, not of ``from_id``. The word nearest to a value
decides: a word of the key's own column, or one that ``key_roles.yaml`` puts on its side. With "from A to B" the other
table is joined twice. A model that saw only one of the keys writes the wrong one at full confidence.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import yaml
from sqlglot import exp

from coderag_app.schema.name_words import identifier_words, singular, stem
from coderag_app.schema.tables import Table, identifier
from coderag_app.schema.value_index import ValueMatch
from coderag_app.sql.join_tree import JoinTree
from coderag_app.sql.repairs.conditions import conditions
from coderag_app.sql.repairs.context import RepairContext

_WORDS_BEFORE, _WORDS_AFTER = 4, 2


@dataclass(frozen=True, slots=True)
class _Role:
    """A key, the column of the other table that it holds, and the stems that choose it."""

    column: str
    target: str
    cues: frozenset[str]


def choose_keys(tree: exp.Expr, context: RepairContext) -> exp.Expr:
    """Exchange the key of a join, or join twice, as the words around values say.

    Args:
        tree: A query; it is changed.
        context: Its schema, and the question with its values, without which the query stays as it is.
    """
    if not context.question.words:
        return tree
    for select in list(tree.find_all(exp.Select)):
        joined = JoinTree.of_select(select, context.schema)
        for source, table in list(joined.tables.items()) if joined is not None else ():
            for parent in {key.ref_table.lower() for key in table.foreign_keys} - {table.name.lower()}:
                other = context.schema.table(parent)
                if joined is not None and other is not None and len(roles := _roles(table, other)) > 1:
                    _Choice(joined, source, other, roles, context).apply()
    return tree


def _roles(table: Table, parent: Table) -> list[_Role]:
    """The keys of one column to the parent, with the words that only they have; none unless each of two has some.

    A word of the table's own name says nothing of a side: of ``friends (person, friend)`` a friend may be either.
    """
    keys = [key for key in table.foreign_keys if key.ref_table.lower() == parent.name.lower() and len(key.columns) == 1]
    own = [frozenset(map(stem, map(singular, identifier_words(key.columns[0]).split()))) for key in keys]
    targets = [key.ref_columns or tuple(c.name for c in parent.columns if c.primary_key) for key in keys]
    shared = frozenset(map(stem, map(singular, identifier_words(table.name).split())))
    shared |= frozenset.intersection(*own) if own else frozenset()
    cues = [words - shared | _side(words) for words in own]
    if len(cues) == 2:
        cues = [each or _side(own[1 - place], opposite=True) for place, each in enumerate(cues)]
    found = zip(keys, targets, cues, strict=True)
    roles = [_Role(key.columns[0], target[0], words - _others(cues, words)) for key, target, words in found if target]
    return roles if sum(bool(role.cues) for role in roles) > 1 else []


def _side(words: frozenset[str], opposite: bool = False) -> frozenset[str]:
    """The stems on the side of the opposites that the words stand on, or on the other."""
    found: set[str] = set()
    for sides in key_words()["opposites"]:
        stems = [frozenset(map(stem, side)) for side in sides]
        standing = [bool(side & words) for side in stems]
        if sum(standing) == 1:
            found |= stems[standing.index(not opposite)]
    return frozenset(found)


def _others(cues: list[frozenset[str]], own: frozenset[str]) -> frozenset[str]:
    return frozenset(word for other in cues if other is not own for word in other)


@cache
def key_words() -> dict[str, Any]:
    """The words of ``key_roles.yaml``."""
    text = files("coderag_app.sql.repairs").joinpath("key_roles.yaml").read_text(encoding="utf-8")
    found: dict[str, Any] = yaml.safe_load(text)
    return found


class _Choice:
    """One table in a query with several keys to another, and what the question says of them."""

    def __init__(
        self, joined: JoinTree, source: str, parent: Table, roles: list[_Role], context: RepairContext
    ) -> None:
        self.joined = joined
        self.source = source
        self.parent = parent
        self.roles = roles
        self.context = context
        self.parents = [name for name, table in joined.tables.items() if table is parent]

    def apply(self) -> None:
        said = [(match, role) for match in self.context.question.values if (role := self._role_of(match)) is not None]
        chosen = list(dict.fromkeys(role.column for _, role in said))
        if len(said) == 2 and len(chosen) == 2:
            self._join_twice(said)
        elif len(chosen) == 1:
            self._exchange(said[0][1])
        elif not said and (role := self._role_of_whole_question()) is not None:
            self._exchange(role)

    def _role_of(self, match: ValueMatch) -> _Role | None:
        """The key that the words around a value of the other table, or of a key's own column, choose."""
        if self._place(match) is None:
            return None
        words = self.context.question.words
        taken = [(other.start, other.end) for other in self.context.question.values if other is not match]
        before = [word for word in words if word.end <= match.start][-_WORDS_BEFORE:][::-1]
        for word in before:
            if any(start <= word.start < end for start, end in taken):
                break
            if (role := self._only(word.stem)) is not None:
                return role
        after = [word for word in words if word.start >= match.end][:_WORDS_AFTER]
        stems = [word.stem for word in after if word.folded not in key_words()["before_only"]]
        return next((role for each in stems if (role := self._only(each)) is not None), None)

    def _role_of_whole_question(self) -> _Role | None:
        """The only key that a question without values speaks of: "the destination of each"."""
        stems = {word.stem for word in self.context.question.words if word.folded not in key_words()["before_only"]}
        found = [role for role in self.roles if stems & role.cues]
        return found[0] if len(found) == 1 else None

    def _only(self, word: str) -> _Role | None:
        found = [role for role in self.roles if word in role.cues]
        return found[0] if len(found) == 1 else None

    def _place(self, match: ValueMatch) -> tuple[str, str] | None:
        """The other table's column that stores a value with the value's text; the key's column comes first."""
        targets = {role.target.lower() for role in self.roles}
        found = [value for value in match.values if value.table.lower() == self.parent.name.lower()]
        found.sort(key=lambda value: value.column.lower() not in targets)
        return (found[0].column, found[0].text) if found else None

    def _exchange(self, role: _Role) -> None:
        """Use the chosen key where another one joins the table or is compared with a value."""
        others = {each.column.lower() for each in self.roles} - {role.column.lower()}
        keys = {c if a == self.source else d for a, c, b, d in self.joined.pairs if self.source in (a, b)}
        if len(self.parents) > 1 or role.column.lower() in keys:
            return
        places: list[exp.Expr] = [join.args["on"] for join in self.joined.select.args.get("joins") or ()]
        if not self.parents:
            places = [each for each in conditions(self.joined.select) if isinstance(each, exp.EQ)]
        for place in places:
            for column in list(place.find_all(exp.Column)):
                if self.joined.source_of(column) == self.source and column.name.lower() in others:
                    column.set("this", identifier(role.column, self.context.dialect))

    def _join_twice(self, said: list[tuple[ValueMatch, _Role]]) -> None:
        """Compare each value with the row that its key refers to; a value of the key itself needs no join."""
        select, dialect = self.joined.select, self.context.dialect
        parents = set(self.parents)
        others = [*select.expressions, *(select.args.get(name) for name in ("group", "having", "order"))]
        leaves = all(self.joined.neighbours(name) == [self.source] for name in parents)
        if not leaves or any(self.joined.sources(node) & parents for node in others if node is not None):
            return
        start = select.args["from_"].this
        if start.alias_or_name.lower() in parents and len(parents) > 1:
            return
        where = [each.copy() for each in conditions(select) if not self._speaks_of_both(each, said)]
        self._drop_parents()
        for match, role in said:
            column, text = self._place(match) or ("", "")
            value = exp.Literal.string(text)
            key = exp.column(identifier(role.column, dialect), identifier(self.joined.names[self.source], dialect))
            if column.lower() == role.target.lower():
                where.append(exp.EQ(this=key, expression=value))
                continue
            alias = "_".join((*identifier_words(role.column).split(), self.parent.name))
            target = exp.column(identifier(role.target, dialect), identifier(alias, dialect))
            table = exp.alias_(
                exp.Table(this=identifier(self.parent.name, dialect)), identifier(alias, dialect), table=True
            )
            select.join(table, on=exp.EQ(this=key, expression=target), copy=False)
            compared = exp.column(identifier(column, dialect), identifier(alias, dialect))
            where.append(exp.EQ(this=compared, expression=value))
        select.set("where", exp.Where(this=exp.and_(*where, copy=False)))

    def _speaks_of_both(self, condition: exp.Expr, said: list[tuple[ValueMatch, _Role]]) -> bool:
        """Whether a condition reads the other table, or compares one of the keys or values."""
        texts = {value.text.casefold() for match, _ in said for value in match.values}
        columns = list(condition.find_all(exp.Column))
        keys = {role.column.lower() for role in self.roles}
        return (
            bool(self.joined.sources(condition) & set(self.parents))
            or any(literal.name.casefold() in texts for literal in condition.find_all(exp.Literal))
            or any(self.joined.source_of(each) == self.source and each.name.lower() in keys for each in columns)
        )

    def _drop_parents(self) -> None:
        """Leave the joins of the other table out; where it stands in FROM, the table with the keys takes its place."""
        select = self.joined.select
        joins = list(select.args.get("joins") or ())
        relations = [join.this for join in joins]
        start = select.args["from_"].this
        if start.alias_or_name.lower() in self.parents:
            own = next(each for each in relations if each.alias_or_name.lower() == self.source)
            select.set("from_", exp.From(this=own.copy()))
            joins = [join for join in joins if join.this is not own]
        select.set("joins", [join for join in joins if join.this.alias_or_name.lower() not in self.parents])
