"""The words that stand on a picture: names, notes, titles and labels; not where or how big."""

import re

from agentgraph.render.diagram import SILENT, Arrow, Figure, Group, short_name
from agentgraph.render.lettering import lines_of, visible
from agentgraph.render.overlay import order_note, standing_note, trace_notes
from agentgraph.render.palette import FIGURES


def figure_lines(figure: Figure) -> list[str]:
    """Return what is written on a figure where its shape alone does not say it."""
    if figure.kind in {"start", "end"}:
        return [""]
    if figure.kind in {"join", "gateway"}:
        name, notes = visible(figure.name), notes_of(figure)
        # What has no name of its own is called by its kind already: `fork`, `join_2`.
        kind = re.sub(r"_\d+$", "", name)
        return [name, *(note.removeprefix(f"{kind}: ") for note in notes if note != kind)]
    voters = figure.vertex.voters if figure.vertex else ()
    votes = [", ".join(visible(short_name(voter)) for voter in voters)] if voters else []
    return [visible(figure.name), *notes_of(figure), *votes]


def notes_of(figure: Figure) -> list[str]:
    """Say in small what matters of a figure besides its name; of a bar, what is all that it says."""
    vertex = figure.vertex
    if vertex is None:
        return ["not defined"] if figure.undoes is None else []
    votes = f"{vertex.need} of {len(vertex.voters)}" if vertex.need else "majority"
    note = FIGURES[vertex.kind].note.format(votes=votes, limit=vertex.limit)
    notes = [note] if note else []
    if vertex.kind == "join":
        few = vertex.need is not None and vertex.need < figure.ways_in
        notes.append(f"join: {f'first {vertex.need} of' if few else 'all'} {figure.ways_in}")
    if vertex.kind == "gateway" and figure.forks:
        notes.append("fork")
    if vertex.bound is not None:
        notes.append(f"at most {vertex.bound.at_most}")
    if vertex.kind in SILENT:
        return notes
    if figure.cut:
        notes.append(f"+{figure.cut} more way{'s' if figure.cut > 1 else ''}")
    return notes + trace_notes(figure.trace)


def title_of(group: Group) -> str:
    """Say what a frame is, in a few words."""
    said = [note for note in (*trace_notes(group.trace), standing_note(group.trace)) if note]
    name = ", ".join([" ".join(lines_of(visible(group.name))), *said])
    if group.vertex is not None:
        bound = group.vertex.bound
        most = f", at most {bound.at_most}" if bound else ""
        if group.kind == "each":
            return f"{name}: for each, {group.vertex.limit} at once{most}"
        return f"{name}{most}"
    return group.kind


def label_lines(arrow: Arrow) -> tuple[str, ...]:
    """Return what stands on an arrow: its note, and its mark or how often it was taken."""
    lines = lines_of(arrow.note) if arrow.note else ()
    count = order_note(arrow.order) or (f"\u00d7{arrow.taken}" if arrow.taken else "")
    if arrow.mark:
        count = arrow.mark.note
    if not count:
        return lines
    return (*lines[:-1], f"{lines[-1]} {count}") if lines else (count,)
