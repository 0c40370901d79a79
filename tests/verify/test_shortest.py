"""The run that a finding shows is the shortest there is: against all runs of the machine."""

from collections import deque
from collections.abc import Iterator
from contextlib import suppress

from agentgraph.errors import Script
from agentgraph.graph import END, FrozenGraph
from agentgraph.machine import Marking, Started
from agentgraph.verify import verify
from agentgraph.verify.mending import mended
from tests.verify.explorer import Broken, Explorer, TooLarge
from tests.verify.test_verdicts import drawn

KINDS = {"left", "trapped", "twice", "waits"}


class Shortest(Explorer):
    """Meets the markings by the number of pieces of work that have ended; merges take none."""

    def steps_to(self, script: Script) -> int | None:
        try:
            first = self._told(Marking(self.plan), Started("s0"))
        except Broken:
            return 0
        queue = deque([(0, first)])
        done: set[object] = set()
        while queue:
            steps, marking = queue.popleft()
            key = self._met(marking, None, calm=False)
            if key in done:
                continue
            done.add(key)
            if self.shows(marking, script):
                return steps
            if len(done) > self.limit:
                raise TooLarge
            for cost, after in self.following(marking, script.outcome):
                if after is None:
                    if script.outcome in {"twice", "trapped"}:
                        return steps + cost
                    continue
                (queue.append if cost else queue.appendleft)((steps + cost, after))
        return None

    def following(self, marking: Marking, outcome: str) -> Iterator[tuple[int, Marking | None]]:
        for event, _ in self.moves(marking):
            task = marking.live[event.ticket]  # pyright: ignore[reportAttributeAccessIssue]
            try:
                yield int(task.verb != "merge"), self._told(marking, event)
            except Broken as error:
                # A run that is stuck is at its dead end; else a second token came to a place.
                is_stuck = "nothing can move" in str(error)
                if is_stuck == (outcome == "trapped"):
                    yield int(task.verb != "merge"), None

    def shows(self, marking: Marking, script: Script) -> bool:
        frame = next(iter(marking.frames.values()))
        names = [site.name for site, _ in frame.tokens]
        if script.outcome == "trapped":
            came = {way.site.name for way in marking.taken}
            return script.culprits[0] in came
        if script.outcome == "waits":
            return script.culprits[0] in names and not self.fires(marking, script.culprits[0])
        return script.outcome == "left" and END in names and len(names) + len(marking.live) > 1

    def fires(self, marking: Marking, join: str) -> bool:
        """Say whether anything that can follow without a failure lets the join go on."""
        before = sum(n for way, n in marking.taken.items() if way.key[0] == join)
        stack, seen = [marking], set[object]()
        while stack:
            here = stack.pop()
            if sum(n for way, n in here.taken.items() if way.key[0] == join) > before:
                return True
            key = self._met(here, None, calm=False)
            if key in seen:
                continue
            seen.add(key)
            if len(seen) > self.limit:
                raise TooLarge
            for event, fails in self.moves(here):
                if not fails:
                    with suppress(Broken):
                        stack.append(self._told(here, event))
        return False

    def _judge(self, *_: object) -> None:
        """Nothing stops a run here."""


def compared(graph: FrozenGraph) -> Iterator[tuple[int, int | None]]:
    if any(vertex.child is not None for vertex in graph.vertices):
        return
    for finding in verify(graph).findings:
        script = finding.script
        if script is not None and (script.outcome, script.region) in {
            ("left", ""),
            ("trapped", ""),
        }:
            yield len(script.steps), Shortest(mended(graph, script.mended)).steps_to(script)


def test_no_run_of_the_machine_shows_it_in_fewer_steps() -> None:
    found: list[tuple[int, int, int | None]] = []
    for seed in range(500):
        try:
            found += [(seed, *pair) for pair in compared(drawn(seed))]
        except TooLarge:
            continue

    assert [each for each in found if each[1] != each[2]] == []
    assert len(found) > 30
