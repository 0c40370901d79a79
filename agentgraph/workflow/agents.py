"""The work of a node: one callable that edits the state, with its policy; not how it is decorated."""

from collections.abc import Callable, Collection
from datetime import timedelta
from typing import TypedDict, cast

from agentgraph.errors import InvalidAgent, suggest
from agentgraph.graph import Policy, Vertex
from agentgraph.runtime.policy import Retry
from agentgraph.runtime.program import Binding, qualified
from agentgraph.workflow.signature import Signature, signature_of
from agentgraph.workflow.tree import Mention, Tree
from agentgraph.workflow.work import NOTHING, PLAIN, Options, Settled, Work, identity


class Agent(Work):
    """The work of a node: one callable of the user."""

    __slots__ = ("_options", "_signature")

    def __init__(self, signature: Signature, name: str, options: Options) -> None:
        """Take what the callable takes, the name, and what was said beside it."""
        super().__init__(name, signature.fn)
        self._signature = signature
        self._options = options

    def settle(self) -> Settled:
        """Make the vertex of the callable."""
        options = self._options
        agent, doc, place = self._signature.about
        vertex = Vertex(
            self.name,
            agent=agent,
            doc=doc,
            place=place,
            version=options.version,
            policy=options.policy,
            reads=options.reads,
            writes=options.writes,
            effects=options.effects,
            access=self._signature.access,
        )
        if options.limit is None:
            return Settled(vertex, self._signature.binding, self._signature.alone)
        binding = Binding(self._signature.body, limit=options.limit)
        return Settled(vertex, binding, self._signature.alone)


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
    if limit is not None and limit < 1:
        fix = "say how many attempts may be under way at once, from 1 up"
        raise InvalidAgent(f"the limit is {limit}", where="limit=", fix=fix)
    in_thread = said.get("in_thread", False)
    policy = policy_of(said.get("retry"), said.get("timeout"), in_thread=in_thread)
    reads, writes = _names(said.get("reads")), _names(said.get("writes"))
    options = Options(
        said.get("version", 1), policy, limit, reads, writes, said.get("effects", False)
    )
    return NOTHING if options == NOTHING else options


def policy_of(
    retry: Retry | None, timeout: float | timedelta | None = None, *, in_thread: bool = False
) -> Policy:
    """Write retry and timeout as a graph has them."""
    seconds = timeout.total_seconds() if isinstance(timeout, timedelta) else timeout
    if seconds is not None and not seconds > 0:
        fix = "give seconds above 0, a timedelta, or nothing"
        raise InvalidAgent(f"the timeout is {timeout!r}", where="timeout=", fix=fix)
    if retry is None:
        if seconds is None and not in_thread:
            return PLAIN
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
    return Agent(signature, signature.name if name is None else name, options)


def function_tree(fn: object) -> Tree:
    """Return the part that a plain function is: the same function is the same object."""
    return Mention(agent_work(fn), identity(fn))


def mention_of(tree: Tree) -> Mention:
    """Return the tree of a node as what it is."""
    return cast("Mention", tree)


def reworked(tree: Tree, change: Callable[[Work], Work]) -> Tree:
    """Return another node with a changed work."""
    return Mention(change(mention_of(tree).work), object())


def _names(names: Collection[str] | None) -> tuple[str, ...] | None:
    if isinstance(names, str):
        what = f"the fields are given as the text {names!r}"
        fix = f"give a collection of names: {{{names!r}}}"
        raise InvalidAgent(what, where="reads= or writes=", fix=fix)
    # A set has no order of its own, and a graph is the same on every machine.
    return None if names is None else tuple(sorted(names))
