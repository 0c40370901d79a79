"""What an SVG of a graph holds: everything once, nothing else, and nothing that is alive."""

from collections import Counter
from typing import Literal

import pytest
from hypothesis import given, settings

from agentgraph.events import Failure, Result
from agentgraph.graph import Edge, FrozenGraph, Vertex
from agentgraph.render import Mark, Marks, to_svg
from agentgraph.state import State
from tests.render.drawings import (
    DESK,
    ESSAY,
    NASTY,
    SVG,
    EdgeKey,
    edges_of,
    graphs,
    parsed,
    vertices_of,
    with_class,
)

ELEMENTS = {"circle", "desc", "g", "path", "polygon", "rect", "style", "svg", "text", "title"}
ATTRIBUTES = {
    "aria-label",
    "aria-roledescription",
    "class",
    "cx",
    "cy",
    "d",
    "data-kind",
    "data-label",
    "data-path",
    "data-region",
    "data-source",
    "data-target",
    "height",
    "id",
    "lang",
    "points",
    "r",
    "role",
    "rx",
    "stroke-width",
    "transform",
    "viewBox",
    "width",
    "x",
    "y",
}
VISITS = {"START": 7, "triage": 7, "billing": 4, "draft": 12, "send/write": 31}
TAKEN: dict[EdgeKey, int] = {
    ("START", "triage", None): 7,
    ("triage", "billing", "billing"): 4,
    ("triage", "clerk", "unsure"): 3,
    ("draft", "clerk", "then"): 2,
    ("desks", "apologise", "catch"): 5,
}


def drawn_vertices(svg: str) -> Counter[str]:
    found = with_class(parsed(svg), "vertex")
    return Counter(one.get("data-path", "") for one in found if one.get("data-kind") != "missing")


def drawn_edges(svg: str) -> Counter[EdgeKey]:
    return Counter(
        (one.get("data-source", ""), one.get("data-target", ""), one.get("data-label"))
        for one in with_class(parsed(svg), "edge")
    )


def texts(svg: str) -> list[str]:
    return [one.text or "" for one in parsed(svg).iter(f"{SVG}text")]


@given(graphs())
@settings(max_examples=25)
def test_each_vertex_and_each_edge_of_any_graph_is_drawn_once_and_nothing_else(
    graph: FrozenGraph,
) -> None:
    svg = to_svg(graph, engine="builtin")

    assert drawn_vertices(svg) == vertices_of(graph)
    assert drawn_edges(svg) == edges_of(graph)


@given(graphs())
@settings(max_examples=25)
def test_a_drawing_of_any_graph_holds_harmless_elements_and_attributes_only(
    graph: FrozenGraph,
) -> None:
    root = parsed(to_svg(graph, engine="builtin"))

    assert {one.tag.removeprefix(SVG) for one in root.iter()} <= ELEMENTS
    assert {name for one in root.iter() for name in one.attrib} <= ATTRIBUTES
    ids = [one.get("id") for one in root.iter() if one.get("id")]
    assert len(ids) == len(set(ids))


@given(graphs())
@settings(max_examples=10)
def test_the_bundled_engine_draws_the_same_things(graph: FrozenGraph) -> None:
    svg = to_svg(graph, engine="auto")

    assert drawn_vertices(svg) == vertices_of(graph)
    assert drawn_edges(svg) == edges_of(graph)


def test_only_what_edges_mention_is_drawn_as_missing() -> None:
    graph = FrozenGraph("g", (Vertex("a"),), (Edge("a", "gone"), Edge("gone", "a")))

    missing = with_class(parsed(to_svg(graph)), "missing")

    assert [one.get("data-path") for one in missing if one.get("data-path")] == ["gone"]


