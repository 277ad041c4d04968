"""An expression becomes nodes or is refused with what was meant; nothing in it is ever evaluated."""

from __future__ import annotations

import math
import warnings
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dataflow.document.expressions import MAX_OPERATIONS, analyse, locate_part, parse
from dataflow.errors import KEY, Diagnostic, GraphError
from dataflow.graph import Node
from dataflow.registry import standard

OPERATORS = standard()

Plain = list[tuple[str, str, tuple[Any, ...]]]


def nodes_of(text: str) -> list[tuple[str, Node]]:
    return parse(text, "J", OPERATORS)


def plain(text: str) -> Plain:
    return [(name, node.op, node.inputs) for name, node in nodes_of(text)]


def refuse(text: str) -> Diagnostic:
    with pytest.raises(GraphError) as caught:
        nodes_of(text)
    (problem,) = caught.value.diagnostics
    assert problem.path == ("nodes", "J")
    assert problem.node == "J"
    assert problem.span is not None
    assert 0 <= problem.span[0] <= problem.span[1] <= len(text) + 1
    return problem


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a", [("J", "identity", ("a",))]),
        ("3", [("J", "identity", (3,))]),
        ("-3", [("J", "identity", (-3,))]),
        ("-1e-3", [("J", "identity", (-0.001,))]),
        (".5 + 5.", [("J", "add", (0.5, 5.0))]),
        ("0x1F + 0o17 + 0b11", [("J#1", "add", (31, 15)), ("J", "add", ("J#1", 3))]),
        ("1_000 * a", [("J", "multiply", (1000, "a"))]),
        ("pi", [("J", "identity", (math.pi,))]),
        ("-inf", [("J", "identity", (-math.inf,))]),
        ("1" + "0" * 30, [("J", "identity", (1e30,))]),
        ("9223372036854775807", [("J", "identity", (2**63 - 1,))]),
        ("9223372036854775808", [("J", "identity", (2.0**63,))]),
        ("((a))", [("J", "identity", ("a",))]),
        (" a\n+\tb ", [("J", "add", ("a", "b"))]),
        ("a - b", [("J", "subtract", ("a", "b"))]),
        ("a / b", [("J", "divide", ("a", "b"))]),
        ("a @ b", [("J", "matmul", ("a", "b"))]),
        ("a ** -b", [("J#1", "negative", ("b",)), ("J", "pow", ("a", "J#1"))]),
        ("-a ** 2", [("J#1", "pow", ("a", 2)), ("J", "negative", ("J#1",))]),
        ("2 ** 3 ** a", [("J#1", "pow", (3, "a")), ("J", "pow", (2, "J#1"))]),
        ("--3", [("J", "negative", (-3,))]),
        ("+a", [("J", "positive", ("a",))]),
        ("a < b", [("J", "less", ("a", "b"))]),
        ("a <= b", [("J", "less_equal", ("a", "b"))]),
        ("a > b", [("J", "greater", ("a", "b"))]),
        ("a >= b", [("J", "greater_equal", ("a", "b"))]),
        ("a == b", [("J", "equal", ("a", "b"))]),
        ("a != 1", [("J", "not_equal", ("a", 1))]),
        ("3 * (a + u)", [("J#1", "add", ("a", "u")), ("J", "multiply", (3, "J#1"))]),
        ("a * b + c * d",
         [("J#1", "multiply", ("a", "b")), ("J#2", "multiply", ("c", "d")), ("J", "add", ("J#1", "J#2"))]),
        ("exp(a + 1)", [("J#1", "add", ("a", 1)), ("J", "exp", ("J#1",))]),
        ("concat([a, b])", [("J", "concat", ("a", "b"))]),
        ("concat((a, b), axis=0)", [("J", "concat", ("a", "b"))]),
        ("concat(a, b)", [("J", "concat", ("a", "b"))]),
        ("where(y=a, condition=b, x=c)", [("J", "where", ("b", "c", "a"))]),
        ("pow(y=a)", [("J", "pow", (None, "a"))]),
        ("exp()", [("J", "exp", ())]),
        ("unknown(a, [b, c], k=1)", [("J", "unknown", ("a", "b", "c"))]),
        ("a[i]", [("J", "take", ("a", "i"))]),
        ("a[i + 1]", [("J#1", "add", ("i", 1)), ("J", "take", ("a", "J#1"))]),
        ("α + 数", [("J", "add", ("α", "数"))]),
    ],
)  # fmt: skip
def test_form(text: str, expected: Plain) -> None:
    assert plain(text) == expected


