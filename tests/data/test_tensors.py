"""Files of safetensors: their headers are compared with the size of the file before the library sees them."""

from __future__ import annotations

import json
import struct
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from safetensors.numpy import save_file

from dataflow.data import DataFiles, Loaded
from dataflow.errors import DataError, Diagnostic
from dataflow.graph import DTYPES, Input

Read = Callable[..., Loaded]
Refused = Callable[..., Diagnostic]


def tensors(header: Any, data: bytes = b"", length: int | None = None) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


def tensor(dtype: Any = "F32", shape: Any = (2,), offsets: Any = (0, 8)) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets}


@given(
    st.sampled_from(DTYPES).flatmap(
        lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
    )
)
def test_tensors_come_back_to_the_last_bit(array: Any) -> None:
    with tempfile.TemporaryDirectory() as folder:
        save_file({"layer1.w": array, "b": np.zeros(3, "float32")}, f"{folder}/m.safetensors", metadata={"a": "b"})
        loaded = DataFiles(folder).read(Input(source="m.safetensors#layer1.w", dtype=array.dtype.name)).array
    assert (loaded.dtype, loaded.shape, loaded.tobytes()) == (array.dtype, array.shape, array.tobytes())


def test_half_precision_is_converted_and_bfloat16_refused(tmp_path: Path, read: Read, refused: Refused) -> None:
    (tmp_path / "m.safetensors").write_bytes(
        tensors({"h": tensor("F16", [2], [0, 4]), "b": tensor("BF16", [2], [4, 8])}, b"\0\x38\0\xc0\x80\x3f\0\x40")
    )
    assert read("m.safetensors#h", graph_dtype="float32").array.tolist() == [0.5, -2.0]
    problem = refused("m.safetensors#b")
    assert problem.code == "DF0528"
    assert "F32" in str(problem.hint)


def test_truth_values_are_zero_or_one_whatever_the_bytes(tmp_path: Path, read: Read) -> None:
    (tmp_path / "m.safetensors").write_bytes(tensors({"m": tensor("BOOL", [3], [0, 3])}, bytes([0, 1, 7])))
    assert read("m.safetensors", dtype="bool").array.view("uint8").tolist() == [0, 1, 1]


def test_entries_are_named_unless_there_is_only_one(tmp_path: Path, read: Read, refused: Refused) -> None:
    save_file({"w": np.array([1.0])}, tmp_path / "one.safetensors")
    save_file({"weight": np.array([1.0]), "bias": np.array([2.0])}, tmp_path / "two.safetensors")
    assert read("one.safetensors").array.tolist() == [1.0]
    assert refused("two.safetensors").code == "DF0530"
    problem = refused("two.safetensors#weigth")
    assert (problem.code, problem.hint) == ("DF0529", "did you mean `weight`?")
    assert refused("one.safetensors#__metadata__").code == "DF0529"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "DF0526"),
        (b"\x05", "DF0526"),
        (tensors({}, length=2**63), "DF0526"),
        (tensors({}, length=3), "DF0526"),
        (tensors(b"{"), "DF0525"),
        (tensors(b"\xff\xfe"), "DF0525"),
        (tensors(b"[]"), "DF0525"),
        (tensors(b"[" * 100_000), "DF0525"),
        (tensors(b'{"w": ' + b"9" * 5000 + b"}"), "DF0525"),
        (tensors({"w": 3}), "DF0525"),
        (tensors({"w": {}}), "DF0525"),
        (tensors({"w": tensor(shape="2")}, bytes(8)), "DF0525"),
        (tensors({"w": tensor(shape=[2.0])}, bytes(8)), "DF0525"),
        (tensors({"w": tensor(shape=[True, 2])}, bytes(8)), "DF0525"),
        (tensors({"w": tensor(offsets=[0, 8, 9])}, bytes(8)), "DF0525"),
        (tensors({"w": tensor(dtype=32)}, bytes(8)), "DF0525"),
        (tensors({"w": tensor(dtype="F33")}, bytes(8)), "DF0525"),
        (tensors({"w": tensor()}, bytes(7)), "DF0526"),
        (tensors({"w": tensor()}, bytes(9)), "DF0525"),
        (tensors({"w": tensor(shape=[-2])}, bytes(8)), "DF0526"),
        (tensors({"w": tensor(shape=[3])}, bytes(8)), "DF0526"),
        (tensors({"w": tensor(shape=[2**62, 4])}, bytes(8)), "DF0526"),
        (tensors({"w": tensor(shape=[0, 2**64], offsets=[0, 0])}), "DF0526"),
        (tensors({"w": tensor(shape=[1] * 65 + [2])}, bytes(8)), "DF0526"),
        (tensors({"w": tensor(offsets=[8, 0])}, bytes(8)), "DF0526"),
        (tensors({"w": tensor(offsets=[-8, 0])}, bytes(8)), "DF0526"),
        (tensors({"w": tensor(offsets=[0, 10**12], shape=[25 * 10**10])}, bytes(8)), "DF0526"),
        (tensors({"w": tensor(), "v": tensor()}, bytes(8)), "DF0525"),
    ],
)
def test_broken_and_lying_files_are_refused(tmp_path: Path, refused: Refused, content: bytes, code: str) -> None:
    (tmp_path / "m.safetensors").write_bytes(content)
    assert refused("m.safetensors#w").code == code


@given(st.data())
def test_any_change_of_a_byte_is_either_read_or_refused(data: st.DataObject) -> None:
    content = bytearray(tensors({"w": tensor(), "v": tensor("I8", [1], [8, 9])}, bytes(9)))
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "m.safetensors").write_bytes(content)
        try:
            loaded = DataFiles(folder).read(Input(source="m.safetensors#w"))
        except DataError:
            return  # any other exception fails
    assert loaded.array.dtype == np.float64
