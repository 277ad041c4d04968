"""Products of derivatives with what is given: gradients, vjp, jvp, Jacobians, Hessians, and Hessians times a vector."""

from __future__ import annotations

from dataflow.derivatives.products import Product, SparseBlock, compute_derivatives

__all__ = ["Product", "SparseBlock", "compute_derivatives"]
