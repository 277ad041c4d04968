"""A picture in Mermaid, which GitHub, GitLab and many editors draw where it stands in a Markdown file."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from dataflow.drawing.cards import GRADIENT, VALUE, Line, make_card
from dataflow.drawing.colours import FILLS, INK
from dataflow.drawing.marks import FENCE, MARK
from dataflow.drawing.picture import INPUT, NODE, PARAMETER, PART, Box, Picture
from dataflow.drawing.texts import Measure
from dataflow.errors import escape

SHAPES: Mapping[str, tuple[str, str]] = MappingProxyType(
    {INPUT: ("([", "])"), PARAMETER: ("{{", "}}"), NODE: ("[", "]"), PART: ("[", "]")}
)
SIGNS: Mapping[str, str] = MappingProxyType({VALUE: "→ ", GRADIENT: "← "})  # Mermaid colours no part of a text
CLASSES: Mapping[str, str] = MappingProxyType({
    INPUT: "fill:{},stroke:{},color:{}".format(*FILLS[INPUT], INK),
    PARAMETER: "fill:{},stroke:{},color:{}".format(*FILLS[PARAMETER], INK),
    PART: "fill:{},stroke:{},color:{}".format(*FILLS[PART], INK),
    "target": "stroke-width:3px",
    "aside": "stroke-dasharray:2 3",
})  # fmt: skip
NAMES_IN_LINE = 50
COLUMNS = 26  # of text in a line; wider ones Mermaid breaks itself, anywhere
WORDS = (  # of the language: what begins with one, whatever the case, is not taken for a name
    "accdescr", "acctitle", "call", "class", "click", "default", "direction", "end", "flowchart", "graph", "href",
    "interpolate", "linkstyle", "style", "subgraph",
)  # fmt: skip
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,59}")
_SPECIAL = re.compile(r"[^\w\s.,()\[\]=+*/@'…→←-]|\b_|_\b|(?<=_)_|^[-+*](?= )")


def draw_mermaid(picture: Picture, measure: Measure, *, fenced: bool = False) -> str:
    """The picture as a flowchart; `fenced`: as a block of a Markdown file. `measure`: how many columns a text takes.

    >>> from dataflow.drawing.picture import Arrow, Value
    >>> boxes = [Box("a", INPUT, "3", (Value("a"),)), Box("y", NODE, "a * a", (Value("y"),), target=True)]
    >>> print(draw_mermaid(Picture("square", "", boxes, [Arrow(0, 0, 1)]), len))
    %% drawn by dataflow
    flowchart LR
        a(["a = 3"])
        y["y = a * a"]
        a --> y
        classDef default fill:#ffffff,stroke:#475569,color:#1e293b
        classDef input fill:#eef2f7,stroke:#475569,color:#1e293b
        class a input
        classDef target stroke-width:3px
        class y target
    <BLANKLINE>
    """
    names = [_identify(box, index) for index, box in enumerate(picture.boxes)]
    lines = [
        f"%% {MARK}",
        "flowchart LR",
        *(f"    {name}{_draw_box(box, measure)}" for name, box in zip(names, picture.boxes, strict=True)),
        *_draw_arrows(picture, names),
        *_define_classes(picture, names),
    ]
    text = "\n".join(lines) + "\n"
    return f"{FENCE}mermaid\n{text}{FENCE}\n" if fenced else text


def _identify(box: Box, index: int) -> str:
    """The name of a box, or a number, as none is called, where Mermaid would not take it for a name."""
    plain = _PLAIN.fullmatch(box.name) is not None and not box.name.lower().startswith(WORDS)
    return box.name if plain else str(index)


def _draw_box(box: Box, measure: Measure) -> str:
    opening, closing = SHAPES[box.kind]
    return f'{opening}"{"<br/>".join(_write_lines(make_card(box, measure, columns=COLUMNS).lines))}"{closing}'


def _write_lines(lines: Sequence[Line]) -> Iterator[str]:
    """The lines of a box; the first of a value and of a gradient says which way it flows."""
    last = ""
    for line in lines:
        style = line[-1].style
        text = "".join(span.text for span in line)
        yield SIGNS.get(style, "") * (style != last) + _escape(text)
        last = style


def _escape(text: str) -> str:
    """A text within quotes, with Mermaid's own codes for what it, Markdown or HTML would take for something else."""
    return _SPECIAL.sub(lambda found: f"#{ord(found[0])};", escape(text))


def _draw_arrows(picture: Picture, names: Sequence[str]) -> Iterator[str]:
    for arrow in picture.arrows:
        values = picture.boxes[arrow.source].values
        line = "<-->" if arrow.back else "-->"
        label = f'|"{_escape(values[arrow.port].name)}"|' if len(values) > 1 else ""
        yield f"    {names[arrow.source]} {line}{label} {names[arrow.target]}"


def _define_classes(picture: Picture, names: Sequence[str]) -> Iterator[str]:
    yield "    classDef default fill:{},stroke:{},color:{}".format(*FILLS[NODE], INK)
    for name, style in CLASSES.items():
        members = [
            identity
            for identity, box in zip(names, picture.boxes, strict=True)
            if box.kind == name or (name == "target" and box.target) or (name == "aside" and box.aside)
        ]
        if members:
            yield f"    classDef {name} {style}"
        for begin in range(0, len(members), NAMES_IN_LINE):
            yield f"    class {','.join(members[begin : begin + NAMES_IN_LINE])} {name}"
