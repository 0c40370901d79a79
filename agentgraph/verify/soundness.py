"""AG301 to AG309: from what the levels of a graph come to, to findings; not the decision itself."""

from dataclasses import replace
from typing import NamedTuple

from agentgraph.errors import Finding, Move, Place, Script
from agentgraph.graph import END, START, Region
from agentgraph.verify.levels import Levels, Wrong
from agentgraph.verify.mending import Mended
from agentgraph.verify.nest import Nest
from agentgraph.verify.quick import quick_steps
from agentgraph.verify.showing import SHOWN, Faults, Shown
from agentgraph.verify.stand import chain
from agentgraph.verify.wiring import Wiring
from agentgraph.verify.witness import Witness, Witnesses
from agentgraph.verify.words import add_edge, add_join, join_name, listed, quoted


class Soundness(NamedTuple):
    """Whether a graph is sound."""

    findings: list[Finding]
    steps: int = 0
    """How many it takes at most."""
    broken: tuple[Mended, ...] = ()
    """The parts that have a fault."""


def check_soundness(
    nested: Nest, steps: list[int], seen: Witnesses | None = None, known: tuple[Mended, ...] = ()
) -> Soundness:
    """Decide whether a graph is sound, and how many steps it takes at most.

    `steps` says how many one visit of each vertex takes, `known` what of the graph is mended.
    """
    net = nested.net
    plainly = quick_steps(net, steps)
    if plainly is not None:
        return Soundness([], plainly)
    levels = Levels(nested, steps)
    levels.decide()
    if not levels.wrong:
        return Soundness([], levels.most)
    told: dict[str, Finding] = {}
    seen = seen or Witnesses(nested)
    for shown in Faults(nested, levels.wrong, seen).shown():
        teller = _Teller(shown)
        # What shows behind a fault may come from it: only runs that keep clear of it count.
        met = {name for one in told.values() if one.script for name in one.script.culprits}
        stand = shown.witness.stand.before if shown.witness else None
        # A graph inside another one is left for good by the first token that comes to its END.
        if told and stand is not None and stand.has_ended():
            continue
        if shown.is_beside and not all(
            to not in met and f"fork {source}" not in told for source, to, _ in teller.moves
        ):
            continue
        finding = _told(teller, seen, (*known, *shown.parts))
        told.setdefault(teller.root() or f"{finding.code} {finding.what}", finding)
    certain = [finding for finding in told.values() if finding.script or finding.code == "AG309"]
    if not certain:
        shown = Shown(levels.wrong[0], net, "", witness=seen.find(SHOWN, "", ()))
        teller = _Teller(shown)
        finding = _told(teller, seen, known)
        if not (shown.witness or known) and (idle := seen.idle(teller.at_fault)):
            finding = finding if idle == teller.at_fault else teller.idle(idle)
            finding = replace(finding, script=Script("never", (idle,)))
        certain = [finding]
    broken = tuple(dict.fromkeys(each.fault.part for each in levels.wrong))
    return Soundness(certain, levels.most, broken)


def _told(teller: "_Teller", seen: Witnesses, parts: tuple[Mended, ...]) -> Finding:
    """Put a fault into words, with the parts that its script takes as mended."""
    finding = teller.finding()
    if teller.wrong.fault.kind == "idle" and seen.passes(teller.at_fault):
        return replace(finding, script=None)  # It is only so because of another fault.
    script = finding.script
    return replace(finding, script=replace(script, mended=parts)) if script and parts else finding


