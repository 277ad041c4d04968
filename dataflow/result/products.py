"""Derivatives in a result: their blocks by output and input, as JSON with arrays aside, and read back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataflow.derivatives import Product
    from dataflow.result import Type

MATRICES = frozenset({"jacobian", "hessian"})  # whose blocks have two names
Encode = Callable[[Any, str], Any]  # a value and what it is called in the file of arrays, to data for JSON
Decode = Callable[[Any, "Type"], Any]


def settle_product(product: Product) -> Product:
    """The product with its blocks in order, scalars as the numbers that their dtypes say, indices as int64.

    Raises `ValueError` for blocks that a product of its kind does not have.
    """
    from dataflow.result import settle

    blocks: dict[tuple[str, str], Any] = {}
    for key in list_keys(product.kind, product.of, product.wrt):
        block: Any = product.blocks[key]
        if is_sparse(block):
            rows, columns = (_as_index(item) for item in (block.rows, block.columns))
            height, width = block.shape
            blocks[key] = block._replace(shape=(int(height), int(width)), rows=rows, columns=columns)
        else:
            blocks[key] = settle(block, getattr(block, "dtype", "float64"))
    return product._replace(blocks=blocks)


def _as_index(value: Any) -> Any:
    import numpy as np

    return np.asarray(value, np.int64)


def is_sparse(block: Any) -> bool:
    """Whether a block is a `SparseBlock`."""
    return hasattr(block, "columns")


def list_keys(kind: str, of: tuple[str, ...], wrt: tuple[str, ...]) -> list[tuple[str, str]]:
    """The names of the blocks of a product, in order.

    >>> list_keys("jacobian", ("y",), ("a", "b")), list_keys("jvp", ("y",), ("a",))
    ([('y', 'a'), ('y', 'b')], [('y', '')])
    """
    outputs = wrt if kind == "hessian" else of if kind in ("jacobian", "jvp") else ("",)
    return [(output, name) for output in outputs for name in (("",) if kind == "jvp" else wrt)]


def encode_product(name: str, product: Product, encode: Encode) -> dict[str, Any]:
    """A product as data for JSON. `encode` is given each array with its place in the file of arrays."""
    blocks: dict[str, Any] = {}
    types: dict[str, Any] = {}
    for key, block in product.blocks.items():
        parts = [part for part in key if part]
        place = "/".join(["derivatives", name, *parts])
        data: Any
        if is_sparse(block):
            fields = {field: encode(getattr(block, field), f"{place}/{field}") for field in SPARSE_FIELDS}
            data = {"sparse": {"shape": list(block.shape), **fields}}
        else:
            data = encode(block, place)
        _put(blocks, parts, data)
        _put(types, parts, _describe_type(block))
    head = {"kind": product.kind, "of": list(product.of), "wrt": list(product.wrt), "mode": product.mode}
    unreached = {"unreached": list(product.unreached)} if product.unreached else {}
    return {**head, "sweeps": product.sweeps, **unreached, "blocks": blocks, "types": types}


SPARSE_FIELDS = ("rows", "columns", "values")


def _put(tree: dict[str, Any], path: list[str], value: Any) -> None:
    for part in path[:-1]:
        tree = tree.setdefault(part, {})
    tree[path[-1]] = value


def _describe_type(block: Any) -> str:
    """dtype and shape; of a sparse block its elements', and how many there are."""
    from dataflow.result.encoding import format_type, type_of

    return format_type(*type_of(block.values if is_sparse(block) else block))


def decode_product(data: Mapping[str, Any], read_type: Callable[[str], Type], decode: Decode) -> Product:
    """The product that `encode_product` made data of. Raises `ValueError`, `KeyError` or `TypeError`."""
    from dataflow.derivatives import Product, SparseBlock

    kind, of, wrt = data["kind"], tuple(data["of"]), tuple(data["wrt"])
    blocks: dict[tuple[str, str], Any] = {}
    for key, block, text in _walk(list_keys(kind, of, wrt), data["blocks"], data["types"]):
        dtype, shape = read_type(text)
        if isinstance(block, dict) and "sparse" in block:
            sparse, index = block["sparse"], ("int64", shape)
            height, width = sparse["shape"]
            rows, columns = (decode(sparse[field], index) for field in ("rows", "columns"))
            blocks[key] = SparseBlock((height, width), rows, columns, decode(sparse["values"], (dtype, shape)))
        else:
            blocks[key] = decode(block, (dtype, shape))
    return Product(kind, of, wrt, data["mode"], data["sweeps"], blocks, tuple(data.get("unreached", ())))


def _walk(
    keys: list[tuple[str, str]], blocks: Mapping[str, Any], types: Mapping[str, Any]
) -> Iterator[tuple[tuple[str, str], Any, str]]:
    for key in keys:
        block, kind = blocks, types
        for part in filter(None, key):
            block, kind = block[part], kind[part]
        yield key, block, str(kind)
