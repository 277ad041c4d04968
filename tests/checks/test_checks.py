"""Every problem of a graph is found at once, each with its place and with what was probably meant."""

from __future__ import annotations

from typing import Any

import pytest

from dataflow.checks import check
from dataflow.checks.nodes import MAX_HINTS
from dataflow.checks.spellings import MEANT
from dataflow.document.expressions import parse
from dataflow.errors import Diagnostic
from dataflow.graph import Graph, Input, Node
from dataflow.registry import standard

OPERATORS = standard()


def graph_of(*, target: str | None = None, **texts: str) -> Graph:
    nodes: dict[str, Node] = {}
    for name, text in texts.items():
        nodes.update(parse(text, name, OPERATORS))
    return Graph(inputs={"alpha": 1, "beta": 2, "x": [1, 2]}, nodes=nodes, target=target)


def one(graph: Graph) -> Diagnostic:
    (problem,) = check(graph, OPERATORS)
    return problem


def test_a_sound_graph() -> None:
    assert check(graph_of(target="J", u="alpha * beta", J="3 * (u + sum(x, axis=0))"), OPERATORS) == []
    assert check(Graph(), OPERATORS) == []


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("mul(alpha, beta)", "did you mean `multiply`?"),
        ("sofmax(x)", "did you mean `softmax`?"),
        ("Exp(x)", "did you mean `exp`?"),
        ("arctan2(alpha, beta)", "did you mean `atan2`?"),
        ("dot(x, x)", "did you mean `matmul` or `vecdot`?"),
        ("fft(x)", "graphs compute with real numbers: there are no complex ones"),
        ("alpha(beta)", "`alpha` is a value, not an operator: for a product write `alpha * (...)`"),
        ("zzzzz(x)", "`dataflow ops` lists those there are; `--plugin FILE` adds your own"),
    ],
)
def test_unknown_operator(text: str, hint: str) -> None:
    problem = one(graph_of(u=f"1 + {text}"))
    assert (problem.code, problem.path, problem.node, problem.hint) == ("DF0401", ("nodes", "u#1", "op"), "u", hint)


def test_every_spelling_is_of_an_operator_that_there_is() -> None:
    for written, meant in MEANT.items():
        assert written not in OPERATORS, written
        assert all(name in OPERATORS for name in meant.split("` or `")), meant


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("max(alpha, beta)", "`max` takes 1 input, got 2", "of two values: maximum(a, b)"),
        ("min(alpha, beta)", "`min` takes 1 input, got 2", "of two values: minimum(a, b)"),
        ("exp()", "`exp` takes 1 input, got 0", "exp(x): z = e ** x"),
        ("add(alpha)", "`add` takes 2 inputs, got 1", "add(x, y): z = x + y"),
        ("add(alpha, beta, x)", "`add` takes 2 inputs, got 3", "add(x, y): z = x + y"),
        ("stack([])", "`stack` needs at least 1 input, got 0", "stack(*xs, axis=0)"),
        ("take()", "`take` takes 2 inputs, got 0", "take(x, indices"),
    ],
)
def test_arity(text: str, message: str, hint: str) -> None:
    problem = one(graph_of(u=text))
    assert (problem.code, problem.message, problem.path) == ("DF0402", message, ("nodes", "u", "inputs"))
    assert str(problem.hint).startswith(hint)


def test_absent_input() -> None:
    problem = one(graph_of(u="pow(y=alpha)"))
    assert (problem.code, problem.message) == ("DF0403", "`pow` needs its input `x`")


@pytest.mark.parametrize(
    ("text", "code", "path", "told"),
    [
        ("sum(x, axsi=0)", "DF0411", ("axsi", "<key>"), "did you mean `axis`?"),
        ("exp(x, base=2)", "DF0411", ("base", "<key>"), "exp(x): z = e ** x"),
        ("sum(x, axis=True)", "DF0413", ("axis",), "an integer, a list (each an integer) or null"),
        ("sum(x, axis=1.0)", "DF0413", ("axis",), "an integer, a list (each an integer) or null"),
        ("sum(x, axis=[0, 1.5])", "DF0413", ("axis",), "an integer, a list (each an integer) or null"),
        ("sum(x, axis=[0, None])", "DF0413", ("axis",), "an integer, a list (each an integer) or null"),
        ("sum(x, keepdims=1)", "DF0413", ("keepdims",), "true or false"),
        ("sum(x, axis=9223372036854775808)", "DF0413", ("axis",), "integers of at most 64 bits"),
        ("sum(x, axis=[0, -9223372036854775808])", "DF0413", ("axis",), "integers of at most 64 bits"),
        ("stack([x], axis=None)", "DF0413", ("axis",), "an integer"),
    ],
)
def test_attribute(text: str, code: str, path: tuple[str, ...], told: str) -> None:
    problem = one(graph_of(u=text))
    assert (problem.code, problem.path) == (code, ("nodes", "u", "attributes", *path))
    assert told in (problem.hint, problem.expected)


