"""AG401: a field is read on a way on which nothing has written it; not what else is wrong there.

A vertex is reached with a field unwritten exactly when it can be reached at all in the graph
without the vertices that write the field: what lies before it in a run is a run by itself.
Only where parallel ways meet must it be seen that all of them come in one and the same run.

Rules of this file:

1. Whoever may write a field counts as writing it, and so does whoever is not known in full.
2. Who reads what is unwritten fails: what comes after it is not told as well.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

from agentgraph.errors import Finding
from agentgraph.verify.facts import Facts
from agentgraph.verify.loops import components
from agentgraph.verify.reach import path_to
from agentgraph.verify.wiring import Wiring
from agentgraph.verify.words import at, listed

_TRIES = 2_000


def check_unwritten(net: Wiring, facts: Facts) -> Iterator[Finding]:
    """Find the vertices that read a field before any run has written it."""
    read = 0
    for fact in facts.of:
        read |= fact.reads
    wanted = read & facts.unset
    if not wanted:
        return
    told: dict[int, int] = {}
    for trusts_user in (False, True):
        spread = Spread(net, facts, wanted, trusts_user=trusts_user)
        for vertex, fact in enumerate(facts.of):
            is_open = trusts_user or fact.claim == "proved"
            bits = spread.at[vertex] & fact.reads & ~told.get(vertex, 0) if is_open else 0
            told[vertex] = told.get(vertex, 0) | bits
            for name in facts.names(bits):
                path, is_run = spread.path(vertex, facts.bits([name]))
                if is_run:
                    yield _finding(net, facts, path, name, is_proved=not trusts_user)


def _finding(net: Wiring, facts: Facts, path: list[int], name: str, *, is_proved: bool) -> Finding:
    bit, vertex = facts.bits([name]), path[-1]
    others = [net.name(v) for v, fact in enumerate(facts.of) if fact.some & bit and v != vertex]
    does = "writes" if len(others) == 1 else "write"
    elsewhere = f"; {listed(others)} {does} it elsewhere" if others else ""
    return Finding(
        "AG401",
        f"{net.name(vertex)!r} reads {name!r}, and nothing has written it on the way{elsewhere}",
        at(net.vertices[vertex]),
        f"let a node on this way write {name!r}, or give the field a default instead of `unset()`",
        net.place(vertex),
        tuple(map(net.name, path)),
        severity="error" if is_proved else "warning",
        claim="proved" if is_proved else "declared",
    )


class Spread:
    """How far a run comes without the fields being written."""

    def __init__(self, net: Wiring, facts: Facts, wanted: int, *, trusts_user: bool) -> None:
        """Take the fields that are asked for; `trusts_user`: what is declared counts as known."""
        self.net = net
        self.facts = facts
        self.wanted = wanted
        self.trusts_user = trusts_user
        self.at: list[int] = [0] * len(net.vertices)
        """For each vertex, the fields that may be unwritten when it begins."""
        self.came: list[int] = [0] * len(net.edges)
        """The same for each edge into a join."""
        self.rounds: dict[int, list[int]] = {}
        """For each bounded vertex with a `then`, the edges that lead back to it."""
        self.spared: dict[int, int] = {}
        """For each of them, the fields that its rounds may write."""
        if net.then:
            self._find_rounds()
        self.at[net.start] = wanted
        waiting = deque([net.start])
        while waiting:
            waiting += self._go_on(waiting.popleft())

    def _find_rounds(self) -> None:
        net = self.net
        ways = {vertex: net.ways(vertex) for vertex in range(len(net.vertices))}
        cycles = {v: members for members in components(ways) for v in members}
        loops = {
            region.name: frozenset(net.number[name] for name in region.members)
            for region in net.graph.regions
            if region.kind == "loop"
        }
        for vertex in net.then:
            bound = net.vertices[vertex].bound
            loop = None if bound is None else bound.loop
            members = cycles.get(vertex, frozenset()) if loop is None else loops[loop]
            self.rounds[vertex] = [e for e in net.ins[vertex] if net.source[e] in members]
            # Who comes once more has gone round: what may be written there counts as written.
            for member in members:
                self.spared[vertex] = self.spared.get(vertex, 0) | self._taken(member)

    def _taken(self, vertex: int) -> int:
        """What a vertex may write, or fails to read."""
        fact = self.facts.of[vertex]
        is_known = fact.claim == "proved" or (self.trusts_user and fact.claim == "declared")
        return fact.some | fact.reads if is_known else -1

    def left(self, vertex: int) -> int:
        """What is still unwritten when a vertex has run."""
        return self.at[vertex] & ~self._taken(vertex)

    def _go_on(self, vertex: int) -> Iterator[int]:
        net, left = self.net, self.left(vertex)
        for edge in net.outs[vertex]:
            head = net.target[edge]
            self.came[edge] |= left
            yield from self._reach(head, self._joined(head) if net.is_join[head] else left)
            if head in net.then and edge in self.rounds[head]:
                yield from self._reach(net.then[head], left & ~self.spared.get(head, 0))
        for region in net.failing.get(vertex, ()):
            yield from self._reach(net.handlers[region], self.at[vertex])

    def _reach(self, vertex: int, bits: int) -> Iterator[int]:
        if bits & ~self.at[vertex]:
            self.at[vertex] |= bits
            yield vertex

    def _joined(self, join: int) -> int:
        """What may be unwritten in all that a join takes."""
        ways = [self.came[edge] for edge in self.net.ins[join]]
        need = self.net.vertices[join].need or len(ways)
        numbers = range(self.wanted.bit_length())
        return sum(1 << n for n in numbers if sum(way >> n & 1 for way in ways) >= need)

    def path(self, vertex: int, bit: int) -> tuple[list[int], bool]:
        """Return the shortest way to a vertex with a field unwritten, and whether a run takes it."""
        path = path_to(self.net.start, vertex, lambda v: self._ways(v, bit))
        return path, not any(map(self._gathers, path)) or _Past(self, bit).holds(vertex)

    def _gathers(self, vertex: int) -> bool:
        need = self.net.vertices[vertex].need or len(self.net.ins[vertex])
        return self.net.is_join[vertex] and need > 1

    def _ways(self, vertex: int, bit: int) -> Iterator[int]:
        net = self.net
        is_left = self.left(vertex) & bit
        heads = [net.target[e] for e in net.outs[vertex] if is_left]
        heads += [net.then[vertex]] if vertex in net.then else []
        heads += [net.handlers[region] for region in net.failing.get(vertex, ())]
        return (head for head in heads if self.at[head] & bit)


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of a run: what was reached, and what else must have come before it."""

    waiting: tuple[tuple[int, frozenset[int]], ...]
    """Vertices, each with those that come after it."""
    reached: frozenset[int] = frozenset()
    picks: frozenset[tuple[int, int]] = frozenset()
    """The edge that each choice takes."""


