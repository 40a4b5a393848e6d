"""`coderag code`: where something is in a repository, with file and lines."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from coderag_app.text.cell_text import visible_text
from ui.cli.console import error_console, output_console
from ui.cli.options import Settings, with_settings

if TYPE_CHECKING:
    from coderag_app.code.code_index import CodeIndex
    from coderag_app.code.code_search import CodeHit
    from ingestion.repository.refresh import RefreshReport

RepoArgument = Annotated[
    Path | None, typer.Argument(help="The repository. Default: the one around this folder.", show_default=False)
]
RepoOption = Annotated[
    Path | None,
    typer.Option("--repo", "-r", metavar="DIR", help="The repository. Default: the one around this folder."),
]
FolderOption = Annotated[
    Path | None, typer.Option("--index-dir", metavar="DIR", help="Where its index lies. Default: the user's cache.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="The same as one JSON document.")]
TopOption = Annotated[int, typer.Option("--top", "-n", min=1, max=100, help="How many at most.")]
_SHOWN = 50
_SHOWN_CALLERS = 5


def index(
    repo: RepoArgument = None,
    index_dir: FolderOption = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Read every file again.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Go on, and follow every change. Ctrl-C ends it.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Build the index of a repository, or bring it up to date."""
    report = _refresh(repository_of(repo), index_dir, fresh)
    _print_report(report, as_json)
    if watch:
        from ingestion.repository.watching import watch as watched

        for report in watched(repository_of(repo), index_dir):
            if report.changed:
                _print_report(report, as_json)
            sys.stdout.flush()


def _print_report(report: RefreshReport, as_json: bool) -> None:
    if as_json:
        _print_json({**asdict(report), "folder": str(report.folder)})
        return
    _print(
        f"{report.files:,} files in {report.units:,} units: {report.read:,} read, {report.kept:,} unchanged, "
        f"{report.removed:,} removed, in {report.seconds:.2f} s"
    )
    if report.resumed:
        _print(f"{report.resumed:,} of them had been read by a build that was stopped")
    for reason, count in report.skipped.items():
        _print(f"left out: {count:,} {reason}")


def search(
    words: Annotated[str, typer.Argument(help="Words, a question, or a name.", show_default=False)],
    top: TopOption = 10,
    language: Annotated[str, typer.Option(help="Only files of this language.")] = "",
    path: Annotated[str, typer.Option(help="Only files below this folder, or of this pattern.")] = "",
    repo: RepoOption = None,
    index_dir: FolderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find the lines that some words are about."""
    from coderag_app.code.code_search import CodeSearcher

    hits = CodeSearcher(_open(repo, index_dir)).search(words, top, language, path)
    if as_json:
        _print_json([_hit_fields(hit) for hit in hits])
    else:
        for hit in hits:
            _print_hit(hit)
    if not hits:
        _nothing(f"Nothing in the repository has a word of {words!r}.")


def ask(
    question: Annotated[str, typer.Argument(help="Such as: where is the session closed?", show_default=False)],
    language: Annotated[str, typer.Option(help="Only files of this language.")] = "",
    path: Annotated[str, typer.Option(help="Only files below this folder, or of this pattern.")] = "",
    repo: RepoOption = None,
    index_dir: FolderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Answer where something is: the lines, why, who calls it, two more places; or that it is not here."""
    from coderag_app.code.code_answers import answer_code_question
    from coderag_app.code.code_search import CodeSearcher

    answer = answer_code_question(CodeSearcher(_open(repo, index_dir)), question, language, path)
    if as_json:
        _print_json({**asdict(answer), "probability": round(answer.probability, 3)})
    elif answer.best is not None:
        if not answer.here:
            _print(f"Probably not here ({answer.probability:.0%}). The nearest lines:")
        _print_hit(answer.best)
        _print(f"    why: {_reasons(answer.best)}")
        if answer.here and answer.lines:
            for number, line in enumerate(answer.lines.split("\n")[:_SHOWN], answer.best.first_line):
                _print(f"{number:>6}  {line}")
        if answer.callers:
            shown = ", ".join(f"{call.path}:{call.line}" for call in answer.callers[:_SHOWN_CALLERS])
            more = len(answer.callers) - _SHOWN_CALLERS
            _print(f"    called by: {shown}{f' and {more} more' if more > 0 else ''}")
        for hit in answer.more:
            _print(f"also {hit.place}  {hit.kind} {hit.symbol}".rstrip())
    if not answer.here:
        _nothing("" if answer.best is not None else "Not here: the repository has no word of the question.")


def symbol(
    name: Annotated[str, typer.Argument(help="Such as close, or Session.close.", show_default=False)],
    repo: RepoOption = None,
    index_dir: FolderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show where a name is defined."""
    from coderag_app.code.references import find_symbols

    found = find_symbols(_open(repo, index_dir), name)
    rows = [{"path": place.path, "language": place.language, **asdict(place.symbol)} for place in found]
    lines = (f"{place.place}  {place.symbol.kind} {place.symbol.name}  {place.symbol.signature}" for place in found)
    _print_rows(rows, lines, as_json, f"No definition of {name!r}. Look for the words: coderag code search")


def callers(
    name: Annotated[str, typer.Argument(help="Such as close, or Session.close.", show_default=False)],
    repo: RepoOption = None,
    index_dir: FolderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show which lines call a name."""
    _print_calls(name, repo, index_dir, as_json, tests_only=False)


def tests(
    name: Annotated[str, typer.Argument(help="Such as close, or Session.close.", show_default=False)],
    repo: RepoOption = None,
    index_dir: FolderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show which tests call a name."""
    _print_calls(name, repo, index_dir, as_json, tests_only=True)


def status(repo: RepoArgument = None, index_dir: FolderOption = None, as_json: JsonOption = False) -> None:
    """Show what the index of a repository holds, without bringing it up to date."""
    from coderag_app.code.code_index import CodeIndex, code_index_folder

    root = repository_of(repo)
    manifest = CodeIndex.load(index_dir or code_index_folder(root)).manifest
    facts: dict[str, Any] = {
        "repository": manifest.root,
        "index": str(index_dir or code_index_folder(root)),
        "generation": manifest.generation,
        "files": manifest.file_count,
        "units": manifest.unit_count,
        "languages": manifest.languages,
        "left_out": manifest.skipped,
    }
    if as_json:
        _print_json(facts)
        return
    for key, value in facts.items():
        shown = ", ".join(f"{name}: {count:,}" for name, count in value.items()) if isinstance(value, dict) else value
        _print(f"{key:<12}{shown}")


def verify(repo: RepoArgument = None, index_dir: FolderOption = None) -> None:
    """Check every file of the index, and that it says what the repository holds now."""
    from coderag_app.code.code_index import CodeIndex, code_index_folder
    from ingestion.repository.checking import differences

    root = repository_of(repo)
    opened = CodeIndex.load(index_dir or code_index_folder(root))
    opened.check()
    _print(f"ok  {len(opened.manifest.files)} files of {opened.manifest.generation} are as they were written")
    different = differences(opened)
    for line in different[:_SHOWN]:
        _print(line)
    if different:
        _nothing(f"{len(different)} files differ from the index. Bring it up to date: coderag code index {root}")
    _print(f"ok  {opened.manifest.file_count:,} files of the repository are as they were indexed")


def evaluate(
    questions: Annotated[Path, typer.Argument(help="JSONL file: question, and places with path, start, end.")],
    repo: RepoOption = None,
    index_dir: FolderOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure the search on questions whose places are known."""
    from coderag_app.code.code_search import CodeSearcher
    from finetune.code_search.evaluate_questions import measure, read_known_questions

    found = measure(CodeSearcher(_open(repo, index_dir)), read_known_questions(questions))
    if as_json:
        _print_json(found)
        return
    for name, value in found.items():
        _print(f"{name:<32}{value:,.0f}" if value == int(value) and value > 1 else f"{name:<32}{value:.3f}")


@with_settings("storage_dir", "database", "demo", "models", "limits")
def serve(
    settings: Settings,
    code: Annotated[
        Path | None, typer.Option("--code", "-c", metavar="DIR", help="A repository to search.", show_default=False)
    ] = None,
    index_dir: FolderOption = None,
) -> None:
    """Serve code search and a database to an assistant over stdio, by the Model Context Protocol."""
    from ui.mcp import CodeTools, DatabaseTools, build_server

    if code is None and "database" not in settings:
        code = repository_of(None)
    tools = CodeTools(code.absolute(), index_dir) if code is not None else None
    database = None
    if "database" in settings:
        from coderag_app.loading import load_query_engine

        database = DatabaseTools(load_query_engine(**settings))
    build_server(tools, database).run("stdio")


def repository_of(repo: Path | None) -> Path:
    """The repository that a command is about: what was said, or the nearest folder around this one with a ``.git``."""
    if repo is not None:
        return repo.absolute()
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / ".git").exists()), here)


