"""Activations, losses and layers written with JAX."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from math import prod
from typing import Any

from tests.benchmarks.jax_arrays import adjoint
from tests.benchmarks.twin_tools import each, list_axes

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


# --- convolutions ---


def _place_bias(z: Any, bias: Any) -> Any:
    return z if bias is None else z + bias.reshape(-1, *(1,) * (z.ndim - 2))


def _conv(x: Any, weight: Any, bias: Any = None, *, stride: Any = 1, padding: Any = 0, dilation: Any = 1,
          groups: int = 1) -> Any:  # fmt: skip
    count = x.ndim - 2
    pads = padding.upper() if isinstance(padding, str) else [(item, item) for item in each(padding, count)]
    z = lax.conv_general_dilated(x, weight, each(stride, count), pads, rhs_dilation=each(dilation, count),
                                 feature_group_count=groups)  # fmt: skip
    return _place_bias(z, bias)


def _conv_transpose(x: Any, weight: Any, bias: Any = None, *, stride: Any = 1, padding: Any = 0,
                    output_padding: Any = 0, dilation: Any = 1, groups: int = 1) -> Any:  # fmt: skip
    """A convolution of `x` with zeros between its elements, the kernel turned round."""
    count = x.ndim - 2
    steps, cuts, more, gaps = (each(item, count) for item in (stride, padding, output_padding, dilation))
    lengths = zip(weight.shape[2:], cuts, more, gaps, strict=True)
    pads = [(gap * (k - 1) - cut, gap * (k - 1) - cut + extra) for k, cut, extra, gap in lengths]
    rows, columns, *kernel = weight.shape
    turned = jnp.flip(weight, tuple(range(2, x.ndim))).reshape(groups, rows // groups, columns, *kernel)
    turned = jnp.swapaxes(turned, 1, 2).reshape(groups * columns, rows // groups, *kernel)
    z = lax.conv_general_dilated(x, turned, (1,) * count, pads, lhs_dilation=steps, rhs_dilation=gaps,
                                 feature_group_count=groups)  # fmt: skip
    return _place_bias(z, bias)


# --- pools ---


def _over_windows(start: Any, function: Any, x: Any, kernel_size: Any, stride: Any, padding: Any) -> Any:
    count = x.ndim - 2
    lengths, steps = ((1, 1, *each(item, count)) for item in (kernel_size, stride or kernel_size))
    pads = [(0, 0), (0, 0), *((item, item) for item in each(padding, count))]
    return lax.reduce_window(x, start, function, lengths, steps, pads)


def _shared_max_pool(x: Any, *, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1) -> Any:
    """A pool that shares among elements that are equally large, and has a dilation, which JAX's have not."""
    count = x.ndim - 2
    x = jnp.pad(x, [(0, 0), (0, 0), *((item, item) for item in each(padding, count))], constant_values=-jnp.inf)
    given = zip(each(kernel_size, count), each(stride or kernel_size, count), each(dilation, count), strict=True)
    for number, (length, step, gap) in enumerate(given):
        axis = 2 + 2 * number
        first = jnp.arange(0, x.shape[axis] - gap * (length - 1), step)
        x = jnp.take(x, first[:, None] + gap * jnp.arange(length), axis=axis)
    return jnp.max(x, axis=tuple(range(3, x.ndim, 2)))


def _max_pool(x: Any, *, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1) -> Any:
    if dilation != 1:
        return _shared_max_pool(x, kernel_size=kernel_size, stride=stride, padding=padding, dilation=dilation)
    return _over_windows(-jnp.inf, lax.max, x, kernel_size, stride, padding)


def _max_pool_gradient(g: Any, z: Any, x: Any, **attributes: Any) -> Any:
    return jax.vjp(lambda at: _shared_max_pool(at, **attributes), x)[1](g)[0]


def _max_pool_tangent(h: Any, z: Any, x: Any, **attributes: Any) -> Any:
    return jax.jvp(lambda at: _shared_max_pool(at, **attributes), (x,), (h,))[1]


def _avg_pool(x: Any, *, kernel_size: Any, stride: Any = None, padding: Any = 0, count_include_pad: bool = True) -> Any:
    total = _over_windows(0.0, lax.add, x, kernel_size, stride, padding)
    if count_include_pad:
        return total / prod(each(kernel_size, x.ndim - 2))
    return total / _over_windows(0.0, lax.add, jnp.ones(x.shape), kernel_size, stride, padding)


def _adaptive(x: Any, *, output_size: Any) -> Any:
    for axis, m in enumerate(each(output_size, x.ndim - 2), start=2):
        n = x.shape[axis]
        parts = [lax.slice_in_dim(x, i * n // m, -(-(i + 1) * n // m), axis=axis) for i in range(m)]
        x = jnp.concat([part.mean(axis=axis, keepdims=True) for part in parts], axis=axis)
    return x


def _unfold_patches(x: Any, *, kernel_size: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1) -> Any:
    count = x.ndim - 2
    z = lax.conv_general_dilated_patches(
        x, each(kernel_size, count), each(stride, count), [(item, item) for item in each(padding, count)],
        rhs_dilation=each(dilation, count),
    )  # fmt: skip
    return z.reshape(*z.shape[:2], prod(z.shape[2:]))


def _fold_patches(x: Any, *, output_size: Any, kernel_size: Any, **attributes: Any) -> Any:
    lengths = each(output_size, 1)
    shape = (x.shape[0], x.shape[1] // prod(each(kernel_size, len(lengths))), *lengths)
    return adjoint(partial(_unfold_patches, kernel_size=kernel_size, **attributes), shape, x)


def _adjoint_of(function: Callable[..., Any], g: Any, *, shape: Any, **attributes: Any) -> Any:
    return adjoint(lambda x: function(x, **attributes), shape, g)


def _conv_input_gradient(g: Any, weight: Any, *, shape: Any, **attributes: Any) -> Any:
    return adjoint(lambda x: _conv(x, weight, **attributes), shape, g)


def _conv_weight_gradient(g: Any, x: Any, *, shape: Any, **attributes: Any) -> Any:
    return adjoint(lambda weight: _conv(x, weight, **attributes), shape, g)


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
    return jax.vjp(lambda *at: _attention(*at, mask, **attributes), q, k, v)[1](g)


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
    "conv": _conv,
    "conv_transpose": _conv_transpose,
    "conv_input_gradient": _conv_input_gradient,
    "conv_weight_gradient": _conv_weight_gradient,
    "max_pool": _max_pool,
    "max_pool_gradient": _max_pool_gradient,
    "max_pool_tangent": _max_pool_tangent,
    "avg_pool": _avg_pool,
    "avg_pool_gradient": partial(_adjoint_of, _avg_pool),
    "adaptive_avg_pool": _adaptive,
    "adaptive_avg_pool_gradient": partial(_adjoint_of, _adaptive),
    "unfold_patches": _unfold_patches,
    "fold_patches": _fold_patches,
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
