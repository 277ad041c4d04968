"""Whether an array fits what an entry declares: its dtype and its shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dataflow.checks.inline import fits_shape, show_shape
from dataflow.data.files import refuse

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dataflow.errors import DataError
    from dataflow.graph import Size


def convert(array: NDArray[Any], dtype: str, name: str, key: str = "dtype") -> NDArray[Any]:
    """`array` with another dtype, in C order and the machine's byte order, itself if it is so already.

    Floats may be rounded and integers become floats. DataError, at `key` of the entry, where floats would
    become integers, numbers become truth values, or a value does not fit.

    >>> import numpy as np
    >>> convert(np.array([1, 200]), "int8", "x.npy")
    Traceback (most recent call last):
    dataflow.errors.DataError: error[DF0546]: `x.npy` holds 200 at [1], which int8 cannot hold
      = expected: -128 to 127
    """
    import numpy as np

    wanted = np.dtype(dtype)
    if wanted.kind == "b" and array.dtype.kind != "b":
        raise refuse("DF0547", f"`{name}` holds {array.dtype}, where truth values (bool) are wanted", key,
                     hint="save a comparison, such as x != 0, in place of the numbers")  # fmt: skip
    if wanted.kind in "iu" and array.dtype.kind == "f":
        raise refuse("DF0545", f"`{name}` holds {array.dtype}, where integers ({dtype}) are wanted", key,
                     hint="save integers, or declare a float dtype")  # fmt: skip
    if wanted.kind in "iu" and array.dtype.kind in "iu" and array.size:
        limits = np.iinfo(wanted)
        for extreme in (array.max(), array.min()):
            if not limits.min <= int(extreme) <= limits.max:
                raise _refuse_range(array, array == extreme, dtype, name, key, f"{limits.min} to {limits.max}")
    with np.errstate(over="ignore"):
        result = array.astype(wanted, order="C", copy=False)
    if wanted.kind == "f" and array.dtype.kind == "f" and wanted.itemsize < array.dtype.itemsize:
        lost = np.isinf(result)
        if lost.any() and (lost := lost & np.isfinite(array)).any():
            limit = np.finfo(wanted).max
            raise _refuse_range(array, lost, dtype, name, key, f"at most {limit:.6g} in absolute value")
    return result


def _refuse_range(array: NDArray[Any], bad: NDArray[Any], dtype: str, name: str, key: str, expected: str) -> DataError:
    import numpy as np

    place = [int(index) for index in np.unravel_index(int(np.argmax(bad)), array.shape)]
    value = array[tuple(place)]
    return refuse("DF0546", f"`{name}` holds {value} at {place}, which {dtype} cannot hold", key, expected=expected)


def check_shape(found: tuple[int, ...], declared: Sequence[Size] | None, name: str) -> None:
    """Refuse a shape that is not the declared one, in which names stand for any size.

    >>> check_shape((569, 10), ("rows", 10), "w.npy")
    """
    if declared is None:
        return
    if not fits_shape(found, declared):
        shown = show_shape(declared)
        raise refuse("DF0548", f"`{name}` has the shape {list(found)}, where {shown} is declared", "shape",
                     found=str(list(found)), expected=shown)  # fmt: skip
