"""The way through all checks, for a graph and the graphs inside it; the checks are elsewhere.

Rules of this file:

1. No function of the user is called, and no graph is changed.
2. A check whose answer another finding makes worthless is left out; all others run.
3. A graph that stands at several vertices is checked once, at the first of them.
"""

from dataclasses import dataclass, field, replace

from agentgraph.errors import Finding, InvalidGraph, Script
from agentgraph.graph import END, FrozenGraph, Vertex
from agentgraph.verify.cycles import check_cycles
from agentgraph.verify.facts import Facts
from agentgraph.verify.labels import check_labels
from agentgraph.verify.mending import linked, nest_of
from agentgraph.verify.names import check_names
from agentgraph.verify.nest import Nest, nest
from agentgraph.verify.places import at_edge
from agentgraph.verify.reach import check_reach
from agentgraph.verify.report import Report
from agentgraph.verify.required import check_requirements
from agentgraph.verify.silence import heard
from agentgraph.verify.soundness import check_soundness
from agentgraph.verify.unwritten import check_unwritten
from agentgraph.verify.ways import deepest_first
from agentgraph.verify.wiring import Wiring
from agentgraph.verify.witness import Witnesses
from agentgraph.verify.writers import check_writers


@dataclass(slots=True)
class _Checked:
    """What was found out about one graph, without those inside it."""

    findings: list[Finding] = field(default_factory=list[Finding])
    steps: int | None = None
    """How many steps it takes at most, the graphs inside it included; None: unknown."""
    seen: Witnesses | None = None


def verify(graph: FrozenGraph) -> Report:
    """Say all that can be said of `graph` and the graphs inside it before it runs."""
    graphs = _graphs(graph)
    checked: dict[int, _Checked] = {}
    inside = {id(inner): inner for _, inner in graphs}
    for key in deepest_first([id(graph)], lambda key: [id(c) for _, c in _children(inside[key])]):
        checked[key] = _check(inside[key], checked)
    findings = [
        _placed(at_edge(finding, inner), prefix, graph, checked)
        for prefix, inner in graphs
        for finding in _before_end(checked[id(inner)].findings, is_inner=bool(prefix))
    ]
    places = {vertex.place for _, inner in graphs for vertex in inner.vertices}
    told = tuple(heard(findings, places))
    return Report(graph.name, told, checked[id(graph)].steps, tuple(graphs))


def require_sound(graph: FrozenGraph) -> None:
    """Raise `InvalidGraph` with every error of `graph`, if there is one."""
    report = verify(graph)
    if report.errors:
        raise InvalidGraph(graph.name, report.errors, report=report)


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


def _check(graph: FrozenGraph, checked: dict[int, _Checked]) -> _Checked:
    """Check one graph; those inside it have been checked."""
    names, labels = list(check_names(graph)), list(check_labels(graph))
    found = _Checked([*names, *graph.noted, *labels])
    lone = [v.name for v in graph.vertices if v.kind == "join" and len(graph.ins[v.name]) == 1]
    # A join of one way lets pass what comes; what else is wrong with names would make others guess.
    if [finding.code for finding in names] != ["AG104"] * len(lone):
        return found
    wiring = Wiring(graph)
    nested, overlaps = nest(wiring)
    seen = Witnesses(nested)
    found.seen = None if names else seen
    shape = list(check_reach(wiring, seen))
    loose = [finding.script.culprits[0] for finding in shape if finding.script]
    parts = tuple(linked(graph, loose)) if nested else ()
    # A join of one way has been told: that the branch which should lead there ends is the same fault.
    same = {part[0] for part in parts if not set(lone).isdisjoint(part[1:])}
    found.findings += [f for f in shape if f.script and f.script.culprits[0] not in same]
    cycles = list(check_cycles(wiring, nested, seen))
    found.findings += overlaps
    # What a run does at a vertex is unknown where labels are mixed.
    if nested is None or any(finding.code in {"AG209", "AG210"} for finding in labels):
        found.findings += cycles
    elif shape or names:
        passed = [(name, graph.outs[name][0].target) for name in lone if graph.outs[name]]
        found.findings += [*cycles, *_beside(graph, (*parts, *passed))]
    else:
        _check_runs(found, nested, cycles, checked)
    return found


