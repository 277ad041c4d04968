"""What an operator is tried on: its examples, numbers from its domain in all shapes, and both sides of every kink."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from dataflow.operators import NO_MAPPING, REAL, Interval
from dataflow.sweeps.conversion import convert
from dataflow.sweeps.plan import Step

if TYPE_CHECKING:
    from dataflow.operators import Operator

Array = np.ndarray[Any, Any]
Shape = tuple[int, ...]

REACH = 2.0**-4  # of a first step, for a number of the order of 1
SHAPES: Mapping[int, Sequence[Sequence[Shape]]] = {
    1: [((),), ((5,),), ((2, 3),), ((1,),), ((0, 3),)],
    2: [
        ((), ()),
        ((5,), (5,)),
        ((2, 3), (2, 3)),
        ((2, 1), (3,)),
        ((), (2, 3)),
        ((2, 3), ()),
        ((1,), (1, 1)),
        ((0, 3), (3,)),
    ],
    3: [
        ((), (), ()),
        ((5,), (5,), (5,)),
        ((2, 3), (2, 3), (2, 3)),
        ((2, 1), (3,), ()),
        ((3,), (1,), (2, 1)),
        ((0,), (0,), (1,)),
    ],
}
SIDES = (2.0**-3, 2.0**-7, 2.0**-11)  # how far from a kink its two sides are tried


class Case(NamedTuple):
    """Inputs (None: not given) and attributes to try, by number; `reach` says how far each element may be moved.

    `kind` is ``"example"`` (as the operator states), ``"drawn"`` from its domain, ``"edge"``: beside a kink or an
    edge, or ``"row"``: one of its special rows, whose value and gradients stand in `row`.
    """

    number: int
    kind: str
    inputs: tuple[Any, ...]
    attributes: Mapping[str, Any]
    reach: tuple[Any, ...] = ()
    row: tuple[Any, ...] = ()


def make_cases(operator: Operator, seed: int) -> list[Case]:
    """Everything to try, in the same order with the same numbers for the same seed.

    >>> from dataflow.registry import standard
    >>> cases = make_cases(standard()["abs"], seed=7)
    >>> [case.inputs[0].shape for case in cases[:5]], sorted({case.kind for case in cases})
    ([(), (5,), (2, 3), (1,), (0, 3)], ['drawn', 'edge', 'row'])
    """
    rng = np.random.default_rng(seed)
    made = [*_make_ordinary(operator, rng), *_make_edges(operator, rng), *_make_rows(operator)]
    return [case._replace(number=number) for number, case in enumerate(made)]


def _make_ordinary(operator: Operator, rng: np.random.Generator) -> Iterator[Case]:
    if operator.examples is not None:
        for inputs, attributes in operator.examples(rng):
            yield _make(operator, "example", inputs, attributes)
        return
    choices = _choose_attributes(operator)
    if choices is None:
        return
    count = len(operator.inputs)
    shapes = SHAPES.get(count) or [[shape] * count for shape in [(), (3,), (2, 3), (0,)]]
    for index, row in enumerate([*shapes, *shapes[: len(choices) - len(shapes)]]):
        inputs = [_draw(rng, operator, place, shape) for place, shape in enumerate(row)]
        yield _make(operator, "drawn", inputs, choices[index % len(choices)])
    if operator.broadcasts:
        for attributes in choices:
            inputs = [_draw(rng, operator, place, (24,), wide=True) for place in range(count)]
            yield _make(operator, "drawn", inputs, attributes)


def _choose_attributes(operator: Operator) -> list[Mapping[str, Any]] | None:
    """Attributes to go with drawn inputs: every one of a few words, else defaults; None where there are none."""
    from typing import Literal, get_args, get_origin

    from dataflow.attributes import annotations_of

    annotations = annotations_of(operator) if operator.attributes else {}
    words: dict[str, tuple[Any, ...]] = {}
    for item in operator.attributes:
        annotation = annotations[item.name]
        if get_origin(annotation) is Literal:
            words[item.name] = get_args(annotation)
        elif annotation is bool:
            words[item.name] = (False, True)
        elif item.required:
            return None
    choices: list[Mapping[str, Any]] = [dict(zip(words, values, strict=True)) for values in product(*words.values())]
    return choices[:12]


def _draw(rng: np.random.Generator, operator: Operator, place: int, shape: Shape, *, wide: bool = False) -> Any:
    name = operator.inputs[place].name
    kind = operator.kinds.get(name, operator.takes)
    if kind == "bool":
        return rng.random(shape) < 0.5
    if kind == "integer":
        return rng.integers(0, 3, size=shape)
    interval: Interval = operator.domain.get(name, REAL)
    alone = len(operator.inputs) == 1
    drawn = _draw_wide(rng, interval, shape, alone=alone) if wide else _draw_near(rng, interval, shape)
    for point in interval.without if not wide else ():  # what is nearer is tried on both of its sides apart
        drawn = np.where(np.abs(drawn - point) < 0.2, point + np.copysign(0.2, drawn - point) + drawn - point, drawn)
    return drawn


def _draw_near(rng: np.random.Generator, interval: Interval, shape: Shape) -> Any:
    """Numbers of the order of 1, and not close to an edge."""
    low, high = interval.low, interval.high
    if np.isfinite(low) and np.isfinite(high):
        return low + (high - low) * rng.uniform(0.05, 0.95, shape)
    if np.isfinite(low):
        return low + np.exp(rng.normal(size=shape).clip(-2, 2))
    if np.isfinite(high):
        return high - np.exp(rng.normal(size=shape).clip(-2, 2))
    return 1.5 * rng.normal(size=shape)


def _draw_wide(rng: np.random.Generator, interval: Interval, shape: Shape, *, alone: bool) -> Any:
    """Numbers of every size, tiny and large, or close to an edge, one in each of equal parts of the range of sizes.

    Beside other inputs neither very tiny nor very large: x / y would jump from integer to integer within any step.
    """
    low, high = interval.low, interval.high
    if np.isfinite(low) and np.isfinite(high):
        share = _spread(rng, -6, -0.4, shape)
        return np.where(rng.random(shape) < 0.5, low + (high - low) * share, high - (high - low) * share)
    size = _spread(rng, -6, 3.3, shape) if alone else _spread(rng, -3, 1.2, shape)
    if np.isfinite(low):
        return low + size
    return high - size if np.isfinite(high) else rng.choice([-1.0, 1.0], shape) * size


def _spread(rng: np.random.Generator, low: float, high: float, shape: Shape) -> Any:
    """Powers of ten, one from each of equal parts between two exponents, in any order."""
    count = int(np.prod(shape))
    exponents = low + (high - low) * (np.arange(count) + rng.random(count)) / max(count, 1)
    return 10 ** rng.permutation(exponents).reshape(shape)


def _make(
    operator: Operator, kind: str, inputs: Sequence[Any], attributes: Mapping[str, Any], reach: Sequence[Any] = ()
) -> Case:
    """A case with inputs as the engine would hand them on, and with few enough digits that steps are exact."""
    arrays = convert_inputs(operator, [None if x is None else round_off(np.array(x)) for x in inputs])
    if not reach:
        names = name_inputs(operator, len(arrays))
        intervals = [operator.domain.get(name.partition("[")[0], REAL) for name in names]
        reach = [find_reach(x, interval) for x, interval in zip(arrays, intervals, strict=True)]
    return Case(0, kind, tuple(map(freeze, arrays)), attributes, tuple(reach))


def convert_inputs(operator: Operator, inputs: list[Any]) -> list[Any]:
    """Inputs of the types that the rules see, floats as float64."""
    step = Step(operator.name, operator, (), (), NO_MAPPING, ())
    return convert(step, [_widen(x) for x in inputs], np.dtype(np.float64))


def _widen(x: Any) -> Any:
    return x.astype(np.float64) if x is not None and x.dtype.kind == "f" else x


def round_off(x: Array) -> Array:
    """Floats with the digits of float32 alone: then both types see the same numbers, and x + h is exact.

    >>> round_off(np.array([0.1, 1e300])).tolist()
    [0.10000000149011612, 1e+300]
    """
    if x.dtype.kind != "f":
        return x
    with np.errstate(all="ignore"):
        short = x.astype(np.float32).astype(np.float64)
    return np.where(np.isfinite(x) & (~np.isfinite(short) | (np.abs(x) < 1e-30)), x, short).astype(np.float64)


def find_reach(x: Any, interval: Interval = REAL) -> Any:
    """How far every element may be moved: a power of two, short enough to stay inside the domain."""
    if x is None or x.dtype.kind != "f":
        return None
    reach = REACH * np.maximum(1.0, np.abs(x))
    edges = [point for point in (interval.low, interval.high, *interval.without) if np.isfinite(point)]
    for edge in edges:
        distance = np.abs(x - edge)
        reach = np.where(distance > 0, np.minimum(reach, 0.5 * distance), reach)
    reach = np.where(np.isfinite(reach), reach, 1.0)
    return 2.0 ** np.floor(np.log2(reach))


def freeze(x: Any) -> Any:
    """An array that nobody writes to."""
    if x is None:
        return None
    x = np.asarray(x)
    x.flags.writeable = False
    return x


def name_inputs(operator: Operator, count: int) -> list[str]:
    """The names of the operands, those of a variadic input numbered.

    >>> from dataflow.registry import standard
    >>> name_inputs(standard()["concat"], 2)
    ['xs[0]', 'xs[1]']
    """
    names = [item.name for item in operator.inputs]
    if not operator.variadic:
        return names[:count]
    last = names.pop()
    return [*names, *(f"{last}[{index}]" for index in range(count - len(names)))]


# --- edges ---------------------------------------------------------------------------------------


def _list_points(operator: Operator, rng: np.random.Generator) -> list[tuple[tuple[Any, ...], Mapping[str, Any]]]:
    """The finite points around which to look: those of special rows, and those that domains leave out."""
    points: list[tuple[tuple[Any, ...], Mapping[str, Any]]] = []
    for row in operator.special:
        if all(x is None or np.all(np.isfinite(np.asarray(x, float))) for x in row[0]):
            points.append((tuple(row[0]), row[3] if len(row) > 3 else {}))
    choices = _choose_attributes(operator)
    if choices and operator.broadcasts:
        for place, item in enumerate(operator.inputs):
            for point in operator.domain.get(item.name, REAL).without:
                for _ in range(2):
                    drawn = [_draw(rng, operator, other, ()) for other in range(len(operator.inputs))]
                    points.append(((*drawn[:place], point, *drawn[place + 1 :]), choices[0]))
    return points


def _make_edges(operator: Operator, rng: np.random.Generator) -> Iterator[Case]:
    points = _list_points(operator, rng)
    if not operator.broadcasts:
        for inputs, attributes in points:
            for side in (SIDES[0], SIDES[2]):
                yield _displace(operator, rng, inputs, attributes, side)
        return
    groups: dict[str, list[tuple[tuple[Any, ...], Mapping[str, Any]]]] = {}
    for point in points:
        groups.setdefault(repr(sorted(point[1].items(), key=str)), []).append(point)
    if not operator.differentiable:
        return
    for group in groups.values():
        yield _surround(operator, [inputs for inputs, _ in group], group[0][1])


def _displace(
    operator: Operator, rng: np.random.Generator, inputs: Sequence[Any], attributes: Mapping[str, Any], side: float
) -> Case:
    """A point all of whose elements are moved a little, each by another length."""
    arrays = [None if x is None else np.array(x) for x in inputs]
    names = [name.partition("[")[0] for name in name_inputs(operator, len(arrays))]
    moved: list[Any] = []
    reach: list[Any] = []
    for x, name in zip(arrays, names, strict=True):
        if x is None or name not in operator.differentiable or x.dtype.kind not in "fi":  # may depend on the others
            moved.append(x)
            reach.append(None)
            continue
        away = side * rng.choice([-1.0, 1.0], x.shape) * rng.uniform(0.5, 1.0, x.shape)
        moved.append(x + away)
        reach.append(np.full(x.shape, side / 4))
    return _make(operator, "edge", moved, attributes, reach)


def _surround(operator: Operator, points: Sequence[Sequence[Any]], attributes: Mapping[str, Any]) -> Case:
    """Points of an elementwise operator, and each moved to every side by every distance, in one vector."""
    names = [name.partition("[")[0] for name in name_inputs(operator, len(points[0]))]
    free = [place for place, name in enumerate(names) if name in operator.differentiable]
    signs = [item for item in product((-1.0, 0.0, 1.0), repeat=len(free)) if any(item)]
    columns: list[list[Any]] = [[] for _ in names]
    sides: list[float] = []
    for point in points:
        for side in SIDES:
            for sign in signs:
                away = dict(zip(free, sign, strict=True))
                for place, x in enumerate(point):
                    columns[place].append(x + side * away[place] if place in away else x)
                sides.append(side / 4)
    reach: list[Any] = [np.array(sides) if place in free else None for place in range(len(names))]
    return _make(operator, "edge", [np.array(column) for column in columns], attributes, reach)


def _make_rows(operator: Operator) -> Iterator[Case]:
    for row in operator.special:
        attributes = row[3] if len(row) > 3 else {}
        arrays = [None if x is None else np.array(x) for x in row[0]]
        if all(x is None or x.dtype.kind != "O" for x in arrays):
            inputs = tuple(map(freeze, convert_inputs(operator, arrays)))
            yield Case(0, "row", inputs, attributes, row=tuple(row))
