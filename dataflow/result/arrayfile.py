"""The file of arrays that stands beside a result: an uncompressed `.npz` whose bytes depend on nothing else.

NumPy's own `savez` writes the time of day into it; apart from that the format is the same, and `numpy.load`
reads these files. Reading never unpickles and takes no memory that the file does not fill.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zipfile import ZipFile, ZipInfo

    from numpy.typing import NDArray

BEGIN_OF_ZIP_TIME = (1980, 1, 1, 0, 0, 0)
SUFFIX = ".npy"


def write_arrays(stream: IO[bytes], arrays: Mapping[str, NDArray[Any]]) -> None:
    """Write arrays under their names, in row-major order and little-endian.

    >>> import io, numpy
    >>> stream = io.BytesIO()
    >>> write_arrays(stream, {"values/w": numpy.ones(2)})
    >>> stream.seek(0), numpy.load(stream)["values/w"]
    (0, array([1., 1.]))
    """
    from zipfile import ZIP_STORED, ZipFile, ZipInfo

    import numpy as np

    with ZipFile(stream, "w", ZIP_STORED) as archive:
        for name, array in arrays.items():
            info = ZipInfo(name + SUFFIX, date_time=BEGIN_OF_ZIP_TIME)
            info.create_system = 3  # the same on every system
            info.external_attr = 0o644 << 16
            ordered = np.asarray(array, dtype=array.dtype.newbyteorder("<"), order="C")
            with archive.open(info, "w", force_zip64=True) as member:
                np.lib.format.write_array(member, ordered, version=(1, 0), allow_pickle=False)


def digest_file(path: str) -> str:
    """The digest of a file's bytes, as ``sha256:<hex>``."""
    from hashlib import file_digest

    with open(path, "rb") as stream:
        return "sha256:" + file_digest(stream, "sha256").hexdigest()


def read_arrays(path: str) -> dict[str, NDArray[Any]]:
    """Every array of a file that `write_arrays` wrote. Raises `ValueError` if it holds anything else."""
    from zipfile import BadZipFile, ZipFile

    try:
        with open(path, "rb") as stream, ZipFile(stream) as archive:
            members = archive.infolist()
            if sum(info.file_size for info in members) > stream.seek(0, 2):
                raise ValueError("its entries are larger than the file")
            return {info.filename.removesuffix(SUFFIX): _read_member(archive, info) for info in members}
    except (BadZipFile, NotImplementedError, EOFError) as error:
        raise ValueError(str(error)) from error


def _read_member(archive: ZipFile, info: ZipInfo) -> NDArray[Any]:
    import numpy as np

    with archive.open(info) as member:
        if np.lib.format.read_magic(member) != (1, 0):
            raise ValueError(f"`{info.filename}` has another version of the format")
        shape, columns_first, dtype = np.lib.format.read_array_header_1_0(member)
        content = bytearray(member.read())
    if dtype.hasobject or columns_first or math.prod(shape) * dtype.itemsize != len(content):
        raise ValueError(f"`{info.filename}` is not what its header says")
    return np.frombuffer(content, dtype).reshape(shape)
