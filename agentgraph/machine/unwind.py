"""How a part of a run is taken down, and what follows; not how tokens move otherwise.

Rules of this file:

1. Taking down has three parts, always in this order: all work in the scope is
   cancelled and awaited; the nodes completed in it are undone, one after the other;
   then the goal follows.
2. A larger scope absorbs the smaller ones inside it: nothing is stopped or undone twice.
3. Several errors that leave one scope leave it together, in declared order.
"""

from agentgraph.errors import Exhausted, NoConsensus
from agentgraph.machine.commands import ENTER, ITEM, UNDO, WAIT, Cancel, Part, Task
from agentgraph.machine.groups import (
    begin_item,
    chosen,
    close_frame,
    end_item,
    way_of_votes,
)
from agentgraph.machine.marking import (
    Completed,
    Ending,
    Frame,
    Goal,
    Group,
    Marking,
    Token,
    Trouble,
    Unwinding,
    path_of,
)
from agentgraph.machine.moves import (
    Arrival,
    Overrun,
    Quorum,
    Turn,
    admit,
    fire,
    merging,
    number,
)
from agentgraph.machine.plan import Area
from agentgraph.machine.scope import (
    Holding,
    branches_of,
    ending_of,
    frames_inside,
    holdings,
    is_inside,
    log_of,
    site_of,
    state_of,
    undos_of,
    unwindings_inside,
)

RETRIED = frozenset({"run", "choose", "item"})
"""The verbs that a retry policy repeats."""
UNREPEATABLE = frozenset(
    f"builtins.{name}"
    for name in ["ArithmeticError", "AssertionError", "AttributeError", "BufferError", "EOFError", "ImportError", "LookupError", "MemoryError", "NameError", "NotImplementedError", "RecursionError", "ReferenceError", "SyntaxError", "TypeError", "UnicodeError", "ValueError"]
) | {"agentgraph.errors.AgentGraphError"}
"""Programming errors: another attempt would fail alike, so only a policy that names them tries."""


class ItemError:
    """The place of a failed item among the results of an `each` that collects errors."""

    __slots__ = ("attempts", "error", "index")

    def __init__(self, index: int, error: Exception, attempts: int) -> None:
        """Take the number of the item, its error, and how often it was tried."""
        self.index = index
        self.error = error
        self.attempts = attempts

    def __repr__(self) -> str:
        return f"ItemError({self.index}, {self.error!r})"


def kinds_of(error: BaseException) -> tuple[str, ...]:
    """Return the qualified names of the classes of an error.

    A group of errors has also the classes that all its members share, so that what
    catches each of them catches the group.
    """
    names = {f"{kind.__module__}.{kind.__qualname__}": None for kind in type(error).__mro__}
    if isinstance(error, BaseExceptionGroup):
        members = [set(kinds_of(member)) for member in error.exceptions]  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType, reportUnknownArgumentType]
        names.update(dict.fromkeys(sorted(set[str].intersection(*members))))
    return tuple(names)


def fail(turn: Turn, task: Task, error: Exception, kinds: tuple[str, ...]) -> None:
    """An attempt failed: try again, or let the error leave the scopes that it must leave.

    The task is still in the marking, so that its scope can be found.
    """
    marking = turn.marking
    if task.verb in RETRIED and _may_retry(task, kinds):
        del marking.live[task.ticket]
        again = _again(marking, task)
        marking.live[again.ticket] = again
        turn.out.append(again)
        return
    if task.verb == ITEM and task.site.vertex.collect:
        assert isinstance(task, Part)
        del marking.live[task.ticket]
        end_item(turn, task, ItemError(task.index, error, task.attempt))
        return
    order = (task.site.index, task.index if isinstance(task, Part) else 0)
    trouble = Trouble(error, kinds, order, path_of(marking, task))
    goal = _aim(marking, marking.frames[task.frame], task.site.catches, kinds)
    take_down(turn, goal, failed=task, troubles=[trouble])


def _may_retry(task: Task, kinds: tuple[str, ...]) -> bool:
    policy = task.site.vertex.policy
    if task.attempt >= policy.attempts:
        return False
    if policy.retry_on is None:
        return UNREPEATABLE.isdisjoint(kinds)
    return not set(policy.retry_on).isdisjoint(kinds)


