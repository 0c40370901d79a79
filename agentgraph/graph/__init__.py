"""What a workflow is, as frozen data; not how it runs."""

from agentgraph.graph.definition import (
    CHOICES,
    END,
    START,
    Access,
    Bound,
    Edge,
    FrozenGraph,
    Policy,
    Region,
    RegionKind,
    Requirement,
    RequirementKind,
    Vertex,
    VertexKind,
)
from agentgraph.graph.interchange import from_json, from_networkx, to_json, to_networkx
from agentgraph.graph.line import Fork, Line

__all__ = [
    "CHOICES",
    "END",
    "START",
    "Access",
    "Bound",
    "Edge",
    "Fork",
    "FrozenGraph",
    "Line",
    "Policy",
    "Region",
    "RegionKind",
    "Requirement",
    "RequirementKind",
    "Vertex",
    "VertexKind",
    "from_json",
    "from_networkx",
    "to_json",
    "to_networkx",
]
