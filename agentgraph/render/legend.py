"""What the shapes and lines of a picture mean, for those that occur in it."""

from collections.abc import Iterator
from typing import NamedTuple

from agentgraph.render import marks
from agentgraph.render.diagram import Diagram, Figure
from agentgraph.render.lettering import width
from agentgraph.render.markup import number, words
from agentgraph.render.palette import FIGURES, LOOKS, NOTE_SIZE
from agentgraph.render.shapes import SIGNS

_ICON = 34.0
_GAP = 18.0
_ROW = 24.0
_ABOVE = 30.0

_RECT = FIGURES["node"].icon
_LINE, _LABELLED = (LOOKS["arrows"][kind]["icon"] for kind in ("plain", "branch"))
_SIGN = "<path class='glyph{1}' d='{0}' transform='translate(0,-1)scale(.65)'/>"
_WORD = "<text class='label' y='4'>{}</text>"
_COUNT = "<rect x='-9' y='-8' width='18' height='16' rx='8'/><text y='4'>n</text>"
_HEAT = (
    "<rect class='track' x='-13' y='-2' width='26' height='4' rx='2'/>"
    "<rect class='heat' x='-13' y='-2' width='16' height='4' rx='2'/>"
)

_STANDINGS = {
    "failed": "failed here",
    "waiting": "waits for an answer",
    "running": "at work",
    "undone": "was undone",
}


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
    kinds: dict[str, set[str]] = {
        "figures": {part.kind for part in diagram.figures},
        "arrows": {part.kind for part in diagram.arrows},
        "groups": {part.kind for part in diagram.groups},
    }
    found = [
        (look["paint"] or kind, look["icon"], look["legend"])
        for part, occurring in kinds.items()
        for kind, look in LOOKS[part].items()
        if kind in occurring
    ]
    if diagram.marks is not None:
        parts = (diagram.figures, diagram.groups, diagram.arrows)
        signs = {part.mark.sign for some in parts for part in some if part.mark is not None}
        found += [
            (f"agent {sign}", _RECT, text) for sign, text in marks.SIGNS.items() if sign in signs
        ]
        if "unseen" in signs:
            found.append(("unseen agent", _RECT, diagram.marks.rest))
    elif diagram.counted:
        found += _counted(diagram)
    return found


def _counted(diagram: Diagram) -> Iterator[tuple[str, str, str]]:
    """Yield what shows what runs did."""
    traces = [part.trace for part in diagram.parts if part.trace is not None]
    taken = [arrow for arrow in diagram.arrows if arrow.taken]
    yield "badge", _COUNT, "visits"
    if taken:
        yield "plain seen", _LINE, "taken"
    if 0 in [part.visits for part in diagram.parts] + [way.taken for way in diagram.arrows]:
        yield "unseen agent", _RECT, "not visited, not taken"
    if any(arrow.order for arrow in taken):
        yield "label", _WORD.format("#n"), "the nth way taken"
    if any(not arrow.order for arrow in taken) or any(len(one.failures) > 1 for one in traces):
        yield "label", _WORD.format("\u00d7n"), "n times"
    for kind, text in _STANDINGS.items():
        if any(trace.standing == kind for trace in traces):
            icon = _RECT + _SIGN.format(SIGNS[kind], f" {kind}")
            yield f"agent at-{kind}", icon, text
    if any(trace.sign == "failed" != trace.standing for trace in traces):
        yield "", _SIGN.format(SIGNS["failed"], " failed"), "failed, and went on"
    if any(isinstance(part, Figure) and part.trace and part.trace.times for part in diagram.parts):
        yield "agent", _HEAT, "its time beside the others', by logarithm"
