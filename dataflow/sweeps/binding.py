"""The given values of one run: from the graph, from outside, or from files; each with its declared dtype and shape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from dataflow.checks.inline import check_input, fits_shape, shape_of, show_shape
from dataflow.errors import DataError, Diagnostic, Path, UsageError, propose
from dataflow.graph import Graph, Input, Size, freeze_input
from dataflow.sweeps.lengths import Lengths

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

    >>> bind_values(Graph(inputs={"a": 1, "b": 2}), {"a": 7}, ["a", "b"], scalar=True).values
    {'a': 7.0, 'b': 2.0}
    """
    entries = graph.given
    if unknown := [name for name in given if name not in entries]:
        raise UsageError(_describe_unknown(graph, name) for name in unknown)
    bound = Bound()
    found: list[Diagnostic] = []
    lengths = Lengths()
    files = _open_files(graph, given, needed, root)
    for name in needed:
        path = graph.path_of(name)
        try:
            entry, value = entries[name], None
            if name in given:
                entry = _replace_value(entry, given[name])
            elif entry.source is not None and files is not None:
                loaded = files.read(entry, path)
                value, bound.data[loaded.file] = loaded.array, loaded.digest
            if value is None:
                value = _make_value(name, entry, graph.dtype, path, scalar=scalar, given=name in given)
            if not scalar:
                lengths.note(name, entry, value.shape, path)
            bound.values[name] = value
        except DataError as error:
            found += [item._replace(node=name) for item in error.diagnostics]
    found += lengths.settle()
    if found:
        raise DataError(found)
    bound.sizes = lengths.known
    return bound


def _describe_unknown(graph: Graph, name: Any) -> Diagnostic:
    hint = propose(str(name), graph.given)
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


def _replace_value(entry: Input, value: Any) -> Input:
    """The entry with a value from outside, whose shape must be the one that it has in the graph."""
    shape = entry.shape
    if shape is None and entry.value is not None:
        shape = shape_of(entry.value)
    return entry._replace(value=value, source=None, columns=None, shape=shape)


def _make_value(name: str, entry: Input, default: str, path: Path, *, scalar: bool, given: bool) -> Any:
    """A value of the entry's dtype. Raises `DataError` if there is none, or one that does not fit."""
    value, dtype = entry.value, entry.dtype or default
    if value is None:
        hint = f"give one with --set {name}=..., or in the graph"
        raise DataError(Diagnostic("DF0513", f"`{name}` has no value", path, hint=hint))
    if hasattr(value, "dtype") and hasattr(value, "shape"):
        return _read_array(name, entry, value, dtype, scalar=scalar)
    if given:
        entry = freeze_input(entry._replace(dtype=dtype))
        _check_given(name, entry)
        value = entry.value
    if scalar:
        return float(value)
    import numpy as np

    with np.errstate(over="ignore"):
        array = np.asarray(value, dtype=dtype)
    if dtype == "float32" and np.isinf(array).sum() != np.isinf(np.asarray(value, float)).sum():
        message, hint = f"a value of `{name}` does not fit {dtype}", "declare it `dtype: float64`"
        raise DataError(Diagnostic("DF0512", message, path, expected="at most 3.4e38", hint=hint))
    return _protect(array)


def _check_given(name: str, entry: Input) -> None:
    """Raise `DataError` if a value from outside does not fit: said of that value, not of a line of the graph."""
    problems = [item for item in check_input(entry, (), entry.dtype or "", parameter=False) if item.code != "DF0503"]
    if problems:
        prefix = f"the value given for `{name}`"
        raise DataError(item._replace(path=(), message=f"{prefix}: {item.message}") for item in problems)
    _check_shape(name, shape_of(entry.value), entry.shape)


def _read_array(name: str, entry: Input, value: Any, dtype: str, *, scalar: bool) -> Any:
    """A NumPy array from outside, of the entry's kind and declared shape. It is copied, not kept."""
    import numpy as np

    from dataflow.data.fitting import convert

    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        message = f"the value given for `{name}` holds {array.dtype}"
        raise DataError(Diagnostic("DF0502", message, expected="numbers or truth values"))
    if np.any(getattr(value, "mask", False)):  # of `numpy.ma`: what stands under a mask is no value
        hint = "fill the masked elements, as with `filled`"
        raise DataError(Diagnostic("DF0540", f"the value given for `{name}` is masked in places", hint=hint))
    try:
        array = convert(array, dtype, name)
    except DataError as error:  # said of that value, not of a line of the graph
        found = [item._replace(path=(), message=f"the value given for {item.message}") for item in error.diagnostics]
        raise DataError(found) from None
    _check_shape(name, array.shape, entry.shape)
    return float(array) if scalar else _protect(np.array(array, copy=True))


def _check_shape(name: str, shape: Sequence[int], declared: Sequence[Size] | None) -> None:
    if declared is not None and not fits_shape(shape, declared):
        message = f"the value given for `{name}` does not have the declared shape"
        raise DataError(Diagnostic("DF0503", message, found=show_shape(shape), expected=show_shape(declared)))


def _protect(array: Any) -> Any:
    """An array that is not to be written to; as a NumPy number if it has no axes."""
    array.flags.writeable = False
    return array if array.ndim else array[()]
