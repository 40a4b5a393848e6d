"""Whether the files that ship are the ones that were shipped: their hashes stand in ``SHA256SUMS`` beside them.

`cd coderag_app/bundled && sha256sum --check SHA256SUMS` says the same. After rebuilding a bundled file:

    python -m coderag_app.bundled.integrity    (or make sums)
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from coderag_app.errors import FileRefusedError, ModelError
from coderag_app.files import file_sha256, read_text, refusals_as, write_atomically

BUNDLED = Path(__file__).parent
SUMS_FILE = BUNDLED / "SHA256SUMS"
_SHIPPED = (
    "sql_model/coderag-sql.gguf",
    "sql_adapter/smollm2-sql.gguf",
    "encoder/adapter.json",
    "encoder/adapter.safetensors",
    "query_encoder/compact/card.json",
    "query_encoder/compact/encoder.gguf",
    "query_encoder/compact/tokenizer.json",
    "word_vectors.npz",
    "demo/demo.sqlite",
    "demo/examples.jsonl",
    "demo/questions.jsonl",
)
_REMEDY = "Install CodeRAG again: pip install --force-reinstall coderag"


def check_bundled(*paths: Path) -> None:
    """Refuse a bundled file that was damaged, cut or exchanged. Each is read once a process while it stays as it is.

    A file that is not listed, such as a model of the user's own, is passed over.

    Raises:
        ModelError: A file is missing or another one than shipped.
    """
    with refusals_as(ModelError, _REMEDY):
        expected = _sums(SUMS_FILE)
        for path in paths:
            wanted = expected.get(path.parent.resolve() / path.name)  # a link in its place is no other file
            if wanted is not None and (found := file_sha256(path)) != wanted:
                raise FileRefusedError(
                    f"{path} is not the file that ships with CodeRAG: its sha256 is {found}, expected {wanted}."
                )


@cache
def _sums(path: Path) -> dict[Path, str]:
    """Hash by path, of the lines ``HASH  PATH`` as sha256sum writes them."""
    lines = [line.split("  ", 1) for line in read_text(path, 100_000).splitlines() if line.strip()]
    if not lines or any(len(line) != 2 or len(line[0]) != 64 for line in lines):
        raise FileRefusedError(f"{path} does not hold lines of sha256sum.")
    return {path.parent.resolve() / name: digest for digest, name in lines}


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the hashes of the bundled files as they are now."""
    summary = f"Hash the bundled files as they are now and write {SUMS_FILE}."
    argparse.ArgumentParser(description=summary).parse_args(arguments)
    write_atomically(SUMS_FILE, "".join(f"{file_sha256(BUNDLED / name)}  {name}\n" for name in _SHIPPED))
    SUMS_FILE.chmod(0o644)
    sys.stdout.write(f"{len(_SHIPPED)} hashes written to {SUMS_FILE}\n")


if __name__ == "__main__":
    main()
