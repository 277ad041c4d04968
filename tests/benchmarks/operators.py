"""Operators beside PyTorch and hand-written NumPy: python -m tests.benchmarks.operators [NAME ...] [--rounds N]

Each case is the value and all gradients of one operator, in float32, on one thread; the two take turns within one
process. Shown are medians of the ratios between neighbours, ours to theirs. PyTorch is installed by hand, for this.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from statistics import median
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from dataflow import Graph, Input, Node, Operators, standard
from dataflow.sweeps.arrays import ArraySweeps
from dataflow.sweeps.plan import make_plan

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]
SQUARE = (1000, 1000)


class Case(NamedTuple):
    """One operator at one size; `torch` gives its value from tensors, `numpy` value and gradients from arrays."""

    name: str
    operator: str
    shapes: Sequence[Shape]
    attributes: Mapping[str, Any]
    torch: Callable[..., Any] | None = None
    numpy: Callable[..., Any] | None = None


def cases() -> list[Case]:
    """All cases. Sizes are those of a ResNet's and of a transformer's layers, and of large arrays."""
    return [*_convolutions(), *_transformer(), *_plain()]


def _load_torch() -> Any:
    """PyTorch, which is not among what the project installs."""
    return import_module("torch")


def _convolutions() -> list[Case]:
    def conv(x: Any, w: Any, **attributes: Any) -> Any:
        return _load_torch().nn.functional.conv2d(x, w, **attributes)

    def max_pool(x: Any) -> Any:
        return _load_torch().nn.functional.max_pool2d(x, 3, 2, 1)

    sizes: list[tuple[str, Shape, Shape, dict[str, Any]]] = [
        ("conv 7x7 stride 2, 3 to 64 of 224", (2, 3, 224, 224), (64, 3, 7, 7), {"stride": 2, "padding": 3}),
        ("conv 3x3, 64 of 56", (4, 64, 56, 56), (64, 64, 3, 3), {"padding": 1}),
        ("conv 3x3 stride 2, 128 to 256 of 28", (8, 128, 28, 28), (256, 128, 3, 3), {"stride": 2, "padding": 1}),
        ("conv 3x3, 512 of 7", (8, 512, 7, 7), (512, 512, 3, 3), {"padding": 1}),
        ("conv 1x1, 256 to 64 of 56", (4, 256, 56, 56), (64, 256, 1, 1), {}),
        ("conv 3x3 depthwise, 128 of 28", (8, 128, 28, 28), (128, 1, 3, 3), {"padding": 1, "groups": 128}),
    ]
    pool = {"kernel_size": 3, "stride": 2, "padding": 1}
    return [
        *(Case(name, "conv", (x, w), given, partial(conv, **given)) for name, x, w, given in sizes),
        Case("max_pool 3x3 stride 2, 64 of 112", "max_pool", ((4, 64, 112, 112),), pool, max_pool),
    ]


def _transformer() -> list[Case]:
    def softmax(x: Any) -> Any:
        return x.softmax(-1)

    def layer_norm(x: Any, w: Any, b: Any) -> Any:
        return _load_torch().nn.functional.layer_norm(x, w.shape, w, b)

    def attend(q: Any, k: Any, v: Any, **attributes: Any) -> Any:
        return _load_torch().nn.functional.scaled_dot_product_attention(q, k, v, **attributes)

    heads = ((8, 12, 512, 64),) * 3
    causal = {"is_causal": True}
    return [
        Case("softmax, rows of 512", "softmax", ((8, 12, 256, 512),), {}, softmax),
        Case("softmax, rows of 1000", "softmax", ((256, 1000),), {}, softmax),
        Case("layer_norm, rows of 768", "layer_norm", ((8, 512, 768), (768,), (768,)), {}, layer_norm),
        Case("attention, 8 x 12 x 512 x 64", "scaled_dot_product_attention", heads, {}, attend),
        Case("attention, causal", "scaled_dot_product_attention", heads, causal, partial(attend, **causal)),
    ]


def _plain() -> list[Case]:
    def exp(x: Array, g: Array) -> Any:
        z = np.exp(x)
        return z, g * z

    def multiply(x: Array, y: Array, g: Array) -> Any:
        return x * y, g * y, g * x

    def tanh(x: Array, g: Array) -> Any:
        z = np.tanh(x)
        return z, g * (1 - z * z)

    def sigmoid(x: Array, g: Array) -> Any:
        z = 1 / (1 + np.exp(-x))
        return z, g * (z * (1 - z))

    def relu(x: Array, g: Array) -> Any:
        return np.maximum(x, 0), np.where(x > 0, g, 0)

    def matmul(x: Array, y: Array, g: Array) -> Any:
        return x @ y, g @ y.T, x.T @ g

    one, two = (SQUARE,), (SQUARE, SQUARE)
    return [
        Case("exp", "exp", one, {}, lambda x: x.exp(), exp),
        Case("multiply", "multiply", two, {}, lambda x, y: x * y, multiply),
        Case("tanh", "tanh", one, {}, lambda x: x.tanh(), tanh),
        Case("sigmoid", "sigmoid", one, {}, lambda x: x.sigmoid(), sigmoid),
        Case("relu", "relu", one, {}, lambda x: x.relu(), relu),
        Case("matmul 1000", "matmul", two, {}, lambda x, y: x @ y, matmul),
        Case("matmul 100", "matmul", ((100, 100),) * 2, {}, lambda x, y: x @ y, matmul),
    ]


def prepare_ours(case: Case, operators: Operators, inputs: Sequence[Array], g: Array) -> Callable[[], list[Array]]:
    """A function that sweeps the operator forward and back and gives the cotangents of its inputs."""
    names = [f"x{index}" for index in range(len(inputs))]
    graph = Graph(
        inputs={name: Input(dtype="float32") for name in names},
        nodes={"z": Node(case.operator, tuple(names), case.attributes)},
        dtype="float32",
    )
    plan = make_plan(graph, operators, target="z")
    sweeps = ArraySweeps(plan, operators)

    def run() -> list[Array]:
        values: list[Any] = [None] * (len(plan.names) + 1)
        cotangents: list[Any] = [None] * len(values)
        for name, x in zip(names, inputs, strict=True):
            values[plan.slots[name]] = x
        sweeps.forward(values)
        cotangents[plan.slots["z"]] = g
        sweeps.reverse(values, cotangents)
        return [values[plan.slots["z"]], *(cotangents[plan.slots[name]] for name in names)]

    return run


def prepare_torch(function: Callable[..., Any], inputs: Sequence[Array], g: Array) -> Callable[[], list[Array]]:
    """The same with PyTorch's eager mode."""
    torch = _load_torch()
    torch.set_num_threads(1)
    seed = torch.from_numpy(g)

    def run() -> list[Array]:
        given: list[Any] = [torch.from_numpy(x).requires_grad_() for x in inputs]
        z = function(*given)
        z.backward(seed)
        return [z.detach().numpy(), *(x.grad.numpy() for x in given)]

    return run


