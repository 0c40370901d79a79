"""Which types can be edited in place, read off the annotation of a field; in doubt, a type can."""

import sys
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import PurePath
from types import UnionType
from typing import (
    Annotated,
    Any,
    Literal,
    NewType,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from pydantic import BaseModel

from agentgraph.state.copies import ATOMS


def is_immutable(annotation: object, seen: frozenset[object] = frozenset()) -> bool:
    """Say whether no value of this annotation can be edited in place."""
    if not isinstance(annotation, type):
        annotation = bare(annotation)
    if annotation is None or (isinstance(annotation, type) and annotation in ATOMS):
        return True
    if isinstance(annotation, NewType):
        return is_immutable(annotation.__supertype__, seen)
    if get_origin(annotation) is not None:
        return _is_immutable_form(annotation, seen)
    return isinstance(annotation, type) and _is_immutable_class(annotation, seen)


def _is_immutable_form(annotation: object, seen: frozenset[object]) -> bool:
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Literal or origin is type:
        return True
    if origin in {Union, UnionType, tuple, frozenset}:
        # Without parts (`typing.Tuple`) it may hold anything.
        return bool(parts) and all(part is ... or is_immutable(part, seen) for part in parts)
    return isinstance(origin, type) and is_dataclass(origin) and _is_immutable_class(origin, seen)


def bare(annotation: object) -> object:
    """Take away what only renames or annotates a type."""
    while True:
        if get_origin(annotation) is Annotated:
            annotation = get_args(annotation)[0]
        elif hasattr(annotation, "__value__"):  # `type Kind = ...` of Python 3.12
            annotation = cast("object", annotation.__value__)
        else:
            return annotation


def compares_exactly(annotation: object) -> bool:
    """Say whether `==` tells all values of a list or set apart: text never equals another type."""
    annotation = bare(annotation)
    return get_origin(annotation) in {list, set} and get_args(annotation) in ((str,), (bytes,))


def _is_url(kind: type[Any]) -> bool:
    # Who has a URL has loaded this module; it takes too long to load it for all others.
    networks = sys.modules.get("pydantic.networks")
    return networks is not None and issubclass(kind, networks.AnyUrl)


def _is_immutable_class(kind: type[Any], seen: frozenset[object]) -> bool:
    if issubclass(kind, Enum | PurePath) or _is_url(kind):
        return True
    if kind in seen:
        # A class that holds itself is as immutable as its other fields are.
        return True
    if issubclass(kind, BaseModel):
        parts = [field.annotation for field in kind.__pydantic_fields__.values()]
        frozen = kind.model_config.get("frozen") and not kind.__private_attributes__
    elif is_dataclass(kind):
        hints = get_type_hints(kind)
        parts = [hints[field.name] for field in fields(kind)]
        frozen = getattr(kind, "__dataclass_params__").frozen  # noqa: B009  # no stub knows it
    else:
        return False
    ours: frozenset[object] = seen | {kind}
    return bool(frozen) and all(is_immutable(part, ours) for part in parts)


def flat_container(annotation: object) -> type | None:
    """Return list, dict or set when that is the type and its items cannot be edited."""
    annotation = bare(annotation)
    origin = get_origin(annotation)
    parts = get_args(annotation)
    if origin in {list, dict, set} and parts and all(map(is_immutable, parts)):
        return cast("type", origin)
    return None
