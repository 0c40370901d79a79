"""Each class of fault, alone and deep inside larger sound graphs: found, at its line, and only it."""

from collections.abc import Sequence
from itertools import count
from pathlib import Path

import pytest

from agentgraph import END, START, Graph, Node, Workflow
from agentgraph.errors import AgentGraphError, Finding, InvalidGraph, Place
from agentgraph.graph import Requirement
from tests.verify import faults
from tests.verify.faults import FAULTS, Desk, Fault, back, pick, same, step

SOURCE = Path(faults.__file__)
MARKED = SOURCE.read_text(encoding="utf-8").splitlines()
AROUND = [
    (),
    ("branch",),
    ("choice",),
    ("loop",),
    ("subgraph",),
    ("branch", "loop"),
    ("choice", "branch"),
    ("loop", "subgraph"),
    ("subgraph", "branch"),
    ("branch", "choice", "loop"),
    ("loop", "branch", "choice"),
    ("subgraph", "loop", "branch"),
    ("branch", "subgraph", "choice"),
    ("choice", "loop", "subgraph"),
]


def compiled(around: Sequence[str], *pieces: Fault, is_right: bool) -> Workflow[Desk]:
    """Build a graph that has the pieces one after the other, so deep inside sound graphs."""
    g = Graph("desk", Desk)
    required: list[Requirement] = []
    enter, leave = _put(g, around, pieces, required, count(), is_right=is_right)
    g.add_edge(START, enter)
    g.add_edge(leave, END)
    return g.compile(require=required)


def _put(
    g: Graph[Desk],
    around: Sequence[str],
    pieces: Sequence[Fault],
    required: list[Requirement],
    numbers: "count[int]",
    *,
    is_right: bool,
) -> tuple[Node[Desk], Node[Desk]]:
    """Add the pieces between two new nodes, with what is to be around them."""

    def new(name: str, max_visits: int | None = None) -> Node[Desk]:
        return g.add_node(step, name=f"{name}{next(numbers)}", max_visits=max_visits)

    enter, leave = new("enter"), new("leave")
    if not around:
        before = enter
        for piece in pieces:
            after = leave if piece is pieces[-1] else new("between")
            prefix = f"{piece.number.lower()}_" if len(pieces) > 1 else ""
            piece.piece(faults.Place(g, before, after, is_right, required, prefix))
            before = after
        return enter, leave
    kind, *rest = around
    if kind == "subgraph":
        inside = compiled(rest, *pieces, is_right=is_right)
        sub = g.add_node(inside.as_node(Desk, enter=same, leave=back), name=f"sub{next(numbers)}")
        g.add_edge(enter, sub)
        g.add_edge(sub, leave)
        return enter, leave
    first, last = _put(g, rest, pieces, required, numbers, is_right=is_right)
    match kind:
        case "branch":
            side = new("side")
            g.add_edge(enter, [first, side])
            g.add_join([last, side], leave)
        case "choice":
            g.add_conditional_edge(enter, pick, {"x": first, "y": leave})
            g.add_edge(last, leave)
        case _:
            again = new("again", max_visits=3)
            g.add_edge(enter, again)
            g.add_edge(again, first)
            g.add_conditional_edge(last, pick, {"x": again, "y": leave})
    return enter, leave


def found(around: Sequence[str], *pieces: Fault, is_right: bool) -> list[Finding]:
    """What is found while such a graph is built, or afterwards where it is only a warning."""
    try:
        return list(compiled(around, *pieces, is_right=is_right).verify().findings)
    except InvalidGraph as error:
        return list(error.report.findings)
    except AgentGraphError as error:
        file, _, line = error.where.removesuffix(")").rpartition(":")
        place = Place(file.rpartition("(")[2], int(line))
        return [Finding(error.code, error.what, error.where, error.fix, place)]


def is_marked(place: Place | None, number: str) -> bool:
    """Say whether a place is a line that is marked with the number of a fault."""
    return (
        place is not None and Path(place.file) == SOURCE and f"# {number}" in MARKED[place.line - 1]
    )


def cases() -> list[tuple[Fault, Sequence[str]]]:
    return [
        (one, around)
        for one in FAULTS
        for around in AROUND
        if not one.is_whole or "subgraph" not in around
    ]


@pytest.mark.parametrize(
    ("fault", "around"), cases(), ids=lambda v: v.number if isinstance(v, Fault) else ">".join(v)
)
def test_a_fault_is_found_at_its_line_however_deep_it_lies(
    fault: Fault, around: Sequence[str]
) -> None:
    findings = found(around, fault, is_right=False)

    told = [one for one in findings if one.code in fault.codes]
    assert told, [str(one) for one in findings]
    assert any(is_marked(one.place, fault.number) for one in told), [str(one) for one in told]
    assert {one.code for one in findings} <= fault.codes | fault.knock_on


@pytest.mark.parametrize("around", AROUND, ids=">".join)
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.number)
def test_nothing_is_found_in_the_same_graph_without_the_fault(
    fault: Fault, around: Sequence[str]
) -> None:
    assert found(around, fault, is_right=True) == []


@pytest.mark.parametrize(
    "numbers",
    [
        "B02 B03 B08 B09 B15 B18 B20 B21 B22 B24 B27 B30 B33",
        "B02 B10 B18",
        "B16 B17 B18 B21 B28",
        "B02 B04 B05 B06 B15 B18",
    ],
)
def test_all_faults_of_a_graph_are_told_at_once(numbers: str) -> None:
    pieces = [one for one in FAULTS if one.number in numbers.split()]

    findings = found(("branch", "loop"), *pieces, is_right=False)

    for piece in pieces:
        told = [one for one in findings if one.code in piece.codes]
        assert any(is_marked(one.place, piece.number) for one in told), piece.number


def test_all_thirty_three_classes_are_there() -> None:
    assert sorted(one.number for one in FAULTS) == [f"B{number:02}" for number in range(1, 34)]