def _check_runs(
    found: _Checked, nested: Nest, cycles: list[Finding], checked: dict[int, _Checked]
) -> None:
    """Check what runs of a graph come to, all vertices of which are reached and left."""
    graph, seen = nested.net.graph, found.seen
    assert seen is not None
    costs = [_steps(vertex, checked) for vertex in graph.vertices]
    faults, steps, broken = check_soundness(nested, [cost or 0 for cost in costs], seen)
    if any(each.severity == "error" for each in cycles):
        # What no run shows may come from the cycle: that is the fault to begin with.
        faults = [f for f in faults if seen.runs and (f.script or f.code == "AG309")]
    if seen.clears([*cycles, *faults]):
        return
    found.findings += [*cycles, *faults]
    if faults:
        found.findings += _data(graph, broken)
    else:
        if graph.fields:
            facts = Facts.found(graph)
            found.findings += check_unwritten(nested, facts)
            found.findings += check_writers(nested, facts, seen)
        found.findings += check_requirements(nested, seen)
    if None not in costs and all(finding.severity != "error" for finding in found.findings):
        found.steps = steps


def _beside(graph: FrozenGraph, parts: tuple[tuple[str, ...], ...]) -> list[Finding]:
    """Find what else is wrong than that some vertices cannot be reached or left."""
    nested = nest_of(graph, parts)
    if nested is None:
        return []
    told, _, broken = check_soundness(nested, [0] * len(nested.owner), known=parts)
    sure = [finding for finding in told if finding.script or finding.code == "AG309"]
    return sure + _data(graph, (*parts, *broken))


def _data(graph: FrozenGraph, parts: tuple[tuple[str, ...], ...]) -> list[Finding]:
    """Find what is wrong with data when these parts are mended, but for fields that they touch."""
    nested = nest_of(graph, parts) if graph.fields and all(parts) else None
    if nested is None or check_soundness(nested, [0] * len(nested.owner)).findings:
        return []
    rest = nested.net.graph
    facts = Facts.found(rest)
    for vertex, fact in zip(graph.vertices, Facts.found(graph).of, strict=True):
        if vertex.name not in rest.vertex:
            facts.unset &= ~(fact.some | fact.reads) if fact.claim else 0
    seen = Witnesses(nested)
    told = [*check_unwritten(nested, facts), *check_writers(nested, facts, seen)]
    return [replace(f, script=replace(f.script, mended=parts)) for f in told if f.script]


def _steps(vertex: Vertex, checked: dict[int, _Checked]) -> int | None:
    """How many steps of a budget one visit of `vertex` takes; None: that is not known."""
    match vertex.kind:
        case "start" | "end" | "join" | "gateway":
            return 0
        case "consensus":
            return len(vertex.voters)
        case "subgraph":
            return checked[id(vertex.child)].steps
        case "each":
            return None
        case "node" | "classifier" | "human" | "form":
            return 1


def _before_end(findings: list[Finding], *, is_inner: bool) -> list[Finding]:
    """Leave out what waits behind END: a graph inside is over with the first token there."""
    waits = [f.script for f in findings if is_inner and f.script and f.script.outcome == "waits"]
    late = [each for each in waits if _is_behind_end(each)]
    return [f for f in findings if f.script not in late] or findings


def _is_behind_end(run: Script) -> bool:
    return END in [token.vertex for token in run.tokens]


def _placed(
    finding: Finding, prefix: str, graph: FrozenGraph, checked: dict[int, _Checked]
) -> Finding:
    """Say where in the whole a fault of a graph inside it stands, and how a run comes there."""
    if not prefix:
        return finding
    script = finding.script
    return replace(
        finding,
        where=f"{finding.where} in {prefix.rstrip('/')!r}",
        path=tuple(prefix + name for name in finding.path),
        script=None if script is None else _led_to(script, prefix, graph, checked),
    )


def _led_to(
    script: Script, prefix: str, graph: FrozenGraph, checked: dict[int, _Checked]
) -> Script:
    """Begin a script with the run that comes to the vertex in which its graph stands."""
    before = Script(script.outcome, ())
    is_late = script.outcome in {"trapped", "endless"} and _is_behind_end(script)
    at = where = ""
    for name in prefix.split("/")[:-1]:
        seen = checked[id(graph)].seen
        if seen is None or seen.runs is None:
            # What is around it has no run, so it is played alone.
            alone = Script(script.outcome, ()).followed_by(script, prefix, prefix)
            return replace(alone, within=prefix)
        stand = seen.coming(name)
        if stand is None or is_late:
            return Script("never", tuple(prefix + each for each in script.culprits))
        tokens = tuple(token for token in stand.tokens() if token.vertex != name)
        led = Script("never", (), stand.steps(), tuple(stand.moves()), tokens)
        before = before.followed_by(led, at, where)
        vertex = graph.vertex[name]
        where += f"{name}/"
        at += f"{name}/0/" if vertex.kind == "each" else f"{name}/"
        assert vertex.child is not None
        graph = vertex.child
    return before.followed_by(script, at, where)
