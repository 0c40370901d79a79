"""Compares the machine with the second interpreter of docs/semantics.md on many random runs.

python -m tools.compare --graphs 10000 --seed 1
"""

import argparse
import sys
import time
from random import Random

from tests.machine.duel import compare, draw_events, shrink
from tests.machine.graphs import random_flow, sample


def main(words: list[str]) -> int:
    """Compare, print what differs as small examples, and return 1 when anything did."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--graphs", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--size", type=int, default=12, help="the most vertices, roughly")
    parser.add_argument("--stop", type=int, default=5, help="stop after that many differences")
    given = parser.parse_args(words)
    found = events = 0
    began = time.perf_counter()
    for number in range(given.graphs):
        random = Random(f"{given.seed}/{number}")  # noqa: S311 - no secret
        flow = random_flow(random, random.randint(1, given.size))
        order = random.choice([None, number])
        graph = sample(flow, order=order).graph
        told = draw_events(graph, random)
        events += len(told)
        if compare(graph, told) is not None:
            found += 1
            print(f"--- graph {number}\n\n{shrink(flow, order, told)}\n", flush=True)
        if found >= given.stop:
            break
    spent = time.perf_counter() - began
    print(f"{number + 1} graphs, {events} events, {found} differences, {spent:.0f} s")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
