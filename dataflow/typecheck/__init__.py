"""Shapes, dtypes and memory of a graph, known before anything runs."""

from __future__ import annotations

from dataflow.typecheck.checking import check_types
from dataflow.typecheck.inference import Assumption, Inferred, infer_types, list_unknown

__all__ = ["Assumption", "Inferred", "check_types", "infer_types", "list_unknown"]
