"""Shapes and dtypes of a whole graph before anything runs, with symbolic sizes that must agree.

Two sizes that have to be equal and are not known to be are taken to be: `rows` beside 569 makes `rows` 569 from there
on. What contradicts that is a problem; what was taken so is told.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from dataflow.checks.inline import shape_of
from dataflow.errors import Diagnostic
from dataflow.graph import EMPTY, Graph, Input, Node, blame_node, owner_of
from dataflow.operators import VARIADIC_OUTPUTS
from dataflow.registry import BUILT_IN
from dataflow.shapes import ArrayType, broadcast_shapes
from dataflow.sizes import Length, SymbolicSize, UnknownSizeError, parse_size, solve, substitute
from dataflow.sizing import list_sizes, resolve_attributes
from dataflow.tracing.inference import UnstatedShapeError, WrongTypeError
from dataflow.tracing.recorder import Recorder, name_unknown
from dataflow.tracing.symbols import UntraceableError
from dataflow.typecheck.operands import describe_operands

if TYPE_CHECKING:
    from dataflow.operators import Operator
    from dataflow.registry import Operators

MAX_SOLVED = 100  # equalities that one node may ask for


class Assumption(NamedTuple):
    """A size that was taken to have a length, and the node that asks for it."""

    name: str
    length: Length
    node: str


class Inferred(NamedTuple):
    """What is known of a graph before it runs.

    types:   by name, of all values whose type is known.
    unknown: by name, of the others, why not.
    assumed: sizes that nodes need to be equal.
    found:   what does not fit.
    """

    types: dict[str, ArrayType]
    unknown: dict[str, str]
    assumed: list[Assumption]
    found: list[Diagnostic]


def infer_types(
    graph: Graph,
    operators: Operators,
    given: Mapping[str, ArrayType] | None = None,
    lengths: Mapping[str, Length] = EMPTY,
) -> Inferred:
    """The dtype and shape of every value of a sound graph, from those of its inputs and parameters.

    `given` are types of given values that are known better than from the graph, as when data is bound, and `lengths`
    those of sizes.

    >>> from dataflow.registry import standard
    >>> graph = Graph(inputs={"X": Input(shape=("rows", 3)), "w": [1, 2, 3]}, nodes={"y": Node("matmul", ("X", "w"))})
    >>> infer_types(graph, standard()).types["y"]
    float64[rows]
    """
    return _Inference(graph, operators, given or EMPTY, lengths).run()


class _Inference:
    """One pass over the nodes."""

    def __init__(
        self,
        graph: Graph,
        operators: Operators,
        given: Mapping[str, ArrayType],
        lengths: Mapping[str, Length],
    ) -> None:
        self.graph = graph
        self.operators = operators
        self.recorder = Recorder(operators, graph.dtype)
        self.lengths: dict[str, Length] = dict(lengths)
        self.inferred = Inferred({}, {}, [], [])
        self.sizes = list_sizes(graph)
        for name, entry in graph.given.items():
            type = given.get(name) or type_of_entry(entry, graph.dtype)
            if isinstance(type, ArrayType):
                self.inferred.types[name] = type
            else:
                self.inferred.unknown[name] = type

    def run(self) -> Inferred:
        """Every node in topological order; one that is wrong makes what rests on it unknown, and no further problem."""
        types, unknown, nodes = self.inferred.types, self.inferred.unknown, self.graph.nodes
        for name in self.graph.order:
            node = nodes[name]
            operands = [types.get(item) if item.__class__ is str else item for item in node.inputs]
            if None in operands and (reason := self._complete(node, operands)) is not None:
                for output in node.outputs or (name,):
                    unknown[output] = reason
                continue
            self._infer(name, node, operands)
        return self.inferred

    def _complete(self, node: Node, operands: list[Any]) -> str | None:
        """Put sizes in the place of their names; if the type of an operand is not known, why."""
        for index, item in enumerate(node.inputs):
            if isinstance(item, str) and operands[index] is None:
                if item in self.inferred.unknown:
                    return self.inferred.unknown[item] or "it rests on what does not fit"
                operands[index] = SymbolicSize.named(item) if item in self.sizes else None
        return None

    def _infer(self, name: str, node: Node, operands: list[Any]) -> None:
        operator = self.operators[node.op]
        attributes: Mapping[str, Any] = EMPTY
        if operator.attributes:
            stated = node.attributes
            if stated and self.sizes:
                stated = resolve_attributes(node, operator)
            attributes = operator.fill_attributes(stated)
            if self.lengths and stated:
                attributes = {key: self._settle(value) for key, value in attributes.items()}
        reason = "it rests on what does not fit"
        for _ in range(MAX_SOLVED):
            try:
                seen = [self._settle(item) for item in operands] if self.lengths else operands
                self._note(name, node, operator, self.recorder.infer(operator, seen, attributes))
                return
            except UnknownSizeError as error:
                try:
                    solved = None if error.pair is None else solve(*error.pair)
                except ValueError:
                    self.inferred.found.append(self._describe_misfit(name, node, operands, error))
                    break
                if solved is None:
                    reason = f"`{node.op}` in `{owner_of(name)}`: {error}"
                    break
                self._assume(Assumption(*solved, owner_of(name)))
            except WrongTypeError as error:
                self.inferred.found.append(_describe_type(name, operator, error))
                break
            except (UnstatedShapeError, UntraceableError) as error:
                reason = f"`{node.op}` in `{owner_of(name)}`: {error}"
                break
            except (Exception, SystemExit) as error:
                if self._blames_graph(operator, operands, error):
                    self.inferred.found.append(self._describe_misfit(name, node, operands, error))
                else:
                    reason = f"`{node.op}` in `{owner_of(name)}`: {type(error).__name__}"
                break
        for output in node.outputs or (name,):
            self.inferred.unknown[output] = reason

    def _blames_graph(self, operator: Operator, operands: list[Any], error: BaseException) -> bool:
        """Whether what a rule raised says that the graph is wrong: else it is the operator's, and seen when it runs."""
        if not isinstance(error, ValueError | IndexError | TypeError | OverflowError):
            return False
        if operator.shape is not None or self.operators.owner(operator.name).name in BUILT_IN:
            return True
        try:
            if operator.broadcasts:
                broadcast_shapes(*[item.shape for item in operands if item.__class__ is ArrayType])
        except ValueError as clash:
            return not isinstance(clash, UnknownSizeError)
        return False

    def _assume(self, assumption: Assumption) -> None:
        self.inferred.assumed.append(assumption)
        self.lengths = {
            **{name: substitute(length, {assumption.name: assumption.length}) for name, length in self.lengths.items()},
            assumption.name: assumption.length,
        }

    def _settle(self, item: Any) -> Any:
        if item.__class__ is ArrayType:
            if any(length.__class__ is SymbolicSize for length in item.shape):
                return ArrayType(item.dtype, tuple([substitute(length, self.lengths) for length in item.shape]))
            return item
        if item.__class__ is tuple:
            return tuple([self._settle(part) for part in item])
        return substitute(item, self.lengths) if isinstance(item, SymbolicSize) else item

    def _note(self, name: str, node: Node, operator: Operator, found: Any) -> None:
        outputs = node.outputs or (name,)
        if len(found) != len(outputs):
            if operator.outputs != VARIADIC_OUTPUTS:
                self.inferred.unknown.update(dict.fromkeys(outputs, f"`{node.op}` gives another number of outputs"))
                return
            message = f"`{node.op}` has {len(found)} outputs here, {len(outputs)} are named"
            self.inferred.found.append(blame_node(name, "DF0406", message, "outputs", hint="name each of them"))
            self.inferred.unknown.update(dict.fromkeys(outputs, "it rests on what does not fit"))
            return
        if any(not _is_length(length) for type in found for length in type.shape):
            self.inferred.unknown.update(dict.fromkeys(outputs, f"the shape rule of `{node.op}` gives no shape"))
            return
        if any(None in type.shape for type in found):
            found = name_unknown(found, node.op, node.inputs, self.inferred.types)
        self.inferred.types.update(zip(outputs, found, strict=True))

    def _describe_misfit(self, name: str, node: Node, operands: list[Any], error: BaseException) -> Diagnostic:
        operator = self.operators[node.op]
        found = describe_operands(self.graph, operator, node, self.inferred.types, self.inferred.assumed)
        if operator.broadcasts and self._clash(operands):
            shapes = [str(list(item.shape)) for item in operands if item.__class__ is ArrayType]
            message = f"shapes {' and '.join(shapes)} do not fit `{node.op}`"
            hint = "sizes must be equal or 1, counted from the last axis"
            return blame_node(name, "DF0515", message, found=found, hint=hint)
        message = f"`{node.op}` cannot be applied: {str(error).partition(chr(10))[0] or type(error).__name__}"
        return blame_node(name, "DF0516", message, found=found, hint=f"{operator.signature}: {operator.formula}")

    def _clash(self, operands: list[Any]) -> bool:
        """Whether it is their shapes that do not fit, and not what an attribute or a dtype forbids."""
        try:
            broadcast_shapes(*[self._settle(item).shape for item in operands if item.__class__ is ArrayType])
        except ValueError:
            return True
        return False


