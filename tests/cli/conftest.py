"""What the tests of the command line share: a folder with workflows, and a way to call the command."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from click.testing import CliRunner, Result

from agentgraph.cli.commands import agentgraph

MIXED = '''
"""A workflow in which a run ends as its text says."""

from typing import Literal

from agentgraph import END, Ask, State, classifier, human, node, workflow


class Item(State):
    id: str = ""
    text: str
    count: int = 0


@classifier
def pick(s: Item) -> Literal["good", "bad", "ask", "spin"]:
    return s.text.split()[0]


@node
def good(s: Item) -> None:
    s.count += 1


@node
def bad(s: Item) -> None:
    raise ValueError(f"no luck with {s.text}")


@node
def spin(s: Item) -> None:
    s.count += 1


@classifier
def is_over(s: Item) -> bool:
    return False


@human
def approve(s: Item) -> Ask[Literal["yes", "no"]]:
    return Ask(show=f"Is {s.text!r} well?")


rounds = (spin >> is_over.route({True: END, False: spin})).loop(at_most=2)
mixed = workflow(
    "mixed",
    Item,
    pick.route({
        "good": good, "bad": bad, "spin": rounds,
        "ask": approve.route({"yes": good.named("well"), "no": END}),
    }),
)
'''


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder to work in; what is imported from it is forgotten afterwards."""
    modules, path = set(sys.modules), list(sys.path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "160")
    yield tmp_path
    sys.path[:] = path
    for name in set(sys.modules) - modules:
        file = getattr(sys.modules[name], "__file__", None) or ""
        if file.startswith(str(tmp_path)):
            del sys.modules[name]


@pytest.fixture
def write(folder: Path) -> Callable[[str, str], str]:
    """Write a file into the folder and return its name."""

    def written(name: str, text: str) -> str:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
        return name

    return written


@pytest.fixture
def mixed(write: Callable[[str, str], str]) -> str:
    """The target of a workflow in which a run ends as its text says."""
    return write("mixed.py", MIXED)


@pytest.fixture
def call(folder: Path) -> Callable[..., Result]:
    """Call the command as the shell would."""

    def called(*arguments: str, stdin: str | bytes | None = None) -> Result:
        return CliRunner().invoke(agentgraph, arguments, input=stdin, prog_name="agentgraph")

    return called
