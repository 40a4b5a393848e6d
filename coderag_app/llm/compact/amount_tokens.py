"""The question's amount in a reply: put where the model multiplied, counted or grouped by something else instead."""

from __future__ import annotations

import re
from collections.abc import Sequence

from coderag_app.llm.compact.amounts import Amount, Place
from coderag_app.llm.compact.group_tokens import each_part
from coderag_app.llm.compact.plain_replies import AGGREGATES
from coderag_app.llm.compact.question import MarkedQuestion
from coderag_app.llm.compact.schema_names import SchemaNames
from coderag_app.question.periods.date_columns import is_date
from coderag_app.schema.tables import Schema
from coderag_app.sql.type_errors import is_key

_PER = re.compile(r"\b(?:per|by|each|every)\b", re.IGNORECASE)
_EACH = re.compile(r"\b(?:(?:per|each|every)\b|(?-i:by (?:the )?[a-z]+(?:ss|[^\Ws])\b))", re.IGNORECASE)
_HOW_MANY = re.compile(r"\b(?:how many|number of) (?:units|copies|pieces)\b", re.IGNORECASE)
_SETS = frozenset("union intersect except".split())
_CLAUSES = frozenset("where group having order limit".split()) | _SETS


def read_amount(tokens: Sequence[str], names: SchemaNames, marked: MarkedQuestion) -> list[str]:
    """The tokens of a reply that uses the question's amount as the question does.

    Args:
        tokens: The reply's words.
        names: The schema with the amount; without one, columns stay where they are not multiplied by themselves.
        marked: The question.
    """
    if names.amount is None:
        return list(tokens) if "square" in marked.asked.lower() else _without_squares(tokens)
    return _AmountReader(names, names.amount, marked).read(tokens)


