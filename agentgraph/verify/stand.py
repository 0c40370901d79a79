"""Where a run of the machine stands, and all that its work can come to; not which run is played."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from agentgraph.errors import Move, Outcome, Resting, Script, Step
from agentgraph.graph import END, START
from agentgraph.graph.plan import Area, Site, Way
from agentgraph.machine import (
    Answered,
    Asked,
    Decided,
    Entered,
    Event,
    Failed,
    Finished,
    Listed,
    Marking,
    Task,
)
from agentgraph.machine.marking import Frame
from agentgraph.machine.moves import COUNTED
from agentgraph.verify.wiring import kinds_named

Path = tuple[tuple[str, ...], tuple[str | None, ...]]


class Happened(NamedTuple):
    """What a run shows, where, and in which region (empty: in none)."""

    outcome: Outcome
    culprit: str
    region: str = ""


@dataclass(slots=True)
class Stand:
    """Where a run stands after some steps, and how it came there."""

    marking: Marking
    before: "Stand | None" = None
    step: Step | None = None
    ways: tuple[Way, ...] = ()
    """What tokens took in the last step."""
    happened: list[Happened] = field(default_factory=list[Happened])
    key: object = None
    """What tells it apart from other stands."""
    visits: int = 0
    """How often a token has begun at the vertex whose visits are counted, if any are."""

    @property
    def frame(self) -> Frame:
        """The one frame of the run."""
        return next(iter(self.marking.frames.values()))

    def close(self) -> None:
        """Note what tells this stand apart from others."""
        marking, frame = self.marking, self.frame
        live = tuple(sorted([task.site.index for task in marking.live.values()]))
        resting = frozenset((site.index, place) for site, place in frame.tokens)
        counts = frozenset((site.index, count) for site, count in frame.counts.items())
        self.key = (live, resting, counts, marking.status, tuple(self.happened), self.visits)

    @property
    def is_over(self) -> bool:
        """Nothing follows."""
        return not self.marking.live or any(
            each.outcome != "waits" and (each.outcome != "left" or each.culprit != END)
            for each in self.happened
        )

    def held(self) -> list[str]:
        """The vertices at which tokens are, each as often as there are."""
        tokens = self.frame.tokens if self.marking.frames else ()
        works = [task.site.name for task in self.marking.live.values()]
        return [*works, *(site.name for site, _ in tokens)]

    def has_ended(self) -> bool:
        """A token has come to END."""
        return any(site.name == END for site, _ in self.frame.tokens)

    def story(self) -> list["Stand"]:
        """All that it came through, the start first."""
        found: list[Stand] = [self]
        while found[-1].before is not None:
            found.append(found[-1].before)
        return found[::-1]

    def steps(self) -> tuple[Step, ...]:
        """What completed, one after the other."""
        return tuple(stand.step for stand in self.story() if stand.step is not None)

    def moves(self) -> list[Move]:
        """The edges that tokens took; a handler is led to from what failed."""
        found: list[Move] = []
        for stand in self.story():
            for way in stand.ways:
                source, target, label = way.key
                if label == "catch" and stand.step is not None:
                    source = stand.step.vertex
                found.append((source, target, label))
        return found

    def chain(self, name: str, nth: int = 0) -> list[int]:
        """The moves by which the last token came to a vertex; or the one before, and so on."""
        moves = self.moves()
        last = [i for i, move in enumerate(moves) if move[1] == name]
        return chain(moves, last[-1 - nth]) if len(last) > nth else []

    def path(self, name: str) -> Path:
        """The vertices along the way of the last token that came there, and the labels between."""
        moves, numbers = self.moves(), self.chain(name)
        names = tuple(moves[i][1] for i in numbers)
        labels = tuple(moves[i][2] for i in numbers)
        return (moves[numbers[0]][0], *names) if names else (), labels if any(labels) else ()

    def tokens(self) -> tuple[Resting, ...]:
        """Where all tokens are."""
        return tuple(resting(self.marking))


def resting(marking: Marking) -> Iterator[Resting]:
    """Where all tokens are, also those in graphs inside."""
    yield from (Resting(task.site.path) for task in marking.live.values())
    for frame in marking.frames.values():
        for site, place in frame.tokens:
            is_join = site.vertex.kind == "join"
            source = frame.plan.graph.ins[site.name][place].source if is_join else None
            yield Resting(site.path, source and frame.plan.path + source)


def script(
    stand: Stand | None, outcome: Outcome, *culprits: str, region: str = "", field: str = ""
) -> Script | None:
    """The run to a stand as data; None where there is no stand."""
    if stand is None:
        return None
    moves, tokens = tuple(stand.moves()), stand.tokens()
    return Script(outcome, culprits, stand.steps(), moves, tokens, region=region, field=field)


def chain(moves: list[Move], last: int) -> list[int]:
    """The moves of one token up to the move `last`, by their numbers, the first one first."""
    found = [last]
    while moves[found[-1]][0] != START:
        source = moves[found[-1]][0]
        earlier = (i for i in range(found[-1] - 1, -1, -1) if moves[i][1] == source)
        found.append(next(earlier, -1))
        if found[-1] < 0:
            return found[-2::-1]
    return found[::-1]


def branch(marking: Marking) -> Marking:
    """A marking that can go another way; between two steps there is no more to one than this."""
    made = Marking(marking.plan, marking.status, marking.next, dict(marking.live))
    for id_, frame in marking.frames.items():
        made.frames[id_] = mine = Frame(id_, frame.plan, frame.path, None, None)
        mine.tokens, mine.full = dict(frame.tokens), dict(frame.full)
        mine.counts, mine.entered = dict(frame.counts), dict(frame.entered)
    return made


def doubled(marking: Marking) -> list[Site]:
    """The vertices at which two tokens are."""
    sites = [task.site for task in marking.live.values()]
    if len(set(sites)) == len(sites):
        return []
    return [site for site in dict.fromkeys(sites) if sites.count(site) > 1]


def answers(task: Task, path: str) -> Iterator[tuple[Event, Step]]:
    """All that one piece of work can come to, and how a script says so of what stands at `path`."""
    ticket, site = task.ticket, task.site
    match task.verb:
        case "choose" | "poll":
            yield from ((Decided(ticket, label), Step(path, label)) for label in site.labels)
            if site.unsure is not None:
                yield Decided(ticket, None), Step(path)
        case "ask":
            yield Asked(ticket), Step(path)
        case "wait":
            for label in site.labels or (None,):
                yield Answered(ticket, label, task.payload), Step(path, label)
        case "list":
            yield from ((Listed(ticket, (None,) * n), Step(path)) for n in (1, 0, 2))
        case "enter":
            yield Entered(ticket, None), Step(path)
        case _:
            yield Finished(ticket, None), Step(path)
    for name, _ in caught(site) if task.verb in COUNTED and task.verb != "poll" else ():
        yield Failed(ticket, Exception(), (kinds_named(name),)), Step(path, None, name)


def caught(site: Site) -> Iterator[tuple[str, Area]]:
    """For each flow around a vertex an error that it catches and none inside it does, if any."""
    inner: set[str] = set()
    for area in site.catches:
        names = (name for name in sorted(area.catches) if inner.isdisjoint(kinds_named(name)))
        yield from ((name, area) for name in [*names][:1])
        inner |= area.catches
