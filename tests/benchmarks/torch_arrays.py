"""Operators that move elements, written with PyTorch, and what the other twins in PyTorch share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

from tests.benchmarks.twin_tools import list_axes, read_key, remains, with_ones

torch: Any = import_module("torch")

DTYPES = {name: getattr(torch, name) for name in ("float32", "float64", "int32", "int64", "bool")}


def adjoint(function: Callable[..., Any], at: Sequence[Any], *g: Any) -> Any:
    """The cotangents of a function at some tensors, or at zeros of a shape, that can be differentiated once more."""
    points = at if isinstance(at, list) else [torch.zeros(tuple(at), dtype=g[0].dtype)]
    with torch.enable_grad():
        points = [x if x.requires_grad else x.requires_grad_() for x in points]
        found = torch.autograd.grad(function(*points), points, g, create_graph=True, allow_unused=True)
    return tuple(found) if isinstance(at, list) else found[0]


def merge(x: Any, axis: Any) -> Any:
    """The axes that are named, or all of them, as one last axis."""
    axes = list_axes(axis, x.ndim)
    count = int(np.prod([x.shape[item] for item in axes]))
    places = range(x.ndim - len(axes), x.ndim)
    return torch.movedim(x, axes, tuple(places)).reshape([*remains(x.shape, axes), count])


def reduce_merged(function: Callable[..., Any], x: Any, *, axis: Any = None, keepdims: bool = False) -> Any:
    """A function of a last axis, over any axes."""
    z = function(merge(x, axis))
    return z.reshape(with_ones(x.shape, list_axes(axis, x.ndim))) if keepdims else z


# --- shapes ---


def _expand_dims(x: Any, *, axis: Any = 0) -> Any:
    axes = axis if isinstance(axis, tuple) else (axis,)
    for item in list_axes(axes, x.ndim + len(axes)):
        x = x.unsqueeze(item)
    return x


def _split(x: Any, *, sections: int | None = None, lengths: Any = None, axis: int = 0) -> Any:
    return torch.tensor_split(x, sections, dim=axis) if lengths is None else torch.split(x, list(lengths), dim=axis)


def _concat(*xs: Any, axis: int | None = 0) -> Any:
    return torch.cat([x.reshape(-1) for x in xs]) if axis is None else torch.cat(xs, dim=axis)


def _pad(x: Any, *, pad_width: Any, mode: Any = "constant", value: float = 0.0) -> Any:
    """PyTorch pads as the other modes only some axes, and not by more than the length: the places are NumPy's."""
    pairs = np.broadcast_to(np.array(pad_width, int), (x.ndim, 2))
    if mode == "constant":
        return torch.nn.functional.pad(x, [int(item) for pair in pairs[::-1] for item in pair], value=value)
    places = np.arange(x.numel()).reshape(x.shape)
    return x.reshape(-1)[torch.from_numpy(np.pad(places, pairs, mode=mode))]


def _overlap_add(x: Any, *, length: int, step: int = 1, axis: int = -1) -> Any:
    shape = list(x.shape[:-1])
    shape[axis] = length
    return adjoint(lambda z: z.unfold(axis, x.shape[-1], step), tuple(shape), x)


def _linspace(start: Any, stop: Any, *, num: int, endpoint: bool = True) -> Any:
    start, stop = torch.broadcast_tensors(start, stop)
    steps = torch.arange(num, dtype=start.dtype).reshape(-1, *(1,) * start.ndim)
    return start + (stop - start) * (steps / max(num - endpoint, 1))


def _eye(*, n_rows: int, n_cols: int | None = None, k: int = 0, dtype: str = "int64") -> Any:
    filled = torch.ones(n_rows, n_rows if n_cols is None else n_cols, dtype=DTYPES[dtype])
    return torch.triu(torch.tril(filled, diagonal=k), diagonal=k)


# --- indexing ---


def _getitem(x: Any, *, key: Any) -> Any:
    """PyTorch has no slices that go backwards: the places are NumPy's."""
    places = np.arange(x.numel()).reshape(x.shape)[read_key(key)]
    return x.reshape(-1)[torch.from_numpy(np.array(places))]


def _take(x: Any, indices: Any, *, axis: int | None = None) -> Any:
    return x[(slice(None),) * ((axis or 0) % x.ndim) + (indices,)]


def _take_along_axis(x: Any, indices: Any, *, axis: int = -1) -> Any:
    return torch.take_along_dim(x, indices % x.shape[axis], dim=axis)


def _boolean_mask(x: Any, mask: Any, *, axis: int = 0) -> Any:
    return x[(slice(None),) * (axis % x.ndim) + (mask,)]


def _put_items(x: Any, *, key: Any, shape: Any) -> Any:
    return adjoint(partial(_getitem, key=key), shape, x)


