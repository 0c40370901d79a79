"""The work of a node: one callable that edits the state, with its policy; not how it is decorated."""

from collections.abc import Collection
from datetime import timedelta
from typing import Final, TypedDict

from agentgraph.errors import InvalidAgent, suggest
from agentgraph.graph import Policy, Vertex
from agentgraph.runtime.policy import Retry, is_amount
from agentgraph.runtime.program import qualified
from agentgraph.workflow.signature import Signature, signature_of
from agentgraph.workflow.work import NOTHING, Options, Settled, Work

_PLAIN: Final = Vertex("")


class NodeOptions(TypedDict, total=False):
    """What may be said of a node beside its callable."""

    version: int
    """Another one is another node: runs under way are not carried on with it. 1 by default."""
    retry: Retry | None
    timeout: float | timedelta | None
    """In seconds, for each attempt."""
    in_thread: bool
    """Call a sync function in a thread, so that it blocks nobody."""
    limit: int | None
    """How many attempts may be under way at once, over all runs."""
    reads: Collection[str] | None
    writes: Collection[str] | None
    """The fields that it reads and writes, where its source does not say so."""
    effects: bool
    """It leaves something behind outside, which a retry must not do twice."""


def options_of(said: NodeOptions) -> Options:
    """Turn what the user says of a node into data."""
    for name in said.keys() - NodeOptions.__annotations__.keys():
        advice = suggest(name, NodeOptions.__annotations__, "see `agentgraph.node`")
        raise InvalidAgent(f"a node has no option {name!r}", where="a node", fix=advice)
    limit = said.get("limit")
    if limit is not None and not is_amount(limit, least=1, whole=True):
        fix = "say how many attempts may be under way at once, from 1 up"
        raise InvalidAgent(f"the limit is {limit!r}", where="limit=", fix=fix)
    in_thread = said.get("in_thread", False)
    policy = policy_of(said.get("retry"), said.get("timeout"), in_thread=in_thread)
    said_of: dict[str, object] = {
        "version": said.get("version", 1),
        "policy": policy,
        "reads": _names(said.get("reads")),
        "writes": _names(said.get("writes")),
        "effects": said.get("effects", False),
    }
    changes = {name: value for name, value in said_of.items() if value != getattr(_PLAIN, name)}
    return Options(changes, limit)


def policy_of(retry: object, timeout: object = None, *, in_thread: bool = False) -> Policy:
    """Write retry and timeout as a graph has them."""
    if not isinstance(retry, Retry | None):
        fix = "give a policy, `Retry(attempts=3)`, or nothing"
        raise InvalidAgent(f"the retry is {retry!r}", where="retry=", fix=fix)
    seconds = timeout.total_seconds() if isinstance(timeout, timedelta) else timeout
    if not (seconds is None or (isinstance(seconds, int | float) and seconds > 0)):
        fix = "give seconds above 0, a timedelta, or nothing"
        raise InvalidAgent(f"the timeout is {timeout!r}", where="timeout=", fix=fix)
    if retry is None:
        return Policy(timeout_s=seconds, in_thread=in_thread)
    kinds = (retry.on,) if isinstance(retry.on, type) else retry.on
    named = None if kinds is None else tuple(qualified(kind) for kind in kinds)
    return Policy(retry.attempts, named, retry.first, retry.cap, seconds, in_thread)


def agent_work(
    fn: object,
    name: str | None = None,
    options: Options = NOTHING,
    signature: Signature | None = None,
) -> Work:
    """Return the work of a callable. Raises `InvalidAgent` when it cannot be called with a state."""
    signature = signature or signature_of(fn)
    if name is not None and not name:
        raise InvalidAgent("a node has an empty name", where="name=", fix="give it a name")
    called = signature.name if name is None else name

    def settle() -> Settled:
        return Settled(signature.vertex("node", called), signature.binding, signature.alone)

    return Work(called, signature.fn, settle).told(options)


def _names(names: Collection[str] | None) -> tuple[str, ...] | None:
    if isinstance(names, str):
        what = f"the fields are given as the text {names!r}"
        fix = f"give a collection of names: {{{names!r}}}"
        raise InvalidAgent(what, where="reads= or writes=", fix=fix)
    # A set has no order of its own, and a graph is the same on every machine.
    return None if names is None else tuple(sorted(names))
