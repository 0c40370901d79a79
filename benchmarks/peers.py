"""Other libraries under the same workloads, where they are installed; not a judgement of them.

    python -m venv /tmp/langgraph && /tmp/langgraph/bin/pip install langgraph pydantic
    python -m benchmarks --peers /tmp/langgraph/bin/python

The packages are langgraph, pydantic-graph, apache-burr and transitions. Each is written as its
own documentation does it, in memory, with the cheapest state that it knows. This module needs
none of them, nor agentgraph: the other environment runs it as a program of its own.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from itertools import pairwise
from operator import add
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypedDict

from benchmarks import floors
from benchmarks.measure import Stopwatch, Work, against_floor, alternate
from benchmarks.table import aligned, number

ROOT: Final = Path(__file__).resolve().parent.parent
SIZES: Final = {"chain": 1_000, "loop": 2_000, "fork": 1_000}
"""Nodes, steps and branches; fewer steps than ours, since each takes so much longer."""
TURNS: Final = 5
MISSING: Final = 3
"""The exit code that says that none of the libraries is installed."""

Make = Callable[[int], Callable[[], Awaitable[int]]]


@dataclass(frozen=True, slots=True)
class Peer:
    """A library: its distribution, and how it makes the workloads that it can express."""

    package: str
    style: str
    makes: dict[str, Make]


class Counted(TypedDict):
    """The state of LangGraph; a channel that sums takes what branches bring."""

    n: int
    total: Annotated[int, add]


def langgraph(row: str, size: int) -> Callable[[], Awaitable[int]]:
    """Write a workload with `StateGraph`."""
    graph = import_module("langgraph.graph")
    made: Any = graph.StateGraph(Counted)

    async def step(state: Counted) -> dict[str, int]:
        return {"n": state["n"] + 1}

    async def branch(_state: Counted) -> dict[str, int]:
        return {"total": 1}

    async def again(state: Counted) -> str:
        return "step" if state["n"] < size else graph.END

    send: Any = import_module("langgraph.types").Send

    async def spread(state: Counted) -> list[Any]:
        return [send("branch", state) for _ in range(size)]

    match row:
        case "chain":
            made.add_sequence([(f"n{number}", step) for number in range(size)])
            made.add_edge(graph.START, "n0")
        case "loop":
            made.add_node("step", step)
            made.add_edge(graph.START, "step")
            made.add_conditional_edges("step", again, ["step", graph.END])
        case _:
            made.add_node("branch", branch)
            made.add_conditional_edges(graph.START, spread, ["branch"])
    app: Any = made.compile()
    config = {"recursion_limit": 2 * size + 10}

    async def run() -> int:
        done = await app.ainvoke({"n": 0, "total": 0}, config)
        return int(done["n"] + done["total"])

    return run


@dataclass
class Held:
    """The state of pydantic-graph."""

    n: int = 0


def pydantic_graph(row: str, size: int) -> Callable[[], Awaitable[int]]:
    """Write a workload with `GraphBuilder`."""
    library = import_module("pydantic_graph")
    g: Any = library.GraphBuilder(state_type=Held, output_type=object)

    async def step(ctx: Any) -> None:
        ctx.state.n += 1

    async def turn(ctx: Any) -> Literal["again", "enough"]:
        ctx.state.n += 1
        return "again" if ctx.state.n < size else "enough"

    async def spread(_ctx: Any) -> list[int]:
        return [1] * size

    async def branch(ctx: Any) -> int:
        return int(ctx.inputs)

    async def keep(ctx: Any) -> None:
        ctx.state.n = ctx.inputs

    match row:
        case "chain":
            steps = [g.step(step, node_id=f"n{number}") for number in range(size)]
            for source, target in zip([g.start_node, *steps], [*steps, g.end_node], strict=True):
                g.add_edge(source, target)
        case "loop":
            only = g.step(turn, node_id="step")
            again = library.TypeExpression[Literal["again"]]
            enough = library.TypeExpression[Literal["enough"]]
            choice = g.decision().branch(g.match(again).to(only))
            choice = choice.branch(g.match(enough).to(g.end_node))
            g.add(g.edge_from(g.start_node).to(only), g.edge_from(only).to(choice))
        case _:
            first, each, last = g.step(spread), g.step(branch), g.step(keep)
            join = g.join(library.reduce_sum, initial=0)
            g.add(
                g.edge_from(g.start_node).to(first),
                g.edge_from(first).map().to(each),
                g.edge_from(each).to(join),
                g.edge_from(join).to(last),
                g.edge_from(last).to(g.end_node),
            )
    graph: Any = g.build()

    async def run() -> int:
        state = Held()
        await graph.run(state=state)
        return state.n

    return run


def burr(row: str, size: int) -> Callable[[], Awaitable[int]]:
    """Write a workload with `ApplicationBuilder`; one application a run, over one graph."""
    core = import_module("burr.core")
    graphs = import_module("burr.core.graph")

    async def increment(state: Any) -> Any:
        return state.update(n=state["n"] + 1)

    async def unchanged(state: Any) -> Any:
        return state

    step: Any = core.action(reads=["n"], writes=["n"])(increment)
    stop: Any = core.action(reads=["n"], writes=[])(unchanged)
    built: Any = graphs.GraphBuilder()
    if row == "chain":
        names = [f"n{number}" for number in range(size)]
        built = built.with_actions(**dict.fromkeys(names, step))
        built = built.with_transitions(*pairwise(names))
        first, last = names[0], names[-1]
    else:
        more = core.Condition.lmda(lambda state: state["n"] < size, ["n"])
        built = built.with_actions(step=step, stop=stop)
        built = built.with_transitions(("step", "step", more), ("step", "stop"))
        first, last = "step", "stop"
    graph: Any = built.build()

    async def run() -> int:
        app = core.ApplicationBuilder().with_graph(graph).with_entrypoint(first).with_state(n=0)
        _, _, state = await app.build().arun(halt_after=[last])
        return int(state["n"])

    return run


class Model:
    """What a machine of transitions moves, and what its callbacks change."""

    trigger: Any

    def __init__(self, steps: int) -> None:
        """Begin at nothing."""
        self.n = 0
        self.steps = steps

    async def step(self) -> None:
        """Do the work of a node."""
        self.n += 1

    def again(self) -> bool:
        """Say whether another step follows this one."""
        return self.n < self.steps - 1


def transitions(row: str, size: int) -> Callable[[], Awaitable[int]]:
    """Write a workload with `AsyncMachine`; the user's code awaits each trigger."""
    library = import_module("transitions.extensions.asyncio")
    names = [f"n{number}" for number in range(size + 1 if row == "chain" else 2)]
    machine: Any = library.AsyncMachine(model=None, states=names, initial="n0")
    if row == "chain":
        for source, target in pairwise(names):
            machine.add_transition("go", source, target, after="step")
    else:
        machine.add_transition("go", "n0", "n0", after="step", conditions="again")
        machine.add_transition("go", "n0", "n1", after="step")

    async def run() -> int:
        model = Model(size)
        machine.add_model(model)
        for _ in range(size):
            await model.trigger("go")
        machine.remove_model(model)
        return model.n

    return run


