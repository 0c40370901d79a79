"""AG204 to AG206 and AG214 to AG216: what a classifier answers, by its source; it is never asked.

Rules of this file:

1. Constants are compared with the declared labels; an answer that is no constant is any label.
2. A gap or an overlap is told with a state that shows it, and else only guessed (`heuristic`).
3. Of a function that only declares (`...`), or that a decorator stands before, nothing is said;
   of one that is a single constant, a stand-in, not which labels it lacks.
"""

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from pydantic import BaseModel

from agentgraph.errors import Finding, suggest
from agentgraph.graph import Vertex
from agentgraph.workflow.elsewhere import returns
from agentgraph.workflow.guards import ANY, Runner, asked_of, is_odd, shown, tried
from agentgraph.workflow.signature import Signature
from agentgraph.workflow.solving import solved
from agentgraph.workflow.source import Source

_ROUNDABOUT = (ast.Assign, ast.Match, ast.While)
"""With these an answer may be overruled, or its end may be reached, unseen by the form."""
_COMPLETE = "answer in every case: end with `else:`, or declare `-> Verdict[...] | None` to abstain"


def judged(
    vertex: Vertex,
    signature: Signature,
    labels: Mapping[object, str],
    state: type[BaseModel],
    *,
    abstains: bool,
) -> Iterator[Finding]:
    """Compare the source of a classifier or voter with what it declares to answer."""
    source = signature.written
    if source is None or not source.is_direct or _only_declares(source.body):
        return
    where = f"{vertex.kind} {vertex.name!r}"
    for line, finding in _found(source, labels, state, abstains=abstains):
        place = signature.at(line + source.offset) if line else vertex.place
        what = f"{vertex.name!r} {finding.what}"
        if vertex.kind != "consensus" or finding.code != "AG215":
            yield replace(finding, what=what, where=where, place=place)


def _found(
    source: Source, labels: Mapping[object, str], state: type[BaseModel], *, abstains: bool
) -> Iterator[tuple[int, Finding]]:
    """Give what is found, with its line in the source, or 0."""
    runner = Runner(source)
    answers = [
        (value, each.lineno)
        for each in returns(source.body)
        for value in runner.possible(each.value)
    ]
    if labels:
        yield from _compared(answers, labels)
    for node in source.all(ast.Call):
        if (asked := asked_of(source, node)) is not None:
            name = ast.unparse(node.func)
            yield from ((node.lineno, each) for each in _covered(name, asked.cases))
    is_open = _falls_off(source.body) or any(value is None for value, _ in answers)
    is_plain = not any(map(source.all, _ROUNDABOUT)) and ANY not in dict(answers)
    found = tried(runner, state, always_answers=is_plain and not is_open)
    if (decided := solved(runner, state)) is not None:
        found = decided._replace(doubled=found.doubled if found else {})
    if found is None:
        if is_open and not abstains:
            what = "may come to its end without an answer, and does not say that it may abstain"
            yield 0, Finding("AG216", what, "", _COMPLETE, severity="warning", claim="heuristic")
        return
    if found.silent and not abstains:
        values = min(found.silent, key=is_odd)
        what = f"answers nothing for {shown(values)}" if values else "never answers anything"
        gap = Finding("AG205", what, "", _COMPLETE)
        yield 0, replace(gap, severity="warning") if is_odd(values) else gap
    for test in found.dead:
        text = f"{'case ' * isinstance(test, ast.pattern)}{ast.unparse(test)}"
        what = f"never takes the branch of `{text}`: no state that comes there fulfils it"
        fix = "put the narrower guard before the wider one, or take the branch out"
        yield test.lineno, Finding("AG206", what, "", fix)
    for line, values in found.doubled.items():
        what = f"has two guards that hold for {shown(values)}, and the later one decides"
        fix = "write `elif` where only one of them is meant, or return the answer at once"
        yield line, Finding("AG204", what, "", fix, severity="warning")


def _compared(
    answers: Sequence[tuple[object, int]], labels: Mapping[object, str]
) -> Iterator[tuple[int, Finding]]:
    lines = dict(reversed(answers))
    for value, line in lines.items():
        if value is not None and value is not ANY and value not in labels:
            known = f"its labels are {', '.join(map(repr, labels.values()))}"
            fix = suggest(str(value), labels.values(), known)
            yield line, Finding("AG214", f"answers {value!r}, which is none of its labels", "", fix)
    for value, label in labels.items():
        if value not in lines and ANY not in lines and len(answers) > 1:
            fix = f"answer it where it is meant, or take {label!r} out of the annotation"
            what = f"declares the label {label!r} and never answers it"
            yield 0, Finding("AG215", what, "", fix, severity="warning")


def _covered(name: str, cases: Sequence[tuple[object, object]]) -> Iterator[Finding]:
    """Find rules that never decide, since an earlier one holds whenever they do."""
    for at, (holds, label) in enumerate(cases):
        earlier = (n for n in range(at) if cases[n][0] == holds)
        if (first := next(earlier, None)) is not None:
            what = (
                f"never answers {label!r} by rule {at + 1} of `{name}`: rule {first + 1} holds then"
            )
            yield Finding("AG206", what, "", "put the narrower rule first, or take this one out")


def _only_declares(body: Sequence[ast.stmt]) -> bool:
    kinds = [each.value if isinstance(each, ast.Expr) else each for each in body]
    return all(isinstance(each, ast.Pass | ast.Constant) for each in kinds)


def _falls_off(body: Sequence[ast.stmt]) -> bool:
    """Say whether the end of these statements can be reached, as far as their form tells."""
    match body[-1] if body else None:
        # What a type checker would find exhaustive is not seen here: nothing is said of it.
        case ast.Return() | ast.Raise() | ast.While() | ast.Match():
            return False
        case ast.If(_, inner, orelse):
            return _falls_off(inner) or _falls_off(orelse)
        case ast.With(_, inner) | ast.AsyncWith(_, inner):
            return _falls_off(inner)
        case ast.Try(inner, handlers, orelse) | ast.TryStar(inner, handlers, orelse):
            return any(map(_falls_off, [[*inner, *orelse], *(each.body for each in handlers)]))
        case _:
            return True
