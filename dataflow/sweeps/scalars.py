"""The two sweeps on Python floats, for graphs in which every value is one number.

Rules run on bare floats. Where one raises ArithmeticError or ValueError, or meets or gives a complex number, that
node is run again on floats with IEEE arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from dataflow.arrays import floats, ieee
from dataflow.library import Library, MissingKernelError
from dataflow.sweeps.failures import describe_failure, describe_wrong
from dataflow.sweeps.plan import Plan, Step, bind_forward

if TYPE_CHECKING:
    from dataflow.registry import Operators

Values = list[Any]


class ScalarSweeps:
    """Both sweeps of one plan; `values` and `cotangents` are lists by slot.

    Raises `OperatorError` for a rule that fails or gives no number.
    """

    def __init__(self, plan: Plan, operators: Operators) -> None:
        self._plan = plan
        self._operators = operators
        self._fast = Library(operators, floats)
        self._careful = Library(operators, ieee)

    def forward(self, values: Values) -> None:
        """Fill in the values of all steps, from left to right."""
        steps = self._plan.steps
        calls: dict[str, Callable[..., Any]] = {}
        bound = []
        for step in steps:
            name = step.operator.name
            if step.attributes:
                bound.append((bind_forward(step, self._fast), step.operands, step.out[0]))
            else:
                call = calls.get(name) or calls.setdefault(name, bind_forward(step, self._fast))
                bound.append((call, step.operands, step.out[0]))
        position = -1
        while True:
            try:
                for position, (call, operands, out) in enumerate(islice(bound, position + 1, None), position + 1):  # noqa: B007, B020
                    values[out] = call(*[values[slot] for slot in operands])
                break
            except MissingKernelError:
                raise
            except (Exception, SystemExit) as error:
                if any(type(values[slot]) is complex for slot in steps[position].operands):
                    break  # what is wrong is the operand: it is mended below
                if not isinstance(error, RETRIED):
                    raise self._fail(steps[position], "forward", error, values) from error
                self._run_carefully(steps[position], values)
        if not NUMBERS.issuperset(map(type, values)):
            self._mend_forward(values)

    def _mend_forward(self, values: Values) -> None:
        """Once more, with a look at every value: one of them came out complex, or as no number at all."""
        for step in self._plan.steps:
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
        except (Exception, SystemExit) as error:
            raise self._fail(step, "forward", error, values) from error
        values[step.out[0]] = self._as_number(step, "forward", result)

    def reverse(self, values: Values, cotangents: Values) -> None:
        """Carry cotangents from right to left; a value that nothing takes keeps None."""
        xp = self._fast
        for step in reversed(self._plan.steps):
            g = cotangents[step.out[0]]
            if g is None or not step.backward:
                continue
            z, inputs = values[step.out[0]], [values[slot] for slot in step.operands]
            for rule, slots, names, single in step.backward:
                try:
                    cotangent = rule(xp, g, z, *inputs, **step.attributes)
                    if single and type(cotangent) is float:
                        slot = slots[0]
                        before = cotangents[slot]
                        cotangents[slot] = cotangent if before is None else before + cotangent
                        continue
                    if type(cotangent) is complex:
                        cotangent = self._rule_carefully(step, rule, names, g, z, inputs)
                except RETRIED:
                    cotangent = self._rule_carefully(step, rule, names, g, z, inputs)
                except MissingKernelError:
                    raise
                except (Exception, SystemExit) as error:
                    raise self._fail(step, _role(names), error, values) from error
                self._add(step, slots, names, single, cotangent, cotangents)

    def _rule_carefully(
        self, step: Step, rule: Callable[..., Any], names: tuple[str, ...], g: Any, z: Any, inputs: list[Any]
    ) -> Any:
        try:
            return rule(self._careful, _as_ieee(g), _as_ieee(z), *map(_as_ieee, inputs), **step.attributes)
        except (Exception, SystemExit) as error:
            raise describe_failure(step, _role(names), error, inputs, self._operators) from error

    def _add(
        self,
        step: Step,
        slots: tuple[int | None, ...],
        names: tuple[str, ...],
        single: bool,
        given: Any,
        cotangents: Values,
    ) -> None:
        for slot, cotangent in pair_cotangents(slots, names, single, given):
            if slot is not None and cotangent is not None:
                number = self._as_number(step, _role(names), cotangent)
                before = cotangents[slot]
                cotangents[slot] = number if before is None else before + number

    def _as_number(self, step: Step, role: str, value: Any) -> Any:
        if isinstance(value, bool) or type(value) is float:
            return value
        if isinstance(value, int | float):
            try:
                return float(value)
            except OverflowError:
                return float("inf") if value > 0 else float("-inf")
        raise describe_wrong(step, role, "DF0602", f"gave {value!r}, which is no number", self._operators)

    def _fail(self, step: Step, role: str, error: BaseException, values: Values) -> Exception:
        return describe_failure(step, role, error, [values[slot] for slot in step.operands], self._operators)


NUMBERS = frozenset({float, bool, type(None)})
RETRIED = (ArithmeticError, ValueError, TypeError)  # TypeError: within a rule a power came out complex


def pair_cotangents(
    slots: tuple[int | None, ...], names: tuple[str, ...], single: bool, given: Any
) -> Iterator[tuple[int | None, Any]]:
    """What a rule gave, by the slot that it belongs to."""
    if single:
        yield slots[0], given
    elif isinstance(given, dict):
        yield from ((slot, given.get(name)) for slot, name in zip(slots, names, strict=True))
    elif given is not None:
        yield from zip(slots, given, strict=True)


def _role(names: tuple[str, ...]) -> str:
    return f"backward (`{names[0]}`)" if len(names) == 1 else "backward"


def _as_ieee(value: Any) -> Any:
    return ieee.IeeeFloat(value) if type(value) is float else value
