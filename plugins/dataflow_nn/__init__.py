"""Operators of neural networks and classification: activations, losses, layers, exact where exponentials overflow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dataflow.hookspecs import hookimpl

__version__ = "0.1.0"

CONTENTS: Mapping[str, str] = {  # the operators that each module gives
    "activations": "sigmoid log_sigmoid softplus softsign silu gelu mish glu",
    "rectifiers": "relu relu6 leaky_relu prelu elu selu celu hard_tanh hard_sigmoid hard_swish softshrink hard_shrink",
    "softmaxes": "softmax log_softmax logsumexp",
    "losses": (
        "mean_squared_error mean_absolute_error huber binary_cross_entropy_with_logits binary_cross_entropy hinge"
    ),
    "divergences": "cross_entropy negative_log_likelihood kl_divergence cosine_similarity",
    "linear": "linear embedding dropout bernoulli_like",
    "convolution": "conv conv_transpose conv_input_gradient conv_weight_gradient",
    "pooling": (
        "max_pool max_pool_gradient max_pool_tangent avg_pool avg_pool_gradient adaptive_avg_pool "
        "adaptive_avg_pool_gradient unfold_patches fold_patches"
    ),
    "normalization": "normalize normalize_gradient layer_norm rms_norm batch_norm group_norm instance_norm",
    "attention": "scaled_dot_product_attention scaled_dot_product_attention_gradient",
    "recurrent": "lstm_cell gru_cell",
}  # fmt: skip


@hookimpl
def dataflow_operators() -> Mapping[str, Sequence[str]]:
    """The names of the operators of this plugin, by module."""
    return {f"{__name__}.{module}": names.split() for module, names in CONTENTS.items()}
