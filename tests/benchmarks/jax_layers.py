"""Activations, losses and layers written with JAX."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from math import prod
from typing import Any

from tests.benchmarks import jax_windows
from tests.benchmarks.twin_tools import list_axes

jax: Any = import_module("jax")
jnp: Any = import_module("jax.numpy")
nn: Any = jax.nn
lax: Any = jax.lax

SAME = (
    "sigmoid log_sigmoid softplus silu mish glu relu relu6 leaky_relu elu selu celu hard_sigmoid hard_swish"
).split()


# --- losses ---


def _loss(function: Callable[..., Any], x: Any, y: Any, *, reduction: str = "mean", **attributes: Any) -> Any:
    return _reduce(function(x, y, **attributes), reduction)


def _reduce(losses: Any, reduction: str) -> Any:
    return losses if reduction == "none" else getattr(jnp, reduction)(losses)


def _huber(x: Any, y: Any, *, delta: float = 1.0) -> Any:
    d = jnp.abs(x - y)
    return jnp.where(d <= delta, d * d / 2, delta * (d - delta / 2))


def _of_logits(x: Any, y: Any) -> Any:
    return -(y * nn.log_sigmoid(x) + (1 - y) * nn.log_sigmoid(-x))


def _of_probabilities(x: Any, y: Any) -> Any:
    return -(y * jnp.log(x) + (1 - y) * jnp.log1p(-x))


def _likelihood(
    x: Any, labels: Any, *, label_smoothing: float = 0.0, ignore_index: Any = None, reduction: str = "mean"
) -> Any:
    kept = labels != ignore_index if ignore_index is not None else jnp.ones(labels.shape, bool)
    targets = nn.one_hot(jnp.where(kept, labels, 0), x.shape[-1], dtype=x.dtype)
    targets = (1 - label_smoothing) * targets + label_smoothing / x.shape[-1]
    losses = jnp.where(kept, -jnp.sum(targets * x, axis=-1), 0.0)
    return jnp.sum(losses) / jnp.sum(kept) if reduction == "mean" else _reduce(losses, reduction)


def _cross_entropy(x: Any, labels: Any, **attributes: Any) -> Any:
    return _likelihood(nn.log_softmax(x, axis=-1), labels, **attributes)


def _kl_divergence(p: Any, q: Any, *, axis: Any = -1) -> Any:
    return jnp.sum(jax.scipy.special.rel_entr(p, q), axis=axis)


def _cosine_similarity(x: Any, y: Any, *, axis: Any = -1) -> Any:
    return jnp.sum(x * y, axis=axis) / jnp.sqrt(jnp.sum(x * x, axis=axis) * jnp.sum(y * y, axis=axis))


# --- norms ---


def _normalize(
    x: Any, weight: Any = None, bias: Any = None, *, axis: Any, epsilon: float = 1e-5, centered: bool = True
) -> Any:
    if centered:
        z = nn.standardize(x, axis=axis, epsilon=epsilon)
    else:
        z = x * lax.rsqrt(jnp.mean(jnp.square(x), axis=axis, keepdims=True) + epsilon)
    z = z if weight is None else z * weight
    return z if bias is None else z + bias


def _normalize_gradient(g: Any, x: Any, weight: Any = None, **attributes: Any) -> Any:
    given = jnp.ones((1,) * x.ndim) if weight is None else weight
    found = jax.vjp(lambda *at: _normalize(*at, **attributes), x, given, jnp.zeros(given.shape))[1](g)
    return found if weight is not None else (found[0], 0 * found[1], 0 * found[2])


def _spread(x: Any, weight: Any, axes: Any) -> Any:
    if weight is None:
        return None
    return weight.reshape([length if place in axes else 1 for place, length in enumerate(x.shape)])


def _over_axes(centered: bool, x: Any, *weights: Any, axis: Any = -1, epsilon: Any = None) -> Any:
    axes = list_axes(axis, x.ndim)
    epsilon = (1e-5 if centered else 1e-6) if epsilon is None else epsilon
    placed = [_spread(x, item, axes) for item in weights]
    return _normalize(x, *placed, axis=axes, epsilon=epsilon, centered=centered)


def _batch_norm(x: Any, weight: Any = None, bias: Any = None, mean: Any = None, var: Any = None, *,
                epsilon: float = 1e-5) -> Any:  # fmt: skip
    weight, bias, mean, var = (_spread(x, item, (1,)) for item in (weight, bias, mean, var))
    if mean is None:
        return _normalize(x, weight, bias, axis=(0, *range(2, x.ndim)), epsilon=epsilon)
    return (x - mean) * lax.rsqrt(var + epsilon) * weight + bias


def _group_norm(x: Any, weight: Any = None, bias: Any = None, *, num_groups: int, epsilon: float = 1e-5) -> Any:
    grouped = x.reshape(x.shape[0], num_groups, x.shape[1] // num_groups, *x.shape[2:])
    z = _normalize(grouped, axis=tuple(range(2, grouped.ndim)), epsilon=epsilon).reshape(x.shape)
    z = z if weight is None else z * _spread(x, weight, (1,))
    return z if bias is None else z + _spread(x, bias, (1,))


def _instance_norm(x: Any, *weights: Any, epsilon: float = 1e-5) -> Any:
    return _group_norm(x, *weights, num_groups=x.shape[1], epsilon=epsilon)


# --- attention and recurrent cells ---


def _attention(q: Any, k: Any, v: Any, mask: Any = None, *, is_causal: bool = False, scale: Any = None) -> Any:
    """JAX's own wants [batch, tokens, heads, features]."""
    lead, ((tokens, features), others) = q.shape[:-2], (q.shape[-2:], k.shape[-2])
    if not prod(lead):
        return NotImplemented
    seen = jnp.ones((tokens, others), bool) if mask is None else jnp.broadcast_to(mask, (*lead, tokens, others))
    seen = seen & jnp.tri(tokens, others, dtype=bool) if is_causal else seen
    seen = jnp.broadcast_to(seen, (*lead, tokens, others)).reshape(prod(lead), 1, tokens, others)
    q, k, v = (item.reshape(prod(lead), 1, *item.shape[-2:]).swapaxes(1, 2) for item in (q, k, v))
    scale = features**-0.5 if scale is None else scale
    weights = nn.softmax(scale * jnp.einsum("bqhd,bkhd->bhqk", q, k), axis=-1, where=seen)
    weights = jnp.where(jnp.any(seen, axis=-1, keepdims=True), weights, 0.0)
    return jnp.einsum("bhqk,bkhd->bqhd", weights, v).swapaxes(1, 2).reshape(*lead, tokens, v.shape[-1])


