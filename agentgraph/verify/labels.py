"""AG201 to AG213: each answer of a choice has one edge, and each edge an answer; not where it leads.

The codes AG204 to AG206 are those of guards: overlapping, with a gap, shadowed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

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
        yield Finding(
            "AG209",
            f"the edge {_edge(edge)} has {_label(edge)}, but {vertex.name!r} answers no labels",
            at(vertex),
            f"let a classifier choose: `g.add_conditional_edge({vertex.name}, classifier, "
            '{"label": target})`, or `>> classifier.route({...})` in a flow',
            edge.place or vertex.place,
        )
    if len(labelled) < len(edges):
        yield _mixture(vertex, next(edge for edge in edges if edge not in labelled))


def _choice(vertex: Vertex, edges: Sequence[Edge]) -> Iterator[Finding]:
    for edge in edges:
        if edge.label is None and not edge.unsure:
            yield _mixture(vertex, edge)
        elif edge.label is not None and edge.unsure:
            what = f"the edge {_edge(edge)} is the way of the label {edge.label!r} and of `unsure`"
            where = at(vertex)
            yield Finding("AG210", what, where, "make two edges of it", edge.place or vertex.place)
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
        yield Finding(
            "AG211",
            f"{vertex.name!r} has {len(targets)} edges for {_quoted(label)}: to {listed(targets)}",
            at(vertex),
            "keep one of them; to run both, lead it to a node that forks: "
            f"`g.add_edge(that_node, [{', '.join(targets)}])`",
            vertex.place,
        )


def _sets(vertex: Vertex, edges: Sequence[Edge]) -> Iterator[Finding]:
    """Compare the labels that are declared with those that edges have."""
    found = {edge.label: edge for edge in edges if edge.label is not None and not edge.unsure}
    if not vertex.labels:
        if not any(edge.unsure for edge in edges):
            what = f"{vertex.name!r} may answer any text, and some has no edge"
            finding = _needs_unsure("AG203", vertex, what)
            yield replace(finding, place=edges[0].place or vertex.place)
        return
    for label in vertex.labels:
        if label not in found:
            yield Finding(
                "AG201",
                f"{vertex.name!r} may answer {label!r}, and no edge has that label",
                at(vertex),
                f"add it to the others: `{{..., {label!r}: target}}`, "
                f"or `{label!r}: END` where the run ends",
                edges[0].place or vertex.place,
            )
    for label, edge in found.items():
        if label not in vertex.labels:
            yield Finding(
                "AG202",
                f"{vertex.name!r} never answers {label!r}, so the edge {_edge(edge)} is never taken",
                at(vertex),
                suggest(label, vertex.labels, f"its labels are {listed(vertex.labels)}"),
                edge.place or vertex.place,
            )


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
        yield Finding(
            "AG212",
            f"{vertex.name!r} needs {need} of {counted(voters, 'vote')}, "
            + ("which can never come" if need > voters else "so two labels could win"),
            at(vertex),
            f"take `consensus(..., need={voters // 2 + 1})`, more than half of the voters"
            if voters
            else "give it voters: `consensus(tone, facts, policy, need=2)`",
            vertex.place,
        )
        return
    labels = len(vertex.labels)
    if labels and not any(edge.unsure for edge in edges) and voters <= labels * (need - 1):
        yield _needs_unsure(
            "AG213",
            vertex,
            f"{counted(voters, 'voter')} of {vertex.name!r} may part so that "
            f"no label gets {counted(need, 'vote')}",
        )


def _mixture(vertex: Vertex, edge: Edge) -> Finding:
    return Finding(
        "AG210",
        f"{vertex.name!r} has edges with and without a label; {_edge(edge)} has none",
        at(vertex),
        "a classifier picks one labelled edge, a fork takes all its edges, and nothing does "
        "both: put a node before or after it for the other",
        edge.place or vertex.place,
    )


def _needs_unsure(code: str, vertex: Vertex, what: str) -> Finding:
    fix = "say where it goes then: `.route({...}, unsure=target)`"
    return Finding(code, what, at(vertex), fix, vertex.place)


def _edge(edge: Edge) -> str:
    return f"{quoted(edge.source)} -> {quoted(edge.target)}"


def _label(edge: Edge) -> str:
    return "the mark `unsure`" if edge.unsure else f"the label {edge.label!r}"


def _quoted(label: str) -> str:
    return "`unsure`" if label == "unsure" else f"the label {label!r}"
