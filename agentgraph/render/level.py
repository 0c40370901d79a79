"""One zone laid out by itself: its boxes and inner zones in ranks, its lines between them.

Lines go straight down through a rank and bend only between ranks, so that none runs
through a box.
"""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

from agentgraph.render.layout import Point, Rect, Zone
from agentgraph.render.ranks import Pull, ordered, positioned, ranked

_RANK_GAP = 32.0
_BOX_GAP = 26.0
_LANE = 6.0
"""How wide a line is that passes a rank."""
_MARGIN = 12.0
_BEND = 8.0
"""How much more air there is where lines pass a border."""
_SPREAD = 16.0
"""How far apart lines leave the same box, where it is wide enough."""


class Line(NamedTuple):
    """A line from unit to unit; where there is None, to a port on the border."""

    upper: int | None
    lower: int | None


class Level:
    """The units that lie right in one zone, or in none, and the lines among them."""

    def __init__(self, zone: Zone | None) -> None:
        """Start empty; units and lines are added, then `arrange` gives them places."""
        self.zone = zone
        self.name: str | None = zone.id if zone else None
        self.units: list[str] = []
        self.number: dict[str, int] = {}
        self.upright: set[int] = set()
        self.lines: dict[int, Line] = {}
        self.size: tuple[float, float] = (0.0, 0.0)
        self._origin = (0.0, 0.0)
        self._places: list[Rect] = []
        self._ways: dict[int, list[Point]] = {}

    def add(self, unit: str, *, upright: bool) -> None:
        """Add a box or an inner zone; lines meet an upright one in the middle of its sides."""
        if upright:
            self.upright.add(len(self.units))
        self.number[unit] = len(self.units)
        self.units.append(unit)

    def arrange(
        self, rooms: list[tuple[float, float]], levels: Mapping[str | None, "Level"]
    ) -> None:
        """Place the units, of which the inner zones have been laid out before."""
        inner = {number: levels[unit] for unit, number in self.number.items() if unit in levels}
        self.size, self._places, self._ways = _Ranking(self, rooms, inner).result()

    def move_into(self, outer: "Level") -> None:
        """Take the place that the outer level has for this one; the outer must have its own."""
        assert self.name is not None
        place = outer._places[outer.number[self.name]]  # noqa: SLF001 - another of its class
        self._origin = outer._origin[0] + place.left, outer._origin[1] + place.top  # noqa: SLF001

    def placed(self) -> Iterator[tuple[str, Rect]]:
        """Yield the units and where they are in the whole picture."""
        for unit, place in zip(self.units, self._places, strict=True):
            yield unit, place.moved(*self._origin)

    def way(self, line: int) -> list[Point]:
        """Return a line as a chain of curves in the whole picture."""
        dx, dy = self._origin
        return [Point(x + dx, y + dy) for x, y in self._ways[line]]

    def port(self, line: int, *, upper: bool) -> float:
        """Say how far from the middle of its zone a line passes the border."""
        way = self._ways[line]
        return (way[0] if upper else way[-1]).x - self.size[0] / 2


