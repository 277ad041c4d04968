"""Losses. `reduction` says what is done with the losses of single elements: "mean", "sum", or "none" to keep them."""

from __future__ import annotations

from collections.abc import Sequence
from math import nan
from typing import Any, Literal

from dataflow.operators import Operator

Reduction = Literal["mean", "sum", "none"]
REDUCED = 'With reduction "sum" the losses are added up, with "none" each is kept.'
ALIKE = "Targets have the shape of the other input, or are one number for all."


def _reduce(xp: Any, losses: Any, reduction: str) -> Any:
    if reduction == "none":
        return losses
    return xp.mean(losses) if reduction == "mean" else xp.sum(losses)


def _share(xp: Any, g: Any, count: Any, reduction: str) -> Any:
    """The cotangent of the loss of each of `count` elements."""
    return g / count if reduction == "mean" else g


def _check_same_shape(xp: Any, x: Any, y: Any, names: tuple[str, str]) -> None:
    """Broadcasting [n] against [n, 1] would average n * n losses without a word."""
    if xp.shape(x) != xp.shape(y) and xp.ndim(y):
        raise ValueError(f"{names[0]} and {names[1]} differ in shape: {list(xp.shape(x))} and {list(xp.shape(y))}")


def _sum_if_number(xp: Any, dy: Any, y: Any) -> Any:
    """The cotangent of targets in their shape: that of the other input, or one number for all."""
    return dy if xp.ndim(y) else xp.sum(dy)


def _cross_entropy_of_logits(xp: Any, logits: Any, targets: Any, *, reduction: Reduction = "mean") -> Any:
    _check_same_shape(xp, logits, targets, ("logits", "targets"))
    # The two large terms cancel exactly before the small one is added.
    losses = (xp.maximum(logits, 0.0) - logits * targets) + xp.log1p(xp.exp(-xp.abs(logits)))
    return _reduce(xp, losses, reduction)


def _cross_entropy_of_logits_dx(xp: Any, g: Any, z: Any, logits: Any, targets: Any, *, reduction: str) -> Any:
    return _share(xp, g, xp.size(logits), reduction) * (xp.sigmoid(logits) - targets)


def _cross_entropy_of_logits_dy(xp: Any, g: Any, z: Any, logits: Any, targets: Any, *, reduction: str) -> Any:
    return _sum_if_number(xp, _share(xp, g, xp.size(logits), reduction) * -logits, targets)


def _squared_error(xp: Any, predictions: Any, targets: Any, *, reduction: Reduction = "mean") -> Any:
    _check_same_shape(xp, predictions, targets, ("predictions", "targets"))
    return _reduce(xp, xp.square(predictions - targets), reduction)


def _squared_error_dx(xp: Any, g: Any, z: Any, predictions: Any, targets: Any, *, reduction: str) -> Any:
    return _share(xp, g, xp.size(predictions), reduction) * (2 * (predictions - targets))


def _squared_error_dy(xp: Any, g: Any, z: Any, predictions: Any, targets: Any, *, reduction: str) -> Any:
    difference = 2 * (targets - predictions)
    return _sum_if_number(xp, _share(xp, g, xp.size(predictions), reduction) * difference, targets)


def _check_labels(xp: Any, logits: Any, labels: Any) -> None:
    """Labels that broadcast would give the rows of the logits the label of another row without a word."""
    shape, found = list(xp.shape(logits)), list(xp.shape(labels))
    if not shape:
        raise ValueError("logits are one number, and need an axis of classes")
    if found != shape[:-1]:
        raise ValueError(f"labels have the shape {found}, and logits of shape {shape} need {shape[:-1]}")


def _cross_entropy(xp: Any, logits: Any, labels: Any, *, reduction: Reduction = "mean") -> Any:
    _check_labels(xp, logits, labels)
    places = xp.expand_dims(xp.check_indices(labels, xp.shape(logits)[-1]), axis=-1)
    chosen = xp.take_along_axis(xp.log_softmax(logits, axis=-1), places, axis=-1)
    return _reduce(xp, -xp.squeeze(chosen, axis=-1), reduction)


def _cross_entropy_dx(xp: Any, g: Any, z: Any, logits: Any, labels: Any, *, reduction: str) -> Any:
    share = xp.broadcast_to(_share(xp, g, xp.size(labels), reduction), shape=xp.shape(labels))
    share, places = xp.expand_dims(share, axis=-1), xp.expand_dims(labels, axis=-1)
    chosen = xp.put_add_along_axis(share, places, axis=-1, shape=xp.shape(logits))
    return share * xp.softmax(logits, axis=-1) - chosen


def _pairs(rng: Any) -> Sequence[Any]:
    shapes: list[tuple[int, ...]] = [(), (5,), (3, 4), (1,)]
    pairs = [((rng.normal(size=shape), rng.uniform(size=shape)), {"reduction": reduction})
             for shape in shapes for reduction in ("mean", "sum", "none")]  # fmt: skip
    return [*pairs, ((rng.normal(size=4), rng.uniform()), {"reduction": "mean"})]


def _labelled(rng: Any) -> Sequence[Any]:
    shapes: list[tuple[int, ...]] = [(3,), (5, 3), (2, 4, 3)]
    return [((3 * rng.normal(size=shape), rng.integers(0, shape[-1], size=shape[:-1])), {"reduction": reduction})
            for shape in shapes for reduction in ("mean", "sum", "none")]  # fmt: skip


def operators() -> list[Operator]:
    """Every operator of this module."""
    return [
        Operator("binary_cross_entropy_with_logits",
                 "z = mean of -(t * ln s + (1 - t) * ln(1 - s)), s = sigmoid(logits), t = targets",
                 forward=_cross_entropy_of_logits,
                 backward={"logits": _cross_entropy_of_logits_dx, "targets": _cross_entropy_of_logits_dy},
                 examples=_pairs, description=f"{ALIKE} {REDUCED}",
                 conventions="exact where e ** logits overflows",
                 special=[((1000.0, 1.0), 0.0, (0.0, -1000.0)), ((-1000.0, 1.0), 1000.0, (-1.0, 1000.0))]),
        Operator("mean_squared_error", "z = mean of (predictions - targets) ** 2",
                 forward=_squared_error, backward={"predictions": _squared_error_dx, "targets": _squared_error_dy},
                 examples=_pairs, description=f"{ALIKE} {REDUCED}", conventions="NaN where there are no elements",
                 special=[(([], []), nan, ([], []))]),
        Operator("cross_entropy", "z = mean of ln(sum of e ** logits) - logits[label], over the last axis",
                 forward=_cross_entropy, backward={"logits": _cross_entropy_dx, "labels": None},
                 kinds={"labels": "integer"}, examples=_labelled,
                 description="Labels are class numbers from 0, in the shape of the logits without their last axis; "
                             f"anything else is refused. {REDUCED}",
                 conventions="exact where e ** logits overflows",
                 special=[(([1000.0, 0.0], 1), 1000.0, ([1.0, -1.0], None)),
                          (([nan, 0.0], 0), nan, ([nan, nan], None))]),
    ]  # fmt: skip
