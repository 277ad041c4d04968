"""A graph on a recorder: its own nodes under their own names, and after them all that is derived from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from dataflow.errors import DataflowError, Diagnostic, GraphError
from dataflow.graph import EMPTY, Graph, Node, blame_node, owner_of
from dataflow.shapes import ArrayType
from dataflow.sizes import Length, SymbolicSize
from dataflow.sizing import resolve_attributes
from dataflow.tracing import Recorder, Symbol
from dataflow.tracing.recorder import convert_symbols

if TYPE_CHECKING:
    from dataflow.operators import Operator
    from dataflow.typecheck import Inferred


class UnderivableError(GraphError):
    """A derivative cannot be written down as a graph; the diagnostic says which node or rule is the reason."""


class Tape:
    """The nodes of a graph and of its derivatives, each with its type.

    recorder: `xp` over symbols, which notes what rules do after the graph's own nodes.
    lengths:  of sizes that depend on values, where they are known.
    aliases:  of a composite whose forward rule was followed the name of what it amounts to, by its own name.

    Raises `UnderivableError` for a node on the way whose type is not known.
    """

    def __init__(
        self,
        graph: Graph,
        operators: Mapping[str, Operator],
        inferred: Inferred,
        needed: Iterable[str],
        followed: set[str],
        lengths: Mapping[str, Length] = EMPTY,
    ) -> None:
        self.graph = graph
        self.operators = operators
        self.recorder = Recorder(operators, graph.dtype)
        self.recorder.lengths = lengths
        self.aliases: dict[str, str] = {}
        self._types = inferred.types
        self._unknown = inferred.unknown
        wanted = set(needed)
        for name in graph.given:
            if name in self._types:
                self.recorder.give(name, self._types[name])
        for name in graph.order:
            if name in wanted:
                self._note(name, graph.nodes[name], follow=name in followed)

    def symbol(self, name: str) -> Symbol:
        """The symbol of a value of the graph, or of one that was derived. Raises `UnderivableError` if not known."""
        name = self.aliases.get(name, name)
        if name not in self.recorder.types:
            raise UnderivableError(self._describe_unknown(name))
        return self.recorder.symbol(name)

    def operand(self, item: Any) -> Any:
        """An operand of a node of the graph as rules see it: a symbol, a number, a size or None."""
        if not isinstance(item, str):
            return item
        if item in self.recorder.types or item in self.aliases:
            return self.symbol(item)
        if item in self._unknown or item in self.graph.nodes:
            raise UnderivableError(self._describe_unknown(item))
        return SymbolicSize.named(item)

    def convert(self, operator: Operator, operands: list[Any]) -> list[Any]:
        """The operands of an operator as its rules see them: integers as floats where it computes with floats."""
        return convert_symbols(self.recorder, operator, operands)

    def list_arguments(self, name: str, node: Node) -> tuple[Any, list[Any], dict[str, Any]]:
        """z (a tuple where there are several outputs), inputs and attributes of a node as its rules see them."""
        operator, symbol = self.operators[node.op], self.recorder.symbol
        inputs = self.convert(operator, [symbol(item) if isinstance(item, str) else item for item in node.inputs])
        inputs += [None] * (len(operator.inputs) - len(inputs) if not operator.variadic else 0)
        z = tuple(map(symbol, node.outputs)) if node.outputs else symbol(name)
        return z, inputs, operator.fill_attributes(node.attributes)

    def _note(self, name: str, node: Node, *, follow: bool) -> None:
        operator = self.operators[node.op]
        operands = [self.operand(item) for item in node.inputs]
        attributes = resolve_attributes(node, operator) if node.attributes else {}
        outputs = node.outputs or (name,)
        if follow:
            made = self._follow(name, operator, operands, attributes)
            self.aliases |= dict(zip(outputs, made, strict=True))
            return
        types = [self._type_of(output) for output in outputs]
        inputs = tuple([self.recorder.name_of(item) for item in operands])
        self.recorder.note_known(name, node._replace(inputs=inputs, attributes=attributes), types)

    def _follow(self, name: str, operator: Operator, operands: list[Any], attributes: Mapping[str, Any]) -> list[str]:
        """The names of what the forward rule of a composite makes."""
        with blame_rule(name, operator, "forward"):
            found = operator.forward(self.recorder, *self.convert(operator, operands), **attributes)
            return [self.name_of(item) for item in (found if isinstance(found, tuple | list) else (found,))]

    def name_of(self, item: Any) -> str:
        """The name of what a rule gave; a number becomes a node of its own."""
        found = self.recorder.name_of(item)
        return found if isinstance(found, str) else self.recorder.copy(found).name

    def _type_of(self, name: str) -> ArrayType:
        if name not in self._types:
            raise UnderivableError(self._describe_unknown(name))
        return self._types[name]

    def _describe_unknown(self, name: str) -> Diagnostic:
        reason = self._unknown.get(name, "its shape is not known")
        message = f"the shape of `{owner_of(name)}` is not known before the data is: {reason}"
        hint = "declare the shapes of inputs, as in `shape: [rows, 3]`, or take those of the data with --bind"
        if "states no shape rule" in reason:
            hint = "give the operator a shape rule: `Operator(..., shape=...)`"
        return Diagnostic("DF1001", message, self.graph.path_of(name), node=owner_of(name), hint=hint)


@contextmanager
def blame_rule(name: str, operator: Operator, role: str) -> Iterator[None]:
    """Say of whatever a rule raises, on symbols that it was perhaps not written for, which node and rule it was."""
    try:
        yield
    except (DataflowError, MemoryError):
        raise
    except Exception as error:
        told = isinstance(error, TypeError | ValueError) and str(error)
        reason = str(error) if told else f"it raised {type(error).__name__}: {error}"
        message = f"the {role} rule of `{operator.name}` cannot be written down as a graph: {reason}"
        hint = "it may use only `xp`, and sizes only for arithmetic; sizes are numbers with --bind"
        raise UnderivableError(blame_node(name, "DF1002", message, hint=hint)) from error
