"""`agentgraph test`, `replay` and `mutate` as they are typed."""

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
    assert "5 of 5 edges" in done.stdout


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


SHOP = """
from agentgraph import Ctx, Retry, State, node, workflow

class Note(State):
    n: int = 0

class Bank:
    def __init__(self) -> None:
        self.charges = 0

@node(retry=Retry(attempts=2, on=(ConnectionError,)))
def pay(s: Note, ctx: Ctx[Bank]) -> None:
    ctx.deps.charges += 1

shop = workflow("shop", Note, pay, deps=Bank)
"""


def test_services_are_made_by_a_name_of_the_file_and_the_script_knows_it(
    call: Call, write: Write
) -> None:
    path = write("shop.py", SHOP)

    done = call("test", path, "--agents", "real", "--deps", "Bank", "--property", "retry")
    again = call("replay", ".agentgraph/shop-retry.json")

    assert (done.exit_code, again.exit_code) == (1, 1)
    assert "charges = 2 in place of 1" in done.stdout.splitlines()[0]
    assert again.stdout.splitlines()[0] == done.stdout.splitlines()[0]
    assert call("test", path, "--deps", "Bonk").exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("test", "nothing.py"), "nothing.py"),
        (("test", "flow.py", "--property", "runz"), "there is no property 'runz'"),
        (("test", "flow.py", "--min-edges", "7"), "min-edges"),
        (("replay", "flow.py"), "is no script"),
        (("replay", "nothing.json"), "is no script"),
    ],
)
def test_bad_input_is_told(arguments: tuple[str, ...], says: str, call: Call, write: Write) -> None:
    write("flow.py", FLOW)

    done = call(*arguments)

    assert (done.exit_code, says in done.stderr) == (2, True)


def test_mutants_that_no_test_notices_are_named(call: Call, write: Write, folder: Path) -> None:
    path = write("flow.py", FLOW)
    write("conftest.py", "from flow import Note, flow\n")  # Loaded before pytest is set up.
    write(
        "test_flow.py",
        "from flow import Note, flow\ndef test_it():\n    assert flow.run_sync(Note(n=9)).state.n == 2\n",
    )

    done = call("mutate", path, "--", "-p", "no:randomly")

    assert "killed   exchange 'True' and 'False' of is_large" in done.stdout
    assert done.stdout.endswith("6 mutants: 5 refused at build, 1 killed, 0 alive\n")
    assert done.exit_code == 0
    write("test_flow.py", "from flow import flow\ndef test_it():\n    assert flow.name == 'flow'\n")
    done = call("mutate", path, "--", "-p", "no:randomly")
    assert (done.exit_code, "ALIVE    exchange" in done.stdout) == (1, True)


def test_tests_that_fail_of_themselves_notice_nothing(call: Call, write: Write) -> None:
    path = write("flow.py", FLOW)

    none = call("mutate", path)
    write("test_flow.py", "def test_it():\n    assert False\n")
    failing = call("mutate", path)

    for done in (none, failing):
        assert (done.exit_code, "before anything is changed" in done.stderr) == (2, True)
