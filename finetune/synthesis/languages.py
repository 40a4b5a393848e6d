"""The programming languages that a corpus is read in: their files, grammars, and what a function or class is there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

from coderag_app.errors import ConfigurationError

if TYPE_CHECKING:
    from tree_sitter import Parser


@dataclass(frozen=True, slots=True)
class CodeLanguage:
    """A language.

    Attributes:
        module: The package of its tree-sitter grammar.
        functions: Node types of functions and methods; ``classes`` likewise.
        grammar: Name of the function that gives the grammar.
        comment: What a line comment begins with.
    """

    name: str
    extensions: tuple[str, ...]
    module: str
    functions: tuple[str, ...]
    classes: tuple[str, ...] = ()
    grammar: str = "language"
    comment: str = "//"


_SCRIPT_FUNCTIONS = ("function_declaration", "generator_function_declaration", "method_definition")

LANGUAGES = (
    CodeLanguage(
        "python", (".py",), "tree_sitter_python", ("function_definition",), ("class_definition",), comment="#"
    ),
    CodeLanguage(
        "javascript", (".js", ".mjs", ".jsx"), "tree_sitter_javascript", _SCRIPT_FUNCTIONS, ("class_declaration",)
    ),
    CodeLanguage(
        "typescript",
        (".ts",),
        "tree_sitter_typescript",
        _SCRIPT_FUNCTIONS,
        ("class_declaration", "interface_declaration"),
        "language_typescript",
    ),
    CodeLanguage(
        "java",
        (".java",),
        "tree_sitter_java",
        ("method_declaration", "constructor_declaration"),
        ("class_declaration", "interface_declaration", "enum_declaration"),
    ),
    CodeLanguage("go", (".go",), "tree_sitter_go", ("function_declaration", "method_declaration")),
    CodeLanguage(
        "rust",
        (".rs",),
        "tree_sitter_rust",
        ("function_item",),
        ("struct_item", "enum_item", "trait_item", "impl_item"),
    ),
    CodeLanguage("c", (".c", ".h"), "tree_sitter_c", ("function_definition",), ("struct_specifier",)),
    CodeLanguage(
        "cpp", (".cpp", ".cc", ".cxx", ".hpp"), "tree_sitter_cpp", ("function_definition",), ("class_specifier",)
    ),
    CodeLanguage(
        "csharp",
        (".cs",),
        "tree_sitter_c_sharp",
        ("method_declaration", "constructor_declaration"),
        ("class_declaration", "interface_declaration", "record_declaration"),
    ),
    CodeLanguage(
        "ruby", (".rb",), "tree_sitter_ruby", ("method", "singleton_method"), ("class", "module"), comment="#"
    ),
    CodeLanguage(
        "php",
        (".php",),
        "tree_sitter_php",
        ("function_definition", "method_declaration"),
        ("class_declaration", "interface_declaration"),
        "language_php",
    ),
)
BY_EXTENSION = {extension: language for language in LANGUAGES for extension in language.extensions}


@lru_cache(maxsize=32)
def load_parser(language: CodeLanguage) -> Parser:
    """The tree-sitter parser of a language.

    Raises:
        ConfigurationError: The grammar is not installed.
    """
    try:
        tree_sitter: Any = import_module("tree_sitter")
        grammar = getattr(import_module(language.module), language.grammar)
    except ImportError as error:
        package = language.module.replace("_", "-")
        raise ConfigurationError(
            f"Reading {language.name} needs the package {package}: pip install coderag[train]"
        ) from error
    parser: Parser = tree_sitter.Parser(tree_sitter.Language(grammar()))
    return parser
