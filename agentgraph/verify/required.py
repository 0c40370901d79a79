"""AG306, AG310, AG311: what the user requires of every run, held against the graph.

Kept is silent, broken is an error with a path, and what the graph does not decide is a warning
that says so. A vertex inside a subgraph goes by its path; that of an `each` may run for no
item at all, or for several at once.
"""

from collections import deque
from collections.abc import Iterator
from typing import Final, NamedTuple, TypeAlias

from agentgraph.errors import Finding, suggest
from agentgraph.graph import END, FrozenGraph, Requirement
from agentgraph.verify.facts import Fact, Facts
from agentgraph.verify.nest import Nest, nest
from agentgraph.verify.reach import path_to
from agentgraph.verify.soundness import check_soundness
from agentgraph.verify.unwritten import Spread
from agentgraph.verify.wiring import Wiring, wire
from agentgraph.verify.words import quoted
from agentgraph.verify.writers import parallel_writers

_STATES = 20_000
"""How many states of one token are looked at for a run that goes too often round."""


class _Broken(NamedTuple):
    """How a requirement is broken; without a path nothing is decided."""

    path: tuple[str, ...] | None
    what: str


def check_requirements(nested: Nest) -> Iterator[Finding]:
    """Find the requirements of a sound graph that some run breaks."""
    for required in nested.net.graph.requirements:
        unknown = [name for name in required.names if not _is_known(nested.net.graph, name)]
        for name in unknown:
            yield _unknown(nested.net.graph, required, name)
        found = None if unknown else _broken(nested, required)
        if found is not None:
            yield _finding(required, found)


def _broken(nested: Nest, required: Requirement) -> _Broken | None:
    match required.kind:
        case "always_before":
            return _before(nested.net, *required.names)
        case "never_together":
            return _together(nested, *required.names)
        case "at_most":
            return _too_often(nested, required.number, *required.names)


def _split(name: str) -> tuple[str, str]:
    head, _, rest = name.partition("/")
    return head, rest


def _is_known(graph: FrozenGraph, name: str) -> bool:
    head, rest = _split(name)
    vertex = graph.vertex.get(head)
    if vertex is None or not rest:
        return vertex is not None
    return vertex.child is not None and _is_known(vertex.child, rest)


# always_before


def _before(net: Wiring, first: str, then: str) -> _Broken | None:
    """Look for a run that comes to `then` without `first`, in the graph and in those inside it."""
    (outer, inner), (head, rest) = _split(first), _split(then)
    path, is_run = _way_round(net, first, head)
    if not path:
        return None
    if not is_run:
        return _Broken(None, f"can come to {then!r} without {first!r}")
    child = net.graph.vertex[head].child
    inside: tuple[str, ...] = ()
    if rest and child is not None:
        inside = _way_to(child, rest)
        if inner and outer == head:
            found = _before(wire(child), inner, rest)
            if found is None or found.path is None:
                return found
            inside = found.path
    names = (*map(net.name, path), *(f"{head}/{name}" for name in inside))
    return _Broken(names, f"can come to {then!r} without {first!r}")


def _way_round(net: Wiring, first: str, goal: str) -> tuple[list[int], bool]:
    """Return the shortest way to `goal` without `first`, and whether some run takes it."""
    head, rest = _split(first)
    vertex = net.graph.vertex[head]
    is_passed = not rest
    if rest and vertex.kind == "subgraph" and vertex.child is not None:
        is_passed = not _way_round(wire(vertex.child), rest, END)[0]
    marks = [Fact()] * len(net.vertices)
    marks[net.number[head]] = Fact(some=is_passed)
    at = net.number[goal]
    marks[at] = marks[at]._replace(reads=1)
    spread = Spread(net, Facts((first,), marks), 1, trusts_user=False)
    return spread.path(at, 1) if spread.at[at] else ([], True)


def _way_to(graph: FrozenGraph, name: str) -> tuple[str, ...]:
    """Return the names of a shortest way to a vertex that may be inside another graph."""
    net = wire(graph)
    head, rest = _split(name)
    path = tuple(map(net.name, path_to(net.start, net.number[head], net.ways_on)))
    child = graph.vertex[head].child
    inside = _way_to(child, rest) if rest and child is not None else ()
    return (*path, *(f"{head}/{name}" for name in inside))


# never_together


def _together(nested: Nest, one: str, other: str) -> _Broken | None:
    """Look for a moment at which both run."""
    graph, net = nested.net.graph, nested.net
    what = f"can be at {one!r} and at {other!r} at the same time"
    heads, rests = zip(_split(one), _split(other), strict=True)
    if heads[0] == heads[1]:
        vertex = graph.vertex[heads[0]]
        if not rests[0] and not rests[1]:
            return None
        many = vertex.kind == "each" and vertex.limit > 1
        if many or not all(rests):
            return _Broken(_way_to(graph, one), what)
        inner = None if vertex.child is None else nest(wire(vertex.child))[0]
        found = None if inner is None else _together(inner, *rests)
        if found is None or found.path is None:
            return found
        inside = (f"{vertex.name}/{name}" for name in found.path)
        return _Broken((*_way_to(graph, vertex.name), *inside), what)
    marks = [Fact()] * len(net.vertices)
    for head in heads:
        marks[net.number[head]] = Fact(sure=1, some=1)
    pairs, is_complete = parallel_writers(nested, Facts(("",), marks), spares_races=False)
    if pairs:
        return _Broken(_way_to(graph, other), what)
    return None if is_complete else _Broken(None, what)


