"""The registry of the 47 tasks, and the checks that need nothing but text."""

from collections import Counter

import pytest

from coderag_app.errors import ConfigurationError
from finetune.synthesis.drafts import DroppedError
from finetune.synthesis.prompt_texts import PROMPTS_DIRECTORY, load_prompt, prompts_fingerprint
from finetune.synthesis.tasks import find_tasks, load_tasks
from finetune.synthesis.text_checks import read_quality_digit, stands_alone


def test_there_are_47_tasks_in_four_categories():
    assert Counter(task.category for task in load_tasks()) == {
        "text2code": 10,
        "code2text": 10,
        "code2code": 18,
        "hybrid": 9,
    }
    assert len({task.name for task in load_tasks()}) == 47


def test_every_instruction_names_what_is_given_and_what_is_sought():
    for task in load_tasks():
        assert task.instruction.startswith("Given ")
        assert ", find " in task.instruction
        assert task.checks


def test_the_direction_follows_the_category():
    by_name = {task.name: task for task in load_tasks()}
    assert (by_name["web_query"].query_side, by_name["web_query"].positive_side) == ("text", "code")
    assert (by_name["summary"].query_side, by_name["summary"].positive_side) == ("code", "text")
    assert by_name["comparison"].positive_side == "text+code"


def test_tasks_are_found_by_name_and_by_category():
    assert [task.name for task in find_tasks(["hybrid"])][0] == "modification"
    assert [task.name for task in find_tasks(["summary"])] == ["summary"]


def test_an_unknown_task_is_refused_with_the_known_ones():
    with pytest.raises(ConfigurationError, match="Got task sumary, expected one of: .*summary"):
        find_tasks(["sumary"])


def test_every_prompt_is_a_text_file_and_part_of_the_fingerprint():
    names = {path.stem for path in PROMPTS_DIRECTORY.glob("*.txt")}
    assert {"brainstorm", "instruction", "quality", *(f"generate_{t.category}" for t in load_tasks())} == names
    assert len(prompts_fingerprint()) == 16
    assert "$instruction" in load_prompt("quality").template


@pytest.mark.parametrize(
    "text",
    [
        "Explain what the given code does.",
        "This function sorts a list.",
        "As shown above, it returns a number.",
        "The code below adds two numbers.",
        "What does this Python snippet print?",
        "Improve the provided SQL query.",
        "Here is the summary you asked for.",
    ],
)
def test_text_that_points_at_unseen_code_does_not_stand_alone(text):
    assert not stands_alone(text)


@pytest.mark.parametrize(
    "text", ["Sort a list of numbers in place.", "Which customers ordered twice?", "Return the code of each country."]
)
def test_text_that_needs_no_code_stands_alone(text):
    assert stands_alone(text)


def test_code_in_fences_is_not_taken_for_a_pointer():
    assert stands_alone("The alternative:\n\n```python\n# this function is old\npass\n```")


@pytest.mark.parametrize(("reply", "digit"), [("1", 1), (" 0\n", 0), ("2", 2)])
def test_a_single_digit_is_read(reply, digit):
    assert read_quality_digit(reply) == digit


@pytest.mark.parametrize("reply", ["1.", "1 - correct", "The answer is 1", "11", "3", "", "one", "0 or 1"])
def test_any_other_quality_reply_is_refused(reply):
    with pytest.raises(DroppedError, match="not one digit"):
        read_quality_digit(reply)
