"""Questions under `agentgraph run`: answered beforehand, on a terminal, or left open."""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Call = Callable[..., Result]
Write = Callable[[str, str], str]
ROOT = Path(__file__).resolve().parents[2]

FORM = """
from pydantic import BaseModel
from agentgraph import Ask, State, human, node, workflow
class Address(BaseModel):
    street: str
    number: int = 1
class Order(State):
    where: str = ""
@human
def address(s: Order) -> Ask[Address]:
    return Ask(show={"order": 7})
@address.save
def keep(s: Order, a: Address) -> None:
    s.where = f"{a.street} {a.number}"
order = workflow("order", Order, keep)
"""


class Terminal:
    """The command with a terminal of its own, on which one can type."""

    def __init__(self, *arguments: str) -> None:
        self.ours, theirs = os.openpty()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "agentgraph", *arguments],
            stdin=theirs,
            stdout=subprocess.PIPE,
            stderr=theirs,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100", "TERM": "xterm"},
        )
        os.close(theirs)
        self.shown = ""

    def wait_for(self, text: str) -> None:
        """Read what is shown until `text` is there."""
        while text not in self.shown:
            assert self.has_more(60), self.shown
            self.shown += os.read(self.ours, 1000).decode(errors="replace")

    def has_more(self, seconds: float) -> bool:
        """Wait until something is shown, but not for ever."""
        return bool(select.select([self.ours], [], [], seconds)[0])

    def interrupt(self) -> None:
        """Press Ctrl-C, and again where the first came in the moment before the program reads."""
        self.process.send_signal(signal.SIGINT)
        while not self.has_more(5):
            self.process.send_signal(signal.SIGINT)

    def type(self, text: str) -> None:
        self.shown = ""
        os.write(self.ours, text.encode())

    def end(self) -> tuple[int, str]:
        """Return the exit code and what came to stdout."""
        out, _ = self.process.communicate(timeout=60)
        os.close(self.ours)
        return self.process.returncode, out.decode()


needs_terminal = pytest.mark.skipif(not hasattr(os, "openpty"), reason="there are no terminals")


def test_without_a_terminal_a_question_stays_open_and_says_how_to_answer(
    call: Call, mixed: str
) -> None:
    done = call("run", mixed, "-s", "text=ask")

    assert done.exit_code == 4
    assert done.stderr.splitlines() == [
        "waits for an answer to 'approve'",
        "  shown:  Is 'ask' well?",
        "  answer: yes, no",
        "  fix:    run it on a terminal, or add --answer approve=yes",
    ]


def test_an_answer_can_be_given_beforehand(call: Call, mixed: str) -> None:
    done = call("run", mixed, "-s", "text=ask", "--answer", "approve=yes", "--json")

    assert done.exit_code == 0
    assert json.loads(done.stdout)["path"] == ["pick", "approve", "well"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("approve=yess", "did you mean 'yes'?"),
        ("aprove=yes", "did you mean 'approve'?"),
        ("yes", "is not question=answer"),
    ],
)
def test_an_answer_that_no_question_takes_is_a_wrong_usage(
    call: Call, mixed: str, answer: str, said: str
) -> None:
    done = call("run", mixed, "-s", "text=ask", "--answer", answer)

    assert done.exit_code == 2
    assert said in done.stderr


def test_a_form_can_be_filled_in_beforehand(call: Call, write: Write) -> None:
    target = write("order.py", FORM)

    done = call("run", target, "--answer", 'address={"street": "High Street"}')

    assert done.exit_code == 0, done.stderr
    assert "where  High Street 1" in done.stdout
    assert call("run", target, "--answer", "address={}").exit_code == 2


@needs_terminal
def test_a_person_at_the_terminal_is_shown_the_question_and_answers(mixed: str) -> None:
    terminal = Terminal("run", mixed, "-s", "text=ask")

    terminal.wait_for("answer (yes, no)")
    assert "approve asks:" in terminal.shown
    assert "Is 'ask' well?" in terminal.shown
    terminal.type("maybe\n")
    terminal.wait_for("Error")
    terminal.type("YES\n")
    code, out = terminal.end()

    assert code == 0
    assert "path     pick → approve → well" in out


