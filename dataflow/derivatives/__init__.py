"""Products of derivatives with what is given: gradients, vjp, jvp, Jacobians, Hessians, and Hessians times a vector."""

from __future__ import annotations

from dataflow.derivatives.matrices import SparseBlock
from dataflow.derivatives.products import Product, compute_derivatives

__all__ = ["Product", "SparseBlock", "compute_derivatives"]
