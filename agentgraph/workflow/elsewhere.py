"""What users of other libraries type by habit, and the line that does it here; nothing works by it."""

import ast
from collections.abc import Awaitable, Iterator, Sequence
from types import NoneType
from typing import Any, Final, get_origin

from agentgraph.workflow.signature import Signature

IN_A_GRAPH: Final = {
    "add_conditional_edges": "g.add_conditional_edge(source, classifier, {'label': target})",
    "add_sequence": "g.add_edge(a, b) for each pair, or workflow(name, State, a >> b >> c)",
    "set_conditional_entry_point": "g.add_conditional_edge(START, classifier, {'label': target})",
    "set_entry_point": "g.add_edge(START, node)",
    "set_finish_point": "g.add_edge(node, END)",
}
IN_A_WORKFLOW: Final = {
    "ainvoke": "await wf.run(State(...))",
    "astream": "run = wf.start(State(...)), then `async for event in run`",
    "get_graph": "wf.graph, or wf.to_svg() and wf.to_mermaid()",
    "invoke": "wf.run_sync(State(...))",
    "stream": "run = wf.start(State(...)), then `async for event in run`",
}
_VALUES: Final = (
    *(ast.Dict, ast.List, ast.Set, ast.Tuple, ast.JoinedStr),
    *(ast.DictComp, ast.ListComp, ast.SetComp),
)


def unknown(kind: str, name: str, known: dict[str, str]) -> AttributeError:
    """Say that there is no such attribute, and what to type when it is one of another library."""
    line = f"; here it is {known[name]}" if name in known else ""
    return AttributeError(f"{kind!r} has no attribute {name!r}{line}", name=name)


def returned(signature: Signature) -> tuple[str, int | None] | None:
    """Say what a node returns although nobody would take it, and in which line, if it does."""
    hint = signature.returns
    kind = hint if isinstance(hint, type) else get_origin(hint)
    if isinstance(kind, type) and kind not in {object, Any, NoneType}:
        return None if issubclass(kind, Awaitable) else (f"a {kind.__name__}", None)
    known = signature.known
    if known is None or not known.gives:
        return None
    for made in returns(known.source.body):
        value = made.value
        is_constant = isinstance(value, ast.Constant) and value.value is not None
        if value is not None and (is_constant or isinstance(value, _VALUES)):
            shown, line = ast.unparse(value), value.lineno + known.source.offset
            return shown if len(shown) < 40 else f"{shown[:36]}...", line
    return None


def returns(body: Sequence[ast.stmt]) -> Iterator[ast.Return]:
    """Yield the statements that return, but for those of inner functions."""
    waiting: list[ast.AST] = [*body]
    for part in waiting:
        if isinstance(part, ast.Return):
            yield part
        elif not isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            # Only statements hold statements: what they are made of besides is not looked at.
            for name in ("body", "handlers", "cases", "orelse", "finalbody"):
                waiting += getattr(part, name, ())
