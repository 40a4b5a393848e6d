"""What happens to a question, as events of LlamaIndex's instrumentation.

Handlers that are added to LlamaIndex's root dispatcher, ``get_dispatcher()``, get them beside LlamaIndex's own events
of the query and of each call of the LLM. Spans cover retrieval, checks and queries.
"""

from __future__ import annotations

from llama_index.core.instrumentation import get_dispatcher
from llama_index.core.instrumentation.event_handlers import NullEventHandler
from llama_index.core.instrumentation.events.base import BaseEvent

dispatcher = get_dispatcher("coderag_app")


class ExamplesRetrievedEvent(BaseEvent):
    """Examples were found for a question, best first; similarities are cosines."""

    question: str
    example_ids: list[str]
    similarities: list[float]


class SQLGeneratedEvent(BaseEvent):
    """The model finished a reply.

    Attributes:
        sql: The SQL in the reply; empty where it holds none.
        temperature: 0 for the most likely reply; more for a sampled candidate.
        log_probability: Mean over the reply's tokens; None where the runtime doesn't report it.
    """

    question: str
    reply: str
    sql: str
    temperature: float
    log_probability: float | None


class SQLCheckedEvent(BaseEvent):
    """The guard accepted SQL, or refused it and says why in ``error``."""

    sql: str
    error: str = ""


class RepairAppliedEvent(BaseEvent):
    """A repair changed the query of a reply; it is said only where somebody listens."""

    name: str
    before: str
    after: str


class SQLExecutedEvent(BaseEvent):
    """The database ran a query, or failed and says why in ``error``.

    Attributes:
        rows: How many rows came back.
        truncated: Whether there were more.
    """

    sql: str
    rows: int = 0
    truncated: bool = False
    elapsed_s: float = 0.0
    error: str = ""


def is_heard() -> bool:
    """Whether somebody listens to the events: what takes time to find out is not found out for nobody."""
    handlers = [*dispatcher.event_handlers, *get_dispatcher().event_handlers]
    return any(not isinstance(handler, NullEventHandler) for handler in handlers)
