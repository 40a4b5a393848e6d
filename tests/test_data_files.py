"""Word lists, wordings and tables of phrases: YAML that ships beside the code that reads it."""

from pathlib import Path

import pytest
import yaml

from coderag_app.files import yaml_beside

ROOT = Path(__file__).parent.parent
FILES = [
    path for package in ("coderag_app", "ingestion", "finetune", "ui") for path in (ROOT / package).rglob("*.yaml")
]


def named_twice(node: yaml.Node) -> list[str]:
    """Keys that stand twice in one mapping, which YAML would read as the last one alone."""
    found: list[str] = []
    if isinstance(node, yaml.MappingNode):
        keys = [key.value for key, _ in node.value]
        found += [key for key in set(keys) if keys.count(key) > 1]
        found += [key for _, value in node.value for key in named_twice(value)]
    elif isinstance(node, yaml.SequenceNode):
        found += [key for part in node.value for key in named_twice(part)]
    return found


def what_is_no_text(value: object) -> list[object]:
    """Values that are neither texts, numbers, true, false nor null."""
    if isinstance(value, dict):
        return [odd for part in (*value.keys(), *value.values()) for odd in what_is_no_text(part)]
    if isinstance(value, list):
        return [odd for part in value for odd in what_is_no_text(part)]
    return [] if value is None or isinstance(value, str | int | float) else [value]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_data_file_is_sound_and_is_read(path: Path) -> None:
    assert named_twice(yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.BaseLoader)) == []
    content = yaml_beside(str(path), path.name)
    assert content and what_is_no_text(content) == []
    readers = [module for folder in (path.parent, path.parent.parent) for module in folder.glob("*.py")]
    names = (path.name, f'"{path.parent.name}"')  # the file, or a folder of which all files are read
    assert any(name in module.read_text(encoding="utf-8") for module in readers for name in names)


def test_bare_words_are_texts(tmp_path: Path) -> None:
    words = "words: [no, on, off, yes, y, 2024-01-01, true, 3, 0.5, null]\n"
    (tmp_path / "words.yaml").write_text(words, encoding="utf-8")
    read = yaml_beside(str(tmp_path / "module.py"), "words.yaml")
    assert read == {"words": ["no", "on", "off", "yes", "y", "2024-01-01", True, 3, 0.5, None]}
    assert named_twice(yaml.compose("a: {b: 1, b: 2}", Loader=yaml.BaseLoader)) == ["b"]
