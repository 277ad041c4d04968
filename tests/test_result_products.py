"""Derivatives in a result: what stands in the JSON and in the file of arrays, and that every bit reads back."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest

from dataflow.derivatives import Product, SparseBlock
from dataflow.errors import DataError
from dataflow.result import Result

ROOT = Path(__file__).parent.parent
SCHEMA = json.loads((ROOT / "schemas" / "result.schema.json").read_text())


def make(**derivatives: Product) -> Result:
    return Result(name="g", digest="sha256:0a", target=None, values={}, gradients={}, types={}, derivatives=derivatives)


def product(kind: str, blocks: dict[tuple[str, str], Any], **fields: Any) -> Product:
    plain: dict[str, Any] = {"of": ("y",), "wrt": ("a", "b"), "mode": "reverse", "sweeps": 1}
    return Product(kind=kind, blocks=blocks, **(plain | fields))


def bits(block: Any) -> Any:
    if isinstance(block, SparseBlock):
        return "sparse", block.shape, *map(bits, block[1:])
    if type(block) is float:
        return "nan" if block != block else struct.pack("<d", block)
    content = np.where(np.isnan(block), np.nan, block).astype(block.dtype)
    return type(block).__name__, block.dtype.name, block.shape, content.tobytes()


RNG = np.random.default_rng(7)
SPARSE = SparseBlock((3, 4), np.array([0, 2, 2]), np.array([1, 0, 3]), np.array([1.5, np.nan, -np.inf], "float32"))
LARGE = SparseBlock((2000, 2000), np.arange(2000), np.arange(2000), RNG.normal(size=2000))
PRODUCTS = {
    "gradient": product("gradient", {("", "a"): 0.1, ("", "b"): np.array([1.0, np.inf, np.nan])}),
    "vjp": product("vjp", {("", "a"): np.float32(0.1), ("", "b"): RNG.normal(size=(40, 30))}),
    "jvp": product("jvp", {("y", ""): RNG.normal(size=(2, 3)).astype("float32")}, wrt=("a",), mode="forward"),
    "jacobian": product("jacobian", {("y", "a"): -0.0, ("y", "b"): RNG.normal(size=1001)}, sweeps=3),
    "hvp": product("hvp", {("", "a"): np.zeros((0, 3)), ("", "b"): np.zeros(3)}, unreached=("a", "b")),
    "hessian": product(
        "hessian", {key: np.float64(len(key[0])) for key in (("a", "a"), ("a", "b"), ("b", "a"), ("b", "b"))}
    ),
    "sparse": product("jacobian", {("y", "a"): SPARSE, ("y", "b"): LARGE}),
}


@pytest.mark.parametrize("arrays", ["auto", "inline", "file"])
def test_every_bit_reads_back(tmp_path: Path, arrays: Any) -> None:
    result = make(**PRODUCTS)
    result.write(tmp_path / "r.json", arrays=arrays)
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads((tmp_path / "r.json").read_text()))
    loaded = Result.load(tmp_path / "r.json")
    assert list(loaded.derivatives) == list(PRODUCTS)
    for name, found in loaded.derivatives.items():
        given = result.derivatives[name]
        assert found._replace(blocks={}) == given._replace(blocks={})
        assert list(found.blocks) == list(given.blocks)
        for key, block in found.blocks.items():
            assert bits(block) == bits(given.blocks[key]), (name, key)
    assert loaded.to_bytes() == result.to_bytes()


def test_what_stands_in_the_json() -> None:
    text = make(jacobian=PRODUCTS["jacobian"], hvp=PRODUCTS["hvp"], sparse=product("jacobian", {
        ("y", "a"): SPARSE, ("y", "b"): 2.0}
    )).to_text()  # fmt: skip
    found = json.loads(text)["derivatives"]
    assert list(found["jacobian"]) == ["kind", "of", "wrt", "mode", "sweeps", "blocks", "types"]
    assert found["jacobian"]["types"] == {"y": {"a": "float64", "b": "float64[1001]"}}
    assert found["hvp"]["unreached"] == ["a", "b"]
    assert found["hvp"]["blocks"] == {"a": [], "b": [0.0, 0.0, 0.0]}
    assert found["sparse"]["blocks"]["y"] == {
        "a": {"sparse": {"shape": [3, 4], "rows": [0, 2, 2], "columns": [1, 0, 3],
                         "values": [1.5, "NaN", "-Infinity"]}},
        "b": 2.0,
    }  # fmt: skip
    assert found["sparse"]["types"]["y"] == {"a": "float32[3]", "b": "float64"}


def test_large_arrays_go_to_the_file(tmp_path: Path) -> None:
    _, path = sorted(make(**PRODUCTS).write(tmp_path / "r.json"), key=lambda name: name.endswith("npz"))
    assert sorted(np.load(path)) == [
        "derivatives/jacobian/y/b", "derivatives/sparse/y/b/columns", "derivatives/sparse/y/b/rows",
        "derivatives/sparse/y/b/values", "derivatives/vjp/b",
    ]  # fmt: skip


def test_a_result_without_derivatives_does_not_mention_them() -> None:
    assert "derivatives" not in make().to_text()
    assert make().derivatives == {}


def test_scalars_are_numbers_as_values_are() -> None:
    given = product("gradient", {("", "a"): np.array(2.0), ("", "b"): np.array(2, "float32")})
    blocks: Mapping[Any, Any] = make(g=given).derivatives["g"].blocks
    assert type(blocks["", "a"]) is float
    assert type(blocks["", "b"]) is np.float32


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('"kind": "jacobian"', '"kind": "hessian"'), ('"of": ["y"]', '"of": ["z"]'), ('"blocks"', '"bloecke"'),
        ('"float64[3]"', '"float64[4]"'), ('"rows": [0, 2, 2]', '"rows": [0, 2]'), ('"shape": [3, 4]', '"shape": [3]'),
        ('"rows": [0, 2, 2]', '"rows": [0, 2, 0.5]'), ('"derivatives": {', '"derivatives": 3, "d": {'),
        ('"types": {"y": {', '"types": {"y": 3, "z": {'), ('"float32[3]"', '"int8[3]"'),
    ],
)  # fmt: skip
def test_a_result_that_was_changed_is_refused(tmp_path: Path, before: str, after: str) -> None:
    text = make(j=product("jacobian", {("y", "a"): SPARSE, ("y", "b"): np.ones(3)})).to_text()
    assert before in text
    (tmp_path / "r.json").write_text(text.replace(before, after))
    with pytest.raises(DataError) as caught:
        Result.load(tmp_path / "r.json")
    assert caught.value.diagnostics[0].code == "DF0572"
