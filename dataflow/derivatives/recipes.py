"""How a derivative product is computed: derived once for given values of known types, then applied to any of these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dataflow.derivation.forward import sweep_forward
from dataflow.derivation.questions import check_target, find_differentiable, find_followed, seed_of
from dataflow.derivation.reverse import sweep_back
from dataflow.derivation.tape import Tape
from dataflow.derivatives.knowledge import Known
from dataflow.derivatives.matrices import SparseBlock, Structure, Sweeper, make_matrix
from dataflow.derivatives.program import Program
from dataflow.derivatives.sparsity import DenseError, Patterns, count_elements, mark_inputs
from dataflow.errors import Diagnostic, GraphError
from dataflow.shapes import FLOATS
from dataflow.sweeps.plan import keep_needed
from dataflow.tracing import Symbol

if TYPE_CHECKING:
    from scipy.sparse import csr_array

    from dataflow.graph import Derivative, Graph
    from dataflow.registry import Operators

Array = np.ndarray[Any, Any]
Shapes = dict[str, tuple[int, ...]]

FEW = 8  # sweeps that are made without a look at the structure
MATRICES = ("jacobian", "hessian")


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


class Recipe:
    """One derivative product of one graph, for given values of known types.

    `reusable`: whether nothing in it rests on the values themselves, as a structure that follows indices does.
    """

    def __init__(
        self,
        graph: Graph,
        operators: Operators,
        known: Known,
        request: Derivative,
        name: str,
        values: Mapping[str, Any],
    ) -> None:
        self.operators = operators
        self.request = request
        self.name = name
        self.of = request.of
        self.wrt = request.wrt or tuple(request.along) or tuple(find_differentiable(graph))
        self.reusable = not known.lengths
        followed = find_followed(graph, operators, self.of, self.wrt)
        needed = keep_needed(graph, [*self.of, *self.wrt])
        self.tape = Tape(graph, operators, known.inferred, needed, followed, known.lengths)
        self.types = {name: self.tape.symbol(name).type for name in (*self.of, *self.wrt)}
        self._check_types(graph, known)
        self.moving: dict[str, str] = {}  # by value, the name of the direction or cotangent that belongs to it
        self.structure = Structure()
        self._derive(values)
        symbols = [item for item in self.items.values() if isinstance(item, Symbol)]
        self.program = Program(self.tape, operators, symbols, tuple(self.moving.values()))

    def _check_types(self, graph: Graph, known: Known) -> None:
        for name, type in self.types.items():
            if type.dtype not in FLOATS:
                message = f"`{name}` is of type {type.dtype}, which has no derivative"
                hint = "only floats have one: choose others, or make it a float"
                raise GraphError(Diagnostic("DF0232", message, graph.path_of(name), node=name, hint=hint))
        if self.request.kind in ("gradient", "hvp", "hessian"):
            check_target(graph, known.inferred, self.of[0])

    # --- derivation ---

    def _derive(self, values: Mapping[str, Any]) -> None:
        """What is to be computed: `items` by the names of `results`, moved by `moving`, in which `mode`."""
        kind = self.request.kind
        if kind == "jacobian":
            self._find_structure(values, [(name, self._settled(name)) for name in self.of])
        if kind in ("gradient", "vjp") or (kind == "jacobian" and self.structure.turned):
            self.mode = "reverse"
            self.items = self._sweep_back()
        elif kind in ("jvp", "jacobian"):
            self.mode = "forward"
            self.items = self._sweep_forward({name: self._settled(name) for name in self.of})
        else:
            self.mode = "forward over reverse"
            gradients = self._sweep_back()
            targets = {name: item.name for name, item in gradients.items() if isinstance(item, Symbol)}
            if kind == "hessian":
                self._find_structure(values, [(name, targets.get(name)) for name in self.wrt])
            self.items = self._sweep_forward(targets)

    def _settled(self, name: str) -> str:
        """The name of a value on the tape."""
        return self.tape.aliases.get(name, name)

    def _sweep_back(self) -> dict[str, Any]:
        """The cotangents of `wrt`: of the target alone, or of outputs with cotangents of their own."""
        if self.request.kind in ("vjp", "jacobian"):
            seeds: dict[str, Any] = {name: self._give("cotangent", name) for name in self.of}
        else:
            seeds = {self.of[0]: seed_of(self.tape, self.of[0])}
        found = sweep_back(self.tape, seeds, self.wrt).cotangents
        return {name: found.get(self._settled(name)) for name in self.wrt}

    def _sweep_forward(self, targets: Mapping[str, str]) -> dict[str, Any]:
        """The tangents of some values of the tape, by the names that they have here."""
        tangents = {name: self._give("tangent", name) for name in self.wrt}
        found = sweep_forward(self.tape, tangents, targets.values())
        names = self.of if self.mode == "forward" else self.wrt
        return {name: found.get(targets[name]) if name in targets else None for name in names}

    def _give(self, kind: str, name: str) -> Symbol:
        symbol = self.tape.recorder.give(f"{kind} of {name}", self.types[name])
        self.moving[name] = symbol.name
        return symbol

    def _shapes(self, names: Sequence[str]) -> Shapes:
        return {name: tuple(map(int, self.types[name].shape)) for name in names}

    # --- structure ---

    def _find_structure(self, values: Mapping[str, Any], rows: Sequence[tuple[str, str | None]]) -> None:
        """Which elements may differ from 0, from which side the matrix is swept, and in what form it is given."""
        outputs, inputs = self._shapes([name for name, _ in rows]), self._shapes(self.wrt)
        pattern = self._find_pattern(values, rows, outputs, inputs)
        both = self.request.kind == "jacobian"
        self.structure = Structure.choose(
            pattern, outputs, inputs, sparse=self.request.sparse, both=both, name=self.name, kind=self.request.kind
        )

    def _find_pattern(
        self, values: Mapping[str, Any], rows: Sequence[tuple[str, str | None]], outputs: Shapes, inputs: Shapes
    ) -> csr_array | None:
        """The pattern; None if nobody asks, or if nearly all elements may differ from 0."""
        height, width = (sum(map(count_elements, shapes.values())) for shapes in (outputs, inputs))
        if min(height, width) <= FEW and not self.request.sparse:
            return None
        from scipy.sparse import csr_array, vstack

        def find_value(name: str) -> Any:
            self.reusable = False
            program = Program(self.tape, self.operators, [self.tape.recorder.symbol(name)], ())
            return program.run(program.bind(values), {})[0]

        marks = mark_inputs({self._settled(name): count_elements(shape) for name, shape in inputs.items()})
        recorder = self.tape.recorder
        patterns = Patterns(recorder.nodes, recorder.types, self.operators, marks, width, find_value)
        try:
            found = iter(patterns.find([settled for _, settled in rows if settled is not None]))
        except DenseError:
            return None
        parts = [
            csr_array((count_elements(outputs[name]), width), dtype=bool) if settled is None else next(found)
            for name, settled in rows
        ]
        return vstack(parts, format="csr").tocsr()

    # --- computing ---

    def apply(self, values: Mapping[str, Any], request: Derivative) -> Product:
        """The product at these values, along the directions or with the cotangent of the request."""
        bound = self.program.bind(values)
        if request.kind in MATRICES:
            return self._make_matrix(bound)
        given = request.along if request.kind in ("jvp", "hvp") else dict.fromkeys(self.of, request.cotangent)
        moving = {label: self._read(given.get(name, 0.0), name) for name, label in self.moving.items()}
        blocks = {}
        for name, value in self._run(bound, moving).items():
            type = self.types[name]
            whole = np.broadcast_to(
                np.asarray(0.0 if value is None else value, type.dtype), tuple(map(int, type.shape))
            )
            blocks[(name, "") if request.kind == "jvp" else ("", name)] = np.array(whole)
        return self._make(1, blocks)

    def _run(self, bound: list[Any], moving: Mapping[str, Array]) -> dict[str, Any]:
        """The items for these directions or cotangents; None is zero."""
        found = iter(self.program.run(bound, moving))
        return {name: next(found) if isinstance(item, Symbol) else item for name, item in self.items.items()}

    def _read(self, given: Any, name: str) -> Array:
        """A direction, or a cotangent, of the shape and dtype of its value."""
        type = self.types[name]
        array = np.asarray(given, dtype=type.dtype)
        if array.shape != type.shape:
            what = "cotangent" if self.request.kind == "vjp" else "direction"
            message = f"the {what} for `{name}` in `{self.name}` does not have its shape"
            found, expected = str(list(array.shape)), str(list(type.shape))
            raise GraphError(Diagnostic("DF0243", message, found=found, expected=expected))
        return array

    def _make_matrix(self, bound: list[Any]) -> Product:
        outputs, inputs = self._shapes(self.of if self.request.kind == "jacobian" else self.wrt), self._shapes(self.wrt)

        def run(parts: dict[str, Array]) -> list[Any]:
            return list(self._run(bound, {self.moving[name]: part for name, part in parts.items()}).values())

        seeds, results = (outputs, inputs) if self.structure.turned else (inputs, outputs)
        dtypes = {name: type.dtype for name, type in self.types.items()}
        sweeps, blocks = make_matrix(Sweeper(run, seeds, results, dtypes), self.structure, outputs, inputs)
        return self._make(sweeps, blocks)

    def _make(self, sweeps: int, blocks: Mapping[Any, Any]) -> Product:
        reverse = self.mode == "reverse"
        unreached = tuple([name for name, item in self.items.items() if item is None]) if reverse else ()
        return Product(self.request.kind, self.of, self.wrt, self.mode, sweeps, blocks, unreached)
