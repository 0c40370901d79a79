"""A diagram in the letters of a terminal: boxes and lines, or an outline where they do not fit.

Rules of this file:

1. Nothing is cut: what does not fit the width, or would be drawn over something else, is told as
   an outline, which always fits.
2. Each line has a column of its own wherever another is near, so that two never seem to be one.
"""

from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise
from unicodedata import combining, east_asian_width

from agentgraph.render.captions import figure_lines
from agentgraph.render.diagram import Arrow, Diagram, Figure, short_name
from agentgraph.render.layered import arrange
from agentgraph.render.layout import Box, Layout, Link, Point, Request
from agentgraph.render.lettering import shown, visible

_SIGNS = {"classifier": "\u25c7", "consensus": "\u25c7", "human": "\u25cb", "form": "\u25cb"}
_PLAIN = str.maketrans("\u25c7\u25cb\u2500\u2502\u256d\u256e\u2570\u256f\u253c\u25bc\u25b2\u2192\u00d7\u00b7\u21ba", "?@-|..''+v^>x.@")  # fmt: skip


_FAR = 10_000


@dataclass(frozen=True, slots=True)
class Drawing:
    """The lines of a text, and where in them each vertex stands: column, row, width, height."""

    lines: tuple[str, ...]
    places: Mapping[str, tuple[int, int, int, int]]


def write(diagram: Diagram, *, width: int, ascii: bool = False) -> Drawing:
    """Draw a diagram in at most `width` columns; `ascii` keeps to the letters of any terminal."""
    # There is little room: what undoes a vertex is a note in its box.
    figures = tuple(figure for figure in diagram.figures if figure.kind != "undo")
    arrows = tuple(arrow for arrow in diagram.arrows if arrow.kind != "undo")
    diagram = replace(diagram, figures=figures, arrows=arrows)
    drawing = _drawn(diagram, width) or outline(diagram)
    if not ascii:
        return drawing
    lines = [
        line.translate(_PLAIN).encode("ascii", "backslashreplace").decode()
        for line in drawing.lines
    ]
    return replace(drawing, lines=tuple(lines))


def outline(diagram: Diagram) -> Drawing:
    """List the vertices, and below each the ways that lead on from it."""
    name = {part.id: shown(part.path) for part in diagram.parts}
    lines, places = [shown(diagram.graph.name)], dict[str, tuple[int, int, int, int]]()
    for part in diagram.parts:
        ways = [arrow for arrow in diagram.arrows if arrow.source == part.id]
        if isinstance(part, Figure) or ways:
            text = _words(part) if isinstance(part, Figure) else [f"{part.kind} {name[part.id]}"]
            places[part.path] = (0, len(lines), columns(text[0]), 1)
            lines.append(" \u00b7 ".join(text))
        for arrow in ways:
            note = f"{arrow.note} " if arrow.note else ""
            lines.append(f"  {note}\u2192 {name[arrow.target]}")
    return Drawing(tuple(lines), places)


def columns(text: str) -> int:
    """Return how many columns a terminal takes for a text."""
    return sum(map(_wide, text))


def _wide(letter: str) -> int:
    if combining(letter) or letter in "\u200c\u200d\ufe0f":
        return 0
    return 2 if east_asian_width(letter) in "WF" else 1


def _words(figure: Figure) -> list[str]:
    _, *notes = figure_lines(figure)
    sign = _SIGNS.get(figure.kind, "")
    name = shown(figure.path)
    undo = figure.vertex.undo if figure.vertex else ""
    notes += [visible(f"undo {short_name(undo)}")] if undo else []
    return [f"{sign} {name}" if sign else name, *(note for note in notes if note != name)]


def _drawn(diagram: Diagram, width: int) -> Drawing | None:
    for unit in (8.0, 14.0, 20.0, 40.0):
        with suppress(_NoRoom):
            return _Sheet(diagram, unit, width).drawing()
    return None


class _NoRoom(Exception):
    """Something has no column of its own."""


@dataclass(slots=True)
class _Line:
    """An arrow that leads from row to row; `rises` when its tip is at the upper end."""

    arrow: Arrow
    upper: str
    lower: str
    rises: bool
    route: tuple[Point, ...]
    first: int
    last: int
    label: int
    """The row of its label, or else the last."""
    at: dict[int, int] = field(default_factory=dict[int, int])
    """The column in which it comes to, passes or leaves a row."""

    def column(self, y: float) -> float:
        """Return where the layout has it at this height."""
        stops = sorted(self.route[::3], key=lambda point: point[1])
        for (ax, ay), (bx, by) in pairwise(stops):
            if ay <= y <= by and by > ay:
                return ax + (bx - ax) * (y - ay) / (by - ay)
        return stops[0][0] if y < stops[0][1] else stops[-1][0]


