"""`render`, `new`, `doctor`, `--help` and `--version`."""

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest
from click.testing import Result

from agentgraph.cli.doctor import NEEDED
from agentgraph.render.engines import Engine

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


def test_render_writes_each_file_in_the_format_of_its_suffix(
    call: Call, write: Write, folder: Path
) -> None:
    done = call("render", write("forked.py", FORKED), "-o", "a.svg", "-o", "a.dot", "-o", "a.mmd")

    assert done.exit_code == 0
    assert "<svg" in (folder / "a.svg").read_text(encoding="utf-8")
    assert "digraph" in (folder / "a.dot").read_text(encoding="utf-8")
    assert "flowchart" in (folder / "a.mmd").read_text(encoding="utf-8")
    assert done.stdout == ""


def test_render_writes_to_stdout_when_it_is_told_what(call: Call, write: Write) -> None:
    target = write("forked.py", FORKED)

    assert call("render", target, "-o", "-", "--format", "dot").stdout.startswith("digraph")
    assert call("render", target, "--format", "svg", "--engine", "builtin").exit_code == 0
    assert call("render", target).exit_code == 2
    assert call("render", target, "-o", "a.gif").exit_code == 2
    assert call("render", target, "-o", "nowhere/a.svg").exit_code == 2


def test_render_links_nodes_and_fits_a_text_to_a_width_and_to_plain_letters(
    call: Call, write: Write
) -> None:
    target = write("forked.py", FORKED)

    linked = call("render", target, "--format", "svg", "--href", "vscode://file{file}:{line}")
    assert re.search(r'href="vscode://file[^"]*forked\.py:\d+"', linked.stdout)
    drawn = call("render", target, "--format", "txt", "--width", "60", "--ascii").stdout
    assert drawn.isascii()
    assert "+" in drawn or "|" in drawn
    assert max(map(len, drawn.splitlines())) <= 60
    listed = call("render", target, "--format", "txt", "--width", "12").stdout
    assert "\u256d" not in listed
    assert call("render", target, "--format", "svg", "--href", "javascript:{line}").exit_code == 1


def test_a_new_project_runs_passes_its_test_and_is_clean(call: Call, folder: Path) -> None:
    done = call("new", "my_desk")

    assert done.exit_code == 0
    assert done.stdout == "cd my_desk && agentgraph run my_desk.py --input inputs.jsonl\n"
    assert not [path for path in (folder / "my_desk").iterdir() if path.suffix == ".in"]
    assert not any("{{" in path.read_text("utf-8") for path in (folder / "my_desk").iterdir())
    assert call("run", "my_desk/my_desk.py", "-i", "my_desk/inputs.jsonl").exit_code == 0
    assert call("check", "my_desk/my_desk.py").exit_code == 0
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"],
        cwd=folder / "my_desk",
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(ROOT)},
    )
    assert tested.returncode == 0, tested.stdout


@pytest.mark.parametrize("checker", [["mypy", "--strict"], ["pyright"]])
def test_a_new_project_has_no_fault_of_types(call: Call, folder: Path, checker: list[str]) -> None:
    call("new", "my_desk")

    checked = subprocess.run(
        [sys.executable, "-m", *checker, "my_desk.py", "test_my_desk.py"],
        cwd=folder / "my_desk",
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "MYPYPATH": str(ROOT), "PYTHONPATH": str(ROOT)},
    )

    assert checked.returncode == 0, checked.stdout


def test_new_overwrites_nothing(call: Call, write: Write, folder: Path) -> None:
    write("mine/notes.txt", "keep me")

    done = call("new", "mine")

    assert done.exit_code == 2
    assert [path.name for path in (folder / "mine").iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("name", ["My-Desk", "class", "json", "pytest", "1st"])
def test_a_name_that_no_module_may_have_is_refused(call: Call, folder: Path, name: str) -> None:
    assert call("new", name).exit_code == 2
    assert list(folder.iterdir()) == []


def test_doctor_tells_versions_and_engines(call: Call) -> None:
    done = call("doctor")

    assert done.exit_code == 0
    assert "pydantic" in done.stdout
    assert metadata.version("pydantic") in done.stdout
    assert "all is well" in done.stdout


def test_without_the_bundled_engine_all_is_well_and_the_cure_is_told(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = (Engine("bundled", found=False), Engine("system", found=False), Engine("builtin", True))
    monkeypatch.setattr("agentgraph.cli.doctor.engines", lambda: left)
    monkeypatch.setenv("AGENTGRAPH_ENGINE", "builtin")

    done = call("doctor")

    assert done.exit_code == 0
    assert "pip install 'graphviz-pure" in done.stdout
    assert "drawn by the engine 'builtin'" in done.stdout


def test_a_dependency_that_is_missing_is_told_with_its_cure(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agentgraph.cli.doctor.NEEDED", ("click", "not-there-at-all"))

    done = call("doctor")

    assert done.exit_code == 1
    assert "pip install not-there-at-all" in done.stdout


def test_doctor_knows_every_dependency() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = {line.partition(">")[0] for line in project["dependencies"]}

    assert named == {*NEEDED, "graphviz-pure"}


def test_help_names_the_commands_and_loads_nothing_that_draws() -> None:
    program = (
        "import sys\n"
        "from agentgraph.cli.commands import agentgraph\n"
        "agentgraph(['--help'], standalone_mode=False)\n"
        "print([one for one in ('rich', 'networkx', 'graphviz', 'agentgraph.render') "
        "if one in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )

    for command in ("run", "check", "diff", "render", "new", "doctor"):
        assert f"\n  {command} " in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"


def test_an_unknown_command_or_option_is_a_wrong_usage(call: Call, mixed: str) -> None:
    assert call("rum", mixed).exit_code == 2
    assert call("run", mixed, "--inptu", "x").exit_code == 2
    assert call("--version").exit_code == 0


def test_the_package_is_a_program_too() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "agentgraph", "--version"],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )

    assert done.stdout.startswith("agentgraph ")
