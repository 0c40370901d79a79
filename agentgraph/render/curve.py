"""Chains of cubic Bezier curves: cutting them at an outline, and arrow heads; not laying them.

A chain is a point, then three points for each curve: two that pull, and one to reach.
"""

from collections.abc import Iterator
from math import dist
from typing import NamedTuple, TypeAlias

from agentgraph.render.layout import Point, Rect
from agentgraph.render.markup import number

Chain = tuple[Point, ...]
Cubic = tuple[Point, Point, Point, Point]

TIP_LENGTH = 9.0
_TIP_HALF = 3.8
_SLASH_AT = 11.0
_SLASH_HALF = 3.6
_STEPS = 8
"""How many chords of a curve are asked whether they cross."""
_HALVINGS = 11
_HALF = 0.5 + 1e-9
_NOTHING = 0.05
"""Half of what the writer rounds to: what is closer is the same place."""


class Outline(NamedTuple):
    """The corners of a shape around 0, 0, and how far it reaches to each side, up and down."""

    corners: tuple[Point, ...]
    across: float
    down: float


Placed: TypeAlias = tuple[Outline, Point]
"""An outline, and where its middle lies."""


def between(chain: Chain, source: Placed, target: Placed) -> Chain:
    """Cut off what lies inside the outlines at both ends; what never leaves one stays whole."""
    for outline, at in (source, target):
        parts = _parted(chain, outline, at)
        chain = (parts[1] if parts else chain)[::-1]
    return chain


def without_middle(chain: Chain, room: Rect) -> list[Chain]:
    """Cut out the stretch between where a chain enters `room` and where it leaves it last."""
    x, y, at = room.width / 2, room.height / 2, (room.x, room.y)
    outline = Outline(((-x, -y), (x, -y), (x, y), (-x, y)), x, y)
    head = None if room.holds(chain[0]) else _parted(chain, outline, at)
    tail = None if room.holds(chain[-1]) else _parted(chain[::-1], outline, at)
    return [*([head[0]] if head else []), *([tail[0][::-1]] if tail else [])] or [chain]


def tip(chain: Chain) -> tuple[Chain, str]:
    """Shorten a chain by the arrow head at its end, and return it and the data of the head."""
    x, y = end = chain[-1]
    start = next((at for at in chain[-2::-1] if dist(end, at) > _NOTHING), end)
    length = dist(end, start) or 1.0
    left, up = (start[0] - x) / length, (start[1] - y) / length
    reach = min(TIP_LENGTH - 1, dist(end, chain[-4]))
    base = x + left * reach, y + up * reach
    pull = chain[-2] if length > reach else base
    wing = left * TIP_LENGTH + up * _TIP_HALF, up * TIP_LENGTH - left * _TIP_HALF
    across = -2 * up * _TIP_HALF, 2 * left * _TIP_HALF
    return (*chain[:-2], pull, base), f"M{_pair(end)}l{_pair(wing)} {_pair(across)}z"


def path_data(chain: Chain) -> str:
    """Write a chain as the data of an SVG path, straight stretches as lines."""
    written = [f"M{_pair(chain[0])}"]
    at, heading = chain[0], (0.0, 0.0)
    x, y = number(at[0]), number(at[1])
    for curve in _curves(chain):
        end = curve[3]
        if not _is_straight(curve):
            x, y = number(end[0]), number(end[1])
            written.append(f"C{_pair(curve[1])} {_pair(curve[2])} {x},{y}")
            heading = 0.0, 0.0
        elif (length := dist(at, end)) < _NOTHING:
            continue
        else:
            before, heading = heading, ((end[0] - at[0]) / length, (end[1] - at[1]) / length)
            if before != (0.0, 0.0) and dist(before, heading) < 0.01:
                written.pop()
            before_x, before_y, x, y = x, y, number(end[0]), number(end[1])
            line = f"V{y}" if x == before_x else f"H{x}" if y == before_y else f"L{x},{y}"
            written.append(line)
        at = end
    return "".join(written)


def _pair(point: Point) -> str:
    return f"{number(point[0])},{number(point[1])}"


def _is_straight(curve: Cubic) -> bool:
    """Say whether what pulls a curve lies on the line between its ends."""
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = curve
    if ax == bx == cx == dx:
        return True
    wide, high = dx - ax, dy - ay
    limit = _NOTHING * (abs(wide) + abs(high)) + 1e-9
    return (
        abs((bx - ax) * high - (by - ay) * wide) <= limit
        and abs((cx - ax) * high - (cy - ay) * wide) <= limit
    )


