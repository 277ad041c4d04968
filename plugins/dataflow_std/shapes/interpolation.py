"""Shapes of interpolation."""

from __future__ import annotations

from dataflow.shapes import Shape, match_shapes, show_shape


def interp(x: Shape, points: Shape, values: Shape) -> Shape:
    """The shape of x."""
    check_points(points, values)
    return x


def check_points(points: Shape, values: Shape) -> None:
    """Raise `ValueError` for what are no points with their values."""
    if len(points) != 1 or points != values:
        listed = f"{show_shape(points)} and {show_shape(values)}"
        message = f"points and values are two vectors of equal length, not of the shapes {listed}"
        if len(points) != 1:
            raise ValueError(message)
        match_shapes(points, values, message)
    if points[0] == 0:
        raise ValueError("between no points there is nothing to interpolate")
