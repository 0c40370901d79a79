"""What holds of every marking of a sound graph, whatever happened before; not what happens next.

Rules of this file:

1. It reads a marking as it stands between two events, and changes nothing.
2. It is told nothing but the marking: what holds from one marking to the next is for tests.
3. Each sentence that it yields says what is broken and where, for a person who debugs.
"""

from collections import Counter
from collections.abc import Iterator

from agentgraph.graph.line import Line
from agentgraph.graph.plan import Site
from agentgraph.machine import Marking, Part, Task
from agentgraph.machine.groups import is_decided
from agentgraph.machine.marking import Frame, Group, Unwinding
from agentgraph.machine.moves import COUNTED, Turn, is_idle
from agentgraph.machine.scope import frames_inside, holdings, is_inside, unwindings_inside


def broken_invariants(marking: Marking) -> tuple[str, ...]:
    """Say what does not hold of `marking` though it must; empty when all is well."""
    if not marking.frames:
        is_new = marking.next == 1 and not marking.live
        return () if is_new else ("a run that has begun has no frame",)
    checks = (_work, _status, _ends, _budget, _frames, _groups, _unwindings, _flow)
    return tuple(broken for check in checks for broken in check(marking))


def _work(marking: Marking) -> Iterator[str]:
    """Each piece of work has a ticket of its own, and a place to stand."""
    numbers = [task.ticket for task in (*marking.live.values(), *marking.held)]
    ids = [*numbers, *marking.frames, *marking.unwindings]
    if not all(0 < number < marking.next for number in (*ids, *marking.groups, *marking.undone)):
        yield f"a number is in use that was not given out yet: {max(ids)}, next is {marking.next}"
    if len(set(ids)) != len(ids):
        yield f"two things have one number: {sorted(ids)}"
    for ticket, task in marking.live.items():
        if task.ticket != ticket:
            yield f"{task} is under way as ticket {ticket}"
        if ticket not in marking.stopping:
            yield from _standing(marking, task)
        elif marking.stopping[ticket] not in marking.unwindings:
            yield f"{task} is being stopped for nobody"
    for task in marking.held:
        yield from _standing(marking, task)
    for ticket in marking.stopping.keys() - marking.live.keys():
        yield f"ticket {ticket} is being stopped, but is not under way"
    waits = [task for task in marking.live.values() if task.verb == "wait"]
    open_ = sum(task.ticket not in marking.stopping for task in waits)
    if open_ != marking.waiting:
        yield f"{open_} questions are open, {marking.waiting} are counted"


def _standing(marking: Marking, task: Task) -> Iterator[str]:
    """Work that nobody stops stands in a frame, and in its group if it is a part of one."""
    frame = marking.frames.get(task.frame)
    if frame is None:
        yield f"{task} stands in a frame that has ended"
        return
    if frame.plan.sites[task.site.name] is not task.site:
        yield f"{task} stands in a frame of another graph"
    if task.site.verb is not None and not 1 <= task.visit <= frame.visits.get(task.site, 0):
        yield f"{task} is visit {task.visit} of {frame.visits.get(task.site, 0)}"
    if isinstance(task, Part) and task.group and task.group not in marking.groups:
        yield f"{task} is part of a group that has ended"
    if task.verb == "undo":
        yield f"{task} undoes something for nobody"


def _status(marking: Marking) -> Iterator[str]:
    """The status says what can still happen."""
    moves = len(marking.live) - marking.waiting
    expected = {
        "running": moves > 0 or bool(marking.unwindings),
        "paused": moves == 0 and marking.waiting > 0 and not marking.held,
        "exhausted": moves == 0 and (bool(marking.held) or marking.ending is not None),
    }.get(marking.status, moves == 0)
    if not expected:
        counts = f"{moves} tasks, {marking.waiting} questions, {len(marking.held)} held"
        yield f"the run is {marking.status!r} with {counts}"