def test_missing_attribute() -> None:
    problem = one(graph_of(u="reshape(x)"))
    assert (problem.code, problem.path) == ("DF0412", ("nodes", "u", "op"))


def test_attribute_that_is_long_is_shown_in_short() -> None:
    problem = one(graph_of(u="sum(x, axis='" + "a " * 500 + "')"))
    assert len(str(problem.found)) == 60


@pytest.mark.parametrize(
    ("node", "code"),
    [
        (Node("exp", ("x",), outputs=("p",)), "DF0404"),
        (Node("unstack", ("x",)), "DF0405"),
        (Node("unstack", ("x",), outputs=("p", "p")), "DF0202"),
        (Node("unstack", ("x",), outputs=("lambda", "q")), "DF0201"),
    ],
)
def test_outputs(node: Node, code: str) -> None:
    assert one(Graph(inputs={"x": [1, 2]}, nodes={"u": node})).code == code


def test_node_of_several_outputs_cannot_be_used_whole() -> None:
    nodes = {"u": Node("unstack", ("x",), outputs=("p", "q")), "v": Node("exp", ("u",))}
    graph = Graph(inputs={"x": [1, 2]}, nodes=nodes, target="u")
    assert [(item.code, item.path) for item in check(graph, OPERATORS)] == [
        ("DF0231", ("nodes", "v", "inputs", 0)), ("DF0231", ("target",)),
    ]  # fmt: skip
    assert check(graph.replace(nodes=nodes | {"v": Node("exp", ("p",))}, target="q"), OPERATORS) == []


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("alhpa", "did you mean `alpha`?"),
        ("Alpha", "did you mean `alpha`?"),
        ("\N{CYRILLIC SMALL LETTER A}lpha", "did you mean `alpha`? They look alike: U+0430 CYRILLIC SMALL LETTER A"),
        ("zzz", "there are `alpha`, `beta`, `x`"),
        ("true", "a truth value comes from a comparison"),
    ],
)
def test_unknown_name(text: str, hint: str) -> None:
    problem = one(graph_of(u=f"2 * {text}"))
    assert (problem.code, problem.path) == ("DF0203", ("nodes", "u", "inputs", 1))
    assert str(problem.hint).startswith(hint)


def test_a_size_is_an_operand_if_a_shape_names_it() -> None:
    graph = Graph(inputs={"x": Input([1, 2], shape=("rows",))}, nodes={"u": Node("divide", ("x", "rows"))})
    assert check(graph, OPERATORS) == []
    assert one(graph.replace(nodes={"u": Node("divide", ("x", "row"))})).hint == "did you mean `rows`?"


def test_expression_as_operand() -> None:
    graph = Graph(inputs={"a": 1}, nodes={"u": Node("exp", ("a + 1",))})
    assert "give an expression a node of its own" in str(one(graph).hint)


def test_only_so_many_words_are_compared_with_all_names() -> None:
    nodes = {f"n{index}": Node("exp", (f"alph{index}",)) for index in range(MAX_HINTS + 5)}
    found = check(Graph(inputs={"alpha": 1}, nodes=nodes), OPERATORS)
    assert len(found) == MAX_HINTS + 5
    assert sum(item.hint is not None for item in found) == MAX_HINTS


@pytest.mark.parametrize(
    ("target", "code", "hint"),
    [
        ("alhpa", "DF0230", "did you mean `alpha`?"),
        ("zzz", "DF0230", "there are `alpha`, `beta`, `x`"),
        ("J#1", "DF0230", "there are `alpha`, `beta`, `x`, `J`"),
        ("", "DF0230", "there are `alpha`, `beta`, `x`"),
    ],
)
def test_target(target: str, code: str, hint: str) -> None:
    problem = one(graph_of(J="2 * (alpha + 1)", target=target))
    assert (problem.code, problem.path) == (code, ("target",))
    assert str(problem.hint).startswith(hint)