class _Sheet:
    """One drawing on its way from a layout to letters."""

    def __init__(self, diagram: Diagram, unit: float, width: int) -> None:
        self._unit, self._width = unit, width
        self._words = {figure.id: _words(figure) for figure in diagram.figures}
        self._path = {figure.id: figure.path for figure in diagram.figures}
        self._cells: dict[tuple[int, int], str] = {}
        self._spans: list[dict[str, tuple[int, int]]] = []
        self._place: dict[str, tuple[int, int, int, int]] = {}
        self._lines: list[_Line] = []
        self._lay_out(diagram)

    def _lay_out(self, diagram: Diagram) -> None:
        led: list[tuple[Arrow, Link]] = []
        for arrow, is_back in zip(diagram.arrows, diagram.against, strict=True):
            link = Link(*diagram.ends(arrow), arrow.id if arrow.note else None, is_back)
            if link.source == link.target:
                self._words[link.source].append(f"\u21ba {arrow.note}".rstrip())
            else:
                led.append((arrow, link))
        sides = Counter(end for _, link in led for end in (link.source, link.target))
        self._size = {
            box: max(max(map(columns, words)) + 4, sides[box] * 2 + 3)
            for box, words in self._words.items()
        }
        self._labels = {arrow.id: shown(arrow.note) for arrow, _ in led if arrow.note}
        self._size |= {label: columns(text) for label, text in self._labels.items()}
        boxes = [Box(box, (wide + 2) * self._unit, 16) for box, wide in self._size.items()]
        layout = arrange(Request(tuple(boxes), (), tuple(link for _, link in led)))
        self._heights = sorted({round(at.y) for at in layout.boxes.values()})
        row = {box: self._heights.index(round(at.y)) for box, at in layout.boxes.items()}
        self._span(row, layout)
        for (arrow, link), route in zip(led, layout.routes, strict=True):
            rises = row[link.source] > row[link.target]
            upper, lower = (link.source, link.target)[:: -1 if rises else 1]
            rows = row[upper], row[lower], row.get(arrow.id, row[lower])
            if not rows[0] < rows[2] <= rows[1]:
                raise _NoRoom
            self._lines.append(_Line(arrow, upper, lower, rises, route, *rows))

    def _span(self, row: Mapping[str, int], layout: Layout) -> None:
        """Give each box its columns, from left to right."""
        self._spans = [{} for _ in self._heights]
        reach = [-2] * len(self._heights)
        for box, at in sorted(layout.boxes.items(), key=lambda item: item[1].x):
            number, wide = row[box], self._size[box]
            left = max(round(at.x / self._unit - wide / 2), reach[number] + 3)
            reach[number] = left + wide - 1
            self._spans[number][box] = (left, reach[number])

    def drawing(self) -> Drawing:
        """Draw everything. Raises `_NoRoom` where it does not fit."""
        top = 0
        for number in range(len(self._spans)):
            self._ports(number)
        for number in range(len(self._spans)):
            top = self._paint_row(number, top)
            top += self._channel(number, top)
        wide = max((x for x, _ in self._cells), default=0) + 1
        left = min((x for x, _ in self._cells), default=0)
        if wide - left > self._width:
            raise _NoRoom
        lines = [
            "".join(self._cells.get((x, y), " ") for x in range(left, wide)).rstrip()
            for y in range(top)
        ]
        places = {path: (x - left, y, w, h) for path, (x, y, w, h) in self._place.items()}
        return Drawing(tuple(lines), places)

    def _ports(self, number: int) -> None:
        """Choose the columns of all lines that come to, pass and leave a row."""
        spans = self._spans[number]
        taken = {x for left, right in spans.values() for x in range(left - 1, right + 2)}
        above: dict[str, set[int]] = {box: set() for box in spans}
        below: dict[str, set[int]] = {box: set() for box in spans}
        for line in sorted(self._lines, key=lambda line: line.at.get(number - 1, 0)):
            if line.last == number:
                line.at[number] = self._free(spans[line.lower], line, number, above[line.lower])
            elif line.label == number:
                self._straighten(spans, line.arrow.id, line.at[number - 1])
                line.at[number] = self._free(spans[line.arrow.id], line, number, set(), 0)
            elif line.first < number < line.last:
                line.at[number] = self._free((-40, _FAR), line, number, taken)
        for line in sorted(self._lines, key=lambda line: line.column(self._heights[number] + 60)):
            if line.first == number:
                line.at[number] = self._free(spans[line.upper], line, number, below[line.upper])

    def _straighten(self, spans: dict[str, tuple[int, int]], label: str, column: int) -> None:
        """Move a label below the line that comes to it, where there is room."""
        left, right = spans[label]
        move = column - (left + right) // 2
        others = [span for box, span in spans.items() if box != label]
        if abs(move) < 8 and all(
            right + move < low - 1 or left + move > high + 1 for low, high in others
        ):
            spans[label] = (left + move, right + move)

    def _free(
        self, span: tuple[int, int], line: _Line, number: int, taken: set[int], inset: int = 1
    ) -> int:
        """Return the free column that is nearest to where the line comes from or goes to."""
        low, high = span[0] + inset, span[1] - inset
        passes = number > line.first
        near = self._heights[number if passes else min(number + 1, len(self._heights) - 1)]
        wanted = round(line.column(near) / self._unit)
        drawn = line.at[number - 1] if passes else low - 1
        if low <= drawn <= high and abs(drawn - wanted) < (4 if high > _FAR - 2 else 40):
            wanted = drawn
        for away in range(200):
            for column in (wanted - away, wanted + away):
                if low <= column <= high and column not in taken:
                    taken.update((column - 1, column, column + 1))
                    return column
        raise _NoRoom

    def _paint_row(self, number: int, top: int) -> int:
        spans = self._spans[number]
        high = max((len(self._words[box]) + 2 for box in spans if box in self._words), default=1)
        for box, (left, right) in spans.items():
            if box in self._words:
                self._box(box, left, right, top)
            else:
                self._write(left, top + (high - 1) // 2, self._labels[box])
        for line in self._lines:
            if line.first <= number < line.last:
                begin = top + len(self._words[line.upper]) + 2 if number == line.first else top
                for y in range(begin, top + high):
                    self._cells.setdefault((line.at[number], y), "\u2502")
        return top + high

    def _box(self, box: str, left: int, right: int, top: int) -> None:
        words = self._words[box]
        rule = "\u2500" * (right - left - 1)
        self._write(left, top, f"\u256d{rule}\u256e")
        for y, text in enumerate(words, top + 1):
            before, after = divmod(right - left - 1 - columns(text), 2)
            self._write(left, y, f"\u2502{' ' * (before + after)}{text}{' ' * before}\u2502")
        self._write(left, top + len(words) + 1, f"\u2570{rule}\u256f")
        self._place[self._path[box]] = (left, top, right - left + 1, len(words) + 2)

    def _write(self, x: int, y: int, text: str) -> None:
        for letter in text:
            wide = _wide(letter)
            if wide == 0:
                self._cells[x - 1, y] += letter
                continue
            self._cells[x, y] = letter
            self._cells.update({(x + step, y): "" for step in range(1, wide)})
            x += wide

    def _channel(self, number: int, top: int) -> int:
        """Lead the lines from one row to the next, and return how many lines of text it takes."""
        lines = [line for line in self._lines if line.first <= number < line.last]
        tracks = _tracks([(line.at[number], line.at[number + 1]) for line in lines])
        above = int(any(line.rises and line.first == number for line in lines))
        high = above + max((track for track in tracks if track is not None), default=-1) + 2
        if not lines:
            return 0
        for line, track in zip(lines, tracks, strict=True):
            self._lead(line, number, top, high, None if track is None else top + above + track)
        for line in lines:
            if line.rises and line.first == number:
                self._cells[line.at[number], top] = "\u25b2"
            elif not line.rises and line.last == number + 1:
                self._cells[line.at[number + 1], top + high - 1] = "\u25bc"
        return high

    def _lead(self, line: _Line, number: int, top: int, high: int, turn: int | None) -> None:
        a, b = line.at[number], line.at[number + 1]
        for y in range(top, top + high):
            if y != turn:
                self._cross(a if turn is None or y < turn else b, y, "\u2502")
        if turn is None:
            return
        right = b > a
        for x in range(min(a, b) + 1, max(a, b)):
            self._cross(x, turn, "\u2500")
        self._cells[a, turn] = "\u2570" if right else "\u256f"
        self._cells[b, turn] = "\u256e" if right else "\u256d"

    def _cross(self, x: int, y: int, letter: str) -> None:
        self._cells[x, y] = letter if self._cells.get((x, y), letter) == letter else "\u253c"


def _tracks(ways: list[tuple[int, int]]) -> list[int | None]:
    """Give each way that turns a line of its own where another turns, above what ends below it."""
    found: list[int | None] = [None] * len(ways)
    waiting = [number for number, (a, b) in enumerate(ways) if a != b]
    while waiting:
        ready = [n for n in waiting if not any(ways[m][0] == ways[n][1] for m in waiting if m != n)]
        if not ready:
            raise _NoRoom
        number = ready[0]
        a, b = sorted(ways[number])
        laid = [(t, way) for t, way in zip(found, ways, strict=True) if t is not None]
        track = max((t + 1 for t, way in laid if way[0] == ways[number][1]), default=0)
        others = [(t, *sorted(way)) for t, way in laid]
        while any(t == track and low - 1 <= b and a <= high + 1 for t, low, high in others):
            track += 1
        found[number] = track
        waiting.remove(number)
    return found
