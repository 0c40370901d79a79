"""What the shapes and lines of a picture mean, for those that occur in it."""

from collections.abc import Iterator
from typing import NamedTuple

from agentgraph.render import marks
from agentgraph.render.diagram import ArrowKind, Diagram, Figure, FigureKind, GroupKind
from agentgraph.render.lettering import width
from agentgraph.render.markup import number, words
from agentgraph.render.palette import NOTE_SIZE
from agentgraph.render.shapes import PERSON, SHEET, SIGNS

_ICON = 34.0
_GAP = 18.0
_ROW = 24.0
_ABOVE = 30.0

_RECT = '<rect class="box" x="-13" y="-7" width="26" height="14" rx="{}"/>'
_HEXAGON = '<polygon class="box" points="-14,0 -9,-7 9,-7 14,0 9,7 -9,7"/>'
_BAR = '<rect class="box" x="-13" y="-4" width="26" height="8" rx="2"/>'
_TIP = '<polygon class="tip" points="{0},0 {1},-3.5 {1},3.5"/>'
_LINE = '<path class="line" d="M-15 0H8"/>' + _TIP.format(15, 7)
_LABELLED = (
    '<path class="line" d="M-34 0H-19M19 0H26"/>'
    f'<text class="label" y="4">label</text>{_TIP.format(34, 26)}'
)
_SLASHED = f'{_LINE}<path class="slash" d="M-13 4l6-8"/>'
_FRAME = '<rect class="frame" x="-14" y="-8" width="28" height="16" rx="3"/>'
_SIGN = '<path class="glyph{1}" d="{0}" transform="translate(0,{2})scale(.65)"/>'
_HEAD = _SIGN.format(PERSON, "", 0)
_SHEET = _SIGN.format(SHEET, "", 0)
_UNDO = _SIGN.format(SIGNS["undone"], "", -1)
_RING = '<circle class="ring" r="7" stroke-width="1.5"/><circle class="dot" r="4"/>'
_INNER = '<rect class="box" x="-10" y="-4" width="20" height="8" rx="2"/>'
_WORD = '<text class="label" y="4">{}</text>'
_COUNT = '<rect x="-9" y="-8" width="18" height="16" rx="8"/><text y="4">n</text>'
_HEAT = (
    '<rect class="track" x="-13" y="-2" width="26" height="4" rx="2"/>'
    '<rect class="heat" x="-13" y="-2" width="16" height="4" rx="2"/>'
)
_CARDS = "".join(
    f'<rect class="box" x="{x - 14}" y="{-5 - x + 2}" width="22" height="11" rx="2"/>'
    for x in (4, 2, 0)
)

_FIGURES: dict[FigureKind, tuple[str, str, str]] = {
    "start": ("terminal", '<circle class="dot" r="6"/>', "start"),
    "end": ("terminal", _RING, "end"),
    "node": ("agent", _RECT.format(4), "agent"),
    "classifier": ("choice", _HEXAGON, "classifier: one way by label"),
    "human": ("person", _RECT.format(7) + _HEAD, "a person decides"),
    "form": ("person", _RECT.format(7) + _SHEET, "a person fills in"),
    "consensus": ("votes", _HEXAGON, "vote: one way by consensus"),
    "each": ("each", _CARDS, "for each item"),
    "subgraph": ("agent", f"{_RECT.format(4)}{_INNER}", "workflow"),
    "missing": ("missing", _RECT.format(4), "not defined"),
    "undo": ("undo", _RECT.format(7) + _UNDO, "takes back what a node did"),
}
_ARROWS: dict[ArrowKind, tuple[str, str]] = {
    "plain": (_LINE, "always"),
    "branch": (_LABELLED, "when this label is chosen"),
    "unsure": (_SLASHED, "by default: when unsure"),
    "then": (_LINE, "when the bound is reached"),
    "catch": (_LINE, "on an error"),
    "undo": (_LINE, "is undone by"),
}
_STANDINGS = {
    "failed": "failed here",
    "waiting": "waits for an answer",
    "running": "at work",
    "undone": "was undone",
}
_GROUPS: dict[GroupKind, str] = {
    "subgraph": "workflow inside",
    "each": "workflow for each item",
    "quorum": "quorum: the first win",
    "loop": "loop",
    "catch": "errors are caught",
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
    for paint, picture, text in _occurring(diagram):
        icon = 2 * _ICON if picture is _LABELLED else _ICON
        room = icon + 8 + width(text, NOTE_SIZE)
        if x and x + room > wide:
            x, y = 0.0, y + _ROW
        entries.append(
            f'<g transform="translate({number(x + icon / 2)},{number(y)})">'
            f'<g class="{paint}">{picture}</g>{words(text, icon / 2 + 5, 4, "note start")}</g>'
        )
        x += room + _GAP
        widest = max(widest, x - _GAP)
    return Legend(entries, widest, y + _ROW / 2 if entries else 0.0)


def _occurring(diagram: Diagram) -> list[tuple[str, str, str]]:
    figures = {figure.kind for figure in diagram.figures}
    arrows = {arrow.kind for arrow in diagram.arrows}
    groups = {group.kind for group in diagram.groups}
    found = [entry for kind, entry in _FIGURES.items() if kind in figures]
    if any(figure.kind in {"join", "gateway"} for figure in diagram.figures):
        found.append(("bar", _BAR, "fork or join"))
    found += [(kind, *look) for kind, look in _ARROWS.items() if kind in arrows]
    found += [(kind, _FRAME, text) for kind, text in _GROUPS.items() if kind in groups]
    if diagram.marks is not None:
        parts = (diagram.figures, diagram.groups, diagram.arrows)
        signs = {part.mark.sign for some in parts for part in some if part.mark is not None}
        found += [
            (f"agent {sign}", _RECT.format(4), text)
            for sign, text in marks.SIGNS.items()
            if sign in signs
        ]
        if "unseen" in signs:
            found.append(("unseen agent", _RECT.format(4), diagram.marks.rest))
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
        yield "unseen agent", _RECT.format(4), "not visited, not taken"
    if any(arrow.order for arrow in taken):
        yield "label", _WORD.format("#n"), "the nth way taken"
    if any(not arrow.order for arrow in taken) or any(len(one.failures) > 1 for one in traces):
        yield "label", _WORD.format("\u00d7n"), "n times"
    for kind, text in _STANDINGS.items():
        if any(trace.standing == kind for trace in traces):
            icon = _RECT.format(4) + _SIGN.format(SIGNS[kind], f" {kind}", -1)
            yield f"agent at-{kind}", icon, text
    if any(trace.sign == "failed" != trace.standing for trace in traces):
        yield "", _SIGN.format(SIGNS["failed"], " failed", -1), "failed, and went on"
    if any(isinstance(part, Figure) and part.trace and part.trace.times for part in diagram.parts):
        yield "agent", _HEAT, "its time beside the others', by logarithm"
