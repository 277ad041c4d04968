"""Kernels of interpolation, and their slow twin."""

from __future__ import annotations

from typing import Any

import numpy as np

from dataflow_std.shapes.interpolation import check_points


def interp(x: Any, points: Any, values: Any) -> Any:
    """The line through the points and their values, and beyond the ends the value at the end."""
    check_points(np.shape(points), np.shape(values))
    rises = points[1:] > points[:-1]
    if not rises.all():
        place = int(np.argmin(rises))
        raise ValueError(f"points have to increase: {points[place]} is followed by {points[place + 1]}")
    z = np.interp(x, points, values)  # always float64
    return z.astype(np.result_type(x, points, values), copy=False)


def interp_reference(x: Any, points: Any, values: Any) -> Any:
    """Each number looked up between its neighbours."""
    result = np.zeros(np.shape(x), np.result_type(x, points, values))
    for place in np.ndindex(np.shape(x)):
        at = np.asarray(x)[place]
        if at <= points[0] or at >= points[-1]:
            result[place] = values[0] if at <= points[0] else values[-1]
            continue
        right = next(index for index, point in enumerate(points) if at < point)
        share = (at - points[right - 1]) / (points[right] - points[right - 1])
        result[place] = (1 - share) * values[right - 1] + share * values[right]
    return result
