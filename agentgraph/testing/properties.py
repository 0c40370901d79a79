"""Checks a whole workflow without a model: which trials are made of an example, and what each must show.

Rules of this file:

1. Hypothesis makes the data: the first state, and what agents write. The labels, the order of things
   and the faults are chosen here, by lot from the seed, the same for the same data.
2. Each property makes its trials from a run that went well, and judges what came of them. A
   sentence is a counterexample; None is none.
3. After the first counterexample only the property that found it is tried again: what
   hypothesis then shrinks is that one.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias, TypedDict, get_args

from pydantic import BaseModel

from agentgraph.errors import (
    Exhausted,
    InvalidEdit,
    InvalidInput,
    MergeConflict,
    NoConsensus,
    text_of,
)
from agentgraph.graph import Vertex
from agentgraph.render.overlay import vertices_of
from agentgraph.runtime import Program
from agentgraph.state import same
from agentgraph.store import Store
from agentgraph.testing.coverage import Coverage
from agentgraph.testing.fakes import Agents, Labels, Stage, Trial, Writes, repaired, strayed
from agentgraph.testing.invariants import Invariant, Test, always
from agentgraph.testing.playing import Outcome, play
from agentgraph.testing.retelling import Moment, pairs_of
from agentgraph.verify import verify

Property = Literal["runs", "replay", "schedules", "retry", "crash", "cancel", "labels", "hashes"]
PROPERTIES: Final[tuple[Property, ...]] = get_args(Property)
_TOLERATED: Final = (Exhausted, NoConsensus)
"""What a run may end with by itself: a bound that was met, votes that no label won."""
Same: TypeAlias = Callable[[Any, Any], bool]
Shown: TypeAlias = tuple[str, int | None]
"""What a run shows, in words, and in how many of its moments; None: in all."""
SCHEDULES: Final = 6
CHECKPOINTS: Final = 40
"""At so many places a run is crashed and cancelled, where it has more facts than that; so many are hashed anew."""


class How(TypedDict, total=False):
    """How a workflow is checked; each may be left out."""

    agents: Agents
    """None: every agent is a fake that writes what its vertex may write. "real": all are the user's
    own. A mapping from path or name: these functions, fakes for the rest. A function, such as a
    `Cassette`: what it makes of each of the user's own."""
    labels: Labels
    """"any": a choice answers any label that it declares. "real": classifiers are the user's own."""
    invariants: Sequence[Invariant | Test]
    """What must hold after every transition; a plain function of the state is an `always`."""
    services: Callable[[], object] | None
    """Makes the `deps` of a run; what its attributes hold at the end counts as done outside."""
    same: Same | None
    """When two final states count as the same; None: when they are equal, types included."""
    properties: Sequence[Property]
    """What is checked; all by default."""
    examples: int
    """How many states, each with outputs of the agents; 10 by default."""
    runs: int
    """How many runs are made of each at most, with different labels; 20 by default."""
    seed: int
    store: Store | None
    """Through which a run goes that dies and is taken up again; None: one in memory."""
    min_edges: float
    """Which share of the edges the runs must have taken, from 0 to 1; 0 by default."""
    folder: Path | None
    """Where script and picture of a failure go; `.agentgraph` by default, None: nowhere."""
    watch: Callable[[Any], object]
    """Who is told what a check has done that found nothing (`Checked`)."""
    target: str
    """Where the workflow is found, as on the command line: for the script."""
    deps: str
    """The name of what makes the services, there: for the script as well."""


@dataclass
class Counterexample(Exception):
    """A trial that shows that a property does not hold."""

    property: Property
    sentence: str
    trial: Trial
    told: Sequence[Moment]
    """What happened, up to the moment that shows it."""
    base: Outcome | None = None
    """The run that it is held against."""


class Unfit(Exception):
    """What the fakes wrote cannot be written together: the example says nothing."""


