"""Wrong rules derived by machine from the right ones: python -m tests.proof.mutants [--seed N] [OPERATOR ...]

Each mutant is one operator with one of its backward rules spoilt. The proof has to find every one that computes
something else; those that it does not find are printed by name.
"""

from __future__ import annotations

import argparse
import dis
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import CodeType, FunctionType
from typing import Any, NamedTuple

import numpy as np

from dataflow import Operator, Operators, standard
from dataflow.proof import verify_operator
from tests.proof.equivalent import EQUIVALENT

Rule = Callable[..., Any]
SEED = 7


class Mutant(NamedTuple):
    """A wrong operator; its name says of which input, and what was done to the rule."""

    name: str
    operator: Operator

    @property
    def kind(self) -> str:
        """What was done."""
        return self.name.rpartition(": ")[2].partition(" at ")[0]


def derive_all(operators: Mapping[str, Operator]) -> Iterator[Mutant]:
    """Every mutant of every operator, in a fixed order."""
    for name in sorted(operators):
        yield from derive(operators[name])


def derive(operator: Operator) -> Iterator[Mutant]:
    """The mutants of one operator: of each rule that it writes."""
    rules = operator.backward
    if isinstance(rules, Mapping):
        for key, rule in rules.items():
            if rule is not None:
                for what, spoilt in _spoil(operator, rule):
                    yield Mutant(f"{operator.name} d{key}: {what}", operator.replaced(backward={**rules, key: spoilt}))
    elif rules is not None:
        for key in operator.differentiable:
            for what, change in RESULTS.items():
                spoilt = _change_one(rules, key, change)
                yield Mutant(f"{operator.name} d{key}: {what}", operator.replaced(backward=spoilt))
        for what, spoilt in _spoil_code(rules):
            yield Mutant(f"{operator.name}: {what}", operator.replaced(backward=spoilt))


