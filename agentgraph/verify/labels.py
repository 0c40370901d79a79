"""AG201 to AG213: each answer of a choice has one edge, and each edge an answer; not where it leads.

The codes AG204 to AG206 are those of guards: overlapping, with a gap, shadowed.
"""

from collections.abc import Iterator, Sequence

from agentgraph.errors import Finding, suggest
from agentgraph.graph import CHOICES, Edge, FrozenGraph, Vertex
from agentgraph.verify.words import at, counted, listed, quoted


def check_labels(graph: FrozenGraph) -> Iterator[Finding]:
    """Compare the declared labels of each choice with the edges that leave it."""
    labelled = {edge.source for edge in graph.edges if edge.label is not None or edge.unsure}
    for vertex in graph.vertices:
        if vertex.kind in CHOICES:
            if edges := graph.outs[vertex.name]:
                yield from _choice(vertex, edges)
        elif vertex.name in labelled:
            yield from _no_choice(vertex, graph.outs[vertex.name])


def _no_choice(vertex: Vertex, edges: Sequence[Edge]) -> Iterator[Finding]:
    labelled = [edge for edge in edges if edge.label is not None or edge.unsure]
    for edge in labelled:
        label = "the mark `unsure`" if edge.unsure else f"the label {edge.label!r}"
        what = f"the edge {_edge(edge)} has {label}, but {vertex.name!r} answers no labels"
        fix = f"let a classifier choose: `g.add_conditional_edge({vertex.name}, classifier, "
        fix += '{"label": target})`, or `>> classifier.route({...})` in a flow'
        yield _told("AG209", vertex, what, fix, edge)
    if len(labelled) < len(edges):
        yield _mixture(vertex, next(edge for edge in edges if edge not in labelled))


def _choice(vertex: Vertex, edges: Sequence[Edge]) -> Iterator[Finding]:
    for edge in edges:
        if edge.label is None and not edge.unsure:
            yield _mixture(vertex, edge)
        elif edge.label is not None and edge.unsure:
            what = f"the edge {_edge(edge)} is the way of the label {edge.label!r} and of `unsure`"
            yield _told("AG210", vertex, what, "make two edges of it", edge)
    yield from _doubled(vertex, edges)
    yield from _sets(vertex, edges)
    if not any(edge.unsure for edge in edges):
        yield from _abstaining(vertex)
    if vertex.kind == "consensus":
        yield from _consensus(vertex, edges)


def _doubled(vertex: Vertex, edges: Sequence[Edge]) -> Iterator[Finding]:
    by_label: dict[str | None, list[str]] = {}
    for edge in edges:
        by_label.setdefault("unsure" if edge.unsure else edge.label, []).append(edge.target)
    for label, targets in by_label.items():
        # AG105 says it where the very same edge is there twice.
        if label is None or len(targets) == 1 or len(set(targets)) < len(targets):
            continue
        name = "`unsure`" if label == "unsure" else f"the label {label!r}"
        what = f"{vertex.name!r} has {len(targets)} edges for {name}: to {listed(targets)}"
        fix = "keep one of them; to run both, lead it to a node that forks: "
        fix += f"`g.add_edge(that_node, [{', '.join(targets)}])`"
        yield _told("AG211", vertex, what, fix)


def _sets(vertex: Vertex, edges: Sequence[Edge]) -> Iterator[Finding]:
    """Compare the labels that are declared with those that edges have."""
    found = {edge.label: edge for edge in edges if edge.label is not None and not edge.unsure}
    if not vertex.labels:
        if not any(edge.unsure for edge in edges):
            what = f"{vertex.name!r} may answer any text, and some has no edge"
            yield _needs_unsure("AG203", vertex, what, edges[0])
        return
    for label in vertex.labels:
        if label not in found:
            what = f"{vertex.name!r} may answer {label!r}, and no edge has that label"
            fix = f"add it to the others: `{{..., {label!r}: target}}`, "
            fix += f"or `{label!r}: END` where the run ends"
            yield _told("AG201", vertex, what, fix, edges[0])
    for label, edge in found.items():
        if label not in vertex.labels:
            what = (
                f"{vertex.name!r} never answers {label!r}, so the edge {_edge(edge)} is never taken"
            )
            fix = suggest(label, vertex.labels, f"its labels are {listed(vertex.labels)}")
            yield _told("AG202", vertex, what, fix, edge)


def _abstaining(vertex: Vertex) -> Iterator[Finding]:
    if vertex.at_least > 0:
        what = f"a confidence below {vertex.at_least:g} of {vertex.name!r} leads nowhere"
        yield _needs_unsure("AG208", vertex, what)
    elif vertex.abstains:
        yield _needs_unsure("AG207", vertex, f"{vertex.name!r} may abstain, and then leads nowhere")


def _consensus(vertex: Vertex, edges: Sequence[Edge]) -> Iterator[Finding]:
    voters = len(vertex.voters)
    need = vertex.need if vertex.need is not None else voters
    if not voters // 2 < need <= voters:
        why = "which can never come" if need > voters else "so two labels could win"
        what = f"{vertex.name!r} needs {need} of {counted(voters, 'vote')}, {why}"
        fix = f"take `consensus(..., need={voters // 2 + 1})`, more than half of the voters"
        fix = fix if voters else "give it voters: `consensus(tone, facts, policy, need=2)`"
        yield _told("AG212", vertex, what, fix)
        return
    labels = len(vertex.labels)
    if labels and not any(edge.unsure for edge in edges) and voters <= labels * (need - 1):
        what = f"{counted(voters, 'voter')} of {vertex.name!r} may part so that "
        what += f"no label gets {counted(need, 'vote')}"
        yield _needs_unsure("AG213", vertex, what)


def _mixture(vertex: Vertex, edge: Edge) -> Finding:
    what = f"{vertex.name!r} has edges with and without a label; {_edge(edge)} has none"
    fix = "a classifier picks one labelled edge, a fork takes all its edges, and nothing does "
    fix += "both: put a node before or after it for the other"
    return _told("AG210", vertex, what, fix, edge)


def _needs_unsure(code: str, vertex: Vertex, what: str, edge: Edge | None = None) -> Finding:
    fix = "say where it goes then: `.route({...}, unsure=target)`"
    return _told(code, vertex, what, fix, edge)


def _told(code: str, vertex: Vertex, what: str, fix: str, edge: Edge | None = None) -> Finding:
    """Tell a fault at the line of an edge, or where the vertex stands."""
    return Finding(code, what, at(vertex), fix, (edge and edge.place) or vertex.place)


def _edge(edge: Edge) -> str:
    return f"{quoted(edge.source)} -> {quoted(edge.target)}"
