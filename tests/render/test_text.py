"""The drawing of a terminal: all that is in the graph, nothing cut, as wide as it may be."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentgraph.graph import Edge, FrozenGraph, Vertex
from agentgraph.render import View, to_text
from agentgraph.render.diagram import diagram_of
from agentgraph.render.lettering import shown
from agentgraph.render.text import columns, write
from tests.render.drawings import DESK, ESSAY, graphs

ESSAY_DRAWN = """\
  ╭───────╮
  │ START │
  ╰───────╯
       ▼
╭───────────╮
│   write   │
│ at most 5 │
╰───────────╯
   ▲      │
   │      │
 REVISE   │
   │      ▼
 ╭──────────╮
 │ ◇ critic │
 ╰──────────╯
       │
       OK
       ▼
   ╭─────╮
   │ END │
   ╰─────╯
"""


def test_a_loop_is_drawn_with_its_way_back() -> None:
    assert to_text(ESSAY) == ESSAY_DRAWN


def test_plain_terminals_get_plain_letters() -> None:
    text = to_text(ESSAY, ascii=True)

    assert text.isascii()
    assert "| ? critic |" in text
    assert "^" in text


def test_what_does_not_fit_is_told_as_an_outline() -> None:
    assert to_text(ESSAY, width=12).splitlines() == [
        "essay",
        "START",
        "  → write",
        "write · at most 5",
        "  → critic",
        "◇ critic",
        "  OK → END",
        "  REVISE → write",
        "END",
    ]


@pytest.mark.parametrize("width", [80, 120, 200])
def test_a_drawing_fits_the_width_that_it_was_given(width: int) -> None:
    drawing = write(diagram_of(DESK), width=width)

    assert "\u256d" in drawing.lines[0]
    assert max(map(columns, drawing.lines)) <= width


def test_a_wide_letter_takes_two_columns() -> None:
    graph = FrozenGraph(
        "g", (Vertex("审核工作"), Vertex("e\u0301")), (Edge("审核工作", "e\u0301", "审"),)
    )

    lines = to_text(graph).splitlines()

    assert {columns(line) for line in lines[:3]} == {columns("│ 审核工作 │")}
    assert any("e\u0301" in line for line in lines)


def test_a_way_from_a_vertex_to_itself_stands_in_its_box() -> None:
    graph = FrozenGraph("g", (Vertex("a"),), (Edge("a", "a", "again"),))

    assert "\u21ba again" in to_text(graph)


def test_a_view_is_drawn_as_text_too() -> None:
    assert "send/write" in to_text(DESK)
    assert "send/write" not in to_text(DESK, view=View(depth=0))


def tips(lines: tuple[str, ...]) -> int:
    return sum(line.count("▼") + line.count("▲") for line in lines)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(2, 14).flatmap(
        lambda count: st.lists(
            st.tuples(
                st.integers(0, count - 1),
                st.integers(0, count - 1),
                st.sampled_from([None, "yes", "a longer label"]),
            ),
            max_size=18,
            unique_by=lambda edge: edge[:2],
        ).map(lambda edges: (count, edges))
    )
)
def test_every_vertex_label_and_edge_is_drawn(
    sizes: tuple[int, list[tuple[int, int, str | None]]],
) -> None:
    count, pairs = sizes
    edges = tuple(Edge(f"node_{a}", f"node_{b}", label) for a, b, label in pairs)
    graph = FrozenGraph("g", tuple(Vertex(f"node_{n}") for n in range(count)), edges)

    drawing = write(diagram_of(graph), width=10_000)

    text = "\n".join(drawing.lines)
    assert all(f"node_{number}" in text for number in range(count))
    labels = [edge.label for edge in edges if edge.label]
    assert all(text.count(label) >= labels.count(label) for label in labels)
    if "\u256d" in text:
        assert tips(drawing.lines) == sum(edge.source != edge.target for edge in edges)
        for path, (left, top, wide, _) in drawing.places.items():
            assert drawing.lines[top][left : left + wide] == f"╭{'─' * (wide - 2)}╮"
            assert path in drawing.lines[top + 1][left : left + wide]
    else:
        assert text.count("\u2192") == len(edges)


@settings(max_examples=60, deadline=None)
@given(graphs())
def test_any_graph_is_told_whole(graph: FrozenGraph) -> None:
    diagram = diagram_of(graph)

    text = "\n".join(write(diagram, width=200).lines)

    assert all(shown(figure.path) in text for figure in diagram.figures if figure.kind != "undo")


def test_what_undoes_a_vertex_is_a_note_in_its_box() -> None:
    text = to_text(DESK)

    assert "\u2502 undo reopen \u2502" in text
    assert "\u256d" in text


def test_what_has_no_name_of_its_own_is_called_by_its_kind_once() -> None:
    ways = (("fork_2", "a"), ("fork_2", "b"), ("a", "join"), ("b", "join"))
    kinds = (Vertex("fork_2", "gateway"), Vertex("a"), Vertex("b"), Vertex("join", "join"))

    text = to_text(FrozenGraph("g", kinds, tuple(Edge(*way) for way in ways)))

    assert text.count("fork") == text.count("join") == 1
    assert "all 2" in text


def test_a_fork_is_called_one_only_once() -> None:
    forked = FrozenGraph(
        "g",
        (*map(Vertex, "abc"), Vertex("fork", "gateway"), Vertex("START", "start")),
        tuple(Edge(*way) for way in (("START", "fork"), ("fork", "a"), ("fork", "b"), ("a", "c"))),
    )

    assert to_text(forked).count("fork") == 1
