"""The workloads for JAX, compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.benchmarks.speed.formulas import FORMULAS

Data = dict[str, Any]


def _convolution(v: Data) -> Any:
    import jax.numpy as jnp
    from jax import lax
    from jax.nn import relu
    from jax.scipy.special import logsumexp

    def layer(x: Any, weight: Any, bias: Any) -> Any:
        y = relu(lax.conv(x, weight, (1, 1), "VALID") + bias[:, None, None])
        return lax.reduce_window(y, -jnp.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")

    h = layer(layer(v["x"], v["K1"], v["c1"]), v["K2"], v["c2"])
    scores = h.reshape(h.shape[0], -1) @ v["W"].T + v["b"]
    rows = jnp.arange(len(v["labels"]))
    return (jnp.mean(logsumexp(scores, axis=1) - scores[rows, v["labels"]]),)


def _transformer(v: Data) -> Any:
    import jax
    import jax.numpy as jnp

    def norm(x: Any, g: Any, h: Any) -> Any:
        moved = x - x.mean(-1, keepdims=True)
        return moved / jnp.sqrt((moved**2).mean(-1, keepdims=True) + 1e-5) * g + h

    x = v["x"]
    batch, length, _ = x.shape
    q, k, s = (norm(x, v["g1"], v["h1"]) @ v["Wqkv"].T).reshape(batch, length, 3, 4, 32).transpose(2, 0, 3, 1, 4)
    weights = q @ k.transpose(0, 1, 3, 2) / 32**0.5
    weights = jnp.where(jnp.tril(jnp.ones((length, length), bool)), weights, -jnp.inf)
    mixed = (jax.nn.softmax(weights, -1) @ s).transpose(0, 2, 1, 3).reshape(batch, length, 128)
    y = x + mixed @ v["Wo"].T
    hidden = jax.nn.gelu(norm(y, v["g2"], v["h2"]) @ v["W1"].T + v["c1"], approximate=False)
    return (jnp.mean((y + hidden @ v["W2"].T + v["c2"]) ** 2),)


def _kmeans_hessian(parts: Data, rest: Data) -> Any:
    """The objective and its gradient, and the diagonal of its Hessian: forward over reverse, along ones."""
    import jax
    import jax.numpy as jnp

    def differentiate(c: Any) -> Any:
        return jax.value_and_grad(lambda c: FORMULAS["kmeans"](jnp, None, {**rest, "c": c})[0])(c)

    found, (_, curvature) = jax.jvp(differentiate, (parts["c"],), (jnp.ones_like(parts["c"]),))
    return found, {"c": curvature}


def make(name: str, data: Data, wrt: tuple[str, ...], gradient: bool = True) -> Callable[[], Any]:
    """A function that computes a workload's value and gradients; it compiles when it is called first."""
    import jax
    import jax.numpy as jnp
    from jax.scipy.special import ndtr

    own = {"convolution": _convolution, "transformer": _transformer}
    fixed = {key: jnp.asarray(array) for key, array in data.items() if key not in wrt}
    moving = {key: jnp.asarray(data[key]) for key in wrt}

    def value(parts: Data, rest: Data) -> Any:
        found = own[name]({**rest, **parts}) if name in own else FORMULAS[name](jnp, ndtr, {**rest, **parts})
        return found[0], found[1:]

    function = jax.jit(jax.value_and_grad(value, has_aux=True) if gradient else value)
    if name == "kmeans_hessian":
        function = jax.jit(_kmeans_hessian)

    def run() -> Any:
        (total, more), slopes = function(moving, fixed)
        jax.block_until_ready((total, more, slopes))
        return total, tuple(slopes[key] for key in wrt)

    return run
