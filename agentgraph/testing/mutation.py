"""Small faults put into a graph one by one: what a user's tests do not notice, they do not test.

The operators are those of mutation analysis of state machines (Fabbri et al., "Mutation analysis
testing for finite state machines", 1994): an edge missing, labels exchanged, and, for what graphs
have besides, a join, a bound, a retry, an undo, a catch.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple

from agentgraph.graph import FrozenGraph, Vertex
from agentgraph.runtime import Program
from agentgraph.verify import verify
from agentgraph.workflow.compiled import Workflow


class Mutant(NamedTuple):
    """A graph with one fault."""

    what: str
    graph: FrozenGraph

    @property
    def is_refused(self) -> bool:
        """It could not even be built: no test is needed to find it."""
        return bool(verify(self.graph).errors)


def mutants(graph: FrozenGraph) -> Iterator[Mutant]:
    """Yield the mutants of a graph, in the order of its edges, vertices and regions."""
    for edge in graph.edges:
        rest = tuple(each for each in graph.edges if each is not edge)
        yield Mutant(f"drop {edge.source} -> {edge.target}", replace(graph, edges=rest))
    for vertex in graph.vertices:
        choices = [edge for edge in graph.outs[vertex.name] if edge.label is not None]
        for one, other in pairwise(choices):
            labels = {one: other.label, other: one.label}
            edges = tuple(replace(each, label=labels.get(each, each.label)) for each in graph.edges)
            what = f"exchange {one.label!r} and {other.label!r} of {vertex.name}"
            if one.target != other.target:
                yield Mutant(what, replace(graph, edges=edges))
        for what, changes in _weaker(vertex):
            changed = replace(vertex, **changes)
            vertices = tuple(changed if each is vertex else each for each in graph.vertices)
            if changed != vertex:
                yield Mutant(f"{what} {vertex.name}", replace(graph, vertices=vertices))
    for region in graph.regions:
        if region.kind == "catch":
            regions = tuple(each for each in graph.regions if each is not region)
            yield Mutant(f"drop the catch {region.name}", replace(graph, regions=regions))


def _weaker(vertex: Vertex) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what may be taken away of a vertex; where it has none of that, nothing changes."""
    policy, bound = vertex.policy, vertex.bound
    if vertex.kind == "join":
        yield "flip the join", {"need": 1 if vertex.need is None else None}
    if bound is not None:
        yield "raise the bound of", {"bound": replace(bound, at_most=bound.at_most + 1)}
    yield "drop the retry of", {"policy": replace(policy, attempts=1)}
    yield "drop the timeout of", {"policy": replace(policy, timeout_s=None)}
    yield "drop the undo of", {"undo": ""}
    yield "take every confidence of", {"at_least": 0.0}


def put_in_place(which: str) -> None:
    """Let a workflow be made with a mutant of its graph, in this process: `digest:number`."""
    digest, _, number = which.partition(":")
    kind: Any = Workflow
    plain = kind.__init__

    def init(self: Workflow[Any, Any], program: Program) -> None:
        if program.graph.digest == digest:
            mutant = [*mutants(program.graph)][int(number)]
            program = replace(program, graph=mutant.graph)
        plain(self, program)

    kind.__init__ = init
