"""Copies of values, and whether two values are the same; not what a model says about them.

Rules of this file:

1. A copy shares nothing that can be edited. What cannot be edited is not copied.
2. Two values are the same when content, type and order are: `[1]` is not `[True]`.
   Identity comes first, so that `nan` is itself and an untouched value costs nothing.
3. A pydantic model is its fields: a cached property is no content.
"""

import copy
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from dataclasses import is_dataclass
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from operator import is_
from pathlib import Path, PosixPath, PurePath, PurePosixPath, PureWindowsPath
from types import EllipsisType, FunctionType, NoneType
from typing import cast
from uuid import UUID

from pydantic import BaseModel, ByteSize, SecretBytes, SecretStr

from agentgraph.state.lent import Lent
from agentgraph.state.unset import Unset

ATOMS: frozenset[type] = frozenset({
    NoneType, bool, int, float, complex, str, bytes, Decimal, Fraction, UUID,
    date, datetime, time, timedelta, timezone, ByteSize, SecretStr, SecretBytes,
    Path, PosixPath, PurePath, PurePosixPath, PureWindowsPath, EllipsisType, type, FunctionType, Unset,
})  # fmt: skip
"""Types whose instances nobody can edit; of these alone, never of what is derived from them."""

_PLAIN = frozenset({bool, int, str, bytes, Fraction})


def clone(value: object) -> object:
    """Return a copy of `value` that shares nothing with it that can be edited."""
    kind = type(value)
    if kind in ATOMS:
        return value
    if kind in _CLONES:
        return _CLONES[kind](value)
    if isinstance(value, BaseModel):
        return clone_model(value)
    if isinstance(value, Enum | type):
        return value
    return copy.deepcopy(value)


def own(value: object) -> object:
    """Return a copy of what can be edited; what is no plain data, such as a connection, as it is."""
    with suppress(Exception):  # Whatever a class of the user's says when it is copied.
        return clone(value) if _is_data(value) else value
    return value


def _is_data(value: object) -> bool:
    return isinstance(value, BaseModel | Collection) or is_dataclass(value)


def _clone_list(value: list[object]) -> list[object]:
    return [item if type(item) in ATOMS else clone(item) for item in value]


def _clone_dict(value: dict[object, object]) -> dict[object, object]:
    return {
        (key if type(key) in ATOMS else clone(key)): (item if type(item) in ATOMS else clone(item))
        for key, item in value.items()
    }


def _clone_set(value: set[object] | frozenset[object]) -> object:
    return type(value)(map(clone, value))


def _clone_tuple(value: tuple[object, ...]) -> tuple[object, ...]:
    copied = tuple(map(clone, value))
    # A tuple of what cannot be edited stays itself, and so costs no comparison later.
    return value if all(map(is_, copied, value)) else copied


_CLONES: dict[type, Callable[..., object]] = {
    list: _clone_list,
    Lent: list,  # None of its items can be edited.
    dict: _clone_dict,
    set: _clone_set,
    tuple: _clone_tuple,
    frozenset: _clone_set,
}


def clone_model(model: BaseModel) -> BaseModel:
    """Return a copy of a model; the copy of a draft is an instance of the class that it stands for."""
    kind = type(model)
    if kind.__deepcopy__ is not BaseModel.__deepcopy__:
        return copy.deepcopy(model)
    fields = kind.__pydantic_fields__
    values = {name: clone(item) for name, item in model.__dict__.items() if name in fields}
    copied = build(kind, values, set(model.__pydantic_fields_set__))
    if model.__pydantic_extra__ is not None:
        object.__setattr__(copied, "__pydantic_extra__", clone(model.__pydantic_extra__))
    if model.__pydantic_private__ is not None:
        private = copy.deepcopy(model.__pydantic_private__)
        object.__setattr__(copied, "__pydantic_private__", private)
    return copied


def build(kind: type[BaseModel], values: dict[str, object], fields_set: set[str]) -> BaseModel:
    """Make an instance from its parts, past its validators: the values were validated before."""
    model = kind.__new__(kind)
    object.__setattr__(model, "__dict__", values)
    object.__setattr__(model, "__pydantic_fields_set__", fields_set)
    object.__setattr__(model, "__pydantic_extra__", None)
    object.__setattr__(model, "__pydantic_private__", None)
    return model


def same(one: object, other: object) -> bool:
    """Say whether two values agree in content, type and order."""
    if one is other:
        return True
    kind = type(one)
    if kind is not type(other):
        return False
    if kind in _PLAIN:
        return one == other
    if kind in _SAME:
        return _SAME[kind](one, other)
    return _same_others(one, other)


def _same_others(one: object, other: object) -> bool:
    if type(one) in ATOMS:
        return one == other and _told(one) == _told(other)
    if isinstance(one, BaseModel):
        return _same_models(one, cast("BaseModel", other))
    return not isinstance(one, Enum | type) and _same_parts(one, other)


def _told(value: object) -> object:
    """Return in what equal values may differ: 0.0 and -0.0, or one moment in two time zones."""
    zone = getattr(value, "tzinfo", None)
    # Zones of an offset that never changes are the same, whoever made them.
    offset = None if zone is None else zone.utcoffset(None)
    return repr(value) if offset is None else offset


def _same_items(one: Iterable[object], other: Iterable[object]) -> bool:
    return all(map(same, one, other))


def _same_sequences(one: list[object], other: list[object]) -> bool:
    if len(one) != len(other):
        return False
    return all(map(is_, one, other)) or _same_items(one, other)


def _same_dicts(one: dict[object, object], other: dict[object, object]) -> bool:
    if len(one) != len(other):
        return False
    return _same_items(one, other) and _same_items(one.values(), other.values())


def _same_sets(one: set[object], other: set[object]) -> bool:
    if one != other:
        return False
    # Equal sets may differ in type alone ({1} and {True}), so each pair is looked at.
    twins = {item: item for item in other}
    return all(same(item, twins[item]) for item in one)


_SAME: dict[type, Callable[..., bool]] = {
    list: _same_sequences,
    tuple: _same_sequences,
    dict: _same_dicts,
    set: _same_sets,
    frozenset: _same_sets,
}


def _same_models(one: BaseModel, other: BaseModel) -> bool:
    fields = type(one).__pydantic_fields__
    return (
        one.__pydantic_fields_set__ == other.__pydantic_fields_set__
        and all(same(one.__dict__.get(name), other.__dict__.get(name)) for name in fields)
        and same(one.__pydantic_extra__, other.__pydantic_extra__)
        and same(one.__pydantic_private__, other.__pydantic_private__)
    )


def _same_parts(one: object, other: object) -> bool:
    """Compare objects of unknown types by the parts from which `copy` would build them again."""
    mine, theirs = one.__reduce_ex__(4), other.__reduce_ex__(4)
    if isinstance(mine, str) or isinstance(theirs, str):
        return mine == theirs
    # The fourth and fifth parts are iterators over list and dict items.
    unrolled = [
        [list(cast("Iterable[object]", part)) if place > 2 and part is not None else part]
        for parts in (mine, theirs)
        for place, part in enumerate(parts)
    ]
    half = len(mine)
    return len(mine) == len(theirs) and same(unrolled[:half], unrolled[half:])