class _Past:
    """Looks for one run that comes to a vertex with a field unwritten, backward from there.

    Every vertex has one way by which it was reached, a choice goes one way only, and a catch
    flow fails or does not. A vertex that would come twice is left out, so a run may be missed,
    and is never made up.
    """

    def __init__(self, spread: Spread, bit: int) -> None:
        self.net = net = spread.net
        self.at = spread.at
        self.bit = bit
        self.is_open = [bool(spread.left(v) & bit) for v in range(len(net.vertices))]
        self.failing: dict[int, list[tuple[int, int]]] = {}
        """For each handler, the members of its flow, each with the number of that."""
        self.leaving: dict[int, list[int]] = {}
        """For each edge out of catch flows, the numbers of these."""
        for region, handler in net.handlers.items():
            members = {net.number[name] for name in net.graph.regions[region].members}
            at_risk = [(v, region) for v in members if region in net.failing.get(v, ())]
            self.failing.setdefault(handler, []).extend(at_risk)
            for member in members:
                for edge in net.outs[member]:
                    if net.target[edge] not in members:
                        self.leaving.setdefault(edge, []).append(region)

    def holds(self, vertex: int) -> bool:
        """Say whether such a run was found."""
        parts = [_Part(((vertex, frozenset()),))]
        for _ in range(_TRIES):
            if not parts:
                return False
            part = parts.pop()
            if not part.waiting:
                return True
            parts += self._before(part)
        return False

    def _before(self, part: _Part) -> Iterator[_Part]:
        """Give what may have come right before the last vertex that waits."""
        *rest, (vertex, after) = part.waiting
        if vertex in after:
            return
        if vertex == self.net.start or vertex in part.reached:
            yield _Part(tuple(rest), part.reached, part.picks)
            return
        for sources, picked in self._reasons(vertex):
            picks = part.picks | picked
            if len({at for at, _ in picks}) == len(picks):
                more = [(source, after | {vertex}) for source in sources]
                yield _Part((*rest, *more), part.reached | {vertex}, picks)

    def _reasons(self, vertex: int) -> Iterator[tuple[list[int], set[tuple[int, int]]]]:
        """Give what may lead to a vertex: the vertices before it, and what is decided by that."""
        net = self.net
        edges = net.ins[vertex]
        need = (net.vertices[vertex].need or len(edges)) if net.is_join[vertex] else 1
        for taken in combinations(edges, need):
            sources = [net.source[edge] for edge in taken]
            if all(self.is_open[source] for source in sources):
                picks = {(s, e) for s, e in zip(sources, taken, strict=True) if net.is_choice[s]}
                flows = {(~flow, 0) for edge in taken for flow in self.leaving.get(edge, ())}
                yield sources, picks | flows
        for member, flow in self.failing.get(vertex, ()):
            if self.at[member] & self.bit:
                yield [member], {(~flow, 1)}