def test_numbers_keep_their_type_and_sign() -> None:
    for text in ("3", "3.0", "-0.0", "1e-300", "-3"):
        (number,) = nodes_of(text)[0][1].inputs
        assert repr(number) == text
    assert math.isnan(nodes_of("nan")[0][1].inputs[0])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("a[0]", (0,)), ("a[-1, 2]", (-1, 2)), ("a[1:3]", ("1:3",)), ("a[:]", (":",)), ("a[::-2]", ("::-2",)),
        ("a[1:, :2]", ("1:", ":2")), ("a[..., 0]", ("...", 0)), ("a[None]", (None,)), ("a[0][1]", (1,)),
        ("(a + b)[0]", (0,)),
    ],
)  # fmt: skip
def test_index(text: str, key: tuple[Any, ...]) -> None:
    _, node = nodes_of(text)[-1]
    assert (node.op, dict(node.attributes)) == ("getitem", {"key": key})


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1), ("-1", -1), ("1.5", 1.5), ("True", True), ("true", True), ("false", False), ("None", None),
        ("null", None), ("[0, -1]", (0, -1)), ("(0, [1, 2])", (0, (1, 2))), ("()", ()), ("'mean'", "mean"),
        ('"a # b"', "a # b"), ("inf", math.inf), ("-pi", -math.pi), ("1" + "0" * 30, 10**30),
        ("k", "k"), ("2 * k", "2*k"), ("-k", "-k"), ("k * 2 - 1", "2*k - 1"), ("[rows, k // 2]", ("rows", "k//2")),
        ("1 + 1", 2), ("[2 * 3, -(-1)]", (6, 1)), ("k - k", 0), ("(h - 3) // 2 + 1", "(h - 3)//2 + 1"),
    ],
)  # fmt: skip
def test_attribute(text: str, value: Any) -> None:
    ((_, node),) = nodes_of(f"sum(x, axis={text})")
    assert node.inputs == ("x",)
    assert repr(node.attributes["axis"]) == repr(value)


