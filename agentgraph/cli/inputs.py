"""From `--input` and `--set` to the states that runs begin with; one at a time, as they are needed.

Rules of this file:

1. A record that is wrong is a record with an error: the others are not its business.
2. JSON is read strictly: a field given twice, NaN, and what is no object are refused.
3. What is too long or too deep is refused before anything is built from it.
"""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final, cast

import click
from pydantic import BaseModel, ValidationError

from agentgraph.errors import InvalidInput, nearest
from agentgraph.state.field import faults_of

LENGTH_MAX: Final = 64 * 1024 * 1024
"""How many bytes one JSON object may have: a line of JSONL, or a whole file."""
DEPTH_MAX: Final = 100
"""How deeply it may be nested."""
LINES = (".jsonl", ".ndjson")


@dataclass(frozen=True, slots=True)
class Record:
    """One input: its fields, or what is wrong with it; `number` is its line, counted from 1."""

    number: int
    where: str
    fields: dict[str, object] = field(default_factory=dict[str, object])
    error: InvalidInput | None = None


@dataclass(frozen=True, slots=True)
class Inputs:
    """The records of a command; `is_many`: it asked for a run for each line."""

    records: Iterable[Record]
    is_many: bool = False
    total: int = 1


def read(source: str | None, changes: dict[str, object]) -> Inputs:
    """Return the inputs that `--input` names, with the fields of `--set` put over them."""
    if source is None:
        return Inputs([Record(1, "--set" if changes else "no --input", changes)])
    try:
        inputs = _found(source)
    except OSError as error:
        what = f"{'stdin' if source == '-' else repr(source)} cannot be read: {error.strerror}"
        fix = "check that it is there, and who may read it"
        raise InvalidInput(what, where="--input", fix=fix) from error
    records = (
        one if one.error else replace(one, fields=one.fields | changes) for one in inputs.records
    )
    return replace(inputs, records=records)


def changes_of(settings: Iterable[str], model: type[BaseModel]) -> dict[str, object]:
    """Read `field=value`: the value is JSON, or else a text, and a text where the field is one."""
    changes: dict[str, object] = {}
    for name, text in pairs_of(settings, "field=value", "--set"):
        value = value_of(text)
        changes[name] = text if is_text(model, name) and not isinstance(value, str) else value
    return changes


def pairs_of(settings: Iterable[str], form: str, option: str) -> Iterator[tuple[str, str]]:
    """Cut what was typed after an option into a name and a text."""
    for setting in settings:
        name, found, text = typed(setting).partition("=")
        if not found or not name:
            raise click.BadParameter(f"{setting!r} is not {form}", param_hint=option)
        yield name, text


def is_text(model: type[BaseModel], name: str) -> bool:
    """Whether a field takes nothing but texts: then `123` is one too."""
    info = model.model_fields.get(name)
    return info is not None and info.annotation is str


def typed(text: str) -> str:
    """Read again as UTF-8 what was typed, where the locale of the shell knows fewer letters."""
    try:
        return text if text.isascii() else os.fsencode(text).decode()
    except UnicodeError:
        return text


def value_of(text: str) -> object:
    """Read JSON, or take the text as it is."""
    try:
        return _parsed(text)
    except (ValueError, RecursionError):
        return text


def state_of(model: type[BaseModel], record: Record) -> BaseModel:
    """Return the state that a record describes. Raises `InvalidInput`."""
    if record.error is not None:
        raise record.error
    try:
        # By way of JSON: there a date is a text and a tuple a list, in strict models too.
        return model.model_validate_json(json.dumps(record.fields))
    except ValidationError as error:
        raise _misfit(model, record, error) from None
    except Exception as error:
        what = f"a validator of {model.__name__} raised {type(error).__name__}: {error}"
        fix = "raise ValueError in a validator to refuse a value"
        raise InvalidInput(what, where=record.where, fix=fix) from error


def _found(source: str) -> Inputs:
    if source == "-":
        return _sniffed(sys.stdin.buffer.read(), "stdin")
    if source.lstrip().startswith("{"):
        return Inputs([_record(typed(source).encode(errors="replace"), 1, "--input")])
    path = Path(source)
    if not path.exists():
        near = nearest(str(path), [str(one) for one in path.parent.glob("*.json*")])
        fix = f"did you mean {near!r}?" if near else "give a JSON object, a file, or - for stdin"
        raise InvalidInput(f"there is no file {source!r}", where="--input", fix=fix)

    def opened() -> BinaryIO:
        return path.open("rb")

    if path.suffix in LINES and path.is_file():
        return _many(opened, str(path))
    with opened() as file:
        text = file.read(LENGTH_MAX + 1)
    if len(text) > LENGTH_MAX and path.is_file() and _has_records(text):
        return _many(opened, str(path))
    return _sniffed(text, source)


