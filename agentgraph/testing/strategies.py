"""Strategies for hypothesis: valid states of a model, values of a field, answers of choices.

Rules of this file:

1. Pydantic judges: what it refuses is drawn again, and where it refuses all, an error says
   by which rule. So validators of any kind hold, and nothing of them is written twice.
2. What shrinks goes to the defaults of the model. A model inside itself ends after two rounds.
"""

import sys
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from types import FunctionType, MappingProxyType, UnionType
from typing import (
    TYPE_CHECKING,
    Annotated,
    Any,
    Final,
    Literal,
    NewType,
    TypeAlias,
    TypeVar,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from hypothesis import reject
from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from hypothesis.strategies import DrawFn, SearchStrategy
from pydantic import AwareDatetime, BaseModel, NaiveDatetime, TypeAdapter, ValidationError
from pydantic.errors import PydanticUserError
from pydantic.fields import FieldInfo

from agentgraph.errors import InvalidState, suggest
from agentgraph.graph import CHOICES, FrozenGraph
from agentgraph.render.overlay import vertices_of
from agentgraph.state.declaration import spell
from agentgraph.state.shape import Shape
from agentgraph.state.unset import starts_unset
from agentgraph.workflow import Workflow

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

M = TypeVar("M", bound=BaseModel)
Strategy: TypeAlias = SearchStrategy[Any]
Parts: TypeAlias = Mapping[str, Strategy]
Limits: TypeAlias = Mapping[str, Any]
"""What the marks of an annotation say, by the names that they have in pydantic: `ge`, `pattern`."""
_NAMES: Final = (
    "ge", "gt", "le", "lt", "multiple_of", "min_length", "max_length", "pattern",
    "allow_inf_nan", "max_digits", "decimal_places",
)  # fmt: skip
_TRIES: Final = 20
_REFUSED_MAX: Final = 40
"""So many draws, each of which was tried again `_TRIES` times, may be refused while none is not."""
_ROUNDS: Final = 2
_ANYTHING: Final = st.none() | st.booleans() | st.integers() | st.text(max_size=8)


def states(model: type[M], /, **fields: Strategy) -> SearchStrategy[M]:
    """Valid instances of `model`; for some of its fields you may give a strategy of your own.

    A field with a default is left out now and then. One that starts as `unset()` is always left
    out, unless a strategy is given for it: a node is to write it.
    """
    for name in fields:
        _info(model, name)
    made = _instances(model, fields, ())
    if made.is_empty:
        what = f"there is no state of {model.__name__!r}: it needs itself without an end"
        fix = "give a field that leads back a default, or let it be None"
        raise InvalidState(what, where=f"class {model.__name__!r}", fix=fix)
    return made


def field(model: type[BaseModel], name: str) -> Strategy:
    """Values that one field of `model` accepts, such as a node may write."""
    info, check = _info(model, name), Shape(model).checks[name]
    found = _of(info, (model,))
    where = f"field {name!r} of {model.__name__!r}"
    return found if check is None else _judged(found, check, where, {})


def _info(model: type[BaseModel], name: str) -> FieldInfo:
    if name in model.model_fields:
        return model.model_fields[name]
    known = f"its fields are {', '.join(model.model_fields)}"
    what = f"{model.__name__!r} has no field {name!r}"
    fix = suggest(name, model.model_fields, known)
    raise InvalidState(what, where=f"class {model.__name__!r}", fix=fix)


def values(annotation: object) -> Strategy:
    """Values that pydantic accepts for an annotation."""
    return _of(annotation, ())


def labels(workflow: Workflow[Any, Any] | FrozenGraph) -> SearchStrategy[dict[str, str]]:
    """An answer for each choice: from its path (`inbox/triage`) to one of its labels."""
    graph = workflow if isinstance(workflow, FrozenGraph) else workflow.graph
    choices = {path: site.labels for path, site in vertices_of(graph) if site.kind in CHOICES}
    return st.fixed_dictionaries({path: st.sampled_from(ls) for path, ls in choices.items()})


def _judged(whole: Strategy, check: Callable[[Any], object], where: str, parts: Parts) -> Strategy:
    """Draw again what `check` refuses, of a dict of `parts` those that are to blame."""
    counts = {"made": 0, "refused": 0}

    @st.composite
    def made(draw: DrawFn) -> object:
        value, told = draw(whole), cast("list[ErrorDetails]", [])
        for _ in range(_TRIES):
            try:
                check(value)
            except ValidationError as error:
                told = error.errors(include_url=False, include_input=False)
            else:
                counts["made"] += counts["refused"] <= _REFUSED_MAX
                return value
            wrong = {each["loc"][0] for each in told if each["loc"]}
            again = [name for name in parts if name in wrong] or parts
            value = {**value, **{n: draw(parts[n]) for n in again}} if parts else draw(whole)
        counts["refused"] += 1
        # Only where the draw is refused anyhow, and then always: the same draws come to one end.
        if counts["refused"] > _REFUSED_MAX and not counts["made"]:
            what = f"all that was drawn was refused: {told[0]['msg']}"
            fix = "give a strategy for what cannot be guessed: states(Model, name=...)"
            raise InvalidState(what, where=where, fix=fix)
        return reject()

    return made()


def _instances(model: type[M], given: Parts, seen: tuple[object, ...]) -> SearchStrategy[M]:
    if seen.count(model) >= _ROUNDS:
        return st.nothing()
    if not model.__pydantic_complete__:
        model.model_rebuild()
    infos = model.model_fields
    parts = dict(given) | {
        name: _of(info, (*seen, model))
        for name, info in infos.items()
        if name not in given and not starts_unset(info)
    }
    needed = {n: part for n, part in parts.items() if n in given or infos[n].is_required()}
    others = {n: part for n, part in parts.items() if n not in needed and not part.is_empty}
    whole = st.fixed_dictionaries(needed, optional=others)

    def make(found: object) -> M:
        return model.model_validate(found, by_alias=False, by_name=True)

    if whole.is_empty:
        return st.nothing()
    return _judged(whole, make, f"class {model.__name__!r}", needed | others).map(make)


def _of(hint: object, seen: tuple[object, ...], outer: Limits = MappingProxyType({})) -> Strategy:
    """Return the strategy of an annotation, or of a field; `seen` are the models around it."""
    info = hint if isinstance(hint, FieldInfo) else FieldInfo.from_annotation(cast("Any", hint))
    # A reducer says nothing to pydantic.
    rules = [r for r in info.metadata if r is not None and not isinstance(r, FunctionType)]
    own = {n: getattr(r, n) for r in rules for n in _NAMES if getattr(r, n, None) is not None}
    found = _plain(info.annotation, {**outer, **own}, seen)
    if not rules or found.is_empty:
        return found
    marked: Any = cast("Any", Annotated)[(info.annotation, *rules)]
    try:
        check = cast("TypeAdapter[object]", TypeAdapter(marked)).validate_python
    except PydanticUserError:
        return found  # A class that pydantic takes only inside a model, which judges it then.
    where = f"{spell(info.annotation)} with {', '.join(map(repr, rules))}"
    return _judged(found, check, where, {})


def _plain(hint: Any, limits: Limits, seen: tuple[object, ...]) -> Strategy:
    """Return the strategy of an annotation without marks."""
    kind = get_origin(hint) or hint
    if kind in _LEAVES:
        return _LEAVES[kind](limits)
    if kind is Literal:
        return st.sampled_from(get_args(hint))
    if kind is Union or kind is UnionType:
        options = get_args(hint)
    elif isinstance(hint, NewType):
        options = (hint.__supertype__,)
    elif isinstance(hint, TypeVar):
        options = hint.__constraints__ or (hint.__bound__ or object,)
    elif hasattr(kind, "__value__"):  # `type Tree = ...` of Python 3.12
        spaces = vars(sys.modules[kind.__module__])
        holder = type("Holder", (), {"__annotations__": {"value": kind.__value__}})
        options = (get_type_hints(holder, spaces, include_extras=True)["value"],)
        options = options if seen.count(kind) < _ROUNDS else ()
        seen = (*seen, kind)
    else:
        return _class(hint, kind, limits, seen) if isinstance(kind, type) else _unread(hint)
    return st.one_of([_of(option, seen, limits) for option in options])


def _class(hint: Any, kind: type[Any], limits: Limits, seen: tuple[object, ...]) -> Strategy:
    parts = get_args(hint)
    if issubclass(kind, BaseModel):
        return _instances(kind, {}, seen)
    if kind is tuple and hint is not tuple and ... not in parts:
        return st.tuples(*[_of(part, seen) for part in parts])
    for held, make in _HOLDERS.items():
        if issubclass(held, kind):
            given = parts or (object,) * (1 + (held is dict))
            return make(*[_of(part, seen) for part in given if part is not ...], **_size(limits))
    return _unread(hint)


def _unread(hint: Any) -> Strategy:
    """Leave to hypothesis what is no part of a state's own: a path, a dataclass, a named tuple."""
    try:
        found = st.from_type(hint)
        found.validate()
    except InvalidArgument as error:
        raise InvalidState(
            f"nobody knows how to make a value of {spell(hint)}",
            where="agentgraph.testing.states",
            fix="give a strategy for the field: states(Model, name=...), or tell hypothesis by "
            "`st.register_type_strategy`",
        ) from error
    return found


def _whole(limits: Limits, step: Any = 1) -> Strategy:
    """Return the multiples of a number, within the limits."""
    ends = _ends(limits)
    low = int(-(-ends["min_value"] // step)) if "min_value" in ends else None
    high = int(ends["max_value"] // step) if "max_value" in ends else None
    return st.integers(low, high).map(cast("Callable[[int], object]", step.__mul__))


def _ends(limits: Limits) -> dict[str, Any]:
    """Return the limits as hypothesis names them; what lies on an open end the judge refuses."""
    ends = {"min_value": limits.get("ge", limits.get("gt"))}
    ends["max_value"] = limits.get("le", limits.get("lt"))
    return {name: end for name, end in ends.items() if end is not None}


def _floats(limits: Limits) -> Strategy:
    if "multiple_of" in limits:
        return _whole(limits, limits["multiple_of"]).map(float)
    finite = False if limits.get("allow_inf_nan") is False else None
    ends: dict[str, Any] = {name: float(end) for name, end in _ends(limits).items()}
    return st.floats(**ends, allow_nan=finite, allow_infinity=finite)


def _decimals(limits: Limits) -> Strategy:
    digits, places, step = map(limits.get, ("max_digits", "decimal_places", "multiple_of"))
    limits = {n: Decimal(str(limits[n])) for n in ("ge", "gt", "le", "lt") if n in limits}
    if digits is None and places is None and step is None:
        return st.decimals(**_ends(limits), allow_nan=False, allow_infinity=False)
    step = Decimal(1).scaleb(-(places or 0)) if step is None else Decimal(str(step))
    if digits is not None:
        most = step * (10**digits - 1)
        limits["ge"] = max(limits.get("ge", -most), -most)
        limits["le"] = min(limits.get("le", most), most)
    return _whole(limits, step)


def _size(limits: Limits) -> dict[str, Any]:
    return {"min_size": limits.get("min_length", 0), "max_size": limits.get("max_length")}


def _texts(limits: Limits) -> Strategy:
    pattern: str | None = limits.get("pattern")
    return st.text(**_size(limits)) if pattern is None else st.from_regex(pattern)


def _datetimes(limits: Limits) -> Strategy:
    ends = _ends(limits)
    zones = [end.tzinfo for end in ends.values()] or [None]
    bare = {name: end.replace(tzinfo=None) for name, end in ends.items()}
    return st.datetimes(**bare, timezones=st.just(zones[0]))


def _tuples(item: Strategy, **size: Any) -> Strategy:
    return st.lists(item, **size).map(tuple)


_LEAVES: Final[Mapping[object, Callable[[Limits], Strategy]]] = {
    None: lambda _: st.none(),
    Any: lambda _: _ANYTHING,
    object: lambda _: _ANYTHING,
    int: lambda at: _whole(at, at.get("multiple_of", 1)),
    float: _floats,
    Decimal: _decimals,
    str: _texts,
    bytes: lambda at: st.binary(**_size(at)),
    datetime: _datetimes,
    AwareDatetime: lambda at: _datetimes(at) if _ends(at) else st.datetimes(timezones=st.just(UTC)),
    NaiveDatetime: _datetimes,
    date: lambda at: st.dates(**_ends(at)),
    time: lambda at: st.times(**_ends(at)),
    timedelta: lambda at: st.timedeltas(**_ends(at)),
}
_HOLDERS: Final[Mapping[type, Callable[..., Strategy]]] = {
    list: st.lists,
    dict: st.dictionaries,
    tuple: _tuples,
    set: st.sets,
    frozenset: st.frozensets,
}
