"""Drawings read back, by means that share no code with those that drew them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple
from xml.etree import ElementTree

import dataflow
from dataflow.cli.reports import display_width
from dataflow.cli.table import describe
from dataflow.drawing import Picture, draw_svg, make_picture

SVG = "{http://www.w3.org/2000/svg}"
STEPS = 24  # of a curve
Point = tuple[float, float]


class Drawn(NamedTuple):
    """A box of an SVG: its sides, its lines of text with their colours, what is shown when the mouse rests on it."""

    name: str
    kind: str
    left: float
    top: float
    right: float
    bottom: float
    lines: Sequence[str]
    colours: Sequence[str]
    told: str

    def overlaps(self, other: Drawn) -> bool:
        apart = self.right <= other.left or other.right <= self.left
        return not (apart or self.bottom <= other.top or other.bottom <= self.top)

    def holds(self, point: Point) -> bool:
        return self.left + 0.5 < point[0] < self.right - 0.5 and self.top + 0.5 < point[1] < self.bottom - 0.5


class Line(NamedTuple):
    """An arrow's line: where from, where to, points along it."""

    source: str
    target: str
    points: Sequence[Point]


class Drawing(NamedTuple):
    root: ElementTree.Element
    width: float
    height: float
    boxes: dict[str, Drawn]
    values: list[Line]
    gradients: list[Line]
    heads: dict[str, list[Point]]  # where arrows of each kind point


def picture_of(graph: dataflow.Graph, *, run: bool = False, **options: object) -> Picture:
    """The picture that `dataflow draw` makes, with a result of the graph if `run`."""
    result = dataflow.execute(graph, hidden=True) if run else None
    return make_picture(graph, result, describe=describe, **options)  # type: ignore[arg-type]


def svg_of(graph: dataflow.Graph, *, run: bool = False, **options: object) -> Drawing:
    """The SVG of a graph, read back."""
    return read_svg(draw_svg(picture_of(graph, run=run, **options), display_width))


def read_svg(text: str) -> Drawing:
    root = ElementTree.fromstring(text)
    group = root.find(f"{SVG}g")
    assert group is not None
    boxes, lines, heads = {}, {"values": [], "gradients": []}, {"values": [], "gradients": []}  # type: ignore[var-annotated]
    kind = ""
    for part in group.iter(f"{SVG}g"):
        if "data-name" in part.attrib:
            box = _read_box(part)
            assert box.name not in boxes
            boxes[box.name] = box
        elif part.get("class") in lines:
            kind = str(part.get("class"))
            lines[kind] = [
                Line(path.attrib["data-from"], path.attrib["data-to"], list(_follow(path.attrib["d"]))) for path in part
            ]
        elif part is not group:
            heads[kind] = [next(_follow(path.attrib["d"].replace("L", " L").split(" L")[0])) for path in part]
    width, height = float(root.attrib["width"]), float(root.attrib["height"])
    return Drawing(root, width, height, boxes, lines["values"], lines["gradients"], heads)


def _read_box(part: ElementTree.Element) -> Drawn:
    rect, polygon = part.find(f"{SVG}rect"), part.find(f"{SVG}polygon")
    if rect is not None:
        left, top = float(rect.attrib["x"]), float(rect.attrib["y"])
        right, bottom = left + float(rect.attrib["width"]), top + float(rect.attrib["height"])
    else:
        assert polygon is not None
        numbers = [float(number) for number in re.split("[ ,]", polygon.attrib["points"])]
        left, right = min(numbers[::2]), max(numbers[::2])
        top, bottom = min(numbers[1::2]), max(numbers[1::2])
    texts = part.findall(f"{SVG}text")
    return Drawn(
        part.attrib["data-name"], part.attrib["class"], left, top, right, bottom,
        ["".join(text.itertext()) for text in texts],
        [list(text)[-1].attrib["fill"] for text in texts],
        str(part.findtext(f"{SVG}title")),
    )  # fmt: skip


def _follow(path: str) -> Iterator[Point]:
    """Points along a path of M, H and C, all of them with absolute coordinates."""
    here = (0.0, 0.0)
    for letter, text in re.findall(r"([A-Z])([^A-Z]*)", path):
        numbers = [float(number) for number in text.split()]
        if letter == "M":
            here = (numbers[0], numbers[1])
            yield here
        elif letter == "H":
            here = (numbers[0], here[1])
            yield here
        else:
            assert letter == "C"
            corners = [here, *zip(numbers[::2], numbers[1::2], strict=True)]
            for step in range(1, STEPS + 1):
                yield _on_curve(corners, step / STEPS)
            here = corners[-1]


def _on_curve(corners: Sequence[Point], share: float) -> Point:
    """A point of a Bezier curve, by de Casteljau."""
    points = list(corners)
    while len(points) > 1:
        points = [(a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])) for a, b in pairwise(points)]
    return points[0]
