"""Convolutions and pools against SciPy, against autograd on plain formulas, and against their slow twins."""

from __future__ import annotations

from importlib import import_module
from itertools import product
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np
import pytest
from scipy import ndimage, signal

from dataflow import registry
from dataflow.arrays import numpy_arrays
from dataflow.library import Library
from tests.plugins.running import close, run, weigh
from tests.plugins.test_refusals import refusal

OPERATORS = registry.standard()
XP: Any = Library(OPERATORS, numpy_arrays)

WITH_TWINS = ["conv", "conv_transpose", "conv_input_gradient", "conv_weight_gradient", "max_pool", "max_pool_gradient",
              "max_pool_tangent", "avg_pool", "avg_pool_gradient", "adaptive_avg_pool", "adaptive_avg_pool_gradient",
              "unfold_patches", "fold_patches"]  # fmt: skip


@pytest.mark.parametrize("name", WITH_TWINS)
def test_kernels_do_what_their_slow_twins_do(name: str) -> None:
    operator = OPERATORS[name]
    assert isinstance(operator.reference, str)
    assert operator.examples is not None
    module, _, function = operator.reference.partition(":")
    twin = getattr(import_module(module), function)
    for inputs, attributes in operator.examples(np.random.default_rng(5)):
        close(operator.forward(XP, *inputs, **attributes), twin(*inputs, **attributes))


def draw(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).normal(size=shape)


# --- convolutions ---


@pytest.mark.parametrize(("mode", "padding"), [("valid", "valid"), ("same", "same"), ("full", (2, 1))])
def test_conv_is_scipys_correlation(mode: str, padding: Any) -> None:
    x, weight, bias = draw(2, 3, 8, 7), draw(4, 3, 3, 2), draw(4)
    for n, o in product(range(2), range(4)):
        layers = [signal.correlate(x[n, c], weight[o, c], mode=mode) for c in range(3)]
        expected = np.sum(layers, axis=0) + bias[o]
        if mode == "same":  # SciPy's odd element of the padding goes before, ours after
            layers = [signal.correlate(np.pad(x[n, c], ((1, 1), (0, 1))), weight[o, c], mode="valid") for c in range(3)]
            expected = np.sum(layers, axis=0) + bias[o]
        close(run("conv", [x, weight, bias], {"padding": padding})[0][0][n, o], expected)


def plain_conv(x: Any, weight: Any, bias: Any, stride: Any, padding: Any, dilation: Any, groups: int) -> Any:
    """The convolution as a sum over the elements of the kernel, in functions that autograd knows."""
    x = anp.pad(x, ((0, 0), (0, 0), *[(pad, pad) for pad in padding]), "constant")
    kernel = weight.shape[2:]
    places = [(n - gap * (k - 1) - 1) // step + 1
              for n, k, step, gap in zip(x.shape[2:], kernel, stride, dilation, strict=True)]  # fmt: skip
    inputs, outputs = weight.shape[1], weight.shape[0] // groups
    parts = []
    for group in range(groups):
        total: Any = 0.0
        for k in product(*map(range, kernel)):
            at = tuple(slice(gap * i, gap * i + step * (count - 1) + 1, step)
                       for i, gap, step, count in zip(k, dilation, stride, places, strict=True))  # fmt: skip
            taken = x[(slice(None), slice(group * inputs, (group + 1) * inputs), *at)]
            factors = weight[(slice(group * outputs, (group + 1) * outputs), slice(None), *k)]
            total = total + anp.einsum("nc...,oc->no...", taken, factors)
        parts.append(total)
    return anp.concatenate(parts, axis=1) + anp.reshape(bias, (-1, *(1,) * len(kernel)))


CONVOLUTIONS: list[tuple[tuple[int, ...], tuple[int, ...], Any, Any, Any, int]] = [
    ((2, 3, 40, 30), (5, 3, 3, 3), (1, 1), (1, 1), (1, 1), 1),  # several blocks of rows
    ((3, 2, 9, 8), (4, 2, 3, 3), (2, 3), (0, 2), (2, 1), 1),  # several samples in a block
    ((2, 64, 6, 5), (8, 64, 1, 1), (1, 1), (0, 0), (1, 1), 1),
    ((1, 3, 40, 40), (3, 3, 1, 1), (1, 1), (0, 0), (1, 1), 1),
    ((1, 3, 45, 44), (8, 3, 7, 7), (2, 2), (3, 3), (1, 1), 1),
    ((2, 6, 12, 100), (6, 1, 3, 3), (1, 1), (1, 1), (1, 1), 6),
    ((2, 4, 13, 6), (6, 2, 3, 2), (1, 2), (4, 0), (1, 1), 2),
    ((2, 3, 1500), (4, 3, 5), (1,), (2,), (2,), 1),
    ((1, 2, 12, 20, 18), (3, 2, 3, 2, 3), (1, 1, 1), (1, 0, 1), (1, 1, 1), 1),
]


