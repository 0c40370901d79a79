"""A run as JSON Lines: its events with their times, and the ways that its tokens took; no store.

Rules of this file:

1. The first line of a run says the format, the workflow and its digest; each other line is
   one event, under the name of its class, or `Moved`: a token went along an edge. Times are
   seconds since the recording began.
2. Values are for people: what JSON has no form for is written as its `repr`. Nothing is
   ever made of them again.
3. Each line names its run, so that many runs may share a file. A key that is not known is
   skipped, so a newer file of the same format can be read.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, cast

from pydantic_core import PydanticSerializationError, to_jsonable_python

from agentgraph.errors import InvalidInput
from agentgraph.events.result import Result
from agentgraph.events.story import Event, NodeFailed, RunEnded

FORMAT = "agentgraph/run/1"
WayKey: TypeAlias = tuple[str, str, str | None]
"""Source path, target path and label of an edge."""


class Moved(NamedTuple):
    """A token went along an edge."""

    at: float
    way: WayKey


@dataclass(frozen=True, slots=True)
class Step:
    """One event of a recorded run, and the ways that tokens took after it.

    `kind` is the name of the event's class, `node` the path of whom it tells of; `data` are
    the other fields, as JSON values.
    """

    at: float
    kind: str
    node: str
    data: Mapping[str, Any]
    moves: tuple[Moved, ...] = ()


@dataclass(frozen=True, slots=True)
class Recording:
    """What was recorded of one run; `recorded` reads it."""

    run_id: str
    workflow: str
    digest: str
    steps: tuple[Step, ...]

    @property
    def status(self) -> str:
        """How the run stood when it was last told."""
        ends = [step.data["status"] for step in self.steps if step.kind == "RunEnded"]
        return str(ends[-1]) if ends else "running"


def heading(run_id: str, workflow: str, digest: str) -> str:
    """Write the first line of a run."""
    return _line({"format": FORMAT, "run": run_id, "workflow": workflow, "digest": digest})


def line_of(run_id: str, at: float, event: Event[Any]) -> str:
    """Write the line of an event."""
    told: dict[str, object] = {slot.name: getattr(event, slot.name) for slot in fields(event)}
    if isinstance(event, NodeFailed):
        told["error"] = _error(event.error)
    elif isinstance(event, RunEnded):
        told = _ending(event.result)
    return _line({"run": run_id, "at": round(at, 6), "event": type(event).__name__, **told})


def line_of_move(run_id: str, at: float, way: WayKey) -> str:
    """Write the line of a token that went along an edge."""
    return _line({"run": run_id, "at": round(at, 6), "event": "Moved", "way": way})


def recorded(source: str | Path | Iterable[str]) -> tuple[Recording, ...]:
    """Read the runs of a file, or of lines, in the order in which they began.

    Raises `InvalidInput` with the line when something else stands there.
    """
    where = f"the file {str(source)!r}" if isinstance(source, str | Path) else "the lines given"
    runs: dict[str, _Reading] = {}
    for number, text in enumerate(_lines(source), 1):
        if text.strip():
            _read(runs, text, f"line {number} of {where}")
    if not runs:
        raise _refused("there is no recorded run", where)
    return tuple(run.recording() for run in runs.values())


class _Reading:
    """A run of which some lines have been read."""

    def __init__(self, head: Mapping[str, object]) -> None:
        self.head = head
        self.steps: list[tuple[Mapping[str, Any], list[Moved]]] = []

    def recording(self) -> Recording:
        steps = [_step(line, moves) for line, moves in self.steps]
        run_id, workflow, digest = (str(self.head[key]) for key in ("run", "workflow", "digest"))
        return Recording(run_id, workflow, digest, tuple(steps))


_APART = frozenset({"run", "at", "event", "node", "classifier", "question"})


def _step(line: Mapping[str, Any], moves: list[Moved]) -> Step:
    node = line.get("node") or line.get("classifier") or line.get("question") or ""
    data = {key: value for key, value in line.items() if key not in _APART}
    return Step(line["at"], line["event"], node, data, tuple(moves))


def _read(runs: dict[str, _Reading], text: str, where: str) -> None:
    try:
        line = json.loads(text)
    except ValueError as error:
        raise _refused(f"this is not JSON: {error}", where) from error
    if not isinstance(line, dict):
        raise _refused("a line of a recorded run is a JSON object", where)
    given = cast("dict[str, Any]", line)
    if "format" in given:
        if given["format"] != FORMAT or not {"run", "workflow", "digest"} <= given.keys():
            raise _refused(f"its format is {given['format']!r}, not {FORMAT!r}", where)
        runs[given["run"]] = _Reading(given)
        return
    run = runs.get(given.get("run", ""))
    if run is None or not isinstance(given.get("at"), int | float) or "event" not in given:
        raise _refused("this line belongs to no recorded run", where)
    if given["event"] != "Moved":
        run.steps.append((given, []))
    elif run.steps:
        source, target, label = given["way"]
        run.steps[-1][1].append(Moved(given["at"], (source, target, label)))


def _lines(source: str | Path | Iterable[str]) -> Iterable[str]:
    if not isinstance(source, str | Path):
        return source
    try:
        return Path(source).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise _refused(f"it cannot be read: {error}", f"the file {str(source)!r}") from error


def _ending(result: Result[Any]) -> dict[str, object]:
    return {
        "status": result.status,
        "state": result.state,
        "usage": result.usage,
        "errors": [_error(error) for error in result.errors],
        "questions": [question.id for question in result.questions],
    }


def _error(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _line(told: Mapping[str, object]) -> str:
    try:
        plain: object = to_jsonable_python(told, fallback=_shown, bytes_mode="base64")
    except (PydanticSerializationError, ValueError):
        # Something holds itself, or says wrongly what it is.
        plain = {
            key: value if isinstance(value, str | float | int) else repr(value)
            for key, value in told.items()
        }
    try:
        return json.dumps(plain, allow_nan=False) + "\n"
    except ValueError:
        return json.dumps(_finite(plain)) + "\n"


def _shown(value: object) -> object:
    """Write what pydantic does not know."""
    return dict(cast("Mapping[str, object]", value)) if isinstance(value, Mapping) else repr(value)


def _finite(value: object) -> object:
    """Write numbers as texts that JSON has no form for."""
    match value:
        case float() if not isfinite(value):
            return str(value)
        case dict():
            items = cast("dict[str, object]", value).items()
            return {key: _finite(item) for key, item in items}
        case list():
            return [_finite(item) for item in cast("list[object]", value)]
        case _:
            return value


def _refused(what: str, where: str) -> InvalidInput:
    return InvalidInput(
        what, where=where, fix="record a run with `agentgraph run TARGET --record FILE`"
    )
