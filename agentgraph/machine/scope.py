"""What stands inside a part of a run, and in which order it happened; not what becomes of it.

The order of compensation does not depend on timing: what happened later is undone
first, and of two things that were concurrent the one declared later.
"""

from collections import Counter
from collections.abc import Iterator
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from agentgraph.graph.line import Line, Log, in_order, outermost
from agentgraph.graph.plan import Area, Site
from agentgraph.machine.commands import Part, Task
from agentgraph.machine.marking import (
    Completed,
    Ending,
    Frame,
    Goal,
    History,
    Marking,
    Scope,
    Unwinding,
)  # fmt: skip


class Holding(NamedTuple):
    """One thing that holds a token of a frame, directly or through what runs inside it."""

    order: tuple[int, int]
    path: str
    payload: object
    line: Line | None
    log: History | None
    branches: tuple[tuple[str, object], ...] = ()
    """The path and state of each branch, where several stand behind this."""


def frames_inside(marking: Marking, goal: Goal) -> list[Frame]:
    """Return the frames that run inside the scope of `goal`; not the frame of the scope itself."""
    found: dict[int, Frame] = {}
    for frame in marking.frames.values():  # A holder's frame is always older, so it comes first.
        holder = frame.holder
        if holder is None or frame.id == goal.frame:
            continue
        if holder.frame in found or is_inside(goal, holder.frame, holder.site):
            found[frame.id] = frame
    return [*found.values()]


def is_inside(goal: Goal, frame: int, site: Site) -> bool:
    """Say whether a vertex of a frame stands directly in the scope of `goal`."""
    return frame == goal.frame and (goal.area is None or site in goal.area.members)


def holdings(marking: Marking, frame: Frame, area: Area | None) -> list[Holding]:
    """Return what holds the tokens of `frame` (inside `area`), in declared order."""
    standing = (*_working(marking, frame), *_holders(marking, frame))
    found = [(task.site, _of_task(frame, task, log)) for task, log in standing]
    found += _unwinding(marking, frame)
    for (site, place), token in frame.tokens.items():
        last = _last(frame, site, place)
        found.append((site, Holding((last.index, place), frame.path + last.name, *token)))
    inside = [held for site, held in found if area is None or site in area.members]
    return sorted(inside, key=lambda held: held.order)


def _last(frame: Frame, site: Site, place: int) -> Site:
    """Return the vertex that a resting token came from: it names the branch."""
    if site.vertex.kind != "join":
        return site
    return frame.plan.sites[frame.plan.graph.ins[site.name][place].source]


def _working(marking: Marking, frame: Frame) -> Iterator[tuple[Task, History | None]]:
    """Tell the tasks that are at work or held, each with what was done on its way."""
    for task in (*marking.live.values(), *marking.held):
        stands = task.frame == frame.id and task.ticket not in marking.stopping
        if stands and not (isinstance(task, Part) and (task.group or task.verb == "undo")):
            yield task, task.log


def _holders(marking: Marking, frame: Frame) -> Iterator[tuple[Task, History | None]]:
    """Tell the tasks that groups and graphs stand for, each with what was done in these as well."""
    inner = [
        (each.holder, log_of(marking, each, None))
        for each in marking.frames.values()
        if isinstance(each.holder, Part) and each.holder.frame == frame.id
    ]
    for holder, log in inner:
        if holder.verb != "item":
            yield holder, Log(None, (holder.log, log))
    for group in marking.groups.values():
        if group.task.frame == frame.id:
            logs = group.logs | {part.index: log for part, log in inner if part.group == group.id}
            log = Log(None, (group.task.log, *(logs[index] for index in sorted(logs))))
            yield group.task, log


def _unwinding(marking: Marking, frame: Frame) -> Iterator[tuple[Site, Holding]]:
    for each in marking.unwindings.values():
        goal, site = each.goal, each.site
        if goal.frame != frame.id or goal.kind == "vote":
            continue
        kept = goal.task.log if goal.kind == "join" and goal.task else None
        log = Log(None, (kept, each.log))
        path = frame.path + site.name
        yield site, Holding((site.index, 0), path, each.state, each.line, log, each.branches)


