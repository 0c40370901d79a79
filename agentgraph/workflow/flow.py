"""The parts of a workflow that a user puts together with `>>` and `|`; not the graph they make.

Rules of this file:

1. A flow never changes: each operator and method returns a new one.
2. Both operators are associative: `a >> (b >> c)` makes the same graph as `(a >> b) >> c`.
3. A plain function stands for a node wherever a flow stands beside it.
"""

from collections.abc import Awaitable, Callable
from typing import Generic, Never, Protocol, Self, TypeAlias, cast, overload

from pydantic import BaseModel

from agentgraph.errors import InvalidFlow, NotAvailable
from agentgraph.runtime.context import Ctx
from agentgraph.runtime.policy import are_errors
from agentgraph.workflow.agents import agent_work
from agentgraph.workflow.drawing import leaves_open
from agentgraph.workflow.places import Spot, invalid, spot_of_caller
from agentgraph.workflow.signature import Signature, signature_of
from agentgraph.workflow.tree import (
    Catch,
    Chain,
    End,
    Loop,
    Mention,
    On,
    Quorum,
    Side,
    Tree,
    branches,
)
from agentgraph.workflow.variables import E2, S2, D_contra, E, R, S, S_contra, X
from agentgraph.workflow.work import Work, identity


class Body(Protocol[S_contra]):
    """A plain function, method, partial or object that edits the state."""

    def __call__(self, s: S_contra, /) -> Awaitable[None] | None:
        """Edit the state."""
        ...


class BodyDeps(Protocol[S_contra, D_contra]):
    """The same with a context, and the services that it holds."""

    def __call__(self, s: S_contra, ctx: Ctx[D_contra], /) -> Awaitable[None] | None:
        """Edit the state."""
        ...


BodyCtx: TypeAlias = BodyDeps[S, Never]
"""The same whatever the services are: any `Ctx[Services]` fits."""


Soon: TypeAlias = Awaitable[R] | R
"""What a sync function returns, or an async one."""
With: TypeAlias = Callable[[S], R] | Callable[[S, Ctx[Never]], R]
"""A function of the state, or of state and context, that returns R."""
Method: TypeAlias = Callable[[X, S], R] | Callable[[X, S, Ctx[Never]], R]
"""The same in a class body."""
Fn: TypeAlias = With[S, Soon[None]]
"""The bodies where the state must be inferred: mypy infers nothing through a protocol."""
Kinds: TypeAlias = type[E] | tuple[type[E], ...]
"""The errors that a catch names."""
Handler: TypeAlias = Callable[[S, E], Soon[None]]
"""A function of the state and the error that was caught."""


class Unfinished:
    """Something that is no part of a flow yet; `advice` says what it lacks."""

    __slots__ = ()
    advice: str = ""


class Start(Unfinished):
    """The type of START: where a run begins, in the builder."""

    __slots__ = ()
    advice = "a flow begins with its first part; START is for the builder: `g.add_edge(START, a)`"

    def __repr__(self) -> str:
        return "START"


START = Start()
END = End("END", is_open=False)
"""The end of the workflow: a way that leads here is closed."""
NEXT = End("NEXT", is_open=True)
"""An open end with nothing in it: a label mapped to it goes on with what follows."""


