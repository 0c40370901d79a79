"""The layout that always works: ranks from top to bottom, in Python alone.

Rules of this file:

1. A zone is laid out by itself, then stands as one box in the zone around it. So no box
   lies in a zone that is not its own, and no two overlap.
2. A line that leaves a zone ends, inside it, in a port on its border, and goes on from
   there outside.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain

from agentgraph.render.layout import Box, Layout, Link, Point, Request, around, common, outer_first
from agentgraph.render.level import Level, Line
from agentgraph.render.ranks import against


def arrange(request: Request) -> Layout:
    """Give everything its place. Any request has an answer."""
    return _Picture(request).layout()


@dataclass(slots=True)
class _Segment:
    """A stretch of a link between two boxes; `turned` when it is laid from its end."""

    upper: str
    lower: str
    turned: bool
    weight: int
    levels: list[Level] = field(default_factory=list[Level])
    """The levels it passes, from its upper end to its lower one."""


class _Picture:
    """One request on its way to a layout."""

    def __init__(self, request: Request) -> None:
        self._zone = request.within
        zones = {zone.id: zone for zone in request.zones}
        self._levels: dict[str | None, Level] = {None: Level(None, request.direction)}
        for zone in outer_first(zones, self._zone):
            self._levels[zone] = Level(zones[zone], request.direction)
        for part in request.parts:
            self._levels[part.zone].add(part if isinstance(part, Box) else self._levels[part.id])
        self._segments: list[list[_Segment]] = [list(_segments(link)) for link in request.links]

    def layout(self) -> Layout:
        """Lay out the levels, one within the other."""
        crossing: dict[str | None, list[_Segment]] = {zone: [] for zone in self._levels}
        for segment in chain.from_iterable(self._segments):
            crossing[common(segment.upper, segment.lower, self._zone)].append(segment)
        for zone, level in self._levels.items():
            self._lead(level, crossing[zone])
        whole = self._levels[None]
        whole.arrange()
        whole.move(0.0, 0.0)
        places = {unit: at for one in self._levels.values() for unit, at in one.places.items()}
        zones = {zone: places.pop(zone) for zone in self._levels if zone is not None}
        return Layout(whole.width, whole.height, places, zones, tuple(map(_route, self._segments)))

    def _lead(self, level: Level, segments: list[_Segment]) -> None:
        """Lead segments through a level, which holds both ends, and the levels inside it."""
        pairs = [
            (self._unit_in(level, segment.upper), self._unit_in(level, segment.lower))
            for segment in segments
        ]
        closing = against(len(level.number), pairs)
        for segment, (upper, lower), is_closing in zip(segments, pairs, closing, strict=True):
            if is_closing:
                segment.upper, segment.lower = segment.lower, segment.upper
                segment.turned = not segment.turned
            down, up = self._path(segment.upper, level), self._path(segment.lower, level)
            segment.levels = [*down, level, *reversed(up)]
            ends = (lower, upper) if is_closing else (upper, lower)
            level.lines[id(segment)] = Line(*ends, segment.weight)
            for inner in down:
                inner.lines[id(segment)] = Line(self._unit_in(inner, segment.upper), None)
            for inner in up:
                inner.lines[id(segment)] = Line(None, self._unit_in(inner, segment.lower))

    def _path(self, box: str, level: Level) -> list[Level]:
        """List the levels around a box, from the innermost up to but not into `level`."""
        found = [self._levels[zone] for zone in around(box, self._zone)]
        return found[: found.index(level)] if level in found else found

    def _unit_in(self, level: Level, box: str) -> int:
        path = self._path(box, level)
        return level.number[path[-1].id if path else box]


def _segments(link: Link) -> Iterator[_Segment]:
    for source, target in link.stretches():
        # A label stands near to where its line begins.
        weight = (1 if link.back else 2) * (3 if target == link.label else 1)
        ends = (target, source) if link.back else (source, target)
        yield _Segment(*ends, turned=link.back, weight=weight)


def _route(segments: list[_Segment]) -> tuple[Point, ...]:
    """Join the ways of the segments of a link, each through all of its levels."""
    route: list[Point] = []
    for segment in segments:
        way: list[Point] = []
        for level in segment.levels:
            piece = level.ways[id(segment)]
            way += piece[1:] if way else piece
        turned = way[::-1] if segment.turned else way
        route += turned[1:] if route else turned
    return tuple(route)
