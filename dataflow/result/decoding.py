"""A result read back from its JSON and its file of arrays: every bit, or a diagnostic that says why not."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from dataflow.errors import DataError, Diagnostic, ResourceError
from dataflow.graph import DTYPES
from dataflow.output import is_result
from dataflow.result.encoding import FORMAT

if TYPE_CHECKING:
    from dataflow.derivatives import Product
    from dataflow.result import Type

T = TypeVar("T")
FLOAT64: Type = ("float64", ())
PYTHON_DTYPES = ("float64", "int64", "bool")
NON_FINITE = ("NaN", "Infinity", "-Infinity")
REQUIRED = ("target", "unreached", "findings", "unproved", "data", "versions", "processor")
OPTIONAL = ("rows", "labels", "timings")


def decode(path: str, make: Callable[..., T]) -> T:
    """What `make` makes of the fields of the result in a file. Raises `DataError` or `ResourceError`."""
    while True:
        content, identity = _read(path)
        document = _parse(content, path)
        try:
            arrays = _read_arrays(document, path)
        except DataError:
            if _read(path)[1] == identity:
                raise
            continue  # another run has replaced both meanwhile, perhaps by the same content
        try:
            return make(**_build(document, arrays))
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
            raise _damaged(path, _explain(error)) from error


def read_reference(head: bytes) -> str | None:
    r"""The name of the file of arrays that a result refers to, from its first bytes.

    >>> read_reference(b'{\n "dataflow_result": 1,\n "arrays": {"file": "J.result-0.npz"')
    'J.result-0.npz'
    """
    import re
    from json import loads

    start = rb'\s*\{\s*"dataflow_result"\s*:\s*\d+\s*,\s*"arrays"\s*:\s*\{\s*"file"\s*:\s*("(?:[^"\\]|\\.)*")'
    found = re.match(start, head)
    try:
        return str(loads(found[1])) if found else None
    except ValueError:
        return None


def _read(path: str) -> tuple[bytes, tuple[int, ...]]:
    """The content of a file, and which file it is: one that replaces it is another, whatever it holds."""
    try:
        with open(path, "rb") as stream:
            status = os.fstat(stream.fileno())
            return stream.read(), (status.st_dev, status.st_ino, status.st_mtime_ns)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ResourceError(Diagnostic("DF0801", f"cannot read `{path}`: {reason}", hint="check the path")) from error


def _parse(content: bytes, path: str) -> dict[str, Any]:
    from json import loads

    if not is_result(content):
        raise DataError(
            Diagnostic(
                "DF0570", f"`{path}` is no result of dataflow",
                found="another kind of file", expected='JSON that begins with {"dataflow_result": ...',
                hint="results are written by `dataflow exec`",
            )
        )  # fmt: skip
    try:
        document = loads(content, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise _damaged(path, str(error)) from error
    version = document["dataflow_result"]
    if type(version) is not int or version != FORMAT:
        raise DataError(
            Diagnostic(
                "DF0571", f"`{path}` is a result of another version of the format",
                found=str(version)[:40], expected=str(FORMAT),
                hint="read it with the version of dataflow that wrote it, or run the graph again",
            )
        )  # fmt: skip
    return document  # type: ignore[no-any-return]


def _refuse_constant(text: str) -> NoReturn:
    raise ValueError(f'{text} is no JSON; a result has "{text}" as text')


def _read_arrays(document: Mapping[str, Any], path: str) -> dict[str, Any]:
    reference = document.get("arrays")
    if reference is None:
        return {}
    from dataflow.result.arrayfile import digest_file, read_arrays

    try:
        name, digest = reference["file"], reference["digest"]
        beside = os.path.join(os.path.dirname(os.path.realpath(path)), name)
        if os.path.basename(name) != name:
            raise ValueError(f"`{name}` is not the name of a file beside it")
        if not os.path.isfile(beside):
            raise _missing(path, name)
        if digest_file(beside) != digest:
            raise DataError(
                Diagnostic(
                    "DF0574", f"`{name}` is not the file that `{path}` was written with",
                    found="another digest", expected=digest, hint="run the graph again",
                )
            )  # fmt: skip
        return read_arrays(beside)
    except FileNotFoundError as error:
        raise _missing(path, name) from error
    except OSError as error:
        raise ResourceError(Diagnostic("DF0801", f"cannot read `{beside}`: {error.strerror}")) from error
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(path, _explain(error)) from error


def _missing(path: str, name: str) -> DataError:
    return DataError(
        Diagnostic(
            "DF0573", f"`{name}` is missing, which holds the arrays of `{path}`",
            hint="keep the two files in one folder, or run the graph again with `--arrays inline`",
        )
    )  # fmt: skip


def _explain(error: Exception) -> str:
    """What an exception says of the document; in plain words where it speaks of Python's objects."""
    if isinstance(error, KeyError):
        return f"it has no `{error.args[0]}`"
    return str(error) if isinstance(error, ValueError) else "a part of it is of another kind than a result has there"


