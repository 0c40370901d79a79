"""Plays the steps of a walk on the pure machine; what it cannot play is no run."""

from itertools import takewhile

from agentgraph.errors import Step
from agentgraph.graph import FrozenGraph
from agentgraph.machine import (
    Decided,
    Entered,
    Event,
    Failed,
    Finished,
    Listed,
    Marking,
    Started,
    Stopped,
    Task,
    advance,
    make_plan,
    path_of,
)
from agentgraph.testing.tours import Walk

SILENT = {"merge", "into", "leave", "undo"}


def driven(graph: FrozenGraph, walk: Walk) -> Marking:
    """Play all steps; each must name who is at work."""
    marking = Marking(make_plan(graph))
    advance(marking, Started("s"))
    for number, step in enumerate(walk.steps):
        ahead = walk.steps[number:]
        while (event := _silent(marking, ahead)) is not None:
            advance(marking, event)
        at_work = {path_of(marking, task): task for task in marking.live.values()}
        assert step.vertex in at_work, (step, at_work, walk.steps[:number])
        advance(marking, _answer(at_work[step.vertex], step, ahead[1:]))
    while (event := _silent(marking, ())) is not None:
        advance(marking, event)
    return marking


def _silent(marking: Marking, ahead: tuple[Step, ...]) -> Event | None:
    """Find something that no step tells: a merge, or the way into a graph that steps go through."""
    for ticket, task in marking.live.items():
        if ticket in marking.stopping:
            return Stopped(ticket)
        if task.verb in SILENT:
            return Finished(ticket, "x")
        if task.verb == "enter":
            path = path_of(marking, task)
            next_ = next((s.vertex for s in ahead if f"{s.vertex}/".startswith(f"{path}/")), path)
            if next_ != path:
                return Entered(ticket, "x")
    return None


def _answer(task: Task, step: Step, ahead: tuple[Step, ...]) -> Event:
    if step.error:
        error = type(step.error.rpartition(".")[2], (Exception,), {})()
        return Failed(task.ticket, error, (frozenset({step.error, "builtins.Exception"}),))
    match task.verb:
        case "choose":
            return Decided(task.ticket, step.label)
        case "list":
            start = f"{step.vertex}/"
            # Its own items follow at once; others belong to a later visit.
            own = takewhile(lambda s: s.vertex.startswith(start), ahead)
            items = {s.vertex[len(start) :].split("/")[0] for s in own}
            return Listed(task.ticket, tuple(sorted(items, key=int)))
        case _:
            return Finished(task.ticket, "x")
