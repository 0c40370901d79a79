"""Where everything stands: what an engine is asked for and what it answers; not an engine.

Lengths are pixels, x grows to the right and y downwards. An engine knows nothing of
kinds, names and fonts: it is given sizes, and it gives places.
"""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from typing import Literal, NamedTuple, TypeAlias

Direction = Literal["TB", "LR"]


Point: TypeAlias = tuple[float, float]
"""A place in the picture, as x and y."""


class Rect(NamedTuple):
    """A box by its centre and its size."""

    x: float
    y: float
    width: float
    height: float

    @property
    def left(self) -> float:
        """The x of its left side."""
        return self.x - self.width / 2

    @property
    def top(self) -> float:
        """The y of its upper side."""
        return self.y - self.height / 2

    @property
    def right(self) -> float:
        """The x of its right side."""
        return self.x + self.width / 2

    @property
    def bottom(self) -> float:
        """The y of its lower side."""
        return self.y + self.height / 2

    def holds(self, point: Point) -> bool:
        """Say whether a point lies inside."""
        return self.left < point[0] < self.right and self.top < point[1] < self.bottom

    def overlaps(self, other: "Rect") -> bool:
        """Say whether two boxes share more than a border."""
        wide, high = (self.width + other.width) / 2, (self.height + other.height) / 2
        return abs(self.x - other.x) < wide and abs(self.y - other.y) < high

    @classmethod
    def around(cls, points: Sequence[Point]) -> "Rect":
        """Return the smallest box that holds all points."""
        xs, ys = [x for x, _ in points], [y for _, y in points]
        left, right, top, bottom = min(xs), max(xs), min(ys), max(ys)
        return cls((left + right) / 2, (top + bottom) / 2, right - left, bottom - top)

    def moved(self, dx: float, dy: float) -> "Rect":
        """Return the same box elsewhere."""
        return Rect(self.x + dx, self.y + dy, self.width, self.height)


def around(part: str, zones: Mapping[str, str | None]) -> list[str]:
    """Name what a part lies in, the innermost first; `zones` says it of each part."""
    found: list[str] = []
    zone = zones[part]
    while zone is not None:
        found.append(zone)
        zone = zones[zone]
    return found


def outer_first(zones: Iterable[str], within: Mapping[str, str | None]) -> list[str]:
    """Order zones so that none comes before one around it; `within` says what each lies in."""
    return sorted(zones, key=lambda zone: len(around(zone, within)))


def nested(zones: Container[object], within: dict[str, str | None]) -> Iterator[str | None]:
    """Yield all parts in order, after a zone what it holds, and then None."""
    inside: dict[str | None, list[str | None]] = {}
    for name in reversed(within):
        inside.setdefault(within[name], []).append(name)
    waiting = inside.get(None, [])
    while waiting:
        part = waiting.pop()
        yield part
        if part in zones:
            waiting += [None, *inside.get(part, ())]


def common(one: str, other: str, zones: Mapping[str, str | None]) -> str | None:
    """Name the innermost zone that holds both; None when only the picture does."""
    known = set(around(one, zones))
    return next((zone for zone in around(other, zones) if zone in known), None)


@dataclass(frozen=True, slots=True)
class Box:
    """Something that needs room of its own: a figure, or the label of a link."""

    id: str
    width: float
    height: float
    zone: str | None = None
    upright: bool = False
    """Lines come in and go out in the direction of the flow, in the middle of its sides."""
    core: float = 0.0
    """How wide the figure in it is, where the box has room for something beside it."""


@dataclass(frozen=True, slots=True)
class Zone:
    """A frame that holds its boxes and zones and no others; room is kept for its title."""

    id: str
    zone: str | None
    title_width: float
    title_height: float


@dataclass(frozen=True, slots=True)
class Link:
    """A line to lay from box to box, through the box `label` when it has one.

    `back` says that it leads against the flow, so that it is not to pull its target
    below its source.
    """

    source: str
    target: str
    label: str | None = None
    back: bool = False

    def stretches(self) -> Iterator[tuple[str, str]]:
        """Yield what it is laid between, from box to box."""
        return pairwise(filter(None, (self.source, self.label, self.target)))


@dataclass(frozen=True)
class Request:
    """All that an engine is told. Boxes, zones and links are in the order of the graph.

    Ranks go from top to bottom: a picture from left to right is asked for and answered with x and y
    exchanged, all but the titles of its zones.
    """

    boxes: tuple[Box, ...]
    zones: tuple[Zone, ...]
    links: tuple[Link, ...]
    direction: Direction = "TB"

    def exchanged(self) -> "Request":
        """Exchange width and height of every box."""
        boxes = (replace(box, width=box.height, height=box.width, core=0.0) for box in self.boxes)
        return replace(self, boxes=tuple(boxes))

    @cached_property
    def parts(self) -> tuple[Box | Zone, ...]:
        """The boxes, then the zones."""
        return (*self.boxes, *self.zones)

    @cached_property
    def within(self) -> dict[str, str | None]:
        """The zone around each box and each zone."""
        return {part.id: part.zone for part in self.parts}


@dataclass(frozen=True, slots=True)
class Layout:
    """All that an engine answers, with the upper left corner of the picture at 0, 0.

    A route is a chain of cubic Bezier curves: a point, then three for each curve. It
    begins and ends in the middle of its boxes; whoever draws cuts it at their outline.
    """

    width: float
    height: float
    boxes: Mapping[str, Rect]
    zones: Mapping[str, Rect]
    routes: tuple[tuple[Point, ...], ...]

    def mirrored(self) -> "Layout":
        """Return the same layout with left and right exchanged."""
        boxes, zones = (
            {name: at._replace(x=self.width - at.x) for name, at in places.items()}
            for places in (self.boxes, self.zones)
        )
        routes = tuple(tuple((self.width - x, y) for x, y in route) for route in self.routes)
        return Layout(self.width, self.height, boxes, zones, routes)

    def exchanged(self) -> "Layout":
        """Return the same layout with x and y exchanged."""
        boxes, zones = (
            {name: Rect(at.y, at.x, at.height, at.width) for name, at in places.items()}
            for places in (self.boxes, self.zones)
        )
        routes = tuple(tuple((y, x) for x, y in route) for route in self.routes)
        return Layout(self.height, self.width, boxes, zones, routes)
