"""Losses and measures between distributions or directions: what is along an axis belongs together."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, inf, log, nan
from typing import Any

from dataflow.operators import Axes, Operator
from dataflow_nn.losses import REDUCED, REDUCTIONS, Reduction, check_same_shape, reduce_losses, share

LABELS = "Labels are class numbers from 0, in the shape of the {} without their last axis; anything else is refused."
IGNORED = "Where a label is ignore_index, nothing is counted, and nothing taken."
SMOOTHING = "Szegedy et al., Rethinking the Inception architecture, section 7 (2016), https://arxiv.org/abs/1512.00567"
DIVERGENCE = "Kullback and Leibler, On information and sufficiency, Annals of Mathematical Statistics 22 (1951)"


def operators() -> list[Operator]:
    """Every operator of this module."""
    return [*_of_labels(), *_of_vectors()]


# --- classes by number ---


def _check_labels(xp: Any, scores: Any, labels: Any, name: str) -> None:
    """Labels that broadcast would give the rows of the scores the label of another row without a word."""
    shape, found = list(xp.shape(scores)), list(xp.shape(labels))
    if not shape:
        raise ValueError(f"{name} are one number, and need an axis of classes")
    if found != shape[:-1]:
        from dataflow.shapes import match_shapes

        message = f"labels have the shape {found}, and {name} of shape {shape} need {shape[:-1]}"
        match_shapes(tuple(found), tuple(shape[:-1]), message)


def _keep_labels(xp: Any, labels: Any, ignore_index: int | None) -> tuple[Any, Any]:
    """The labels, with 0 for those that are ignored, and where they are not (None: nowhere)."""
    if ignore_index is None:
        return labels, None
    kept = labels != ignore_index
    return xp.where(kept, labels, 0), kept


def _pick(xp: Any, scores: Any, labels: Any) -> Any:
    """Of each row of scores the one with the row's label."""
    places = xp.expand_dims(xp.check_indices(labels, xp.shape(scores)[-1]), axis=-1)
    return xp.squeeze(xp.take_along_axis(scores, places, axis=-1), axis=-1)


def _reduce_kept(xp: Any, losses: Any, kept: Any, reduction: str) -> Any:
    if kept is None:
        return reduce_losses(xp, losses, reduction)
    losses = xp.where(kept, losses, 0.0)
    if reduction == "mean":
        return xp.sum(losses) / xp.cast_like(xp.count_nonzero(kept), losses)
    return reduce_losses(xp, losses, reduction)


def _share_of_rows(xp: Any, g: Any, labels: Any, kept: Any, reduction: str) -> Any:
    """The cotangent of the loss of each row, with an axis for the classes."""
    count = xp.size(labels) if kept is None else xp.cast_like(xp.count_nonzero(kept), g)
    spread = xp.broadcast_to(share(xp, g, count, reduction), shape=xp.shape(labels))
    return xp.expand_dims(spread, axis=-1)


def _cross_entropy(
    xp: Any, logits: Any, labels: Any, *,
    label_smoothing: float = 0.0, ignore_index: int | None = None, reduction: Reduction = "mean",
) -> Any:  # fmt: skip
    _check_labels(xp, logits, labels, "logits")
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"label_smoothing is from 0 to 1, not {label_smoothing}")
    labels, kept = _keep_labels(xp, labels, ignore_index)
    logarithms = xp.log_softmax(logits, axis=-1)
    losses = -_pick(xp, logarithms, labels)
    if label_smoothing:
        losses = (1 - label_smoothing) * losses - label_smoothing * xp.mean(logarithms, axis=-1)
    return _reduce_kept(xp, losses, kept, reduction)


