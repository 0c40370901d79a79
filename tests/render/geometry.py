"""What lies on what in a drawing, read from its text alone; no test stands here.

It knows the SVG as any viewer does: shapes, texts and paths. Only how wide a text is comes
from the table of the renderer, which a test of its own holds against real fonts.
"""

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from math import hypot
from xml.etree import ElementTree as ET

from agentgraph.render.lettering import width
from tests.render.drawings import SVG, parsed, with_class

Point = tuple[float, float]
Path = list[Point]
STEPS = 12
CELL = 200.0
AIR = 0.5
"""Lengths are rounded to one decimal, so two shapes that touch may seem to overlap by it."""


@dataclass(frozen=True)
class Room:
    """A rectangle that belongs to a node, a label or a title."""

    owner: str
    kind: str
    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: "Room") -> bool:
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return across > AIR and down > AIR

    def holds(self, point: Point) -> bool:
        x, y = point
        return self.left + AIR < x < self.right - AIR and self.top + AIR < y < self.bottom - AIR

    def cells(self) -> Iterator[tuple[int, int]]:
        for x in range(int(self.left // CELL), int(self.right // CELL) + 1):
            for y in range(int(self.top // CELL), int(self.bottom // CELL) + 1):
                yield x, y


@dataclass
class Drawing:
    """All that has a place in an SVG of a graph."""

    rooms: list[Room] = field(default_factory=list)
    shapes: dict[str, list[ET.Element]] = field(default_factory=dict)
    at: dict[str, Point] = field(default_factory=dict)
    edges: dict[str, tuple[str, str, Path]] = field(default_factory=dict)
    size: Point = (0.0, 0.0)


def drawing_of(svg: str) -> Drawing:
    """Read a drawing; nodes and frames go by their path, edges and labels by their id."""
    root = parsed(svg)
    found = Drawing(size=(float(root.get("width", 0)), float(root.get("height", 0))))
    offset = next(one for one in root if one.tag == f"{SVG}g")
    for part in with_class(offset, "vertex") + with_class(offset, "region"):
        _add_part(found, part)
    for edge in with_class(offset, "edge"):
        name = edge.get("id", "")
        lines = [one for one in edge if one.get("class") == "line"]
        points = points_of(lines[0].get("d", ""))
        tip = re.findall(r"-?[\d.]+", _tip(edge).get("d", ""))
        path = [*points, (float(tip[0]), float(tip[1]))]
        found.edges[name] = edge.get("data-source", ""), edge.get("data-target", ""), path
        found.rooms += _texts(name, "label", edge, "label", (0.0, 0.0))
    return found


def faults(svg: str) -> list[str]:
    """Say what lies on what, and which edge does not touch what it leads to."""
    drawing = drawing_of(svg)
    return [*_overlaps(drawing), *_crossed(drawing), *_loose_ends(drawing), *_overflows(drawing)]


def crossings(svg: str) -> int:
    """Count the pairs of edges that cross."""
    cells: dict[tuple[int, int], list[tuple[str, Point, Point]]] = defaultdict(list)
    for edge, (_, _, path) in drawing_of(svg).edges.items():
        for a, b in pairwise(path):
            room = Room(
                edge, "line", min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]), max(a[1], b[1])
            )
            for cell in room.cells():
                cells[cell].append((edge, a, b))
    pairs = {
        (one[0], other[0], round(at[0]), round(at[1]))
        for cell in cells.values()
        for index, one in enumerate(cell)
        for other in cell[index + 1 :]
        if one[0] != other[0] and (at := _meeting(one[1], one[2], other[1], other[2]))
    }
    return len(pairs)


def points_of(data: str) -> Path:
    """Return points along the data of a path, which says M, L, H, V and C."""
    points: Path = []
    for command, text in re.findall(r"([MLHVC])([^MLHVC]*)", data):
        numbers = [float(one) for one in re.findall(r"-?\d+(?:\.\d+)?", text)]
        match command:
            case "H":
                points += _line(points[-1], (numbers[0], points[-1][1]))
            case "V":
                points += _line(points[-1], (points[-1][0], numbers[0]))
            case "L":
                points += _line(points[-1], (numbers[0], numbers[1]))
            case "M":
                points.append((numbers[0], numbers[1]))
            case _:
                for index in range(0, len(numbers), 6):
                    points += _curve(points[-1], numbers[index : index + 6])
    return points


def _line(a: Point, b: Point) -> Path:
    steps = max(1, int(hypot(b[0] - a[0], b[1] - a[1]) / 5))
    return [
        (a[0] + (b[0] - a[0]) * step / steps, a[1] + (b[1] - a[1]) * step / steps)
        for step in range(1, steps + 1)
    ]


def _curve(start: Point, pulls: list[float]) -> Path:
    b, c, d = (pulls[0], pulls[1]), (pulls[2], pulls[3]), (pulls[4], pulls[5])
    found: Path = []
    for step in range(1, STEPS + 1):
        t = step / STEPS
        s = 1 - t
        weights = s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t
        x, y = (
            sum(w * p[axis] for w, p in zip(weights, (start, b, c, d), strict=True))
            for axis in (0, 1)
        )
        found.append((x, y))
    return found


def _tip(edge: ET.Element) -> ET.Element:
    return next(one for one in edge if one.get("class") == "tip")


def _add_part(found: Drawing, part: ET.Element) -> None:
    path = part.get("data-path") or f"region {part.get('data-region')}"
    moved = re.search(r"translate\(([-\d.]+),([-\d.]+)\)", part.get("transform") or "")
    at = (float(moved[1]), float(moved[2])) if moved else (0.0, 0.0)
    shapes = [one for one in part.iter() if one.get("class") in {"box", "dot", "ring", "frame"}]
    while path in found.shapes:
        path += "'"
    found.shapes[path], found.at[path] = shapes, at
    found.rooms += _texts(path, "title", part, "title", at)
    if moved:
        corners = [corner for shape in shapes for corner in _corners(shape)]
        xs, ys = [at[0] + x for x, _ in corners], [at[1] + y for _, y in corners]
        found.rooms.append(Room(path, "node", min(xs), min(ys), max(xs), max(ys)))
        for kind, size in (("name", 13), ("note", 11)):
            found.rooms += _texts(path, "text", part, kind, at, size)


def _corners(shape: ET.Element) -> list[Point]:
    if shape.tag == f"{SVG}circle":
        r = float(shape.get("r", 0))
        return [(-r, -r), (r, r)]
    if shape.tag == f"{SVG}polygon":
        return _polygon(shape)
    x, y = float(shape.get("x", 0)), float(shape.get("y", 0))
    return [(x, y), (x + float(shape.get("width", 0)), y + float(shape.get("height", 0)))]


def _polygon(shape: ET.Element) -> list[Point]:
    pairs = [one.split(",") for one in shape.get("points", "").split()]
    return [(float(x), float(y)) for x, y in pairs]


def _texts(
    owner: str, kind: str, part: ET.Element, name: str, at: Point, size: float = 11
) -> list[Room]:
    found: list[Room] = []
    for text in part.iter(f"{SVG}text"):
        if text.get("class") == name:
            wide = width(text.text or "", size, bold=name in {"name", "title"})
            x, y = at[0] + float(text.get("x", 0)), at[1] + float(text.get("y", 0))
            left = x if name == "title" else x - wide / 2
            found.append(Room(owner, kind, left, y - size * 0.75, left + wide, y + size * 0.2))
    return found


def _overlaps(drawing: Drawing) -> Iterator[str]:
    cells: dict[tuple[int, int], list[Room]] = defaultdict(list)
    told: set[tuple[Room, Room]] = set()
    for room in drawing.rooms:
        if room.kind == "text":
            continue
        for cell in room.cells():
            for other in cells[cell]:
                same = room.owner == other.owner and room.kind == other.kind == "label"
                if not same and room.overlaps(other) and (other, room) not in told:
                    told.add((other, room))
                    yield f"{other.kind} {other.owner!r} lies on {room.kind} {room.owner!r}"
            cells[cell].append(room)


def _crossed(drawing: Drawing) -> Iterator[str]:
    cells: dict[tuple[int, int], list[Room]] = defaultdict(list)
    for room in drawing.rooms:
        if room.kind != "text":
            for cell in room.cells():
                cells[cell].append(room)
    for edge, (source, target, path) in drawing.edges.items():
        own = {source, target}
        if not {source, f"region {source}"} & {name.rstrip("'") for name in drawing.shapes}:
            # A region around one vertex has no frame: its errors leave the vertex.
            own |= {name for name in drawing.shapes if _touches(drawing, name, path[0])}
        met = {
            f"{room.kind} {room.owner!r}"
            for point in path
            for room in cells.get((int(point[0] // CELL), int(point[1] // CELL)), ())
            if room.holds(point) and not (room.kind == "node" and room.owner.rstrip("'") in own)
        }
        yield from (f"edge {edge!r} runs through {what}" for what in sorted(met))


def _touches(drawing: Drawing, name: str, point: Point) -> bool:
    return gap(drawing.shapes[name], drawing.at[name], point) <= 1


def _loose_ends(drawing: Drawing) -> Iterator[str]:
    names = set(drawing.shapes)
    for edge, (source, target, path) in drawing.edges.items():
        for what, end in ((source, path[0]), (target, path[-1])):
            known = [name for name in names if name.rstrip("'") in {what, f"region {what}"}]
            gaps = [gap(drawing.shapes[name], drawing.at[name], end) for name in known]
            if gaps and min(gaps) > 1:
                yield f"edge {edge!r} ends {min(gaps):.1f} px from {what!r}"


def _overflows(drawing: Drawing) -> Iterator[str]:
    rooms = {room.owner: room for room in drawing.rooms if room.kind == "node"}
    wide, high = drawing.size
    for room in drawing.rooms:
        around = rooms.get(room.owner)
        if room.kind == "text" and around is not None:
            fits = around.left <= room.left and room.right <= around.right
            if not fits or room.top < around.top or room.bottom > around.bottom:
                yield f"a text leaves node {room.owner!r}"
        elif room.right - room.left > wide or room.bottom - room.top > high:
            yield f"{room.kind} {room.owner!r} leaves the picture"


def gap(shapes: list[ET.Element], at: Point, end: Point) -> float:
    """Say how far a point is from the edge of what these shapes cover together."""
    x, y = end[0] - at[0], end[1] - at[1]
    depths = [_outside(shape, x, y) for shape in shapes]
    return abs(min(depths))


def _outside(shape: ET.Element, x: float, y: float) -> float:
    """Return the distance to a shape, negative inside of it."""
    if shape.tag == f"{SVG}circle":
        return hypot(x, y) - float(shape.get("r", 0))
    if shape.tag == f"{SVG}polygon":
        return _from_polygon(_polygon(shape), x, y)
    (left, top), (right, bottom) = _corners(shape)
    rx = float(shape.get("rx", 0))
    dx = abs(x - (left + right) / 2) - (right - left) / 2 + rx
    dy = abs(y - (top + bottom) / 2) - (bottom - top) / 2 + rx
    return hypot(max(dx, 0), max(dy, 0)) + min(max(dx, dy), 0) - rx


def _from_polygon(corners: list[Point], x: float, y: float) -> float:
    nearest, inside = float("inf"), False
    for (ax, ay), (bx, by) in zip(corners, [*corners[1:], corners[0]], strict=True):
        dx, dy = bx - ax, by - ay
        t = max(0.0, min(1.0, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy)))
        nearest = min(nearest, hypot(x - ax - t * dx, y - ay - t * dy))
        if (ay > y) != (by > y) and x < ax + (y - ay) / (by - ay) * dx:
            inside = not inside
    return -nearest if inside else nearest


def _meeting(a: Point, b: Point, c: Point, d: Point) -> Point | None:
    r, s = (b[0] - a[0], b[1] - a[1]), (d[0] - c[0], d[1] - c[1])
    cross = r[0] * s[1] - r[1] * s[0]
    if abs(cross) < 1e-9:
        return None
    t = ((c[0] - a[0]) * s[1] - (c[1] - a[1]) * s[0]) / cross
    u = ((c[0] - a[0]) * r[1] - (c[1] - a[1]) * r[0]) / cross
    return (a[0] + t * r[0], a[1] + t * r[1]) if 0 < t < 1 and 0 < u < 1 else None
