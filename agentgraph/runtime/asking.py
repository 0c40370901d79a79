"""Opens the questions of a run and takes their answers; who finds which question is the desk's."""

from collections.abc import Callable, Mapping
from functools import partial

from agentgraph.events import Asked, NodeDone
from agentgraph.machine import Answered, Event, Expired, Failed, Task, kinds_of, visit_of
from agentgraph.runtime.desk import Waiting, fact_of
from agentgraph.runtime.session import Session

Feed = Callable[[Event], object]
"""Tells the machine a fact from outside."""


def open_question(session: Session, feed: Feed, task: Task) -> None:
    """Put a question on the desk, with the alarm of its deadline."""
    name = visit_of(session.marking, task, with_attempts=True)
    waiting = session.desk.open(name, session.place(task), task)
    timeout = waiting.ask.timeout
    if timeout is not None:
        due = session.clock.time() + timeout.total_seconds()
        waiting.alarm = session.clock.call_at(due, partial(_expire, session, feed, waiting))
    if session.stream is not None:
        session.stream.put(Asked(waiting.path, waiting.id, waiting.ask.show))


def take_answer(
    session: Session,
    feed: Feed,
    waiting: Waiting,
    value: object,
    edits: Mapping[str, object] | None,
) -> None:
    """Take a question off the desk, and let the run go on. Raises `AnswerRefused`."""
    session.wake()
    fact = fact_of(waiting, value, edits)
    _note(session, waiting, fact)
    feed(fact)
    session.desk.close(waiting, value)


def _note(session: Session, waiting: Waiting, fact: Answered) -> None:
    task = waiting.task
    path = waiting.path
    if fact.label is None:
        session.path.append(path)
    else:
        session.chose(task.site, path, fact.label)
    if session.stream is not None and fact.payload is not task.payload:
        changed = waiting.job.schema.changed(fact.payload)  # type: ignore[arg-type]  # opaque
        session.stream.put(NodeDone(path, changed, task.attempt, task.visit))


def _expire(session: Session, feed: Feed, waiting: Waiting) -> None:
    """Nobody answered in time: what the question said of this case is the answer."""
    session.wake()
    ticket = waiting.task.ticket
    timely = waiting.ask.on_timeout
    if timely is None:
        feed(Expired(ticket))
        session.desk.forget(waiting)
        return
    try:
        fact = fact_of(waiting, timely)
    except Exception as error:  # noqa: BLE001 - the `save` of a form is the user's
        feed(Failed(ticket, error, kinds_of(error)))
    else:
        _note(session, waiting, fact)
        feed(Expired(ticket) if fact.label is not None else fact)
    session.desk.close(waiting, timely)
