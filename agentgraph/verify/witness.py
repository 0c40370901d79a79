"""From a run that shows something to what a finding says of it: a script, and the path in words."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

from agentgraph.errors import Finding, Outcome, Script
from agentgraph.graph import END
from agentgraph.verify.nest import Nest
from agentgraph.verify.runs import STANDS, Runs, runs_of
from agentgraph.verify.stand import Happened, Stand, script

_LOOKED_AT = 100_000
"""How many vertices of stands are looked at, one beside the other."""


class Witness(NamedTuple):
    """A run up to where it shows something."""

    stand: Stand
    happened: Happened

    def chain(self, nth: int = 0) -> list[int]:
        """The moves by which the last token came to the culprit; or the one before, and so on."""
        return self.stand.chain(self.happened.culprit, nth)

    def told(self, finding: Finding) -> Finding:
        """Add the run, and the path to the culprit."""
        outcome, culprit, region = self.happened
        names, labels = self.stand.path(culprit)
        run = script(self.stand, outcome, culprit, region=region)
        return replace(finding, path=names, labels=labels, script=run)


class Witnesses:
    """The runs that show the faults of one graph; played when the first is asked for."""

    def __init__(self, nest: Nest | None) -> None:
        """Take the graph with its regions, unless they overlap."""
        self.nest: Nest | None = nest

    @cached_property
    def runs(self) -> Runs | None:
        """The runs; None where none ever comes to a stand, or where regions overlap."""
        return None if self.nest is None else runs_of(self.nest)

    def find(
        self,
        outcomes: Sequence[Outcome],
        region: str,
        toward: Collection[str],
        within: Collection[str] | None = None,
    ) -> Witness | None:
        """Find the shortest run that shows the first of these that any run shows.

        What shows in the given region goes before what shows elsewhere, and only what shows at a
        vertex of `within` counts, if that is given.
        """
        runs = self.runs
        if runs is None or not outcomes:
            return None

        def rank(each: Happened) -> tuple[bool, int]:
            return each.region != region, outcomes.index(each.outcome)

        def shown(at: Stand) -> list[Happened]:
            return [
                each
                for each in at.happened
                if each.outcome in outcomes and (within is None or each.culprit in within)
            ]

        # In a graph of thousands of vertices each stand takes long, and few runs show anything soon.
        limit = min(STANDS, _LOOKED_AT // len(runs.plan.sites))
        runs.look(lambda at: (False, 0) in map(rank, shown(at)), limit)
        met = [Witness(stand, each) for stand in runs.stands for each in shown(stand)]
        goals = [name for name in toward if name in runs.plan.sites]
        if not met and goals and not runs.is_whole:
            stand = runs.seek(lambda at: bool(shown(at)), goals)
            return None if stand is None else Witness(stand, shown(stand)[0])
        return min(met, key=lambda one: rank(one.happened), default=None)

    def met(self, within: Collection[str] | None) -> Iterator[Witness]:
        """All that runs show first, of those that have been looked at."""
        for stand in () if self.runs is None else self.runs.stands:
            for happened in stand.happened:
                if happened.outcome != "exhausted" and (
                    within is None or happened.culprit in within
                ):
                    yield Witness(stand, happened)

    def clears(self, findings: list[Finding]) -> bool:
        """Say whether no run shows any of these errors, in a graph whose runs were all looked at.

        The levels do not count, and of a cycle it is not asked who ends it; where a bound or a
        race keeps a token from going on, the runs know better.
        """
        errors = [each for each in findings if each.severity == "error"]
        scripts = [each.script for each in errors if each.script and not each.script.mended]
        is_shown = any(script.outcome != "never" for script in scripts)
        # Merging takes no time in these runs: who begins before a race is over might not do so.
        is_idle = any(each.code == "AG301" and each.script for each in errors)
        if not errors or is_shown or is_idle or self.runs is None:
            return False
        graph = self.runs.plan.graph
        is_kept = any(vertex.bound for vertex in graph.vertices) or any(
            region.kind == "quorum" for region in graph.regions
        )
        return is_kept and self.runs.is_clean()

    def passes(self, name: str) -> bool:
        """Say whether some run gets past a vertex, or may do so."""
        runs = self.runs
        return runs is None or runs.passing(name) is not None or not runs.is_whole

    def idle(self, name: str) -> str | None:
        """Name a vertex that no run gets past, `name` if it is one, where some are never come to."""
        missing = self.runs.idle() if self.runs is not None and self.runs.is_whole else []
        names = (name, *missing) if missing else ()
        return next((each for each in names if each != END and not self.passes(each)), None)

    def coming(self, name: str) -> Stand | None:
        """Find the shortest run on which a token comes to a vertex."""
        return None if self.runs is None else self.runs.coming(name)

    def together(self, one: str, other: str) -> Stand | None:
        """Find the shortest run on which two vertices are at work at the same time."""
        runs = self.runs

        def works(stand: Stand) -> bool:
            return {one, other} <= {task.site.name for task in stand.marking.live.values()}

        return None if runs is None else runs.found(works, one, other)

    def shown(self, finding: Finding, outcome: Outcome, culprit: str) -> Finding:
        """Add the run on which a token comes to `culprit`, and the path to it."""
        return _with_run(finding, self.coming(culprit), Happened(outcome, culprit))

    def ending(self, finding: Finding, culprit: str) -> Finding:
        """Add the run that the bound of a vertex ends, as far as any run comes to that."""
        happened = Happened("exhausted", culprit)
        runs = self.runs
        stand = None if runs is None else runs.look(lambda at: happened in at.happened)
        # Where some run gets past it, another fault may come first on every run.
        is_passed = stand is None and self.passes(culprit)
        return finding if is_passed else _with_run(finding, stand, happened)

    def repeated(self, finding: Finding, members: Iterable[str]) -> Finding:
        """Add a run that goes round in `members` and comes back to where it was."""
        runs = self.runs
        found = None if runs is None else runs.round(set(members), finding.path[0])
        if found is None:
            return replace(finding, script=Script("never", finding.path[:-1]))
        first, last = found
        shown = _with_run(finding, last, Happened("endless", finding.path[0]))
        again, script = len(first.steps()), shown.script
        script = script and replace(script, again=again, culprits=finding.path[:-1])
        return replace(shown, script=script)


def _with_run(finding: Finding, stand: Stand | None, happened: Happened) -> Finding:
    """Add a run and its path; without one the finding is that something never happens."""
    if stand is None:
        return replace(finding, script=Script("never", (happened.culprit,)))
    return Witness(stand, happened).told(finding)
