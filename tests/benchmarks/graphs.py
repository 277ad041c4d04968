"""Graphs of any size as the lines of a file, the same lines for the same arguments; every value in them is finite."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from random import Random
from typing import NamedTuple


class Form(NamedTuple):
    """One operation: as an expression, spelled out, and the largest value that it gives for operands of given sizes."""

    expression: str
    spelled: str
    bound: Callable[[float, float], float]


FORMS = (
    Form("{a} + {b}", "op: add, inputs: [{a}, {b}]", lambda a, b: a + b),
    Form("{a} - {b}", "op: subtract, inputs: [{a}, {b}]", lambda a, b: a + b),
    Form("{a} * {b}", "op: multiply, inputs: [{a}, {b}]", lambda a, b: a * b),
    Form("hypot({a}, {b})", "op: hypot, inputs: [{a}, {b}]", lambda a, b: a + b),
    Form("maximum({a}, {b})", "op: maximum, inputs: [{a}, {b}]", max),
    Form("{a} / 2.5", "op: divide, inputs: [{a}, 2.5]", lambda a, b: a / 2.5),
    Form("0.5 * {a}", "op: multiply, inputs: [0.5, {a}]", lambda a, b: a / 2),
    Form("{a} ** 2", "op: pow, inputs: [{a}, 2]", lambda a, b: a * a),
    Form("-{a}", "op: negative, inputs: [{a}]", lambda a, b: a),
    Form("exp({a})", "op: exp, inputs: [{a}]", lambda a, b: math.exp(a)),
    Form("sin({a})", "op: sin, inputs: [{a}]", lambda a, b: 1.0),
)
SUM, TAMED = FORMS[0], FORMS[-1]
LARGEST = 8.0


def random_graph(count: int, seed: int = 0) -> Iterator[str]:
    """A graph of `count` scalar nodes, one operation each, half expressions and half spelled out.

    Every operand is drawn at random, the first one among the values that nothing uses yet, so that there are about
    as many of those as there are inputs; the last nodes add them up, and so nearly all nodes reach the target.
    """
    rng = Random(seed)
    width = max(2, count // 100)
    names = [f"x{index}" for index in range(width)]
    bounds = [1.0] * width
    yield from _head("random", {name: f"{rng.uniform(-1, 1):.6f}" for name in names})
    unused = list(range(width))
    for index in range(count):
        summing = len(unused) > count - index
        first = _take(unused, rng)
        second = _take(unused, rng) if summing else rng.randrange(len(names))
        form = SUM if summing else rng.choice(FORMS)
        sizes = bounds[first], bounds[second]
        if not summing and (sizes[0] > LARGEST or form.bound(*sizes) > LARGEST):
            form = TAMED
        yield _node(f"n{index}", form, names[first], names[second], spelled=index % 2 == 1)
        unused.append(len(names))
        names.append(f"n{index}")
        bounds.append(form.bound(*sizes))
    yield f"target: n{count - 1}\n"


def chain(count: int) -> Iterator[str]:
    """A graph of `count` scalar nodes, each made of the one before."""
    forms = (Form("{a} + {b}", "", max), Form("", "op: multiply, inputs: [{a}, 0.75]", max))
    yield from _head("chain", {"x": "1", "b": "0.25"})
    for index in range(count):
        before = f"n{index - 1}" if index else "x"
        yield _node(f"n{index}", forms[index % 2], before, "b", spelled=index % 2 == 1)
    yield f"target: n{count - 1}\n"


def wide_sum(count: int) -> Iterator[str]:
    """A graph in which one node stacks `count` others, inputs and nodes in turn, and one more adds them up."""
    given = {f"x{index}": f"{index % 100}" for index in range(0, count, 2)}
    yield from _head("wide_sum", given)
    for index in range(1, count, 2):
        yield f"  x{index}: 2 * x{index - 1}\n"
    yield "  all:\n    op: stack\n    inputs:\n"
    for index in range(count):
        yield f"      - x{index}\n"
    yield "  J: {op: sum, inputs: [all]}\ntarget: J\n"


def write_graph(path: Path, lines: Iterable[str]) -> Path:
    """Write a graph line by line."""
    with path.open("w", encoding="utf-8") as stream:
        stream.writelines(lines)
    return path


def _head(name: str, inputs: dict[str, str]) -> Iterator[str]:
    yield f"dataflow: 1\nname: {name}\ninputs:\n"
    for key, value in inputs.items():
        yield f"  {key}: {value}\n"
    yield "nodes:\n"


def _take(unused: list[int], rng: Random) -> int:
    """Remove one at random, in constant time."""
    place = rng.randrange(len(unused))
    unused[place], unused[-1] = unused[-1], unused[place]
    return unused.pop()


def _node(name: str, form: Form, first: str, second: str, *, spelled: bool) -> str:
    text = f"{{{{{form.spelled}}}}}" if spelled else form.expression
    return f"  {name}: {text.format(a=first, b=second)}\n"
