"""The standard operators: the Python Array API standard for real numbers, and special functions named as in SciPy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dataflow.hookspecs import hookimpl

__version__ = "0.1.0"

CONTENTS: Mapping[str, str] = {  # the operators that each module gives
    "elementwise": (
        "add subtract multiply divide reciprocal lerp floor_divide remainder fmod frac negative positive abs pow "
        "square sqrt cbrt hypot ceil floor round trunc sign identity astype zeros_like ones_like full_like"
    ),
    "functions": (
        "exp exp2 expm1 log log2 log10 log1p logaddexp logaddexp2 sin cos tan asin acos atan atan2 rad2deg deg2rad "
        "sinc sinh cosh tanh asinh acosh atanh"
    ),
    "logic": (
        "equal not_equal less less_equal greater greater_equal isfinite isinf isnan signbit logical_and logical_or "
        "logical_xor logical_not bitwise_and bitwise_or bitwise_xor bitwise_left_shift bitwise_right_shift "
        "bitwise_invert"
    ),
    "selection": "maximum minimum fmax fmin clip nan_to_num where heaviside copysign nextafter",
    "reductions": "sum mean prod nansum nanmean max min all any count_nonzero argmax argmin",
    "scans": "cumulative_sum cumulative_prod cumulative_max cumulative_min log_cumulative_sum_exp linear_recurrence",
    "differences": "diff trapezoid",
    "statistics": "var std median quantile",
    "sorting": "sort argsort searchsorted",
    "linalg": "matmul matrix_transpose tensordot vecdot",
    "solvers": "inv solve solve_triangular cholesky",
    "determinants": "det slogdet adjugate adjugate_adjoint",
    "products": "outer kron cross matrix_power diagonal put_diagonal trace",
    "einsum": "einsum",
    "norms": "vector_norm matrix_norm",
    "decompositions": "eigh eigvalsh svd svdvals qr",
    "pseudoinverses": "pinv lstsq matrix_rank",
    "exponentials": "expm",
    "shaping": (
        "reshape expand_dims squeeze broadcast_to broadcast_arrays permute_dims moveaxis flip roll rot90 tril triu "
        "repeat tile concat stack unstack split"
    ),
    "windows": "pad unfold overlap_add",
    "creation": "arange eye zeros ones full linspace meshgrid one_hot diag",
    "indexing": "getitem take take_along_axis boolean_mask masked_fill top_k",
    "scatter": "scatter scatter_add segment_sum put_items put_masked put_add put_add_along_axis",
    "interpolation": "interp",
    "special": "erf erfc erfcx erfinv ndtr log_ndtr ndtri logit xlogy xlog1py entr rel_entr",
    "gamma": "gammaln digamma polygamma zeta gammainc gammaincc beta betaln betainc",
    "bessel": "j0 j1 jv i0 i1 iv i0e i1e",
}  # fmt: skip


@hookimpl
def dataflow_operators() -> Mapping[str, Sequence[str]]:
    """The names of the operators of this plugin, by module."""
    return {f"{__name__}.{module}": names.split() for module, names in CONTENTS.items()}
