"""The way through all checks, for a graph and the graphs inside it; the checks are elsewhere.

Rules of this file:

1. No function of the user is called, and no graph is changed.
2. A check whose answer another finding makes worthless is left out; all others run.
"""

from collections.abc import Iterator
from dataclasses import replace

from agentgraph.errors import Finding, InvalidGraph
from agentgraph.graph import FrozenGraph
from agentgraph.verify.labels import check_labels
from agentgraph.verify.names import check_names
from agentgraph.verify.reach import check_reach
from agentgraph.verify.report import Forked, Joined, Report
from agentgraph.verify.wiring import Wiring, wire


def verify(graph: FrozenGraph) -> Report:
    """Say all that can be said of `graph` and the graphs inside it before it runs."""
    findings: list[Finding] = []
    joins: list[Joined] = []
    forks: list[Forked] = []
    for prefix, inner in _graphs(graph):
        found, wiring = _checked(inner)
        findings += [_placed(finding, prefix) for finding in found]
        if wiring is not None:
            joins += _joins(wiring, prefix)
            forks += _forks(wiring, prefix)
    return Report(graph.name, tuple(findings), None, tuple(joins), tuple(forks))


def require_sound(graph: FrozenGraph) -> None:
    """Raise `InvalidGraph` with every error of `graph`, if there is one."""
    errors = verify(graph).errors
    if errors:
        raise InvalidGraph(graph.name, errors)


def _graphs(graph: FrozenGraph) -> Iterator[tuple[str, FrozenGraph]]:
    """Give `graph` and each graph inside it once, with the path at which it stands first."""
    seen = {id(graph)}
    waiting = [("", graph)]
    for prefix, inner in waiting:
        yield prefix, inner
        for vertex in inner.vertices:
            if vertex.child is not None and id(vertex.child) not in seen:
                seen.add(id(vertex.child))
                waiting.append((f"{prefix}{vertex.name}/", vertex.child))


def _checked(graph: FrozenGraph) -> tuple[list[Finding], Wiring | None]:
    findings = list(check_names(graph))
    clear = not findings
    findings += check_labels(graph)
    if not clear:
        return findings, None
    wiring = wire(graph)
    findings += check_reach(wiring)
    return findings, wiring


def _placed(finding: Finding, prefix: str) -> Finding:
    if not prefix:
        return finding
    return replace(
        finding,
        where=f"{finding.where} in {prefix.rstrip('/')!r}",
        path=tuple(prefix + name for name in finding.path),
    )


def _joins(wiring: Wiring, prefix: str) -> Iterator[Joined]:
    for number, vertex in enumerate(wiring.vertices):
        if wiring.is_join[number]:
            ways = tuple(prefix + wiring.edges[edge].source for edge in wiring.ins[number])
            yield Joined(prefix + vertex.name, ways, vertex.need or len(ways))


def _forks(wiring: Wiring, prefix: str) -> Iterator[Forked]:
    for number, edges in enumerate(wiring.outs):
        if len(edges) > 1 and not wiring.is_choice[number]:
            branches = tuple(prefix + wiring.edges[edge].target for edge in edges)
            yield Forked(prefix + wiring.name(number), branches)
