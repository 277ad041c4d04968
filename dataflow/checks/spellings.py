"""What people write who come from another library, and the operator that they mean."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

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
    "fmod": "remainder", "invert": "bitwise_invert", "gt": "greater", "lt": "less", "ge": "greater_equal",
    "le": "less_equal", "eq": "equal", "ne": "not_equal", "cond": "where", "select": "where", "if": "where",
    "ifelse": "where", "gather": "take_along_axis", "cumsum": "cumulative_sum", "clamp": "clip", "sgn": "sign",
    "mse": "mean_squared_error", "mse_loss": "mean_squared_error", "bce": "binary_cross_entropy_with_logits",
    "bce_with_logits": "binary_cross_entropy_with_logits", "nll_loss": "cross_entropy",
    "softmax_cross_entropy": "cross_entropy", "cast": "astype",
})  # fmt: skip
