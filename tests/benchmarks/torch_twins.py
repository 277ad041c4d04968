"""Operators written with PyTorch, to be compared with ours: `TWINS[name](*inputs, **attributes)` on tensors.

A twin gives NotImplemented where PyTorch has nothing to compare with. What PyTorch lacks is put together from what it
has, so that the gradient is its own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import Any

from tests.benchmarks import torch_arrays, torch_layers, torch_linalg
from tests.benchmarks.torch_arrays import reduce_merged
from tests.benchmarks.twin_tools import list_axes

torch: Any = import_module("torch")
special: Any = torch.special

SAME = (
    "add subtract multiply divide reciprocal lerp remainder fmod frac negative positive abs pow square sqrt "
    "hypot ceil floor round trunc sign exp exp2 expm1 log log2 log10 log1p logaddexp logaddexp2 sin cos tan "
    "asin acos atan atan2 rad2deg deg2rad sinc sinh cosh tanh asinh acosh atanh not_equal less less_equal "
    "greater greater_equal isfinite isinf isnan signbit logical_and logical_or logical_xor logical_not "
    "bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift maximum minimum fmax fmin "
    "nextafter nan_to_num where copysign zeros_like ones_like full_like"
).split()
SPECIAL = (
    "erf erfc erfcx erfinv ndtr log_ndtr ndtri logit xlogy xlog1py entr gammaln digamma zeta gammainc "
    "gammaincc i0 i0e i1e"
).split()

OVERFLOW = 700.0  # beyond, the slope of PyTorch's i1 is inf - inf


# --- reductions and scans ---


def _reduce(function: Callable[..., Any], x: Any, *, axis: Any = None, keepdims: bool = False, **more: Any) -> Any:
    return function(x, dim=list_axes(axis, x.ndim), keepdim=keepdims, **more)


def _quantile(x: Any, *, q: Any, axis: Any = None, keepdims: bool = False) -> Any:
    if not x.numel():
        return NotImplemented
    if isinstance(q, tuple | list):
        return torch.stack([_quantile(x, q=item, axis=axis, keepdims=keepdims) for item in q])
    return reduce_merged(lambda merged: merged.quantile(q, dim=-1), x, axis=axis, keepdims=keepdims)


def _argument(function: Callable[..., Any], x: Any, *, axis: int | None = None, keepdims: bool = False) -> Any:
    return function(x, dim=axis, keepdim=keepdims)


def _scan(function: Callable[..., Any], first: float, x: Any, *, axis: int | None = None, **more: Any) -> Any:
    axis = 0 if axis is None else axis
    z = function(x, dim=axis)
    z = z if isinstance(z, torch.Tensor) else z.values
    if not more.get("include_initial"):
        return z
    shape = list(x.shape)
    shape[axis] = 1
    return torch.cat([x.new_full(shape, first), z], dim=axis)


def _linear_recurrence(x: Any, a: Any, *, axis: int = -1, reverse: bool = False) -> Any:
    a = torch.broadcast_to(a, x.shape)
    z: list[Any] = []
    for i in range(x.shape[axis])[:: -1 if reverse else 1]:
        z.append(x.select(axis, i) + (a.select(axis, i) * z[-1] if z else 0.0))
    return torch.stack(z[:: -1 if reverse else 1], dim=axis) if z else x.clone()


def _diff(x: Any, prepend: Any = None, append: Any = None, *, axis: int = -1, n: int = 1) -> Any:
    return torch.diff(x, n=n, dim=axis, prepend=prepend, append=append)


def _trapezoid(y: Any, x: Any = None, *, dx: float = 1.0, axis: int = -1) -> Any:
    return torch.trapezoid(y, dx=dx, dim=axis) if x is None else torch.trapezoid(y, x, dim=axis)


def _searchsorted(x: Any, y: Any, sorter: Any = None, *, side: str = "left") -> Any:
    return torch.searchsorted(x, y, side=side, sorter=sorter)


def _make_reductions() -> dict[str, Callable[..., Any]]:
    whole = {"sum": torch.sum, "mean": torch.mean, "nansum": torch.nansum, "nanmean": torch.nanmean,
             "max": torch.amax, "min": torch.amin, "logsumexp": torch.logsumexp}  # fmt: skip
    one = ("prod", "all", "any", "count_nonzero")
    scans = {"cumulative_sum": (torch.cumsum, 0.0), "cumulative_prod": (torch.cumprod, 1.0),
             "cumulative_max": (torch.cummax, 0.0), "cumulative_min": (torch.cummin, 0.0),
             "log_cumulative_sum_exp": (torch.logcumsumexp, 0.0)}  # fmt: skip
    return {
        **{name: partial(_reduce, function) for name, function in whole.items()},
        **{name: partial(reduce_merged, partial(getattr(torch, name), dim=-1)) for name in one},
        **{name: partial(_scan, *item) for name, item in scans.items()},
        **{name: partial(_argument, getattr(torch, name)) for name in ("argmax", "argmin")},
        **{name: partial(_reduce, partial(getattr(torch, name), correction=0.0)) for name in ("var", "std")},
        "median": partial(_quantile, q=0.5),
        "quantile": _quantile,
        "linear_recurrence": _linear_recurrence,
        "diff": _diff,
        "trapezoid": _trapezoid,
        "searchsorted": _searchsorted,
        "sort": lambda x, *, axis=-1, **more: torch.sort(x, dim=axis, **more).values,
        "argsort": lambda x, *, axis=-1, **more: torch.argsort(x, dim=axis, **more),
        "top_k": lambda x, *, k, axis=-1, largest=True: tuple(torch.topk(x, k, dim=axis, largest=largest)),
    }


# --- functions ---


def _bessel(function: Callable[..., Any], x: Any, *, v: int) -> Any:
    """The mean over a period, which is exact to rounding for what is smooth, once there are enough places."""
    t = torch.linspace(0.0, 2 * torch.pi, 16385, dtype=x.dtype)[1:]
    return function(x.unsqueeze(-1), t, v).mean(dim=-1)


_jv = partial(_bessel, lambda x, t, v: torch.cos(v * t - x * torch.sin(t)))
_iv = partial(_bessel, lambda x, t, v: torch.exp(x * torch.cos(t)) * torch.cos(v * t))


def _betaln(a: Any, b: Any) -> Any:
    return torch.lgamma(a) + torch.lgamma(b) - torch.lgamma(a + b)


def _interp(x: Any, points: Any, values: Any) -> Any:
    if len(points) < 2:
        return values[torch.zeros(x.shape, dtype=torch.int64)]
    i = torch.clamp(torch.searchsorted(points, x, right=True) - 1, 0, len(points) - 2)
    inside = torch.clamp((x - points[i]) / (points[i + 1] - points[i]), 0.0, 1.0)
    return values[i] + (values[i + 1] - values[i]) * inside


TWINS: Mapping[str, Callable[..., Any]] = {
    **{name: getattr(torch, name) for name in SAME},
    **{name: getattr(special, name) for name in SPECIAL},
    "identity": lambda x: x.clone(),
    "cbrt": lambda x: torch.sign(x) * torch.abs(x) ** (1 / 3),
    "equal": torch.eq,
    "floor_divide": partial(torch.div, rounding_mode="floor"),
    "heaviside": lambda x, y: torch.where(x == 0, y, torch.heaviside(x.detach(), y.detach())),
    "clip": lambda x, *, min=None, max=None: x.clone() if min is max is None else torch.clip(x, min, max),
    "bitwise_invert": torch.bitwise_not,
    "rel_entr": lambda x, y: special.xlogy(x, x / y),
    "polygamma": lambda x, *, n: special.polygamma(n, x),
    "betaln": _betaln,
    "beta": lambda a, b: torch.exp(_betaln(a, b)),
    "jv": _jv,
    "j0": partial(_jv, v=0),
    "j1": partial(_jv, v=1),
    "iv": _iv,
    "i1": lambda x: special.i1(x) if torch.all(torch.abs(x) < OVERFLOW) else NotImplemented,
    "interp": _interp,
    **_make_reductions(),
    **torch_arrays.TWINS,
    **torch_linalg.TWINS,
    **torch_layers.TWINS,
}
