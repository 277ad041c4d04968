"""An operator under proof: how it is called forward, and swept back by the engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dataflow.arrays import numpy_arrays
from dataflow.library import Library
from dataflow.proof.cases import Case, freeze, name_inputs, round_off
from dataflow.proof.results import Failure
from dataflow.sweeps.arrays import quiet
from dataflow.sweeps.pullback import Pullback, pull_back

if TYPE_CHECKING:
    from dataflow.operators import Operator
    from dataflow.registry import Operators

Parts = tuple[Any, ...]


class Subject(NamedTuple):
    """The operator, the table in which it stands, and the seed of its proof."""

    operator: Operator
    operators: Operators
    xp: Library
    seed: int

    def forward(self, inputs: Sequence[Any], attributes: Mapping[str, Any]) -> Parts:
        """The outputs of the forward rule, as a tuple even if there is one."""
        with quiet():
            found = self.operator.forward(self.xp, *inputs, **attributes)
        return tuple(found) if isinstance(found, tuple | list) else (found,)

    def sweep(
        self, inputs: Sequence[Any], attributes: Mapping[str, Any], g: Parts, *, masked: bool = False
    ) -> tuple[Parts, Parts]:
        """Outputs and cotangents, as the engine computes them. Raises what it raises."""
        several = bool(self.operator.outputs)
        found: Pullback = pull_back(
            self.operator, self.operators, inputs, attributes, g if several else g[0], masked=masked
        )
        return tuple(found.value) if several else (found.value,), found.cotangents

    def differentiable(self, case: Case) -> list[int]:
        """The places of the operands whose cotangents are the rules' business."""
        names = [name.partition("[")[0] for name in name_inputs(self.operator, len(case.inputs))]
        return [
            place
            for place, (name, x) in enumerate(zip(names, case.inputs, strict=True))
            if name in self.operator.differentiable and x is not None and x.dtype.kind == "f"
        ]

    def fail(self, case: Case, kind: str, message: str, *, place: int | None = None, **about: Any) -> Failure:
        """A failure at a case, with the place of the rule that is to blame."""
        name = None if place is None else name_inputs(self.operator, len(case.inputs))[place]
        file, line = locate_rule(self.operator, None if kind != "gradient" else name)
        return Failure(
            self.operator.name, kind, message, case.number, self.seed, given=describe(self.operator, case),
            input=name, file=file, line=line, **about,
        )  # fmt: skip


def make_subject(operator: Operator, operators: Operators, seed: int) -> Subject:
    """The operator in the place of whatever has its name in the table."""
    operators = operators.replaced(operator)
    return Subject(operator, operators, Library(operators, numpy_arrays), seed)


def draw_cotangent(subject: Subject, case: Case, parts: Parts) -> Parts:
    """A random cotangent for every output: of both signs and no element 0 or 1, so that no rule can do without it."""
    rng = np.random.default_rng([subject.seed, case.number])
    drawn = []
    for part in parts:
        signs = (-1.0) ** (np.arange(np.size(part)) + case.number)
        g = rng.permutation(signs).reshape(np.shape(part)) * rng.uniform(0.5, 1.5, np.shape(part))
        g = round_off(np.asarray(g))
        drawn.append(freeze(g.astype(part.dtype) if part.dtype.kind == "f" else np.zeros(np.shape(part))))
    return tuple(drawn)


def describe(operator: Operator, case: Case) -> str:
    """Shapes and attributes in a few words."""
    names = name_inputs(operator, len(case.inputs))
    shown = [
        f"{name} {'none' if x is None else show_array(x)}" for name, x in zip(names, case.inputs, strict=True)
    ] + [f"{key}={value!r}" for key, value in case.attributes.items()]
    where = {"edge": " (beside an edge)", "row": " (a row of `special`)"}.get(case.kind, "")
    return ", ".join(shown) + where


def show_array(x: Any) -> str:
    """An array in a few words: a number itself, else its type and shape."""
    return repr(x.item()) if x.size == 1 and x.ndim == 0 else f"{x.dtype}{list(x.shape)}"


def locate_rule(operator: Operator, name: str | None) -> tuple[str | None, int | None]:
    """File and line of a backward rule, or of the forward rule where no input is named or none is written."""
    rule: Any = operator.forward
    if name is not None and operator.backward is not None:
        rules = operator.backward
        rule = rules.get(name.partition("[")[0]) if isinstance(rules, Mapping) else rules
    code = getattr(rule, "__code__", None)
    return (None, None) if code is None else (code.co_filename, code.co_firstlineno)
