"""From a diagram to places: measures what is drawn, asks an engine, cuts the arrows to fit.

It decides what is asked for; where things then stand, the engine decides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from agentgraph.errors import NotAvailable
from agentgraph.render import curve, graphviz_layout, layered, loops
from agentgraph.render.captions import label_lines, title_of
from agentgraph.render.diagram import Arrow, Diagram
from agentgraph.render.engines import EngineFailed, candidates
from agentgraph.render.layout import (
    Box,
    Direction,
    Layout,
    Link,
    Point,
    Rect,
    Request,
    Zone,
    common,
)
from agentgraph.render.lettering import width
from agentgraph.render.palette import NOTE_SIZE
from agentgraph.render.shapes import (
    BADGE_HEIGHT,
    Sketch,
    badge_places,
    badge_width,
    frame_outline,
    sketch_of,
)

BUILTIN_FROM = 2000
"""From this many figures on, `auto` no longer asks a program: it would take too long."""
_LABEL_LINE = 14.0
_TITLE_HEIGHT = 18.0
_TITLE_GAP = 8.0
"""Between the side of a frame and its title."""


Sketches: TypeAlias = Mapping[str, Sketch]
Chains: TypeAlias = Mapping[str, curve.Chain]


@dataclass(frozen=True, slots=True)
class Scene:
    """A diagram with everything in its place, ready to be written."""

    diagram: Diagram
    layout: Layout
    sketches: Sketches
    title_places: Mapping[str, Rect]
    badges: Mapping[str, Point]
    """Where the count of each figure that has one is, from the middle of the figure."""
    chains: Chains
    """The way of each arrow, from outline to outline."""


def scene_of(diagram: Diagram, *, direction: Direction, engine: str | None) -> Scene:
    """Measure, lay out and cut."""
    sketches = {figure.id: sketch_of(figure) for figure in diagram.figures}
    request = _request(diagram, sketches, direction)
    layout = _turned(request, _laid_out(request, engine, len(diagram.figures)))
    chains = {
        arrow.id: curve.between(
            route, *(_outline_of(end, layout, sketches) for end in (arrow.source, arrow.target))
        )
        for arrow, route in zip(diagram.arrows, layout.routes, strict=True)
    }
    title_places = _title_places(request, layout, chains)
    badges = _badges(diagram, layout, sketches, chains)
    return Scene(diagram, layout, sketches, title_places, badges, chains)


def _request(diagram: Diagram, sketches: Sketches, direction: Direction) -> Request:
    """Say what is asked for: sizes, zones, and which lines lead against the flow."""
    boxes = [
        Box(one.id, sketch.width, sketch.height, one.parent, core=2 * sketch.outline.across)
        for one, sketch in zip(diagram.figures, sketches.values(), strict=True)
    ]
    links: list[Link] = []
    for arrow, is_back in zip(diagram.arrows, diagram.against, strict=True):
        source, target = diagram.ends(arrow, back=is_back)
        label = _label_box(arrow, diagram)
        boxes += [label] if label else []
        links.append(Link(source, target, label.id if label else None, is_back))
    zones = [
        Zone(one.id, one.parent, width(title_of(one), NOTE_SIZE, bold=True) + 8, _TITLE_HEIGHT)
        for one in diagram.groups
    ]
    request = Request(tuple(boxes), tuple(zones), tuple(links), direction)
    return request.exchanged() if direction == "LR" else request


def _label_box(arrow: Arrow, diagram: Diagram) -> Box | None:
    """Return the room for a label; a group that leads to itself needs some in any case."""
    lines = label_lines(arrow)
    loops = arrow.source == arrow.target and arrow.source in diagram.group
    if not lines and not loops:
        return None
    wide = max([width(line, NOTE_SIZE) for line in lines], default=0) + 10
    high = len(lines) * _LABEL_LINE + 4
    zone = common(arrow.source, arrow.target, diagram.parents)
    return Box(f"{arrow.id} label", wide, high, zone, upright=True)


def _laid_out(request: Request, wanted: str | None, figures: int) -> Layout:
    """Ask the engines in turn. Only one that was named may fail; the one built in never does."""
    large = figures > BUILTIN_FROM
    for engine in candidates(wanted):
        if engine.name == "builtin" or (large and wanted is None):
            break
        try:
            return loops.around(request, partial(graphviz_layout.arrange, engine=engine))
        except EngineFailed as error:
            if wanted not in {None, "auto"}:
                what = f"the engine {engine.name!r} gave no picture"
                fix = "use the engine 'auto' or 'builtin'"
                raise NotAvailable(what, where=engine.path, fix=fix) from error
    return loops.around(request, layered.arrange)


def _turned(request: Request, layout: Layout) -> Layout:
    """Turn a layout to where it is to go.

    From top to bottom, left and right are exchanged when more branches then go from left to right
    as they are declared.
    """
    if request.direction == "LR":
        return layout.exchanged()
    balance = 0
    before: dict[str, float] = {}
    for link in request.links:
        if not link.back:
            x = layout.boxes[link.label or link.target].x
            balance += (x > before.get(link.source, x)) - (x < before.get(link.source, x))
            before[link.source] = x
    return layout.mirrored() if balance < 0 else layout


def _title_places(request: Request, layout: Layout, chains: Chains) -> dict[str, Rect]:
    """Put each title in the upper left corner of its frame, or where no arrow runs through it."""
    places: dict[str, Rect] = {}
    limits = [(Rect.around(chain), chain) for chain in chains.values() if request.zones]
    for zone in request.zones:
        frame = layout.zones[zone.id]
        wide, high = zone.title_width, zone.title_height
        steps = max(1, int((frame.width - wide - 2 * _TITLE_GAP) // 8))
        room = Rect(frame.left + _TITLE_GAP + wide / 2, frame.top + 6 + high / 2, wide, high)
        # Few of all arrows come near, and there may be thousands: the cheap test goes first.
        strip = Rect(frame.x, room.y, frame.width, high)
        near = [chain for limit, chain in limits if limit.overlaps(strip)]
        options = [room.moved(8.0 * step, 0) for step in range(steps)]
        places[zone.id] = next((at for at in options if not _is_crossed(at, near)), room)
    return places


def _badges(
    diagram: Diagram, layout: Layout, sketches: Sketches, chains: Chains
) -> dict[str, Point]:
    """Put each count where it hides no end of an arrow of its figure."""
    touching: dict[str, list[curve.Chain]] = {}
    for arrow in diagram.arrows:
        for end in (arrow.source, arrow.target):
            touching.setdefault(end, []).append(chains[arrow.id])
    badges: dict[str, Point] = {}
    for figure in diagram.figures:
        if figure.badge:
            place = layout.boxes[figure.id]
            options = badge_places(figure, sketches[figure.id])
            wide, near = badge_width(figure.badge) + 4, touching.get(figure.id, [])
            rooms = [Rect(place.x + x, place.y + y, wide, BADGE_HEIGHT + 4) for x, y in options]
            free = [index for index, room in enumerate(rooms) if not _is_crossed(room, near)]
            badges[figure.id] = options[free[0] if free else 0]
    return badges


def _is_crossed(room: Rect, chains: Sequence[curve.Chain]) -> bool:
    return any(room.holds(point) for chain in chains for point in curve.samples(chain, 24))


def _outline_of(part: str, layout: Layout, sketches: Sketches) -> curve.Placed:
    sketch = sketches.get(part)
    place = layout.boxes[part] if sketch else layout.zones[part]
    outline = sketch.outline if sketch else frame_outline(place.width, place.height)
    return outline, place[:2]
