"""What the documentation names exists: linked files and headings, paths, modules, and targets of make."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted(
    [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "storage/README.md", ROOT / "LICENSES/README.md"],
    key=lambda page: page.relative_to(ROOT).as_posix(),
)
LOG = "experiments.md"  # its entries name files as they were called on their day
PACKAGES = ("coderag_app", "ingestion", "finetune", "ui")
PATH = re.compile(r"`?(?:\.\./)?((?:coderag_app|ingestion|finetune|ui|tests|benchmarks|docs)/[\w./*-]*)")
MODULE = re.compile(r"\bpython -m ((?:coderag_app|ingestion|finetune|ui)(?:\.\w+)*)")
TARGET = re.compile(r"(?:^|`)make ([a-z][a-z-]*)", re.MULTILINE)
LINK = re.compile(r"\]\(([^)\s]+)\)")


def heading_anchors(page: Path) -> set[str]:
    """The anchors that GitHub gives a page's headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page: Path) -> list[str]:
    broken = []
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        path, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", link):
            continue
        target = page.parent / path if path else page
        if not target.exists() or (anchor and anchor not in heading_anchors(target)):
            broken.append(link)
    return broken


def missing_paths(text: str) -> list[str]:
    return [path for path in PATH.findall(text) if not list(ROOT.glob(path.rstrip("./")))]


def missing_modules(text: str) -> list[str]:
    files = {name: ROOT / name.replace(".", "/") for name in MODULE.findall(text)}
    return [name for name, path in files.items() if not (path.with_suffix(".py").is_file() or path.is_dir())]


def missing_targets(text: str) -> set[str]:
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    return set(TARGET.findall(text)) - targets


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_path_module_and_target_of_a_page_exists(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert broken_links(page) == []
    assert missing_targets(text) == set()
    if page.name != LOG:
        assert missing_paths(text) == []
        assert missing_modules(text) == []


def test_what_does_not_exist_is_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A title: `here`\n[a](page.md#a-title-here) [b](gone.md) [c](#gone) [d](https://example.org/x)\n")
    assert broken_links(page) == ["gone.md", "#gone"]
    assert missing_paths("`tests/test_documentation.py`, `coderag_app/gone.py`, `tests/cases/*.sql`") == [
        "coderag_app/gone.py"
    ]
    assert missing_modules("`python -m finetune.evaluation.results RUN` and python -m finetune.gone") == [
        "finetune.gone"
    ]
    assert missing_targets("`make demo`\nmake gone\n") == {"gone"}


def test_the_readme_is_read_in_one_go() -> None:
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) <= 150


@pytest.mark.parametrize("package", PACKAGES)
def test_every_folder_of_a_package_says_what_it_holds(package: str) -> None:
    for init in (ROOT / package).rglob("__init__.py"):
        assert init.read_text(encoding="utf-8").startswith('"""'), init
