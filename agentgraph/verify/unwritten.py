"""AG401: a field is read on a way on which nothing has written it; not what else is wrong there.

A vertex is reached with a field unwritten exactly when it can be reached at all in the graph
without the vertices that write the field: what lies before it in a run is a run by itself.
So it is asked which ways lead there without them, and where ways meet or a bound counts, whether
a run takes them.

Rules of this file:

1. Whoever may write a field counts as writing it, and so does whoever is not known in full. What
   only some of its attempts write is a doubt of its own, told where nothing surer is.
2. Who reads what is unwritten fails: what comes after it is not told as well.
"""

from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from agentgraph.errors import Claim, Finding
from agentgraph.verify.facts import Facts
from agentgraph.verify.nest import Nest
from agentgraph.verify.runs import Runs, runs_of
from agentgraph.verify.stand import Stand, script
from agentgraph.verify.ways import path_to
from agentgraph.verify.wiring import Wiring
from agentgraph.verify.words import at, listed, undecided


class Early(NamedTuple):
    """How a run comes to a vertex before something: along which vertices, by which labels."""

    path: tuple[str, ...]
    labels: tuple[str | None, ...] = ()
    stand: Stand | None = None
    """Where it stands then; None: no run is at hand."""
    is_sure: bool = True


def check_unwritten(nested: Nest, facts: Facts) -> Iterator[Finding]:
    """Find the vertices that read a field before any run has written it."""
    read = 0
    for fact in facts.of:
        read |= fact.reads
    wanted = read & facts.unset
    if not wanted:
        return
    told: dict[int, int] = {}
    claims: tuple[Claim, ...] = ("proved", "declared", "heuristic")
    for claim in claims:
        spread = Spread(nested, facts, wanted, claim=claim)
        for vertex, fact in enumerate(facts.of):
            is_open = claim == "declared" or fact.claim == "proved"
            bits = spread.at[vertex] & fact.reads & ~told.get(vertex, 0) if is_open else 0
            told[vertex] = told.get(vertex, 0) | bits
            for name in facts.names(bits):
                early = spread.early(vertex, facts.bits([name]))
                if early is not None:
                    yield _finding(nested.net, facts, early, name, claim)


def _finding(net: Wiring, facts: Facts, early: Early, name: str, claim: Claim) -> Finding:
    bit, vertex = facts.bits([name]), net.number[early.path[-1]]
    if not early.is_sure:
        what = f"{net.name(vertex)!r} reads {name!r} before it is written"
        return undecided(what, at(net.vertices[vertex]), net.place(vertex))
    others = [net.name(v) for v, fact in enumerate(facts.of) if fact.some & bit and v != vertex]
    does = "writes" if len(others) == 1 else "write"
    elsewhere = f"; {listed(others)} {does} it elsewhere" if others else ""
    why = f"nothing has written it on the way{elsewhere}"
    if claim == "heuristic":
        why = f"it may be unwritten then: {listed(others)} {does} it only sometimes"
    is_proved = claim == "proved"
    return Finding(
        "AG401",
        f"{net.name(vertex)!r} reads {name!r}, and {why}",
        at(net.vertices[vertex]),
        f"let a node on this way write {name!r}, or give the field a default instead of `unset()`",
        net.place(vertex),
        early.path,
        severity="error" if is_proved else "warning",
        claim=claim,
        labels=early.labels,
        # Whether a function writes what it may write, no run of stand-ins shows.
        script=None
        if claim == "heuristic"
        else script(early.stand, "unset", early.path[-1], field=name),
    )


class Spread:
    """How far a run comes without the fields being written."""

    def __init__(self, nested: Nest, facts: Facts, wanted: int, *, claim: Claim) -> None:
        """Take the fields that are asked for, and how what counts must be known."""
        self.nested = nested
        self.net: Wiring = nested.net
        self.wanted = wanted
        self.taken: list[int] = [
            (fact.sure if claim == "heuristic" else fact.some) | fact.reads
            if fact.claim == "proved" or (claim == "declared" and fact.claim == "declared")
            else -1
            for fact in facts.of
        ]
        """For each vertex, what it may write, or fails to read."""
        self.at: list[int] = [0] * len(self.net.vertices)
        """For each vertex, the fields that may be unwritten when it begins, as far as ways tell."""
        self.came: list[int] = [0] * len(self.net.edges)
        """The same for each edge into a join."""
        self._runs: dict[int, Runs | None] = {}
        self.at[self.net.start] = wanted
        waiting = deque([self.net.start])
        while waiting:
            waiting += self._go_on(waiting.popleft())

    def _go_on(self, vertex: int) -> Iterator[int]:
        net, left = self.net, self.at[vertex] & ~self.taken[vertex]
        for edge in net.outs[vertex]:
            head = net.target[edge]
            self.came[edge] |= left
            yield from self._reach(head, self._joined(head) if net.is_join[head] else left)
        if vertex in net.then:
            yield from self._reach(net.then[vertex], self.at[vertex])
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

    def early(self, vertex: int, bit: int) -> Early | None:
        """Say how a run comes to a vertex with a field unwritten; None: none does."""
        name = self.net.name(vertex)
        if not self.at[vertex] & bit:
            return None
        runs = self._without(bit)
        stand = None if runs is None else runs.coming(name)
        if stand is not None:
            return Early(*stand.path(name), stand)
        if runs is not None and runs.is_whole:
            return None
        way = path_to(self.net.start, vertex, lambda v: self._ways(v, bit))
        return Early(tuple(map(self.net.name, way)), is_sure=not any(map(self._counts, way)))

    def _without(self, bit: int) -> Runs | None:
        """The runs in which nobody who may write a field completes."""
        if bit not in self._runs:
            shut = {self.net.name(v) for v, taken in enumerate(self.taken) if taken & bit}
            self._runs[bit] = runs_of(self.nested, shut=shut)
        return self._runs[bit]

    def _counts(self, vertex: int) -> bool:
        """Say whether it matters what else comes to a vertex, and how often."""
        need = self.net.vertices[vertex].need or len(self.net.ins[vertex])
        return vertex in self.net.then or (self.net.is_join[vertex] and need > 1)

    def _ways(self, vertex: int, bit: int) -> Iterator[int]:
        net = self.net
        heads = net.ways(vertex) if bit & ~self.taken[vertex] else []
        heads += [net.then[vertex]] if vertex in net.then else []
        heads += [net.handlers[region] for region in net.failing.get(vertex, ())]
        return (head for head in heads if self.at[head] & bit)
