"""A compiled graph of arrays: the program of its values and gradients, derived once for each set of types."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from dataflow.errors import DataError
from dataflow.execution import execute
from dataflow.program.derived import UNDERIVABLE, Derived, Question, derive_program
from dataflow.program.descriptions import describe_program
from dataflow.program.failures import KernelError, ProgramError
from dataflow.program.lowering import ROWS
from dataflow.program.processes import OnProcesses
from dataflow.program.recomputation import limit_memory
from dataflow.program.running import Program
from dataflow.program.schedule import SHORTEST
from dataflow.program.workers import Crew, Workers
from dataflow.shapes import ArrayType
from dataflow.sweeps.binding import bind_values
from dataflow.sweeps.finite import has_nan
from dataflow.sweeps.lengths import Lengths
from dataflow.sweeps.plan import keep_needed
from dataflow.sweeps.threads import BlasThreads

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from dataflow.graph import Graph
    from dataflow.registry import Operators

MOST = 64  # programs that are kept, each for other shapes: the oldest goes
Answer = tuple[Mapping[str, Any], Mapping[str, Any]]
Types = Mapping[str, ArrayType]


class ArrayFunction:
    """Values and gradients of a graph of arrays. What no program can be derived of is swept as `execute` does."""

    def __init__(
        self, graph: Graph, operators: Operators, question: Question, inputs: Mapping[str, Any], root: str | None,
        workers: int | Executor | None, memory_limit: int | None = None,
    ) -> None:  # fmt: skip
        self.graph = graph
        self.operators = operators
        self.question = question
        self.root = root
        self._workers = workers
        self.memory_limit = memory_limit
        self._given = graph.given
        self._dtypes = {name: np.dtype(entry.dtype or graph.dtype) for name, entry in self._given.items()}
        roots = [*question.outputs, *question.wrt, *([] if question.target is None else [question.target])]
        needed = {*roots, *(item for name in keep_needed(graph, roots) for item in graph.nodes[name].inputs)}
        declaring = {
            name for name, entry in self._given.items() if any(isinstance(item, str) for item in entry.shape or ())
        }
        self._needed = [name for name in self._given if name in needed or name in declaring]
        known = bind_values(graph, inputs, list(inputs), scalar=False).values if inputs else {}
        self._standing: dict[str, Any] = {name: known.get(name) for name in self._needed}
        self._lacking = [name for name, value in self._standing.items() if value is None]
        self._fixed = dict(inputs)
        self._blas = BlasThreads()
        self._start()

    def _start(self) -> None:
        """Have no programs yet, and nobody to run them."""
        self._process = os.getpid()
        self._lock = Lock()  # the buffers of a program are there once
        self._specialised: dict[Any, Specialised | None] = {}
        self.crew = Crew(self.operators, self._workers)

    def __call__(self, inputs: Mapping[str, Any]) -> Answer:
        """The values and gradients at these inputs."""
        if self._process != os.getpid():  # a forked child has neither the threads nor the processes of its parent
            self._start()
        given = self._bind(inputs)
        key = tuple([value.shape for value in given.values()])
        try:
            found = self._specialised[key]
        except KeyError:
            found = self._learn(key, given)
        if found is not None:
            try:
                with self._lock, self._blas.limit():
                    return found.run(given, moving=inputs)
            except (ProgramError, *UNDERIVABLE):
                self._specialised[key] = None
            except KernelError:
                pass
        return self._sweep({**self._fixed, **inputs})

    def _learn(self, key: Any, given: Mapping[str, Any]) -> Specialised | None:
        """The program for values of these types, kept for later calls; None if there is none."""
        try:
            found = self._specialise(given)
        except UNDERIVABLE:
            found = None
        while len(self._specialised) >= MOST:
            self._specialised.pop(next(iter(self._specialised)), None)
        self._specialised[key] = found
        return found

    def explain(self, inputs: Mapping[str, Any]) -> list[str]:
        """How values of the types of these are computed, in lines of text."""
        try:
            return self._specialise(self._bind(inputs)).explain(inputs)
        except UNDERIVABLE as error:
            return ["both sweeps run on whole values, rule by rule: no program of them can be written down", str(error)]

    def _bind(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """An array or NumPy number of the declared dtype for every value that is needed."""
        given = self._standing.copy()
        for name, value in inputs.items():
            if type(value) is np.ndarray and name in self._dtypes and value.dtype == self._dtypes[name]:
                bound = value if value.ndim else value[()]
            else:
                bound = bind_values(self.graph, {name: value}, [name], scalar=False).values[name]
            if name in given:
                given[name] = bound
        if self._lacking and (absent := [name for name in self._lacking if name not in inputs]):
            found = bind_values(self.graph, {}, absent, scalar=False, root=self.root).values  # of files, read only now
            given |= found
            self._standing |= found
            self._lacking = [name for name in self._lacking if name not in found]
        return given

    def _specialise(self, given: Mapping[str, Any]) -> Specialised:
        """The program for values of these types."""
        bind_values(self.graph, given, list(given), scalar=False)  # their shapes are what is declared
        lengths = Lengths()
        for name, value in given.items():
            lengths.note(name, self._given[name], value.shape, self.graph.path_of(name))
        if found := lengths.settle():
            raise DataError(found)
        return Specialised(self, given, lengths.known)

    def _sweep(self, inputs: Mapping[str, Any]) -> Answer:
        question = self.question
        result = execute(
            self.graph, inputs, target=question.target, only=[*question.outputs, *question.wrt],
            operators=self.operators, data_root=self.root,
        )  # fmt: skip
        gradients = result.gradients
        return (
            {name: np.array(result.values[name])[()] for name in question.outputs},
            {name: _spread(gradients[name], result.values[name]) for name in question.wrt},
        )


class Specialised:
    """The program for values of certain types. With masks it is derived when a gradient first comes out as NaN.

    `masked` is that program, or `program` itself where masks change nothing.
    """

    def __init__(self, function: ArrayFunction, given: Mapping[str, Any], sizes: Mapping[str, int]) -> None:
        self.function = function
        self.sizes = sizes
        self.rows = sizes.get("rows", 1)
        self.types = {name: ArrayType(value.dtype.name, value.shape) for name, value in given.items()}
        self.blocked = self.rows > SHORTEST and function.memory_limit is None
        self.program, derived = self._derive(masked=False)
        self.derived = derived
        self.masked: Program | None = None
        self._workers: Workers | None = None
        self._adopted: dict[str, Any] = {}

    def _derive(self, *, masked: bool) -> tuple[Program, Derived]:
        if self.blocked:
            try:
                return self._make(self._put_rows(), {k: v for k, v in self.sizes.items() if k != "rows"}, masked)
            except (*UNDERIVABLE, TypeError):  # a rule asked for a number that rests on how many rows there are
                self.blocked = False
        return self._make(self.types, self.sizes, masked)

    def _put_rows(self) -> Types:
        """The types with the symbolic size in the place of the number of rows."""
        found = {}
        for name, type in self.types.items():
            declared = self.function.graph.given[name].shape or ()
            shape = [ROWS if size == "rows" else length for size, length in zip(declared, type.shape, strict=False)]
            found[name] = ArrayType(type.dtype, tuple(shape) if declared else type.shape)
        return found

    def _make(self, types: Types, sizes: Mapping[str, int], masked: bool) -> tuple[Program, Derived]:
        function = self.function
        derived = derive_program(function.graph, function.operators, types, sizes, function.question, masked=masked)
        lowered = derived.lowered
        if function.memory_limit is not None:
            lowered = limit_memory(lowered, function.memory_limit, derived.target, self.rows).lowered
        cores = function.crew.cores
        program = Program(lowered, function.operators, function.graph.dtype, self.rows, cores=cores)
        return program, derived

    def run(self, given: Mapping[str, Any], *, moving: Collection[str]) -> Answer:
        """Values and gradients, as fresh arrays; `moving` are the values that this call brought along."""
        workers = self._find_workers(moving)
        if isinstance(workers, OnProcesses):
            given = {**given, **self._adopt(given, moving, workers)}
        program = self.program
        found = program.run(given, workers)
        if any(has_nan(item) for (kind, _), item in found.items() if kind == "gradient"):
            program = self._find_masked()
            if program is not self.program:
                found = program.run(given, None if isinstance(workers, OnProcesses) else workers)
        found = self._settle(program, found, given)
        question = self.function.question
        values = {name: found["value", name] for name in question.outputs}
        return values, {name: found["gradient", name] for name in question.wrt}

    def _find_masked(self) -> Program:
        """The program with masks, derived at the first call."""
        if self.masked is None:
            masked, derived = self._derive(masked=True)
            self.masked = self.program if derived.is_same(self.derived) else masked
        return self.masked

    def _settle(self, program: Program, found: Mapping[Any, Any], given: Mapping[str, Any]) -> dict[Any, Any]:
        """What a program gave, as what the caller keeps: typed numbers, and arrays whose memory is nobody else's."""
        others = [value for value in given.values() if type(value) is np.ndarray]
        settled: dict[Any, Any] = {}
        taken = set()
        for label, item in found.items():
            if type(item) is np.ndarray:
                own = item.base is None or program.lowered.outputs[label] in program.stored
                if not own or id(item) in taken or any(np.may_share_memory(item, other) for other in others):
                    item = item.copy()
                taken.add(id(item))
            elif not hasattr(item, "dtype"):
                item = np.dtype(self.derived.types[label[1]].dtype).type(item)
            settled[label] = item
        return settled

    def explain(self, moving: Collection[str]) -> list[str]:
        """How the program is run, in lines of text."""
        if "rows" in self.sizes and not self.blocked:
            reason = (
                f"there are {self.rows}, no more than {SHORTEST}" if self.rows <= SHORTEST else "their number matters"
            )
            return [f"whole values, not blocks of rows: {reason}", *describe_program(self.program)]
        workers = self._find_workers(moving)
        return [*describe_program(self.program), f"run by {workers!r}"]

    def _find_workers(self, moving: Collection[str]) -> Workers | None:
        """Who runs the blocks, found out at the first call."""
        if self._workers is None:
            self._workers = self.function.crew.choose(self.program, moving)
        return self._workers

    def _adopt(self, given: Mapping[str, Any], moving: Collection[str], workers: OnProcesses) -> Mapping[str, Any]:
        """Data that stays, in memory that the workers see."""
        for name in self.program.lowered.given:
            if name in self.program.lowered.places and name not in moving and name not in self._adopted:
                self._adopted[name] = workers.adopt(given[name])
        return {name: array for name, array in self._adopted.items() if name not in moving}


def _spread(gradient: Any, value: Any) -> Any:
    if gradient is None:
        gradient = 0.0
    array = np.asarray(value)
    return np.broadcast_to(np.asarray(gradient, array.dtype), array.shape).copy()[()]
