"""What the terminal, the encoding and the disk do to a command: nothing completed is lost."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from agentgraph.errors import InvalidInput
from agentgraph.events import recorded

Call = Callable[..., Result]
Write = Callable[[str, str], str]
ROOT = Path(__file__).resolve().parents[2]
FULL = Path("/dev/full")

ODD = r"""
from typing import Any
from pydantic import Field, computed_field, field_serializer
from agentgraph import State, node, workflow

class Picture(State):
    n: int
    text: str = "ü → 🌞"
    data: bytes = b""
    any: Any = None
    hidden: str = Field("secret", exclude=True)

class Bad(State):
    n: int = 1

    @field_serializer("n")
    def ser(self, value: int) -> int:
        raise ValueError("cannot be written")

    @computed_field
    @property
    def ratio(self) -> float:
        return 1 / 0

class Silent:
    def __repr__(self) -> str:
        raise ValueError("no words")

@node
def odd(s: Picture) -> None:
    match s.n:
        case 2:
            s.data = b"\x89PNG\xff"
        case 3:
            s.text = "\ud83d"
        case 4:
            s.any = {"x": float("nan"), "\ud83d": [Silent()]}
        case _:
            pass

@node
def rest(s: Bad) -> None:
    pass

odds = workflow("odds", Picture, odd)
bad = workflow("bad", Bad, rest)
"""

needs_full = pytest.mark.skipif(not FULL.exists(), reason="there is no disk that is full")
needs_posix = pytest.mark.skipif(sys.platform == "win32", reason="other shells and signals")


def shell(command: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    """Run a line of the shell in which `agentgraph` is the command."""
    command = command.replace("agentgraph ", f"{sys.executable} -m agentgraph ")
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        check=False,
        stdin=subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "COLUMNS": "100", **environ},
    )


@pytest.fixture
def odd(write: Write) -> str:
    """The arguments that run four inputs, of which three end in a state that no JSON holds."""
    write("odd.py", ODD)
    write("in.jsonl", "".join(f'{{"n": {n}}}\n' for n in (1, 2, 3, 4)))
    return "odd.py:odds --input in.jsonl --concurrency 1"


@needs_posix
def test_a_state_that_no_json_holds_costs_nothing_but_its_form(odd: str) -> None:
    done = shell(f"agentgraph run {odd} --json --record runs.jsonl")

    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stderr
    assert [row["status"] for row in rows] == ["done"] * 4
    assert rows[1]["state"]["data"] == "iVBOR_8="
    assert rows[2]["state"]["text"] == "\ud83d"
    assert rows[3]["state"]["any"]["x"] == "nan"
    assert rows[3]["state"]["any"]["\ud83d"][0].startswith("<odd.Silent object")
    assert all("hidden" not in row["state"] for row in rows)
    assert [run.status for run in recorded("runs.jsonl")] == ["done"] * 4


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_a_single_run_shows_such_a_state_too(call: Call, odd: str, n: int) -> None:
    done = call("run", "odd.py:odds", "--set", f"n={n}")

    assert done.exit_code == 0
    assert "status  done" in done.stdout


def test_where_a_serializer_fails_the_values_are_shown(call: Call, odd: str) -> None:
    done = call("run", "odd.py:bad", "--json")

    assert json.loads(done.stdout)["state"] == {"n": 1}


@needs_posix
@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "utf-8"])
def test_an_encoding_without_the_letters_costs_no_line(odd: str, encoding: str) -> None:
    done = shell(f"agentgraph run {odd} --json", PYTHONIOENCODING=encoding)
    shown = shell(f"agentgraph run {odd}", PYTHONIOENCODING=encoding)

    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["status"] for row in rows] == ["done"] * 4
    assert rows[0]["state"]["text"] == "ü → 🌞"
    assert shown.returncode == 0
    assert [line.split()[-1] for line in shown.stdout.splitlines()] == ["status"] + ["done"] * 4


@needs_posix
def test_what_is_typed_is_read_as_utf_8_where_the_locale_has_no_letters(odd: str) -> None:
    done = shell(
        "agentgraph run odd.py:odds --set n=1 --set text=äöü --json", PYTHONUTF8="0", LC_ALL="C"
    )

    assert json.loads(done.stdout)["state"]["text"] == "äöü"


@needs_posix
@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("agentgraph run ODD --json --svg seen.svg | head -1", 0),
        ("agentgraph run ODD --set n=1 --steps 0 --json | true", 5),
        ("agentgraph check odd.py:odds | head -1", 0),
        ("agentgraph check nowhere.py odd.py:odds | head -1", 2),
        ("agentgraph doctor | head -1", 0),
        ("agentgraph render odd.py:odds --format svg | head -1", 0),
    ],
)
def test_who_closes_stdout_early_has_read_enough(odd: str, command: str, code: int) -> None:
    done = shell(command.replace("ODD", odd))

    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert "interrupted" not in done.stderr
    assert Path("seen.svg").is_file() == ("seen.svg" in command)


@needs_posix
def test_when_nobody_reads_on_no_further_run_begins(odd: str, write: Write) -> None:
    write("in.jsonl", '{"n": 1}\n' * 500)

    done = shell(f"agentgraph run {odd} --json | head -1")

    assert json.loads(done.stdout)["number"] == 1
    assert int(done.stderr.split()[0]) < 500
    assert done.stderr.endswith(" done\n")


@needs_posix
@needs_full
@pytest.mark.parametrize("to", ["> /dev/full", ">&-"])
def test_what_stdout_does_not_take_goes_to_stderr(odd: str, to: str) -> None:
    done = shell(f"agentgraph run {odd} --json {to}")
    shown = shell(f"agentgraph run {odd} {to}")

    rows = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    assert done.returncode == shown.returncode == 1
    assert [row["number"] for row in rows] == [1, 2, 3, 4]
    assert "stdout cannot be used: " in done.stderr
    assert shown.stderr.count("done\n") == 5
    assert "Traceback" not in done.stderr + shown.stderr


@needs_posix
def test_with_stderr_closed_the_data_comes_all_the_same(odd: str) -> None:
    done = shell(f"agentgraph run {odd} 2>&-")

    assert done.returncode == 0
    assert done.stdout.count("done\n") == 4


@needs_posix
@needs_full
@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("run odd.py:odds -s n=1 --svg /proc/x.svg", 2, "--svg: '/proc/x.svg' cannot be written"),
        ("run odd.py:odds -s n=1 --svg /dev/full", 1, "/dev/full cannot be used: No space left"),
        ("run odd.py:odds -s n=1 --record /proc/x", 2, "--record: '/proc/x' cannot be written"),
        ("run odd.py:odds -s n=1 --record /dev/full", 1, "/dev/full cannot be used: No space left"),
        ("run odd.py:odds --input - <&-", 2, "stdin cannot be read: "),
        ("check odd.py:odds > /dev/full", 2, "stdout cannot be used: No space left"),
        ("check odd.py:odds --svg /proc/x", 2, "/proc/x cannot be used: No such file"),
        ("diff odd.py:odds odd.py:bad --svg /proc/x.svg", 2, "'/proc/x.svg' cannot be written"),
        ("render odd.py:odds -o /proc/x.svg", 1, "/proc/x.svg cannot be used: No such file"),
        ("render odd.py:odds -o /dev/full --format svg", 1, "No space left on device"),
        ("render odd.py:odds -o - --format svg > /dev/full", 1, "stdout cannot be used"),
        ("render odd.py:odds -o - --format svg >&-", 1, "stdout cannot be used"),
        ("new /proc/mine", 1, "/proc/mine cannot be used: No such file"),
        ("doctor > /dev/full", 1, "stdout cannot be used: No space left"),
    ],
)
def test_what_cannot_be_written_is_told_without_a_traceback(
    odd: str, command: str, code: int, said: str
) -> None:
    done = shell(f"agentgraph {command}")

    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    if command.startswith("run") and code == 1:
        assert "status  done" in done.stdout


@needs_posix
@pytest.mark.parametrize("command", ["new mine", "check nowhere.py"])
def test_a_folder_that_is_gone_is_told(folder: Path, command: str) -> None:
    done = shell(f"mkdir gone; cd gone; rmdir ../gone; agentgraph {command}")

    assert done.returncode in {1, 2}
    assert done.stderr == "the current folder is gone: change into one that is there\n"


def test_a_recording_overwrites_nothing_but_a_recording(call: Call, odd: str, folder: Path) -> None:
    before = (folder / "in.jsonl").read_text("utf-8")

    done = call("run", *odd.split(), "--record", "in.jsonl")

    assert done.exit_code == 2
    assert "is no earlier recording" in done.stderr
    assert (folder / "in.jsonl").read_text("utf-8") == before
    assert call("run", *odd.split(), "--record", "-").exit_code == 2
    assert call("run", *odd.split(), "--record", "runs.jsonl").exit_code == 0
    assert call("run", *odd.split(), "--record", "runs.jsonl").exit_code == 0


@pytest.mark.parametrize(
    "arguments",
    [("run", "odd.py:odds", "-s", "n=1"), ("diff", "odd.py:odds", "odd.py:bad")],
)
def test_a_picture_overwrites_nothing_that_is_none(
    call: Call, odd: str, folder: Path, arguments: tuple[str, ...]
) -> None:
    for name in ("odd.py", "new.png"):
        done = call(*arguments, "--svg", name)
        assert done.exit_code == 2
        assert "does not end in .svg" in done.stderr
    assert (folder / "odd.py").read_text("utf-8") == ODD
    assert not (folder / "new.png").exists()


WAITS = """
import asyncio, sys
from agentgraph import State, node, workflow
class S(State):
    n: int = 0
