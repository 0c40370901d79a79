"""A graph with the callables of its vertices: all that a driver needs; not how it is written.

Rules of this file:

1. The graph is data, the bindings are code; a vertex finds its binding by name.
2. Nothing here is called while a program is put together.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from threading import RLock
from typing import Any, Final, Literal, cast

from pydantic import BaseModel

from agentgraph.errors import InvalidAgent, suggest
from agentgraph.events.verdict import Verdict
from agentgraph.graph import FrozenGraph
from agentgraph.graph.plan import Plan, Site, make_plan
from agentgraph.runtime.limit import Limit
from agentgraph.state import Schema, schema_of

_making: Final = RLock()
"""Held while a plan is made: of two threads that run one program, one makes it."""
_QUICK: Final = frozenset({"run", "choose", "item"})
Labels = dict[tuple[type, object], str]
Wants = Literal["state", "ctx", "error"]
"""What the second parameter of a callable takes: nothing, the context, or the caught error."""


@dataclass(frozen=True, slots=True)
class Body:
    """One callable of the user and what it takes."""

    fn: Callable[..., object]
    wants: Wants = "state"
    is_async: bool = False
    """It is known to give an awaitable; a sync function may still return one."""


@dataclass(frozen=True, slots=True)
class Binding:
    """The callables of one vertex; which of them there are depends on its kind.

    `body` is the agent of a node, the function of a classifier or question, `over` of
    an `each`, `enter` of a subgraph. `into` is `into(state, results)` of an `each`,
    `leave(state, child)` of a subgraph, `save(state, form)` of a form.
    """

    body: Body | None = None
    undo: Body | None = None
    labels: Mapping[object, str] = field(default_factory=dict[object, str])
    """From the answer as the user writes it to the label of the edge."""
    form: type[BaseModel] | None = None
    voters: tuple[Body, ...] = ()
    do: Body | None = None
    item: object = object
    """The type of the items of an `each`, as `over` says it; and of what it gives for each."""
    result: object = object
    into: Callable[..., object] | None = None
    child: "Program | None" = None
    question: object = None
    """The object that `run.answer(question, value)` names."""
    limit: int | None = None
    """How many attempts of this node may be under way at once, over all runs."""


@dataclass(frozen=True)
class Program:
    """A frozen graph, the class of its state, and the binding of each vertex that has one."""

    graph: FrozenGraph
    model: type[BaseModel]
    bindings: Mapping[str, Binding]
    deps: type[object] | None = None

    @cached_property
    def schema(self) -> Schema[Any]:
        """What the class of the state says about its drafts and commits."""
        return schema_of(self.model)

    @cached_property
    def plan(self) -> Plan:
        """The graph with its names resolved, each site with its `Job`."""
        with _making:
            return cast("Plan | None", self.__dict__.get("plan")) or self._planned()

    def _planned(self) -> Plan:
        plan = make_plan(self.graph)
        waiting: list[tuple[Program, Plan]] = [(self, plan)]
        for program, made in waiting:
            for site in made.sites.values():
                binding = _binding_of(program, site)
                site.handle = Job(program, binding, site)
                if site.inner is not None and binding.child is not None:
                    waiting.append((binding.child, site.inner))
        # Kept before the lock is given back, whatever `cached_property` does afterwards.
        self.__dict__["plan"] = plan
        return plan


def _binding_of(program: Program, site: Site) -> Binding:
    """Return the callables of a vertex; a vertex that works must have some."""
    binding = program.bindings.get(site.name)
    if binding is None and site.verb is not None:
        what = f"there is no callable for {site.path!r}"
        fix = suggest(site.name, program.bindings, "give the program a binding of that name")
        raise InvalidAgent(what, where=f"the program of graph {program.graph.name!r}", fix=fix)
    return binding or Binding()


class Job:
    """All that a driver looks up for a vertex in one place, ready for the hot path."""

    __slots__ = (
        "answers", "binding", "body", "child", "fn", "in_thread", "is_async", "is_open", "kinds",
        "labels", "limit", "quick", "schema", "timeout_s",
    )  # fmt: skip

    def __init__(self, program: Program, binding: Binding, site: Site) -> None:
        """Take the program that the vertex belongs to, its binding and its site."""
        policy = site.vertex.policy
        self.binding: Binding = binding
        self.schema: Schema[Any] = schema_of(program.model)
        self.child: Schema[Any] | None = schema_of(binding.child.model) if binding.child else None
        self.body: Body = binding.body or Body(_nothing)
        busy = binding.do or self.body
        self.fn: Callable[..., Any] = busy.fn
        """What is called most often: of an `each` that is what it does with an item."""
        self.is_async: bool = is_async(busy)
        self.in_thread: bool = policy.in_thread
        self.timeout_s: float | None = policy.timeout_s
        self.limit: Limit | None = None if binding.limit is None else Limit(binding.limit)
        self.labels: Labels = by_type(binding.labels)
        self.is_open: bool = not site.vertex.labels and site.vertex.kind == "classifier"
        """It may answer any text; what has no edge takes the one for unsure answers."""
        self.answers: frozenset[type] = frozenset({Verdict, *map(type, binding.labels)})
        """The types of the answers: what has one of these needs not be awaited."""
        self.kinds: frozenset[type] = frozenset(map(type, binding.labels))
        """The types of the labels: what has one of these is no verdict."""
        verb = "item" if binding.do else site.verb
        in_loop = self.is_async or not (binding.do or self.in_thread or self.timeout_s is not None)
        is_quick = in_loop and busy.wants == "state" and self.limit is None and verb in _QUICK
        self.quick: str | None = verb if is_quick else None
        """The verb of `fn` where that takes the state alone, and needs neither a thread nor a turn."""


def by_type(labels: Mapping[object, str]) -> Labels:
    """Return the labels by the types of the answers as well: 1 is not True."""
    return {(type(answer), answer): label for answer, label in labels.items()}


def label_for(labels: Labels, answer: object) -> str | None:
    """Return the label of the edge for an answer; None: it is none of those there are."""
    try:
        return labels.get((type(answer), answer))
    except TypeError:  # It cannot be hashed.
        return None


def is_async(body: Body) -> bool:
    """Say whether a function is known to give an awaitable."""
    return body.is_async or inspect.iscoroutinefunction(body.fn)


def _nothing(*_: object) -> None:
    """Stand in where a vertex has no callable."""


def qualified(kind: type[object]) -> str:
    """Return the name under which a graph knows an exception class."""
    return f"{kind.__module__}.{kind.__qualname__}"
