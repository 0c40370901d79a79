"""Pictures in a real browser and texts in the real Mermaid: named, legible, read as written."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from random import Random
from typing import Any

import pytest

from agentgraph.graph import Edge, FrozenGraph, Vertex
from agentgraph.render import to_dot, to_mermaid, to_svg
from agentgraph.render.captions import figure_lines
from agentgraph.render.diagram import diagram_of
from tests.render.drawings import DESK, ESSAY, NASTY
from tools.gallery import EXAMPLES, GALLERY, graphs_in, load
from tools.gallery_graphs import plates

HERE = Path(__file__).parent
CHROMIUM = os.environ.get("CHROMIUM") or shutil.which("chromium") or ""
PICTURES = sorted(path for path in GALLERY.glob("*.svg") if path.stem != "large")
LETTERS = "".join(map(chr, range(32, 127))) + "\n\té漢字\u0627\u05d0🚀"

needs_node = pytest.mark.skipif(
    shutil.which("node") is None or not (HERE / "node_modules" / "mermaid").is_dir(),
    reason="there is no node, or `npm ci` was not run in tests/browser",
)
needs_chromium = pytest.mark.skipif(not CHROMIUM, reason="there is no chromium")
pytestmark = pytest.mark.browser


def node(program: str, *arguments: str, text: str = "") -> Any:
    done = subprocess.run(
        ["node", str(HERE / program), *arguments],
        input=text,
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
        env={**os.environ, "CHROMIUM": CHROMIUM},
    )
    return json.loads(done.stdout)


def corpus() -> list[FrozenGraph]:
    """Every graph that is drawn anywhere, and 500 names of any letters."""
    dice = Random(4)
    names = ["".join(dice.choices(LETTERS, k=dice.randint(1, 24))) for _ in range(500)]
    examples = [graph for path in EXAMPLES.glob("*.py") for graph in graphs_in(load(path)).values()]
    fuzzed = [
        FrozenGraph(
            name,
            (Vertex(name, "classifier"), Vertex("b")),
            (Edge(name, "b", name), Edge("b", name)),
        )
        for name in (*NASTY, *names)
    ]
    return [DESK, ESSAY, *examples, *(plate.graph for plate in plates()), *fuzzed]


@needs_node
@needs_chromium
def test_in_a_browser_all_parts_are_named_and_no_text_leaves_its_shape(tmp_path: Path) -> None:
    linked = tmp_path / "linked.svg"
    desk = next(iter(graphs_in(load(EXAMPLES / "support_desk.py")).values()))
    linked.write_text(to_svg(desk, href="vscode://file{file}:{line}"), encoding="utf-8")

    looks = node("pictures.mjs", *map(str, [*PICTURES, linked]))

    assert len(looks) == 2 * len(PICTURES) + 2
    for look in looks:
        assert look["violations"] == [], look["file"]
        assert look["unnamed"] == 0, look["file"]
        assert look["named"] == look["parts"] > 0, look["file"]
        assert look["leaving"] == [], look["file"]
        assert look["requests"] == [], look["file"]
    grounds = {look["colorScheme"]: look["ground"] for look in looks}
    assert grounds == {"light": "rgb(255, 255, 255)", "dark": "rgb(16, 21, 28)"}


@needs_node
def test_the_real_mermaid_reads_every_name_as_it_is() -> None:
    graphs = corpus()

    answers = node("mermaid.mjs", text=json.dumps([to_mermaid(graph) for graph in graphs]))

    assert [answer["error"] for answer in answers if "error" in answer] == []
    for graph, answer in zip(graphs, answers, strict=True):
        diagram = diagram_of(graph)
        lines = ["<br/>".join(figure_lines(figure)) or " " for figure in diagram.figures]
        assert sorted(map(str.strip, answer["nodes"])) == sorted(map(str.strip, lines))
        notes = sorted(arrow.note.strip() for arrow in diagram.arrows)
        assert sorted(map(str.strip, answer["edges"])) == notes


@pytest.mark.skipif(shutil.which("dot") is None, reason="there is no dot on the PATH")
def test_the_real_dot_takes_every_text() -> None:
    text = "".join(map(to_dot, corpus()))

    done = subprocess.run(
        ["dot", "-Tcanon"], input=text, capture_output=True, text=True, check=True, timeout=300
    )

    assert "rror" not in done.stderr
    assert done.stdout.count("digraph") == len(corpus())


@pytest.mark.skipif(shutil.which("dot") is None, reason="there is no dot on the PATH")
def test_the_real_dot_reads_every_text_on_a_figure_as_it_is() -> None:
    graphs = corpus()

    done = subprocess.run(
        ["dot", "-Tdot_json"],
        input="".join(map(to_dot, graphs)),
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )

    rest = done.stdout
    for graph in graphs:
        answer, end = json.JSONDecoder().raw_decode(rest)
        rest = rest[end:].lstrip()
        labels = [part["label"] for part in answer["objects"] if "nodes" not in part]
        figures = diagram_of(graph).figures
        wanted = sorted("\n".join(figure_lines(figure)) for figure in figures)
        assert sorted(map(plain, labels)) == wanted


def plain(label: str) -> str:
    """Read the escapes and the entities of DOT."""
    text = re.sub(r"\\(.)", lambda escape: "\n" if escape[1] == "n" else escape[1], label)
    return text.replace("&amp;", "&")


@pytest.mark.skipif(shutil.which("xmllint") is None, reason="there is no xmllint")
def test_xmllint_finds_every_picture_well_formed() -> None:
    subprocess.run(["xmllint", "--noout", *map(str, GALLERY.glob("*.svg"))], check=True)
