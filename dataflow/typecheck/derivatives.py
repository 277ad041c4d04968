"""Derivatives that a graph asks for, against the dtypes and shapes of its values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod
from typing import TYPE_CHECKING

from dataflow.checks.derivatives import name_kind
from dataflow.checks.inline import fits_shape, shape_of, show_shape
from dataflow.errors import Diagnostic, Path
from dataflow.shapes import FLOATS, ArrayType

if TYPE_CHECKING:
    from dataflow.graph import Derivative

ONE_NUMBER = frozenset({"gradient", "hvp", "hessian"})


def check_derivative_types(name: str, item: Derivative, types: Mapping[str, ArrayType]) -> Iterator[Diagnostic]:
    """What of a derivative does not fit the types of the values, as far as these are known.

    >>> from dataflow.graph import Derivative
    >>> types = {"y": ArrayType("float64", (3,)), "k": ArrayType("int64", ())}
    >>> [problem.message for problem in check_derivative_types("h", Derivative("hessian", ("y",), wrt=("k",)), types)]
    ['`k` is of type int64, which has no derivative', 'a hessian is that of one number, and `y` has 3 elements']
    """
    path: Path = ("derivatives", name)
    for key, names in ((item.kind, item.of), ("wrt", item.wrt)):
        for index, value in enumerate(names):
            if value not in types or (dtype := types[value].dtype) in FLOATS:
                continue
            code, message = "DF0232" if key == item.kind else "DF0245", f"`{value}` is of type {dtype}"
            hint = "only floats have one"
            yield Diagnostic(code, f"{message}, which has no derivative", (*path, key, index), node=value, hint=hint)
    target = item.of[0]
    type = types.get(target)
    if type is None or type.dtype not in FLOATS:
        return
    lengths = [length for length in type.shape if isinstance(length, int)]
    if item.kind in ONE_NUMBER and len(lengths) == len(type.shape) and prod(lengths) != 1:
        message = f"{name_kind(item.kind)} is that of one number, and `{target}` has {prod(lengths)} elements"
        hint = f"reduce it, as with `sum({target})`; or ask for a jacobian of it, or a vjp, which weighs them"
        yield Diagnostic("DF0233", message, (*path, item.kind, 0), node=target, hint=hint)
    if item.cotangent is not None:
        shape = getattr(item.cotangent, "shape", None)
        shape = shape_of(item.cotangent) if shape is None else shape
        declared = [length if isinstance(length, int) else str(length) for length in type.shape]
        if not fits_shape(shape, declared):
            message = f"the cotangent does not fit `{target}`"
            found, expected = show_shape(shape), show_shape(declared)
            yield Diagnostic("DF0243", message, (*path, "cotangent"), found=found, expected=expected)
