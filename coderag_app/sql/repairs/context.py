"""What a repair may know beside the query: the schema, its values and the question. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from coderag_app.question.read_question import Question
from coderag_app.schema.joins import JoinGraph
from coderag_app.schema.tables import Schema
from coderag_app.schema.value_index import StoredValue, ValueIndex


@dataclass(frozen=True, slots=True)
class SaidValue:
    """A value that the question names.

    Attributes:
        spellings: How a query may spell it, in lowercase.
        stored: The stored values that equal it.
    """

    spellings: frozenset[str]
    stored: tuple[StoredValue, ...] = ()


@dataclass(frozen=True)
class RepairContext:
    """What repairs read, of any model's query.

    Attributes:
        schema: The tables that the query reads, in the query's dialect.
        values: The text that the columns store.
        question: As asked; empty where nobody asked, so that repairs that read it do nothing.
        said: The values that the question names.
    """

    schema: Schema
    values: ValueIndex = field(default_factory=ValueIndex)
    question: Question = field(default_factory=Question)
    said: tuple[SaidValue, ...] = ()

    @classmethod
    def of_question(cls, question: Question, schema: Schema, values: ValueIndex) -> RepairContext:
        """The context of a question, with the stored values that it names."""
        said = []
        for match in question.values:
            texts = (question.text[match.start : match.end], *(value.text for value in match.values))
            said.append(SaidValue(frozenset(text.casefold() for text in texts), match.values))
        return cls(schema, values, question, tuple(said))

    @property
    def dialect(self) -> str:
        """Sqlglot's name for the SQL of the query."""
        return self.schema.dialect

    @cached_property
    def joins(self) -> JoinGraph:
        """The schema's foreign keys as a graph."""
        return JoinGraph(self.schema)
