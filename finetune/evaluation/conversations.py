"""Evaluate whole conversations: turns, conversations, and the way that each follow-up took.

Each conversation is asked twice. With its *own* history every turn follows the answers that the engine gave before, as
for a user; with the *gold* history it follows the right queries, so that an early mistake costs its own turn alone.
A turn is right by Spider's convention (``execution``). Turns whose gold is empty or trivial are asked, and not scored.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from coderag_app.chat.conversation import ConversationTurn, previous_answer
from coderag_app.database import Database, open_database
from coderag_app.engine import TextToSQLQueryEngine
from coderag_app.errors import CodeRAGError, ConfigurationError, FileRefusedError
from coderag_app.files import from_fields, parse_json
from coderag_app.settings import AppConfig
from coderag_app.types import AnswerStatus, QueryResult, SQLAnswer
from finetune.evaluation.datasets import EvalDataset, EvalQuestion
from finetune.evaluation.engines import engine_opener
from finetune.evaluation.example_pool import ExamplePool
from finetune.evaluation.gold import run_gold
from finetune.evaluation.provenance import environment, run_identity
from finetune.evaluation.report_tables import ReportTable, interval_text, percent, to_markdown
from finetune.evaluation.run import SCORING_LIMITS, sample_questions
from finetune.evaluation.run_directory import SUMMARY_FILE, RunDirectory, open_run
from finetune.evaluation.scoring import Asked, score_answer
from finetune.evaluation.statistics import RESAMPLES, Interval

HISTORIES = ("own", "gold")
SURE = 0.7  # from this confidence on a wrong answer counts as sure and wrong
_LATER = 5  # turns from this number on share a row
FIRST, EDIT, REWRITTEN, AFRESH, SAID = (
    "first question",
    "edit of the query before",
    "rewritten",
    "new question",
    "words",
)


@dataclass(frozen=True, slots=True)
class AskedTurn:
    """One turn of a conversation: what was asked, how it was taken, and whether the answer is right.

    Attributes:
        way: How the engine took it: an edit, a rewritten question, a new question, or an answer in words.
        right: Whether the result is the gold's; None where the gold does not count.
        after_right: Whether the turn before was right; None for the first, and where it does not count.
        confidence: The answer's score; None for an edit, which has none.
    """

    turn: int
    question: str
    gold_sql: str
    sql: str
    way: str
    right: bool | None
    after_right: bool | None
    confidence: float | None
    seconds: float
    error: str = ""

    @property
    def sure_and_wrong(self) -> bool:
        """Whether it is wrong at a confidence that reads as sure."""
        return self.right is False and (self.confidence or 0.0) >= SURE


@dataclass(frozen=True, slots=True)
class AskedConversation:
    """A conversation that was asked with one kind of history: one line of a run's predictions."""

    id: str
    db_id: str
    history: str
    turns: tuple[AskedTurn, ...]

    @property
    def key(self) -> tuple[str, str]:
        """The history and the conversation."""
        return self.history, self.id

    @property
    def scored(self) -> tuple[AskedTurn, ...]:
        """The turns that count."""
        return tuple(turn for turn in self.turns if turn.right is not None)

    def to_line(self) -> str:
        """One line of JSON without the line break."""
        return json.dumps(asdict(self), ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class GoldConversation:
    """The turns of a conversation, each a question with its gold SQL, over one database."""

    id: str
    db_id: str
    database: str
    turns: tuple[EvalQuestion, ...] = field(repr=False)


def read_conversations(path: Path, databases: Path) -> tuple[GoldConversation, ...]:
    """Read JSONL with ``id``, ``db_id`` and ``turns`` (each a ``question`` with its ``sql``).

    Args:
        path: The file.
        databases: Folder of ``DB_ID.sqlite`` or ``DB_ID/DB_ID.sqlite``.

    Raises:
        ConfigurationError: The file cannot be read, a line lacks a field, or a database is missing.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}; expected a JSONL file of conversations.") from error
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
            pairs = [(str(turn["question"]), str(turn["sql"])) for turn in fields["turns"]]
            name, db_id = str(fields["id"]), str(fields["db_id"])
        except (ValueError, KeyError, TypeError) as error:
            raise ConfigurationError(
                f"{path}, line {number} is no conversation ({type(error).__name__}: {error}); expected id, db_id and "
                "turns, each with question and sql."
            ) from error
        places = (databases / f"{db_id}.sqlite", databases / db_id / f"{db_id}.sqlite")
        database = next((place for place in places if place.is_file()), None)
        if database is None:
            raise ConfigurationError(f"{path}, line {number}: there is no {places[0]}; name the folder of databases.")
        turns = tuple(
            EvalQuestion(f"{name}-{turn}", db_id, question, sql, str(database))
            for turn, (question, sql) in enumerate(pairs, 1)
        )
        found.append(GoldConversation(name, db_id, str(database), turns))
    if not found:
        raise ConfigurationError(f"{path} holds no conversation.")
    return tuple(found)


def evaluate_conversations(
    path: Path,
    databases: Path,
    run_dir: Path,
    config: AppConfig,
    limit: int | None = None,
    seed: int = 0,
    on_progress: Callable[[str, int, int], None] = lambda stage, done, total: None,
    open_engine: Callable[[str], TextToSQLQueryEngine] | None = None,
) -> list[ReportTable]:
    """Ask every conversation with both histories and write the figures; a stopped run goes on where it was.

    Args:
        path: The file of conversations.
        databases: Folder of their databases.
        run_dir: Folder of the run.
        config: The engine's settings.
        limit: Conversations, drawn at random; None for all.
        seed: Seed of the draw and of the intervals.
        on_progress: Called with the stage, the conversations asked and their number.
        open_engine: Opens an engine on a database; the one that users ask when None.

    Raises:
        ConfigurationError: The file or a database cannot be used, or the folder holds another run.
    """
    conversations = read_conversations(path, databases)
    open_engine = open_engine or engine_opener(config)
    data = EvalDataset(path.stem, tuple(turn for one in conversations for turn in one.turns), ())
    identity = run_identity(data, ExamplePool(()), config, open_engine, {"conversations": True})
    run = open_run(run_dir, {"identity": identity, "arms": {}, "environment": environment()})
    try:
        chosen = {turn.id.rpartition("-")[0] for turn in sample_questions(_firsts(conversations), limit, seed)}
        drawn = [one for one in conversations if one.id in chosen]
        asked = list(_asked(drawn, run, open_engine, on_progress))
        tables = conversation_tables(asked, seed)
        figures = {table.title: [dict(zip(table.header, row, strict=True)) for row in table.rows] for table in tables}
        run.write_json(SUMMARY_FILE, {"conversations": len(drawn), "tables": figures})
        run.write_text("report.md", report_markdown(tables))
    finally:
        run.close()
    return tables


def _firsts(conversations: Iterable[GoldConversation]) -> tuple[EvalQuestion, ...]:
    return tuple(one.turns[0] for one in conversations)


def _asked(
    conversations: Sequence[GoldConversation],
    run: RunDirectory,
    open_engine: Callable[[str], TextToSQLQueryEngine],
    on_progress: Callable[[str, int, int], None],
) -> Iterator[AskedConversation]:
    """The conversations of a run: those that it holds already, and the missing ones, asked database by database."""
    made = {one.key: one for one in read_asked(run)}
    total, done = len(conversations) * len(HISTORIES), 0
    by_database = sorted(conversations, key=lambda one: one.database)
    for target, group in groupby(by_database, key=lambda one: one.database):
        members = list(group)
        missing = [(one, history) for one in members for history in HISTORIES if (history, one.id) not in made]
        if missing:
            database, engine = open_database(target, SCORING_LIMITS), open_engine(target)
            try:
                for conversation, history in missing:
                    asked = ask_conversation(engine, database, conversation, history)
                    made[asked.key] = asked
                    run.append_line(asked.to_line())
                    on_progress("Asking conversations", done + 1, total)
                    done += 1
            finally:
                engine.close()
                database.close()
        done += len(members) * len(HISTORIES) - len(missing)
        on_progress("Asking conversations", done, total)
        yield from (made[history, one.id] for one in members for history in HISTORIES)


def read_asked(run: RunDirectory) -> list[AskedConversation]:
    """The conversations that a run holds.

    Raises:
        ConfigurationError: A line is not one.
    """
    try:
        return [from_fields(AskedConversation, parse_json(line, "a line"), "a line") for line in run.whole_lines()]
    except FileRefusedError as error:
        raise ConfigurationError(f"{run.folder} holds no conversations: {error} Use another --run-dir.") from error


def ask_conversation(
    engine: TextToSQLQueryEngine, database: Database, conversation: GoldConversation, history: str
) -> AskedConversation:
    """Ask the turns of a conversation, one after the other, after the engine's own answers or after the gold's."""
    turns: tuple[ConversationTurn, ...] = ()
    asked: list[AskedTurn] = []
    before: bool | None = None
    for number, question in enumerate(conversation.turns, 1):
        gold = run_gold(question, database)
        turn, answered = _ask_turn(engine, database, number, question, gold, turns)
        asked.append(replace(turn, after_right=before if number > 1 else None))
        before = True if history == "gold" else asked[-1].right
        if history == "gold":
            by_gold = engine.run_sql(question.gold_sql)
            answered = ConversationTurn(question.question, replace(by_gold, question=question.question))
        turns = (*turns, answered) if answered is not None else turns
    return AskedConversation(conversation.id, conversation.db_id, history, tuple(asked))


def _ask_turn(
    engine: TextToSQLQueryEngine,
    database: Database,
    number: int,
    question: EvalQuestion,
    gold: object,
    turns: tuple[ConversationTurn, ...],
) -> tuple[AskedTurn, ConversationTurn | None]:
    started = time.perf_counter()
    answer: SQLAnswer | None = None
    note, error = "", ""
    try:
        for event in engine.stream(question.question, turns=turns):
            if event.answer is not None:
                answer, note = event.answer, event.note
    except CodeRAGError as failure:
        error = str(failure)
    seconds = time.perf_counter() - started
    right: bool | None = None
    if isinstance(gold, QueryResult):
        tried = Asked("", question, answer, error, (), 0.0, seconds)
        right = score_answer(tried, gold, database, engine.schema).spider
    made = AskedTurn(
        number,
        question.question,
        question.gold_sql,
        answer.sql if answer is not None else "",
        _way(number, note, answer, previous_answer(turns) is not None),
        right,
        None,
        answer.confidence.score if answer is not None and answer.confidence is not None else None,
        round(seconds, 3),
        error or (answer.error if answer is not None else ""),
    )
    return made, ConversationTurn(question.question, answer, note) if answer is not None else None


def _way(number: int, note: str, answer: SQLAnswer | None, followed: bool) -> str:
    """How a turn was taken, by what the engine says of it."""
    if number == 1:
        return FIRST
    if answer is not None and answer.status is AnswerStatus.ABSTAINED and not answer.sql and not answer.model:
        return SAID
    if followed and note.startswith("The previous query"):
        return EDIT
    return REWRITTEN if followed and note else AFRESH


# --- figures ---


def report_markdown(tables: Sequence[ReportTable]) -> str:
    """The tables as Markdown, each under its title."""
    parts = ("\n\n".join(filter(None, (f"## {table.title}", table.note, to_markdown(table)))) for table in tables)
    return "\n\n".join(parts) + "\n"


def conversation_tables(asked: Sequence[AskedConversation], seed: int = 0) -> list[ReportTable]:
    """Accuracy by history, by number of the turn and by way; in percent, intervals over conversations."""
    return [_overall(asked, seed), _by(asked, "By number of the turn", _number), _by(asked, "By way", lambda t: t.way)]


def _overall(asked: Sequence[AskedConversation], seed: int) -> ReportTable:
    rows = []
    for history in HISTORIES:
        members = [one for one in asked if one.history == history and one.scored]
        if not members:
            continue
        turns = [turn for one in members for turn in one.scored]
        sure = [turn for turn in turns if (turn.confidence or 0.0) >= SURE]
        wrong = sum(turn.sure_and_wrong for turn in turns)
        whole = [(float(all(turn.right for turn in one.scored)), 1.0) for one in members]
        right = [(float(sum(bool(turn.right) for turn in one.scored)), float(len(one.scored))) for one in members]
        rows.append(
            (
                history,
                str(len(turns)),
                interval_text(_ratio(right, seed)),
                str(len(members)),
                interval_text(_ratio(whole, seed)),
                str(wrong),
                percent(wrong / len(sure)) if sure else "",
            )
        )
    header = ("history", "turns", "right (95% interval)", "conversations", "whole (95% interval)", "sure and wrong",
              "wrong of the sure")  # fmt: skip
    note = f"In percent; sure: a confidence of {SURE:.2f} or more. Resampled by conversation."
    return ReportTable("Conversations", header, tuple(rows), note)


def _by(asked: Sequence[AskedConversation], title: str, key: Callable[[AskedTurn], str]) -> ReportTable:
    rows: list[tuple[str, ...]] = []
    for history in HISTORIES:
        turns = [turn for one in asked if one.history == history for turn in one.scored]
        for name in sorted({key(turn) for turn in turns}):
            members = [turn for turn in turns if key(turn) == name]
            after = [turn for turn in members if turn.after_right]
            rows.append((history, name, str(len(members)), _share(members), _share(after),
                         str(sum(turn.sure_and_wrong for turn in members))))  # fmt: skip
    header = ("history", "turn" if "turn" in title else "way", "turns", "right", "right after a right turn",
              "sure and wrong")  # fmt: skip
    return ReportTable(title, header, tuple(rows))


def _number(turn: AskedTurn) -> str:
    return str(turn.turn) if turn.turn < _LATER else f"{_LATER} and later"


def _share(turns: Sequence[AskedTurn]) -> str:
    return percent(sum(bool(turn.right) for turn in turns) / len(turns)) if turns else ""


def _ratio(parts: Sequence[tuple[float, float]], seed: int) -> Interval:
    """A ratio of sums with its bootstrap interval; whole conversations are drawn, since their turns hang together."""
    sums: np.ndarray[Any, Any] = np.asarray(parts, dtype=np.float64)
    drawn = np.random.default_rng(seed).multinomial(len(parts), np.full(len(parts), 1 / len(parts)), size=RESAMPLES)
    totals = drawn @ sums
    low, high = np.quantile(totals[:, 0] / np.maximum(totals[:, 1], 1), [0.025, 0.975])
    return Interval(float(sums[:, 0].sum() / sums[:, 1].sum()), float(low), float(high))
