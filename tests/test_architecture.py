"""The arrows between the packages, the weight of starting up, and that the project speaks of itself alone."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ALLOWED = {
    "coderag_app": set(),
    "ingestion": {"coderag_app"},
    "finetune": {"coderag_app", "ingestion"},
    "ui": {"coderag_app"},
}


def imported_packages(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module.split(".")[0])
    return names


def top_level(tree: ast.Module) -> ast.Module:
    """The module without the bodies of its functions and what only type checkers read: what runs on import."""
    apart = (ast.FunctionDef, ast.ClassDef)
    typing_only = [node for node in tree.body if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)]
    return ast.Module([node for node in tree.body if not isinstance(node, apart) and node not in typing_only], [])


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_a_package_imports_only_what_its_place_allows(package):
    modules = sorted((ROOT / package).rglob("*.py"))
    assert modules
    for path in modules:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if "cli" in path.parts:
            tree = top_level(tree)  # the command line may reach its siblings inside its handlers
        siblings = imported_packages(tree) & (set(ALLOWED) - {package})
        assert siblings <= ALLOWED[package], f"{path.relative_to(ROOT)} imports {siblings - ALLOWED[package]}"


def test_the_command_line_starts_without_the_heavy_libraries():
    code = (
        "import sys, coderag_app.cli; print(sorted({'torch', 'llama_index', 'faiss', 'streamlit'} & set(sys.modules)))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert result.stdout.strip() == "[]"


def test_no_file_is_read_with_pickle():
    for path in sorted(ROOT.glob("*/**/*.py")):
        if ".venv" in path.parts or "tests" in path.parts:
            continue
        text = path.read_text(encoding="utf-8")
        assert "import pickle" not in text and "allow_pickle=True" not in text, path
