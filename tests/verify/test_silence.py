"""Comments that silence a finding, and what becomes of those that do not."""

import linecache
from collections.abc import Callable
from pathlib import Path

import pytest

from agentgraph import Workflow
from agentgraph.errors import InvalidGraph

HEAD = """
import time
from typing import Literal
from agentgraph import END, Retry, State, classifier, node, workflow

class Desk(State):
    text: str = ""
"""
CLOCK = (
    HEAD
    + """
@classifier{above}
def size(s: Desk) -> Literal["big", "small"]:{on}
    return "big" if time.time() > 5 else "small"{below}

wf = workflow("desk", Desk, size.route({{"big": END, "small": END}}))
"""
)
Build = Callable[[str], Workflow[object]]  # type: ignore[type-var]


@pytest.fixture
def build(tmp_path: Path) -> Build:
    def built(text: str):
        path = tmp_path / "desk.py"
        path.write_text(text)
        linecache.checkcache(str(path))
        names: dict = {"__name__": "desk"}
        exec(compile(text, str(path), "exec"), names)
        return names["wf"]

    return built


def codes(built: Workflow) -> list[str]:
    return [finding.code for finding in built.verify().findings]


MARK = "  # agentgraph: ignore[AG502] the hour decides, on purpose"


def test_a_comment_on_the_line_of_a_finding_silences_it(build: Build) -> None:
    assert codes(build(CLOCK.format(above="", on="", below=""))) == ["AG502"]
    assert codes(build(CLOCK.format(above="", on="", below=MARK))) == []


def test_a_comment_in_a_body_that_silences_nothing_is_a_finding(build: Build) -> None:
    text = CLOCK.format(above="", on="", below="").replace("time.time() > 5", "s.text")
    idle = text.replace('"small"\n', f'"small"{MARK}\n')
    below = text.replace("\nwf =", f"\nother = 1{MARK}\n\nwf =")

    assert codes(build(text)) == []
    assert codes(build(idle)) == ["AG140"]
    assert codes(build(below)) == []


@pytest.mark.parametrize("place", ["above", "on"])
def test_a_comment_that_silences_nothing_is_a_finding(build: Build, place: str) -> None:
    marks = {"above": "", "on": "", "below": "", place: MARK}

    found = build(CLOCK.format(**marks)).verify().findings

    assert [finding.code for finding in found] == ["AG502", "AG140"]
    assert found[1].what == "the comment that ignores AG502 silences nothing"
    assert found[1].severity == "warning"


def test_a_comment_without_a_reason_silences_nothing(build: Build) -> None:
    text = CLOCK.format(above="", on="  # agentgraph: ignore[AG502]", below="")

    found = build(text).verify().findings

    assert [finding.code for finding in found] == ["AG502", "AG140"]
    assert found[1].fix == "say why: `# agentgraph: ignore[AG502] the reason`"


DECLARED = (
    HEAD
    + """
@node(effects=True, retry=Retry(attempts=2)){above}
def send(s: Desk) -> None:{on}
    s.{field} = "sent"

wf = workflow("desk", Desk, send)
"""
)


@pytest.mark.parametrize("place", ["above", "on"])
def test_a_declared_error_is_silenced_on_any_line_of_the_head(build: Build, place: str) -> None:
    mark = "  # agentgraph: ignore[AG501, AG502] it only looks"
    with pytest.raises(InvalidGraph, match="AG501"):
        build(DECLARED.format(above="", on="", field="text"))

    built = build(DECLARED.format(**{"above": "", "on": "", place: mark, "field": "text"}))

    assert codes(built) == []


def test_a_proved_error_is_never_silenced(build: Build) -> None:
    text = DECLARED.format(above="", on="", field="other").replace(
        '"sent"', '"sent"  # agentgraph: ignore[AG403] it is there at run time'
    )

    with pytest.raises(InvalidGraph, match="AG403"):
        build(text.replace("effects=True, ", ""))
