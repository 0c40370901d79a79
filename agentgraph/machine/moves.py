"""How tokens move: into entries, through forks and joins, to the end; not how work is taken down.

Rules of this file:

1. A turn is the answer to one event. What it starts goes to `out`, in declared order;
   what must still be done in it goes to `todo`, so that nothing recurses.
2. A token is either at rest on a place, or its vertex is at work and holds it.
"""

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from agentgraph.errors import Stuck
from agentgraph.graph import Fork, Line
from agentgraph.machine.commands import MERGE, POLL, RUN, Command, Part, Task, Verb
from agentgraph.machine.marking import Completed, Frame, Group, Log, Marking, Token
from agentgraph.machine.plan import Site, Way

COUNTED: frozenset[Verb] = frozenset({"run", "choose", "poll", "ask", "list", "item"})
"""The verbs that call an agent: each is one step of the budget."""


class Arrival(NamedTuple):
    """A token takes a way; `error` is what a handler at its end is told."""

    frame: Frame
    way: Way
    token: Token
    error: Exception | None = None


class Overrun(NamedTuple):
    """A token met the bound of a loop that has no `then`."""

    frame: Frame
    site: Site
    token: Token


class Ended(NamedTuple):
    """A child frame came to its END."""

    frame: Frame
    token: Token


class Quorum(NamedTuple):
    """Enough branches have reached a join that does not wait for all."""

    frame: Frame
    site: Site


Todo = Arrival | Overrun | Ended


class Turn:
    """One event being answered: the commands so far, and what is still to be done."""

    __slots__ = ("marking", "out", "quorums", "todo")

    def __init__(self, marking: Marking) -> None:
        """Begin with nothing."""
        self.marking = marking
        self.out: list[Command] = []
        self.todo: deque[Todo] = deque()
        self.quorums: list[Quorum] = []
        """Looked at when all tokens of the turn have moved: two arrivals in one turn are a tie."""


def arrive(turn: Turn, frame: Frame, way: Way, token: Token, error: Exception | None) -> None:
    """Put a token on the place that `way` leads to, and let happen what follows at once."""
    marking = turn.marking
    marking.taken[way] = marking.taken.get(way, 0) + 1
    for area in way.enters:
        frame.entered[area] = token
    for site in way.resets:
        frame.counts.pop(site, None)
    site = way.site
    if site.at_most is not None:
        count = frame.counts.get(site, 0) + 1
        if count > site.at_most:
            _pass_by(turn, frame, site, token)
            return
        frame.counts[site] = count
    if site.verb is not None:
        begin(turn, frame, site, token, error)
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


def finish(turn: Turn, task: Task, payload: object) -> None:
    """A vertex has done its work: note what can be undone, and let the token leave."""
    frame = turn.marking.frames[task.frame]
    site = task.site
    log = task.log
    if site.vertex.undo:
        path = frame.path + site.name
        done = Completed(task.ticket, task.frame, site, task.visit, payload, path)
        log = Log(done, (log,))
    send(turn, frame, site, Token(payload, task.line, log))


def begin(
    turn: Turn, frame: Frame, site: Site, token: Token, error: Exception | None = None
) -> None:
    """Start the work of a vertex, with a visit of its own."""
    marking = turn.marking
    visit = frame.visits[site] = frame.visits.get(site, 0) + 1
    task = Task(site.verb or RUN, number(marking), frame.id, site, *token, visit)
    if site.verb is POLL:
        _poll(turn, task)
    elif error is not None:
        admit(turn, Part(task.verb, task.ticket, task, payload=task.payload, given=error))
    else:
        admit(turn, task)


def admit(turn: Turn, task: Task) -> None:
    """Start a task, or hold it while the budget is out. Machine work is never held."""
    marking = turn.marking
    if task.verb in COUNTED:
        if marking.steps >= marking.steps_max or task.visit > marking.visits_max:
            marking.held.append(task)
            return
        marking.steps += 1
    marking.live[task.ticket] = task
    turn.out.append(task)


def number(marking: Marking) -> int:
    """Give out the next ticket."""
    ticket = marking.next
    marking.next = ticket + 1
    return ticket


def merge(turn: Turn, frame: Frame, site: Site, tips: Sequence[tuple[int, Token]]) -> Part:
    """Take the tokens that a join fires with; the task says what is to be merged."""
    tokens = [token for _, token in tips]
    line, origin = _meet(turn.marking, frame, tokens)
    return merging(turn, frame, site, tips, line, origin)


