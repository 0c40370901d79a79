"""AG501 and AG502: work that reaches outside, by its source: twice, or where a decision should not.

Rules of this file:

1. A name is what it stands for in its module: `now` of `from datetime import ...` is the clock,
   a variable called `time` is not.
2. Helpers of the same module are looked into, two levels deep; what they do is `heuristic`.
"""

import ast
from collections.abc import Iterator
from types import FunctionType, ModuleType
from typing import Final

from agentgraph.errors import Claim, Finding
from agentgraph.graph import Vertex
from agentgraph.verify.words import at
from agentgraph.workflow.signature import Signature
from agentgraph.workflow.source import UNBOUND, Source, written

_LEVELS: Final = 2
_READS: Final = {
    "the clock": ("time", "datetime.datetime.now", "datetime.datetime.utcnow",
                  "datetime.datetime.today", "datetime.date.today"),
    "chance": ("random", "secrets", "uuid.uuid1", "uuid.uuid4", "os.urandom",
               "posix.urandom", "numpy.random"),
    "the network": ("requests", "httpx", "aiohttp", "socket", "urllib.request", "http.client"),
    "the environment": ("os.environ", "os.getenv"),
    "a file": ("io.open", "sqlite3"),
}  # fmt: skip
"""What a classifier should not read, by the names of what reads it."""
_SENDS: Final = (
    "requests.post", "requests.put", "requests.patch", "requests.delete", "httpx.post",
    "httpx.put", "httpx.patch", "httpx.delete", "smtplib", "urllib.request", "socket",
    "subprocess", "sqlite3", "psycopg", "psycopg2", "boto3", "stripe", "ftplib",
)  # fmt: skip
"""What leaves something behind outside."""
_KEYS: Final = {"idempotency_key", "effect"}


def impure(vertex: Vertex, signature: Signature) -> Iterator[Finding]:
    """Find what a classifier reads beside its state."""
    told: set[str] = set()
    for name, line, claim in _used(signature.written, 0, set()):
        what = next((each for each, known in _READS.items() if _is_in(name, known)), None)
        if what is None or what in told:
            continue
        told.add(what)
        why = f"{vertex.name!r} reads {what} with `{name}`, so the same state may be answered twice"
        fix, place = "let a node before it put what it needs into the state", signature.at(line)
        yield Finding("AG502", why, at(vertex), fix, place, severity="warning", claim=claim)


def repeated(vertex: Vertex, signature: Signature) -> Iterator[Finding]:
    """Find an effect that a retry would repeat."""
    code = getattr(signature.source, "__code__", None)
    if vertex.policy.attempts < 2 or code is None or _KEYS & {*code.co_names}:
        return
    found = (
        (name, line) for name, line, _ in _used(signature.written, 0, set()) if _is_in(name, _SENDS)
    )
    name, line = ("", 0) if vertex.effects else next(found, ("", 0))
    if name or vertex.effects:
        yield Finding(
            "AG501",
            f"{vertex.name!r} has effects{f' (`{name}`)' if name else ''} and is retried, and "
            "uses no idempotency key",
            at(vertex),
            "take the context and do it once: `await ctx.effect('send', fn)`, or hand "
            "`ctx.idempotency_key` to what is called",
            signature.at(line) if name else vertex.place,
            severity="warning" if name else "error",
            claim="heuristic" if name else "declared",
        )


def _is_in(name: str, known: tuple[str, ...]) -> bool:
    return any(name == each or name.startswith(f"{each}.") for each in known)


def _used(
    source: Source | None, level: int, seen: set[FunctionType]
) -> Iterator[tuple[str, int, Claim]]:
    """Give the full names of what a function uses from elsewhere, with lines and how sure it is."""
    if source is None:
        return
    inner = {node.value for node in source.all(ast.Attribute)}
    for node in (*source.all(ast.Name), *source.all(ast.Attribute)):
        if node in inner:
            continue
        value, name = _meant(source, node)
        if name:
            yield name, node.lineno + source.offset, "heuristic" if level else "proved"
        if not isinstance(value, FunctionType) or level == _LEVELS or value in seen:
            continue
        if value.__globals__ is source.outside:
            seen.add(value)
            for each, _, guessed in _used(written(value, ""), level + 1, seen):
                yield each, node.lineno + source.offset, guessed


def _meant(source: Source, node: ast.expr) -> tuple[object, str]:
    """What a dotted name stands for, and its full name if it comes from another module."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.insert(0, node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None, ""
    value = source.value(node.id)
    if isinstance(value, ModuleType):
        return None, ".".join([value.__name__, *parts])
    if value is UNBOUND:
        return None, ""
    # `from random import random` is a method of an object of that module.
    owner = type(getattr(value, "__self__", None)).__module__
    module = getattr(value, "__module__", None) or owner
    name = getattr(value, "__qualname__", node.id)
    return None if parts else value, ".".join([module, name, *parts])