class _Teller:
    """Puts one fault into words: those of the shortest run that shows it."""

    def __init__(self, shown: Shown) -> None:
        self.net: Wiring = shown.net
        self.wrong: Wrong = shown.wrong
        self.witness: Witness | None = shown.witness
        self.scope: str = shown.scope
        self.at_fault: str = self.wrong.net.names[self.wrong.fault.vertex]

    @property
    def moves(self) -> list[Move]:
        """What tokens do on the run that shows it."""
        return [] if self.witness is None else self.witness.stand.moves()

    def root(self) -> str:
        """Name what a fault comes from: a join that waits, or the fork whose branches get apart."""
        seen = self.witness
        if seen is None:
            return ""
        if seen.happened.outcome in {"waits", "trapped"}:
            return f"{seen.happened.outcome} {seen.happened.culprit}"
        chains = [seen.chain(), seen.chain(1)]
        if not chains[1]:
            last = {move[1]: number for number, move in enumerate(self.moves)}
            ends = [last[token.vertex] for token in seen.stand.tokens() if token.vertex in last]
            others = [chain(self.moves, end) for end in ends]
            chains = [seen.chain(), *(each for each in others if each != seen.chain())]
        forks = [self._parting(chains[0], other) for other in chains[1:] if other]
        return f"fork {forks[0][0]}" if forks else f"{seen.happened}"

    def finding(self) -> Finding:
        """Choose the words by what happens on that run."""
        seen = self.witness
        if seen is None:
            return self._unseen(self.at_fault)
        match seen.happened.outcome:
            case "waits":
                return self._stuck(seen)
            case "left":
                return self._left(seen)
            case "twice":
                return self._double(seen)
            case "shared":
                return self._crowded(seen)
            case _:
                return self._trapped(seen.happened.culprit)

    def _unseen(self, name: str) -> Finding:
        match self.wrong.fault.kind:
            case "idle":
                return self.idle(name)
            case "undecided":
                return self._undecided(name)
            case _:  # Of a graph that is too large there may be no run at hand.
                return self._trapped(name)

    def _finding(self, code: str, what: str, where: str, fix: str, place: Place | None) -> Finding:
        finding = Finding(code, what, where, fix, place)
        return finding if self.witness is None else self.witness.told(finding)

    def _inside(self) -> Region | None:
        """The region in which it goes wrong, if it is in one."""
        name = self.scope if self.witness is None else self.witness.happened.region
        return next((each for each in self.net.graph.regions if each.name == name), None)

    def _region(self) -> str:
        region = self._inside()
        return "" if region is None else f" in the {region.kind} {region.name!r}"

    def _place(self, name: str) -> Place | None:
        vertex = self.net.graph.vertex.get(name)
        found = vertex.place if vertex else None
        region = self._inside()
        return region.place if found is None and region is not None else found

    def _stuck(self, seen: Witness) -> Finding:
        """A join that has some of its ways and never gets the others."""
        name = seen.happened.culprit
        tokens = seen.stand.tokens()
        has = [token.source for token in tokens if token.vertex == name and token.source]
        waits = [edge.source for edge in self.net.graph.ins[name]]
        lacks = [source for source in waits if source not in has]
        what = f"{join_name(self.net.graph, name)} can wait for ever: "
        if lacks:
            come = "comes" if len(lacks) == 1 else "come"
            what += f"{listed(lacks)} never {come} where {listed(has)} came"
        else:
            what += "no run brings all of its ways"
        after = next((edge.target for edge in self.net.graph.outs[name]), "next")
        plain = ", ".join(add_edge(source, after) for source in waits[:2])
        fix = "join only branches that one fork opens; of alternatives only one comes, and plain "
        fix += f"edges lead on: {plain}; in a flow `choice.route({{...}}) >> {after}`"
        where = f"join {name!r}"
        return self._finding("AG301", what + self._region(), where, fix, self._place(name))

    def _trapped(self, name: str) -> Finding:
        """A token is gone, and nothing else moves."""
        what = f"a run can come to {quoted(name)} so that it never comes to {self._end()}"
        fix = "lead the branches of each fork to one join before they meet others"
        return self._finding("AG301", what, f"nodes {quoted(name)}", fix, self._place(name))

    def _end(self) -> str:
        region = self._inside()
        return "END" if region is None else f"the way out of the {region.kind} {region.name!r}"

    def _left(self, seen: Witness) -> Finding:
        """A token came to an exit while others remain."""
        by, to, _ = self.moves[seen.chain()[-1]]
        names = {token.vertex for token in seen.stand.tokens()} - {END, to}
        region = self._inside()
        if region is not None:
            names &= {*region.members, region.target}
        order = self.net.number
        others = sorted((name for name in names if name), key=lambda name: order[name])
        rest = f"is still at {listed(others)}" if others else "leaves by itself"
        what = f"a branch comes to {self._end()} by {quoted(by)} while another {rest}"
        fix = (
            f"let all branches of a fork meet before {self._end()}: lead {quoted(by)} to the join "
        )
        fix += "of its branches (`g.add_join([p, q], m)`, in a flow `(p | q) >> m`)"
        where = f"edge {quoted(by)} -> {quoted(to)}"
        return self._finding("AG304", what, where, fix, self._place(by))

    def _double(self, seen: Witness) -> Finding:
        """A second token comes to a vertex: by parallel branches, or by one that repeats."""
        chains = [seen.chain(), seen.chain(1)]
        fork, is_round = self._parting(*chains)
        if is_round:
            return self._unbounded(fork)
        # Gateways hold no token: the two that meet further on have met there.
        while len(chains[1]) > 1 and self._came(chains[0]) == self._came(chains[1]):
            chains = [numbers[:-1] for numbers in chains]
        name = self.moves[chains[0][-1]][1]
        order = self.net.number
        sources = {self._came(numbers) for numbers in chains if numbers}
        named = sorted(sources, key=lambda source: order.get(source, -1))
        if name == END and fork in named:
            return self._early(fork)
        by = listed(named)
        twice = "gets two tokens" if name == END else "runs twice"
        what = f"{quoted(name)} {twice}: parallel branches come to it from {by}, without a join"
        fix = f"{add_join(named, name)} instead of the plain edges, "
        fix += f"or in a flow `({' | '.join(named)}) >> {name}`"
        where, place = f"edges from {by} to {quoted(name)}", self._place(named[0])
        place = place if name == END else self._place(name)
        return self._finding("AG302", what + self._region(), where, fix, place)

    def _early(self, fork: str) -> Finding:
        """A fork leads to END and onward."""
        others = [edge.target for edge in self.net.graph.outs[fork] if edge.target != END]
        line = f"[{', '.join(others)}]" if len(others) > 1 else others[0]
        what = f"{quoted(fork)} leads to END and on to {listed(others)} at once, and END takes one "
        what += "token: the run would end while the others work"
        fix = f"leave END out, {add_edge(fork, line)}: the run ends where these lead"
        return self._finding("AG302", what, f"edge {quoted(fork)} -> END", fix, self._place(fork))

    def _came(self, numbers: list[int]) -> str:
        return self.moves[numbers[-1]][0]

    def _parting(self, one: list[int], other: list[int]) -> tuple[str, bool]:
        """Say where the ways of two tokens parted, and whether one came back there."""
        shared = 0
        while shared < min(len(one), len(other)) and one[shared] == other[shared]:
            shared += 1
        fork = self.moves[one[shared - 1]][1] if shared else START
        return fork, any(self.moves[i][1] == fork for i in (*one[shared:], *other[shared:]))

    def _unbounded(self, name: str) -> Finding:
        what = f"each round of the cycle through {name!r} opens branches that no join in it closes"
        fix = (
            "close them before the way back: `g.add_join([p, q], m)` with the way back after `m`, "
        )
        fix += "or in a flow `((p | q) >> m >> ...).loop(at_most=5)`"
        where = f"fork {name!r}"
        return self._finding("AG303", what + self._region(), where, fix, self._place(name))

    def _crowded(self, seen: Witness) -> Finding:
        region = self._inside()
        assert region is not None
        tokens = {token.vertex for token in seen.stand.tokens()} & {*region.members}
        tokens = tokens or {seen.happened.culprit}
        names = sorted(tokens, key=lambda name: self.net.number[name])
        where = f"{region.kind} {region.name!r}"
        what = f"two branches can be in the {where} at the same time, by {listed(names)}"
        fix = "one token enters a region: give each branch a region of its own, "
        fix += f"such as `g.add_catch([{names[0]}], ...)` and `g.add_catch([{names[-1]}], ...)`, "
        fix += "or let the region hold the fork and the join as well"
        return self._finding("AG308", what, where, fix, region.place or self._place(names[-1]))

    def idle(self, name: str) -> Finding:
        why = "the quorum is always reached before, or its join never fires"
        what = f"no run gets past {quoted(name)}{self._region()}: {why}"
        fix = "remove it, or raise the number of ways that the quorum needs"
        finding = self._finding("AG301", what, quoted(name), fix, self._place(name))
        return replace(finding, script=Script("never", (name,)))

    def _undecided(self, name: str) -> Finding:
        where = self._region().removeprefix(" in the ") or f"graph {self.net.graph.name!r}"
        what = f"whether {where} is sound cannot be decided: its ways cross too much"
        fix = "cut it smaller: put each branch into a workflow of its own and use it with "
        fix += "`as_node`, or join branches that share nodes before they meet the others"
        return self._finding("AG309", what, where, fix, self._place(name))
