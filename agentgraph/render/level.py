"""One zone laid out by itself: its boxes and inner zones in ranks, its lines between them.

Lines go straight down through a rank and bend only between ranks, so that none runs
through a box.
"""

from itertools import pairwise
from math import ceil, fsum
from typing import NamedTuple, TypeAlias

from agentgraph.render.curve import straight
from agentgraph.render.layout import Box, Direction, Point, Rect, Zone
from agentgraph.render.order import Net, ordered
from agentgraph.render.places import positioned
from agentgraph.render.ranks import Span, ranked

_RANK_GAP = 34.0
_LOW = 24.0
_LOW_GAP = 26.0
"""Between ranks of which one is not higher than a label or a bar."""
_BEND_SHARE, _BEND_MAX = 0.24, 96.0
"""How high the way to another rank is at least, as a share of how far it leads to the side."""
_BOX_GAP = 26.0
_BOX_LANE_GAP = 18.0
_LANE_GAP = 10.0
_STRAIGHT = 1.6
"""What leads less far to the side is drawn straight."""
_LANE = 6.0
"""How wide a line is that passes a rank."""
_MARGIN = 12.0
_BEND = 8.0
"""How much more air there is where lines pass a border."""
_SPREAD = 16.0
"""How far apart lines leave the same box, where it is wide enough."""


Ways: TypeAlias = dict[int, list[Point]]
_Pad: TypeAlias = tuple[float, float, float]
"""The air between a border and what lies inside, before and after, and the least size of all."""


class Line(NamedTuple):
    """A line from unit to unit; where there is None, to a port on the border."""

    upper: int | None
    lower: int | None
    weight: int = 1