class _AmountReader:
    """Reads the replies to one question.

    Attributes:
        id: Of the amount.
        date: The id of its date, or nothing.
        asked: The columns that the question names, where that is one thing: what amounts are summed for.
    """

    def __init__(self, names: SchemaNames, amount: Amount, marked: MarkedQuestion) -> None:
        self.names = names
        self.amount = amount
        self.id = names.column_ids[amount.place]
        self.date = names.column_ids.get(amount.date, "") if amount.date is not None else ""
        self.question = marked.asked
        self.years = frozenset(f"<v{number}>" for number, each in enumerate(marked.literals, 1) if each.is_year)
        self.said = frozenset(group[0] for group in marked.named if len(group) == 1)
        groups = [[item for item in group if item.startswith("<c")] for group in marked.named if self.id not in group]
        groups = [group for group in groups if group]
        self.asked = groups[0] if len(groups) == 1 else []

    def read(self, tokens: Sequence[str]) -> list[str]:
        read = self.dated(self.multiplied(list(tokens)))
        if self.id not in read and "(" not in read and _PER.search(self.question):
            read = self.shown(read)
        read = self.aggregated(read)
        if self.asked:
            read = self.aggregated(self.grouped(read))
            read = self.summed_for_each(read) if _EACH.search(self.question) else read
        return self.summed_by_date(read)

    def multiplied(self, tokens: list[str]) -> list[str]:
        """The amount for a product with it, of a column with itself, or of what cannot be multiplied.

        The tables of what cannot be multiplied are kept: names of customers say that their amounts are meant.
        """
        read: list[str] = []
        tables: dict[str, None] = {}
        place = 0
        while place < len(tokens):
            factors = tokens[place : place + 3 : 2] if tokens[place + 1 : place + 2] == ["*"] else []
            columns = [found for word in factors if (found := self.names.column_by_id.get(word)) is not None]
            unfit = [column for column in columns if not _counts(column, self.names.schema)]
            of_amount = self.id in factors and all(word.startswith("<c") for word in factors)
            if of_amount or (len(columns) == 2 and (unfit or columns[0] == columns[1])):
                read.append(self.id)
                tables |= {self.names.table_ids[table]: None for table, _ in unfit}
                place += 3
            else:
                read.append(tokens[place])
                place += 1
        return _from(list(tables), read) if tables else read

    def dated(self, tokens: list[str]) -> list[str]:
        """The date of sale for the year of other rows that nobody named, and for an amount of 2023.

        The revenue of a store in 2023 is of what was sold in 2023, whenever the store opened.
        """
        if not self.date:
            return tokens
        near = self.names.joins.parents(self.amount.place[0]) | {self.amount.place[0]}
        elsewhere = {item for item, (table, _) in self.names.column_by_id.items() if table not in near} - self.said
        undated = elsewhere | {self.id, self.names.column_ids[self.amount.factors[0]]}
        read: list[str] = []
        place = 0
        while place < len(tokens):
            word, compared = tokens[place], [each for each in tokens[place + 1 : place + 5] if each != "%"]
            equal = compared[:1] in (["="], ["like"]) and not self.years.isdisjoint(compared[1:2])
            if word in undated and read[-2:] == ["year", "("]:
                read.append(self.date)
            elif word in undated and equal:
                read += ["year", "(", self.date, ")", "=", compared[1]]
                place = tokens.index(compared[1], place)
                place += tokens[place + 1 : place + 2] == ["%"]
            else:
                read.append(word)
            place += 1
        return read

    def summed_by_date(self, tokens: list[str]) -> list[str]:
        """The amount of each year, month or day, where that is asked for."""
        columns = {item: self.names.schema.column(*self.names.column_by_id[item]) for item in self.asked}
        dates = [item for item, column in columns.items() if column is not None and is_date(column)]
        part = each_part(dates[0] if dates else self.date, self.question)
        if not part or "from" in tokens[1:] or not _SETS.isdisjoint(tokens):
            return tokens
        start = tokens.index("where") if "where" in tokens else len(tokens)
        where = tokens[start : start + 1 + _next_clause(tokens[start + 1 :])]
        of_each = [] if dates or {*self.asked} & {*where} else [item for column in self.asked for item in (column, ",")]
        grouped = [*of_each, *part]
        return ["select", *grouped, ",", "sum", "(", self.id, ")", *where, "group", "by", *grouped]

    def shown(self, tokens: list[str]) -> list[str]:
        """The amount behind the names that are shown, for each of which it is summed."""
        end = _next_clause(tokens)
        return [*tokens[:end], ",", self.id, *tokens[end:]]

    def aggregated(self, tokens: list[str]) -> list[str]:
        """The amount for whatever else is aggregated; a count that is shown stays, unless units are asked for."""
        if self.id in tokens:
            return tokens
        start = next((place for place, word in enumerate(tokens) if word in ("having", "order")), len(tokens))
        if "count" not in tokens[:start] or _HOW_MANY.search(self.question):
            start = 0
        read, place = tokens[:start], start
        while place < len(tokens):
            if tokens[place] in AGGREGATES and tokens[place + 1 : place + 4 : 2] == ["(", ")"]:
                read += ["avg" if tokens[place] == "avg" else "sum", "(", self.id, ")"]
                place += 4
            else:
                read.append(tokens[place])
                place += 1
        return read

    def grouped(self, tokens: list[str]) -> list[str]:
        """What the question names for the amount, where rows are grouped by that: nobody asks for equal amounts."""
        keys = tokens[tokens.index("group") + 2 :] if "group" in tokens else []
        if self.id not in keys[: _next_clause(keys)]:
            return tokens
        read: list[str] = []
        depth, sorted_by = 0, False
        for word in tokens:
            depth += (word == "(") - (word == ")")
            sorted_by = sorted_by or word in ("having", "order")
            read += _listed(self.asked) if word == self.id and not depth and not sorted_by else [word]
        return read

    def summed_for_each(self, tokens: list[str]) -> list[str]:
        """Groups of what the question names, where the reply shows the amount alone."""
        end = _next_clause(tokens)
        alone = tokens[:end] in (["select", self.id], ["select", "sum", "(", self.id, ")"])
        if not alone or "group" in tokens or not _SETS.isdisjoint(tokens):
            return tokens
        sums, key = ["sum", "(", self.id, ")"], _listed(self.asked)
        last = next((place for place, word in enumerate(tokens) if word in ("having", "order", "limit")), len(tokens))
        return ["select", *key, ",", *sums, *tokens[end:last], "group", "by", *key, *tokens[last:]]


def _without_squares(tokens: Sequence[str]) -> list[str]:
    """A column for its product with itself, which is what the model writes for a total that it cannot find."""
    read: list[str] = []
    for word in tokens:
        if word.startswith("<c") and read[-2:] == [word, "*"]:
            read.pop()
        else:
            read.append(word)
    return read


def _counts(place: Place, schema: Schema) -> bool:
    """Whether a column holds numbers that may be multiplied."""
    table, column = schema.table(place[0]), schema.column(*place)
    return table is not None and column is not None and column.holds_numbers and not is_key(table, column)


def _from(tables: Sequence[str], tokens: list[str]) -> list[str]:
    """The reply with further tables in its FROM."""
    return ["from", *_listed(tables), *([",", *tokens[1:]] if tokens[:1] == ["from"] else tokens)]


def _listed(items: Sequence[str]) -> list[str]:
    return [part for item in items for part in (item, ",")][:-1]


def _next_clause(tokens: Sequence[str]) -> int:
    return next((place for place, word in enumerate(tokens) if word in _CLAUSES), len(tokens))
