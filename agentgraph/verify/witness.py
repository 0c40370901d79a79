"""From a run that shows something to what a finding says of it: a script, and the path in words."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from agentgraph.errors import Finding, Move, Outcome, Script
from agentgraph.graph import START
from agentgraph.verify.nest import Nest
from agentgraph.verify.plain import NoRuns
from agentgraph.verify.runs import STANDS, Runs
from agentgraph.verify.stand import Happened, Stand
from agentgraph.verify.wiring import Wiring

_LOOKED_AT = 100_000
"""How many vertices of stands are looked at, one beside the other."""

Path = tuple[tuple[str, ...], tuple[str | None, ...]]


@dataclass(slots=True)
class Witness:
    """A run up to where it shows something."""

    stand: Stand
    happened: Happened

    def script(self) -> Script:
        """The run as data."""
        outcome, culprit, region = self.happened
        return replace(_run(self.stand, outcome, culprit), region=region)

    def chain(self, nth: int = 0) -> list[int]:
        """The moves by which the last token came to the culprit; or the one before, and so on."""
        moves = self.stand.moves()
        last = [i for i, move in enumerate(moves) if move[1] == self.happened.culprit]
        return chain(moves, last[-1 - nth]) if len(last) > nth else []

    def path(self) -> Path:
        """The vertices along the way to the culprit, and the labels between them."""
        return path(self.stand.moves(), self.chain())


def script(stand: Stand | None, outcome: Outcome, *culprits: str, field: str = "") -> Script | None:
    """The run to a stand as data; None where there is no stand."""
    return None if stand is None else replace(_run(stand, outcome, *culprits), field=field)


def _run(stand: Stand, outcome: Outcome, *culprits: str) -> Script:
    return Script(outcome, culprits, stand.steps(), tuple(stand.moves()), stand.tokens())


def path_of(stand: Stand, name: str) -> Path:
    """Names and labels along the way of the token that came to a vertex last."""
    moves = stand.moves()
    return path(moves, chain(moves, max(i for i, move in enumerate(moves) if move[1] == name)))


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


def path(moves: list[Move], numbers: list[int]) -> Path:
    """Names and labels along the moves with these numbers."""
    if not numbers:
        return (), ()
    names = (moves[numbers[0]][0], *(moves[i][1] for i in numbers))
    labels = tuple(moves[i][2] for i in numbers)
    return names, labels if any(labels) else ()


class Witnesses:
    """The runs that show the faults of one graph; played when the first is asked for."""

    def __init__(self, net: Wiring, nest: Nest | None) -> None:
        """Take the graph, and its regions unless they overlap."""
        self.net: Wiring = net
        self.nest: Nest | None = nest
        self._runs: Runs | None = None
        self._has_none = False

    @property
    def runs(self) -> Runs | None:
        """The runs; None where none ever comes to a stand, or where regions overlap."""
        if self._runs is None and self.nest is not None and not self._has_none:
            try:
                self._runs = Runs(self.nest)
            except NoRuns:
                self._has_none = True
        return self._runs

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

        # In a graph of thousands of vertices each stand takes long, and few runs show anything soon.
        limit = min(STANDS, _LOOKED_AT // len(runs.plan.sites))

        def shown(at: Stand, outcomes: Collection[Outcome]) -> list[Happened]:
            return [
                each
                for each in at.happened
                if each.outcome in outcomes and (within is None or each.culprit in within)
            ]

        for inside in (True, False):
            for outcome in outcomes:

                def shows(at: Stand, outcome: Outcome = outcome, inside: bool = inside) -> bool:
                    found = shown(at, [outcome])
                    return any(each.region == region or not inside for each in found)

                stand = runs.look(shows, limit)
                if stand is not None:
                    here = shown(stand, [outcome])
                    return Witness(stand, min(here, key=lambda each: each.region != region))
        goals = [name for name in toward if name in runs.plan.sites]
        if runs.is_whole or not goals:
            return None
        stand = runs.seek(lambda at: bool(shown(at, outcomes)), goals)
        return None if stand is None else Witness(stand, shown(stand, outcomes)[0])

    def met(self, within: Collection[str] | None) -> Iterator[Witness]:
        """All that runs show first, of those that have been looked at."""
        for stand in () if self._runs is None else self._runs.stands:
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
        graph = self.net.graph
        has_race = any(region.kind == "quorum" for region in graph.regions)
        is_kept = any(vertex.bound for vertex in graph.vertices) or (
            has_race and all(each.code == "AG305" for each in errors)
        )
        if not errors or is_shown or not is_kept or self.runs is None:
            return False
        return self.runs.is_clean()

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
        return _with_run(finding, stand, happened)

    def repeated(self, finding: Finding, members: Iterable[str]) -> Finding:
        """Add a run that goes round in `members` and comes back to where it was."""
        runs = self.runs
        found = None if runs is None else runs.round(set(members), finding.path[0])
        if found is None:
            return replace(finding, script=Script("never", finding.path[:-1]))
        first, last = found
        shown = _with_run(finding, last, Happened("endless", finding.path[0]))
        again = len(first.steps())
        return replace(shown, script=shown.script and replace(shown.script, again=again))


def _with_run(finding: Finding, stand: Stand | None, happened: Happened) -> Finding:
    """Add a run and its path; without one the finding is that something never happens."""
    if stand is None:
        return replace(finding, script=Script("never", (happened.culprit,)))
    witness = Witness(stand, happened)
    names, labels = witness.path()
    return replace(finding, script=witness.script(), path=names, labels=labels)
