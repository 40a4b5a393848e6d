"""The compact language back into SQL: identifiers, joins and literals completed from schema and question."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence

from sqlglot.errors import SqlglotError

from coderag_app.llm.compact.amount_tokens import read_amount
from coderag_app.llm.compact.days import write_days
from coderag_app.llm.compact.decode_expressions import RANKINGS
from coderag_app.llm.compact.derived_tables import PER_GROUP, PLACE, unfold
from coderag_app.llm.compact.grounding import ground_values
from coderag_app.llm.compact.group_tokens import read_groups
from coderag_app.llm.compact.question import MarkedQuestion
from coderag_app.llm.compact.schema_names import SchemaNames
from coderag_app.llm.compact.spelled_names import SpelledNames
from coderag_app.llm.compact.summed_amounts import sum_amounts
from coderag_app.llm.compact.table_tokens import read_tables
from coderag_app.llm.compact.unasked_conditions import equal_stored_text, leave_out_invented, leave_out_numbers
from coderag_app.llm.compact.year_tokens import read_years
from coderag_app.llm.fill_literals import CannotDecodeError, fill_literals
from coderag_app.question.read_question import read_question
from coderag_app.question.said_literals import Literal
from coderag_app.schema.joins import again, is_again
from coderag_app.schema.value_index import ValueIndex
from coderag_app.sql.parsing import parse_one
from coderag_app.sql.repairs import LATE, RepairContext, SaidValue, repaired
from coderag_app.sql.repairs.periods import marked_literals

NO_ANSWER = "none"
_MOST_NESTED = 8
_TOKEN = re.compile(r"<v\d>|<[tc]\d+>|'[^']*'|-?\d+(?:\.\d+)?|[^\W\d_]+(?:['’][^\W_]+)*|[<>!]=|<>|[^\s\w]|\w+")
_WITHOUT = "\x00"  # around the table that is left out, until it is known which tables are joined
_LEFT_OUT = re.compile(rf"{_WITHOUT} (.+?) {_WITHOUT}")
_BY, _PER = "\x01", "\x02"  # stand for these words until the whole clause is read
_PER_GROUP = re.compile(rf"\b(avg|max|min|sum) \( ((?:count|sum|avg|max|min) \( .+? \)) {_BY} ([^()]+?) \)")
_TOP_PER_GROUP = re.compile(rf"^(.*)order by (.+) limit (\S+) {_PER} (.+)$")
_CLAUSES = frozenset({"where", "group", "having", "order", "limit"})
_SET_WORDS = frozenset({"union", "intersect", "except"})


def decode_sql(
    text: str,
    names: SchemaNames,
    literals: Sequence[Literal],
    values: ValueIndex,
    marked: MarkedQuestion | None = None,
    without: Collection[str] = frozenset(),
) -> str:
    """Turn the model's reply into SQL of the schema's dialect.

    Args:
        text: The reply.
        names: The schema with the ids that the reply uses.
        literals: The question's literals.
        values: The stored values.
        marked: The question, if what the reply leaves out or takes amiss is to be taken as the question means it.
        without: The names of repairs to leave out.

    Returns:
        One SELECT or set operation; the empty string where the model says that the schema has no answer.

    Raises:
        CannotDecodeError: The text does not parse, or names what the schema does not have.
    """
    tokens = _TOKEN.findall(text.replace("<sql>", " ").replace("</s>", " "))
    if not tokens:
        raise CannotDecodeError("the reply is empty")
    if tokens == [NO_ANSWER]:
        return ""
    tokens = ground_values(tokens, names, literals)
    if marked is not None:
        for read in (read_tables, read_amount, read_groups, read_years):
            tokens = read(tokens, names, marked)
    reader = _Reader(tokens, names)
    sql = reader.query(())
    if reader.position != len(reader.tokens):
        raise CannotDecodeError(f"unexpected {' '.join(reader.tokens[reader.position : reader.position + 4])!r}")
    try:
        tree = parse_one(sql, dialect="sqlite")
    except (SqlglotError, RecursionError) as error:
        raise CannotDecodeError(f"not a complete query: {text.strip()[:200]}") from error
    if names.amount is not None:
        sum_amounts(tree, names.amount)
    tree = fill_literals(unfold(tree), names.schema, literals, values)
    equal_stored_text(tree, names.schema, values)
    leave_out_invented(tree, names.schema, literals, values)
    if marked is not None:
        leave_out_numbers(tree, names.schema, marked.asked)
    said = tuple(SaidValue(literal.spellings, literal.values) for literal in literals)
    question = read_question(marked.asked if marked is not None else "")  # reworded, so not the one that was asked
    context = RepairContext(names.schema, values, question, said)
    tree = repaired(tree, context, LATE.union(without))
    if "periods" not in without and (unclear := marked_literals(tree)):
        raise CannotDecodeError(f"a month is compared with what holds no dates: {unclear[0].parent}")
    write_days(tree, names.schema.dialect)
    return str(tree.sql(dialect=names.schema.dialect))


class _Reader:
    """Reads tokens into SQL with ``:v1`` for literals; one method per part of the language."""

    def __init__(self, tokens: Sequence[str], names: SchemaNames) -> None:
        self.tokens = tokens
        self.names = names
        self.joins = names.joins
        self.position = 0
        self.spelled = SpelledNames(names.schema)

    def peek(self) -> str:
        return self.tokens[self.position] if self.position < len(self.tokens) else ""

    def expect(self, word: str) -> None:
        if self.peek() != word:
            raise CannotDecodeError(f"expected {word!r}, got {self.peek()!r}")
        self.position += 1

    def query(self, outer: tuple[str, ...], depth: int = 0) -> str:
        if depth > _MOST_NESTED:
            raise CannotDecodeError(f"queries are nested more than {_MOST_NESTED} deep")
        parts = [self.select(outer, depth)]
        while self.peek() in _SET_WORDS:
            parts.append(self.peek())
            self.position += 1
            if self.peek() == "all":
                parts.append("all")
                self.position += 1
            parts.append(self.select(outer, depth))
        return " ".join(parts)

    def select(self, outer: tuple[str, ...], depth: int) -> str:
        tables = self.tables() if self.peek() == "from" else []
        nested_outside = self.spelled.nested
        self.spelled.nested = tuple(table for table in tables if table in outer and self.looks_outside())
        text = self.select_from(tables, outer, depth)
        self.spelled.nested = nested_outside
        return text

    def looks_outside(self) -> bool:
        """Whether the nested query that begins here speaks of the other row of a table."""
        depth = 0
        for word in self.tokens[self.position :]:
            depth += (word == "(") - (word == ")")
            if word == "other" or depth < 0:
                return word == "other"
        return False

    def select_from(self, tables: list[str], outer: tuple[str, ...], depth: int) -> str:
        """What follows the tables of a SELECT, from its join conditions to its LIMIT."""
        used: list[str] = []
        on = self.words_until(frozenset({"select"}), used, outer, depth) if self.peek() == "on" else ""
        self.expect("select")
        items = self.words_until(_CLAUSES | _SET_WORDS, used, (*outer, *tables), depth)
        if not items:
            raise CannotDecodeError("nothing is selected")
        rest = self.words_until(_SET_WORDS, used, (*outer, *tables), depth)
        items = _PER_GROUP.sub(rf"\1 ( {PER_GROUP} ( \2 , \3 ) )", items)
        if (top := _TOP_PER_GROUP.match(rest)) is not None:
            items += f" , rank ( ) over ( partition by {top[4]} order by {top[2]} ) as {PLACE}"
            rest = f"{top[1]} limit {top[3]}"
        needed = list(dict.fromkeys((*tables, *(table for table in used if table not in outer))))
        if not needed:
            raise CannotDecodeError("no table is named")
        rest = _LEFT_OUT.sub(lambda match: self.no_row_of(match[1], needed), rest)
        return f"SELECT {items} FROM {self.from_clause(needed, on)} {rest}".strip()

    def tables(self) -> list[str]:
        """The tables after ``from``: those that the columns leave unsaid, at least."""
        self.expect("from")
        tables = [self.table()]
        while self.peek() == ",":
            self.position += 1
            tables.append(self.table())
        return tables

    def table(self) -> str:
        table = self.names.table_by_id.get(self.peek())
        if table is None:
            raise CannotDecodeError(f"no table {self.peek()!r}")
        self.position += 1
        return table

    def words_until(self, stops: frozenset[str], used: list[str], outer: tuple[str, ...], level: int) -> str:
        """Expression text up to a stop word or the closing parenthesis of this level; notes the tables it uses."""
        parts: list[str] = []
        depth = 0
        while self.position < len(self.tokens):
            word = self.peek()
            if word == "other":
                self.position += 1
                parts.append(self.column(self.peek(), used, other=True))
                self.position += 1
                continue
            if word.startswith("<c"):
                parts.append(self.column(word, used))
                self.position += 1
                continue
            if word.startswith("<t"):
                parts.append(self.counted_or_left_out(used))
                continue
            if word == "without":
                self.position += 1
                continue
            if word == "from":
                parts.append(self.query((*outer, *used), level + 1))
                continue
            if depth == 0 and (word in stops or word == ")"):
                break
            depth += (word == "(") - (word == ")")
            parts.append(self.plain(word))
            self.position += 1
        return " ".join(parts)

    def column(self, word: str, used: list[str], *, other: bool = False) -> str:
        """The column that an id stands for, with its table, which is noted as used.

        Args:
            word: The id.
            used: The tables used so far.
            other: Whether it is a column of the table's second reading, or of the query around this one.
        """
        if word not in self.names.column_by_id:
            raise CannotDecodeError(f"no column {word!r}")
        table, column = self.names.column_by_id[word]
        if self.names.amount is not None and self.names.amount.place == (table, column):
            return self.amount(used)
        if other and table in self.spelled.nested:
            return self.spelled.column(table, column, outside=True)
        used += [table, again(table)] if other else [table]
        return self.spelled.column(again(table) if other else table, column)

    def amount(self, used: list[str]) -> str:
        """The question's amount, in parentheses."""
        factors = self.names.amount.factors if self.names.amount is not None else ()
        used += [table for table, _ in factors]
        return f"( {' * '.join(self.spelled.column(*place) for place in factors)} )"

    def counted_or_left_out(self, used: list[str]) -> str:
        """``count ( <t0> )`` as ``*``, the table noted as used; ``without <t0>`` as a mark for ``no_row_of``."""
        before = list(self.tokens[max(self.position - 2, 0) : self.position])
        table = self.table()
        if before[-1:] == ["without"]:
            return f"{_WITHOUT} {table} {_WITHOUT}"
        if before != ["count", "("]:
            raise CannotDecodeError(f"a table where none may stand: {table!r}")
        used.append(table)
        return "*"

    def no_row_of(self, other: str, tables: Sequence[str]) -> str:
        """The condition that no row of ``other`` belongs to one of ``tables``, directly or over the tables between."""
        joined = [step.table for step in self.joins.connect(tables) or () if not is_again(step.table)]
        path = (self.joins.connect([*joined, *self.joins.between(joined, other), other]) or [])[len(joined) :]
        if not path or other in joined:
            raise CannotDecodeError(f"no foreign key leads to {other!r}")
        nearest, *further = path
        source = " ".join((self.spelled.source(nearest.table), *map(self.spelled.join, further)))
        return f"NOT EXISTS (SELECT 1 FROM {source} WHERE {self.spelled.equalities(nearest)})"

    def plain(self, word: str) -> str:
        """One token as SQL; LIKE's ``%`` becomes part of a marked pattern that ``_fill_literals`` resolves."""
        if re.fullmatch(r"<v\d>", word):
            return f":{word[1:-1]}"
        if word.startswith("'"):
            return "'" + word.strip("'").strip() + "'"
        if word == "%":
            return self._percent()
        if word == "by" and self.tokens[self.position - 1] not in ("group", "order", "partition"):
            return _BY
        return _PER if word == "per" else RANKINGS.get(word, word)

    def _percent(self) -> str:
        before = self.tokens[self.position - 1] if self.position else ""
        return "'%' ||" if before == "like" else "|| '%'"

    def from_clause(self, tables: Sequence[str], on: str) -> str:
        if on:
            return f"{' JOIN '.join(map(self.spelled.source, tables))} {on}"
        steps = self.joins.connect(tables)
        if steps is None:
            raise CannotDecodeError(f"no foreign keys join {', '.join(tables)}")
        return " ".join((self.spelled.source(steps[0].table), *map(self.spelled.join, steps[1:])))