class Level:
    """The units that lie right in one zone, or in none, and the lines among them.

    Its vertices are the units, then ports and lanes of long lines.
    """

    def __init__(self, zone: Zone | None, direction: Direction) -> None:
        """Start empty; units and lines are added, then `arrange` gives them places."""
        self.id: str = zone.id if zone else ""
        self.width: float = 0.0
        self.height: float = 0.0
        self.number: dict[str, int] = {}
        self.lines: dict[int, Line] = {}
        self._zone, self._direction = zone, direction
        self._units: list[Box | Level] = []
        self._across: dict[int, list[float]] = {}
        """The x of each line at each vertex of its path."""
        self._bands: dict[int, tuple[float, float]] = {}
        """The upper and lower limit of each rank."""

    def add(self, unit: "Box | Level") -> None:
        """Add a box or an inner zone; lines meet an upright one in the middle of its sides."""
        self.number[unit.id] = len(self._units)
        self._units.append(unit)

    def arrange(self) -> None:
        """Place the units, of which the inner zones are laid out before."""
        units = list(enumerate(self._units))
        self._inner = {number: unit for number, unit in units if isinstance(unit, Level)}
        for level in self._inner.values():
            level.arrange()
        # Lines leave a figure side by side.
        self._cores = {
            number: unit.core or unit.width
            for number, unit in units
            if isinstance(unit, Box) and not unit.upright
        }
        self._widths = [unit.width for unit in self._units]
        spans = [
            Span(line.upper, line.lower, 1, line.weight)
            for line in self.lines.values()
            if line.upper is not None and line.lower is not None
        ]
        self._rank = ranked(len(units), spans)
        self._first, self._last = min(self._rank, default=0) - 1, max(self._rank, default=0) + 1
        self._paths = {key: self._path(line) for key, line in self.lines.items()}
        across, down = self._pads()
        self.width = self._place_across(across)
        self._spread()
        self.height = self._place_down(down)
        self._places = [
            Rect(self._xs[at], sum(self._bands[self._rank[at]]) / 2, unit.width, unit.height)
            for at, unit in units
        ]
        self._ways = {key: self._way(key, path) for key, path in self._paths.items()}

    def move(self, dx: float, dy: float) -> None:
        """Say where the units and lines of it all are in the whole picture."""
        places, ways = zip(self.number, self._places, strict=True), self._ways
        self.places: dict[str, Rect] = {unit: place.moved(dx, dy) for unit, place in places}
        if dx or dy:
            ways = {key: [(x + dx, y + dy) for x, y in way] for key, way in ways.items()}
        self.ways: Ways = ways
        for number, level in self._inner.items():
            place = self._places[number]
            level.move(dx + place.left, dy + place.top)

    def port(self, line: int, *, upper: bool) -> float:
        """Say how far from the middle of its zone a line passes the border."""
        way = self._ways[line]
        return (way[0] if upper else way[-1])[0] - self.width / 2

    def _pads(self) -> tuple[_Pad, _Pad]:
        """Return the air across and down, which is none where there is no border."""
        zone, lines = self._zone, self.lines.values()
        if zone is None:
            return (0.0, 0.0, 0.0), (0.0, 0.0, 0.0)
        beside_title, least = _MARGIN + zone.title_height, zone.title_width + 2 * _MARGIN
        above = _MARGIN + (_BEND if any(line.upper is None for line in lines) else 0)
        below = _MARGIN + (_BEND if any(line.lower is None for line in lines) else 0)
        if self._direction == "LR":
            return (beside_title, _MARGIN, 0.0), (above, below, least)
        return (_MARGIN, _MARGIN, least), (max(above, beside_title), below, 0.0)

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

    def _place_across(self, pad: _Pad) -> float:
        """Order the ranks, give every vertex its x, and return how wide it all is."""
        ranks: list[list[int]] = [[] for _ in range(self._first, self._last + 1)]
        for vertex, rank in enumerate(self._rank):
            ranks[rank - self._first].append(vertex)
        net = Net(self._widths)
        for key, path in self._paths.items():
            for upper, lower in pairwise(path):
                net.join(
                    net.end(upper, self._aside(key, upper, upper=False)),
                    net.end(lower, self._aside(key, lower, upper=True)),
                )
        order = ordered(ranks, net)
        xs = positioned(order, self._widths, net, self._gap, len(self._units))
        sides = [(x - wide / 2, x + wide / 2) for x, wide in zip(xs, self._widths, strict=True)]
        start = min((left for left, _ in sides), default=0.0)
        used = max((right for _, right in sides), default=0.0) - start + 1
        before, after, least = pad
        whole = max(before + used + after, least)
        shift = before - start + (whole - before - used - after) / 2
        self._xs = [float(ceil(x + shift)) for x in xs]
        return whole

    def _gap(self, left: int, right: int) -> float:
        lanes = (left >= len(self._units)) + (right >= len(self._units))
        return (_BOX_GAP, _BOX_LANE_GAP, _LANE_GAP)[lanes]

    def _place_down(self, pad: _Pad) -> float:
        """Give every rank its limits, and return how high it all is. Ports lie on the border."""
        highs: dict[int, float] = {}
        for rank, unit in zip(self._rank, self._units, strict=False):
            highs[rank] = max(highs.get(rank, 0.0), unit.height)
        widest: dict[int, float] = {}
        for key, path in self._paths.items():
            for rank, (one, other) in enumerate(pairwise(self._across[key]), self._rank[path[0]]):
                widest[rank] = max(widest.get(rank, 0.0), abs(one - other))
        above, below, least = pad
        y = above + self._bend(widest.get(self._first, 0.0), 0.0)
        gap = 0.0
        for rank in range(self._first + 1, self._last):
            high = highs.get(rank, 0.0)
            self._bands[rank] = (y, y + high)
            is_low = min(high, highs.get(rank + 1, high)) <= _LOW
            gap = self._bend(widest.get(rank, 0.0), _LOW_GAP if is_low else _RANK_GAP)
            y += high + gap
        below += self._bend(widest.get(self._last - 1, 0.0), 0.0)
        whole = max(y - gap + below, least)
        self._bands[self._first] = (0.0, 0.0)
        self._bands[self._last] = (whole, whole)
        return whole

    def _bend(self, across: float, least: float) -> float:
        """Say how much room lines need to go from one rank to the next, so far to the side."""
        return max(least, min(_BEND_MAX, across * _BEND_SHARE))

    def _aside(self, key: int, vertex: int, *, upper: bool) -> float:
        """Say how far from the middle a line meets the side of a vertex: only a zone says where."""
        return self._inner[vertex].port(key, upper=upper) if vertex in self._inner else 0.0

    def _spread(self) -> None:
        """Say where lines meet a box, straight ones in the middle; at a zone, take its ports."""
        ends: dict[tuple[int, int], list[tuple[float, int, int]]] = {}
        for key, path in self._paths.items():
            self._across[key] = xs = [self._xs[vertex] for vertex in path]
            ends.setdefault((path[0], 0), []).append((xs[1], key, path[1]))
            ends.setdefault((path[-1], -1), []).append((xs[-2], key, path[-2]))
            xs[0] += self._aside(key, path[0], upper=False)
            xs[-1] += self._aside(key, path[-1], upper=True)
        for (vertex, at), lines in ends.items():
            if vertex in self._cores:
                lines.sort(key=lambda line: line[0])
                for (_, key, _), shift in zip(lines, self._fan(vertex, lines), strict=True):
                    self._across[key][at] = self._xs[vertex] + shift

    def _fan(self, vertex: int, lines: list[tuple[float, int, int]]) -> list[float]:
        """Spread the lines at one side of a box, so that the one most nearly straight is."""
        half = self._cores[vertex] * 0.3
        step = min(_SPREAD, 2 * half / len(lines))
        wishes = [
            0.0 if other in self._cores or other in self._inner else x - self._xs[vertex]
            for x, _, other in lines
        ]
        nearest = min(map(abs, wishes)) + 1
        firsts = [wish - at * step for at, wish in enumerate(wishes) if abs(wish) <= nearest]
        low, high = step / 2 - half, half - step * (len(lines) - 0.5)
        first = max(low, min(high, fsum(firsts) / len(firsts)))
        return [first + step * at for at in range(len(lines))]

    def _way(self, key: int, path: list[int]) -> list[Point]:
        at = self._across[key]
        bands = [self._bands[self._rank[vertex]] for vertex in path]
        # A line ends at the border of a zone and at a port, but in the middle of a box.
        ends = [
            self._places[vertex] if vertex in self._inner else Rect(0, sum(band) / 2, 0, 0)
            for vertex, band in ((path[0], bands[0]), (path[-1], bands[-1]))
        ]
        way: list[Point] = [(at[0], ends[0].bottom)]
        for index in range(1, len(path)):
            if abs(at[index] - at[index - 1]) < _STRAIGHT:
                at[index] = at[index - 1]
            else:
                way += _straight(way[-1], (at[index - 1], bands[index - 1][1]))
                way += _bent(way[-1], (at[index], bands[index][0]))
        return way + _straight(way[-1], (at[-1], ends[1].top))


def _straight(start: Point, end: Point) -> list[Point]:
    return [] if start == end else [*straight(start, end)[1:]]


def _bent(start: Point, end: Point) -> list[Point]:
    middle = (start[1] + end[1]) / 2
    return [(start[0], middle), (end[0], middle), end]
