"""CodeR's pipeline with a language model: instruction -> generation -> quality check by one digit.

After CodeR-Pile (arXiv 2505.12697), with its public scripts' traps closed: the quality reply must be one digit and
nothing else, text must stand alone, and negatives are never written by the model.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from random import Random
from typing import Any

from llama_index.core.llms import LLM
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from coderag_app.errors import ModelError
from coderag_app.llm.generation import stream_reply
from coderag_app.llm.prompts import Prompt
from finetune.synthesis.code_snippets import CodeSnippet, snippet_of_seed
from finetune.synthesis.drafts import Draft, DroppedError
from finetune.synthesis.prompt_texts import load_prompt
from finetune.synthesis.seed_functions import SeedFunction
from finetune.synthesis.tasks import CATEGORIES, Task
from finetune.synthesis.text_checks import fenced, read_quality_digit, require_readable, stands_alone

_ATTEMPTS_AT_CALL = 3
_ATTEMPTS_AT_CONTENT = 2
_FENCED = re.compile(r"```\w*\n(.+?)\n```", re.DOTALL)
_WISH = re.compile(r"\s*WISH:\s*(?P<wish>.+?)\s*```\w*\n(?P<code>.+?)\n```\s*", re.DOTALL)
_PROPOSAL = re.compile(
    r"^[\W\d]*(?P<name>[A-Za-z][\w -]{2,40}):\s*(?P<instruction>Given .+, find .+\.)\s*$", re.MULTILINE
)
_MEANINGS = {
    "text2code": "the query is text, the answer is code",
    "code2text": "the query is code, the answer is text",
    "code2code": "query and answer are code",
    "hybrid": "the query is code with a wish in words, the answer is code",
}


@dataclass
class ModelCost:
    """What the model was asked and how long it took."""

    calls: int = 0
    failed_calls: int = 0
    prompt_characters: int = 0
    reply_characters: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Guide:
    """How to make pairs for a task: an order to the writer, the form of the output, a question to the reviewer."""

    generate: str
    output: str
    check: str


class AskedModel:
    """A language model that is asked for text: retried when it fails, with its cost added up.

    Args:
        llm: Any LlamaIndex LLM.
        wait_s: First wait before a retry; doubled each time.
        max_tokens: Longest reply.
    """

    def __init__(self, llm: LLM, wait_s: float = 1.0, max_tokens: int = 700) -> None:
        self.llm = llm
        self.wait_s = wait_s
        self.max_tokens = max_tokens
        self.cost = ModelCost()

    def ask(self, text: str, max_tokens: int | None = None) -> str:
        """The reply without outer spaces.

        Raises:
            DroppedError: The model failed on every attempt.
        """
        retrying = Retrying(
            stop=stop_after_attempt(_ATTEMPTS_AT_CALL),
            wait=wait_exponential(multiplier=self.wait_s),
            retry=retry_if_exception_type(ModelError),
            reraise=True,
        )
        try:
            return retrying(self._ask_once, text, max_tokens or self.max_tokens)
        except ModelError as error:
            raise DroppedError("the model failed") from error

    def _ask_once(self, text: str, max_tokens: int) -> str:
        started = time.monotonic()
        self.cost.calls += 1
        self.cost.prompt_characters += len(text)
        try:
            reply = "".join(stream_reply(self.llm, Prompt(text, read_sql=str), max_tokens))
        except ModelError:
            self.cost.failed_calls += 1
            raise
        finally:
            self.cost.seconds += time.monotonic() - started
        self.cost.reply_characters += len(reply)
        return reply.strip()


def brainstorm(model: AskedModel, category: str, existing: list[str], count: int = 5) -> list[tuple[str, str]]:
    """Further tasks of a category, as name and instruction; lines of another form are left out."""
    prompt = load_prompt("brainstorm").substitute(
        category=category, category_description=_MEANINGS[category], existing=", ".join(existing), count=count
    )
    found = _PROPOSAL.finditer(model.ask(prompt))
    named = [(match["name"].strip().lower().replace(" ", "_"), match["instruction"]) for match in found]
    return [proposal for proposal in named if proposal[0] not in existing][:count]


def write_guide(model: AskedModel, task: Task, language: str) -> Guide:
    """How to make pairs for a task, in the model's words; a plain guide where its reply has another form."""
    reply = model.ask(load_prompt("instruction").substitute(instruction=task.instruction, language=language))
    parts = {}
    for name in ("GENERATE", "OUTPUT", "CHECK"):
        found = re.search(rf"^{name}:\s*(.+)$", reply, re.MULTILINE)
        if found is None:
            return Guide("", "", "Does the answer fit the query exactly?")
        parts[name.lower()] = found[1].strip()
    return Guide(**parts)


