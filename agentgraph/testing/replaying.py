"""Plays the run that a finding of `verify` claims, on the real runner; it finds nothing itself.

Nothing else makes a program of a graph that was refused. The agents are fakes: nodes do nothing,
choices answer what the script says, and each completes when it is its turn.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from agentgraph.errors import Finding, InvalidGraph, MergeConflict, Move, Resting, Script, Step
from agentgraph.events import Result
from agentgraph.graph import START, FrozenGraph
from agentgraph.machine import Marking, key_of
from agentgraph.runtime import Run
from agentgraph.runtime.session import Session
from agentgraph.state import State, schema_of
from agentgraph.testing.search import is_shut, leads_to_end
from agentgraph.testing.simulation import SimulatedLoop
from agentgraph.testing.stage import Stage, inside, staged, state_of
from agentgraph.verify.borders import Borders
from agentgraph.verify.mending import mended
from agentgraph.verify.nest import nest
from agentgraph.verify.stand import resting
from agentgraph.verify.wiring import Wiring

ROUNDS = 3
"""How often a cycle without bound is gone round before it counts as endless."""
_STEPS = 300
"""So many more vertices complete after a script, to see that a join goes on waiting."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of the run of a script."""

    occurred: bool
    """What the finding claims has happened."""
    status: str
    """How the run stood at the end."""
    tokens: tuple[Resting, ...] = ()
    """Where its tokens were when the script was over."""
    error: BaseException | None = None
    """What the run ended with, such as `Stuck`."""


def replay(graph: FrozenGraph | InvalidGraph, finding: Finding) -> Replayed:
    """Play the script of `finding` on the runner, and say whether that happens which it claims.

    `graph` is the graph that was verified, or the error that refused it. What no run can show
    (something is never reached, say) is checked by a search of the whole graph.
    """
    found = graph if isinstance(graph, FrozenGraph) else graph.report.graphs[0][1]
    script = finding.script
    if script is None:
        return Replayed(occurred=False, status="not run")
    found, cut = inside(found, script.within), len(script.within)
    script = script.renamed(lambda name: name[cut:], lambda name: name[cut:])
    found = mended(found, script.mended)
    if script.outcome == "never":
        return Replayed(is_shut(found, finding.code, script.culprits), "not run")
    loop = SimulatedLoop()
    return loop.run(_play(loop, found, script))


async def _play(loop: SimulatedLoop, graph: FrozenGraph, script: Script) -> Replayed:
    return await _Player(loop, graph, script).play()


