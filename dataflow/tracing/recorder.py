"""The recorder: `xp` over symbols. What a rule asks it to compute becomes a node of a graph, with dtype and shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from dataflow.arrays import ieee
from dataflow.graph import EMPTY, Node
from dataflow.library import Library, MissingKernelError
from dataflow.quantities import Quantity
from dataflow.shapes import FLOATS, ArrayType, Shape
from dataflow.sizes import UNKNOWN, Length, SymbolicSize, product_of, substitute
from dataflow.tracing.inference import convert_types, infer_primitive
from dataflow.tracing.simplification import simplify
from dataflow.tracing.symbols import Symbol, UntraceableError

if TYPE_CHECKING:
    from dataflow.operators import Operator

NUMBERS = (float, int, bool)


class Recorder:
    """`xp` over symbols: each function that is asked for notes a node, once for the same operands.

    nodes:     what was recorded, in order; names of their own begin with `%`.
    types:     dtype and shape of every value, by name.
    constants: arrays that a rule brought along, by the names under which they are given.
    lengths:   of sizes that depend on values, where they are known.
    default:   the dtype of what is made of numbers alone.

    A composite that writes no backward rules is followed into its forward rule, any other operator is one node.

    >>> from dataflow.registry import standard
    >>> xp = Recorder(standard(), "float64")
    >>> x = xp.give("x", ArrayType("float64", (SymbolicSize.named("rows"), 3)))
    >>> z = xp.sum(x * x, axis=0) / xp.size(x)
    >>> z.type, [(name, node.op, node.inputs) for name, node in xp.nodes.items()]
    (float64[3], [('%1', 'multiply', ('x', 'x')), ('%2', 'sum', ('%1',)), ('%3', 'divide', ('%2', 3*rows))])
    """

    def __init__(
        self,
        operators: Mapping[str, Operator],
        default: str,
        *,
        inferred: dict[Any, tuple[ArrayType, ...]] | None = None,
    ) -> None:
        self.operators = operators
        self.default = default
        self.nodes: dict[str, Node] = {}
        self.types: dict[str, ArrayType] = {}
        self.constants: dict[str, Any] = {}
        self.lengths: Mapping[str, Length] = {}
        self._made = 0
        self._known: dict[Any, tuple[Symbol, ...]] = {}
        self._inferred = {} if inferred is None else inferred
        self._numbers = Library(operators, ieee)

    # --- what is known from outside ---

    def give(self, name: str, type: ArrayType) -> Symbol:
        """A symbol for a value from outside."""
        self.types[name] = type
        return Symbol(name, type, self._apply)

    def symbol(self, name: str) -> Symbol:
        """The symbol of a value that is known."""
        return Symbol(name, self.types[name], self._apply)

    def note_known(self, name: str, node: Node, types: Sequence[ArrayType]) -> None:
        """Take over a node with a name of its own, so that what a rule computes again is this node."""
        self.nodes[name] = node
        for output, type in zip(node.outputs or (name,), types, strict=True):
            self.types[output] = type
        key = _key_of(node.op, node.inputs, self._fill(self.operators[node.op], node.attributes))
        self._known.setdefault(key, tuple([self.symbol(output) for output in node.outputs or (name,)]))

    def copy(self, value: Any) -> Symbol:
        """A node of its own that is a symbol, or a number, and no more."""
        self._made += 1
        name = f"%{self._made}"
        self.nodes[name] = Node("identity", (self.name_of(value),))
        return self.give(name, self._type_of(value))

    # --- what rules call ---

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("__"):
            raise AttributeError(name)
        operator = self.operators.get(name)
        if operator is None:
            raise UntraceableError(f"`xp.{name}` is no operator: what it does to a value has no backward rule")
        function = partial(self._call, operator)
        self.__dict__[name] = function
        return function

    def shape(self, x: Any) -> Shape:
        """The shape of a value; a number has none."""
        return x.type.shape if isinstance(x, Symbol) else tuple(getattr(x, "shape", ()))

    def ndim(self, x: Any) -> int:
        """How many axes a value has."""
        return len(self.shape(x))

    def size(self, x: Any, axis: int | tuple[int, ...] | None = None) -> Length:
        """How many elements a value has in all, or along one axis or several."""
        shape = self.shape(x)
        if axis is None:
            return product_of(shape)
        return product_of([shape[item] for item in (axis if isinstance(axis, tuple) else (axis,))])

    def keep(self, condition: Any, g: Any) -> Any:
        """`g` where the condition holds, else 0."""
        return self._call(self.operators["where"], condition, g, 0)

    def cast_like(self, x: Any, other: Any) -> Any:
        """`x` in the dtype of `other`; a number takes the type of what it meets."""
        dtype = other.type.dtype if isinstance(other, Symbol) else self.default
        return self._call(self.operators["astype"], x, dtype=dtype) if isinstance(x, Symbol) else x

    def check_indices(self, indices: Any, length: Length) -> Any:
        """The indices: whether they are in range is known when there are some."""
        return indices

    # --- recording ---

    def _call(self, operator: Operator, *items: Any, **attributes: Any) -> Any:
        """An operator called as in a rule: a list for any number of inputs, inputs by position or by name."""
        alone = operator.variadic and len(operator.inputs) == 1 and len(items) == 1
        operands = list(items[0]) if alone and isinstance(items[0], tuple | list) else list(items)
        for item in operator.inputs[len(operands) :]:
            if not item.variadic:
                operands.append(attributes.pop(item.name, None))
        while operands and operands[-1] is None:
            operands.pop()
        if len(operands) > len(operator.inputs) and not operator.variadic:
            attributes |= _name_positional(operator, operands)
        if operator.kernels is None and operator.backward is None:
            return operator.forward(self, *operands, **attributes)
        return self.note(operator, operands, attributes)

    def _apply(self, name: str, *operands: Any) -> Any:
        return self.note(self.operators[name], list(operands), {})

    def note(self, operator: Operator, operands: list[Any], attributes: Mapping[str, Any]) -> Any:
        """The symbol, or symbols, of an operator applied to operands: of the node that there is, or of a new one."""
        filled = self._fill(operator, attributes)
        operands = [self.lower(item) if item.__class__ is Quantity else item for item in operands]
        if operands and not any(isinstance(item, Symbol) for item in operands):
            value = self._compute(operator, operands, filled)
            if value is not None:
                return value
        if (found := simplify(self, operator, operands, filled)) is not None:
            return found
        inputs = tuple([self.name_of(item) for item in operands])
        key = _key_of(operator.name, inputs, filled)
        made = self._known.get(key)
        if made is None:
            made = self._known[key] = self._make(operator, inputs, filled)
        return made if operator.outputs else made[0]

    def lower(self, quantity: Quantity) -> Any:
        """The nodes that compute a number made of sizes. As deep as a rule's formula is."""
        operands = [self.lower(item) if item.__class__ is Quantity else item for item in quantity.operands]
        return self.note(self.operators[quantity.op], operands, EMPTY)

    def _make(self, operator: Operator, inputs: tuple[Any, ...], filled: Mapping[str, Any]) -> tuple[Symbol, ...]:
        types = self.infer(operator, [self.types[item] if isinstance(item, str) else item for item in inputs], filled)
        self._made += 1
        name = f"%{self._made}"
        types = name_unknown(types, operator.name, inputs, self.types)
        if self.lengths:
            types = [
                ArrayType(type.dtype, tuple([substitute(size, self.lengths) for size in type.shape])) for type in types
            ]
        outputs = tuple([f"{name}.{index}" for index in range(len(types))]) if operator.outputs else ()
        stated = {item.name: item.default for item in operator.attributes if not item.required}
        kept = {key: value for key, value in filled.items() if key not in stated or stated[key] != value}
        self.nodes[name] = Node(operator.name, inputs, kept or EMPTY, outputs)
        return tuple([self.give(output, type) for output, type in zip(outputs or (name,), types, strict=True)])

    def _fill(self, operator: Operator, attributes: Mapping[str, Any]) -> Mapping[str, Any]:
        if not operator.attributes:
            return EMPTY
        return {item.name: _as_tuples(attributes.get(item.name, item.default)) for item in operator.attributes}

    def _compute(self, operator: Operator, operands: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
        """The number that an elementwise operator makes of numbers; None if it is not for numbers."""
        if not operator.broadcasts or any(type(item) not in NUMBERS for item in operands):
            return None
        if operator.name == "astype":
            return None
        try:
            function = self._numbers.resolve(operator.name)
            if function is None:
                return None
            careful = [ieee.IeeeFloat(item) if type(item) is float else item for item in operands]
            value = function(*careful, **attributes)
        except (MissingKernelError, TypeError, ValueError, ArithmeticError):
            return None
        return float(value) if isinstance(value, float) else value

    def name_of(self, item: Any) -> Any:
        """How a node names an operand: a symbol by its name, a number or size as it is."""
        if item.__class__ is Quantity:
            item = self.lower(item)
        if isinstance(item, Symbol):
            return item.name
        if item is None or isinstance(item, SymbolicSize) or type(item) in NUMBERS:
            return item
        if hasattr(item, "dtype") and hasattr(item, "shape"):
            if item.shape == () and item.dtype.kind == "b":
                return bool(item)
            self._made += 1
            name = f"%c{self._made}"
            self.constants[name] = item
            self.give(name, ArrayType(item.dtype.name, item.shape))
            return name
        raise UntraceableError(f"a rule gave an operator {type(item).__name__}, which is no value")

    # --- types ---

    def infer(self, operator: Operator, operands: Sequence[Any], attributes: Mapping[str, Any]) -> Sequence[ArrayType]:
        """The types of what an operator gives: by its rule, or by its forward rule on symbols.

        Raises what `infer_primitive` raises, `UntraceableError`, and whatever a forward rule raises.
        """
        key = (operator.name, tuple(map(_describe, operands)), repr(attributes) if attributes else "")
        found = self._inferred.get(key)
        if found is None:
            if operator.shape is not None or operator.kernels is not None:
                found = infer_primitive(operator, operands, attributes, self.default)
            else:
                found = self._follow(operator, operands, attributes)
            self._inferred[key] = found
        return found

    def _follow(
        self, operator: Operator, operands: Sequence[Any], attributes: Mapping[str, Any]
    ) -> tuple[ArrayType, ...]:
        inner = Recorder(self.operators, self.default, inferred=self._inferred)
        seen = convert_types(operator, operands, self.default)
        symbols = [
            inner.give(f"x{index}", item) if item.__class__ is ArrayType else item for index, item in enumerate(seen)
        ]
        found = operator.forward(inner, *symbols, **attributes)
        parts = found if isinstance(found, tuple | list) else (found,)
        return tuple([self._type_of(item) for item in parts])

    def _type_of(self, item: Any) -> ArrayType:
        if isinstance(item, Symbol):
            return item.type
        if hasattr(item, "dtype"):
            return ArrayType(item.dtype.name, tuple(item.shape))
        return ArrayType("bool" if type(item) is bool else self.default, ())


def _describe(item: Any) -> Any:
    return item if item.__class__ is ArrayType else (type(item), repr(item))


def _key_of(op: str, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Any:
    """What makes two nodes the same: 1, 1.0 and True are three numbers, and so are 0.0 and -0.0."""
    told = tuple([item if isinstance(item, str) else (type(item), repr(item)) for item in inputs])
    return op, told, repr(attributes) if attributes else ""


def name_unknown(
    types: Sequence[ArrayType], op: str, inputs: Sequence[Any], known: Mapping[str, ArrayType]
) -> list[ArrayType]:
    """Types in which a length that depends on values has a name: that of the operator, with its masks and indices.

    >>> known = {"x": ArrayType("float64", (3,)), "m": ArrayType("bool", (3,))}
    >>> name_unknown([ArrayType("float64", (None,))], "boolean_mask", ("x", "m"), known)
    [float64[size(boolean_mask(m), 0, 0)]]
    """
    if not any(None in type.shape for type in types):
        return list(types)
    rests = [item for item in inputs if isinstance(item, str) and item in known and known[item].dtype not in FLOATS]
    what = f"{op}({', '.join(rests or map(str, inputs))})"
    return [
        ArrayType(
            type.dtype,
            tuple(
                SymbolicSize.named(f"{UNKNOWN}{what}, {index}, {axis})") if length is None else length
                for axis, length in enumerate(type.shape)
            ),
        )
        for index, type in enumerate(types)
    ]


def convert_symbols(recorder: Recorder, operator: Operator, operands: Sequence[Any]) -> list[Any]:
    """The operands of an operator as its rules see them: integers as floats where it computes with floats."""
    types = [item.type if isinstance(item, Symbol) else item for item in operands]
    seen = convert_types(operator, types, recorder.default)
    return [
        recorder.astype(item, dtype=type.dtype)
        if isinstance(item, Symbol) and type.dtype != item.type.dtype else item
        for item, type in zip(operands, seen, strict=True)
    ]  # fmt: skip


def _name_positional(operator: Operator, operands: list[Any]) -> dict[str, Any]:
    """Attributes that a rule gave by position, as the array API allows for some (`xp.reshape(x, shape)`)."""
    extra = operands[len(operator.inputs) :]
    if len(extra) > len(operator.attributes) or any(isinstance(item, Symbol) for item in extra):
        raise UntraceableError(f"`{operator.signature}` was called with {len(operands)} inputs")
    del operands[len(operator.inputs) :]
    return {item.name: value for item, value in zip(operator.attributes, extra, strict=False)}


def _as_tuples(value: Any) -> Any:
    return tuple(map(_as_tuples, value)) if isinstance(value, list | tuple) else value
