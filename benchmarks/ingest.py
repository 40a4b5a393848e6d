"""Measure ingestion: documents a second and peak memory, beside plain ``SentenceTransformer.encode`` on the same texts.

    python benchmarks/ingest.py --rows 2000 --dtype fp32

Both sides run in a process of their own, one after the other, so that neither warms up nor slows the other. Ingestion
does more than encode: it reads, checks, parses, writes and hashes. The ratio says what that costs.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

_TABLES = ("customer", "invoice", "product", "employee", "shipment", "warehouse", "supplier", "visit")
_COLUMNS = ("amount", "price", "weight", "quantity", "rating", "duration", "distance", "score")
_TYPES = ("REAL", "INT", "DECIMAL(10, 2)")
_SHAPES = (
    "SELECT {a}, COUNT(*) FROM {t} GROUP BY {a} ORDER BY COUNT(*) DESC LIMIT {n}",
    "SELECT AVG({a}) FROM {t} WHERE {b} > {n}",
    "SELECT name FROM {t} WHERE {a} = (SELECT MAX({a}) FROM {t}) AND {b} < {n}",
    "SELECT t.name, u.{a} FROM {t} AS t JOIN {u} AS u ON u.{t}_id = t.id WHERE u.{b} BETWEEN {n} AND {n}0",
)


def main() -> None:
    """Parse the options and print the measurements."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000, help="rows to generate and ingest (default: %(default)s)")
    parser.add_argument("--encode-rows", type=int, default=20_000, help="rows for plain encode (default: %(default)s)")
    parser.add_argument("--dtype", choices=("bf16", "fp32"), default="bf16", help="arithmetic of the encoder")
    parser.add_argument("--embed-model", default="minilm", help="as for `coderag ingest --embed-model`")
    parser.add_argument("--side", choices=("ingest", "encode", "import"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.side:
        print(json.dumps(_measure(options)))
        return
    with tempfile.TemporaryDirectory() as folder:
        options.folder = Path(folder)
        _write_rows(options.folder / "rows.jsonl", options.rows)
        idle, ingested, encoded = (_in_process(options, side) for side in ("import", "ingest", "encode"))
    _print_comparison(options, idle, ingested, encoded)


def _write_rows(path: Path, count: int) -> None:
    """Rows with gretel's columns, a schema of 2 to 4 tables each, all different."""
    chance = random.Random(0)
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            file.write(json.dumps(_row(number, chance)) + "\n")


def _row(number: int, chance: random.Random) -> dict[str, Any]:
    tables = chance.sample(_TABLES, chance.randint(2, 4))
    first, second = chance.sample(_COLUMNS, 2)
    ddl = " ".join(
        f"CREATE TABLE {table} (id INT PRIMARY KEY, name VARCHAR(50), {tables[0]}_id INT, "
        f"{first} {chance.choice(_TYPES)}, {second} {chance.choice(_TYPES)}); "
        f"INSERT INTO {table} VALUES (1, 'a', 1, {number}, 2), (2, 'b; c', 2, 3, 4);"
        for table in tables
    )
    sql = chance.choice(_SHAPES).format(t=tables[0], u=tables[1], a=first, b=second, n=number)
    question = f"Which {tables[0]} has a {first} with {second} around {number}?"
    return {"id": number, "sql_prompt": question, "sql_context": ddl, "sql": sql}


def _in_process(options: argparse.Namespace, side: str) -> dict[str, Any]:
    arguments = ["--rows", str(options.rows), "--dtype", options.dtype, "--embed-model", options.embed_model]
    arguments += ["--encode-rows", str(options.encode_rows)]
    command = [sys.executable, __file__, *arguments, "--side", side, "--folder", str(options.folder)]
    output = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return json.loads(output.splitlines()[-1])


def _measure(options: argparse.Namespace) -> dict[str, Any]:
    """Run one side in this process; imports and the loading of the encoder are not timed."""
    from ingestion import FileReader, ingest, progress_bar

    encoder = _load_encoder(options)
    encoder.embed_model.get_text_embedding_batch(["warm up"] * 8)
    texts_path, storage = options.folder / "texts.json", options.folder / "storage"
    texts = json.loads(texts_path.read_text())[: options.encode_rows] if options.side == "encode" else []
    started, started_cpu = time.perf_counter(), time.process_time()
    if options.side == "ingest":
        with progress_bar() as show:
            documents = ingest(FileReader(options.folder / "rows.jsonl"), encoder, storage, on_progress=show).kept
    else:
        documents = len(texts)
        if texts:
            encoder.embed_model._model.encode(texts, batch_size=64, normalize_embeddings=True)
    seconds, cpu_s = time.perf_counter() - started, time.process_time() - started_cpu
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if options.side == "ingest":
        _write_embedded_texts(storage, texts_path)
    return {"seconds": seconds, "cpu_s": cpu_s, "documents": documents, "peak_mb": peak_mb}


def _load_encoder(options: argparse.Namespace) -> Any:
    import torch

    from coderag_app.llm.llm_loading import load_embed_model

    encoder = load_embed_model(options.embed_model)
    encoder.embed_model._model.to(torch.bfloat16 if options.dtype == "bf16" else torch.float32)
    return encoder


def _write_embedded_texts(storage: Path, path: Path) -> None:
    """The texts that were embedded, for the other side; read after the clock was stopped."""
    (documents,) = storage.glob("generation-*/sql_rag_documents.jsonl")
    with documents.open(encoding="utf-8") as lines, path.open("w", encoding="utf-8") as file:
        for number, line in enumerate(lines):
            file.write(("[" if number == 0 else ",\n") + json.dumps(json.loads(line)["embed_view"]))
        file.write("]")


def _print_comparison(
    options: argparse.Namespace, idle: dict[str, Any], ingested: dict[str, Any], encoded: dict[str, Any]
) -> None:
    print(f"{options.rows} rows, {options.embed_model}, {options.dtype}")
    print(f"{'':32}{'documents/s':>12}{'seconds':>10}{'CPU s':>10}{'peak MB':>10}")
    print(f"{'encoder loaded, nothing done':32}{'':>32}{idle['peak_mb']:>10.0f}")
    for name, side in (("coderag ingest", ingested), ("SentenceTransformer.encode", encoded)):
        rate = side["documents"] / side["seconds"]
        print(f"{name:32}{rate:>12.0f}{side['seconds']:>10.1f}{side['cpu_s']:>10.1f}{side['peak_mb']:>10.0f}")
    speed = (ingested["documents"] / ingested["seconds"]) / (encoded["documents"] / encoded["seconds"])
    cpu = (ingested["cpu_s"] / ingested["documents"]) / (encoded["cpu_s"] / encoded["documents"])
    print(f"ingest / encode, by document: speed {speed:.2f}, CPU time {cpu:.2f}")


if __name__ == "__main__":
    main()