@pytest.mark.parametrize(
    ("text", "code", "part", "hint"),
    [
        ("a ^ 2", "DF0303", "a ^ 2", "for a power write `**`"),
        ("b + a // 2", "DF0303", "a // 2", "write floor_divide(a, b)"),
        ("a % 2", "DF0303", "a % 2", "write remainder(a, b)"),
        ("a & b", "DF0303", "a & b", "write logical_and(a, b)"),
        ("a | b", "DF0303", "a | b", "write logical_or(a, b)"),
        ("a << b", "DF0303", "a << b", "write bitwise_left_shift(a, b)"),
        ("a >> b", "DF0303", "a >> b", "write bitwise_right_shift(a, b)"),
        ("1 + ~a", "DF0303", "~a", "write logical_not(a)"),
        ("not a", "DF0303", "not a", "write logical_not(a)"),
        ("a and b", "DF0303", "a and b", "write logical_and(a, b)"),
        ("a or b", "DF0303", "a or b", "write logical_or(a, b)"),
        ("a is b", "DF0303", "a is b", "write a == b"),
        ("a is not b", "DF0303", "a is not b", "write a != b"),
        ("a in b", "DF0303", "a in b", "compare with `==`"),
        ("a not in b", "DF0303", "a not in b", "compare with `!=`"),
        ("a < b < c", "DF0303", "a < b < c", "write logical_and(a < b, b < c)"),
        ("2 * (a if c else b)", "DF0303", "a if c else b", "for `a if c else b` write where(c, a, b)"),
        ("np.exp(a)", "DF0303", "np.exp", "write exp(...)"),
        ("a.T", "DF0303", "a.T", "write matrix_transpose(a)"),
        ("a.sum()", "DF0303", "a.sum", "write sum(a)"),
        ("a.__class__", "DF0303", "a.__class__", "an operand is a name or a number"),
        ("1 + 2j", "DF0303", "2j", "graphs compute with real numbers"),
        ("a + 'b'", "DF0303", "'b'", "an operand is a name or a number"),
        ("a + True", "DF0303", "True", "an operand is a name or a number"),
        ("[a, b]", "DF0303", "[a, b]", "write numbers as an input: `x: [1, 2]`; or stack([a, b], axis=0)"),
        ("a, b", "DF0303", "a, b", "write numbers as an input: `x: [1, 2]`; or stack([a, b], axis=0)"),
        ("exp(*a)", "DF0303", "*a", "name each operand"),
        ("exp(**a)", "DF0303", "**a", "write the attributes out"),
        ("2 (a + b)", "DF0303", "2", "for a product write `*`"),
        ("exp(a)(b)", "DF0303", "exp(a)", "write softmax(z, axis=-1)"),
        ("lambda: a", "DF0303", "lambda: a", "allowed are"),
        ("[x for x in a]", "DF0303", "[x for x in a]", "allowed are"),
        ("{a: b}", "DF0303", "{a: b}", "allowed are"),
        ("f'{a}'", "DF0303", "f'{a}'", "allowed are"),
        ("(a := 3)", "DF0303", "a := 3", "allowed are"),
        ("pow(a, x=b)", "DF0304", "b", None),
        ("sum(a, axis=0, axis=1)", "DF0304", "axis=1", "keep one of them"),
        ("exp(x=a, x=b)", "DF0304", "x=b", "keep one of them"),
        ("a[b, 0]", "DF0305", "b", "name the part first, then index that: `row: x[i]`, `v: row[0]`"),
        ("a[0.5]", "DF0305", "0.5", "name the part first, then index that: `row: x[i]`, `v: row[0]`"),
        ("a['b']", "DF0305", "'b'", "name the part first, then index that: `row: x[i]`, `v: row[0]`"),
        ("sum(a, keepdims=k)", "DF0306", "k", "an attribute is fixed"),
        ("sum(a, axis=[0, k / 2])", "DF0306", "k / 2", "an attribute is fixed"),
        ("sum(a, axis=2 * pi)", "DF0306", "2 * pi", "an attribute is fixed"),
        ("sum(a, keepdims=[true, [k]])", "DF0306", "k", "an attribute is fixed"),
        ("sum(a, axis=k // 0)", "DF0306", "k // 0", "an attribute is fixed"),
        ("sum(a, axis=f(k))", "DF0306", "f(k)", "an attribute is fixed"),
        ("pad(a, pad_width=1, mode=edge)", "DF0306", "edge", "an attribute is fixed"),
        ("pad(a, pad_width=1, mode=2 * edge)", "DF0306", "2 * edge", "an attribute is fixed"),
        ("conv(a, b, padding=same)", "DF0306", "same", "an attribute is fixed"),
        ("getitem(a, key=[k])", "DF0306", "k", "an attribute is fixed"),
        ("1e400 * a", "DF0120", "1e400", "write `inf` if infinity is meant"),
        ("a * -1" + "0" * 400, "DF0120", "-1" + "0" * 400, "write `inf` if infinity is meant"),
        ("", "DF0301", "", "write what the node is, such as `b * c`"),
        (" \n ", "DF0301", " ", "write what the node is, such as `b * c`"),
        ("a +", "DF0301", "+", "allowed are"),
        ("a b", "DF0301", "b", "a call a(b)"),
        ("(a + b", "DF0301", "(", "put it in quotes"),
        ("sum(a", "DF0301", "(", "put it in quotes"),
        ("axis=0)", "DF0301", ")", "put it in quotes"),
        ("a = b", "DF0301", "=", "compare with `==`"),
        ("a + 1 # more", "DF0301", "# more", "put the comment outside"),
        ("a!", "DF0301", "!", "there is no factorial"),
        ("a \N{MULTIPLICATION SIGN} b", "DF0301", "\N{MULTIPLICATION SIGN}", "write `*`"),
        ("1 \N{EN DASH} b", "DF0301", "\N{EN DASH}", "write `-`"),
        ("a\N{SUPERSCRIPT TWO}", "DF0301", "\N{SUPERSCRIPT TWO}", "write `** 2`"),
        ("a \0 b", "DF0301", "\0", None),
        ("1 + \N{LATIN SMALL LIGATURE FI}x", "DF0201", "\N{LATIN SMALL LIGATURE FI}x", "write `fix`"),
        ("1 + cafe\N{COMBINING ACUTE ACCENT}", "DF0201", "cafe\N{COMBINING ACUTE ACCENT}", "write `café`"),
        ("3a", "DF0301", "3", "written 3 * a"),
    ],
)  # fmt: skip
def test_refused(text: str, code: str, part: str, hint: str | None) -> None:
    problem = refuse(text)
    assert problem.code == code
    assert problem.span is not None
    assert text[slice(*problem.span)] == part
    if hint is None:
        assert problem.hint is None
    else:
        assert hint in str(problem.hint)


@pytest.mark.parametrize(
    "text", ["+".join(["a"] * 1001), "-" * 1000 + "a", "**".join(["a"] * 1001), "a" + "[0]" * 1000]
)
def test_a_thousand_operations_are_allowed(text: str) -> None:
    assert len(nodes_of(text)) == MAX_OPERATIONS