@node
def first(s: S) -> None:
    s.n += 1
@node
async def wait(s: S) -> None:
    print("waits", file=sys.stderr, flush=True)
    await asyncio.Event().wait()
waits = workflow("waits", S, first >> wait)
"""


@needs_posix
@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL"])
def test_a_recording_is_there_when_the_command_is_killed(
    folder: Path, write: Write, name: str
) -> None:
    write("waits.py", WAITS)
    process = subprocess.Popen(
        [sys.executable, "-m", "agentgraph", "run", "waits.py", "--record", "runs.jsonl"],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stderr is not None
    assert "waits\n" in iter(process.stderr.readline, "")
    process.send_signal(getattr(signal, name))
    process.communicate(timeout=60)

    (run,) = recorded("runs.jsonl")
    assert [step.node for step in run.steps if step.kind == "NodeDone"] == ["first"]


def test_a_recording_that_was_cut_in_the_middle_of_a_line_is_read(
    call: Call, odd: str, folder: Path
) -> None:
    call("run", *odd.split(), "--record", "runs.jsonl")
    text = (folder / "runs.jsonl").read_text("utf-8")

    (folder / "cut.jsonl").write_text(text[:-30], "utf-8")
    (folder / "torn.jsonl").write_text(text[:-30] + "\n" + text, "utf-8")

    assert [run.status for run in recorded("cut.jsonl")] == ["done", "done", "done", "running"]
    assert call("render", "odd.py:odds", "--run", "cut.jsonl", "-o", "x.html").exit_code == 0
    with pytest.raises(InvalidInput, match="this is not JSON"):
        recorded("torn.jsonl")


def test_nothing_on_stdin_is_no_run_as_in_a_file(call: Call, odd: str, write: Write) -> None:
    for source, text in (("-", ""), ("-", "\n \n"), (write("none.jsonl", ""), None)):
        done = call("run", "odd.py:odds", "-i", source, stdin=text)
        assert (done.exit_code, done.stdout) == (0, "")
        assert done.stderr.startswith("0 runs in ")