def _again(marking: Marking, task: Task) -> Task:
    attempt = task.attempt + 1
    ticket = number(marking)
    if isinstance(task, Part):
        return Part(
            task.verb,
            ticket,
            task,
            payload=task.payload,
            attempt=attempt,
            index=task.index,
            group=task.group,
            given=task.given,
        )
    return Task(
        task.verb,
        ticket,
        task.frame,
        task.site,
        task.payload,
        task.line,
        task.log,
        task.visit,
        attempt,
    )


def _aim(marking: Marking, frame: Frame, catches: tuple[Area, ...], kinds: tuple[str, ...]) -> Goal:
    """Find what an error comes to: the innermost handler, another attempt, or the end of the run."""
    while True:
        for area in catches:
            if not area.catches.isdisjoint(kinds):
                return Goal("catch", frame.id, area)
        holder = frame.holder
        if holder is None:
            return Goal("fail", frame.id)
        if _may_retry(holder, kinds):
            return Goal("retry", frame.id, task=holder)
        if holder.verb == ITEM and holder.site.vertex.collect:
            return Goal("collect", frame.id, task=holder)
        frame = marking.frames[holder.frame]
        catches = holder.site.catches


def overrun(turn: Turn, event: Overrun) -> None:
    """A loop without `then` met its bound: the run is over, or its node in the parent fails."""
    marking = turn.marking
    frame, site, token = event
    holder = frame.holder
    if holder is None:
        frame.tokens[site, 0] = token
        take_down(turn, Goal("exhaust", frame.id, undo=False))
        return
    error = Exhausted(
        f"the loop at {site.path!r} ran {site.at_most} times, which is its bound",
        where=f"workflow {frame.plan.graph.name!r}",
        fix="raise `at_most`, give the loop a `then=`, or catch Exhausted in the parent",
    )
    kinds = kinds_of(error)
    frame.tokens[site, 0] = token
    trouble = Trouble(error, kinds, (site.index, 0), frame.path + site.name)
    parent = marking.frames[holder.frame]
    if _may_retry(holder, kinds):
        goal = Goal("retry", frame.id, task=holder)
    elif holder.verb == ITEM and holder.site.vertex.collect:
        goal = Goal("collect", frame.id, task=holder)
    else:
        goal = _aim(marking, parent, holder.site.catches, kinds)
    take_down(turn, goal, troubles=[trouble])


def quorum(turn: Turn, event: Quorum) -> None:
    """Enough branches of a race have finished: stop the others, then merge the winners."""
    frame, site = event
    if frame.full.get(site, 0) < site.need:
        return
    del frame.full[site]
    places = [place for place in range(site.places) if (site, place) in frame.tokens]
    tips = [(place, frame.tokens.pop((site, place))) for place in places[: site.need]]
    area = next(
        area for area in frame.plan.areas if area.kind == "quorum" and area.target == site.name
    )
    entry = frame.entered[area]
    task = merging(turn, frame, site, tips, entry.line, entry.payload)
    take_down(turn, Goal("join", frame.id, area, task))


def take_down(
    turn: Turn,
    goal: Goal,
    *,
    failed: Task | None = None,
    troubles: list[Trouble] | None = None,
) -> None:
    """Cancel everything in the scope of `goal`; what follows comes when all of it has ended."""
    marking = turn.marking
    frame = marking.frames[goal.frame]
    held = holdings(marking, frame, goal.area)
    unwinding = Unwinding(
        number(marking), goal, site_of(goal, frame), held[0].line if held else None
    )
    unwinding.troubles = troubles or []
    unwinding.log = log_of(marking, frame, goal.area)
    inside = frames_inside(marking, goal)
    absorbed = unwindings_inside(marking, goal, inside)
    unwinding.is_open = (
        len(held) != 1
        or (failed is not None and failed.verb == "merge")
        or any(each.is_open for each in absorbed)
    )
    unwinding.branches = branches_of(held)
    _take_state(unwinding, frame, held)
    if goal.kind in {"fail", "cancel", "exhaust"}:
        marking.ending = ending_of(marking)
    for each in absorbed:
        _absorb(marking, unwinding, each)
    _stop_work(turn, unwinding, inside, failed)
    _clear(marking, goal, frame, inside)
    marking.unwindings[unwinding.id] = unwinding
    if not unwinding.waiting:
        go_on(turn, unwinding)


