"""Models and dataclasses nested in a value: held to the types of their fields.

Pydantic takes an instance as it is, so a field of a nested model that was assigned without
validation would pass. Here each field of it is checked against its type and constraints.
Validators that somebody wrote by hand are left out: pydantic has run them when the instance
was made, and a second run might change the value (a password would be hashed twice).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import fields, is_dataclass
from itertools import chain
from typing import Any, cast

from pydantic import BaseModel

from agentgraph.errors import InvalidState
from agentgraph.state.copies import ATOMS
from agentgraph.state.kept import kept
from agentgraph.state.shape import Shape
from agentgraph.state.unset import UNSET

Checks = dict[str, Callable[[object], object]]


def checks_of(kind: type) -> Checks:
    """Make a validator for each field of a class."""
    try:
        shape = Shape(kind)
    except InvalidState:
        # A root model, or a dataclass that pydantic has no schema for: nothing to hold it to.
        return {}
    return {n: c for n, c in shape.checks.items() if c and n not in shape.guarded}


def mend(value: object) -> object:
    """Check every model and dataclass in `value`, in place; raise ValidationError."""
    kind = type(value)
    if kind in ATOMS:
        return value
    if isinstance(value, BaseModel) or is_dataclass(kind):
        _mend_fields(value, kept(kind, "__agentgraph_checks__", checks_of))
    else:
        for part in _parts(value):
            if type(part) not in ATOMS:
                mend(part)
    return value


def _parts(value: object) -> Iterable[object]:
    if isinstance(value, dict | Mapping):
        pairs = cast("Mapping[object, object]", value)
        return chain(pairs, pairs.values())
    is_several = isinstance(value, list | tuple | Sequence | AbstractSet)
    return cast("Iterable[object]", value) if is_several else ()


def _mend_fields(instance: object, checks: Checks) -> None:
    for name, value in _fields(instance):
        check = checks.get(name)
        checked = value if check is None or value is UNSET else check(value)
        mend(checked)
        if checked is not value:
            # Past the class's own `__setattr__`, which may validate or refuse (frozen).
            object.__setattr__(instance, name, checked)


def _fields(instance: object) -> list[tuple[str, object]]:
    if isinstance(instance, BaseModel):
        return list(vars(instance).items())
    names = [field.name for field in fields(cast("Any", instance))]
    return [(name, getattr(instance, name)) for name in names if hasattr(instance, name)]
