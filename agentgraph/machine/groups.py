"""What one vertex does in several parts: items of an `each`, votes, child graphs; not their failure."""

from collections import Counter

from agentgraph.graph import Line
from agentgraph.machine.commands import INSIDE, INTO, ITEM, LEAVE, Chosen, Part, Task
from agentgraph.machine.marking import (
    Frame,
    Group,
    Log,
    Marking,
    Scope,
    Token,
    Trouble,
    path_of,
)
from agentgraph.machine.moves import Turn, admit, number, send
from agentgraph.machine.plan import Way


def list_items(turn: Turn, task: Task, items: tuple[object, ...]) -> None:
    """Begin with the items of an `each`; without any its results are an empty list."""
    marking = turn.marking
    group = Group(number(marking), task, items)
    marking.groups[group.id] = group
    _go_on(turn, group)


def end_item(turn: Turn, part: Part, result: object, log: Log | None = None) -> None:
    """Keep the result of an item, and begin the next one, or hand all of them over."""
    group = turn.marking.groups[part.group]
    group.results[part.index] = result
    group.under_way -= 1
    if log is not None:
        group.logs[part.index] = log
    _go_on(turn, group)


def _go_on(turn: Turn, group: Group) -> None:
    items = group.given
    limit = group.task.site.vertex.limit
    while group.next < len(items) and group.under_way < limit:
        index = group.next
        group.next += 1
        group.under_way += 1
        item = Part(
            ITEM,
            number(turn.marking),
            group.task,
            payload=items[index],
            index=index,
            group=group.id,
        )
        begin_item(turn, item)
    if len(group.results) == len(items):
        _hand_over(turn, group)


def begin_item(turn: Turn, part: Part) -> None:
    """Run the function of an `each` on one item, or the graph inside it."""
    if part.site.inner is None:
        admit(turn, part)
    else:
        open_frame(turn, part, part.payload)


def _hand_over(turn: Turn, group: Group) -> None:
    marking = turn.marking
    del marking.groups[group.id]
    task = group.task
    results = tuple(group.results[index] for index in range(len(group.given)))
    logs = [group.logs[index] for index in sorted(group.logs)]
    like = _after(task, Log(None, (task.log, *logs)) if logs else task.log)
    part = Part(INTO, number(marking), like, payload=task.payload, given=results)
    admit(turn, part)


def open_frame(turn: Turn, holder: Part, payload: object) -> None:
    """Begin the graph inside a vertex, with a state of its own."""
    marking = turn.marking
    plan = holder.site.inner
    assert plan is not None
    path = f"{path_of(marking, holder)}/"
    frame = Frame(number(marking), plan, path, holder, payload)
    marking.frames[frame.id] = frame
    send(turn, frame, plan.entry, Token(payload, None, None))


def inside(task: Task, ticket: int) -> Part:
    """Make the record of a subgraph that runs."""
    attempt = task.attempt
    return Part(INSIDE, ticket, task, payload=task.payload, attempt=attempt)


def end_child(turn: Turn, frame: Frame, token: Token) -> None:
    """A child graph is done: give its final state to the item or vertex that holds it."""
    marking = turn.marking
    close_frame(marking, frame)
    holder = frame.holder
    assert isinstance(holder, Part)
    log = token.log and Log(Scope(frame.id, token.payload), (token.log,))
    if holder.verb == ITEM:
        end_item(turn, holder, token.payload, log)
        return
    like = _after(holder, Log(None, (holder.log, log)) if log else holder.log)
    part = Part(LEAVE, number(marking), like, payload=holder.payload, given=token.payload)
    admit(turn, part)


def close_frame(marking: Marking, frame: Frame) -> None:
    """Forget a frame; the visits of its vertices count on."""
    for site, visits in frame.visits.items():
        marking.visited[site] = marking.visited.get(site, 0) + visits
    marking.frames.pop(frame.id, None)


def _after(task: Task, log: Log | None) -> Task:
    line: Line | None = task.line
    return Task(
        task.verb, 0, task.frame, task.site, task.payload, line, log, task.visit, task.attempt
    )


def count_vote(group: Group, part: Part, label: str | None, trouble: Trouble | None) -> None:
    """Note the answer of a voter; to abstain or to fail is a vote for nothing."""
    group.under_way -= 1
    group.votes[part.index] = label
    if trouble is not None:
        group.errors[part.index] = trouble.error


def is_decided(group: Group) -> bool:
    """Say whether the votes that are still out can no longer change anything."""
    most = max(_tally(group).values(), default=0)
    need = _need(group)
    return most >= need or most + group.under_way < need


def winner(group: Group) -> str | None:
    """Return the label that has the votes it needs; None when no label can get them."""
    need = _need(group)
    return next((label for label, votes in _tally(group).items() if votes >= need), None)


def _need(group: Group) -> int:
    vertex = group.task.site.vertex
    return vertex.need or len(vertex.voters)


def _tally(group: Group) -> Counter[str]:
    return Counter(label for label in group.votes.values() if label is not None)


def way_of_votes(group: Group) -> Way | None:
    """Return the way that the votes choose: a label's, or `unsure`, or none."""
    site = group.task.site
    label = winner(group)
    return site.unsure if label is None else site.labels[label]


def chosen(marking: Marking, group: Group) -> Chosen:
    """Say what a consensus came to, with the vote of each voter that answered."""
    voters = group.task.site.vertex.voters
    votes = tuple((voters[index], label) for index, label in sorted(group.votes.items()))
    return Chosen(group.task.site, path_of(marking, group.task), winner(group), votes)
