"""Ctrl-C: the nodes are cancelled and awaited, and what was completed is told."""

import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest

Write = Callable[[str, str], str]
ROOT = Path(__file__).resolve().parents[2]

SLOW = """
import asyncio, sys
from agentgraph import State, node, workflow

class S(State):
    text: str = ""

@node
def quick(s: S) -> None:
    s.text += "!"

@node
async def slow(s: S) -> None:
    if s.text.startswith("wait"):
        try:
            print("slow has begun", file=sys.stderr, flush=True)
            await asyncio.Event().wait()
        finally:
            print("slow was put away", file=sys.stderr, flush=True)

flow = workflow("flow", S, quick >> slow)
"""
STUBBORN = SLOW.replace(
    "        finally:\n",
    """\
        except asyncio.CancelledError:
            print("slow goes on", file=sys.stderr, flush=True)
            await asyncio.Event().wait()
        finally:
""",
)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals work otherwise there")


def started(folder: Path, *arguments: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "agentgraph", "run", "slow.py", *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        start_new_session=True,
        env={"PYTHONPATH": str(ROOT), "COLUMNS": "100", "PYTHONIOENCODING": "utf-8"},
    )


def wait_for(process: "subprocess.Popen[str]", line: str) -> None:
    """Read what is told until `line` comes, which it does before the end."""
    assert process.stderr is not None
    assert line in iter(process.stderr.readline, "")


def interrupted(folder: Path, *arguments: str, after: int = 1) -> tuple[int, str, str]:
    """Run the command, press Ctrl-C when `after` nodes wait, and return code, stdout, stderr."""
    process = started(folder, *arguments)
    for _ in range(after):
        wait_for(process, "slow has begun\n")
    process.send_signal(signal.SIGINT)
    out, rest = process.communicate(timeout=60)
    return process.returncode, out, rest


def test_ctrl_c_cancels_and_awaits_the_node_and_says_what_was_completed(
    folder: Path, write: Write
) -> None:
    write("slow.py", SLOW)

    code, out, told = interrupted(folder, "--set", "text=wait")

    assert code == 130
    assert told.startswith("interrupted: waiting for the nodes")
    assert "slow was put away\n" in told
    assert "completed quick" in told
    assert "interrupted: 1 cancelled" in told
    assert "text  wait!" in out
    assert "status  cancelled" in out


def test_ctrl_c_keeps_what_other_runs_have_completed(folder: Path, write: Write) -> None:
    write("slow.py", SLOW)
    texts = ["a", "wait 1", "b", "wait 2", "never", "never"]
    lines = write("in.jsonl", "".join(f'{{"text": "{text}"}}\n' for text in texts))

    code, out, told = interrupted(folder, "-i", lines, "--concurrency", "2", after=2)

    assert code == 130
    assert told.count("slow was put away") == 2
    assert "interrupted: 2 done, 2 cancelled, 2 not started" in told
    assert [line.split()[-1] for line in out.splitlines()[1:]] == [
        "done",
        "cancelled",
        "done",
        "cancelled",
    ]


def test_a_second_ctrl_c_does_not_wait_for_a_node_that_goes_on(folder: Path, write: Write) -> None:
    write("slow.py", STUBBORN)
    write("in.jsonl", '{"text": "a"}\n{"text": "wait"}\n')
    process = started(folder, "-i", "in.jsonl", "-n", "1")

    wait_for(process, "slow has begun\n")
    process.send_signal(signal.SIGINT)
    wait_for(process, "slow goes on\n")
    process.send_signal(signal.SIGINT)
    out, told = process.communicate(timeout=60)

    assert process.returncode == 130
    assert "interrupted: 1 done, 1 not ended" in told
    assert [line.split()[1] for line in out.splitlines()[1:]] == ["a"]
    assert "Traceback" not in told


THREADED = """
import sys, time
from agentgraph import State, node, workflow
class S(State):
    n: int = 0
@node(timeout=60)
def slow(s: S) -> None:
    print("slow has begun", file=sys.stderr, flush=True)
    time.sleep(30)
flow = workflow("flow", S, slow)
"""


def test_a_second_ctrl_c_does_not_wait_for_a_thread(folder: Path, write: Write) -> None:
    write("slow.py", THREADED)
    process = started(folder)

    wait_for(process, "slow has begun\n")
    process.send_signal(signal.SIGINT)
    wait_for(process, "interrupted: 1 cancelled\n")
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=1)
    out, told = process.communicate(timeout=60)

    assert process.returncode == 130
    assert told == ""
    assert "status  cancelled" in out
