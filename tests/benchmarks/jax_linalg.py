"""Linear algebra written with JAX."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from tests.benchmarks.jax_arrays import adjoint

jax: Any = import_module("jax")
jnp: Any = import_module("jax.numpy")
scipy: Any = import_module("jax.scipy.linalg")
linalg: Any = jnp.linalg

NEARLY = 0.9  # of the largest: the first component that reaches it says the sign of a vector


def _symmetric(x: Any) -> Any:
    return (x + x.mT) / 2


def _find_signs(vectors: Any) -> Any:
    """A row of the signs that make positive the first component of each column that is nearly its largest."""
    vectors = jax.lax.stop_gradient(vectors)
    if not vectors.size:
        return jnp.ones((*vectors.shape[:-2], 1, vectors.shape[-1]))
    sizes = jnp.abs(vectors)
    first = jnp.argmax(sizes >= NEARLY * sizes.max(axis=-2, keepdims=True), axis=-2, keepdims=True)
    return jnp.sign(jnp.take_along_axis(vectors, first, axis=-2))


def _eigh(x: Any) -> Any:
    values, vectors = linalg.eigh(_symmetric(x))
    return values, vectors * _find_signs(vectors)


def _svd(x: Any, *, full_matrices: bool = False) -> Any:
    u, s, vh = linalg.svd(x, full_matrices=False)
    signs = _find_signs(u)
    return u * signs, s, vh * signs.mT


def _qr(x: Any, *, mode: str = "reduced") -> Any:
    if x.shape[-2] < x.shape[-1] or not x.size:
        return NotImplemented  # no gradient
    q, r = linalg.qr(x)
    signs = jnp.sign(jnp.diagonal(jax.lax.stop_gradient(r), axis1=-2, axis2=-1))
    return q * signs[..., None, :], r * signs[..., :, None]


def _as_columns(function: Callable[..., Any], a: Any, b: Any) -> Any:
    """A vector on the right counts as one column, and stacks broadcast."""
    columns = b[..., None] if b.ndim == 1 else b
    lead = jnp.broadcast_shapes(a.shape[:-2], columns.shape[:-2])
    a, columns = (jnp.broadcast_to(item, (*lead, *item.shape[-2:])) for item in (a, columns))
    z = function(a, columns)
    return z[..., 0] if b.ndim == 1 else z


def _solve_triangular(
    a: Any, b: Any, *, lower: bool = False, transpose: bool = False, unit_diagonal: bool = False
) -> Any:
    def solve(a: Any, b: Any) -> Any:
        return scipy.solve_triangular(a, b, lower=lower, trans=int(transpose), unit_diagonal=unit_diagonal)

    return _as_columns(solve, a, b)


def _lstsq(a: Any, b: Any) -> Any:
    if not a.size or not b.size or max(a.ndim, b.ndim) > 2:
        return NotImplemented  # it takes no stacks
    return linalg.lstsq(a, b)[0]


def _adjugate(x: Any) -> Any:
    """From the determinants of all minors."""
    n = x.shape[-1]
    rows = [[k for k in range(n) if k != left] for left in range(n)]
    minors = [(-1) ** (i + j) * linalg.det(x[..., rows[j], :][..., rows[i]]) if n > 1 else jnp.ones(x.shape[:-2])
              for i in range(n) for j in range(n)]  # fmt: skip
    return jnp.stack(minors, axis=-1).reshape(x.shape) if minors else x


def _kron(x: Any, y: Any) -> Any:
    if x.ndim <= 2 and y.ndim <= 2:
        return jnp.kron(x, y)
    z = x[..., :, None, :, None] * y[..., None, :, None, :]
    return z.reshape(*z.shape[:-4], z.shape[-4] * z.shape[-3], z.shape[-2] * z.shape[-1])


def _diagonal(x: Any, *, offset: int = 0) -> Any:
    return jnp.diagonal(x, offset, axis1=-2, axis2=-1)


def _vector_norm(x: Any, *, axis: Any = None, keepdims: bool = False, ord: float = 2) -> Any:
    return linalg.vector_norm(x, axis=axis, keepdims=keepdims, ord=ord) if x.size else NotImplemented


TWINS: Mapping[str, Callable[..., Any]] = {
    "matmul": jnp.matmul,
    "matrix_transpose": jnp.matrix_transpose,
    "tensordot": jnp.tensordot,
    "vecdot": jnp.vecdot,
    "inv": linalg.inv,
    "solve": lambda x, y: _as_columns(linalg.solve, x, y),
    "solve_triangular": _solve_triangular,
    "cholesky": lambda x, *, upper=False: linalg.cholesky(_symmetric(x), upper=upper),
    "det": lambda x: linalg.det(x) if x.shape[-1] else NotImplemented,
    "slogdet": lambda x: tuple(linalg.slogdet(x)),
    "adjugate": _adjugate,
    "adjugate_adjoint": lambda x, y: jax.vjp(_adjugate, x)[1](y)[0],
    "outer": lambda x, y: x[..., :, None] * y[..., None, :],
    "kron": _kron,
    "cross": jnp.cross,
    "matrix_power": lambda x, *, n: linalg.matrix_power(x, n),
    "diagonal": _diagonal,
    "put_diagonal": lambda x, *, offset=0, shape: adjoint(lambda z: _diagonal(z, offset=offset), shape, x),
    "trace": lambda x, *, offset=0: jnp.trace(x, offset, axis1=-2, axis2=-1),
    "einsum": lambda *xs, equation: jnp.einsum(equation, *xs),
    "vector_norm": _vector_norm,
    "matrix_norm": lambda x, **attributes: linalg.matrix_norm(x, **attributes) if x.size else NotImplemented,
    "matrix_rank": lambda x, *, rtol=None: linalg.matrix_rank(x, rtol=rtol) if x.size else NotImplemented,
    "eigh": _eigh,
    "eigvalsh": lambda x: linalg.eigvalsh(_symmetric(x)),
    "svd": _svd,
    "svdvals": linalg.svdvals,
    "qr": _qr,
    "pinv": linalg.pinv,
    "lstsq": _lstsq,
    "expm": scipy.expm,
    "expm_frechet": lambda x, direction: jax.jvp(scipy.expm, (x,), (direction,))[1],
}
