"""`agentgraph test` and `agentgraph replay` as they are typed."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Call = Callable[..., Result]
Write = Callable[[str, str], str]

FLOW = """
from agentgraph import State, classifier, node, workflow

class Note(State):
    n: int = 0

@classifier
def is_large(s: Note) -> bool:
    return s.n > 3

def small(s: Note) -> None:
    s.n = 1

def large(s: Note) -> None:
    s.n = 2

flow = workflow("flow", Note, is_large.route({True: large, False: small}))
"""
FAULTY = FLOW.replace("s.n = 2", "s.n = 1 // (s.n - s.n)")


def test_a_workflow_is_tested_without_a_test(call: Call, write: Write) -> None:
    done = call("test", write("flow.py", FLOW), "--examples", "2")

    assert done.exit_code == 0
    assert done.stdout.startswith("flow: ")
    assert "nothing found" in done.stdout


def test_what_is_found_is_told_and_done_again(call: Call, write: Write, folder: Path) -> None:
    path = write("flow.py", FAULTY)

    done = call("test", path, "--agents", "real", "--property", "runs", "--folder", "kept")

    assert done.exit_code == 1
    assert done.stdout.startswith("flow: the run fails: ZeroDivisionError")
    assert "again: agentgraph replay kept/flow-runs.json" in done.stdout
    again = call("replay", "kept/flow-runs.json")
    assert (again.exit_code, "ZeroDivisionError" in again.stdout) == (1, True)
    mended = call("replay", "kept/flow-runs.json", write("mended.py", FLOW))
    assert (mended.exit_code, "does not happen any more" in mended.stdout) == (0, True)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("test", "nothing.py"), "nothing.py"),
        (("test", "flow.py", "--property", "runz"), "there is no property 'runz'"),
        (("replay", "flow.py"), "is no script"),
        (("replay", "nothing.json"), "is no script"),
    ],
)
def test_bad_input_is_told(arguments: tuple[str, ...], says: str, call: Call, write: Write) -> None:
    write("flow.py", FLOW)

    done = call(*arguments)

    assert (done.exit_code, says in done.stderr) == (2, True)
