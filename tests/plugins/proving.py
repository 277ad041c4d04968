"""Is a backward rule right? Rules against differences of the forward rule, on NumPy, in both float types."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from dataflow.arrays import numpy_arrays
from dataflow.library import Library
from dataflow.operators import REAL, Interval, Operator

SHAPES: dict[int, list[tuple[tuple[int, ...], ...]]] = {
    1: [((),), ((5,),), ((2, 3),), ((1,),), ((0, 3),)],
    2: [((), ()), ((5,), (5,)), ((2, 1), (3,)), ((), (2, 3)), ((2, 3), ()), ((1,), (1, 1)), ((0, 3), (3,))],
    3: [((), (), ()), ((4,), (4,), (4,)), ((2, 1), (3,), ()), ((3,), (1,), (2, 1)), ((0,), (0,), (1,))],
}


class Trial(NamedTuple):
    """Inputs and attributes on which an operator is tried."""

    inputs: tuple[Any, ...]
    attributes: Mapping[str, Any]


def differentiable(operator: Operator) -> list[int]:
    """The places of the inputs that have a rule."""
    rules = operator.backward
    assert isinstance(rules, Mapping)
    return [place for place, item in enumerate(operator.inputs) if rules[item.name] is not None]


def trials(operator: Operator, seed: int = 7) -> Iterator[Trial]:
    """What the operator's examples say, or numbers from its domain in all shapes that broadcast."""
    rng = np.random.default_rng(seed)
    if operator.examples is not None:
        for inputs, attributes in operator.examples(rng):
            yield Trial(tuple(map(_freeze, inputs)), attributes)
        return
    for shapes in SHAPES[len(operator.inputs)]:
        yield Trial(tuple(_freeze(_draw(rng, operator, place, shape)) for place, shape in enumerate(shapes)), {})


def _draw(rng: np.random.Generator, operator: Operator, place: int, shape: tuple[int, ...]) -> Any:
    name = operator.inputs[place].name
    if operator.kinds.get(name) == "bool":
        return rng.random(shape) < 0.5
    interval: Interval = operator.domain.get(name, REAL)
    low, high = interval.low, interval.high
    if np.isfinite(low) and np.isfinite(high):
        drawn = low + (high - low) * rng.uniform(0.05, 0.95, shape)
    elif np.isfinite(low):
        drawn = low + np.exp(rng.normal(size=shape))
    else:
        drawn = 1.5 * rng.normal(size=shape)
    for point in interval.without:  # a difference must not step over it
        drawn = np.where(np.abs(drawn - point) < 0.2, point + np.copysign(0.2, drawn - point) + drawn, drawn)
    return drawn


def _freeze(x: Any) -> Any:
    x = np.array(x)
    x.flags.writeable = False
    return x


