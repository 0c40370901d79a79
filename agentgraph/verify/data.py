"""AG4xx: what is read and written on the ways of a sound graph; not what a value may be."""

from collections.abc import Iterator

from agentgraph.errors import Finding
from agentgraph.graph import FrozenGraph
from agentgraph.verify.facts import Facts
from agentgraph.verify.nest import Nest
from agentgraph.verify.unwritten import check_unwritten
from agentgraph.verify.writers import check_writers


def check_data(nested: Nest) -> Iterator[Finding]:
    """Check the reads and writes of a graph, as far as they are known."""
    graph = nested.net.graph
    if graph.fields and _touches(graph):
        facts = Facts.found(graph)
        yield from check_unwritten(nested.net, facts)
        yield from check_writers(nested, facts)


def _touches(graph: FrozenGraph) -> bool:
    """Say whether there is anything to check: something is written, or read before that."""
    seen: set[int] = set()
    for vertex in graph.vertices:
        if vertex.writes or vertex.reads:
            return True
        access = vertex.access
        if access is None or id(access) in seen:
            continue
        seen.add(id(access))
        if access.writes or access.may_write or (graph.unset and access.reads):
            return True
    return False
