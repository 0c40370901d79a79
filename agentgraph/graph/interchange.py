"""Graphs as JSON and as networkx graphs, there and back; not as pictures.

The JSON form has a version of its own (`FORMAT`). Fields that hold their default are
left out, so a file from an older release reads in a newer one as long as the
version is the same.
"""

from collections.abc import Callable
from dataclasses import MISSING, Field, fields, is_dataclass
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Literal, TypeVar, Union, cast, get_args, get_origin

from agentgraph.errors import Finding, InvalidGraphFile, Place, suggest
from agentgraph.graph.content import Json, plain
from agentgraph.graph.definition import (
    Access,
    Bound,
    Edge,
    FrozenGraph,
    Policy,
    Region,
    Requirement,
    Vertex,
)

if TYPE_CHECKING:
    from networkx import MultiDiGraph

FORMAT = "agentgraph/graph/1"
P = TypeVar("P")


def to_json(graph: FrozenGraph, *, indent: int | None = 2) -> str:
    """Write `graph` as JSON text; `from_json` gives an equal graph back."""
    import json  # noqa: PLC0415 - spares those who only import

    return json.dumps({"format": FORMAT, **plain(graph)}, indent=indent, ensure_ascii=False)


def from_json(text: str) -> FrozenGraph:
    """Read what `to_json` wrote. Raises `InvalidGraphFile` when the text is anything else."""
    import json  # noqa: PLC0415 - spares those who only import

    try:
        data: object = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _refused(f"this is not JSON: {error}") from error
    if not isinstance(data, dict):
        raise _refused("a graph is a JSON object")
    raw = cast("Json", data)
    if raw.get("format") != FORMAT:
        raise _refused(f"its format is {raw.get('format')!r}, not {FORMAT!r}")
    return _graph({key: value for key, value in raw.items() if key != "format"})


def to_networkx(graph: FrozenGraph) -> "MultiDiGraph[str]":
    """Return a `networkx.MultiDiGraph` whose attributes hold everything of `graph`."""
    from networkx import MultiDiGraph

    rest = {key: value for key, value in plain(graph).items() if key not in {"vertices", "edges"}}
    result: MultiDiGraph[str] = MultiDiGraph()
    result.graph.update(format=FORMAT, **rest)
    for vertex in graph.vertices:
        result.add_node(vertex.name, **{k: v for k, v in plain(vertex).items() if k != "name"})
    for order, edge in enumerate(graph.edges):
        kept = {k: v for k, v in plain(edge).items() if k not in {"source", "target"}}
        result.add_edge(edge.source, edge.target, order=order, **kept)
    return result


def from_networkx(source: "MultiDiGraph[str]") -> FrozenGraph:
    """Read what `to_networkx` wrote. Raises `InvalidGraphFile` on anything else."""
    rest = {key: value for key, value in source.graph.items() if key != "format"}
    if source.graph.get("format") != FORMAT:
        raise _refused(f"its format is {source.graph.get('format')!r}, not {FORMAT!r}")
    vertices = [{"name": name, **attributes} for name, attributes in source.nodes(data=True)]
    ordered = sorted(source.edges(data=True), key=lambda edge: cast("int", edge[2]["order"]))
    edges = [
        {"source": a, "target": b, **{k: v for k, v in attributes.items() if k != "order"}}
        for a, b, attributes in ordered
    ]
    return _graph({**rest, "vertices": vertices, "edges": edges})


def _graph(raw: Json) -> FrozenGraph:
    parts = dict(raw)
    parts["vertices"] = tuple(_vertex(item) for item in _objects(raw, "vertices"))
    parts["edges"] = tuple(_part(Edge, item) for item in _objects(raw, "edges"))
    parts["regions"] = tuple(_part(Region, item) for item in _objects(raw, "regions"))
    parts["noted"] = tuple(_part(Finding, item) for item in _objects(raw, "noted"))
    required = _objects(raw, "requirements")
    parts["requirements"] = tuple(_part(Requirement, item) for item in required)
    return _part(FrozenGraph, parts)


def _vertex(raw: Json) -> Vertex:
    parts = dict(raw)
    if "policy" in raw:
        parts["policy"] = _part(Policy, _object(raw["policy"], "policy"))
    if "bound" in raw:
        parts["bound"] = _part(Bound, _object(raw["bound"], "bound"))
    if raw.get("access") is not None:
        parts["access"] = _part(Access, _object(raw["access"], "access"))
    if raw.get("child") is not None:
        parts["child"] = _graph(_object(raw["child"], "child"))
    return _part(Vertex, parts)


def _part(kind: type[P], raw: Json) -> P:
    """Make one dataclass from JSON values, refusing what is unknown, missing or of another type."""
    known = {slot.name: slot for slot in fields(cast("type[FrozenGraph]", kind))}
    parts: Json = {}
    for key, value in raw.items():
        if key not in known:
            raise _refused(f"{kind.__name__} has no {key!r}: {suggest(key, known, 'remove it')}")
        parts[key] = _typed(value, known[key].type, f"{kind.__name__}.{key}")
    missing = [name for name, slot in known.items() if name not in parts and _is_needed(slot)]
    if missing:
        raise _refused(f"{kind.__name__} lacks {', '.join(map(repr, missing))}")
    make = cast("Callable[..., P]", kind)  # The types of the parts were checked above.
    return make(**parts)


def _is_needed(slot: "Field[object]") -> bool:
    return slot.default is MISSING and slot.default_factory is MISSING


def _typed(value: object, hint: object, where: str) -> object:
    """Give `value` back as its field wants it; lists become tuples, objects become places."""
    if isinstance(value, list):
        value = tuple(cast("list[object]", value))
    if where.endswith(".place") and value is not None:
        return _part(Place, _object(value, where))
    if not _fits(value, hint):
        raise _refused(f"{where} cannot be {value!r}")
    return value


def _fits(value: object, hint: object) -> bool:
    options = get_args(hint)
    if get_origin(hint) in {Union, UnionType}:
        return any(_fits(value, option) for option in options)
    if get_origin(hint) is Literal:
        return value in options
    if get_origin(hint) is tuple:
        items = cast("tuple[object, ...]", value) if isinstance(value, tuple) else (None,)
        return all(_fits(item, options[0]) for item in items)
    if hint is float:
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if isinstance(hint, type) and hint in {str, int, bool, NoneType}:
        return type(value) is hint
    return is_dataclass(value) or isinstance(hint, str)


def _objects(raw: Json, key: str) -> list[Json]:
    found = raw.get(key, [])
    if not isinstance(found, (list, tuple)):
        raise _refused(f"{key!r} must be a list")
    return [_object(item, f"an item of {key!r}") for item in cast("list[object]", found)]


def _object(value: object, what: str) -> Json:
    if not isinstance(value, dict):
        raise _refused(f"{what} must be a JSON object")
    return cast("Json", value)


def _refused(what: str) -> InvalidGraphFile:
    where = "the text or graph that was read"
    fix = f"write it with agentgraph (format {FORMAT})"
    return InvalidGraphFile(f"this is not a graph: {what}", where=where, fix=fix)
