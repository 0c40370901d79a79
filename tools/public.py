"""The committed list of public names: `python -m tools.public` writes it anew.

A name that comes or goes then shows in the diff, where somebody looks at it.
"""

import sys
from pathlib import Path

LIST = Path(__file__).resolve().parent.parent / "tests" / "public_names.txt"


def committed() -> list[str]:
    """Read the names that were agreed on."""
    return LIST.read_text(encoding="utf-8").splitlines()


def main() -> int:
    """Write the names that the package has now."""
    import agentgraph  # noqa: PLC0415 - the tests read the list before there is a package to ask

    LIST.write_text("".join(f"{name}\n" for name in agentgraph.__all__), encoding="utf-8")
    print(f"{LIST}: {len(agentgraph.__all__)} names")
    return 0


if __name__ == "__main__":
    sys.exit(main())
