"""Values of a state as plain data, and back again: by the type that each was declared with."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Annotated, Any

from pydantic import ConfigDict, PydanticUserError, TypeAdapter
from pydantic.fields import FieldInfo

from agentgraph.state.unset import UNSET


def dumped(shape: Any, values: Mapping[str, object]) -> dict[str, Any]:
    """Return the values of fields of a model as plain data; under an empty name, one of a type."""
    return {
        name: adapter_of(shape, name).dump_python(value, mode="json")
        for name, value in values.items()
        if value is not UNSET
    }


def loaded(shape: Any, data: Mapping[str, object]) -> dict[str, Any]:
    """Return the values that plain data stand for."""
    return {n: adapter_of(shape, n).validate_json(json.dumps(each)) for n, each in data.items()}


@cache
def adapter_of(shape: Any, name: str) -> TypeAdapter[Any]:
    """Return what writes and reads a field of a model; without a name, a value of a type."""
    info = shape.__pydantic_fields__[name] if name else FieldInfo(annotation=shape)
    hint: Any = Annotated[(info.annotation, *info.metadata)] if info.metadata else info.annotation
    try:
        return TypeAdapter(hint, config=ConfigDict(ser_json_inf_nan="constants"))
    except PydanticUserError:  # A model has a configuration of its own.
        return TypeAdapter(hint)
