"""The functions of NumPy that write what they compute into an array that is there: for programs of known types."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import frexp
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from dataflow.arrays import numpy_arrays
from dataflow.library import load_kernel
from dataflow.shapes import FLOATS

if TYPE_CHECKING:
    from dataflow.graph import Node
    from dataflow.operators import Operator
    from dataflow.shapes import ArrayType

POWERS: Final[Mapping[float, Any]] = {2: np.square, -1: np.reciprocal}


def _maximum(x: Any, y: Any, out: Any = None) -> Any:
    return np.maximum(x, y, out=out)


def _minimum(x: Any, y: Any, out: Any = None) -> Any:
    return np.minimum(x, y, out=out)


KEYWORDS: Final[Mapping[str, Any]] = {"maximum": _maximum, "minimum": _minimum}  # NumPy takes their `out` by name only


def find_ufunc(
    operator: Operator, numbers: Sequence[Any], *, floats: bool = True
) -> tuple[Any, tuple[int, ...]] | None:
    """The function that computes an operator into an array, and which of the operands it takes; None if there is none.

    numbers: the operands that are numbers, None for the others.
    floats:  whether it computes with floats: what integers have no answer for is refused by the kernel alone.

    >>> from dataflow.registry import standard
    >>> find_ufunc(standard()["exp"], [None]), find_ufunc(standard()["pow"], [None, 2.0])
    ((<ufunc 'exp'>, (0,)), (<ufunc 'square'>, (0,)))

    A division by a power of two is a multiplication, which takes half as long and gives the same:

    >>> function, operands = find_ufunc(standard()["divide"], [None, 4.0])
    >>> float(function(np.float32(3))), operands
    (0.75, (0,))
    """
    kernels = operator.kernels
    if kernels is None or operator.attributes:
        return None
    everything = tuple(range(len(numbers)))
    if operator.name == "pow":
        power = numbers[1] if len(numbers) == 2 else None
        found = np.power if power is None else POWERS.get(power) if floats else None
        return None if found is None else (found, everything if power is None else (0,))
    if operator.name == "divide" and len(numbers) == 2 and _is_power_of_two(numbers[1]):
        return partial(np.multiply, 1 / float(numbers[1])), (0,)
    kernel = load_kernel(kernels["numpy"]) if "numpy" in kernels else None
    if kernel is None:
        kernel = getattr(np, operator.name, None)
        if operator.name in KEYWORDS:
            return KEYWORDS[operator.name], everything
        if operator.name in numpy_arrays.TABLE and operator.name != "matmul":
            return None
    return (kernel, everything) if isinstance(kernel, np.ufunc) and kernel.nout == 1 else None


def find_choice(name: str, node: Node, types: Mapping[str, ArrayType]) -> Callable[..., Any] | None:
    """The function, of bits, that takes a value or else 0, or NaN; None if a node is no such choice."""
    condition, x, other = node.inputs
    if not (isinstance(condition, str) and isinstance(x, str)):
        return None
    whole = types[condition].shape == types[name].shape and types[name].dtype == types[x].dtype
    if not (whole and types[x].shape and types[x].dtype in FLOATS):
        return None
    if other == 0 and type(other) is int:
        return numpy_arrays.keep_bits
    same = types[x].shape == types[name].shape
    return numpy_arrays.take_or_nan if same and type(other) is float and other != other else None


def _is_power_of_two(number: Any) -> bool:
    """Whether a number is a power of two whose inverse every float can hold."""
    return number is not None and abs(frexp(float(number))[0]) == 0.5 and 2.0**-100 < abs(float(number)) < 2.0**100
