"""TARGET: what it may be, and what is said when it names nothing."""

from collections.abc import Callable

import pytest
from click.testing import Result

Call = Callable[..., Result]
Write = Callable[[str, str], str]

TWO = """
from agentgraph import State, node, workflow
class S(State):
    n: int = 0
@node
def step(s: S) -> None:
    s.n += 1
one = workflow("one", S, step)
two = workflow("two", S, step >> step)
flow = step >> step
"""


@pytest.mark.parametrize("target", ["two.py:one", "two:one", "./two.py:one"])
def test_a_target_is_a_file_or_a_module_with_a_name(call: Call, write: Write, target: str) -> None:
    write("two.py", TWO)

    done = call("run", target)

    assert done.exit_code == 0
    assert "n  1" in done.stdout


def test_a_file_in_a_package_is_imported_as_a_part_of_it(call: Call, write: Write) -> None:
    write("pack/__init__.py", "")
    write("pack/other.py", "word = 'here'")
    write(
        "pack/flows.py",
        """
        from agentgraph import State, node, workflow
        from .other import word
        class S(State):
            said: str = ""
        @node
        def say(s: S) -> None:
            s.said = word
        talk = workflow("talk", S, say)
        """,
    )

    assert "said  here" in call("run", "pack/flows.py").stdout
    assert "said  here" in call("run", "pack.flows:talk").stdout


def test_a_file_finds_its_neighbours_from_any_folder(call: Call, write: Write) -> None:
    write("deep/neighbour.py", "word = 'there'")
    write("deep/json.py", TWO.replace("two = ", "two_ = 0, "))
    write("deep/flows.py", "from neighbour import word\n" + TWO + "\ndel two")

    assert call("run", "deep/flows.py").exit_code == 0
    # The name of a file never hides a module that is in use.
    assert call("run", "deep/json.py:one").exit_code == 0


def test_one_workflow_under_two_names_is_one(call: Call, write: Write) -> None:
    assert call("run", write("a.py", TWO + "\ntwo = one")).exit_code == 0


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("two.py", "two.py:one or two.py:two"),
        ("two.py:onee", "did you mean 'one'?"),
        ("two.py:flow", "is no workflow but a Flow"),
        ("two.py:S", "is no workflow but a "),
        ("none.py", "'none.py' has no workflow"),
        ("twoo.py", "did you mean 'two.py'?"),
        ("twoo:one", "did you mean 'two'?"),
        ("two", "did you mean 'two.py'?"),
        ("nothing", "write path.py, path.py:name or module:name"),
        ("broken.py", "broken.py:3"),
        ("needs.py", "raised ModuleNotFoundError: No module named 'not_there_at_all'"),
        ("ends.py", "ended the program while it was imported"),
        ("raises.py", "raises.py:3"),
    ],
)
@pytest.mark.parametrize("command", ["run", "check", "render"])
def test_a_target_that_names_no_workflow_is_told_with_what_is_there(
    call: Call, write: Write, command: str, target: str, said: str
) -> None:
    write("two.py", TWO)
    write("none.py", "x = 1\n")
    write("broken.py", "x = 1\n\ndef f(:\n")
    write("needs.py", "import not_there_at_all\n")
    write("ends.py", "import sys\nsys.exit(3)\n")
    write("raises.py", "def f():\n\n    return 1 / 0\n\nf()\n")
    options = ["-o", "x.svg"] if command == "render" else []

    done = call(command, target, *options)

    assert done.exit_code == 2
    assert done.stderr.startswith("[AG130] ")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_an_invalid_graph_is_told_with_all_its_findings(call: Call, write: Write) -> None:
    target = write(
        "wrong.py",
        """
        from typing import Literal
        from agentgraph import State, classifier, node, workflow
        class S(State):
            n: int = 0
        @classifier
        def pick(s: S) -> Literal["left", "right"]:
            return "left"
        @node
        def step(s: S) -> None:
            pass
        wrong = workflow("wrong", S, pick.route({"left": step}))
        """,
    )

    done = call("run", target)

    assert done.exit_code == 3
    assert "'right'" in done.stderr
    assert "fix:" in done.stderr
    assert call("check", target).exit_code == 1
    assert "'right'" in call("check", target).stdout
