"""Makes the program of a sketch: frozen graph and bindings, checked; not the sketch itself."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from pydantic import BaseModel

from agentgraph.errors import Finding, GraphError, InvalidFlow, InvalidGraph, Place
from agentgraph.graph import Bound, Edge, FrozenGraph, Region, Requirement, Vertex
from agentgraph.runtime.program import Binding, Program, qualified
from agentgraph.state import schema_of
from agentgraph.verify import verify
from agentgraph.workflow.fitting import Fitting, without_cause
from agentgraph.workflow.gates import without_needless_gates
from agentgraph.workflow.naming import name_all
from agentgraph.workflow.places import Places, Spot, line_of
from agentgraph.workflow.schema import digest_of
from agentgraph.workflow.signature import place_of
from agentgraph.workflow.sketch import END, START, Dot, Limit, Sketch
from agentgraph.workflow.work import Settled, changed


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
        what = f"the name of a workflow is {name!r}"
        raise InvalidFlow(what, where=line_of(spot), fix="give it a text")
    if not isinstance(state, type) or not issubclass(state, BaseModel):
        what = f"workflow {name!r} works on {state!r}, which is no pydantic model"
        fix = "derive a class from `agentgraph.State` and give that class"
        raise InvalidFlow(what, where=line_of(spot), fix=fix)
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
        self._position: dict[int, int] = {}
        self._handlers = {area.target for area in sketch.areas if area.kind == "catch"}
        self._loops = {
            id(area): region for area, region in zip(sketch.areas, self.areas, strict=True)
        }

    def graph(
        self, name: str, version: int, spot: Spot | None, requirements: tuple[Requirement, ...]
    ) -> FrozenGraph:
        """Return the frozen graph; what is wrong goes to the findings of the sketch."""
        order = self._order()
        self._position = {number: position for position, number in enumerate(order)}
        vertices = tuple(self._vertex(number) for number in order)
        for state, where in self.sketch.narrowed:
            self.sketch.findings += self.fitting.narrowed(state, self.places.of(where))
        schema, types = digest_of(self.state)
        return FrozenGraph(
            name,
            vertices,
            tuple(self._edges()),
            tuple(self._regions()),
            version,
            f"{self.state.__module__}:{self.state.__qualname__}",
            schema,
            tuple(self.state.model_fields),
            schema_of(self.state).unset,
            schema_of(self.state).reduced,
            self.places.of(spot),
            types,
            requirements,
            tuple(filter(_is_noted, self.sketch.findings)),
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
        self.bindings[name] = self._binding(dot, settled)
        if dot.work.states or self.fitting.is_new(vertex, settled):
            self.sketch.findings += self.fitting.of(vertex, settled, dot.work.states)
        body = settled.binding.body
        if body is not None and body.wants == "error" and number not in self._handlers:
            self.sketch.findings.append(without_cause(vertex))
        return vertex

    def _binding(self, dot: Dot, settled: Settled) -> Binding:
        if settled.is_open and dot.answers:
            return replace(settled.binding, labels=dot.answers)
        return settled.binding

    def _gate(self, number: int, dot: Dot) -> Vertex:
        name, place = self.names[number], self.places.of(dot.spot)
        match dot.gate:
            case "start":
                return Vertex(name, "start")
            case "end":
                return Vertex(name, "end")
            case "join":
                return Vertex(name, "join", place=place, need=dot.need)
            case _:
                return Vertex(name, "gateway", place=place, bound=self._bound(dot.limit))

    def _bound(self, limit: Limit | None) -> Bound | None:
        if limit is None:
            return None
        then = None if limit.then is None else self.names[limit.then]
        loop = None if limit.loop is None else self._loops[id(limit.loop)]
        return Bound(limit.at_most, then, loop)

    def _edges(self) -> Iterator[Edge]:
        names, place = self.names, self.places.of
        last: Spot | None = None
        where: Place | None = None
        for source, target, label, unsure, spot in self.ways:
            if spot is not last:
                last, where = spot, place(spot)
            yield Edge(names[source], names[target], label, unsure, where)

    def _regions(self) -> Iterator[Region]:
        for area, name in zip(self.sketch.areas, self.areas, strict=True):
            members = sorted(
                (n for n in area.members() if n not in self.gone and n not in {START, END}),
                key=self._position.__getitem__,
            )
            yield Region(
                name,
                area.kind,
                tuple(self.names[number] for number in members),
                None if area.target is None else self.names[area.target],
                tuple(qualified(error) for error in area.errors),
                self.places.of(area.spot),
            )