@pytest.mark.parametrize("target", ["J", "alpha", "x"])
def test_target_may_be_any_value(target: str) -> None:
    assert check(graph_of(J="2 * (alpha + 1)", target=target), OPERATORS) == []


def names_of(*names: str, **fields: Any) -> list[tuple[str, Any]]:
    graph = Graph(inputs=dict.fromkeys(names, 1), **fields)
    return [(item.code, item.path) for item in check(graph, OPERATORS)]


@pytest.mark.parametrize(
    "name",
    ["", "a.b", "a b", "1a", "a-b", "lambda", "None", "pi", "inf", "nan", "NaN", "true", "__proto__", "a#1", "a\u200bb",
     "\N{LATIN SMALL LIGATURE FI}", "cafe\u0301", "x\u00b2", "\u202ea", "a()", "\u2460"],
)  # fmt: skip
def test_name_that_cannot_be(name: str) -> None:
    assert names_of(name) == [("DF0201", ("inputs", name, "<key>"))]


@pytest.mark.parametrize(
    "name", ["a", "_", "_a", "A1", "é", "数据", "λ", "no", "on", "y", "e", "self", "match", "print", "x" * 9000]
)
def test_name_that_can_be(name: str) -> None:
    assert names_of(name) == []


def test_names_share_one_space() -> None:
    found = check(
        Graph(
            inputs={"a": 1},
            parameters={"a": 2, "b": 3},
            nodes={
                "b": Node("exp", ("a",)),
                "u": Node("unstack", ("a",), outputs=("b", "c")),
                "c": Node("exp", ("a",)),
            },
        ),
        OPERATORS,
    )
    assert [(item.path, item.message) for item in found] == [
        (("parameters", "a", "<key>"), "`a` is the name of an input already"),
        (("nodes", "b", "<key>"), "`b` is the name of a parameter already"),
        (("nodes", "u", "outputs", 0), "`b` is the name of a parameter already"),
        (("nodes", "c", "<key>"), "`c` is the name of an output already"),
    ]


def test_names_that_look_the_same() -> None:
    cyrillic = "\N{CYRILLIC SMALL LETTER A}lpha"
    assert names_of("alpha", cyrillic) == [("DF0204", ("inputs", cyrillic, "<key>"))]
    assert names_of(cyrillic, "alpha") == [("DF0204", ("inputs", cyrillic, "<key>"))]
    assert names_of(cyrillic) == []
    assert names_of("é", "e") == []


def test_two_names_of_other_scripts_that_look_the_same() -> None:
    greek, cyrillic = "\N{GREEK SMALL LETTER OMICRON}x", "\N{CYRILLIC SMALL LETTER O}x"
    assert names_of(greek, cyrillic) == [("DF0204", ("inputs", cyrillic, "<key>"))]


def test_size_and_value_of_one_name() -> None:
    problem = one(Graph(inputs={"rows": 3, "x": Input([1, 2], shape=("rows",))}))
    assert (problem.code, problem.message) == ("DF0506", "`rows` is a size here and the name of an input elsewhere")


def test_dtype_of_the_graph() -> None:
    (problem,) = check(Graph(dtype="int64", inputs={"a": 1}, parameters={"w": 2}), OPERATORS)
    assert (problem.code, problem.path) == ("DF0504", ("dtype",))


def test_everything_at_once() -> None:
    graph = graph_of(target="K", u="zzz + mul(alpha)", v="v + 1", w="exp(x, x)").replace(inputs={"alpha": "no", "1": 2})
    codes = [item.code for item in check(graph, OPERATORS)]
    assert sorted(codes) == [
        "DF0201", "DF0203", "DF0203", "DF0203", "DF0220", "DF0230", "DF0401", "DF0402", "DF0502",
    ]  # fmt: skip


def test_what_was_changed_is_checked_again() -> None:
    graph = graph_of(u="alpha * beta")
    assert check(graph, OPERATORS) == []
    assert [item.code for item in check(graph.replace(target="w"), OPERATORS)] == ["DF0230"]
    assert [item.code for item in check(graph, {})] == ["DF0401"]
