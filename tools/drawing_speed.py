"""How long drawing takes, beside its bars: `python -m tools.drawing_speed [--large]`.

CPU seconds, the best of some tries; those of a program that is started count as well.
"""

import resource
import sys
import time
from collections.abc import Callable

from agentgraph.graph import FrozenGraph
from agentgraph.render import to_svg
from tests.render.test_gallery import pipeline
from tools.gallery import EXAMPLES, graphs_in, load


def cpu_s(work: Callable[[], object], tries: int) -> float:
    """Return the least CPU time of some tries, with that of the programs they start."""
    least = float("inf")
    for _ in range(tries):
        before = _used_s()
        work()
        least = min(least, _used_s() - before)
    return least


def _used_s() -> float:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def row(what: str, graph: FrozenGraph, engine: str, bar_s: float, tries: int) -> str:
    """Measure one line of the table."""
    took = cpu_s(lambda: to_svg(graph, engine=engine), tries)  # type: ignore[arg-type]  # a name of an engine
    return f"{what:<16} {engine:<8} {took * 1000:8.0f} ms   bar {bar_s * 1000:6.0f} ms"


def main(arguments: list[str]) -> int:
    """Print the table."""
    desk = next(iter(graphs_in(load(EXAMPLES / "support_desk.py")).values()))
    print(row("support desk", desk, "bundled", 0.06, 20))
    print(row("support desk", desk, "builtin", 0.01, 20))
    print(row("1,000 nodes", pipeline(1000), "bundled", 2.0, 3))
    print(row("1,000 nodes", pipeline(1000), "builtin", 0.5, 3))
    if "--large" in arguments:
        print(row("10,000 nodes", pipeline(10_000), "builtin", 5.0, 1))
        print(
            f"memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB, bar 300 MB"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
