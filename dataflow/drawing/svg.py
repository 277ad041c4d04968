"""A picture as SVG: one file that needs no other, the same bytes every time, readable on light and dark."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from dataflow.drawing.cards import EQUATION, GRADIENT, NAME, VALUE, Card, make_card, measure_card
from dataflow.drawing.colours import BACK, FILLS, FORWARD, INK, WIRE
from dataflow.drawing.columns import choose_columns
from dataflow.drawing.layout import Layout, Size, lay_out
from dataflow.drawing.marks import MARK
from dataflow.drawing.picture import INPUT, NODE, PARAMETER, PART, Box, Picture
from dataflow.drawing.texts import MORE, Measure, escape_xml, shorten
from dataflow.drawing.wires import HEAD, Course, spell, trace_arrows
from dataflow.errors import Diagnostic, UsageError

MAX_BOXES = 2_000
MAX_ARROWS = 10_000
MAX_COLUMNS = 24  # of a picture whose inputs all stand on the left
MAX_TEXT = 1_000  # characters of what is shown when the mouse rests on a box
MARGIN = 20.0
LETTER, LINE = 8.44, 18.0  # of the font: 14 pixels high, 0.603 of that wide
PADDING = (12.0, 8.0)
LEGEND_COLUMNS = 16  # of a name in it
TIP = 9.0  # of the hexagon of a parameter
FONT = "ui-monospace, 'DejaVu Sans Mono', 'Liberation Mono', Menlo, Consolas, monospace"
STYLES: Mapping[str, str] = MappingProxyType({
    NAME: f'fill="{INK}" font-weight="bold"',
    EQUATION: f'fill="{INK}"',
    VALUE: f'fill="{FORWARD}"',
    GRADIENT: f'fill="{BACK}"',
})  # fmt: skip


def draw_svg(picture: Picture, measure: Measure) -> str:
    """The picture as an SVG document. `measure` says how many columns a text takes.

    Raises `UsageError` for more than a picture can show.
    """
    count, lines = len(picture.boxes), len(picture.arrows)
    if count > MAX_BOXES or lines > MAX_ARROWS:
        raise UsageError(
            Diagnostic(
                "DF0932", f"nobody could read {count:,} boxes and {lines:,} arrows as an SVG",
                expected=f"at most {MAX_BOXES:,} boxes and {MAX_ARROWS:,} arrows",
                hint="draw what some values need with --only NAME,..., or write DOT (-o x.dot) for other programs",
            )
        )  # fmt: skip
    cards = [make_card(box, measure) for box in picture.boxes]
    sizes = [_measure(card, box, measure) for card, box in zip(cards, picture.boxes, strict=True)]
    arrows = [arrow[:3] for arrow in picture.arrows]
    layout = lay_out(sizes, _choose_columns(picture, arrows), arrows)
    legend = _list_legend(picture, measure)
    shapes = [
        *_draw_arrows(list(trace_arrows(picture.arrows, sizes, layout)), picture),
        *_draw_boxes(picture.boxes, cards, sizes, layout),
        *_draw_legend(legend, layout.height + 10 + LINE, measure),
    ]
    width = max(layout.width, sum(measure(text) + 2 for text, _ in legend) * LETTER) + 2 * MARGIN
    height = layout.height + 2 * MARGIN + (LINE + 10 if legend else 0)
    return _wrap_up(picture, spell(width), spell(height), shapes)


def _wrap_up(picture: Picture, width: str, height: str, shapes: Sequence[str]) -> str:
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        ' role="img">',
        f"<!-- {MARK} -->",
        f"<title>{escape_xml(picture.name or 'computation graph')}</title>",
        f"<desc>{escape_xml(_describe(picture))}</desc>",
        '<rect width="100%" height="100%" fill="#ffffff"/>',
        f'<g transform="translate({spell(MARGIN)} {spell(MARGIN)})" font-family="{FONT}" font-size="14"'
        ' xml:space="preserve">',
        *shapes,
        "</g>",
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _choose_columns(picture: Picture, arrows: Sequence[tuple[int, int, int]]) -> list[int]:
    """Inputs on the left, parameters and constants beside what uses them first, the target on the right."""
    boxes = picture.boxes
    pairs = [(source, target) for source, _, target in arrows]
    led_to = {target for _, target in pairs}
    late = {index for index, box in enumerate(boxes) if box.kind != INPUT and index not in led_to}
    last = next((index for index, box in enumerate(boxes) if box.target and box.kind != INPUT), None)
    columns = choose_columns(len(boxes), pairs, late=late, last=last)
    if max(columns, default=0) < MAX_COLUMNS:
        return columns
    late |= {index for index, box in enumerate(boxes) if box.kind == INPUT}
    return choose_columns(len(boxes), pairs, late=late, last=last)


def _measure(card: Card, box: Box, measure: Measure) -> Size:
    extra = TIP if box.kind == PARAMETER else 0.0
    return measure_card(card, measure, letter=LETTER, line=LINE, padding=(PADDING[0] + extra, PADDING[1]))


def _draw_arrows(courses: Sequence[Course], picture: Picture) -> Iterator[str]:
    for back, colour in ((True, BACK), (False, FORWARD if picture.valued else WIRE)):
        found = [course for course in courses if course.back == back]
        if not found:
            continue
        look = f'stroke="{colour}" stroke-width="1.4"' + (' stroke-dasharray="5 3"' if back else "")
        yield f'<g class="{"gradients" if back else "values"}" fill="none" {look}>'
        for course in found:
            source, target = picture.boxes[course.arrow.source], picture.boxes[course.arrow.target]
            begin = source.values[course.arrow.port].name
            yield f'<path data-from="{escape_xml(begin)}" data-to="{escape_xml(target.name)}" d="{course.path}"/>'
        yield f'</g><g fill="{colour}">'
        for course in found:
            if course.head is not None:
                x, y = course.head
                base = x + HEAD if back else x - HEAD
                yield f'<path d="M{spell(x)} {spell(y)}L{spell(base)} {spell(y - 3.6)}V{spell(y + 3.6)}Z"/>'
        yield "</g>"


def _draw_boxes(boxes: Sequence[Box], cards: Sequence[Card], sizes: Sequence[Size], layout: Layout) -> Iterator[str]:
    for box, card, size, (x, y) in zip(boxes, cards, sizes, layout.boxes, strict=True):
        kind = f"{box.kind} target" if box.target else f"{box.kind} aside" if box.aside else box.kind
        yield f'<g class="{kind}" data-name="{escape_xml(box.name)}">'
        yield f"<title>{escape_xml(_tell(box))}</title>"
        yield _draw_outline(box, x, y, size)
        first = y - len(card.lines) * LINE / 2 + LINE * 0.72
        for number, line in enumerate(card.lines):
            spans = "".join(f"<tspan {STYLES[span.style]}>{escape_xml(span.text)}</tspan>" for span in line)
            yield f'<text x="{spell(x)}" y="{spell(first + number * LINE)}" text-anchor="middle">{spans}</text>'
        yield "</g>"


def _draw_outline(box: Box, x: float, y: float, size: Size) -> str:
    fill, stroke = FILLS[box.kind]
    width, height = size.width, size.height
    look = f'fill="{fill}" stroke="{stroke}" stroke-width="{"3" if box.target else "1.4"}"'
    if box.aside:
        look += ' stroke-dasharray="2 3"'
    left, top = x - width / 2, y - height / 2
    if box.kind == PARAMETER:
        right, bottom = left + width, top + height
        corners = [
            (left, y), (left + TIP, top), (right - TIP, top), (right, y), (right - TIP, bottom), (left + TIP, bottom),
        ]  # fmt: skip
        points = " ".join(f"{spell(a)},{spell(b)}" for a, b in corners)
        return f'<polygon points="{points}" {look}/>'
    radius = min(height / 2, 17.0) if box.kind == INPUT else 4.0
    return (
        f'<rect x="{spell(left)}" y="{spell(top)}" width="{spell(width)}" height="{spell(height)}"'
        f' rx="{spell(radius)}" {look}/>'
    )


def _tell(box: Box) -> str:
    """All about a box, as text."""
    words = [f"{box.label} = {box.equation}" if box.label and box.equation else box.label or box.equation]
    for value in box.values:
        name = value.name if len(box.values) > 1 else "value"
        words += [f"{name}: {value.value}"] if value.value is not None else []
        words += [f"gradient: {value.gradient}"] if value.gradient is not None else []
    text = "; ".join(words) + (f". {' '.join(box.description.split())}" if box.description else "")
    return text if len(text) <= MAX_TEXT else text[:MAX_TEXT] + MORE


def _describe(picture: Picture) -> str:
    """What there is to see, for those who do not see it."""
    kinds = [box.kind for box in picture.boxes]
    counts = [(kinds.count(kind), kind) for kind in (INPUT, PARAMETER, NODE, PART)]
    told = ", ".join(f"{count} {kind}{'s' * (count > 1)}" for count, kind in counts if count) or "nothing"
    target = "" if picture.target is None else f"; target {picture.target}"
    return " ".join([*picture.description.split(), f"({told}{target})"])


def _list_legend(picture: Picture, measure: Measure) -> list[tuple[str, str]]:
    """What the colours mean, where there are any."""
    if not picture.valued:
        return []
    legend = [("→ values", FORWARD)]
    flows = (arrow for arrow in picture.arrows if arrow.back and picture.boxes[arrow.source].kind != PART)
    example = next(flows, None)
    if example is not None and picture.target is not None:
        name = shorten(picture.boxes[example.source].values[example.port].name, LEGEND_COLUMNS, measure)
        target = shorten(picture.target, LEGEND_COLUMNS, measure)
        legend.append((f"← gradients: d{name} is d{target}/d{name}", BACK))
    return legend


def _draw_legend(legend: Sequence[tuple[str, str]], y: float, measure: Measure) -> Iterator[str]:
    x = 0.0
    for text, colour in legend:
        yield f'<text x="{spell(x)}" y="{spell(y)}" fill="{colour}" font-size="12">{escape_xml(text)}</text>'
        x += (measure(text) + 2) * LETTER