def _refresh(root: Path, folder: Path | None, fresh: bool = False) -> RefreshReport:
    from ingestion.repository.refresh import refresh

    with error_console().status("Reading the repository…"):
        return refresh(root, folder, fresh)


def _open(repo: Path | None, folder: Path | None) -> CodeIndex:
    """The index, brought up to date."""
    from coderag_app.code.code_index import CodeIndex

    return CodeIndex.load(_refresh(repository_of(repo), folder).folder)


def _hit_fields(hit: CodeHit) -> dict[str, Any]:
    return {**asdict(hit), "score": round(hit.score, 4)}


def _reasons(hit: CodeHit) -> str:
    return "; ".join(f"{place}: {', '.join(words)}" for place, words in hit.why.items())


def _print_hit(hit: CodeHit) -> None:
    _print(f"{hit.place}  {hit.kind} {hit.symbol}".rstrip())
    for line in (hit.signature, hit.doc):
        if line:
            _print(f"    {line}")


def _print_calls(name: str, repo: Path | None, folder: Path | None, as_json: bool, tests_only: bool) -> None:
    from coderag_app.code.references import find_callers

    found = find_callers(_open(repo, folder), name, tests_only)
    lines = (
        f"{call.path}:{call.line}  {call.caller or '(top level)'}{'' if call.certain else '  (by name)'}"
        for call in found
    )
    of = "a test that calls" if tests_only else "a call of"
    _print_rows([asdict(call) for call in found], lines, as_json, f"Found no line with {of} {name!r}.")


def _print_rows(rows: list[dict[str, Any]], lines: Iterable[str], as_json: bool, nothing: str) -> None:
    if as_json:
        _print_json(rows)
    else:
        for line in lines:
            _print(line)
    if not rows:
        _nothing(nothing)


def _print(line: str) -> None:
    output_console().print(visible_text(line), soft_wrap=True)


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value) + "\n")


def _nothing(message: str) -> None:
    """End with exit code 1 and a message.

    Raises:
        typer.Exit: Always.
    """
    if message:
        error_console().print(visible_text(message), soft_wrap=True)
    raise typer.Exit(1)
