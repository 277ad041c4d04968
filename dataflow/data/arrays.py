"""Arrays as NumPy writes them: ``.npy`` and ``.npz``. Never a pickle."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping, Sequence
from io import BufferedIOBase, BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from dataflow.data.files import DataFile, Want, listing, meant, refuse, refuse_bomb, refuse_damaged
from dataflow.errors import DataError

if TYPE_CHECKING:
    from zipfile import ZipFile, ZipInfo

    from numpy.typing import NDArray

MAX_HEADER = 10_000  # characters; NumPy's own limit
MAX_RANK = 64  # NumPy's own limit
_CHUNK = 2**24
_DEFLATE_LIMIT = 1032  # no deflated byte becomes more bytes than this
_MAGIC = b"\x93NUMPY"
_NO_PICKLE = "save plain numbers: numpy.save(file, numbers, allow_pickle=False)"


class _Header(NamedTuple):
    """What the header of an array says, and its own length in bytes."""

    dtype: Any
    shape: tuple[int, ...]
    fortran: bool
    length: int


def read_npy_file(file: DataFile, wants: Sequence[Want]) -> dict[Want, NDArray[Any] | DataError]:
    """The array of an ``.npy`` file, for each want."""
    if all(want.entry is not None for want in wants):
        return {want: refuse_entry(file.name, want) for want in wants}
    array = read_npy(file.stream, file.size, file.name)
    return {want: array if want.entry is None else refuse_entry(file.name, want) for want in wants}


def refuse_entry(name: str, want: Want, hint: str | None = None) -> DataError:
    """What a source is answered with that names an entry of a file that has none."""
    return refuse("DF0531", f"`{name}` has no entries, so that there is no `#{want.entry}` in it", "source",
                  hint=hint or f"write `source: {name}`")  # fmt: skip


def read_npy(stream: BufferedIOBase, size: int, name: str) -> NDArray[Any]:
    """The array that an ``.npy`` stream of `size` bytes holds."""
    header = read_header(stream, name)
    check_size(header, size - header.length, name)
    return _read_values(stream, size - header.length, header, name)


def check_size(header: _Header, held: int, name: str) -> None:
    """Refuse a header that asks for other than the `held` bytes. In Python's integers, which do not overflow."""
    dtype, shape = header.dtype, header.shape
    needed: int = math.prod(shape) * dtype.itemsize
    # NumPy counts in 64 bits, leaving out axes of no length
    countable = math.prod(max(size, 1) for size in shape) * dtype.itemsize < 2**63
    if needed != held or not countable or len(shape) > MAX_RANK or min(shape, default=0) < 0:
        asked = f"{needed:,} bytes" if abs(needed) < 2**63 else "more bytes than can be counted"
        raise refuse("DF0526", f"the header of `{name}` does not agree with its size", "source",
                     found=f"{held:,} bytes of data", expected=f"{asked}, for shape {str(list(shape))[:60]} of {dtype}",
                     hint="the file was cut off or forged: write it again")  # fmt: skip


def _read_values(stream: BufferedIOBase, needed: int, header: _Header, name: str) -> NDArray[Any]:
    """The next `needed` bytes of a stream, as the array that the header describes."""
    import numpy as np

    values = np.empty(needed, np.uint8)
    view, filled = values.data, 0
    while filled < needed:
        count = stream.readinto(view[filled : filled + _CHUNK])
        if not count:
            raise refuse_damaged(name, f"it ends after {filled:,} of {needed:,} bytes of data")
        filled += count
    # A bool that is neither 0 nor 1 would behave as both
    typed: NDArray[Any] = values.astype(bool) if header.dtype.kind == "b" else values.view(header.dtype)
    return typed.reshape(header.shape, order="F" if header.fortran else "C")


def read_header(stream: BufferedIOBase, name: str) -> _Header:
    """The header of an array, refused where it is none or describes other than numbers."""
    start = stream.read(8)
    if start[:1] == b"\x80" and start[:6] != _MAGIC:
        raise refuse("DF0527", f"`{name}` is a pickle, which could run code", "source", hint=_NO_PICKLE)
    width = {b"\x01\x00": 2, b"\x02\x00": 4}.get(start[6:])  # of the header's length, by version
    if start[:6] != _MAGIC or width is None:
        raise refuse_damaged(name, "it does not begin as an array of NumPy's does")
    prefix = stream.read(width)
    length = int.from_bytes(prefix, "little")
    if length > MAX_HEADER:
        raise refuse("DF0526", f"the header of `{name}` claims to be {length:,} characters long", "source",
                     expected=f"at most {MAX_HEADER:,}", hint="the file was forged or damaged")  # fmt: skip
    shape, fortran, dtype = _parse_header(prefix + stream.read(length), width, name)
    _check_dtype(dtype, name)
    return _Header(dtype, tuple(map(int, shape)), fortran, len(start) + width + length)


