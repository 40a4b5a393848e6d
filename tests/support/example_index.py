"""Small indexes of examples with random vectors, for tests of the index."""

import numpy as np

from coderag_app.index.nodes import example_to_node
from coderag_app.index.store import ExampleIndex
from coderag_app.types import EncoderInfo, Origin, SQLExample

DIMENSION = 16
ENCODER = EncoderInfo("random", "0123456789abcdef", DIMENSION)


def make_example(number: int, db_id: str = "shop", origin: Origin = Origin.VERIFIED) -> SQLExample:
    return SQLExample(
        question=f"How many rows has t{number}?",
        sql=f"SELECT COUNT(*) FROM t{number}",
        context=f"CREATE TABLE t{number} (id INT, größe TEXT);",
        db_id=db_id,
        origin=origin,
        source=f"pairs.jsonl:{number}",
    )


def random_vectors(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, DIMENSION)).astype(np.float32)


def make_index(count: int = 20, seed: int = 0) -> ExampleIndex:
    nodes = [example_to_node(make_example(number, f"db{number % 3}")) for number in range(count)]
    return ExampleIndex.from_nodes(nodes, random_vectors(count, seed), ENCODER)


def index_of(pairs: list[tuple[SQLExample, list[float]]]) -> ExampleIndex:
    vectors = np.zeros((len(pairs), DIMENSION), dtype=np.float32)
    for row, (_, start) in enumerate(pairs):
        vectors[row, : len(start)] = start
    return ExampleIndex.from_nodes([example_to_node(example) for example, _ in pairs], vectors, ENCODER)


def query(*start: float) -> list[float]:
    return [*start, *[0.0] * (DIMENSION - len(start))]
