"""Data files: arrays and tables that the entries of a graph name as their `source`.

A graph comes from a stranger and so do its data. One function opens files (`files.open_inside`), in the
graph's own folder or below; a header is compared with what the file holds before memory is taken; nothing
is ever unpickled. Read: ``x.npy``, ``x.npz#entry``, ``x.safetensors#entry``, ``x.csv`` and ``x.parquet``.
"""

from __future__ import annotations

from dataflow.data.sources import DataFiles, Loaded, load_array_file

__all__ = ["DataFiles", "Loaded", "load_array_file"]
