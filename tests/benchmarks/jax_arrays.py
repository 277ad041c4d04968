"""Operators that move elements, written with JAX, and what the other twins in JAX share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

import numpy as np

from tests.benchmarks.twin_tools import read_key

jax: Any = import_module("jax")
jnp: Any = import_module("jax.numpy")


def adjoint(function: Callable[..., Any], shape: Sequence[int], g: Any) -> Any:
    """The cotangent of a linear function of an array of some shape."""
    return jax.vjp(function, jnp.zeros(tuple(shape), g.dtype))[1](g)[0]


def _split(x: Any, *, sections: int | None = None, lengths: Any = None, axis: int = 0) -> Any:
    return jnp.split(x, sections if lengths is None else np.cumsum(lengths)[:-1], axis=axis)


def _pad(x: Any, *, pad_width: Any, mode: str = "constant", value: float = 0.0) -> Any:
    more = {"constant_values": value} if mode == "constant" else {}
    return jnp.pad(x, pad_width, mode=mode, **more)


def _unfold(x: Any, *, size: int, step: int = 1, axis: int = -1) -> Any:
    first = np.arange(0, x.shape[axis] - size + 1, step)
    windows = jnp.take(x, first[:, None] + np.arange(size), axis=axis)
    return jnp.moveaxis(windows, axis % x.ndim + 1, -1)


def _overlap_add(x: Any, *, length: int, step: int = 1, axis: int = -1) -> Any:
    shape = list(x.shape[:-1])
    shape[axis] = length
    return adjoint(lambda z: _unfold(z, size=x.shape[-1], step=step, axis=axis), shape, x)


def _take(x: Any, indices: Any, *, axis: int | None = None) -> Any:
    return jnp.take(x, indices, axis=axis or 0)


def _boolean_mask(x: Any, mask: Any, *, axis: int = 0) -> Any:
    return x[(slice(None),) * (axis % x.ndim) + (mask,)]


def _put_add_along_axis(x: Any, indices: Any, *, axis: int = -1, shape: Any) -> Any:
    def take(z: Any) -> Any:
        return jnp.take_along_axis(z, indices, axis=axis)

    return adjoint(take, shape, jnp.broadcast_to(x, take(jnp.zeros(shape)).shape))


def _list_places(x: Any, indices: Any, axis: int) -> tuple[Any, ...]:
    """An index into `x` for every line along the axis."""
    places: list[Any] = list(np.ogrid[tuple(slice(length) for length in x.shape)])
    places[axis] = indices
    return tuple(places)


def _scatter(x: Any, indices: Any, updates: Any, *, axis: int = -1) -> Any:
    shape = list(x.shape)
    shape[axis] = indices.shape[axis]
    updates = jnp.broadcast_to(updates, shape)
    for i in range(shape[axis]):  # one after the other: of several for one place JAX takes any
        one = jnp.take(indices, np.array([i]), axis=axis)
        x = x.at[_list_places(x, one, axis)].set(jnp.take(updates, np.array([i]), axis=axis))
    return x


def _scatter_add(x: Any, indices: Any, updates: Any, *, axis: int = -1) -> Any:
    shape = list(x.shape)
    shape[axis] = indices.shape[axis]
    return x.at[_list_places(x, indices, axis)].add(jnp.broadcast_to(updates, shape))


TWINS: Mapping[str, Callable[..., Any]] = {
    "astype": lambda x, *, dtype: x.astype(dtype),
    "reshape": lambda x, *, shape: x.reshape(shape),
    "expand_dims": lambda x, *, axis=0: jnp.expand_dims(x, axis),
    "squeeze": jnp.squeeze,
    "broadcast_to": jnp.broadcast_to,
    "broadcast_arrays": jnp.broadcast_arrays,
    "permute_dims": lambda x, *, axes: jnp.permute_dims(x, [axis % x.ndim for axis in axes]),
    "moveaxis": jnp.moveaxis,
    "flip": jnp.flip,
    "roll": jnp.roll,
    "rot90": jnp.rot90,
    "tril": jnp.tril,
    "triu": jnp.triu,
    "diag": jnp.diag,
    "repeat": jnp.repeat,
    "tile": lambda x, *, repetitions: jnp.tile(x, repetitions),
    "concat": lambda *xs, axis=0: jnp.concat(xs, axis=axis),
    "stack": lambda *xs, axis=0: jnp.stack(xs, axis=axis),
    "unstack": jnp.unstack,
    "split": _split,
    "pad": _pad,
    "unfold": _unfold,
    "overlap_add": _overlap_add,
    "arange": lambda *, start=0, stop, step=1: jnp.arange(start, stop, step),
    "eye": lambda *, n_rows, n_cols=None, k=0, dtype="int64": jnp.eye(n_rows, n_cols, k=k, dtype=dtype),
    "zeros": lambda *, shape, dtype="int64": jnp.zeros(shape, dtype),
    "ones": lambda *, shape, dtype="int64": jnp.ones(shape, dtype),
    "full": lambda value, *, shape: jnp.full(shape, value),
    "linspace": jnp.linspace,
    "meshgrid": lambda *xs, **attributes: jnp.meshgrid(*map(jnp.atleast_1d, xs), **attributes),
    "one_hot": lambda x, *, num_classes, dtype: jax.nn.one_hot(x, num_classes, dtype=dtype),
    "getitem": lambda x, *, key: x[read_key(key)],
    "take": _take,
    "take_along_axis": lambda x, indices, *, axis=-1: jnp.take_along_axis(x, indices, axis=axis),
    "boolean_mask": _boolean_mask,
    "masked_fill": lambda x, mask, value: jnp.where(mask, value, x),
    "put_items": lambda x, *, key, shape: jnp.zeros(shape, x.dtype).at[read_key(key)].set(x),
    "put_masked": lambda x, mask, *, axis=0, shape: adjoint(lambda z: _boolean_mask(z, mask, axis=axis), shape, x),
    "put_add": lambda x, indices, *, axis=None, shape: adjoint(lambda z: _take(z, indices, axis=axis), shape, x),
    "put_add_along_axis": _put_add_along_axis,
    "scatter": _scatter,
    "scatter_add": _scatter_add,
    "segment_sum": lambda x, segments, *, num_segments: jax.ops.segment_sum(x, segments, num_segments),
}
