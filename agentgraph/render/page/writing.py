"""Puts the page together: pictures for each state of its frames, facts, runs; it decides no look.

Rules of this file:

1. One file, nothing fetched. The policy of the page names the hashes of its one style and its
   one script, so nothing else can run, whatever a graph or a run says.
2. What the page shows is data in it, with every `<` escaped; the script makes text of it, never
   markup, but for the pictures, which are inert.
3. A layout is made here for each state of the frames that the page can be in.
"""

import json
import re
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256
from html import escape
from inspect import cleandoc
from itertools import combinations
from pathlib import Path
from typing import Final

from agentgraph.graph import FrozenGraph, Vertex
from agentgraph.render import svg
from agentgraph.render.arrange import scene_of
from agentgraph.render.counting import Counts
from agentgraph.render.diagram import Arrow, Diagram
from agentgraph.render.engines import EngineChoice
from agentgraph.render.layout import Direction
from agentgraph.render.lettering import shown
from agentgraph.render.overlay import Runs, vertices_of
from agentgraph.render.page.retelling import runs_told
from agentgraph.render.palette import Theme, read, style_sheet
from agentgraph.render.telling import vertex_told
from agentgraph.render.view import View, frames_of, seen

STATES_MAX: Final = 16
"""How many pictures a page may hold; with more frames, one at a time is open or all are."""
PARTS_MAX: Final = 400
"""From so many figures on, a page holds two pictures: all frames open, and all closed."""
_STYLE = re.compile("<style>.*?</style>\n", re.DOTALL)
_SLOT = re.compile(r"\{\{(\w+)\}\}")


def to_html(
    graph: FrozenGraph,
    *,
    run: Runs | None = None,
    redact: Sequence[str] = (),
    theme: Theme = "auto",
    direction: Direction = "TB",
    engine: EngineChoice | None = None,
) -> str:
    """Write `graph` as a page to look around in, and to replay recorded runs step by step.

    `redact` names fields of the state: their values, wherever they occur, are left out.
    """
    states = [_state(graph, closed, direction, engine) for closed in _states(graph)]
    first = str(states[0].pop("svg"))
    whole = seen(graph, Counts(), View())
    arrows = [arrow for arrow in whole.arrows if arrow.kind != "undo"]
    ways = {arrow.key: number for number, arrow in enumerate(arrows)}
    data = {
        "name": shown(graph.name),
        "theme": theme,
        "frames": frames_of(graph),
        "vertices": {path: _vertex(path, vertex) for path, vertex in vertices_of(graph)},
        "ways": [_way(arrow) for arrow in arrows],
        "states": states,
        "runs": runs_told(graph, run, ways, redact) if run is not None else [],
    }
    # Pictures are light, and dark where the page is dark.
    style = f"{read('page/page.css')}\n{style_sheet('light')}{style_sheet('dark', '.dark .ag')}"
    script = read("page/page.js")
    slots = {
        "title": escape(shown(graph.name)),
        "policy": f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; "
        "base-uri 'none'; form-action 'none'",
        "style": style,
        "script": script,
        "picture": first,
        "data": json.dumps(data, separators=(",", ":")).replace("<", "\\u003c"),
    }
    return _SLOT.sub(lambda slot: slots[slot[1]], read("page/page.html"))


def _states(graph: FrozenGraph) -> list[tuple[str, ...]]:
    """List which frames are closed in each picture; the first is the one with all open."""
    frames = frames_of(graph)
    size = len(list(vertices_of(graph)))
    if 2 ** len(frames) <= STATES_MAX and size <= PARTS_MAX:
        wanted = [some for count in range(len(frames) + 1) for some in combinations(frames, count)]
    else:
        wanted = [(), tuple(frames)]
        if len(frames) + 2 <= STATES_MAX and size <= PARTS_MAX:
            wanted += [tuple(one for one in frames if one != frame) for frame in frames]
    return [*dict.fromkeys(wanted)]


def _state(
    graph: FrozenGraph, closed: tuple[str, ...], direction: Direction, engine: EngineChoice | None
) -> dict[str, object]:
    """Draw one state, and say which element shows which vertex and which way."""
    diagram = seen(graph, Counts(), View(collapse=closed))
    scene = scene_of(diagram, direction=direction, engine=engine)
    return {
        "closed": closed,
        "vertices": _elements(diagram),
        "ways": [[*arrow.key, arrow.id] for arrow in diagram.arrows],
        "undos": {
            arrow.key[0]: [arrow.target, arrow.id]
            for arrow in diagram.arrows
            if arrow.kind == "undo"
        },
        "svg": _STYLE.sub("", svg.write(scene, "light")),
    }


def _elements(diagram: Diagram) -> dict[str, str]:
    groups = {group.path: group.id for group in diagram.groups if group.vertex is not None}
    return groups | {figure.path: figure.id for figure in diagram.figures if figure.kind != "undo"}


def _vertex(path: str, vertex: Vertex) -> dict[str, object]:
    place = [f"source: {Path(vertex.place.file).name}:{vertex.place.line}"] if vertex.place else []
    return {
        "name": shown(vertex.name),
        "kind": vertex.kind,
        "inside": path.rpartition("/")[0],
        "doc": "\n".join(map(shown, cleandoc(vertex.doc).splitlines())),
        "facts": [*place, *vertex_told(replace(vertex, doc=""))],
    }


def _way(arrow: Arrow) -> dict[str, object]:
    source, target, label = arrow.key
    return {"source": source, "target": target, "label": label, "kind": arrow.kind}


def _hash(text: str) -> str:
    return f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
