"""Convolutions and pools written with JAX."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from math import prod
from typing import Any

from tests.benchmarks.jax_arrays import adjoint
from tests.benchmarks.twin_tools import each

jax: Any = import_module("jax")
jnp: Any = import_module("jax.numpy")
lax: Any = jax.lax


def _place_bias(z: Any, bias: Any) -> Any:
    return z if bias is None else z + bias.reshape(-1, *(1,) * (z.ndim - 2))


def _conv(x: Any, weight: Any, bias: Any = None, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
          groups: int = 1) -> Any:  # fmt: skip
    count = x.ndim - 2
    pads = padding.upper() if isinstance(padding, str) else [(item, item) for item in each(padding, count)]
    z = lax.conv_general_dilated(x, weight, each(stride, count), pads, rhs_dilation=each(dilation, count),
                                 feature_group_count=groups)  # fmt: skip
    return _place_bias(z, bias)


def _conv_transpose(x: Any, weight: Any, bias: Any = None, *, stride: Any = 1, padding: Any = 0,
                    output_padding: Any = 0, dilation: Any = 1, groups: int = 1) -> Any:  # fmt: skip
    """A convolution of `x` with zeros between its elements, the kernel turned round."""
    count = x.ndim - 2
    steps, cuts, more, gaps = (each(item, count) for item in (stride, padding, output_padding, dilation))
    lengths = zip(weight.shape[2:], cuts, more, gaps, strict=True)
    pads = [(gap * (k - 1) - cut, gap * (k - 1) - cut + extra) for k, cut, extra, gap in lengths]
    rows, columns, *kernel = weight.shape
    turned = jnp.flip(weight, tuple(range(2, x.ndim))).reshape(groups, rows // groups, columns, *kernel)
    turned = jnp.swapaxes(turned, 1, 2).reshape(groups * columns, rows // groups, *kernel)
    z = lax.conv_general_dilated(x, turned, (1,) * count, pads, lhs_dilation=steps, rhs_dilation=gaps,
                                 feature_group_count=groups)  # fmt: skip
    return _place_bias(z, bias)


# --- pools ---


def _over_windows(start: Any, function: Any, x: Any, kernel_size: Any, stride: Any, padding: Any) -> Any:
    count = x.ndim - 2
    lengths, steps = ((1, 1, *each(item, count)) for item in (kernel_size, stride or kernel_size))
    pads = [(0, 0), (0, 0), *((item, item) for item in each(padding, count))]
    return lax.reduce_window(x, start, function, lengths, steps, pads)


def _shared_max_pool(x: Any, *, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1) -> Any:
    """A pool that shares among elements that are equally large, and has a dilation, which JAX's have not."""
    count = x.ndim - 2
    x = jnp.pad(x, [(0, 0), (0, 0), *((item, item) for item in each(padding, count))], constant_values=-jnp.inf)
    given = zip(each(kernel_size, count), each(stride or kernel_size, count), each(dilation, count), strict=True)
    for number, (length, step, gap) in enumerate(given):
        axis = 2 + 2 * number
        first = jnp.arange(0, x.shape[axis] - gap * (length - 1), step)
        x = jnp.take(x, first[:, None] + gap * jnp.arange(length), axis=axis)
    return jnp.max(x, axis=tuple(range(3, x.ndim, 2)))


def _max_pool(x: Any, *, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1) -> Any:
    if dilation != 1:
        return _shared_max_pool(x, kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation)
    return _over_windows(-jnp.inf, lax.max, x, kernel_size, stride, padding)


def _max_pool_gradient(g: Any, z: Any, x: Any, **attributes: Any) -> Any:
    return jax.vjp(lambda at: _shared_max_pool(at, **attributes), x)[1](g)[0]


def _max_pool_tangent(h: Any, z: Any, x: Any, **attributes: Any) -> Any:
    return jax.jvp(lambda at: _shared_max_pool(at, **attributes), (x,), (h,))[1]


def _avg_pool(x: Any, *, kernel_size: Any, stride: Any = None, padding: Any = 0, count_include_pad: bool = True) -> Any:
    total = _over_windows(0.0, lax.add, x, kernel_size, stride, padding)
    if count_include_pad:
        return total / prod(each(kernel_size, x.ndim - 2))
    return total / _over_windows(0.0, lax.add, jnp.ones(x.shape), kernel_size, stride, padding)


def _adaptive(x: Any, *, output_size: Any) -> Any:
    for axis, m in enumerate(each(output_size, x.ndim - 2), start=2):
        n = x.shape[axis]
        parts = [lax.slice_in_dim(x, i * n // m, -(-(i + 1) * n // m), axis=axis) for i in range(m)]
        x = jnp.concat([part.mean(axis=axis, keepdims=True) for part in parts], axis=axis)
    return x


def _unfold_patches(x: Any, *, kernel_size: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1) -> Any:
    count = x.ndim - 2
    z = lax.conv_general_dilated_patches(
        x, each(kernel_size, count), each(stride, count), [(item, item) for item in each(padding, count)],
        rhs_dilation=each(dilation, count),
    )  # fmt: skip
    return z.reshape(*z.shape[:2], prod(z.shape[2:]))


def _fold_patches(x: Any, *, output_size: Any, kernel_size: Any, **attributes: Any) -> Any:
    lengths = each(output_size, 1)
    shape = (x.shape[0], x.shape[1] // prod(each(kernel_size, len(lengths))), *lengths)
    return adjoint(partial(_unfold_patches, kernel_size=kernel_size, **attributes), shape, x)


def _adjoint_of(function: Callable[..., Any], g: Any, *, shape: Any, **attributes: Any) -> Any:
    return adjoint(lambda x: function(x, **attributes), shape, g)


def _conv_input_gradient(g: Any, weight: Any, *, shape: Any, **attributes: Any) -> Any:
    return adjoint(lambda x: _conv(x, weight, **attributes), shape, g)


def _conv_weight_gradient(g: Any, x: Any, *, shape: Any, **attributes: Any) -> Any:
    return adjoint(lambda weight: _conv(x, weight, **attributes), shape, g)


TWINS: Mapping[str, Callable[..., Any]] = {
    "conv": _conv,
    "conv_transpose": _conv_transpose,
    "conv_input_gradient": _conv_input_gradient,
    "conv_weight_gradient": _conv_weight_gradient,
    "max_pool": _max_pool,
    "max_pool_gradient": _max_pool_gradient,
    "max_pool_tangent": _max_pool_tangent,
    "avg_pool": _avg_pool,
    "avg_pool_gradient": partial(_adjoint_of, _avg_pool),
    "adaptive_avg_pool": _adaptive,
    "adaptive_avg_pool_gradient": partial(_adjoint_of, _adaptive),
    "unfold_patches": _unfold_patches,
    "fold_patches": _fold_patches,
}