def time_in_turn(ours: Callable[[], Any], theirs: Callable[[], Any], rounds: int) -> list[float]:
    """The ratios of ours to theirs, each pair run one after the other."""
    ratios = []
    for run in (ours, theirs):
        run()
    for _ in range(rounds):
        started = perf_counter()
        ours()
        between = perf_counter()
        theirs()
        ratios.append((between - started) / (perf_counter() - between))
    return ratios


def draw(rng: np.random.Generator, shape: Shape) -> Array:
    """Numbers from -2 to 2, no two alike: where extremes are equal PyTorch takes the first, and we share."""
    count = math.prod(shape)
    return (4 * rng.permutation(count).reshape(shape) / count - 2).astype(np.float32)


def compare(case: Case, operators: Operators, rounds: int) -> list[str]:
    """The lines of one case."""
    rng = np.random.default_rng(0)
    inputs = [draw(rng, shape) for shape in case.shapes]
    z = find_shape(case, operators, inputs)
    g = rng.normal(size=z).astype(np.float32)
    ours = prepare_ours(case, operators, inputs, g)
    lines = []
    for label, theirs in (
        ("PyTorch", case.torch and prepare_torch(case.torch, inputs, g)),
        ("NumPy by hand", case.numpy and partial(case.numpy, *inputs, g)),
    ):
        if theirs is None:
            continue
        for mine, other in zip(ours(), theirs(), strict=True):  # the same work
            np.testing.assert_allclose(mine, other, rtol=1e-2, atol=1e-3 * float(np.abs(other).max()))
        ratios = time_in_turn(ours, theirs, rounds)
        lines.append(f"{case.name:<40} / {label:<14} {median(ratios):6.2f}   {min(ratios):.2f}-{max(ratios):.2f}")
    return lines


def find_shape(case: Case, operators: Operators, inputs: Sequence[Array]) -> Shape:
    """The shape of the value."""
    from dataflow.arrays import numpy_arrays
    from dataflow.library import Library

    return np.shape(operators[case.operator].forward(Library(operators, numpy_arrays), *inputs, **case.attributes))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the cases whose name begins with one of the names, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.operators", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args(arguments)
    if any(os.environ.get(name) != "1" for name in THREADS):  # read when NumPy is imported: begin again
        os.environ.update(dict.fromkeys(THREADS, "1"))
        os.execv(sys.executable, [sys.executable, "-m", "tests.benchmarks.operators", *sys.argv[1:]])
    operators = standard()
    for case in cases():
        if not given.names or case.name.startswith(tuple(given.names)):
            print("\n".join(compare(case, operators, given.rounds)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
