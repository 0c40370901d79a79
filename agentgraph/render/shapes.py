"""How big each figure is, its outline, and its drawing around 0, 0; not where it stands.

Rules of this file:

1. The outline is the drawn edge of the shape: arrows are cut at it, so they touch.
2. Sizes come from the table of `lettering`, so that no text leaves its shape.
3. `words` is the one way to write text into a drawing; it escapes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import cos, fsum, pi, sin
from typing import NamedTuple

from agentgraph.render.captions import bar_notes, notes_of
from agentgraph.render.curve import Outline
from agentgraph.render.diagram import Figure, FigureKind, short_name
from agentgraph.render.layout import Point
from agentgraph.render.lettering import lines_of, visible, width
from agentgraph.render.markup import number, words
from agentgraph.render.overlay import Trace, standing_note
from agentgraph.render.palette import NAME_SIZE, NOTE_SIZE

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

_SMALL = frozenset({"terminal", "bar"})
"""What these paints are for has no room for a badge on its corners."""

PERSON = "M0-9a3.6 3.6 0 1 1 0 7.2a3.6 3.6 0 1 1 0-7.2zM-6.5 8v-2a6.5 6 0 0 1 13 0v2z"
SHEET = "M-5-8h6.5l3.5 3.5v12.5h-10zM-2-2.5h4M-2 1h4M-2 4.5h4"
SIGNS = {
    "failed": "M0-4l6 11h-12zM0 0v3M0 5v.1",
    "waiting": "M-4-3h8l-8 10h8l-8-10",
    "running": "M-3-2v8l7-4z",
    "undone": "M-5 1h7a2.8 2.8 0 0 1 0 5.6h-2M-5 1l3-3M-5 1l3 3",
}


@dataclass(frozen=True, slots=True)
class Sketch:
    """A figure ready to be put somewhere: `parts` are elements drawn around 0, 0."""

    width: float
    height: float
    outline: Outline
    paint: str
    parts: tuple[str, ...]


def sketch_of(figure: Figure) -> Sketch:
    """Draw one figure, with room for its count where a corner would be too small for it."""
    shape = _DRAWERS[figure.kind](figure)
    parts = (*shape.parts, *_heat(shape, figure.trace))
    outline = Outline(shape.corners, shape.width / 2, shape.height / 2)
    beside = shape.paint in _SMALL and figure.badge
    wide = shape.width + (2 * (badge_width(figure.badge) + 6) if beside else 0)
    return Sketch(wide, shape.height, outline, shape.paint, parts)


def badge_places(text: str, sketch: Sketch) -> tuple[Point, ...]:
    """Say where around a figure the middle of its badge may be, the best place first."""
    _, x, y = sketch.outline
    if sketch.paint not in _SMALL:
        return (x, -y), (-x, -y), (x, y), (-x, y)
    aside = x + 4 + badge_width(text) / 2
    return (aside, 0), (-aside, 0), (0, y + 11), (0, -y - 11)


BADGE_HEIGHT = 16.0


def badge_width(text: str) -> float:
    """Return how wide the badge with a count or a word is."""
    return width(text, NOTE_SIZE, bold=True) + 10


class _Shape(NamedTuple):
    """What one kind of figure looks like."""

    width: float
    height: float
    corners: _Corners
    paint: str
    parts: tuple[str, ...]


def _heat(shape: _Shape, trace: Trace | None) -> tuple[str, ...]:
    """Draw how long a vertex took beside the others, as a bar along its lower side."""
    if trace is None or not trace.times or shape.width < 60 or shape.paint == "undo":
        return ()
    long, y = shape.width - 40, number(shape.height / 2 - 7)
    bars = (("track", long), ("heat", long * trace.heat))
    at = f'x="{number(-long / 2)}" y="{y}" height="3" rx="1.5"'
    return tuple(f'<rect class="{kind}" {at} width="{number(wide)}"/>' for kind, wide in bars)


def frame_outline(wide: float, high: float) -> Outline:
    """Return the outline of a frame of this size."""
    return Outline(_arched(wide, high, _RADIUS), wide / 2, high / 2)


def _start(_: Figure) -> _Shape:
    return _Shape(18, 18, _ellipse(9), "terminal", ('<circle class="dot" r="9"/>',))


def _end(_: Figure) -> _Shape:
    parts = ('<circle class="ring" r="9" stroke-width="2"/>', '<circle class="dot" r="5"/>')
    return _Shape(20, 20, _ellipse(9.6), "terminal", parts)


def _agent(figure: Figure) -> _Shape:
    wide, high, said = _said(figure)
    parts = (_rounded(wide, high), *said.written())
    paint = "agent" if figure.vertex else "missing"
    return _Shape(wide, high, _arched(wide, high, _RADIUS), paint, parts)


def _subgraph(figure: Figure) -> _Shape:
    wide, high, said = _said(figure)
    wide, high = wide + 8, high + 8
    parts = (_rounded(wide, high), _rounded(wide - 8, high - 8, radius=5), *said.written())
    return _Shape(wide, high, _arched(wide, high, _RADIUS), "agent", parts)


def _classifier(figure: Figure) -> _Shape:
    wide, high, said = _said(figure)
    corners = _hexagon(wide + 14, high, 14)
    return _Shape(wide + 14, high, corners, "choice", (_polygon(corners), *said.written()))


def _person(figure: Figure) -> _Shape:
    inner, high, said = _said(figure)
    wide = inner + _GLYPH_WIDTH
    radius = min(high / 2, 20)
    glyph = SHEET if figure.kind == "form" else PERSON
    at = number(_GLYPH_WIDTH - wide / 2)
    parts = (
        _rounded(wide, high, radius=radius),
        f'<path class="glyph" d="{glyph}" transform="translate({at})"/>',
        *said.written(x=_GLYPH_WIDTH / 2),
    )
    return _Shape(wide, high, _arched(wide, high, radius), "person", parts)


def _each(figure: Figure) -> _Shape:
    wide, high, said = _said(figure)
    shift = _CARDS[0] / 2
    cards = [_rounded(wide, high, radius=5, x=step - shift, y=shift - step) for step in _CARDS]
    corners = tuple(
        (x * wide / 2 + dx - shift, y * high / 2 + shift - dy) for x, y, dx, dy in _STAIRS
    )
    texts = said.written(x=-shift, y=shift)
    return _Shape(wide + 2 * shift, high + 2 * shift, corners, "each", (*cards, *texts))


# The stack of three cards, clockwise from the upper left corner of the one in front.
_STAIRS = (
    *((-1, -1, dx, dy) for dx, dy in ((0, 0), (4, 0), (4, 4), (8, 4), (8, 8))),
    (1, -1, 8, 8),
    *((1, 1, dx, dy) for dx, dy in ((8, 8), (4, 8), (4, 4), (0, 4), (0, 0))),
    (-1, 1, 0, 0),
)


def _consensus(figure: Figure) -> _Shape:
    wide, high, said = _said(figure)
    rows = _chip_rows(figure)
    step = _CHIP_HEIGHT + _CHIP_GAP
    below = len(rows) * step
    wide = max([wide, *(_row_width(row) + 2 * _PAD_X for row in rows)]) + 14
    corners = _hexagon(wide, high + below, 14)
    parts = [_polygon(corners), *said.written(y=-below / 2)]
    for index, row in enumerate(rows):
        parts += _chips(row, high / 2 - below / 2 - 4 + index * step)
    return _Shape(wide, high + below, corners, "votes", tuple(parts))


def _bar(figure: Figure) -> _Shape:
    text = " \u00b7 ".join(bar_notes(figure))
    if not text:
        corners = ((0, -10), (10, 0), (0, 10), (-10, 0))
        return _Shape(20, 20, corners, "bar", (_polygon(corners),))
    wide = max(72.0, width(text, NOTE_SIZE, bold=True) + 24)
    parts = (_rounded(wide, 22, radius=4), words(text, 0, 4))
    return _Shape(wide, 22, _arched(wide, 22, 4), "bar", parts)


def _said(figure: Figure) -> tuple[float, float, "_Words"]:
    """Measure the texts of a figure, with the air around them."""
    said = _Words(figure)
    return (*said.room(), said)


class _Words:
    """The texts of a figure, and how much room they take."""

    def __init__(self, figure: Figure) -> None:
        self._names, self._notes = lines_of(visible(figure.name)), notes_of(figure)
        self._signed = _signed(figure)
        self._high = len(self._names) * _LINE_HEIGHT
        self._high += (len(self._notes) + len(self._signed)) * _NOTE_HEIGHT

    def room(self) -> tuple[float, float]:
        """Return how much room they take, with the air around them."""
        widths = [width(line, NAME_SIZE, bold=True) for line in self._names]
        widths += [width(note, NOTE_SIZE) for note in self._notes]
        widths += [width(note, NOTE_SIZE) + 18 for _, _, note in self._signed]
        return max(_WIDTH_MIN, max(widths) + 2 * _PAD_X), self._high + 2 * _PAD_Y

    def written(self, *, x: float = 0, y: float = 0) -> list[str]:
        """Write the name and the notes around x, y."""
        line = y - self._high / 2
        written: list[str] = []
        for name in self._names:
            written.append(words(name, x, line + 14, "name"))
            line += _LINE_HEIGHT
        for note in self._notes:
            written.append(words(note, x, line + 11, "note"))
            line += _NOTE_HEIGHT
        for glyph, kind, note in self._signed:
            at = f"{number(x - width(note, NOTE_SIZE) / 2 - 2)},{number(line + 5)}"
            written.append(f'<path class="glyph{kind}" d="{glyph}" transform="translate({at})"/>')
            written.append(words(note, x + 9, line + 11, f"note{kind}"))
            line += _NOTE_HEIGHT
        return written


def _signed(figure: Figure) -> list[tuple[str, str, str]]:
    """Return the note that has a sign in front, if there is one: the sign, its class, the note."""
    standing = standing_note(figure.trace)
    if not standing or figure.trace is None:
        return []
    return [(SIGNS[figure.trace.sign], f" {figure.trace.sign}", standing)]


def _undo(figure: Figure) -> _Shape:
    glyph, kind, said = next(iter(_signed(figure)), (SIGNS["undone"], "", ""))
    text = ": ".join(filter(None, (lines_of(visible(figure.name))[0], said)))
    long = width(text, NOTE_SIZE)
    wide, radius = max(60.0, long + 44), 12.0
    at = f"{number(-long / 2 - 2)},-2"
    sign = f'<path class="glyph{kind}" d="{glyph}" transform="translate({at})"/>'
    parts = (_rounded(wide, 24, radius=radius), sign, words(text, 9, 4, f"note{kind}"))
    return _Shape(wide, 24, _arched(wide, 24, radius), "undo", parts)


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
        at = f'x="{number(x)}" y="{number(y)}" width="{number(wide)}" height="{number(_CHIP_HEIGHT)}"'
        written.append(f'<rect class="chip" {at} rx="10"/>')
        written.append(words(text, x + wide / 2, y + 14, "note"))
        x += wide + _CHIP_GAP
    return written


def _rounded(
    wide: float, high: float, *, radius: float = _RADIUS, x: float = 0, y: float = 0
) -> str:
    at = f'x="{number(x - wide / 2)}" y="{number(y - high / 2)}"'
    size = f'width="{number(wide)}" height="{number(high)}"'
    return f'<rect class="box" {at} {size} rx="{number(radius)}"/>'


def _polygon(corners: _Corners) -> str:
    points = " ".join(f"{number(x)},{number(y)}" for x, y in corners)
    return f'<polygon class="box" points="{points}"/>'


def _hexagon(wide: float, high: float, slant: float) -> _Corners:
    x, y = wide / 2, high / 2
    top = ((slant - x, -y), (x - slant, -y), (x, 0))
    return (*top, (x - slant, y), (slant - x, y), (-x, 0))


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


_DRAWERS: dict[FigureKind, Callable[[Figure], _Shape]] = {
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