def making(write: Callable[[str, int], Callable[[], Awaitable[int]]], rows: str) -> dict[str, Make]:
    """Bind a way of writing workloads to each of these rows."""

    def bound(row: str) -> Make:
        return lambda size: write(row, size)

    return {row: bound(row) for row in rows.split()}


PEERS: Final = (
    Peer("langgraph", "StateGraph", making(langgraph, "chain loop fork")),
    Peer("pydantic-graph", "GraphBuilder", making(pydantic_graph, "chain loop fork")),
    Peer("apache-burr", "Application", making(burr, "chain loop")),
    Peer("transitions", "AsyncMachine", making(transitions, "chain loop")),
)
FLOORS: Final = {"chain": floors.chain, "loop": floors.loop, "fork": floors.fork}


async def measured(peer: Peer, row: str) -> tuple[float, float]:
    """Give the microseconds of a step, and how many times the floor that is."""
    size = SIZES[row]
    run = peer.makes[row](size)
    loop = FLOORS[row]

    async def floor() -> int:
        return await loop(size)

    turns = await alternate(
        Stopwatch(Work(run, size, size)), Stopwatch(Work(floor, size, size)), turns=TURNS
    )
    figure = against_floor(row, turns)
    return figure.value, figure.ratio or 0.0


def here() -> Iterator[list[str]]:
    """Measure each library that is installed here: its name, version, and a cell for each row."""
    for peer in PEERS:
        try:
            release = version(peer.package)
        except PackageNotFoundError:
            continue
        cells: list[str] = []
        for row in SIZES:
            if row in peer.makes:
                micros, ratio = asyncio.run(measured(peer, row))
                cells.append(f"{number(micros)} ({number(ratio)}x)")
            else:
                cells.append("none")
        yield [f"{peer.package} ({peer.style})", release, *cells]


def compare(pythons: Sequence[str]) -> str:
    """Let each of these interpreters measure what it has, and make one table of it."""
    rows: list[list[str]] = [["library", "version", *(f"{row}, µs" for row in SIZES)]]
    for python in pythons:
        done = subprocess.run(
            [python, "-m", "benchmarks.peers"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
        )
        if done.returncode == MISSING:
            print(f"{python} has none of {', '.join(peer.package for peer in PEERS)}")
            continue
        done.check_returncode()
        rows += [json.loads(line) for line in done.stdout.splitlines()]
    return aligned(rows)


if __name__ == "__main__":
    found = 0
    for cells_of_peer in here():
        found += 1
        print(json.dumps(cells_of_peer), flush=True)
    sys.exit(0 if found else MISSING)
