"""Random sound workflows whose agents do something: for tests of tools and stores, and of ours.

Whatever the order in which branches finish, and whatever a run does, it ends with the same state:
side by side stand only nodes that write fields with a reducer.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Annotated, Literal, get_args

from hypothesis import strategies as st
from hypothesis.strategies import DrawFn

from agentgraph.runtime import Ctx
from agentgraph.state import State, append, reduced, total, union
from agentgraph.workflow import NEXT, Flow, Node, Workflow, classifier, each, node, workflow

Feature = Literal["sequence", "fork", "choice", "loop", "catch", "each", "subgraph"]
FEATURES: Sequence[Feature] = get_args(Feature)


class Journal(State):
    """What the agents of a random workflow write."""

    trail: list[str] = reduced(append, start=list[str])
    points: Annotated[int, total] = 0
    seen: set[str] = reduced(union, start=set[str])
    last: str = ""


@st.composite
def workflows(
    draw: DrawFn, *, max_nodes: int = 12, features: Sequence[Feature] = FEATURES
) -> Workflow[Journal]:
    """Sound workflows of at most so many nodes, over a `Journal`; every run of them ends `done`."""
    flow = _Maker(draw, features).part(draw(st.integers(1, max_nodes)), is_alone=True)
    return workflow("random", Journal, flow)


@node
def _note(s: Journal, ctx: Ctx) -> None:
    s.trail.append(f"{ctx.path} {s.points}")


@node
def _count(s: Journal) -> None:
    s.points += 1 + len(s.trail) % 3


@node
def _mark(s: Journal, ctx: Ctx) -> None:
    s.seen.add(ctx.path)


@node
def _overwrite(s: Journal, ctx: Ctx) -> None:
    s.last = f"{ctx.path} after {s.last[:20]}"


@node
def _risky(s: Journal) -> None:
    if (s.points + len(s.trail)) % 3 == 1:
        raise ValueError("one left over")


@classifier
def _pick(s: Journal) -> Literal["a", "b", "c"]:
    return ("a", "b", "c")[(s.points + len(s.trail)) % 3]


@classifier
def _is_over(s: Journal) -> bool:
    return (s.points + len(s.trail)) % 4 == 0


def _items(s: Journal) -> list[int]:
    return list(range(len(s.trail) % 3))


def _double(number: int) -> int:
    return 2 * number


def _collect(s: Journal, numbers: list[int]) -> None:
    s.points += sum(numbers)


def _enter(s: Journal) -> Journal:
    return Journal(points=s.points)


def _leave(s: Journal, done: Journal) -> None:
    s.points += done.points % 5
    s.trail += done.trail


_SHARED = (_note, _count, _mark)


@dataclass
class _Maker:
    """Makes one workflow; each part is an object of its own, so that a loop knows its way back."""

    draw: DrawFn
    features: Sequence[Feature]
    names: Iterator[int] = field(default_factory=count)

    @property
    def name(self) -> str:
        return f"n{next(self.names)}"

    def leaf(self, *, is_alone: bool) -> Node[Journal]:
        """Make a node; one that is alone may write the field that has no reducer."""
        kinds = (*_SHARED, _overwrite) if is_alone else _SHARED
        return self.draw(st.sampled_from(kinds)).named(self.name)

    def part(self, size: int, *, is_alone: bool) -> Flow[Journal]:
        """Make a flow of at most so many nodes."""
        if size < 4:
            return self.leaf(is_alone=is_alone)
        kind = self.draw(st.sampled_from(self.features))
        left = self.draw(st.integers(1, size - 3))
        one = self.part(left, is_alone=kind == "subgraph" or (is_alone and kind != "fork"))
        made: Flow[Journal] = one
        match kind:
            case "sequence" | "fork" | "choice":
                other = self.part(size - 2 - left, is_alone=is_alone and kind != "fork")
                made = one | other if kind == "fork" else one >> other
                if kind == "choice":
                    made = _pick.named(self.name).route({"a": one, "b": other, "c": NEXT})
            case "loop":
                first, then = self.leaf(is_alone=is_alone), self.leaf(is_alone=is_alone)
                back = _is_over.named(self.name).route({True: NEXT, False: first})
                made = (first >> one >> back).loop(at_most=self.draw(st.integers(2, 3)), then=then)
            case "catch":
                risky = _risky.named(self.name)
                made = (one >> risky).catch(ValueError, self.leaf(is_alone=is_alone))
            case "each":
                made = each(_items, _double, _collect).named(self.name) >> one
            case "subgraph":
                made = workflow(self.name, Journal, one).as_node(enter=_enter, leave=_leave)
        return made
