"""NumPy's own files: what they hold comes back to the last bit, and what their headers claim is checked first."""

from __future__ import annotations

import io
import struct
import tempfile
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dataflow.data import DataFiles, Loaded
from dataflow.errors import DataError, Diagnostic
from dataflow.graph import DTYPES, Input

Read = Callable[..., Loaded]
Refused = Callable[..., Diagnostic]


def npy(header: str, data: bytes = b"", version: int = 1) -> bytes:
    """An .npy file with any text as its header."""
    text = header.encode("latin-1") + b"\n"
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(text)) + text + data


def described(shape: str, descr: str = "'<f8'", fortran: bool = False) -> str:
    return f"{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}}}"


@st.composite
def arrays(draw: st.DrawFn) -> Any:
    dtype = np.dtype(draw(st.sampled_from(DTYPES))).newbyteorder(draw(st.sampled_from("<>")))
    array = draw(hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4)))
    return array.T if draw(st.booleans()) else array


@given(arrays())
def test_arrays_come_back_to_the_last_bit(array: Any) -> None:
    dtype = array.dtype.name
    with tempfile.TemporaryDirectory() as folder:
        np.save(f"{folder}/x.npy", array)
        np.savez(f"{folder}/w.npz", other=np.zeros(2), x=array)
        np.savez_compressed(f"{folder}/c.npz", x=array)
        for source in ("x.npy", "w.npz#x", "c.npz"):
            loaded = DataFiles(folder).read(Input(source=source, dtype=dtype)).array
            assert loaded.dtype == np.dtype(dtype)
            assert loaded.shape == array.shape
            assert loaded.tobytes() == array.astype(dtype).tobytes()
            assert loaded.flags.c_contiguous


@pytest.mark.parametrize("version", [(1, 0), (2, 0)])
def test_both_versions_of_the_format_are_read(tmp_path: Path, read: Read, version: tuple[int, int]) -> None:
    with (tmp_path / "x.npy").open("wb") as stream:
        np.lib.format.write_array(stream, np.array([1.5]), version=version)
    assert read("x.npy").array.tolist() == [1.5]


def test_a_file_from_python_2_is_read(tmp_path: Path, read: Read) -> None:
    (tmp_path / "x.npy").write_bytes(npy(described("(1L,)"), struct.pack("<d", 2.5)))
    assert read("x.npy").array.tolist() == [2.5]


def test_half_precision_becomes_the_float_that_is_wanted(tmp_path: Path, read: Read) -> None:
    np.save(tmp_path / "x.npy", np.array([0.5, -2.0], "float16"))
    assert read("x.npy", graph_dtype="float32").array.dtype == np.float32
    assert read("x.npy").array.tolist() == [0.5, -2.0]


def test_truth_values_are_zero_or_one_whatever_the_bytes(tmp_path: Path, read: Read) -> None:
    (tmp_path / "x.npy").write_bytes(npy(described("(3,)", "'|b1'"), bytes([0, 2, 255])))
    assert read("x.npy", dtype="bool").array.view("uint8").tolist() == [0, 1, 1]


SHAPES_THAT_LIE = [
    "(1000000000000,)",  # 8 TB
    "(3,)",
    "(1,)",  # less than there is
    "(-1,)",
    "(-1, -2)",
    f"({2**61}, 8)",  # a product that is 0 in 64 bits
    f"(2, {2**64})",
    f"({10**4000},)",
    "(2, 0)",
    "(1,) * 5",
    f"({'1, ' * 64}2)",
]


@pytest.mark.parametrize("shape", SHAPES_THAT_LIE)
def test_a_header_that_lies_is_refused_before_memory_is_taken(tmp_path: Path, refused: Refused, shape: str) -> None:
    (tmp_path / "x.npy").write_bytes(npy(described(shape), bytes(16)))
    with zipfile.ZipFile(tmp_path / "w.npz", "w") as archive:
        archive.write(tmp_path / "x.npy", "x.npy")
    refused("x.npy")  # imports what it needs
    tracemalloc.start()
    codes = {refused("x.npy").code, refused("w.npz#x").code}
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert codes == {"DF0525" if "*" in shape else "DF0526"}
    assert peak < 2**20


