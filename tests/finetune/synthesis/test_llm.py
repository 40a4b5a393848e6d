"""Generation with a language model: every path with scripted replies, and the wiring with the bundled model."""

from random import Random

import pytest
from llama_index.core.base.llms.types import CompletionResponse
from scripted_llm import ScriptedLLM

from coderag_app.llm.llm_loading import load_llm
from coderag_app.settings import AppConfig
from finetune.synthesis.code_snippets import CodeSnippet
from finetune.synthesis.drafts import DroppedError
from finetune.synthesis.llm_generators import AskedModel, ModelMaker, brainstorm, write_guide
from finetune.synthesis.pipeline import SynthesisPlan, synthesize
from finetune.synthesis.seed_functions import load_seeds
from finetune.synthesis.tasks import find_tasks

CODE = "def add(a, b):\n    return a + b"
SNIPPET = CodeSnippet(CODE, "python", "add", "function", "repo", "pkg/add.py", 3, "abc123")
GUIDE = "GENERATE: Write a query.\nOUTPUT: One line.\nCHECK: Does it fit?"


def maker_of(*replies):
    return ModelMaker.create(ScriptedLLM(replies=[GUIDE, *replies]), "scripted", [SNIPPET], load_seeds(), wait_s=0)


def make(task, *replies):
    maker = maker_of(*replies)
    return maker, maker.make(find_tasks([task])[0], Random(0))


def test_a_query_is_written_for_code():
    maker, draft = make("web_query", "how to add two numbers in python", "1")
    assert (draft.query, draft.positive) == ("how to add two numbers in python", CODE)
    assert draft.checks == ("quality",)
    assert draft.parameters["model"] == "scripted"
    assert (draft.parameters["path"], draft.parameters["line"], draft.parameters["commit"]) == (
        "pkg/add.py",
        3,
        "abc123",
    )
    assert "Write a query. One line." in maker.model.llm.prompts[1]
    assert "Does it fit?" in maker.model.llm.prompts[2]


def test_a_text_is_written_about_code():
    _, draft = make("summary", "Adds two numbers and gives their sum.", "1")
    assert (draft.query, draft.positive) == (CODE, "Adds two numbers and gives their sum.")


def test_code_is_taken_out_of_its_block():
    _, draft = make("similar", "Sure:\n```python\ndef plus(x, y):\n    return x + y\n```", "1")
    assert draft.positive == "def plus(x, y):\n    return x + y"


def test_a_wish_and_its_answer_are_taken_apart():
    _, draft = make("modification", "WISH: Rename it to plus.\n```python\ndef plus(a, b):\n    return a + b\n```", "1")
    assert draft.query == f"Rename it to plus.\n\n```python\n{CODE}\n```"
    assert draft.positive == "def plus(a, b):\n    return a + b"


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [
        ("0", "quality: wrong type"),
        ("2", "quality: incorrect"),
        ("1, because it fits", "not one digit"),
        ("I would say 1", "not one digit"),
        ("", "not one digit"),
    ],
)
def test_only_the_single_digit_one_is_kept(verdict, reason):
    with pytest.raises(DroppedError, match=reason):
        make("web_query", "how to add two numbers in python", verdict)


def test_text_that_does_not_stand_alone_is_asked_for_again_with_the_reason():
    maker, draft = make("web_query", "What does the given code do?", "how to add two numbers", "1")
    assert draft.query == "how to add two numbers"
    assert "Your last reply was refused: does not stand alone" in maker.model.llm.prompts[2]


def test_text_that_never_stands_alone_is_dropped():
    with pytest.raises(DroppedError, match="does not stand alone"):
        make("web_query", "What does the given code do?", "Explain this function.")


def test_a_hybrid_reply_of_another_form_is_dropped():
    with pytest.raises(DroppedError, match="not in the form"):
        make("modification", "Rename it.", "WISH: without code")


def test_two_blocks_of_code_are_no_answer():
    with pytest.raises(DroppedError, match="not one block"):
        make("similar", "```\na = 1\n```\n```\nb = 2\n```")


def test_a_guide_of_another_form_is_replaced_by_a_plain_one():
    guide = write_guide(AskedModel(ScriptedLLM(replies=["Just do it."])), find_tasks(["summary"])[0], "python")
    assert guide.check == "Does the answer fit the query exactly?"


