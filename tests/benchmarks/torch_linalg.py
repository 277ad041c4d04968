"""Linear algebra written with PyTorch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

torch: Any = import_module("torch")

TWINS: Mapping[str, Callable[..., Any]] = {
    "matmul": torch.matmul,
    "matrix_transpose": lambda x: x.mT,
    "tensordot": lambda x, y, *, axes=2: torch.tensordot(x, y, dims=axes),
    "vecdot": lambda x, y, *, axis=-1: torch.linalg.vecdot(x, y, dim=axis),
}
