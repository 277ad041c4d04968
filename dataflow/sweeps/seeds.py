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
    raise _refuse_cotangent(target, cotangent, "numbers of shape []")


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
    try:
        return fit_array(cotangent, value)
    except MisfitError as error:
        raise _refuse_cotangent(target, cotangent, error.expected) from None


class MisfitError(Exception):
    """What is given does not fit a value. `expected` says what would."""

    def __init__(self, expected: str) -> None:
        self.expected = expected
        super().__init__(expected)


def fit_array(given: Any, value: Any) -> Any:
    """Numbers or an array, given for a value: of its shape and dtype, read-only. Raises `MisfitError`.

    >>> import numpy as np
    >>> fit_array([1, 10], np.ones(2, "float32"))
    array([ 1., 10.], dtype=float32)
    """
    import numpy as np

    value = np.asarray(value)
    expected = f"numbers of shape {show_shape(value.shape)}"
    if not hasattr(given, "dtype"):
        try:
            shape_of(given)
            if any(type(item) not in (int, float) for _, item in leaves_of(given)):
                raise TypeError
            given = np.asarray(given, dtype="float64")
        except (RaggedError, TypeError, OverflowError):
            raise MisfitError(expected) from None
    if given.shape != value.shape or given.dtype.kind not in "fiu":
        raise MisfitError(expected)
    with np.errstate(over="ignore"):
        fitted = np.array(given, dtype=value.dtype)
    if np.isinf(fitted).sum() != np.isinf(given).sum():
        raise MisfitError(f"{expected} that {value.dtype.name} holds")
    fitted.flags.writeable = False
    return fitted[()]


def _refuse_type(target: str, path: Path, dtype: str) -> GraphError:
    message = f"target `{target}` is of type {dtype}, which has no gradient"
    hint = "a target is a float: choose another with --target"
    return GraphError(Diagnostic("DF0232", message, path, node=target, hint=hint))


def _refuse_several(target: str, path: Path, value: Any) -> GraphError:
    message = f"target `{target}` has {value.size} elements, and a gradient is that of one number"
    hint = f"reduce it (`sum({target})`, `mean({target})`), or weigh its elements with --cotangent"
    return GraphError(Diagnostic("DF0233", message, path, node=target, found=show_shape(value.shape), hint=hint))


def _refuse_cotangent(target: str, cotangent: Any, expected: str) -> DataError:
    message = f"the cotangent does not fit the target `{target}`"
    return DataError(Diagnostic("DF0234", message, found=show_given(cotangent), expected=expected))


def show_given(value: Any) -> str:
    """What was given, for a message: an array by its shape.

    >>> show_given([1, 2])
    '[1, 2]'
    """
    if hasattr(value, "shape"):
        return show_shape(value.shape)
    try:
        return repr(value)[:80]
    except (RecursionError, ValueError):  # nested without an end; an integer that Python does not print
        return f"a value of type {type(value).__name__}"
