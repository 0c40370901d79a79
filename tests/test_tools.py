"""The programs that `.ci/run` stands on find what is wrong."""

import ast
from pathlib import Path

import pytest

from tools import drawing, wheel
from tools.check import Outcome, report
from tools.deleted_lines import ROOT, drawn, without
from tools.readme import BEGINS, README, command


@pytest.mark.parametrize("name", BEGINS)
def test_the_readme_has_each_command_once(name: str) -> None:
    line = command(name, README.read_text(encoding="utf-8"))

    assert line.startswith(BEGINS[name])
    assert line != BEGINS[name].strip()


@pytest.mark.parametrize(
    "text",
    [
        "Nothing in a block: pip install . && agentgraph run x",
        "```bash\npip install . ; agentgraph run x\n```",
        "```bash\npip install . && a\n```\n\n```bash\npip install . && b\n```",
    ],
)
def test_a_readme_without_exactly_one_command_is_refused(text: str) -> None:
    with pytest.raises(LookupError, match="there must be exactly one"):
        command("run", text)


def test_a_command_is_taken_as_it_stands() -> None:
    text = "```bash\n# on a new machine\npip install . && agentgraph run x --svg y\n```\n"

    assert command("run", text) == "pip install . && agentgraph run x --svg y"


@pytest.mark.parametrize("text", ["", "<svg", "<html/>", "<svg/>"])
def test_a_file_that_is_no_drawing_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "picture.svg"
    path.write_text(text)

    assert drawing.fault(path) is not None


def test_a_drawing_is_accepted_and_a_missing_file_is_not(tmp_path: Path) -> None:
    path = tmp_path / "picture.svg"
    missing = drawing.fault(path)

    path.write_text('<svg xmlns="http://www.w3.org/2000/svg"/>')

    assert missing is not None
    assert drawing.fault(path) is None


def test_a_wheel_holds_the_package_and_nothing_else() -> None:
    good = ["agentgraph/__init__.py", "agentgraph/py.typed", "agentgraph-0.1.0.dist-info/METADATA"]

    assert wheel.faults(good) == []
    assert wheel.faults(good[:1]) == ["agentgraph/py.typed is missing"]
    assert wheel.faults([*good, "tests/test_a.py"]) == ["tests does not belong there"]


def test_the_table_of_the_checks_shows_what_failed_below_it() -> None:
    table = report([Outcome("ruff", True, 0.5, "fine"), Outcome("mypy", False, 12.0, "line 3")])

    assert table.splitlines() == [
        "ruff  ok        0.5 s",
        "mypy  FAILED   12.0 s",
        "",
        "== mypy ==",
        "line 3",
    ]


def test_a_tree_without_a_statement_can_still_be_read_and_says_less() -> None:
    for gone in drawn(200, seed=1):
        source = (ROOT / gone.path).read_text(encoding="utf-8")

        left = without(source, gone)

        assert ast.dump(ast.parse(left)) != ast.dump(ast.parse(source)), str(gone)


def test_the_statements_to_delete_depend_on_the_seed_alone() -> None:
    assert drawn(50, seed=3) == drawn(50, seed=3)
    assert drawn(50, seed=3) != drawn(50, seed=4)
