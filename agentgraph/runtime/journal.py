"""How a fact is written down, and read again; not where it is kept (`agentgraph.store`).

Rules of this file:

1. The types of all values come from the state of the workflow, and from what the functions of an
   `each` say of themselves: nothing is imported by a name that was written down.
2. What a node did is kept as what it changed, and is done again to what stood before it. What a
   join makes of its branches is not kept: it can be made again.
3. What would come back as something else is refused before it is written.
"""

import builtins
import json
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias, cast, get_args

from agentgraph.errors import RunError, text_of
from agentgraph.machine import Entered, Event, Limits, Listed, Marking, Started
from agentgraph.runtime.program import Job, qualified
from agentgraph.state import Schema, Tip, same
from agentgraph.state.codec import dumped, loaded

_Form: TypeAlias = tuple[Callable[[Any], object], Callable[[Any], object]]
"""How something is written as plain data, and how it is read."""
_FACTS: Final[Mapping[str, type[Any]]] = {kind.__name__: kind for kind in get_args(Event)}


class DoesNotSurvive(RunError, code="AG681"):
    """A fact is not the same when it was written down and read again."""


def written(fact: Event, marking: Marking, schema: Schema[Any]) -> str:
    """Write a fact down before the machine is told. Raises `DoesNotSurvive`."""
    kind, data = type(fact), fact._asdict()
    forms = _forms(kind, data, marking, schema)
    # The arguments of an error may be anything: what no JSON has is kept as its text.
    return json.dumps([kind.__name__, data | {n: forms[n][0](data[n]) for n in forms}], default=str)


def read(text: str, marking: Marking, schema: Schema[Any]) -> Event:
    """Read the next fact of a run that stands where it stood when the fact was written."""
    name, data = json.loads(text)
    forms = _forms(_FACTS[name], data, marking, schema)
    return cast("Event", _FACTS[name](**data | {n: forms[n][1](data[n]) for n in forms}))


def _forms(
    kind: type[Any], data: Mapping[str, Any], marking: Marking, schema: Schema[Any]
) -> dict[str, _Form]:
    """Return the form of each part of a fact that is not plain."""
    forms = {name: form for name, form in _FIXED.items() if name in data}
    for name in {"payload", "items"} & data.keys():
        task = marking.live.get(data.get("ticket", 0))
        forms[name] = _whole(schema) if kind is Started else _given(kind, task)
    return forms


def _given(kind: type[Any], task: Any) -> _Form:
    """Return the form of what some work gave."""
    if task is None:  # It comes too late: nobody will look at it.
        return (lambda _: ()), (lambda _: ())
    job: Job = task.site.handle
    schema, stood, line = job.schema, task.payload, task.line
    if kind is Listed:
        write, load = _whole(job.child) if job.child else _value(job.binding.item)
        return (lambda items: [*map(write, items)]), (lambda data: tuple(map(load, data)))
    if kind is Entered:
        return _whole(cast("Schema[Any]", job.child))
    if task.verb == "item":
        return _value(job.binding.result)
    if task.verb == "merge":
        tips = [Tip(*tip) for tip in task.given]
        return (lambda _: ()), (lambda _: schema.merge(stood, tips, line))
    return (
        lambda left: _checked(schema.model, schema.changed(left) if left is not stood else {}),
        lambda data: schema.edited(stood, loaded(schema.model, data), line),
    )


def _value(hint: object) -> _Form:
    return (lambda value: _checked(hint, {"": value})), (lambda data: loaded(hint, data)[""])


def _whole(schema: Schema[Any]) -> _Form:
    def write(payload: Any) -> object:
        state: Any = schema.final(payload)
        return sorted(state.model_fields_set), _checked(schema.model, state.__dict__)

    def read(data: Any) -> object:
        fields, values = data
        values = loaded(schema.model, values)
        return schema.begin(schema.model.model_construct(set(fields), **values))

    return write, read


def _checked(shape: Any, values: Mapping[str, object]) -> dict[str, Any]:
    """Write values down, and see that they come back the same. Raises `DoesNotSurvive`."""
    for name, value in values.items():
        try:
            again = loaded(shape, dumped(shape, {name: value})).get(name, value)
            lost = None if same(value, again) else f"it comes back as {again!r}"
        except (ValueError, TypeError, RecursionError) as error:
            lost = f"it cannot be written down: {error}"
        if lost:
            where = f"field {name!r} of {shape.__name__!r}" if name else f"a value of {shape!r}"
            what = (
                f"{name or 'an item'!r} holds {value!r}, which does not survive a restart: {lost}"
            )
            fix = "declare the type that it really has (`tags: set[str]`, not `tags: object`)"
            raise DoesNotSurvive(what, where=where, fix=fix)
    return dumped(shape, values)


# Errors: a class of the same name stands for one that only the other process knows.


def _error(error: BaseException) -> tuple[object, ...]:
    kind, members = type(error), getattr(error, "exceptions", ())
    base = next(each.__name__ for each in kind.__mro__ if each.__module__ == "builtins")
    arguments = error.args if kind.__module__ == "builtins" else (text_of(error),)
    return qualified(kind), base, arguments, [*map(_error, members)]


def _made(name: str, base: str, arguments: list[Any], members: list[Any]) -> Exception:
    if members:
        return ExceptionGroup(arguments[0], [_made(*each) for each in members])
    return error_of(name, *arguments, base=getattr(builtins, base))


def error_of(name: str, *arguments: object, base: type[Exception] = Exception) -> Exception:
    """Make an error of a class with this qualified name."""
    module, _, kind = name.rpartition(".")
    known: type[Exception] | None = getattr(builtins, kind, None) if module == "builtins" else None
    made = known or type(kind, (base,), {"__module__": module, "__qualname__": kind})
    return cast("Exception", made.__new__(made, *arguments))


_FIXED: Final[Mapping[str, _Form]] = {
    "limits": (tuple, lambda data: Limits(*data)),
    "error": (_error, lambda data: _made(*data)),
    "kinds": (lambda kinds: [*map(sorted, kinds)], lambda data: tuple(map(frozenset, data))),
}
