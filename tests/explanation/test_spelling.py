"""Expressions as text, read back: brackets are where they have to be."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflow.document import loads
from dataflow.execution import execute
from dataflow.explanation.expressions import KEPT, Call, Expression, Name, fold
from dataflow.explanation.markdown import LatexSpelling, quote, spell_name
from dataflow.explanation.spelling import GraphSpelling, PlainSpelling, Spelling

NUMBERS = {"a": 1.25, "b": -0.5, "c": 3.0}
FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "add": operator.add, "subtract": operator.sub, "multiply": operator.mul, "divide": operator.truediv,
    "pow": operator.pow, "negative": operator.neg, "exp": math.exp,
}  # fmt: skip
ARITIES = {"add": 2, "subtract": 2, "multiply": 2, "divide": 2, "negative": 1}


def make_call(operands: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    calls = [
        st.builds(lambda op, *items: Call(op, items), st.just(op), *[operands] * arity) for op, arity in ARITIES.items()
    ]
    powers = st.builds(lambda base, power: Call("pow", (base, power)), operands, st.sampled_from([2, 3]))
    return st.one_of(*calls, powers)


LEAVES = st.one_of(st.sampled_from([Name(name) for name in NUMBERS]), st.sampled_from([2, -3, 0.5]))
EXPRESSIONS = st.recursive(LEAVES, make_call, max_leaves=12)


def evaluate(expression: Expression) -> float:
    try:
        found = fold(
            expression,
            lambda item: NUMBERS[item.text] if isinstance(item, Name) else item,
            lambda call, operands: FUNCTIONS[call.op](*operands),
        )
    except (ZeroDivisionError, OverflowError):
        return math.nan
    return float(found)


def is_same(text: str, expression: Expression, names: Mapping[str, Any]) -> bool:
    for power in range(2, 10):
        text = text.replace("⁰¹²³⁴⁵⁶⁷⁸⁹"[power], f" ** {power}")
    expected = evaluate(expression)
    if expected != expected or abs(expected) > 1e100:
        return True
    found = eval(text.replace("·", "*"), {"exp": math.exp}, dict(names))
    return math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-9 * (1 + abs(expected)))


@given(EXPRESSIONS)
def test_brackets_are_where_they_have_to_be(expression: Expression) -> None:
    assert is_same(Spelling(repr).write(expression), expression, NUMBERS)
    assert is_same(Spelling(repr).write(expression, NUMBERS), expression, {})
    assert is_same(PlainSpelling(repr).write(expression), expression, NUMBERS)


@given(EXPRESSIONS)
def test_a_graph_reads_its_own_spelling(expression: Expression) -> None:
    expected = evaluate(expression)
    if not isinstance(expression, Call) or expected != expected:
        return
    text = GraphSpelling(repr).write(expression)
    inputs = ", ".join(f"{name}: {number}" for name, number in NUMBERS.items())
    found = execute(loads(f'{{dataflow: 1, inputs: {{{inputs}}}, nodes: {{J: "{text}"}}}}')).values["J"]
    assert math.isclose(found, expected, rel_tol=1e-12) or found == expected


TEXTS = [
    (Call("matmul", (Call("matrix_transpose", (Name("X"),)), Name("g"))), "Xᵀ @ g", "matrix_transpose(X) @ g"),
    (Call("multiply", (Name("a"), Call("matmul", (Name("b"), Name("c"))))), "a · (b @ c)", "a * (b @ c)"),
    (Call("sum", (Name("a"),), {"axis": (0,)}), "sum(a, axis=0)", "sum(a, axis=0)"),
    (Call("sum", (Name("a"),), {"axis": (0, 1)}), "sum(a, axis=[0, 1])", "sum(a, axis=[0, 1])"),
    (Call("getitem", (Name("a"),), {"key": ("0", "1:")}), "a[0, 1:]", "a[0, 1:]"),
    (Call(KEPT, (Call("greater", (Name("x"), -1)), Name("g"), 0)), "g · [x > -1]", "where(x > -1, g, 0)"),
    (Call("multiply", (math.pi, Name("a"))), "pi · a", "pi * a"),
    (Call("divide", (Name("a"), Call("divide", (Name("b"), Name("c"))))), "a / (b / c)", "a / (b / c)"),
]


@pytest.mark.parametrize(("expression", "text", "graph"), TEXTS, ids=[row[1] for row in TEXTS])
def test_texts(expression: Expression, text: str, graph: str) -> None:
    assert Spelling(repr).write(expression) == text
    assert GraphSpelling(repr).write(expression) == graph


LATEX = [
    (Call("divide", (Name("g"), Call("sqrt", (Name("x1"),)))), r"\dfrac{g}{\sqrt{x_{1}}}"),
    (Call("pow", (Call("add", (Name("a"), 1)), 2)), r"\left(a + 1\right)^{2}"),
    (Call("multiply", (Name("dlog_length"), -2)), r"\mathit{dlog}_{\mathit{length}} \cdot \left(-2\right)"),
    (Call("exp", (Call("negative", (Name("x"),)),)), "e^{-x}"),
    (Call("multiply", (Name("g"), 1e-17)), r"g \cdot 1 \cdot 10^{-17}"),
    (Call("log_softmax", (Name("x"),), {"axis": -1}), r"\text{log-softmax}\left(x, \text{axis=-1}\right)"),
    (Call(KEPT, (Call("less", (Name("x"), 0)), Name("g"), 0)), r"g \cdot \left[x \lt 0\right]"),
    (Call("matmul", (Call("matrix_transpose", (Name("X"),)), Name("图"))), r"X^{\mathsf{T}} \mathbin{@} \text{图}"),
    (Call("multiply", (math.inf, Name("x"))), r"\infty \cdot x"),
    (
        Call("einsum", (Name("x"),), {"equation": "i_j->^$"}),
        r"\mathrm{einsum}\left(x, \text{equation='i＿j-＞＾＄'}\right)",
    ),
]


@pytest.mark.parametrize(("expression", "latex"), LATEX, ids=[row[1] for row in LATEX])
def test_latex(expression: Expression, latex: str) -> None:
    from dataflow.cli.table import describe

    assert LatexSpelling(describe, {}).write(expression) == latex


def test_names_that_would_look_alike_do_not() -> None:
    spelling = LatexSpelling(str, {"x1": 1, "x_1": 2, "x": 3})
    assert [spelling.name(name).text for name in ("x1", "x_1", "x")] == ["x_{1}", r"\text{x＿1}", "x"]
    assert spell_name("_") == r"\text{-}" or spell_name("_") == "-"


def test_a_stranger_cannot_write_markdown() -> None:
    assert quote("<img> [x](y) `z` $a$ *b* _c_ #d ~e~ |f| &g;") == (
        r"\<img\> \[x\](y) \`z\` \$a\$ \*b\* \_c\_ \#d \~e\~ \|f\| \&g;"
    )
