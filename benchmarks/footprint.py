"""The rows about what it takes besides time: imports, memory, disk; each in a process of its own."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median
from typing import Final

from benchmarks.measure import Figure, WrongCount, alternate
from benchmarks.paused import RUNS

ROOT: Final = Path(__file__).resolve().parent.parent
MEGABYTE: Final = 1_000_000
KILOBYTE: Final = 1024

# Both make a state, since no workflow is without one: pydantic loads what that needs only then.
BARE: Final = """
import asyncio
from pydantic import BaseModel
class Counter(BaseModel):
    n: int = 0
"""
OURS: Final = """
import agentgraph
class Counter(agentgraph.State):
    n: int = 0
"""
BARE_RUN: Final = (
    BARE
    + """
async def count(s: Counter) -> None:
    s.n += 1
asyncio.run(count(Counter()))
"""
)
OURS_RUN: Final = (
    OURS
    + """
@agentgraph.node
async def count(s: Counter) -> None:
    s.n += 1
agentgraph.workflow("one", Counter, count).run_sync(Counter())
"""
)
CHECK: Final = """
import sys
from agentgraph.cli.commands import agentgraph
agentgraph(["check", sys.argv[1]], standalone_mode=False)
"""
TEST: Final = CHECK.replace("check", "test")
FIFTY: Final = (
    """
from agentgraph import END, START, Graph, State, classifier
class S(State):
    n: int = 0
@classifier
def more(s: S) -> bool:
    return s.n > 3
g = Graph("fifty", S)
"""
    + "".join(f"def node_{n}(s: S) -> None:\n    s.n += 1\n" for n in range(50))
    + """
first = g.add_node(node_0, max_visits=3)
g.add_edge(START, first)
g.add_edge(first, node_1)
"""
    + "".join(f"g.add_edge(node_{n}, node_{n + 1})\n" for n in range(1, 49))
    + "g.add_conditional_edge(node_49, more, {True: END, False: first})\nfifty = g.compile()\n"
)
SPENT: Final = "import time\nprint(time.process_time())\n"


def printed(*arguments: str, env: Mapping[str, str] | None = None) -> str:
    """Run Python with these arguments and give what it prints."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=env, capture_output=True, text=True, check=True
    )
    return done.stdout


async def imports(turns: int) -> Figure:
    """Start an interpreter, import, make a state class; by the same without this library."""
    return await _started("import", OURS, BARE, turns)


async def first_run(turns: int) -> Figure:
    """Build a workflow of one node besides, and run it; by the bare function awaited."""
    return await _started("first_run", OURS_RUN, BARE_RUN, turns)


async def _started(row: str, program: str, bare: str, turns: int) -> Figure:
    with tempfile.TemporaryDirectory() as folder:
        # The first start writes the byte code of both sides here, whatever the settings of this
        # process are: to compile is not to import.
        env = {**os.environ, "PYTHONPYCACHEPREFIX": folder}
        env.pop("PYTHONDONTWRITEBYTECODE", None)

        async def ours() -> float:
            return float(printed("-c", program + SPENT, env=env))

        async def floor() -> float:
            return float(printed("-c", bare + SPENT, env=env))

        found = await alternate(ours, floor, turns=turns + 2)
    micros = [median(column) * 1e3 for column in zip(*found, strict=True)]
    ratio = median(one / other for one, other in found)
    return Figure(row, ratio, note=f"{micros[0]:.0f} and {micros[1]:.0f} ms")


async def checks(turns: int) -> Figure:
    """Check a file with 50 nodes from the shell, cold; by the start of an interpreter with click."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "fifty.py"
        target.write_text(FIFTY, encoding="utf-8")
        return await _commanded("check", CHECK, str(target), "clean", turns)


async def tests(turns: int) -> Figure:
    """Test the support desk from the shell, cold, with what is set by default; by the same start."""
    return await _commanded("test", TEST, "examples/support_desk.py", "nothing found", turns)


async def _commanded(row: str, program: str, target: str, says: str, turns: int) -> Figure:
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "PYTHONPYCACHEPREFIX": folder}
        env.pop("PYTHONDONTWRITEBYTECODE", None)

        async def ours() -> float:
            said = printed("-c", program + SPENT, target, env=env)
            if says not in said:
                raise WrongCount(f"the command of the row {row!r} said {said!r}")
            return float(said.splitlines()[-1])

        async def floor() -> float:
            return float(printed("-c", BARE + "import click\n" + SPENT, env=env))

        found = await alternate(ours, floor, turns=turns)
    spent = [median(column) * 1e3 for column in zip(*found, strict=True)]
    return Figure(row, spent[0], spent[0] / spent[1])


async def paused(turns: int) -> Figure | None:
    """Measure how much memory a process has more for each paused run; None: not on this system."""
    if not sys.platform.startswith("linux"):
        return None
    ours, floor = (
        median(float(printed("-m", "benchmarks.paused", which)) for _ in range(turns // 2))
        for which in ("ours", "floor")
    )
    return Figure("paused", ours / KILOBYTE, ours / floor, note=f"{RUNS:,} runs")


def install() -> list[Figure]:
    """Install the project into a fresh environment, and count what is there."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        printed("-m", "venv", folder)
        python = next(path for path in home.glob("*/python*") if path.stem == "python")
        pip = [str(python), "-m", "pip", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", "--no-compile", str(ROOT)], check=True)
        subprocess.run([*pip, "uninstall", "--yes", "setuptools"], check=True)
        site = next(home.glob("**/site-packages"))
        return weighed(site)


def weighed(site: Path) -> list[Figure]:
    """Count the packages in a folder and their bytes, without pip and without byte code."""
    packages = [path for path in site.glob("*.dist-info") if not path.name.startswith("pip-")]
    if not packages:
        raise WrongCount(f"nothing is installed in {site}")
    size = sum(
        path.stat().st_size
        for path in site.rglob("*")
        if path.is_file() and path.suffix != ".pyc" and _owner(path, site) != "pip"
    )
    return [
        Figure("packages", len(packages)),
        Figure("megabytes", size / MEGABYTE),
    ]


def _owner(path: Path, site: Path) -> str:
    return path.relative_to(site).parts[0].partition("-")[0]