def slash(chain: Chain) -> str:
    """Write a short stroke across the start of a chain."""
    start = chain[0]
    x, y = at = next((at for at in samples(chain, 24) if dist(at, start) >= _SLASH_AT), chain[-1])
    share = _SLASH_HALF / (dist(at, start) or 1.0)
    dx, dy = (x - start[0]) * share, (y - start[1]) * share
    return f"M{_pair((x + dx + dy, y + dy - dx))}L{_pair((x - dx - dy, y - dy + dx))}"


def samples(chain: Chain, steps: int = _STEPS) -> Iterator[Point]:
    """Yield points on a chain, in order, `steps` for each curve."""
    yield chain[0]
    for curve in _curves(chain):
        for step in range(1, steps + 1):
            yield _at(curve, step / steps)


def _curves(chain: Chain) -> Iterator[Cubic]:
    return zip(chain[:-1:3], chain[1::3], chain[2::3], chain[3::3], strict=True)


def _parted(chain: Chain, outline: Outline, at: Point) -> tuple[Chain, Chain] | None:
    """Cut a chain in two where it first crosses an outline; None when it never does."""
    for index, curve in enumerate(_curves(chain)):
        if halves := _halves(curve, outline, at):
            before, after = halves
            return (*chain[: 3 * index], *before), (*after, *chain[3 * index + 4 :])
    return None


def _halves(curve: Cubic, outline: Outline, at: Point) -> tuple[Cubic, Cubic] | None:
    """Find the chord of a curve that crosses, then the place by the one side that it crosses."""
    if _is_beside(curve, outline, at):
        return None
    start = curve[0]
    if _is_straight(curve):
        met = _met(start, curve[3], outline, at)
        middle = _between(start, curve[3], met[0]) if met else start
        return (straight(start, middle), straight(middle, curve[3])) if met else None
    for step in range(1, _STEPS + 1):
        end = _at(curve, step / _STEPS)
        if met := _met(start, end, outline, at):
            low, high = (step - 1) / _STEPS, step / _STEPS
            is_left = _is_left(start, met[1], met[2], at)
            for _ in range(_HALVINGS):
                share = (low + high) / 2
                is_before = _is_left(_at(curve, share), met[1], met[2], at) == is_left
                low, high = (share, high) if is_before else (low, share)
            return _split(curve, high)
        start = end
    return None


def _is_beside(curve: Cubic, outline: Outline, at: Point) -> bool:
    """Say whether a curve lies wholly to one side of an outline: no need to look closer."""
    _, across, down = outline
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = curve
    x, y = at
    across, down = across + _NOTHING, down + _NOTHING
    return (
        min(ay, by, cy, dy) > y + down
        or max(ay, by, cy, dy) < y - down
        or min(ax, bx, cx, dx) > x + across
        or max(ax, bx, cx, dx) < x - across
    )


def straight(a: Point, b: Point) -> Cubic:
    """Return the curve that leads straight from a to b."""
    return a, _between(a, b, 1 / 3), _between(a, b, 2 / 3), b


def _met(a: Point, b: Point, outline: Outline, at: Point) -> tuple[float, Point, Point] | None:
    """Return how far along from a to b an outline is first met, and by which of its sides."""
    left, top = a[0] - at[0], a[1] - at[1]
    wide, high = b[0] - a[0], b[1] - a[1]
    length = wide * wide + high * high
    best: tuple[float, Point, Point] | None = None
    before = outline.corners[-1]
    beside = wide * (before[1] - top) - high * (before[0] - left)
    for corner in outline.corners:
        past = wide * (corner[1] - top) - high * (corner[0] - left)
        if (beside <= 0) != (past <= 0):
            share = beside / (beside - past)
            x = before[0] + (corner[0] - before[0]) * share - left
            y = before[1] + (corner[1] - before[1]) * share - top
            along = (x * wide + y * high) / length
            # A line may end just where a side is: it must not slip through between two curves.
            if abs(along - 0.5) < _HALF and (best is None or along < best[0]):
                best = along, before, corner
        before, beside = corner, past
    return best


def _is_left(point: Point, a: Point, b: Point, at: Point) -> bool:
    x, y = point[0] - at[0] - a[0], point[1] - at[1] - a[1]
    return (b[0] - a[0]) * y > (b[1] - a[1]) * x


def _at(curve: Cubic, t: float) -> Point:
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = curve
    s = 1 - t
    p, q, r, w = s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t
    return p * ax + q * bx + r * cx + w * dx, p * ay + q * by + r * cy + w * dy


def _split(curve: Cubic, t: float) -> tuple[Cubic, Cubic]:
    a, b, c, d = curve
    ab, bc, cd = _between(a, b, t), _between(b, c, t), _between(c, d, t)
    abc, bcd = _between(ab, bc, t), _between(bc, cd, t)
    middle = _between(abc, bcd, t)
    return (a, ab, abc, middle), (middle, bcd, cd, d)


def _between(a: Point, b: Point, t: float) -> Point:
    return a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t
