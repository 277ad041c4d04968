"""Linear algebra written with PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

from tests.benchmarks.torch_arrays import adjoint, merge, reduce_merged

torch: Any = import_module("torch")
linalg: Any = torch.linalg

NEARLY = 0.9  # of the largest: the first component that reaches it says the sign of a vector


def _symmetric(x: Any) -> Any:
    return (x + x.mT) / 2


def _find_signs(vectors: Any) -> Any:
    """A row of the signs that make positive the first component of each column that is nearly its largest."""
    vectors = vectors.detach()
    if not vectors.numel():
        return 1.0
    sizes = vectors.abs()
    first = (sizes >= NEARLY * sizes.amax(dim=-2, keepdim=True)).to(torch.int64).argmax(dim=-2, keepdim=True)
    return torch.sign(vectors.gather(-2, first))


def _eigh(x: Any) -> Any:
    values, vectors = linalg.eigh(_symmetric(x))
    return values, vectors * _find_signs(vectors)


def _svd(x: Any, *, full_matrices: bool = False) -> Any:
    u, s, vh = linalg.svd(x, full_matrices=False)
    signs = _find_signs(u)
    return u * signs, s, vh * (signs if isinstance(signs, float) else signs.mT)


def _qr(x: Any, *, mode: str = "reduced") -> Any:
    q, r = linalg.qr(x)
    signs = torch.sign(torch.diagonal(r.detach(), dim1=-2, dim2=-1))
    return q * signs.unsqueeze(-2), r * signs.unsqueeze(-1)


def _as_columns(function: Callable[..., Any], a: Any, b: Any) -> Any:
    """A vector on the right counts as one column, and stacks broadcast."""
    columns = b.unsqueeze(-1) if b.ndim == 1 else b
    lead = torch.broadcast_shapes(a.shape[:-2], columns.shape[:-2])
    z = function(a.expand(*lead, *a.shape[-2:]), columns.expand(*lead, *columns.shape[-2:]))
    return z.squeeze(-1) if b.ndim == 1 and z is not NotImplemented else z


def _solve_triangular(
    a: Any, b: Any, *, lower: bool = False, transpose: bool = False, unit_diagonal: bool = False
) -> Any:
    def solve(a: Any, b: Any) -> Any:
        return linalg.solve_triangular(a.mT if transpose else a, b, upper=lower == transpose,
                                       unitriangular=unit_diagonal)  # fmt: skip

    return _as_columns(solve, a, b)


def _cholesky(x: Any, *, upper: bool = False) -> Any:
    z = linalg.cholesky(_symmetric(x))
    return z.mT if upper else z


def _lstsq(a: Any, b: Any) -> Any:
    return linalg.lstsq(a, b).solution if a.numel() and b.numel() else NotImplemented


def _adjugate(x: Any) -> Any:
    """From the determinants of all minors."""
    n = x.shape[-1]
    rows = [[k for k in range(n) if k != left] for left in range(n)]
    minors = [(-1) ** (i + j) * linalg.det(x[..., rows[j], :][..., rows[i]]) for i in range(n) for j in range(n)]
    return torch.stack(minors, dim=-1).reshape(x.shape) if minors else x.clone()


def _kron(x: Any, y: Any) -> Any:
    if x.ndim <= 2 and y.ndim <= 2:
        return torch.kron(x, y)
    z = x[..., :, None, :, None] * y[..., None, :, None, :]
    return z.reshape(*z.shape[:-4], z.shape[-4] * z.shape[-3], z.shape[-2] * z.shape[-1])


def _cross(x: Any, y: Any, *, axis: int = -1) -> Any:
    return linalg.cross(*torch.broadcast_tensors(x, y), dim=axis)


def _expm_frechet(x: Any, direction: Any) -> Any:
    """The adjoint of a derivative at x is that at the transposed x."""
    return adjoint(linalg.matrix_exp, [x.mT], direction)[0]


def _diagonal(x: Any, *, offset: int = 0) -> Any:
    return torch.diagonal(x, offset=offset, dim1=-2, dim2=-1)


def _vector_norm(x: Any, *, axis: Any = None, keepdims: bool = False, ord: float = 2) -> Any:
    if not merge(x, axis).shape[-1]:
        return NotImplemented  # some are refused
    return reduce_merged(lambda merged: linalg.vector_norm(merged, ord, dim=-1), x, axis=axis, keepdims=keepdims)


def _matrix_norm(x: Any, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    return linalg.matrix_norm(x, ord, keepdim=keepdims) if x.shape[-2:].numel() else NotImplemented


TWINS: Mapping[str, Callable[..., Any]] = {
    "matmul": torch.matmul,
    "matrix_transpose": lambda x: x.mT,
    "tensordot": lambda x, y, *, axes=2: torch.tensordot(x, y, dims=axes),
    "vecdot": lambda x, y, *, axis=-1: linalg.vecdot(x, y, dim=axis),
    "inv": linalg.inv,
    "solve": lambda x, y: _as_columns(linalg.solve, x, y),
    "solve_triangular": _solve_triangular,
    "cholesky": _cholesky,
    "det": linalg.det,
    "slogdet": lambda x: tuple(linalg.slogdet(x)),
    "adjugate": _adjugate,
    "adjugate_adjoint": lambda x, y: adjoint(_adjugate, [x], y)[0],
    "outer": lambda x, y: x.unsqueeze(-1) * y.unsqueeze(-2),
    "kron": _kron,
    "cross": _cross,
    "matrix_power": lambda x, *, n: linalg.matrix_power(x, n),
    "diagonal": _diagonal,
    "put_diagonal": lambda x, *, offset=0, shape: adjoint(lambda z: _diagonal(z, offset=offset), shape, x),
    "trace": lambda x, *, offset=0: _diagonal(x, offset=offset).sum(dim=-1),
    "einsum": lambda *xs, equation: torch.einsum(equation, *xs),
    "vector_norm": _vector_norm,
    "matrix_norm": _matrix_norm,
    "eigh": _eigh,
    "eigvalsh": lambda x: linalg.eigvalsh(_symmetric(x)),
    "svd": _svd,
    "svdvals": linalg.svdvals,
    "qr": _qr,
    "matrix_rank": lambda x, *, rtol=None: linalg.matrix_rank(x, rtol=rtol),
    "pinv": linalg.pinv,
    "lstsq": lambda a, b: _as_columns(_lstsq, a, b),
    "expm": linalg.matrix_exp,
    "expm_frechet": _expm_frechet,
}
