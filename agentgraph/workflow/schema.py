"""A digest of what a state declares; not of any value."""

from collections.abc import Mapping
from typing import cast

from pydantic import BaseModel
from pydantic.fields import FieldInfo


def digest_of(model: type[BaseModel]) -> tuple[str, tuple[str, ...]]:
    """Return a SHA-256, in hex, of the fields of `model`, and what each of them declares."""
    import hashlib  # noqa: PLC0415 - only who builds a graph needs it

    fields = cast("Mapping[str, FieldInfo]", model.model_fields)
    types = tuple(map(_shown, fields.values()))
    text = "\n".join(f"{name}: {one}" for name, one in zip(fields, types, strict=True))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest(), types


def _shown(field: FieldInfo) -> str:
    """Write a field without addresses: they differ from process to process."""
    extras = "".join(f" with {_name(extra)}" for extra in field.metadata)
    needed = "needed" if field.is_required() else "has a default"
    return f"{_name(field.annotation).removeprefix('builtins.')}{extras}, {needed}"


def _name(value: object) -> str:
    qualname = getattr(value, "__qualname__", None)
    if isinstance(qualname, str) and not hasattr(value, "__args__"):
        return f"{getattr(value, '__module__', '')}.{qualname}"
    shown = repr(value)
    return type(value).__qualname__ if " at 0x" in shown else shown
