"""The programming languages that are read by their syntax trees: files, grammars, queries for what is defined there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from coderag_app.errors import ConfigurationError
from coderag_app.files import yaml_beside

if TYPE_CHECKING:
    from tree_sitter import Parser, Query

CLASSES = frozenset("class interface enum struct trait impl module".split())


@dataclass(frozen=True, slots=True)
class CodeLanguage:
    """A language.

    Attributes:
        module: The package of its tree-sitter grammar.
        query: The tree-sitter query of definitions; ``calls`` that of names that are called.
        grammar: Name of the function that gives the grammar.
        comment: What a line comment begins with.
        repeats: Whether one function may be several definitions in a row (equations).
    """

    name: str
    extensions: tuple[str, ...]
    module: str
    query: str
    calls: str
    grammar: str = "language"
    comment: str = "//"
    repeats: bool = False


@lru_cache(maxsize=1)
def languages_by_extension() -> dict[str, CodeLanguage]:
    """Every language by the lower-case extensions of its files."""
    table: dict[str, dict[str, Any]] = yaml_beside(__file__, "languages.yaml")
    found = {}
    for name, fields in table.items():
        language = CodeLanguage(name=name, **{**fields, "extensions": tuple(fields["extensions"])})
        found.update(dict.fromkeys(language.extensions, language))
    return found


@lru_cache(maxsize=64)
def load_grammar(language: CodeLanguage) -> tuple[Parser, Query, Query]:
    """The tree-sitter parser of a language with its queries of definitions and of calls.

    Raises:
        ConfigurationError: The grammar is not installed.
    """
    try:
        tree_sitter: Any = import_module("tree_sitter")
        function = getattr(import_module(language.module), language.grammar)
    except ImportError as error:
        package = language.module.replace("_", "-")
        raise ConfigurationError(
            f"Reading {language.name} needs the package {package}: pip install {package}"
        ) from error
    grammar = tree_sitter.Language(function())
    return (
        tree_sitter.Parser(grammar),
        tree_sitter.Query(grammar, language.query),
        tree_sitter.Query(grammar, language.calls),
    )
