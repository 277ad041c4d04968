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
        if not NUMBERS.issuperset([type(values[out]) for _, _, out in bound]):
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
        except MissingKernelError:
            raise
        except (Exception, SystemExit) as error:
            raise self._fail(step, "forward", error, values) from error
        values[step.out[0]] = self._as_number(step, "forward", result)

    def reverse(self, values: Values, cotangents: Values) -> None:
        """Carry cotangents from right to left; a value that nothing takes keeps None."""
        xp = Library(self._operators, NotedFloats(floats))
        careful = Library(self._operators, NotedFloats(ieee))
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
                    again = _has_complex(cotangent)
                except RETRIED:
                    again = True
                except MissingKernelError:
                    raise
                except (Exception, SystemExit) as error:
                    raise self._fail(step, role_of(names), error, values) from error
                backward = Backward(rule, slots, names, single)
                if again:
                    cotangent = self._call_carefully(step, backward, careful, g, z, inputs)
                self._add(step, backward, cotangent, cotangents)

    def _call_carefully(self, step: Step, backward: Backward, xp: Library, g: Any, z: Any, inputs: list[Any]) -> Any:
        try:
            return backward.rule(xp, _as_ieee(g), _as_ieee(z), *map(_as_ieee, inputs), **step.attributes)
        except MissingKernelError:
            raise
        except (Exception, SystemExit) as error:
            raise describe_failure(step, role_of(backward.names), error, inputs, self._operators) from error

    def _add(self, step: Step, backward: Backward, given: Any, cotangents: Values) -> None:
        if (misfit := find_misfit(backward, given)) is not None:
            raise describe_wrong(step, role_of(backward.names), "DF0603", misfit, self._operators)
        for slot, cotangent in pair_cotangents(backward, given):
            if slot is not None and cotangent is not NOT_TAKEN:
                number = float(self._as_number(step, role_of(backward.names), cotangent))
                before = cotangents[slot]
                cotangents[slot] = number if before is None else before + number

    def _as_number(self, step: Step, role: str, value: Any) -> Any:
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


def find_misfit(backward: Backward, given: Any) -> str | None:
    """What is wrong with what a rule gave, as far as that is seen without a look at the cotangents themselves."""
    if backward.single:
        return None
    if isinstance(given, dict):
        if stray := sorted(map(str, given.keys() - set(backward.names))):
            return f"gave a cotangent for `{stray[0]}`, which is not an input"
        asked = {name for slot, name in zip(backward.slots, backward.names, strict=False) if slot is not None}
        lacking = sorted(asked - given.keys())
        return f"gave no cotangent for `{lacking[0]}`" if lacking else None
    if not isinstance(given, tuple | list) or len(given) != len(backward.slots):
        return f"must give one cotangent for each of {len(backward.slots)} inputs"
    return None


def pair_cotangents(backward: Backward, given: Any) -> Iterator[tuple[int | None, Any]]:
    """What a rule gave, by the slot that it belongs to; None is the slot of what nobody asked for."""
    if backward.single:
        yield backward.slots[0], given
    elif isinstance(given, dict):
        yield from ((slot, given.get(name)) for slot, name in zip(backward.slots, backward.names, strict=True))
    else:
        yield from zip(backward.slots, given, strict=True)


def _has_complex(given: Any) -> bool:
    parts = given.values() if isinstance(given, dict) else given if isinstance(given, tuple | list) else (given,)
    return any(type(part) is complex for part in parts)


def role_of(names: tuple[str, ...]) -> str:
    """Which rule it is, for messages."""
    return f"backward (`{names[0]}`)" if len(names) == 1 else "backward"


def _as_ieee(value: Any) -> Any:
    return ieee.IeeeFloat(value) if type(value) is float else value
