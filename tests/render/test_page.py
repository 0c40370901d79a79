"""The HTML page as a file: nothing fetched, nothing run but its own script, no secret left in it."""

import json
import re
from base64 import b64encode
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from agentgraph.errors import InvalidInput
from agentgraph.events import Moved, Recording, Result, Step
from agentgraph.graph import Edge, FrozenGraph, Vertex
from agentgraph.render import page, to_html
from agentgraph.state import State
from tests.render.drawings import DESK, ESSAY, NASTY

FOLDER = Path(page.__file__).parent


class Tags(HTMLParser):
    """Notes the tags of a page, and the text of its scripts and styles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {"script": [], "style": []}
        self._inside = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in self.texts:
            self._inside = tag
            self.texts[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.texts[self._inside][-1] += data


def data_of(text: str) -> dict[str, Any]:
    return json.loads(Tags(text).texts["script"][0])


def recording(*steps: Step, workflow: str = "essay") -> Recording:
    return Recording("r", workflow, "", steps)


def chain(*names: str, child: FrozenGraph | None = None, name: str = "g") -> FrozenGraph:
    ends = ("START", *names, "END")
    middle = [Vertex(one, "subgraph" if child else "node", child=child) for one in names]
    vertices = (Vertex("START", "start"), *middle, Vertex("END", "end"))
    return FrozenGraph(name, vertices, tuple(map(Edge, ends, ends[1:])))


def test_the_policy_lets_run_the_one_script_and_the_one_style() -> None:
    tags = Tags(to_html(DESK, engine="builtin"))

    policy = next(given["content"] for tag, given in tags.tags if tag == "meta" and "http-equiv" in given)  # fmt: skip
    hashes = [
        f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'"
        for text in (tags.texts["style"][0], tags.texts["script"][1])
    ]
    assert policy == (
        f"default-src 'none'; style-src {hashes[0]}; script-src {hashes[1]}; "
        "base-uri 'none'; form-action 'none'"
    )
    assert len(tags.texts["style"]) == 1
    assert len(tags.texts["script"]) == 2


def test_the_page_refers_to_nothing_outside() -> None:
    text = to_html(DESK, engine="builtin")

    known = {"http://www.w3.org/2000/svg"}
    assert set(re.findall(r"https?://[^\s\\\"'<>)]*", text)) <= known
    for tag, given in Tags(text).tags:
        assert tag not in {"link", "img", "iframe", "object", "base"}
        assert not {"src", "href", "style"} & given.keys()
        assert not any(name.startswith("on") for name in given)


def test_our_own_script_is_small_enough() -> None:
    assert len((FOLDER / "page.js").read_bytes()) <= 60_000


@pytest.mark.parametrize("name", NASTY)
def test_a_hostile_name_stays_a_text(name: str) -> None:
    graph = FrozenGraph(name, (Vertex(name, doc=name),), (Edge(name, name, name),))

    text = to_html(graph, run=Recording(name, name, "", (Step(0, "NodeFailed", name, {"error": name}),)))  # fmt: skip

    tags = Tags(text)
    assert sum(tag == "script" for tag, _ in tags.tags) == 2
    assert data_of(text)["runs"][0]["steps"][0][4] == {"error": name}
    assert "<" not in tags.texts["script"][0]


def test_the_page_is_the_same_each_time() -> None:
    assert to_html(DESK, engine="builtin") == to_html(DESK, engine="builtin")


def test_there_is_a_picture_for_each_state_of_a_few_frames() -> None:
    inner = chain("x", name="inner")

    states = data_of(to_html(chain("a", "b", child=inner), engine="builtin"))["states"]

    assert [state["closed"] for state in states] == [[], ["a"], ["b"], ["a", "b"]]
    assert "svg" not in states[0]  # It stands in the page itself, to be seen without the script.
    assert "a/x" in states[0]["vertices"]
    assert "a/x" not in states[1]["vertices"]
    assert all("<style" not in state["svg"] for state in states[1:])


def test_of_many_frames_all_are_open_or_closed_or_one_is_open() -> None:
    inner = chain("x", name="inner")

    some = data_of(to_html(chain(*"abcdef", child=inner), engine="builtin"))["states"]
    many = data_of(to_html(chain(*map(str, range(20)), child=inner), engine="builtin"))["states"]

    assert [len(state["closed"]) for state in some] == [0, 6, *[5] * 6]
    assert [len(state["closed"]) for state in many] == [0, 20]


SECRET = recording(
    Step(0, "RunStarted", "", {"state": {"topic": "tea", "key": "s3cret-key", "n": 12345}}),
    Step(1, "NodeDone", "write", {"changed": {"key": ["other-secret"], "topic": "of s3cret-key"}}),
    Step(2, "NodeFailed", "write", {"error": "KeyError: no s3cret-key here"}),
    Step(3, "Asked", "critic", {"show": {"text": "other-secret?"}}),
)


def test_what_is_redacted_is_nowhere_in_the_page() -> None:
    graph = FrozenGraph(
        "essay", ESSAY.vertices, ESSAY.edges, ESSAY.regions, fields=("topic", "key", "n")
    )

    text = to_html(graph, run=SECRET, redact=["key", "n"], engine="builtin")

    for secret in ("s3cret", "other-secret", "12345"):
        assert secret not in text
    steps = data_of(text)["runs"][0]["steps"]
    hidden = {"topic": "tea", "key": "[redacted]", "n": "[redacted]"}
    assert steps[0][4] == {"state": hidden}
    assert steps[1][4]["changed"]["topic"] == "of [redacted]"
    assert steps[2][4]["error"] == "KeyError: no [redacted] here"


def test_a_field_to_redact_that_there_is_not_is_told() -> None:
    graph = FrozenGraph("essay", ESSAY.vertices, ESSAY.edges, fields=("topic", "key"))

    with pytest.raises(InvalidInput, match="no field 'kay'") as caught:
        to_html(graph, run=SECRET, redact=["kay"], engine="builtin")

    assert caught.value.fix == "did you mean 'key'?"


def test_only_recorded_runs_of_this_workflow_are_replayed() -> None:
    with pytest.raises(InvalidInput, match="was not recorded"):
        to_html(ESSAY, run=Result("r", "done", State()), engine="builtin")
    with pytest.raises(InvalidInput, match="of workflow 'essay', not of 'support'"):
        to_html(DESK, run=SECRET, engine="builtin")


def test_steps_lead_to_vertices_and_moves_to_ways() -> None:
    steps = (
        Step(0, "RunStarted", "", {}, (Moved(0, ("START", "write", None)),)),
        Step(1, "NodeStarted", "review/desk:kind", {}, (Moved(1, ("nowhere", "write", None)),)),
    )

    data = data_of(to_html(DESK, run=recording(*steps, workflow="support"), engine="builtin"))

    first, second = data["runs"][0]["steps"]
    assert first[5] == []  # The desk has no such edge: another version of it had.
    assert second[2:4] == ["review", "review/desk:kind"]
    assert data["ways"][0] == {
        "source": "START",
        "target": "triage",
        "label": None,
        "kind": "plain",
    }
