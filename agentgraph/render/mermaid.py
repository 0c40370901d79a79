"""A diagram as Mermaid text; not drawn here, and nothing is sent anywhere to draw it.

Rules of this file:

1. Ids are numbers. Names stand in quotes, each character of them that is neither a
   letter nor a digit as its code, so that no name is a word or a directive of Mermaid.
2. Mermaid refuses more than 500 edges or 50,000 characters unless its page allows them: the
   text says so.
"""

import json
from collections.abc import Iterator

from agentgraph.render.captions import figure_lines, title_of
from agentgraph.render.diagram import Arrow, Diagram, Figure
from agentgraph.render.lettering import shown
from agentgraph.render.palette import FIGURES, LIGHT

CHARACTERS_MAX = 50_000
EDGES_MAX = 500
"""How many edges Mermaid draws when nothing else was said."""


def write(diagram: Diagram) -> str:
    """Write the whole text."""
    id_of = {figure.id: f"n{index}" for index, figure in enumerate(diagram.figures)}
    id_of |= {group.id: f"g{index}" for index, group in enumerate(diagram.groups)}
    text = "\n".join(_told(diagram, id_of)) + "\n"
    if len(text) <= CHARACTERS_MAX:
        return text
    hint = f"%% {len(text)} characters: set maxTextSize in the page that draws this"
    return text.replace("\n%% workflow", f"\n{hint}\n%% workflow", 1)


def _told(diagram: Diagram, id_of: dict[str, str]) -> Iterator[str]:
    """Write the parts, nested as they are, then the arrows, the styles, and the names."""
    yield "---\nconfig:\n  htmlLabels: true\n  flowchart:\n    htmlLabels: true\n---"
    yield "flowchart TB"
    yield f"%% workflow {_commented(diagram.graph.name)}"
    if len(diagram.arrows) > EDGES_MAX:
        yield f"%% {len(diagram.arrows)} edges: set maxEdges in the page that draws this"
    for _, part in diagram.nested():
        if part is None:
            yield "  end"
        elif isinstance(part, Figure):
            yield f"  {id_of[part.id]}{_drawn(part)}"
        else:
            yield f'  subgraph {id_of[part.id]}["{_coded(title_of(part))}"]'
    for arrow in diagram.arrows:
        yield f"  {_arrow(arrow, diagram, id_of)}"
    yield from _styles(diagram, id_of)
    for part in diagram.parts:
        yield f"%% {id_of[part.id]} = {_commented(part.path)}"


def _drawn(figure: Figure) -> str:
    look = FIGURES[figure.kind]
    left, right = look.mermaid
    text = "<br/>".join(map(_coded, figure_lines(figure))) or " "
    return f'{left}"{text}"{right}:::{look.paint}'


def _arrow(arrow: Arrow, diagram: Diagram, id_of: dict[str, str]) -> str:
    source, target = arrow.source, arrow.target
    if diagram.is_within(arrow):
        # Mermaid cannot draw from a frame to what it holds.
        source, target = diagram.ends(arrow)
    line = "-->" if arrow.kind in {"plain", "branch"} else "-.->"
    note = f'|"{_coded(arrow.note)}"|' if arrow.note else ""
    return f"{id_of[source]} {line}{note} {id_of[target]}"


def _styles(diagram: Diagram, id_of: dict[str, str]) -> Iterator[str]:
    used = {FIGURES[figure.kind].paint for figure in diagram.figures}
    looks = {
        kind: (*paint, LIGHT.canvas if kind == "bar" else LIGHT.ink)
        for kind, paint in LIGHT.kinds.items()
    }
    looks["terminal"] = (LIGHT.ink, LIGHT.ink, LIGHT.canvas)
    looks["missing"] = (LIGHT.canvas, LIGHT.alarm, LIGHT.alarm)
    looks["undo"] = (LIGHT.canvas, LIGHT.line, LIGHT.ink)
    for kind, (fill, line, text) in looks.items():
        if kind in used:
            yield f"  classDef {kind} fill:{fill},stroke:{line},color:{text}"
    for group in diagram.groups:
        line = LIGHT.alarm if group.kind == "catch" else LIGHT.soft
        colours = f"fill:{LIGHT.frame},stroke:{line},color:{LIGHT.ink}"
        yield f"  style {id_of[group.id]} {colours}"
    for index, arrow in enumerate(diagram.arrows):
        if arrow.kind == "catch":
            yield f"  linkStyle {index} stroke:{LIGHT.alarm}"


def _coded(text: str) -> str:
    """Replace each ASCII character that could mean something to Mermaid by its code."""
    return "".join(
        letter if letter == " " or not letter.isascii() or letter.isalnum() else f"#{ord(letter)};"
        for letter in text
    )


def _commented(name: str) -> str:
    """Write a name as a JSON string that holds neither a directive of Mermaid nor a tag of HTML."""
    text = json.dumps(shown(name), ensure_ascii=True)
    return "".join(f"\\u{ord(letter):04x}" if letter in "%{}<>&" else letter for letter in text)
