"""What a state class declares, and whether a run could carry it out; nothing is validated here."""

import typing
from collections.abc import Callable, Iterator, Sequence
from inspect import signature
from types import BuiltinFunctionType, FunctionType, MethodDescriptorType, ModuleType, UnionType
from typing import Annotated, Any, TypeVar, Union, cast, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from agentgraph.errors import InvalidState
from agentgraph.state.copies import same
from agentgraph.state.kinds import bare
from agentgraph.state.reducers import (
    NEEDS_NO_BASE,
    OURS,
    check_reducer,
    largest,
    name_of,
    reducer,
    smallest,
)
from agentgraph.state.unset import starts_unset

Reduce = Callable[[Any, Sequence[Any]], object]
Fault = tuple[str, str]
"""What is wrong with a declaration, and how to mend it."""
_CALLABLES = FunctionType | BuiltinFunctionType | MethodDescriptorType


def reducers_of(model: type[BaseModel]) -> dict[str, Reduce]:
    """Return the reducer of each field that has one; raise InvalidState for a faulty declaration."""
    _refuse(_faults_of_class(model), f"class {model.__name__!r}")
    found: dict[str, Reduce] = {}
    for name, field in model.__pydantic_fields__.items():
        where = f"field {name!r} of {model.__name__!r}"
        _refuse(_faults_of_field(name, field), where)
        for mark in filter(_is_callable, field.metadata):
            check_reducer(mark, where=where)
            found[name] = reducer(mark)
            _refuse(_misfits(found[name], field), where)
    return found


def _refuse(faults: Iterator[Fault], where: str) -> None:
    """Raise the first fault, if there is one."""
    for what, fix in faults:
        raise InvalidState(what, where=where, fix=fix)


def _is_callable(mark: object) -> bool:
    """Say whether a mark is meant as a reducer: a function, or an object that can be called."""
    return callable(mark) and not isinstance(mark, type)


def _faults_of_class(model: type[BaseModel]) -> Iterator[Fault]:
    name = f"{model.__name__!r}"
    if model.model_config.get("extra") == "allow":
        fix = "declare each field: what is not declared can be neither checked nor merged"
        yield f"{name} allows extra fields", fix
    if model.__private_attributes__:
        names = ", ".join(repr(name) for name in model.__private_attributes__)
        fix = "make them fields, or keep what is no state in the services of the run (`deps=`)"
        yield f"{name} has private attributes: {names}", fix
    if model.__pydantic_root_model__:
        fix = "write a model with a field that holds the value"
        yield f"{name} is a root model: it has no fields that nodes could write", fix


def _faults_of_field(name: str, field: FieldInfo) -> Iterator[Fault]:
    for mark in field.metadata:
        if isinstance(mark, ModuleType):
            what = f"field {name!r} has a module where a reducer was meant: {mark.__name__}"
            yield what, "import the function, not the module of that name"
        elif _is_hidden_by_default(mark, field):
            # `total: Annotated[int, total] = 0`: there the class body says 0 where `total` was meant.
            what = f"in a class body its default, {mark!r}, hides what {name!r} meant outside"
            fix = f"rename the field, or write `{name}: ... = reduced(..., start=...)`"
            yield f"field {name!r} has no reducer: {what}", fix
    for mark in _inner_marks(field.annotation):
        # Pydantic does not show it to the field.
        if isinstance(mark, FunctionType) and _is_reducer(mark):
            what = f"the reducer {name_of(mark)!r} is hidden inside the type"
            yield what, f"write it outermost: Annotated[{spell(field.annotation)}, {name_of(mark)}]"
    marks = [name_of(mark) for mark in field.metadata if _is_callable(mark)]
    if len(marks) > 1:
        yield f"field {name!r} has {len(marks)} reducers: {', '.join(marks)}", "keep one of them"


def _is_hidden_by_default(mark: object, field: FieldInfo) -> bool:
    if _is_callable(mark) or field.default_factory is not None:
        return False
    return mark is field.default or same(mark, field.default)


def _is_reducer(mark: FunctionType) -> bool:
    names = tuple(mark.__code__.co_varnames[: mark.__code__.co_argcount])
    return mark in OURS or names == ("base", "values")