def _take_state(unwinding: Unwinding, frame: Frame, held: list[Holding]) -> None:
    """Find the state for the undos: the one at the entry where branches were open in the scope."""
    area = unwinding.goal.area
    unwinding.state = unwinding.base = state_of(held, frame.start)
    if area is not None and (unwinding.is_open or unwinding.goal.kind == "join"):
        unwinding.base = frame.entered[area].payload


def _absorb(marking: Marking, unwinding: Unwinding, inner: Unwinding) -> None:
    """Wait for what a smaller scope waits for; its goal is given up."""
    waiting = inner.waiting | ({inner.undoing} if inner.undoing else set())
    for ticket in waiting:
        marking.stopping[ticket] = unwinding.id
    unwinding.waiting |= waiting
    del marking.unwindings[inner.id]


def _stop_work(turn: Turn, unwinding: Unwinding, inside: list[Frame], failed: Task | None) -> None:
    marking = turn.marking
    goal = unwinding.goal
    ids = {frame.id for frame in inside}
    for task in list(marking.live.values()):
        if task is failed:
            del marking.live[task.ticket]
        elif task.ticket not in marking.stopping and (
            task.frame in ids or is_inside(goal, task.frame, task.site)
        ):
            _stop(turn, unwinding, task)


def _stop(turn: Turn, unwinding: Unwinding, task: Task) -> None:
    marking = turn.marking
    marking.stopping[task.ticket] = unwinding.id
    unwinding.waiting.add(task.ticket)
    if task.verb == WAIT:
        marking.waiting -= 1
    turn.out.append(Cancel(task.ticket))


def _clear(marking: Marking, goal: Goal, frame: Frame, inside: list[Frame]) -> None:
    """Take away what rests in a scope, is held there, or is half gathered."""
    ids = {each.id for each in inside}
    for each in inside:
        close_frame(marking, each)
    marking.held = [
        task
        for task in marking.held
        if not (task.frame in ids or is_inside(goal, task.frame, task.site))
    ]
    for group in list(marking.groups.values()):
        if group.task.frame in ids or is_inside(goal, group.task.frame, group.task.site):
            del marking.groups[group.id]
    for site, place in list(frame.tokens):
        if goal.area is None or site in goal.area.members:
            del frame.tokens[site, place]
            frame.full.pop(site, None)


def has_stopped(turn: Turn, task: Task, trouble: Trouble | None = None) -> None:
    """Cancelled work has ended, whatever it still gave; an error of its own goes along."""
    marking = turn.marking
    del marking.live[task.ticket]
    unwinding = marking.unwindings[marking.stopping.pop(task.ticket)]
    unwinding.waiting.discard(task.ticket)
    if trouble is not None:
        unwinding.troubles.append(trouble)
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
    like = Task(UNDO, 0, entry.frame, entry.site, state, unwinding.line, None, entry.visit)
    task = Part(UNDO, number(marking), like, payload=state, given=entry)
    unwinding.undoing = task.ticket
    marking.stopping[task.ticket] = unwinding.id
    admit(turn, task)


def _collect_undos(marking: Marking, unwinding: Unwinding) -> None:
    goal = unwinding.goal
    unwinding.undos = []
    if goal.undo and goal.kind != "vote":
        area = goal.area
        entry = marking.frames[goal.frame].entered[area] if area else None
        before = entry.log if entry else None
        unwinding.undos, unwinding.current = undos_of(marking, unwinding.log, before)
    unwinding.current[goal.frame] = unwinding.base


def has_undone(turn: Turn, task: Part, payload: object, trouble: Trouble | None = None) -> None:
    """A compensation has ended; when it failed it changed nothing, and the rest goes on."""
    marking = turn.marking
    entry = task.given
    assert isinstance(entry, Completed)
    marking.undone.add(entry.number)
    if trouble is not None:
        marking.undo_troubles.append(trouble)
    del marking.live[task.ticket]
    unwinding = marking.unwindings[marking.stopping.pop(task.ticket)]
    if unwinding.undoing == task.ticket:
        unwinding.undoing = None
        unwinding.current[entry.frame] = payload
    unwinding.waiting.discard(task.ticket)
    if not unwinding.waiting:
        go_on(turn, unwinding)


