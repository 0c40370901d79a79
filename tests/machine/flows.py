"""Flows: what random graphs are put together of, and how they are made smaller; not how they are drawn.

A flow takes one token and gives back one, by any of its ways out: what is put together of
such flows is sound. Names are given when a flow is made, so that a smaller flow keeps them,
and the events that were told of the larger one still fit.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TypeVar


@dataclass(frozen=True)
class Leaf:
    name: str
    kind: str = "node"
    has_undo: bool = False
    attempts: int = 1
    limit: int = 1
    collects: bool = False
    child: "Flow | None" = None
    at_most: int | None = None
    """How often it is visited in one run, whatever loops lead to it."""


@dataclass(frozen=True)
class Chain:
    parts: tuple["Flow", ...]


@dataclass(frozen=True)
class Way:
    """What follows a label: a flow, nothing (`flow` None), or END."""

    label: str
    flow: "Flow | None" = None
    is_last: bool = False


@dataclass(frozen=True)
class Choice:
    name: str
    kind: str
    ways: tuple[Way, ...]
    at_least: float = 0.0
    voters: int = 0
    need: int = 0
    attempts: int = 1


@dataclass(frozen=True)
class Parallel:
    """Branches and their join; with a need it is a quorum, with `is_direct` a fork reaches it too."""

    name: str
    branches: tuple["Flow", ...]
    need: int | None = None
    is_direct: bool = False


@dataclass(frozen=True)
class Crossing:
    """Flows that wait for others: `after` holds pairs of the numbers of earlier and later ones."""

    name: str
    flows: tuple["Flow", ...]
    after: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Loop:
    choice: Choice
    body: "Flow"
    at_most: int
    is_region: bool = True
    then: "Flow | None" = None
    is_back_first: bool = False


@dataclass(frozen=True)
class Catch:
    name: str
    body: "Flow"
    handler: "Flow"
    classes: tuple[str, ...]


_Item = TypeVar("_Item")
Flow = Leaf | Chain | Choice | Parallel | Crossing | Loop | Catch


def smaller(flow: Flow) -> Iterator[Flow]:
    """Yield flows that are a little smaller than this one."""
    if not (isinstance(flow, Leaf) and flow == Leaf(flow.name)):
        yield from _parts(flow)
        yield from _plainer(flow)
        yield from _inside(flow)


def _parts(flow: Flow) -> Iterator[Flow]:
    match flow:
        case Leaf():
            yield Leaf(flow.name)
            if flow.child is not None:
                yield flow.child
        case Chain():
            yield from flow.parts
        case Choice():
            yield from (way.flow for way in flow.ways if way.flow is not None)
            yield Leaf(flow.name)
        case Parallel():
            yield from flow.branches
        case Crossing():
            yield from flow.flows
        case Loop():
            yield flow.body
            yield Chain((flow.body, flow.choice))
        case Catch():
            yield flow.body
            yield flow.handler


def _plainer(flow: Flow) -> Iterator[Flow]:
    match flow:
        case Leaf():
            yield replace(flow, has_undo=False)
            yield replace(flow, attempts=1)
            yield replace(flow, collects=False)
        case Chain() if len(flow.parts) > 1:
            yield from (Chain(parts) for parts in _without(flow.parts))
        case Choice():
            if len(flow.ways) > 1:
                yield from (replace(flow, ways=ways) for ways in _without(flow.ways))
            yield replace(flow, attempts=1)
        case Parallel():
            yield replace(flow, is_direct=False)
            yield replace(flow, need=None)
            yield replace(flow, need=1)
            if len(flow.branches) > 1:
                need = flow.need and min(flow.need, len(flow.branches) - 1)
                for branches in _without(flow.branches):
                    yield replace(flow, branches=branches, need=need)
        case Crossing():
            yield Parallel(flow.name, flow.flows)
            yield from (replace(flow, after=after) for after in _without(flow.after))
        case Loop():
            yield replace(flow, then=None)
            yield replace(flow, at_most=1)
        case _:
            pass


def _inside(flow: Flow) -> Iterator[Flow]:
    match flow:
        case Leaf() if flow.child is not None:
            yield from (replace(flow, child=child) for child in smaller(flow.child))
        case Chain():
            yield from (Chain(parts) for parts in _each_smaller(flow.parts))
        case Choice():
            for i, way in enumerate(flow.ways):
                less = [replace(way, flow=less) for less in smaller(way.flow)] if way.flow else []
                less += [replace(way, flow=None)] if way.flow else []
                for one in less:
                    yield replace(flow, ways=(*flow.ways[:i], one, *flow.ways[i + 1 :]))
        case Parallel():
            yield from (replace(flow, branches=less) for less in _each_smaller(flow.branches))
        case Crossing():
            yield from (replace(flow, flows=less) for less in _each_smaller(flow.flows))
        case Loop():
            yield from (replace(flow, body=body) for body in smaller(flow.body))
        case Catch():
            yield from (replace(flow, body=body) for body in smaller(flow.body))
            yield from (replace(flow, handler=handler) for handler in smaller(flow.handler))
        case _:
            pass


def _without(items: tuple[_Item, ...]) -> Iterator[tuple[_Item, ...]]:
    return (items[:i] + items[i + 1 :] for i in range(len(items)))


def _each_smaller(flows: tuple[Flow, ...]) -> Iterator[tuple[Flow, ...]]:
    for i, flow in enumerate(flows):
        for less in smaller(flow):
            yield (*flows[:i], less, *flows[i + 1 :])
