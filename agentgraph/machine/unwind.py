"""How a part of a run is taken down, and what follows; not how tokens move otherwise.

Rules of this file:

1. Taking down has three parts, always in this order: all work in the scope is
   cancelled and awaited; the nodes completed in it are undone, one after the other;
   then the goal follows.
2. A larger scope absorbs the smaller ones inside it: nothing is stopped or undone twice.
3. Several errors that leave one scope leave it together, in declared order.
"""

from collections.abc import Callable
from typing import Literal

from agentgraph.errors import Exhausted, Kinds, NoConsensus, kinds_of
from agentgraph.errors import catches as is_caught
from agentgraph.graph.plan import Area, Site, Way
from agentgraph.machine import groups, scope
from agentgraph.machine.commands import Broke, Cancel, Part, Task
from agentgraph.machine.marking import (
    Completed,
    Ending,
    Frame,
    Goal,
    Group,
    ItemError,
    Marking,
    Status,
    Token,
    Trouble,
    Unwinding,
    path_of,
)
from agentgraph.machine.moves import Arrival, Turn, admit, fire, go, joining

RETRIED = frozenset({"run", "choose", "item", "inside"})
"""The verbs that a retry policy repeats."""
_STATUS: dict[str, Status] = {"fail": "failed", "cancel": "cancelled", "exhaust": "exhausted"}


def fail(turn: Turn, task: Task, trouble: Trouble) -> None:
    """An attempt failed: try again, or let the error leave the scopes that it must leave.

    The task is still in the marking, so that its scope can be found.
    """
    marking = turn.marking
    kind = _end_of(task, trouble.kinds)
    if kind is None:
        goal = _aim(marking, marking.frames[task.frame], task.site.catches, trouble.kinds)
        take_down(turn, goal, task, trouble)
        return
    del marking.live[task.ticket]
    _end_attempt(turn, kind, task, trouble.error)


def trouble_of(turn: Turn, task: Task, error: Exception, kinds: Kinds | None = None) -> Trouble:
    """Say what went wrong at a task; without `kinds` no answer told it, and `Broke` does."""
    path = path_of(turn.marking, task)
    order = (task.site.index, task.index if isinstance(task, Part) else 0)
    if kinds is None:
        turn.out.append(Broke(path, error, task.attempt, task.visit, task.verb == "undo"))
        kinds = kinds_of(error)
    return Trouble(error, kinds, order, path)


def _aim(marking: Marking, frame: Frame, catches: tuple[Area, ...], kinds: Kinds) -> Goal:
    """Find what an error comes to: the innermost handler, another attempt, or the end of the run."""
    while True:
        for area in catches:
            if is_caught(area.catches, kinds):
                return Goal("catch", frame.id, area)
        holder = frame.holder
        if holder is None:
            return Goal("fail", frame.id)
        kind = _end_of(holder, kinds)
        if kind is not None:
            return Goal(kind, frame.id, task=holder)
        frame = marking.frames[holder.frame]
        catches = holder.site.catches


def _end_of(task: Task, kinds: Kinds) -> Literal["retry", "collect"] | None:
    """Say how an attempt that failed ends; None: its error leaves the scopes that it must leave."""
    vertex = task.site.vertex
    if task.verb in RETRIED and vertex.policy.repeats(task.attempt, kinds):
        return "retry"
    return "collect" if task.verb == "item" and vertex.collect else None


def overrun(turn: Turn, frame: Frame, site: Site) -> None:
    """A loop without `then` met its bound: the run is over, or its node in the parent fails."""
    if frame.id not in turn.marking.frames or (site, 0) not in frame.tokens:
        return  # Another one has taken it down.
    token = frame.tokens[site, 0]
    if frame.holder is None:
        take_down(turn, Goal("exhaust", frame.id, undo=False))
        return
    error = Exhausted.at(frame.path + site.name, site.at_most, frame.plan.graph.name)
    visits = frame.visits.get(site, 0)
    trouble = trouble_of(turn, Task("run", 0, frame.id, site, *token, visits), error)
    take_down(turn, _aim(turn.marking, frame, (), trouble.kinds), None, trouble)


def quorum(turn: Turn, frame: Frame, site: Site) -> None:
    """Enough branches of a race have finished: stop the others, then merge the winners."""
    if frame.id not in turn.marking.frames or frame.full.get(site, 0) < site.need:
        return
    del frame.full[site]
    places = [place for place in range(site.places) if (site, place) in frame.tokens]
    tips = [(place, frame.tokens.pop((site, place))) for place in places[: site.need]]
    races = (area for area in frame.plan.areas if area.kind == "quorum")
    area = next(area for area in races if area.target == site.name)
    entry = frame.entered[area]
    task = joining(turn, frame, site, tips, (entry.line, entry.payload))
    take_down(turn, Goal("join", frame.id, area, task))


