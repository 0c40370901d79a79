"""The transition function: marking + event -> marking + commands.

Rules of this file:

1. Everything that decides what happens next lives in this package, and only here.
2. No clock, no randomness, no I/O, no user code, no look inside the state. The same
   marking and event give the same answer on every machine, for ever.
3. A ticket that is spent makes an event stale: it is ignored. A ticket that was never
   given out, or for other work, makes it illegal: that is raised.
"""

from collections.abc import Iterable

from agentgraph import errors
from agentgraph.graph.plan import Plan, Way
from agentgraph.machine import events, groups, unwind
from agentgraph.machine.commands import Command, Part, Task, Verb, part
from agentgraph.machine.marking import UNLIMITED, Frame, Goal, Marking, Token, path_of
from agentgraph.machine.moves import Arrival, Ended, Turn, admit, arrive, finish, go, send

_ANSWERS: dict[type[events.Answer], frozenset[Verb]] = {
    events.Finished: frozenset({"run", "item", "into", "leave", "merge", "undo"}),
    events.Decided: frozenset({"choose", "poll"}),
    events.Asked: frozenset({"ask"}),
    events.Answered: frozenset({"wait"}),
    events.Expired: frozenset({"wait"}),
    events.Listed: frozenset({"list"}),
    events.Entered: frozenset({"enter"}),
}
"""Which work an event answers; `Failed` and `Stopped` answer any."""


def step(marking: Marking, event: events.Event) -> tuple[Marking, list[Command]]:
    """Say what `event` changes and what the driver must do now; `marking` stays as it is."""
    after = marking.copy()
    return after, advance(after, event)


def advance(marking: Marking, event: events.Event) -> list[Command]:
    """Change `marking` by `event`, and return what the driver must do now.

    Raises `IllegalEvent` when the event cannot have happened; it is then not taken.
    """
    turn = Turn(marking)
    if not marking.frames and not isinstance(event, events.Started):
        raise errors.IllegalEvent.told("the run has not started")
    match event:
        case events.Started(payload, limits):
            _start(turn, payload, limits)
        case events.Cancelled(undo):
            _cancel(turn, undo=undo)
        case events.Spent() | events.TimedOut() | events.Funded():
            _count(turn, event)
        case _:
            _take(turn, event)
    return _settle(turn)


def replay(plan: Plan, journal: Iterable[events.Event]) -> Marking:
    """Return the marking to which a journal leads. Raises `JournalDiffers`."""
    marking = Marking(plan)
    for index, event in enumerate(journal):
        try:
            advance(marking, event)
        except errors.IllegalEvent as error:
            where = f"graph {plan.graph.name!r}, {type(event).__name__}"
            raise errors.JournalDiffers.at(index, where, error.what) from error
    return marking


def finished(marking: Marking, ticket: int, payload: object) -> list[Command]:
    """Take `Finished` as plain arguments: the hot path of a driver."""
    task = marking.live.get(ticket)
    if task is not None and not marking.stopping:
        way = task.site.only
        if task.verb == "run" and way is not None:
            return _go_straight(marking, task, way, payload)
        if type(task) is Part and task.verb == "item":
            turn = Turn(marking)
            del marking.live[ticket]
            groups.end_item(turn, task, payload)
            return _settle(turn)
    return advance(marking, events.Finished(ticket, payload))


def decided(
    marking: Marking, ticket: int, label: str | None, confidence: float = 1.0
) -> list[Command]:
    """Take `Decided` as plain arguments: the hot path of a driver."""
    task = marking.live.get(ticket)
    if task is not None and task.verb == "choose" and not marking.stopping:
        site = task.site
        if label in site.labels and confidence >= site.at_least:
            return _go_straight(marking, task, site.labels[label], task.payload)
    return advance(marking, events.Decided(ticket, label, confidence))


def _go_straight(marking: Marking, task: Task, way: Way, payload: object) -> list[Command]:
    """Start the next node or classifier at once, where only a count can be in the way."""
    site = way.site
    verb = site.verb
    frame = marking.frames[task.frame]
    count = frame.counts.get(site, 0) + 1 if site.at_most is not None else 0
    del marking.live[task.ticket]
    if (
        way.is_to_rest
        and frame.full.get(site, 0) < site.need - 1
        and (site, way.place) not in frame.tokens
    ):
        return _rest_straight(marking, frame, way, Token(payload, task.line, task.log))
    if (
        not way.is_plain
        or count > (site.at_most or 0)
        or marking.steps >= marking.steps_max
        or marking.visits_max is not UNLIMITED
    ):
        turn = Turn(marking)
        turn.todo.append(Arrival(frame, way, Token(payload, task.line, task.log)))
        return _settle(turn)
    if count:
        frame.counts[site] = count
    taken = marking.taken
    taken[way] = taken.get(way, 0) + 1
    visits = frame.visits
    visit = visits[site] = visits.get(site, 0) + 1
    marking.steps += 1
    ticket = marking.next
    marking.next = ticket + 1
    assert verb is not None
    again = Task(verb, ticket, task.frame, site, payload, task.line, task.log, visit)
    marking.live[ticket] = again
    return [again]


