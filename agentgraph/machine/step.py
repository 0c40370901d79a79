"""The transition function: marking + event -> marking + commands.

Rules of this file:

1. Everything that decides what happens next lives in this package, and only here.
2. No clock, no randomness, no I/O, no user code, no look inside the state. The same
   marking and event give the same answer on every machine, for ever.
3. A ticket that is spent makes an event stale: it is ignored. A ticket that was never
   given out, or for other work, makes it illegal: that is raised.
"""

from collections.abc import Iterable

from agentgraph.errors import Abstained, IllegalEvent, JournalDiffers, QuestionExpired
from agentgraph.machine.commands import (
    ASK,
    CHOOSE,
    ENTER,
    INTO,
    ITEM,
    LEAVE,
    LIST,
    MERGE,
    POLL,
    RUN,
    UNDO,
    WAIT,
    Command,
    Part,
    Task,
    Verb,
)
from agentgraph.machine.events import (
    Answered,
    Asked,
    Cancelled,
    Decided,
    Entered,
    Event,
    Expired,
    Failed,
    Finished,
    Funded,
    Limits,
    Listed,
    Spent,
    Started,
    Stopped,
    TimedOut,
)
from agentgraph.machine.groups import (
    count_vote,
    end_child,
    end_item,
    inside,
    is_decided,
    list_items,
    open_frame,
)
from agentgraph.machine.marking import (
    UNLIMITED,
    Frame,
    Goal,
    Marking,
    Token,
    Trouble,
    path_of,
)
from agentgraph.machine.moves import (
    Arrival,
    Ended,
    Overrun,
    Turn,
    admit,
    arrive,
    finish,
    is_idle,
    number,
    send,
    stuck,
)
from agentgraph.machine.plan import Plan, Way
from agentgraph.machine.unwind import (
    end_votes,
    fail,
    has_stopped,
    has_undone,
    kinds_of,
    overrun,
    quorum,
    take_down,
)

Commands = list[Command]
_FINISHED: frozenset[Verb] = frozenset({RUN, ITEM, INTO, LEAVE, MERGE, UNDO})
_DECIDED: frozenset[Verb] = frozenset({CHOOSE, POLL})


def step(marking: Marking, event: Event) -> tuple[Marking, Commands]:
    """Say what `event` changes and what the driver must do now; `marking` stays as it is."""
    after = marking.copy()
    return after, advance(after, event)


def advance(marking: Marking, event: Event) -> Commands:
    """Change `marking` by `event`, and return what the driver must do now.

    Raises `IllegalEvent` when the event cannot have happened; it is then not taken.
    """
    turn = Turn(marking)
    match event:
        case Finished(ticket, payload):
            return finished(marking, ticket, payload)
        case Decided(ticket, label, confidence):
            return decided(marking, ticket, label, confidence)
        case Started(payload, limits):
            _started(turn, payload, limits)
        case Failed(ticket, error, kinds):
            _failed(turn, ticket, error, kinds)
        case Stopped(ticket):
            _stopped(turn, ticket)
        case Listed(ticket, items):
            _listed(turn, ticket, items)
        case Entered(ticket, payload):
            _entered(turn, ticket, payload)
        case Asked() | Answered() | Expired():
            _questioned(turn, event)
        case Cancelled(undo):
            _cancelled(turn, undo=undo)
        case Spent() | TimedOut() | Funded():
            _budgeted(turn, event)
    return _settle(turn)


def replay(plan: Plan, journal: Iterable[Event]) -> Marking:
    """Return the marking to which a journal leads. Raises `JournalDiffers`."""
    marking = Marking(plan)
    for index, event in enumerate(journal):
        try:
            advance(marking, event)
        except IllegalEvent as error:
            raise JournalDiffers(
                f"event {index} of the journal does not fit: {error.what}",
                where=f"graph {plan.graph.name!r}, {type(event).__name__}",
                fix="replay it on the graph that wrote it (compare the digests)",
            ) from error
    return marking


