"""Timing never shows: in whatever order branches finish, each vertex sees and leaves the same state.

Here the machine moves tokens that carry real revisions, which real nodes edit and real
reducers merge; only the order in which work is answered is up to chance.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random
from typing import Annotated, cast
from zlib import crc32

from hypothesis import given
from hypothesis import strategies as st

from agentgraph import State, append, largest, latest_declared, merge, smallest, total, union
from agentgraph.errors import MergeConflict
from agentgraph.graph import FrozenGraph
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
    Part,
    Started,
    Task,
    advance,
    ending_of,
    kinds_of,
    make_plan,
    path_of,
)
from agentgraph.state import Revision, Tip, schema_of
from tests.machine.graphs import (
    Catch,
    Chain,
    Choice,
    Crossing,
    Flow,
    Leaf,
    Loop,
    Parallel,
    Way,
    random_flow,
    sample,
)


def add_up(base: int, values: list[int]) -> int:
    """Add what each branch has added, and note how many there were: a reducer of one's own."""
    return base + sum(value - base for value in values) + 1000 * len(values)


class Notes(State):
    seen: Annotated[list[str], append] = []
    sum: Annotated[int, total] = 0
    names: Annotated[set[str], union] = set()
    table: Annotated[dict[str, list[int]], merge] = {}
    top: Annotated[int, largest] = 0
    low: Annotated[int, smallest] = 0
    last: Annotated[str, latest_declared] = ""
    own: Annotated[int, add_up] = 0


SCHEMA = schema_of(Notes)


def dice(*parts: object) -> int:
    """Give a number that depends on nothing but the words."""
    return crc32(repr(parts).encode())


def edit(state: Notes, who: str) -> None:
    """Do to the state what this visit always does, and write down what it saw."""
    number = dice("edit", who)
    if number & 1:
        state.seen.append(f"{who} saw {dice(plain(state))}")
    if number & 2:
        state.sum += number % 97
        state.names.add(who)
    if number & 4:
        state.table.setdefault(who, []).append(len(state.names))
        state.top = max(state.top, number % 1009)
    if number & 8:
        state.low = min(state.low, -(number % 1013))
        state.last = who
    if number & 16:
        state.own += 1


@dataclass
class Sheet:
    """One run: what every visit left, and how it came out."""

    graph: FrozenGraph
    failing: frozenset[str]
    left: defaultdict[str, list[object]] = field(default_factory=lambda: defaultdict(list))
    conflict: bool = False
    merges: int = 0
    edits: list[str] = field(default_factory=list)
    """Every edit of the outermost graph; a child graph keeps its own to itself."""

    def play(self, choose: Callable[[list[Task]], Task]) -> tuple[object, ...]:
        """Run, answering work in the order that `choose` says."""
        marking = Marking(make_plan(self.graph))
        advance(marking, Started(SCHEMA.begin(Notes())))
        while marking.live:
            task = choose(list(marking.live.values()))
            advance(marking, self._event(task, f"{path_of(marking, task)}#{task.visit}"))
        ending = marking.ending or ending_of(marking)
        if self.conflict:
            return (marking.status, "a merge conflict")
        assert not ending.branches
        return (marking.status, shown(ending.payload), dict(self.left))

    def _event(self, task: Task, who: str) -> Event:
        ticket, payload = task.ticket, cast("Revision", task.payload)
        match task.verb:
            case "choose" | "poll":
                return Decided(ticket, self._label(task, who))
            case "ask":
                return Asked(ticket)
            case "wait":
                label = self._label(task, who) if task.site.labels else None
                return Answered(ticket, label, self._written(task, who))
            case "list":
                return Listed(ticket, tuple(self._items(task, who)))
            case "item":
                return Finished(ticket, f"{who} of {task.payload}")
            case "enter":
                return Entered(ticket, SCHEMA.begin(SCHEMA.final(payload)))
            case "merge":
                return self._merged(task)
            case _:
                return self._worked(task, who)

    def _label(self, task: Task, who: str) -> str:
        labels = sorted(task.site.labels)
        if "again" in labels:
            return "ok" if task.visit % 3 == 0 else "again"
        voters = task.site.vertex.voters
        if isinstance(task, Part) and task.verb == "poll" and len(voters) > 2 and task.index == 0:
            return labels[dice("against", who) % len(labels)]
        return labels[dice(task.site.name, task.visit) % len(labels)]

    def _items(self, task: Task, who: str) -> list[object]:
        names = [f"{who}:{i}" for i in range(dice("items", who) % 4)]
        if task.site.inner is None:
            return list(names)
        return [SCHEMA.begin(Notes(last=name)) for name in names]

    def _worked(self, task: Task, who: str) -> Event:
        if task.verb == "run" and task.site.name in self.failing:
            error = KeyError(who)
            return Failed(task.ticket, error, kinds_of(error))
        given = ""
        if isinstance(task, Part) and task.verb in {"into", "leave"}:
            results = task.given if isinstance(task.given, tuple) else (task.given,)
            given = f" with {dice([shown(each) for each in results])}"
        left = self._written(task, f"{task.verb} {who}{given}")
        self.left[who].append(shown(left))
        return Finished(task.ticket, left)

    def _written(self, task: Task, who: str) -> Revision:
        draft = SCHEMA.draft(cast("Revision", task.payload))
        edit(draft, who)
        if task.frame == 1:
            self.edits.append(who)
        return SCHEMA.commit(draft, task.line)

    def _merged(self, task: Task) -> Event:
        assert isinstance(task, Part)
        tips = [Tip(*tip) for tip in task.given]
        self.merges += 1
        try:
            return Finished(task.ticket, SCHEMA.merge(task.payload, tips, task.line))
        except MergeConflict as error:
            self.conflict = True
            return Failed(task.ticket, error, kinds_of(error))


