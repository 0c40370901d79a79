"""What the shapes and lines of a picture mean, for those that occur in it."""

from collections.abc import Iterator
from typing import NamedTuple

from agentgraph.render import marks
from agentgraph.render.diagram import Diagram, Figure
from agentgraph.render.lettering import width
from agentgraph.render.markup import number, words
from agentgraph.render.palette import FIGURES, LOOKS, NOTE_SIZE

_ICON = 34.0
_GAP = 18.0
_ROW = 24.0
_ABOVE = 30.0

_RECT = FIGURES["node"].icon
_LABELLED = LOOKS["arrows"]["branch"]["icon"]


class Legend(NamedTuple):
    """The entries in rows, each a line of text; `width` and `height` include the air above."""

    entries: list[str]
    width: float
    height: float

    def lines(self, left: float, top: float) -> list[str]:
        """Write it, an entry a line."""
        opening = f'<g class="legend" transform="translate({number(left)},{number(top)})">'
        return [opening, *self.entries, "</g>"] if self.entries else []


def legend_of(diagram: Diagram, wide: float) -> Legend:
    """List what occurs in a diagram, in rows that are at most `wide`."""
    entries: list[str] = []
    x, y, widest = 0.0, _ABOVE, 0.0
    # Joins and gateways have one entry.
    for paint, picture, text in dict.fromkeys(_occurring(diagram)):
        drawn = picture.replace("'", '"')
        icon = 2 * _ICON if picture is _LABELLED else _ICON
        room = icon + 8 + width(text, NOTE_SIZE)
        if x and x + room > wide:
            x, y = 0.0, y + _ROW
        entries.append(
            f'<g transform="translate({number(x + icon / 2)},{number(y)})">'
            f'<g class="{paint}">{drawn}</g>{words(text, icon / 2 + 5, 4, "note start")}</g>'
        )
        x += room + _GAP
        widest = max(widest, x - _GAP)
    return Legend(entries, widest, y + _ROW / 2 if entries else 0.0)


def _occurring(diagram: Diagram) -> list[tuple[str, str, str]]:
    found = [
        (look["paint"] or kind, look["icon"], look["legend"])
        for parts in ("figures", "arrows", "groups")
        for kind, look in LOOKS[parts].items()
        if any(part.kind == kind for part in getattr(diagram, parts))
    ]
    if diagram.marks is not None:
        parts = (*diagram.parts, *diagram.arrows)
        signs = {part.mark.sign for part in parts if part.mark is not None}
        found += [
            (f"agent {sign}", _RECT, text) for sign, text in marks.SIGNS.items() if sign in signs
        ]
        if "unseen" in signs:
            found.append(("unseen agent", _RECT, diagram.marks.rest))
    elif diagram.counted:
        looks = [LOOKS["runs"][kind] for kind in _counted(diagram)]
        found += [(look["paint"], look["icon"], look["legend"]) for look in looks]
    return found


def _counted(diagram: Diagram) -> Iterator[str]:
    """Name what shows what runs did."""
    traces = [part.trace for part in diagram.parts]
    taken = [arrow for arrow in diagram.arrows if arrow.taken]
    yield "visits"
    if taken:
        yield "taken"
    if 0 in [part.visits for part in diagram.parts] + [way.taken for way in diagram.arrows]:
        yield "unseen"
    if any(arrow.order for arrow in taken):
        yield "order"
    if any(not arrow.order for arrow in taken) or any(len(one.failures) > 1 for one in traces):
        yield "times"
    standings = {trace.standing for trace in traces}
    yield from (kind for kind in ("failed", "waiting", "running", "undone") if kind in standings)
    if any(trace.sign == "failed" != trace.standing for trace in traces):
        yield "went on"
    if any(isinstance(part, Figure) and part.trace.times for part in diagram.parts):
        yield "heat"