@dataclass
class ModelMaker:
    """Makes drafts with a model from code snippets; see ``Maker``."""

    model: AskedModel
    name: str
    snippets: tuple[CodeSnippet, ...]
    guides: dict[tuple[str, str], Guide] = field(default_factory=dict)
    kind: str = "model"

    @classmethod
    def create(
        cls, llm: LLM, name: str, corpus: list[CodeSnippet], seeds: tuple[SeedFunction, ...], wait_s: float = 1.0
    ) -> ModelMaker:
        """With the code of a corpus, or with the project's seed functions where there is none."""
        snippets = tuple(corpus) or tuple(map(snippet_of_seed, seeds))
        return cls(AskedModel(llm, wait_s), name, snippets)

    def describe(self) -> dict[str, Any]:
        """The inputs that decide what is made."""
        return {"kind": self.kind, "model": self.name, "snippets": len(self.snippets)}

    def can_make(self, task: Task) -> bool:
        """Every task but question to SQL, which needs a populated database to be checked."""
        return task.category in CATEGORIES and task.name != "text_to_sql"

    def make(self, task: Task, rng: Random) -> Draft:
        """A draft that passed the quality check.

        Raises:
            DroppedError: With the reason.
        """
        snippet = rng.choice(self.snippets)
        guide = self._guide(task, snippet.language)
        query, positive = self._generate(task, snippet, guide)
        self._judge(task, guide, query, positive)
        parameters = {"model": self.name, **snippet.origin()}
        return Draft(query, positive, snippet.language, snippet.key, self.name, parameters, ("quality",))

    def _guide(self, task: Task, language: str) -> Guide:
        key = (task.name, language)
        if key not in self.guides:
            self.guides[key] = write_guide(self.model, task, language)
        return self.guides[key]

    def _generate(self, task: Task, snippet: CodeSnippet, guide: Guide) -> tuple[str, str]:
        """Query and positive; asked again with the complaint where the reply has a wrong form."""
        prompt = load_prompt(f"generate_{task.category}").substitute(
            instruction=task.instruction,
            how=f"{guide.generate} {guide.output}".strip(),
            language=snippet.language,
            code=snippet.code,
        )
        complaint = ""
        for attempt in range(_ATTEMPTS_AT_CONTENT):
            try:
                return _read_pair(task, snippet, self.model.ask(prompt + complaint))
            except DroppedError as reason:
                if attempt + 1 == _ATTEMPTS_AT_CONTENT or str(reason) == "the model failed":
                    raise
                complaint = f"\n\nYour last reply was refused: {reason}. Keep to the rules."
        raise DroppedError("no usable reply")

    def _judge(self, task: Task, guide: Guide, query: str, positive: str) -> None:
        prompt = load_prompt("quality").substitute(
            instruction=task.instruction, check=guide.check, query=query, positive=positive
        )
        verdict = read_quality_digit(self.model.ask(prompt, max_tokens=4))
        if verdict != 1:
            raise DroppedError("quality: wrong type" if verdict == 0 else "quality: incorrect")


def _read_pair(task: Task, snippet: CodeSnippet, reply: str) -> tuple[str, str]:
    if task.category == "hybrid":
        found = _WISH.fullmatch(reply)
        if found is None:
            raise DroppedError("reply is not in the form asked for")
        return f"{found['wish']}\n\n{fenced(snippet.code, snippet.language)}", found["code"]
    if task.category == "code2code":
        blocks = _FENCED.findall(reply)
        if len(blocks) != 1:
            raise DroppedError("reply is not one block of code")
        return snippet.code, blocks[0]
    require_readable(reply)
    if not stands_alone(reply):
        raise DroppedError("does not stand alone")
    return (reply, snippet.code) if task.category == "text2code" else (snippet.code, reply)
