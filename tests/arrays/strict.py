"""Arrays that do only what the Array API standard promises, so that rules that travel can be told from others.

What the standard does not have (special functions, scatter) is asked of the kind of array itself, as a native kernel:
here NumPy's, with strict arrays at its borders.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import array_api_strict as strict
import numpy as np

from dataflow.arrays import numpy_arrays
from dataflow.operators import Operator


class StrictArrays:
    """The kind of array; `operators` says where the native kernels are."""

    kind = "strict"

    def __init__(self, operators: Mapping[str, Operator]) -> None:
        self._operators = operators

    def find(self, name: str) -> Callable[..., Any] | None:
        """The standard's function of that name, else a native kernel."""
        if name in HELPERS:
            return HELPERS[name]
        if name in strict.__all__ and name not in NATIVE:
            return getattr(strict, name)  # type: ignore[no-any-return]
        operator = self._operators.get(name)
        kernel = (operator.kernels or {}).get("numpy") if operator is not None else None
        if isinstance(kernel, str):
            from importlib import import_module

            module, _, function = kernel.partition(":")
            kernel = getattr(import_module(module), function)
        native = numpy_arrays.find(name) if kernel is None else kernel
        return (
            None if native is None else lambda *items, **attributes: wrap(native(*unwrap(items), **unwrap(attributes)))
        )


NATIVE = ("arange", "eye", "take", "zeros", "ones")  # called otherwise, or do more, than the standard's
Array = type(strict.asarray(1.0))


def unwrap(item: Any) -> Any:
    """NumPy arrays in the place of strict ones."""
    if isinstance(item, Array):
        return np.from_dlpack(item) if item.ndim else np.asarray(item)[()]
    if isinstance(item, tuple | list):
        return type(item)(map(unwrap, item))
    return {key: unwrap(value) for key, value in item.items()} if isinstance(item, dict) else item


def wrap(item: Any) -> Any:
    """Strict arrays in the place of NumPy ones."""
    if isinstance(item, np.ndarray | np.generic):
        return strict.asarray(np.array(item))
    return type(item)(map(wrap, item)) if isinstance(item, tuple | list) else item


def _keep(condition: Any, g: Any) -> Any:
    return strict.where(condition, g, 0.0) if isinstance(condition, Array) else g if condition else 0.0 * g


def _size(x: Any, axis: Any = None) -> int:
    return numpy_arrays.size(np.empty(x.shape, bool), axis)


def _cast_like(x: Any, other: Any) -> Any:
    return strict.astype(x, other.dtype, copy=False) if isinstance(x, Array) else strict.asarray(x, dtype=other.dtype)


HELPERS: Mapping[str, Callable[..., Any]] = {
    "astype": lambda x, *, dtype: strict.astype(x, getattr(strict, dtype)),
    "broadcast_arrays": lambda xs: strict.broadcast_arrays(*xs),
    "cast_like": _cast_like,
    "identity": lambda x: x,
    "keep": _keep,
    "moveaxis": lambda x, *, source, destination: strict.moveaxis(x, source, destination),
    "ndim": lambda x: x.ndim if isinstance(x, Array) else 0,
    "repeat": lambda x, *, repeats, axis=None: strict.repeat(x, repeats, axis=axis),
    "shape": lambda x: x.shape if isinstance(x, Array) else (),
    "size": _size,
    "tile": lambda x, *, repetitions: strict.tile(x, repetitions),
}