def merging(
    turn: Turn,
    frame: Frame,
    site: Site,
    tips: Sequence[tuple[int, Token]],
    line: Line | None,
    origin: object,
) -> Part:
    """Make the task of merging `tips` (place and token) on the way on to `line`."""
    names = frame.plan.graph.ins[site.name]
    given = tuple((token.payload, token.line, names[place].source) for place, token in tips)
    joined = Token(origin, line, _one_log([token.log for _, token in tips]))
    like = Task(MERGE, 0, frame.id, site, *joined, 1)
    return Part(MERGE, number(turn.marking), like, payload=origin, given=given)


def fire(turn: Turn, frame: Frame, task: Part) -> None:
    """Let a join go on: at once when its branches left one revision, else after a merge."""
    tips = tips_of(task)
    first = tips[0][0]
    if all(tip[0] is first for tip in tips):
        send(turn, frame, task.site, Token(first, task.line, task.log))
        return
    turn.marking.live[task.ticket] = task
    turn.out.append(task)


def tips_of(task: Part) -> tuple[tuple[object, Line | None, str], ...]:
    """Return revision, line and source of each branch that a merge is given."""
    assert isinstance(task.given, tuple)
    return task.given  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]


def _meet(marking: Marking, frame: Frame, tokens: list[Token]) -> tuple[Line | None, object]:
    """Say on which line merged branches go on, and which revision they had in common.

    All branches of one fork go back to the line that forked. Where ways cross, a new
    line remembers those that met, unless nothing else is under way in the frame.
    """
    line = tokens[0].line
    fork = line.fork if line is not None else None
    if fork is not None and fork.width == len(tokens):
        if all(token.line is not None and token.line.fork is fork for token in tokens):
            return fork.parent, fork.origin
    outer = outermost(line)
    origin = tokens[0].payload if outer is None else outer.origin
    if is_idle(marking, frame):
        return None, origin
    return Line(None, tuple(token.line for token in tokens)), origin


def is_idle(marking: Marking, frame: Frame) -> bool:
    """Say whether nothing rests in a frame and nothing is at work in it."""
    return not (
        frame.tokens
        or any(task.frame == frame.id for task in marking.live.values())
        or any(task.frame == frame.id for task in marking.held)
        or any(each.holder and each.holder.frame == frame.id for each in marking.frames.values())
        or any(each.goal.frame == frame.id for each in marking.unwindings.values())
    )


def outermost(line: Line | None) -> Fork | None:
    """Return the outermost fork that a line is a branch of; None on the root line."""
    found: Fork | None = None
    while line is not None:
        if line.fork is None:
            line = line.parents[0]
        else:
            found = line.fork
            line = found.parent
    return found


def _one_log(logs: list[Log | None]) -> Log | None:
    distinct = list(dict.fromkeys(logs))
    return distinct[0] if len(distinct) == 1 else Log(None, tuple(distinct))


def _pass_by(turn: Turn, frame: Frame, site: Site, token: Token) -> None:
    if site.then is not None:
        turn.todo.append(Arrival(frame, site.then, token))
    else:
        turn.todo.append(Overrun(frame, site, token))


def _rest(turn: Turn, frame: Frame, way: Way, token: Token) -> None:
    """Leave a token on a place of a join, and let the join fire when it has enough."""
    site = way.site
    place = (site, way.place)
    if place in frame.tokens:
        raise stuck(frame, f"a second token reached place {way.place} of the join {site.path!r}")
    frame.tokens[place] = token
    full = frame.full[site] = frame.full.get(site, 0) + 1
    if full < site.need:
        return
    if site.vertex.need is not None:
        turn.quorums.append(Quorum(frame, site))
        return
    del frame.full[site]
    tips = [(index, frame.tokens.pop((site, index))) for index in range(site.places)]
    fire(turn, frame, merge(turn, frame, site, tips))


def _end(turn: Turn, frame: Frame, site: Site, token: Token) -> None:
    if (site, 0) in frame.tokens:
        raise stuck(frame, f"a second token reached {site.path!r}")
    frame.tokens[site, 0] = token
    if frame.holder is not None:
        turn.todo.append(Ended(frame, token))


def _poll(turn: Turn, task: Task) -> None:
    """Ask all voters of a consensus at once."""
    marking = turn.marking
    group = Group(number(marking), task, ())
    marking.groups[group.id] = group
    for index in range(len(task.site.vertex.voters)):
        group.under_way += 1
        ticket = number(marking)
        admit(turn, Part(POLL, ticket, task, payload=task.payload, index=index, group=group.id))


def stuck(frame: Frame, what: str) -> Stuck:
    """Make the error of a graph that should never have been built."""
    return Stuck(
        what,
        where=f"graph {frame.plan.graph.name!r}",
        fix="report this with the graph (Workflow.to_json()): verification let it through",
    )
