"""The nodes of a program bound to arrays: functions to call one after the other, and the buffers that they write to.

Types are known, so that nothing is checked or converted that need not be.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dataflow.arrays import numpy_arrays
from dataflow.graph import EMPTY, Node
from dataflow.library import Library
from dataflow.program.buffers import Buffers
from dataflow.program.lowering import Lowered, mentions_rows
from dataflow.program.moves import as_typed, cast_to, copy, drop, pick, reshape_to
from dataflow.program.products import Products, is_large
from dataflow.program.ufuncs import find_choice, find_ufunc
from dataflow.shapes import FLOATS, ArrayType
from dataflow.sizes import SymbolicSize, substitute
from dataflow.sweeps.plan import Step, bind_forward
from dataflow.tracing.inference import convert_types

if TYPE_CHECKING:
    from dataflow.operators import Operator
    from dataflow.registry import Operators

# What may not write over its operands, or (`sign`) takes ten times as long if it does.
APART = frozenset({"matmul", "where", "sign"})
VIEWS = frozenset({"expand_dims", "reshape", "squeeze"})  # another shape, which is known here


class Call(NamedTuple):
    """One step: `values[out] = function(*[values[slot] for slot in operands])`; then the `dead` slots are emptied."""

    function: Callable[..., Any]
    operands: tuple[int, ...]
    out: int
    dead: tuple[int, ...]


class Bound(NamedTuple):
    """Calls, and what has to stand in the slots of the list of values before they run."""

    calls: list[Call]
    filled: dict[int, Any]
    checks: list[tuple[int, str, tuple[int, ...]]]  # slot, dtype and shape of what comes out


class Slots:
    """The place of every value in one list; numbers and buffers have places too."""

    def __init__(self, lowered: Lowered, rows: int) -> None:
        self.lowered = lowered
        self.rows = rows
        names = [*lowered.given, *lowered.constants]
        for name, node in lowered.nodes.items():
            names += node.outputs or (name,)
        self.by_name = {name: slot for slot, name in enumerate(names)}
        self.values: list[Any] = [None] * len(names)
        self._numbers: dict[Any, int] = {}
        for name, array in lowered.constants.items():
            self.values[self.by_name[name]] = array

    def of(self, item: Any) -> int:
        """The slot of an operand: of a value by its name, of a number, of a size."""
        if isinstance(item, str):
            return self.by_name[item]
        if isinstance(item, SymbolicSize):
            item = substitute(item, {"rows": self.rows})
        key = (type(item), repr(item))
        if key not in self._numbers:
            self._numbers[key] = self.add(item)
        return self._numbers[key]

    def add(self, value: Any = None) -> int:
        """A further slot."""
        self.values.append(value)
        return len(self.values) - 1


class Binder:
    """Binds nodes of one program for one number of rows."""

    def __init__(
        self, lowered: Lowered, operators: Operators, default: str, rows: int, products: Products | None = None
    ) -> None:
        self.lowered = lowered
        self.operators = operators
        self.products = products
        self.default = default
        self.slots = Slots(lowered, rows)
        self.xp = Library(operators, numpy_arrays)

    def bind(
        self, names: Sequence[str], length: int, *, last: Collection[str], targets: Mapping[str, int] = EMPTY,
        fresh: Collection[str] = (), alone: bool = False,
    ) -> Bound:  # fmt: skip
        """The calls for some nodes on blocks of `length` rows.

        last:    values that are needed after the last call.
        targets: by value the slot of an array that it is to be written to.
        fresh:   values that leave the program, and may not stand in a buffer.
        alone:   nothing else runs meanwhile, so that single operations may use several cores.
        """
        return _Binding(self, names, length, last, targets, fresh, alone).run()

    def settle(self, type: ArrayType, length: int) -> tuple[int, ...]:
        """A shape with numbers for rows."""
        return tuple([int(substitute(size, {"rows": length})) for size in type.shape])


class _Binding:
    def __init__(
        self, binder: Binder, names: Sequence[str], length: int, last: Collection[str], targets: Mapping[str, int],
        fresh: Collection[str], alone: bool,
    ) -> None:  # fmt: skip
        self.binder = binder
        self.lowered = binder.lowered
        self.slots = binder.slots
        self.names = names
        self.length = length
        self.targets = targets
        self.fresh = fresh
        self.products = binder.products if alone else None
        self.dying = self._find_dying(last)
        self.buffers = Buffers()
        self.bound = Bound([], {}, [])

    def _find_dying(self, last: Collection[str]) -> list[list[str]]:
        """By position, the values that no later node needs; those that nobody uses die where they are made."""
        latest: dict[str, int] = {}
        for index, name in enumerate(self.names):
            node = self.lowered.nodes[name]
            latest |= dict.fromkeys(node.outputs or (name,), index)
            latest |= {item: index for item in node.inputs if isinstance(item, str) and item in latest}
        dying: list[list[str]] = [[] for _ in self.names]
        for name, index in latest.items():
            if name not in last:
                dying[index].append(name)
        return dying

    def run(self) -> Bound:
        for index, name in enumerate(self.names):
            self._bind_node(name, self.lowered.nodes[name], self.dying[index])
        return self.bound

    def _bind_node(self, name: str, node: Node, dying: list[str]) -> None:
        operator = self.binder.operators[node.op]
        dead = tuple([self.slots.by_name[item] for item in dying])
        operands = self._convert(operator, node)
        ufunc = self._find_writing(operator, name, node, operands)
        if ufunc is not None:
            self._bind_ufunc(name, node, ufunc, operands, dying, dead)
            return
        function = self._bind_function(name, operator, node)
        padding = len(operator.inputs) - len(operands) if not operator.variadic else 0
        operands += (self.slots.of(None),) * padding
        if node.outputs:
            self._bind_several(node, function, operands, dead)
        else:
            self.bound.calls.append(Call(function, operands, self.slots.by_name[name], dead))
        for out in node.outputs or (name,):
            self._note_check(out)
            self.buffers.hold(out, node.inputs)
            self._copy_to_target(out)
        self.buffers.release(dying)

    def _bind_several(
        self, node: Node, function: Callable[..., Any], operands: tuple[int, ...], dead: tuple[int, ...]
    ) -> None:
        parts = self.slots.add()
        self.bound.filled[parts] = None
        self.bound.calls.append(Call(function, operands, parts, ()))
        for index, out in enumerate(node.outputs):
            self.bound.calls.append(Call(pick(index), (parts,), self.slots.by_name[out], ()))
        self.bound.calls.append(Call(drop, (), parts, dead))

    def _bind_ufunc(
        self, name: str, node: Node, ufunc: tuple[Any, tuple[int, ...]], operands: tuple[int, ...],
        dying: list[str], dead: tuple[int, ...],
    ) -> None:  # fmt: skip
        function, chosen = ufunc
        operands = tuple([operands[index] for index in chosen])
        type = self.lowered.types[name]
        shape = self.binder.settle(type, self.length)
        self._note_check(name)
        if name in self.targets:
            operands += (self.targets[name],)
            self.buffers.release(dying)
        elif shape and name not in self.fresh and 0 not in shape:
            if node.op not in APART:
                self.buffers.release([item for item in dying if item != name and self._is_whole(item, shape)])
            buffer = self.buffers.take(name, type.dtype, shape)
            slot = self.slots.add()
            self.bound.filled[slot] = buffer
            operands += (slot,)
            self.buffers.release(dying)
        else:
            self.buffers.release(dying)
        self.bound.calls.append(Call(function, operands, self.slots.by_name[name], dead))

    def _is_whole(self, item: str, shape: tuple[int, ...]) -> bool:
        """Whether a value is of that shape, so that a result may be written over it element by element."""
        return self.binder.settle(self.lowered.types[item], self.length) == shape

    def _copy_to_target(self, name: str) -> None:
        if name in self.targets:
            slot = self.slots.by_name[name]
            self.bound.calls.append(Call(copy, (slot, self.targets[name]), slot, ()))

    def _note_check(self, name: str) -> None:
        type = self.lowered.types[name]
        self.bound.checks.append((self.slots.by_name[name], type.dtype, self.binder.settle(type, self.length)))

    # --- functions ---

    def _convert(self, operator: Operator, node: Node) -> tuple[int, ...]:
        """The slots of the operands, in the types in which the operator takes them."""
        types = [self.lowered.types[item] if isinstance(item, str) else item for item in node.inputs]
        seen = convert_types(operator, types, self.binder.default)
        operands = []
        for item, before, after in zip(node.inputs, types, seen, strict=True):
            slot = self.slots.of(item)
            if isinstance(after, ArrayType) and not isinstance(before, ArrayType):
                slot = self.slots.add(np.dtype(after.dtype).type(self.slots.values[slot]))
            elif isinstance(after, ArrayType) and isinstance(before, ArrayType) and after.dtype != before.dtype:
                converted = self.slots.add()
                self.bound.filled[converted] = None
                self.bound.calls.append(Call(cast_to(np.dtype(after.dtype)), (slot,), converted, ()))
                slot = converted
            operands.append(slot)
        return tuple(operands)

    def _find_writing(
        self, operator: Operator, name: str, node: Node, operands: tuple[int, ...]
    ) -> tuple[Any, tuple[int, ...]] | None:
        """The function that computes a node into an array, and which operands it takes; None if there is none."""
        if node.outputs:
            return None
        if operator.name == "where":
            choice = find_choice(name, node, self.lowered.types)
            return None if choice is None else (choice, (0, 1))
        numbers = [
            self.slots.values[slot] if isinstance(item, int | float) else None
            for slot, item in zip(operands, node.inputs, strict=True)
        ]
        floats = self.lowered.types[name].dtype in FLOATS
        return self._find_product(node) or find_ufunc(operator, numbers, floats=floats)

    def _find_product(self, node: Node) -> tuple[Any, tuple[int, ...]] | None:
        """A product of large matrices, in parts."""
        types = [self.lowered.types[item] for item in node.inputs if isinstance(item, str)]
        if self.products is None or node.op != "matmul" or len({type.dtype for type in types}) != 1 or len(types) != 2:
            return None
        shapes = [self.binder.settle(type, self.length) for type in types]
        return (self.products.matmul, (0, 1)) if is_large(*shapes) and types[0].dtype in FLOATS else None

    def _find_linear(self, node: Node) -> Callable[..., Any] | None:
        """An affine map by a large matrix, in parts."""
        types = [self.lowered.types[item] for item in node.inputs if isinstance(item, str)]
        if self.products is None or node.op != "linear" or len({type.dtype for type in types}) != 1:
            return None
        x, weight = (self.binder.settle(type, self.length) for type in types[:2])
        large = len(x) >= 2 and is_large((prod(x[:-1]), x[-1]), weight[::-1])
        return self.products.linear if large and types[0].dtype in FLOATS else None

    def _bind_function(self, name: str, operator: Operator, node: Node) -> Callable[..., Any]:
        if (linear := self._find_linear(node)) is not None:
            return linear
        if node.op in VIEWS and self._have_axes(name, node.inputs[0]):
            return reshape_to(self.binder.settle(self.lowered.types[name], self.length))
        attributes = self._bind_attributes(operator.fill_attributes(node.attributes))
        function = bind_forward(Step(name, operator, (), (), attributes, ()), self.binder.xp)
        if node.outputs or any(isinstance(item, str) and self.lowered.types[item].shape for item in node.inputs):
            return function
        make = np.dtype(self.lowered.types[name].dtype).type
        return lambda *inputs: as_typed(function(*inputs), make)

    def _have_axes(self, *items: Any) -> bool:
        """Whether operands are arrays, and no numbers."""
        return all(isinstance(item, str) and self.lowered.types[item].shape for item in items)

    def _bind_attributes(self, attributes: Mapping[str, Any]) -> Mapping[str, Any]:
        return {key: self._put_length(value) if mentions_rows(value) else value for key, value in attributes.items()}

    def _put_length(self, value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(map(self._put_length, value))
        return substitute(value, {"rows": self.length}) if isinstance(value, SymbolicSize) else value