def _ends(marking: Marking) -> Iterator[str]:
    """When a run has ended nothing of it is left but the one token of a run that is done."""
    is_over = marking.status in {"done", "failed", "cancelled"}
    if not is_over and (marking.status != "exhausted" or marking.held):
        return
    left = (marking.live, marking.held, marking.stopping, marking.unwindings, marking.groups)
    if any(left) or len(marking.frames) != 1:
        yield f"something is left of a run that is {marking.status!r}"
    root = next(iter(marking.frames.values()))
    resting = [(site.name, place) for site, place in root.tokens]
    if resting != ([("END", 0)] if marking.status == "done" else []):
        yield f"tokens rest on {resting} in a run that is {marking.status!r}"
    if (marking.ending is None) != (marking.status == "done"):
        yield f"a run that is {marking.status!r} ends at {marking.ending}"
    if marking.status == "failed" and not marking.troubles:
        yield "a run has failed without an error"


def _budget(marking: Marking) -> Iterator[str]:
    """Work is held when the budget is out, and only then; whatever was begun is counted."""
    for task in marking.held:
        is_spent = marking.steps >= marking.steps_max
        if task.verb not in COUNTED or not (is_spent or task.visit > marking.visits_max):
            yield f"{task} is held, though the budget allows it"
    begun = [t for t in marking.live.values() if t.verb in COUNTED and t.attempt == 1]
    if marking.steps < len(begun):
        yield f"{len(begun)} steps are under way, {marking.steps} are counted"
    limits = marking.limits
    if limits.steps is not None and marking.steps_max not in {0, limits.steps}:
        yield f"the budget has {limits.steps} steps, {marking.steps_max} are allowed"
    if marking.steps_max and marking.is_late:
        yield "the time of the budget is over, and steps are allowed"


def _frames(marking: Marking) -> Iterator[str]:
    """Each frame runs inside one that is there, and its tokens can all come to its END."""
    roots = [frame for frame in marking.frames.values() if frame.holder is None]
    if roots != [next(iter(marking.frames.values()))]:
        yield f"{len(roots)} frames are held by nobody"
    for id_, frame in marking.frames.items():
        holder = frame.holder
        if frame.id != id_:
            yield f"frame {frame.id} is kept as {id_}"
        if holder is not None and holder.frame not in marking.frames:
            yield f"{frame.path!r} runs inside a frame that has ended"
        if holder is not None and holder.site.inner is not frame.plan:
            yield f"{frame.path!r} runs another graph than {holder} holds"
        if holder is not None and is_idle(Turn(marking), frame):
            yield f"nothing is left in {frame.path!r}, and it has not ended"
        yield from _tokens(frame)
        yield from _lines(marking, frame)
        for site, count in frame.counts.items():
            if site.at_most is None or not 1 <= count <= site.at_most:
                yield f"{count} tokens are counted at {site.path!r}, bound {site.at_most}"


def _tokens(frame: Frame) -> Iterator[str]:
    """Tokens rest at joins that still wait, and at END; what is counted there is there."""
    resting = Counter(site for site, _ in frame.tokens)
    for site, place in frame.tokens:
        is_end = site.vertex.kind == "end" and frame.holder is None
        if not (site.vertex.kind == "join" or is_end) or not 0 <= place < max(site.places, 1):
            yield f"a token rests on place {place} of {frame.path + site.name!r}"
    for site in resting.keys() | frame.full.keys():
        if site.vertex.kind == "join" and resting[site] != frame.full.get(site, 0):
            full = frame.full.get(site, 0)
            yield f"{resting[site]} tokens rest at {site.path!r}, {full} are counted"
        if site.vertex.kind == "join" and resting[site] >= site.need:
            yield f"{site.path!r} has the {site.need} tokens that it needs, and has not fired"


def _lines(marking: Marking, frame: Frame) -> Iterator[str]:
    """Parallel tokens travel on lines of their own, and every line leads back to the root."""
    held = holdings(marking, frame, None)
    lines = [id(each.line) for each in held]
    if len(set(lines)) != len(lines):
        yield f"two tokens travel on one line: {[each.path for each in held]}"
    for each in held:
        if not _leads_to_root(each.line):
            yield f"the line of {each.path!r} does not lead to the root"


def _leads_to_root(line: Line | None) -> bool:
    """Walk upwards along every way: each must end at the root, which is None."""
    seen: set[int] = set()
    ahead = [line]
    for each in ahead:
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        above = each.parents if each.fork is None else (each.fork.parent,)
        if not above or (each.fork is not None and each.fork.width < 2):
            return False
        ahead += above
    return True


