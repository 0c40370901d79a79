"""AG301 to AG309: from what the levels of a graph come to, to findings; not the decision itself."""

from collections.abc import Sequence
from dataclasses import dataclass

from agentgraph.errors import Finding, Place
from agentgraph.graph import END, START
from agentgraph.verify.game import Trace
from agentgraph.verify.levels import Answer, Levels, Wrong
from agentgraph.verify.nest import OUTSIDE, Nest
from agentgraph.verify.net import Net
from agentgraph.verify.quick import quick_steps
from agentgraph.verify.reach import path_to
from agentgraph.verify.wiring import Wiring
from agentgraph.verify.words import add_edge, add_join, join_name, listed, quoted


def check_soundness(nested: Nest, steps: list[int]) -> tuple[list[Finding], int]:
    """Decide whether a graph is sound, and how many steps it takes at most.

    `steps` says how many one visit of each vertex takes.
    """
    net = nested.net
    plainly = quick_steps(net, steps)
    if plainly is not None:
        return [], plainly
    answer: Answer = Levels(nested, steps).decide()
    told: dict[tuple[str, str], Finding] = {}
    for wrong in answer.wrong:
        finding = _Teller(net, wrong).finding()
        told.setdefault((finding.code, finding.what), finding)
    return list(told.values()), answer.steps


