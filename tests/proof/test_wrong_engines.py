"""Engines that are wrong in one place: the proof of graphs finds every one of them on a few small graphs.

A fault is a piece of the engine's source written differently; a piece that is no longer there fails its test.
"""

from __future__ import annotations
import __future__

import inspect
import sys
import textwrap
from collections.abc import Mapping
from types import ModuleType
from typing import Any, NamedTuple

import pytest

import dataflow
from dataflow import outcome, whole_runs
from dataflow.errors import DataflowError
from dataflow.proof.graphs import verify_graph
from dataflow.sweeps import arrays, cotangents, layout, masks, plan, scalars, seeds, traced

GRAPHS: Mapping[str, str] = {
    "floats": "{inputs: {a: 1.5, b: 2.5}, nodes: {u: a * b, v: sin(u) + u * a, w: v * v, J: 'w / (u - 7) - exp(-v)'}}",
    "floats_selecting": "{inputs: {a: 0, b: 2}, nodes: {p: 'where(b > 0, sin(b), b)', "
                        "J: 'where(a > 0, log(a), 3 * b) * p'}}",
    "floats_carefully": "{inputs: {a: 2.0, b: 0.0}, nodes: {u: 'a * a', v: 'b ** 2', J: 'u + 3 * v + lift(b) * a'}}",
    "floats_traced": "{inputs: {a: 0.3, b: 0.8}, nodes: {J: 'weigh(a, b) * weigh(b * b, a)'}}",
    "broadcasting": "{inputs: {x: [[1, 2, 3], [4, 5, 7]], y: [2, -1, 0.5], s: 1.5, c: [[2], [3]]}, "
                    "nodes: {u: x * y, v: u / c + s, w: 'v * v', J: sum(w * x)}}",
    "products": "{inputs: {A: [[1, 2], [3, 5]], B: [[0.5, -1], [2, 0.3]]}, nodes: {P: A @ B, "
                "Q: 'P - matrix_transpose(A)', J: 'sum(Q * P) + mean(B)'}}",
    "several": "{inputs: {x: [3, 1, 2, 5], y: [1, 2]}, nodes: {both: {op: split, inputs: [x], "
               "attributes: {sections: 2}, outputs: [p, q]}, r: 'concat([p * y, sin(y)], axis=0)', J: sum(r * x)}}",
    "masked": "{inputs: {x: [0, 1, 2], c: [0, 1, 1]}, nodes: {l: log(x), J: 'sum(where(c > 0, l, 0))'}}",
    "masked_elementwise": "{inputs: {x: [0, 1, 2], y: [3, 1, 2], c: [0, 1, 1]}, nodes: {l: log(x), s: sqrt(l * l + x), "
                          "d: 'where(c > 0, s * y, y)', J: 'sum(where(c > -1, d, 0) * y)'}}",
    "masked_fan_out": "{inputs: {x: [0, 4, 2], c: [0, 1, 1]}, nodes: {l: sqrt(x), r: 'where(c > 0, l, 0)', "
                      "k: 'where(c > 0, l, 1)', t: 'where(x > 3, l, 1)', J: 'sum(r * t + r * k)'}}",
    "masked_movers": "{inputs: {x: [[0, 1], [2, 3]], c: [0, 1, 1, 1], w: [1, 2, 3, 4]}, nodes: {l: log(x), "
                     "m: 'matrix_transpose(l)', f: 'reshape(m, shape=[-1])', J: 'sum(where(c > 0, f, 0) * w)'}}",
    "masked_broadcast": "{inputs: {x: [0, 4], y: [[1, -1], [2, 3]], c: [[0, 1], [0, 0]]}, nodes: {l: sqrt(x), "
                        "J: 'sum(where(c > 0, l * y, 0))'}}",
    "masked_twice": "{inputs: {x: [0, 4, 1], c: [0, 1, 0], d: [1, 1, 0]}, nodes: {l: log(x), "
                    "a: 'where(d > 0, l, x)', J: 'sum(where(c > 0, a * x, x))'}}",
    "unreached": "{inputs: {x: [1, 2], y: [3, 4]}, nodes: {u: 'where(x > 5, y, x)', v: '0 * y', J: sum(u)}}",
    "traced": "{inputs: {x: [0.3, 0.8, -0.4], y: [1, 2, 0.5]}, nodes: {J: 'sum(weigh(x, y * y) * weigh(y, x))'}}",
}  # fmt: skip


