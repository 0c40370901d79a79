"""The pictures of a graph that users ask for; how each comes about is told elsewhere."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from inspect import signature
from pathlib import Path
from typing import TypedDict, Unpack

from agentgraph.errors import NotAvailable, suggest
from agentgraph.graph import FrozenGraph, to_json
from agentgraph.render import dot, mermaid, svg, text
from agentgraph.render.arrange import scene_of
from agentgraph.render.counting import Counts
from agentgraph.render.engines import EngineChoice
from agentgraph.render.layout import Direction
from agentgraph.render.marks import Key, Marks
from agentgraph.render.overlay import Runs, overlay_of
from agentgraph.render.page import to_html
from agentgraph.render.palette import Theme
from agentgraph.render.raster import to_pdf, to_png
from agentgraph.render.view import View, seen


def to_svg(
    graph: FrozenGraph,
    *,
    visits: Mapping[str, int] | None = None,
    taken: Mapping[Key, int] | None = None,
    marks: Marks | None = None,
    run: Runs | None = None,
    at_step: int | None = None,
    view: View | None = None,
    theme: Theme = "auto",
    direction: Direction = "TB",
    engine: EngineChoice | None = None,
    href: str | None = None,
) -> str:
    """Draw `graph` as an SVG document.

    `visits` and `taken` are the counts of a run or of many: how often a token came to
    each vertex, and how often each edge was taken. Vertices are named by their path,
    `support/billing` being the vertex `billing` in the workflow of the vertex `support`.
    Edges are named by source path, target path and label; an edge without a label has
    None, an unsure edge `unsure`, the way past a bound `then`; the way from a region
    into its handler is `(region, handler, "catch")`. What the counts do not name was
    never visited; what they name and the graph has not is not drawn. `marks` stand in
    place of counts: a failing path, or what changed. `run` stands in place of both: a
    recording or a result, or many of them; `at_step` shows a recorded run as it stood
    after so many events. `view` shows a part of the graph.

    `engine` chooses who lays the picture out, else the environment variable
    AGENTGRAPH_ENGINE does. Whatever the choice, the text is the same each time. `href` makes
    each node a link to its source: `vscode://file{file}:{line}`, or any other address with
    `{file}`, `{line}`, `{agent}` (its module and name) and `{name}` in it.
    """
    counts = Counts(visits, taken, marks)
    if run is not None:
        overlay = overlay_of(graph, run, at_step=at_step)
        counts = Counts(overlay.visits, overlay.taken, overlay=overlay)
    diagram = seen(graph, counts, view or View())
    if run is not None:
        diagram = replace(diagram, caption=f"{diagram.caption}; {diagram.coverage}")
    return svg.write(scene_of(diagram, direction=direction, engine=engine), theme, href)


def to_dot(graph: FrozenGraph, *, view: View | None = None) -> str:
    """Write `graph`, or the part of it that `view` shows, as DOT, the language of Graphviz."""
    return dot.write(seen(graph, Counts(), view or View()))


def to_mermaid(graph: FrozenGraph, *, view: View | None = None) -> str:
    """Write `graph`, or the part of it that `view` shows, as a Mermaid flowchart."""
    return mermaid.write(seen(graph, Counts(), view or View()))


def to_text(
    graph: FrozenGraph, *, width: int = 100, ascii: bool = False, view: View | None = None
) -> str:
    """Draw `graph` in box characters, at most `width` columns wide, or else list it.

    `ascii` keeps to the letters that every terminal has.
    """
    drawing = text.write(seen(graph, Counts(), view or View()), width=width, ascii=ascii)
    return "\n".join(drawing.lines) + "\n"


class TextOptions(TypedDict, total=False):
    """What may be asked of a text, as `to_text` says it."""

    width: int
    ascii: bool
    view: View | None


class _Laid(TypedDict, total=False):
    run: Runs | None
    theme: Theme
    direction: Direction
    engine: EngineChoice | None


class PageOptions(_Laid, total=False):
    """What may be asked of a page, as `to_html` says it."""

    redact: Sequence[str]


class SvgOptions(_Laid, total=False):
    """What may be asked of an SVG, as `to_svg` says it."""

    visits: Mapping[str, int] | None
    taken: Mapping[Key, int] | None
    marks: Marks | None
    at_step: int | None
    view: View | None
    href: str | None


class Options(SvgOptions, PageOptions, TextOptions, total=False):
    """What may be asked of a file; a format that has no use for an option leaves it."""


FORMATS: dict[str, Callable[..., str]] = {
    "svg": to_svg,
    "dot": to_dot,
    "mmd": to_mermaid,
    "json": to_json,
    "html": to_html,
    "txt": to_text,
    "png": to_svg,
    "pdf": to_svg,
}
"""Who writes a file, by its suffix."""
_RASTERS: dict[str, Callable[[str], bytes]] = {"png": to_png, "pdf": to_pdf}
"""Who makes another thing of an SVG."""


def drawn(graph: FrozenGraph, kind: str, **options: Unpack[Options]) -> bytes:
    """Return a picture in one of `FORMATS`."""
    write = FORMATS[kind]
    known = signature(write).parameters
    if kind in _RASTERS and options.get("theme", "auto") == "auto":
        options["theme"] = "light"  # Paper does not follow the hour.
    picture = write(graph, **{name: given for name, given in options.items() if name in known})
    return _RASTERS[kind](picture) if kind in _RASTERS else picture.encode()


def save(graph: FrozenGraph, path: str | Path, **options: Unpack[Options]) -> Path:
    """Write a picture of `graph` to `path`; its suffix says which, one of `FORMATS`.

    Raises `NotAvailable` for any other suffix.
    """
    target = Path(path)
    kind = target.suffix.lower().removeprefix(".")
    if kind not in FORMATS:
        *most, last = (f".{name}" for name in FORMATS)
        what = f"no picture has the suffix {target.suffix!r}"
        fix = suggest(kind, FORMATS, f"end the path in {', '.join(most)} or {last}")
        raise NotAvailable(what, where=f"the path {str(path)!r}", fix=fix)
    target.write_bytes(drawn(graph, kind, **options))
    return target
