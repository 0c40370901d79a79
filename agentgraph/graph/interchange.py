"""Graphs as JSON and as networkx graphs, there and back; not as pictures.

The JSON form has a version of its own (`FORMAT`). Fields that hold their default are
left out, so a file from an older release reads in a newer one as long as the
version is the same.
"""

from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass
from types import UnionType
from typing import TYPE_CHECKING, Literal, TypeVar, Union, cast, get_args, get_origin

from agentgraph.errors import InvalidGraphFile, suggest
from agentgraph.graph.content import Json, plain
from agentgraph.graph.definition import (
    FrozenGraph,
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
    return _part(FrozenGraph, _of_format(cast("Json", data)))


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
    rest = _of_format(source.graph)
    vertices = [{"name": name, **attributes} for name, attributes in source.nodes(data=True)]
    ordered = sorted(source.edges(data=True), key=lambda edge: cast("int", edge[2]["order"]))
    edges = [
        {"source": a, "target": b, **{k: v for k, v in attributes.items() if k != "order"}}
        for a, b, attributes in ordered
    ]
    return _part(FrozenGraph, {**rest, "vertices": vertices, "edges": edges})


def _of_format(raw: Json) -> Json:
    """Return what a graph of this format holds besides its format."""
    if raw.get("format") != FORMAT:
        raise _refused(f"its format is {raw.get('format')!r}, not {FORMAT!r}")
    return {key: value for key, value in raw.items() if key != "format"}


def _part(kind: type[P], raw: Json) -> P:
    """Make one dataclass from JSON values, refusing what is unknown, missing or of another type."""
    known = {slot.name: slot for slot in fields(cast("type[FrozenGraph]", kind))}
    parts: Json = {}
    for key, value in raw.items():
        if key not in known:
            raise _refused(f"{kind.__name__} has no {key!r}: {suggest(key, known, 'remove it')}")
        parts[key] = _typed(value, known[key].type, f"{kind.__name__}.{key}")
    needed = (name for name, slot in known.items() if slot.default is MISSING)
    missing = [name for name in needed if name not in parts]
    if missing:
        raise _refused(f"{kind.__name__} lacks {', '.join(map(repr, missing))}")
    make = cast("Callable[..., P]", kind)  # The types of the parts were checked above.
    return make(**parts)


def _typed(value: object, hint: object, where: str) -> object:
    """Give `value` back as its field wants it; lists become tuples, objects become dataclasses."""
    if isinstance(hint, str):  # A vertex names the graph inside, which is defined after it.
        hint = FrozenGraph | None
    if get_origin(hint) in {Union, UnionType}:
        if value is None:
            return None
        hint = get_args(hint)[0]
    if get_origin(hint) is tuple:
        if not isinstance(value, (list, tuple)):
            raise _refused(f"{where.rpartition('.')[2]!r} must be a list")
        items = cast("list[object]", value)
        return tuple(_typed(item, get_args(hint)[0], f"an item of {where}") for item in items)
    if is_dataclass(hint):
        if not isinstance(value, dict):
            raise _refused(f"{where} must be a JSON object")
        return _part(cast("type[object]", hint), cast("Json", value))
    if not _fits(value, hint):
        raise _refused(f"{where} cannot be {value!r}")
    return value


def _fits(value: object, hint: object) -> bool:
    if get_origin(hint) is Literal:
        return value in get_args(hint)
    return type(value) in ({int, float} if hint is float else {hint})


def _refused(what: str) -> InvalidGraphFile:
    where = "the text or graph that was read"
    fix = f"write it with agentgraph (format {FORMAT})"
    return InvalidGraphFile(f"this is not a graph: {what}", where=where, fix=fix)
