"""A diagram in sentences, for those who hear it and for tooltips; not what is drawn."""

from agentgraph.graph import Vertex
from agentgraph.render.diagram import Arrow, Diagram, Figure, Group, short_name
from agentgraph.render.lettering import shown
from agentgraph.render.marks import SIGNS, Mark
from agentgraph.render.overlay import standing_note, trace_notes
from agentgraph.render.palette import FIGURES, LOOKS
from agentgraph.verify.words import counted

_TOLD_MAX = 60
"""Up to this many edges a description lists each one."""


def scene_told(diagram: Diagram) -> tuple[str, str]:
    """Return one line on the whole graph, and its description in sentences."""
    name = shown(diagram.graph.name)
    vertices = sum(figure.kind != "undo" for figure in diagram.figures)
    vertices += sum(group.vertex is not None for group in diagram.groups)
    edges = sum(arrow.kind != "undo" for arrow in diagram.arrows)
    summary = f"Workflow {name}"
    told = [f"{counted(vertices, 'vertex')}, {counted(edges, 'edge')}."]
    if len(diagram.arrows) <= _TOLD_MAX:
        told += [f"{arrow_told(arrow)}." for arrow in diagram.arrows]
    return summary, " ".join(told)


def figure_told(figure: Figure) -> str:
    """Tell of a figure: its kind and name in the first line, then what else is known."""
    what = f"{FIGURES[figure.kind].told} {shown(figure.path)}"
    if figure.undoes is not None:
        what = f"{shown(figure.name)}, for {shown(figure.undoes)}"
    lines = [f"{what}{_seen(figure.visits, figure.mark)}"]
    if figure.vertex is not None:
        lines += vertex_told(figure.vertex)
    lines += [note for note in (*trace_notes(figure.trace), standing_note(figure.trace)) if note]
    lines += [shown(error) for error in figure.trace.failures[-3:]]
    return "\n".join(lines)


def group_told(group: Group) -> str:
    """Tell of a frame: a vertex with its graph inside, or a region."""
    if group.vertex is not None:
        first = f"{FIGURES[group.vertex.kind].told} {shown(group.path)}{_seen(group.visits, group.mark)}"
        return "\n".join([first, *vertex_told(group.vertex)])
    caught = ", ".join(shown(name) for name in (group.region.catches if group.region else ()))
    return f"{group.kind} region {shown(group.path)}{f' of {caught}' if caught else ''}"


def arrow_told(arrow: Arrow) -> str:
    """Tell of an edge in one sentence."""
    source, target, label = arrow.key
    way = f"{shown(source)} goes to {shown(target)}"
    if arrow.kind == "undo":
        way = f"{shown(source)} is undone by {shown(label or '')}"
    how = LOOKS["arrows"][arrow.kind]["told"].format(label=shown(label or ""), note=arrow.note)
    taken = "" if arrow.taken is None else f", taken {counted(arrow.taken, 'time')}"
    return f"{way}{how}{taken or _marked(arrow.mark)}"


def vertex_told(vertex: Vertex) -> list[str]:
    """List what a vertex declares, a line each."""
    lines = [shown(vertex.doc.strip().split("\n\n")[0].replace("\n", " "))] if vertex.doc else []
    if vertex.agent:
        lines.append(f"agent: {shown(vertex.agent)}")
    if vertex.voters:
        voters = ", ".join(shown(short_name(voter)) for voter in vertex.voters)
        lines.append(f"votes: {vertex.need or 'a majority'} of {voters}")
    if vertex.bound is not None:
        lines.append(f"at most {counted(vertex.bound.at_most, 'visit')}")
    if vertex.undo:
        lines.append(f"undo: {shown(vertex.undo)}")
    for what, fields in (("reads", vertex.reads), ("writes", vertex.writes)):
        if fields:
            lines.append(f"{what}: {', '.join(map(shown, fields))}")
    if vertex.policy.attempts > 1:
        lines.append(f"at most {vertex.policy.attempts} attempts")
    if vertex.policy.timeout_s is not None:
        lines.append(f"timeout: {vertex.policy.timeout_s:g} s")
    return lines


def _marked(mark: Mark | None) -> str:
    return "" if mark is None or mark.sign == "unseen" else f", {SIGNS[mark.sign]}"


def _seen(visits: int | None, mark: Mark | None) -> str:
    if mark is not None:
        return _marked(mark)
    return "" if visits is None else f", {counted(visits, 'visit')}"
