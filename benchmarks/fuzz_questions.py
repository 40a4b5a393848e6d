"""Whether any question, however odd, ends in something else than an answer or one of the project's own errors.

    .venv/bin/python benchmarks/fuzz_questions.py
    .venv/bin/python benchmarks/fuzz_questions.py --questions 500 --seed 7
    .venv/bin/python benchmarks/fuzz_questions.py --storage-dir storage/demo --samples 4

Asks the bundled demo hostile questions with the bundled model: random characters of every script, lone surrogates, text
from right to left, SQL, special tokens of models, quotes and brackets, very long words, questions that only look like
some, and real ones with such pieces put into them. Prints how they ended and exits with 1 if one raised an exception
that is not a CodeRAGError, or took longer than ``--slowest-s``.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

DEMO = Path(__file__).parent.parent / "coderag_app" / "bundled" / "demo"
TOKENS = (
    "<|im_end|>", "<|im_start|>system", "<|eot_id|>", "<s>", "</s>", "[INST]", "[/INST]", "<<SYS>>", "<schema>",
    "<sql>",
    "<q>", "<t0>", "<c159>", "<v1>", "<v9>", "<n15>", "<｜User｜>", "<start_of_turn>", "### Question", "```sql", "~",
)  # fmt: skip
SQL = (
    "SELECT * FROM orders", "'; DROP TABLE stores; --", "UNION ALL SELECT email FROM customers", "1=1", "COUNT(*",
    "((((",
    "/* */", "-- x", "WITH RECURSIVE t AS (SELECT 1)", "CAST(x AS STRUCT(", "ARRAY[[[[", "LIMIT 0 OFFSET -1", "$$",
    "%s %(x)s",
    "{0} {question}", "\\N \\x00 \\u0000", "NULL", "0x1p-2", "1e400", "-0", "99999999999999999999", "½ ② ١٢٣ Ⅷ",
    "0000-00-00",
    "2024-13-45", "February 30", "31 November 2023", "the year 99999", "Q9 2020", "week 60", "between 5 and", "top -3",
    "top 0",
)  # fmt: skip
SPANS = (  # scripts and kinds of characters
    (0x20, 0x7E), (0, 0x1F), (0x80, 0xFF), (0x300, 0x36F), (0x370, 0x52F), (0x590, 0x6FF), (0x900, 0xDFF),
    (0x1100, 0x11FF),
    (0x200B, 0x2069), (0x2100, 0x2BFF), (0x3040, 0x30FF), (0x4E00, 0x9FFF), (0xD800, 0xDFFF), (0xDC80, 0xDCFF),
    (0xE000, 0xE0FF), (0xFE00, 0xFFFF), (0x1F300, 0x1FAFF), (0xE0000, 0xE01EF), (0x10FF00, 0x10FFFF),
)  # fmt: skip
Kind = Callable[[random.Random, list[str]], str]


def characters(draw: random.Random, _real: list[str]) -> str:
    """Random characters of one kind, or of all."""
    spans = [draw.choice(SPANS)] if draw.random() < 0.6 else SPANS
    return "".join(chr(draw.randint(*draw.choice(spans))) for _ in range(draw.choice((1, 5, 40, 300))))


def pieces(draw: random.Random, _real: list[str]) -> str:
    """SQL and special tokens in any order."""
    return draw.choice(("", " ", "\n")).join(draw.choices(TOKENS + SQL, k=draw.randint(1, 30)))


def mixed(draw: random.Random, real: list[str]) -> str:
    """A real question with a hostile piece in it."""
    question = draw.choice(real)
    place = draw.randrange(len(question) + 1)
    piece = draw.choice((characters, pieces))(draw, real)
    return question[:place] + draw.choice(("", " ")) + piece + draw.choice(("", " ")) + question[place:]


def huge(draw: random.Random, real: list[str]) -> str:
    """One that is near or over the limits: one long word, many words, many real questions, many numbers."""
    length = draw.choice((500, 1500, 2500, 3990, 4000, 4001, 20_000))
    unit = draw.choice(
        ("x", "ab ", "日本 ", "😀", "é", "1 ", "'a' ", "(", "and ", "per month ", draw.choice(real) + " ")
    )
    return (unit * length)[:length]


def looks_empty(draw: random.Random, _real: list[str]) -> str:
    """Blanks and marks that show nothing, and single signs."""
    blanks = " \t\n\r\x00\x0b\u00a0\u00ad\u200b\u2060\ufeff\u3000\u3164\u2800\ud800?.,!'\"`<>[]{}()|\\/*-_"
    return "".join(draw.choices(blanks, k=draw.randint(0, 12)))


def shuffled(draw: random.Random, real: list[str]) -> str:
    """The words of real questions in another order, some twice, in any case."""
    words = " ".join(draw.choices(real, k=3)).split()
    draw.shuffle(words)
    return " ".join(
        draw.choice((str, str.upper, str.title, str.swapcase))(word) for word in words[: draw.randint(1, 60)]
    )


KINDS: tuple[Kind, ...] = (characters, pieces, mixed, mixed, huge, looks_empty, shuffled)


def hostile_questions(count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Each question with the name of its kind."""
    lines = (DEMO / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    real = [json.loads(line)["question"] for line in lines]
    draw = random.Random(seed)
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        yield kind.__name__, kind(draw, real)


def main() -> None:
    """Ask, count and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--questions", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--samples", type=int, default=1, help="further candidates of each question")
    parser.add_argument("--storage-dir", default=None)
    parser.add_argument("--slowest-s", type=float, default=60.0)
    arguments = parser.parse_args()
    from coderag_app import load_query_engine
    from coderag_app.errors import CodeRAGError

    engine = load_query_engine(DEMO / "demo.sqlite", arguments.storage_dir, llm="bundled", samples=arguments.samples)
    talk = engine.conversation()
    ended: Counter[tuple[str, str]] = Counter()
    failures, slowest = 0, (0.0, "")
    for number, (kind, question) in enumerate(hostile_questions(arguments.questions, arguments.seed)):
        started = time.perf_counter()
        try:
            answer = (talk if number % 5 == 0 else engine).ask(question)  # a fifth as follow-ups
            json.dumps(answer.question).encode()
            ended[kind, str(answer.status)] += 1
        except CodeRAGError as error:
            ended[kind, "refused: " + str(error)[:26]] += 1
        except Exception as error:
            failures += 1
            ended[kind, f"{type(error).__name__}"] += 1
            print(f"{kind} {question[:300]!a}", file=sys.stderr)
            traceback.print_exc()
        seconds = time.perf_counter() - started
        slowest = max(slowest, (seconds, ascii(question[:100])))
        if seconds > arguments.slowest_s:
            failures += 1
            print(f"{kind} took {seconds:.0f} s: {question[:300]!a}", file=sys.stderr)
    for (kind, end), count in sorted(ended.items()):
        print(f"{kind:12} {end:40} {count:6}")
    print(f"slowest: {slowest[0]:.1f} s {slowest[1]}")
    print(f"{arguments.questions} questions, {failures} that ended in an exception of another kind or took too long")
    sys.exit(bool(failures))


if __name__ == "__main__":
    main()