@dataclass(slots=True)
class _Teller:
    """Puts one fault into words."""

    net: Wiring
    wrong: Wrong

    def finding(self) -> Finding:
        """Choose the words by what happened."""
        fault = self.wrong.fault
        match fault.kind:
            case "stuck":
                return self._stuck()
            case "left":
                return self._left()
            case "double":
                return self._double()
            case "crowded":
                return self._crowded()
            case "idle":
                return self._idle()
            case "undecided":
                return self._undecided()

    def _name(self, vertex: int) -> str:
        return self.wrong.net.names[vertex]

    def _path(self, trace: Trace | None, *more: int) -> tuple[str, ...]:
        """The names along a trace from START, each once in a row."""
        net = self.net
        names = [name for name in self._names(trace, more) if name]
        if names and names[0] != START and names[0] in net.number:
            before = path_to(net.start, net.number[names[0]], net.ways)
            names = [*map(net.name, before[:-1]), *names]
        return tuple(name for i, name in enumerate(names) if i == 0 or names[i - 1] != name)

    def _names(self, trace: Trace | None, more: Sequence[int] = ()) -> list[str]:
        return [self._name(vertex) for vertex in (*(trace.path() if trace else ()), *more)]

    def _region(self) -> str:
        """Name the region whose level is wrong, with a comma before it."""
        if self.wrong.region == OUTSIDE:
            return ""
        region = self.net.graph.regions[self.wrong.region]
        return f" in the {region.kind} {region.name!r}"

    def _end(self) -> str:
        if self.wrong.region == OUTSIDE:
            return "END"
        region = self.net.graph.regions[self.wrong.region]
        return f"the way out of the {region.kind} {region.name!r}"

    def _place(self, name: str) -> Place | None:
        vertex = self.net.graph.vertex.get(name)
        found = vertex.place if vertex else None
        if found is None and self.wrong.region != OUTSIDE:
            found = self.net.graph.regions[self.wrong.region].place
        return found

    def _stuck(self) -> Finding:
        """A join that has some of its ways and never gets the others."""
        fault = self.wrong.fault
        vertex = self._waiting_join()
        name = self._name(vertex)
        if name not in self.net.number or not self.net.is_join[self.net.number[name]]:
            return self._trapped()
        came = [token for token in fault.tokens if token[0] == vertex]
        has = [self.net.edges[edge].source for _, edge, _ in came if edge >= 0]
        waits = [edge.source for edge in self.net.graph.ins[name]]
        lacks = [source for source in waits if source not in has]
        what = f"{join_name(self.net.graph, name)} can wait for ever: "
        if has and lacks:
            come = "comes" if len(lacks) == 1 else "come"
            what += f"{listed(lacks)} never {come} where {listed(has)} came"
        else:
            what += "no run brings all of its ways"
        after = next((edge.target for edge in self.net.graph.outs[name]), "next")
        plain = ", ".join(add_edge(source, after) for source in waits[:2])
        return Finding(
            "AG301",
            what + self._region(),
            f"join {name!r}",
            "join only branches that one fork opens; of alternatives only one comes, and plain "
            f"edges lead on: {plain}; in a flow `choice.route({{...}}) >> {after}`",
            self._place(name),
            self._path(came[0][2] if came else None, vertex),
        )

    def _trapped(self) -> Finding:
        """Tokens can move, and never so that the run ends."""
        tokens = self.wrong.fault.tokens
        names = list(dict.fromkeys(self._name(vertex) for vertex, _, _ in tokens))
        return Finding(
            "AG301",
            f"a run can come to {listed(names)} so that it never comes to {self._end()}",
            f"nodes {listed(names)}",
            "lead the branches of each fork to one join before they meet others",
            self._place(names[0]),
            self._path(tokens[0][2], tokens[0][0]),
        )

    def _waiting_join(self) -> int:
        net = self.wrong.net
        for vertex, _, _ in self.wrong.fault.tokens:
            if net.both[vertex]:
                return vertex
        return self.wrong.fault.vertex

    def _left(self) -> Finding:
        """A token came to an exit while others remain."""
        tokens = self.wrong.fault.tokens
        net = self.wrong.net
        traces = [trace for _, _, trace in tokens]
        if any(vertex == net.back for vertex, _, _ in tokens) and len(traces) > 1:
            meeting = _Meeting.of(net, traces[0], traces[1])
            return self._unbounded(net.names[meeting.fork], traces[0])
        exits = [token for token in tokens if not net.outs[token[0]]]
        by, to = self._before(exits[0][2]), self._name(exits[0][0])
        others = [self._name(v) for v, _, _ in tokens if net.outs[v] or v in net.race]
        rest = f"is still at {listed(sorted(set(others)))}" if others else "leaves by itself"
        return Finding(
            "AG304",
            f"a branch comes to {self._end()} by {quoted(by)} while another {rest}",
            f"edge {quoted(by)} -> {quoted(to)}",
            f"let all branches of a fork meet before {self._end()}: lead {quoted(by)} to the join "
            "of its branches (`g.add_join([p, q], m)`, in a flow `(p | q) >> m`)",
            self._place(by),
            self._path(exits[0][2], exits[0][0]),
        )

    def _before(self, trace: Trace | None) -> str:
        names = [name for name in self._names(trace) if name]
        return names[-1] if names else START

    def _double(self) -> Finding:
        """A second token comes to a vertex: by parallel branches, or by one that repeats."""
        fault, net = self.wrong.fault, self.wrong.net
        traces = [trace for _, _, trace in fault.tokens]
        vertex, sources = fault.vertex, self._feeders(fault.vertex)
        if len(traces) == 2:
            meeting = _Meeting.of(net, *traces)
            if meeting.is_round:
                return self._unbounded(net.names[meeting.fork], traces[1])
            if meeting.vertex is not None:
                vertex = meeting.vertex
            sources = [self._name(before) for before in meeting.before]
        if not net.outs[vertex] and self.wrong.region != OUTSIDE:
            return self._left()
        name = self._name(vertex)
        sources = sorted(set(sources), key=lambda source: self.net.number.get(source, -1))
        by = listed(sources)
        twice = "gets two tokens" if name == END else "runs twice"
        return Finding(
            "AG302",
            f"{quoted(name)} {twice}: parallel branches come to it from {by}, without a join"
            + self._region(),
            f"edges from {by} to {quoted(name)}",
            f"{add_join(sources, name)} instead of the plain edges, "
            f"or in a flow `({' | '.join(sources)}) >> {name}`",
            self._place(name if name != END else sources[0]),
            self._path_until(name, traces[-1] if traces else None, fault.vertex),
        )

    def _path_until(self, name: str, trace: Trace | None, *more: int) -> tuple[str, ...]:
        path = self._path(trace, *more)
        return path[: path.index(name) + 1] if name in path else path

    def _feeders(self, vertex: int) -> list[str]:
        net = self.wrong.net
        return [
            net.names[v] or START
            for v, ways in enumerate(net.outs)
            if any(way.target == vertex for way in ways)
        ]

    def _unbounded(self, name: str, trace: Trace) -> Finding:
        return Finding(
            "AG303",
            f"each round of the cycle through {name!r} opens branches that no join in it closes"
            + self._region(),
            f"fork {name!r}",
            "close them before the way back: `g.add_join([p, q], m)` with the way back after `m`, "
            "or in a flow `((p | q) >> m >> ...).loop(at_most=5)`",
            self._place(name),
            self._path(trace),
        )

    def _crowded(self) -> Finding:
        regions = self.wrong.net.held
        tokens = self.wrong.fault.tokens
        shared = regions[tokens[0][0]] & regions[tokens[1][0]]
        region = self.net.graph.regions[min(shared)]
        names = [self._name(vertex) for vertex, _, _ in tokens]
        return Finding(
            "AG308",
            f"two branches can be in the {region.kind} {region.name!r} at the same time, "
            f"by {listed(names)}",
            f"{region.kind} {region.name!r}",
            "one token enters a region: give each branch a region of its own, "
            f"such as `g.add_catch([{names[0]}], ...)` and `g.add_catch([{names[-1]}], ...)`, "
            "or let the region hold the fork and the join as well",
            region.place or self._place(names[-1]),
        )

    def _idle(self) -> Finding:
        name = self._name(self.wrong.fault.vertex)
        return Finding(
            "AG301",
            f"no run gets past {quoted(name)}{self._region()}: "
            "the quorum is always reached before, or its join never fires",
            quoted(name),
            "remove it, or raise the number of ways that the quorum needs",
            self._place(name),
        )

    def _undecided(self) -> Finding:
        where = self._region().removeprefix(" in the ") or f"graph {self.net.graph.name!r}"
        return Finding(
            "AG309",
            f"whether {where} is sound cannot be decided: its ways cross too much",
            where,
            "cut it smaller: put each branch into a workflow of its own and use it with "
            "`as_node`, or join branches that share nodes before they meet the others",
            self._place(self._name(self.wrong.fault.vertex)),
        )


