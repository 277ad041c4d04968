"""What people write who come from another library, and the operator that they mean."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

COMPLEX = frozenset({"conj", "real", "imag", "angle", "complex", "eigvals", "fft", "ifft", "rfft", "irfft"})

MEANT: Mapping[str, str] = MappingProxyType({
    "mul": "multiply", "times": "multiply", "div": "divide", "truediv": "divide", "sub": "subtract",
    "minus": "subtract", "plus": "add", "neg": "negative", "power": "pow", "ln": "log", "logn": "log",
    "absolute": "abs", "fabs": "abs", "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arctan2": "atan2",
    "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh", "concatenate": "concat", "cat": "concat",
    "hstack": "concat", "vstack": "concat", "transpose": "permute_dims` or `matrix_transpose",
    "swapaxes": "permute_dims", "unsqueeze": "expand_dims", "view": "reshape", "flatten": "reshape",
    "ravel": "reshape", "dot": "matmul` or `vecdot", "mm": "matmul", "bmm": "matmul", "avg": "mean",
    "average": "mean", "amax": "max", "amin": "min", "total": "sum", "product": "prod", "expit": "sigmoid",
    "logistic": "sigmoid", "logsigmoid": "log_sigmoid", "logsoftmax": "log_softmax", "ReLU": "relu",
    "norm_cdf": "ndtr", "cdf": "ndtr", "normcdf": "ndtr", "lgamma": "gammaln", "mod": "remainder",
    "invert": "bitwise_invert", "gt": "greater", "lt": "less", "ge": "greater_equal",
    "le": "less_equal", "eq": "equal", "ne": "not_equal", "cond": "where", "select": "where", "if": "where",
    "ifelse": "where", "gather": "take_along_axis", "cumsum": "cumulative_sum", "clamp": "clip", "sgn": "sign",
    "mse": "mean_squared_error", "mse_loss": "mean_squared_error", "bce": "binary_cross_entropy",
    "bce_with_logits": "binary_cross_entropy_with_logits", "nll_loss": "negative_log_likelihood",
    "softmax_cross_entropy": "cross_entropy", "cast": "astype", "swish": "silu", "hardtanh": "hard_tanh",
    "hardswish": "hard_swish", "hardsigmoid": "hard_sigmoid", "hardshrink": "hard_shrink",
    "l1_loss": "mean_absolute_error", "mae": "mean_absolute_error", "huber_loss": "huber", "smooth_l1_loss": "huber",
    "kl_div": "kl_divergence",
    "masked_select": "boolean_mask", "compress": "boolean_mask", "extract": "boolean_mask", "index_add": "scatter_add",
    "topk": "top_k", "overlap_and_add": "overlap_add", "cumprod": "cumulative_prod", "cummax": "cumulative_max",
    "cummin": "cumulative_min", "logcumsumexp": "log_cumulative_sum_exp", "trapz": "trapezoid", "conv1d": "conv",
    "conv2d": "conv", "conv3d": "conv", "convolution": "conv", "max_pool2d": "max_pool", "avg_pool2d": "avg_pool",
    "attention": "scaled_dot_product_attention", "layernorm": "layer_norm", "batchnorm": "batch_norm",
    "norm": "vector_norm` or `matrix_norm", "logdet": "slogdet", "eig": "eigh", "psi": "digamma",
    "radians": "deg2rad", "degrees": "rad2deg", "percentile": "quantile", "onehot": "one_hot",
})  # fmt: skip
