"""`xp`: the table of operators bound to a kind of array. What a rule may call is what a graph may call.

A primitive is the function of its kind of array; a composite is its forward rule, bound to the same `xp`.
Besides operators a rule finds a few helpers that a kind of array offers (`keep`, `shape`, `ndim`, ...).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from dataflow.operators import Operator


class Arrays(Protocol):
    """A kind of array: `kind` is its name, `find` gives its own function of a name, or None."""

    kind: str

    def find(self, name: str) -> Callable[..., Any] | None: ...


class MissingKernelError(AttributeError):
    """A rule asked for an operator or helper that its kind of array does not have."""


class Library:
    """The operators over one kind of array, as attributes.

    A name that is neither an operator nor a helper raises `AttributeError` that says so; an operator that
    this kind of array cannot compute does too.

    >>> from dataflow.arrays import floats
    >>> from dataflow.registry import standard
    >>> xp = Library(standard(), floats)
    >>> xp.exp(0.0), xp.sigmoid(0.0)
    (1.0, 0.5)
    """

    def __init__(self, operators: Mapping[str, Operator], arrays: Arrays) -> None:
        self.operators = operators
        self.arrays = arrays

    def __getattr__(self, name: str) -> Callable[..., Any]:
        """Resolve a name on its first use; later uses find it in the instance."""
        if name.startswith("__"):
            raise AttributeError(name)
        function = self.resolve(name)
        if function is None:
            raise MissingKernelError(f"xp over {self.arrays.kind} has no `{name}`")
        self.__dict__[name] = function
        return function

    def resolve(self, name: str) -> Callable[..., Any] | None:
        """The function behind a name, or None if this kind of array has none."""
        operator = self.operators.get(name)
        if operator is None:
            return self.arrays.find(name)
        if operator.kernels is None:
            return self._bind(operator)
        kernel = operator.kernels.get(self.arrays.kind)
        if kernel is None and self.arrays.kind == "ieee" and "floats" in operator.kernels:
            from dataflow.arrays import ieee

            return ieee.guard(load_kernel(operator.kernels["floats"]))
        return self.arrays.find(name) if kernel is None else load_kernel(kernel)

    def _bind(self, operator: Operator) -> Callable[..., Any]:
        forward = operator.forward
        if operator.variadic and len(operator.inputs) == 1:  # as in the standard: concat([a, b], axis=0)
            return lambda items, **attributes: forward(self, *items, **attributes)
        return lambda *inputs, **attributes: forward(self, *inputs, **attributes)


def load_kernel(kernel: Callable[..., Any] | str) -> Callable[..., Any]:
    """A kernel, or what stands at its place ``"module:function"``."""
    if not isinstance(kernel, str):
        return kernel
    from importlib import import_module

    module, _, name = kernel.partition(":")
    function: Callable[..., Any] = getattr(import_module(module), name)
    return function