@pytest.mark.parametrize("shape", [f"(0, {2**64})", f"(0, {2**62}, {2**62})"])
def test_sizes_that_cannot_be_counted_are_refused_without_elements_too(
    tmp_path: Path, refused: Refused, shape: str
) -> None:
    (tmp_path / "x.npy").write_bytes(npy(described(shape)))
    assert refused("x.npy").code == "DF0526"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x93NUMPY",
        b"\x93NUMPY\x01\x00",
        b"\x93NUMPY\x01\x00\xff\x00{",
        b"\x93NUMPY\x09\x00\x00\x00",
        b"a,b\n1,2\n",
        npy("{"),
        npy("[]"),
        npy("{'shape': (2,)}"),
        npy(described("[2]"), bytes(16)),
        npy(described("(2.0,)"), bytes(16)),
        npy(described("2"), bytes(16)),
        npy(described("(2,)", "'no'"), bytes(16)),
        npy(described("(2,)", "3"), bytes(16)),
        npy("(" * 4000),
        npy("-" * 9000 + "1"),
        npy("open('exploded', 'w')"),
        npy("{'descr': exploded, 'fortran_order': False, 'shape': (2,)}"),
    ],
)
def test_what_is_no_array_is_refused(tmp_path: Path, refused: Refused, content: bytes) -> None:
    (tmp_path / "x.npy").write_bytes(content)
    problem = refused("x.npy")
    assert (problem.code, problem.path[2:]) == ("DF0525", ("source",))
    assert " at 0x" not in problem.message  # of Python's objects in memory


def test_an_absurdly_long_header_is_refused_unread(tmp_path: Path, refused: Refused) -> None:
    (tmp_path / "x.npy").write_bytes(npy(described("(1,)") + " " * 20_000, bytes(8), version=2))
    assert refused("x.npy").code == "DF0526"
    (tmp_path / "x.npy").write_bytes(b"\x93NUMPY\x02\x00\xff\xff\xff\xff{}")
    assert refused("x.npy").code == "DF0526"


def test_a_file_that_was_cut_off_is_refused(tmp_path: Path, refused: Refused) -> None:
    np.save(tmp_path / "x.npy", np.zeros(100))
    (tmp_path / "x.npy").write_bytes((tmp_path / "x.npy").read_bytes()[:-1])
    problem = refused("x.npy")
    assert problem.code == "DF0526"
    assert problem.found == "799 bytes of data"


@pytest.mark.parametrize(
    "array",
    [
        np.zeros(2, complex),
        np.array(["text"]),
        np.array([b"text"]),
        np.zeros(2, [("a", "f8"), ("b", "i4")]),
        np.zeros(2, "M8[s]"),
        np.zeros(2, "m8[s]"),
        np.zeros(2, np.longdouble),
        np.zeros(2, "V8"),
    ],
    ids=lambda array: array.dtype.name,
)
def test_what_is_not_numbers_is_refused(tmp_path: Path, refused: Refused, array: Any) -> None:
    np.save(tmp_path / "x.npy", array)
    assert refused("x.npy").code == "DF0528"


def test_an_array_inside_an_array_type_is_refused(tmp_path: Path, refused: Refused) -> None:
    (tmp_path / "x.npy").write_bytes(npy(described("(1,)", "('<f8', (2,))"), bytes(16)))
    assert refused("x.npy").code in ("DF0525", "DF0528")


def test_an_object_array_is_refused_in_an_archive_without_spoiling_the_others(tmp_path: Path) -> None:
    np.savez(tmp_path / "w.npz", a=np.array([{}], dtype=object), b=[1.0], allow_pickle=True)
    entries = [Input(source="w.npz#a"), Input(source="w.npz#b")]
    assert DataFiles(str(tmp_path), entries=entries).read(entries[1]).array.tolist() == [1.0]


