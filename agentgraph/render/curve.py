"""Chains of cubic Bezier curves: cutting them at an outline, and arrow heads; not laying them.

A chain is a point, then three points for each curve: two that pull, and one to reach.
"""

from collections.abc import Sequence
from math import hypot

from agentgraph.render.layout import Point, Rect
from agentgraph.render.markup import number

Chain = tuple[Point, ...]
Cubic = tuple[Point, Point, Point, Point]
Corner = tuple[float, float]

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


def without_start(chain: Chain, outline: Sequence[Corner], at: Point) -> Chain:
    """Cut off what lies inside `outline`, laid at `at`; a chain that never leaves it stays whole."""
    parts = _parted(chain, outline, at)
    return parts[1] if parts else chain


def without_end(chain: Chain, outline: Sequence[Corner], at: Point) -> Chain:
    """Cut off what lies inside `outline` at the end."""
    return without_start(chain[::-1], outline, at)[::-1]


def without_middle(chain: Chain, room: Rect) -> list[Chain]:
    """Cut out the stretch between where a chain enters `room` and where it leaves it last."""
    x, y = room.width / 2, room.height / 2
    corners, at = ((-x, -y), (x, -y), (x, y), (-x, y)), Point(room.x, room.y)
    head = None if room.holds(chain[0]) else _parted(chain, corners, at)
    tail = None if room.holds(chain[-1]) else _parted(chain[::-1], corners, at)
    return [*([head[0]] if head else []), *([tail[0][::-1]] if tail else [])] or [chain]


def tip(chain: Chain) -> tuple[Chain, str]:
    """Shorten a chain by the arrow head at its end, and return it and the data of the head."""
    end = chain[-1]
    start = next((at for at in chain[-2::-1] if hypot(end.x - at.x, end.y - at.y) > _NOTHING), end)
    length = hypot(end.x - start.x, end.y - start.y) or 1.0
    back = Point((start.x - end.x) / length, (start.y - end.y) / length)
    reach = min(TIP_LENGTH - 1, hypot(end.x - chain[-4].x, end.y - chain[-4].y))
    base = Point(end.x + back.x * reach, end.y + back.y * reach)
    pull = chain[-2] if length > reach else base
    left = Point(back.x * TIP_LENGTH + back.y * _TIP_HALF, back.y * TIP_LENGTH - back.x * _TIP_HALF)
    across = Point(-2 * back.y * _TIP_HALF, 2 * back.x * _TIP_HALF)
    return (*chain[:-2], pull, base), f"M{_pair(end)}l{_pair(left)} {_pair(across)}z"


def path_data(chain: Chain) -> str:
    """Write a chain as the data of an SVG path, straight stretches as lines."""
    written = [f"M{_pair(chain[0])}"]
    at, heading = chain[0], (0.0, 0.0)
    for curve in _curves(chain):
        end = curve[3]
        if not _is_straight(curve):
            written.append(f"C{' '.join(map(_pair, curve[1:]))}")
            heading = 0.0, 0.0
        elif hypot(end.x - at.x, end.y - at.y) < _NOTHING:
            continue
        else:
            before, heading = heading, _heading(at, end)
            if (
                before != (0.0, 0.0)
                and hypot(before[0] - heading[0], before[1] - heading[1]) < 0.01
            ):
                written.pop()
            written.append(_line(at, end))
        at = end
    return "".join(written)


def _line(start: Point, end: Point) -> str:
    if number(start.x) == number(end.x):
        return f"V{number(end.y)}"
    return f"H{number(end.x)}" if number(start.y) == number(end.y) else f"L{_pair(end)}"


def _pair(point: Point) -> str:
    return f"{number(point.x)},{number(point.y)}"


def _heading(start: Point, end: Point) -> tuple[float, float]:
    length = hypot(end.x - start.x, end.y - start.y)
    return (end.x - start.x) / length, (end.y - start.y) / length


