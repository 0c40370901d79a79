"""What pydantic's core schema of a class says: a validator for each field, and one for the rest.

Rules of this file:

1. Pydantic validates a field and the whole model in one go. Here they are apart: a field
   is validated when it is assigned, the validators of the whole model once a commit.
2. Only what `pydantic_core.core_schema` documents is looked at; anything else is refused.
"""

from collections.abc import Callable, Mapping
from dataclasses import is_dataclass
from typing import Any, Final, cast

from pydantic import BaseModel, TypeAdapter
from pydantic.errors import PydanticUndefinedAnnotation, PydanticUserError
from pydantic_core import CoreConfig, CoreSchema, SchemaValidator

from agentgraph.errors import InvalidState
from agentgraph.state.copies import build

# A core schema is a tree of typed dicts of some fifty kinds; it is read here as what it is.
Node = dict[str, Any]

_SIMPLE: Final[Mapping[str, type]] = {
    "int": int, "str": str, "float": float, "bool": bool, "bytes": bytes, "none": type(None),
}  # fmt: skip
_HARMLESS: Final = frozenset({"type", "metadata", "ref", "serialization", "strict"})
_CLASSES: Final = frozenset({"model", "dataclass"})
_BOUNDARIES: Final = _CLASSES | {"typed-dict", "definition-ref"}


class Shape:
    """The validators of one model or dataclass, taken apart."""

    __slots__ = (
        "_around", "_config", "_definitions", "_fields", "_kind", "_together", "_wrapped", "before",
        "checks", "guarded", "schemas",
    )  # fmt: skip

    def __init__(self, kind: type) -> None:
        """Read the core schema of a class; raise InvalidState when it cannot be read."""
        schema = _core_schema(kind)
        self._kind = kind
        self._definitions: list[Node] = []
        if schema["type"] == "definitions":
            self._definitions = schema["definitions"]
            schema = schema["schema"]
        self._config: Node = {}
        self._around: list[Node] = []
        self._fields: dict[str, Node] = self._find(schema)
        functions = {node["type"] for node in self._around[:-1]} - _CLASSES
        self._wrapped = bool(functions)
        self.before: bool = bool(functions - {"function-after"})
        self._together: SchemaValidator | None = None
        self.schemas: dict[str, Node] = {
            name: _bare(field["schema"]) for name, field in self._fields.items()
        }
        self.guarded: frozenset[str] = frozenset(
            name for name, s in self.schemas.items() if _has_function(s)
        )
        self.checks: dict[str, Callable[[object], object] | None] = {
            name: self._check(name) for name in self.schemas
        }

    def _find(self, schema: Node) -> dict[str, Node]:
        """Return the fields, and note them and what is wrapped around them, the outermost first."""
        named = {item["ref"]: item for item in self._definitions}
        while (kind := schema["type"]) not in {"model-fields", "dataclass-args"}:
            if kind == "definition-ref":
                schema = named[schema["schema_ref"]]
                continue
            if kind in _CLASSES:
                self._config = schema.get("config") or {}
            elif not kind.startswith("function-") or "schema" not in schema:
                what = f"{self._kind.__name__!r} is validated in a way that cannot be taken apart ({kind})"
                where = f"class {self._kind.__name__!r}"
                raise InvalidState(what, where=where, fix="use a plain model with fields")
            self._around.append(schema)
            schema = schema["schema"]
        self._around.append(schema)
        fields = schema["fields"]
        if isinstance(fields, list):
            return {field["name"]: field for field in cast("list[Node]", fields)}
        return cast("dict[str, Node]", fields)

    def whole(self) -> SchemaValidator | None:
        """Make a validator that runs what is wrapped around the fields, if anything is."""
        if not self._wrapped:
            return None
        anything = {n: {"type": "model-field", "schema": {"type": "any"}} for n in self._fields}
        return self._validator(self._rebuilt(anything, wrapped=True))

    def exact(self, name: str) -> tuple[type, ...]:
        """Return the types whose instances need no validation in this field."""
        config = self._config
        if config.get("allow_inf_nan") is False or any(key.startswith("str_") for key in config):
            return ()
        return _exact(self.schemas[name])

    def is_loose(self, name: str) -> bool:
        """Say whether a list has no rules of its own, so that some items can be validated alone."""
        return not self.schemas[name].keys() - (_HARMLESS | {"items_schema"})

    def _check(self, name: str) -> Callable[[object], object] | None:
        """Return the validator of a field; None when it needs to know the other fields."""
        schema = self.schemas[name]
        if _has_function(schema, "with-info"):
            return None
        return self._validator(schema).validate_python

    def check_among(self, name: str, value: object, others: dict[str, object]) -> object:
        """Validate one field by a validator that looks at the others (`info.data`)."""
        model = build(self._kind, dict(others), set(others))
        if self._together is None:
            thawed = {n: {**field, "frozen": False} for n, field in self._fields.items()}
            self._together = self._validator(self._rebuilt(thawed, wrapped=False))
        self._together.validate_assignment(model, name, value)
        return model.__dict__[name]

    def _validator(self, schema: Node) -> SchemaValidator:
        if self._definitions:
            schema = {"type": "definitions", "schema": schema, "definitions": self._definitions}
        return SchemaValidator(cast("CoreSchema", schema), cast("CoreConfig", self._config))

    def _rebuilt(self, fields: dict[str, Node], *, wrapped: bool) -> Node:
        """Put other fields in the place of the fields; without `wrapped` no function is around them."""
        found: Node = {"fields": fields}
        for node in reversed(self._around):
            rest = {key: part for key, part in node.items() if key not in {"ref", "frozen"}}
            if node["type"] == "model":
                config = {k: v for k, v in rest.get("config", {}).items() if k != "frozen"}
                found = {**rest, "schema": found, "config": config, "cls": _Nobody}
            elif "fields" in node:
                found = {**rest, **found}
            elif wrapped:
                found = {**rest, "schema": found}
        return found


