"""How big each figure is, its outline, and its drawing around 0, 0; not where it stands.

Rules of this file:

1. The outline is the drawn edge of the shape: arrows are cut at it, so they touch.
2. Sizes come from the table of `lettering`, so that no text leaves its shape.
3. `words` is the one way to write text into a drawing; it escapes.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from math import cos, fsum, pi, sin
from typing import Final

from agentgraph.render.captions import notes_of
from agentgraph.render.curve import Outline
from agentgraph.render.diagram import SILENT, Figure, FigureKind, short_name
from agentgraph.render.layout import Point
from agentgraph.render.lettering import lines_of, visible, width
from agentgraph.render.markup import number, rect, words
from agentgraph.render.overlay import standing_note
from agentgraph.render.palette import LOOKS, NAME_SIZE, NOTE_SIZE

_Corners = tuple[Point, ...]

_LINE_HEIGHT = 18.0
_NOTE_HEIGHT = 15.0
_PAD_X = 16.0
_PAD_Y = 12.0
_WIDTH_MIN = 84.0
_GLYPH_WIDTH = 24.0
_CHIP_HEIGHT = 20.0
_CHIP_GAP = 6.0
_CHIPS_WIDTH_MAX = 250.0
_RADIUS = 8.0
_CARDS = (8.0, 4.0, 0.0)
"""How far each card of a stack is moved up and to the right, the last one being in front."""

GLYPHS: Final[dict[str, str]] = LOOKS["glyphs"]


@dataclass(frozen=True, slots=True)
class Sketch:
    """A figure ready to be put somewhere: `parts` are elements drawn around 0, 0."""

    width: float
    height: float
    outline: Outline
    parts: tuple[str, ...]


def sketch_of(figure: Figure) -> Sketch:
    """Draw one figure, with room for its count where a corner would be too small for it."""
    sketch = _DRAWERS[figure.kind](figure)
    beside = 2 * (badge_width(figure.badge) + 6) if figure.kind in SILENT and figure.badge else 0
    parts = (*sketch.parts, *_heat(sketch, figure))
    return replace(sketch, width=sketch.width + beside, parts=parts)


def badge_places(figure: Figure, sketch: Sketch) -> tuple[Point, ...]:
    """Say where around a figure the middle of its badge may be, the best place first."""
    _, x, y = sketch.outline
    if figure.kind not in SILENT:
        return (x, -y), (-x, -y), (x, y), (-x, y)
    aside = x + 4 + badge_width(figure.badge) / 2
    return (aside, 0), (-aside, 0), (0, y + 11), (0, -y - 11)


BADGE_HEIGHT = 16.0


def badge_width(text: str) -> float:
    """Return how wide the badge with a count or a word is."""
    return width(text, NOTE_SIZE, bold=True) + 10


def _shape(wide: float, high: float, corners: _Corners, *parts: str) -> Sketch:
    return Sketch(wide, high, Outline(corners, wide / 2, high / 2), parts)


def _card(wide: float, high: float, radius: float, *parts: str) -> Sketch:
    """Draw a rectangle with round corners, and what is in it."""
    corners = _arched(wide, high, radius)
    return _shape(wide, high, corners, _rounded(wide, high, radius), *parts)


def _cut(wide: float, high: float, corners: _Corners, *parts: str) -> Sketch:
    """Draw a shape with straight sides, and what is in it."""
    points = " ".join(f"{number(x)},{number(y)}" for x, y in corners)
    box = f'<polygon class="box" points="{points}"/>'
    return _shape(wide, high, corners, box, *parts)


def _heat(sketch: Sketch, figure: Figure) -> tuple[str, ...]:
    """Draw how long a vertex took beside the others, as a bar along its lower side."""
    if not figure.trace.times or sketch.width < 60 or figure.kind == "undo":
        return ()
    long, y = sketch.width - 40, number(sketch.height / 2 - 7)
    bars = (("track", long), ("heat", long * figure.trace.heat))
    at = f'x="{number(-long / 2)}" y="{y}" height="3" rx="1.5"'
    return tuple(f'<rect class="{kind}" {at} width="{number(wide)}"/>' for kind, wide in bars)


def frame_outline(wide: float, high: float) -> Outline:
    """Return the outline of a frame of this size."""
    return Outline(_arched(wide, high, _RADIUS), wide / 2, high / 2)


def _start(_: Figure) -> Sketch:
    return _shape(18, 18, _ellipse(9), '<circle class="dot" r="9"/>')


def _end(_: Figure) -> Sketch:
    parts = ('<circle class="ring" r="9" stroke-width="2"/>', '<circle class="dot" r="5"/>')
    return _shape(20, 20, _ellipse(9.6), *parts)


def _agent(figure: Figure) -> Sketch:
    said = _Words(figure)
    return _card(said.wide, said.high, _RADIUS, *said.written())


def _subgraph(figure: Figure) -> Sketch:
    said = _Words(figure)
    parts = _rounded(said.wide, said.high, 5), *said.written()
    return _card(said.wide + 8, said.high + 8, _RADIUS, *parts)


def _classifier(figure: Figure) -> Sketch:
    said = _Words(figure)
    return _hexagon(said.wide + 14, said.high, *said.written())


def _person(figure: Figure) -> Sketch:
    said = _Words(figure)
    wide = said.wide + _GLYPH_WIDTH
    glyph = _glyph(figure.kind, "", number(_GLYPH_WIDTH - wide / 2))
    parts = glyph, *said.written(x=_GLYPH_WIDTH / 2)
    return _card(wide, said.high, min(said.high / 2, 20), *parts)


def _each(figure: Figure) -> Sketch:
    said = _Words(figure)
    wide, high, shift = said.wide, said.high, _CARDS[0] / 2
    cards = [_rounded(wide, high, 5, x=step - shift, y=shift - step) for step in _CARDS]
    corners = tuple(
        (x * wide / 2 + dx - shift, y * high / 2 + shift - dy) for x, y, dx, dy in _STAIRS
    )
    parts = *cards, *said.written(x=-shift, y=shift)
    return _shape(wide + 2 * shift, high + 2 * shift, corners, *parts)


# The stack of three cards, clockwise from the upper left corner of the one in front.
_STAIRS = (
    *((-1, -1, dx, dy) for dx, dy in ((0, 0), (4, 0), (4, 4), (8, 4), (8, 8))),
    (1, -1, 8, 8),
    *((1, 1, dx, dy) for dx, dy in ((8, 8), (4, 8), (4, 4), (0, 4), (0, 0))),
    (-1, 1, 0, 0),
)


def _consensus(figure: Figure) -> Sketch:
    said, rows = _Words(figure), _chip_rows(figure)
    step = _CHIP_HEIGHT + _CHIP_GAP
    below = len(rows) * step
    wide = max([said.wide, *(_row_width(row) + 2 * _PAD_X for row in rows)]) + 14
    parts = said.written(y=-below / 2)
    for index, row in enumerate(rows):
        parts += _chips(row, said.high / 2 - below / 2 - 4 + index * step)
    return _hexagon(wide, said.high + below, *parts)


def _bar(figure: Figure) -> Sketch:
    text = " \u00b7 ".join(notes_of(figure))
    if not text:
        return _cut(20, 20, ((0, -10), (10, 0), (0, 10), (-10, 0)))
    wide = max(72.0, width(text, NOTE_SIZE, bold=True) + 24)
    return _card(wide, 22, 4, words(text, 0, 4))


class _Words:
    """The texts of a figure, and how much room they take with the air around them."""

    def __init__(self, figure: Figure) -> None:
        rows = [(line, "name", "") for line in lines_of(visible(figure.name))]
        rows += [(note, "note", "") for note in notes_of(figure)]
        note, sign = standing_note(figure.trace), figure.trace.sign
        self._rows = [*rows, (note, f"note {sign}", sign)] if note else rows
        names = [kind == "name" for _, kind, _ in self._rows]
        self._inner = sum(_LINE_HEIGHT if name else _NOTE_HEIGHT for name in names)
        widths = [
            width(text, NAME_SIZE if name else NOTE_SIZE, bold=name) + (18 if sign else 0)
            for (text, _, sign), name in zip(self._rows, names, strict=True)
        ]
        self.wide = max(_WIDTH_MIN, max(widths) + 2 * _PAD_X)
        self.high = self._inner + 2 * _PAD_Y

    def written(self, *, x: float = 0, y: float = 0) -> list[str]:
        """Write the name and the notes around x, y."""
        line = y - self._inner / 2
        written: list[str] = []
        for text, kind, sign in self._rows:
            high = _LINE_HEIGHT if kind == "name" else _NOTE_HEIGHT
            if sign:
                at = f"{number(x - width(text, NOTE_SIZE) / 2 - 2)},{number(line + 5)}"
                written.append(_glyph(sign, sign, at))
            written.append(words(text, x + 9 if sign else x, line + high - 4, kind))
            line += high
        return written


def _undo(figure: Figure) -> Sketch:
    said, sign = standing_note(figure.trace), figure.trace.sign
    text = ": ".join(filter(None, (lines_of(visible(figure.name))[0], said)))
    long = width(text, NOTE_SIZE)
    glyph = _glyph(sign or "undone", sign, f"{number(-long / 2 - 2)},-2")
    written = words(text, 9, 4, _kind("note", sign))
    return _card(max(60.0, long + 44), 24, 12.0, glyph, written)


def _glyph(shape: str, sign: str, at: str) -> str:
    return f'<path class="{_kind("glyph", sign)}" d="{GLYPHS[shape]}" transform="translate({at})"/>'


def _kind(*names: str) -> str:
    return " ".join(filter(None, names))


def _chip_rows(figure: Figure) -> list[list[tuple[str, float]]]:
    """Break the voters into rows of chips: each with its text and its width."""
    rows: list[list[tuple[str, float]]] = []
    for voter in figure.vertex.voters if figure.vertex else ():
        text = lines_of(visible(short_name(voter)))[0]
        chip = (text, width(text, NOTE_SIZE) + 18)
        if rows and _row_width([*rows[-1], chip]) <= _CHIPS_WIDTH_MAX:
            rows[-1].append(chip)
        else:
            rows.append([chip])
    return rows


def _row_width(row: list[tuple[str, float]]) -> float:
    return fsum(wide for _, wide in row) + _CHIP_GAP * (len(row) - 1)


def _chips(row: list[tuple[str, float]], y: float) -> list[str]:
    x = -_row_width(row) / 2
    written: list[str] = []
    for text, wide in row:
        written.append(rect("chip", x, y, wide, _CHIP_HEIGHT, radius=10))
        written.append(words(text, x + wide / 2, y + 14, "note"))
        x += wide + _CHIP_GAP
    return written


def _rounded(wide: float, high: float, radius: float, x: float = 0, y: float = 0) -> str:
    return rect("box", x - wide / 2, y - high / 2, wide, high, radius=radius)


def _hexagon(wide: float, high: float, *parts: str) -> Sketch:
    x, y, slant = wide / 2, high / 2, 14
    top = ((slant - x, -y), (x - slant, -y), (x, 0))
    return _cut(wide, high, (*top, (x - slant, y), (slant - x, y), (-x, 0)), *parts)


def _ellipse(radius: float) -> _Corners:
    turns = [2 * pi * step / 32 for step in range(32)]
    return tuple((radius * cos(turn), radius * sin(turn)) for turn in turns)


@lru_cache(maxsize=1024)
def _arched(wide: float, high: float, radius: float) -> _Corners:
    """Return the corners of a rectangle, each one replaced by five points of its arc."""
    x, y = wide / 2 - radius, high / 2 - radius
    return tuple([(a * x + c * radius, b * y + d * radius) for a, b, c, d in _ARCS])


_ARCS = [
    (x, y, cos(pi * (turn + step / 8)), sin(pi * (turn + step / 8)))
    for x, y, turn in ((1, 1, 0.0), (-1, 1, 0.5), (-1, -1, 1.0), (1, -1, 1.5))
    for step in range(5)
]


_DRAWERS: dict[FigureKind, Callable[[Figure], Sketch]] = {
    "start": _start,
    "end": _end,
    "node": _agent,
    "classifier": _classifier,
    "human": _person,
    "form": _person,
    "consensus": _consensus,
    "each": _each,
    "subgraph": _subgraph,
    "gateway": _bar,
    "join": _bar,
    "missing": _agent,
    "undo": _undo,
}
