"""The way through all checks, for a graph and the graphs inside it; the checks are elsewhere.

Rules of this file:

1. No function of the user is called, and no graph is changed.
2. A check whose answer another finding makes worthless is left out; all others run.
3. A graph that stands at several vertices is checked once, at the first of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from agentgraph.errors import Finding, InvalidGraph
from agentgraph.graph import FrozenGraph
from agentgraph.verify.cycles import check_cycles
from agentgraph.verify.labels import check_labels
from agentgraph.verify.names import check_names
from agentgraph.verify.reach import check_reach
from agentgraph.verify.report import Forked, Joined, Report
from agentgraph.verify.soundness import check_soundness
from agentgraph.verify.wiring import Wiring, wire


@dataclass(slots=True)
class _Checked:
    """What was found out about one graph, without those inside it."""

    findings: list[Finding] = field(default_factory=list[Finding])
    wiring: Wiring | None = None
    steps: int | None = None
    """How many steps it takes at most, the graphs inside it included; None: unknown."""


def verify(graph: FrozenGraph) -> Report:
    """Say all that can be said of `graph` and the graphs inside it before it runs."""
    graphs = _graphs(graph)
    checked: dict[int, _Checked] = {}
    for inner in _inner_first(graph):
        checked[id(inner)] = _check(inner, checked)
    findings: list[Finding] = []
    joins: list[Joined] = []
    forks: list[Forked] = []
    for prefix, inner in graphs:
        found = checked[id(inner)]
        findings += [_placed(finding, prefix) for finding in found.findings]
        if found.wiring is not None:
            joins += _joins(found.wiring, prefix)
            forks += _forks(found.wiring, prefix)
    steps = checked[id(graph)].steps
    return Report(graph.name, tuple(findings), steps, tuple(joins), tuple(forks))


def require_sound(graph: FrozenGraph) -> None:
    """Raise `InvalidGraph` with every error of `graph`, if there is one."""
    errors = verify(graph).errors
    if errors:
        raise InvalidGraph(graph.name, errors)


def _graphs(graph: FrozenGraph) -> list[tuple[str, FrozenGraph]]:
    """List `graph` and each graph inside it once, with the path at which it stands first."""
    seen = {id(graph)}
    found = [("", graph)]
    for prefix, outer in found:
        for name, child in _children(outer):
            if id(child) not in seen:
                seen.add(id(child))
                found.append((f"{prefix}{name}/", child))
    return found


def _children(graph: FrozenGraph) -> list[tuple[str, FrozenGraph]]:
    return [(v.name, v.child) for v in graph.vertices if v.child is not None]


def _inner_first(graph: FrozenGraph) -> Iterator[FrozenGraph]:
    """Give each graph after all graphs inside it."""
    seen: set[int] = set()
    stack = [(graph, False)]
    while stack:
        inner, is_done = stack.pop()
        if is_done:
            yield inner
        elif id(inner) not in seen:
            seen.add(id(inner))
            stack.append((inner, True))
            stack += [(child, False) for _, child in reversed(_children(inner))]


def _check(graph: FrozenGraph, checked: dict[int, _Checked]) -> _Checked:
    """Check one graph; those inside it have been checked."""
    found = _Checked(list(check_names(graph)))
    is_clear = not found.findings
    labels = list(check_labels(graph))
    found.findings += labels
    if not is_clear:
        return found
    wiring = found.wiring = wire(graph)
    shape = list(check_reach(wiring))
    found.findings += shape
    found.findings += check_cycles(wiring)
    # What a run does at a vertex is unknown where labels are mixed, and a vertex that cannot be
    # reached or left would come up a second time.
    if shape or any(finding.code in {"AG209", "AG210"} for finding in labels):
        return found
    inside, unknown = _steps_inside(wiring, checked)
    faults, steps = check_soundness(wiring, inside)
    found.findings += faults
    if not unknown and all(finding.severity != "error" for finding in found.findings):
        found.steps = steps
    return found


def _steps_inside(wiring: Wiring, checked: dict[int, _Checked]) -> tuple[dict[int, int], bool]:
    """Return the steps of the graphs inside vertices, and whether some are unknown."""
    inside: dict[int, int] = {}
    unknown = False
    for number, vertex in enumerate(wiring.vertices):
        steps = 0 if vertex.child is None else checked[id(vertex.child)].steps
        unknown = unknown or vertex.kind == "each" or steps is None
        inside[number] = steps or 0
    return inside, unknown


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
