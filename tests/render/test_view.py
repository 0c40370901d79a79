"""Which part of a graph is drawn: how deep, what is closed, what is near; nothing goes unsaid."""

import pytest

from agentgraph.errors import NotAvailable
from agentgraph.graph import Edge, FrozenGraph, Vertex
from agentgraph.render import View, to_mermaid, to_svg
from agentgraph.render.counting import Counts
from agentgraph.render.view import frames_of, seen
from tests.render.drawings import DESK

DEEP = FrozenGraph("deep", (Vertex("c"),), ())
MIDDLE = FrozenGraph(
    "middle", (Vertex("b", "subgraph", child=DEEP), Vertex("d")), (Edge("b", "d"),)
)
GRAPH = FrozenGraph(
    "g",
    (
        Vertex("START", "start"),
        Vertex("a", "subgraph", child=MIDDLE),
        Vertex("z"),
        Vertex("END", "end"),
    ),
    (Edge("START", "a"), Edge("a", "z"), Edge("z", "END")),
)


def paths(view: View, graph: FrozenGraph = GRAPH) -> list[str]:
    return [figure.path for figure in seen(graph, Counts(), view).figures]


def test_the_frames_are_named_from_the_outside_in() -> None:
    assert list(frames_of(GRAPH)) == ["a", "a/b"]


@pytest.mark.parametrize(
    ("view", "shown"),
    [
        (View(), ["START", "z", "END", "a/d", "a/b/c"]),
        (View(depth=0), ["START", "a", "z", "END"]),
        (View(depth=1), ["START", "z", "END", "a/b", "a/d"]),
        (View(depth=2), ["START", "z", "END", "a/d", "a/b/c"]),
        (View(collapse=("a/b",)), ["START", "z", "END", "a/b", "a/d"]),
        (View(collapse=("a",)), ["START", "a", "z", "END"]),
    ],
)
def test_a_frame_that_is_closed_is_one_figure(view: View, shown: list[str]) -> None:
    assert paths(view) == shown


def test_what_is_near_is_kept_and_what_leads_on_is_counted() -> None:
    diagram = seen(DESK, Counts(), View(focus="tech"))

    assert [figure.path for figure in diagram.figures] == [
        "triage",
        "tech",
        "draft",
        "apologise",  # An error in `tech` leads there.
        "undo tech",
    ]
    assert {figure.path: figure.cut for figure in diagram.figures} == {
        "triage": 4,
        "tech": 0,
        "draft": 4,
        "apologise": 1,
        "undo tech": 0,
    }
    assert [arrow.key[:2] for arrow in diagram.arrows] == [
        ("triage", "tech"),
        ("tech", "draft"),
        ("desks", "apologise"),
        ("tech", "undo tech"),
    ]
    assert diagram.caption == "4 of 18 vertices, those near tech"
    svg = to_svg(DESK, view=View(focus="tech"), engine="builtin")
    assert "+4 more ways" in svg
    assert "4 of 18 vertices, those near tech" in svg


def test_a_frame_around_what_is_near_stays() -> None:
    diagram = seen(GRAPH, Counts(), View(focus="a/d"))

    assert [group.path for group in diagram.groups] == ["a", "a/b"]
    assert [figure.path for figure in diagram.figures] == ["z", "a/d", "a/b/c"]
    assert {(group.path, group.first, group.last) for group in diagram.groups} == {
        ("a", "n-a-b-c", "n-a-d"),
        ("a/b", "n-a-b-c", "n-a-b-c"),
    }


def test_with_a_radius_of_nothing_the_vertex_stands_alone() -> None:
    assert paths(View(focus="z", radius=0)) == ["z"]
    assert paths(View(focus="z", radius=9)) == paths(View())


def test_a_frame_can_be_what_the_rest_is_near_to() -> None:
    assert paths(View(focus="a", radius=0)) == ["a/d", "a/b/c"]
    assert paths(View(focus="a/b", radius=1)) == ["START", "a/d", "a/b/c"]


@pytest.mark.parametrize(
    ("view", "what", "fix"),
    [
        (View(focus="zz"), "no vertex called 'zz'", "did you mean 'z'?"),
        (View(collapse=("a/c",)), "no workflow to collapse called 'a/c'", "did you mean 'a/b'?"),
    ],
)
def test_a_part_that_there_is_not_is_told(view: View, what: str, fix: str) -> None:
    with pytest.raises(NotAvailable) as caught:
        seen(GRAPH, Counts(), view)

    assert what in caught.value.what
    assert fix in caught.value.fix


def test_every_writer_takes_a_view() -> None:
    assert "a/b/c" not in to_mermaid(GRAPH, view=View(depth=0))
    assert to_mermaid(GRAPH, view=View(depth=0)).count("subgraph ") == 0
