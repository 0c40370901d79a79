"""The classes of drafts: instances of the user's model that note each edit; not when it counts.

Rules of this file:

1. A draft is an instance of a subclass made past pydantic's metaclass (no schema is built),
   so `isinstance`, methods and computed fields hold. Its `__dict__` has real values at all
   times: pydantic's serializer, written in Rust, looks nowhere else.
2. Only fields that can be edited in place, or start unset, have a descriptor; it copies at
   the first read. All other reads are native.
3. The end of a draft is a change of its class: what is done with it later raises.
"""

from abc import ABCMeta
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NoReturn, Protocol, cast

from pydantic import BaseModel

from agentgraph.errors import ClosedDraft, InvalidEdit, UnsetField, suggest
from agentgraph.state.copies import build, clone
from agentgraph.state.field import Field
from agentgraph.state.lent import read_only
from agentgraph.state.unset import UNSET

if TYPE_CHECKING:
    from agentgraph.state.revision import Revision


class Draft(Protocol):
    """What is known of a draft besides that it is an instance of the user's model."""

    __dict__: dict[str, Any]
    __pydantic_fields_set__: set[str]
    __draft_base__: "Revision | None"
    """The revision that it was opened on; None once it is closed."""
    __draft_edits__: dict[str, None]
    """The fields that were assigned, in order."""
    __draft_opened__: dict[str, object]
    """The fields that were copied to be edited in place, with what they were copied from."""


# Past every `__setattr__`; the bound methods of these descriptors cost half a call.
set_class: Final[Callable[[object, type], None]] = object.__dict__["__class__"].__set__
_slots: Final = vars(BaseModel)
set_dict: Final[Callable[[object, dict[str, object]], None]] = _slots["__dict__"].__set__
set_fields: Final[Callable[[object, set[str]], None]] = _slots["__pydantic_fields_set__"].__set__


def draft_classes(
    model: type[BaseModel], fields: Mapping[str, Field]
) -> tuple[type[BaseModel], type[BaseModel], type[BaseModel]]:
    """Make the classes of open, readable and closed drafts; 34 µs, once for each model."""
    readers: dict[str, object] = {
        n: property(_reader(f)) for n, f in fields.items() if f.is_mutable or f.starts_unset
    }
    common = {
        **_COMMON,
        "__draft_model__": model,
        # What a method makes of its own class is an instance of the model, not a draft.
        "__new__": _maker(model),
        "model_construct": model.model_construct,
    }
    if model.__eq__ is BaseModel.__eq__:
        common |= {"__eq__": _equal, "__hash__": model.__hash__}
    slots = ("__draft_base__", "__draft_edits__", "__draft_opened__")
    edits = {"__slots__": slots, "__setattr__": _writer(fields), "__delattr__": _keep}
    opened = _subclass(model, {**common, **readers, **edits})
    lent = [name for name, field in fields.items() if field.is_lent]
    looks: dict[str, object] = {name: property(partial(_look, name=name)) for name in lent}
    refuse = {"__setattr__": _read_only, "__delattr__": _read_only}
    mutable = [name for name, field in fields.items() if field.is_mutable]
    late = {name: property(partial(_closed_attribute, name=name)) for name in mutable}
    return (
        opened,
        _subclass(opened, {**looks, **refuse, "__slots__": ()}),
        _subclass(opened, {**late, **_SHUT, "__slots__": ()}),
    )


def _maker(model: type[BaseModel]) -> Callable[..., BaseModel]:
    def make(_: type[BaseModel], *arguments: object, **values: object) -> BaseModel:
        return model(*arguments, **values)

    return make


def _subclass(parent: type[BaseModel], body: Mapping[str, object]) -> type[BaseModel]:
    names = {key: getattr(parent, key) for key in ("__module__", "__qualname__", "__doc__")}
    make: Callable[..., type[BaseModel]] = ABCMeta.__new__
    bases = (parent,) if issubclass(parent, _Quiet) else (_Quiet, parent)
    return make(type(parent), parent.__name__, bases, {**names, **body})


class _Quiet:
    """Keeps a draft class from `__init_subclass__` of the user's class, which it is no subclass of."""

    __slots__ = ()

    def __init_subclass__(cls) -> None: ...


def _reader(field: Field) -> Callable[[Draft], object]:
    name, copy = field.name, field.copy

    def read(draft: Draft) -> object:
        values = draft.__dict__
        value = values[name]
        opened = draft.__draft_opened__
        if name in opened:
            return value
        if value is UNSET:
            _unset(field)
        opened[name] = value
        values[name] = copied = copy(value)
        return copied

    def read_plain(draft: Draft) -> object:
        value = draft.__dict__[name]
        if value is UNSET:
            _unset(field)
        return value

    return read if field.is_mutable else read_plain


def _look(draft: Draft, name: str) -> object:
    """Show a lent list in a view as it is: it refuses to be edited."""
    return draft.__dict__[name]


def _unset(field: Field) -> NoReturn:
    what = f"field {field.name!r} was read, but nothing has written it yet"
    fix = "let an earlier node write it, give it in the input, or declare a default"
    raise UnsetField(what, where=field.where, fix=fix)