class Checker:
    """One workflow with all that a check of it was given."""

    def __init__(self, program: Program, how: How) -> None:
        """Put the fakes in place. Raises `InvalidInput` for what there is not."""
        self.stage: Stage = Stage(program, how.get("agents"), how.get("labels", "any"))
        self.coverage: Coverage = Coverage(program.graph)
        self.trials: int = 0
        self.properties: tuple[Property, ...] = tuple(how.get("properties", PROPERTIES))
        for name in {*self.properties} - {*PROPERTIES}:
            fix = f"choose from {', '.join(PROPERTIES)}"
            raise InvalidInput(f"there is no property {name!r}", where="properties=", fix=fix)
        told = [e if isinstance(e, Invariant) else always(e) for e in how.get("invariants", ())]
        self._invariants = [each for each in told if not each.is_needed]
        self.needed: dict[str, Invariant] = {each.what: each for each in told if each.is_needed}
        """What no run has shown yet, and some run must."""
        self.caught: dict[str, str] = {}
        """The nodes that are still to fail (`Stage.caught`)."""
        self.bases: list[Outcome] = []
        """The first runs that each showed something new."""
        self._how = how
        self._focus: tuple[int, Property] | None = None
        self._bound = verify(program.graph).runs_at_most
        self.vertices: dict[str, Vertex] = dict(vertices_of(program.graph))
        self._races = any(v.kind == "join" and v.need for v in self.vertices.values())

    def play(self, trial: Trial) -> Outcome:
        """Play a trial."""
        self.trials += 1
        return play(self.stage, trial, self._how.get("services"), self._how.get("store"))

    def tried(
        self, property_: Property, trial: Trial, base: Outcome | None = None
    ) -> Counterexample | None:
        """Play one trial alone, and say whether it breaks a property."""
        plain = replace(trial, deviations={}, fault=None, stray=None, crash=None, cancel=None)
        with suppress(Unfit):
            return self.judge(property_, base or self.play(plain), self.play(trial))
        return None

    # One example.

    def examine(self, state: BaseModel, writes: Mapping[str, Sequence[Writes]]) -> None:
        """Try all properties on one state and one set of outputs. Raises `Counterexample`."""
        known = frozenset[tuple[str, str | None]]()
        seen, bases = set[object](), list[tuple[int, Outcome]]()
        for lot, name in enumerate([None, "last", *self.lots(self._how.get("runs", 20))]):
            base = self.play(Trial(state, writes, lot=name, known=known))
            if self._try(lot, "runs", base, [base]):
                known |= base.trial.labels.items()
                pairs = frozenset(pairs_of(base.told))
                if not bases or pairs - seen:  # It has shown something new.
                    bases.append((lot, base))
                seen |= pairs
        if not bases:
            raise Unfit
        self.bases += [base for _, base in bases][: CHECKPOINTS - len(self.bases)]
        self.caught = {**self.stage.caught}
        for lot, base in bases:
            for name in ("runs", *self.properties):
                self._try(lot, name, base, map(self.play, _TRIALS[name](self, base)))

    def _try(self, lot: int, name: Property, base: Outcome, outcomes: Iterable[Outcome]) -> bool:
        """Judge each outcome; False: one of them says nothing. Raises `Counterexample`."""
        fits = True
        for outcome in outcomes if self._focus in {None, (lot, name)} else ():
            try:
                found = self.judge(name, base, outcome)
            except Unfit:
                fits = False
            else:
                if found is not None:
                    self._focus = (lot, name)
                    raise found
        return fits

    def lots(self, count: int) -> Iterator[str]:
        """Name so many lots; another seed has others."""
        return (f"{self._how.get('seed', 0)}/{number}" for number in range(count))

    def visits(self, base: Outcome, kind: str) -> Iterator[tuple[Vertex, Moment]]:
        """Yield the visits of all vertices of a kind that a run made."""
        for moment in base.told:
            vertex = self.vertices.get(moment.node)
            if vertex is not None and vertex.kind == kind and moment.verb in {"run", "choose"}:
                yield vertex, moment

    # Judging.

    def judge(self, property_: Property, base: Outcome, outcome: Outcome) -> Counterexample | None:
        """Say what a trial shows against a property, and at which moment. Raises `Unfit`."""
        broken = next(self._broken(outcome), None)
        if property_ == "runs":
            self.coverage.add(outcome.told)
        if broken is None:
            found = chain(self._breaches(outcome), self._differs(property_, base, outcome))
            broken = next(found, None)
        if broken is None:
            return None
        sentence, end = broken
        return Counterexample(property_, sentence, outcome.trial, outcome.told[:end], base)

    def _broken(self, outcome: Outcome) -> Iterator[Shown]:
        """Say what no run may show."""
        error, result = outcome.error, outcome.result
        if error is not None and not isinstance(error, _TOLERATED):
            if self._is_unfit(outcome, error):
                raise Unfit
            yield f"the run fails: {type(error).__name__}: {text_of(error).splitlines()[0]}", None
        if outcome.deaf:
            yield f"{outcome.deaf!r} goes on when it is cancelled: let CancelledError through", None
        if outcome.left:
            yield f"the run has ended and left behind: {', '.join(outcome.left)}", None
        steps = 0 if result is None else result.usage.steps - len(result.failures)
        # What failed before a crash is forgotten.
        if self._bound is not None and steps > self._bound and outcome.trial.crash is None:
            yield f"the run took {steps} steps, and {self._bound} is the bound of the graph", None

    def _breaches(self, outcome: Outcome) -> Iterator[Shown]:
        """Say which invariant a run breaks, and note what it fulfils of what some run must."""
        is_done = outcome.status == "done"
        for invariant in self._invariants:
            at = invariant.broken(outcome.told, is_done)
            if at is not None:
                after = outcome.told[at].node or "the start"
                yield f"{invariant.what} does not hold after {after!r}", at + 1
        for what, invariant in [*self.needed.items()]:
            if invariant.broken(outcome.told, is_done) is None:
                del self.needed[what]

    def _is_unfit(self, outcome: Outcome, error: BaseException) -> bool:
        """Say whether a run failed because fakes did what real agents would not do together.

        What parallel fakes write may clash, or break a validator of the whole state; and a label
        that was drawn may not fit the state, so that the user's `enter`, `over` or `into` fails.
        """
        if isinstance(error, MergeConflict | InvalidEdit):
            return bool(self.stage.fakes)
        failures = outcome.result.failures if outcome.result else ()
        failed = self.vertices.get(failures[-1].node) if failures else None
        is_passage = failed is not None and failed.kind in {"subgraph", "each", "form"}
        return is_passage and "labels" not in self.stage.real

    def _differs(self, property_: Property, base: Outcome, outcome: Outcome) -> Iterator[Shown]:
        """Say in what a run differs that should be as the base was."""
        if property_ == "cancel" and outcome.status not in {"cancelled", base.status}:
            yield f"a run that was cancelled ended {outcome.status!r}", None
        if self._races or property_ not in _HOW:
            return  # Which branch is first may depend on timing: the graph says so.
        how = _HOW[property_].format(trial=outcome.trial)
        if outcome.status != base.status:
            yield f"{how} the run ends {outcome.status!r}, and otherwise {base.status!r}", None
        if base.result is not None and outcome.result is not None:
            one, other = base.result.state, outcome.result.state
            if not (self._how.get("same") or same)(one, other):
                yield f"{how} the state ends with {_difference(one, other)}", None
        if what := _difference(base.services, outcome.services):
            yield f"{how} something is done outside that is otherwise not: {what}", None


