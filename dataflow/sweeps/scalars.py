"""The two sweeps on Python floats, for graphs in which every value is one number.

Rules run on bare floats. Where one raises ArithmeticError or ValueError, or meets or gives a complex number, that
node is run again on floats with IEEE arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from dataflow.arrays import floats, ieee
from dataflow.library import Library, MissingKernelError
from dataflow.sweeps.cotangents import find_misfit, pair_cotangents
from dataflow.sweeps.failures import describe_failure, describe_wrong
from dataflow.sweeps.plan import Backward, Plan, Step, bind_forward

if TYPE_CHECKING:
    from dataflow.library import Arrays
    from dataflow.registry import Operators

Values = list[Any]


class ScalarSweeps:
    """Both sweeps of one plan; `values` and `cotangents` are lists by slot.

    Raises `OperatorError` for a rule that fails or gives no number.
    """

    def __init__(self, plan: Plan, operators: Operators) -> None:
        self.plan = plan
        self._operators = operators
        self._fast = Library(operators, floats)
        self._careful = Library(operators, ieee)
        self._bound: list[tuple[Step, Callable[..., Any], tuple[int, ...], int]] | None = None
        self._back: list[tuple[Step, int, tuple[int, ...], list[BoundRule]]] | None = None
        self._noted = Library(operators, NotedFloats(floats))
        self._careful_noted = Library(operators, NotedFloats(ieee))

    def bind(self) -> None:
        """Find out now which functions are called on which slots, not in the first sweeps."""
        self._bound = self._bind_steps()
        self._back = self._bind_back()

    def forward(self, values: Values) -> None:
        """Fill in the values of all steps, from left to right; goes on after a step that had to be run again."""
        if self._bound is None:
            self._bound = self._bind_steps()
        remaining = iter(self._bound)
        while True:
            try:
                for step, call, operands, out in remaining:  # noqa: B007  (it is the step that failed)
                    values[out] = call(*[values[slot] for slot in operands])
                break
            except MissingKernelError:
                raise
            except (Exception, SystemExit) as error:
                if any(type(values[slot]) is complex for slot in step.operands):
                    break  # what is wrong is the operand: it is mended below
                if not isinstance(error, RETRIED):
                    raise self._fail(step, "forward", error, values) from error
                self._run_carefully(step, values)
        if not NUMBERS.issuperset([type(values[out]) for _, _, _, out in self._bound]):
            self._mend_forward(values)

    def _bind_steps(self) -> list[tuple[Step, Callable[..., Any], tuple[int, ...], int]]:
        """Every step with the function to call, the slots of its operands and its own."""
        calls: dict[str, Callable[..., Any]] = {}
        bound = []
        for step in self.plan.steps:
            name = step.operator.name
            call = None if step.attributes else calls.get(name)
            if call is None:
                call = bind_forward(step, self._fast)
                if not step.attributes:
                    calls[name] = call
            bound.append((step, call, step.operands, step.out[0]))
        return bound

    def _bind_back(self) -> list[tuple[Step, int, tuple[int, ...], list[BoundRule]]]:
        """From right to left, the steps with rules to call, these bound to their attributes."""
        return [
            (step, step.out[0], step.operands, _bind_rules(step)) for step in reversed(self.plan.steps) if step.backward
        ]

    def _mend_forward(self, values: Values) -> None:
        """Once more, with a look at every value: one of them came out complex, or as no number at all."""
        for step in self.plan.steps:
            out = step.out[0]
            try:
                values[out] = bind_forward(step, self._fast)(*[values[slot] for slot in step.operands])
            except RETRIED:
                self._run_carefully(step, values)
            except MissingKernelError:
                raise
            except (Exception, SystemExit) as error:
                raise self._fail(step, "forward", error, values) from error
            if type(values[out]) is complex:
                self._run_carefully(step, values)
            values[out] = self._as_number(step, "forward", values[out])

    def _run_carefully(self, step: Step, values: Values) -> None:
        operands = [_as_ieee(values[slot]) for slot in step.operands]
        try:
            result = bind_forward(step, self._careful)(*operands)
        except MissingKernelError:
            raise
        except (Exception, SystemExit) as error:
            raise self._fail(step, "forward", error, values) from error
        values[step.out[0]] = self._as_number(step, "forward", result)

    def reverse(self, values: Values, cotangents: Values) -> None:
        """Carry cotangents from right to left; a value that nothing takes keeps None."""
        xp, careful = self._noted, self._careful_noted
        if self._back is None:
            self._back = self._bind_back()
        for step, out, operands, rules in self._back:
            g = cotangents[out]
            if g is None:
                continue
            z, inputs = values[out], [values[slot] for slot in operands]
            for rule, place, backward in rules:
                try:
                    cotangent = rule(xp, g, z, *inputs)
                    again = type(cotangent) is not float and _has_complex(cotangent)
                except RETRIED:
                    again = True
                except MissingKernelError:
                    raise
                except (Exception, SystemExit) as error:
                    raise self._fail(step, backward.role, error, values) from error
                if again:
                    cotangent = self._call_carefully(step, backward, careful, g, z, inputs)
                if place is not None and type(cotangent) is float:
                    before = cotangents[place]
                    cotangents[place] = cotangent if before is None else before + cotangent
                else:
                    self._add(step, backward, cotangent, cotangents)

    def _call_carefully(self, step: Step, backward: Backward, xp: Library, g: Any, z: Any, inputs: list[Any]) -> Any:
        try:
            return backward.rule(xp, _as_ieee(g), _as_ieee(z), *map(_as_ieee, inputs), **step.attributes)
        except MissingKernelError:
            raise
        except (Exception, SystemExit) as error:
            raise describe_failure(step, backward.role, error, inputs, self._operators) from error

    def _add(self, step: Step, backward: Backward, given: Any, cotangents: Values) -> None:
        """Add what a rule gave to the cotangents of its operands. Raises `OperatorError` for what is no number."""
        if (misfit := find_misfit(backward, given)) is not None:
            raise describe_wrong(step, backward.role, "DF0603", misfit, self._operators)
        for slot, cotangent in pair_cotangents(backward, given):
            if slot is not None and cotangent is not NOT_TAKEN:
                number = float(self._as_number(step, backward.role, cotangent))
                before = cotangents[slot]
                cotangents[slot] = number if before is None else before + number

    def _as_number(self, step: Step, role: str, value: Any) -> Any:
        """A value as a bare float or bool. Raises `OperatorError` for what is no number."""
        if getattr(value, "shape", None) == () and value.dtype.kind in "fiub":
            value = value.item()  # a rule that leaves `xp` for NumPy
        if isinstance(value, bool) or type(value) is float:
            return value
        if isinstance(value, int | float):
            try:
                return float(value)
            except OverflowError:
                return float("inf") if value > 0 else float("-inf")
        code = "DF0602" if role == "forward" else "DF0603"
        raise describe_wrong(step, role, code, f"gave {value!r}, which is no number", self._operators)

    def _fail(self, step: Step, role: str, error: BaseException, values: Values) -> Exception:
        return describe_failure(step, role, error, [values[slot] for slot in step.operands], self._operators)


BoundRule = tuple[Callable[..., Any], int | None, Backward]  # with attributes; the slot that a single cotangent is for


def _bind_rules(step: Step) -> list[BoundRule]:
    return [
        (partial(backward.rule, **step.attributes) if step.attributes else backward.rule,
         backward.slots[0] if backward.single else None, backward)
        for backward in step.backward
    ]  # fmt: skip


NUMBERS = frozenset({float, bool})
RETRIED = (ArithmeticError, ValueError, TypeError)  # TypeError: within a rule a power came out complex
NOT_TAKEN = object()


class NotedFloats:
    """Floats whose `keep` gives NOT_TAKEN: a None is then a rule that forgot what it was to return."""

    def __init__(self, arrays: Arrays) -> None:
        self.kind = arrays.kind
        self._arrays = arrays

    def find(self, name: str) -> Callable[..., Any] | None:
        """The function of that name; `keep` is the one that notes."""
        return _keep if name == "keep" else self._arrays.find(name)


def _keep(condition: Any, g: Any) -> Any:
    return g if condition else NOT_TAKEN


def _has_complex(given: Any) -> bool:
    parts = given.values() if isinstance(given, dict) else given if isinstance(given, tuple | list) else (given,)
    return any(type(part) is complex for part in parts)


def _as_ieee(value: Any) -> Any:
    return ieee.IeeeFloat(value) if type(value) is float else value