class _Player:
    """One script while it is played."""

    def __init__(self, loop: SimulatedLoop, graph: FrozenGraph, script: Script) -> None:
        self.loop = loop
        self.graph = graph
        self.script = script
        self.stage = stage = Stage(script, state_of(graph, script))
        paths = [*(step.vertex for step in script.steps), *script.culprits]
        self.session = Session(staged(graph, stage, frozenset(_outer(paths))), {})
        self.before: Marking = self.marking.copy()
        self.run: Run[State] = Run(self.session, schema_of(stage.state).begin(stage.state()))
        self.follower: asyncio.Task[Result[State]] = asyncio.ensure_future(self.run.result())

    @property
    def marking(self) -> Marking:
        """Where the run stands: the machine's own."""
        return self.session.marking

    async def play(self) -> Replayed:
        """Let one vertex after the other complete, and look at what has happened then."""
        script, keys = self.script, list[object]()
        await self.loop.idle()
        for number, step in enumerate(self._steps()):
            past = -1 if script.again is None else number - script.again
            if past >= 0 and not past % (len(script.steps) - (script.again or 0)):
                keys.append(key_of(self.marking))
            self.before = self.marking.copy()
            if not await self._do(step):
                is_over = self._is_left_early()
                return Replayed(is_over, self.marking.status, self._tokens(), self._error())
        keys += [] if script.again is None else [key_of(self.marking)]
        tokens = self._tokens()
        occurred = self._occurred(keys)
        if occurred and script.field:
            occurred = await self._touched()
        elif occurred and script.outcome == "waits":
            # It waits for ever: whatever else goes on, it never fires again.
            self.before = self.marking.copy()
            await self._finish()
            occurred = all(source != script.culprits[0] for source, _, _ in self._new())
        return Replayed(occurred, self.marking.status, tokens, self._error())

    def _steps(self) -> tuple[Step, ...]:
        steps, again = self.script.steps, self.script.again
        return steps if again is None else steps + steps[again:] * ROUNDS

    async def _do(self, step: Step) -> bool:
        """Let one vertex complete, with all that follows by itself; False: it is not at work."""
        if not self.stage.tell(step):
            return False
        await self.loop.idle()
        return True

    async def _finish(self) -> None:
        """Let all the rest go on, by the shortest way to END, until nothing moves."""
        for _ in range(_STEPS):
            # Who came last goes on, so that one branch after the other comes to its join.
            waiting = next((p for p, told in reversed(self.stage.waiting.items()) if told), None)
            if waiting is None or self._error() is not None:
                return
            await self._do(self.stage.default(waiting))

    def _error(self) -> BaseException | None:
        is_over = self.follower.done() and not self.follower.cancelled()
        return self.follower.exception() if is_over else None

    def _tokens(self, marking: Marking | None = None) -> tuple[Resting, ...]:
        """Say where all tokens are, now or at an earlier marking."""
        return tuple(sorted(resting(marking or self.marking), key=str))

    def _is_left_early(self) -> bool:
        """A graph inside is over with the first token at its END, and others are on their way."""
        is_inner = self.script.culprits[0].endswith("/END")
        return is_inner and "END was reached while" in str(self._error())

    # What has happened.

    def _occurred(self, keys: list[object]) -> bool:
        culprit, said = self.script.culprits[0], str(self._error() or "")
        match self.script.outcome:
            case "waits":
                found = any(token.vertex == culprit and token.source for token in self._tokens())
            case "twice":
                is_early = self._is_left_early()
                found = is_early or "a second token" in said or self._comes_again(culprit)
            case "left" if not self.script.region:
                is_there = culprit in [token.vertex for token in self._tokens()]
                found = "END was reached while" in said or (is_there and len(self._tokens()) > 1)
            case "left" | "shared":
                found = self._crosses(culprit)
            case "trapped":
                is_there = any(way.site.path == culprit for way in self.marking.taken)
                found = is_there and not leads_to_end(self.graph, culprit)
            case "endless":
                found = len(keys) > ROUNDS and len(set(keys)) == 1
            case "exhausted":
                found = self.marking.status == "exhausted" or "which is its bound" in said
            case _:
                found = self._shown()
        return found

    def _shown(self) -> bool:
        """Say whether that has happened which is no fault of how tokens move."""
        culprits = self.script.culprits
        match self.script.outcome:
            case "unset" | "clash" | "together":
                return all(map(self._works, culprits))
            case "skipped":
                ways = self.marking.taken.keys()
                done = {way.key[0] for way in ways if way.key[2] not in {"then", "catch"}}
                return culprits[-1] not in done and culprits[0] in {way.site.path for way in ways}
            case "often":
                return self._visits(culprits[0]) >= self.script.number
            case _:
                return False

    def _works(self, path: str) -> bool:
        """Say whether a vertex is at work, or a graph inside it is."""
        held = (frame.holder for frame in self.marking.frames.values())
        tasks = (*self.marking.live.values(), *(holder for holder in held if holder))
        return any(task.site.path == path for task in tasks)

    def _visits(self, path: str) -> int:
        counts = [self.marking.visited, *(one.visits for one in self.marking.frames.values())]
        return sum(each[site] for each in counts for site in each if site.path == path)

    async def _touched(self) -> bool:
        """Let the culprits complete: one fails to read the field, or two cannot be merged."""
        for culprit in self.script.culprits:
            waiting = [path for path in self.stage.waiting if _plainly(path) == culprit]
            for path in waiting:
                await self._do(self.stage.default(path))
        if self.script.outcome == "unset":
            return any(_plainly(path) == self.script.culprits[0] for path in self.stage.unset)
        await self._finish()
        error = self._error()
        cause = None if error is None else error.__cause__
        return isinstance(cause, MergeConflict) and cause.field == self.script.field

    def _new(self) -> Counter[Move]:
        """The edges that the last step took."""
        taken = Counter({way.key: times for way, times in self.marking.taken.items()})
        return taken - Counter({way.key: times for way, times in self.before.taken.items()})

    def _comes_again(self, culprit: str) -> bool:
        """More tokens are at a vertex than one, if only for a moment."""
        came = sum(times for (_, to, _), times in self._new().items() if to == culprit)
        there = sum(task.site.path == culprit for task in self.before.live.values())
        is_over = self.script.steps[-1:] and self.script.steps[-1].vertex == culprit
        return came > 0 and came + there - bool(is_over) > 1

    def _crosses(self, culprit: str) -> bool:
        """Say whether the last step left or entered the region as the script says."""
        script, cut = self.script, culprit.rfind("/") + 1
        nested, _ = nest(Wiring(inside(self.graph, culprit)))

        def own(path: str) -> str:
            """Name the vertex of the graph of the culprit at which something is; empty: none."""
            return path[cut:].partition("/")[0] if path[:cut] == culprit[:cut] else ""

        before, after = (
            [name for token in self._tokens(marking) if (name := own(token.vertex))]
            for marking in (self.before, self.marking)
        )
        moves = [
            (source[cut:], target[cut:], label)
            for source, target, label in self._new().elements()
            if source[cut:] == own(source) != ""
        ]
        worked = own(_plainly(script.steps[-1].vertex)) if script.steps else ""
        found = nested and Borders(nested).crossed(before, after, moves, worked or START)
        return any((h.outcome, h.region) == (script.outcome, script.region) for h in found or ())


def _plainly(path: str) -> str:
    """A path without the numbers of items."""
    return "/".join(name for name in path.split("/") if not name.isdigit())


def _outer(paths: Iterable[str]) -> Iterator[str]:
    """Each vertex, by its path, in which one of these stands."""
    for path in paths:
        for whole in (path, _plainly(path)):
            names = whole.split("/")
            yield from ("/".join(names[:at]) for at in range(1, len(names)))
