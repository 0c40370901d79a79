"""`agentgraph tour`: the runs that take every edge, for people and for programs."""

import json
from collections.abc import Callable

import pytest
from click.testing import CliRunner, Result

from agentgraph.cli.commands import agentgraph

Call = Callable[..., Result]
Write = Callable[[str, str], str]

DESK = """
from typing import Literal
from agentgraph import END, State, classifier, node, workflow
class Ticket(State):
    text: str = ""
@classifier
def triage(s: Ticket) -> Literal["billing", "other"]: return "other"
@node
def fetch(s: Ticket) -> None: raise AssertionError("nothing of it runs")
@node
def sorry(s: Ticket) -> None: ...
@node
def again(s: Ticket) -> None: ...
@classifier
def is_over(s: Ticket) -> bool: return True
flow = triage.route({
    "billing": fetch.catch(OSError, sorry),
    "other": (again >> is_over.route({True: END, False: again})).loop(at_most=BOUND),
})
desk = workflow("desk", Ticket, flow)
"""


def test_each_run_is_told_with_what_completes_and_what_it_answers(call: Call, write: Write) -> None:
    done = call("tour", write("desk.py", DESK.replace("BOUND", "2")))

    assert (done.exit_code, done.stderr) == (0, "")
    title, *runs = done.stdout.splitlines()
    assert title == "desk: 3 runs over 9 edges in 10 steps"
    assert sorted(run.partition(". ")[2] for run in runs) == [
        "triage=billing -> fetch",
        "triage=billing -> fetch fails (OSError) -> sorry",
        "triage=other -> again -> is_over=False -> again -> is_over=True",
    ]


UNSURE = """
from agentgraph import State, Verdict, classifier, node, workflow
from typing import Literal
class Note(State):
    text: str = ""
@classifier
def route(s: Note) -> Verdict[Literal["a"]]: return Verdict("a", 0.5)
@node
def work(s: Note) -> None: ...
@node
def clerk(s: Note) -> None: ...
flow = workflow("flow", Note, route.route({"a": work}, unsure=clerk, at_least=0.7))
"""


def test_a_choice_that_is_unsure_says_so(call: Call, write: Write) -> None:
    done = call("tour", write("flow.py", UNSURE))

    _, *runs = done.stdout.splitlines()
    told = sorted(run.partition(". ")[2] for run in runs)
    assert told == ["route=a -> work", "route=unsure -> clerk"]


def test_edges_that_no_run_takes_are_named_and_the_code_says_so(call: Call, write: Write) -> None:
    done = call("tour", write("desk.py", DESK.replace("BOUND", "1")))

    assert done.exit_code == 1
    assert "  no way within the bounds: is_over -> again on False\n" in done.stdout


def test_the_same_as_json(call: Call, write: Write) -> None:
    target = write("desk.py", DESK.replace("BOUND", "2"))
    call("render", target, "-o", "desk.json")

    done = call("tour", "desk.json", "--json")

    found = json.loads(done.stdout)
    assert done.exit_code == 0
    assert (found["format"], found["graph"], found["missed"]) == ("agentgraph/tour/1", "desk", [])
    first = min(found["runs"], key=lambda run: (len(run["steps"]), str(run)))
    assert first["steps"] == [
        {"vertex": "triage", "label": "billing", "error": ""},
        {"vertex": "fetch", "label": None, "error": ""},
    ]
    assert first["edges"][0] == ["START", "triage", None]


def test_a_target_that_is_none_and_a_graph_that_is_faulty_have_codes(
    call: Call, write: Write
) -> None:
    broken = DESK.replace("BOUND", "2").replace('"billing": fetch.catch(OSError, sorry),', "")

    assert call("tour", "nothing.py").exit_code == 2
    assert call("tour", write("broken.py", broken)).exit_code == 2


@pytest.mark.parametrize("command", ["tour", "check"])
def test_no_color_takes_the_colours_away_from_every_command(command: str, write: Write) -> None:
    target = write("desk.py", DESK.replace("BOUND", "2"))

    def told(no_color: str) -> str:
        env = {"NO_COLOR": no_color}
        return CliRunner().invoke(agentgraph, [command, target], env=env, color=True).stdout

    assert "\x1b[1m" in told("")
    assert "\x1b" not in told("1")
