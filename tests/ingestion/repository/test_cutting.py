"""Files cut into units: each line in exactly one of them, whatever the file holds; symbols with their own lines."""

import json

import pytest
from code_repository import FILES
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.repository.cutting import cut_file
from ingestion.repository.languages import languages_by_extension, load_grammar

DEFINITIONS = {
    "a.py": ("@wraps(x)\ndef run():\n    pass\n", "run", 1, 3),
    "a.js": ("app.use = function use(fn) {\n  return fn;\n};\n", "use", 1, 3),
    "a.ts": ("type A = 1;\nexport const parse = (text: string) => {\n  return 1;\n};\n", "parse", 2, 4),
    "a.tsx": ("const View = () => {\n  return <b/>;\n};\n", "View", 1, 3),
    "A.java": ("class A {\n  int f() {\n    return 1;\n  }\n}\n", "A.f", 2, 4),
    "a.kt": ("class A {\n  fun f(): Int {\n    return 1\n  }\n}\n", "A.f", 2, 4),
    "a.scala": ("object A {\n  def f: Int = {\n    1\n  }\n}\n", "A.f", 2, 4),
    "a.swift": ("class A {\n  func f() -> Int {\n    return 1\n  }\n}\n", "A.f", 2, 4),
    "a.go": ("package a\nfunc (m *Mux) Use(h Handler) {\n\tm.h = h\n}\n", "Mux.Use", 2, 4),
    "a.rs": ("impl Mux {\n    fn take(&self) -> u8 {\n        1\n    }\n}\n", "Mux.take", 2, 4),
    "a.c": ("static char *join(char *a)\n{\n  return a;\n}\n", "join", 1, 4),
    "a.cpp": ("int Reader::next() {\n  return 1;\n}\n", "Reader.next", 1, 3),
    "a.h": ("namespace fmt {\nclass Writer {\n  int f() { return 1; }\n};\n}\n", "fmt.Writer.f", 3, 3),
    "a.cs": ("class A {\n  int F() {\n    return 1;\n  }\n}\n", "A.F", 2, 4),
    "a.rb": ("module A\n  def self.call\n    1\n  end\nend\n", "A.call", 2, 4),
    "a.php": ("<?php\nclass A {\n  function f() {\n    return 1;\n  }\n}\n", "A.f", 3, 5),
    "a.sh": ("trim() {\n  echo 1\n}\n", "trim", 1, 3),
    "a.lua": ("local function trim(s)\n  return s\nend\n", "trim", 1, 3),
    "a.ex": ("defmodule A do\n  def f(x) do\n    x\n  end\nend\n", "A.f", 2, 4),
    "a.hs": ("module A where\n\nsize :: Int -> Int\nsize 0 = 1\nsize n = n\n", "size", 4, 4),
    "a.zig": ("pub fn add(a: i32) i32 {\n    return a;\n}\n", "add", 1, 3),
}


def cut(path: str, text: str):
    return cut_file(path, text.encode("utf-8", "replace"), text)


def assert_every_line_is_in_one_unit(file) -> None:
    following = 1
    for unit in file.units:
        assert unit.first_line == following
        assert unit.last_line >= unit.first_line
        following = unit.last_line + 1
    assert following == file.lines + 1


@pytest.mark.parametrize("path", DEFINITIONS)
def test_a_definition_of_each_language_has_its_qualified_name_and_lines(path):
    text, name, first, last = DEFINITIONS[path]
    file, _ = cut(path, text)
    assert (name, first, last) in {(found.name, found.first_line, found.last_line) for found in file.symbols}
    assert_every_line_is_in_one_unit(file)


def test_every_grammar_loads_with_its_queries():
    names = {language.name for language in languages_by_extension().values()}
    assert len(names) >= 20
    for language in languages_by_extension().values():
        load_grammar(language)