class Flow(Generic[S_contra]):
    """A part of a workflow: immutable, and contravariant in the state."""

    __slots__ = ("tree",)

    def __init__(self, tree: Tree) -> None:
        """Made by decorators, operators and methods."""
        self.tree: Tree = tree

    def __rshift__(self: "Flow[S]", nxt: "Target[S]") -> "Flow[S]":
        spot = spot_of_caller()
        return Flow(_chained(self.tree, tree_of(nxt, spot), spot))

    # These two also take a flow, though they are never called with one: a type checker tries
    # them when the state of the left side is a base of that of the right one.
    def __rrshift__(self: "Flow[S]", prev: "Flow[S] | Body[S] | BodyCtx[S]") -> "Flow[S]":
        spot = spot_of_caller()
        if isinstance(prev, End):
            raise _closed(f"{prev} stands on the left of `>>`", spot)
        return Flow(_chained(tree_of(prev, spot), self.tree, spot))

    def __or__(self: "Flow[S]", other: "Flow[S] | Body[S] | BodyCtx[S]") -> "Par[S]":
        return Par(_beside(self.tree, tree_of(other, spot_of_caller())))

    def __ror__(self: "Flow[S]", other: "Flow[S] | Body[S] | BodyCtx[S]") -> "Par[S]":
        return Par(_beside(tree_of(other, spot_of_caller()), self.tree))

    @overload
    def catch(
        self: "Flow[S]", exc: Kinds[Exception], to: "Flow[S] | End | Body[S]"
    ) -> "Flow[S]": ...
    @overload
    def catch(self: "Flow[S]", exc: Kinds[E], to: Handler[S, E]) -> "Flow[S]": ...
    @overload
    def catch(
        self: "Flow[S]", exc: tuple[type[E], type[E2]], to: Handler[S, E | E2]
    ) -> "Flow[S]": ...
    def catch(self, exc: object, to: object) -> object:
        """Lead errors of these types to a handler: `(state)`, `(state, error)` or `(state, ctx)`.

        What was completed in the flow is undone first. The open ends of the handler are
        open ends of this flow.
        """
        spot = spot_of_caller()
        handler = tree_of(to, spot)
        errors = error_types(exc, spot)
        is_open = self.tree.is_open or handler.is_open
        return Flow[BaseModel](Catch(self.tree, errors, handler, spot, is_open))

    def loop(self: "Flow[S]", *, at_most: int, then: "Target[S] | None" = None) -> "Flow[S]":
        """Let a route inside lead back: an object that ends one of its ways and stands before it.

        What it leads back to runs at most `at_most` times, the first included. One time
        more goes to `then` instead, or the run ends `exhausted`.
        """
        spot = spot_of_caller()
        positive(at_most, "at_most", ".loop", spot)
        after = None if then is None else tree_of(then, spot)
        loop = Loop(self.tree, at_most, after, spot, is_open=True)
        # Which of its ends lead back shows when it is drawn.
        return Flow(loop._replace(is_open=leaves_open(loop)))

    def on(self, state: type[S2]) -> "Flow[S2]":
        """Use this flow for a state that extends its own (checked when the workflow is built)."""
        return Flow(On(self.tree, state, spot_of_caller(), self.tree.is_open))


class Par(Flow[S_contra]):
    """Parallel branches: all of them run, and what follows waits for them."""

    __slots__ = ()

    def join(self, need: int) -> Self:
        """Wait for the first `need` branches to finish and cancel the others."""
        spot = spot_of_caller()
        if not isinstance(self.tree, Side):
            what = "these branches are joined already"
            fix = "keep one of the two `.join(...)`"
            raise invalid(what, fix, spot, f".join({need})")
        width = len([*branches(self.tree)])
        reachable(need, width, f".join({need})", "without `.join` all are awaited", spot)
        return type(self)(Quorum(self.tree, need, spot, self.tree.is_open))


class Node(Flow[S_contra]):
    """One place where one agent works."""

    __slots__ = ()

    @property
    def work(self) -> Work:
        """What it places in a graph."""
        return cast("Mention", self.tree).work

    @property
    def name(self) -> str:
        """The name that the node asks for; a second mention of it gets a number."""
        return self.work.name

    async def apply(self: "Node[S]", state: S) -> S:
        """Run the agent once on a copy of `state`, and return the copy: for unit tests."""
        from agentgraph.runtime.alone import apply  # noqa: PLC0415 - only tests need it

        settled = self.work.settled
        if settled.binding.body is None or settled.vertex.kind != "node":
            what = f"{self.name!r} is a {settled.vertex.kind}, which is more than one call"
            fix = "run a workflow of it: `workflow('w', State, part).run_sync(state)`"
            raise NotAvailable(what, where=f"{self.name!r}.apply", fix=fix)
        return await apply(settled.binding.body, state)

    def undo(self: "Node[S]", fn: "Body[S] | BodyCtx[S] | Node[S]") -> "Node[S]":
        """Say what undoes this node when an error takes down the flow around it."""
        return Node(Mention(self.work.undone(undo_of(fn)), object()))

    def named(self, name: str) -> Self:
        """Return this node under another name."""
        return type(self)(Mention(self.work.named(name), object()))

    def __repr__(self) -> str:
        return f"Node({self.name!r})"


