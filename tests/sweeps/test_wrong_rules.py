"""Rules that fail or give what they must not: each is reported with its node, operator and plugin, and exit code 3."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dataflow
from dataflow import Operator, OperatorError
from dataflow.errors import DataflowError, Diagnostic
from tests.sweeps.random_graphs import offer

FLOATS, ARRAYS, SINGLE = "2", "[2, 3]", "[[2], [3]]"
GIVEN: dict[str, Any] = {FLOATS: 2.0, ARRAYS: np.array([2.0, 3.0]), SINGLE: np.array([[2.0], [3.0]])}


def good_forward(xp: Any, x: Any) -> Any:
    return x * 3.0


def good_dx(xp: Any, g: Any, z: Any, x: Any) -> Any:
    return g * 3.0


def fail_with(forward: Any = good_forward, dx: Any = good_dx, x: str = ARRAYS, **about: Any) -> Diagnostic:
    """The one problem of a graph with an operator `odd` in its node `y`."""
    outputs = about.get("outputs")
    operator = Operator("odd", "z = 3 x", forward=forward, backward={"x": dx}, **{"broadcasts": True, **about})
    node = f"{{op: odd, inputs: [x], outputs: [y{', y2' * (len(outputs) - 1)}]}}" if outputs else "odd(x)"
    total = "y" if x == FLOATS else "sum(y)"
    text = f"{{dataflow: 1, inputs: {{x: {x}}}, nodes: {{{'m' if outputs else 'y'}: {node}, J: {total}}}, target: J}}"
    graph = dataflow.loads(text, operators=offer(operator, name="my_ops"))
    before = sys.getrecursionlimit()
    with pytest.raises(DataflowError) as caught:
        dataflow.execute(graph)
    assert isinstance(caught.value, OperatorError), str(caught.value)
    assert caught.value.exit_code == 3
    assert sys.getrecursionlimit() == before
    (problem,) = caught.value.diagnostics
    assert problem.node == ("m" if outputs else "y")
    assert "`odd`" in problem.message
    assert "`my_ops`" in problem.message
    assert (problem.file, problem.line) == ("<text>", 1)
    return problem


def raise_error(*_: Any) -> Any:
    raise LookupError("no such key\nand a second line")


def leave(*_: Any) -> Any:
    sys.exit("enough")


def recurse(*arguments: Any) -> Any:
    return recurse(*arguments)


def divide_by_nothing(*_: Any) -> Any:
    return dict[int, Any]()[0]


@pytest.mark.parametrize("x", [FLOATS, ARRAYS])
@pytest.mark.parametrize("role", ["forward", "backward (`x`)"])
@pytest.mark.parametrize(("rule", "said"), [
    (raise_error, "raised LookupError: no such key"),
    (leave, "it called sys.exit"),
    (recurse, "raised RecursionError: maximum recursion depth exceeded"),
    (divide_by_nothing, "raised KeyError: 0"),
])  # fmt: skip
def test_a_rule_that_raises(role: str, rule: Any, said: str, x: str) -> None:
    if role == "forward":
        problem = fail_with(forward=lambda xp, x: rule(x), x=x)
    else:
        problem = fail_with(dx=lambda xp, g, z, x: rule(x), x=x)
    assert problem.code == "DF0601"
    assert f"the {role} rule of `odd`" in problem.message
    assert said in problem.message
    assert "\n" not in problem.message
    assert problem.message.partition(" at ")[2].startswith(str(Path(__file__)))
    assert problem.found == ("x: 2.0" if x == FLOATS else "x: float64[2]")


@pytest.mark.parametrize("x", [FLOATS, ARRAYS])
@pytest.mark.parametrize(("error", "said"), [(ValueError("odd value"), "ValueError: odd value"),
                                             (TypeError("odd type"), "TypeError: odd type"),
                                             (ZeroDivisionError(), "ZeroDivisionError"),
                                             (AttributeError("odd name"), "AttributeError: odd name")])  # fmt: skip
def test_errors_that_a_rule_of_a_plugin_raises_blame_the_plugin(error: Exception, said: str, x: str) -> None:
    """ValueError and ArithmeticError are tried again on careful floats; they come back and are told."""

    def fail(xp: Any, x: Any) -> Any:
        raise error

    problem = fail_with(forward=fail, x=x)
    assert problem.code == "DF0601"
    assert said in problem.message
    problem = fail_with(dx=lambda xp, g, z, x: fail(xp, x), x=x)
    assert "backward (`x`)" in problem.message
    assert said in problem.message


WRONG_VALUES: list[Any] = [None, "text", 1j, ..., [1.0, 2.0], (1.0, 2.0), {}, b"x"]


@pytest.mark.parametrize("x", [FLOATS, ARRAYS])
@pytest.mark.parametrize("value", WRONG_VALUES, ids=repr)
def test_a_forward_rule_that_gives_no_array(value: Any, x: str) -> None:
    problem = fail_with(forward=lambda xp, x: value, x=x)
    assert problem.code == "DF0602"
    assert "forward rule" in problem.message
    assert "gave" in problem.message


@pytest.mark.parametrize("x", [FLOATS, ARRAYS])
@pytest.mark.parametrize("value", WRONG_VALUES, ids=repr)
def test_a_backward_rule_that_gives_no_array(value: Any, x: str) -> None:
    problem = fail_with(dx=lambda xp, g, z, x: value, x=x)
    assert problem.code == "DF0603"
    assert "backward (`x`) rule" in problem.message


@pytest.mark.parametrize("x", [FLOATS, ARRAYS])
def test_a_rule_that_forgets_to_return_is_not_one_that_took_nothing(x: str) -> None:
    """On floats `keep` gives what is no cotangent; None, from a rule without return, is not taken for it."""
    kept = Operator("odd", "z = 3 x", forward=good_forward,
                    backward={"x": lambda xp, g, z, x: xp.keep(x > 9, g)}, broadcasts=True)  # fmt: skip
    total = "y" if x == FLOATS else "sum(y)"
    text = f"{{dataflow: 1, inputs: {{x: {x}}}, nodes: {{y: odd(x), J: {total}}}, target: J}}"
    result = dataflow.execute(dataflow.loads(text, operators=offer(kept)))
    np.testing.assert_array_equal(result.gradients["x"], np.zeros(np.shape(GIVEN[x])))
    assert "None" in fail_with(dx=lambda xp, g, z, x: None, x=x).message


@pytest.mark.parametrize("dtype", [object, "U3", complex, "M8[s]", "V4"])
def test_arrays_of_what_is_no_real_number(dtype: Any) -> None:
    made = np.zeros(2, dtype)
    problem = fail_with(forward=lambda xp, x: made)
    assert problem.code == "DF0602"
    assert f"an array of {np.dtype(dtype)}" in problem.message
    problem = fail_with(dx=lambda xp, g, z, x: made)
    assert problem.code == "DF0603"
    assert f"an array of {np.dtype(dtype)}" in problem.message


@pytest.mark.parametrize("shape", [(), (1,), (3,), (2, 2), (0,)])
def test_cotangents_of_the_wrong_shape(shape: tuple[int, ...]) -> None:
    problem = fail_with(dx=lambda xp, g, z, x: np.ones(shape), broadcasts=False)
    assert problem.code == "DF0603"
    assert (problem.found, problem.expected) == (str(list(shape)), "[2]")


@pytest.mark.parametrize("shape", [(3,), (2, 2), (0,), (5, 1, 2)])
def test_cotangents_of_an_elementwise_rule_that_do_not_fit_its_output(shape: tuple[int, ...]) -> None:
    problem = fail_with(dx=lambda xp, g, z, x: np.ones(shape))
    assert problem.code == "DF0603"
    assert "wrong shape" in problem.message
    assert problem.found == str(list(shape))


def test_values_of_an_elementwise_rule_that_do_not_fit_its_inputs() -> None:
    problem = fail_with(forward=lambda xp, x: np.ones(3))
    assert problem.code == "DF0602"
    assert problem.found == "[3]"
    assert problem.expected == "[2]"


def test_operands_that_do_not_fit_are_the_graphs_fault_though_the_rule_does_not_mind() -> None:
    first = Operator("first", "z = x", forward=lambda xp, x, y: x * 1.0,
                     backward={"x": lambda xp, g, z, x, y: g, "y": None}, broadcasts=True)  # fmt: skip
    text = "{dataflow: 1, inputs: {x: [1, 2], y: [1, 2, 3]}, nodes: {z: 'first(x, y)'}}"
    with pytest.raises(dataflow.GraphError) as caught:
        dataflow.execute(dataflow.loads(text, operators=offer(first)))
    assert caught.value.diagnostics[0].code == "DF0515"


def test_an_elementwise_operator_with_several_outputs() -> None:
    both = Operator("both", "p = x y, q = x + y", forward=lambda xp, x, y: (x * y, x + y),
                     backward={"x": lambda xp, g, z, x, y: g[0] * y + g[1],
                               "y": lambda xp, g, z, x, y: g[0] * x + g[1]},
                     outputs=("p", "q"), broadcasts=True)  # fmt: skip
    text = ("{dataflow: 1, inputs: {x: [[1], [2]], y: [3, 4, 5]}, nodes: {m: {op: both, inputs: [x, y], "
            "outputs: [p, q]}, J: sum(p * q)}, target: J}")  # fmt: skip
    result = dataflow.execute(dataflow.loads(text, operators=offer(both)))
    x, y = np.array([[1.0], [2.0]]), np.array([3.0, 4.0, 5.0])
    np.testing.assert_array_equal(result.gradients["x"], (2 * x * y + y * y).sum(axis=1, keepdims=True))
    np.testing.assert_array_equal(result.gradients["y"], (x * x + 2 * x * y).sum(axis=0))
    result = dataflow.execute(dataflow.loads(text.replace("sum(p * q)", "'sum(where(p > 3, log(q - 4), 0))'"),
                                             operators=offer(both)))  # fmt: skip
    assert np.isfinite(result.gradients["x"]).all()


@pytest.mark.parametrize(("given", "said"), [((1.0,), "gave 1 outputs, 2 are named"), ((1.0, 2.0, 3.0), "gave 3"),
                                             (1.0, "must give a tuple"), (None, "must give a tuple")])  # fmt: skip
def test_outputs_that_are_not_those_named(given: Any, said: str) -> None:
    problem = fail_with(forward=lambda xp, x: given, outputs=("p", "q"), broadcasts=False)
    assert problem.code == "DF0602"
    assert said in problem.message


@pytest.mark.parametrize("given", [1.0, (1.0,), np.ones(2)], ids=repr)
@pytest.mark.parametrize("x", [FLOATS, ARRAYS])
def test_one_rule_for_all_inputs_that_gives_one_cotangent_too_few(given: Any, x: str) -> None:
    operator = Operator("odd", "z = x y", forward=lambda xp, x, y: x * y, backward=lambda xp, g, z, x, y: given,
                        broadcasts=True)  # fmt: skip
    total = "y" if x == FLOATS else "sum(y)"
    text = f"{{dataflow: 1, inputs: {{x: {x}, w: {x}}}, nodes: {{y: 'odd(x, w)', J: {total}}}, target: J}}"
    with pytest.raises(OperatorError) as caught:
        dataflow.execute(dataflow.loads(text, operators=offer(operator)))
    (problem,) = caught.value.diagnostics
    assert problem.code == "DF0603"
    assert "one cotangent for each of 2 inputs" in problem.message


@pytest.mark.parametrize("x", [FLOATS, ARRAYS])
def test_one_rule_for_all_inputs_that_names_an_input_it_does_not_have(x: str) -> None:
    operator = Operator("odd", "z = x y", forward=lambda xp, x, y: x * y,
                        backward=lambda xp, g, z, x, y: {"x": g * y, "why": g * x}, broadcasts=True)  # fmt: skip
    total = "y" if x == FLOATS else "sum(y)"
    text = f"{{dataflow: 1, inputs: {{x: {x}, w: {x}}}, nodes: {{y: 'odd(x, w)', J: {total}}}, target: J}}"
    with pytest.raises(OperatorError) as caught:
        dataflow.execute(dataflow.loads(text, operators=offer(operator)))
    assert caught.value.diagnostics[0].code == "DF0603"
    assert "`why`" in caught.value.diagnostics[0].message


def test_a_rule_that_widens() -> None:
    double = np.float64(3.0)
    for name in ("forward", "backward (`x`)"):
        forward = (lambda xp, x: x * double) if name == "forward" else good_forward
        dx = good_dx if name == "forward" else (lambda xp, g, z, x: g * double)
        operator = Operator("odd", "z = 3 x", forward=forward, backward={"x": dx}, broadcasts=True)
        text = "{dataflow: 1, dtype: float32, inputs: {x: [1, 2]}, nodes: {y: odd(x), J: sum(y)}, target: J}"
        with pytest.raises(OperatorError) as caught:
            dataflow.execute(dataflow.loads(text, operators=offer(operator)))
        problem = caught.value.diagnostics[0]
        assert problem.code == "DF0604"
        assert f"{name} rule" in problem.message
        assert "widened float32 to float64" in problem.message


def write_forward(xp: Any, x: Any) -> Any:
    x *= 2
    return x


def write_cotangent(xp: Any, g: Any, z: Any, x: Any) -> Any:
    g[...] = 1
    return g


def write_input(xp: Any, g: Any, z: Any, x: Any) -> Any:
    x += 1
    return g


def write_output(xp: Any, g: Any, z: Any, x: Any) -> Any:
    z[...] = 1
    return g


def test_a_rule_that_writes_into_what_it_is_given() -> None:
    problems = [fail_with(forward=write_forward, x=SINGLE)]
    problems += [fail_with(dx=rule, x=SINGLE) for rule in (write_cotangent, write_input, write_output)]
    for problem in problems:
        assert problem.code == "DF0601"
        assert "read-only" in problem.message
        assert problem.hint == "a rule must not write into what it is given: copy it, or compute a new value"


def test_a_value_that_a_rule_keeps_to_itself_cannot_be_changed_later() -> None:
    """A rule that hands out the same array twice, having changed it in between, is stopped."""
    kept = np.ones(2)

    def forward(xp: Any, x: Any) -> Any:
        kept[:] = x
        return kept

    operator = Operator("odd", "z = x", forward=forward, backward={"x": good_dx}, broadcasts=True)
    text = "{dataflow: 1, inputs: {x: [1, 2]}, nodes: {y: odd(x), w: odd(y * 2), J: sum(w)}, target: J}"
    with pytest.raises(OperatorError) as caught:
        dataflow.execute(dataflow.loads(text, operators=offer(operator)))
    assert "read-only" in caught.value.diagnostics[0].message


def test_no_memory() -> None:
    def greedy(xp: Any, x: Any) -> Any:
        raise MemoryError("8 EiB")

    operator = Operator("odd", "z = x", forward=greedy, backward={"x": good_dx}, broadcasts=True)
    for x in (FLOATS, ARRAYS):
        graph = dataflow.loads(f"{{dataflow: 1, inputs: {{x: {x}}}, nodes: {{y: odd(x)}}}}", operators=offer(operator))
        with pytest.raises(dataflow.ResourceError) as caught:
            dataflow.execute(graph)
        assert caught.value.diagnostics[0].code == "DF0606"
        assert caught.value.diagnostics[0].node == "y"


def test_an_interruption_is_no_failure_of_the_rule() -> None:
    def interrupt(xp: Any, x: Any) -> Any:
        raise KeyboardInterrupt

    operator = Operator("odd", "z = x", forward=interrupt, backward={"x": good_dx}, broadcasts=True)
    for x in (FLOATS, ARRAYS):
        graph = dataflow.loads(f"{{dataflow: 1, inputs: {{x: {x}}}, nodes: {{y: odd(x)}}}}", operators=offer(operator))
        with pytest.raises(KeyboardInterrupt):
            dataflow.execute(graph)


def test_numbers_of_all_kinds_are_numbers() -> None:
    """What is a real number in Python or NumPy is taken as one of the graph's type."""
    for value in (3, 3.0, np.float64(3), np.int64(3), np.float32(3), np.array(3.0)):
        made = _three(value)
        for more in ("", ", aux: {value: 1, dtype: int64}"):  # on floats, on arrays
            text = f"{{dataflow: 1, inputs: {{x: 1{more}}}, nodes: {{y: three(x), J: 'y * 2.0'}}, target: J}}"
            result = dataflow.execute(dataflow.loads(text, operators=offer(made)))
            assert result.values["J"] == 6.0
            if type(value) is not np.int64 or not more:  # an array of integers passes no gradient on
                assert result.gradients["x"] == 3.0
                assert type(result.gradients["x"]) is float


def _three(value: Any) -> Operator:
    return Operator("three", "z = 3 x", forward=lambda xp, x: value, backward={"x": lambda xp, g, z, x: value},
                    broadcasts=True)  # fmt: skip


def test_the_place_of_a_plugin_that_lies_in_a_folder_called_dataflow(tmp_path: Path) -> None:
    file = tmp_path / "dataflow" / "my_fail.py"
    file.parent.mkdir()
    file.write_text(
        "from dataflow import Operator, hookimpl\ndef forward(xp, x):\n    raise LookupError('no')\n"
        "@hookimpl\ndef dataflow_operators():\n"
        "    return [Operator('fail', '', forward=forward, backward={'x': None})]\n"
    )
    table = dataflow.standard().with_files([str(file)])
    graph = dataflow.loads("{dataflow: 1, inputs: {x: 1}, nodes: {y: fail(x)}}", operators=table)
    with pytest.raises(OperatorError) as caught:
        dataflow.execute(graph)
    assert caught.value.diagnostics[0].message.endswith(f" raised LookupError: no at {file}:3")
