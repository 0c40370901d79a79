"""A scene as SVG text: one element a line, in the order of the graph; not where things stand.

Rules of this file:

1. No script, no foreign element, nothing fetched: a picture is inert. Links are there only
   where somebody asked for them.
2. Everything a graph says is escaped; nothing of it becomes a name of an element, an
   attribute or a style.
3. Each vertex and each edge is one `g` with a role and a name that can be read aloud.
"""

import re

from agentgraph.render import curve
from agentgraph.render.arrange import Scene
from agentgraph.render.captions import label_lines, title_of
from agentgraph.render.diagram import Arrow, Figure, Group
from agentgraph.render.layout import Rect, outer_first
from agentgraph.render.legend import Legend, legend_of
from agentgraph.render.lettering import lines_of, shown, visible, width
from agentgraph.render.links import link_of
from agentgraph.render.marks import Mark
from agentgraph.render.markup import attributes, element, number, rect, words
from agentgraph.render.palette import FIGURES, HEADING_SIZE, NOTE_SIZE, Theme, style_sheet
from agentgraph.render.shapes import BADGE_HEIGHT, badge_width
from agentgraph.render.telling import arrow_told, figure_told, group_told, scene_told

_MARGIN = 24.0
_HEADING_HEIGHT = 40.0
_CAPTION_HEIGHT = 14.0
_CLASSES = re.compile(r' class="([^"]+)"')


def write(scene: Scene, theme: Theme, href: str | None = None) -> str:
    """Write the whole document; with a template `href`, nodes are links to their source."""
    return _Writer(scene, href).document(theme)


