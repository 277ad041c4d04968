"""What is asked of derivatives, and what comes out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dataflow.derivation.forward import sweep_forward
from dataflow.derivation.questions import check_target, find_differentiable, find_followed, find_needed, seed_of
from dataflow.derivation.reverse import sweep_back
from dataflow.derivation.tape import Tape
from dataflow.derivatives.knowledge import Known, learn_types
from dataflow.derivatives.matrices import (
    SparseBlock,
    Sweeper,
    colour,
    cut_dense,
    cut_sparse,
    sweep_dense,
    sweep_sparse,
)
from dataflow.derivatives.program import Program
from dataflow.derivatives.sparsity import DenseError, Patterns, count_elements, mark_inputs
from dataflow.errors import Diagnostic, GraphError, ResourceError
from dataflow.memory import find_memory, show_bytes
from dataflow.shapes import FLOATS
from dataflow.tracing import Symbol

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from dataflow.graph import Derivative, Graph
    from dataflow.registry import Operators

Array = np.ndarray[Any, Any]
Shapes = dict[str, tuple[int, ...]]

FEW = 8  # sweeps that are made without a look at the structure
LARGE = 1_000_000  # elements of a matrix that is given as a sparse one, if it is sparse
SPARSE = 10  # times as many elements as may differ from 0


class Product(NamedTuple):
    """One derivative product.

    kind:   gradient, vjp, jvp, jacobian, hvp or hessian.
    of, wrt: the values that were differentiated, and those with respect to which.
    mode:   how it was computed, ``"forward"`` or ``"reverse"`` (for a Hessian or hvp: ``"forward over reverse"``).
    sweeps: how many sweeps it took.
    blocks: arrays, or `SparseBlock`; by (output, input) for a Jacobian, (input, input) for a Hessian, ("", input) for
            gradient, vjp and hvp, (output, "") for jvp. A block of a Jacobian has the shape of the output followed by
            that of the input.
    unreached: the inputs on which nothing that was differentiated depends: their derivatives are 0.
    """

    kind: str
    of: tuple[str, ...]
    wrt: tuple[str, ...]
    mode: str
    sweeps: int
    blocks: Mapping[tuple[str, str], Array | SparseBlock]
    unreached: tuple[str, ...] = ()


def compute_derivatives(
    graph: Graph, operators: Operators, values: Mapping[str, Any], asked: Mapping[str, Derivative]
) -> dict[str, Product]:
    """Every derivative that is asked for, by name, at the given values (arrays or numbers, by name).

    Raises `GraphError` for a rule that cannot be recorded on symbols and for targets without a derivative,
    `ResourceError` for a matrix that does not fit into memory.
    """
    known = learn_types(graph, operators, values)
    return {name: _Computation(graph, operators, values, known, request, name).run() for name, request in asked.items()}


class _Computation:
    """One derivative product of one graph at fixed values."""

    def __init__(
        self,
        graph: Graph,
        operators: Operators,
        values: Mapping[str, Any],
        known: Known,
        request: Derivative,
        name: str,
    ) -> None:
        self.graph = graph
        self.operators = operators
        self.values = values
        self.inferred = known.inferred
        self.request = request
        self.name = name
        self.of = request.of
        self.wrt = request.wrt or tuple(request.along) or tuple(find_differentiable(graph))
        needed = find_needed(graph, [*self.of, *self.wrt])
        followed = find_followed(graph, operators, self.of, self.wrt)
        self.tape = Tape(graph, operators, known.inferred, needed, followed, known.lengths)
        self.types = {name: self.tape.symbol(name).type for name in (*self.of, *self.wrt)}
        self._check_types()

    def run(self) -> Product:
        """The product, by its kind."""
        kind = self.request.kind
        if kind in ("gradient", "hvp", "hessian"):
            check_target(self.graph, self.inferred, self.of[0])
        if kind in ("gradient", "vjp"):
            return self._sweep_back()
        if kind == "jvp":
            return self._sweep_forward()
        if kind == "hvp":
            return self._sweep_over()
        return self._make_hessian() if kind == "hessian" else self._make_jacobian()

    def _check_types(self) -> None:
        for name, type in self.types.items():
            if type.dtype not in FLOATS:
                message = f"`{name}` is of type {type.dtype}, which has no derivative"
                hint = "only floats have one: choose others, or make it a float"
                path = self.graph.path_of(name)
                raise GraphError(Diagnostic("DF0232", message, path, node=name, hint=hint))

    # --- single products ---

    def _sweep_back(self) -> Product:
        target = self.of[0]
        if self.request.kind == "gradient":
            seeds, moving = {target: seed_of(self.tape, target)}, {}
        else:
            symbol = self._give("cotangent", target)
            seeds, moving = {target: symbol}, {symbol.name: self._read(self.request.cotangent, target)}
        found = sweep_back(self.tape, seeds, self.wrt).cotangents
        items = [found.get(self.tape.aliases.get(name, name)) for name in self.wrt]
        arrays = self._evaluate(items, moving, self.wrt)
        blocks = {("", name): array for name, array in zip(self.wrt, arrays, strict=True)}
        return self._make(
            "reverse", 1, blocks, [name for name, item in zip(self.wrt, items, strict=True) if item is None]
        )

    def _give_tangents(self) -> tuple[dict[str, Any], dict[str, Array]]:
        tangents = {name: self._give("tangent", name) for name in self.wrt}
        along = self.request.along
        moving = {tangents[name].name: self._read(along.get(name, 0.0), name) for name in self.wrt}
        return tangents, moving

    def _sweep_forward(self) -> Product:
        tangents, moving = self._give_tangents()
        found = sweep_forward(self.tape, tangents, self.of)
        items = [found.get(self.tape.aliases.get(name, name)) for name in self.of]
        arrays = self._evaluate(items, moving, self.of)
        return self._make("forward", 1, {(name, ""): array for name, array in zip(self.of, arrays, strict=True)}, ())

    def _sweep_over(self) -> Product:
        gradients = self._list_gradients()
        tangents, moving = self._give_tangents()
        found = sweep_forward(self.tape, tangents, [item.name for item in gradients if isinstance(item, Symbol)])
        items = [found.get(item.name) if isinstance(item, Symbol) else None for item in gradients]
        arrays = self._evaluate(items, moving, self.wrt)
        blocks = {("", name): array for name, array in zip(self.wrt, arrays, strict=True)}
        return self._make("forward over reverse", 1, blocks, ())

    def _list_gradients(self) -> list[Any]:
        target = self.of[0]
        found = sweep_back(self.tape, {target: seed_of(self.tape, target)}, self.wrt).cotangents
        return [found.get(self.tape.aliases.get(name, name)) for name in self.wrt]

    def _give(self, kind: str, name: str) -> Symbol:
        return self.tape.recorder.give(f"{kind} of {name}", self.types[name])

    def _read(self, given: Any, name: str) -> Array:
        """A direction, or a cotangent, of the shape and dtype of its value."""
        type = self.types[name]
        array = np.asarray(given, dtype=type.dtype)
        if array.shape != type.shape:
            what = "cotangent" if self.request.kind == "vjp" else "direction"
            message = f"the {what} for `{name}` in `{self.name}` does not have its shape"
            raise GraphError(
                Diagnostic("DF0243", message, found=str(list(array.shape)), expected=str(list(type.shape)))
            )
        return array

    def _evaluate(self, items: Sequence[Any], moving: Mapping[str, Array], names: Sequence[str]) -> list[Array]:
        symbols = [item for item in items if isinstance(item, Symbol)]
        program = Program(self.tape, self.operators, symbols, self.values, tuple(moving))
        found = iter(program.run(moving))
        result = []
        for item, name in zip(items, names, strict=True):
            value = next(found) if isinstance(item, Symbol) else 0.0 if item is None else item
            type = self.types[name]
            result.append(np.array(np.broadcast_to(np.asarray(value, type.dtype), tuple(map(int, type.shape)))))
        return result

    def _make(self, mode: str, sweeps: int, blocks: Mapping[Any, Any], unreached: Sequence[str]) -> Product:
        return Product(self.request.kind, self.of, self.wrt, mode, sweeps, blocks, tuple(unreached))

    # --- matrices ---

    def _make_jacobian(self) -> Product:
        outputs, inputs = self._shapes(self.of), self._shapes(self.wrt)
        height, width = (sum(map(count_elements, shapes.values())) for shapes in (outputs, inputs))
        pattern = self._find_pattern(self.of, height, width)
        columns, rows, turned = (None, None, None) if pattern is None else colour(pattern)
        forward = width if columns is None else _count(columns)
        back = height if rows is None else _count(rows)
        sparse = self._decide(pattern, height, width)
        if forward <= back:
            tangents = {name: self._give("tangent", name) for name in self.wrt}
            found = sweep_forward(self.tape, tangents, self.of)
            items = [found.get(self.tape.aliases.get(name, name)) for name in self.of]
            sweeper = self._make_sweeper(items, {name: tangents[name].name for name in self.wrt}, inputs, outputs)
            return self._finish("forward", sweeper, columns, pattern, sparse, outputs, inputs)
        cotangents = {name: self._give("cotangent", name) for name in self.of}
        carried = sweep_back(self.tape, cotangents, self.wrt).cotangents
        items = [carried.get(self.tape.aliases.get(name, name)) for name in self.wrt]
        sweeper = self._make_sweeper(items, {name: cotangents[name].name for name in self.of}, outputs, inputs)
        return self._finish("reverse", sweeper, rows, turned, sparse, outputs, inputs)

    def _make_hessian(self) -> Product:
        inputs = self._shapes(self.wrt)
        width = sum(map(count_elements, inputs.values()))
        gradients = self._list_gradients()
        names = [item.name for item in gradients if isinstance(item, Symbol)]
        pattern = self._find_pattern(
            [item.name if isinstance(item, Symbol) else None for item in gradients], width, width
        )
        sparse = self._decide(pattern, width, width)
        tangents = {name: self._give("tangent", name) for name in self.wrt}
        found = sweep_forward(self.tape, tangents, names)
        items = [found.get(item.name) if isinstance(item, Symbol) else None for item in gradients]
        columns = None if pattern is None else colour(pattern)[0]
        sweeper = self._make_sweeper(items, {name: tangents[name].name for name in self.wrt}, inputs, inputs)
        return self._finish("forward over reverse", sweeper, columns, pattern, sparse, inputs, inputs)

    def _shapes(self, names: Sequence[str]) -> Shapes:
        return {name: tuple(map(int, self.types[name].shape)) for name in names}

    def _make_sweeper(self, items: Sequence[Any], moving: Mapping[str, str], seeds: Shapes, results: Shapes) -> Sweeper:
        program = Program(
            self.tape, self.operators, [item for item in items if isinstance(item, Symbol)], self.values,
            tuple(moving.values()),
        )  # fmt: skip

        def run(parts: dict[str, Array]) -> list[Any]:
            found = iter(program.run({moving[name]: part for name, part in parts.items()}))
            return [next(found) if isinstance(item, Symbol) else None for item in items]

        return Sweeper(run, seeds, results, {name: type.dtype for name, type in self.types.items()})

    def _find_pattern(self, names: Sequence[str | None], height: int, width: int) -> csr_array | None:
        """Which elements may differ from 0; None if nobody asks, or if nearly all of them may."""
        if min(height, width) <= FEW and not self.request.sparse:
            return None
        from scipy.sparse import csr_array, vstack

        sizes = {self.tape.aliases.get(name, name): count_elements(self.types[name].shape) for name in self.wrt}
        recorder = self.tape.recorder
        patterns = Patterns(
            recorder.nodes, recorder.types, self.operators, mark_inputs(sizes), width, self._find_value
        )  # fmt: skip
        known = [self.tape.aliases.get(name, name) for name in names if name is not None]
        try:
            found = iter(patterns.find(known))
        except DenseError:
            return None
        lengths = [
            count_elements(self.types[name].shape) for name in (self.of if len(names) == len(self.of) else self.wrt)
        ]
        parts = [
            csr_array((length, width), dtype=bool) if name is None else next(found)
            for name, length in zip(names, lengths, strict=True)
        ]
        return vstack(parts, format="csr").tocsr()

    def _find_value(self, name: str) -> Any:
        """A value of the tape, for operators whose structure depends on one."""
        program = Program(self.tape, self.operators, [self.tape.recorder.symbol(name)], self.values, ())
        return program.run({})[0]

    def _decide(self, pattern: csr_array | None, height: int, width: int) -> bool:
        """Whether the matrix is given as a sparse one. Raises `ResourceError` if it fits in neither way."""
        asked, elements = self.request.sparse, height * width
        entries = elements if pattern is None else int(pattern.nnz)
        sparse = (elements > LARGE and entries * SPARSE <= elements) if asked is None else asked
        if asked and pattern is None:
            sparse = False
        needed = 24 * entries if sparse else 16 * elements
        if needed > find_memory():
            raise ResourceError(self._describe_size(height, width, entries, needed))
        return sparse

    def _describe_size(self, height: int, width: int, entries: int, needed: int) -> Diagnostic:
        message = (
            f"`{self.name}`, a {self.request.kind} of {height} x {width} elements, {entries} of which may differ from "
            f"0, needs {show_bytes(needed)}, and this machine has {show_bytes(find_memory())}"
        )
        hint = "ask for products with it in place of it: hvp" if self.request.kind == "hessian" else None
        hint = hint or "ask for products with it in place of it (jvp, vjp), or for fewer `wrt`"
        if entries * SPARSE <= height * width:
            hint = "ask for it as a sparse matrix: `sparse: true`, `--sparse`"
        return Diagnostic("DF0607", message, hint=hint)

    def _finish(
        self, mode: str, sweeper: Sweeper, colours: Array | None, pattern: csr_array | None, sparse: bool,
        outputs: Shapes, inputs: Shapes,
    ) -> Product:  # fmt: skip
        """The matrix from its sweeps, cut into blocks. `pattern` has the seeds as columns."""
        turned = mode == "reverse"
        if sparse and colours is not None and pattern is not None:
            rows, columns, found = sweep_sparse(sweeper, colours, pattern)
            rows, columns = (columns, rows) if turned else (rows, columns)
            blocks: Iterator[Any] = cut_sparse(rows, columns, found, outputs, inputs)
            return self._make(mode, _count(colours), dict(blocks), ())
        worth = colours is not None and _count(colours) < sum(map(count_elements, sweeper.seeds.values()))
        whole, sweeps = sweep_dense(sweeper, colours if worth else None, pattern if worth else None)
        return self._make(mode, sweeps, dict(cut_dense(whole if turned else whole.T, outputs, inputs)), ())


def _count(colours: Array) -> int:
    return int(colours.max(initial=-1)) + 1