def _damaged(path: str, reason: str) -> DataError:
    hint = "it was changed after it was written; run the graph again"
    return DataError(Diagnostic("DF0572", f"`{path}` is damaged: {reason[:300]}", hint=hint))


def _build(document: Mapping[str, Any], arrays: Mapping[str, Any]) -> dict[str, Any]:
    texts = document["types"]
    known = {text: _parse_type(text) for text in set(texts.values())}
    types = {name: known[text] for name, text in texts.items()}
    values, gradients = document["values"], document["gradients"]
    if list(values) != list(types) or (gradients and list(gradients) != list(types)):
        raise ValueError("values, gradients and types name different nodes")
    unreached = frozenset(document["unreached"])
    cotangent = document.get("cotangent")
    if cotangent is not None:
        cotangent = _decode_value(cotangent["value"], _parse_type(cotangent["type"]), arrays)
    return {
        "name": document["graph"]["name"],
        "digest": document["graph"]["digest"],
        "values": {
            name: value if type(value) is float and types[name] == FLOAT64
            else _decode_value(value, types[name], arrays)
            for name, value in values.items()
        },
        "gradients": {
            name: value if type(value) is float and (types[name] == FLOAT64 or name in unreached)
            else None if value is None else _decode_value(value, types[name], arrays)
            for name, value in gradients.items()
        },
        "types": types,
        "cotangent": cotangent,
        "derivatives": _decode_products(document.get("derivatives", {}), arrays),
        **{key: document[key] for key in REQUIRED},
        **{key: document.get(key) for key in OPTIONAL},
    }  # fmt: skip


def _decode_products(entries: Mapping[str, Any], arrays: Mapping[str, Any]) -> dict[str, Product]:
    if not entries:
        return {}
    from dataflow.result.products import decode_product

    def decode(value: Any, kind: Type) -> Any:
        return _decode_value(value, kind, arrays)

    return {name: decode_product(item, _parse_type, decode) for name, item in entries.items()}


def _parse_type(text: str) -> Type:
    """The opposite of `format_type`.

    >>> _parse_type("float32[569,10]")
    ('float32', (569, 10))
    """
    dtype, bracket, sizes = text.partition("[")
    if dtype not in DTYPES or (bracket and not sizes.endswith("]")):
        raise ValueError(f"`{text}` is no type")
    return dtype, tuple(map(int, sizes[:-1].split(","))) if bracket else ()


def _decode_value(value: Any, kind: Type, arrays: Mapping[str, Any]) -> Any:
    dtype, shape = kind
    if isinstance(value, dict):
        if "entry" not in value:
            return value  # a summary
        array = arrays[value["entry"]]
        if (array.dtype.name, array.shape) != kind:
            raise ValueError(f"`{value['entry']}` is {array.dtype.name}{array.shape}, not {dtype}{shape}")
        return array
    if shape:
        return _decode_array(value, dtype, shape)
    fits = type(value) is (bool if dtype == "bool" else int)
    if dtype.startswith("float"):
        fits = type(value) in (float, int) or value in NON_FINITE
        value = float(value) if fits else value
    if not fits:
        raise ValueError(f"{value!r} is no {dtype}")
    if dtype in PYTHON_DTYPES:
        return value
    import numpy as np

    return np.dtype(dtype).type(value)


def _decode_array(value: Any, dtype: str, shape: tuple[int, ...]) -> Any:
    import numpy as np

    array = np.array(value)
    if array.size == 0 and 0 in shape:
        return np.empty(shape, dtype)
    kinds = "f" if dtype.startswith("float") else "b" if dtype == "bool" else "iu"
    if array.dtype.kind not in kinds:
        elements = np.array(value, dtype=object)
        if kinds == "f" and all(type(element) in (int, float) or element in NON_FINITE for element in elements.flat):
            array = elements.astype(np.float64)
        elif kinds == "iu" and all(type(element) is int for element in elements.flat):  # above and below 2**63
            array = elements.astype(dtype)
    if array.shape != shape or array.dtype.kind not in kinds:
        raise ValueError(f"what should be {dtype}{list(shape)} is {array.dtype.name}{list(array.shape)}")
    exact = array.astype(dtype)
    if not np.array_equal(exact, array, equal_nan=kinds == "f"):
        raise ValueError(f"not all elements are of type {dtype}")
    return exact