def _describe_type(name: str, operator: Operator, error: WrongTypeError) -> Diagnostic:
    inputs = [item.name for item in operator.inputs]
    message = f"input `{inputs[min(error.index, len(inputs) - 1)]}` of `{operator.name}` cannot be {error.found}"
    return blame_node(
        name, "DF0517", message, "inputs", error.index, found=error.found, expected=error.expected,
        hint=advise_type(error.expected, error.found),
    )  # fmt: skip


def advise_type(expected: str, found: str) -> str:
    """What to do about an operand of the wrong type.

    >>> advise_type("a truth value", "float64")
    'compare first: `x > 0`'
    """
    if expected == "a truth value":
        return "compare first: `x > 0`"
    if found == "bool":
        return "a mask selects with boolean_mask(x, mask), or with where(mask, x, 0)"
    return "declare the input with `dtype: int64`, or use astype(x, dtype='int64')"


def _is_length(item: Any) -> bool:
    """Whether a shape rule may give this as the length of an axis; None is one that the data will tell."""
    if item is None or isinstance(item, SymbolicSize):
        return True
    return hasattr(item, "__index__") and int(item) >= 0


def type_of_entry(entry: Input, default: str) -> ArrayType | str:
    """The type of a given value as far as the graph tells it, or why it does not.

    >>> type_of_entry(Input(source="a.csv", columns=("x", "y")), "float64"), type_of_entry(Input(((1, 2),)), "float32")
    (float64[rows(a.csv), 2], float32[1, 2])
    """
    dtype = entry.dtype or default
    if entry.shape is not None:
        return ArrayType(dtype, tuple([parse_size(size) if isinstance(size, str) else size for size in entry.shape]))
    if entry.value is not None:
        return ArrayType(dtype, shape_of(entry.value))
    if entry.columns is not None:
        rows: Length = SymbolicSize.named(f"rows({entry.source})")
        return ArrayType(dtype, (rows,) if isinstance(entry.columns, str) else (rows, len(entry.columns)))
    if entry.source is not None:
        return f"the shape of `{entry.source}` is not declared, and known when it is read"
    return "a value without a declared shape is to be given"


def list_unknown(inferred: Inferred) -> Iterator[str]:
    """The reasons for what is not known, each once.

    >>> list(list_unknown(Inferred({}, {"y": "why", "z": "why"}, [], [])))
    ['why']
    """
    yield from dict.fromkeys(reason for reason in inferred.unknown.values() if "does not fit" not in reason)
