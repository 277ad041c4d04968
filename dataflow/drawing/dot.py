"""A picture in DOT, the language of Graphviz, which lays it out: ``dot -Tpdf graph.dot -o graph.pdf``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from dataflow.drawing.cards import GRADIENT, NAME, VALUE, make_card
from dataflow.drawing.colours import BACK, FILLS, FORWARD, INK, WIRE
from dataflow.drawing.marks import MARK
from dataflow.drawing.picture import INPUT, NODE, PARAMETER, PART, Box, Picture
from dataflow.drawing.texts import Measure, escape_xml
from dataflow.errors import escape

STYLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {INPUT: ("filled", "rounded"), PARAMETER: ("filled", "diagonals"), NODE: ("filled",), PART: ("filled",)}
)


def draw_dot(picture: Picture, measure: Measure) -> str:
    """The picture as a DOT file. `measure` says how many columns a text takes.

    >>> from dataflow.drawing.picture import Value
    >>> print(draw_dot(Picture("square", "", [Box("a", INPUT, "3", (Value("a"),))], []), len))
    // drawn by dataflow
    digraph "square" {
      rankdir=LR ranksep=0.6 nodesep=0.3
      node [shape=box style=filled fontname=monospace fontsize=12 fontcolor="#1e293b"]
      edge [color="#64748b" arrowsize=0.7 fontname=monospace fontsize=10]
      "a" [label=<<B>a</B> = 3> fillcolor="#eef2f7" color="#475569" style="filled,rounded"]
      {rank=min; "a"}
    }
    <BLANKLINE>
    """
    lines = [
        f"// {MARK}",
        f"digraph {_quote(picture.name)} {{",
        "  rankdir=LR ranksep=0.6 nodesep=0.3",
        f'  node [shape=box style=filled fontname=monospace fontsize=12 fontcolor="{INK}"]',
        f'  edge [color="{FORWARD if picture.valued else WIRE}" arrowsize=0.7 fontname=monospace fontsize=10]',
        *(f"  {_quote(box.name)} [{' '.join(_list_attributes(box, measure))}]" for box in picture.boxes),
        *_rank(picture),
        *_draw_arrows(picture),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _list_attributes(box: Box, measure: Measure) -> Iterator[str]:
    yield f"label=<{'<BR/>'.join(''.join(map(_mark_up, line)) for line in make_card(box, measure).lines)}>"
    fill, stroke = FILLS[box.kind]
    yield f'fillcolor="{fill}" color="{stroke}"'
    if box.target:
        yield "penwidth=3"
    styles = (*STYLES[box.kind], *(("dotted",) if box.aside else ()))
    if len(styles) > 1:
        yield f'style="{",".join(styles)}"'


def _mark_up(span: tuple[str, str]) -> str:
    text, style = escape_xml(span[0]), span[1]
    if style == NAME:
        return f"<B>{text}</B>"
    colour = {VALUE: FORWARD, GRADIENT: BACK}.get(style)
    return f'<FONT COLOR="{colour}">{text}</FONT>' if colour else text


def _rank(picture: Picture) -> Iterator[str]:
    """Inputs on the left, and on the right the target, if nothing uses it."""
    inputs = [_quote(box.name) for box in picture.boxes if box.kind == INPUT]
    if inputs:
        yield f"  {{rank=min; {'; '.join(inputs)}}}"
    used = {arrow.source for arrow in picture.arrows}
    for index, box in enumerate(picture.boxes):
        if box.target and box.kind != INPUT and index not in used:
            yield f"  {{rank=max; {_quote(box.name)}}}"


def _draw_arrows(picture: Picture) -> Iterator[str]:
    for arrow in picture.arrows:
        source, target = picture.boxes[arrow.source], picture.boxes[arrow.target]
        attributes = [f'color="{FORWARD}:{BACK}" dir=both'] if arrow.back else []
        if len(source.values) > 1:
            attributes.append(f"label={_quote(source.values[arrow.port].name)}")
        shown = f" [{' '.join(attributes)}]" if attributes else ""
        yield f"  {_quote(source.name)} -> {_quote(target.name)}{shown}"


def _quote(text: str) -> str:
    """A text as DOT has it in quotes, where a backslash may begin something else."""
    return '"' + escape(text).replace("\\", "\\\\").replace('"', '\\"') + '"'