@pytest.mark.parametrize("name", NASTY)
def test_a_hostile_name_stays_text(name: str) -> None:
    graph = FrozenGraph(
        name,
        (Vertex(name, doc=name, agent=name, undo=name), Vertex("b", "classifier")),
        (Edge(name, "b"), Edge("b", name, name)),
    )

    svg = to_svg(graph)

    style = next(parsed(svg).iter(f"{SVG}style")).text or ""
    assert drawn_edges(svg) == edges_of(graph)
    assert name.strip() not in style or len(name.strip()) < 4 or name == "graph"
    assert "<script" not in svg
    assert "\u202e" not in svg


def test_labels_stand_on_their_edges_in_full() -> None:
    found = texts(to_svg(DESK))

    assert {"billing", "tech", "other", "unsure (under 0.7)", "True", "False", "redo"} <= set(found)
    assert {"after 3", "at most 3", "ConnectionError", "undo reopen"} <= set(found)


def test_a_vertex_leads_to_what_undoes_it_by_an_edge_of_a_look_of_its_own() -> None:
    root = parsed(to_svg(DESK))

    (edge,) = [one for one in with_class(root, "edge") if "undo" in classes(one)]
    assert (edge.get("data-source"), edge.get("data-target")) == ("tech", "undo tech")
    assert edge.findtext(f"{SVG}title") == "tech is undone by desk:reopen"
    style = next(root.iter(f"{SVG}style")).text or ""
    assert ".ag .undo .line{stroke-dasharray:" in style
    assert {"is undone by", "takes back what a node did"} <= set(texts(to_svg(DESK)))
    # It counts for neither: no token comes to it.
    assert (root.findtext(f"{SVG}desc") or "").startswith("19 vertices, 27 edges.")


def test_a_long_name_is_broken_and_whole_in_the_tooltip() -> None:
    name = "_".join(["summarise"] * 20)

    svg = to_svg(FrozenGraph("g", (Vertex(name),), ()))

    assert max(map(len, texts(svg))) <= 30
    assert f"agent {name}" in svg


def test_voters_are_shown_inside_their_vote() -> None:
    found = texts(to_svg(DESK))

    assert {"2 of 3 votes", "kind", "true", "legal"} <= set(found)


def test_joins_say_how_many_ways_they_wait_for() -> None:
    ways = (Edge("a", "j"), Edge("b", "j"), Edge("c", "j"))
    race = FrozenGraph("g", (Vertex("j", "join", need=2),), ways)

    assert "join: first 2 of 3" in texts(to_svg(race))
    assert "join: all 2" in texts(to_svg(DESK))


def test_counts_are_shown_and_what_was_not_visited_is_marked() -> None:
    svg = to_svg(DESK, visits=VISITS, taken=TAKEN)
    root = parsed(svg)

    assert {"31", "12", "4", "billing \u00d74", "unsure (under 0.7) \u00d73"} <= set(texts(svg))
    assert {"after 3 \u00d72", "ConnectionError \u00d75", "\u00d77"} <= set(texts(svg))
    seen = {one.get("data-path") for one in with_class(root, "vertex") if "seen" in classes(one)}
    assert seen == {*VISITS}
    unseen = [one for one in with_class(root, "edge") if "unseen" in classes(one)]
    assert len(unseen) == edges_of(DESK).total() - len(TAKEN) - len(["undo tech"])


def test_without_counts_nothing_is_marked() -> None:
    root = parsed(to_svg(DESK))

    assert not with_class(root, "seen")
    assert not with_class(root, "unseen")
    assert not with_class(root, "badge")


def test_counts_of_what_the_graph_has_not_draw_nothing() -> None:
    svg = to_svg(ESSAY, visits={"ghost": 3}, taken={("ghost", "write", None): 4})

    assert "ghost" not in svg


def test_every_part_has_a_role_and_a_name_to_be_read_aloud() -> None:
    root = parsed(to_svg(DESK))

    parts = [*with_class(root, "vertex"), *with_class(root, "edge"), *with_class(root, "region")]
    assert {one.get("role") for one in parts} == {"graphics-symbol", "graphics-object"}
    assert all(one.findtext(f"{SVG}title") for one in parts)
    assert root.get("role") == "graphics-document"
    assert root.findtext(f"{SVG}title") == "Workflow support"


