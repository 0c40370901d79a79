"""Nodes that lead to their source, where somebody asked for it; nothing else is ever a link."""

import pytest

from agentgraph.errors import NotAvailable, Place
from agentgraph.graph import Edge, FrozenGraph, Vertex
from agentgraph.render import to_svg
from tests.render.drawings import DESK, NASTY, SVG, parsed, with_class

SOURCE = "vscode://file{file}:{line}"


def links(graph: FrozenGraph, href: str) -> list[str | None]:
    return [one.get("href") for one in parsed(to_svg(graph, href=href)).iter(f"{SVG}a")]


def test_a_node_leads_to_its_line() -> None:
    vertex = Vertex("a", place=Place("/home/me/a b.py", 7))
    graph = FrozenGraph("g", (vertex, Vertex("b")), (Edge("a", "b"),))

    svg = to_svg(graph, href=SOURCE)

    assert links(graph, SOURCE) == ["vscode://file/home/me/a%20b.py:7"]
    linked = next(one for one in with_class(parsed(svg), "vertex") if one.get("data-path") == "a")
    assert linked.get("role") == "graphics-object"


def test_without_a_template_nothing_is_a_link() -> None:
    assert "<a" not in to_svg(DESK)


@pytest.mark.parametrize("name", NASTY)
def test_a_hostile_name_makes_no_link_that_runs(name: str) -> None:
    found = links(FrozenGraph("g", (Vertex(name, agent=name),), ()), "{name}")

    assert not any((link or "").lower().startswith(("javascript:", "data:")) for link in found)


@pytest.mark.parametrize("template", ["javascript:alert({line})", "data:{name}", "{who}", "{"])
def test_a_template_that_would_run_or_asks_for_something_else_is_refused(template: str) -> None:
    with pytest.raises(NotAvailable, match="no link can be made"):
        to_svg(DESK, href=template)