class Fault(NamedTuple):
    """A function or method of the engine, and a piece of its source that is written differently."""

    owner: Any
    name: str
    right: str
    wrong: str


FAULTS: Mapping[str, Fault] = {
    "the broadcast sum forgotten": Fault(
        arrays, "unbroadcast", "np.sum(cotangent, axis=axes).reshape(shape)",
        "np.max(cotangent, axis=axes).reshape(shape)"),
    "the broadcast sum is a mean": Fault(arrays, "unbroadcast", "np.sum(", "np.mean("),
    "arrays overwrite at fan-out": Fault(
        arrays.ArraySweeps, "reverse", "cotangent if before is None else read_only(before + cotangent)", "cotangent"),
    "arrays subtract at fan-out": Fault(arrays.ArraySweeps, "reverse", "before + cotangent", "before - cotangent"),
    "arrays keep the first at fan-out": Fault(
        arrays.ArraySweeps, "reverse", "read_only(before + cotangent)", "before"),
    "steps of arrays from left to right": Fault(
        arrays.ArraySweeps, "walk_back", "reversed(self.plan.steps)", "self.plan.steps"),
    "the first step left out": Fault(
        arrays.ArraySweeps, "walk_back", "reversed(self.plan.steps)", "reversed(self.plan.steps[1:])"),
    "the output of the step before": Fault(
        arrays.ArraySweeps, "walk_back", "g, z = out[0], values[step.out[0]]",
        "g, z = out[0], values[step.operands[0]]"),
    "stale operands": Fault(
        arrays.ArraySweeps, "walk_back", "yield step, g, z, self._convert_inputs(step, values)",
        "yield step, g, z, [1.0 + 0 * item if hasattr(item, 'dtype') and item.dtype.kind == 'f' else item "
        "for item in self._convert_inputs(step, values)]"),
    "outputs that nothing takes have ones": Fault(
        arrays.ArraySweeps, "walk_back", "np.zeros_like(part) if item is None", "np.ones_like(part) if item is None"),
    "several outputs in the wrong order": Fault(
        arrays.ArraySweeps, "walk_back", "for part, item in zip(z, out, strict=True)",
        "for part, item in zip(z, out[::-1], strict=True)"),
    "cotangents as integers": Fault(
        arrays.ArraySweeps, "fit", "return read_only(cotangent if",
        "return read_only(cotangent.astype(int).astype(value.dtype) if"),
    "cotangents as halves": Fault(
        arrays.ArraySweeps, "fit", "return read_only(cotangent if",
        "return read_only(cotangent.astype('float16').astype(value.dtype) if"),
    "cotangents transposed": Fault(
        arrays.ArraySweeps, "fit", "return read_only(cotangent if", "return read_only(cotangent.T if"),
    "cotangents to the wrong operands": Fault(
        cotangents, "pair_cotangents", "zip(backward.slots, given, strict=True)",
        "zip(backward.slots, given[::-1], strict=True)"),
    "the slot beside": Fault(
        plan, "choose_backward", "Backward(rule, (asked[index],), (key,), single=True)",
        "Backward(rule, (asked[0] if asked[0] is not None else asked[index],), (key,), single=True)"),
    "the last operand not wanted": Fault(
        plan, "choose_backward", "asked = [slot if wanted[slot] else None for slot in operands]",
        "asked = [slot if wanted[slot] and slot != max(operands) else None for slot in operands]"),
    "what the target rests on, one step deep": Fault(
        layout, "find_wanted", "wanted[slot] = below[slot]", "wanted[slot] = below[slot] and out is layout.out[-1]"),
    "everything blocked at its second operand": Fault(
        layout, "list_blocked", "if item.name not in passing", "if item.name not in passing or index == 1"),
    "nothing is varied behind a second operand": Fault(
        layout, "find_below", "if below[slot]:", "if below[slot] and slot == operands[0]:"),
    "a seed of two for floats": Fault(seeds, "seed_scalar", "return 1.0", "return 2.0"),
    "a seed of minus one for arrays": Fault(seeds, "seed_array", "np.ones_like(value)", "-np.ones_like(value)"),
    "ones where nothing came": Fault(outcome, "_zeros_like", 'else 0.0', 'else 1.0'),
    "floats overwrite at fan-out": Fault(
        scalars.ScalarSweeps, "reverse", "cotangent if before is None else before + cotangent", "cotangent"),
    "floats overwrite what rules give together": Fault(
        scalars.ScalarSweeps, "_add", "number if before is None else before + number", "number"),
    "steps of floats from left to right": Fault(
        scalars.ScalarSweeps, "_bind_back", "reversed(self.plan.steps)", "self.plan.steps"),
    "stale operands of floats": Fault(
        scalars.ScalarSweeps, "reverse", "[values[slot] for slot in operands]",
        "[values[operands[0]]] * len(operands)"),
    "a stale output of floats": Fault(
        scalars.ScalarSweeps, "reverse", "z, inputs = values[out],", "z, inputs = values[operands[0]],"),
    "floats that need care get nothing": Fault(
        scalars.ScalarSweeps, "reverse", "cotangent = self._call_carefully(step, backward, careful, g, z, inputs)",
        "cotangent = 0.0"),
    "floats keep what is not taken": Fault(scalars, "_keep", "if condition else", "if not condition else"),
    "masks dropped": Fault(whole_runs.Run, "_reverse_arrays", "np.isnan(item).any()", "False"),
    "masks upside down": Fault(masks, "_keep", "Kept(numpy_arrays.keep(condition, g), condition)",
                               "Kept(numpy_arrays.keep(condition, g), ~np.asarray(condition))"),
    "masks and-ed at fan-out": Fault(masks, "_add", "before | mask", "before & mask"),
    "masked cotangents overwrite at fan-out": Fault(
        masks, "_add", "read_only(cotangents[slot] + cotangent)", "cotangent"),
    "masks stop at elementwise operators": Fault(
        masks, "_carry", "if step.operator.broadcasts and taken is not None", "if False"),
    "masks forget their condition": Fault(
        masks, "_carry", "taken if condition is None else np.logical_and(taken, condition)", "taken"),
    "masks stop at what moves": Fault(masks, "_carry", "if mover is not None", "if False"),
    "moved masks are everywhere": Fault(
        masks, "_ones_where_taken", "np.ones_like(value) if mask is None else mask.astype(value.dtype)",
        "np.ones_like(value)"),
    "masks of what is broadcast need all copies": Fault(
        masks, "_fit_mask", "unbroadcast(whole.astype(np.int64), shape) != 0",
        "unbroadcast((~whole).astype(np.int64), shape) == 0"),
    "masks not applied": Fault(
        masks, "reverse_with_masks", "cotangent = np.where(mask, cotangent, np.zeros((), np.asarray(cotangent).dtype))",
        "pass"),
    "traced rules in the wrong order": Fault(
        traced.TracedRule, "__call__", "for place in range(len(inputs))", "for place in reversed(range(len(inputs)))"),
    "traced rules without their seed": Fault(
        traced.TracedRule, "trace", "part if before is None else before + part", "1.0 + 0 * part"),
    "traced rules at other inputs": Fault(
        traced.TracedRule, "trace", "_as_float(value) if scalar else _as_array(value)",
        "1.5 + 0 * (_as_float(value) if scalar else _as_array(value))"),
}  # fmt: skip

