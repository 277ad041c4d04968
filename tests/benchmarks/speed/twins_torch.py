"""The workloads for PyTorch, eager."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

Data = dict[str, Any]


def _black_scholes(torch: Any, v: Data) -> Any:
    ndtr = torch.special.ndtr
    deviation = v["v"] * torch.sqrt(v["T"])
    d1 = (torch.log(v["S"] / v["K"]) + (v["r"] + v["v"] ** 2 / 2) * v["T"]) / deviation
    return (v["S"] * ndtr(d1) - v["K"] * torch.exp(-v["r"] * v["T"]) * ndtr(d1 - deviation)).sum()


def _logistic(torch: Any, v: Data) -> Any:
    return torch.nn.functional.binary_cross_entropy_with_logits(v["X"] @ v["w"] + v["b"], v["y"])


def _gmm(torch: Any, v: Data) -> Any:
    k, d = v["m"].shape
    factors = torch.tril(v["L"], -1) + torch.diag_embed(torch.exp(v["q"]))
    shift = torch.einsum("kij,kj->ki", factors, v["m"])
    moved = (v["x"] @ factors.reshape(k * d, d).T).reshape(-1, k, d) - shift
    inner = v["a"] + v["q"].sum(1) - 0.5 * (moved**2).sum(-1)
    return torch.logsumexp(inner, 1).sum() - len(v["x"]) * torch.logsumexp(v["a"], 0)


def _gmm_diagonal(torch: Any, v: Data) -> Any:
    z = (v["x"][:, None, :] - v["m"]) * torch.exp(-v["s"])
    inner = v["a"] - v["s"].sum(1) - 0.5 * (z**2).sum(-1)
    return torch.logsumexp(inner, 1).sum() - len(v["x"]) * torch.logsumexp(v["a"], 0)


def _kmeans(torch: Any, v: Data) -> Any:
    x, c = v["x"], v["c"]
    return ((x**2).sum(1, keepdim=True) - 2 * (x @ c.T) + (c**2).sum(1)).min(1).values.sum()


def _polynomial(torch: Any, v: Data) -> Any:
    p: Any = 0.0
    for index in range(7, -1, -1):
        p = p * v["x"] + v["c"][index]
    return ((p - v["y"]) ** 2).sum()


def _perceptron(torch: Any, v: Data) -> Any:
    linear, relu = torch.nn.functional.linear, torch.relu
    h2 = relu(linear(relu(linear(v["x"], v["W1"], v["b1"])), v["W2"], v["b2"]))
    return torch.nn.functional.cross_entropy(linear(h2, v["W3"], v["b3"]), v["labels"])


def _convolution(torch: Any, v: Data) -> Any:
    F = torch.nn.functional
    h1 = F.max_pool2d(torch.relu(F.conv2d(v["x"], v["K1"], v["c1"])), 2)
    h2 = F.max_pool2d(torch.relu(F.conv2d(h1, v["K2"], v["c2"])), 2)
    return F.cross_entropy(F.linear(h2.flatten(1), v["W"], v["b"]), v["labels"])


def _transformer(torch: Any, v: Data) -> Any:
    F = torch.nn.functional
    x = v["x"]
    batch, length, _ = x.shape
    joined = F.linear(F.layer_norm(x, (128,), v["g1"], v["h1"]), v["Wqkv"])
    q, k, s = joined.reshape(batch, length, 3, 4, 32).permute(2, 0, 3, 1, 4)
    mixed = F.scaled_dot_product_attention(q, k, s, is_causal=True).transpose(1, 2).reshape(batch, length, 128)
    y = x + F.linear(mixed, v["Wo"])
    hidden = F.gelu(F.linear(F.layer_norm(y, (128,), v["g2"], v["h2"]), v["W1"], v["c1"]))
    return ((y + F.linear(hidden, v["W2"], v["c2"])) ** 2).mean()


TWINS: Mapping[str, Callable[[Any, Data], Any]] = {
    "black_scholes": _black_scholes, "logistic": _logistic, "gmm": _gmm, "gmm_diagonal": _gmm_diagonal,
    "kmeans": _kmeans, "logsumexp": lambda torch, v: torch.logsumexp(v["x"], 0), "polynomial": _polynomial,
    "perceptron": _perceptron, "convolution": _convolution, "transformer": _transformer,
}  # fmt: skip


def make(name: str, data: Data, wrt: tuple[str, ...]) -> Callable[[], Any]:
    """A function that computes a workload's value and gradients."""
    import torch

    tensors = {key: torch.from_numpy(array.copy()) for key, array in data.items()}
    for key in wrt:
        tensors[key].requires_grad_(True)

    def run_twice() -> Any:
        total = TWINS["kmeans"](torch, tensors)
        (slopes,) = torch.autograd.grad(total, [tensors["c"]], create_graph=True)
        return total.detach(), torch.autograd.grad(slopes.sum(), [tensors["c"]])

    def run() -> Any:
        total = TWINS[name](torch, tensors)
        return total.detach(), torch.autograd.grad(total, [tensors[key] for key in wrt])

    return run_twice if name == "kmeans_hessian" else run
