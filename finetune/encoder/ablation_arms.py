"""The arms of the encoder's ablation: each leaves one thing out of the same training, and all take as many steps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from random import Random

from coderag_app.errors import ConfigurationError
from finetune.encoder.training_rows import EncoderRow

SQL = "text_to_sql"
# Shares of an arm's rows. The shipped encoder saw nine tenths of text-to-SQL; with so little of the rest, leaving a
# category out would change next to nothing and the arm would say nothing about it.
MIXTURE: Mapping[str, float] = {SQL: 0.4, "text2code": 0.15, "code2text": 0.15, "code2code": 0.15, "hybrid": 0.15}
_RUN_LENGTH = 32  # consecutive rows that are drawn together: neighbours in the file are near misses for each other


@dataclass(frozen=True, slots=True)
class AblationArm:
    """One training of the study.

    Attributes:
        name: What it is called in the table and on the command line.
        without: The parts of the mixture that it leaves out; the others keep their shares among themselves.
        negatives: Hard negatives per row.
        neighbours: Rows about the same tables that stay in one batch; 0 shuffles rows singly.
    """

    name: str
    without: tuple[str, ...] = ()
    negatives: int = 1
    neighbours: int = 8

    @property
    def folder_name(self) -> str:
        """The name without spaces."""
        return self.name.replace(" ", "-")


ALL = AblationArm("all")
ARMS = (
    ALL,
    AblationArm("no hard negatives", negatives=0),
    AblationArm("without code2code", without=("code2code",)),
    AblationArm("without code2text", without=("code2text",)),
    AblationArm("without hybrid", without=("hybrid",)),
    AblationArm("without text2code", without=(SQL, "text2code")),
    AblationArm("no neighbours", neighbours=0),
    AblationArm("text-to-SQL alone", without=("text2code", "code2text", "code2code", "hybrid")),
)


def find_arms(names: Sequence[str]) -> tuple[AblationArm, ...]:
    """The arms of those names and the one that they are compared with; every arm for no name.

    Raises:
        ConfigurationError: There is no such arm.
    """
    known = {arm.name: arm for arm in ARMS}
    if unknown := [name for name in names if name not in known]:
        raise ConfigurationError(f"Got arm {', '.join(unknown)}; expected some of: {', '.join(known)}.")
    return tuple(arm for arm in ARMS if not names or arm.name in names or arm is ALL)


def part_of(row: EncoderRow) -> str:
    """The part of the mixture that a row belongs to: its category, with text-to-SQL apart."""
    return SQL if row.task == SQL else row.category


def draw_rows(rows: Sequence[EncoderRow], arm: AblationArm, count: int, seed: int = 0) -> list[EncoderRow]:
    """Exactly ``count`` rows in the shares of ``MIXTURE`` without what the arm leaves out.

    Rows come in runs of consecutive ones. A part with too few rows gives them more than once.

    Args:
        rows: What to draw from; a row that is there twice counts once.
        arm: What to leave out.
        count: Steps times batch size.
        seed: Chooses the runs; arms that keep a part draw the same rows of it first.

    Raises:
        ConfigurationError: A part of the mixture has no rows.
    """
    wanted = {part: share for part, share in MIXTURE.items() if part not in arm.without}
    by_part: dict[str, list[EncoderRow]] = {part: [] for part in wanted}
    for row in {(row.anchor, row.positive): row for row in rows}.values():
        if part_of(row) in by_part:
            by_part[part_of(row)].append(row)
    if empty := [part for part, of_part in by_part.items() if not of_part]:
        raise ConfigurationError(
            f"The arm {arm.name!r} needs rows of {', '.join(wanted)}; got none of {', '.join(empty)}. Add a file of "
            "`coderag synthesize` (Python, all categories) or `python -m finetune.encoder.near_miss_rows` (SQL)."
        )
    drawn: list[EncoderRow] = []
    for part, number in _numbers(wanted, count).items():
        drawn += islice(cycle(in_runs(by_part[part], Random(f"{part}:{seed}"))), number)
    return drawn


def counts_of(rows: Sequence[EncoderRow]) -> dict[str, int]:
    """Number of rows by part."""
    return dict(Counter(part_of(row) for row in rows))


def _numbers(shares: Mapping[str, float], count: int) -> dict[str, int]:
    """Whole numbers in the ratio of the shares that add up to ``count``."""
    total, given, numbers = sum(shares.values()), 0.0, {}
    for part, share in shares.items():
        before = round(given)
        given += share / total * count
        numbers[part] = round(given) - before
    return numbers


def in_runs(rows: Sequence[EncoderRow], rng: Random) -> list[EncoderRow]:
    """The rows in another order, those that stand together mostly still together."""
    starts = list(range(0, len(rows), _RUN_LENGTH))
    rng.shuffle(starts)
    return [row for start in starts for row in rows[start : start + _RUN_LENGTH]]
