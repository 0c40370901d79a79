"""The row about reading sources: a workflow of 50 functions that are all different; nothing is run.

A build reads the source of each function, once. So the module that has them is made anew for each
sample, from a file that is the same.
"""

import ast
import linecache
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Final

from agentgraph import Graph, State
from benchmarks.floors import passes
from benchmarks.measure import Figure, Stopwatch, Work, against_floor, alternate

ROUNDS: Final = 10
"""Each has four nodes and a classifier."""
VERTICES: Final = 5 * ROUNDS + 2
HEAD: Final = """
from typing import Literal
from agentgraph import END, START, Graph, State, classifier

class Ticket(State):
    text: str = ""
    tags: list[str] = []
    reply: str = ""
    score: float = 0.0
    drafts: int = 0

async def ask(name: str, text: str) -> str:
    return f"{name}: {text}"
"""
ROUND: Final = '''
async def expert_{n}(s: Ticket) -> None:
    """Ask somebody who knows."""
    s.reply = await ask("expert {n}", s.text)

async def write_{n}(s: Ticket) -> None:
    s.drafts += 1
    sorry = "I am sorry. " if s.drafts > {n} else ""
    s.reply = f"Hello, {{sorry}}{{s.reply}} Yours, desk {n}"

def tag_{n}(s: Ticket) -> None:
    """Note the longest word."""
    words = sorted(s.text.split(), key=len)
    if len(words) > {n}:
        s.tags.append(words[-1])

def weigh_{n}(s: Ticket) -> None:
    s.score = min(1.0, s.score + len(s.tags) / {n}.5)

@classifier
def check_{n}(s: Ticket) -> Literal["good", "bad"]:
    """Say whether that will do."""
    if s.score > 0.{n} or s.drafts >= 3:
        return "good"
    return "bad"
'''
BUILD: Final = """
def build():
    g = Graph("desk", Ticket)
    before = START
    for n in range(ROUNDS):
        expert, write, tag, weigh, check = (
            globals()[f"{name}_{n}"] for name in ("expert", "write", "tag", "weigh", "check")
        )
        g.add_edge(before, expert)
        g.add_conditional_edge(expert, check, {"good": tag, "bad": write})
        g.add_edge(tag, weigh)
        g.add_edge(write, weigh)
        before = weigh
    g.add_edge(before, END)
    return g
"""
ROUNDS_TEXT: Final = "".join(ROUND.format(n=n) for n in range(ROUNDS))
TEXT: Final = f"{HEAD}{ROUNDS_TEXT}\nROUNDS = {ROUNDS}\n{BUILD}"


@contextmanager
def module() -> Iterator[ModuleType]:
    """Write the module to a file, and give it; `renewed` fills it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "desk_of_fifty.py"
        path.write_text(TEXT, encoding="utf-8")
        made = ModuleType("desk_of_fifty")
        made.__file__ = str(path)
        yield made


def renewed(made: ModuleType) -> Graph[State]:
    """Do what an import does, so that nothing is known of the functions, and give their graph."""
    linecache.clearcache()
    exec(compile(TEXT, str(made.__file__), "exec"), vars(made))  # noqa: S102 - its own text
    graph: Graph[State] = made.build()
    return graph


async def functions(turns: int) -> Figure:
    """Compile a graph of 50 different functions; by the parser of Python, and the bare passes."""
    names = [str(number) for number in range(VERTICES)]
    edges = list(pairwise(names))
    with module() as made:
        graph = renewed(made)

        async def ours() -> int:
            return len(graph.compile().graph.vertices)

        async def floor() -> int:
            ast.parse(ROUNDS_TEXT)
            return passes(names, edges)

        async def fresh() -> float:
            nonlocal graph
            graph = renewed(made)
            return await once()

        once = Stopwatch(Work(ours, VERTICES, 1), times=1)
        found = await alternate(fresh, Stopwatch(Work(floor, VERTICES, 1)), turns=turns + 8)
    return against_floor("functions", found, scale=1e3)
