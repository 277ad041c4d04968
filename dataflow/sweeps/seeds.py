"""The cotangent with which the reverse sweep begins: 1 at a target that is one number, or what is given."""

from __future__ import annotations

from typing import Any

from dataflow.checks.inline import RaggedError, leaves_of, shape_of, show_shape
from dataflow.errors import DataError, Diagnostic, GraphError, Path


def seed_scalar(target: str, path: Path, value: Any, cotangent: Any) -> float:
    """The seed for a target that is a Python float.

    Raises `GraphError` for a target that has no gradient, `DataError` for a cotangent that is not one number.

    >>> seed_scalar("J", ("nodes", "J"), 33.0, None)
    1.0
    """
    if type(value) is bool:
        raise _refuse_type(target, path, "bool")
    if cotangent is None:
        return 1.0
    if hasattr(cotangent, "item") and getattr(cotangent, "shape", None) == ():
        cotangent = cotangent.item()
    try:
        if type(cotangent) in (int, float):
            return float(cotangent)
    except OverflowError:
        pass
    raise _refuse_cotangent(target, (), cotangent)


def seed_array(target: str, path: Path, value: Any, cotangent: Any) -> Any:
    """The seed for a target that is an array: of its shape and dtype, read-only.

    Raises `GraphError` for a target of integers, and for one of several elements without a cotangent; `DataError`
    for a cotangent of another shape, or one that the target's dtype cannot hold.

    >>> import numpy as np
    >>> seed_array("y", ("nodes", "y"), np.ones(2, "float32"), [1, 10])
    array([ 1., 10.], dtype=float32)
    """
    import numpy as np

    value = np.asarray(value)
    if value.dtype.kind != "f":
        raise _refuse_type(target, path, value.dtype.name)
    if cotangent is None:
        if value.size != 1:
            raise _refuse_several(target, path, value)
        cotangent = np.ones_like(value)
    if not hasattr(cotangent, "dtype"):
        try:
            shape_of(cotangent)
            if any(type(item) not in (int, float) for _, item in leaves_of(cotangent)):
                raise TypeError
            cotangent = np.asarray(cotangent, dtype="float64")
        except (RaggedError, TypeError, OverflowError):
            raise _refuse_cotangent(target, value.shape, cotangent) from None
    if cotangent.shape != value.shape or cotangent.dtype.kind not in "fiu":
        raise _refuse_cotangent(target, value.shape, cotangent)
    with np.errstate(over="ignore"):
        seed = np.array(cotangent, dtype=value.dtype)
    if np.isinf(seed).sum() != np.isinf(cotangent).sum():
        raise _refuse_cotangent(target, value.shape, cotangent, value.dtype.name)
    seed.flags.writeable = False
    return seed[()]


def _refuse_type(target: str, path: Path, dtype: str) -> GraphError:
    message = f"target `{target}` is of type {dtype}, which has no gradient"
    hint = "a target is a float: choose another with --target"
    return GraphError(Diagnostic("DF0232", message, path, node=target, hint=hint))


def _refuse_several(target: str, path: Path, value: Any) -> GraphError:
    message = f"target `{target}` has {value.size} elements, and a gradient is that of one number"
    hint = f"reduce it (`sum({target})`, `mean({target})`), or weigh its elements with --cotangent"
    return GraphError(Diagnostic("DF0233", message, path, node=target, found=show_shape(value.shape), hint=hint))


def _refuse_cotangent(target: str, shape: tuple[int, ...], cotangent: Any, dtype: str | None = None) -> DataError:
    message, expected = f"the cotangent does not fit the target `{target}`", f"numbers of shape {show_shape(shape)}"
    if dtype is not None:
        expected += f" that {dtype} holds"
    return DataError(Diagnostic("DF0234", message, found=_show(cotangent), expected=expected))


def _show(cotangent: Any) -> str:
    if hasattr(cotangent, "shape"):
        return show_shape(cotangent.shape)
    try:
        return repr(cotangent)[:80]
    except (RecursionError, ValueError):  # nested without an end; an integer that Python does not print
        return f"a value of type {type(cotangent).__name__}"