@pytest.mark.parametrize("case", CONVOLUTIONS, ids=[f"{x}{weight}" for x, weight, *_ in CONVOLUTIONS])
def test_conv_and_its_gradients_against_autograd(case: Any) -> None:
    x, weight, bias = draw(*case[0]), draw(*case[1], seed=1), draw(case[1][0], seed=2)
    about = dict(zip(("stride", "padding", "dilation", "groups"), case[2:], strict=True))
    (z,), found = run("conv", [x, weight, bias], about)
    close(z, plain_conv(x, weight, bias, **about))
    for place, gradient in enumerate(found):
        close(gradient, autograd.grad(lambda *xs: anp.sum(weigh(z) * plain_conv(*xs, **about)), place)(x, weight, bias))


@pytest.mark.parametrize("case", CONVOLUTIONS[1:3], ids=["strided", "pointwise"])
def test_the_adjoints_have_gradients_of_their_own(case: Any) -> None:
    """Each of the three is linear in both its inputs: h * conv(x, w) is what the adjoints at h pair with x and w."""
    x, weight = draw(*case[0]), draw(*case[1], seed=1)
    about = dict(zip(("stride", "padding", "dilation", "groups"), case[2:], strict=True))
    h = draw(*np.shape(XP.conv(x, weight, **about)), seed=3)

    def pairing(x: Any, weight: Any, h: Any) -> Any:
        return anp.sum(h * plain_conv(x, weight, anp.zeros(case[1][0]), **about))

    for name, place, second, shape in (("conv_input_gradient", 0, weight, x.shape),
                                       ("conv_weight_gradient", 1, x, weight.shape)):  # fmt: skip
        (z,), found = run(name, [h, second], {"shape": shape, **about})
        close(z, autograd.grad(pairing, place)(x, weight, h))
        given: list[Any] = [x, weight, h]
        given[place] = weigh(z)  # the pairing is linear in it: its slope in the others is the gradient
        close(found[0], autograd.grad(pairing, 2)(*given))
        close(found[1], autograd.grad(pairing, 1 - place)(*given))


def test_conv_transpose_undoes_the_shape_of_conv() -> None:
    x, weight = draw(2, 3, 9, 7), draw(3, 4, 3, 2, seed=1)
    about: dict[str, Any] = {"stride": (2, 3), "padding": (1, 0), "output_padding": (1, 2)}
    (z,), found = run("conv_transpose", [x, weight, draw(4, seed=2)], about)
    assert z.shape == (2, 4, 18, 22)
    close(found[0], XP.conv(weigh(z), weight, stride=(2, 3), padding=(1, 0)))
    close(found[2], np.sum(weigh(z), axis=(0, 2, 3)))


@pytest.mark.parametrize("name", ["conv", "conv_transpose"])
def test_float32_stays_float32(name: str) -> None:
    inputs = [draw(2, 4, 6, 5), draw(4, 4, 3, 3), draw(4)]
    (z,), found = run(name, inputs, {"padding": 1}, dtype="float32")
    assert {item.dtype.name for item in (z, *found)} == {"float32"}
    close(z, run(name, inputs, {"padding": 1})[0][0], 1e-5)


def test_views_that_are_not_contiguous() -> None:
    x, weight = draw(6, 5, 3, 2).T, draw(3, 3, 3, 4).T
    close(XP.conv(x, weight), XP.conv(np.ascontiguousarray(x), np.ascontiguousarray(weight)))
    g = np.broadcast_to(np.float64(1.0), XP.conv(x, weight).shape)
    close(XP.conv_input_gradient(g, weight, shape=x.shape), XP.conv_input_gradient(g.copy(), weight, shape=x.shape))
    close(XP.max_pool(x, kernel_size=2), XP.max_pool(np.ascontiguousarray(x), kernel_size=2))