def finished(marking: Marking, ticket: int, payload: object) -> Commands:
    """Take `Finished` as plain arguments: the hot path of a driver."""
    task = marking.live.get(ticket)
    if task is not None and not marking.stopping and task.verb is RUN:
        way = task.site.only
        if way is not None:
            del marking.live[ticket]
            again = _straight_on(marking, task, way, payload)
            if again is not None:
                return [again]
            turn = Turn(marking)
            token = Token(payload, task.line, task.log)
            turn.todo.append(Arrival(marking.frames[task.frame], way, token))
            return _settle(turn)
    return _finished(marking, ticket, payload)


def decided(marking: Marking, ticket: int, label: str | None, confidence: float = 1.0) -> Commands:
    """Take `Decided` as plain arguments: the hot path of a driver."""
    task = marking.live.get(ticket)
    if task is not None and not marking.stopping and task.verb is CHOOSE:
        site = task.site
        if label is not None and confidence >= site.vertex.at_least:
            way = site.labels.get(label)
            if way is not None:
                del marking.live[ticket]
                again = _straight_on(marking, task, way, task.payload)
                if again is not None:
                    return [again]
                turn = Turn(marking)
                token = Token(task.payload, task.line, task.log)
                turn.todo.append(Arrival(marking.frames[task.frame], way, token))
                return _settle(turn)
    return _decided(marking, ticket, label, confidence)


def _straight_on(marking: Marking, task: Task, way: Way, payload: object) -> Task | None:
    """Start the next node or classifier at once, where nothing but a count can be in the way."""
    site = way.site
    verb = site.verb
    if (verb is not RUN and verb is not CHOOSE) or way.enters or way.resets:
        return None
    if marking.steps >= marking.steps_max or marking.visits_max is not UNLIMITED:
        return None
    frame = marking.frames[task.frame]
    if site.at_most is not None:
        count = frame.counts.get(site, 0) + 1
        if count > site.at_most:
            return None
        frame.counts[site] = count
    marking.taken[way] = marking.taken.get(way, 0) + 1
    marking.steps += 1
    visit = frame.visits.get(site, 0) + 1
    frame.visits[site] = visit
    ticket = marking.next
    marking.next = ticket + 1
    again = Task(verb, ticket, task.frame, site, payload, task.line, task.log, visit)
    marking.live[ticket] = again
    return again


def _finished(marking: Marking, ticket: int, payload: object) -> Commands:
    task = _expect(marking, ticket, _FINISHED, "Finished")
    if task is None:
        return []
    turn = Turn(marking)
    if isinstance(task, Part) and task.verb == UNDO:
        has_undone(turn, task, payload)
    elif ticket in marking.stopping:
        has_stopped(turn, task)
    else:
        del marking.live[ticket]
        if isinstance(task, Part) and task.verb == ITEM:
            end_item(turn, task, payload)
        elif task.verb == MERGE:
            send(turn, marking.frames[task.frame], task.site, _token(task, payload))
        else:
            finish(turn, task, payload)
    return _settle(turn)


def _decided(marking: Marking, ticket: int, label: str | None, confidence: float) -> Commands:
    task = _expect(marking, ticket, _DECIDED, "Decided")
    if task is None:
        return []
    if label is not None and label not in task.site.labels:
        known = ", ".join(map(repr, task.site.labels))
        raise _illegal(f"{label!r} is no label of {task.site.path!r} (it has {known})")
    turn = Turn(marking)
    if ticket in marking.stopping:
        has_stopped(turn, task)
    elif isinstance(task, Part) and task.verb == POLL:
        _voted(turn, task, label, None)
    elif label is not None and confidence >= task.site.vertex.at_least:
        del marking.live[ticket]
        _go(turn, task, task.site.labels[label], task.payload)
    elif task.site.unsure is not None:
        del marking.live[ticket]
        _go(turn, task, task.site.unsure, task.payload)
    else:
        error = _abstained(marking, task)
        fail(turn, task, error, kinds_of(error))
    return _settle(turn)


