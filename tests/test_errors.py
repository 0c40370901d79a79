"""The tree of errors: each has a code of its own, says where and what to do, and is documented."""

import ast
import copy
import pickle
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from agentgraph.errors import (
    AgentGraphError,
    Finding,
    GraphError,
    InternalError,
    InvalidGraph,
    JournalError,
    MergeConflict,
    Place,
    RunError,
    RunFailed,
    nearest,
    suggest,
)
from tools.rules import RULES, text

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "errors.md"
CODE = re.compile(r"AG\d{3}")
FINDING = Finding("AG101", "there is no node 'b'", where="edge 'a' -> 'b'", fix="add it")


def family(kind: type[AgentGraphError]) -> Iterator[type[AgentGraphError]]:
    """Yield `kind` and all that the package derives from it."""
    yield kind
    for child in kind.__subclasses__():
        if child.__module__.startswith("agentgraph."):
            yield from family(child)


ERRORS = sorted(set(family(AgentGraphError)), key=lambda kind: kind.code)
# Those that take more than the three parts of the message.
SAMPLES: dict[type[AgentGraphError], AgentGraphError] = {
    InvalidGraph: InvalidGraph("desk", [FINDING]),
    MergeConflict: MergeConflict("two", where="join", fix="x", field="n", branches=("a", "b")),
    RunFailed: RunFailed("it failed", where="run 'r'", fix="look", result={"status": "failed"}),
}


def sample(kind: type[AgentGraphError]) -> AgentGraphError:
    made = SAMPLES.get(kind)
    return made or kind("it broke", where="node 'a' of 'desk'", fix="mend it")


def codes_in_the_source() -> set[str]:
    """Collect the codes that stand in the package as strings: those of errors and of findings."""
    return {
        node.value
        for path in (ROOT / "agentgraph").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and CODE.fullmatch(node.value)
    }


def sections() -> list[str]:
    return re.findall(r"^#+ (AG\d{3})\b", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


def test_every_error_has_a_code_of_its_own() -> None:
    codes = [kind.code for kind in ERRORS]

    assert len(codes) > 20
    assert sorted(set(codes)) == sorted(codes)
    assert [code for code in codes if not CODE.fullmatch(code)] == []


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_a_message_says_what_happened_where_and_what_to_do(kind: type[AgentGraphError]) -> None:
    error = sample(kind)

    lines = str(error).splitlines()

    assert lines[0].removeprefix(f"[{kind.code}] ") == error.what
    assert any(line.startswith("  where: ") for line in lines)
    assert any(line.startswith("  fix:   ") for line in lines)


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_an_error_survives_pickling_and_copying(kind: type[AgentGraphError]) -> None:
    error = sample(kind)

    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert type(again) is kind
        assert str(again) == str(error)
        assert vars(again) == vars(error)


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_an_error_says_in_its_docstring_what_it_means(kind: type[AgentGraphError]) -> None:
    assert kind.__doc__
    assert kind.__doc__ != AgentGraphError.__doc__ or kind is AgentGraphError


def test_the_tree_is_split_by_who_must_act() -> None:
    branches = set(AgentGraphError.__subclasses__())

    assert branches == {GraphError, RunError, JournalError, InternalError}


def test_every_code_has_one_section_of_the_page_and_every_section_a_code() -> None:
    known = codes_in_the_source()

    assert {kind.code for kind in ERRORS} <= known
    assert sections() == sorted(known)


def test_the_texts_of_the_rules_are_those_of_the_page() -> None:
    assert RULES.read_text(encoding="utf-8") == text(), "run: python -m tools.rules"


def test_the_message_of_an_error_reads_like_this() -> None:
    error = GraphError("there is no node 'x'", where="edge 'a' -> 'x'", fix="add 'x'")

    assert str(error) == "[AG100] there is no node 'x'\n  where: edge 'a' -> 'x'\n  fix:   add 'x'"


def test_a_finding_shows_the_line_and_the_path() -> None:
    finding = Finding(
        "AG301",
        "the join waits for ever",
        where="join 'both'",
        fix="route both labels to it",
        place=Place("desk.py", 12),
        path=("START", "a", "both"),
    )

    assert str(finding).splitlines() == [
        "[AG301] the join waits for ever",
        "  where: join 'both' (desk.py:12)",
        "  path:  START -> a -> both",
        "  fix:   route both labels to it",
    ]


def test_an_invalid_graph_shows_all_its_findings() -> None:
    other = Finding("AG110", "node 'c' is never reached", where="node 'c'", fix="add an edge")

    error = InvalidGraph("desk", [FINDING, other])

    assert str(error) == f"workflow 'desk' has 2 faults\n{FINDING}\n{other}"
    assert error.findings == (FINDING, other)


def test_one_fault_is_counted_in_the_singular() -> None:
    assert InvalidGraph("desk", [FINDING]).what == "workflow 'desk' has 1 fault"


@pytest.mark.parametrize(("name", "near"), [("reviwer", "reviewer"), ("zzz", None)])
def test_the_nearest_name_is_found_or_none(name: str, near: str | None) -> None:
    assert nearest(name, ["draft", "reviewer"]) == near


def test_a_suggestion_names_the_nearest_name_or_says_something_else() -> None:
    assert suggest("reviwer", ["reviewer"], "add it") == "did you mean 'reviewer'?"
    assert suggest("zzz", ["reviewer"], "add it") == "add it"


def test_the_route_of_a_finding_shows_the_labels_along_its_path() -> None:
    path = ("START", "triage", "clerk", "merge")
    labelled = Finding("AG301", "it waits", "join", "x", path=path, labels=(None, "other", None))

    assert labelled.route == "START -> triage -[other]-> clerk -> merge"
    assert "  path:  START -> triage -[other]-> clerk -> merge\n" in str(labelled)
    assert Finding("AG301", "it waits", "join", "x", path=path[:2]).route == "START -> triage"
