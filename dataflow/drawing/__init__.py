"""A graph as a picture: inputs on the left, the target on the right, values forward and gradients back.

`picture` says what is to be drawn, as plain data; `svg`, `dot` and `mermaid` write that down, and `layout` finds the
places of an SVG, for which nobody else does. How a value is described and how wide a text is, is for who calls to say.
"""

from __future__ import annotations

from dataflow.drawing.dot import draw_dot
from dataflow.drawing.mermaid import draw_mermaid
from dataflow.drawing.picture import Picture, make_picture
from dataflow.drawing.svg import draw_svg

__all__ = ["Picture", "draw_dot", "draw_mermaid", "draw_svg", "make_picture"]
