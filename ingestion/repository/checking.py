"""Compares an index of a repository with the repository, by content."""

from __future__ import annotations

import hashlib

from coderag_app.code.code_index import CodeIndex
from ingestion.repository.file_choice import choose_files, read_source


def differences(index: CodeIndex) -> list[str]:
    """What an index says of files otherwise than the repository, a line each. Every file is read, whatever its dates.

    Raises:
        IngestionError: The repository is gone.
    """
    indexed = {file.path: file.sha256 for file in index.files()}
    found: dict[str, str] = {}
    for file in choose_files(index.root).files:
        content, _, reason = read_source(index.root, file)
        if not reason:
            found[file.path] = hashlib.sha256(content).hexdigest()
    changed = [f"changed  {path}" for path in sorted(found.keys() & indexed.keys()) if found[path] != indexed[path]]
    added = [f"new      {path}" for path in sorted(found.keys() - indexed.keys())]
    return [*changed, *added, *(f"gone     {path}" for path in sorted(indexed.keys() - found.keys()))]
