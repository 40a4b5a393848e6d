"""What the chat page remembers. Pure: no Streamlit here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from coderag_app.bundled.demo.files import DEMO_DATABASE
from coderag_app.config import AppConfig
from coderag_app.step_labels import STEP_LABELS, duration_text
from coderag_app.types import AnswerStatus, SQLAnswer

if TYPE_CHECKING:
    from coderag_app.query_engine import StreamEvent

DEMO = "demo"
MAX_TURNS = 50  # older ones leave the page: each is drawn again on every interaction

EXAMPLE_QUESTIONS = (
    "How many stores are there?",
    "List the names and cities of all stores.",
    "How many customers are there per country?",
)


@dataclass(frozen=True, slots=True)
class Connection:
    """What the page is connected to; texts as a person types them.

    Attributes:
        database: Path or URL, or ``demo`` for the bundled database; empty for corpus-only mode.
        storage_dir: Folder of the index; without an index in it there are no examples.
    """

    database: str
    storage_dir: str
    llm: str = "auto"
    embed_model: str = "auto"

    @classmethod
    def from_config(cls, config: AppConfig) -> Connection:
        """What the settings say; without a database the bundled demo."""
        return cls(config.database or DEMO, str(config.storage_dir), config.llm, config.embed_model)

    @property
    def is_demo(self) -> bool:
        """Whether it is the bundled demo database."""
        return self.database in (DEMO, str(DEMO_DATABASE))

    @property
    def database_target(self) -> str:
        """What to open: the path or URL, with ``demo`` resolved."""
        return str(DEMO_DATABASE) if self.database == DEMO else self.database

    def stripped(self) -> Connection:
        """The same without blanks around the texts."""
        return Connection(*(getattr(self, name).strip() for name in ("database", "storage_dir", "llm", "embed_model")))


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and what came of it: an answer, or the error that kept it from being asked."""

    question: str
    answer: SQLAnswer | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class ChatState:
    """The turns of one browser session, oldest first."""

    turns: tuple[Turn, ...] = ()

    def with_turn(self, turn: Turn) -> ChatState:
        """The chat with one more turn; the oldest goes when there are too many."""
        return ChatState((*self.turns, turn)[-MAX_TURNS:])


@dataclass(frozen=True, slots=True)
class AskProgress:
    """How far a question is: the step it is at, and the model's reply so far."""

    step: str = "retrieve"
    reply: str = ""
    attempt: int = 0

    def after(self, event: StreamEvent) -> AskProgress:
        """The progress once an event has come; a new attempt begins a new reply."""
        if event.step != "generate":
            return replace(self, step=event.step)
        if self.step != "generate":
            return AskProgress(event.step, event.text, self.attempt + 1)
        return replace(self, reply=self.reply + event.text)

    @property
    def label(self) -> str:
        """The step in words."""
        again = f" (attempt {self.attempt})" if self.attempt > 1 else ""
        return f"{STEP_LABELS.get(self.step, self.step)}{again}…"


def headline(answer: SQLAnswer) -> str:
    """One line on how the question ended, without any text of a model or a database."""
    if answer.status is AnswerStatus.ABSTAINED:
        return "This database does not hold what the question asks for."
    if answer.status is AnswerStatus.FAILED:
        return "The question was not answered: no SQL passed every check."
    if not answer.executed:
        return "The SQL was checked against the retrieved schemas and not run: there is no database."
    return ""


def summary(answer: SQLAnswer) -> str:
    """Rows, attempts and time in one line."""
    parts: list[str] = []
    if answer.executed:
        count = len(answer.rows)
        more = " (cut at the limits)" if answer.truncated else ""
        parts.append(f"{count} row{'' if count == 1 else 's'}{more}")
    if answer.status is AnswerStatus.REPAIRED:
        parts.append(f"repaired in attempt {len(answer.attempts)}")
    if "total" in answer.timings_s:
        parts.append(duration_text(answer.timings_s["total"]))
    return " · ".join(parts)
