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
        self.name = zone.id if zone else None
        self.units: list[str] = []
        self.number: dict[str, int] = {}
        self.lines: dict[int, Line] = {}
        self.size = (0.0, 0.0)
        self._origin = (0.0, 0.0)
        self._places: list[Rect] = []
        self._ways: dict[int, list[Point]] = {}

    def add(self, unit: str) -> None:
        """Add a box or an inner zone."""
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
        self._level = level
        self._rooms = rooms
        self._inner = inner
        self._pads = _pads(level)
        self._widths = [wide for wide, _ in rooms]
        pairs = [line for line in level.lines.values() if None not in line]
        self._rank = ranked(len(rooms), [(a, b) for a, b in pairs if a is not None is not b])
        self._paths = {key: self._path(line) for key, line in level.lines.items()}

    def result(self) -> tuple[tuple[float, float], list[Rect], dict[int, list[Point]]]:
        """Return the size, the places of the units, and the ways of the lines."""
        low, high = min(self._rank, default=0), max(self._rank, default=0)
        ranks: list[list[int]] = [[] for _ in range(low, high + 1)]
        for vertex, rank in enumerate(self._rank):
            ranks[rank - low].append(vertex)
        steps = [step for path in self._paths.values() for step in pairwise(path)]
        ranks = ordered(ranks, steps)
        xs = positioned(ranks, self._widths, list(self._pulls()), _BOX_GAP)
        left, width = self._across(xs)
        xs = [x + left for x in xs]
        bands, height = self._bands(ranks)
        places = [
            Rect(xs[unit], sum(bands[self._rank[unit] - low]) / 2, *room)
            for unit, room in enumerate(self._rooms)
        ]
        shifts = self._shifts(xs)
        ways = {
            key: self._way(
                key, path, xs, [bands[self._rank[v] - low] for v in path], places, shifts
            )
            for key, path in self._paths.items()
        }
        return (width, height), places, ways

    def _path(self, line: Line) -> list[int]:
        """List the vertices of a line, adding a lane for each rank that it passes."""
        first, last = self._ports()
        upper = line.upper if line.upper is not None else self._added(first)
        lower = line.lower if line.lower is not None else self._added(last)
        lanes = range(self._rank[upper] + 1, self._rank[lower])
        return [upper, *(self._added(rank) for rank in lanes), lower]

    def _ports(self) -> tuple[int, int]:
        units = self._rank[: len(self._rooms)]
        return min(units, default=0) - 1, max(units, default=0) + 1

    def _added(self, rank: int) -> int:
        self._rank.append(rank)
        self._widths.append(_LANE)
        return len(self._rank) - 1

    def _pulls(self) -> Iterator[Pull]:
        for key, path in self._paths.items():
            for upper, lower in pairwise(path):
                yield Pull(
                    upper, lower, self._border(key, upper, False), self._border(key, lower, True)
                )

    def _border(self, key: int, vertex: int, upper: bool) -> float:
        """Say where a line passes the border of a vertex that is a zone."""
        level = self._inner.get(vertex)
        return level.port(key, upper=upper) if level else 0.0

    def _across(self, xs: list[float]) -> tuple[float, float]:
        """Return how far everything moves to the right, and how wide it all is."""
        sides = [(x - wide / 2, x + wide / 2) for x, wide in zip(xs, self._widths, strict=True)]
        low = min((left for left, _ in sides), default=0)
        wide = max((right for _, right in sides), default=0) - low
        left, _, right, _, least, _ = self._pads
        whole = max(wide + left + right, least)
        return left - low + (whole - left - right - wide) / 2, whole

    def _bands(self, ranks: list[list[int]]) -> tuple[list[tuple[float, float]], float]:
        """Return the upper and lower limit of each rank, and the height of it all."""
        _, above, _, below, _, least = self._pads
        first, last = self._ports()
        units = [number for number in range(len(self._rooms))]
        bands: list[tuple[float, float]] = []
        y = above
        for rank in ranks:
            number = self._rank[rank[0]]
            if number == first:
                bands.append((0.0, 0.0))
                continue
            if number == last:
                break
            high = max((self._rooms[v][1] for v in rank if v < len(units)), default=0.0)
            bands.append((y, y + high))
            y += high + _RANK_GAP
        whole = max(y - _RANK_GAP + below, least) if bands else max(above + below, least)
        if len(bands) < len(ranks):
            bands.append((whole, whole))
        return bands, whole

    def _shifts(self, xs: list[float]) -> dict[tuple[int, int], float]:
        """Spread the lines that leave or reach the same unit, in the order of their other ends."""
        ends: dict[tuple[int, bool], list[tuple[float, int]]] = {}
        for key, path in self._paths.items():
            ends.setdefault((path[0], False), []).append((xs[path[1]], key))
            ends.setdefault((path[-1], True), []).append((xs[path[-2]], key))
        shifts: dict[tuple[int, int], float] = {}
        for (vertex, upper), lines in ends.items():
            lines.sort(key=lambda end: end[0])
            wide = self._widths[vertex] if vertex < len(self._rooms) else 0.0
            step = min(_SPREAD, wide * 0.6 / len(lines))
            for index, (_, key) in enumerate(lines):
                even = (index - (len(lines) - 1) / 2) * step
                at_zone = vertex in self._inner
                shifts[vertex, key] = self._border(key, vertex, upper) if at_zone else even
        return shifts

    def _way(
        self,
        key: int,
        path: list[int],
        xs: list[float],
        bands: list[tuple[float, float]],
        places: list[Rect],
        shifts: dict[tuple[int, int], float],
    ) -> list[Point]:
        at = [xs[vertex] + shifts.get((vertex, key), 0.0) for vertex in path]
        stops = [self._stop(vertex, band, places) for vertex, band in zip(path, bands, strict=True)]
        way = [Point(at[0], stops[0][1])]
        for index in range(1, len(path)):
            way += _straight(way[-1], Point(at[index - 1], bands[index - 1][1]))
            way += _bent(way[-1], Point(at[index], bands[index][0]))
            if index + 1 < len(path):
                way += _straight(way[-1], Point(at[index], bands[index][1]))
        return way + _straight(way[-1], Point(at[-1], stops[-1][0]))

    def _stop(
        self, vertex: int, band: tuple[float, float], places: list[Rect]
    ) -> tuple[float, float]:
        """Say at which y a line that comes from above ends, and where one that goes down begins."""
        if vertex >= len(places):
            return band
        place = places[vertex]
        return (place.top, place.bottom) if vertex in self._inner else (place.y, place.y)


def _pads(level: Level) -> tuple[float, float, float, float, float, float]:
    """Return the air left, above, right and below, and the least width and height."""
    zone = level.zone
    if zone is None:
        return 0, 0, 0, 0, 0, 0
    air, title = _MARGIN, _MARGIN + zone.title_height
    below = air + (8 if any(line.lower is None for line in level.lines.values()) else 0)
    if zone.sideways:
        return title, air + 8, air, below, 0, zone.title_width + 2 * air
    return air, title, air, below, zone.title_width + 2 * air, 0


def _straight(start: Point, end: Point) -> list[Point]:
    third = (end.x - start.x) / 3, (end.y - start.y) / 3
    return [
        Point(start.x + third[0], start.y + third[1]),
        Point(end.x - third[0], end.y - third[1]),
        end,
    ]


def _bent(start: Point, end: Point) -> list[Point]:
    middle = (start.y + end.y) / 2
    return [Point(start.x, middle), Point(end.x, middle), end]