@dataclass(slots=True)
class _Meeting:
    """Where the ways of two tokens parted, and where they came together again."""

    fork: int
    is_round: bool
    """One of the tokens came back to the fork."""
    vertex: int | None
    """The first vertex that both came to afterwards, unless it is where they lie."""
    before: tuple[int, int]
    """From where each of them came to it."""

    @classmethod
    def of(cls, net: Net, one: Trace, other: Trace) -> "_Meeting":
        shared = _objects(one).keys() & _objects(other).keys()
        tails = [
            [(key, vertex) for key, vertex in _objects(trace).items()][len(shared) :]
            for trace in (one, other)
        ]
        fork = [vertex for key, vertex in _objects(one).items() if key in shared][-1]
        ways = [[vertex for _, vertex in tail] for tail in tails]
        both = [v for v in ways[0] if v in ways[1] and not net.both[v]]
        first = both[0] if both else None
        ends = tuple(_just_before(way, first, fork) for way in ways)
        return cls(fork, any(fork in way for way in ways), first, (ends[0], ends[1]))


def _objects(trace: Trace) -> dict[int, int]:
    """The vertices of a trace by the identity of its parts, the first one first."""
    parts: list[Trace] = []
    here: Trace | None = trace
    while here is not None:
        parts.append(here)
        here = here.before
    return {id(part): part.vertex for part in reversed(parts)}


def _just_before(way: list[int], vertex: int | None, fork: int) -> int:
    index = len(way) if vertex is None else way.index(vertex)
    return way[index - 1] if index else fork
