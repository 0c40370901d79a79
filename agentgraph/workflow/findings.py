"""A finding about one vertex, as every check of this package words it; not what is found."""

from agentgraph.errors import Finding
from agentgraph.graph import Vertex


def found_at(vertex: Vertex, code: str, what: str, fix: str, where: str = "") -> Finding:
    """Say what is wrong with a vertex; `where` stands for it where something nearer is known."""
    return Finding(code, what, where or f"{vertex.kind} {vertex.name!r}", fix, vertex.place)
