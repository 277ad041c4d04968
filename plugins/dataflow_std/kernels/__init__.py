"""Native NumPy kernels of this plugin: imported when an operator that needs one first runs on arrays."""