def complete(operator: Operator, attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The attributes with the defaults of those that are not given."""
    return {item.name: item.default for item in operator.attributes} | dict(attributes)


def over_numpy(operators: Mapping[str, Operator]) -> Library:
    return Library(operators, numpy_arrays)


def call_rule(
    xp: Any, operator: Operator, name: str, g: Any, z: Any, inputs: Sequence[Any], attributes: Mapping[str, Any]
) -> Any:
    assert isinstance(operator.backward, Mapping)
    rule = operator.backward[name]
    assert rule is not None
    return rule(xp, g, z, *inputs, **complete(operator, attributes))


def unbroadcast(g: Any, shape: tuple[int, ...]) -> Any:
    """What the engine does with the cotangent of an input that was broadcast."""
    extra = np.ndim(g) - len(shape)
    g = np.sum(g, axis=tuple(range(extra)), dtype=np.asarray(g).dtype)
    stretched = tuple(axis for axis, length in enumerate(shape) if length == 1 and g.shape[axis] != 1)
    return np.sum(g, axis=stretched, keepdims=True) if stretched else g


def cotangents(operator: Operator, xp: Any, trial: Trial, g: Any, z: Any) -> dict[int, Any]:
    """The cotangent of every differentiable input, by place."""
    found: dict[int, Any] = {}
    for place in differentiable(operator):
        item = operator.inputs[place]
        given = call_rule(xp, operator, item.name, g, z, trial.inputs, trial.attributes)
        parts = given if item.variadic else [given]
        for offset, part in enumerate(parts):
            x = trial.inputs[place + offset]
            part = unbroadcast(part, np.shape(x)) if operator.broadcasts else np.asarray(part)
            assert part.shape == np.shape(x), f"{operator.name}: shape {part.shape} for an input of shape {np.shape(x)}"
            assert part.dtype == x.dtype, f"{operator.name}: dtype {part.dtype} for an input of {x.dtype}"
            found[place + offset] = part
    return found


def _parts(z: Any) -> tuple[Any, ...]:
    return z if isinstance(z, tuple) else (z,)


def _pair(g: Any, z: Any) -> float:
    return float(sum(np.sum(a * b) for a, b in zip(_parts(g), _parts(z), strict=True)))


def prove(operator: Operator, operators: Mapping[str, Operator], trial: Trial) -> None:
    """Raise AssertionError if a rule is not the adjoint of the forward rule's derivative at this trial.

    For a direction v and a cotangent g: <g, dz(v)> = <rule(g), v>. The derivative along v comes from central
    differences, extrapolated once, so that it is good to ten digits where all derivatives are of the order of 1.
    """
    rng = np.random.default_rng(11)
    xp = over_numpy(operators)

    def forward(inputs: Sequence[Any]) -> Any:
        return operator.forward(xp, *inputs, **trial.attributes)

    z = forward(trial.inputs)
    g: Any = tuple(_freeze(rng.normal(size=np.shape(part))) for part in _parts(z))
    g = g if isinstance(z, tuple) else g[0]
    for place, given in cotangents(operator, xp, trial, g, z).items():
        v = rng.normal(size=np.shape(given))

        def along(h: float, place: int = place, v: Any = v) -> float:
            def moved(step: float) -> tuple[Any, ...]:
                return (*trial.inputs[:place], trial.inputs[place] + step * v, *trial.inputs[place + 1 :])

            ahead, behind = _parts(forward(moved(h))), _parts(forward(moved(-h)))
            slopes = tuple((a - b) / (2 * h) for a, b in zip(ahead, behind, strict=True))
            return _pair(_parts(g), slopes)

        h = 1e-4
        expected = (4 * along(h / 2) - along(h)) / 3
        found = float(np.sum(given * v))
        scale = max(1.0, float(np.sum(np.abs(given * v))))
        assert abs(found - expected) <= 2e-8 * scale, (
            f"{operator.name}: input {place}, shapes {[np.shape(x) for x in trial.inputs]}, {dict(trial.attributes)}: "
            f"rule {found!r}, differences {expected!r}"
        )


def prove_all(operator: Operator, operators: Mapping[str, Operator]) -> None:
    """Prove the operator on all its trials, and its dtypes too."""
    tried = list(trials(operator))
    assert tried, f"{operator.name}: nothing to try"
    for trial in tried:
        prove(operator, operators, trial)
        prove_narrow(operator, operators, trial)


def narrow(trial: Trial) -> Trial:
    """The trial in float32."""
    inputs = tuple(_freeze(x.astype(np.float32)) if x.dtype == np.float64 else x for x in trial.inputs)
    return Trial(inputs, trial.attributes)


def prove_narrow(operator: Operator, operators: Mapping[str, Operator], trial: Trial) -> None:
    """Raise AssertionError if float32 inputs give anything wider, or if a rule writes into what it is given."""
    xp = over_numpy(operators)
    wide = operator.forward(xp, *trial.inputs, **trial.attributes)
    small = narrow(trial)
    z = operator.forward(xp, *small.inputs, **small.attributes)
    for part, model in zip(_parts(z), _parts(wide), strict=True):
        expected = np.float32 if np.asarray(model).dtype == np.float64 else np.asarray(model).dtype
        if "dtype" not in small.attributes:
            assert np.asarray(part).dtype == expected, f"{operator.name}: {np.asarray(part).dtype} from float32"
    if differentiable(operator):
        g: Any = tuple(_freeze(np.ones_like(part)) for part in _parts(z))
        cotangents(operator, xp, small, g if isinstance(z, tuple) else g[0], z)


def with_rule(operator: Operator, name: str, change: Callable[[Any], Any]) -> Operator:
    """The operator with one of its rules spoilt."""
    assert isinstance(operator.backward, Mapping)
    rules = dict(operator.backward)
    right = rules[name]
    assert right is not None
    rules[name] = change(right)
    return Operator(
        operator.name, operator.formula, forward=operator.forward, backward=rules, kernels=operator.kernels,
        broadcasts=operator.broadcasts, domain=operator.domain, examples=operator.examples, kinds=operator.kinds,
        outputs=operator.outputs,
    )  # fmt: skip
