"""Arrays in ``.safetensors`` files, through the library of that name, once their header is known to be true."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from dataflow.data.arrays import MAX_RANK, choose_entry
from dataflow.data.files import DataFile, Want, missing_library, refuse, refuse_damaged
from dataflow.errors import DataError

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_HEADER = 100_000_000  # bytes; the library's own limit
_ITEMSIZES = {
    "F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4,
    "F16": 2, "I16": 2, "U16": 2, "I8": 1, "U8": 1, "BOOL": 1,
}  # fmt: skip


def read_safetensors_file(file: DataFile, wants: Sequence[Want]) -> dict[Want, NDArray[Any] | DataError]:
    """The arrays of a ``.safetensors`` file that are wanted; F16 to F64, whole numbers and BOOL, but not BF16."""
    try:
        import safetensors
    except ImportError as error:
        raise missing_library(file.name, "safetensors", "safetensors") from error

    tensors = _read_header(file)
    try:
        # The library opens the path anew: `open_inside` notices afterwards if it is another file by then.
        with safetensors.safe_open(file.path, framework="numpy") as opened:
            return {want: _read_wanted(opened, tensors, want.entry, file.name) for want in wants}
    except safetensors.SafetensorError as error:
        raise refuse_damaged(file.name, error) from error


def _read_wanted(opened: Any, tensors: dict[str, str], wanted: str | None, name: str) -> NDArray[Any] | DataError:
    """One array, or why it cannot be had."""
    try:
        entry = choose_entry(tensors, wanted, name)
        if tensors[entry] not in _ITEMSIZES:
            raise refuse("DF0528", f"`{name}#{entry}` holds numbers of the type {tensors[entry][:20]}", "source",
                         expected=", ".join(_ITEMSIZES),
                         hint="save it as F32, which holds every BF16, F16 and F8 exactly")  # fmt: skip
    except DataError as error:
        return error
    array: NDArray[Any] = opened.get_tensor(entry)
    # A bool that is neither 0 nor 1 would behave as both
    return array.view("uint8").astype(bool) if tensors[entry] == "BOOL" else array


def _read_header(file: DataFile) -> dict[str, str]:
    """The type of each tensor, after every claim of the header was compared with the size of the file."""
    length = int.from_bytes(file.stream.read(8), "little")
    held = file.size - 8 - length
    if held < 0 or length > MAX_HEADER:
        raise _refuse_header(file, f"a header of {length:,} bytes in a file of {file.size:,}")
    try:
        header = json.loads(file.stream.read(length))
    except (ValueError, RecursionError) as error:
        raise refuse_damaged(file.name, f"its header is not JSON ({str(error)[:120]})") from error
    if not isinstance(header, dict):
        raise refuse_damaged(file.name, "its header is not a JSON object")
    return {
        entry: _check_tensor(file, entry, tensor, held) for entry, tensor in header.items() if entry != "__metadata__"
    }


def _check_tensor(file: DataFile, entry: str, tensor: Any, held: int) -> str:
    """The type of one tensor; `held` is the number of bytes after the header."""
    match tensor:
        case {"dtype": str(dtype), "shape": list(shape), "data_offsets": [int(begin), int(end)]} if all(
            type(size) is int for size in shape
        ):
            pass
        case _:
            raise refuse_damaged(file.name, f"its header does not describe `{entry}` as a tensor")
    if not 0 <= begin <= end <= held:
        raise _refuse_header(file, f"`{entry}` from byte {begin} to {end} of {held:,} bytes of data"[:160])
    sane = len(shape) <= MAX_RANK and all(0 <= size < 2**63 for size in shape)
    if not sane or math.prod(max(size, 1) for size in shape) >= 2**60:
        raise _refuse_header(file, f"the shape {str(shape)[:60]} for `{entry}`")
    if dtype in _ITEMSIZES and math.prod(shape) * _ITEMSIZES[dtype] != end - begin:
        raise _refuse_header(file, f"{end - begin:,} bytes for `{entry}`, of shape {shape} and type {dtype}")
    return dtype


def _refuse_header(file: DataFile, found: str) -> DataError:
    return refuse("DF0526", f"the header of `{file.name}` does not agree with its size", "source", found=found,
                  hint="the file was cut off or forged: write it again")  # fmt: skip