def _widen(turn: Turn, unwinding: Unwinding) -> bool:
    """Make one trouble of several; when its handler is further out, take down more."""
    marking = turn.marking
    goal = unwinding.goal
    if goal.kind in {"join", "vote", "cancel", "exhaust"}:
        marking.undo_troubles.extend(unwinding.troubles)
        return False
    if len(unwinding.troubles) < 2:
        return False
    trouble = _together(unwinding.troubles)
    unwinding.troubles = [trouble]
    frame = marking.frames[goal.frame]
    catches = unwinding.site.catches
    if goal.area is not None:
        catches = catches[catches.index(goal.area) :]
    wider = _aim(marking, frame, catches if goal.area else (), trouble.kinds)
    if wider == goal:
        return False
    take_down(turn, wider, troubles=[trouble])
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
    match goal.kind:
        case "catch":
            _handle(turn, frame, goal, state, unwinding.troubles[0].error)
        case "retry":
            _retry(turn, frame, goal)
        case "collect":
            _collect(turn, frame, goal, unwinding.troubles[0].error)
        case "join":
            assert isinstance(goal.task, Part)
            fire(turn, frame, goal.task)
        case "vote":
            _follow_votes(turn, marking.groups.pop(goal.group))
        case "fail" | "cancel" | "exhaust":
            _finish_run(marking, goal, state, unwinding.troubles)


def _handle(turn: Turn, frame: Frame, goal: Goal, state: object, error: Exception) -> None:
    area = goal.area
    assert area is not None
    assert area.way is not None
    entry = frame.entered[area]
    turn.todo.append(Arrival(frame, area.way, Token(state, entry.line, entry.log), error))


def _retry(turn: Turn, frame: Frame, goal: Goal) -> None:
    """Run a child graph once more, from its beginning."""
    marking = turn.marking
    holder = goal.task
    assert isinstance(holder, Part)
    close_frame(marking, frame)
    again = _again(marking, holder)
    if isinstance(again, Part) and again.verb == ITEM:
        begin_item(turn, again)
    else:
        again.verb = ENTER
        admit(turn, again)


def _collect(turn: Turn, frame: Frame, goal: Goal, error: Exception) -> None:
    holder = goal.task
    assert isinstance(holder, Part)
    close_frame(turn.marking, frame)
    end_item(turn, holder, ItemError(holder.index, error, holder.attempt))


def _finish_run(marking: Marking, goal: Goal, state: object, troubles: list[Trouble]) -> None:
    branches = marking.ending.branches if marking.ending else ()
    marking.ending = Ending(state, branches)
    if goal.kind == "fail":
        marking.status = "failed"
        marking.troubles = troubles
    else:
        marking.status = "cancelled" if goal.kind == "cancel" else "exhausted"


def end_votes(turn: Turn, group: Group) -> None:
    """A consensus is decided: stop the voters that are still out, then follow the decision."""
    marking = turn.marking
    marking.held = [task for task in marking.held if _group_of(task) != group.id]
    goal = Goal("vote", group.task.frame, task=group.task, undo=False, group=group.id)
    unwinding = Unwinding(number(marking), goal, group.task.site, group.task.line)
    marking.unwindings[unwinding.id] = unwinding
    for task in list(marking.live.values()):
        if _group_of(task) == group.id:
            _stop(turn, unwinding, task)
    if not unwinding.waiting:
        go_on(turn, unwinding)


def _group_of(task: Task) -> int:
    return task.group if isinstance(task, Part) else 0


def _follow_votes(turn: Turn, group: Group) -> None:
    marking = turn.marking
    task = group.task
    turn.out.append(chosen(marking, group))
    way = way_of_votes(group)
    if way is not None:
        token = Token(task.payload, task.line, task.log)
        turn.todo.append(Arrival(marking.frames[task.frame], way, token))
        return
    error = _no_consensus(marking, group)
    marking.live[task.ticket] = task
    fail(turn, task, error, kinds_of(error))


def _no_consensus(marking: Marking, group: Group) -> Exception:
    path = path_of(marking, group.task)
    what = f"no label can get the {group.task.site.need} votes that {path!r} needs"
    if group.errors:
        return ExceptionGroup(what, [group.errors[index] for index in sorted(group.errors)])
    return NoConsensus(what, where=f"consensus {path!r}", fix="give its route an `unsure=`")
