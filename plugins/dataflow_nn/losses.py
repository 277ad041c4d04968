"""Losses between predictions and targets of the same shape.

`reduction` says what is done with the losses of single elements: "mean", "sum", or "none" to keep them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf, log, nan
from typing import Any, Literal

from dataflow.operators import Operator

Reduction = Literal["mean", "sum", "none"]
Case = tuple[Sequence[Any], dict[str, Any]]
REDUCTIONS: tuple[Reduction, ...] = ("mean", "sum", "none")
REDUCED = 'With reduction "sum" the losses are added up, with "none" each is kept.'
ALIKE = "Targets have the shape of the other input, or are one number for all."
EMPTY = "NaN where there are no elements"
HUBER = "Huber, Robust estimation of a location parameter, Annals of Mathematical Statistics 35 (1964)"
HINGE = "Cortes and Vapnik, Support-vector networks, Machine Learning 20 (1995)"


def reduce_losses(xp: Any, losses: Any, reduction: str) -> Any:
    """The losses of single elements, put together as `reduction` says."""
    if reduction == "none":
        return losses
    return xp.mean(losses) if reduction == "mean" else xp.sum(losses)


def share(xp: Any, g: Any, count: Any, reduction: str) -> Any:
    """The cotangent of the loss of each of `count` elements."""
    return g / count if reduction == "mean" else g


def check_same_shape(xp: Any, x: Any, y: Any, names: tuple[str, str]) -> None:
    """Broadcasting [n] against [n, 1] would average n * n losses without a word."""
    first, second = xp.shape(x), xp.shape(y)
    if first != second and second:
        from dataflow.shapes import match_shapes

        message = f"{names[0]} and {names[1]} differ in shape: {list(first)} and {list(second)}"
        match_shapes(tuple(first), tuple(second), message)


def _sum_if_number(xp: Any, dy: Any, y: Any) -> Any:
    """The cotangent of targets in their shape: that of the other input, or one number for all."""
    return dy if xp.ndim(y) else xp.sum(dy)


def _spread(xp: Any, g: Any, like: Any, reduction: str) -> Any:
    return share(xp, g, xp.size(like), reduction)


def _pairs(draw: Callable[[Any, tuple[int, ...]], tuple[Any, Any]]) -> Callable[[Any], Sequence[Case]]:
    """Examples of pairs of inputs in all shapes and reductions, and with one target for all."""

    def examples(rng: Any) -> Sequence[Case]:
        shapes: list[tuple[int, ...]] = [(), (5,), (3, 4), (2, 1, 3), (1,)]
        pairs: list[Case] = [(draw(rng, shape), {"reduction": item}) for shape in shapes for item in REDUCTIONS]
        one_target = (draw(rng, (4,))[0], draw(rng, ())[1])
        return [
            *pairs,
            *[(one_target, {"reduction": item}) for item in REDUCTIONS],
            (draw(rng, (0, 3)), {"reduction": "sum"}),
        ]

    return examples


def operators() -> list[Operator]:
    """Every operator of this module."""
    return [*_of_numbers(), *_of_two_classes()]


# --- predictions of numbers ---


def _squared_error(xp: Any, predictions: Any, targets: Any, *, reduction: Reduction = "mean") -> Any:
    check_same_shape(xp, predictions, targets, ("predictions", "targets"))
    return reduce_losses(xp, xp.square(predictions - targets), reduction)


def _squared_error_dx(xp: Any, g: Any, z: Any, predictions: Any, targets: Any, *, reduction: str) -> Any:
    return _spread(xp, g, predictions, reduction) * (2 * (predictions - targets))


def _squared_error_dy(xp: Any, g: Any, z: Any, predictions: Any, targets: Any, *, reduction: str) -> Any:
    difference = 2 * (targets - predictions)
    return _sum_if_number(xp, _spread(xp, g, predictions, reduction) * difference, targets)


def _absolute_error(xp: Any, predictions: Any, targets: Any, *, reduction: Reduction = "mean") -> Any:
    check_same_shape(xp, predictions, targets, ("predictions", "targets"))
    return reduce_losses(xp, xp.abs(predictions - targets), reduction)


def _absolute_error_dx(xp: Any, g: Any, z: Any, predictions: Any, targets: Any, *, reduction: str) -> Any:
    return _spread(xp, g, predictions, reduction) * xp.sign(predictions - targets)


def _absolute_error_dy(xp: Any, g: Any, z: Any, predictions: Any, targets: Any, *, reduction: str) -> Any:
    signs = xp.sign(targets - predictions)
    return _sum_if_number(xp, _spread(xp, g, predictions, reduction) * signs, targets)


def _huber(xp: Any, predictions: Any, targets: Any, *, delta: float = 1.0, reduction: Reduction = "mean") -> Any:
    check_same_shape(xp, predictions, targets, ("predictions", "targets"))
    if not delta > 0:
        raise ValueError(f"delta is above 0, not {delta}")
    error = xp.abs(predictions - targets)
    squared = xp.minimum(error, delta)
    return reduce_losses(xp, squared * (error - 0.5 * squared), reduction)


def _huber_dx(xp: Any, g: Any, z: Any, predictions: Any, targets: Any, *, delta: float, reduction: str) -> Any:
    return _spread(xp, g, predictions, reduction) * xp.clip(predictions - targets, min=-delta, max=delta)


def _huber_dy(xp: Any, g: Any, z: Any, predictions: Any, targets: Any, *, delta: float, reduction: str) -> Any:
    slopes = xp.clip(targets - predictions, min=-delta, max=delta)
    return _sum_if_number(xp, _spread(xp, g, predictions, reduction) * slopes, targets)


def _apart(rng: Any, shape: tuple[int, ...]) -> tuple[Any, Any]:
    """Numbers whose differences are from 0.2 to 0.8, or from 1.2 to 1.4: none is near 0 or 1."""
    targets = rng.uniform(-0.5, 0.5, size=shape)
    return targets + _draw_difference(rng, shape), targets


def _draw_difference(rng: Any, shape: tuple[int, ...]) -> Any:
    far, sign = rng.integers(0, 2, size=shape), 2.0 * rng.integers(0, 2, size=shape) - 1
    return sign * (rng.uniform(0.2, 0.8, size=shape) * (1 - far) + rng.uniform(1.2, 1.4, size=shape) * far)


def _huber_examples(rng: Any) -> Sequence[Case]:
    cases = _pairs(_apart)(rng)
    return [*cases, *[(inputs, {**attributes, "delta": delta}) for inputs, attributes in cases for delta in (0.1, 3.0)]]


def _of_numbers() -> list[Operator]:
    return [
        Operator("mean_squared_error", "z = mean of (predictions - targets) ** 2",
                 forward=_squared_error, backward={"predictions": _squared_error_dx, "targets": _squared_error_dy},
                 examples=_pairs(_apart), description=f"{ALIKE} {REDUCED}", conventions=EMPTY,
                 special=[(([1.0, 5.0], [2.0, 2.0]), 5.0, ([-1.0, 3.0], [1.0, -3.0])), (([], []), nan, ([], []))]),
        Operator("mean_absolute_error", "z = mean of |predictions - targets|",
                 forward=_absolute_error, backward={"predictions": _absolute_error_dx, "targets": _absolute_error_dy},
                 examples=_pairs(_apart), description=f"{ALIKE} {REDUCED}",
                 conventions=f"slope 0 where predictions are exact; {EMPTY}",
                 special=[(([1.0, 5.0], [2.0, 2.0]), 2.0, ([-0.5, 0.5], [0.5, -0.5])),
                          ((3.0, 3.0), 0.0, (0.0, 0.0)), (([], []), nan, ([], []))]),
        Operator("huber", "z = mean of d ** 2 / 2 where |d| <= delta, else delta * (|d| - delta / 2)",
                 forward=_huber, backward={"predictions": _huber_dx, "targets": _huber_dy}, examples=_huber_examples,
                 description=f"d = predictions - targets. {ALIKE} delta is above 0. {REDUCED}", source=HUBER,
                 conventions=f"differentiable everywhere; {EMPTY}",
                 special=[(([2.5, 5.0], [2.0, 2.0]), 1.3125, ([0.25, 0.5], [-0.25, -0.5])),
                          ((3.0, 1.0), 2.0, (2.0, -2.0), {"delta": 2.0}), ((3.0, 3.0), 0.0, (0.0, 0.0)),
                          (([], []), nan, ([], []))]),
    ]  # fmt: skip


# --- predictions of one class or the other ---


def _of_logits(xp: Any, logits: Any, targets: Any, *, reduction: Reduction = "mean") -> Any:
    check_same_shape(xp, logits, targets, ("logits", "targets"))
    # The two large terms cancel exactly before the small one is added.
    losses = (xp.maximum(logits, 0.0) - logits * targets) + xp.log1p(xp.exp(-xp.abs(logits)))
    return reduce_losses(xp, losses, reduction)


def _of_logits_dx(xp: Any, g: Any, z: Any, logits: Any, targets: Any, *, reduction: str) -> Any:
    """sigmoid(logits) - targets, in two terms, so that nothing cancels where a target is 0 or 1."""
    slopes = (1 - targets) * xp.sigmoid(logits) - targets * xp.sigmoid(-logits)
    return _spread(xp, g, logits, reduction) * slopes


def _of_logits_dy(xp: Any, g: Any, z: Any, logits: Any, targets: Any, *, reduction: str) -> Any:
    return _sum_if_number(xp, _spread(xp, g, logits, reduction) * -logits, targets)


def _of_probabilities(xp: Any, probabilities: Any, targets: Any, *, reduction: Reduction = "mean") -> Any:
    check_same_shape(xp, probabilities, targets, ("probabilities", "targets"))
    others, missing = 1 - probabilities, 1 - targets
    ones = xp.where(xp.logical_and(targets == 0, probabilities == 0), 0.0, targets * xp.log(probabilities))
    zeros = xp.where(xp.logical_and(missing == 0, others == 0), 0.0, missing * xp.log1p(-probabilities))
    return reduce_losses(xp, -(ones + zeros), reduction)


def _of_probabilities_dx(xp: Any, g: Any, z: Any, probabilities: Any, targets: Any, *, reduction: str) -> Any:
    variance = probabilities * (1 - probabilities)
    certain = xp.logical_and(probabilities == targets, variance == 0)
    slopes = xp.where(certain, 1 - 2 * targets, (probabilities - targets) / xp.abs(variance))
    return _spread(xp, g, probabilities, reduction) * xp.where(variance >= 0, slopes, nan)


def _of_probabilities_dy(xp: Any, g: Any, z: Any, probabilities: Any, targets: Any, *, reduction: str) -> Any:
    slopes = xp.log1p(-probabilities) - xp.log(probabilities)
    return _sum_if_number(xp, _spread(xp, g, probabilities, reduction) * slopes, targets)


def _hinge(xp: Any, scores: Any, labels: Any, *, reduction: Reduction = "mean") -> Any:
    check_same_shape(xp, scores, labels, ("scores", "labels"))
    return reduce_losses(xp, xp.maximum(1 - scores * labels, 0.0), reduction)


def _hinge_dx(xp: Any, g: Any, z: Any, scores: Any, labels: Any, *, reduction: str) -> Any:
    missing = xp.maximum(1 - scores * labels, 0.0)
    return xp.keep(missing != 0, _spread(xp, g, scores, reduction) * (-labels * xp.sign(missing)))


def _logits(rng: Any, shape: tuple[int, ...]) -> tuple[Any, Any]:
    return 2 * rng.normal(size=shape), rng.uniform(size=shape)


def _probabilities(rng: Any, shape: tuple[int, ...]) -> tuple[Any, Any]:
    return rng.uniform(0.1, 0.9, size=shape), rng.uniform(size=shape)


def _scores(rng: Any, shape: tuple[int, ...]) -> tuple[Any, Any]:
    labels = 2.0 * rng.integers(0, 2, size=shape) - 1
    return (1 - _draw_difference(rng, shape)) * labels, labels


def _scores_examples(rng: Any) -> Sequence[Case]:
    """A target for all of them is left out: the scores are kept away from the kink by their own labels."""
    return [(inputs, item) for inputs, item in _pairs(_scores)(rng) if inputs[0].shape == inputs[1].shape]


def _of_two_classes() -> list[Operator]:
    logits, probabilities = "binary_cross_entropy_with_logits", "binary_cross_entropy"
    return [
        Operator(logits, "z = mean of -(t * ln s + (1 - t) * ln(1 - s)), s = sigmoid(logits), t = targets",
                 forward=_of_logits, backward={"logits": _of_logits_dx, "targets": _of_logits_dy},
                 examples=_pairs(_logits), description=f"{ALIKE} {REDUCED}",
                 conventions=f"exact where e ** logits overflows, and where it vanishes; {EMPTY}",
                 special=[((0.0, 1.0), log(2.0), (-0.5, 0.0)), ((1000.0, 1.0), 0.0, (0.0, -1000.0)),
                          ((-1000.0, 1.0), 1000.0, (-1.0, 1000.0)),
                          ((40.0, 1.0), 4.248354255291589e-18, (-4.248354255291589e-18, -40.0)),
                          (([], []), nan, ([], []))]),
        Operator(probabilities, "z = mean of -(t * ln p + (1 - t) * ln(1 - p)), p = probabilities, t = targets",
                 forward=_of_probabilities,
                 backward={"probabilities": _of_probabilities_dx, "targets": _of_probabilities_dy},
                 examples=_pairs(_probabilities),
                 description=f"{ALIKE} {REDUCED} Where the probabilities are sigmoids, `{logits}` keeps more digits.",
                 conventions="0 where a probability of 0 or 1 is right, with slope 1 or -1; inf where it is wrong; "
                             f"NaN outside 0 to 1; {EMPTY}",
                 special=[((0.25, 1.0), log(4.0), (-4.0, log(3.0))), ((0.0, 0.0), 0.0, (1.0, inf)),
                          ((1.0, 1.0), 0.0, (-1.0, -inf)), ((0.0, 1.0), inf, (-inf, inf)),
                          ((1.0, 0.0), inf, (inf, -inf)), ((0.0, 0.5), inf, (-inf, inf)),
                          ((-0.5, 0.0), nan, (nan, nan)), ((1.5, 1.0), nan, (nan, nan)),
                          ((nan, 0.0), nan, (nan, nan)), (([], []), nan, ([], []))]),
        Operator("hinge", "z = mean of 1 - scores * labels where that is above 0, else 0",
                 forward=_hinge, backward={"scores": _hinge_dx, "labels": None}, examples=_scores_examples,
                 description=f"Labels are -1 or 1, in the shape of the scores or one for all. {REDUCED}",
                 source=HINGE, conventions=f"slope 0 where scores * labels = 1; {EMPTY}",
                 special=[(([0.5, -1.0, 2.0], [1.0, 1.0, 1.0]), 2.5 / 3, ([-1 / 3, -1 / 3, 0.0], None)),
                          ((1.0, 1.0), 0.0, (0.0, None)), ((-1.0, -1.0), 0.0, (0.0, None)),
                          ((nan, 1.0), nan, (nan, None)), (([], []), nan, ([], None))]),
    ]  # fmt: skip