class _Nobody:
    """Stands for the model in a rebuilt schema: for the model itself pydantic would take its own."""


def _core_schema(kind: type[Any]) -> Node:
    try:
        if is_dataclass(kind):
            return cast("Node", TypeAdapter(kind).core_schema)
        model = cast("type[BaseModel]", kind)
        if not model.__pydantic_complete__:
            model.model_rebuild()
    except (PydanticUndefinedAnnotation, PydanticUserError) as error:
        what = f"{kind.__name__!r} cannot be validated: {error}"
        fix = "define every name that its annotations use before the class is used"
        raise InvalidState(what, where=f"class {kind.__name__!r}", fix=fix) from error
    return cast("Node", model.__pydantic_core_schema__)


def _bare(schema: Node) -> Node:
    """Take the defaults off: a value is there already."""
    while schema["type"] == "default":
        schema = schema["schema"]
    return schema


def _exact(schema: Node) -> tuple[type, ...]:
    kind = schema["type"]
    if kind in _SIMPLE and not schema.keys() - _HARMLESS:
        return (_SIMPLE[kind],)
    if kind == "nullable" and (inner := _exact(_bare(schema["schema"]))):
        return (*inner, type(None))
    return ()


def _has_function(schema: object, mode: str | None = None) -> bool:
    """Say whether somebody's function takes part in validating a field (in this mode)."""
    if isinstance(schema, list | tuple):
        return any(_has_function(item, mode) for item in cast("list[object]", schema))
    if not isinstance(schema, dict):
        return False
    node = cast("Node", schema)
    if node.get("type") in _BOUNDARIES:
        return False
    function = node.get("function")
    if str(node.get("type")).startswith("function-") and isinstance(function, dict):
        called = cast("Node", function)
        ours = not str(getattr(called["function"], "__module__", "")).startswith("pydantic")
        if ours and mode in {None, called["type"]}:
            return True
    return any(_has_function(part, mode) for key, part in node.items() if key != "metadata")