def _rest_straight(marking: Marking, frame: Frame, way: Way, token: Token) -> list[Command]:
    """Leave a token at END, or at a join that still waits for others: nothing else moves."""
    marking.taken[way] = marking.taken.get(way, 0) + 1
    frame.tokens[way.site, way.place] = token
    frame.full[way.site] = frame.full.get(way.site, 0) + 1
    _stand(marking)
    return []


def _take(turn: Turn, event: events.Answer) -> None:
    """Take the answer to a command."""
    task = _expect(turn.marking, event)
    if task is None:
        return
    if task.ticket in turn.marking.stopping:
        _take_late(turn, task, event)
        return
    match event:
        case events.Failed(_, error, kinds):
            _fail(turn, task, error, kinds)
        case events.Stopped(ticket):
            raise errors.IllegalEvent.told(f"nobody has cancelled the work of ticket {ticket}")
        case events.Decided(_, label, confidence):
            _decide(turn, task, label, confidence)
        case events.Expired():
            _expire(turn, task)
        case events.Asked(_, str() as label) if label not in task.site.labels:
            raise errors.IllegalEvent.told(f"{label!r} is no answer to {task.site.path!r}")
        case events.Answered(_, label, payload):
            _answer(turn, task, label, payload)
        case _:
            del turn.marking.live[task.ticket]
            _take_work(turn, task, event)


def _take_work(
    turn: Turn, task: Task, event: events.Finished | events.Asked | events.Listed | events.Entered
) -> None:
    match event:
        case events.Finished(_, payload) if isinstance(task, Part) and task.verb == "item":
            groups.end_item(turn, task, payload)
        case events.Finished(_, payload):
            finish(turn, task, payload)
        case events.Asked(_, on_timeout):
            turn.marking.waiting += 1
            admit(turn, part("wait", turn.number(), task, task.payload, on_timeout))
        case events.Listed(_, items):
            groups.list_items(turn, task, items)
        case events.Entered(_, payload):
            groups.enter(turn, task, payload)


def _take_late(turn: Turn, task: Task, event: events.Answer) -> None:
    """Take what work that was cancelled, or an undo, still gave."""
    trouble = None
    payload = task.payload
    match event:
        case events.Finished():
            payload = event.payload
        case events.Failed(_, error, kinds):
            trouble = unwind.trouble_of(turn, task, error, kinds)
        case events.Stopped() if task.verb == "undo":  # Nobody here cancels one: it has failed.
            stopped = errors.UndoStopped.at(path_of(turn.marking, task), task.visit)
            trouble = unwind.trouble_of(turn, task, stopped)
        case _:
            pass
    unwind.has_ended(turn, task, payload, trouble)


def _decide(turn: Turn, task: Task, label: str | None, confidence: float) -> None:
    marking = turn.marking
    site = task.site
    if label is not None and label not in site.labels:
        known = ", ".join(map(repr, site.labels))
        raise errors.IllegalEvent.told(f"{label!r} is no label of {site.path!r} (it has {known})")
    if task.verb == "poll":
        _vote(turn, task, label, None)
        return
    is_sure = confidence >= site.at_least
    way = site.labels[label] if label is not None and is_sure else site.unsure
    if way is None:
        _fail(turn, task, errors.Abstained.by(path_of(marking, task), task.visit))
        return
    del marking.live[task.ticket]
    go(turn, task, way, task.payload)


def _expire(turn: Turn, task: Task) -> None:
    if isinstance(task, Part) and task.given is not None:
        _answer(turn, task, task.given, task.payload)
    else:
        _fail(turn, task, errors.QuestionExpired.at(path_of(turn.marking, task), task.visit))


def _answer(turn: Turn, task: Task, label: str | None, payload: object) -> None:
    if label not in (task.site.labels or {None}):
        raise errors.IllegalEvent.told(f"{label!r} is no answer to {task.site.path!r}")
    del turn.marking.live[task.ticket]
    turn.marking.waiting -= 1
    if label is None:
        finish(turn, task, payload)
    else:
        go(turn, task, task.site.labels[label], payload)


