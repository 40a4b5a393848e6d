"""Which words, quoted texts and numbers of a question leave no trace in a query.

"How many unpaid invoices?" answered by a count of all invoices runs, and is wrong. Each content word must be accounted
for: by a table, a column or a value that the query names, by what it does with them (average, most, not), by a period,
or as a word that only asks. What is left is no proof of a mistake (a query that joins drivers to races says "took part"
without a word of it) but it lowers the confidence, and is shown.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from os.path import commonprefix
from typing import Any

import numpy as np
from sqlglot import exp

from coderag_app.encoders.word_vectors import word_vectors
from coderag_app.files import yaml_beside
from coderag_app.question.mentions import Mentions
from coderag_app.question.read_question import NamedItem, Question, Word
from coderag_app.schema.name_words import NUMBER_WORDS, identifier_words, name_words, singular, stem
from coderag_app.schema.value_index import without_accents
from coderag_app.sql.repairs.context import RepairContext
from coderag_app.sql.repairs.self_references import said_relations

_SHORTEST_ROOT = 4  # letters that relatives share: "French" and "France", "deliver" and "delivery"
_LONGEST_ENDING = 4  # letters that they need not share
SIMILAR = 0.45  # cosine of centred vectors, as for the bundled model's links: "old" and "age" have 0.6
_COMPARED = (exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Between, exp.NEQ)
_RANKED = (exp.Order, exp.Max, exp.Min, exp.Limit, exp.Window, exp.ArgMax, exp.ArgMin)
_NEGATED = (exp.Not, exp.NEQ, exp.Except, exp.Null, exp.LT, exp.LTE)
_OPERATIONS: dict[str, tuple[type[exp.Expr], ...]] = {
    "average": (exp.Avg, exp.Div, exp.Median),
    "median": (exp.Median, exp.PercentileCont, exp.Quantile, exp.RowNumber),  # SQLite counts to the middle row
    "share": (exp.Div, exp.Avg),
    "extreme": _RANKED,
    "comparison": (*_COMPARED, *_RANKED, exp.Having),
    "negation": _NEGATED,
    "pattern": (exp.Like, exp.ILike, exp.Substring, exp.Left, exp.Right, exp.StartsWith),
}


@dataclass(frozen=True, slots=True)
class Coverage:
    """How much of a question a query uses.

    Attributes:
        unused: The words, quoted texts and numbers that it doesn't, as asked, in order; neighbours stand together.
        asked: How many content words, quoted texts and numbers the question has.
        missing: How many of them are not used.
    """

    unused: tuple[str, ...] = ()
    asked: int = 0
    missing: int = 0

    @property
    def share(self) -> float:
        """The share that is used, 0 to 1; 1 for a question without content."""
        return 1 - self.missing / self.asked if self.asked else 1.0


@dataclass(frozen=True, slots=True)
class LeftOut:
    """How many values and how many names of the question a query leaves out."""

    values: int = 0
    names: int = 0


def left_out(tree: exp.Expr, mentions: Mentions) -> LeftOut:
    """Count what a question says for certain, by name or value, and a query leaves out.

    Args:
        tree: The query.
        mentions: What the question says.

    >>> school = Mentions((frozenset({"public"}),), (frozenset({("school", "")}), frozenset({("school", "founded")})))
    >>> from coderag_app.sql.parsing import parse_one
    >>> left_out(parse_one("SELECT s.name FROM school AS s WHERE founded > 1850"), school)
    LeftOut(values=1, names=0)
    """
    literals = [str(literal.this).casefold() for literal in tree.find_all(exp.Literal)]
    places = used_places(tree)
    return LeftOut(
        sum(not any(spelling in text for spelling in value for text in literals) for value in mentions.values),
        sum(not places & name for name in mentions.names),
    )


def unused_words(tree: exp.Expr, context: RepairContext) -> Iterator[str]:
    """The check of that name: what of a question a query does not use, in one sentence."""
    found = coverage(tree, context).unused
    if found:
        yield f"Not used: {', '.join(found)}"


def coverage(tree: exp.Expr, context: RepairContext) -> Coverage:
    """What of a question a query uses.

    Args:
        tree: The query.
        context: Its schema and values, and the question.
    """
    return _Account(tree, context).settle()


class _Account:
    """The words of one question against the names, literals and operations of one query."""

    def __init__(self, tree: exp.Expr, context: RepairContext) -> None:
        self.tree = tree
        self.question = context.question
        self.context = context
        self.places = used_places(tree)
        tables = {table for table, _ in self.places}
        self.literals = [str(literal.this) for literal in tree.find_all(exp.Literal)]
        self.names = sorted({word for place in self.places for part in place for word in words_of_name(part)})
        aliases = {alias.alias for alias in tree.find_all(exp.TableAlias, exp.Alias)}
        self.names += sorted({word for alias in aliases for word in words_of_name(alias)})
        self.stems = {stem(singular(word)) for word in self.names}
        self.said_literals: set[int] = set()
        self.tables = tables
        self.table_stems = {stem(singular(word)) for table in tables for word in words_of_name(table)}

    def settle(self) -> Coverage:
        """Account for each word; an unexplained literal of the query stands for one unexplained word."""
        words = content_words_of(self.question)
        open_words = [word for word in words if not self._is_used(word)]
        open_words = [word for word in open_words if self._is_in_a_table(word) or not self._only_relates(word)]
        free = [text for at, text in enumerate(self.literals) if at not in self.said_literals and self._is_value(text)]
        open_words = self._without_paired(open_words, free)
        return Coverage(tuple(_phrases(self.question, open_words)), len(words), len(open_words))

    def _only_relates(self, word: Word) -> bool:
        """Whether a word may only relate rows to each other: a verb, an adverb, or the second half of a noun.

        Not in the place of an adjective or after a form of "be": "unpaid invoices", "parcels that were returned".
        """
        folded = word.folded
        before, after = self._neighbours(word)
        if operations_of(folded):
            return False
        if folded.endswith("ly") and word.text.islower():
            return True
        if stem(singular(before)) in self.table_stems and not folded.endswith("ed"):
            return True  # "faculty members", "students play"
        participle = folded.endswith(("ed", "en", "ing")) or folded in _data().participles
        if participle and after in _data().prepositions:
            return True
        return before in _data().relative and folded.isalpha()

    def _neighbours(self, word: Word) -> tuple[str, str]:
        at = self.question.words.index(word)
        words = self.question.words
        return words[at - 1].folded if at else "", words[at + 1].folded if at + 1 < len(words) else ""

    def _is_in_a_table(self, word: Word) -> bool:
        """Whether it is related to a column, not used, of a table that is: then it says more than a relation."""
        columns = (
            name
            for table in self.context.schema.tables
            if table.name.lower() in self.tables
            for column in table.columns
            if (table.name.lower(), column.name.lower()) not in self.places
            for name in words_of_name(column.name)
        )
        return any(relatives(word.folded, name) or stem(name) == word.stem for name in columns)

    def _is_used(self, word: Word) -> bool:
        return (
            self._is_in_a_name(word)
            or self._is_in_a_value(word)
            or self._is_in_a_literal(word)
            or self._is_in_a_period(word)
            or self._is_an_operation(word)
            or self._is_like_a_name(word)
        )

    def _is_in_a_name(self, word: Word) -> bool:
        if word.stem in self.stems or word.folded in self.stems:
            return True
        if any(relatives(word.folded, name) or abbreviates(name, word.folded) for name in self.names):
            return True
        if len(word.folded) > 4 and get_close_matches(word.folded, self.names, 1, 0.85):
            return True
        if any(
            start <= word.start < end and (table.lower(), column.lower()) in self.places
            for start, end, table, column in said_relations(self.context)
        ):
            return True
        return any(
            self._stands_for(item) for item in self.question.names if item.start <= word.start and word.end <= item.end
        )

    def _stands_for(self, item: NamedItem) -> bool:
        """Whether the query uses what is named, or a table whose rows each refer to a row of the one that is named."""
        named = item.table.lower()
        if (named, item.column.lower()) in self.places:
            return True
        used = [table for table in self.context.schema.tables if table.name.lower() in self.tables]
        return not item.column and any(key.ref_table.lower() == named for table in used for key in table.foreign_keys)

    def _is_in_a_value(self, word: Word) -> bool:
        """Inside a stored value that the query compares with, as stored or by the code that a lookup links to it."""
        for match in self.question.values:
            if match.start <= word.start and word.end <= match.end:
                texts = {without_accents(value.text) for value in (*match.values, *match.linked)}
                if self._says(lambda literal, texts=texts: without_accents(literal.strip("%")) in texts):
                    return True
        return False

    def _is_in_a_literal(self, word: Word) -> bool:
        if word.folded[:1].isdigit() or word.folded in NUMBER_WORDS:
            whole = (said.text for said in self.question.numbers if said.start <= word.start and word.end <= said.end)
            number = _number(next(whole, word.folded))
            if word.folded in NUMBER_WORDS:
                number = str(NUMBER_WORDS.index(word.folded))
            return self._says(lambda literal: number in (_number(part) for part in re.findall(r"[\d.,]+", literal)))
        folded = without_accents(word.folded)
        return self._says(
            lambda literal: any(
                part == folded
                or (len(folded) > 4 and get_close_matches(folded, [part], 1, 0.85))
                or relatives(part, folded)
                or stem(singular(part)) == word.stem
                for part in re.findall(r"[^\W\d_]+", without_accents(literal))
            )
        )

    def _is_in_a_period(self, word: Word) -> bool:
        inside = [said for said in self.question.periods if said.start <= word.start and word.end <= said.end]
        sql = self.tree.sql(self.context.dialect).lower() if inside else ""
        return any(
            said.period is None
            or any(spelling in sql for spelling in (*said.period.spellings, said.period.read_as))
            or "current_" in sql
            or "now" in sql
            for said in inside
        )

    def _is_an_operation(self, word: Word) -> bool:
        folded = word.folded
        before, after = self._neighbours(word)
        if before in ("most", "least") or (before in ("more", "less") and after == "than"):
            folded = before  # "the most expensive", "more expensive than"
        elif before == "at" and folded in ("most", "least"):
            return bool(self.tree.find(*_COMPARED))
        elif folded in _data().prepositions and not re.match(r"\W*(?:\w+ ){0,2}\W?\d", self.question.text[word.end :]):
            return True  # "under the policy", "after the party" compare no numbers
        elif folded.endswith(("n't", "n’t")):
            folded = "not"
        kinds = operations_of(folded)
        if not kinds and len(folded) > 4 and folded.endswith("er") and self._before_than(word):
            kinds = ["comparison"]
        return any(self.tree.find(*_OPERATIONS[kind]) for kind in kinds)

    def _before_than(self, word: Word) -> bool:
        after = self.question.text[word.end :].lstrip().lower()
        return after.startswith("than ")

    def _is_like_a_name(self, word: Word) -> bool:
        """Near in meaning to a name that the query uses: "earn" to "salary"."""
        return similarity(word.folded, self.names) >= SIMILAR

    def _says(self, fits: Any) -> bool:
        """Whether a literal fits; it is then explained by the question."""
        found = [at for at, literal in enumerate(self.literals) if fits(literal)]
        self.said_literals.update(found)
        return bool(found)

    @staticmethod
    def _is_value(text: str) -> bool:
        return bool(re.search(r"[^\W\d_]", text)) and "%" not in text or text in ("0", "1")

    def _without_paired(self, open_words: Sequence[Word], free: Sequence[str]) -> list[Word]:
        """The words without those that an unexplained literal may stand for: the likest ones first."""
        left = list(open_words)
        for literal in free:
            parts = re.findall(r"[^\W\d_]+", literal.lower())
            if left and parts:
                best = max(left, key=lambda word: (word.folded[:1] == parts[0][:1], similarity(word.folded, parts)))
                left.remove(best)
        return left


def content_words_of(question: Question) -> list[Word]:
    """The words of a question that must leave a trace: neither asking nor lenient ones, nor stray letters."""
    without = _data().asking | _data().lenient
    return [word for word in question.words if word.folded not in without and not _is_stray(word.folded)]


def operations_of(word: str) -> list[str]:
    """What a lowercase word asks to be done: average, share, extreme, comparison, negation, pattern; often nothing."""
    kinds = [kind for kind, said in _data().operations.items() if word in said]
    return ["extreme"] if not kinds and len(word) > 4 and word.endswith("est") else kinds


def _is_stray(word: str) -> bool:
    return len(word) < 3 and word.isalpha()


def used_places(tree: exp.Expr) -> set[tuple[str, str]]:
    """The tables and columns that a query uses; a column without its table counts for each table of the query."""
    tables = {table.alias_or_name.lower(): table.name.lower() for table in tree.find_all(exp.Table)}
    places = {(table, "") for table in tables.values()}
    for column in tree.find_all(exp.Column):
        qualifier = column.table.lower()
        owners = [tables.get(qualifier, qualifier)] if qualifier else list(tables.values())
        places.update((owner, column.name.lower()) for owner in owners)
    return places


@dataclass(frozen=True)
class _Data:
    asking: frozenset[str]
    lenient: frozenset[str]
    relative: frozenset[str]
    participles: frozenset[str]
    prepositions: frozenset[str]
    operations: dict[str, frozenset[str]]


@cache
def _data() -> _Data:
    read: dict[str, Any] = yaml_beside(__file__, "coverage.yaml")
    operations = {kind: frozenset(words.split()) for kind, words in read.pop("operations").items()}
    return _Data(operations=operations, **{name: frozenset(words.split()) for name, words in read.items()})


def similarity(word: str, others: Sequence[str]) -> float:
    """The highest cosine of a word with others, -1 to 1; 0 where none of them is known."""
    if not others:
        return 0.0
    vectors = word_vectors()
    return float(np.max(vectors.matrix(others) @ vectors.matrix([word])[0]))


def says_a_name(word: Word, names: Collection[str]) -> bool:
    """Whether a word is one of these parts of names, in any number, or is related to or abbreviated by one."""
    if word.stem in {stem(singular(name)) for name in names}:
        return True
    return any(relatives(word.folded, name) or abbreviates(name, word.folded) for name in names)


def words_of_name(name: str) -> Iterator[str]:
    """The words of an identifier, abbreviations also written out."""
    yield from {*identifier_words(name).split(), *name_words(name).split()}


def relatives(first: str, second: str) -> bool:
    """Whether two words have a long common root: deliver and delivery, French and France."""
    shared = len(commonprefix((first, second)))
    shorter, longer = sorted((len(first), len(second)))
    return shared >= _SHORTEST_ROOT and shared >= longer - _LONGEST_ENDING and shared > shorter - _LONGEST_ENDING


def abbreviates(short: str, word: str) -> bool:
    """Whether a part of a name is a word's abbreviation: dept of department, qty of quantity."""
    if not 2 < len(short) < len(word) or short[0] != word[0]:
        return False
    letters = iter(word)
    return all(letter in letters for letter in short) and (word.startswith(short) or not set("aeiou") & set(short[1:]))


def _number(text: str) -> str:
    plain = text.replace(",", "").rstrip(".")
    try:
        return f"{float(plain):g}"
    except ValueError:
        return plain


def _phrases(question: Question, words: Sequence[Word]) -> Iterator[str]:
    """Unused words, those beside each other as one phrase."""
    phrase: list[Word] = []
    for word in words:
        gap = question.text[phrase[-1].end : word.start] if phrase else ""
        if gap.strip(" ,-") and " " in gap:  # an address is one phrase
            yield question.text[phrase[0].start : phrase[-1].end]
            phrase = []
        phrase.append(word)
    if phrase:
        yield question.text[phrase[0].start : phrase[-1].end]
