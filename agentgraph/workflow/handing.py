"""AG404 to AG406: values and states that do not fit where they are handed; nothing is called.

Rules of this file:

1. Only constants and annotations are compared; what is computed fits in doubt.
2. A constant is given to pydantic, as a run would, where no code of the user has a say.
"""

import ast
from collections.abc import Awaitable, Iterator
from dataclasses import replace
from typing import Annotated, Any, cast, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from agentgraph.errors import Finding, Place, suggest
from agentgraph.graph import Vertex
from agentgraph.runtime.item import ItemFailed
from agentgraph.state.declaration import fits, spell
from agentgraph.state.field import explain
from agentgraph.workflow.findings import found_at
from agentgraph.workflow.guards import is_guarded, limits_of
from agentgraph.workflow.signature import MISSING, Signature, Unread
from agentgraph.workflow.work import Settled

_LITERALS = (ast.Constant, ast.UnaryOp, ast.BinOp, ast.List, ast.Tuple, ast.Set, ast.Dict, ast.Call)
_PLAIN = frozenset({int, float, str, bool, bytes, list, dict, set, tuple, frozenset, type(None)})


def misfits(vertex: Vertex, settled: Settled, state: type[BaseModel]) -> Iterator[Finding]:
    """Find what one vertex hands on that cannot be taken."""
    for signature in settled.checked:
        for finding, line in _constants(vertex, signature, state):
            yield replace(finding, place=signature.at(line))
    if vertex.kind == "subgraph":
        yield from _mapped(vertex, settled)
    elif vertex.kind == "each":
        yield from _listed(vertex, settled)


# AG404


def _constants(
    vertex: Vertex, signature: Signature, state: type[BaseModel]
) -> Iterator[tuple[Finding, int]]:
    """Compare the constants that a function assigns with their fields."""
    for name, _, line, node in signature.known.mentions if signature.known else ():
        field = state.__pydantic_fields__.get(name) if isinstance(node, _LITERALS) else None
        if field is None or node is None or is_guarded(state, [name]):
            continue
        try:
            why = _refused(field, ast.literal_eval(node), state)
        except (ValueError, TypeError, SyntaxError):
            continue  # It is no constant.
        if why is not None:
            what = f"{vertex.name!r} writes {ast.unparse(node)} into {name!r}: {why}"
            fix = f"write what the field takes: {spell(field.annotation)}"
            yield found_at(vertex, "AG404", what, fix), line


def _refused(field: FieldInfo, value: object, state: type[BaseModel]) -> str | None:
    """Say why a field cannot have a value; None where it can, or where that is not known."""
    limits = limits_of(field)
    hint: Any = field.annotation
    if limits is None or (type(value) is hint and not limits) or not _is_plain(hint):
        return None
    marks = [mark for mark in field.metadata if not callable(mark)]
    hint = cast("Any", Annotated[hint, *marks]) if marks else hint
    try:
        TypeAdapter(hint, config=state.model_config).validate_python(value)
    except ValidationError as error:
        return explain(error)
    return None


def _is_plain(hint: object) -> bool:
    """Say whether a type is made of what Python has by itself."""
    parts = get_args(hint)
    kind = get_origin(hint) or hint
    is_named = isinstance(kind, type) and kind not in _PLAIN
    are_plain = all(not isinstance(part, type) or part in _PLAIN for part in parts)
    return are_plain and not is_named and kind is not Any


# AG405 and AG406


def _mapped(vertex: Vertex, settled: Settled) -> Iterator[Finding]:
    """Compare the states of a subgraph and of the graph around it."""
    enter, leave = settled.checked[:2]
    assert settled.binding.child is not None, "a subgraph has a program"
    child = settled.binding.child.model
    yield from _handed(vertex, "`enter` gives", enter.returns, f"{vertex.name!r} works on", child)
    yield from _handed(vertex, f"{vertex.name!r} gives", child, "`leave` takes", leave.second)
    for each in enter.written.body if enter.written else ():
        match each:
            case ast.Return(ast.Call(ast.Name(name), [], keywords) as made) if (
                enter.written and enter.written.value(name) is child
            ):
                given = {keyword.arg for keyword in keywords}
                where = enter.at(made.lineno + enter.written.offset)
                yield from _unmapped(vertex, child, given, where)
            case _:
                pass


def _unmapped(
    vertex: Vertex, child: type[BaseModel], given: set[str | None], place: Place | None
) -> Iterator[Finding]:
    fields = child.model_fields
    if None in given or any(field.validation_alias or field.alias for field in fields.values()):
        return
    where = f"`enter` of {vertex.name!r}"
    for name, field in fields.items():
        if field.is_required() and name not in given:
            what = f"{vertex.name!r} needs the field {name!r}, and `enter` does not give it"
            fix = f"give it: `{child.__name__}(..., {name}=s....)`, or give the field a default"
            yield Finding("AG406", what, where, fix, place)
    for name in sorted({name for name in given if name is not None} - fields.keys()):
        what = f"`enter` gives {vertex.name!r} the field {name!r}, which {child.__name__} lacks"
        yield Finding("AG406", what, where, suggest(name, fields, "take it out"), place)


def _listed(vertex: Vertex, settled: Settled) -> Iterator[Finding]:
    """Compare what an `each` lists, does and collects."""
    over, into = settled.checked[:2]
    item, result = _item(over.returns), _item(into.second)
    if settled.binding.child is not None:
        takes: object = settled.binding.child.model
        gives: object = takes
    else:
        do = settled.served[0].read_again()
        takes, gives = do.state, do.returns
    yield from _handed(vertex, "`over` lists", item, "`do` takes", takes)
    yield from _handed(vertex, "`do` gives", gives, "`into` takes", result)
    if vertex.collect:
        yield from _handed(vertex, "a failed item gives", ItemFailed, "`into` takes", result)


def _item(hint: object) -> object:
    parts = get_args(hint)
    return parts[0] if len(parts) == 1 else MISSING


def _handed(
    vertex: Vertex, gives: str, given: object, takes: str, taken: object
) -> Iterator[Finding]:
    kind = get_origin(given)
    is_late = isinstance(kind, type) and issubclass(kind, Awaitable)
    is_known = not any(isinstance(hint, Unread) or hint is MISSING for hint in (given, taken))
    if is_known and not is_late and not fits(given, taken):
        what = f"{gives} {spell(given)}, and {takes} {spell(taken)}"
        fix = "let the one give what the other takes, or put the annotation right"
        yield found_at(vertex, "AG405", what, fix)
