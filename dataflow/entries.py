"""What a graph is made of, as frozen data: inputs, parameters, nodes, and the derivatives that it asks for."""

from collections.abc import Mapping
from math import inf, nan
from types import MappingProxyType
from typing import Any, NamedTuple

Operand = str | int | float | None  # None: an optional input that is not given
Size = int | str

DTYPES = ("float64", "float32", "int64", "int32", "int16", "int8", "uint64", "uint32", "uint16", "uint8", "bool")
EMPTY: Mapping[str, Any] = MappingProxyType({})
MAX_NESTING = 64  # of lists in a value, as of axes in an array of NumPy
KINDS = ("gradient", "vjp", "jvp", "jacobian", "hvp", "hessian")  # of derivatives
NONFINITE: Mapping[str, float] = MappingProxyType({"NaN": nan, "Infinity": inf, "-Infinity": -inf})


class Input(NamedTuple):
    """A value given from outside: a number or nested tuples of numbers, or a file that holds it.

    `shape` may name symbolic sizes, and compute with them (`2*hidden`); `dtype` is None where it is the graph's.
    `differentiable` is None where nothing is said: then data from a file is not differentiated, and a value in the
    text is.

    >>> Input(shape=("rows", 2), source="patients.csv", columns=("age", "weight")).dtype is None
    True
    """

    value: Any = None
    source: str | None = None
    shape: tuple[Size, ...] | None = None
    dtype: str | None = None
    columns: str | tuple[str, ...] | None = None
    differentiable: bool | None = None
    description: str = ""


class Node(NamedTuple):
    """An operator applied to operands. `outputs` names the results of an operator that has several.

    >>> Node("multiply", ("b", "c"))
    Node(op='multiply', inputs=('b', 'c'), attributes=mappingproxy({}), outputs=(), description='')
    """

    op: str
    inputs: tuple[Operand, ...]
    attributes: Mapping[str, Any] = EMPTY
    outputs: tuple[str, ...] = ()
    description: str = ""


class Derivative(NamedTuple):
    """A product of derivatives that is to be computed: a gradient, a Jacobian, ...

    kind:     one of KINDS.
    of, wrt:  what is differentiated, and with respect to what; without `wrt`, to everything differentiable.
    along:    of jvp and hvp: the direction, for each input in it a value of that input's shape.
    cotangent: of vjp: the weights, of the shape of what is differentiated.
    sparse:   of jacobian and hessian: whether only what may differ from 0 is held; None: chosen by size.

    >>> Derivative("jacobian", ("price",), wrt=("spot",)).sparse is None
    True
    """

    kind: str
    of: tuple[str, ...]
    wrt: tuple[str, ...] = ()
    along: Mapping[str, Any] = EMPTY
    cotangent: Any = None
    sparse: bool | None = None
    description: str = ""


def freeze_input(value: Any) -> Input:
    """A value, or an entry with one, as a graph holds it: lists as tuples, integers of a float type as floats.

    Computed sizes are spelled in one way. What is no number or no size stays as it is, and so do integers that no float
    holds: to refuse them is for checks.

    >>> freeze_input([1, 2.5]).value, freeze_input(Input([1, "NaN"], dtype="int8")).value
    ((1.0, 2.5), (1, nan))
    >>> freeze_input(Input(shape=("rows", "k * 2", "2 + 1"))).shape
    ('rows', '2*k', 3)
    """
    entry = value if isinstance(value, Input) else Input(value)
    floating = entry.dtype is None or str(entry.dtype).startswith("float")
    if entry.shape and isinstance(entry.shape, tuple):
        entry = entry._replace(shape=tuple(map(_freeze_size, entry.shape)))
    return entry._replace(value=_freeze(entry.value, floating, MAX_NESTING))


def freeze_derivative(value: Any, *, arrays: bool = False) -> Any:
    """A derivative as a graph holds it: names as tuples, values as those of inputs. Anything else as it is.

    With `arrays` values that are arrays stay such.

    >>> freeze_derivative(Derivative("jvp", "y", along={"x": [1, 0]}))[1:4]
    (('y',), (), mappingproxy({'x': (1.0, 0.0)}))
    """
    if not isinstance(value, Derivative):
        return value

    def freeze(item: Any) -> Any:
        return item if arrays and hasattr(item, "shape") else _freeze(item, True, MAX_NESTING)

    along = value.along
    if isinstance(along, Mapping):
        along = MappingProxyType({key: freeze(item) for key, item in along.items()})
    of, wrt = map(_freeze_names, (value.of, value.wrt))
    return value._replace(of=of, wrt=wrt, along=along, cotangent=freeze(value.cotangent))


def _freeze_names(names: Any) -> Any:
    return (names,) if isinstance(names, str) else tuple(names) if isinstance(names, list) else names


def derivative_as_data(value: Derivative) -> Any:
    """A derivative as JSON has it: what is said of it, without its description.

    >>> derivative_as_data(Derivative("jvp", ("y",), along={"x": 1.0}))
    {'kind': 'jvp', 'of': ('y',), 'along': {'x': 1.0}}
    """
    fields = value._asdict() | {"along": dict(value.along)}
    del fields["description"]
    return {key: item for key, item in fields.items() if item not in (None, (), {})}


def _freeze_size(size: Any) -> Any:
    if size.__class__ is not str or size.isidentifier():
        return size
    from dataflow.sizes import spell_size

    return spell_size(size)


def _freeze(value: Any, floating: bool, depth: int) -> Any:
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return tuple([_freeze(item, floating, depth - 1) for item in value]) if depth else value
    if type(value) is str:
        return NONFINITE.get(value, value)
    if floating and type(value) is int:
        try:
            return float(value)
        except OverflowError:
            return value
    return value


def input_as_data(entry: Input) -> Any:
    """An entry as JSON has it, without its description.

    >>> input_as_data(Input(5.0, shape=()))
    {'value': 5.0, 'shape': ()}
    """
    fields = entry._asdict()
    del fields["description"]
    return {key: value for key, value in fields.items() if value is not None}


def without_nonfinite(data: Any) -> Any:
    """The same data with numbers that JSON cannot hold as text.

    >>> without_nonfinite([1.0, float("-inf"), {"a": float("nan")}])
    [1.0, '-Infinity', {'a': 'NaN'}]
    """
    if isinstance(data, float):
        return data if data - data == 0 else "NaN" if data != data else "Infinity" if data > 0 else "-Infinity"
    if isinstance(data, list | tuple):
        return [without_nonfinite(item) for item in data]
    if isinstance(data, Mapping):
        return {key: without_nonfinite(item) for key, item in data.items()}
    return data
