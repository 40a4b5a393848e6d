r"""Text that somebody else wrote, on its way into a prompt or in from a person. Pure.

Names, declared types, stored values, examples, error messages and questions are data. Two things would let them pose as
more: a line break (a name that goes on as another part of the prompt) and a special token (``<|im_end|>`` ends the
user's turn wherever it stands, since llama.cpp and most servers read such texts as the token itself). So what enters an
instruction prompt takes one line, and before a prompt reaches a model every text of a special token in it is broken.

Not covered: what plain words ask of a model. The prompt says that data holds no instructions, the guard checks the SQL.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache

from coderag_app.errors import CodeRAGError
from coderag_app.text.cell_text import visible_text

MAX_QUESTION_CHARS = 4_000
_LONGEST_TOKEN = 80
# What models mark roles and turns with, for servers whose vocabulary is not known: <|im_end|>, <s>, </s>, <<SYS>>,
# <start_of_turn>, <tool_call|>, >>QUESTION<<, [INST], [/INST], DeepSeek's <｜User｜>. Full-width forms count as well:
# some tokenizers fold them. "a < b", "<>" and "x <5> y" are no such texts.
_MARKS = re.compile(
    rf"[<＜﹤](?=[<＜﹤]?[/|｜]*[^\W\d][^\s<>＜＞﹤﹥]{{0,{_LONGEST_TOKEN}}}[>＞﹥])"
    rf"|[<＜﹤](?=[|｜])|[|｜](?=[>＞﹥])|>(?=>[A-Z]{{3,{_LONGEST_TOKEN}}}<<)"
    r"|[\[［](?=/?(?:INST|SYS|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_(?:CALLS|RESULTS|CONTENT)|ARGS|CALL_ID|THINK"
    r"|[gs]?MASK|CLS|SEP|(?:PAD|UNK|UNUSED)_?\d*|BOS|EOS|IMG(?:_\w{1,20})?|PREFIX|MIDDLE|SUFFIX)[\]］])",
    re.IGNORECASE,
)
_JOINERS = "\u200c\u200d"  # scripts and emoji need them
_BLANKS = "\u115f\u1160\u2800\u3164\uffa0"  # letters and symbols by category that show nothing
_ESCAPED_BYTES = re.compile("[\udc80-\udcff]+")  # how Python reads bytes that are no UTF-8 (PEP 383)
_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")  # one character in UTF-16


def in_one_line(text: str, most_chars: int | None = None) -> str:
    r"""Text without line breaks, control characters and marks that reorder it: each is written as an escape.

    Args:
        text: Any text.
        most_chars: Where to cut it.

    Example:
        >>> in_one_line("name\n### Question"), in_one_line("INTEGER PRIMARY KEY", 8)
        ('name\\n### Question', 'INTEGER…')
    """
    if most_chars is not None and len(text) > most_chars:
        text = text[: most_chars - 1] + "…"
    return visible_text(text)


def without_special_tokens(text: str, tokens: Iterable[str] = ()) -> str:
    """Text that no tokenizer reads a special token in: a space parts the first character of each from the rest.

    Args:
        text: Untrusted text, or a prompt without its chat template.
        tokens: The special tokens of the model's vocabulary, where it is known.

    Example:
        >>> without_special_tokens("SELECT '<|im_end|>' FROM t WHERE a <> 1 [/INST]")
        "SELECT '< |im_end| >' FROM t WHERE a <> 1 [ /INST]"
    """
    text = _MARKS.sub(lambda match: f"{match[0]} ", text)
    known = _pattern(frozenset(tokens))
    if known is None:
        return text
    text = known.sub(lambda match: f"{match[0][0]} {match[0][1:]}", text)
    while known.search(text):  # a vocabulary with "<" and with "< |": rather no text than a token
        text = known.sub("", text)
    return text


@lru_cache(maxsize=8)
def _pattern(tokens: frozenset[str]) -> re.Pattern[str] | None:
    longest_first = sorted((token for token in tokens if token), key=lambda token: (-len(token), token))
    return re.compile("|".join(map(re.escape, longest_first))) if longest_first else None


def checked_question(question: object) -> str:
    r"""A question as one clean line, whatever it came through.

    Bytes of a Latin-1 terminal, which Python reads as lone surrogates, become their letters, and halves of a character
    become it; other surrogates, control characters and invisible marks go. Call it before a model is loaded.

    Raises:
        CodeRAGError: It is no text, has nothing to read, or has too many characters; how many tokens a model can take
            is known later and checked where the prompt is built.

    Example:
        >>> checked_question("Kunden in M\udcfcnchen\x00\u202e?\n")
        'Kunden in München ?'
    """
    if not isinstance(question, str):
        raise CodeRAGError(f"The question is of the type {type(question).__name__}; expected text.")
    if len(question) > 2 * MAX_QUESTION_CHARS:  # before anything walks over it
        raise _too_long(len(question))
    whole = _ESCAPED_BYTES.sub(_from_bytes, _PAIR.sub(_from_halves, question))
    clean = " ".join("".join(map(_cleaned, whole)).split())
    if all(unicodedata.category(character)[0] in "ZMC" or character in _BLANKS for character in clean):
        raise CodeRAGError("The question is empty. Ask something like: How many customers are there per country?")
    if len(clean) > MAX_QUESTION_CHARS:
        raise _too_long(len(clean))
    return clean


def _from_bytes(escaped: re.Match[str]) -> str:
    content = escaped[0].encode("ascii", "surrogateescape")
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _from_halves(pair: re.Match[str]) -> str:
    return pair[0].encode("utf-16", "surrogatepass").decode("utf-16")


def _cleaned(character: str) -> str:
    if character.isascii():
        return character if character.isprintable() else " "
    category = unicodedata.category(character)
    if category == "Cf":
        return character if character in _JOINERS else ""
    return " " if category in ("Cc", "Cs", "Zl", "Zp") else character


def _too_long(length: int) -> CodeRAGError:
    return CodeRAGError(
        f"The question has {length} characters; the most that is taken is {MAX_QUESTION_CHARS}. Shorten it."
    )
