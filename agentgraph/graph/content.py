"""What a graph holds, as plain JSON values, and a digest of it; not a format that is read back."""

import hashlib
from dataclasses import MISSING, fields, is_dataclass
from typing import Any, TypeAlias, cast

Json: TypeAlias = dict[str, object]
_UNCOUNTED = frozenset(
    {"place", "doc", "agent", "access", "state", "types", "unset", "reduced", "noted"}
)
"""What people want to know and no run depends on; of the state there is a digest, and where its
class lies differs between a program that is run and one that is imported."""


def plain(part: Any, without: frozenset[str] = frozenset()) -> Json:
    """Turn a dataclass into JSON values, leaving out what holds its default, and some fields."""
    found: Json = {}
    for slot in fields(part):
        value: object = getattr(part, slot.name)
        if slot.name not in without and (slot.default is MISSING or value != slot.default):
            found[slot.name] = _value(value, without)
    return found


def digest_of(part: object) -> str:
    """Return the SHA-256, in hex, of what decides how a graph behaves: not places or docs."""
    import json  # noqa: PLC0415 - spares those who only import

    counted = plain(part, without=_UNCOUNTED)
    text = json.dumps(counted, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _value(value: object, without: frozenset[str]) -> object:
    if isinstance(value, tuple):
        return [_value(item, without) for item in cast("tuple[object, ...]", value)]
    return plain(value, without) if is_dataclass(value) else value
