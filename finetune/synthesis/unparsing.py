"""Syntax trees back to source, as people write it."""

from __future__ import annotations

import ast


def unparsed(node: ast.AST) -> str:
    """Like ``ast.unparse``, without the second parentheses around a generator that is the only argument.

    >>> unparsed(ast.parse("any(x for x in y)"))
    'any(x for x in y)'
    """
    text = ast.unparse(node)
    for part in ast.walk(node):
        match part:
            case ast.Call(_, [ast.GeneratorExp() as generator], []):
                spelled = ast.unparse(generator)
                text = text.replace(f"({spelled})", spelled)
    return text
