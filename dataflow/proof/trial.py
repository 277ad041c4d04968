"""One operator at one case: its value, and cotangents that the engine carries back to its inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dataflow.arrays import numpy_arrays
from dataflow.library import Library
from dataflow.proof.cases import Case, freeze, name_inputs
from dataflow.sweeps.arrays import quiet
from dataflow.sweeps.pullback import Pullback, pull_back

if TYPE_CHECKING:
    from dataflow.operators import Operator
    from dataflow.registry import Operators

Array = np.ndarray[Any, Any]


class Failure(NamedTuple):
    """What is wrong with an operator, and where: the check that found it, the case, and if it is about a slope the
    input, the element, what was found and what is expected there."""

    operator: str
    check: str
    message: str
    case: int
    seed: int
    attributes: Mapping[str, Any]
    shapes: Mapping[str, Any]
    input: str | None = None
    element: tuple[int, ...] | None = None
    found: float | None = None
    expected: float | None = None
    hint: str | None = None
    fall: float | None = None  # with which slope what is left over falls as the step shrinks; 2 is right

    @property
    def ratio(self) -> float | None:
        """How many times what is expected was found.

        >>> Failure("f", "slope", "", 0, 0, {}, {}, found=3.0, expected=1.5).ratio
        2.0
        """
        return self.found / self.expected if self.found is not None and self.expected else None


class Trial:
    """An operator at a case, on NumPy arrays; `operators` is a table in which it stands under its name."""

    def __init__(self, operator: Operator, operators: Operators, case: Case, seed: int) -> None:
        self.operator = operator
        self.operators = operators
        self.case = case
        self.seed = seed
        self.names = name_inputs(operator, len(case.inputs))
        self._xp = Library(operators, numpy_arrays)

    def compute(self, inputs: Sequence[Any]) -> tuple[Any, ...]:
        """The outputs of the forward rule, as arrays."""
        with quiet():
            z = self.operator.forward(self._xp, *inputs, **self.case.attributes)
        return tuple([np.asarray(part) for part in z]) if isinstance(z, tuple | list) else (np.asarray(z),)

    def draw_cotangent(self, parts: Sequence[Array]) -> tuple[Any, ...]:
        """Random numbers in the shape of the outputs, never all of them ones."""
        rng = np.random.default_rng((self.seed, self.case.number, 1))
        return tuple([freeze(rng.uniform(0.5, 1.5, part.shape) * rng.choice([-1.0, 1.0], part.shape))
                      for part in parts])  # fmt: skip

    def pull(
        self, inputs: Sequence[Any], g: Sequence[Any], operator: Operator | None = None, *, masked: bool = False
    ) -> Pullback:
        """The cotangents of the inputs from those of the outputs. Raises what rules and the engine raise."""
        operator = operator or self.operator
        absent = 0 if operator.variadic else len(operator.inputs) - len(inputs)
        seeds = tuple(g) if operator.outputs else g[0]
        return pull_back(
            operator, self.operators, [*inputs, *[None] * absent], self.case.attributes, seeds, masked=masked
        )

    def slots(self) -> list[int]:
        """The places of the inputs that are differentiable and are floats here."""
        names = self.operator.differentiable
        return [place for place, (name, x) in enumerate(zip(self.names, self.case.inputs, strict=True))
                if name.partition("[")[0] in names and x is not None and x.dtype.kind == "f"]  # fmt: skip

    def fail(self, check: str, message: str, **about: Any) -> Failure:
        """A failure at this case."""
        shapes = {
            name: None if x is None else (*x.shape,) for name, x in zip(self.names, self.case.inputs, strict=True)
        }
        case = self.case
        return Failure(self.operator.name, check, message, case.number, self.seed, case.attributes, shapes, **about)