def test_the_description_tells_the_graph_in_sentences() -> None:
    described = parsed(to_svg(DESK)).findtext(f"{SVG}desc") or ""

    assert "triage goes to billing when 'billing'." in described
    assert "triage goes to clerk when unsure." in described
    assert "desks goes to apologise on ConnectionError." in described


def test_the_legend_names_only_what_occurs() -> None:
    assert "a person decides" in texts(to_svg(DESK))
    assert "a person decides" not in texts(to_svg(ESSAY))


def test_the_legend_says_what_the_marks_of_runs_mean() -> None:
    failures = (Failure("write", OSError("x")),) * 2
    failed = Result("r", "failed", State(), errors=(failures[0].error,), failures=failures)
    went_on = Result("r", "done", State(), failures=failures, taken={("START", "write", None): 3})

    assert {"failed here", "\u00d7n"} <= set(texts(to_svg(ESSAY, run=failed)))
    assert {"failed, and went on", "taken"} <= set(texts(to_svg(ESSAY, run=went_on)))
    assert not {"failed here", "taken"} & set(texts(to_svg(ESSAY, visits={}, taken={})))


@pytest.mark.parametrize(
    ("theme", "blocks"), [("auto", 1), ("light", 0), ("dark", 0)], ids=["auto", "light", "dark"]
)
def test_only_the_theme_auto_asks_what_the_viewer_prefers(
    theme: Literal["auto", "light", "dark"], blocks: int
) -> None:
    svg = to_svg(ESSAY, theme=theme)

    assert svg.count("@media screen and (prefers-color-scheme:dark)") == blocks


def test_each_vertex_and_each_edge_stands_on_a_line_of_its_own() -> None:
    lines = to_svg(DESK).splitlines()

    vertices = [line for line in lines if " data-path=" in line]
    edges = [line for line in lines if " data-source=" in line]
    assert len(vertices) == vertices_of(DESK).total()
    assert len(edges) == edges_of(DESK).total()


def test_a_new_vertex_at_the_end_changes_no_line_of_the_others_shapes() -> None:
    def shapes(graph: FrozenGraph) -> list[str]:
        lines = to_svg(graph, engine="builtin").splitlines()
        return [line.split(")", 1)[1] for line in lines if " data-kind=" in line]

    more = FrozenGraph("essay", (*ESSAY.vertices, Vertex("extra")), ESSAY.edges, ESSAY.regions)

    assert shapes(more)[: len(shapes(ESSAY))] == shapes(ESSAY)


def classes(element: object) -> list[str]:
    return (element.get("class") or "").split()  # type: ignore[attr-defined]


PATH = Marks(
    {"START": Mark("path", "1"), "triage": Mark("fault", "2"), "clerk": Mark("waits", "waits")},
    {("START", "triage", None): Mark("path"), ("triage", "clerk", "other"): Mark("removed", "-")},
    "not on the path",
)


def test_marks_stand_on_their_parts_and_all_else_is_faded() -> None:
    svg = to_svg(DESK, marks=PATH)

    signs = {
        one.get("data-path", ""): one.get("class", "").split()[-1]
        for one in with_class(parsed(svg), "vertex")
    }
    assert (signs["START"], signs["triage"], signs["clerk"]) == ("path", "fault", "waits")
    assert {sign for path, sign in signs.items() if path not in PATH.vertices} == {"unseen"}
    edges = [one.get("class", "") for one in with_class(parsed(svg), "edge")]
    assert sum(kind.endswith(" path") for kind in edges) == 1
    assert sum(kind.endswith(" removed") for kind in edges) == 1


def test_marks_are_told_in_words_on_badges_and_in_the_legend_not_by_colour_alone() -> None:
    svg = to_svg(DESK, marks=PATH)

    assert {"1", "2", "waits", "not on the path"} <= set(texts(svg))
    assert any(text.startswith("other -") for text in texts(svg))
    assert "classifier triage, here it goes wrong" in svg
    assert "triage goes to clerk when 'other', removed" in svg
