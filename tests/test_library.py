"""`xp`: the operators over one kind of array."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dataflow.arrays import floats, ieee, numpy_arrays
from dataflow.library import Library, MissingKernelError
from dataflow.operators import Operator
from dataflow.registry import standard

STANDARD = standard()


def with_operator(**about: Any) -> dict[str, Operator]:
    odd = Operator("odd", "", forward=lambda xp, x: xp.odd(x), backward={"x": None}, **about)
    return {**STANDARD, "odd": odd}


def test_a_primitive_is_the_function_of_its_kind_of_array() -> None:
    assert Library(STANDARD, floats).exp is floats.NATIVE["exp"]
    assert Library(STANDARD, numpy_arrays).exp is np.exp


def test_a_composite_is_bound_to_the_same_library() -> None:
    assert Library(STANDARD, floats).sigmoid(0.0) == 0.5
    assert Library(STANDARD, numpy_arrays).sigmoid(np.zeros(2)).tolist() == [0.5, 0.5]
    assert Library(STANDARD, ieee).log_sigmoid(ieee.IeeeFloat(-1000.0)) == -1000.0


def test_a_variadic_composite_is_called_with_a_list_as_in_the_standard() -> None:
    total = Operator("total", "", forward=lambda xp, *xs, scale=1: sum(xs) * scale, backward={"xs": None},
                     kernels=None)  # fmt: skip
    xp = Library({**STANDARD, "total": total}, floats)
    assert xp.total([1.0, 2.0, 3.0], scale=2) == 12.0
    assert Library(STANDARD, numpy_arrays).concat([np.ones(1), np.zeros(1)], axis=0).tolist() == [1.0, 0.0]


def test_helpers_are_found_beside_operators() -> None:
    for arrays in (floats, ieee, numpy_arrays):
        xp = Library(STANDARD, arrays)
        assert xp.shape(2.0) == ()
        assert xp.ndim(2.0) == 0
        assert xp.size(2.0) == 1


@pytest.mark.parametrize("name", ["no_such", "matmul", "sum"])
def test_what_a_kind_of_array_does_not_have_is_said(name: str) -> None:
    xp = Library(STANDARD, floats)
    with pytest.raises(MissingKernelError, match=f"xp over floats has no `{name}`"):
        getattr(xp, name)
    assert not hasattr(xp, "__wrapped__")


def test_a_name_is_resolved_once() -> None:
    xp = Library(STANDARD, floats)
    assert xp.sigmoid is xp.sigmoid
    assert "sigmoid" in vars(xp)


def test_kernels_by_kind_of_array() -> None:
    table = with_operator(kernels={"floats": lambda x: x + 1, "numpy": "numpy:negative"}, broadcasts=True)
    assert Library(table, floats).odd(1.0) == 2.0
    assert Library(table, numpy_arrays).odd is np.negative


def test_careful_floats_use_the_kernel_for_floats_under_guard() -> None:
    import math

    table = with_operator(kernels={"floats": math.gamma}, broadcasts=True)
    assert Library(table, ieee).odd(ieee.IeeeFloat(-1.0)) != Library(table, ieee).odd(ieee.IeeeFloat(2.0)) == 1.0
    table = with_operator(kernels={"floats": math.gamma, "ieee": lambda x: 7.0}, broadcasts=True)
    assert Library(table, ieee).odd(2.0) == 7.0
    with pytest.raises(MissingKernelError):
        Library(table, numpy_arrays).odd  # noqa: B018