def _cross_entropy_dx(
    xp: Any, g: Any, z: Any, logits: Any, labels: Any, *,
    label_smoothing: float, ignore_index: int | None, reduction: str,
) -> Any:  # fmt: skip
    """softmax - 1 at the label, and softmax elsewhere; less the share of each class in what is smoothed.

    At the label, where softmax may be nearly 1, this is e ** ln(softmax) - 1, with all its digits.
    """
    labels, kept = _keep_labels(xp, labels, ignore_index)
    classes = xp.shape(logits)[-1]
    logarithms = xp.log_softmax(logits, axis=-1)
    probabilities = xp.exp(logarithms)
    at_label = xp.expand_dims(xp.expm1(_pick(xp, logarithms, labels)), axis=-1)
    slopes = xp.scatter(probabilities, xp.expand_dims(labels, axis=-1), at_label, axis=-1)
    if label_smoothing:
        slopes = (1 - label_smoothing) * slopes + label_smoothing * (probabilities - 1 / classes)
    slopes = _share_of_rows(xp, g, labels, kept, reduction) * slopes
    return slopes if kept is None else xp.keep(xp.expand_dims(kept, axis=-1), slopes)


def _negative_log_likelihood(
    xp: Any, log_probabilities: Any, labels: Any, *, ignore_index: int | None = None, reduction: Reduction = "mean"
) -> Any:
    _check_labels(xp, log_probabilities, labels, "log_probabilities")
    labels, kept = _keep_labels(xp, labels, ignore_index)
    return _reduce_kept(xp, -_pick(xp, log_probabilities, labels), kept, reduction)


def _negative_log_likelihood_dx(
    xp: Any, g: Any, z: Any, log_probabilities: Any, labels: Any, *, ignore_index: int | None, reduction: str
) -> Any:
    labels, kept = _keep_labels(xp, labels, ignore_index)
    spread = _share_of_rows(xp, g, labels, kept, reduction)
    shape, places = xp.shape(log_probabilities), xp.expand_dims(labels, axis=-1)
    taken = xp.put_add_along_axis(xp.ones_like(spread), places, axis=-1, shape=shape) > 0
    if kept is not None:
        taken = xp.logical_and(taken, xp.expand_dims(kept, axis=-1))
    return xp.keep(taken, -spread)


def _labelled(rng: Any) -> Sequence[Any]:
    shapes: list[tuple[int, ...]] = [(3,), (5, 3), (2, 4, 3), (2, 1)]
    return [((3 * rng.normal(size=shape), rng.integers(0, shape[-1], size=shape[:-1])), {"reduction": reduction})
            for shape in shapes for reduction in REDUCTIONS]  # fmt: skip


def _with_ignored(rng: Any) -> Sequence[Any]:
    more = [((rng.normal(size=(4, 3)), rng.permutation([0, 2, 2, -100])), {"reduction": item, "ignore_index": -100})
            for item in REDUCTIONS]  # fmt: skip
    return [*_labelled(rng), *more, ((rng.normal(size=(4, 3)), rng.permutation([0, 1, 2, 0])), {"ignore_index": 0})]


def _smoothed(rng: Any) -> Sequence[Any]:
    cases = _with_ignored(rng)
    return [*cases, *[(inputs, {**attributes, "label_smoothing": 0.25}) for inputs, attributes in cases],
            ((rng.normal(size=(4, 3)), rng.integers(0, 3, size=4)), {"label_smoothing": 1.0})]  # fmt: skip