def _many(opened: Callable[[], BinaryIO], source: str) -> Inputs:
    """Return a record for each line; they are counted, so that the progress has an end."""
    with opened() as file:
        lines = iter(partial(file.readline, LENGTH_MAX + 1), b"")
        total = sum(1 for line in lines if line.strip())
    return Inputs(_lines(opened, source), is_many=True, total=total)


def _sniffed(text: bytes, source: str) -> Inputs:
    """Tell one JSON object from a stream of them, or of none: it depends on what parses."""
    whole = _record(text, 1, source)
    if whole.error is None or (text.strip() and not _has_records(text)):
        return Inputs([whole])
    return _many(partial(BytesIO, b"\n".join(text.splitlines())), source)


def _has_records(text: bytes) -> bool:
    """Whether some line is a JSON object by itself, while the whole is none."""
    first = islice((line for line in text.splitlines() if line.strip()), 1000)
    # What is indented is a part of an object over many lines.
    return any(line[:1] == b"{" and _record(line, 0, "").error is None for line in first)


def _lines(opened: Callable[[], BinaryIO], source: str) -> Iterator[Record]:
    with opened() as file:
        read_line = partial(file.readline, LENGTH_MAX + 1)
        for number, line in enumerate(iter(read_line, b""), 1):
            where, rest = f"line {number} of {source}", line
            if len(line) > LENGTH_MAX:
                while rest and not rest.endswith(b"\n"):
                    rest = read_line()
                yield Record(number, where, error=_too_long(where))
            elif line.strip():
                yield _record(line, number, where)


def _record(text: bytes, number: int, where: str) -> Record:
    """Read one JSON object, or note what is wrong with it."""
    try:
        return Record(number, where, _object(text, where))
    except InvalidInput as error:
        return Record(number, where, error=error)


def _object(text: bytes, where: str) -> dict[str, object]:
    fix = 'write an object, such as {"text": "..."}'
    try:
        if len(text) > LENGTH_MAX:
            raise _too_long(where)
        value = _parsed(text.decode("utf-8-sig"))
        if not isinstance(value, dict):
            kind = "a list" if isinstance(value, list) else f"{value!r:.60}"
            fix = "for many runs write one object a line (JSONL)"
            what = f"an input is a JSON object, and this is {kind}"
            raise InvalidInput(what, where=where, fix=fix)
        fields = cast("dict[str, object]", value)
        _measure(fields)
    except RecursionError:
        what = f"an input may be nested {DEPTH_MAX} levels deep, and this is deeper"
        fix = "flatten it, or give it as a text that a node parses"
    except UnicodeDecodeError as error:
        what, fix = f"byte {error.start + 1} is no UTF-8", "save the text as UTF-8"
    except json.JSONDecodeError as error:
        line = f"line {error.lineno}, " if b"\n" in text.strip() else ""
        fault = error.msg.removesuffix(" at")
        what = f"this is not JSON: {fault} at {line}column {error.colno}"
    except ValueError as error:
        what, fix = f"this is not JSON: {error}", "mend the value"
    else:
        return fields
    raise InvalidInput(what, where=where, fix=fix)


def _parsed(text: str) -> object:
    return json.loads(text, object_pairs_hook=_unique, parse_constant=_no_number)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the field {twice!r} is there twice")
    return found


def _no_number(name: str) -> object:
    raise ValueError(f"{name} is no number in JSON")


def _measure(value: object) -> None:
    """Refuse what is nested too deeply; level by level, so that no depth is too much for it."""
    level: list[object] = [value]
    for _ in range(DEPTH_MAX):
        level = [inner for outer in level for inner in _inside(outer)]
    if level:
        raise RecursionError


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return cast("dict[str, object]", value).values()
    return cast("list[object]", value) if isinstance(value, list) else ()


def _misfit(model: type[BaseModel], record: Record, error: ValidationError) -> InvalidInput:
    """Say in one line each what does not fit, and offer the nearest field."""
    faults, said = error.errors(include_url=False), faults_of(error, model.__name__)[:5]
    more = f"; and {len(faults) - 5} more" if len(faults) > 5 else ""
    names = list(model.model_fields)
    extra = [str(fault["loc"][-1]) for fault in faults if fault["type"] == "extra_forbidden"]
    near = nearest(extra[0], names) if extra else None
    fix = f"did you mean {near!r}?" if near else f"its fields are {', '.join(names) or 'none'}"
    what = f"this is no {model.__name__}: {'; '.join(said)}{more}"
    return InvalidInput(what, where=record.where, fix=fix)


def _too_long(where: str) -> InvalidInput:
    what = f"an input may have {LENGTH_MAX // 1024 // 1024} MB, and this has more"
    fix = "give the path of a large text in the input, and read it in a node"
    return InvalidInput(what, where=where, fix=fix)