def _put_add(x: Any, indices: Any, *, axis: int | None = None, shape: Any) -> Any:
    return adjoint(lambda z: _take(z, indices, axis=axis), shape, x)


def _put_add_along_axis(x: Any, indices: Any, *, axis: int = -1, shape: Any) -> Any:
    def take(z: Any) -> Any:
        return _take_along_axis(z, indices, axis=axis)

    return adjoint(take, shape, torch.broadcast_to(x, take(torch.zeros(shape)).shape))


def _put_masked(x: Any, mask: Any, *, axis: int = 0, shape: Any) -> Any:
    return adjoint(lambda z: _boolean_mask(z, mask, axis=axis), shape, x)


def _spread(x: Any, indices: Any, updates: Any, axis: int) -> tuple[Any, Any]:
    """Indices for every line of `x` along the axis, and an update for each."""
    shape = list(x.shape)
    shape[axis] = indices.shape[axis]
    return torch.broadcast_to(indices % max(x.shape[axis], 1), shape), torch.broadcast_to(updates, shape)


def _scatter(x: Any, indices: Any, updates: Any, *, axis: int = -1) -> Any:
    indices, updates = _spread(x, indices, updates, axis)
    for i in range(indices.shape[axis]):  # one after the other: of several for one place PyTorch takes any
        x = x.scatter(axis, indices.narrow(axis, i, 1), updates.narrow(axis, i, 1))
    return x.clone()


def _scatter_add(x: Any, indices: Any, updates: Any, *, axis: int = -1) -> Any:
    return x.scatter_add(axis, *_spread(x, indices, updates, axis))


def _segment_sum(x: Any, segments: Any, *, num_segments: int) -> Any:
    return x.new_zeros(num_segments, *x.shape[1:]).index_add(0, segments, x)


TWINS: Mapping[str, Callable[..., Any]] = {
    "astype": lambda x, *, dtype: x.to(DTYPES[dtype]),
    "reshape": lambda x, *, shape: x.reshape(shape),
    "expand_dims": _expand_dims,
    "squeeze": lambda x, *, axis: x.squeeze(axis),
    "broadcast_to": lambda x, *, shape: torch.broadcast_to(x, shape),
    "broadcast_arrays": lambda *xs: torch.broadcast_tensors(*xs),
    "permute_dims": lambda x, *, axes: torch.permute(x, axes),
    "moveaxis": torch.moveaxis,
    "flip": lambda x, *, axis=None: torch.flip(x, dims=list_axes(axis, x.ndim)),
    "roll": lambda x, *, shift, axis=None: torch.roll(x, shift, dims=axis),
    "rot90": lambda x, *, k=1, axes=(0, 1): torch.rot90(x, k, dims=axes),
    "tril": lambda x, *, k=0: torch.tril(x, diagonal=k),
    "triu": lambda x, *, k=0: torch.triu(x, diagonal=k),
    "diag": lambda x, *, k=0: torch.diag(x, diagonal=k),
    "repeat": lambda x, *, repeats, axis=None: torch.repeat_interleave(x, repeats, dim=axis),
    "tile": lambda x, *, repetitions: torch.tile(x, repetitions),
    "concat": _concat,
    "stack": lambda *xs, axis=0: torch.stack(xs, dim=axis),
    "unstack": lambda x, *, axis=0: torch.unbind(x, dim=axis),
    "split": _split,
    "pad": _pad,
    "unfold": lambda x, *, size, step=1, axis=-1: x.unfold(axis, size, step),
    "overlap_add": _overlap_add,
    "arange": lambda *, start=0, stop, step=1: torch.arange(start, stop, step),
    "eye": _eye,
    "zeros": lambda *, shape, dtype="int64": torch.zeros(shape, dtype=DTYPES[dtype]),
    "ones": lambda *, shape, dtype="int64": torch.ones(shape, dtype=DTYPES[dtype]),
    "full": lambda value, *, shape: torch.broadcast_to(value, shape),
    "linspace": _linspace,
    "meshgrid": lambda *xs, indexing="xy": torch.meshgrid(*xs, indexing=indexing),
    "one_hot": lambda x, *, num_classes, dtype: torch.nn.functional.one_hot(x, num_classes).to(DTYPES[dtype]),
    "getitem": _getitem,
    "take": _take,
    "take_along_axis": _take_along_axis,
    "boolean_mask": _boolean_mask,
    "masked_fill": lambda x, mask, value: torch.where(mask, value, x),
    "put_items": _put_items,
    "put_masked": _put_masked,
    "put_add": _put_add,
    "put_add_along_axis": _put_add_along_axis,
    "scatter": _scatter,
    "scatter_add": _scatter_add,
    "segment_sum": _segment_sum,
}
