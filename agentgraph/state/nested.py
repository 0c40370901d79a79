"""Models and dataclasses nested in a value: held to the types of their fields.

Pydantic takes an instance as it is, so a field of a nested model that was assigned without
validation would pass. Here each field of it is checked against its type and constraints.
Validators that somebody wrote by hand are left out: pydantic has run them when the instance
was made, and a second run might change the value (a password would be hashed twice).
"""

from collections.abc import Callable, Iterable
from dataclasses import is_dataclass
from typing import cast

from pydantic import BaseModel

from agentgraph.state.copies import ATOMS
from agentgraph.state.shape import Shape

_MARK = "__agentgraph_shape__"


def shape_of(kind: type) -> Shape:
    """Return the shape of a class; it is kept on the class, so that both go together."""
    shape = kind.__dict__.get(_MARK)
    if shape is None:
        shape = Shape(kind)
        type.__setattr__(kind, _MARK, shape)
    return cast("Shape", shape)


def mend(value: object) -> object:
    """Check every model and dataclass in `value`, in place; raise ValidationError."""
    kind = type(value)
    if kind in ATOMS:
        return value
    if kind in _PARTS:
        for part in _PARTS[kind](value):
            if type(part) not in ATOMS:
                mend(part)
    elif isinstance(value, BaseModel) or is_dataclass(kind):
        _mend_fields(value, shape_of(kind))
    return value


def _pairs(value: dict[object, object]) -> Iterable[object]:
    yield from value
    yield from value.values()


_PARTS: dict[type, Callable[..., Iterable[object]]] = {
    list: iter,
    tuple: iter,
    set: iter,
    frozenset: iter,
    dict: _pairs,
}


def _mend_fields(instance: object, shape: Shape) -> None:
    for name, check in shape.checks.items():
        given = getattr(instance, name, None)
        if check is None or name in shape.guarded or not hasattr(instance, name):
            continue
        checked = check(given)
        mend(checked)
        if checked is not given:
            _store(instance, name, checked)


def _store(instance: object, name: str, value: object) -> None:
    # Past the class's own `__setattr__`, which may validate or refuse (frozen).
    if isinstance(instance, BaseModel):
        vars(instance)[name] = value
    else:
        object.__setattr__(instance, name, value)
