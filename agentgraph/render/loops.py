"""Lines from a box to itself, for every engine: no engine ever sees one.

A box with loops is asked for with so much more room, on both sides so that it stays in
the middle; when the room has its place, the loops and their labels are put beside the box,
one below the other.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

from agentgraph.render.layout import Box, Layout, Link, Point, Rect, Request

_REACH = 20.0
_SLOT = 16.0
_GAP = 6.0
"""Between the slots of two loops, and between a loop and its label."""
_BEHIND = 10.0
_SPREAD = 16.0
_TAIL = 5
"""So many points at the end of a line lie in its last stretch, in the direction of the flow."""


def around(request: Request, arrange: Callable[[Request], Layout]) -> Layout:
    """Lay out all but the loops by `arrange`, then put the loops in."""
    if all(link.source != link.target for link in request.links):
        return arrange(request)
    work = _Loops(request)
    return work.added(arrange(work.request))


class _Loops:
    """The loops of one request."""

    def __init__(self, request: Request) -> None:
        self._whole = request
        self._loops: dict[str, list[Link]] = {}
        for link in request.links:
            if link.source == link.target:
                self._loops.setdefault(link.source, []).append(link)
        self._size = {box.id: (box.width, box.height) for box in request.boxes}
        labels = {link.label for links in self._loops.values() for link in links}
        self.request = replace(
            request,
            boxes=tuple(self._widened(box) for box in request.boxes if box.id not in labels),
            links=tuple(link for link in request.links if link.source != link.target),
        )

    def added(self, layout: Layout) -> Layout:
        """Give boxes their own size back, and lay the loops."""
        boxes = {
            box.id: layout.boxes[box.id]._replace(width=box.width, height=box.height)
            for box in self._whole.boxes
            if box.id in layout.boxes
        }
        laid = {box: iter(self._lay(boxes, box, links)) for box, links in self._loops.items()}
        others = iter(self._fanned(layout, boxes))
        routes = [
            next(laid[link.source] if link.source == link.target else others)
            for link in self._whole.links
        ]
        return replace(layout, boxes=boxes, routes=tuple(routes))

    def _fanned(self, layout: Layout, boxes: Mapping[str, Rect]) -> list[tuple[Point, ...]]:
        """Lead the lines that meet a box in the middle of its side there side by side."""
        routes = [list(route) for route in layout.routes]
        ends: dict[tuple[str, bool], list[tuple[float, int, bool]]] = {}
        for index, link in enumerate(self.request.links):
            for part, is_end in ((link.source, False), (link.target, True)):
                if part in self._loops:
                    way = routes[index][::-1] if is_end else routes[index]
                    near, far = way[min(_TAIL, len(way)) - 1], way[-1]
                    key = part, near[1] < boxes[part].y
                    ends.setdefault(key, []).append((far[0], index, is_end))
        for (part, _), lines in ends.items():
            step = min(_SPREAD, self._size[part][0] * 0.5 / len(lines))
            for at, (_, index, is_end) in enumerate(sorted(lines)):
                aside = (at - (len(lines) - 1) / 2) * step
                points = range(max(2, len(routes[index]) - _TAIL), len(routes[index]))
                for point in points if is_end else [len(routes[index]) - 1 - one for one in points]:
                    x, y = routes[index][point]
                    routes[index][point] = x + aside, y
        return [tuple(route) for route in routes]

    def _widened(self, box: Box) -> Box:
        links = self._loops.get(box.id)
        if links is None:
            return box
        wide, high = self._size[box.id]
        labels = [self._size[link.label][0] + _GAP for link in links if link.label]
        wide += 2 * (_REACH + max(labels, default=0.0) + _BEHIND)
        high = max(high, self._slot(links) * len(links))
        return replace(box, width=wide, height=high, upright=True)

    def _slot(self, links: list[Link]) -> float:
        highs = [self._size[link.label][1] for link in links if link.label]
        return max([_SLOT, *highs]) + _GAP

    def _lay(self, boxes: dict[str, Rect], box: str, links: list[Link]) -> list[tuple[Point, ...]]:
        """Lay the loops of one box from top to bottom, and give their labels a place."""
        x, y = boxes[box][:2]
        wide, high = self._size[box]
        slot = self._slot(links)
        inside = min(1.0, (high - 8) / (slot * len(links)))
        ways: list[tuple[Point, ...]] = []
        for index, link in enumerate(links):
            middle = (index - (len(links) - 1) / 2) * slot
            ways.append(self._way((x, y), wide / 2, middle, middle * inside))
            if link.label:
                size = self._size[link.label]
                left = x + wide / 2 + _REACH + _GAP
                boxes[link.label] = Rect(left + size[0] / 2, y + middle, *size)
        return ways

    def _way(self, centre: Point, half: float, middle: float, inside: float) -> tuple[Point, ...]:
        """Lay one loop that reaches out at `middle` and touches its box at about `inside`."""
        x, y = centre
        right, far = x + half, x + half + _REACH * 4 / 3
        out, back = (right, y + inside + 4), (right, y + inside - 4)
        hub = x, y + inside
        bend = (far, y + middle + 12), (far, y + middle - 12)
        return hub, hub, out, out, *bend, back, back, hub, hub