# Which trials each property makes of a run.


def _throws(checker: "Checker", base: Outcome) -> Iterator[Trial]:
    for _, moment in checker.visits(base, "node"):
        error = checker.caught.pop(moment.node, None)
        if error is not None:
            yield replace(base.trial, fault=(moment.visit, error))


def _retry(checker: "Checker", base: Outcome) -> Iterator[Trial]:
    for vertex, moment in checker.visits(base, "node"):
        for kind in repaired(vertex):
            yield replace(base.trial, fault=(moment.visit, kind))


def _spread(base: Outcome) -> Iterable[int]:
    """Each place between two facts; of a long run, so many that are spread over it."""
    facts = len(base.facts)
    return range(1, facts, max(1, facts // CHECKPOINTS))


def _labels(checker: "Checker", base: Outcome) -> Iterator[Trial]:
    for vertex, moment in checker.visits(base, "classifier"):
        if "labels" in checker.stage.real and strayed(moment.before, vertex.labels) is not None:
            yield replace(base.trial, stray=moment.visit)


_TRIALS: Final[Mapping[Property, Callable[["Checker", Outcome], Iterable[Trial]]]] = {
    "replay": lambda _, base: [base.trial],
    "schedules": lambda checker, base: (
        replace(base.trial, shuffle=lot) for lot in checker.lots(SCHEDULES)
    ),
    "retry": _retry,
    "crash": lambda _, base: (replace(base.trial, crash=number) for number in _spread(base)),
    "cancel": lambda _, base: (replace(base.trial, cancel=number) for number in _spread(base)),
    "labels": _labels,
    "runs": _throws,
    "hashes": lambda _, __: (),  # These are played elsewhere, all at once (`twins`).
}
_HOW: Final[Mapping[Property, str]] = {
    "replay": "done again, with nothing changed,",
    "schedules": "when things happen in another order,",
    "retry": "when {trial.fault[0]!r} fails once ({trial.fault[1]}) and is repeated,",
    "crash": "when the process dies after fact {trial.crash} and another goes on,",
    "labels": "when {trial.stray!r} reads its label in capitals and with spaces around,",
    "hashes": "in a process that hashes differently (PYTHONHASHSEED)",
}


def _difference(one: object, other: object) -> str:
    """Name the attributes that differ, with both values; nothing where none does."""
    old, new = getattr(one, "__dict__", {"it": one}), getattr(other, "__dict__", {"it": other})
    return "; ".join(
        f"{name} = {new.get(name)!r} in place of {old.get(name)!r}"
        for name in {**old, **new}
        if not same(old.get(name), new.get(name))
    )