@needs_terminal
def test_of_many_runs_the_person_is_asked_one_after_the_other(mixed: str, write: Write) -> None:
    lines = "".join(json.dumps({"text": text}) + "\n" for text in ["ask a", "good", "ask b"])
    terminal = Terminal("run", mixed, "--json", "-i", write("in.jsonl", lines))

    terminal.wait_for("Is 'ask a' well?")
    terminal.type("no\n")
    terminal.wait_for("Is 'ask b' well?")
    terminal.type("\x04")
    code, out = terminal.end()

    assert code == 4
    statuses = {row["number"]: row["status"] for row in map(json.loads, out.splitlines())}
    assert statuses == {1: "done", 2: "done", 3: "paused"}


@needs_terminal
def test_a_form_is_asked_field_by_field_until_it_fits(write: Write) -> None:
    terminal = Terminal("run", write("order.py", FORM))

    terminal.wait_for("street")
    terminal.type("12\n")
    terminal.wait_for("number")
    terminal.type("none\n")
    terminal.wait_for("number: Input should be")
    terminal.wait_for("street")
    terminal.type("High Street\n")
    terminal.wait_for("number")
    terminal.type("\n")
    code, out = terminal.end()

    assert code == 0
    assert "where  High Street 1" in out


@needs_terminal
def test_ctrl_c_at_a_question_ends_the_command(mixed: str) -> None:
    terminal = Terminal("run", mixed, "-s", "text=ask")

    terminal.wait_for("answer (yes, no):")
    terminal.interrupt()
    terminal.wait_for("interrupted: 1 cancelled")
    code, out = terminal.end()

    assert code == 130
    assert "status   cancelled" in out


TIMED = """
from datetime import timedelta
from typing import Literal
from agentgraph import END, Ask, State, human, node, workflow
class S(State):
    n: int = 0
    zip: str = ""
@human
def quick(s: S) -> Ask[Literal["a", "b"]]:
    return Ask(show="fast", timeout=timedelta(seconds=0.4), on_timeout="b")
@human
def slow(s: S) -> Ask[Literal["a", "b"]]:
    return Ask(show="slow", timeout=timedelta(days=2))
@human
def sure(s: S) -> Ask[bool]:
    return Ask(show="sure?")
@node
def one(s: S) -> None:
    s.n += 1
timed = workflow("timed", S, quick.route({"a": END, "b": one}))
patient = workflow("patient", S, slow.route({"a": END, "b": one}))
switch = workflow("switch", S, sure.route({True: one, False: END}))
"""


def test_without_a_terminal_the_time_of_a_question_is_waited_for(call: Call, write: Write) -> None:
    done = call("run", write("timed.py", TIMED) + ":timed", "--json")

    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout)["path"] == ["quick", "one"]


def test_a_question_that_waits_for_days_is_left_open(call: Call, write: Write) -> None:
    done = call("run", write("timed.py", TIMED) + ":patient", "--json")

    assert done.exit_code == 4
    assert json.loads(done.stdout)["questions"][0]["timeout"] == "P2D"


@needs_terminal
def test_at_the_terminal_a_question_ends_when_its_time_is_over(write: Write) -> None:
    terminal = Terminal("run", write("timed.py", TIMED) + ":timed", "--json")

    terminal.wait_for("the time to answer 'quick' is over")
    code, out = terminal.end()

    assert code == 0
    assert json.loads(out)["path"] == ["quick", "one"]


@needs_terminal
@pytest.mark.parametrize(
    ("typed", "path"),
    [("True", ["sure", "one"]), ("y", ["sure", "one"]), ("NO", ["sure"]), ("false", ["sure"])],
)
def test_a_yes_or_no_is_typed_and_never_the_default(
    write: Write, typed: str, path: list[str]
) -> None:
    terminal = Terminal("run", write("timed.py", TIMED) + ":switch", "--json")

    terminal.wait_for("answer (True, False):")
    terminal.type("\n")
    terminal.wait_for("Error: '' is no answer")
    terminal.type(f"{typed}\n")
    code, out = terminal.end()

    assert code == 0
    assert json.loads(out)["path"] == path
