"""The arrows between the packages, the weight of starting up, and that the project speaks of itself alone."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ALLOWED = {
    "coderag_app": set(),
    "ingestion": {"coderag_app"},
    "finetune": {"coderag_app", "ingestion"},
    "ui": {"coderag_app", "ingestion", "finetune"},
}


def imported_packages(tree: ast.AST) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            names.add(node.module.split(".")[0])
    return names


def rooms_needed(package: str) -> dict[str, set[str]]:
    """For each room of a package (a folder or module in it) the other rooms that it imports when it runs."""
    needed: dict[str, set[str]] = {}
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT / package).with_suffix("").parts
        if parts[0].startswith("__"):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        typing_only = {
            id(node)
            for branch in ast.walk(tree)
            if isinstance(branch, ast.If) and "TYPE_CHECKING" in ast.dump(branch.test)
            for node in ast.walk(branch)
        }
        modules = [
            node.module or ""
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom) and node.level == 0 and id(node) not in typing_only
        ]
        rooms = {module.split(".")[1] for module in modules if module.startswith(f"{package}.")}
        needed.setdefault(parts[0], set()).update(rooms - {parts[0]})
    return needed


@pytest.mark.parametrize("package", ["coderag_app"])
def test_no_two_rooms_need_each_other(package):
    needed = rooms_needed(package)
    assert len(needed) > 10
    while free := [room for room, others in needed.items() if not others & set(needed)]:
        for room in free:
            del needed[room]
    assert needed == {}, "rooms in circles, with what they import"


def test_rooms_stand_in_the_documentation_below_the_rooms_that_they_import():
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    table = text[text.index("| room | holds |") :].split("\n\n")[0]
    rows = [re.findall(r"`(\w+)`", line.split("|")[1]) for line in table.splitlines()[2:]]
    needed = rooms_needed("coderag_app")
    assert sorted(room for row in rows for room in row) == sorted(needed)
    above: set[str] = set()
    for row in rows:
        above |= set(row)
        for room in row:
            assert needed[room] & set(needed) <= above, f"{room} imports a room below it"


@pytest.mark.parametrize("package", sorted(ALLOWED))
def test_a_package_imports_only_what_its_place_allows(package):
    modules = sorted((ROOT / package).rglob("*.py"))
    assert modules
    for path in modules:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        siblings = imported_packages(tree) & (set(ALLOWED) - {package})
        assert siblings <= ALLOWED[package], f"{path.relative_to(ROOT)} imports {siblings - ALLOWED[package]}"


def named_twice(names: list[tuple[str, str]]) -> dict[str, list[str]]:
    """Names that stand in more than one place, with the places."""
    places: dict[str, list[str]] = {}
    for name, place in names:
        places.setdefault(name, []).append(place)
    return {name: found for name, found in places.items() if len(found) > 1}


def test_no_two_modules_and_no_two_public_classes_have_one_name():
    paths = [path for package in ALLOWED for path in sorted((ROOT / package).rglob("*.py"))]
    modules = [(path.stem, str(path.relative_to(ROOT))) for path in paths if not path.stem.startswith("__")]
    assert len(modules) > 400
    assert named_twice(modules) == {}
    classes = [
        (node.name, str(path.relative_to(ROOT)))
        for path in paths
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    ]
    assert len(classes) > 300
    assert named_twice(classes) == {}
    assert named_twice([("files", "a/files.py"), ("rows", "a/rows.py"), ("files", "b/files.py")]) == {
        "files": ["a/files.py", "b/files.py"]
    }


def test_the_command_line_starts_without_the_heavy_libraries():
    code = "import sys, ui.cli; print(sorted({'torch', 'llama_index', 'faiss', 'streamlit'} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert result.stdout.strip() == "[]"


def test_no_file_is_read_with_pickle():
    for path in sorted(ROOT.glob("*/**/*.py")):
        if ".venv" in path.parts or "tests" in path.parts:
            continue
        text = path.read_text(encoding="utf-8")
        assert "import pickle" not in text and "allow_pickle=True" not in text, path
