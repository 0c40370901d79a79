"""Chains of cubic Bezier curves: cutting them at an outline, and arrow heads; not laying them.

A chain is a point, then three points for each curve: two that pull, and one to reach.
"""

from collections.abc import Callable, Sequence
from math import hypot

from agentgraph.render.layout import Point, Rect
from agentgraph.render.markup import number

Chain = tuple[Point, ...]
Cubic = tuple[Point, Point, Point, Point]

TIP_LENGTH = 9.0
_TIP_HALF = 3.8
_SLASH_AT = 11.0
_SLASH_HALF = 3.6
_STEPS = 8
"""At how many places of a curve it is asked whether it is inside."""
_HALVINGS = 11
_NOTHING = 0.05
"""Half of what the writer rounds to: what is closer is the same place."""


def without_start(chain: Chain, outline: Sequence[Point]) -> Chain:
    """Cut off what lies inside `outline` at the start; a chain that never leaves it stays whole."""
    inside = _inside(outline)
    curves = _curves(chain)
    for index, curve in enumerate(curves):
        leaving = _change(curve, inside)
        if leaving is not None:
            return _chain([_split(curve, leaving)[1], *curves[index + 1 :]])
    return chain


def without_end(chain: Chain, outline: Sequence[Point]) -> Chain:
    """Cut off what lies inside `outline` at the end."""
    return without_start(chain[::-1], outline)[::-1]


def tip(chain: Chain) -> tuple[Chain, tuple[Point, Point, Point]]:
    """Shorten a chain by the arrow head at its end, and return both."""
    end = chain[-1]
    curves = _curves(chain)

    def is_near(point: Point) -> bool:
        return hypot(point.x - end.x, point.y - end.y) < TIP_LENGTH - 1

    shortened = chain
    for index in range(len(curves) - 1, -1, -1):
        a, b, c, d = curves[index]
        reaching = _change((d, c, b, a), is_near)
        if reaching is not None:
            w, z, y, x = _split((d, c, b, a), reaching)[1]
            shortened = _chain([*curves[:index], (x, y, z, w)])
            break
    return shortened, _head(shortened[-1], end)


def without_middle(chain: Chain, room: Rect) -> list[Chain]:
    """Cut out the stretch between where a chain enters `room` and where it leaves it last."""
    head = _before(chain, room)
    return [chain] if head is None else [head, (_before(chain[::-1], room) or chain)[::-1]]


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


def _head(base: Point, end: Point) -> tuple[Point, Point, Point]:
    dx, dy = end.x - base.x, end.y - base.y
    length = hypot(dx, dy) or 1.0
    ux, uy = dx / length, dy / length
    back = Point(end.x - ux * TIP_LENGTH, end.y - uy * TIP_LENGTH)
    left = Point(back.x - uy * _TIP_HALF, back.y + ux * _TIP_HALF)
    right = Point(back.x + uy * _TIP_HALF, back.y - ux * _TIP_HALF)
    return end, left, right


def _curves(chain: Chain) -> list[Cubic]:
    return [
        (chain[at], chain[at + 1], chain[at + 2], chain[at + 3])
        for at in range(0, len(chain) - 1, 3)
    ]


def _chain(curves: Sequence[Cubic]) -> Chain:
    return (curves[0][0], *(point for curve in curves for point in curve[1:]))


def _before(chain: Chain, room: Rect) -> Chain | None:
    """Return what of a chain comes before it first enters `room`; None when it never does."""

    def outside(point: Point) -> bool:
        return not room.holds(point)

    curves = _curves(chain)
    for index, curve in enumerate(curves):
        entering = _change(curve, outside)
        if entering is not None:
            return _chain([*curves[:index], _split(curve, entering)[0]])
    return None


def _change(curve: Cubic, inside: Callable[[Point], bool]) -> float | None:
    """Find where a curve leaves what it is in; None when it ends inside."""
    before = 0.0
    for step in range(1, _STEPS + 1):
        after = step / _STEPS
        if not inside(_at(curve, after)):
            return _narrowed(curve, inside, before, after)
        before = after
    return None


def _narrowed(curve: Cubic, inside: Callable[[Point], bool], before: float, after: float) -> float:
    for _ in range(_HALVINGS):
        middle = (before + after) / 2
        if inside(_at(curve, middle)):
            before = middle
        else:
            after = middle
    return after


def _inside(outline: Sequence[Point]) -> Callable[[Point], bool]:
    """Return the test whether a point lies inside a polygon."""
    left, top, right, bottom = Rect.around(outline).limits
    sides = list(zip(outline, [*outline[1:], outline[0]], strict=True))

    def test(point: Point) -> bool:
        x, y = point
        if not (left < x < right and top < y < bottom):
            return False
        crossings = 0
        for (ax, ay), (bx, by) in sides:
            if (ay > y) != (by > y) and x < ax + (y - ay) / (by - ay) * (bx - ax):
                crossings += 1
        return crossings % 2 == 1

    return test


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