def _of_labels() -> list[Operator]:
    tiny = exp(-40.0)
    return [
        Operator("cross_entropy", "z = mean of ln(sum of e ** logits) - logits[label], over the last axis",
                 forward=_cross_entropy, backward={"logits": _cross_entropy_dx, "labels": None},
                 kinds={"labels": "integer"}, examples=_smoothed, source=SMOOTHING,
                 description=f"{LABELS.format('logits')} With label_smoothing a share of each label is spread evenly "
                             f"over all classes. {IGNORED} {REDUCED}",
                 conventions="exact where e ** logits overflows, and where it vanishes; NaN where nothing is counted",
                 special=[(([0.0, log(3.0)], 0), log(4.0), ([-0.75, 0.75], None)),
                          (([1000.0, 0.0], 1), 1000.0, ([1.0, -1.0], None)),
                          (([40.0, 0.0], 0), tiny, ([-tiny, tiny], None)),
                          (([nan, 0.0], 0), nan, ([nan, nan], None)),
                          (([[0.0, log(3.0)], [inf, nan]], [0, -1]), log(4.0), ([[-0.75, 0.75], [0.0, 0.0]], None),
                           {"ignore_index": -1}),
                          (([0.0, 0.0], 0), log(2.0), ([-0.25, 0.25], None), {"label_smoothing": 0.5})]),
        Operator("negative_log_likelihood", "z = mean of -log_probabilities[label], over the last axis",
                 forward=_negative_log_likelihood,
                 backward={"log_probabilities": _negative_log_likelihood_dx, "labels": None},
                 kinds={"labels": "integer"}, examples=_with_ignored,
                 description=f"{LABELS.format('log_probabilities')} {IGNORED} Of log_softmax it is cross_entropy. "
                             f"{REDUCED}",
                 conventions="what has no label is not taken; NaN where nothing is counted",
                 special=[(([[-1.0, -0.5], [-2.0, -0.25]], [0, 1]), 0.625, ([[-0.5, 0.0], [0.0, -0.5]], None)),
                          (([-inf, 0.0], 1), 0.0, ([0.0, -1.0], None)), (([-inf, 0.0], 0), inf, ([-1.0, 0.0], None))]),
    ]  # fmt: skip


# --- vectors along an axis ---


def _ratio(xp: Any, p: Any, q: Any) -> Any:
    """p / q, NaN where q is no probability."""
    return xp.where(q >= 0, p / xp.abs(q), nan)


def _divergence(xp: Any, p: Any, q: Any, *, axis: Axes = -1, reduction: Reduction = "mean") -> Any:
    _check_alike(xp, p, q, ("p", "q"))
    terms = xp.where(xp.logical_and(p == 0, q >= 0), 0.0, p * xp.log(_ratio(xp, p, q)))
    return reduce_losses(xp, xp.sum(terms, axis=axis), reduction)


def _check_alike(xp: Any, x: Any, y: Any, names: tuple[str, str]) -> None:
    check_same_shape(xp, x, y, names)
    if not xp.ndim(x) or not xp.ndim(y):
        which = names[0] if not xp.ndim(x) else names[1]
        raise ValueError(f"{which} is one number, and needs an axis")


def _share_of_vectors(xp: Any, g: Any, x: Any, axis: Axes, reduction: str) -> Any:
    """The cotangent of what each vector along the axis gave, in a shape that broadcasts against x."""
    if reduction == "none":
        return g if axis is None else xp.expand_dims(g, axis=axis)
    return g * (xp.size(x, axis) / xp.size(x)) if reduction == "mean" and xp.size(x) else g


def _divergence_dp(xp: Any, g: Any, z: Any, p: Any, q: Any, *, axis: Axes, reduction: str) -> Any:
    slopes = xp.where(xp.logical_and(p == 0, q == 0), inf, 1 + xp.log(_ratio(xp, p, q)))
    return _share_of_vectors(xp, g, p, axis, reduction) * slopes


def _divergence_dq(xp: Any, g: Any, z: Any, p: Any, q: Any, *, axis: Axes, reduction: str) -> Any:
    ratio = xp.where(p >= 0, _ratio(xp, p, q), nan)
    slopes = xp.where(xp.logical_and(p == 0, q >= 0), 0.0, -ratio)
    return _share_of_vectors(xp, g, p, axis, reduction) * slopes


def _divide_by_norm(xp: Any, x: Any, axis: Axes) -> tuple[Any, Any]:
    """x divided by its 2-norm, and the norm. The largest element goes first, since squares overflow and vanish."""
    largest = xp.max(xp.abs(x), axis=axis, keepdims=True)
    scaled = x / largest
    norm = xp.sqrt(xp.sum(scaled * scaled, axis=axis, keepdims=True))
    return scaled / norm, largest * norm