def plain(state: Notes) -> dict[str, object]:
    """Return the values as data whose order says something: that of a set says nothing."""
    return {**state.model_dump(), "names": sorted(state.names)}


def shown(payload: object) -> object:
    return plain(SCHEMA.final(payload)) if isinstance(payload, Revision) else payload


def steady(flow: Flow) -> Flow:
    """Leave out of a flow what a race decides: quorums, and bounds that may be met."""
    match flow:
        case Leaf():
            return replace(flow, child=steady(flow.child) if flow.child else None)
        case Chain():
            return replace(flow, parts=tuple(map(steady, flow.parts)))
        case Choice():
            return replace(flow, ways=tuple(map(_steady_way, flow.ways)))
        case Parallel():
            return replace(flow, branches=tuple(map(steady, flow.branches)), need=None)
        case Crossing():
            return replace(flow, flows=tuple(map(steady, flow.flows)))
        case Loop():
            then = steady(flow.then) if flow.then else None
            return replace(flow, body=steady(flow.body), at_most=3, is_region=True, then=then)
        case Catch():
            body, handler = steady(flow.body), steady(flow.handler)
            return replace(flow, body=body, handler=handler, classes=("KeyError",))


def _steady_way(way: Way) -> Way:
    return replace(way, flow=steady(way.flow) if way.flow else None)


def failing(flow: Flow) -> frozenset[str]:
    """Choose nodes that fail where a catch stands around them and nothing runs beside them in it."""
    match flow:
        case Leaf():
            return failing(flow.child) if flow.child else frozenset()
        case Catch() if (nodes := _in_line(flow.body)) is not None:
            chosen = {name for name in nodes if dice("fails", name) % 2}
            return frozenset(chosen) | failing(flow.handler)
        case _:
            return frozenset[str]().union(*map(failing, _inside(flow)))


def _in_line(flow: Flow) -> list[str] | None:
    """Return the nodes of a flow that never runs two things at once; None of any other."""
    match flow:
        case Leaf():
            return [flow.name] if flow.kind in {"node", "form"} else None
        case Parallel() | Crossing() | Catch() | Loop():
            return None
        case _:
            found = list(map(_in_line, _inside(flow)))
            return None if None in found else [name for names in found for name in names or ()]


def _inside(flow: Flow) -> list[Flow]:
    match flow:
        case Chain():
            return list(flow.parts)
        case Choice():
            return [way.flow for way in flow.ways if way.flow]
        case Parallel():
            return list(flow.branches)
        case Crossing():
            return list(flow.flows)
        case Loop():
            return [flow.body, *([flow.then] if flow.then else [])]
        case Catch():
            return [flow.body, flow.handler]
        case Leaf():
            return []


def orders(seed: int) -> list[Callable[[list[Task]], Task]]:
    """Answer the oldest work first, the newest first, and by chance."""
    by_chance = [Random(f"{seed}/{i}").choice for i in range(3)]
    return [lambda tasks: tasks[0], lambda tasks: tasks[-1], *by_chance]


def flow_of(seed: int, size: int) -> Flow:
    """Draw a flow; for every second seed one whose ways cross, where merging is hardest."""
    random = Random(f"{seed}")
    drawn = [random_flow(random, size, is_bounded=False) for _ in range(30 if seed % 2 else 1)]
    crossing = (flow for flow in drawn if _crosses(flow))
    return steady(next(crossing, drawn[0]))


def _crosses(flow: Flow) -> bool:
    return (isinstance(flow, Crossing) and len(flow.after) > 1) or any(map(_crosses, _inside(flow)))


@given(st.integers(0, 2**32), st.integers(4, 12))
def test_no_order_of_finishing_shows_in_what_any_visit_leaves(seed: int, size: int) -> None:
    flow = flow_of(seed, size)
    graph = sample(flow).graph

    first, *others = [Sheet(graph, failing(flow)).play(order) for order in orders(seed)]

    for other in others:
        assert other == first, sample(flow).text


@given(st.integers(0, 2**32), st.integers(4, 12))
def test_every_edit_is_in_the_last_state_once(seed: int, size: int) -> None:
    flow = flow_of(seed, size)
    sheet = Sheet(sample(flow).graph, failing(flow))

    _, last, *_ = sheet.play(orders(seed)[2])

    expected = Notes()
    for who in sheet.edits:
        edit(expected, who)
    if not sheet.conflict:
        assert isinstance(last, dict)
        assert (last["sum"], last["names"]) == (expected.sum, sorted(expected.names))
        assert (last["top"], last["low"]) == (expected.top, expected.low)
        assert set(last["table"]) == set(expected.table)
        assert len(last["seen"]) == len(set(last["seen"])) == len(expected.seen)


def test_the_orders_differ_and_the_branches_write_what_must_be_merged() -> None:
    merges = catches = conflicts = 0
    for seed in range(200):
        flow = flow_of(seed, 12)
        sheet = Sheet(sample(flow).graph, failing(flow))
        sheet.play(orders(seed)[2])
        merges += sheet.merges > 0
        catches += bool(sheet.failing)
        conflicts += sheet.conflict

    assert merges > 60
    assert catches > 20
    assert conflicts < 10
