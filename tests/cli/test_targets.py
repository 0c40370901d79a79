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

    if (command, target) == ("check", "two.py"):
        assert done.stdout.endswith("2 targets: 2 clean\n")
        return
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


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("run", "two.py:nope"), "it has: one, two"),
        (("run", "two.py:classifier"), "it has: one, two"),
        (("run", "two.py:one", "--deps", "Servce"), "did you mean 'Service'?"),
        (("run", "two.py:one", "--deps", "nope"), "it has: S, Service, ready"),
        (("check", "two.py:one", "bad.json"), "where: the file 'bad.json'"),
    ],
)
def test_what_could_be_meant_is_offered_and_nothing_else(
    call: Call, write: Write, arguments: tuple[str, ...], said: str
) -> None:
    write("two.py", TWO + "class Service: pass\nready = Service()\n")
    write("bad.json", '{"x": 1}')

    done = call(*arguments)

    assert done.exit_code == 2
    assert said in done.stderr


def test_a_file_with_a_dot_in_its_name_is_a_file(call: Call, write: Write) -> None:
    assert call("run", write("desk.v2.py", TWO + "\ndel two")).exit_code == 0
    write("pack/__init__.py", "")
    assert call("check", write("pack/desk.v3.py", TWO)).exit_code == 0


MAKERS = """
from agentgraph import Ctx, State, node, workflow
class Services:
    word = "hello"
class S(State):
    said: str = ""
@node
def say(s: S, ctx: Ctx[Services]) -> None:
    s.said = ctx.deps.word
async def later() -> Services:
    return Services()
def bad() -> Services:
    raise ValueError("no key")
async def worse() -> Services:
    raise ValueError("no key")
served = workflow("served", S, say, deps=Services)
"""


def test_services_may_be_made_by_an_async_function(call: Call, write: Write) -> None:
    assert "hello" in call("run", write("makers.py", MAKERS), "--deps", "later").stdout


@pytest.mark.parametrize(("name", "line"), [("bad", 13), ("worse", 15)])
def test_what_goes_wrong_while_services_are_made_is_told(
    call: Call, write: Write, name: str, line: int
) -> None:
    done = call("run", write("makers.py", MAKERS), "--deps", name)

    assert done.exit_code == 2
    assert done.stderr.startswith(f"[AG601] --deps {name} raised ValueError: no key")
    assert f"makers.py:{line}" in done.stderr


def test_a_failed_run_names_the_line_of_the_user(call: Call, mixed: str) -> None:
    done = call("run", mixed, "--set", "text=bad")

    assert "mixed.py:27 (--debug shows how it came there)" in done.stderr