@pytest.mark.parametrize(
    "text",
    ["+".join(["a"] * 1002), "-" * 1001 + "a", "**".join(["a"] * 1002), "a" + "[0]" * 1001, "+".join(["a"] * 5000),
     "(" * 250 + "a" + ")" * 250, "exp(" * 300 + "a" + ")" * 300, "(" * 30_000, "-" * 100_000 + "a", "a" * 100_001],
)  # fmt: skip
def test_more_are_refused(text: str) -> None:
    problem = refuse(text)
    assert problem.code == "DF0302"
    assert problem.hint == "give parts of it names of their own, as nodes"


def test_a_hundred_brackets_are_allowed() -> None:
    assert plain("(" * 100 + "a" + ")" * 100) == [("J", "identity", ("a",))]


FRAGMENTS = [
    "a", "b", "数", "3", "1e400", "0x", "'", '"', "(", ")", "[", "]", "{", "}", "+", "-", "**", "/", "@", "<", "==",
    "=",
    ":=", ",", ":", ".", "...", "*", "lambda", "if", "else", "for", "in", "not", "yield", "await", "f'", "None", "True",
    "#", "\\", "\n", "\t", "\0", "\u00a0", " ", "exp", "sum", "axis", "__import__", "\ufb01", "!", "$", "?", ";",
    "\u0301",
]  # fmt: skip


@settings(max_examples=400)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=25).map("".join) | st.text(max_size=30))
@example("a\\")
@example("'\\d'")
@example("1if a else b")
@example("a[")
def test_any_text_becomes_nodes_or_is_refused(text: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)  # of Python's parser, about escapes
        warnings.simplefilter("ignore", DeprecationWarning)
        try:
            found = nodes_of(text)
        except GraphError as error:
            (problem,) = error.diagnostics
            assert problem.span is not None
            assert 0 <= problem.span[0] <= problem.span[1] <= len(text) + 1
            return
    assert found[-1][0] == "J"
    assert [name for name, _ in found[:-1]] == [f"J#{index}" for index in range(1, len(found))]
    seen: set[str] = set()
    for name, node in found:
        hidden = {item for item in node.inputs if isinstance(item, str) and "#" in item}
        assert hidden <= seen, "a part stands before what needs it"
        seen.add(name)


@pytest.mark.parametrize(
    ("name", "part", "text"),
    [
        ("J", (), "3 * (a + sum(u, axis=0))"), ("J", ("op",), "3 * (a + sum(u, axis=0))"),
        ("J", ("inputs", 0), "3"), ("J", ("inputs", 1), "a + sum(u, axis=0)"),
        ("J#2", ("inputs", 0), "a"), ("J#1", (), "sum(u, axis=0)"), ("J#1", ("op",), "sum"),
        ("J#1", ("inputs", 0), "u"), ("J#1", ("attributes", "axis"), "axis=0"),
        ("J#1", ("attributes", "k"), "sum(u, axis=0)"),
        ("J#1", ("inputs", 7), "sum(u, axis=0)"),
    ],
)  # fmt: skip
def test_part(name: str, part: tuple[str | int, ...], text: str) -> None:
    for lead in ("", "  ", "\n\t"):
        whole = lead + "3 * (a + sum(u, axis=0))"
        start, end = locate_part(whole, analyse(whole, "J", OPERATORS), name, part)
        assert whole[start:end] == text


def test_part_after_letters_of_several_bytes() -> None:
    text = "数 * (é𐍈 + sum(ü, axis=0))"
    operations = analyse(text, "J", OPERATORS)
    assert text[slice(*locate_part(text, operations, "J#1", ("attributes", "axis")))] == "axis=0"
    assert text[slice(*locate_part(text, operations, "J#2", ("inputs", 0)))] == "é𐍈"


@pytest.mark.parametrize(
    ("place", "part"),
    [
        (("shape",), "shape=[rows, 2 * k]"), (("shape", 0), "rows"), (("shape", 1), "2 * k"),
        (("shape", 2), "shape=[rows, 2 * k]"), (("shift",), "k + 1"), (("shift", 0), "k + 1"),
        (("shift", KEY), "shift=k + 1"), (("pairs", 1, 0), "k"), (("pairs", 1), "(k, 0)"), (("mode",), "mode='edge'"),
    ],
)  # fmt: skip
def test_part_of_an_attribute(place: tuple[str | int, ...], part: str) -> None:
    text = "unknown(x, shape=[rows, 2 * k], shift=k + 1, pairs=[[0, 1], (k, 0)], mode='edge')"
    assert text[slice(*locate_part(text, analyse(text, "J", {}), "J", ("attributes", *place)))] == part
