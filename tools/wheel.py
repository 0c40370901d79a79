"""What a built wheel must hold, and nothing besides: `python -m tools.wheel PATH`."""

import sys
import zipfile
from pathlib import Path

NEEDED = ("agentgraph/__init__.py", "agentgraph/py.typed")


def faults(names: list[str]) -> list[str]:
    """Say what is missing in the wheel and what does not belong there."""
    missing = [f"{name} is missing" for name in NEEDED if name not in names]
    tops = {name.split("/")[0] for name in names}
    foreign = [
        f"{top} does not belong there"
        for top in sorted(tops)
        if top != "agentgraph" and not top.endswith(".dist-info")
    ]
    return missing + foreign


def main(arguments: list[str]) -> int:
    """Look into the wheel at the path that was given."""
    if len(arguments) != 1:
        print("usage: python -m tools.wheel PATH", file=sys.stderr)
        return 2
    path = Path(arguments[0])
    with zipfile.ZipFile(path) as wheel:
        names = wheel.namelist()
    found = faults(names)
    print(f"{path.name}: {len(names)} files, {path.stat().st_size / 1000:.0f} kB")
    for fault in found:
        print(fault, file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
