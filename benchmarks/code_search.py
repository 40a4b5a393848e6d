"""Time, memory and hits of code search over many repositories, each in a process of its own.

    python benchmarks/code_search.py CORPORA/index.json --data FOLDER --part search --out run.jsonl

CORPORA/index.json maps names to folders; FOLDER holds ``queries.jsonl`` or ``swe_qa.jsonl`` with ``repo``, ``id`` and
``query`` or ``question``. The run file has a line a query: repo, id, and results with path, start, end and score.
"""

from __future__ import annotations

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from coderag_app.code.code_index import CodeIndex
from coderag_app.code.code_search import CodeSearcher
from ingestion.repository.refresh import open_code_index, refresh

_FILES = {"search": "queries.jsonl", "swe": "swe_qa.jsonl"}


def read_questions(folder: Path, part: str) -> dict[str, list[tuple[str, str]]]:
    """Id and text of every question, by repository."""
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for line in (folder / _FILES[part]).read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        found[row["repo"]].append((row["id"], row.get("query") or row["question"]))
    return found


def measure_one(name: str, root: Path, folder: Path, part: str, out: Path) -> dict[str, float]:
    """Index one repository, ask its questions, save one file; writes the run's lines."""
    with tempfile.TemporaryDirectory() as work:
        used = time.process_time()
        refresh(root, Path(work) / "index")
        figures = {"index_cpu_s": time.process_time() - used}
        searcher = CodeSearcher(CodeIndex.load(Path(work) / "index"))
        searcher.search("warm up")
        times = []
        with out.open("w", encoding="utf-8") as lines:
            for key, text in read_questions(folder, part)[name]:
                taken = []
                for _ in range(3):  # the least of them: other work shares the core
                    started = time.perf_counter()
                    hits = searcher.search(text)
                    taken.append(1000 * (time.perf_counter() - started))
                times.append(min(taken))
                results = [
                    {"path": hit.path, "start": hit.first_line, "end": hit.last_line, "score": hit.score}
                    for hit in hits
                ]
                lines.write(json.dumps({"repo": name, "id": key, "results": results}) + "\n")
        figures["query_ms"] = statistics.median(times)
        figures["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        figures["saved_ms"] = saved_and_found_ms(root, Path(work))
    return figures


def saved_and_found_ms(root: Path, work: Path) -> float:
    """How long it takes until what was written into a file is found."""
    copy = work / "copy"
    shutil.copytree(root, copy, symlinks=True, ignore_dangling_symlinks=True)
    index = open_code_index(copy, work / "copied")
    path = copy / next(file.path for file in index.files() if file.symbols)
    time.sleep(2.1)  # files that were written just now are read again, whatever their dates say
    refresh(copy, work / "copied")
    taken = []
    for number in range(3):
        with path.open("a", encoding="utf-8") as file:
            file.write(f"\n# quokkas{number} arrive\n")
        started = time.perf_counter()
        hits = CodeSearcher(open_code_index(copy, work / "copied")).search(f"quokkas{number}")
        taken.append(1000 * (time.perf_counter() - started))
        assert hits and hits[0].path == path.relative_to(copy).as_posix()
    return min(taken)


def main() -> None:
    """Measure each repository in its own process and print the means."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("corpora", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--part", choices=list(_FILES), default="search")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", default="", help="one repository, in this process")
    options = parser.parse_args()
    places = json.loads(options.corpora.read_text(encoding="utf-8"))
    if options.only:
        figures = measure_one(options.only, Path(places[options.only]), options.data, options.part, options.out)
        print(json.dumps(figures))
        return
    rows = []
    with options.out.open("w", encoding="utf-8") as out, tempfile.TemporaryDirectory() as work:
        for name in sorted(read_questions(options.data, options.part)):
            part = Path(work) / "part.jsonl"
            command = [sys.executable, __file__, str(options.corpora), "--data", str(options.data), "--only", name]
            done = subprocess.run(
                [*command, "--part", options.part, "--out", str(part)], capture_output=True, check=True
            )
            figures = json.loads(done.stdout)
            print(f"{name:<20}", "  ".join(f"{key} {value:.2f}" for key, value in figures.items()), flush=True)
            out.write(part.read_text(encoding="utf-8"))
            rows.append(figures)
    for key in rows[0]:
        values = [row[key] for row in rows]
        print(
            f"{key:<12} mean {statistics.mean(values):.2f}  p50 {statistics.median(values):.2f}  top {max(values):.2f}"
        )


if __name__ == "__main__":
    main()
