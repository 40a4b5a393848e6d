"""Python in words: pseudocode, and sentences about what a function does step by step."""

from __future__ import annotations

import ast

from finetune.synthesis.unparsing import unparsed

_OPERATORS: dict[type, str] = {
    ast.Eq: "equals",
    ast.NotEq: "differs from",
    ast.Lt: "is less than",
    ast.LtE: "is at most",
    ast.Gt: "is greater than",
    ast.GtE: "is at least",
    ast.In: "is in",
    ast.NotIn: "is not in",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.Add: "plus",
    ast.Sub: "minus",
    ast.Mult: "times",
    ast.Div: "divided by",
    ast.Mod: "modulo",
    ast.FloorDiv: "divided without remainder by",
}
_CALLS = {
    "len": "the length of {}",
    "sum": "the sum of {}",
    "sorted": "{} in sorted order",
    "reversed": "{} in reverse",
    "max": "the largest of {}",
    "min": "the smallest of {}",
    "abs": "the absolute value of {}",
    "set": "the distinct values of {}",
    "list": "a list of {}",
    "enumerate": "{} with positions",
    "int": "{} as a whole number",
    "str": "{} as text",
}


def spoken(node: ast.expr) -> str:  # noqa: C901  # a flat table of cases
    """An expression in words where there are short ones, else as code."""
    match node:
        case ast.Compare(left, [operator], [right]) if type(operator) in _OPERATORS:
            return f"{spoken(left)} {_OPERATORS[type(operator)]} {spoken(right)}"
        case ast.BinOp(left, operator, right) if type(operator) in _OPERATORS:
            return f"{_operand(left)} {_OPERATORS[type(operator)]} {_operand(right)}"
        case ast.BoolOp(operator, values):
            return (" and " if isinstance(operator, ast.And) else " or ").join(map(spoken, values))
        case ast.UnaryOp(ast.Not(), operand):
            return f"not {spoken(operand)}"
        case ast.IfExp(test, body, orelse):
            return f"{spoken(body)} if {spoken(test)}, otherwise {spoken(orelse)}"
        case ast.Call(ast.Name(called), arguments, []) if called in _CALLS and arguments:
            return _CALLS[called].format(" and ".join(map(spoken, arguments)))
        case ast.Call(ast.Attribute(value, "lower"), []):
            return f"{spoken(value)} in lower case"
        case ast.Call(ast.Attribute(value, "split"), []):
            return f"the words of {spoken(value)}"
        case ast.List([]):
            return "an empty list"
        case ast.Dict([]):
            return "an empty mapping"
        case ast.Call(ast.Name("set"), []):
            return "an empty set"
        case ast.ListComp(element, [part]) | ast.GeneratorExp(element, [part]) | ast.SetComp(element, [part]):
            limits = f" where {spoken(part.ifs[0])}" if part.ifs else ""
            return f"{spoken(element)} for each {ast.unparse(part.target)} in {spoken(part.iter)}{limits}"
    return unparsed(node)


def _operand(node: ast.expr) -> str:
    return f"({spoken(node)})" if isinstance(node, ast.BinOp) else spoken(node)


def pseudocode(function: ast.FunctionDef) -> str:
    """A function in pseudocode, one step a line."""
    parameters = ", ".join(argument.arg for argument in function.args.args)
    lines = [f"FUNCTION {function.name}({parameters})", *_block(function.body, 1), "END FUNCTION"]
    return "\n".join(lines)


def _block(body: list[ast.stmt], depth: int) -> list[str]:
    return [line for node in body for line in _step(node, depth)]


def _step(node: ast.stmt, depth: int) -> list[str]:
    indent = "    " * depth
    match node:
        case ast.If(test, body, orelse):
            lines = [f"{indent}IF {spoken(test)} THEN", *_block(body, depth + 1)]
            return lines + ([f"{indent}ELSE", *_block(orelse, depth + 1)] if orelse else []) + [f"{indent}END IF"]
        case ast.For(target, iterated, body, _):
            head = f"{indent}FOR EACH {ast.unparse(target)} IN {spoken(iterated)}"
            return [head, *_block(body, depth + 1), f"{indent}END FOR"]
        case ast.While(test, body, _):
            return [f"{indent}WHILE {spoken(test)}", *_block(body, depth + 1), f"{indent}END WHILE"]
        case ast.FunctionDef():
            return [indent + line for line in pseudocode(node).split("\n")]
    return [f"{indent}{_order(node).upper_first()}"]


class _Order(str):
    """A step as words with an order in capitals."""

    def upper_first(self) -> str:
        """The step with its first word in capitals."""
        first, _, rest = self.partition(" ")
        return f"{first.upper()} {rest}".strip()


def _order(node: ast.stmt) -> _Order:  # noqa: C901  # a flat table of cases
    match node:
        case ast.Assign([target], value):
            return _Order(f"set {ast.unparse(target).strip('()')} to {spoken(value)}")
        case ast.Assign(targets, value):
            return _Order(f"set {' and '.join(map(ast.unparse, targets))} to {spoken(value)}")
        case ast.AnnAssign(target, _, value) if value is not None:
            return _Order(f"set {ast.unparse(target)} to {spoken(value)}")
        case ast.AugAssign(target, ast.Add(), value):
            return _Order(f"add {spoken(value)} to {ast.unparse(target)}")
        case ast.AugAssign(target, ast.Sub(), value):
            return _Order(f"subtract {spoken(value)} from {ast.unparse(target)}")
        case ast.AugAssign(target, operator, value):
            spelled = ast.BinOp(ast.parse(ast.unparse(target), mode="eval").body, operator, value)
            return _Order(f"set {ast.unparse(target)} to {spoken(spelled)}")
        case ast.Return(value):
            return _Order(f"return {spoken(value)}" if value is not None else "return nothing")
        case ast.Raise(ast.Call(ast.Name(name), _)):
            return _Order(f"raise a {name}")
        case ast.Expr(ast.Call(ast.Attribute(owner, "append"), [value])):
            return _Order(f"append {spoken(value)} to {ast.unparse(owner)}")
        case ast.Expr(ast.Call(ast.Attribute(owner, "add"), [value])):
            return _Order(f"add {spoken(value)} to the set {ast.unparse(owner)}")
        case ast.Continue():
            return _Order("skip to the next turn")
        case ast.Break():
            return _Order("leave the loop")
    return _Order(f"do {ast.unparse(node)}")


def sentences(body: list[ast.stmt]) -> list[str]:
    """What a body does, one sentence a statement: orders such as "Set total to 0"."""
    told = (_sentence(node) for node in body)
    return [sentence[:1].upper() + sentence[1:] for sentence in told]


def _sentence(node: ast.stmt) -> str:
    match node:
        case ast.If(test, body, orelse):
            told = f"if {spoken(test)}, {_joined(body)}"
            return f"{told}; otherwise {_joined(orelse)}" if orelse else told
        case ast.For(target, iterated, body, _):
            return f"for each {ast.unparse(target)} in {spoken(iterated)}, {_joined(body)}"
        case ast.While(test, body, _):
            return f"as long as {spoken(test)}, {_joined(body)}"
        case ast.FunctionDef(name):
            return f"define an inner step {name}: {_joined(node.body)}"
    return str(_order(node))


def _joined(body: list[ast.stmt]) -> str:
    told = [_sentence(node) for node in body]
    return told[0] if len(told) == 1 else ", ".join(told[:-1]) + " and then " + told[-1]
