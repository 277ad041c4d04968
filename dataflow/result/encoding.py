"""A result as canonical JSON: strict (RFC 8259), one member a line, the same bytes for the same result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from dataflow.graph import without_nonfinite

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from dataflow.derivatives import Product
    from dataflow.result import Result, Type

FORMAT = 1
INLINE_ELEMENTS = 1_000
FULL_ROWS = 100_000


class Encoder:
    """Turns what a result holds into texts of JSON. Arrays that are to go to a file are collected in `kept`."""

    __slots__ = ("_arrays", "_full", "_rows", "compact", "kept", "quote")

    def __init__(self, rows: int | None, arrays: str = "auto", full: frozenset[str] = frozenset()) -> None:
        from json.encoder import JSONEncoder, encode_basestring

        if arrays not in ("auto", "inline", "file"):
            raise ValueError(f"arrays is one of 'auto', 'inline', 'file', not {arrays!r}")
        self.kept: dict[str, NDArray[Any]] = {}
        self.quote = encode_basestring
        self.compact = JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False).encode
        self._rows = rows if rows is not None and rows > FULL_ROWS else None
        self._arrays = arrays
        self._full = full

    def encode(self, result: Result) -> dict[str, str]:
        """The members of the document, in order. An empty text stands where a member is left out."""
        optional = self._encode_optional(result)
        return {
            "dataflow_result": str(FORMAT),
            "arrays": "",  # its place: whoever replaces a result finds there, in its first bytes, what belonged to it
            "graph": self.compact({"name": result.name, "digest": result.digest}),
            "target": self.compact(result.target),
            "cotangent": optional["cotangent"],
            "rows": optional["rows"],
            "values": self._encode_values("values", result.values),
            "gradients": self._encode_values("gradients", result.gradients),
            "types": self._encode_types(result.types),
            "derivatives": self._encode_products(result.derivatives) if result.derivatives else "",
            "unreached": self._list(result.unreached),
            "findings": self._list(result.findings),
            "unproved": self._list(result.unproved),
            "data": self._object(result.data),
            "versions": self._object(result.versions),
            "processor": self.compact(result.processor),
            "labels": optional["labels"],
            "timings": optional["timings"],
        }

    def _encode_optional(self, result: Result) -> dict[str, str]:
        cotangent = ""
        if result.cotangent is not None:
            value = self._encode_value(result.cotangent, "cotangent", summarise=False)
            cotangent = f'{{"type": "{format_type(*type_of(result.cotangent))}", "value": {value}}}'
        return {
            "cotangent": cotangent,
            "rows": "" if result.rows is None else str(result.rows),
            "labels": "" if result.labels is None else self._object(result.labels),
            "timings": "" if result.timings is None else self._object(result.timings),
        }

    def _encode_values(self, section: str, values: Mapping[str, Any]) -> str:
        quote, encode, full = self.quote, self._encode_value, self._full
        return _join("{", (
            f"{quote(name)}: {value!r}" if type(value) is float and value - value == 0.0
            else f"{quote(name)}: {encode(value, f'{section}/{name}', summarise=name not in full)}"
            for name, value in values.items()
        ), "}")  # fmt: skip

    def _encode_value(self, value: Any, entry: str, *, summarise: bool) -> str:
        if value is None:
            return "null"
        if summarise and self._rows is not None and self._rows in getattr(value, "shape", ()):
            return self.compact(without_nonfinite(summary(value)))
        return self.compact(self._as_data(value, entry))

    def _as_data(self, value: Any, entry: str) -> Any:
        """Data for JSON: of a large array where it is kept."""
        if not hasattr(value, "shape"):  # a number of Python, or a summary
            return without_nonfinite(value)
        if value.shape and (self._arrays == "file" or (self._arrays == "auto" and value.size > INLINE_ELEMENTS)):
            self.kept[entry] = value
            return {"entry": entry}
        return _as_lists(value)

    def _encode_products(self, products: Mapping[str, Product]) -> str:
        from dataflow.result.products import encode_product

        quote, compact = self.quote, self.compact
        lines = (
            f"{quote(name)}: {compact(encode_product(name, item, self._as_data))}" for name, item in products.items()
        )
        return _join("{", lines, "}")

    def _encode_types(self, types: Mapping[str, Type]) -> str:
        quote = self.quote
        known = {kind: quote(format_type(*kind)) for kind in set(types.values())}
        return _join("{", (f"{quote(name)}: {known[kind]}" for name, kind in types.items()), "}")

    def _object(self, members: Mapping[str, Any]) -> str:
        lines = (f"{self.quote(key)}: {self.compact(_plain(value))}" for key, value in members.items())
        return _join("{", lines, "}")

    def _list(self, items: Iterable[Any]) -> str:
        return _join("[", (self.compact(_plain(item)) for item in items), "]")


def assemble(members: Mapping[str, str]) -> str:
    """The document from its members, those that are left out left out."""
    return "{\n" + ",\n".join([f'  "{key}": {text}' for key, text in members.items() if text]) + "\n}\n"


def as_bytes(text: str) -> bytes:
    r"""Text of JSON in UTF-8. A lone surrogate (of a file name that is no UTF-8) becomes JSON's escape for it.

    >>> as_bytes('"\udc80"')
    b'"\\udc80"'
    """
    return text.encode("utf-8", "backslashreplace")


def format_type(dtype: str, shape: tuple[int, ...]) -> str:
    """A dtype and a shape as one word.

    >>> format_type("float64", ()), format_type("float32", (569, 10))
    ('float64', 'float32[569,10]')
    """
    return f"{dtype}[{','.join(map(str, shape))}]" if shape else dtype


def summary(value: NDArray[Any]) -> dict[str, Any]:
    """What is said of an array that is too long to be written: min, mean and max are of its finite elements.

    >>> import numpy
    >>> summary(numpy.array([1.0, 4.0, numpy.nan]))
    {'count': 3, 'non_finite': 1, 'min': 1.0, 'mean': 2.5, 'max': 4.0}
    """
    import numpy as np

    count, non_finite = value.size, 0
    if value.dtype.kind == "f":
        finite = np.isfinite(value)
        non_finite = count - int(np.count_nonzero(finite))
        if non_finite:
            value = value[finite]
    if not value.size:
        return {"count": count, "non_finite": non_finite, "min": None, "mean": None, "max": None}
    low, high = value.min(), value.max()
    with np.errstate(over="ignore"):
        mean = float(np.mean(value, dtype=np.float64))
    if mean - mean != 0.0:  # the sum is too large, though the mean is not
        scale = float(max(abs(low), abs(high)))
        mean = float(np.mean(value / scale, dtype=np.float64)) * scale
    return {"count": count, "non_finite": non_finite, "min": low.item(), "mean": mean, "max": high.item()}


def _join(opening: str, lines: Iterable[str], closing: str) -> str:
    body = ",\n    ".join(list(lines))
    return f"{opening}\n    {body}\n  {closing}" if body else opening + closing


def _plain(value: Any) -> Any:
    return value if isinstance(value, str) else without_nonfinite(value)


def _as_lists(value: Any) -> Any:
    """An array or a number of NumPy as (nested lists of) numbers that JSON holds exactly."""
    import numpy as np

    array = np.asarray(value)
    if array.dtype.kind != "f":
        return array.tolist()
    array = array.astype(np.float64)
    if np.isfinite(array).all():
        return array.tolist()
    elements = array.astype(object)
    for text, where in (("NaN", np.isnan(array)), ("Infinity", array == np.inf), ("-Infinity", array == -np.inf)):
        elements[where] = text
    return elements.tolist()


def type_of(value: Any) -> Type:
    """dtype and shape of an array or a number.

    >>> type_of(0.5)
    ('float64', ())
    """
    return (value.dtype.name, value.shape) if hasattr(value, "dtype") else ("float64", ())
