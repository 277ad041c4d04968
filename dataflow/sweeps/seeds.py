"""The cotangent with which the reverse sweep begins: 1 at a target that is one number, or what is given."""

from __future__ import annotations

from typing import Any

from dataflow.checks.inline import RaggedError, leaves_of, shape_of
from dataflow.errors import DataError, Diagnostic, GraphError, Path


def seed_scalar(target: str, path: Path, value: Any, cotangent: Any) -> float:
    """The seed for a target that is a Python float. Raises `GraphError` for a target that has no gradient.

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
    raise _refuse_shape(target, (), cotangent)


def seed_array(target: str, path: Path, value: Any, cotangent: Any) -> Any:
    """The seed for a target that is an array: of its shape and dtype, read-only.

    Raises `GraphError` for a target of integers, and for one of several elements without a cotangent.
    """
    import numpy as np

    value = np.asarray(value)
    if value.dtype.kind != "f":
        raise _refuse_type(target, path, value.dtype.name)
    if cotangent is None:
        if value.size != 1:
            raise GraphError(
                Diagnostic(
                    "DF0233",
                    f"target `{target}` has {value.size} elements, and a gradient is that of one number",
                    path,
                    node=target,
                    found=str(list(value.shape)),
                    hint=f"reduce it (`sum({target})`, `mean({target})`), or weigh its elements with --cotangent",
                )
            )
        cotangent = np.ones_like(value)
    if not hasattr(cotangent, "dtype"):
        try:
            shape_of(cotangent)
            if any(type(item) not in (int, float) for _, item in leaves_of(cotangent)):
                raise TypeError
            cotangent = np.asarray(cotangent, dtype=value.dtype)
        except (RaggedError, ValueError, TypeError, OverflowError):
            raise _refuse_shape(target, value.shape, cotangent) from None
    if cotangent.shape != value.shape or cotangent.dtype.kind not in "fiu":
        raise _refuse_shape(target, value.shape, cotangent)
    seed = np.array(cotangent, dtype=value.dtype)
    seed.flags.writeable = False
    return seed[()]


def _refuse_type(target: str, path: Path, dtype: str) -> GraphError:
    return GraphError(
        Diagnostic(
            "DF0232",
            f"target `{target}` is of type {dtype}, which has no gradient",
            path,
            node=target,
            hint="a target is a float: choose another with --target",
        )
    )


def _refuse_shape(target: str, shape: tuple[int, ...], cotangent: Any) -> DataError:
    found = str(list(cotangent.shape)) if hasattr(cotangent, "shape") else repr(cotangent)
    return DataError(
        Diagnostic(
            "DF0234",
            f"the cotangent does not fit the target `{target}`",
            found=found[:80],
            expected=f"numbers of shape {list(shape)}",
        )
    )