def _is_straight(curve: Cubic) -> bool:
    """Say whether what pulls a curve lies on the line between its ends."""
    (ax, ay), b, c, (dx, dy) = curve
    wide, high = dx - ax, dy - ay
    limit = _NOTHING * (abs(wide) + abs(high)) + 1e-9
    return all(abs((x - ax) * high - (y - ay) * wide) <= limit for x, y in (b, c))


def slash(chain: Chain) -> str:
    """Write a short stroke across the start of a chain."""
    start = chain[0]
    near = (at for at in samples(chain, 24) if hypot(at.x - start.x, at.y - start.y) >= _SLASH_AT)
    at = next(near, chain[-1])
    length = hypot(at.x - start.x, at.y - start.y) or 1.0
    ux, uy = (at.x - start.x) / length * _SLASH_HALF, (at.y - start.y) / length * _SLASH_HALF
    ends = Point(at.x + ux + uy, at.y + uy - ux), Point(at.x - ux - uy, at.y - uy + ux)
    return f"M{_pair(ends[0])}L{_pair(ends[1])}"


def samples(chain: Chain, steps: int = _STEPS) -> list[Point]:
    """Return points on a chain, in order, `steps` for each curve."""
    found = [chain[0]]
    for curve in _curves(chain):
        found += [_at(curve, step / steps) for step in range(1, steps + 1)]
    return found


def _curves(chain: Chain) -> list[Cubic]:
    return [
        (chain[at], chain[at + 1], chain[at + 2], chain[at + 3])
        for at in range(0, len(chain) - 1, 3)
    ]


def _chain(curves: Sequence[Cubic]) -> Chain:
    return (curves[0][0], *(point for curve in curves for point in curve[1:]))


def _parted(chain: Chain, outline: Sequence[Corner], at: Point) -> tuple[Chain, Chain] | None:
    """Cut a chain in two where it first crosses an outline; None when it never does."""
    curves = _curves(chain)
    for index, curve in enumerate(curves):
        halves = _halves(curve, outline, at)
        if halves is not None:
            before, after = halves
            return _chain([*curves[:index], before]), _chain([after, *curves[index + 1 :]])
    return None


def _halves(curve: Cubic, outline: Sequence[Corner], at: Point) -> tuple[Cubic, Cubic] | None:
    """Find the chord of a curve that crosses, then the place by the one side that it crosses."""
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


def straight(a: Point, b: Point) -> Cubic:
    """Return the curve that leads straight from a to b."""
    return a, _between(a, b, 1 / 3), _between(a, b, 2 / 3), b


def _met(
    a: Point, b: Point, outline: Sequence[Corner], at: Point
) -> tuple[float, Corner, Corner] | None:
    """Return how far along from a to b an outline is first met, and by which of its sides."""
    left, top = a[0] - at[0], a[1] - at[1]
    wide, high = b[0] - a[0], b[1] - a[1]
    length = wide * wide + high * high
    best: tuple[float, Corner, Corner] | None = None
    before = outline[-1]
    beside = wide * (before[1] - top) - high * (before[0] - left)
    for corner in outline:
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


def _is_left(point: Point, a: Corner, b: Corner, at: Point) -> bool:
    x, y = point[0] - at[0] - a[0], point[1] - at[1] - a[1]
    return (b[0] - a[0]) * y > (b[1] - a[1]) * x


def _at(curve: Cubic, t: float) -> Point:
    a, b, c, d = curve
    s = 1 - t
    p, q, r, w = s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t
    return Point(
        p * a.x + q * b.x + r * c.x + w * d.x,
        p * a.y + q * b.y + r * c.y + w * d.y,
    )


def _split(curve: Cubic, t: float) -> tuple[Cubic, Cubic]:
    a, b, c, d = curve
    ab, bc, cd = _between(a, b, t), _between(b, c, t), _between(c, d, t)
    abc, bcd = _between(ab, bc, t), _between(bc, cd, t)
    middle = _between(abc, bcd, t)
    return (a, ab, abc, middle), (middle, bcd, cd, d)


def _between(a: Point, b: Point, t: float) -> Point:
    return Point(a.x + (b.x - a.x) * t, a.y + (b.y - a.y) * t)