def _inner_marks(annotation: object) -> Iterator[object]:
    if get_origin(annotation) is Annotated:
        yield from cast("Any", annotation).__metadata__
    for part in get_args(annotation):
        if part is not annotation:
            yield from _inner_marks(part)


def _misfits(reduce: Reduce, field: FieldInfo) -> Iterator[Fault]:
    """Hold the reducer's own annotations against the type of its field."""
    name, kind = f"the reducer {name_of(reduce)!r}", field.annotation
    hints = _hints(reduce)
    expected = hints.get(next(iter(signature(reduce).parameters)), Any)
    but = f"but the field is {spell(kind)}"
    if not fits(kind, expected):
        fix = "choose a reducer for that type, or change the type of the field"
        yield f"{name} merges {spell(expected)}, {but}", fix
    if not fits(hints.get("return", Any), kind):
        fix = "let it return a value of the field's type"
        yield f"{name} returns {spell(hints['return'])}, {but}", fix
    if reduce in (largest, smallest) and not _has_order(kind):
        fix = "use a type whose values compare by `<`, or write a reducer of your own"
        yield f"{name} needs values with an order, {but}", fix
    if starts_unset(field) and reduce not in NEEDS_NO_BASE:
        what = f"{name} needs a value to begin with, but the field starts as unset()"
        yield what, "give the field a default"


def _hints(reduce: Reduce) -> dict[str, Any]:
    try:
        return typing.get_type_hints(reduce)
    except (NameError, TypeError, AttributeError):
        # An annotation that names what exists only for type checkers cannot be held to anything.
        return {}


def _has_order(annotation: object) -> bool:
    if get_origin(annotation) in {Union, UnionType}:
        return False
    kind = get_origin(annotation) or annotation
    unordered = (dict, set, frozenset, complex, BaseModel, type(None))
    return not (isinstance(kind, type) and issubclass(kind, unordered))


def fits(given: object, expected: object) -> bool:
    """Say whether a value of one annotation may stand where the other is expected; in doubt, yes."""
    if expected is Any or expected is object or given is Any or given == expected:
        return True
    if isinstance(given, TypeVar) or isinstance(expected, TypeVar):
        return _fits_variable(given, expected)
    if get_origin(given) in {Union, UnionType}:
        return all(fits(part, expected) for part in get_args(given))
    if get_origin(expected) in {Union, UnionType}:
        return any(fits(given, part) for part in get_args(expected))
    if get_origin(given) is Annotated or get_origin(expected) is Annotated:
        return fits(bare(given), bare(expected))
    return _fits_class(given, expected)


def _fits_variable(given: object, expected: object) -> bool:
    if isinstance(given, TypeVar) or not isinstance(expected, TypeVar):
        return True
    if expected.__constraints__:
        return given in expected.__constraints__
    return expected.__bound__ is None or fits(given, expected.__bound__)


def _fits_class(given: object, expected: object) -> bool:
    one: object = get_origin(given) or given
    other: object = get_origin(expected) or expected
    if one is None:
        one = type(None)
    if not (isinstance(one, type) and isinstance(other, type)):
        return True
    if not issubclass(one, other):
        return (one, other) in {(int, float), (int, complex), (float, complex)}
    mine, theirs = get_args(given), get_args(expected)
    if len(mine) != len(theirs):
        return True
    return all(map(fits, mine, theirs))


def spell(annotation: object) -> str:
    """Write an annotation as one would type it."""
    if isinstance(annotation, TypeVar):
        bound = (annotation.__bound__,) if annotation.__bound__ else ()
        return " or ".join(map(spell, annotation.__constraints__ or bound)) or "anything"
    if isinstance(annotation, type) and not get_args(annotation):
        return annotation.__name__
    return str(annotation).replace("typing.", "").replace("collections.abc.", "").replace("~", "")


def writes_past_fields(model: type[BaseModel]) -> bool:
    """Say whether reading an attribute may store something beside the fields (`cached_property`)."""
    own = model.__mro__[: model.__mro__.index(BaseModel)]
    return any(
        not name.startswith("__") and _may_store_when_read(value)
        for kind in own
        for name, value in vars(kind).items()
    )


def _may_store_when_read(value: object) -> bool:
    if isinstance(value, property | classmethod | staticmethod | type | _CALLABLES):
        return False
    return hasattr(value, "__get__") and not hasattr(value, "__set__")