def undo_of(fn: object) -> Signature:
    """Return what an `undo` calls: of a node the function behind it, without its policy."""
    if isinstance(fn, Node):
        return cast("Node[BaseModel]", fn).work.settled.checked[0]
    return signature_of(fn)


Step: TypeAlias = Flow[S] | Fn[S]
Target: TypeAlias = Flow[S] | End | Body[S] | BodyCtx[S]
"""What a part or a label may lead to."""


def tree_of(part: object, spot: Spot | None) -> Tree:
    """Return the tree of a flow, of END or NEXT, or of a plain function. Raises `InvalidFlow`."""
    match part:
        case End():
            return part
        case Flow():
            return part.tree
        case Unfinished():
            raise invalid(f"{part!r} is no part of a flow", part.advice, spot)
        case _ if callable(part):
            # The same function is the same object.
            return Mention(agent_work(part), identity(part))
        case str():
            fix = f"write the function or the node without quotes: `{part}`"
            raise invalid(f"{part!r} is no part of a flow but a text", fix, spot)
        case _:
            fix = (
                "a flow is made of nodes and functions; labels are led to parts with "
                "`classifier.route({...})`"
            )
            raise invalid(f"{part!r} is no part of a flow", fix, spot)


def _chained(left: Tree, right: Tree, spot: Spot | None) -> Tree:
    if not left.is_open:
        raise _closed("every end of the left side of `>>` is closed", spot)
    return Chain(left, right, spot, right.is_open)


def _closed(what: str, spot: Spot | None) -> InvalidFlow:
    fix = "lead the label that goes on to NEXT instead of END, or remove what follows"
    return invalid(f"{what}, so nothing can follow", fix, spot)


def _beside(left: Tree, right: Tree) -> Side:
    if isinstance(left, End) or isinstance(right, End):
        fix = "put nodes or flows side by side; END goes after them: `(a | b) >> END`"
        raise InvalidFlow("END and NEXT are no branches", where="an operand of `|`", fix=fix)
    return Side(left, right, left.is_open or right.is_open)


def error_types(exc: object, spot: Spot | None) -> tuple[type[Exception], ...]:
    """Check the exception types that a catch names."""
    found = cast("tuple[type[Exception], ...]", exc if isinstance(exc, tuple) else (exc,))
    wrong = [each for each in found if not are_errors((each,))]
    if wrong or not found:
        what = f"{wrong[0]!r} is no kind of error" if wrong else "a catch names no errors"
        fix = (
            "name the types to catch: `.catch((ConnectionError, TimeoutError), sorry)`; "
            "cancellation cannot be caught"
        )
        raise invalid(what, fix, spot, ".catch(...)")
    return found


def reachable(need: int, count: int, where: str, otherwise: str, spot: Spot | None) -> None:
    """Refuse a join that waits for more branches than there are, or for none."""
    if not 1 <= need <= count:
        what = f"a join cannot wait for {need} of {count} branches"
        fix = f"give a number from 1 to {count}; {otherwise}"
        raise invalid(what, fix, spot, where)


def positive(number: object, name: str, where: str, spot: Spot | None) -> None:
    """Refuse a count that is no whole number from 1 up."""
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise invalid(f"`{name}` is {number!r}", "give a whole number from 1 up", spot, where)
