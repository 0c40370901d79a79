"""Whether a file is a well-formed SVG: `python -m tools.drawing PATH`.

It runs before anything is installed: the standard library only.
"""

import sys
from pathlib import Path
from xml.etree import ElementTree as ET


def fault(path: Path) -> str | None:
    """Say what is wrong with the drawing, or return None."""
    try:
        # Our own file, written a moment ago: nothing in it is hostile.
        root = ET.parse(path).getroot()  # noqa: S314
    except (OSError, ET.ParseError) as error:
        return f"{path}: {error}"
    return None if root.tag.endswith("}svg") else f"{path}: the root is {root.tag!r}, not an svg"


def main(arguments: list[str]) -> int:
    """Look at the file at the path that was given."""
    if len(arguments) != 1:
        print("usage: python -m tools.drawing PATH", file=sys.stderr)
        return 2
    found = fault(Path(arguments[0]))
    if found is not None:
        print(found, file=sys.stderr)
    return 0 if found is None else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