def take_down(
    turn: Turn, goal: Goal, failed: Task | None = None, trouble: Trouble | None = None
) -> None:
    """Cancel everything in the scope of `goal`; what follows comes when all of it has ended."""
    marking = turn.marking
    frame = marking.frames[goal.frame]
    held = scope.holdings(marking, frame, goal.area)
    line = held[0].line if held else None
    unwinding = Unwinding(turn.number(), goal, scope.site_of(goal, frame), line)
    if trouble is not None:
        unwinding.troubles.append(trouble)
    unwinding.log = scope.log_of(marking, frame, goal.area)
    inside = scope.frames_inside(marking, goal)
    absorbed = scope.unwindings_inside(marking, goal, inside)
    # What is open in a child graph is not open here: there it is one vertex that failed.
    here = [each for each in absorbed if each.goal.frame == goal.frame]
    is_merge = failed is not None and failed.verb == "merge" and failed.frame == goal.frame
    unwinding.is_open = len(held) != 1 or is_merge or any(each.is_open for each in here)
    won = scope.winners(frame, goal)
    unwinding.branches = scope.branches_of(sorted([*held, *won], key=lambda each: each.order))
    unwinding.state = unwinding.base = scope.state_of(held, frame.start)
    if goal.area is not None:
        # Where branches were open undos and handler start from the entry, else from the last.
        last = here[0].base if here else held[0].payload if held else None
        was_open = unwinding.is_open or goal.kind == "join"
        unwinding.base = frame.entered[goal.area].payload if was_open else last
    if goal.kind in {"fail", "cancel", "exhaust"}:
        marking.ending = scope.ending_of(marking)
    for each in absorbed:
        _absorb(marking, unwinding, each)
    if failed is not None:
        del marking.live[failed.ticket]
    ids = {each.id for each in inside}

    def is_inside(task: Task) -> bool:
        return task.frame in ids or scope.is_inside(goal, task.frame, task.site)

    _stop(turn, unwinding, is_inside)
    _clear(marking, goal, inside, is_inside)
    if not unwinding.waiting:
        go_on(turn, unwinding)


def _absorb(marking: Marking, unwinding: Unwinding, inner: Unwinding) -> None:
    """Wait for what a smaller scope waits for; its goal is given up."""
    waiting = inner.waiting | {ticket for ticket in (inner.undoing,) if ticket}
    for ticket in waiting:
        marking.stopping[ticket] = unwinding.id
    unwinding.waiting |= waiting
    unwinding.paths |= inner.paths
    del marking.unwindings[inner.id]


def _stop(turn: Turn, unwinding: Unwinding, is_inside: Callable[[Task], bool]) -> None:
    """Cancel what is at work inside, and wait for it; what is held there never begins."""
    marking = turn.marking
    marking.unwindings[unwinding.id] = unwinding
    marking.held = tuple(task for task in marking.held if not is_inside(task))
    for task in list(marking.live.values()):
        if task.ticket not in marking.stopping and is_inside(task):
            unwinding.paths[task.ticket] = path_of(marking, task)
            marking.stopping[task.ticket] = unwinding.id
            unwinding.waiting.add(task.ticket)
            if task.verb == "wait":
                marking.waiting -= 1
            turn.out.append(Cancel(task.ticket))


def _clear(
    marking: Marking, goal: Goal, inside: list[Frame], is_inside: Callable[[Task], bool]
) -> None:
    """Take away what rests in a scope, or is half gathered there."""
    for each in inside:
        groups.close_frame(marking, each)
    for group in list(marking.groups.values()):
        if is_inside(group.task):
            del marking.groups[group.id]
    frame = marking.frames[goal.frame]
    for site, place in list(frame.tokens):
        if goal.area is None or site in goal.area.members:
            del frame.tokens[site, place]
            frame.full.pop(site, None)


def has_ended(turn: Turn, task: Task, payload: object, trouble: Trouble | None) -> None:
    """Cancelled work has ended, whatever it still gave, or an undo has: it left `payload`.

    An error of cancelled work goes along; an undo that failed changed nothing.
    """
    marking = turn.marking
    del marking.live[task.ticket]
    unwinding = marking.unwindings[marking.stopping.pop(task.ticket)]
    unwinding.waiting.discard(task.ticket)
    troubles = () if trouble is None else (trouble,)
    if isinstance(task, Part) and isinstance(task.given, Completed):
        marking.undone |= {task.given.number}
        marking.undo_troubles += troubles
        if unwinding.undoing == task.ticket:  # Else a larger scope has taken over meanwhile.
            unwinding.undoing = None
            unwinding.current[task.given.frame] = payload
    else:
        unwinding.troubles += troubles
    if not unwinding.waiting:
        go_on(turn, unwinding)