# Faults that change no gradient, with the reason.
EQUIVALENT: Mapping[str, Fault] = {
    # with masks the sweep gives the same, and costs more
    "masks carried from the start": Fault(whole_runs.Run, "_reverse_arrays", "np.isnan(item).any()", "True"),
    # what is not taken is cut by the mask as well
    "what is not taken is cut once": Fault(
        masks, "_keep", "numpy_arrays.keep(condition, g), condition", "g, condition"),
    # carried back, a cotangent of zeros adds zeros
    "zeros carried on from what nothing takes": Fault(
        arrays.ArraySweeps, "walk_back", "np.zeros_like(part) if item is None", "part * 0.0 if item is None"),
    # addition of two numbers is commutative to the last bit
    "added up the other way round": Fault(arrays.ArraySweeps, "reverse", "before + cotangent", "cotangent + before"),
}  # fmt: skip


def break_engine(monkeypatch: pytest.MonkeyPatch, fault: Fault) -> None:
    """Put a function of the engine, written differently, wherever the engine holds it."""
    before = vars(fault.owner)[fault.name]
    source = textwrap.dedent(inspect.getsource(before))
    assert source.count(fault.right) >= 1, f"`{fault.name}` no longer reads {fault.right!r}"
    source = source.replace(fault.right, fault.wrong)
    scope: dict[str, Any] = {}
    flags = __future__.annotations.compiler_flag
    exec(compile(source, f"<{fault.name}>", "exec", flags), before.__globals__, scope)
    made = scope[fault.name]
    if inspect.isclass(fault.owner):
        monkeypatch.setattr(fault.owner, fault.name, made)
        return
    for name, module in list(sys.modules.items()):
        if (
            name.startswith(("dataflow.sweeps", "dataflow.whole_runs", "dataflow.outcome"))
            and vars(module).get(fault.name) is before
        ):
            monkeypatch.setattr(module, fault.name, made)


