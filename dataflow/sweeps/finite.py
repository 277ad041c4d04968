"""Which values stopped being finite, where that began in each sweep, and whether it did any harm."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from dataflow.document.writer import unparse_part
from dataflow.graph import HIDDEN, owner_of
from dataflow.sweeps.failures import describe_value
from dataflow.sweeps.plan import Plan, Step

Finding = Mapping[str, Any]
MAX_LISTED = 20


def find_nonfinite(plan: Plan, values: list[Any], cotangents: list[Any], target: str | None) -> tuple[Finding, ...]:
    """Findings, as data: the first node of the forward sweep that made the target non-finite (without a target,
    anything), the first of the reverse sweep that made a gradient so, and the values whose being so did no harm.

    `values` and `cotangents` are by slot, as the sweeps left them.
    """
    bad = {slot for slot, name in enumerate(plan.names) if name and not is_finite(values[slot])}
    worse = {slot for slot in range(len(plan.names)) if not is_finite(cotangents[slot])}
    if not bad and not worse:
        return ()
    findings: list[Finding] = []
    makers = {slot: step for step in plan.steps for slot in step.out}
    blamed: set[int] = set()
    harmed = bad if target is None else {plan.slots[target]} & bad
    if harmed:
        blamed |= _trace(harmed, bad, makers)
        findings.append(_describe_forward(plan, _find_first(plan, blamed), makers, values))
    if worse:
        finding, sources = _describe_reverse(plan, worse, values, cotangents)
        findings.append(finding)
        blamed |= _trace(sources & bad, bad, makers)
    harmless = [plan.names[slot] for slot in sorted(bad - blamed)]
    if harmless and target is not None:
        findings.append(_describe_harmless(plan, harmless))
    return tuple(findings)


def is_finite(value: Any) -> bool:
    """Whether all of a value is finite; what is absent, and what is no float, is.

    >>> is_finite(1.5), is_finite(float("nan")), is_finite(None)
    (True, False, True)
    """
    if type(value) is float:
        return value - value == 0.0
    if isinstance(value, Mapping):  # a summary
        return not value.get("non_finite")
    dtype = getattr(value, "dtype", None)
    if dtype is None or dtype.kind != "f":
        return True
    import numpy as np

    return bool(np.isfinite(value).all())


def has_nan(value: Any) -> bool:
    """Whether some of a value is NaN; a sum of squares is, where an element is, and only there.

    >>> has_nan(float("nan")), has_nan(float("inf"))
    (True, False)
    """
    if getattr(value, "ndim", 0) == 0:
        return bool(value != value)
    import numpy as np

    flat = value.reshape(-1)
    with np.errstate(all="ignore"):
        square = flat.dot(flat)
    return bool(square != square)


def _trace(start: set[int], bad: set[int], makers: Mapping[int, Step]) -> set[int]:
    """From some non-finite slots back through all non-finite operands."""
    found, stack = set(start), list(start)
    while stack:
        step = makers.get(stack.pop())
        for slot in step.operands if step is not None else ():
            if slot in bad and slot not in found:
                found.add(slot)
                stack.append(slot)
    return found


def _find_first(plan: Plan, slots: set[int]) -> int:
    """Of some slots the one that is known first in the forward sweep."""
    order = {slot: position for position, step in enumerate(plan.steps) for slot in step.out}
    return min(slots, key=lambda slot: (order.get(slot, -1), slot))


def _describe_forward(plan: Plan, slot: int, makers: Mapping[int, Step], values: list[Any]) -> Finding:
    name, step, found = plan.names[slot], makers.get(slot), _example(values[slot])
    finding = {"code": "DF0611", "sweep": "forward", "node": owner_of(name)}
    if step is not None:
        message = f"{_call(plan, step.name)} is {found}, the first value that is not finite"
        inputs = _operands(plan, step, values)
        return {**finding, "operator": step.operator.name, "found": found, "inputs": inputs, "message": message}
    message = f"`{name}` is given as {found}"
    if name in plan.graph.nodes:  # made of numbers alone
        message = f"{_call(plan, name)} is {found}, the first value that is not finite"
    return {**finding, "found": found, "message": message}


def _describe_harmless(plan: Plan, names: list[str]) -> Finding:
    shown = ", ".join(_show(plan, name) for name in names[:MAX_LISTED])
    shown += " ..." if len(names) > MAX_LISTED else ""
    message = f"not finite, and nothing takes it: {shown}"
    return {"code": "DF0613", "sweep": "forward", "node": owner_of(names[0]), "nodes": names, "message": message}


def _describe_reverse(
    plan: Plan, worse: set[int], values: list[Any], cotangents: list[Any]
) -> tuple[Finding, set[int]]:
    """The first gradient that is not finite on the way back, and the slots that its rule looked at."""
    for step in reversed(plan.steps):
        through = [slot for backward in step.backward for slot in backward.slots if slot in worse]
        if through and not any(slot in worse for slot in step.out):
            name, found = plan.names[through[0]], _example(cotangents[through[0]])
            message = f"the gradient of {_show(plan, name)} is {found}: it came through {_call(plan, step.name)}"
            finding = {
                "code": "DF0612", "sweep": "reverse", "node": owner_of(name), "operator": step.operator.name,
                "found": found, "inputs": _operands(plan, step, values), "message": message,
            }  # fmt: skip
            return finding, {*step.operands, *step.out}
    slot = max(worse)
    name, found = plan.names[slot], _example(cotangents[slot])
    message = f"the gradient of {_show(plan, name)} is {found}, as it was given"
    return {"code": "DF0612", "sweep": "reverse", "node": owner_of(name), "found": found, "message": message}, set()


def _show(plan: Plan, name: str) -> str:
    """A node's name; what has none of its own by its expression."""
    return f"`{name}`" if HIDDEN not in name else _call(plan, name)


def _call(plan: Plan, name: str) -> str:
    """What a node computes: `` `log(x)` in `J` ``."""
    return f"`{unparse_part(plan.graph, name)}` in `{owner_of(name)}`"


def _operands(plan: Plan, step: Step, values: list[Any]) -> dict[str, str]:
    names = [item.name for item in step.operator.inputs]
    shown: dict[str, str] = {}
    for index, slot in enumerate(step.operands[:MAX_LISTED]):
        name = plan.names[slot]
        key = unparse_part(plan.graph, name) if HIDDEN in name else name or names[min(index, len(names) - 1)]
        shown[key] = _example(values[slot])
    return shown


def _example(value: Any) -> str:
    """A number as it is; of an array its first non-finite element and where it stands."""
    if not getattr(value, "shape", ()):
        floating = isinstance(value, float) or getattr(getattr(value, "dtype", None), "kind", "") == "f"
        return spell(float(value)) if floating else describe_value(value)
    import numpy as np

    places = np.argwhere(~np.isfinite(value)) if value.dtype.kind == "f" else np.zeros((0, 1))
    if not len(places):
        return describe_value(value)
    place = tuple(int(index) for index in places[0])
    more = f" (and {len(places) - 1} more)" if len(places) > 1 else ""
    return f"{spell(float(value[place]))} at {list(place)}{more}"


def spell(value: float) -> str:
    """A float as results spell it: `NaN`, `Infinity`.

    >>> spell(1.5), spell(float("-inf"))
    ('1.5', '-Infinity')
    """
    if math.isfinite(value):
        return repr(value)
    return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"
