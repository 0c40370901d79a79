"""How tokens move: into entries, through forks and joins, to the end; not how work is taken down.

Rules of this file:

1. A turn is the answer to one event. What it starts goes to `out`, in declared order;
   what must still be done in it goes to `todo`, so that nothing recurses.
2. A token is either at rest on a place, or its vertex is at work and holds it.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, cast

from agentgraph.errors import Stuck
from agentgraph.graph.line import Fork, Line, Log, outermost
from agentgraph.graph.plan import Site, Way
from agentgraph.machine.commands import Command, Part, Task, Verb, part
from agentgraph.machine.marking import LIST, Completed, Frame, Group, Marking, Token

COUNTED: frozenset[Verb] = frozenset({"run", "choose", "poll", "ask", "list", "item"})
"""The verbs that call an agent: each is one step of the budget."""
_DEQUE = cast("Callable[[], Any]", deque)


class Arrival(NamedTuple):
    """A token takes a way; `error` is what a handler at its end is told."""

    frame: Frame
    way: Way
    token: Token
    error: Exception | None = None


class Ended(NamedTuple):
    """A child frame came to its END."""

    frame: Frame
    token: Token


@dataclass(slots=True)
class Turn:
    """One event being answered: the commands so far, and what is still to be done."""

    marking: Marking
    out: list[Command] = field(default_factory=LIST)
    todo: deque[Arrival | Ended] = field(default_factory=_DEQUE)
    overruns: list[tuple[Frame, Site]] = field(default_factory=LIST)
    """Where tokens met the bound of a loop that has no `then`; looked at when all have moved."""
    quorums: list[tuple[Frame, Site]] = field(default_factory=LIST)
    """Looked at after that: two arrivals in one turn are a tie."""

    def number(self) -> int:
        """Give out the next ticket."""
        ticket = self.marking.next
        self.marking.next = ticket + 1
        return ticket


def arrive(turn: Turn, frame: Frame, way: Way, token: Token, error: Exception | None) -> None:
    """Put a token on the place that `way` leads to, and let happen what follows at once."""
    taken = turn.marking.taken
    taken[way] = taken.get(way, 0) + 1
    for area in way.enters:
        frame.entered[area] = token
    for site in way.resets:
        frame.counts.pop(site, None)
    site = way.site
    if site.at_most is not None:
        count = frame.counts.get(site, 0) + 1
        if count > site.at_most:
            if site.then:
                turn.todo.append(Arrival(frame, site.then, token))
            else:
                frame.tokens[site, 0] = token
                turn.overruns.append((frame, site))
            return
        frame.counts[site] = count
    if site.verb is not None:
        _begin(turn, frame, site, token, error)
    elif site.vertex.kind == "join":
        _rest(turn, frame, way, token)
    elif site.vertex.kind == "end":
        _end(turn, frame, site, token)
    else:
        send(turn, frame, site, token, error)


def send(
    turn: Turn, frame: Frame, site: Site, token: Token, error: Exception | None = None
) -> None:
    """Let a token leave a vertex: along its way, or along all of them when it is a fork."""
    outs = site.outs
    if len(outs) == 1:
        turn.todo.append(Arrival(frame, outs[0], token, error))
        return
    fork = Fork(token.line, token.payload, len(outs))
    for way in outs:
        branch = Token(token.payload, Line(fork), token.log)
        turn.todo.append(Arrival(frame, way, branch, error))


def go(turn: Turn, task: Task, way: Way, payload: object) -> None:
    """Let the token of a choice leave along `way`."""
    frame = turn.marking.frames[task.frame]
    turn.todo.append(Arrival(frame, way, Token(payload, task.line, task.log)))


def finish(turn: Turn, task: Task, payload: object) -> None:
    """A vertex has done its work: note what can be undone, and let the token leave."""
    frame = turn.marking.frames[task.frame]
    site = task.site
    log = task.log
    if site.vertex.undo:
        path, order = frame.path + site.name, (*frame.order, site.index)
        done = Completed(task.ticket, task.frame, site, task.visit, payload, path, order)
        log = Log(done, (log,))
    send(turn, frame, site, Token(payload, task.line, log))


def _begin(turn: Turn, frame: Frame, site: Site, token: Token, error: Exception | None) -> None:
    """Start the work of a vertex, with a visit of its own."""
    visit = frame.visits[site] = frame.visits.get(site, 0) + 1
    assert site.verb is not None
    task = Task(site.verb, turn.number(), frame.id, site, *token, visit)
    if site.verb == "poll":
        _poll(turn, task)
        return
    admit(turn, task if error is None else part(site.verb, task.ticket, task, token.payload, error))


def admit(turn: Turn, task: Task) -> None:
    """Start a task, or hold it while the budget is out. Machine work is never held."""
    marking = turn.marking
    if task.verb in COUNTED:
        if marking.steps >= marking.steps_max or task.visit > marking.visits_max:
            marking.held += (task,)
            return
        marking.steps += 1
    marking.live[task.ticket] = task
    turn.out.append(task)


def joining(
    turn: Turn,
    frame: Frame,
    site: Site,
    tips: Sequence[tuple[int, Token]],
    way: tuple[Line | None, object],
) -> Part:
    """Make the task of merging `tips` (place and token), on a line and from a revision."""
    line, origin = way
    names = frame.plan.graph.ins[site.name]
    given = tuple((token.payload, token.line, names[place].source) for place, token in tips)
    logs = tuple(dict.fromkeys(token.log for _, token in tips))
    log = logs[0] if len(logs) == 1 else Log(None, logs)
    return Part("merge", turn.number(), frame.id, site, origin, line, log, 1, given=given)


def fire(turn: Turn, frame: Frame, task: Part) -> None:
    """Let a join go on: at once when its branches left one revision, else after a merge."""
    first = task.given[0][0]
    if all(tip[0] is first for tip in task.given):
        send(turn, frame, task.site, Token(first, task.line, task.log))
    else:
        admit(turn, task)


def _meet(turn: Turn, frame: Frame, tokens: list[Token]) -> tuple[Line | None, object]:
    """Say on which line merged branches go on, and which revision they had in common.

    All branches of one fork go back to the line that forked. Where ways cross, a new
    line remembers those that met, unless nothing else is under way in the frame.
    """
    line = tokens[0].line
    fork = line.fork if line else None
    if fork and fork.width == len(tokens) and all(t.line and t.line.fork is fork for t in tokens):
        return fork.parent, fork.origin
    outer = outermost(line)
    origin = tokens[0].payload if outer is None else outer.origin
    if is_idle(turn, frame):
        return None, origin
    return Line(None, tuple(token.line for token in tokens)), origin


def is_idle(turn: Turn, frame: Frame) -> bool:
    """Say whether nothing rests in a frame, is at work in it, or is on its way."""
    marking, id_ = turn.marking, frame.id
    return not (
        frame.tokens
        or any(each.frame is frame for each in turn.todo)
        or any(task.frame == id_ for task in marking.live.values())
        or any(task.frame == id_ for task in marking.held)
        or any(each.holder and each.holder.frame == id_ for each in marking.frames.values())
        or any(each.goal.frame == id_ for each in marking.unwindings.values())
    )


def _rest(turn: Turn, frame: Frame, way: Way, token: Token) -> None:
    """Leave a token on a place of a join, and let the join fire when it has enough."""
    site = way.site
    if (site, way.place) in frame.tokens:
        what = f"a second token reached place {way.place} of the join {site.path!r}"
        raise Stuck.at(frame.plan.graph.name, what)
    frame.tokens[site, way.place] = token
    full = frame.full[site] = frame.full.get(site, 0) + 1
    if full < site.need:
        return
    if site.vertex.need is not None:
        turn.quorums.append((frame, site))
        return
    del frame.full[site]
    tokens = [frame.tokens.pop((site, index)) for index in range(site.places)]
    way_on = _meet(turn, frame, tokens)
    fire(turn, frame, joining(turn, frame, site, list(enumerate(tokens)), way_on))


def _end(turn: Turn, frame: Frame, site: Site, token: Token) -> None:
    if (site, 0) in frame.tokens:
        raise Stuck.at(frame.plan.graph.name, f"a second token reached {site.path!r}")
    frame.tokens[site, 0] = token
    if frame.holder is not None:
        turn.todo.append(Ended(frame, token))


def _poll(turn: Turn, task: Task) -> None:
    """Ask all voters of a consensus at once."""
    group = Group(turn.number(), task)
    turn.marking.groups[group.id] = group
    for _ in task.site.vertex.voters:
        admit(turn, member(turn, "poll", group, task.payload))


def member(turn: Turn, verb: Verb, group: Group, payload: object) -> Part:
    """Make the next item or vote of a group."""
    made = part(verb, turn.number(), group.task, payload)
    made.index, made.group = group.next, group.id
    group.next += 1
    group.under_way += 1
    return made