# --- pools ---


def taps(x: Any, windows: Any, fill: float) -> Any:
    """All that stands in each window, along a last axis."""
    kernel, stride, padding, dilation = windows
    x = anp.pad(x, ((0, 0), (0, 0), *[(pad, pad) for pad in padding]), "constant", constant_values=fill)
    sizes = zip(x.shape[2:], kernel, stride, dilation, strict=True)
    places = [(n - gap * (k - 1) - 1) // step + 1 for n, k, step, gap in sizes]
    found = []
    for k in product(*map(range, kernel)):
        at = tuple(slice(gap * i, gap * i + step * (count - 1) + 1, step)
                   for i, gap, step, count in zip(k, dilation, stride, places, strict=True))  # fmt: skip
        found.append(x[(slice(None), slice(None), *at)])
    return anp.stack(found, axis=-1)


POOLS: list[tuple[tuple[int, ...], Any, Any, Any, Any]] = [
    ((2, 3, 9, 8), (3, 2), (2, 1), (1, 1), (1, 1)), ((2, 3, 11), (3,), (3,), (0,), (2,)),
    ((3, 70, 33, 31), (3, 3), (2, 2), (1, 1), (1, 1)), ((1, 2, 5, 6, 4), (2, 2, 2), (1, 2, 2), (0, 1, 0), (1, 1, 1)),
]  # fmt: skip
POOL_WORDS = ("kernel_size", "stride", "padding", "dilation")


@pytest.mark.parametrize("case", POOLS, ids=[str(shape) for shape, *_ in POOLS])
@pytest.mark.parametrize("tied", [False, True], ids=["distinct", "tied"])
def test_max_pool_against_autograd(case: Any, tied: bool) -> None:
    x = np.round(2 * draw(*case[0])) if tied else draw(*case[0])

    def plain(x: Any) -> Any:
        return anp.max(taps(x, case[1:], -1e300), axis=-1)

    (z,), (dx,) = run("max_pool", [x], dict(zip(POOL_WORDS, case[1:], strict=True)))
    close(z, plain(x))
    close(dx, autograd.grad(lambda x: anp.sum(weigh(z) * plain(x)))(x))


@pytest.mark.parametrize("case", POOLS[::2], ids=[str(shape) for shape, *_ in POOLS[::2]])
@pytest.mark.parametrize("include", [True, False])
def test_avg_pool_against_autograd(case: Any, include: bool) -> None:
    x, count = draw(*case[0]), taps(np.ones(case[0]), case[1:], 0.0).sum(axis=-1)

    def plain(x: Any) -> Any:
        parts = taps(x, case[1:], 0.0)
        return anp.mean(parts, axis=-1) if include else anp.sum(parts, axis=-1) / count

    about = {**dict(zip(POOL_WORDS[:3], case[1:], strict=False)), "count_include_pad": include}
    (z,), (dx,) = run("avg_pool", [x], about)
    close(z, plain(x))
    close(dx, autograd.grad(lambda x: anp.sum(weigh(z) * plain(x)))(x))


def test_pools_against_scipy() -> None:
    x = draw(1, 1, 9, 12)
    expected = ndimage.maximum_filter(x[0, 0], size=3, mode="constant", cval=-np.inf)
    close(XP.max_pool(x, kernel_size=3, stride=1, padding=1)[0, 0], expected)
    expected = ndimage.uniform_filter(x[0, 0], size=3, mode="constant")
    close(XP.avg_pool(x, kernel_size=3, stride=1, padding=1)[0, 0], expected)
    close(XP.adaptive_avg_pool(x, output_size=(3, 4)), XP.avg_pool(x, kernel_size=3))


def test_what_a_pool_does_not_take_gets_nothing() -> None:
    """The slope of log at 0 is infinite, and the largest elements lie elsewhere."""
    from dataflow import Graph, Node, execute
    from dataflow.graph import Input

    nodes = {"y": Node("log", ("x",)), "p": Node("max_pool", ("y",), {"kernel_size": 2}), "J": Node("sum", ("p",))}
    x = Input(np.array([[[0.0, 2.0, 4.0, 4.0]]]), dtype="float64")
    result = execute(Graph(inputs={"x": x}, nodes=nodes, target="J"))
    assert np.asarray(result.gradients["x"]).tolist() == [[[0.0, 0.5, 0.125, 0.125]]]


def test_columns_and_convolution_are_one() -> None:
    x, weight = draw(2, 3, 6, 5), draw(4, 3, 2, 3, seed=1)
    columns = XP.unfold_patches(x, kernel_size=(2, 3), stride=(2, 1), padding=(1, 0))
    found = (weight.reshape(4, -1) @ columns).reshape(2, 4, 4, 3)
    close(found, XP.conv(x, weight, stride=(2, 1), padding=(1, 0)))


# --- what is refused ---

IMAGE: Any = np.zeros((1, 2, 4, 4)).tolist()
KERNEL: Any = np.zeros((3, 2, 3, 3)).tolist()

REFUSED = [
    ("conv(x, w)", {"x": IMAGE, "w": np.zeros((3, 1, 3, 3)).tolist()},
     "x has 2 channels, and weight of shape [3, 1, 3, 3] needs 1"),
    ("conv(x, w, groups=2)", {"x": IMAGE, "w": KERNEL}, "3 output channels do not fall into 2 groups"),
    ("conv(x, w, groups=3)", {"x": IMAGE, "w": KERNEL},
     "x has 2 channels, and weight of shape [3, 2, 3, 3] needs 2 times 3 groups"),
    ("conv(x, w, stride=0)", {"x": IMAGE, "w": KERNEL}, "stride is at least 1 along each axis, not 0"),
    ("conv(x, w, stride=[1, 2, 1])", {"x": IMAGE, "w": KERNEL}, "stride has 3 numbers, [1, 2, 1], for 2 spatial axes"),
    ("conv(x, w, dilation=2)", {"x": IMAGE, "w": KERNEL},
     "the kernel spans 5 along spatial axis 0, more than the 4 of the padded input"),
    ("conv(x, w, stride=2, padding='same')", {"x": IMAGE, "w": KERNEL},
     'padding "same" needs a stride of 1, not [2, 2]'),
    ("conv(x, w, b)", {"x": IMAGE, "w": KERNEL, "b": [1.0, 2.0]},
     "bias has the shape [2], and 3 output channels need [3]"),
    ("conv(x, w)", {"x": [[1.0]], "w": KERNEL},
     "x has the shape [1, 1]: with a weight of shape [3, 2, 3, 3] it needs [batch, channels, and 2 spatial axes]"),
    ("conv(x, w)", {"x": [[1.0]], "w": [[1.0]]},
     "weight has the shape [1, 1]: it needs [out, in / groups, then 1 to 3 spatial axes]"),
    ("conv_transpose(x, w)", {"x": IMAGE, "w": KERNEL}, "x has 2 channels, and weight of shape [3, 2, 3, 3] needs 3"),
    ("conv_transpose(x, w, output_padding=1)", {"x": IMAGE, "w": np.zeros((2, 1, 3, 3)).tolist()},
     "output_padding is less than the stride or the dilation, not 1 along axis 0"),
    ("max_pool(x, kernel_size=5)", {"x": IMAGE},
     "the kernel spans 5 along spatial axis 0, more than the 4 of the padded input"),
    ("max_pool(x, kernel_size=3, padding=2)", {"x": IMAGE},
     "padding is at most half of the kernel's 3 along spatial axis 0, not 2"),
    ("max_pool(x, kernel_size=2)", {"x": [[1.0]]},
     "x has the shape [1, 1]: it needs [batch, channels, and 1 to 3 spatial axes]"),
    ("avg_pool(x, kernel_size=0)", {"x": IMAGE}, "kernel_size is at least 1 along each axis, not 0"),
    ("adaptive_avg_pool(x, output_size=[1, 2, 3])", {"x": IMAGE},
     "output_size has 3 numbers, [1, 2, 3], for 2 spatial axes"),
    ("fold_patches(x, output_size=[4], kernel_size=2)", {"x": [[[1.0, 2.0]]]},
     "x has the shape [1, 1, 2], and needs [batch, channels times 2, 3] for these windows"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "inputs", "expected"), REFUSED, ids=[text for text, *_ in REFUSED])
def test_what_does_not_fit(text: str, inputs: dict[str, Any], expected: str) -> None:
    assert refusal(text, **inputs) == expected