def _voted(turn: Turn, part: Part, label: str | None, trouble: Trouble | None) -> None:
    group = turn.marking.groups[part.group]
    del turn.marking.live[part.ticket]
    count_vote(group, part, label, trouble)
    if is_decided(group):
        end_votes(turn, group)


def _go(turn: Turn, task: Task, way: Way, payload: object) -> None:
    frame = turn.marking.frames[task.frame]
    turn.todo.append(Arrival(frame, way, _token(task, payload)))


def _token(task: Task, payload: object) -> Token:
    return Token(payload, task.line, task.log)


def _started(turn: Turn, payload: object, limits: Limits) -> None:
    marking = turn.marking
    if marking.frames or marking.status != "running":
        raise _illegal("the run has started already")
    _set_limits(marking, limits)
    frame = Frame(number(marking), marking.plan, marking.plan.path, None, payload)
    marking.frames[frame.id] = frame
    send(turn, frame, marking.plan.entry, Token(payload, None, None))


def _failed(turn: Turn, ticket: int, error: Exception, kinds: tuple[str, ...]) -> None:
    marking = turn.marking
    task = _expect(marking, ticket, None, "Failed")
    if task is None:
        return
    order = (task.site.index, task.index if isinstance(task, Part) else 0)
    trouble = Trouble(error, kinds, order, path_of(marking, task))
    if isinstance(task, Part) and task.verb == UNDO:
        has_undone(turn, task, task.payload, trouble)
    elif ticket in marking.stopping:
        has_stopped(turn, task, trouble)
    elif isinstance(task, Part) and task.verb == POLL:
        _voted(turn, task, None, trouble)
    else:
        if task.verb == WAIT:
            marking.waiting -= 1
        fail(turn, task, error, kinds)


def _stopped(turn: Turn, ticket: int) -> None:
    marking = turn.marking
    task = _expect(marking, ticket, None, "Stopped")
    if task is None:
        return
    if ticket not in marking.stopping:
        raise _illegal(f"nobody has cancelled the work of ticket {ticket}")
    if isinstance(task, Part) and task.verb == UNDO:
        has_undone(turn, task, task.payload)
    else:
        has_stopped(turn, task)


def _listed(turn: Turn, ticket: int, items: tuple[object, ...]) -> None:
    task = _expect(turn.marking, ticket, frozenset({LIST}), "Listed")
    if task is None:
        return
    if ticket in turn.marking.stopping:
        has_stopped(turn, task)
        return
    del turn.marking.live[ticket]
    list_items(turn, task, items)


def _entered(turn: Turn, ticket: int, payload: object) -> None:
    task = _expect(turn.marking, ticket, frozenset({ENTER}), "Entered")
    if task is None:
        return
    if ticket in turn.marking.stopping:
        has_stopped(turn, task)
        return
    del turn.marking.live[ticket]
    open_frame(turn, inside(task, number(turn.marking)), payload)


def _questioned(turn: Turn, event: Asked | Answered | Expired) -> None:
    """A question is put, answered, or not answered in time."""
    marking = turn.marking
    verb: Verb = ASK if isinstance(event, Asked) else WAIT
    task = _expect(marking, event.ticket, frozenset({verb}), type(event).__name__)
    if task is None:
        return
    if event.ticket in marking.stopping:
        has_stopped(turn, task)
        return
    if isinstance(event, Asked):
        del marking.live[event.ticket]
        wait = Part(WAIT, number(marking), task, payload=task.payload, given=event.on_timeout)
        marking.waiting += 1
        admit(turn, wait)
        return
    if isinstance(event, Answered):
        _answer(turn, task, event.label, event.payload)
    elif isinstance(task, Part) and isinstance(task.given, str):
        _answer(turn, task, task.given, task.payload)
    else:
        marking.waiting -= 1
        error = _expired(marking, task)
        fail(turn, task, error, kinds_of(error))


