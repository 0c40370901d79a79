"""The journal of a run as text, one line a fact: where, what, and what it left."""

from collections.abc import Mapping
from typing import cast

from pydantic import BaseModel

from agentgraph.events import Result
from agentgraph.machine import (
    Answered,
    Asked,
    Decided,
    Entered,
    Event,
    Expired,
    Failed,
    Finished,
    Limits,
    Listed,
    Marking,
    Started,
    Stopped,
    Task,
    advance,
    path_of,
)
from agentgraph.runtime import Program
from agentgraph.runtime.program import Job
from agentgraph.state import Revision, Schema, schema_of

WHERE = 28


def written(program: Program, journal: list[Event], result: Result[BaseModel]) -> str:
    """Write the facts of a run, and how it came out."""
    marking = Marking(program.plan)
    schema = schema_of(program.model)
    lines: list[str] = []
    for fact in journal:
        task = marking.live.get(getattr(fact, "ticket", 0))
        where = "" if task is None else _where(marking, task)
        lines.append(f"  {where:{WHERE}}{_what(fact, task, schema)}".rstrip())
        advance(marking, fact)
    return "\n".join([*lines, *_ending(result)])


def _where(marking: Marking, task: Task) -> str:
    path = path_of(marking, task)
    attempt = f" attempt {task.attempt}" if task.attempt > 1 else ""
    verb = "" if task.verb in {"run", "choose", "poll", "item"} else f" {task.verb}"
    return f"{path}{verb}{attempt}"


def _what(fact: Event, task: Task | None, schema: Schema[BaseModel]) -> str:
    match fact:
        case Started(payload, limits):
            return f"starts with {_begun(schema, payload)}{_limits(limits)}"
        case Finished(_, payload):
            return f"leaves {_left(payload, task)}"
        case Decided(_, label, confidence):
            return f"says {label or 'nothing'}" + (f" {confidence}" if confidence < 1 else "")
        case Failed(_, error, _):
            return f"fails: {type(error).__name__}: {error}"
        case Listed(_, items):
            return f"lists {list(items)}"
        case Entered(_, payload):
            child = None if task is None else cast("Job", task.site.handle).child
            return f"begins with {_begun(child or schema, payload)}"
        case _:
            return _asked(fact)


def _asked(fact: Event) -> str:
    match fact:
        case Asked(_, on_timeout):
            return f"is asked, silence means {on_timeout}"
        case Answered(_, label, _):
            return f"is answered {label}"
        case Expired():
            return "has waited too long"
        case Stopped():
            return "has stopped"
        case _:
            return repr(fact)


def _begun(schema: Schema[BaseModel], payload: object) -> str:
    state = schema.final(cast("Revision", payload))
    return _shown(state.model_dump(exclude_unset=True))


def _left(payload: object, task: Task | None) -> str:
    if not isinstance(payload, Revision) or task is None:
        return repr(payload)
    schema = cast("Job", task.site.handle).schema
    return _shown(schema.changed(payload))


def _shown(values: Mapping[str, object]) -> str:
    return ", ".join(f"{name}={value!r}" for name, value in sorted(values.items())) or "nothing"


def _limits(limits: Limits) -> str:
    given = {name: value for name, value in limits._asdict().items() if value is not None}
    return f", may use {given}" if given else ""


def _ending(result: Result[BaseModel]) -> list[str]:
    errors = [f"  error {type(each).__name__}: {each}" for each in result.errors]
    asked = [
        f"  open  {each.id}: {each.show!r}, one of {list(each.answers)}"
        for each in result.questions
    ]
    return [
        f"  {result.status}: {result.state!r}",
        f"  path  {', '.join(result.path)}",
        f"  steps {result.usage.steps}",
        *errors,
        *asked,
    ]
