"""A graph as a picture, a page or a text, offline and the same on every machine.

Rules of this package:

1. A diagram says what is drawn, a layout where it stands, a writer how it looks; none
   of the three knows the next one.
2. Nothing is cut, lost or invented: each vertex and each edge is drawn once.
3. The same graph gives the same bytes, with every hash seed and on every machine.
"""

from agentgraph.render.engines import Engine, EngineChoice, engines
from agentgraph.render.layout import Direction
from agentgraph.render.marks import Mark, Marks
from agentgraph.render.overlay import Overlay, Runs, Tally, overlay_of
from agentgraph.render.page import to_html
from agentgraph.render.palette import Theme
from agentgraph.render.picture import (
    FORMATS,
    Options,
    PageOptions,
    SvgOptions,
    TextOptions,
    drawn,
    save,
    to_dot,
    to_mermaid,
    to_svg,
    to_text,
)
from agentgraph.render.view import View

__all__ = [
    "FORMATS",
    "Direction",
    "Engine",
    "EngineChoice",
    "Mark",
    "Marks",
    "Options",
    "Overlay",
    "PageOptions",
    "Runs",
    "SvgOptions",
    "Tally",
    "TextOptions",
    "Theme",
    "View",
    "drawn",
    "engines",
    "overlay_of",
    "save",
    "to_dot",
    "to_html",
    "to_mermaid",
    "to_svg",
    "to_text",
]