def _each(function: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """The same for one cotangent and for the cotangents of a variadic input."""
    return lambda given: [function(item) for item in given] if isinstance(given, tuple | list) else function(given)


def _scale(factor: float) -> Callable[[Any], Any]:
    def scale(given: Any) -> Any:
        return given if given is None else np.asarray(given) * np.asarray(given).dtype.type(factor)

    return _each(scale)


def _add(given: Any) -> Any:
    return given if given is None else np.asarray(given) + np.asarray(given).dtype.type(0.001)


def _turn(given: Any) -> Any:
    x = np.asarray(given)
    return x.T if x.ndim > 1 else x[::-1] if x.ndim else x


RESULTS: Mapping[str, Callable[[Any], Any]] = {
    "sign": _scale(-1.0),
    "twice": _scale(2.0),
    "a thousandth more": _scale(1.001),
    "a thousandth added": _each(_add),
    "turned": _each(_turn),
}


def _spoil(operator: Operator, rule: Rule) -> Iterator[tuple[str, Rule]]:
    for what, change in RESULTS.items():
        yield what, _after(rule, change)
    code = rule.__code__
    read = {item.argval for item in dis.get_instructions(code) if item.opname.startswith("LOAD_FAST")}
    read |= {name for item in dis.get_instructions(code) if isinstance(item.argval, tuple) for name in item.argval}
    names = list(code.co_varnames[: code.co_argcount])
    if "g" in read:
        yield "g forgotten", _before(rule, lambda g, z, inputs: (_ones(g), z, inputs))
    if "z" in read:
        yield "z constant", _before(rule, lambda g, z, inputs: (g, _ones(z), inputs))
    for place, name in enumerate(names[3:]):
        if name in read and operator.kinds.get(name, operator.takes) not in ("bool", "integer"):
            shown = f"input {name}" if name in ("g", "z") else name
            yield f"{shown} constant", _before(rule, _hold(place))
    if len(names) > 4 and read & set(names[3:]):
        yield "inputs swapped", _before(rule, lambda g, z, inputs: (g, z, inputs[::-1]))
    if any(item.name == "axis" for item in operator.attributes):
        yield "next axis", _with_axis(rule)
    yield from _spoil_code(rule)


def _ones(x: Any) -> Any:
    return tuple(map(np.ones_like, x)) if isinstance(x, tuple) else np.ones_like(x)


def _hold(place: int) -> Callable[..., Any]:
    def change(g: Any, z: Any, inputs: Sequence[Any]) -> Any:
        held = inputs[place]
        return g, z, [*inputs[:place], held if held is None else np.ones_like(held), *inputs[place + 1 :]]

    return change


def _after(rule: Rule, change: Callable[[Any], Any]) -> Rule:
    return lambda xp, g, z, *inputs, **attributes: change(rule(xp, g, z, *inputs, **attributes))


def _before(rule: Rule, change: Callable[..., Any]) -> Rule:
    def spoilt(xp: Any, g: Any, z: Any, *inputs: Any, **attributes: Any) -> Any:
        g, z, changed = change(g, z, inputs)
        return rule(xp, g, z, *changed, **attributes)

    return spoilt


def _with_axis(rule: Rule) -> Rule:
    def spoilt(xp: Any, g: Any, z: Any, *inputs: Any, axis: Any, **attributes: Any) -> Any:
        ndim = max(np.ndim(inputs[0]), 1)
        if isinstance(axis, int):
            axis = (axis + 1) % ndim
        elif isinstance(axis, tuple):
            axis = tuple((item + 1) % ndim for item in axis)
        return rule(xp, g, z, *inputs, axis=axis, **attributes)

    return spoilt


def _change_one(rules: Rule, key: str, change: Callable[[Any], Any]) -> Rule:
    def spoilt(xp: Any, g: Any, z: Any, *inputs: Any, **attributes: Any) -> Any:
        given = dict(rules(xp, g, z, *inputs, **attributes))
        if given.get(key) is not None:
            given[key] = change(given[key])
        return given

    return spoilt


# --- the formula itself: one of its operators or numbers changed -----------------------------------------

SIGNS = {"+": "-", "-": "+", "*": "/", "/": "*", "**": "*", "@": "+"}


def _spoil_code(rule: Rule) -> Iterator[tuple[str, Rule]]:
    """The rule with one sign of arithmetic changed into another, a term dropped, or a number a little larger."""
    code: CodeType = rule.__code__
    numbers = {symbol: number for number, (_, symbol) in enumerate(_operations())}
    for count, item in enumerate(item for item in dis.get_instructions(code) if item.opname == "BINARY_OP"):
        other = SIGNS.get(item.argrepr)
        if other is not None:
            yield f"{item.argrepr} becomes {other} at {count}", _with_byte(rule, item.offset + 1, numbers[other])
    for place, value in enumerate(code.co_consts):
        if isinstance(value, float) and value == value and abs(value) not in (0.0, float("inf")):
            constants = [*code.co_consts[:place], 1.001 * value, *code.co_consts[place + 1 :]]
            yield f"{value:g} a thousandth more at {place}", _with_code(rule, code.replace(co_consts=tuple(constants)))


def _operations() -> list[tuple[str, str]]:
    """The signs of arithmetic by their numbers in the code of a function."""
    operations: list[tuple[str, str]] = vars(dis)["_nb_ops"]
    return operations


def _with_byte(rule: Rule, offset: int, value: int) -> Rule:
    code: CodeType = rule.__code__
    changed = bytearray(code.co_code)
    changed[offset] = value
    return _with_code(rule, code.replace(co_code=bytes(changed)))


def _with_code(rule: Rule, code: CodeType) -> Rule:
    made = FunctionType(code, rule.__globals__, rule.__name__, rule.__defaults__, rule.__closure__)
    made.__kwdefaults__ = rule.__kwdefaults__
    return made


# --- which are found -------------------------------------------------------------------------------------


def is_found(mutant: Mutant, operators: Operators, seed: int = SEED) -> bool:
    """Whether the proof refuses a mutant."""
    return not verify_operator(mutant.operator, operators, seed=seed, failures=1).proved


def main(arguments: Sequence[str] | None = None) -> int:
    """Try all mutants; print how many of each kind were found, and the names of those that were not."""
    parser = argparse.ArgumentParser(prog="python -m tests.proof.mutants", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="OPERATOR")
    parser.add_argument("--seed", type=int, default=SEED)
    given = parser.parse_args(arguments)
    operators = standard()
    made: Counter[str] = Counter()
    found: Counter[str] = Counter()
    survivors = []
    for mutant in derive_all({name: operators[name] for name in given.names or operators}):
        made[mutant.kind] += 1
        if is_found(mutant, operators, given.seed):
            found[mutant.kind] += 1
        else:
            survivors.append(mutant.name)
    for kind, count in made.most_common():
        print(f"{found[kind]:5} of {count:5} found  {kind}")
    print(f"{found.total():5} of {made.total():5} found; not found:")
    for name in survivors:
        print(f"  {name}: {EQUIVALENT.get(name, 'NOT KNOWN TO BE EQUIVALENT')}")
    return int(any(name not in EQUIVALENT for name in survivors))


if __name__ == "__main__":
    sys.exit(main())
