"""Mutants that compute the same as the right rule, by name, each with the reason."""

from __future__ import annotations

from collections.abc import Mapping

FLAT = "its slope is 0 everywhere, and 0 stays 0"
SHAPE = "the rule asks for its shape or type alone"
NANS = "the term is there to carry NaN, and is 0 elsewhere"

_REASONS: Mapping[str, tuple[str, ...]] = {
    FLAT: tuple(
        f"{name}: {what}"
        for name in ("ceil dx", "copysign dy", "floor dx", "floor_divide dx", "floor_divide dy", "heaviside dx",
                     "round dx", "sign dx", "trunc dx")
        for what in ("sign", "twice", "a thousandth more", "g forgotten")
    ),
    SHAPE: (
        "adaptive_avg_pool dx: x constant", "astype dx: x constant", "avg_pool dx: x constant",
        "binary_cross_entropy dtargets: targets constant",
        "binary_cross_entropy_with_logits dtargets: targets constant",
        "boolean_mask dx: x constant", "broadcast_to dx: x constant", "conv dx: x constant",
        "conv dweight: weight constant", "conv_input_gradient dweight: weight constant",
        "conv_weight_gradient dx: x constant",
        "cross dx: x constant", "cross dy: y constant", "cumulative_sum dx: x constant", "diag dx: x constant",
        "diagonal dx: x constant", "kron dx: x constant", "kron dy: y constant", "linear_recurrence da: x constant",
        "outer dx: x constant", "outer dy: y constant",
        "svd dx: x constant", "trace dx: x constant",
        "dropout dx: x constant", "embedding dweight: weight constant", "expand_dims dx: x constant",
        "expand_dims dx: next axis", "getitem dx: x constant", "linear dx: x constant",
        "linear_recurrence dx: x constant", "matmul dx: x constant",
        "matmul dy: y constant", "max_pool_gradient dg: z constant", "max_pool_tangent dh: z constant",
        "mean dx: x constant", "negative_log_likelihood dlog_probabilities: log_probabilities constant",
        "overlap_add dx: x constant", "pad dx: x constant", "put_add_along_axis dx: x constant",
        "rel_entr dy: z constant", "repeat dx: x constant", "reshape dx: x constant", "scatter dx: inputs swapped",
        "scatter dupdates: x constant", "scatter dupdates: updates constant", "scatter_add dx: next axis",
        "scatter_add dupdates: updates constant", "squeeze dx: x constant", "squeeze dx: next axis",
        "sum dx: x constant", "take dx: x constant", "take_along_axis dx: x constant", "tensordot dx: x constant",
        "tensordot dy: y constant", "tile dx: x constant", "top_k dx: x constant", "unfold dx: x constant",
        "unfold_patches dx: x constant", "vecdot dx: x constant", "vecdot dy: y constant", "xlog1py dx: z constant",
        "xlog1py dy: z constant", "xlogy dx: z constant", "xlogy dy: z constant",
    ),
    NANS: (
        "betainc dx: z constant", "hard_shrink dx: * becomes / at 0", "hard_sigmoid dx: * becomes / at 1",
        "hard_sigmoid dx: + becomes - at 2", "hard_tanh dx: * becomes / at 0", "hard_tanh dx: + becomes - at 1",
        "lstsq: * becomes / at 0", "lstsq: + becomes - at 1", "relu dx: * becomes / at 0",
        "relu6 dx: * becomes / at 0", "softshrink dx: * becomes / at 0",
    ),
    "labels are -1 or 1: to multiply by one is to divide by it": (
        "hinge dscores: * becomes / at 0", "hinge dscores: * becomes / at 2", "hinge dscores: * becomes / at 3",
    ),
    "the slope of softmax does not change with a number that is added to all of g": (
        "softmax dx: - becomes + at 0", "softmax dx: - becomes + at 1",
    ),
    "two formulas meet there, and both hold on either side": (
        "mish dx: 25 a thousandth more at 1", "sinc dx: 0.5 a thousandth more at 1",
    ),
    "it stands where the other choice is taken": (
        "expm dx: 1 a thousandth more at 5", "sinc dx: 1 a thousandth more at 4", "std dx: 1 a thousandth more at 4",
    ),
    "cosines have this period": ("sinc dx: * becomes / at 3", "sinc dx: - becomes + at 5"),
}  # fmt: skip

EQUIVALENT: Mapping[str, str] = {name: reason for reason, names in _REASONS.items() for name in names}
