"""The project's own small functions, read as source: what the Python rules start from."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from finetune.synthesis.unparsing import unparsed

SEEDS_DIRECTORY = Path(__file__).parent / "seeds"


@dataclass(frozen=True, slots=True)
class SeedFunction:
    """A function with its documentation taken apart.

    Attributes:
        name: Unique over all seeds.
        topic: Name of the file, e.g. ``strings``.
        source: Imports and function without the docstring, as ``ast.unparse`` writes it.
        documented: The same with its docstring.
        summary: First line of the docstring, an imperative sentence with its full stop.
        method: How it works: sentences that begin with a verb in the third person.
        calls: Arguments of the examples.
    """

    name: str
    topic: str
    source: str
    documented: str
    summary: str
    method: str
    calls: tuple[tuple[Any, ...], ...]
    parameters: tuple[tuple[str, str], ...]
    returns: str

    @property
    def tree(self) -> ast.Module:
        """A fresh syntax tree of ``source``, free to be changed."""
        return ast.parse(self.source)


def function_of(tree: ast.Module) -> ast.FunctionDef:
    """The last function of a module: its main one."""
    return [node for node in tree.body if isinstance(node, ast.FunctionDef)][-1]


@lru_cache(maxsize=2)
def load_seeds(directory: Path = SEEDS_DIRECTORY) -> tuple[SeedFunction, ...]:
    """Every function of every file, in order of file name."""
    seeds: list[SeedFunction] = []
    for path in sorted(directory.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                seeds.append(_read(node, imports, path.stem))
    return tuple(seeds)


def _read(function: ast.FunctionDef, imports: list[ast.Import | ast.ImportFrom], topic: str) -> SeedFunction:
    docstring = ast.get_docstring(function) or ""
    summary, method, examples = docstring.split("\n\n")
    used = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
    needed = [part for node in imports if (part := _needed_part(node, used))]
    documented = with_imports(needed, unparsed(function))
    bare = ast.parse(ast.unparse(function)).body[0]
    assert isinstance(bare, ast.FunctionDef)  # noqa: S101  # it was one before it was printed
    bare.body = bare.body[1:]
    return SeedFunction(
        function.name,
        topic,
        with_imports(needed, unparsed(bare)),
        documented,
        summary.strip(),
        " ".join(method.split()),
        _example_calls(examples, function.name),
        tuple((a.arg, ast.unparse(a.annotation) if a.annotation else "") for a in function.args.args),
        ast.unparse(function.returns) if function.returns else "",
    )


def _needed_part(node: ast.Import | ast.ImportFrom, used: set[str]) -> str:
    names = [alias for alias in node.names if (alias.asname or alias.name).split(".")[0] in used]
    if not names:
        return ""
    if isinstance(node, ast.Import):
        return ast.unparse(ast.Import(names))
    return ast.unparse(ast.ImportFrom(node.module, names, node.level))


def with_imports(imports: list[str], code: str) -> str:
    """Code below its imports, with the two blank lines of the style guide."""
    return "\n".join(imports) + "\n\n\n" + code if imports else code


def _example_calls(examples: str, name: str) -> tuple[tuple[Any, ...], ...]:
    calls: list[tuple[Any, ...]] = []
    for line in examples.splitlines():
        if line.strip().startswith(">>>"):
            parsed = ast.parse(line.strip()[3:].strip())
            for node in ast.walk(parsed):
                if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
                    calls.append(tuple(ast.literal_eval(argument) for argument in node.args))
    return tuple(calls)
