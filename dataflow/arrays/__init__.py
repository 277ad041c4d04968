"""Kinds of array. Each module says its `kind` and finds its own function for a name, or None.

`floats` are bare Python floats, `ieee` floats that never raise, `numpy_arrays` NumPy arrays. Besides the functions
behind the operators each offers the helpers that rules need: `keep`, `shape`, `ndim`, `size`, `cast_like`.
"""
