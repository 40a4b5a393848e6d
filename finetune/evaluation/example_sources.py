"""Where the examples of a run come from: an index, another data set, or the data set itself."""

from __future__ import annotations

import json
from pathlib import Path

from coderag_app.errors import ConfigurationError
from coderag_app.settings import AppConfig
from coderag_app.types import Origin, SQLExample
from finetune.evaluation.datasets import DEMO_FOLDER, EvalDataset, dataset_examples, load_dataset, load_pairs
from finetune.evaluation.example_pool import ExamplePool, StoredVectors

SAME = "same"


def load_pool(spec: str | Path | None, dataset: EvalDataset, config: AppConfig, work_dir: Path) -> ExamplePool:
    """Load the examples that arms choose from.

    Args:
        spec: ``same`` for the data set's own questions (each question's twins are removed as leaks); ``demo`` for the
            bundled examples; the folder of an index; a JSONL file with ``question``, ``sql`` and ``context``; or
            whatever ``load_dataset`` takes. None takes the bundled examples for the demo, else the configured index.
        dataset: The data set that is evaluated.
        config: Settings; ``storage_dir`` is the default index.
        work_dir: Where databases are built for gretel rows.

    Returns:
        The examples; none if ``spec`` is None and there is no index.

    Raises:
        ConfigurationError: There is no such source.
        IndexStoreError: The index is damaged.
    """
    if spec is None:
        if dataset.name == "demo":
            return _demo_pool()
        return _index_pool(config.storage_dir) if _is_index(config.storage_dir) else ExamplePool(())
    if str(spec) == SAME:
        return ExamplePool(dataset_examples(dataset))
    if str(spec) == "demo":
        return _demo_pool()
    path = Path(spec).expanduser()
    if _is_index(path):
        return _index_pool(path)
    examples = _example_rows(path) if path.is_file() and path.suffix == ".jsonl" else ()
    return ExamplePool(examples or dataset_examples(load_dataset(path, work_dir=work_dir)))


def _demo_pool() -> ExamplePool:
    pairs = load_pairs(DEMO_FOLDER / "examples.jsonl", str(DEMO_FOLDER / "demo.sqlite"), "demo examples")
    return ExamplePool(dataset_examples(pairs))


def _is_index(folder: Path) -> bool:
    return (folder / "manifest.json").is_file()


def _index_pool(folder: Path) -> ExamplePool:
    from coderag_app.index.store import ExampleIndex

    index = ExampleIndex.load(folder)
    ids = index.vectors.node_ids
    stored = StoredVectors(index.encoder.fingerprint, index.vectors.vectors(ids))
    return ExamplePool([index.example(example_id) for example_id in ids], stored)


def _example_rows(path: Path) -> tuple[SQLExample, ...]:
    """Rows that carry their own ``context``; none if the file holds other rows."""
    examples: list[SQLExample] = []
    with path.open(encoding="utf-8") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
            except ValueError as error:
                raise ConfigurationError(f"{path}, line {number} is not JSON: {error}") from error
            if not {"question", "sql", "context"} <= row.keys():
                return ()
            examples.append(
                SQLExample(
                    question=row["question"],
                    sql=row["sql"],
                    context=row["context"],
                    db_id=row.get("db_id", ""),
                    origin=Origin(row.get("origin", Origin.VERIFIED)),
                    source=f"{path.name}:{number}",
                )
            )
    return tuple(examples)
