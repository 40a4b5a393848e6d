"""Which tables and columns the words of a question may mean: exact names, parts of names, and words near in meaning."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from coderag_app.encoders.word_vectors import word_vectors
from coderag_app.llm.compact.measures import measures
from coderag_app.llm.compact.name_items import Item, NameMentions, make_item
from coderag_app.schema.name_words import stem
from coderag_app.schema.row_names import NAME_WORDS, naming_columns

_MOST_EXACT, _MOST_SIMILAR = 4, 3
_LONGEST_PHRASE = 4
_LEAST_SIMILARITY = 0.42  # cosine of centred vectors: "old" and "age" have 0.6, "spent" and "amount" 0.5
_MEASURE_SIMILARITY = 0.7
_SHORTEST_PART = 3  # letters that an abbreviation shares with the word it stands for
STOP_WORDS = frozenset(  # words of a question that are no name
    "a an and any are as at all be been by both do does did each ever every find for from get give had has have how i "
    "if in into is it its least list many me more most much no not of on one only or order other our out return same "
    "show some tell than that the their them then there these they this those to under us was we were what which who "
    "whose will with without you your also above below between over per different distinct please display between "
    "about after before greater less larger smaller higher lower number total average maximum minimum".split()
)
_NAMES_TOO = frozenset("number total order".split())  # stop words that are names as well
_NEVER_SIMILAR = STOP_WORDS | frozenset(  # words that only an exact name may be linked to
    "count compute ordered sorted ascending descending alphabetical listed either but never can could anything used "
    "use two three four five six seven eight nine ten twenty hundred once twice".split()
)
_OPENERS = frozenset("when where who".split())  # they ask for a date, a place, a person only as the first word
_KEYS = frozenset("id ids identifier identifiers code codes".split())
_NAMES_AND_KEYS = NAME_WORDS | _KEYS
_DATES = frozenset("year years date dates day month founded opened built established birth birthday born since".split())
_MOST_DATES, _WORDS_BEFORE_YEAR = 2, 4


@dataclass(frozen=True, slots=True)
class Link:
    """Words ``start`` to ``end`` (exclusive) of a question and the ids of what they may mean, likeliest first."""

    start: int
    end: int
    ids: tuple[str, ...]
    exact: bool


class NameLinks:
    """Links questions to one schema's names.

    Args:
        tables: (id, words) of each table.
        columns: (id, table's id, words, whether it is a key) of each column.
    """

    def __init__(self, tables: Iterable[tuple[str, str]], columns: Iterable[tuple[str, str, str, bool]]) -> None:
        columns = list(columns)
        self._items = [make_item(table_id, table_id, words, is_key=False) for table_id, words in tables]
        of_table = {t.item_id: [(c, w, k) for c, owner, w, k in columns if owner == t.item_id] for t in self._items}
        self._naming = {table.item_id: naming_columns(table.words, of_table[table.item_id]) for table in self._items}
        self._keys = {
            item.table_id: tuple(c for c, owner, _, is_key in columns if is_key and owner == item.table_id)[:1]
            for item in self._items
        }
        stems_of_table = {item.table_id: set(item.stems) for item in self._items}
        self._by_phrase: dict[str, list[Item]] = {}
        for item in self._items:
            self._add(item.stems, item)
        for column_id, table_id, words, is_key in columns:
            item = make_item(column_id, table_id, words, is_key)
            self._add(item.stems, item)
            own = tuple(part for part in item.stems if part not in stems_of_table[table_id])
            if own and own != item.stems:
                self._add(own, item)
            self._items.append(item)
        self._dates = [item for item in self._items if not item.is_table and _DATES.intersection(item.words)]
        self._parts = sorted(
            {(part, word) for item in self._items for part, word in zip(item.stems, item.words, strict=True)}
        )
        self._part_vectors = word_vectors().matrix([word for _, word in self._parts])

    def _add(self, stems: Sequence[str], item: Item) -> None:
        entries = self._by_phrase.setdefault("".join(stems), [])
        if item not in entries:
            entries.append(item)

    def names(self, word: str) -> bool:
        """Whether a word of the question is the whole name of a table or column."""
        return stem(word) in self._by_phrase

    def naming(self, table_id: str) -> tuple[str, ...]:
        """The ids of the columns by which people know a table's rows."""
        return self._naming.get(table_id, ())

    def link(self, words: Sequence[str], mentioned: Iterable[str] = (), years: Iterable[int] = ()) -> list[Link]:
        """Find the names in a question.

        Args:
            words: The question's lowercase words; "" where no name may begin or end.
            mentioned: Ids of tables that the question is known to be about, e.g. since they hold its literals.
            years: Places of the words that are years: "made before 2000" says no column, but means one of a date.

        Returns:
            Links in the order of the words. Columns of tables that the question names come first.
        """
        exact = list(self._exact_spans(words))
        covered = {place for start, end, _ in exact for place in range(start, end)}
        mentions = NameMentions(exact, mentioned)
        known = mentions.tables
        links = [
            Link(start, end, self._ranked(items, mentions, start, words[start:end]), exact=True)
            for start, end, items in exact
        ]
        unnamed = {start for start, end, items in exact if end == start + 1 and self._elsewhere(items, known)}
        loose = [
            place
            for place, word in enumerate(words)
            if (place not in covered or place in unnamed)
            and len(word) > 2
            and word.isalpha()
            and word not in _NEVER_SIMILAR
            and (place == 0 or word not in _OPENERS)
        ]
        links = _merged(links, list(self._similar(words, loose, known, unnamed)), unnamed)
        links += self._beside_tables(
            words, {place for link in links for place in range(link.start, link.end)}, mentions
        )
        links += [link for place in years if (link := self._of_year(place, links, mentions))]
        return sorted(links, key=lambda link: link.start)

    def _beside_tables(self, words: Sequence[str], taken: set[int], mentions: NameMentions) -> list[Link]:
        """Links of the words "id" and "name" where no column is called just that: "student id" is ``stu_id``."""
        asked = [place for place, word in enumerate(words) if place not in taken and word in _NAMES_AND_KEYS]
        found = [(place, self._of_table(mentions.nearest(place), words[place : place + 1])) for place in asked]
        return [Link(place, place + 1, ids, exact=False) for place, ids in found if ids]

    @staticmethod
    def _elsewhere(items: Sequence[Item], known: set[str]) -> bool:
        """Whether a word names only columns of tables that the question does not speak of."""
        return bool(known) and not any(item.is_table or item.table_id in known for item in items)

    def _of_year(self, place: int, links: Sequence[Link], mentions: NameMentions) -> Link | None:
        """What a year is compared with: the dates of the tables that the question names, unless a word just said it."""
        said = {item_id for link in links if 0 <= place - link.end < _WORDS_BEFORE_YEAR for item_id in link.ids}
        found = [item for item in self._dates if item.table_id in mentions.tables]
        if not found or said & {item.item_id for item in self._dates}:
            return None
        found.sort(key=lambda item: (mentions.distance(item.table_id, place), "year" not in item.words))
        return Link(place, place + 1, tuple(item.item_id for item in found[:_MOST_DATES]), exact=False)

    def _exact_spans(self, words: Sequence[str]) -> Iterable[tuple[int, int, list[Item]]]:
        stems = [stem(word) for word in words]
        place = 0
        while place < len(words):
            for length in range(min(_LONGEST_PHRASE, len(words) - place), 0, -1):
                phrase = words[place : place + length]
                if not all(phrase) or (length == 1 and not _may_be_a_name(words, place)):
                    continue
                items = self._by_phrase.get("".join(stems[place : place + length]))
                if items:
                    yield place, place + length, items
                    place += length - 1
                    break
            place += 1

    def _ranked(
        self, items: Sequence[Item], mentions: NameMentions, place: int, words: Sequence[str]
    ) -> tuple[str, ...]:
        """The ids, tables first, then columns of the table named just before, next, or last.

        Behind a table stand the columns that name its rows, since few questions say them. They also stand behind the
        word "name" beside a table, whatever they are called, and its key behind the word "id".
        """
        ordered = sorted(
            items, key=lambda item: (not item.is_table, mentions.distance(item.table_id, place), item.is_key)
        )
        ids = [item.item_id for item in ordered[:_MOST_EXACT]]
        if ordered[0].is_table:
            return tuple(dict.fromkeys((ids[0], *self._naming[ids[0]], *ids[1:])))
        return tuple(dict.fromkeys((*self._of_table(mentions.nearest(place), words), *ids)))

    def _of_table(self, table_id: str | None, words: Sequence[str]) -> tuple[str, ...]:
        """The columns of a table that the words "name" and "id" mean beside it."""
        if table_id is None or len(words) > 1:
            return ()
        if words[0] in _KEYS:
            return self._keys[table_id]
        return (
            self._naming[table_id] if words[0] in NAME_WORDS and self._naming[table_id] != self._keys[table_id] else ()
        )

    def _similar(
        self, words: Sequence[str], places: Sequence[int], known: set[str], unnamed: set[int]
    ) -> Iterable[Link]:
        """Links by a part of a name or by meaning, for words that are no name; at ``unnamed``, to known tables only."""
        if not places or not self._parts:
            return
        similarities = word_vectors().matrix([words[place] for place in places]) @ self._part_vectors.T
        for row, place in enumerate(places):
            scores = similarities[row].copy()
            asked, measured = stem(words[place]), measures(words[place])
            for number, (part, word) in enumerate(self._parts):
                if part == asked or _abbreviates(part, asked):
                    scores[number] = 1.0
                elif word in measured:
                    scores[number] = max(scores[number], _MEASURE_SIMILARITY)
            score_of = dict(zip(self._parts, scores.tolist(), strict=True))
            items = self._items if place not in unnamed else [i for i in self._items if i.table_id in known]
            found = [(self._score(item, score_of, known), item) for item in items]
            best = sorted((pair for pair in found if pair[0] >= _LEAST_SIMILARITY), key=lambda pair: -pair[0])
            if best:
                yield Link(place, place + 1, tuple(item.item_id for _, item in best[:_MOST_SIMILAR]), exact=False)

    @staticmethod
    def _score(item: Item, score_of: dict[tuple[str, str], float], known: set[str]) -> float:
        """The best word's similarity, less for each word that the question leaves unsaid, more for a named table."""
        parts = list(zip(item.stems, item.words, strict=True))
        if not parts:
            return 0.0
        best = max(score_of[part] for part in parts)
        if best < _LEAST_SIMILARITY:
            return 0.0
        return best + 0.1 * (item.table_id in known) - 0.03 * (len(parts) - 1) - 0.05 * item.is_key


def _merged(exact: Sequence[Link], similar: Sequence[Link], places: set[int]) -> list[Link]:
    """All links; at ``places`` what a word may mean in the tables asked about goes before its namesakes elsewhere."""
    meanings = {link.start: link.ids for link in similar if link.start in places}
    joined = []
    for link in exact:
        ids = tuple(dict.fromkeys((*meanings.get(link.start, ()), *link.ids)))
        joined.append(Link(link.start, link.end, ids[:_MOST_EXACT], link.exact))
    return joined + [link for link in similar if link.start not in places]


def _may_be_a_name(words: Sequence[str], place: int) -> bool:
    """Whether a single word can be a name: no stop word, and no "number of"."""
    word = words[place]
    counts = word == "number" and place + 1 < len(words) and words[place + 1] == "of"
    return (word in _NAMES_TOO or word not in STOP_WORDS | _OPENERS) and not counts


def _abbreviates(part: str, word: str) -> bool:
    """Whether one is the beginning of the other, as ``dept`` is not but ``addr`` is of ``address``."""
    short, long = sorted((part, word), key=len)
    return len(short) >= _SHORTEST_PART and long.startswith(short)
