"""`Graph`: a workflow written edge by edge, with the names that users of other libraries know.

Not a second kind of graph: `compile` gives the same `Workflow` as a flow does.

Rules of this file:

1. A function mentioned in an edge adds itself, once. A handle from `add_node` stands for
   its own node, also where the same function is there under other names.
2. Nothing is judged before `compile`, which tells all faults at once, but for what could
   not be drawn at all.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Generic, Never, TypeAlias, cast, overload

from typing_extensions import Unpack

from agentgraph.errors import InvalidAgent
from agentgraph.graph import Requirement
from agentgraph.workflow.agents import NodeOptions, options_of
from agentgraph.workflow.choice import Abstaining, chosen, confident
from agentgraph.workflow.compiled import Making, Workflow
from agentgraph.workflow.elsewhere import IN_A_GRAPH, unknown
from agentgraph.workflow.flow import (
    BodyDeps,
    Flow,
    Handler,
    Kinds,
    Node,
    Start,
    error_types,
    positive,
    reachable,
)
from agentgraph.workflow.handles import Handles
from agentgraph.workflow.labels import key_of
from agentgraph.workflow.places import Spot, invalid, line_of, spot_of_caller
from agentgraph.workflow.regions import with_regions
from agentgraph.workflow.sketch import Area, Exit, Limit
from agentgraph.workflow.tree import End
from agentgraph.workflow.variables import DG, E2, D, E, L, S

Handle: TypeAlias = Flow[S] | Callable[[S], Awaitable[None] | None] | BodyDeps[S, DG]
"""What stands for a node in an edge: what `add_node` returned, or the function itself."""


class Graph(Generic[S, D]):
    """A workflow written edge by edge; `compile` makes it one."""

    def __init__(
        self, name: str, state: type[S], *, deps: type[D] | None = None, version: int = 1
    ) -> None:
        """Begin with nothing but START and END."""
        self._name = name
        self._state = state
        self._deps = deps
        self._version = version
        self._spot = spot_of_caller()
        self._handles = Handles()
        self._trials: list[Area] = []

    def add_node(
        self,
        fn: Handle[S, D],
        *more: Never,
        name: str | None = None,
        max_visits: int | None = None,
        then: Handle[S, D] | End | None = None,
        undo: Handle[S, D] | None = None,
        **said: Unpack[NodeOptions],
    ) -> Node[S]:
        """Add a node and return the handle that stands for it in edges.

        `max_visits` bounds a cycle through it; one token more goes to `then`, or the run
        ends `exhausted`. The other options are those of `node`.
        """
        spot = spot_of_caller()
        if more:
            what = f"add_node takes the function first, and was given {fn!r}"
            fix = f"write `g.add_node(function, name={fn!r})`, or leave the name out"
            raise invalid(what, fix, spot, "add_node")
        handle = Node[S](self._handles.add(fn, name, options_of(said), undo, spot))
        if max_visits is not None:
            positive(max_visits, "max_visits", "add_node", spot)
            after = None if then is None else self._handles.entry(then, spot)
            dot = self._handles.entry(handle, spot)
            self._handles.sketch.dots[dot].limit = Limit(max_visits, None, after)
        elif then is not None:
            what = f"`then` of {handle.name!r} is never used: there is no `max_visits`"
            raise invalid(what, "add `max_visits=`, or leave `then` out", spot, "add_node")
        return handle

    def add_edge(
        self, source: Start | Handle[S, D], target: Handle[S, D] | End | Sequence[Handle[S, D]]
    ) -> None:
        """Lead one node to another; a list is a fork, and so are two edges added one by one."""
        spot = spot_of_caller()
        handles = self._handles
        exits = handles.exits(source, spot)  # What is mentioned first is placed first.
        for each in _listed(target, "an edge leads to no node", spot):
            handles.sketch.connect(exits, handles.entry(each, spot), spot)

    def add_join(
        self,
        sources: Sequence[Handle[S, D]],
        target: Handle[S, D] | End,
        *,
        need: int | None = None,
    ) -> None:
        """Let `target` wait for all of these parallel nodes together.

        With `need` it waits for the first so many, and the others are cancelled: `need=1`
        is a race.
        """
        spot = spot_of_caller()
        sketch = self._handles.sketch
        named = _listed(sources, "a join waits for no node", spot)
        count = len(named)
        if need is not None:
            reachable(need, count, "add_join", "without `need` all are awaited", spot)
        ends = [end for each in named for end in sketch.met(self._handles.exits(each, spot), spot)]
        after = self._handles.entry(target, spot)
        join = sketch.add("join", None, ends, spot)
        sketch.connect([Exit(join)], after, spot)
        if need is not None and need < count:
            sketch.dots[join].need = need
            self._trials.append(Area("quorum", spot, (join,), join))

    def add_conditional_edge(
        self,
        source: Start | Handle[S, D],
        classifier: Abstaining[S, L],
        to: Mapping[L, Handle[S, D] | End] | Callable[[L], Flow[S] | End],
        /,
        *,
        unsure: Handle[S, D] | End | None = None,
        at_least: float = 0.0,
    ) -> None:
        """Let a classifier choose where `source` leads: a target for each label.

        `to` is a dict, or a function of the label. An abstention, or less confidence than
        `at_least`, leads to `unsure`.
        """
        spot = spot_of_caller()
        _check(classifier, at_least, spot)
        work = classifier.work
        sketch, handles = self._handles.sketch, self._handles
        exits = handles.exits(source, spot)
        targets = cast("Mapping[L, object]", to) if isinstance(to, Mapping) else chosen(work, to)
        choice = sketch.add(None, work, exits, spot)
        sketch.dots[choice].at_least = at_least
        sketch.dots[choice].answers = {label: key_of(label) for label in targets}
        for label, target in targets.items():
            sketch.connect([Exit(choice, key_of(label))], handles.entry(target, spot), spot)
        if unsure is not None:
            way = Exit(choice, None, unsure=True)
            sketch.connect([way], handles.entry(unsure, spot), spot)

    @overload
    def add_catch(
        self, nodes: Sequence[Handle[S, D]], exc: Kinds[Exception], to: Handle[S, D] | End
    ) -> None: ...
    @overload
    def add_catch(
        self, nodes: Sequence[Handle[S, D]], exc: Kinds[E], to: Handler[S, E]
    ) -> None: ...
    @overload
    def add_catch(
        self, nodes: Sequence[Handle[S, D]], exc: tuple[type[E], type[E2]], to: Handler[S, E | E2]
    ) -> None: ...
    def add_catch(self, nodes: Sequence[object], exc: object, to: object) -> None:
        """Lead errors of these types, raised in any of `nodes`, to a handler.

        What was completed in the nodes is undone first. Joins and classifiers between the
        nodes belong to them.
        """
        spot = spot_of_caller()
        named = _listed(nodes, "a catch stands around no node", spot)
        dots = tuple(dot for each in named for dot in self._handles.find(each, spot).dots)
        errors = error_types(exc, spot)
        handler = self._handles.entry(to, spot)
        self._trials.append(Area("catch", spot, dots, handler, errors))

    def compile(self, *, require: Sequence[Requirement] = ()) -> Workflow[S, D]:
        """Freeze the graph and verify it. Raises `InvalidGraph` with all that is wrong.

        `require` is what must hold in every run (`agentgraph.requirements`).

        The builder stays as it is: more can be added and compiled again.
        """
        from agentgraph.workflow.assembly import assemble  # noqa: PLC0415 - a program that builds nothing is spared it

        sketch = with_regions(self._handles.sketch, self._trials)
        making: Making = {"version": self._version, "require": require}
        deps, spot = self._deps, self._spot
        return Workflow(assemble(sketch, self._name, self._state, deps=deps, spot=spot, **making))

    if not TYPE_CHECKING:  # A type checker marks what is not there by itself.

        def __getattr__(self, name: str) -> Never:
            raise unknown("Graph", name, IN_A_GRAPH)


def _listed(named: object, otherwise: str, spot: Spot | None) -> Sequence[object]:
    found = cast("Sequence[object]", named) if isinstance(named, list | tuple) else (named,)
    if not found:
        raise invalid(otherwise, "name at least one node", spot)
    return found


def _check(classifier: object, at_least: float, spot: Spot | None) -> None:
    if not isinstance(classifier, Abstaining):
        what = f"{getattr(classifier, '__name__', classifier)!r} is no classifier"
        fix = "decorate the function with `@classifier`, or say `classifier(fn)`"
        raise InvalidAgent(what, where=f"add_conditional_edge ({line_of(spot)})", fix=fix)
    confident(at_least, "add_conditional_edge", spot)
