"""The pictures of a graph that users ask for; how each comes about is told elsewhere."""

from collections.abc import Mapping
from pathlib import Path

from agentgraph.errors import NotAvailable
from agentgraph.graph import FrozenGraph
from agentgraph.render import dot, mermaid, svg
from agentgraph.render.arrange import scene_of
from agentgraph.render.diagram import Counts, diagram_of
from agentgraph.render.engines import EngineChoice
from agentgraph.render.layout import Direction
from agentgraph.render.marks import Key, Marks
from agentgraph.render.overlay import Runs, overlay_of
from agentgraph.render.palette import Theme

SUFFIXES = (".svg", ".dot", ".mmd")


def to_svg(
    graph: FrozenGraph,
    *,
    visits: Mapping[str, int] | None = None,
    taken: Mapping[Key, int] | None = None,
    marks: Marks | None = None,
    run: Runs | None = None,
    at_step: int | None = None,
    theme: Theme = "auto",
    direction: Direction = "TB",
    engine: EngineChoice | None = None,
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
    after so many events.

    `engine` chooses who lays the picture out, else the environment variable
    AGENTGRAPH_ENGINE does. Whatever the choice, the text is the same each time.
    """
    counts = Counts(visits, taken, marks)
    if run is not None:
        overlay = overlay_of(graph, run, at_step=at_step)
        counts = Counts(overlay.visits, overlay.taken, overlay=overlay)
    diagram = diagram_of(graph, counts)
    return svg.write(scene_of(diagram, direction=direction, engine=engine), theme)


def to_dot(graph: FrozenGraph) -> str:
    """Write `graph` as DOT, the language of Graphviz."""
    return dot.write(diagram_of(graph))


def to_mermaid(graph: FrozenGraph) -> str:
    """Write `graph` as a Mermaid flowchart."""
    return mermaid.write(diagram_of(graph))


def save(
    graph: FrozenGraph,
    path: str | Path,
    *,
    visits: Mapping[str, int] | None = None,
    taken: Mapping[Key, int] | None = None,
    theme: Theme = "auto",
    direction: Direction = "TB",
    engine: EngineChoice | None = None,
) -> Path:
    """Write a picture of `graph` to `path`; its suffix says which: .svg, .dot or .mmd.

    The options are those of `to_svg`; DOT and Mermaid texts have no use for them.
    Raises `NotAvailable` for any other suffix.
    """
    target = Path(path)
    match target.suffix.lower():
        case ".svg":
            text = to_svg(
                graph, visits=visits, taken=taken, theme=theme, direction=direction, engine=engine
            )
        case ".dot":
            text = to_dot(graph)
        case ".mmd":
            text = to_mermaid(graph)
        case other:
            raise NotAvailable(
                f"no picture has the suffix {other!r}",
                where=f"the path {str(path)!r}",
                fix=f"end the path in {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}",
            )
    target.write_text(text, encoding="utf-8", newline="\n")
    return target
