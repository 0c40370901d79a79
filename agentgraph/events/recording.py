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
from contextlib import suppress
from dataclasses import dataclass, fields
from itertools import starmap
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, cast

from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from agentgraph.errors import InvalidInput, Move
from agentgraph.events.result import Result
from agentgraph.events.story import Event, NodeFailed, RunEnded, UndoFailed

FORMAT = "agentgraph/run/1"
HEAD = '{"format": "agentgraph/run/'
"""With this every recording begins."""
_DEPTH_MAX = 6
"""How many levels down a value is looked for that has no form: one may hold itself."""
_Line: TypeAlias = Mapping[str, Any]
_Reading: TypeAlias = tuple[_Line, list[tuple[_Line, list["Moved"]]]]
"""A run of which some lines have been read: its first, and each event with the ways after it."""


class Moved(NamedTuple):
    """A token went along an edge."""

    at: float
    way: Move


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
    if isinstance(event, NodeFailed | UndoFailed):
        told["error"] = _error(event.error)
    elif isinstance(event, RunEnded):
        told = _ending(event.result)
    return _line({"run": run_id, "at": round(at, 6), "event": type(event).__name__, **told})


def line_of_move(run_id: str, at: float, way: Move) -> str:
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
    return tuple(
        Recording(
            str(run_id), str(head["workflow"]), str(head["digest"]), tuple(starmap(_step, steps))
        )
        for run_id, (head, steps) in runs.items()
    )


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
        runs[given["run"]] = given, []
        return
    run = runs.get(given.get("run", ""))
    if run is None or not isinstance(given.get("at"), int | float) or "event" not in given:
        raise _refused("this line belongs to no recorded run", where)
    _, steps = run
    if given["event"] != "Moved":
        steps.append((given, []))
    elif steps:
        source, target, label = given["way"]
        steps[-1][1].append(Moved(given["at"], (source, target, label)))


def _lines(source: str | Path | Iterable[str]) -> Iterable[str]:
    if not isinstance(source, str | Path):
        return source
    try:
        *lines, last = Path(source).read_text(encoding="utf-8").split("\n")
    except (OSError, ValueError) as error:
        raise _refused(f"it cannot be read: {error}", f"the file {str(source)!r}") from error
    with suppress(ValueError):
        # A last line without an end was cut when its writer was killed: the others stand.
        json.loads(last)
        lines.append(last)
    return lines


def _ending(result: Result[Any]) -> dict[str, object]:
    told: dict[str, object] = {name: getattr(result, name) for name in ("status", "state", "usage")}
    errors = [_error(error) for error in result.errors]
    return told | {"errors": errors, "questions": [question.id for question in result.questions]}


def _error(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"


def _line(told: Mapping[str, object]) -> str:
    return as_json(told) + "\n"


def as_json(value: object, *, indent: int | None = None, ascii: bool = True) -> str:
    """Write any value as JSON: what has no form in it is written as a text, and nothing else."""
    plain = _plain(value)
    try:
        return json.dumps(plain, indent=indent, ensure_ascii=ascii, allow_nan=False)
    except ValueError:
        # Numbers that JSON has no form for are written as texts.
        plain = json.loads(json.dumps(plain), parse_constant=lambda name: str(float(name)))
        return json.dumps(plain, indent=indent, ensure_ascii=ascii)


def _plain(value: object, *above: int) -> object:
    """Make plain values of anything; where a part resists, only that part becomes its `repr`."""
    try:
        return cast("object", to_jsonable_python(value, fallback=_shown, bytes_mode="base64"))
    except Exception:  # noqa: BLE001 - serializers and properties of users are called here
        inner = (*above, id(value))
    is_deep = id(value) in above or len(above) == _DEPTH_MAX
    items = _items(value)
    if is_deep or any(item is value for item in items):
        return _named(value)
    if isinstance(value, list | tuple):
        return [_plain(item, *inner) for item in items]
    if isinstance(value, BaseModel):
        hidden = {name for name, info in type(value).model_fields.items() if info.exclude}
        return {name: _plain(item, *inner) for name, item in value if name not in hidden}
    if not isinstance(value, Mapping):
        return _named(value)
    pairs = cast("Mapping[object, object]", value).items()
    return {k if isinstance(k, str) else _named(k): _plain(item, *inner) for k, item in pairs}


def _items(value: object) -> list[object]:
    return list(cast("Iterable[object]", value)) if isinstance(value, list | tuple) else []


def _shown(value: object) -> object:
    """Write what pydantic does not know."""
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, object]", value))
    return _named(value)


def _named(value: object) -> str:
    """Return the `repr` of a value, also where its own fails."""
    with suppress(Exception):
        return repr(value)
    return object.__repr__(value)


def _refused(what: str, where: str) -> InvalidInput:
    fix = "record a run with `agentgraph run TARGET --record FILE`"
    return InvalidInput(what, where=where, fix=fix)
