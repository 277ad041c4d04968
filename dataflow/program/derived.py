"""The values and gradients that are asked of a graph, derived for given values of known types."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from dataflow.derivation.questions import check_floats, check_target, find_followed, seed_of, zero_of
from dataflow.derivation.reverse import sweep_back
from dataflow.derivation.tape import Tape, UnderivableError
from dataflow.errors import GraphError
from dataflow.program.lowering import Lowered, lower
from dataflow.sizes import UnknownSizeError
from dataflow.sizing import put_sizes
from dataflow.sweeps.plan import keep_needed
from dataflow.tracing.symbols import UntraceableError
from dataflow.typecheck import infer_types

if TYPE_CHECKING:
    from dataflow.graph import Graph
    from dataflow.registry import Operators
    from dataflow.shapes import ArrayType


class Question(NamedTuple):
    """What is asked of a graph: the values of `outputs`, and the gradients of the target in `wrt`."""

    outputs: tuple[str, ...]
    target: str | None
    wrt: tuple[str, ...]


class Derived(NamedTuple):
    """A program for a question.

    types:  of the values that are asked for, and in which gradients are.
    target: the name of the target in the program.
    """

    lowered: Lowered
    types: Mapping[str, ArrayType]
    target: str | None = None

    def is_same(self, other: Derived) -> bool:
        """Whether another derivation, of the same question, came to the same nodes."""
        return self.lowered.nodes == other.lowered.nodes and self.lowered.outputs == other.lowered.outputs


class UnblockableError(Exception):
    """The graph needs the number of rows to be a certain one, or equal to another size."""


# What may come of a program whose number of rows, or other lengths, are not known: whole values are swept then.
UNDERIVABLE = (UnblockableError, UnderivableError, UntraceableError, UnknownSizeError)


def derive_program(
    graph: Graph, operators: Operators, types: Mapping[str, ArrayType], sizes: Mapping[str, int], question: Question,
    *, masked: bool = False,
) -> Derived:  # fmt: skip
    """The program that answers a question; labels of its outputs are ("value", name) and ("gradient", name).

    types: of the given values; the length of the axis `rows` may be symbolic. `sizes` are the lengths of the others.

    Raises `GraphError` for shapes that do not fit, `UnderivableError` for rules that cannot be written down, and
    `UnblockableError`.
    """
    sized = put_sizes(graph, sizes, operators) if sizes else graph
    inferred = infer_types(sized, operators, types)
    roots = [*question.outputs, *question.wrt, *([] if question.target is None else [question.target])]
    needed = set(keep_needed(sized, roots))
    if found := [item for item in inferred.found if len(item.path) < 2 or str(item.path[1]).partition("#")[0] in
                 {name.partition("#")[0] for name in needed}]:  # fmt: skip
        raise GraphError(found)
    if any(item.name == "rows" for item in inferred.assumed):
        raise UnblockableError
    targets = () if question.target is None else (question.target,)
    if question.target is not None:
        check_target(sized, inferred, question.target)
    check_floats(sized, inferred, question.wrt)
    followed = find_followed(sized, operators, targets, question.wrt)
    tape = Tape(sized, operators, inferred, needed, followed)
    outputs: dict[Any, Any] = {("value", name): tape.symbol(name) for name in question.outputs}
    if question.target is not None and question.wrt:
        outputs |= _derive_gradients(tape, question.target, question.wrt, masked)
    types = {name: tape.symbol(name).type for name in (*question.outputs, *question.wrt)}
    if question.target is not None and question.wrt:
        outputs["target", question.target] = tape.symbol(question.target)
    lowered = lower(tape, outputs)
    target = lowered.outputs.pop(("target", question.target), None)  # type: ignore[attr-defined]
    return Derived(lowered, types, target if isinstance(target, str) else None)


def _derive_gradients(tape: Tape, target: str, wrt: Sequence[str], masked: bool) -> Iterable[tuple[Any, Any]]:
    seeds = {target: seed_of(tape, target)}
    cotangents, _ = sweep_back(tape, seeds, wrt, masked=masked)
    for name in wrt:
        found = cotangents.get(tape.aliases.get(name, name))
        yield ("gradient", name), zero_of(tape, name) if found is None else found
