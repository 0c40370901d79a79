"""What one vertex does in several parts: items, votes, child graphs; not their failure."""

from collections import Counter

from agentgraph.errors import Stuck
from agentgraph.graph.line import Log
from agentgraph.machine.commands import Chosen, Part, Task, part
from agentgraph.machine.marking import Frame, Group, History, Marking, Scope, Token, path_of
from agentgraph.machine.moves import Turn, admit, is_idle, member, send


def list_items(turn: Turn, task: Task, items: tuple[object, ...]) -> None:
    """Begin with the items of an `each`; without any its results are an empty list."""
    group = Group(turn.number(), task, items)
    turn.marking.groups[group.id] = group
    _go_on(turn, group)


def end_item(turn: Turn, item: Part, result: object, log: History | None = None) -> None:
    """Keep the result of an item, and begin the next one, or hand all of them over."""
    group = turn.marking.groups[item.group]
    group.results[item.index] = result
    group.under_way -= 1
    if log is not None:
        group.logs[item.index] = log
    _go_on(turn, group)


def _go_on(turn: Turn, group: Group) -> None:
    items = group.given
    limit = group.task.site.vertex.limit
    while group.next < len(items) and group.under_way < limit:
        item = member(turn, "item", group, items[group.next])
        if item.site.inner is None:
            admit(turn, item)
        else:
            open_frame(turn, item, item.payload)
    if len(group.results) == len(items):
        _hand_over(turn, group)


def _hand_over(turn: Turn, group: Group) -> None:
    del turn.marking.groups[group.id]
    task = group.task
    results = tuple(group.results[index] for index in range(len(group.given)))
    into = part("into", turn.number(), task, task.payload, results)
    if group.logs:
        into.log = Log(None, tuple(group.logs[index] for index in sorted(group.logs)))
    admit(turn, into)


def enter(turn: Turn, task: Task, payload: object) -> None:
    """Begin the graph inside a subgraph vertex."""
    holder = part("inside", turn.number(), task, task.payload)
    holder.attempt = task.attempt
    open_frame(turn, holder, payload)


def open_frame(turn: Turn, holder: Task, payload: object) -> None:
    """Begin the graph inside a vertex, with a state of its own."""
    marking = turn.marking
    plan = holder.site.inner
    assert plan is not None
    item = holder.index if isinstance(holder, Part) else 0
    order = (*marking.frames[holder.frame].order, holder.site.index, item)
    frame = Frame(turn.number(), plan, f"{path_of(marking, holder)}/", holder, payload, order)
    marking.frames[frame.id] = frame
    send(turn, frame, plan.entry, Token(payload, None, holder.log))


def end_child(turn: Turn, frame: Frame, token: Token) -> None:
    """A child graph is done: give its final state to the item or vertex that holds it."""
    frame.tokens.pop((frame.plan.sites["END"], 0), None)
    if not is_idle(turn, frame):
        what = "END was reached while other branches were under way"
        raise Stuck.at(frame.plan.graph.name, what)
    close_frame(turn.marking, frame)
    holder = frame.holder
    assert isinstance(holder, Part)
    has_undos = token.log is not holder.log
    log = Log(Scope(frame.id, token.payload), (token.log,)) if has_undos else None
    if holder.verb == "item":
        end_item(turn, holder, token.payload, log)
        return
    leave = part("leave", turn.number(), holder, holder.payload, token.payload)
    if log is not None:
        leave.log = log
    admit(turn, leave)


def close_frame(marking: Marking, frame: Frame) -> None:
    """Forget a frame; the visits of its vertices count on."""
    for site, visits in frame.visits.items():
        marking.visited[site] = marking.visited.get(site, 0) + visits
    marking.frames.pop(frame.id, None)


def is_decided(group: Group) -> bool:
    """Say whether the votes that are still out can no longer change anything."""
    most = max(_tally(group).values(), default=0)
    need = _need(group)
    return most >= need or most + group.under_way < need


def _need(group: Group) -> int:
    vertex = group.task.site.vertex
    return vertex.need or len(vertex.voters)


def _tally(group: Group) -> Counter[str]:
    return Counter(label for label in group.votes.values() if label is not None)


def chosen(marking: Marking, group: Group) -> Chosen:
    """Say what a consensus came to, with the vote of each voter that answered."""
    site = group.task.site
    need = _need(group)
    winner = next((label for label, votes in _tally(group).items() if votes >= need), None)
    votes = ((site.vertex.voters[index], label) for index, label in sorted(group.votes.items()))
    return Chosen(site, path_of(marking, group.task), winner, tuple(votes))
