"""What the chat page remembers. Pure: no Streamlit here."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from coderag_app.answers.step_labels import STEP_LABELS, duration_text
from coderag_app.bundled.demo import DEMO_DATABASE
from coderag_app.settings import AppConfig
from coderag_app.text.secrets_in_text import without_passwords

if TYPE_CHECKING:
    from coderag_app.engine import StreamEvent
    from coderag_app.types import SQLAnswer

DEMO = "demo"
MAX_TURNS = 50  # older ones leave the page: each is drawn again on every interaction
MAX_TITLE_CHARS = 60


@dataclass(frozen=True, slots=True)
class Connection:
    """What the page is connected to; texts as a person types them.

    Attributes:
        database: Path or URL, or ``demo`` for the bundled database; empty for corpus-only mode. A URL may hold a
            password: it stays in the memory of one session, and ``repr`` leaves it out.
        storage_dir: Folder of the index; without an index in it there are no examples.
        schemas: Names of schemas to read, separated by commas; empty for those that the settings say.
    """

    database: str
    storage_dir: str
    llm: str = "auto"
    embed_model: str = "auto"
    schemas: str = ""

    def __repr__(self) -> str:
        """The connection without the database: a URL may hold a password."""
        return f"Connection(storage_dir={self.storage_dir!r}, llm={self.llm!r}, embed_model={self.embed_model!r})"

    @classmethod
    def from_config(cls, config: AppConfig) -> Connection:
        """What the settings say; without a database the bundled demo."""
        return cls(config.database or DEMO, str(config.storage_dir), config.llm, config.embed_model, config.schemas)

    @property
    def is_demo(self) -> bool:
        """Whether it is the bundled demo database."""
        return self.database in (DEMO, str(DEMO_DATABASE))

    @property
    def is_server(self) -> bool:
        """Whether it is a database behind a URL rather than a file."""
        return "://" in self.database

    @property
    def database_target(self) -> str:
        """What to open: the path or URL, with ``demo`` resolved."""
        return str(DEMO_DATABASE) if self.database == DEMO else self.database

    @property
    def stored_target(self) -> str:
        """What may be written to disk to find the database again: never a URL."""
        return "" if self.is_server else self.database

    def stripped(self) -> Connection:
        """The same without blanks around the texts."""
        return Connection(*(getattr(self, field.name).strip() for field in fields(self)))


@dataclass(frozen=True, slots=True)
class Turn:
    """A question and what came of it: an answer, or the error that kept it from being asked.

    Attributes:
        note: How a follow-up was understood, or that the SQL is the person's own.
        stopped: The person stopped it; ``partial_sql`` is what the model had written by then.
        verified_id: The verified example that the person made of it; empty without one.
        notice: Why the answer could not be kept as a verified example.
    """

    question: str
    answer: SQLAnswer | None = None
    error: str = ""
    note: str = ""
    stopped: bool = False
    partial_sql: str = ""
    verified_id: str = ""
    notice: str = ""


@dataclass(frozen=True, slots=True)
class ChatState:
    """The turns of one conversation, oldest first.

    Attributes:
        conversation_id: Where it is in the history; None until its first answer is saved.
        target: The database that a conversation of the history is about; empty for a new one.
        dropped: How many turns left the page; numbers of turns go on counting.
    """

    turns: tuple[Turn, ...] = ()
    conversation_id: str | None = None
    title: str = ""
    target: str = ""
    dropped: int = 0

    def with_turn(self, turn: Turn) -> ChatState:
        """The chat with one more turn; the oldest goes when there are too many."""
        turns = (*self.turns, turn)
        over = max(len(turns) - MAX_TURNS, 0)
        return replace(self, turns=turns[over:], dropped=self.dropped + over)

    def with_replaced(self, position: int, turn: Turn) -> ChatState:
        """The chat with another turn at a position; as it was where there is none."""
        turns = tuple(turn if number == position else each for number, each in enumerate(self.turns))
        return replace(self, turns=turns)


def conversation_title(question: str) -> str:
    """A question as one short line, without passwords.

    Example:
        >>> conversation_title("How many  stores are there?")
        'How many stores are there?'
    """
    line = " ".join(without_passwords(question).split())
    return line if len(line) <= MAX_TITLE_CHARS else line[: MAX_TITLE_CHARS - 1].rstrip() + "…"


@dataclass(frozen=True, slots=True)
class AskProgress:
    """How far a question is.

    Attributes:
        step: The step it is at.
        reply: The model's reply so far.
        attempt: How many replies the model began.
        began_s: When the step began, in seconds after the question.
        ended: The steps before it, each with the seconds it took.
    """

    step: str = ""
    reply: str = ""
    attempt: int = 0
    began_s: float = 0.0
    ended: tuple[tuple[str, float], ...] = ()

    def after(self, event: StreamEvent) -> AskProgress:
        """The progress once an event has come; a new attempt begins a new reply."""
        if event.step == self.step:
            return replace(self, reply=self.reply + event.text) if event.step == "generate" else self
        ended = (*self.ended, (self.label, event.elapsed_s - self.began_s)) if self.step else ()
        writing = event.step == "generate"
        return AskProgress(
            event.step,
            event.text if writing else self.reply,
            self.attempt + 1 if writing else self.attempt,
            event.elapsed_s,
            ended,
        )

    @property
    def label(self) -> str:
        """The step in words."""
        again = f" (attempt {self.attempt})" if self.attempt > 1 else ""
        return f"{STEP_LABELS.get(self.step, self.step.capitalize())}{again}"

    def lines(self) -> list[str]:
        """What is done, a line each with its time."""
        return [f"{label} · {duration_text(max(seconds, 0.0))}" for label, seconds in self.ended]
