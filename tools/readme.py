"""The two command lines that the README promises, taken out of it: `python -m tools.readme run`.

`.ci/run` runs what this prints, so the README cannot promise something else. It runs
before anything is installed: the standard library only.
"""

import re
import sys
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"

# How each of the lines begins; what follows is the README's own business.
BEGINS = {"run": "pip install . && ", "test": "pip install -e '.[dev]' && "}

_FENCED = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)


def command(name: str, text: str) -> str:
    """Find the one line in the fenced blocks of `text` that is the command `name`."""
    lines = [line.strip() for block in _FENCED.findall(text) for line in block.splitlines()]
    found = {line for line in lines if line.startswith(BEGINS[name])}
    if len(found) != 1:
        message = (
            f"README.md has {len(found)} different lines in fenced blocks that begin with "
            f"{BEGINS[name]!r}, where there must be exactly one."
        )
        raise LookupError(message)
    return found.pop()


def main(arguments: list[str]) -> int:
    """Print the command line that was asked for."""
    if len(arguments) != 1 or arguments[0] not in BEGINS:
        print(f"usage: python -m tools.readme {'|'.join(BEGINS)}", file=sys.stderr)
        return 2
    try:
        print(command(arguments[0], README.read_text(encoding="utf-8")))
    except (OSError, LookupError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
