"""Compares the verdicts of `verify` with every run of the machine, on as many graphs as one likes.

    python -m tools.verdicts 0 10000

says for the random graphs with these seeds how often both agree, and which seeds differ.

    python -m tools.verdicts mutants 1000

says of the mutants of so many sound graphs how many are refused, without any test of a user.

    python -m tools.verdicts sound 1000

says of so many sound graphs, with subgraphs and lists of items, of which ones anything is told.

    python -m tools.verdicts planted 1000 20

plants faults in so many sound graphs of 20 nodes, and says what is not told, or told besides.

    python -m tools.verdicts replays 0 1000

spoils the random graphs with these seeds once more, and says which findings do not occur.
"""

import sys

from tests.testing.test_replay import unshown
from tests.verify.test_all_faults import wrong
from tests.verify.test_verdicts import killed, refused, tally


def main() -> int:
    """Print the counts; a difference is an exit code of 1."""
    if sys.argv[1:2] == ["mutants"]:
        for name, counts in killed(0, int((*sys.argv[2:], "1000")[0])).items():
            share = counts[True] / max(counts.total(), 1)
            print(f"{name:<12} {counts[True]:>6} of {counts.total():>6} refused  {share:.1%}")
        return 0
    if sys.argv[1:2] == ["sound"]:
        told = refused(0, int((*sys.argv[2:], "1000")[0]))
        print(f"{len(told)} of them have a finding: {told[:20]}")
        return int(bool(told))
    if sys.argv[1:2] == ["planted"]:
        count, size = (int(word) for word in (*sys.argv[2:], "1000", "20")[:2])
        lines = [line for seed in range(count) for line in wrong(seed, size)]
        print("\n".join([*lines, f"{len(lines)} of {count} graphs differ"]))
        return int(bool(lines))
    if sys.argv[1:2] == ["replays"]:
        first, last = (int(word) for word in (*sys.argv[2:], "0", "1000")[:2])
        count, lines = unshown(first, last)
        print("\n".join([*lines, f"{len(lines)} of {count} findings do not occur"]))
        return int(bool(lines))
    first, last = (int(word) for word in (*sys.argv[1:], "0", "10000")[:2])
    found = tally(first, last)
    for words, count in sorted(found.items()):
        print(f"{count:>7}  {words}")
    return int(any(words.startswith("differs") for words in found))


if __name__ == "__main__":
    raise SystemExit(main())
