"""`agentgraph diff`: two versions of a workflow, told, drawn, and judged for runs under way."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import cast
from xml.etree import ElementTree as ET

from click.testing import Result

Call = Callable[..., Result]
Write = Callable[[str, str], str]

FIRST = """
from typing import Literal
from agentgraph import END, START, Graph, State, classifier
class Ticket(State):
    text: str
    reply: str = ""
@classifier
def triage(s: Ticket) -> Literal["billing", "other"]: return "other"
def billing(s: Ticket) -> None: ...
def clerk(s: Ticket) -> None: ...
g = Graph("support", Ticket)
g.add_conditional_edge(START, triage, {"billing": billing, "other": clerk})
g.add_edge(billing, END)
g.add_edge(clerk, END)
support = g.compile()
"""
SECOND = (
    FIRST.replace('reply: str = ""', "reply: str")
    .replace('"billing": billing', '"billing": END')
    .replace("g.add_edge(billing, END)", 'clerk = g.add_node(clerk, name="person")')
)


def order(text: str) -> str:
    """The second version, as one that can be compiled: the handle stands before its edges."""
    line = 'clerk = g.add_node(clerk, name="person")\n'
    return text.replace(line, "").replace("g.add_cond", f"{line}g.add_cond")


def test_what_changed_is_told_with_a_verdict_for_runs_under_way(call: Call, write: Write) -> None:
    before, after = write("one/desk.py", FIRST), write("two/desk.py", order(SECOND))

    done = call("diff", before, after)

    assert done.exit_code == 1
    lines = done.stdout.splitlines()
    assert lines[0] == "support: 6 changes"
    assert "  ~ field    reply: str, has a default -> str, needed" in lines
    assert "  - vertex   node 'billing'" in lines
    assert "  ~ vertex   node 'clerk' is now 'person'" in lines
    assert "runs under way: pinned to the old graph" in done.stdout
    assert "  - say where a token at 'billing' goes" in lines
    assert "  - say that 'clerk' is now 'person'" in lines


def test_a_graph_and_its_json_file_are_the_same(call: Call, write: Write) -> None:
    target = write("desk.py", FIRST)
    call("render", target, "-o", "desk.json")

    done = call("diff", "desk.json", target)

    assert (done.exit_code, done.stdout) == (0, "support: same\n")


def test_the_same_as_json(call: Call, write: Write) -> None:
    before, after = write("one/desk.py", FIRST), write("two/desk.py", order(SECOND))

    found = json.loads(call("diff", before, after, "--format", "json").stdout)

    assert found["format"] == "agentgraph/diff/1"
    assert found["renamed"] == {"clerk": "person"}
    assert found["runs"]["compatible"] is False
    assert {change["kind"] for change in found["changes"]} >= {"removed", "renamed", "changed"}
    assert found["before"]["digest"] != found["after"]["digest"]


def test_another_agent_alone_lets_runs_go_on(call: Call, write: Write) -> None:
    before = write("one/desk.py", FIRST)
    other = FIRST.replace("def clerk(", "def person(").replace(
        "g = Graph", "from agentgraph import node\nclerk = node(name='clerk')(person)\ng = Graph"
    )

    done = call("diff", before, write("two/desk.py", other))

    assert done.exit_code == 1
    assert "agent: desk:clerk -> " in done.stdout
    assert "runs under way: go on unchanged" in done.stdout


def test_a_bad_target_on_either_side_is_a_2(call: Call, write: Write) -> None:
    target = write("desk.py", FIRST)

    assert call("diff", target, "nowhere.py").exit_code == 2
    assert call("diff", "nowhere.json", target).exit_code == 2
    assert call("diff", target).exit_code == 2


def test_a_faulty_graph_can_be_compared_all_the_same(call: Call, write: Write) -> None:
    faulty = FIRST.replace("g.add_edge(clerk, END)\n", "")

    done = call("diff", write("one/desk.py", FIRST), write("two/desk.py", faulty))

    assert done.exit_code == 1
    assert "- edge     'clerk' -> END" in done.stdout


def test_the_drawing_holds_both_versions_with_a_sign_on_what_differs(
    call: Call, write: Write, folder: Path
) -> None:
    before, after = write("one/desk.py", FIRST), write("two/desk.py", order(SECOND))

    call("diff", before, after, "--svg", "diff.svg")

    parts = ET.parse(folder / "diff.svg").getroot().iter()
    signs = {
        one.get("data-path") or (one.get("data-source"), one.get("data-target")): cast(
            "str", one.get("class")
        ).split()[-1]
        for one in parts
        if one.get("data-path") or one.get("data-source")
    }
    assert signs["billing"] == "removed"
    assert signs["person"] == "changed"
    assert signs["triage", "billing"] == "removed"
    assert signs["triage", "END"] == "added"
    assert signs["START", "triage"] == "unseen"
    assert "was clerk" in (folder / "diff.svg").read_text("utf-8")
