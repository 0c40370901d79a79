"""Compares the verdicts of `verify` with every run of the machine, on as many graphs as one likes.

    python -m tools.verdicts 0 10000

says for the random graphs with these seeds how often both agree, and which seeds differ.
"""

import sys

from tests.verify.test_verdicts import tally


def main() -> int:
    """Print the counts; a difference is an exit code of 1."""
    first, last = (int(word) for word in (*sys.argv[1:], "0", "10000")[:2])
    found = tally(first, last)
    for words, count in sorted(found.items()):
        print(f"{count:>7}  {words}")
    return int(any(words.startswith("differs") for words in found))


if __name__ == "__main__":
    raise SystemExit(main())
