"""Draws the workflows of the examples: `python -m tools.gallery [--check]`.

Each workflow of examples/*.py becomes one SVG in docs/pictures, named after the file and,
where a file has several, after the workflow; each one of examples/faulty, which is refused, becomes
one that shows why. With `--check` nothing is written: it exits 1
when a picture is missing or is not what its code draws. Other files there are left alone.
"""

import importlib.util
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from agentgraph.errors import InvalidGraph
from agentgraph.graph import FrozenGraph
from agentgraph.render import to_svg
from agentgraph.render.failing import marks_of

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
PICTURES = ROOT / "docs" / "pictures"


def load(path: Path) -> ModuleType:
    """Import an example from its path, without a package around it."""
    spec = importlib.util.spec_from_file_location(f"gallery_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # Annotations and dataclasses look their module up by its name.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def graphs_in(module: ModuleType) -> dict[str, FrozenGraph]:
    """Find the graphs of the workflows that a module holds, in its order, each once."""
    found: dict[str, FrozenGraph] = {}
    for name, value in vars(module).items():
        graph = getattr(value, "graph", None)
        known = any(graph is other for other in found.values())
        if isinstance(graph, FrozenGraph) and not known and not name.startswith("_"):
            found[name] = graph
    return found


def pictures(folder: Path = EXAMPLES) -> Iterator[tuple[str, str]]:
    """Draw every workflow of every example: the name of its file, and its text."""
    for path in sorted(folder.glob("[!_]*.py")):
        graphs = graphs_in(load(path))
        for name, graph in graphs.items():
            suffix = "" if len(graphs) == 1 else f"-{re.sub('[^a-z0-9_]', '-', name.lower())}"
            yield f"{path.stem}{suffix}.svg", to_svg(graph)


def failures(folder: Path = EXAMPLES / "faulty") -> Iterator[tuple[str, str]]:
    """Draw the path of the first finding of each workflow that is refused."""
    for path in sorted(folder.glob("*.py")):
        try:
            load(path)
        except InvalidGraph as error:
            marks = marks_of(error.findings[0], error.report.graphs)
            yield f"faulty_{path.stem}.svg", to_svg(error.report.graphs[0][1], marks=marks)


def differing(drawn: dict[str, str]) -> list[str]:
    """Name the pictures that are not those that the code would draw."""
    paths = {name: PICTURES / name for name in drawn}
    stored = {name: path.read_text("utf-8") for name, path in paths.items() if path.exists()}
    return [name for name, text in drawn.items() if stored.get(name) != text]


def main(arguments: list[str]) -> int:
    """Draw them all, or look whether they are what would be drawn."""
    if arguments not in ([], ["--check"]):
        print("usage: python -m tools.gallery [--check]", file=sys.stderr)
        return 2
    drawn = dict([*pictures(), *failures()])
    changed = differing(drawn)
    if arguments:
        print(
            "\n".join(f"differs: {name}" for name in changed)
            or f"{len(drawn)} pictures are up to date"
        )
        return 1 if changed else 0
    PICTURES.mkdir(parents=True, exist_ok=True)
    for name in changed:
        (PICTURES / name).write_text(drawn[name], encoding="utf-8", newline="\n")
        print(name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