def _writer(fields: Mapping[str, Field]) -> Callable[[Draft, str, object], None]:
    exact = {name: field.exact for name, field in fields.items() if field.exact}

    def write(draft: Draft, name: str, value: object) -> None:
        if name in exact and type(value) in exact[name]:
            draft.__dict__[name] = value
        elif name in fields:
            _assign(draft, fields[name], value)
        else:
            _write_other(draft, name, value, fields)
            return
        draft.__draft_edits__[name] = None
        if name not in draft.__pydantic_fields_set__:
            # A new set, since others share the old one.
            set_fields(draft, {*draft.__pydantic_fields_set__, name})

    return write


def _assign(draft: Draft, field: Field, value: object) -> None:
    name, values = field.name, draft.__dict__
    if field.frozen:
        raise field.invalid("the field is frozen", "assigned")
    if not field.is_mutable:
        values[name] = field.accept(value, values)
        return
    old, is_open = values[name], name in draft.__draft_opened__
    if field.is_lent and value is old and is_open:
        # `s.notes += [...]` has extended the list and now assigns it to itself.
        return
    accepted: Any = field.accept(value, values)
    if field.is_lent:
        old.holders -= 1
        accepted.holders = 1
        if is_open:
            old.let_go()
    # What was assigned is what later edits in place are compared with.
    draft.__draft_opened__.pop(name, None)
    values[name] = accepted


def _write_other(draft: Draft, name: str, value: object, fields: Mapping[str, Field]) -> None:
    model = type(draft).__name__
    attribute = getattr(type(draft), name, None)
    if hasattr(attribute, "__set__") and getattr(attribute, "fset", attribute) is not None:
        cast("Any", attribute).__set__(draft, value)
        return
    fix = suggest(name, fields, f"its fields are {', '.join(fields)}")
    raise InvalidEdit(f"{model!r} has no field {name!r}", where=f"assignment to {name!r}", fix=fix)


def _keep(draft: Draft, name: str) -> NoReturn:
    what = f"field {name!r} cannot be deleted"
    where = f"a node that edits {type(draft).__name__!r}"
    raise InvalidEdit(what, where=where, fix="assign a value that says that there is none")


def _read_only(draft: Draft, name: str, value: object = None) -> NoReturn:
    raise read_only(name, f"field {name!r} of {type(draft).__name__!r}")


def _closed(draft: Draft, *arguments: object, **options: object) -> NoReturn:
    raise closed(type(draft).__name__, "it was read")


def _closed_attribute(draft: Draft, name: str, *value: object) -> NoReturn:
    if name.startswith("_"):
        raise AttributeError(name)
    raise closed(type(draft).__name__, f"{name!r} was {'written' if value else 'read'}")


def _closed_repr(draft: Draft) -> str:
    return f"<closed draft of {type(draft).__name__}>"


def closed(model: str, what: str) -> ClosedDraft:
    """Make the error of a draft that is used after its attempt."""
    what = f"a draft of {model!r} was used after its attempt had ended: {what}"
    fix = "await everything that uses the state before the node returns; keep values, not the state"
    return ClosedDraft(what, where=f"a draft of {model!r}", fix=fix)


def _plain(draft: Draft, memo: object = None) -> BaseModel:
    """Return what the draft shows now as an instance of the user's class, sharing nothing."""
    model = cast("type[BaseModel]", cast("Any", type(draft)).__draft_model__)
    fields = model.__pydantic_fields__
    values = {name: clone(value) for name, value in draft.__dict__.items() if name in fields}
    return build(model, values, set(draft.__pydantic_fields_set__))


def _iterate(draft: Draft) -> Iterator[tuple[str, object]]:
    for name, value in list(draft.__dict__.items()):
        yield name, value if value is UNSET else getattr(draft, name)


def _equal(draft: Draft, other: object) -> object:
    if not isinstance(other, BaseModel):
        return NotImplemented
    mine, theirs = (getattr(type(one), "__draft_model__", type(one)) for one in (draft, other))
    return mine is theirs and vars(draft) == vars(other)


def _reduce(draft: Draft, protocol: int) -> object:
    return _plain(draft).__reduce_ex__(protocol)


_COMMON: Final[Mapping[str, object]] = {
    # A draft has neither; as properties they cost nothing when a draft is made.
    "__pydantic_private__": property(lambda _: None, lambda _, __: None),
    "__pydantic_extra__": property(lambda _: None, lambda _, __: None),
    # The set itself is shared with other drafts.
    "model_fields_set": property(lambda draft: set(draft.__pydantic_fields_set__)),
    "__iter__": _iterate,
    "__copy__": _plain,
    "__deepcopy__": _plain,
    "__reduce_ex__": _reduce,
}

_SHUT: Final[Mapping[str, object]] = {
    "__setattr__": _closed_attribute,
    "__delattr__": _closed_attribute,
    "__getattr__": _closed_attribute,
    "__repr__": _closed_repr,
    "__str__": _closed_repr,
    **dict.fromkeys(
        ("__iter__", "__copy__", "__deepcopy__", "__reduce_ex__", "model_dump", "model_dump_json"),
        _closed,
    ),
}