def go_on(turn: Turn, unwinding: Unwinding) -> None:
    """All work of a scope has ended: undo what was completed in it, then follow the goal."""
    marking = turn.marking
    if unwinding.undos is None:
        if _widen(turn, unwinding):
            return
        _collect_undos(marking, unwinding)
    undos = unwinding.undos
    if not undos:
        _conclude(turn, unwinding)
        return
    entry = undos.pop()
    state = unwinding.current.get(entry.frame, unwinding.base)
    _, frame, site, visit, *_ = entry
    task = Part("undo", turn.number(), frame, site, state, unwinding.line, None, visit, given=entry)
    unwinding.undoing = task.ticket
    marking.stopping[task.ticket] = unwinding.id
    admit(turn, task)


def _collect_undos(marking: Marking, unwinding: Unwinding) -> None:
    goal = unwinding.goal
    unwinding.undos = []
    if goal.undo:
        frame = marking.frames[goal.frame]
        entry = frame.entered[goal.area] if goal.area else frame.holder
        before = entry.log if entry else None
        unwinding.undos, unwinding.current = scope.undos_of(marking, unwinding.log, before)
    unwinding.current[goal.frame] = unwinding.base


def _widen(turn: Turn, unwinding: Unwinding) -> bool:
    """Make one trouble of several; when its handler is further out, take down more."""
    marking = turn.marking
    goal = unwinding.goal
    if goal.kind in {"join", "vote", "cancel", "exhaust"}:
        marking.undo_troubles += tuple(unwinding.troubles)
        return False
    if len(unwinding.troubles) < 2:
        return False
    trouble = _together(unwinding.troubles)
    unwinding.troubles = [trouble]
    frame = marking.frames[goal.frame]
    catches = unwinding.site.catches
    further = () if goal.area is None else catches[catches.index(goal.area) :]
    wider = _aim(marking, frame, further, trouble.kinds)
    if wider == goal:
        return False
    take_down(turn, wider, None, trouble)
    return True


def _together(troubles: list[Trouble]) -> Trouble:
    inner = sorted(troubles, key=lambda trouble: trouble.order)
    errors = [trouble.error for trouble in inner]
    paths = ", ".join(repr(trouble.path) for trouble in inner)
    group = ExceptionGroup(f"{len(errors)} parallel branches failed: {paths}", errors)
    return Trouble(group, kinds_of(group), inner[0].order, inner[0].path)


def _conclude(turn: Turn, unwinding: Unwinding) -> None:
    """Everything of a scope is down: let the goal follow."""
    marking = turn.marking
    goal = unwinding.goal
    del marking.unwindings[unwinding.id]
    frame = marking.frames[goal.frame]
    state = unwinding.current[goal.frame]
    match goal:
        case Goal("catch", area=Area(way=Way() as way) as area):
            entry = frame.entered[area]
            token = Token(state, entry.line, entry.log)
            turn.todo.append(Arrival(frame, way, token, unwinding.troubles[0].error))
        case Goal("retry" | "collect" as kind, task=Part() as holder):
            groups.close_frame(marking, frame)
            _end_attempt(turn, kind, holder, unwinding.troubles[0].error)
        case Goal("join", task=Part() as joined):
            fire(turn, frame, joined)
        case Goal("vote"):
            _follow_votes(turn, marking.groups.pop(goal.group))
        case _:
            marking.ending = Ending(state, marking.ending.branches if marking.ending else ())
            marking.status = _STATUS[goal.kind]
            marking.troubles = tuple(unwinding.troubles)


def _end_attempt(
    turn: Turn, kind: Literal["retry", "collect"], task: Task, error: Exception
) -> None:
    """Begin with a task, or with the child graph that it holds, once more, or keep its error."""
    if kind == "collect":
        assert isinstance(task, Part)
        groups.end_item(turn, task, ItemError(task.index, error, task.attempt))
        return
    again = task.again(turn.number())
    if again.verb == "item" and again.site.inner is not None:
        groups.open_frame(turn, again, again.payload)
        return
    if again.verb == "inside":
        again.verb = "enter"
    turn.marking.live[again.ticket] = again  # It is no step of its own: not `admit`.
    turn.out.append(again)


def end_votes(turn: Turn, group: Group) -> None:
    """A consensus is decided: stop the voters that are still out, then follow the decision."""
    goal = Goal("vote", group.task.frame, task=group.task, undo=False, group=group.id)
    unwinding = Unwinding(turn.number(), goal, group.task.site, group.task.line)
    _stop(turn, unwinding, lambda task: isinstance(task, Part) and task.group == group.id)
    if not unwinding.waiting:
        go_on(turn, unwinding)


def _follow_votes(turn: Turn, group: Group) -> None:
    marking = turn.marking
    task = group.task
    chosen = groups.chosen(marking, group)
    turn.out.append(chosen)
    way = task.site.unsure if chosen.label is None else task.site.labels[chosen.label]
    if way is not None:
        go(turn, task, way, task.payload)
        return
    errors = [group.errors[index] for index in sorted(group.errors)]
    error = NoConsensus.at(path_of(marking, task), task.site.vertex.need or 0, errors)
    marking.live[task.ticket] = task
    fail(turn, task, trouble_of(turn, task, error))
