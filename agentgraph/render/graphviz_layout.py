"""A layout by a Graphviz program: the request as DOT, the answer from JSON; not the drawing.

Rules of this file:

1. Everything has a fixed size and no text, so no font of the machine has a say.
2. A label is a box on its way, entered and left in the direction of the flow: nothing can
   lie on it, and a line through it has no corner there.
3. A line against the flow is asked for the other way round, and turned in the answer.
   So the program has no cycle to break, and does not break it another way than we do.
"""

import json
from collections.abc import Iterator, Mapping
from math import ceil
from typing import Any, TypeAlias

from agentgraph.render.engines import Engine, EngineFailed, call
from agentgraph.render.layout import Layout, Link, Point, Rect, Request, nested

_POINTS = 72.0
_Parts: TypeAlias = dict[str, Mapping[str, str]]
_QUICK_FROM = 1000
"""From this many boxes on, the search for the best places is cut short."""


def arrange(request: Request, engine: Engine) -> Layout:
    """Ask `engine` for the places. Raises `EngineFailed` when its answer is of no use."""
    is_exchanged = request.direction == "LR"
    asked = request.exchanged() if is_exchanged else request
    text = call(engine, "\n".join(_asked(asked)))
    try:
        layout = _Answer(asked, json.loads(text)).layout()
        return layout.exchanged() if is_exchanged else layout
    except (ValueError, KeyError, IndexError, TypeError) as error:
        raise EngineFailed(f"the answer of {engine.name} cannot be read: {error!r}") from error


def _asked(request: Request) -> Iterator[str]:
    """Write a request as DOT. Names in it are numbers, so nothing has to be escaped."""
    zones = {zone.id: zone for zone in request.zones}
    name = {box.id: f"b{index}" for index, box in enumerate(request.boxes)}
    name |= {zone: f"cluster_{index}" for index, zone in enumerate(zones)}
    quick = " nslimit=1 nslimit1=1" if len(request.boxes) > _QUICK_FROM else ""
    # The border and the title of a zone take their room out of that between ranks.
    apart = 0.62 if zones else 0.5
    yield "digraph {"
    yield f"graph [rankdir={request.direction} nodesep=0.36 ranksep={apart}{quick}]"
    yield 'node [shape=box fixedsize=true label=""]'
    yield "edge [dir=none headclip=false tailclip=false]"
    for box in request.boxes:
        size = f"width={box.width / _POINTS:.4f} height={box.height / _POINTS:.4f}"
        yield f"{name[box.id]} [{size}]"
    for part in nested(zones, request.within):
        if part is None:
            yield "}"
        elif part in zones:
            title = _blank(zones[part].title_width, zones[part].title_height)
            yield f"subgraph {name[part]} {{ label={title} labeljust=l margin=12"
        else:
            yield name[part]
    upright = {box.id for box in request.boxes if box.upright}
    entry, leaving = ("n", "s") if request.direction == "TB" else ("w", "e")
    for index, link in enumerate(request.links):
        for at, ends in enumerate(link.stretches()):
            tail, head = reversed(ends) if link.back else ends
            # A label stands near to where its line begins.
            extra = " weight=0" if link.back else " weight=3" if ends[1] in upright else ""
            extra += f" headport={entry}" if head in upright else ""
            extra += f" tailport={leaving}" if tail in upright else ""
            yield f'{name[tail]} -> {name[head]} [id="{index}.{at}"{extra}]'
    yield "}"


class _Answer:
    """What the program said, by our own names."""

    def __init__(self, request: Request, answer: Mapping[str, Any]) -> None:
        self._request = request
        self._objects: _Parts = {part["name"]: part for part in answer.get("objects", ())}
        self._edges: _Parts = {part["id"]: part for part in answer.get("edges", ())}
        left, low, right, high = _numbers(answer["bb"])
        self._left, self._high = left, high
        self._size = ceil(right - left) + 1, ceil(high - low) + 1

    def layout(self) -> Layout:
        """Put everything together."""
        boxes = {
            box.id: Rect(*self._point(self._objects[f"b{index}"]["pos"]), box.width, box.height)
            for index, box in enumerate(self._request.boxes)
        }
        zones = {
            zone.id: self._rect(self._objects[f"cluster_{index}"]["bb"])
            for index, zone in enumerate(self._request.zones)
        }
        routes = tuple(
            self._route(index, link, boxes) for index, link in enumerate(self._request.links)
        )
        return Layout(*self._size, boxes, zones, routes)

    def _route(self, index: int, link: Link, boxes: Mapping[str, Rect]) -> tuple[Point, ...]:
        """Join the pieces of a link, straight on where they end at the side of a box."""
        points: list[Point] = [boxes[link.source][:2]]
        for part, _ in enumerate(link.stretches()):
            edge = self._edges[f"{index}.{part}"]["pos"].split()
            chain = [self._point(pair) for pair in (reversed(edge) if link.back else edge)]
            points += [points[-1], chain[0], *chain]
        target = boxes[link.target][:2]
        return (*points, points[-1], target, target)

    def _rect(self, bb: str) -> Rect:
        left, low, right, high = _numbers(bb)
        x, y = (left + right) / 2 - self._left, self._high - (low + high) / 2
        return Rect(x, y, right - left, high - low)

    def _point(self, pair: str) -> Point:
        x, y = _numbers(pair)
        # Whole pixels: a drawing is smaller by a tenth, and its lines are sharper.
        return float(ceil(x - self._left)), float(ceil(self._high - y))


def _blank(wide: float, high: float) -> str:
    """Return an empty label that takes exactly this much room in every release."""
    size = f'WIDTH="{wide:.0f}" HEIGHT="{high:.0f}"'
    return f'<<TABLE BORDER="0" FIXEDSIZE="TRUE" {size}><TR><TD></TD></TR></TABLE>>'


def _numbers(text: str) -> list[float]:
    return [float(part) for part in text.split(",")]
