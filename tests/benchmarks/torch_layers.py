"""Activations, losses and layers written with PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import Any

from tests.benchmarks.torch_arrays import adjoint, merge
from tests.benchmarks.twin_tools import each, list_axes

torch: Any = import_module("torch")
F: Any = torch.nn.functional


# --- softmaxes and losses ---


def _softmax(function: Callable[..., Any], x: Any, *, axis: Any = -1) -> Any:
    axes = list_axes(axis, x.ndim)
    last = tuple(range(x.ndim - len(axes), x.ndim))
    moved = torch.movedim(x, axes, last)
    return torch.movedim(function(merge(x, axis), dim=-1).reshape(moved.shape), last, axes)


def _loss(function: Callable[..., Any], x: Any, targets: Any, **attributes: Any) -> Any:
    return function(x, torch.broadcast_to(targets, x.shape), **{"reduction": "mean", **attributes})


def _reduce(losses: Any, reduction: str) -> Any:
    return losses if reduction == "none" else getattr(torch, reduction)(losses)


def _hinge(scores: Any, labels: Any, *, reduction: str = "mean") -> Any:
    return _reduce(F.relu(1 - scores * labels), reduction)


def _of_labels(function: Callable[..., Any], x: Any, labels: Any, *, ignore_index: Any = None, **more: Any) -> Any:
    return function(torch.movedim(x, -1, min(1, x.ndim - 1)), labels, ignore_index=-999 if ignore_index is None
                    else ignore_index, **more)  # fmt: skip


def _kl_divergence(p: Any, q: Any, *, axis: Any = -1, reduction: str = "mean") -> Any:
    losses = F.kl_div(torch.log(q), p, reduction="none")
    return _reduce(torch.sum(losses, dim=list_axes(axis, p.ndim)), reduction)


def _cosine_similarity(x: Any, y: Any, *, axis: Any = -1) -> Any:
    return F.cosine_similarity(merge(x, axis), merge(y, axis), dim=-1, eps=0.0)


# --- convolutions and pools, by the number of spatial axes ---


def _spatial(name: str, x: Any) -> Any:
    return getattr(F, f"{name}{x.ndim - 2}d")


def _conv(x: Any, weight: Any, bias: Any = None, **attributes: Any) -> Any:
    return _spatial("conv", x)(x, weight, bias, **attributes)


def _conv_transpose(x: Any, weight: Any, bias: Any = None, **attributes: Any) -> Any:
    return _spatial("conv_transpose", x)(x, weight, bias, **attributes)


def _conv_input_gradient(g: Any, weight: Any, *, shape: Any, **attributes: Any) -> Any:
    return adjoint(lambda x: _conv(x, weight, **attributes), shape, g)


def _conv_weight_gradient(g: Any, x: Any, *, shape: Any, **attributes: Any) -> Any:
    return adjoint(lambda weight: _conv(x, weight, **attributes), shape, g)


def _max_pool(x: Any, **attributes: Any) -> Any:
    return _spatial("max_pool", x)(x, **attributes)


def _windows(x: Any, kernel_size: Any, stride: Any, padding: Any, dilation: Any, fill: float) -> Any:
    """The windows, with an axis for each of their positions and then one for each of their elements."""
    count = x.ndim - 2
    pads = [item for pad in reversed(each(padding, count)) for item in (pad, pad)]
    z = F.pad(x, pads, value=fill)
    given = zip(each(kernel_size, count), each(stride, count), each(dilation, count), strict=True)
    for axis, (length, step, gap) in enumerate(given):
        z = z.unfold(axis + 2, gap * (length - 1) + 1, step)[..., ::gap]
    return z


def _shared_max_pool(x: Any, *, kernel_size: Any, stride: Any = None, padding: Any = 0, dilation: Any = 1) -> Any:
    """A pool that, other than PyTorch's, shares among elements that are equally large."""
    windows = _windows(x, kernel_size, stride or kernel_size, padding, dilation, -torch.inf)
    return torch.amax(windows, dim=tuple(range(x.ndim, windows.ndim)))


def _max_pool_gradient(g: Any, z: Any, x: Any, **attributes: Any) -> Any:
    return adjoint(lambda at: _shared_max_pool(at, **attributes), [x], g)[0]


def _max_pool_tangent(h: Any, z: Any, x: Any, **attributes: Any) -> Any:
    return adjoint(lambda g: _max_pool_gradient(g, z, x, **attributes), z.shape, h)