def _of_task(frame: Frame, task: Task, log: History | None) -> Holding:
    place, path = (task.site.index, 0), frame.path + task.site.name
    tips = task.given if isinstance(task, Part) and task.verb == "merge" else ()
    branches = tuple((frame.path + source, payload) for payload, _, source in tips)
    return Holding(place, path, task.payload, task.line, log, branches)


def log_of(marking: Marking, frame: Frame, area: Area | None) -> History:
    """Return one log of all that happened before the tokens of a frame (inside `area`).

    The undos of a frame that is not the scope itself work on that frame's own state.
    """
    held = holdings(marking, frame, area)
    log = Log(None, tuple(holding.log for holding in held))
    if frame.holder is None or area is not None:
        return log
    return Log(Scope(frame.id, state_of(held, frame.start)), (log,))


def state_of(held: list[Holding], otherwise: object) -> object:
    """Return the state that does not depend on timing: the one before the outermost open fork."""
    if not held:
        return otherwise
    fork = outermost(held[0].line)
    return held[0].payload if fork is None else fork.origin


def ending_of(marking: Marking) -> Ending:
    """Return the state of a run as it stands, and of each branch that is open."""
    root = next(frame for frame in marking.frames.values() if frame.holder is None)
    held = holdings(marking, root, None)
    return Ending(state_of(held, root.start), branches_of(held))


def branches_of(held: list[Holding]) -> tuple[tuple[str, object], ...]:
    """Return the path and state of each branch that is open."""
    found: list[tuple[str, object]] = []
    for holding in held:
        if holding.branches:
            found.extend(holding.branches)
        elif outermost(holding.line):
            found.append((holding.path, holding.payload))
    return tuple(found)


def winners(frame: Frame, goal: Goal) -> list[Holding]:
    """Return the branches that won a race, while its losers are being stopped."""
    race = goal.task if isinstance(goal.task, Part) and goal.kind == "join" else None
    sites = frame.plan.sites
    return [
        Holding((sites[name].index, 0), frame.path + name, payload, line, None)
        for payload, line, name in (race.given if race else ())
    ]


def undos_of(
    marking: Marking, log: History | None, before: History | None
) -> tuple[list[Completed], dict[int, object]]:
    """Return what is to be undone, the first one last, and the states of finished children.

    `before` is the log with which the scope was entered: what it holds stays done.
    """
    known = {id(each) for each in in_order(before, set())}
    history = in_order(log, known)
    scopes = [each.entry for each in history if isinstance(each.entry, Scope)]
    undos = [each for each in _latest_first(history) if each.number not in marking.undone]
    return undos[::-1], {each.frame: each.payload for each in scopes}


def _latest_first(history: list[History]) -> list[Completed]:
    """Sort what was completed: later things first, of concurrent ones the one declared later."""
    later = Counter(id(parent) for each in history for parent in each.parents)
    ready = [_ranked(index, each) for index, each in enumerate(history) if not later[id(each)]]
    places = {id(each): index for index, each in enumerate(history)}
    heapify(ready)
    found: list[Completed] = []
    while ready:
        each = history[heappop(ready)[1]]
        if isinstance(each.entry, Completed):
            found.append(each.entry)
        for parent in each.parents:
            later[id(parent)] -= 1
            if parent is not None and not later[id(parent)] and id(parent) in places:
                heappush(ready, _ranked(places[id(parent)], parent))
    return found


def _ranked(index: int, log: History) -> tuple[tuple[int, ...], int]:
    order = log.entry.order if isinstance(log.entry, Completed) else None
    return ((0,) if order is None else (1, *(-part for part in order))), index


def site_of(goal: Goal, frame: Frame) -> Site:
    """Return the vertex that stands for a scope in the declared order."""
    if goal.task is not None and goal.task.frame == goal.frame:
        return goal.task.site
    members = goal.area.members if goal.area else frame.plan.sites.values()
    return min(members, key=lambda site: site.index)


def unwindings_inside(marking: Marking, goal: Goal, frames: list[Frame]) -> list[Unwinding]:
    """Return the smaller scopes that are being taken down inside the scope of `goal`."""
    ids = {frame.id for frame in frames}
    every = marking.unwindings.values()
    return [e for e in every if e.goal.frame in ids or is_inside(goal, e.goal.frame, e.site)]
