"""An operator as a value: its formula, its forward rule and its backward rules, side by side.

A rule is a plain function over `xp`, the operator library bound to a kind of array:

* ``forward(xp, *inputs, **attributes)`` gives the output ``z``;
* ``backward[name](xp, g, z, *inputs, **attributes)`` gives the cotangent of input ``name`` from the
  cotangent ``g`` of the output. ``None`` in its place says: not differentiable.

A composite, whose forward rule is written with other operators, may leave ``backward`` out: then the sweep goes back
through those others.

Calculus is the operator's; summing over broadcast axes, adding up at fan-out, zeros and dtypes are the engine's.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from types import MappingProxyType
from typing import Any, NamedTuple

from dataflow.axes import Treatment, map_elementwise, reduces
from dataflow.signatures import Attribute as Attribute
from dataflow.signatures import OperatorInput as OperatorInput
from dataflow.signatures import Rule as Rule
from dataflow.signatures import check_backward, check_kinds, read_signature

Kernel = Callable[..., Any] | str
DtypeRule = Callable[..., Any] | str | tuple[str | None, ...]

NO_MAPPING: Mapping[str, Any] = MappingProxyType({})
VARIADIC_OUTPUTS = ("*",)


class Interval(NamedTuple):
    """The open interval of numbers on which an input may be drawn, less some points.

    >>> POSITIVE, NONZERO.without
    (Interval(low=0.0, high=inf, without=()), (0.0,))
    """

    low: float = -math.inf
    high: float = math.inf
    without: tuple[float, ...] = ()


REAL = Interval()
POSITIVE = Interval(low=0.0)
NONZERO = Interval(without=(0.0,))
UNIT = Interval(0.0, 1.0)
SYMMETRIC_UNIT = Interval(-1.0, 1.0)


class Operator:
    """A differentiable function with its rules.

    Arguments beyond the rules:

    kernels:     given for a primitive: by kind of array (``"numpy"``, ``"floats"``) the function that computes it, or
                 its place as ``"module:function"``; a kind that is not named uses its own function of the same name.
                 None, the default, makes a composite: the forward rule itself is what is computed.
    broadcasts:  elementwise: inputs broadcast against each other, and the engine sums the cotangents back.
    moves:       linear, and only moves or adds elements (reshape, sum, indexing).
    takes:       what dtype the rules see. ``"float"``: integers and booleans are converted to the float dtype of the
                 other inputs. ``"numeric"``: the same if any input is a float, else booleans become integers.
                 ``"any"``: the same if any input is a float, else nothing. ``"bool"``, ``"integer"``: only these.
    kinds:       the same for single inputs, by name, apart from the others (``{"condition": "bool"}``).
    outputs:     the names of the outputs if there are several, or ``("*",)`` for any number of them.
    shape:       for a primitive that is not elementwise: ``shape(*shapes, **attributes)`` gives the shape of the output
                 from those of the inputs (a list of shapes where there are several outputs), or its place as
                 ``"module:function"``. Sizes are ints or `SymbolicSize`; it raises `ValueError` for what does not fit,
                 and gives None for an axis whose length depends on values. `dataflow.shapes` helps.
    dtype:       of the output, if it is not what the inputs make together, or the attribute of that name: its name, a
                 rule ``dtype(*dtypes, **attributes)`` or its place; a tuple of names (None: as the inputs) for several.
    axes:        how the operator treats an axis: ``axes(places, shapes, **attributes)``, or its place, as explained in
                 `dataflow.axes`. Elementwise operators map along every axis; any other is taken to mix it.
    composition: for a primitive that mixes an axis (softmax, logsumexp): what it amounts to, written with operators
                 that map along the axis or reduce it. Only graphs that are swept in blocks of rows use it.
    jvp:         forward mode, if it is to be another than what the backward rules give:
                 ``jvp(xp, tangents, z, *inputs, **attributes)``, None in `tangents` for an input that does not move.
    domain:      for each input the `Interval` where the function is defined and smooth; all real numbers if not named.
    examples:    ``examples(rng)`` gives pairs (inputs, attributes) to try where `domain` cannot say it.
    special:     rows (inputs, value, gradients) of what happens at the edges of the domain and at kinks.
    analytic:    the forward rule may be evaluated at complex numbers.
    reference:   a slow twin to prove the forward rule by, ``reference(*inputs, **attributes)`` on NumPy arrays or its
                 place as ``"module:function"``: the definition, written as plainly as can be.
    version:     raised when the meaning changes.
    description, conventions, source: for its page: what it is for, what it does at the edges, where it is from.

    Raises `PluginError` if the rules do not fit each other.

    >>> square = Operator("square", "z = x * x", forward=lambda xp, x: x * x,
    ...                   backward={"x": lambda xp, g, z, x: g * (2 * x)}, broadcasts=True)
    >>> square.inputs[0].name, square.attributes, square.differentiable
    ('x', (), ('x',))
    """

    __slots__ = (
        "analytic", "attributes", "axes", "backward", "broadcasts", "composition", "conventions", "description",
        "differentiable", "domain", "dtype", "examples", "formula", "forward", "inputs", "jvp", "kernels", "kinds",
        "moves", "name", "outputs",
        "reference", "shape", "source", "special", "takes", "version",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        formula: str,
        *,
        forward: Rule,
        backward: Mapping[str, Rule | None] | Rule | None = None,
        kernels: Mapping[str, Kernel] | None = None,
        broadcasts: bool = False,
        moves: bool = False,
        takes: str = "float",
        kinds: Mapping[str, str] = NO_MAPPING,
        outputs: tuple[str, ...] = (),
        shape: Kernel | None = None,
        dtype: DtypeRule | None = None,
        axes: Kernel | None = None,
        composition: Rule | None = None,
        jvp: Rule | None = None,
        domain: Mapping[str, Interval] = NO_MAPPING,
        examples: Callable[[Any], Sequence[tuple[Sequence[Any], Mapping[str, Any]]]] | None = None,
        special: Sequence[tuple[Any, ...]] = (),
        analytic: bool = False,
        reference: Kernel | None = None,
        version: int = 1,
        description: str = "",
        conventions: str = "",
        source: str = "",
    ) -> None:
        self.name = name
        self.formula = formula
        self.forward = forward
        self.backward = backward
        self.kernels = kernels
        self.broadcasts = broadcasts
        self.moves = moves
        self.takes = takes
        self.kinds = kinds
        self.outputs = outputs
        self.shape = shape
        self.dtype = dtype
        self.axes = axes
        self.composition = composition
        self.jvp = jvp
        self.domain = domain
        self.examples = examples
        self.special = special
        self.analytic = analytic
        self.reference = reference
        self.version = version
        self.description = description
        self.conventions = conventions
        self.source = source
        self.inputs, self.attributes = read_signature(name, forward)
        check_kinds(self)
        check_backward(self)
        self.differentiable = _find_differentiable(self)

    @property
    def variadic(self) -> bool:
        """Whether the last input stands for any number of inputs.

        >>> unary("exp", "z = exp(x)", None).variadic
        False
        """
        return bool(self.inputs) and self.inputs[-1].variadic

    def fill_attributes(self, stated: Mapping[str, Any]) -> dict[str, Any]:
        """All attributes: those that are stated, and the defaults of the others.

        >>> reduction("total", "z = sum x", None).fill_attributes({"axis": 1})
        {'axis': 1, 'keepdims': False}
        """
        return {item.name: stated.get(item.name, item.default) for item in self.attributes}

    @property
    def signature(self) -> str:
        """How the operator is called.

        >>> reduction("total", "z = sum x", dx=lambda xp, g, z, x, *, axis, keepdims: None).signature
        'total(x, *, axis=None, keepdims=False)'
        """
        inputs = [
            f"*{item.name}" if item.variadic else f"{item.name}=None" if item.optional else item.name
            for item in self.inputs
        ]
        attributes = [item.name if item.required else f"{item.name}={item.default!r}" for item in self.attributes]
        return f"{self.name}({', '.join([*inputs, *(['*'] if attributes and not self.variadic else []), *attributes])})"

    def replaced(self, **changes: Any) -> Operator:
        """The same operator with some of its arguments changed. Raises `PluginError` if it no longer fits together.

        >>> unary("exp", "z = e ** x", lambda xp, g, z, x: g * z).replaced(analytic=True).analytic
        True
        """
        made_of_rules = ("inputs", "attributes", "differentiable")
        return Operator(**{key: getattr(self, key) for key in self.__slots__ if key not in made_of_rules} | changes)

    def __repr__(self) -> str:
        return f"<Operator {self.signature}: {self.formula}>"


def _find_differentiable(operator: Operator) -> tuple[str, ...]:
    """The names of the inputs that have a cotangent."""
    rules = operator.backward
    if isinstance(rules, Mapping):
        return tuple([item.name for item in operator.inputs if rules[item.name] is not None])
    kinds, takes = operator.kinds, operator.takes
    return tuple([item.name for item in operator.inputs if kinds.get(item.name, takes) not in ("bool", "integer")])


def treat(
    operator: Operator, places: Sequence[int | None], shapes: Sequence[Sequence[Any]], attributes: Mapping[str, Any]
) -> Treatment:
    """How an operator treats the axis that stands at `places` of its inputs, with all its attributes.

    >>> total = reduction("total", "z = sum x", None, axes=reduces("add"))
    >>> treat(total, (0,), ((8, 3),), {"axis": 0, "keepdims": False})
    Reduces(by='add')
    """
    rule = operator.axes
    if rule is None:
        return map_elementwise(places, shapes) if operator.broadcasts and not operator.outputs else None
    if isinstance(rule, str):
        module, _, name = rule.partition(":")
        rule = getattr(import_module(module), name)
    found: Treatment = rule(places, shapes, **attributes)
    return found


def unary(name: str, formula: str, dx: Rule | None, **about: Any) -> Operator:
    """An elementwise primitive of one input `x`.

    >>> unary("exp", "z = exp(x)", lambda xp, g, z, x: g * z)
    <Operator exp(x): z = exp(x)>
    """
    about = {"kernels": {}, "broadcasts": True, **about}
    return Operator(name, formula, forward=lambda xp, x: getattr(xp, name)(x), backward={"x": dx}, **about)


def binary(name: str, formula: str, dx: Rule | None, dy: Rule | None, **about: Any) -> Operator:
    """An elementwise primitive of two inputs `x` and `y` that broadcast.

    >>> binary("subtract", "z = x - y", lambda xp, g, z, x, y: g, lambda xp, g, z, x, y: -g)
    <Operator subtract(x, y): z = x - y>
    """
    rules = {"x": dx, "y": dy}
    about = {"kernels": {}, "broadcasts": True, **about}
    return Operator(name, formula, forward=lambda xp, x, y: getattr(xp, name)(x, y), backward=rules, **about)


Axes = int | tuple[int, ...] | None
COMBINED: Mapping[str, str] = MappingProxyType({  # what puts the parts of blocks together, by the name of a reduction
    "sum": "add", "prod": "multiply", "max": "maximum", "min": "minimum", "all": "logical_and", "any": "logical_or",
    "count_nonzero": "add",
})  # fmt: skip


def reduction(name: str, formula: str, dx: Rule | None, **about: Any) -> Operator:
    """A primitive that reduces `x` over `axis` (one, several, or None for all), as in the Array API standard.

    >>> reduction("sum", "z = sum x", lambda xp, g, z, x, *, axis, keepdims: xp.broadcast_to(g, xp.shape(x)))
    <Operator sum(x, *, axis=None, keepdims=False): z = sum x>
    """

    def forward(xp: Any, x: Any, *, axis: Axes = None, keepdims: bool = False) -> Any:
        return getattr(xp, name)(x, axis=axis, keepdims=keepdims)

    axes = reduces(COMBINED.get(name))
    about = {"kernels": {}, "shape": "dataflow.shapes:shape_reduction", "axes": axes, **about}
    return Operator(name, formula, forward=forward, backward={"x": dx}, **about)
