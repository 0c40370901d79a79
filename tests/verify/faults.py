"""Thirty-three ways to draw a workflow wrong, each as a small piece of a program, wrong and right.

A piece leads from `enter` to `leave` in a graph that may be much larger. The line at which the
fault is to be found ends in its number, such as `# B11`; what stands under `is_right` mends it.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Literal

from agentgraph import END, START, Ctx, Graph, Node, Retry, State, append, classifier, unset
from agentgraph.graph import Requirement
from agentgraph.requirements import always_before

Piece = Callable[["Place"], None]
Labels = dict[Literal["x", "y"], Node["Desk"]]


class Desk(State):
    text: str = ""
    count: int = 0
    note: str = ""
    late: str = unset()
    log: Annotated[list[str], append] = []


def step(s: Desk) -> None: ...


def count(s: Desk) -> None:
    s.count += 1


@classifier
def pick(s: Desk) -> Literal["x", "y"]:
    return "x" if s.text else "y"


@dataclass
class Place:
    """Where a piece stands: its graph, the nodes around it, and whether it is to be right."""

    g: Graph[Desk]
    enter: Node[Desk]
    leave: Node[Desk]
    is_right: bool
    required: list[Requirement]
    prefix: str = ""

    def new(
        self, name: str, fn: Callable[[Desk], None] = step, max_visits: int | None = None
    ) -> Node[Desk]:
        return self.g.add_node(fn, name=f"{self.prefix}{name}", max_visits=max_visits)

    def chain(self, *nodes: Node[Desk]) -> None:
        for source, target in pairwise(nodes):
            self.g.add_edge(source, target)


@dataclass(frozen=True)
class Fault:
    """One of the classes: its number, the codes that may tell it, and the piece."""

    number: str
    codes: frozenset[str]
    piece: Piece
    knock_on: frozenset[str] = frozenset()
    """What the same fault may lead to elsewhere in the graph."""
    is_whole: bool = False
    """It concerns a graph as a whole, so it stands in graphs inside graphs alone."""


FAULTS: list[Fault] = []


def fault(
    number: str, *codes: str, knock_on: str = "", is_whole: bool = False
) -> Callable[[Piece], Piece]:
    def added(piece: Piece) -> Piece:
        known = frozenset(knock_on.split())
        FAULTS.append(Fault(number, frozenset(codes), piece, known, is_whole))
        return piece

    return added


@fault("B01", "AG101", "AG120")
def unknown_target(p: Place) -> None:
    a = p.new("a")
    p.chain(p.enter, a)
    target = p.leave if p.is_right else "laeve"
    p.g.add_edge(a, target)  # B01 # type: ignore[arg-type] # the mistake


@fault("B02", "AG201")
def label_without_edge(p: Place) -> None:
    labels: Labels = {"x": p.leave, "y": p.leave} if p.is_right else {"x": p.leave}
    p.g.add_conditional_edge(p.enter, pick, labels)  # B02 # type: ignore[arg-type] # the mistake


@fault("B03", "AG202")
def label_never_answered(p: Place) -> None:
    labels: Labels = {"x": p.leave, "y": p.leave}
    if not p.is_right:
        labels["z"] = p.leave  # type: ignore[index] # the mistake
    p.g.add_conditional_edge(p.enter, pick, labels)  # B03


@fault("B04", "AG110")
def unreachable(p: Place) -> None:
    a = p.new("a")
    if p.is_right:
        p.g.add_conditional_edge(p.enter, pick, {"x": a, "y": p.leave})
    else:
        p.chain(p.enter, p.leave)
    p.g.add_edge(a, p.leave)  # B04


@fault("B05", "AG111")
def dead_end(p: Place) -> None:
    a = p.new("a")
    p.g.add_conditional_edge(p.enter, pick, {"x": a, "y": p.leave})  # B05
    if p.is_right:
        p.chain(a, p.leave)


@fault("B06", "AG112")
def trap(p: Place) -> None:
    a, b = p.new("a", max_visits=3), p.new("b")
    p.g.add_conditional_edge(p.enter, pick, {"x": a, "y": p.leave})  # B06
    p.chain(a, b)
    if p.is_right:
        p.g.add_conditional_edge(b, pick, {"x": a, "y": p.leave})
    else:
        p.chain(b, a)


@fault("B07", "AG102", is_whole=True)
def no_start(p: Place) -> None:
    inner = Graph("inner", Desk)  # B07
    a = inner.add_node(step, name="a")
    if p.is_right:
        inner.add_edge(START, a)
    inner.add_edge(a, END)
    p.chain(p.enter, p.g.add_node(inner.compile().as_node(Desk, enter=same, leave=back)), p.leave)


@fault("B08", "AG103")
def one_name_twice(p: Place) -> None:
    def twin(s: Desk) -> None: ...  # pyright: ignore[reportRedeclaration] - the mistake

    first = p.g.add_node(twin)

    def twin(s: Desk) -> None: ...  # B08

    p.chain(p.enter, first, p.g.add_node(twin, name="other" if p.is_right else None), p.leave)


@fault("B09", "AG203")
def free_text(p: Place) -> None:
    @classifier
    def topic(s: Desk) -> str:
        return s.text

    unsure = p.leave if p.is_right else None
    p.g.add_conditional_edge(p.enter, topic, {"tea": p.leave}, unsure=unsure)  # B09


@fault("B10", "AG301")
def join_of_alternatives(p: Place) -> None:
    a, b = p.new("a"), p.new("b")
    if p.is_right:
        p.g.add_edge(p.enter, [a, b])
    else:
        p.g.add_conditional_edge(p.enter, pick, {"x": a, "y": b})
    p.g.add_join([a, b], p.leave)  # B10


@fault("B11", "AG302", "AG304", knock_on="AG303")
def merge_without_join(p: Place) -> None:
    a, b = p.new("a"), p.new("b")
    p.g.add_edge(p.enter, [a, b])
    if p.is_right:
        p.g.add_join([a, b], p.leave)
    else:
        p.g.add_edge(a, p.leave)  # B11
        p.g.add_edge(b, p.leave)  # B11


@fault("B12", "AG303")
def fork_in_a_loop(p: Place) -> None:
    a, b, c = p.new("a", max_visits=3), p.new("b"), p.new("c")
    p.chain(p.enter, a)
    p.g.add_edge(a, [b, c])  # B12
    if p.is_right:
        d = p.new("d")
        p.g.add_join([b, c], d)
        p.g.add_conditional_edge(d, pick, {"x": a, "y": p.leave})
    else:
        p.g.add_edge(b, a)  # B12
        p.g.add_edge(c, p.leave)


@fault("B13", "AG304", "AG302", knock_on="AG303")
def branch_to_an_end(p: Place) -> None:
    a, b = p.new("a"), p.new("b")
    p.g.add_edge(p.enter, [a, b])
    if p.is_right:
        p.g.add_join([a, b], p.leave)
    else:
        p.g.add_edge(a, END)  # B13
        p.g.add_edge(b, p.leave)


@fault("B14", "AG301", "AG302", "AG304")
def jump_into_a_branch(p: Place) -> None:
    f, a, b = p.new("f"), p.new("a"), p.new("b")
    target = f if p.is_right else a
    p.g.add_conditional_edge(p.enter, pick, {"x": f, "y": target})  # B14
    p.g.add_edge(f, [a, b])
    p.g.add_join([a, b], p.leave)  # B14


@fault("B15", "AG305")
def loop_without_bound(p: Place) -> None:
    a = p.new("a", max_visits=3 if p.is_right else None)
    p.chain(p.enter, a)
    p.g.add_conditional_edge(a, pick, {"x": a, "y": p.leave})  # B15


@fault("B16", "AG401")
def read_before_write(p: Place) -> None:
    def writes(s: Desk) -> None:
        s.late = s.text

    def reads(s: Desk) -> None:  # B16
        s.text = s.late

    w, r = p.new("w", writes), p.new("r", reads)
    if p.is_right:
        p.chain(p.enter, w, r, p.leave)
    else:
        p.g.add_conditional_edge(p.enter, pick, {"x": w, "y": r})
        p.chain(w, r, p.leave)


@fault("B17", "AG402")
def parallel_writers(p: Place) -> None:
    def writes(s: Desk) -> None:
        s.note = "a"

    def too(s: Desk) -> None:
        if p.is_right:
            s.log.append("b")

    def also(s: Desk) -> None:  # B17
        s.note = "b"

    a, b = p.new("a", writes), p.new("b", too if p.is_right else also)
    p.g.add_edge(p.enter, [a, b])
    p.g.add_join([a, b], p.leave)


@fault("B18", "AG403")
def unknown_field(p: Place) -> None:
    def right(s: Desk) -> None:
        s.note = "x"

    def wrong(s: Desk) -> None:
        s.notes = "x"  # B18 # type: ignore[attr-defined] # the mistake

    p.chain(p.enter, p.new("a", right if p.is_right else wrong), p.leave)


@fault("B19", "AG404")
def wrong_type(p: Place) -> None:
    def right(s: Desk) -> None:
        s.count = 3

    def wrong(s: Desk) -> None:
        s.count = "many"  # B19 # type: ignore[assignment] # the mistake

    p.chain(p.enter, p.new("a", right if p.is_right else wrong), p.leave)


@fault("B20", "AG405", "AG120")
def another_state(p: Place) -> None:
    class Other(State):
        words: int = 0

    def right(s: Desk) -> None: ...

    def wrong(s: Other) -> None: ...  # B20

    p.chain(p.enter, p.new("a", right if p.is_right else wrong), p.leave)  # type: ignore[arg-type] # the mistake


@fault("B21", "AG204")
def overlapping_guards(p: Place) -> None:
    @classifier
    def right(s: Desk) -> Literal["x", "y"]:
        size = "x"
        if s.count > 3:
            size = "y"
        return size

    @classifier
    def wrong(s: Desk) -> Literal["x", "y"]:
        size = "x"
        if s.count > 1:  # B21
            size = "x"
        if s.count > 3:  # B21
            size = "y"
        return size

    p.g.add_conditional_edge(p.enter, right if p.is_right else wrong, {"x": p.leave, "y": p.leave})


@fault("B22", "AG205")
def gap_between_guards(p: Place) -> None:
    @classifier
    def right(s: Desk) -> Literal["x", "y"]:
        if s.count > 3:
            return "x"
        return "y"

    @classifier  # B22 # noqa: RET503
    def wrong(s: Desk) -> Literal["x", "y"]:  # type: ignore[return] # the mistake
        if s.count > 3:
            return "x"
        if s.count < 3:
            return "y"

    p.g.add_conditional_edge(p.enter, right if p.is_right else wrong, {"x": p.leave, "y": p.leave})


@fault("B24", "AG206")
def guard_that_is_covered(p: Place) -> None:
    @classifier
    def right(s: Desk) -> Literal["x", "y"]:
        if s.count > 5:
            return "y"
        if s.count > 1:
            return "x"
        return "y"

    @classifier
    def wrong(s: Desk) -> Literal["x", "y"]:
        if s.count > 1:
            return "x"
        if s.count > 5:  # B24
            return "y"
        return "y"

    p.g.add_conditional_edge(p.enter, right if p.is_right else wrong, {"x": p.leave, "y": p.leave})


@fault("B23", "AG104", "AG301", "AG110")
def join_of_what_never_comes(p: Place) -> None:
    a, b = p.new("a"), p.new("b")
    if p.is_right:
        p.g.add_edge(p.enter, [a, b])
    else:
        p.g.add_edge(p.enter, a)
    p.g.add_join([a, b], p.leave)  # B23


@fault("B25", "AG105")
def one_edge_twice(p: Place) -> None:
    p.g.add_edge(p.enter, p.leave)
    if not p.is_right:
        p.g.add_edge(p.enter, p.leave)  # B25


@fault("B26", "AG106", "AG302", "AG304", knock_on="AG303")
def on_from_the_end(p: Place) -> None:
    a = p.new("a")
    p.chain(a, p.leave)
    p.g.add_edge(p.enter, a if p.is_right else [a, END])  # B26 # type: ignore[arg-type] # the mistake


@fault("B27", "AG501")
def effect_without_a_key(p: Place) -> None:
    def safe(s: Desk, ctx: Ctx) -> None:
        s.note = ctx.idempotency_key

    def sends(s: Desk) -> None: ...  # B27

    fn = safe if p.is_right else sends
    a = p.g.add_node(fn, name=f"{p.prefix}a", retry=Retry(attempts=3), effects=True)
    p.chain(p.enter, a, p.leave)


@fault("B28", "AG306")
def way_round_a_gate(p: Place) -> None:
    review, ship = p.new("review"), p.new("ship")
    ways: Labels = {"x": review, "y": review if p.is_right else ship}
    p.g.add_conditional_edge(p.enter, pick, ways)
    p.chain(review, ship, p.leave)
    p.required.append(always_before(review.name, ship.name))  # B28


@fault("B29", "AG406")
def unmapped_field(p: Place) -> None:
    inner = Graph("inner", Order)
    a = inner.add_node(pack, name="a")
    inner.add_edge(START, a)
    inner.add_edge(a, END)
    enter = ordered if p.is_right else ordered_without
    work = inner.compile().as_node(Desk, enter=enter, leave=packed)
    p.chain(p.enter, p.g.add_node(work, name=f"{p.prefix}inner"), p.leave)


@fault("B30", "AG502")
def impure_decision(p: Place) -> None:
    @classifier
    def right(s: Desk) -> Literal["x", "y"]:
        return "x" if s.text else "y"

    @classifier
    def wrong(s: Desk) -> Literal["x", "y"]:
        return "x" if os.environ.get("X") else "y"  # B30

    p.g.add_conditional_edge(p.enter, right if p.is_right else wrong, {"x": p.leave, "y": p.leave})


@fault("B31", "AG301")
def crossed_joins(p: Place) -> None:
    a, b, u, v = (p.new(name) for name in "abuv")
    p.g.add_edge(p.enter, [a, b])
    if p.is_right:
        p.g.add_join([a, b], u)
        p.g.add_edge(u, v)
        p.g.add_edge(v, p.leave)
        return
    w, z, i, j = (p.new(name) for name in "wzij")
    p.g.add_conditional_edge(a, pick, {"x": u, "y": v})
    p.g.add_conditional_edge(b, pick, {"x": w, "y": z})
    p.g.add_join([u, w], i)  # B31
    p.g.add_join([v, z], j)  # B31
    p.g.add_edge(i, p.leave)
    p.g.add_edge(j, p.leave)


@fault("B32", "AG301", "AG302", "AG303", "AG304")
def past_the_inner_join(p: Place) -> None:
    f, z, x, y, m, i, o = (p.new(name) for name in "fzxymio")
    p.g.add_edge(p.enter, [f, z])
    p.g.add_edge(f, [x, y])
    past = m if p.is_right else o
    p.g.add_conditional_edge(y, pick, {"x": m, "y": past})  # B32
    p.g.add_join([x, m], i)  # B32
    p.g.add_edge(i, o)  # B32
    p.g.add_join([o, z], p.leave)


@fault("B33", "AG307")
def bound_too_low(p: Place) -> None:
    a = p.new("a", max_visits=2 if p.is_right else 1)
    p.chain(p.enter, a)
    p.g.add_conditional_edge(a, pick, {"x": a, "y": p.leave})  # B33


def same(s: Desk) -> Desk:
    return s


def back(s: Desk, inner: Desk) -> None:
    s.text = inner.text


class Order(State):
    number: str


def pack(s: Order) -> None: ...


def ordered(s: Desk) -> Order:
    return Order(number=s.text)


def ordered_without(s: Desk) -> Order:
    return Order()  # B29 # type: ignore[call-arg] # the mistake


def packed(s: Desk, order: Order) -> None:
    s.text = order.number