class _Writer:
    """One document: what is written stands `self._left`, `self._top` from the corner."""

    def __init__(self, scene: Scene, href: str | None) -> None:
        self._scene = scene
        self._href = href
        self._heading = " ".join(lines_of(visible(scene.diagram.graph.name)))
        heading = width(self._heading, HEADING_SIZE, bold=True)
        caption = width(shown(scene.diagram.caption), NOTE_SIZE)
        room = max(scene.layout.width, heading, caption)
        self._legend: Legend = legend_of(scene.diagram, max(room, 420))
        self._width = max(room, self._legend.width) + 2 * _MARGIN
        self._left = (self._width - scene.layout.width) / 2
        self._top = _MARGIN + _HEADING_HEIGHT + (_CAPTION_HEIGHT if scene.diagram.caption else 0)
        self._height = self._top + scene.layout.height + self._legend.height + _MARGIN

    def document(self, theme: Theme) -> str:
        """Write everything, outer frames before inner ones, figures above arrows."""
        diagram, zones = self._scene.diagram, self._scene.layout.zones
        caption = [shown(diagram.caption)]
        summary, description = scene_told(diagram)
        wide, high = number(self._width), number(self._height)
        size = f'width="{wide}" height="{high}" viewBox="0 0 {wide} {high}"'
        spoken = 'role="graphics-document" aria-roledescription="workflow graph"'
        lines = [
            f'<rect class="canvas" width="{wide}" height="{high}"/>',
            words(self._heading, _MARGIN, _MARGIN + 14, "heading"),
            *[words(text, _MARGIN, _MARGIN + 31, "caption") for text in caption if text],
            f'<g transform="translate({number(self._left)},{number(self._top)})">',
        ]
        # No frame is painted over one inside it.
        frames = outer_first(diagram.group, diagram.parents)
        lines += [self._group(diagram.group[frame]) for frame in frames]
        lines += [self._arrow(arrow) for arrow in diagram.arrows]
        lines += [self._figure(figure) for figure in diagram.figures]
        lines += [
            _badge(group.badge, zones[group.id].right, zones[group.id].top)
            for group in diagram.groups
            if group.badge
        ]
        lines.append("</g>")
        lines += self._legend.lines(_MARGIN, self._height - self._legend.height - _MARGIN)
        used = {word for line in lines for part in _CLASSES.findall(line) for word in part.split()}
        head = [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="ag" lang="en" {size} {spoken}>',
            element("title", summary),
            element("desc", description),
            f"<style>\n{style_sheet(theme, used={'ag', *used})}</style>",
        ]
        return "\n".join([*head, *lines, "</svg>"]) + "\n"

    def _group(self, group: Group) -> str:
        place = self._scene.layout.zones[group.id]
        kind = "vertex workflow" if group.vertex else f"region {group.kind}"
        kind += _seen(group.visits, group.mark)
        path = attributes(**{"data_path" if group.vertex else "data_region": shown(group.path)})
        at = self._scene.title_places[group.id]
        title = words(title_of(group), at.left + 4, at.y + 4, "title")
        frame = rect("frame", place.left, place.top, place.width, place.height, radius=8)
        return _part(group.id, kind, group_told(group), path, frame + title, role="graphics-object")

    def _arrow(self, arrow: Arrow) -> str:
        chain, head = curve.tip(self._scene.chains[arrow.id])
        kind = f"edge {arrow.kind}{_seen(arrow.taken, arrow.mark)}"
        source, target, _ = arrow.key
        data = attributes(
            data_source=shown(source),
            data_target=shown(target),
            data_label=None if arrow.label is None else shown(arrow.label),
        )
        place = self._scene.layout.boxes.get(f"{arrow.id} label")
        pieces = curve.without_middle(chain, place) if place else [chain]
        line = "".join(map(curve.path_data, pieces))
        slash = f'<path class="slash" d="{curve.slash(chain)}"/>' if arrow.kind == "unsure" else ""
        drawn = f'<path class="line" d="{line}"/>{slash}<path class="tip" d="{head}"/>'
        drawn += self._label(arrow, place)
        return _part(arrow.id, kind, arrow_told(arrow), data, drawn, role="graphics-symbol")

    def _label(self, arrow: Arrow, place: Rect | None) -> str:
        return "".join(
            words(line, place.x, place.top + 13 + 14 * index, "label")
            for index, line in enumerate(label_lines(arrow))
            if place
        )

    def _figure(self, figure: Figure) -> str:
        place = self._scene.layout.boxes[figure.id]
        sketch = self._scene.sketches[figure.id]
        kind = f"vertex {FIGURES[figure.kind].paint}{_seen(figure.visits, figure.mark)}"
        kind += f" at-{figure.trace.standing}" if figure.trace.standing else ""
        link = link_of(figure.vertex, self._href) if self._href else None
        # What holds a link must not be a symbol: nobody could come to what is inside of one.
        role = "graphics-object" if link else "graphics-symbol"
        data = attributes(data_path=shown(figure.path), data_kind=figure.kind)
        at = f' transform="translate({number(place.x)},{number(place.y)})"'
        badge = _badge(figure.badge, *self._scene.badges.get(figure.id, (0, 0)))
        drawn = "".join(sketch.parts)
        if link:
            # Where a text can be read, it is the name of the link.
            source = None if "<text" in drawn else f"source of {shown(figure.path)}"
            drawn = f"<a{attributes(href=link, aria_label=source)}>{drawn}</a>"
        return _part(figure.id, kind, figure_told(figure), data + at, drawn + badge, role=role)


def _part(id: str, kind: str, told: str, data: str, drawn: str, *, role: str) -> str:
    # The title is the name of the element, unless it says more than a name should.
    first, more, _ = told.partition("\n")
    head = attributes(id=id, class_=kind, role=role, aria_label=first if more else None)
    return f"<g{head}{data}>{element('title', told)}{drawn}</g>"


def _seen(count: int | None, mark: Mark | None) -> str:
    if mark is not None:
        return f" {mark.sign}"
    return "" if count is None else " seen" if count else " unseen"


def _badge(text: str, x: float, y: float) -> str:
    if not text:
        return ""
    wide, high = badge_width(text), BADGE_HEIGHT
    plate = rect("", x - wide / 2, y - high / 2, wide, high, radius=8)
    return f'<g class="badge">{plate}{words(text, x, y + 4)}</g>'
