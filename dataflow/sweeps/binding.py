"""The given values of one run: from the graph, from outside, or from files; each with its declared dtype and shape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dataflow.checks.inline import RaggedError, check_input, shape_of
from dataflow.errors import DataError, Diagnostic, UsageError, propose
from dataflow.graph import NONFINITE, Graph, Input

if TYPE_CHECKING:
    from dataflow.data import DataFiles


class Bound:
    """Values by name, the sizes that their symbolic shapes took, and the digests of the files they came from."""

    __slots__ = ("data", "sizes", "values")

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.sizes: dict[str, int] = {}
        self.data: dict[str, str] = {}


def bind_values(
    graph: Graph, given: Mapping[str, Any], needed: Sequence[str], *, scalar: bool, root: str | None = None
) -> Bound:
    """The value of every input and parameter in `needed`: a float if `scalar`, else a read-only array.

    Raises `UsageError` for a name that the graph does not have, `DataError` for values that are missing or do
    not fit, with all of them at once.
    """
    entries = graph.given
    if unknown := [name for name in given if name not in entries]:
        raise UsageError(_describe_unknown(graph, name) for name in unknown)
    bound = Bound()
    found: list[Diagnostic] = []
    first: dict[str, tuple[str, int]] = {}
    files = _open_files(graph, given, needed, root)
    for name in needed:
        section = "inputs" if name in graph.inputs else "parameters"
        path = (section, name)
        try:
            entry, value = entries[name], None
            if name in given:
                entry = _replace_value(name, entry, given[name])
            elif entry.source is not None and files is not None:
                loaded = files.read(entry, path)
                value, bound.data[loaded.file] = loaded.array, loaded.digest
            if value is None:
                value = _make_value(name, entry, graph.dtype, path, scalar=scalar, given=name in given)
            if not scalar:
                found += _bind_sizes(name, entry, value, path, first)
            bound.values[name] = value
        except DataError as error:
            found += [item._replace(node=name) for item in error.diagnostics]
    if found:
        raise DataError(found)
    bound.sizes = {size: length for size, (_, length) in first.items()}
    return bound


def _describe_unknown(graph: Graph, name: str) -> Diagnostic:
    hint = propose(name, graph.given)
    if name in graph.nodes:
        hint = f"`{name}` is a node: it is computed, only inputs and parameters can be set"
    return Diagnostic("DF0904", f"`{name}` is not an input or parameter of this graph", hint=hint)


def _open_files(graph: Graph, given: Mapping[str, Any], needed: Sequence[str], root: str | None) -> DataFiles | None:
    known = graph.given
    entries = [known[name] for name in needed if name not in given]
    if not any(entry.source is not None for entry in entries):
        return None
    from dataflow.data import DataFiles

    folder = graph.source.folder if graph.source is not None else None
    return DataFiles(folder, root, graph.dtype, entries)


def _replace_value(name: str, entry: Input, value: Any) -> Input:
    """The entry with a value from outside, whose shape must be the one that it has in the graph."""
    shape = entry.shape
    if shape is None and entry.value is not None:
        shape = shape_of(entry.value)
    return entry._replace(value=value, source=None, columns=None, shape=shape)


def _make_value(name: str, entry: Input, default: str, path: tuple[str, str], *, scalar: bool, given: bool) -> Any:
    value, dtype = entry.value, entry.dtype or default
    if value is None:
        raise DataError(
            Diagnostic(
                "DF0513", f"`{name}` has no value", path, hint=f"give one with --set {name}=..., or in the graph"
            )
        )
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        return _check_array(name, entry, value, dtype, path, scalar=scalar)
    if given:
        value = _settle(value)
        entry = entry._replace(value=value)
        _check_given(name, entry, path, default)
    if scalar:
        return float(value)
    import numpy as np

    with np.errstate(over="ignore"):
        array = np.asarray(value, dtype=dtype)
    if (
        dtype == "float32"
        and np.isinf(array).any()
        and not np.array_equal(np.isinf(np.asarray(value, float)), np.isinf(array))
    ):
        message = f"a value of `{name}` does not fit {dtype}"
        raise DataError(
            Diagnostic("DF0512", message, path, expected="at most 3.4e38", hint="declare it `dtype: float64`")
        )
    array.flags.writeable = False
    return array if array.ndim else array[()]


def _settle(value: Any) -> Any:
    """A value from outside as the graph holds it: tuples of numbers, non-finite ones as floats."""
    if isinstance(value, list | tuple):
        return tuple(map(_settle, value))
    return NONFINITE.get(value, value) if isinstance(value, str) else value


def _check_given(name: str, entry: Input, path: tuple[str, str], default: str) -> None:
    """Whether a value from outside fits, said of that value and not of a line of the graph."""
    dtype = entry.dtype or default
    if dtype.startswith("float") and type(entry.value) is int:
        entry = entry._replace(value=float(entry.value)) if abs(entry.value) < 2**1023 else entry
    problems = [
        item for item in check_input(_floats(entry, dtype), path, default, parameter=False) if item.code != "DF0503"
    ]
    try:
        shape = shape_of(entry.value)
    except RaggedError:
        shape = ()
    if not problems and entry.shape is not None and not _fits(shape, entry.shape):
        problems.append(_wrong_shape(name, shape, entry.shape))
    if problems:
        prefix = f"the value given for `{name}`"
        raise DataError(
            item._replace(path=(), message=item.message if item.code == "DF0503" else f"{prefix}: {item.message}")
            for item in problems
        )


def _floats(entry: Input, dtype: str) -> Input:
    def convert(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(convert, value))
        return float(value) if type(value) is int and abs(value) < 2**1023 else value

    return entry._replace(value=convert(entry.value)) if dtype.startswith("float") else entry


def _check_array(name: str, entry: Input, value: Any, dtype: str, path: tuple[str, str], *, scalar: bool) -> Any:
    """A NumPy array from outside, of the entry's kind and declared shape. It is copied, not kept."""
    import numpy as np

    from dataflow.data.fitting import convert

    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise DataError(
            Diagnostic(
                "DF0502", f"the value given for `{name}` holds {array.dtype}", expected="numbers or truth values"
            )
        )
    try:
        array = convert(array, dtype, name)
    except DataError as error:  # said of that value and not of a line of the graph
        raise DataError(
            item._replace(path=(), message=f"the value given for {item.message}") for item in error.diagnostics
        ) from None
    if entry.shape is not None and not _fits(array.shape, entry.shape):
        raise DataError(_wrong_shape(name, array.shape, entry.shape))
    if scalar:
        return float(array)
    array = np.array(array, copy=True)
    array.flags.writeable = False
    return array if array.ndim else array[()]


def _wrong_shape(name: str, found: Sequence[int], declared: Sequence[int | str]) -> Diagnostic:
    return Diagnostic(
        "DF0503",
        f"the value given for `{name}` does not have the declared shape",
        found=str(list(found)),
        expected=str(list(declared)).replace("'", ""),
    )


def _fits(shape: Sequence[int], declared: Sequence[int | str]) -> bool:
    return len(shape) == len(declared) and all(
        isinstance(want, str) or want == size for size, want in zip(shape, declared, strict=True)
    )


def _bind_sizes(
    name: str, entry: Input, value: Any, path: tuple[str, str], first: dict[str, tuple[str, int]]
) -> Iterator[Diagnostic]:
    """Note the length of each symbolic size; a second one that differs is a problem."""
    for axis, (size, length) in enumerate(zip(entry.shape or (), value.shape, strict=False)):
        if isinstance(size, str):
            owner, known = first.setdefault(size, (name, length))
            if known != length:
                yield Diagnostic(
                    "DF0514",
                    f"`{size}` is {length} here and {known} in `{owner}`",
                    (*path, "shape", axis),
                    node=name,
                    hint="a symbolic size has one length wherever it appears",
                )