def test_a_guide_is_asked_for_once_per_task_and_language():
    maker = maker_of("how to add two numbers", "1")
    maker.make(find_tasks(["web_query"])[0], Random(0))
    asked = len(maker.model.llm.prompts)
    with pytest.raises(DroppedError):
        maker.make(find_tasks(["web_query"])[0], Random(0))
    assert asked == 3
    assert all("three lines" not in prompt for prompt in maker.model.llm.prompts[3:])


def test_new_tasks_are_read_line_by_line_and_known_ones_left_out():
    reply = (
        "1. Licence search: Given code, find its licence.\nnot a task\n"
        "summary: Given code, find a summary.\n- Log query: Given a log line, find the code that wrote it."
    )
    found = brainstorm(AskedModel(ScriptedLLM(replies=[reply])), "text2code", ["summary"])
    assert [name for name, _ in found] == ["licence_search", "log_query"]
    assert found[1][1] == "Given a log line, find the code that wrote it."


class FailingLLM(ScriptedLLM):
    """Fails some times before it replies."""

    failures: int = 2

    def stream_complete(self, prompt, formatted=False, **kwargs):
        if self.failures:
            self.failures -= 1
            raise RuntimeError("server busy")
        yield CompletionResponse(text=self.replies[0], delta=self.replies[0])


def test_a_model_that_fails_twice_is_asked_a_third_time_and_the_cost_is_counted():
    model = AskedModel(FailingLLM(replies=["yes"]), wait_s=0)
    assert model.ask("hello") == "yes"
    assert (model.cost.calls, model.cost.failed_calls) == (3, 2)
    assert (model.cost.prompt_characters, model.cost.reply_characters) == (15, 3)
    assert model.cost.seconds > 0


def test_a_model_that_always_fails_drops_the_candidate():
    with pytest.raises(DroppedError, match="the model failed"):
        AskedModel(FailingLLM(replies=["yes"], failures=99), wait_s=0).ask("hello")


def test_rows_of_a_model_pass_the_same_checks_and_say_so(tmp_path):
    maker = maker_of("how to add two numbers in python", "1", "how to add two numbers in python", "1")
    progress = synthesize(SynthesisPlan(1, find_tasks(["web_query"])), maker, tmp_path)
    row = progress.rows[0]
    assert row.origin.kind == "model"
    assert row.origin.name == "scripted"
    assert set(row.checks) == {"readable", "stands_alone", "parses", "quality"}


@pytest.mark.model
def test_the_bundled_model_runs_through_the_whole_pipeline(tmp_path):
    loaded = load_llm(AppConfig.load(llm="bundled"))
    maker = ModelMaker.create(loaded.llm, loaded.name, [SNIPPET], load_seeds(), wait_s=0)
    maker.model.max_tokens = 24
    with pytest.raises(DroppedError):  # a model for SQL alone writes no digit: the strict check refuses it
        maker.make(find_tasks(["web_query"])[0], Random(0))
    assert maker.model.cost.calls >= 2
    assert maker.model.cost.failed_calls == 0


def test_the_command_shows_the_tasks_that_a_model_proposes(monkeypatch, capsys):
    from rich.console import Console

    from coderag_app.llm.llm_loading import LoadedLLM
    from finetune.synthesis.command import show_proposals

    llm = ScriptedLLM(replies=["1. Regex query: Given a description, find the regular expression.\nno form here"])
    loaded = LoadedLLM(llm, "scripted", "test", "instruct", 4096)
    monkeypatch.setattr("coderag_app.llm.llm_loading.load_llm", lambda config: loaded)
    show_proposals("text2code", "auto", Console(width=200))
    assert capsys.readouterr().out == "regex_query: Given a description, find the regular expression.\n"


def test_an_unknown_category_to_brainstorm_is_refused():
    from rich.console import Console

    from coderag_app.errors import ConfigurationError
    from finetune.synthesis.command import show_proposals

    with pytest.raises(ConfigurationError, match="text2code"):
        show_proposals("text2music", "auto", Console())


def test_a_corpus_without_a_model_is_refused_instead_of_ignored(tmp_path):
    from rich.console import Console

    from coderag_app.errors import ConfigurationError
    from finetune.synthesis.command import run

    with pytest.raises(ConfigurationError, match="--rules-only"):
        run(tmp_path / "out", 5, True, "auto", [tmp_path], [], 0, 2, 0, False, Console())
