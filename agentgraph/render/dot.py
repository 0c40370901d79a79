"""A diagram as DOT text for people and other programs; not what our own layout asks for.

Rules of this file:

1. Every id and every text stands in quotes. Backslashes, quotes and ampersands of the
   graph are escaped, so that they are neither DOT's escapes nor its entities.
2. `agentgraph_*` attributes say again what shapes and colours only hint at.
"""

from collections.abc import Iterator

from agentgraph.render.captions import figure_lines, title_of
from agentgraph.render.diagram import Arrow, Diagram, Figure, Group
from agentgraph.render.lettering import shown, visible
from agentgraph.render.palette import FIGURES, LIGHT, LOOKS, Paint

_PAINTS = LIGHT.kinds | {
    "terminal": LIGHT.kinds["bar"],
    "missing": Paint(LIGHT.canvas, LIGHT.alarm),
    "undo": Paint(LIGHT.canvas, LIGHT.line),
}
_COLOURS = LIGHT._asdict()


def write(diagram: Diagram) -> str:
    """Write the whole text."""
    return "\n".join(_told(diagram, _names(diagram.figures))) + "\n"


def _told(diagram: Diagram, name: dict[str, str]) -> Iterator[str]:
    """Write the figures, nested as they are, then the arrows."""
    yield f"digraph {_quoted(shown(diagram.graph.name))} {{"
    yield '  graph [compound="true", fontname="Helvetica"]'
    yield '  node [fontname="Helvetica", style="filled"]'
    yield '  edge [fontname="Helvetica", fontsize="11"]'
    for blanks, part in diagram.nested():
        if part is None:
            yield f"{blanks}}}"
        elif isinstance(part, Figure):
            yield blanks + _figure(part, name[part.id])
        else:
            yield from (blanks + line for line in _opening(part))
    for arrow in diagram.arrows:
        yield f"  {_arrow(arrow, diagram, name)}"
    yield "}"


def _figure(figure: Figure, name: str) -> str:
    look = FIGURES[figure.kind]
    paint = _PAINTS[look.paint]
    style = {"node": "rounded,filled"}.get(figure.kind, "filled")
    style = "rounded,dashed" if figure.vertex is None else style
    looks = {
        "shape": look.dot,
        "style": style,
        "fillcolor": paint.fill,
        "color": paint.line,
        "fontcolor": LIGHT.canvas if paint == LIGHT.kinds["bar"] else LIGHT.ink,
        "tooltip": visible(figure.path),
        "agentgraph_kind": figure.kind,
        "agentgraph_path": shown(figure.path),
    }
    return f"{name} [label={_lines(figure_lines(figure))}, {_list(looks)}]"


def _arrow(arrow: Arrow, diagram: Diagram, name: dict[str, str]) -> str:
    looks = {"label": arrow.note} if arrow.note else {}
    given: dict[str, str] = LOOKS["arrows"][arrow.kind]["dot"]
    looks |= {key: _COLOURS.get(value, value) for key, value in given.items()}
    if not diagram.is_within(arrow):
        ends = (("ltail", arrow.source), ("lhead", arrow.target))
        looks |= {key: f"cluster_{end}" for key, end in ends if end in diagram.group}
    looks |= {"agentgraph_kind": arrow.kind}
    if arrow.label is not None:
        looks |= {"agentgraph_label": shown(arrow.label)}
    tail, head = diagram.ends(arrow)
    return f"{name[tail]} -> {name[head]} [{_list(looks)}]"


def _opening(group: Group) -> list[str]:
    line = LIGHT.alarm if group.kind == "catch" else LIGHT.soft
    looks = {
        "label": title_of(group),
        "style": "rounded" if group.vertex else "rounded,dashed",
        "color": line,
        "agentgraph_kind": group.kind,
        "agentgraph_path": shown(group.path),
    }
    return [f"subgraph {_quoted(f'cluster_{group.id}')} {{", f"  graph [{_list(looks)}]"]


def _names(figures: tuple[Figure, ...]) -> dict[str, str]:
    """Name each figure by its path; where two would share a name, the later gets a number."""
    names: dict[str, str] = {}
    used: set[str] = set()
    for figure in figures:
        path = shown(figure.path)
        name, number = path, 2
        while name in used:
            name, number = f"{path} ({number})", number + 1
        used.add(name)
        names[figure.id] = _quoted(name)
    return names


def _list(values: dict[str, str]) -> str:
    return ", ".join(f"{name}={_quoted(value)}" for name, value in values.items())


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _lines(lines: list[str]) -> str:
    return '"' + "\\n".join(map(_escaped, lines)) + '"'


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
