"""Makes the program of a sketch: frozen graph and bindings, checked; not the sketch itself."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from pydantic import BaseModel

from agentgraph.errors import Finding, GraphError, InvalidGraph, Place
from agentgraph.graph import Bound, Edge, FrozenGraph, Region, Requirement, Vertex, VertexKind
from agentgraph.runtime.program import Binding, Program, qualified
from agentgraph.state import schema_of
from agentgraph.state.kept import kept
from agentgraph.verify import verify
from agentgraph.workflow.fitting import Fitting, without_cause
from agentgraph.workflow.gates import without_needless_gates
from agentgraph.workflow.naming import name_all
from agentgraph.workflow.places import Places, Spot, invalid
from agentgraph.workflow.schema import digest_of
from agentgraph.workflow.signature import place_of
from agentgraph.workflow.sketch import END, START, Dot, Gate, Limit, Sketch
from agentgraph.workflow.work import changed

_KINDS: Final[Mapping[Gate | None, VertexKind]] = {"start": "start", "end": "end", "join": "join"}
"""What the dots without a work become; all others are gateways."""


def assemble(
    sketch: Sketch,
    name: str,
    state: type[BaseModel],
    *,
    deps: type[object] | None,
    version: int = 1,
    spot: Spot | None,
    is_inner: bool = False,
    require: Sequence[Requirement] = (),
) -> Program:
    """Return the program of a sketch. Raises `InvalidGraph` with everything that is wrong.

    `is_inner`: its services are those of the workflow that it will run in.
    """
    _check_state(name, state, spot)
    made = _Assembly(sketch, state, Fitting(state, deps, is_inner=is_inner))
    graph = made.graph(name, version, spot, tuple(require))
    report = verify(graph)
    faults = [finding for finding in sketch.findings if not _is_noted(finding)]
    findings = [*faults, *report.errors]
    if findings:
        whole = replace(report, findings=(*faults, *report.findings), runs_at_most=None)
        raise InvalidGraph(name, findings, report=whole)
    return Program(graph, state, made.bindings, deps)


def _check_state(name: object, state: object, spot: Spot | None) -> None:
    if not isinstance(name, str) or not name:
        raise invalid(f"the name of a workflow is {name!r}", "give it a text", spot)
    if not isinstance(state, type) or not issubclass(state, BaseModel):
        what = f"workflow {name!r} works on {state!r}, which is no pydantic model"
        fix = "derive a class from `agentgraph.State` and give that class"
        raise invalid(what, fix, spot)
    # Declarations of a plain pydantic model are read here first: a reducer may not fit.
    schema_of(state)


def _is_noted(finding: Finding) -> bool:
    """Say whether a finding may be silenced: it goes with the graph, and verification tells it."""
    return finding.severity == "warning" or finding.claim != "proved"


def _stand_in(name: str, dot: Dot, place: Place | None) -> Vertex:
    """Return a vertex for one that cannot be made, so that the rest is looked at all the same."""
    if dot.answers is None:
        return Vertex(name, place=place)
    return Vertex(name, "classifier", place=place, labels=tuple(dot.answers.values()))


class _Assembly:
    """One sketch on its way to a graph."""

    def __init__(self, sketch: Sketch, state: type[BaseModel], fitting: Fitting) -> None:
        self.sketch = sketch
        self.state = state
        self.places = Places()
        self.ways, self.gone = without_needless_gates(sketch)
        self.names, self.areas = name_all(sketch, self.gone, self.places)
        self.fitting = fitting
        self.bindings: dict[str, Binding] = {}
        self.order = self._order()
        self._position = {number: position for position, number in enumerate(self.order)}
        self._handlers = {area.target for area in sketch.areas if area.kind == "catch"}
        self._loops = dict(zip(map(id, sketch.areas), self.areas, strict=True))

    def graph(
        self, name: str, version: int, spot: Spot | None, requirements: tuple[Requirement, ...]
    ) -> FrozenGraph:
        """Return the frozen graph; what is wrong goes to the findings of the sketch."""
        vertices = tuple(self._vertex(number) for number in self.order)
        for state, where in self.sketch.narrowed:
            self.sketch.findings += self.fitting.narrowed(state, self.places.of(where))
        edges, regions = tuple(self._edges()), tuple(self._regions())
        schema = schema_of(self.state)
        digest, types = kept(self.state, "__agentgraph_digest__", digest_of)
        title = f"{self.state.__module__}:{self.state.__qualname__}"
        declared = (title, digest, tuple(self.state.model_fields), schema.unset, schema.reduced)
        noted = tuple(filter(_is_noted, self.sketch.findings))
        place = self.places.of(spot)
        return FrozenGraph(
            name, vertices, edges, regions, version, *declared, place, types, requirements, noted
        )

    def _order(self) -> list[int]:
        """Return the numbers of the dots in the order of the graph, END last."""
        dots = self.sketch.dots
        numbers = [n for n in range(len(dots)) if n not in self.gone and n != END]
        if any(dot.before is not None for dot in dots):
            # A gate that was put before a dot later comes right before it, the outer one first.
            numbers.sort(key=self._rank)
        return [*numbers, END]

    def _rank(self, number: int) -> tuple[int, int]:
        at, depth = number, 0
        while (before := self.sketch.dots[at].before) is not None:
            at, depth = before, depth - 1
        return at, depth

    def _vertex(self, number: int) -> Vertex:
        dot = self.sketch.dots[number]
        if dot.work is None:
            return self._gate(number, dot)
        try:
            settled = dot.work.settled
        except GraphError as error:
            name = self.names[number]
            place = place_of(dot.work.fn) or self.places.of(dot.spot)
            found = Finding(error.code, error.what, f"node {name!r}", error.fix, place)
            self.sketch.findings.append(found)
            return _stand_in(name, dot, place)
        vertex = settled.vertex
        name = self.names[number]
        if dot.limit or dot.at_least or vertex.place is None or vertex.name != name:
            changes = {
                "name": name,
                "place": vertex.place or self.places.of(dot.spot),
                "bound": self._bound(dot.limit),
                "at_least": dot.at_least,
                "abstains": vertex.abstains or dot.at_least > 0,
            }
            vertex = changed(vertex, changes)
        named = settled.is_open and dot.answers
        binding = settled.binding
        self.bindings[name] = replace(binding, labels=named) if named else binding
        if dot.work.states or self.fitting.is_new(vertex, settled):
            self.sketch.findings += self.fitting.of(vertex, settled, dot.work.states)
        body = settled.binding.body
        if body is not None and body.wants == "error" and number not in self._handlers:
            self.sketch.findings.append(without_cause(vertex))
        return vertex

    def _gate(self, number: int, dot: Dot) -> Vertex:
        kind: VertexKind = _KINDS.get(dot.gate, "gateway")
        name, place = self.names[number], self.places.of(dot.spot)
        return Vertex(name, kind, place=place, need=dot.need, bound=self._bound(dot.limit))

    def _bound(self, limit: Limit | None) -> Bound | None:
        if limit is None:
            return None
        then = None if limit.then is None else self.names[limit.then]
        loop = None if limit.loop is None else self._loops[id(limit.loop)]
        return Bound(limit.at_most, then, loop)

    def _edges(self) -> Iterator[Edge]:
        for source, target, label, unsure, spot in self.ways:
            place = self.places.of(spot)
            yield Edge(self.names[source], self.names[target], label, unsure, place)

    def _regions(self) -> Iterator[Region]:
        for area, name in zip(self.sketch.areas, self.areas, strict=True):
            left = (n for n in area.members() if n not in self.gone and n not in {START, END})
            dots = sorted(left, key=self._position.__getitem__)
            members = tuple(self.names[number] for number in dots)
            target = None if area.target is None else self.names[area.target]
            errors = tuple(map(qualified, area.errors))
            yield Region(name, area.kind, members, target, errors, self.places.of(area.spot))