def _weigh(xp: Any, x: Any, y: Any) -> Any:
    return xp.sin(x) * x + x * y * y


def _lift(xp: Any, x: Any) -> Any:
    return 2.0 * x - xp.log1p(x)


def _lift_back(xp: Any, g: Any, z: Any, x: Any) -> Any:
    return g * (1.0 + 1.0 / (1.0 + 1.0 / x))  # at 0 bare floats raise, and IEEE arithmetic gives 1


def make_table() -> dataflow.Operators:
    """The standard operators, one without backward rules, and one whose rule needs IEEE arithmetic."""
    module = ModuleType("trial")
    made = [
        dataflow.Operator("weigh", "z = x sin x + x y²", forward=_weigh, broadcasts=True),
        dataflow.Operator("lift", "z = 2 x - log(1 + x)", forward=_lift, backward={"x": _lift_back}, broadcasts=True),
    ]

    def dataflow_operators() -> list[dataflow.Operator]:
        return made

    vars(module)["dataflow_operators"] = dataflow.hookimpl(dataflow_operators)
    return dataflow.standard().with_modules([module])


TABLE = make_table()


def load(name: str) -> dataflow.Graph:
    text = "{dataflow: 1, name: " + name + ", target: J, " + GRAPHS[name][1:]
    return dataflow.loads(text, operators=TABLE)


def list_accused() -> list[str]:
    """The graphs with a gradient that is called wrong. That an engine breaks down is no credit to the proof."""
    accused = []
    for name in GRAPHS:
        try:
            report = verify_graph(load(name), hidden=True)
        except (DataflowError, ValueError, TypeError, IndexError, KeyError, AttributeError):
            continue
        if report.wrong:
            accused.append(name)
    return accused


def test_the_engine_as_it_is() -> None:
    assert list_accused() == []


@pytest.mark.parametrize("name", FAULTS)
def test_a_wrong_engine_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    break_engine(monkeypatch, FAULTS[name])
    assert list_accused(), name


@pytest.mark.parametrize("name", EQUIVALENT)
def test_an_engine_that_only_looks_wrong_is_not_accused(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    break_engine(monkeypatch, EQUIVALENT[name])
    assert list_accused() == []
