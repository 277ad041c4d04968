"""What a run gives: the value and the gradient of every node, as a value and as canonical JSON.

`schemas/result.schema.json` describes the format. The same `Result` gives the same bytes, and `Result.load` reads
them back to the last bit (a NaN stays a NaN; which of them, is not kept). One member stands on a line, so that people
can read and compare results. Large arrays go to one `.npz` file beside the JSON, named by its own digest.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

from dataflow.graph import EMPTY

if TYPE_CHECKING:
    from typing import Self

    from dataflow.derivatives import Product
    from dataflow.output import StrPath

    Type = tuple[str, tuple[int, ...]]
    Arrays = Literal["auto", "inline", "file"]


class Result:
    """The values and gradients of a run, by node name in the order of the document, and what took part.

    A scalar of type float64, int64 or bool is Python's own number; any other value is NumPy's. `gradients` has
    the names of `values` (none if there is no target): None where a node has no gradient, 0.0 where it does not
    reach the target. `types` holds dtype and shape by name, `derivatives` the products that were asked for besides.
    A result read from a file may hold summaries in place of long arrays: mappings with `count`, `non_finite`, `min`,
    `mean` and `max`.

    >>> result = Result(name="square", digest="sha256:0", target="J", values={"a": 3.0, "J": 9.0},
    ...                 gradients={"a": 6.0, "J": 1.0}, types={"a": ("float64", ()), "J": ("float64", ())})
    >>> result.values["J"], result.gradients["a"]
    (9.0, 6.0)
    """

    __slots__ = (
        "cotangent", "data", "derivatives", "digest", "findings", "gradients", "labels", "name", "processor", "rows",
        "target", "timings", "types", "unproved", "unreached", "values", "versions",
    )  # fmt: skip

    cotangent: Any
    data: Mapping[str, str]
    derivatives: Mapping[str, Product]
    digest: str
    findings: tuple[Mapping[str, Any], ...]
    gradients: Mapping[str, Any]
    labels: Mapping[str, Mapping[str, Any]] | None
    name: str
    processor: str
    rows: int | None
    target: str | None
    timings: Mapping[str, float] | None
    types: Mapping[str, Type]
    unproved: tuple[str, ...]
    unreached: tuple[str, ...]
    values: Mapping[str, Any]
    versions: Mapping[str, str]

    def __init__(
        self,
        *,
        name: str,
        digest: str,
        target: str | None,
        values: Mapping[str, Any],
        gradients: Mapping[str, Any],
        types: Mapping[str, Type],
        unreached: Iterable[str] = (),
        findings: Iterable[Mapping[str, Any]] = (),
        unproved: Iterable[str] = (),
        data: Mapping[str, str] = EMPTY,
        versions: Mapping[str, str] = EMPTY,
        processor: str = "",
        rows: int | None = None,
        timings: Mapping[str, float] | None = None,
        labels: Mapping[str, Mapping[str, Any]] | None = None,
        cotangent: Any = None,
        derivatives: Mapping[str, Product] = EMPTY,
    ) -> None:
        unreached = tuple(unreached)
        fields = {
            "name": name, "digest": digest, "target": target, "processor": processor, "rows": rows,
            "values": MappingProxyType(_settle_all(values, types, frozenset())),
            "gradients": MappingProxyType(_settle_all(gradients, types, frozenset(unreached))),
            "types": MappingProxyType(dict(types)),
            "unreached": unreached, "findings": tuple(findings), "unproved": tuple(unproved),
            "data": MappingProxyType(dict(data)), "versions": MappingProxyType(dict(versions)),
            "timings": None if timings is None else MappingProxyType(dict(timings)),
            "labels": None if labels is None else MappingProxyType(dict(labels)),
            "cotangent": None if cotangent is None else _settle_cotangent(cotangent),
            "derivatives": _settle_products(derivatives) if derivatives else EMPTY,
        }  # fmt: skip
        for key, value in fields.items():
            object.__setattr__(self, key, value)

    def __setattr__(self, key: str, value: object) -> None:
        raise AttributeError(f"a Result is frozen: `{key}` cannot be set")

    def __repr__(self) -> str:
        target = f", target {self.target}" if self.target is not None else ""
        return f"<Result {self.name}: {len(self.values)} values{target}>"

    def to_text(self, *, full: frozenset[str] = frozenset()) -> str:
        """The whole result as JSON with all arrays in it. `full` names nodes that are never summarised.

        >>> print(Result(name="", digest="sha256:0", target=None, values={}, gradients={}, types={}).to_text()[:25])
        {
          "dataflow_result": 1,
        """
        from dataflow.result.encoding import Encoder, assemble

        return assemble(Encoder(self.rows, "inline", full).encode(self))

    def to_bytes(self, *, full: frozenset[str] = frozenset()) -> bytes:
        """What `to_text` gives, in UTF-8."""
        from dataflow.result.encoding import as_bytes

        return as_bytes(self.to_text(full=full))

    def write(self, path: StrPath, *, arrays: Arrays = "auto", full: frozenset[str] = frozenset()) -> tuple[str, ...]:
        """Write the result whole or not at all; the paths of the files written, the JSON last.

        `arrays`: "auto" puts arrays of more than 1,000 elements into a `.npz` file beside the JSON, "file" all arrays
        that have an axis, "inline" none. What is no regular file (a pipe, a device) gets everything inline.
        Along more than 100,000 rows a value is summarised unless `full` names its node. Raises `ResourceError`.
        """
        from dataflow.output import Output
        from dataflow.result.encoding import Encoder, as_bytes, assemble

        with Output(path) as output:
            final = output.place.path
            if output.place.special:
                output.write_directly([self.to_bytes(full=full)])
                return (final,)
            encoder = Encoder(self.rows, arrays, full)
            members = encoder.encode(self)
            files, beside = [], None
            if encoder.kept:
                from dataflow.result.arrayfile import digest_file, write_arrays

                staged = output.stage(lambda stream: write_arrays(stream, encoder.kept))
                digest = digest_file(staged)
                beside = f"{_stem(final)}-{digest.removeprefix('sha256:')[:16]}.npz"
                members["arrays"] = encoder.compact({"file": beside, "digest": digest})
                files.append((staged, os.path.join(os.path.dirname(final), beside)))
            content = as_bytes(assemble(members))
            files.append((output.stage(lambda stream: stream.write(content)), final))
            output.publish(files, lambda head: _find_obsolete(head, final, beside))
        return tuple(path for _, path in files)

    @classmethod
    def load(cls, path: StrPath) -> Self:
        """Read a result that `write` or `to_bytes` made; nothing in it is ever run as code.

        Raises `DataError` if it is no result, is damaged, or does not agree with its file of arrays, and
        `ResourceError` if it cannot be read.
        """
        from dataflow.result.decoding import decode

        return decode(os.fspath(path), cls)


def _settle_all(values: Mapping[str, Any], types: Mapping[str, Type], kept: frozenset[str]) -> dict[str, Any]:
    """Every scalar as the Python or NumPy number that its dtype says, so that reading back gives the same."""
    return {
        name: value
        if (type(value) is float and types[name][0] == "float64") or name in kept
        else settle(value, types[name][0])
        for name, value in values.items()
    }


def settle(value: Any, dtype: Any) -> Any:
    """A scalar as the Python or NumPy number that its dtype says; arrays as they are.

    >>> settle(3, "float64")
    3.0
    """
    if value is None or isinstance(value, Mapping) or getattr(value, "shape", None):
        return value
    if dtype == "float64":
        return float(value)
    if dtype == "int64":
        return int(value)
    if dtype == "bool":
        return bool(value)
    import numpy as np

    return np.dtype(dtype).type(value)


def _settle_products(products: Mapping[str, Product]) -> Mapping[str, Product]:
    from dataflow.result.products import settle_product

    return MappingProxyType({name: settle_product(item) for name, item in products.items()})


def _settle_cotangent(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    import numpy as np

    array = np.asarray(value)
    if array.dtype.kind != "f":
        array = array.astype(np.float64)
    return array if array.shape else settle(array[()], array.dtype.name)


def _stem(path: str) -> str:
    """How the names of the files of arrays beside a result begin."""
    return os.path.basename(path).removesuffix(".json")


def _find_obsolete(head: bytes, path: str, beside: str | None) -> str | None:
    """The file of arrays that only the replaced result needed, if `head` names one."""
    import re

    from dataflow.output import read_head
    from dataflow.result.decoding import read_reference

    old = read_reference(head)
    if old is None or old == beside or not re.fullmatch(re.escape(_stem(path)) + r"-[0-9a-f]{16}\.npz", old):
        return None
    twin = path.removesuffix(".json") if path.endswith(".json") else path + ".json"  # its arrays are named alike
    return None if read_reference(read_head(twin) or b"") == old else old
