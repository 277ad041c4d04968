"""Decompositions of matrices on NumPy arrays: LAPACK's, with signs that are fixed and members that fail alone.

LAPACK leaves the signs of eigenvectors and singular vectors to chance (the matrix's size, the processor): here they
are functions of the matrix, so that a small change of it changes them a little.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dataflow_std.shapes import decompositions as shapes

NEARLY = 0.9  # of the largest; not 1: rounding would choose among components that are equally large


def eigh(x: Any) -> tuple[Any, Any]:
    """Eigenvalues in ascending order and eigenvectors, as columns, of the symmetric part of `x`.

    >>> values, vectors = eigh(np.array([[2.0, 1.0], [1.0, 2.0]]))
    >>> values.round(12).tolist(), (vectors * 2**0.5).round(12).tolist()
    ([1.0, 3.0], [[1.0, 1.0], [-1.0, 1.0]])
    """
    x, spoilt = _set_aside(_take_symmetric_part(x))
    values, vectors = np.linalg.eigh(x)
    vectors *= _find_signs(vectors)
    return _spoil(values, spoilt), _spoil(vectors, spoilt)


def eigvalsh(x: Any) -> Any:
    """Eigenvalues in ascending order of the symmetric part of `x`."""
    x, spoilt = _set_aside(_take_symmetric_part(x))
    return _spoil(np.linalg.eigvalsh(x), spoilt)


def svd(x: Any, *, full_matrices: bool = False) -> tuple[Any, Any, Any]:
    """Singular vectors on the left, singular values in descending order, vectors on the right.

    >>> u, s, vh = svd(np.array([[0.0, -2.0], [1.0, 0.0]]))
    >>> (u + 0.0).tolist(), s.tolist(), (vh + 0.0).tolist()
    ([[1.0, 0.0], [0.0, 1.0]], [2.0, 1.0], [[0.0, -1.0], [1.0, 0.0]])
    """
    shapes.svd(np.shape(x), full_matrices=full_matrices)
    x, spoilt = _set_aside(np.asarray(x))
    u, s, vh = np.linalg.svd(x, full_matrices=False)
    signs = _find_signs(u)
    u *= signs
    vh *= np.swapaxes(signs, -1, -2)
    return _spoil(u, spoilt), _spoil(s, spoilt), _spoil(vh, spoilt)


def svdvals(x: Any) -> Any:
    """Singular values in descending order."""
    shapes.measure(np.shape(x))
    x, spoilt = _set_aside(np.asarray(x))
    return _spoil(np.linalg.svdvals(x), spoilt)


def qr(x: Any, *, mode: str = "reduced") -> tuple[Any, Any]:
    """Orthonormal columns, and a triangle whose diagonal is not negative.

    >>> q, r = qr(np.array([[3.0, 1.0], [-4.0, 2.0]]))
    >>> q.round(12).tolist(), r.round(12).tolist()
    ([[0.6, 0.8], [-0.8, 0.6]], [[5.0, -1.0], [0.0, 2.0]])
    """
    shapes.qr(np.shape(x), mode=mode)
    x, spoilt = _set_aside(np.asarray(x))
    q, r = np.linalg.qr(x)
    signs = np.where(np.linalg.diagonal(r) < 0, -1, 1).astype(r.dtype)
    q *= signs[..., None, :]
    r *= signs[..., :, None]
    return _spoil(q, spoilt), _spoil(r, spoilt)


def _take_symmetric_part(x: Any) -> Any:
    shapes.eigvalsh(np.shape(x))
    half = 0.5 * np.asarray(x)  # before the sum, which might overflow
    return half + np.swapaxes(half, -1, -2)


def _set_aside(x: Any) -> tuple[Any, Any]:
    """`x` with zeros for matrices that are not finite, and which these are; None if there are none."""
    spoilt = ~np.isfinite(x).all(axis=(-2, -1))
    if not spoilt.any():
        return x, None
    return np.where(spoilt[..., None, None], x.dtype.type(0), x), spoilt


def _spoil(part: Any, spoilt: Any) -> Any:
    """NaN in the place of what was set aside."""
    if spoilt is not None:
        part[spoilt] = np.nan
    return part


def _find_signs(vectors: Any) -> Any:
    """A row of 1 and -1 that makes positive the first component of each column that is nearly its largest.

    >>> _find_signs(np.array([[0.1, -3.0], [-2.0, 3.0], [2.1, 0.0]])).tolist()
    [[-1.0, -1.0]]
    """
    if not vectors.size:
        return np.ones_like(vectors, shape=(*vectors.shape[:-2], 1, vectors.shape[-1]))
    sizes = np.abs(vectors)
    large = sizes >= NEARLY * sizes.max(axis=-2, keepdims=True)
    first = np.take_along_axis(vectors, large.argmax(axis=-2, keepdims=True), axis=-2)
    return np.where(first < 0, -1, 1).astype(vectors.dtype)