# at_most


def _too_often(nested: Nest, number: int, name: str) -> _Broken | None:
    """Look for a run with one visit more."""
    most = _most(nested, name)
    if most is not None and most <= number:
        return None
    visits, path = _longest(nested.net, name, number + 1)
    is_broken = visits > number
    return _Broken(path if is_broken else None, f"can come to {name!r} {number + 1} times")


def _most(nested: Nest, name: str) -> int | None:
    """Return a number of visits that no run passes, or None when nothing is known."""
    head, rest = _split(name)
    vertex = nested.net.graph.vertex[head]
    once: int | None = 1
    if rest:
        inner = None if vertex.child is None else nest(wire(vertex.child))[0]
        once = _most(inner, rest) if inner is not None and vertex.kind == "subgraph" else None
    if once is None:
        return None
    steps = [once if each is vertex else 0 for each in nested.net.vertices]
    return check_soundness(nested, steps)[1]


def _longest(net: Wiring, name: str, number: int) -> tuple[int, tuple[str, ...]]:
    """Return how often one token can come to a vertex, up to `number`, and how it goes."""
    head, rest = _split(name)
    vertex = net.graph.vertex[head]
    each_time, inside = 1, tuple[str, ...]()
    if rest and vertex.child is not None:
        each_time, inside = _longest(wire(vertex.child), rest, number)
        if vertex.kind == "each":
            each_time = number  # There may be as many items.
    visits, path = _Walk(net, net.number[head], -(-number // max(each_time, 1))).longest()
    return visits * each_time, (*path, *(f"{head}/{name}" for name in inside))


class _Walk:
    """One token, and where it can go; what is beside it waits, and comes when it must."""

    def __init__(self, net: Wiring, goal: int, number: int) -> None:
        self.net, self.goal, self.number = net, goal, number
        self.bounds = {v: bound for v, each in enumerate(net.vertices) if (bound := each.bound)}
        self.loops: dict[str | None, frozenset[int]] = {
            region.name: frozenset(net.number[name] for name in region.members)
            for region in net.graph.regions
        }

    def longest(self) -> tuple[int, tuple[str, ...]]:
        """Look at all that one token can do, the shortest ways first."""
        best: _State = (self.net.start, (0,) * len(self.bounds), 0)
        before: dict[_State, _State | None] = {best: None}
        queue: deque[_State] = deque([best])
        while queue and best[2] < self.number and len(before) < _STATES:
            state = queue.popleft()
            for head in self.net.ways_on(state[0]):
                after = self._arrive(head, state)
                if after is not None and before.setdefault(after, state) is state:
                    queue.append(after)
                    best = max(best, after, key=lambda each: each[2])
        path: list[str] = []
        here: _State | None = best
        while here is not None:
            path.append(self.net.name(here[0]))
            here = before[here]
        return best[2], tuple(path[::-1])

    def _arrive(self, head: int, state: "_State") -> "_State | None":
        source, counts, visits = state
        made = dict(zip(self.bounds, counts, strict=True))
        for vertex, bound in self.bounds.items():
            loop = self.loops.get(bound.loop, frozenset())
            if head in loop and source not in loop:
                made[vertex] = 0
        if head in made:
            made[head] += 1
            if made[head] > self.bounds[head].at_most:
                then = self.net.then.get(head)
                return None if then is None else self._arrive(then, (head, counts, visits))
        return head, tuple(made.values()), visits + (head == self.goal)


# Words.


def _unknown(graph: FrozenGraph, required: Requirement, name: str) -> Finding:
    known = list(graph.vertex)
    return Finding(
        "AG101",
        f"there is no node {name!r}",
        f"`{required}`",
        suggest(name, known, "name a node, or one inside a subgraph by its path: `support/review`"),
        required.place,
    )


def _finding(required: Requirement, found: _Broken) -> Finding:
    code, fix = _WORDS[required.kind]
    first, last = required.names[0], required.names[-1]
    is_proved = found.path is not None
    what = f"a run {found.what}"
    return Finding(
        code,
        what if is_proved else f"whether {what} is not decided",
        f"`{required}`",
        fix.format(first=quoted(first), last=quoted(last), number=required.number),
        required.place,
        found.path or (),
        severity="error" if is_proved else "warning",
    )


_State: TypeAlias = "tuple[int, tuple[int, ...], int]"
_WORDS: Final = {
    "always_before": ("AG306", "lead every way to {last} through {first}"),
    "never_together": ("AG310", "let {first} and {last} run one after the other"),
    "at_most": ("AG311", "bound the loop around {last} so that no run comes there more often"),
}