def _avg_pool(x: Any, **attributes: Any) -> Any:
    return _spatial("avg_pool", x)(x, **attributes)


def _adaptive(x: Any, *, output_size: Any) -> Any:
    return _spatial("adaptive_avg_pool", x)(x, output_size)


def _pool_gradient(function: Callable[..., Any], g: Any, *, shape: Any, **attributes: Any) -> Any:
    return adjoint(lambda x: function(x, **attributes), shape, g)


def _unfold_patches(x: Any, *, kernel_size: Any, stride: Any = 1, padding: Any = 0, dilation: Any = 1) -> Any:
    windows = _windows(x, kernel_size, stride, padding, dilation, 0.0)
    places, kernel = range(2, x.ndim), range(x.ndim, windows.ndim)
    count = windows.shape[2 : x.ndim].numel()
    columns = x.shape[1] * windows.shape[x.ndim :].numel()
    return windows.permute(0, 1, *kernel, *places).reshape(x.shape[0], columns, count)


def _fold_patches(x: Any, *, output_size: Any, kernel_size: Any, **attributes: Any) -> Any:
    lengths = each(output_size, 1)
    size = torch.Size(each(kernel_size, len(lengths))).numel()
    shape = (x.shape[0], x.shape[1] // size, *lengths)
    return adjoint(lambda z: _unfold_patches(z, kernel_size=kernel_size, **attributes), shape, x)


# --- norms ---


def _normalize(
    x: Any, weight: Any = None, bias: Any = None, *, axis: Any, epsilon: float = 1e-5, centered: bool = True
) -> Any:
    x = x - x.mean(dim=axis, keepdim=True) if centered else x
    z = x / torch.sqrt((x * x).mean(dim=axis, keepdim=True) + epsilon)
    z = z if weight is None else z * weight
    return z if bias is None else z + bias


def _normalize_gradient(g: Any, x: Any, weight: Any = None, **attributes: Any) -> Any:
    given = x.new_ones([1] * x.ndim) if weight is None else weight
    bias = torch.zeros_like(given)
    dx, dweight, dbias = adjoint(lambda *at: _normalize(*at, **attributes), [x, given, bias], g)
    return (dx, *((0 * dweight, 0 * dbias) if weight is None else (dweight, dbias)))


def _over_last(function: Callable[..., Any], x: Any, *weights: Any, axis: Any = -1, epsilon: Any = None) -> Any:
    axes = list_axes(axis, x.ndim)
    last = tuple(range(x.ndim - len(axes), x.ndim))
    moved = torch.movedim(x, axes, last)
    return torch.movedim(function(moved, moved.shape[last[0] :], *weights, eps=epsilon), last, axes)


def _layer_norm(x: Any, *weights: Any, epsilon: float = 1e-5, **attributes: Any) -> Any:
    return _over_last(F.layer_norm, x, *weights, epsilon=epsilon, **attributes)


def _rms_norm(x: Any, *weights: Any, epsilon: float = 1e-6, **attributes: Any) -> Any:
    return _over_last(F.rms_norm, x, *weights, epsilon=epsilon, **attributes)


def _batch_norm(x: Any, weight: Any = None, bias: Any = None, mean: Any = None, var: Any = None, *,
                epsilon: float = 1e-5) -> Any:  # fmt: skip
    if mean is None and x[:, 0].numel() == 1:
        return NotImplemented  # PyTorch refuses it
    if mean is None:
        return F.batch_norm(x, None, None, weight, bias, training=True, eps=epsilon)
    shape = [-1, *[1] * (x.ndim - 2)]  # PyTorch does not differentiate in the statistics
    mean, var, weight, bias = (item.reshape(shape) for item in (mean, var, weight, bias))
    return (x - mean) / torch.sqrt(var + epsilon) * weight + bias


def _group_norm(x: Any, *weights: Any, num_groups: int, epsilon: float = 1e-5) -> Any:
    return F.group_norm(x, num_groups, *weights, eps=epsilon)


def _instance_norm(x: Any, weight: Any = None, bias: Any = None, *, epsilon: float = 1e-5) -> Any:
    return F.instance_norm(x, weight=weight, bias=bias, eps=epsilon) if len(x) else NotImplemented


# --- attention and recurrent cells ---


def _attention(q: Any, k: Any, v: Any, mask: Any = None, *, is_causal: bool = False, scale: Any = None) -> Any:
    if mask is not None and is_causal:  # PyTorch takes only one of them
        mask, is_causal = mask & torch.ones(q.shape[-2], k.shape[-2], dtype=torch.bool).tril(), False
    return F.scaled_dot_product_attention(q, k, v, mask, is_causal=is_causal, scale=scale)


def _attention_gradient(g: Any, q: Any, k: Any, v: Any, mask: Any = None, **attributes: Any) -> Any:
    with torch.nn.attention.sdpa_kernel(torch.nn.attention.SDPBackend.MATH):  # the others go back only once
        return adjoint(lambda q, k, v: _attention(q, k, v, mask, **attributes), [q, k, v], g)


def _cell(
    cell: Callable[..., Any], x: Any, states: Any, w_ih: Any, w_hh: Any, b_ih: Any = None, b_hh: Any = None
) -> Any:
    """PyTorch's cells take one axis of samples, and both biases or none."""
    b_ih, b_hh = (w_ih.new_zeros(len(w_ih)) if item is None else item for item in (b_ih, b_hh))
    shape = states[0].shape
    flat = [item.reshape(shape[:-1].numel(), item.shape[-1]) for item in (x, *states)]
    found = cell(flat[0], flat[1:] if len(states) > 1 else flat[1], w_ih, w_hh, b_ih, b_hh)
    return tuple(item.reshape(shape) for item in found) if len(states) > 1 else found.reshape(shape)


TWINS: Mapping[str, Callable[..., Any]] = {
    "sigmoid": torch.sigmoid,
    "log_sigmoid": F.logsigmoid,
    "softplus": partial(F.softplus, threshold=700.0),
    "softsign": F.softsign,
    "silu": F.silu,
    "gelu": F.gelu,
    "mish": F.mish,
    "glu": lambda x, *, axis=-1: F.glu(x, dim=axis),
    "relu": F.relu,
    "relu6": F.relu6,
    "leaky_relu": F.leaky_relu,
    "prelu": lambda x, weight: torch.where(x > 0, x, weight * x),
    "elu": F.elu,
    "selu": F.selu,
    "celu": F.celu,
    "hard_tanh": lambda x, *, min=-1.0, max=1.0: F.hardtanh(x, min, max),
    "hard_sigmoid": F.hardsigmoid,
    "hard_swish": F.hardswish,
    "softshrink": F.softshrink,
    "hard_shrink": F.hardshrink,
    "softmax": partial(_softmax, torch.softmax),
    "log_softmax": partial(_softmax, torch.log_softmax),
    "mean_squared_error": partial(_loss, F.mse_loss),
    "mean_absolute_error": partial(_loss, F.l1_loss),
    "huber": partial(_loss, F.huber_loss),
    "binary_cross_entropy_with_logits": partial(_loss, F.binary_cross_entropy_with_logits),
    "binary_cross_entropy": partial(_loss, F.binary_cross_entropy),
    "hinge": _hinge,
    "cross_entropy": partial(_of_labels, F.cross_entropy),
    "negative_log_likelihood": partial(_of_labels, F.nll_loss),
    "kl_divergence": _kl_divergence,
    "cosine_similarity": _cosine_similarity,
    "linear": F.linear,
    "embedding": F.embedding,
    "conv": _conv,
    "conv_transpose": _conv_transpose,
    "conv_input_gradient": _conv_input_gradient,
    "conv_weight_gradient": _conv_weight_gradient,
    "max_pool": _max_pool,
    "max_pool_gradient": _max_pool_gradient,
    "max_pool_tangent": _max_pool_tangent,
    "avg_pool": _avg_pool,
    "avg_pool_gradient": partial(_pool_gradient, _avg_pool),
    "adaptive_avg_pool": _adaptive,
    "adaptive_avg_pool_gradient": partial(_pool_gradient, _adaptive),
    "unfold_patches": _unfold_patches,
    "fold_patches": _fold_patches,
    "normalize": _normalize,
    "normalize_gradient": _normalize_gradient,
    "layer_norm": _layer_norm,
    "rms_norm": _rms_norm,
    "batch_norm": _batch_norm,
    "group_norm": _group_norm,
    "instance_norm": _instance_norm,
    "scaled_dot_product_attention": _attention,
    "scaled_dot_product_attention_gradient": _attention_gradient,
    "lstm_cell": lambda x, h, c, *weights: _cell(torch.lstm_cell, x, (h, c), *weights),
    "gru_cell": lambda x, h, *weights: _cell(torch.gru_cell, x, (h,), *weights),
}