def _cosine(xp: Any, x: Any, y: Any, *, axis: Axes = -1) -> Any:
    _check_alike(xp, x, y, ("x", "y"))
    return xp.sum(_divide_by_norm(xp, x, axis)[0] * _divide_by_norm(xp, y, axis)[0], axis=axis)


def _cosine_slope(xp: Any, g: Any, z: Any, x: Any, y: Any, axis: Axes) -> Any:
    g, z = (g, z) if axis is None else (xp.expand_dims(g, axis=axis), xp.expand_dims(z, axis=axis))
    direction, norm = _divide_by_norm(xp, x, axis)
    return g * ((_divide_by_norm(xp, y, axis)[0] - z * direction) / norm)


def _vectors() -> list[tuple[tuple[int, ...], dict[str, Any]]]:
    return [((5,), {}), ((3, 4), {}), ((3, 4), {"axis": 0}), ((2, 3, 4), {"axis": (0, -1)}), ((2, 3), {"axis": None}),
            ((2, 3, 4), {"axis": -2}), ((0, 3), {"axis": 1})]  # fmt: skip


def _divergence_examples(rng: Any) -> Sequence[Any]:
    return [((rng.uniform(0.1, 0.9, size=shape), rng.uniform(0.1, 0.9, size=shape)), {**attributes, "reduction": item})
            for shape, attributes in _vectors() for item in REDUCTIONS if 0 not in shape or item != "mean"]  # fmt: skip


def _cosine_examples(rng: Any) -> Sequence[Any]:
    return [((rng.normal(size=shape), rng.normal(size=shape)), attributes) for shape, attributes in _vectors()]


def _of_vectors() -> list[Operator]:
    return [
        Operator("kl_divergence", "z = mean of sum of p * ln(p / q) over axis",
                 forward=_divergence, backward={"p": _divergence_dp, "q": _divergence_dq},
                 examples=_divergence_examples, source=DIVERGENCE,
                 description="Of two distributions in the same shape, as probabilities, not their logarithms: how far "
                             'q, the model, is from the truth p. With reduction "sum" the divergences of all pairs are '
                             'added up, with "none" each is kept.',
                 conventions="0 * ln(0 / q) = 0, with slope -inf in p and 0 in q; inf where q alone is 0; NaN below 0",
                 special=[(([0.5, 0.5], [0.25, 0.5]), 0.5 * log(2.0), ([1 + log(2.0), 1.0], [-2.0, -1.0])),
                          (([0.0, 1.0], [0.5, 0.5]), log(2.0), ([-inf, 1 + log(2.0)], [0.0, -2.0])),
                          (([0.0, 1.0], [0.0, 1.0]), 0.0, ([inf, 1.0], [0.0, -1.0])),
                          (([0.5, 0.5], [0.0, 0.5]), inf, ([inf, 1.0], [-inf, -1.0])),
                          (([-1.0, 1.0], [1.0, 1.0]), nan, ([nan, 1.0], [nan, -1.0])),
                          (([0.0, 1.0], [-1.0, 1.0]), nan, ([nan, 1.0], [nan, -1.0]))]),
        Operator("cosine_similarity", "z = sum of x * y over axis / (2-norm of x * 2-norm of y)",
                 forward=_cosine,
                 backward={"x": lambda xp, g, z, x, y, *, axis: _cosine_slope(xp, g, z, x, y, axis),
                           "y": lambda xp, g, z, x, y, *, axis: _cosine_slope(xp, g, z, y, x, axis)},
                 examples=_cosine_examples,
                 description="The cosine of the angle between x and y, which have the same shape.",
                 conventions="NaN, with NaN slopes, where x or y is the zero vector, which has no direction",
                 special=[(([3.0, 4.0], [1.0, 0.0]), 0.6, ([0.128, -0.096], [0.0, 0.8])),
                          (([1e200, 0.0], [2.0, 0.0]), 1.0, ([0.0, 0.0], [0.0, 0.0])),
                          (([0.0, 0.0], [1.0, 0.0]), nan, ([nan, nan], [nan, nan]))]),
    ]  # fmt: skip