def _parse_header(text: bytes, width: int, name: str) -> tuple[tuple[int, ...], bool, Any]:
    """Shape, order and dtype, by NumPy's own reader, which evaluates literals only."""
    from numpy.lib import format as npy

    read = npy.read_array_header_1_0 if width == 2 else npy.read_array_header_2_0
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about files from Python 2, which are read as well
            header: tuple[tuple[int, ...], bool, Any] = read(BytesIO(text), max_header_size=MAX_HEADER)
    except Exception as error:  # whatever a stranger's header makes the parser raise, addresses in memory included
        raise refuse_damaged(name, "its header is none that NumPy writes") from error
    return header


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).partition("\n")[0][:120]


def _check_dtype(dtype: Any, name: str) -> None:
    if dtype.hasobject:
        raise refuse("DF0527", f"`{name}` holds Python objects, which are pickled and could run code", "source",
                     hint=_NO_PICKLE)  # fmt: skip
    if dtype.kind not in "biuf" or dtype.itemsize > 8:
        kinds = {"c": "complex numbers", "U": "text", "S": "text", "V": "records", "M": "dates", "m": "durations"}
        what = kinds.get(dtype.kind, "numbers of an unusual kind")
        raise refuse("DF0528", f"`{name}` holds {what} ({str(dtype)[:60]})", "source",
                     expected="floats of 16, 32 or 64 bits, integers, or truth values")  # fmt: skip


def read_npz_file(file: DataFile, wants: Sequence[Want]) -> dict[Want, NDArray[Any] | DataError]:
    """The arrays of an ``.npz`` file that are wanted; an entry need not be named where there is only one."""
    import zipfile

    try:
        with zipfile.ZipFile(file.stream) as archive:
            members = _list_members(archive, file.name)
            return {want: _read_wanted(archive, members, want.entry, file) for want in wants}
    except (DataError, MemoryError):
        raise
    except Exception as error:  # zipfile raises a dozen kinds about broken archives
        raise refuse_damaged(file.name, _first_line(error)) from error


def _list_members(archive: ZipFile, name: str) -> dict[str, ZipInfo]:
    """The members that are arrays, by the name of the entry."""
    found: dict[str, ZipInfo] = {}
    for member in archive.infolist():
        entry = member.filename.removesuffix(".npy")
        if entry in found:
            raise refuse_damaged(name, f"it holds two entries `{entry}`")
        if entry != member.filename:
            found[entry] = member
    return found


def choose_entry(entries: Mapping[str, Any], wanted: str | None, name: str) -> str:
    """The entry that is wanted: the named one, or the only one where none is named."""
    if wanted is None and len(entries) != 1:
        raise refuse("DF0530", f"`{name}` holds {len(entries)} arrays, and none is named", "source",
                     found=listing(entries), hint=f"write `{name}#{next(iter(entries), 'entry')}`")  # fmt: skip
    entry = next(iter(entries)) if wanted is None else wanted
    if entry not in entries:
        raise refuse("DF0529", f"there is no array `{entry}` in `{name}`", "source", found=listing(entries),
                     hint=meant(entry, entries))  # fmt: skip
    return entry


def _read_wanted(
    archive: ZipFile, members: Mapping[str, ZipInfo], wanted: str | None, file: DataFile
) -> NDArray[Any] | DataError:
    """One array of an archive, or why it cannot be had."""
    try:
        entry = choose_entry(members, wanted, file.name)
        member, name = members[entry], f"{file.name}#{entry}"
        _check_member(member, file.size, name)
        with cast("BufferedIOBase", archive.open(member)) as stream:
            array = read_npy(stream, member.file_size, name)
            stream.read(1)  # at the end the checksum is compared
    except DataError as error:
        return error
    return array


def _check_member(member: ZipInfo, size: int, name: str) -> None:
    """Refuse a member whose claims about its size cannot be true, or that cannot be unpacked safely."""
    import zipfile

    if member.flag_bits & 1:
        raise refuse("DF0532", f"`{name}` is encrypted", "source", hint="save it with numpy.savez")
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise refuse("DF0532", f"`{name}` is packed by method {member.compress_type} of the zip format", "source",
                     expected="stored or deflate, as numpy.savez and numpy.savez_compressed write")  # fmt: skip
    stored = member.compress_type == zipfile.ZIP_STORED
    most = member.compress_size * (1 if stored else _DEFLATE_LIMIT)
    if member.compress_size > size or member.file_size > most:
        raise refuse("DF0526", f"the archive's list does not agree with the size of `{name}`", "source",
                     found=f"{member.file_size:,} bytes said to be packed in {member.compress_size:,}",
                     expected=f"at most {min(most, size * _DEFLATE_LIMIT):,}",
                     hint="the file was cut off or forged: write it again")  # fmt: skip
    refuse_bomb(name, member.file_size, member.compress_size)
