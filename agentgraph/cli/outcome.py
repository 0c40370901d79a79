"""What came of one run, as far as a command prints it; not how it is printed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from agentgraph.cli.inputs import Record
from agentgraph.errors import AgentGraphError
from agentgraph.events import Decision, OpenQuestion, Result

_NAMES = ("id", "key", "name")
_TEXTS = ("text", "question", "prompt", "message", "title", "topic")


@dataclass(frozen=True, slots=True)
class Outcome:
    """One run: what it was given, how it ended, and which way it went; not its state.

    There may be many, and all are kept.
    """

    number: int
    name: str
    text: str
    status: str
    path: tuple[str, ...] = ()
    decisions: tuple[Decision, ...] = ()
    error: AgentGraphError | None = None
    questions: tuple[OpenQuestion, ...] = ()
    stop: str = ""
    """Where the run failed or waits: `billing failed`, `approve asks`."""


def refused(record: Record, error: AgentGraphError) -> Outcome:
    """Return what came of an input that is none."""
    return Outcome(record.number, *_title(record), "invalid", error=error)


def outcome_of(record: Record, result: Result[BaseModel], error: AgentGraphError | None) -> Outcome:
    """Return what came of a run."""
    name, text = _title(record)
    told = result.path, result.decisions, error, result.questions, _stop(result)
    return Outcome(record.number, name, text, result.status, *told)


def _stop(result: Result[BaseModel]) -> str:
    if result.status == "paused":
        return f"{', '.join(question.node for question in result.questions)} asks"
    if result.status == "failed":
        return f"{result.fatal.node} failed" if result.fatal else "failed"
    return ""


def _title(record: Record) -> tuple[str, str]:
    """Return the name of an input, else its line, and the text that people know it by."""
    fields = record.fields
    name = _first(fields, _NAMES) or str(record.number)
    return name, _first(fields, [*_TEXTS, *(one for one in fields if one not in _NAMES)])


def _first(fields: Mapping[str, object], names: Iterable[str]) -> str:
    for name in names:
        value = fields.get(name)
        if isinstance(value, str) and value.strip():
            return value
        if isinstance(value, int) and name in _NAMES:
            return str(value)
    return ""