def _answer(turn: Turn, task: Task, label: str | None, payload: object) -> None:
    marking = turn.marking
    site = task.site
    if label is not None and label not in site.labels:
        raise _illegal(f"{label!r} is no answer to {site.path!r}")
    del marking.live[task.ticket]
    marking.waiting -= 1
    if label is None:
        finish(turn, task, payload)
    else:
        _go(turn, task, site.labels[label], payload)


def _cancelled(turn: Turn, *, undo: bool) -> None:
    marking = turn.marking
    root = next(iter(marking.frames.values()))
    ends = {"fail", "cancel", "exhaust"}
    is_over = marking.status in {"done", "failed", "cancelled"} or marking.ending is not None
    # What began first stays the reason: a run that is going down is not cancelled too.
    if not is_over and all(each.goal.kind not in ends for each in marking.unwindings.values()):
        take_down(turn, Goal("cancel", root.id, undo=undo))


def _budgeted(turn: Turn, event: Spent | TimedOut | Funded) -> None:
    marking = turn.marking
    match event:
        case Spent(tokens, usd):
            marking.spent_tokens += tokens
            known = marking.spent_usd
            marking.spent_usd = None if usd is None or known is None else known + usd
            _set_limits(marking, marking.limits)
        case TimedOut():
            marking.steps_max = 0
        case Funded(limits):
            _set_limits(marking, limits)
            held, marking.held = marking.held, []
            for task in held:
                admit(turn, task)


def _set_limits(marking: Marking, limits: Limits) -> None:
    marking.limits = limits
    steps, visits, tokens, usd = limits
    marking.steps_max = UNLIMITED if steps is None else steps
    marking.visits_max = UNLIMITED if visits is None else visits
    is_broke = usd is not None and marking.spent_usd is not None and marking.spent_usd >= usd
    if is_broke or (tokens is not None and marking.spent_tokens >= tokens):
        marking.steps_max = 0


def _settle(turn: Turn) -> Commands:
    """Let all tokens of the turn move, then say how the run stands."""
    todo = turn.todo
    while todo or turn.quorums:
        if not todo:
            quorum(turn, turn.quorums.pop(0))
            continue
        match todo.popleft():
            case Arrival(frame, way, token, error):
                arrive(turn, frame, way, token, error)
            case Ended(frame, token):
                frame.tokens.clear()
                if not is_idle(turn.marking, frame):
                    raise stuck(frame, "END was reached while other branches were under way")
                end_child(turn, frame, token)
            case Overrun() as event:
                overrun(turn, event)
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
    resting = ", ".join(
        f"place {place} of {frame.path + site.name!r}"
        for frame in marking.frames.values()
        for site, place in frame.tokens
    )
    raise stuck(root, f"nothing can move any more; tokens rest on {resting or 'no place'}")


def _expect(
    marking: Marking, ticket: int, verbs: frozenset[Verb] | None, event: str
) -> Task | None:
    """Return the task that an event answers; None when it is stale."""
    task = marking.live.get(ticket)
    if task is None:
        if 0 < ticket < marking.next:
            return None
        raise _illegal(f"ticket {ticket} was never given out")
    if verbs is not None and task.verb not in verbs:
        raise _illegal(f"ticket {ticket} is for {task.verb!r}, which {event} does not answer")
    return task


def _illegal(what: str) -> IllegalEvent:
    return IllegalEvent(what, where="the machine", fix="report this with the journal of the run")


def _abstained(marking: Marking, task: Task) -> Abstained:
    path = path_of(marking, task)
    return Abstained(
        f"classifier {path!r} gave no label that it was sure of",
        where=f"classifier {path!r}, visit {task.visit}",
        fix="give its route an `unsure=`",
    )


def _expired(marking: Marking, task: Task) -> QuestionExpired:
    path = path_of(marking, task)
    return QuestionExpired(
        f"nobody answered {path!r} in time",
        where=f"question {path!r}, visit {task.visit}",
        fix="give its Ask an `on_timeout`, or catch TimeoutError",
    )