@pytest.mark.parametrize("path", FILES)
def test_each_line_of_a_file_is_in_one_unit(path):
    assert_every_line_is_in_one_unit(cut(path, FILES[path])[0])


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["a.py", "a.js", "a.hs", "a.c", "a.rb", "a.md", "a.rst", "a.txt", "a.ipynb"]),
    st.lists(
        st.sampled_from(
            [
                "def f(x):",
                "class A:",
                "    return 1",
                "}",
                "{",
                "",
                "# a",
                '"""',
                "/*",
                "*/",
                "f = g(",
                "===",
                "end",
                "\t(",
                "é\u2028x",
            ]
        ),
        max_size=60,
    ),
)
def test_each_line_is_in_one_unit_whatever_the_syntax_is(path, lines):
    text = "\n".join(lines)
    file, units = cut(path, text)
    assert_every_line_is_in_one_unit(file)
    assert [found.unit for found in units] == list(file.units)


def test_methods_are_units_with_signature_and_documentation_and_the_class_has_the_rest():
    file, _ = cut("session.py", FILES["shop/session.py"])
    units = {unit.symbol: unit for unit in file.units if unit.signature}
    close = units["Session.close"]
    assert (close.kind, close.signature, close.doc) == (
        "function",
        "def close(self):",
        "Give the socket back to the pool.",
    )
    assert close.enclosing == "Session"
    assert units["Session"].doc == "Keeps a connection open."
    assert units["Session"].last_line < close.first_line


def test_the_comment_above_a_definition_belongs_to_it():
    file, _ = cut("cart.ts", FILES["web/cart.ts"])
    unit = next(unit for unit in file.units if unit.symbol == "addItem")
    assert (unit.first_line, unit.last_line, unit.doc) == (3, 8, "Adds an item to the cart.")


def test_a_call_names_the_innermost_function_around_it():
    file, _ = cut("session.py", FILES["shop/session.py"])
    calls = {(call.name, call.caller) for call in file.calls}
    assert {("take", "Session.open"), ("close", "shut_down"), ("sleep", "retry_with_backoff")} <= calls


def test_a_long_function_becomes_several_units_of_its_name():
    body = "\n".join(f"    x{number} = {number}" for number in range(250))
    file, _ = cut("long.py", f"def long():\n{body}\n")
    assert [unit.symbol for unit in file.units] == ["long"] * len(file.units)
    assert len(file.units) >= 3
    assert max(unit.last_line - unit.first_line for unit in file.units) < 100


def test_markdown_is_cut_by_headings_outside_of_code_blocks():
    file, _ = cut("a.md", "# One\ntext\n```\n# no heading\n```\n## Two\nmore\n")
    assert [(unit.symbol, unit.first_line, unit.last_line) for unit in file.units if unit.symbol] == [
        ("One", 1, 5),
        ("Two", 6, 7),
    ]


def test_a_notebook_is_cut_by_cells():
    cells = [{"cell_type": "code", "source": [f"load_{name}()\n"], "outputs": []} for name in "abc"]
    file, units = cut("a.ipynb", json.dumps({"cells": cells}, indent=1))
    assert [unit.kind for unit in file.units] == ["cell"] * 3
    assert [found.body for found in units] == ["load_a()\n", "load_b()\n", "load_c()\n"]
    assert_every_line_is_in_one_unit(file)


@pytest.mark.parametrize(
    "text", ["[" * 200_000, "(" * 200_000 + ")" * 200_000, "x = 1\n" * 3 + "y = '" + "z" * 30_000 + "'\n"]
)
def test_what_is_nested_too_deeply_or_too_wide_is_kept_as_lines_and_says_so(text):
    file, _ = cut("a.py", text)
    assert file.note == "too deeply nested or lines too long"
    assert {unit.kind for unit in file.units} == {"lines"}
    assert_every_line_is_in_one_unit(file)


def test_a_deep_tree_without_brackets_is_read():
    text = "x = " + "not " * 4_000 + "1\n\n\ndef after():\n    pass\n"
    assert "after" in {found.name for found in cut("a.py", text)[0].symbols}


def test_broken_syntax_is_said_and_the_rest_is_found():
    file, _ = cut("a.py", "def good():\n    pass\n\n\ndef bad(:\n    (((\n")
    assert file.note == "broken syntax"
    assert "good" in {found.name for found in file.symbols}