def test_the_only_array_of_an_archive_needs_no_name(tmp_path: Path, read: Read, refused: Refused) -> None:
    np.savez(tmp_path / "one.npz", w=[1.0])
    np.savez(tmp_path / "two.npz", weights=[1.0], bias=[2.0])
    np.savez(tmp_path / "none.npz")
    assert read("one.npz").array.tolist() == [1.0]
    problem = refused("two.npz")
    assert (problem.code, problem.found, problem.hint) == ("DF0530", "`weights`, `bias`", "write `two.npz#weights`")
    assert refused("none.npz").code == "DF0530"
    problem = refused("two.npz#weight")
    assert (problem.code, problem.found, problem.hint) == ("DF0529", "`weights`, `bias`", "did you mean `weights`?")
    assert refused("two.npz#").code == "DF0529"


def member(name: str, change: Callable[[zipfile.ZipInfo], None] = lambda info: None, **options: Any) -> bytes:
    """An archive with an array of 1,000 zeros, whose list of contents is then changed."""
    stream, content = io.BytesIO(), io.BytesIO()
    np.save(content, np.zeros(1000))
    with zipfile.ZipFile(stream, "w", **options) as archive:
        archive.writestr(zipfile.ZipInfo(name), content.getvalue(), options.get("compression"))  # dated 1980, always
        change(archive.infolist()[0])  # what the list at the end will say
    return stream.getvalue()


def claim(**attributes: int) -> Callable[[zipfile.ZipInfo], None]:
    def change(info: zipfile.ZipInfo) -> None:
        for name, value in attributes.items():
            setattr(info, name, value)

    return change


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (member("w.npy", claim(flag_bits=1)), "DF0532"),
        (member("w.npy", compression=zipfile.ZIP_BZIP2), "DF0532"),
        (member("w.npy", compression=zipfile.ZIP_LZMA), "DF0532"),
        (member("w.npy", claim(file_size=10**13)), "DF0526"),
        (member("w.npy", claim(file_size=10**13, compress_size=10**13)), "DF0526"),
        (member("w.npy", claim(file_size=10**13), compression=zipfile.ZIP_DEFLATED), "DF0526"),
        (member("w.npy", claim(file_size=8129), compression=zipfile.ZIP_DEFLATED), "DF0526"),
        (member("w.npy", claim(CRC=1)), "DF0525"),
        (member("w.npy", claim(header_offset=5)), "DF0525"),
        (member("w.txt"), "DF0529"),
        (member("w.npy")[:-10], "DF0525"),
        (member("w.npy")[:50], "DF0525"),
        (b"", "DF0525"),
        (b"PK\x05\x06" + bytes(18), "DF0529"),
    ],
)
def test_broken_and_lying_archives_are_refused(tmp_path: Path, refused: Refused, content: bytes, code: str) -> None:
    (tmp_path / "w.npz").write_bytes(content)
    assert refused("w.npz#w").code == code


def test_an_archive_with_two_entries_of_one_name_is_refused(tmp_path: Path, refused: Refused) -> None:
    def twin(info: zipfile.ZipInfo) -> None:
        info.filename = "a.npy"

    with zipfile.ZipFile(tmp_path / "w.npz", "w") as archive:
        for name in ("a.npy", "b.npy"):
            archive.writestr(name, npy(described("(0,)")))
        twin(archive.infolist()[1])
    assert refused("w.npz#a").code == "DF0525"


def test_an_archive_that_explodes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: Read, refused: Refused
) -> None:
    np.savez_compressed(tmp_path / "w.npz", zeros=np.zeros(2**17), noise=np.random.default_rng(0).random(2**17))
    assert read("w.npz#zeros").array.size == 2**17
    monkeypatch.setattr("dataflow.data.files.MAX_EXPANDED", 2**18)
    assert refused("w.npz#zeros").code == "DF0533"
    assert read("w.npz#noise").array.size == 2**17


@given(st.data())
def test_any_change_of_a_byte_is_either_read_or_refused(data: st.DataObject) -> None:
    stream = io.BytesIO()
    suffix = data.draw(st.sampled_from(["npy", "npz"]))
    if suffix == "npy":
        np.save(stream, np.arange(4.0))
    else:
        np.savez_compressed(stream, w=np.arange(4.0))
    content = bytearray(stream.getvalue())
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, f"x.{suffix}").write_bytes(content)
        try:
            loaded = DataFiles(folder).read(Input(source=f"x.{suffix}"))
        except DataError:
            return  # any other exception fails
    assert loaded.array.dtype == np.float64
