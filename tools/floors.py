"""The least coverage that errors, graph and machine must have: `python -m tools.floors`.

It reads the figures that `pytest --cov` left in `.coverage`, and the floors from
`[tool.agentgraph.floors]` in pyproject.toml. Elsewhere coverage is reported, not demanded.
"""

import sys
import tomllib
from pathlib import Path

import coverage
from coverage.exceptions import NoDataError

ROOT = Path(__file__).resolve().parent.parent


def floors() -> dict[str, float]:
    """Read which files need how many per cent."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return settings["tool"]["agentgraph"]["floors"]


def below(measured: coverage.Coverage, pattern: str, floor: float) -> bool:
    """Say whether the files of `pattern` stay below their floor, and print their figures."""
    print(f"\n{pattern}: at least {floor:g} %")
    return measured.report(include=[pattern], show_missing=True, skip_covered=True) < floor


def main() -> int:
    """Print the figures of the whole package, then those that have a floor."""
    measured = coverage.Coverage(config_file=str(ROOT / "pyproject.toml"))
    measured.load()
    try:
        measured.report()
        low = [name for name, floor in floors().items() if below(measured, name, floor)]
    except NoDataError as error:
        print(f"{error} Run `pytest --cov` first.")
        return 1
    if low:
        print(f"\nbelow the floor: {', '.join(low)}")
    return 1 if low else 0


if __name__ == "__main__":
    sys.exit(main())