def _attention_gradient(g: Any, q: Any, k: Any, v: Any, mask: Any = None, **attributes: Any) -> Any:
    if not q.size:
        return NotImplemented
    return jax.vjp(lambda q, k, v: _attention(q, k, v, mask, **attributes), q, k, v)[1](g)


def _gates(x: Any, weight: Any, bias: Any, count: int) -> Any:
    z = x @ weight.T
    return jnp.split(z if bias is None else z + bias, count, axis=-1)


def _lstm_cell(x: Any, h: Any, c: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None) -> Any:
    pairs = zip(_gates(x, w_ih, b_ih, 4), _gates(h, w_hh, b_hh, 4), strict=True)
    i, f, g, o = (one + other for one, other in pairs)
    c = nn.sigmoid(f) * c + nn.sigmoid(i) * jnp.tanh(g)
    return nn.sigmoid(o) * jnp.tanh(c), c


def _gru_cell(x: Any, h: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None) -> Any:
    (r, z, n), (hr, hz, hn) = _gates(x, w_ih, b_ih, 3), _gates(h, w_hh, b_hh, 3)
    n = jnp.tanh(n + nn.sigmoid(r + hr) * hn)
    update = nn.sigmoid(z + hz)
    return (1 - update) * n + update * h


TWINS: Mapping[str, Callable[..., Any]] = {
    **jax_windows.TWINS,
    **{name: getattr(nn, name) for name in SAME},
    "softsign": nn.soft_sign,
    "gelu": lambda x, *, approximate="none": nn.gelu(x, approximate=approximate == "tanh"),
    "prelu": lambda x, weight: jnp.where(x > 0, x, weight * x),
    "hard_tanh": lambda x, *, min=-1.0, max=1.0: jnp.clip(x, min, max),
    "softshrink": lambda x, *, lambd=0.5: jnp.sign(x) * nn.relu(jnp.abs(x) - lambd),
    "hard_shrink": lambda x, *, lambd=0.5: jnp.where(jnp.abs(x) > lambd, x, 0.0),
    "softmax": nn.softmax,
    "log_softmax": nn.log_softmax,
    "mean_squared_error": partial(_loss, lambda x, y: jnp.square(x - y)),
    "mean_absolute_error": partial(_loss, lambda x, y: jnp.abs(x - y)),
    "huber": partial(_loss, _huber),
    "binary_cross_entropy_with_logits": partial(_loss, _of_logits),
    "binary_cross_entropy": partial(_loss, _of_probabilities),
    "hinge": partial(_loss, lambda x, y: nn.relu(1 - x * y)),
    "cross_entropy": _cross_entropy,
    "negative_log_likelihood": _likelihood,
    "kl_divergence": partial(_loss, _kl_divergence),
    "cosine_similarity": _cosine_similarity,
    "linear": lambda x, weight, bias=None: x @ weight.T if bias is None else x @ weight.T + bias,
    "embedding": lambda indices, weight: weight[indices],
    "normalize": _normalize,
    "normalize_gradient": _normalize_gradient,
    "layer_norm": partial(_over_axes, True),
    "rms_norm": partial(_over_axes, False),
    "batch_norm": _batch_norm,
    "group_norm": _group_norm,
    "instance_norm": _instance_norm,
    "scaled_dot_product_attention": _attention,
    "scaled_dot_product_attention_gradient": _attention_gradient,
    "lstm_cell": _lstm_cell,
    "gru_cell": _gru_cell,
}
