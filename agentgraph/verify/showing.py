"""For each fault of a graph the run that shows it; neither which faults there are, nor their words.

A fault is shown with those mended that stand in its way: what lies in its part, before it or
beside it. Where one around it shows first on every run, that one is mended as well, and all else.
What may only be there because of another fault is told if a run shows it with nothing of that mended.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from agentgraph.errors import Outcome
from agentgraph.graph import FrozenGraph
from agentgraph.verify.levels import Wrong
from agentgraph.verify.mending import Mended, between, nest_of
from agentgraph.verify.nest import OUTSIDE, Nest
from agentgraph.verify.net import Fault
from agentgraph.verify.ways import reached
from agentgraph.verify.wiring import Wiring
from agentgraph.verify.witness import Witness, Witnesses

_SHOWS: dict[str, tuple[Outcome, ...]] = {
    "stuck": ("waits", "left", "twice", "trapped", "shared"),
    "left": ("left", "twice", "waits", "shared", "trapped"),
    "round": ("twice", "left", "waits", "shared", "trapped"),
    "double": ("twice", "left", "waits", "shared", "trapped"),
    "crowded": ("shared", "twice", "left", "waits", "trapped"),
}
"""What a run shows where a level has a fault of each kind: what is likeliest comes first."""
SHOWN: tuple[Outcome, ...] = _SHOWS["double"]
"""All that a run may show."""


@dataclass(slots=True)
class Shown:
    """A fault, the region it is in, and the run that shows it, if one was found."""

    wrong: Wrong
    net: Wiring
    """The graph that is played."""
    scope: str
    """The region whose level is wrong, or in which two tokens meet; empty: the graph."""
    parts: tuple[Mended, ...] = ()
    """What is mended in it."""
    witness: Witness | None = None
    is_beside: bool = False
    """It was seen while a run for another fault was looked for."""


class Faults:
    """The faults of one graph, each with the part that has it, in the order of the graph."""

    def __init__(self, nested: Nest, wrong: list[Wrong], seen: Witnesses) -> None:
        """Take what is wrong by the levels, and the runs of the graph as it is."""
        self.nested: Nest = nested
        self.graph: FrozenGraph = nested.net.graph
        met = reached([nested.net.start], nested.net.ways_on)
        self.order: dict[str, int] = {nested.net.name(v): number for number, v in enumerate(met)}
        self.inside: dict[Mended, set[str]] = {}
        for part in dict.fromkeys(each.fault.part for each in wrong):
            self.inside[part] = {*(between(self.graph, *part) if part else self.graph.vertex)}
        self.wrong: list[Wrong] = sorted(
            wrong, key=lambda each: self.order.get((*each.fault.part, "")[0], 0)
        )
        self.played: dict[tuple[Mended, ...], Witnesses | None] = {(): seen}

    def shown(self) -> Iterator[Shown]:
        """Find for each fault the run that shows it, and what else showed meanwhile."""
        for wrong in self.wrong:
            fault, net = wrong.fault, self.nested.net
            region = fault.region if fault.kind == "crowded" else wrong.region
            scope = "" if region == OUTSIDE else self.graph.regions[region].name
            for parts in dict.fromkeys(self._mended(fault)):
                seen = self._seen(parts)
                if seen is None or seen.nest is None:
                    continue
                within = self._within(fault.part, parts)
                goal = wrong.net.names[fault.vertex]
                found = seen.find(_SHOWS.get(fault.kind, ()), scope, [goal], within)
                if found is not None:
                    shown = Shown(wrong, seen.nest.net, scope, parts, found)
                    yield shown
                    for other in seen.met(within):
                        yield replace(shown, witness=other, is_beside=True)
                    break
            else:
                yield Shown(wrong, net, scope)

    def _mended(self, fault: Fault) -> Iterator[tuple[Mended, ...]]:
        """What to mend so that a fault shows: what is in the way, all that is not around it, all."""
        inside, own = self.inside, fault.part
        others = [
            part for part in inside if part and part != own and not inside[part] >= inside[own]
        ]
        if not own:
            yield ()
        ahead = reached(own[1:], self._ways) if others else {}
        yield tuple(
            part
            for part in others
            if part[0] not in ahead or self.order[part[0]] < self.order[own[0]]
        )
        if own and len(inside) > 1 and fault.is_sure:
            yield tuple(others)
            yield (*(part for part in others if inside[part] < inside[own]), ("", *own))

    def _ways(self, name: str) -> list[str]:
        net = self.nested.net
        return [net.name(head) for head in net.ways_on(net.number[name])]

    def _seen(self, parts: tuple[Mended, ...]) -> Witnesses | None:
        """The runs with some parts mended; None where no way from START is left then."""
        if parts not in self.played:
            nested = nest_of(self.graph, parts)
            self.played[parts] = None if nested is None else Witnesses(nested)
        return self.played[parts]

    def _within(self, own: Mended, parts: tuple[Mended, ...]) -> set[str] | None:
        """Where a fault may show, while others are not mended: in its part, or right behind it."""
        left = [part for part in self.inside if part != own and part not in parts]
        if not left or ("", *own) in parts:
            return None
        found = set(self.inside[own])
        for part in left:
            if self.inside[part] < found:
                found -= self.inside[part] - {*part}
        vertex = self.graph.vertex
        behind = reached(own[1:], lambda v: self._ways(v) if vertex[v].kind == "gateway" else ())
        return found.union(behind)