def _groups(marking: Marking) -> Iterator[str]:
    """Each item and each vote is out, or has come in, or has not begun."""
    decided = {each.goal.group for each in marking.unwindings.values()} - {0}
    for id_, group in marking.groups.items():
        path = group.task.site.path
        if group.task.frame not in marking.frames:
            yield f"the parts of {path!r} are gathered for a frame that has ended"
        out = _parts_out(marking, group)
        if id_ not in decided and group.under_way != out:
            yield f"{out} parts of {path!r} are out, {group.under_way} are counted"
        if group.task.verb == "poll":
            is_late = id_ not in decided and is_decided(group)
            begun = len(group.votes) + group.under_way
            if is_late or begun != len(group.task.site.vertex.voters):
                yield f"{path!r} has {group.votes} and waits for {group.under_way} votes"
        elif not 0 <= out <= group.task.site.vertex.limit or _is_gathered(group):
            yield f"{out} items of {path!r} are out, {len(group.results)} have come in"


def _is_gathered(group: Group) -> bool:
    begun = len(group.results) + group.under_way
    return begun != group.next or len(group.results) >= len(group.given)


def _parts_out(marking: Marking, group: Group) -> int:
    """Count the items or votes that are under way, held, or graphs of their own."""
    tasks = [*marking.live.values(), *marking.held]
    holders = [frame.holder for frame in marking.frames.values()]
    return sum(
        isinstance(part, Part) and part.group == group.id and part.ticket not in marking.stopping
        for part in (*tasks, *holders)
    )


def _unwindings(marking: Marking) -> Iterator[str]:
    """What is taken down waits for work that was stopped, and nothing else goes on in it."""
    for id_, each in marking.unwindings.items():
        due = each.waiting | {ticket for ticket in (each.undoing,) if ticket is not None}
        mine = {ticket for ticket, owner in marking.stopping.items() if owner == id_}
        where = f"the {each.goal.kind!r} at {each.site.path!r}"
        if not due or due != mine:
            yield f"{where} waits for {sorted(due)}, and {sorted(mine)} are being stopped"
        stopped = {ticket for ticket in mine if _is_cancelled(marking, ticket)}
        if not stopped <= each.paths.keys():
            yield f"{where} does not know where tickets {sorted(stopped)} stood"
        if each.goal.frame not in marking.frames:
            yield f"{where} is taken down in a frame that has ended"
        elif each.goal.kind != "vote":
            yield from _taken_down(marking, each, where)


def _is_cancelled(marking: Marking, ticket: int) -> bool:
    """Say whether work was cancelled; an undo is awaited as well, but nobody cancels it."""
    task = marking.live.get(ticket)
    return task is not None and task.verb != "undo"


def _taken_down(marking: Marking, unwinding: Unwinding, where: str) -> Iterator[str]:
    goal = unwinding.goal
    frame = marking.frames[goal.frame]
    inside = frames_inside(marking, goal)
    if inside:
        yield f"{[each.path for each in inside]} run inside {where}"
    if unwindings_inside(marking, goal, inside) not in ([unwinding], []):
        yield f"a smaller scope is taken down inside {where}"
    for task in (*marking.live.values(), *marking.held):
        if task.ticket not in marking.stopping and is_inside(goal, task.frame, task.site):
            yield f"{task} goes on inside {where}"
    if any(is_inside(goal, frame.id, site) for site, _ in frame.tokens):
        yield f"tokens rest inside {where}"
    if goal.area is not None and goal.area not in frame.entered:
        yield f"{where} was never entered"


def _flow(marking: Marking) -> Iterator[str]:
    """Each visit came by a way: no vertex was visited more often than tokens have come to it."""
    visits: Counter[Site] = Counter(marking.visited)
    for frame in marking.frames.values():
        visits.update(frame.visits)
    came: Counter[Site] = Counter()
    for way, times in marking.taken.items():
        came[way.site] += times
    for site in visits.keys() | {site for site in came if site.verb is not None}:
        past = came[site] - visits[site]
        then = marking.taken.get(site.then, 0) if site.then is not None else None
        if past < 0 or (site.at_most is None and past) or (then is not None and past != then):
            yield f"{came[site]} tokens came to {site.path!r}, which was visited {visits[site]} times"
