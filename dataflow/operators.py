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
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from dataflow.errors import Diagnostic, PluginError, suggest

if TYPE_CHECKING:
    from types import CodeType

Rule = Callable[..., Any]
Kernel = Callable[..., Any] | str
DtypeRule = Callable[..., Any] | str | tuple[str | None, ...]

NO_MAPPING: Mapping[str, Any] = MappingProxyType({})
VARIADIC_OUTPUTS = ("*",)
TAKES = ("float", "numeric", "any", "bool", "integer")
CO_VARARGS, CO_VARKEYWORDS = 0x04, 0x08  # as in `inspect`, whose import costs 4 ms


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


class OperatorInput(NamedTuple):
    """One input: optional if its default is None, variadic if it stands for any number of inputs.

    >>> concat = Operator("concat", "", forward=lambda xp, *xs: xs, backward={"xs": None})
    >>> concat.inputs
    (OperatorInput(name='xs', optional=False, variadic=True),)
    """

    name: str
    optional: bool = False
    variadic: bool = False


class Attribute(NamedTuple):
    """One attribute: a keyword of the rules, never differentiated. `annotation` says what it may be."""

    name: str
    annotation: Any
    default: Any
    required: bool


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
        "analytic", "attributes", "backward", "broadcasts", "conventions", "description", "differentiable", "domain",
        "dtype", "examples", "formula", "forward", "inputs", "jvp", "kernels", "kinds", "moves", "name", "outputs",
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
        self.inputs, self.attributes = _read_signature(name, forward)
        _check_kinds(self)
        _check_backward(self)
        self.differentiable = _find_differentiable(self)

    @property
    def variadic(self) -> bool:
        """Whether the last input stands for any number of inputs.

        >>> unary("exp", "z = exp(x)", None).variadic
        False
        """
        return bool(self.inputs) and self.inputs[-1].variadic

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


def _fault(name: str, message: str, hint: str | None = None) -> PluginError:
    return PluginError(Diagnostic("DF0704", f"operator `{name}`: {message}", hint=hint))


def _read_signature(name: str, forward: Rule) -> tuple[tuple[OperatorInput, ...], tuple[Attribute, ...]]:
    """Inputs and attributes of a forward rule, read off its code."""
    code = _code_of(name, "forward", forward)
    if not code.co_argcount:
        raise _fault(name, "its forward rule takes no `xp`", "write forward=lambda xp, x: ...")
    names = code.co_varnames
    positional, keywords = names[1 : code.co_argcount], names[code.co_argcount :][: code.co_kwonlyargcount]
    defaults = getattr(forward, "__defaults__", None) or ()
    if any(default is not None for default in defaults):
        raise _fault(name, "an input's default may only be None (optional)", "make it keyword-only to be an attribute")
    required = len(positional) - len(defaults)
    inputs = [OperatorInput(item, optional=index >= required) for index, item in enumerate(positional)]
    if code.co_flags & CO_VARARGS:
        inputs.append(OperatorInput(names[code.co_argcount + code.co_kwonlyargcount], variadic=True))
    known = getattr(forward, "__kwdefaults__", None) or {}
    annotations = getattr(forward, "__annotations__", {})
    attributes = [Attribute(key, annotations.get(key), known.get(key), key not in known) for key in keywords]
    return tuple(inputs), tuple(attributes)


def _code_of(name: str, role: str, rule: Rule) -> CodeType:
    code: CodeType | None = getattr(rule, "__code__", None)
    if code is None:
        raise _fault(name, f"its {role} rule is no plain function", f"wrap it: {role}=lambda xp, ...: ...")
    return code


def _check_kinds(operator: Operator) -> None:
    names = [item.name for item in operator.inputs]
    if stray := [key for key in operator.kinds if key not in names]:
        raise _fault(operator.name, f"`kinds` names `{stray[0]}`, which is not an input")
    for word in (operator.takes, *operator.kinds.values()):
        if word not in TAKES:
            raise _fault(operator.name, f"it cannot take `{word}`", f"write one of {', '.join(TAKES)}")


def _check_backward(operator: Operator) -> None:
    rules = operator.backward
    if rules is None:
        if operator.kernels is not None:
            raise _fault(operator.name, "a primitive without backward rules", "write None for each input without one")
        return
    if callable(rules):
        _check_rule(operator, "backward", rules)
        return
    names = [item.name for item in operator.inputs]
    if not isinstance(rules, Mapping):
        raise _fault(operator.name, "its `backward` is no mapping", 'write backward={"x": lambda xp, g, z, x: ...}')
    for key in rules:
        if key not in names:
            meant = suggest(key, names)
            raise _fault(
                operator.name,
                f"backward rule for `{key}`, which is not an input",
                f"did you mean `{meant}`?" if meant else f"its inputs are {', '.join(names)}",
            )
    for key in names:
        if key not in rules:
            raise _fault(operator.name, f"no backward rule for input `{key}`", "write None if it is not differentiable")
        if (rule := rules[key]) is not None:
            _check_rule(operator, f"backward[{key!r}]", rule)


def _check_rule(operator: Operator, role: str, rule: Rule) -> None:
    """A rule takes (xp, g, z, *inputs) and every attribute as a keyword."""
    code = _code_of(operator.name, role, rule)
    names = code.co_varnames
    expected = 3 + len(operator.inputs) - operator.variadic
    wanted = ", ".join(["xp", "g", "z", *(("*" if item.variadic else "") + item.name for item in operator.inputs)])
    takes_any = bool(code.co_flags & CO_VARARGS)
    exact = code.co_argcount == expected and not operator.variadic
    if not exact and not (takes_any and code.co_argcount <= expected):
        taken = ", ".join(names[: code.co_argcount])
        raise _fault(operator.name, f"its rule {role} takes ({taken})", f"expected ({wanted})")
    keywords = set(names[code.co_argcount :][: code.co_kwonlyargcount])
    attributes = {item.name for item in operator.attributes}
    if stray := sorted(keywords - attributes):
        raise _fault(operator.name, f"its rule {role} asks for `{stray[0]}`, which is no attribute of the forward rule")
    missing = [] if code.co_flags & CO_VARKEYWORDS else sorted(attributes - keywords)
    if missing:
        raise _fault(
            operator.name,
            f"its rule {role} does not take the attribute `{missing[0]}`",
            f"add the keywords: lambda {wanted}, *, {', '.join(sorted(attributes))}: ...",
        )


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


def reduction(name: str, formula: str, dx: Rule | None, **about: Any) -> Operator:
    """A primitive that reduces `x` over `axis` (one, several, or None for all), as in the Array API standard.

    >>> reduction("sum", "z = sum x", lambda xp, g, z, x, *, axis, keepdims: xp.broadcast_to(g, xp.shape(x)))
    <Operator sum(x, *, axis=None, keepdims=False): z = sum x>
    """

    def forward(xp: Any, x: Any, *, axis: Axes = None, keepdims: bool = False) -> Any:
        return getattr(xp, name)(x, axis=axis, keepdims=keepdims)

    about = {"kernels": {}, "shape": "dataflow.shapes:shape_reduction", **about}
    return Operator(name, formula, forward=forward, backward={"x": dx}, **about)
