"""`check`: what is right passes, what is wrong is told as a story that can be done again."""

import importlib
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

import pytest

from agentgraph import State, Workflow, classifier, consensus, node, workflow
from agentgraph.errors import InvalidInput, NotAvailable
from agentgraph.testing import (
    Script,
    WorkflowFailure,
    always,
    at_most,
    check,
    leads_to,
    make_tests,
    never,
    precedes,
    recheck,
    sometimes,
)

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(path.stem for path in (ROOT / "examples").glob("*.py"))


class Letter(State):
    text: str = ""
    reply: str = ""
    rounds: int = 0


@classifier
def triage(s: Letter) -> Literal["billing", "other"]:
    return "billing" if "money" in s.text else "other"


def billing(s: Letter) -> None:
    s.reply = "paid back"


def clerk(s: Letter) -> None:
    s.reply = "a person answers"


def counts(s: Letter) -> None:
    s.rounds += 1


review = node(name="review")(counts)


def send(s: Letter) -> None:
    """Nothing more."""


@classifier
def is_good(s: Letter) -> bool:
    return bool(s.reply)


DESK = workflow(
    "desk",
    Letter,
    triage.route({"billing": billing, "other": clerk})
    >> (review >> is_good.route({True: send, False: review})).loop(at_most=3),
)


@pytest.mark.parametrize("module", EXAMPLES)
def test_nothing_is_found_in_an_example(module: str) -> None:
    space = vars(importlib.import_module(f"examples.{module}"))
    found = [each for each in space.values() if isinstance(each, Workflow)]

    assert found
    for workflow_ in found:
        report = check(workflow_, folder=None, examples=3)
        assert report.trials > 20
        assert report.coverage.missed == ()


@pytest.mark.parametrize(
    ("broken", "says"),
    [
        (always(lambda s: s.rounds < 2), "always"),
        (never(lambda s: s.rounds > 1), "never"),
        (precedes("billing", "send"), "'billing' precedes 'send' does not hold after 'send'"),
        (leads_to("triage", "billing"), "'triage' leads to 'billing' does not hold after 'triage'"),
        (at_most(2, "review"), "'review' at most 2 times does not hold after 'review'"),
        (sometimes("send -> clerk"), "fulfils: sometimes 'send -> clerk'"),
        (sometimes("clerk -> review"), ""),
        (sometimes("send"), ""),
        (precedes("review", "send"), ""),
        (at_most(3, "review"), ""),
        (always(lambda s: s.rounds >= 0), ""),
    ],
)
def test_an_invariant_is_held_against_every_run(broken: Any, says: str) -> None:
    inputs = [Letter(), Letter(text="money")]
    agents = {"review": counts}
    if not says:
        check(DESK, inputs=inputs, agents=agents, invariants=[broken], folder=None, examples=4)
        return

    with pytest.raises(WorkflowFailure, match=says):
        check(DESK, inputs=inputs, agents=agents, invariants=[broken], folder=None, examples=4)


def rounds_are_few(s: Letter) -> bool:
    return s.rounds < 2


def failure(folder: Path | None = None, seed: int = 0) -> WorkflowFailure:
    with pytest.raises(WorkflowFailure) as told:
        check(
            DESK, inputs=[Letter(text="x")], agents={"review": counts}, seed=seed,
            invariants=[rounds_are_few], folder=folder,
        )  # fmt: skip
    return told.value


def test_a_failure_is_told_as_a_story(tmp_path: Path) -> None:
    told = str(failure(tmp_path)).replace(str(tmp_path), "FOLDER")

    assert told.splitlines() == [
        "desk: always rounds_are_few does not hold after 'review'",
        "  input: Letter(text='x', reply='', rounds=0)",
        "    0  START",
        "    1  triage -[other]->",
        "    2  clerk",
        "    3  review",
        "       rounds: 0 -> 1",
        "    4  is_good -[False]->",
        "    5  review",
        "       rounds: 1 -> 2",
        "  seed:  0",
        "  again: agentgraph replay FOLDER/desk-runs.json",
        "  drawn: FOLDER/desk-runs.svg",
    ]
    assert 'class="' in (tmp_path / "desk-runs.svg").read_text("utf-8")


def test_a_script_says_all_that_is_needed_to_do_it_again(tmp_path: Path) -> None:
    found = failure(tmp_path)
    script = Script.read(tmp_path / "desk-runs.json")

    assert script == found.script
    with pytest.raises(WorkflowFailure, match="rounds_are_few"):
        recheck(script, DESK, agents={"review": counts}, invariants=[rounds_are_few])
    recheck(script, DESK, agents={"review": counts}, invariants=[lambda s: s.rounds <= 3])


def test_a_script_becomes_a_test(tmp_path: Path) -> None:
    script = failure().script
    assert script is not None
    file = tmp_path / "test_it.py"
    file.write_text(script.to_test(), "utf-8")

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(file)],
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
        cwd=tmp_path,
        capture_output=True,
        check=False,
        text=True,
    )

    # The invariant is not part of a script, so what is left of it holds.
    assert (done.returncode, "1 passed" in done.stdout) == (0, True)


def test_what_is_no_script_is_told(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("{}")

    for name in ("x.json", "nothing.json"):
        with pytest.raises(InvalidInput, match="is no script"):
            Script.read(tmp_path / name)


def test_the_same_seed_tells_the_same_in_processes_that_hash_differently() -> None:
    code = "from tests.testing.test_check import failure; print(failure())"
    told = [
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT)},
            cwd=ROOT,
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]

    assert told[0] == told[1] != b""


def test_a_class_of_tests_has_one_for_each_property() -> None:
    made = make_tests(DESK, folder=None, examples=2, properties=["runs", "cancel"])
    names = [name for name in vars(made) if name.startswith("test_")]

    assert names == ["test_runs", "test_cancel", "test_edges"]
    for name in names:
        getattr(made(), name)()


def test_a_class_of_tests_asks_for_every_edge_unless_it_is_told_otherwise() -> None:
    options: Any = {"inputs": [Letter()], "labels": "real", "folder": None, "examples": 2}

    with pytest.raises(WorkflowFailure, match="% of the edges were taken, not 100%"):
        vars(make_tests(DESK, **options))["test_edges"](None)
    vars(make_tests(DESK, min_edges=0.1, **options))["test_edges"](None)


def test_what_cannot_be_checked_is_told() -> None:
    with pytest.raises(InvalidInput, match="there is no property 'crashes'"):
        check(DESK, properties=["crashes"])  # type: ignore[list-item]
    with pytest.raises(InvalidInput, match="did you mean 'review'"):
        check(DESK, agents={"reviw": counts})


def test_hypothesis_is_not_imported_before_data_is_made() -> None:
    code = (
        "import agentgraph, agentgraph.testing, sys; from agentgraph.testing import check, Script;"
        "from agentgraph.testing import SimulatedLoop; assert 'hypothesis' not in sys.modules"
    )

    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


def test_nothing_is_found_in_a_consensus_whoever_votes_what() -> None:
    def one(s: Letter) -> bool:
        return True

    def two(s: Letter) -> bool:
        return True

    def three(s: Letter) -> bool:
        return False

    votes = consensus(one, two, three, need=2).route({True: send, False: clerk})

    both = [sometimes("send"), sometimes("clerk")]

    check(workflow("votes", Letter, votes), invariants=both, folder=None, examples=2)


def test_without_hypothesis_a_check_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hypothesis", None)

    with pytest.raises(NotAvailable, match="hypothesis is not installed") as told:
        check(DESK, folder=None)

    assert "agentgraph[test]" in told.value.fix
