"""Products of derivatives with what is given: gradients, vjp, jvp, Jacobians, Hessians, and Hessians times a vector."""

from __future__ import annotations

from dataflow.derivatives.matrices import SparseBlock
from dataflow.derivatives.products import compute_derivatives
from dataflow.derivatives.recipes import Product

__all__ = ["Product", "SparseBlock", "compute_derivatives"]
