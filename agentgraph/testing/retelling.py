"""What happened in a run, step by step, told again from its facts; it judges nothing."""

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple, cast

from pydantic import BaseModel

from agentgraph.errors import IllegalEvent
from agentgraph.machine import (
    Answered,
    Broke,
    Event,
    Expired,
    Failed,
    Finished,
    Marking,
    Started,
    Stopped,
    Task,
    Way,
    advance,
    path_of,
    visit_of,
)
from agentgraph.render.marks import Key
from agentgraph.runtime import Program
from agentgraph.runtime.program import Job
from agentgraph.state import Revision, same

_DONE: Final = frozenset({"run", "into", "leave", "item", "wait", "choose"})
_WORK: Final = _DONE | {"undo", "merge", "poll"}


class Moment(NamedTuple):
    """One transition: what completed, and the state before and after it."""

    node: str
    """The path of what completed, such as `inbox/support/billing`; empty at the start of the run."""
    state: Any
    """The state that it left: of its own branch, and of the workflow that it stands in."""
    before: Any
    """The state that it worked on."""
    label: str | None = None
    """What it answered, if it is a choice."""
    done: tuple[str, ...] = ()
    """What had completed before it, in order."""
    error: Exception | None = None
    """What this attempt failed with."""
    visit: str = ""
    """Which visit of it that was (`support#1/triage#2`)."""
    ways: tuple[Key, ...] = ()
    """The edges that tokens took."""
    resets: tuple[str, ...] = ()
    """The bounded vertices whose loops were entered by that: their rounds count anew."""
    verb: str = "run"
    """What was done: `run`, `choose`, `poll`, `item`, `into`, `leave`, `wait` (for a person), `merge`,
    `undo`; `start` of the run; `stop` for what was cancelled."""

    @property
    def changed(self) -> dict[str, tuple[object, object]]:
        """The fields that differ, each with its value before and after."""
        before: object = self.before
        if not isinstance(before, BaseModel) or type(self.state) is not type(before):
            return {}
        old: dict[str, object] = vars(before)
        new: dict[str, object] = vars(self.state)
        return {n: (old[n], new[n]) for n in new if n in old and not same(old[n], new[n])}


def moments(program: Program, facts: Sequence[Event]) -> Iterator[Moment]:
    """Tell what each fact of a run did; what came too late did nothing."""
    marking, done = Marking(program.plan), list[str]()
    taken = dict[Way, int]()
    for fact in facts:
        task = marking.live.get(getattr(fact, "ticket", 0))
        name = ("", "") if task is None else (path_of(marking, task), visit_of(marking, task))
        try:
            commands = advance(marking, fact)
        except IllegalEvent:
            return
        broke = [
            each.error for each in commands if isinstance(each, Broke) and each.path == name[0]
        ]
        new = {way: times - taken.get(way, 0) for way, times in marking.taken.items()}
        ways = tuple(way.key for way in new for _ in range(new[way]))
        resets = tuple(site.path for way in new if new[way] for site in way.resets)
        taken.update(marking.taken)
        if isinstance(fact, Started):
            first = program.schema.final(cast("Revision", fact.payload))
            yield Moment("", first, first, ways=ways, verb="start")
        elif task is not None and (task.verb in _WORK or ways):
            error = fact.error if isinstance(fact, Failed) else next(iter(broke), None)
            moment = _moment(task, fact, name, error, ways)
            yield moment._replace(done=tuple(done), resets=resets)
            if moment.error is None and moment.verb in _DONE:
                done.append(moment.node)


def _moment(
    task: Task, fact: Event, name: tuple[str, str], error: Exception | None, ways: tuple[Key, ...]
) -> Moment:
    path, visit = name
    verb = "stop" if isinstance(fact, Stopped) else task.verb
    label: str | None = getattr(fact, "label", None)
    if isinstance(fact, Expired) and error is None:
        label = ways[0][2]
    if task.verb == "poll" and ways:  # The vote that decided: the consensus has completed.
        path, verb, label = path.rpartition("/")[0], "choose", ways[0][2]
    before, after = _states(task, fact)
    return Moment(path, after, before, label, error=error, visit=visit, ways=ways, verb=verb)


def _states(task: Task, fact: Event) -> tuple[object, object]:
    """Return what a task worked on and what it left; of an item, the item and its result."""
    schema = cast("Job", task.site.handle).schema
    after: object = getattr(fact, "payload", task.payload)
    if task.verb == "item":
        return task.payload, after
    before = schema.final(task.payload)
    is_whole = isinstance(fact, Finished | Answered) and isinstance(after, Revision)
    return before, schema.final(cast("Revision", after)) if is_whole else before


def pairs_of(moments: Sequence[Moment]) -> Iterator[tuple[Key, Key]]:
    """Yield each edge with the one that was taken into its source last."""
    into: dict[str, Key] = {}
    for moment in moments:
        yield from ((into[way[0]], way) for way in moment.ways if way[0] in into)
        into |= {way[1]: way for way in moment.ways}