def _vote(turn: Turn, vote: Task, label: str | None, error: Exception | None) -> None:
    assert isinstance(vote, Part)
    group = turn.marking.groups[vote.group]
    del turn.marking.live[vote.ticket]
    group.under_way -= 1
    group.votes[vote.index] = label
    if error is not None:
        group.errors[vote.index] = error
    if groups.is_decided(group):
        unwind.end_votes(turn, group)


def _fail(turn: Turn, task: Task, error: Exception, kinds: errors.Kinds | None = None) -> None:
    if task.verb == "poll":
        _vote(turn, task, None, error)
        return
    if task.verb == "wait":
        turn.marking.waiting -= 1
    unwind.fail(turn, task, unwind.trouble_of(turn, task, error, kinds))


def _start(turn: Turn, payload: object, limits: events.Limits) -> None:
    marking = turn.marking
    if marking.frames:
        raise errors.IllegalEvent.told("the run has started already")
    _set_limits(marking, limits)
    frame = Frame(turn.number(), marking.plan, marking.plan.path, None, payload)
    marking.frames[frame.id] = frame
    send(turn, frame, marking.plan.entry, Token(payload, None, None))


def _cancel(turn: Turn, *, undo: bool) -> None:
    marking = turn.marking
    root = next(iter(marking.frames.values()))
    # What began first stays the reason: a run that is going down is not cancelled too.
    if marking.status != "done" and marking.ending is None:
        unwind.take_down(turn, Goal("cancel", root.id, undo=undo))


def _count(turn: Turn, event: events.Spent | events.TimedOut | events.Funded) -> None:
    marking = turn.marking
    match event:
        case events.Spent(tokens, usd):
            marking.spent_tokens += tokens
            marking.known_usd += usd or 0.0
            is_known = usd is not None and marking.spent_usd is not None
            marking.spent_usd = marking.known_usd if is_known else None
            _set_limits(marking, marking.limits)
        case events.TimedOut():
            marking.is_late = True
            marking.steps_max = 0
        case events.Funded(limits):
            marking.is_late = False
            _set_limits(marking, limits)
            held, marking.held = marking.held, ()
            for task in held:
                admit(turn, task)


def _set_limits(marking: Marking, limits: events.Limits) -> None:
    marking.limits = limits
    steps, visits, tokens, usd = limits
    marking.steps_max = UNLIMITED if steps is None else steps
    marking.visits_max = UNLIMITED if visits is None else visits
    is_broke = usd is not None and marking.known_usd >= usd
    if marking.is_late or is_broke or (tokens is not None and marking.spent_tokens >= tokens):
        marking.steps_max = 0


def _settle(turn: Turn) -> list[Command]:
    """Let all tokens of the turn move, then say how the run stands."""
    todo = turn.todo
    while todo or turn.overruns or turn.quorums:
        if todo:
            match todo.popleft():
                case Arrival(frame, way, token, error):
                    arrive(turn, frame, way, token, error)
                case Ended(frame, token):
                    groups.end_child(turn, frame, token)
        elif turn.overruns:
            unwind.overrun(turn, *turn.overruns.pop(0))
        else:
            unwind.quorum(turn, *turn.quorums.pop(0))
    _stand(turn.marking)
    return turn.out


def _stand(marking: Marking) -> None:
    """Say how the run stands when a turn is over."""
    if marking.status in {"done", "failed", "cancelled"}:
        return
    if marking.unwindings or len(marking.live) > marking.waiting:
        marking.status = "running"
    elif marking.ending is not None or marking.held:
        marking.status = "exhausted"
    elif marking.live:
        marking.status = "paused"
    else:
        _be_done(marking)


def _be_done(marking: Marking) -> None:
    """Nothing is under way: then the one token left is at END, or the graph is at fault."""
    root = next(iter(marking.frames.values()))
    if len(marking.frames) == 1 and list(root.tokens) == [(root.plan.sites["END"], 0)]:
        marking.status = "done"
        return
    frames = marking.frames.values()
    resting = [f"{each.path}{site.name}.{place}" for each in frames for site, place in each.tokens]
    what = f"nothing can move any more; tokens rest on {', '.join(resting) or 'no place'}"
    raise errors.Stuck.at(root.plan.graph.name, what)


def _expect(marking: Marking, event: events.Answer) -> Task | None:
    """Return the task that an event answers; None when it is stale."""
    ticket = event.ticket
    task = marking.live.get(ticket)
    if task is None:
        if 0 < ticket < marking.next:
            return None
        raise errors.IllegalEvent.told(f"ticket {ticket} was never given out")
    kind = type(event)
    if kind in _ANSWERS and task.verb not in _ANSWERS[kind]:
        what = f"ticket {ticket} is for {task.verb!r}, which {kind.__name__} does not answer"
        raise errors.IllegalEvent.told(what)
    return task
