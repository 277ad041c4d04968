"""Operators as values: what is read from a forward rule, and rules that do not fit it."""

from __future__ import annotations

import functools
from typing import Any

import pytest

from dataflow.errors import Diagnostic, PluginError
from dataflow.operators import NONZERO, Operator, OperatorInput, binary, reduction, unary


def rule(xp: Any, g: Any, z: Any, x: Any) -> Any:
    return g


def make(forward: Any = lambda xp, x: x, backward: Any = None, **about: Any) -> Operator:
    return Operator("odd", "z = x", forward=forward, backward={"x": rule} if backward is None else backward, **about)


def refuse(forward: Any = lambda xp, x: x, backward: Any = None) -> Diagnostic:
    with pytest.raises(PluginError) as caught:
        make(forward, backward)
    assert caught.value.exit_code == 4
    (problem,) = caught.value.diagnostics
    assert problem.code == "DF0704"
    assert problem.message.startswith("operator `odd`: ")
    return problem


def test_inputs_and_attributes_are_read_from_the_forward_rule() -> None:
    def forward(xp: Any, x: Any, weight: Any = None, *, axis: int = -1, mode: str) -> Any:
        hidden = x
        return hidden

    operator = make(forward, lambda xp, g, z, x, weight, *, axis, mode: {"x": g, "weight": g})
    assert operator.inputs == (OperatorInput("x"), OperatorInput("weight", optional=True))
    assert [(item.name, item.default, item.required) for item in operator.attributes] == [
        ("axis", -1, False), ("mode", None, True),
    ]  # fmt: skip
    assert operator.signature == "odd(x, weight=None, *, axis=-1, mode)"
    assert repr(operator) == "<Operator odd(x, weight=None, *, axis=-1, mode): z = x>"
    assert not operator.variadic


def test_variadic_inputs() -> None:
    def forward(xp: Any, first: Any, *xs: Any, axis: int = 0) -> Any:
        return first

    operator = make(forward, {"first": lambda xp, g, z, first, *xs, axis: g,
                              "xs": lambda xp, g, z, first, *xs, axis: [g for _ in xs]})  # fmt: skip
    assert operator.variadic
    assert operator.inputs == (OperatorInput("first"), OperatorInput("xs", variadic=True))
    assert operator.signature == "odd(first, *xs, axis=0)"


def test_families() -> None:
    assert unary("f", "", None).inputs == (OperatorInput("x"),)
    assert [item.name for item in binary("f", "", None, None).inputs] == ["x", "y"]
    assert binary("f", "", None, None, domain={"y": NONZERO}).domain["y"].without == (0.0,)
    total = reduction("f", "", None)
    assert [item.name for item in total.attributes] == ["axis", "keepdims"]
    assert unary("f", "", None).broadcasts
    assert not total.broadcasts


def test_rules_may_take_their_inputs_and_attributes_together() -> None:
    make(lambda xp, x, *, axis=None: x, {"x": lambda xp, g, z, *inputs, **attributes: g})
    make(lambda xp, x, y: x, {"x": lambda xp, g, z, *_: g, "y": lambda xp, g, z, x, *_: g})
    make(lambda xp, x, *, axis=None, k=1: x, {"x": lambda xp, g, z, x, *, axis, **_: g})
    make(backward=lambda xp, g, z, x: {"x": g})


REFUSED = [  # forward, backward, what is said, hint
    (lambda: 1, {}, "takes no `xp`", "lambda xp, x: ..."),
    (len, {}, "is no plain function", "wrap it"),
    (functools.partial(rule, 1), {"x": rule}, "is no plain function", "wrap it"),
    (lambda xp, x=2.0: x, {"x": rule}, "may only be None", "keyword-only"),
    (lambda xp, x: x, {}, "no backward rule for input `x`", "write None"),
    (lambda xp, x: x, {"y": rule}, "backward rule for `y`, which is not an input", "its inputs are x"),
    (lambda xp, target: target, {"tagret": rule}, "`tagret`, which is not an input", "did you mean `target`?"),
    (lambda xp, x: x, {"x": lambda xp, g, z: g}, "takes (xp, g, z)", "expected (xp, g, z, x)"),
    (lambda xp, x: x, {"x": lambda g, x: g}, "takes (g, x)", "expected (xp, g, z, x)"),
    (lambda xp, x: x, {"x": lambda xp, g, z, x, y: g}, "takes (xp, g, z, x, y)", "expected (xp, g, z, x)"),
    (lambda xp, x, y: x, {"x": lambda xp, g, z, x: g, "y": None}, "takes (xp, g, z, x)", "expected (xp, g, z, x, y)"),
    (lambda xp, *xs: xs, {"xs": lambda xp, g, z, xs: g}, "takes (xp, g, z, xs)", "expected (xp, g, z, *xs)"),
    (lambda xp, *xs: xs, {"xs": lambda xp, g, z: g}, "takes (xp, g, z)", "expected (xp, g, z, *xs)"),
    (lambda xp, x, *, axis=0: x, {"x": lambda xp, g, z, x: g}, "does not take the attribute `axis`", "*, axis: ..."),
    (lambda xp, x, *, axis=0: x, {"x": lambda xp, g, z, x, *, axes: g}, "asks for `axes`", None),
    (lambda xp, x: x, {"x": lambda xp, g, z, x, *, axis: g}, "asks for `axis`, which is no attribute", None),
    (lambda xp, x: x, {"x": len}, "is no plain function", "wrap it"),
    (lambda xp, x: x, lambda xp, g: g, "its rule backward takes (xp, g)", "expected (xp, g, z, x)"),
    (lambda xp, x: x, {"x": 1.0}, "is no plain function", "wrap it"),
    (lambda xp, x: x, 1.0, "`backward`", None),
    (lambda xp, x: x, [rule], "`backward`", None),
]


@pytest.mark.parametrize(("forward", "backward", "said", "hint"), REFUSED, ids=[row[2] for row in REFUSED])
def test_rules_that_do_not_fit(forward: Any, backward: Any, said: str, hint: str | None) -> None:
    problem = refuse(forward, backward)
    assert said in problem.message
    if hint is not None:
        assert hint in str(problem.hint)


def test_a_rule_may_be_a_method_or_have_defaults() -> None:
    """A default beyond the inputs binds a constant of the author's loop; a method has `self` before `xp`: refused."""

    class Rules:
        def forward(self, xp: Any, x: Any) -> Any:
            return x

    assert "expected" in str(refuse(lambda xp, x: x, {"x": Rules().forward}).hint)


def test_wrong_words_about_an_operator() -> None:
    for about in ({"takes": "floats"}, {"kinds": {"y": "bool"}}, {"kinds": {"x": "boolean"}}):
        with pytest.raises(PluginError) as caught:
            make(**about)
        assert caught.value.diagnostics[0].code == "DF0704"