class _Ranking:
    """The sums for one level. Vertices are its units, then ports and lanes of long lines."""

    def __init__(
        self, level: Level, rooms: list[tuple[float, float]], inner: dict[int, Level]
    ) -> None:
        self._rooms = rooms
        self._inner = inner
        self._pads = _pads(level)
        self._upright = level.upright
        self._widths = [wide for wide, _ in rooms]
        pairs = [
            (line.upper, line.lower)
            for line in level.lines.values()
            if line.upper is not None and line.lower is not None
        ]
        self._rank = ranked(len(rooms), pairs)
        self._first, self._last = min(self._rank, default=0) - 1, max(self._rank, default=0) + 1
        self._paths = {key: self._path(line) for key, line in level.lines.items()}
        self._xs: list[float] = []
        self._bands: dict[int, tuple[float, float]] = {}
        """The upper and lower limit of each rank."""

    def result(self) -> tuple[tuple[float, float], list[Rect], dict[int, list[Point]]]:
        """Return the size, the places of the units, and the ways of the lines."""
        width = self._place_across()
        height = self._place_down()
        places = [
            Rect(self._xs[unit], sum(self._bands[self._rank[unit]]) / 2, *room)
            for unit, room in enumerate(self._rooms)
        ]
        shifts = self._shifts()
        ways = {key: self._way(key, path, places, shifts) for key, path in self._paths.items()}
        return (width, height), places, ways

    def _path(self, line: Line) -> list[int]:
        """List the vertices of a line, adding a lane for each rank that it passes."""
        upper = line.upper if line.upper is not None else self._added(self._first)
        lower = line.lower if line.lower is not None else self._added(self._last)
        lanes = range(self._rank[upper] + 1, self._rank[lower])
        return [upper, *(self._added(rank) for rank in lanes), lower]

    def _added(self, rank: int) -> int:
        self._rank.append(rank)
        self._widths.append(_LANE)
        return len(self._rank) - 1

    def _place_across(self) -> float:
        """Order the ranks, give every vertex its x, and return how wide it all is."""
        low = min(self._rank, default=0)
        ranks: list[list[int]] = [[] for _ in range(low, max(self._rank, default=0) + 1)]
        for vertex, rank in enumerate(self._rank):
            ranks[rank - low].append(vertex)
        steps = [step for path in self._paths.values() for step in pairwise(path)]
        pulls = [
            Pull(upper, lower, self._below(key, upper), self._above(key, lower))
            for key, path in self._paths.items()
            for upper, lower in pairwise(path)
        ]
        xs = positioned(ordered(ranks, steps), self._widths, pulls, _BOX_GAP)
        sides = [(x - wide / 2, x + wide / 2) for x, wide in zip(xs, self._widths, strict=True)]
        start = min((left for left, _ in sides), default=0.0)
        wide = max((right for _, right in sides), default=0.0) - start
        pads = self._pads
        whole = max(pads.left + wide + pads.right, pads.width_min)
        shift = pads.left - start + (whole - pads.left - wide - pads.right) / 2
        self._xs = [x + shift for x in xs]
        return whole

    def _place_down(self) -> float:
        """Give every rank its limits, and return how high it all is. Ports lie on the border."""
        highs: dict[int, float] = {}
        for unit, (_, high) in enumerate(self._rooms):
            highs[self._rank[unit]] = max(highs.get(self._rank[unit], 0.0), high)
        y = self._pads.above
        for rank in range(self._first + 1, self._last):
            self._bands[rank] = (y, y + highs.get(rank, 0.0))
            y += highs.get(rank, 0.0) + _RANK_GAP
        whole = max(y - _RANK_GAP + self._pads.below, self._pads.height_min)
        self._bands[self._first] = (0.0, 0.0)
        self._bands[self._last] = (whole, whole)
        return whole

    def _above(self, key: int, vertex: int) -> float:
        """Say how far from the middle of a vertex a line comes in: only a zone is entered aside."""
        return self._inner[vertex].port(key, upper=True) if vertex in self._inner else 0.0

    def _below(self, key: int, vertex: int) -> float:
        return self._inner[vertex].port(key, upper=False) if vertex in self._inner else 0.0

    def _shifts(self) -> dict[tuple[int, int], float]:
        """Spread the lines at a box in the order of their other ends; at a zone, take its ports."""
        lower_ends: dict[int, list[tuple[float, int]]] = {}
        upper_ends: dict[int, list[tuple[float, int]]] = {}
        shifts: dict[tuple[int, int], float] = {}
        for key, path in self._paths.items():
            first, last = path[0], path[-1]
            shifts[first, key], shifts[last, key] = self._below(key, first), self._above(key, last)
            upper_ends.setdefault(first, []).append((self._xs[path[1]], key))
            lower_ends.setdefault(last, []).append((self._xs[path[-2]], key))
        for ends in (upper_ends, lower_ends):
            for vertex, lines in ends.items():
                if vertex < len(self._rooms) and vertex not in self._inner:
                    lines.sort(key=lambda line: line[0])
                    wide = 0.0 if vertex in self._upright else self._widths[vertex]
                    step = min(_SPREAD, wide * 0.6 / len(lines))
                    for index, (_, key) in enumerate(lines):
                        shifts[vertex, key] = (index - (len(lines) - 1) / 2) * step
        return shifts

    def _way(
        self,
        key: int,
        path: list[int],
        places: list[Rect],
        shifts: dict[tuple[int, int], float],
    ) -> list[Point]:
        at = [self._xs[vertex] + shifts.get((vertex, key), 0.0) for vertex in path]
        bands = [self._bands[self._rank[vertex]] for vertex in path]
        way = [Point(at[0], self._stop(path[0], places).bottom)]
        for index in range(1, len(path)):
            way += _straight(way[-1], Point(at[index - 1], bands[index - 1][1]))
            way += _bent(way[-1], Point(at[index], bands[index][0]))
        return way + _straight(way[-1], Point(at[-1], self._stop(path[-1], places).top))

    def _stop(self, vertex: int, places: list[Rect]) -> Rect:
        """Return what a line ends at: the border of a zone, but the middle of a box."""
        if vertex in self._inner:
            return places[vertex]
        if vertex < len(places):
            return Rect(places[vertex].x, places[vertex].y, 0, 0)
        return Rect(self._xs[vertex], self._bands[self._rank[vertex]][0], 0, 0)


class _Pads(NamedTuple):
    """The air between a border and what lies inside, and how small the whole may be."""

    left: float = 0.0
    above: float = 0.0
    right: float = 0.0
    below: float = 0.0
    width_min: float = 0.0
    height_min: float = 0.0


def _pads(level: Level) -> _Pads:
    zone = level.zone
    if zone is None:
        return _Pads()
    air, beside_title = _MARGIN, _MARGIN + zone.title_height
    above = air + (_BEND if any(line.upper is None for line in level.lines.values()) else 0)
    below = air + (_BEND if any(line.lower is None for line in level.lines.values()) else 0)
    if zone.sideways:
        return _Pads(beside_title, above, air, below, height_min=zone.title_width + 2 * air)
    above = max(above, beside_title)
    return _Pads(air, above, air, below, width_min=zone.title_width + 2 * air)


def _straight(start: Point, end: Point) -> list[Point]:
    if start == end:
        return []
    third = (end.x - start.x) / 3, (end.y - start.y) / 3
    return [
        Point(start.x + third[0], start.y + third[1]),
        Point(end.x - third[0], end.y - third[1]),
        end,
    ]


def _bent(start: Point, end: Point) -> list[Point]:
    middle = (start.y + end.y) / 2
    return [Point(start.x, middle), Point(end.x, middle), end]
