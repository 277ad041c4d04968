"""The plan of a graph and its two sweeps: forward for values, in reverse for cotangents."""
