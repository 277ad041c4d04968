"""The backward rules of one node followed on symbols: what each makes of the gradient above, as an expression.

It is the rules themselves that are followed, so that it holds for every operator, whoever wrote it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from dataflow.derivation.reverse import sweep_back
from dataflow.derivation.tape import Tape
from dataflow.explanation.expressions import Expression, Name
from dataflow.explanation.operations import Operations
from dataflow.explanation.parts import Parts
from dataflow.explanation.steps import Case, Part
from dataflow.graph import Graph, Input, Node
from dataflow.library import Library
from dataflow.shapes import ArrayType
from dataflow.tracing.inference import convert_types
from dataflow.typecheck import Inferred

if TYPE_CHECKING:
    from dataflow.explanation.operations import Compute
    from dataflow.sweeps.plan import Step
    from dataflow.whole_runs import Run


class Shown(NamedTuple):
    """How values are called: `names` by slot, `gradients` by slot; `taken` are no names for parts."""

    names: Mapping[int, str]
    gradients: Mapping[int, str]
    taken: Collection[str]


class Followed(NamedTuple):
    """What a rule makes of the gradient above, as `Use` has it. Of an opaque rule there is the reason alone."""

    expression: Expression = None
    parts: tuple[Part, ...] = ()
    cases: tuple[Case, ...] = ()
    missing: tuple[int, int] = (0, 1)
    opaque: str | None = None


def follow_rules(run: Run, step: Step, places: Collection[int], shown: Shown) -> dict[int, Followed]:
    """What the rules of a step make of its gradient, for the operands at some places."""
    leaves, values = _list_leaves(run, step, shown)
    operations = Operations(leaves, values, _bind_compute(run))
    found: dict[int, Followed] = {}
    roots: dict[int, Any] = {}
    for place in places:
        try:
            roots[place] = _follow(run, step, place, operations)
        except (Exception, SystemExit) as error:  # it ran on numbers; on symbols a stranger may raise anything
            reason = error.__cause__ or error
            found[place] = Followed(opaque=str(reason).partition("\n")[0] or type(reason).__name__)
    parts = Parts(operations, list(roots.values()), shown.taken)
    for place, root in roots.items():
        found[place] = Followed(
            parts.express(root), parts.list_parts(root), parts.list_cases(root), parts.count_missing(root)
        )
    return found


def _list_leaves(run: Run, step: Step, shown: Shown) -> tuple[dict[str, Expression], dict[str, Any]]:
    """What the names on a tape stand for, and the values: operands by place, results `z0` and their gradients `g0`."""
    inputs = [run.values[slot] for slot in step.operands]
    if not run.plan.scalar:
        import numpy as np

        from dataflow.sweeps.conversion import convert

        inputs = convert(step, inputs, np.dtype(run.plan.graph.dtype))
    leaves: dict[str, Expression] = {}
    values: dict[str, Any] = {}
    for place, (slot, value) in enumerate(zip(step.operands, inputs, strict=True)):
        if slot in shown.names:
            leaves[str(place)], values[str(place)] = Name(shown.names[slot]), value
    for index, slot in enumerate(step.out):
        leaves[f"z{index}"], values[f"z{index}"] = Name(shown.names[slot]), run.values[slot]
        if run.cotangents[slot] is not None:
            leaves[f"g{index}"], values[f"g{index}"] = Name(shown.gradients[slot]), run.cotangents[slot]
    return leaves, values


def _bind_compute(run: Run) -> Compute:
    """An operator applied to values, in the lane of the run."""
    if run.plan.scalar:
        from dataflow.arrays import ieee

        careful = Library(run.operators, ieee)

        def compute_number(op: str, operands: list[Any], attributes: Mapping[str, Any]) -> Any:
            wrapped = [ieee.IeeeFloat(item) if type(item) is float else item for item in operands]
            found = run.operators[op].forward(careful, *wrapped, **attributes)
            return float(found) if isinstance(found, float) else found

        return compute_number
    from dataflow.arrays import numpy_arrays
    from dataflow.sweeps.arrays import quiet

    xp = Library(run.operators, numpy_arrays)

    def compute_array(op: str, operands: list[Any], attributes: Mapping[str, Any]) -> Any:
        with quiet():
            return run.operators[op].forward(xp, *operands, **attributes)

    return compute_array


def _follow(run: Run, step: Step, place: int, operations: Operations) -> Any:
    """What comes back to one operand, entered into the operations."""
    tape = _make_tape(run, step)
    seeds: dict[str, Any] = {}
    for index, slot in enumerate(step.out):
        if run.cotangents[slot] is not None:
            seeds[f"z{index}"] = tape.recorder.give(f"g{index}", type_of(run.values[slot]))
    swept = sweep_back(tape, seeds, [str(place)])
    aliases = {alias: name for name, alias in tape.aliases.items() if alias[0] == "%"}
    return operations.enter(tape.recorder, swept.cotangents.get(str(place), 0), aliases)


def _make_tape(run: Run, step: Step) -> Tape:
    """The node alone, its operands given under their places, with the types that its rules see."""
    plan, operator = run.plan, step.operator
    node = plan.graph.nodes[step.name]
    inputs: list[Any] = []
    operands: list[Any] = []
    for place, slot in enumerate(step.operands):
        named = slot >= 0 and plan.names[slot] != ""
        item = str(place) if named else plan.constants[slot] if slot >= 0 else None
        inputs.append(item)
        operands.append(type_of(run.values[slot]) if named else item)
    seen = convert_types(operator, operands, plan.graph.dtype)
    types = {item: type for item, type in zip(inputs, seen, strict=True) if isinstance(item, str)}
    outputs = [f"z{index}" for index in range(len(step.out))]
    types |= {output: type_of(run.values[slot]) for output, slot in zip(outputs, step.out, strict=True)}
    name, several = ("z", tuple(outputs)) if node.outputs else (outputs[0], ())
    given = {item: Input(dtype=types[item].dtype) for item in inputs if isinstance(item, str)}
    made = Node(node.op, tuple(inputs), step.attributes, several)
    graph = Graph(inputs=given, nodes={name: made}, dtype=plan.graph.dtype)
    followed = {name} if operator.backward is None and operator.kernels is None else set()
    return Tape(graph, run.operators, Inferred(types, {}, [], []), [name], followed)


def type_of(value: Any) -> ArrayType:
    """dtype and shape of a value: an array, a NumPy number, or a Python float or bool.

    >>> type_of(1.0), type_of(True)
    (float64, bool)
    """
    if hasattr(value, "dtype"):
        return ArrayType(value.dtype.name, tuple(value.shape))
    return ArrayType("bool" if type(value) is bool else "float64", ())
