"""Draws the gallery: `python -m tools.gallery [--check]`.

Each workflow of examples/*.py and each graph of `tools.gallery_graphs` becomes one SVG in
docs/gallery; the index there shows them all. With `--check` nothing is written: it exits 1
when a picture is missing, is left over, or is not what its code draws.
"""

import importlib.util
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from agentgraph.errors import InvalidGraph
from agentgraph.graph import FrozenGraph
from agentgraph.render import to_svg
from agentgraph.render.failing import marks_of
from tools.gallery_graphs import plates

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "examples"
GALLERY = ROOT / "docs" / "gallery"
HEAD = """# Gallery

What agentgraph draws, without a browser, a service or a network. Each picture is drawn by the
code of this project (`python -m tools.gallery`), has the same bytes on every machine, follows
the theme of whoever looks at it, tells each node and edge to a screen reader, and says in a
tooltip what a node is for, and which fields of the state it reads and writes.
"""


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


def examples(folder: Path = EXAMPLES) -> Iterator[tuple[str, str, str]]:
    """Draw every workflow of every example: the name of its file, what it is, and its text."""
    for path in sorted(folder.glob("[!_]*.py")):
        module = load(path)
        graphs = graphs_in(module)
        for name, graph in graphs.items():
            suffix = "" if len(graphs) == 1 else f"-{re.sub('[^a-z0-9_]', '-', name.lower())}"
            first = (module.__doc__ or "").partition("\n")[0].rstrip(".")
            says = f"{first} (the workflow `{graph.name}` of `examples/{path.name}`)"
            yield f"{path.stem}{suffix}.svg", says, to_svg(graph)


def failures(folder: Path = EXAMPLES / "faulty") -> Iterator[tuple[str, str, str]]:
    """Draw the path of the first finding of each workflow that is refused."""
    for path in sorted(folder.glob("*.py")):
        try:
            load(path)
        except InvalidGraph as error:
            finding = error.findings[0]
            marks = marks_of(finding, error.report.graphs)
            says = f"refused with {finding.code} (`examples/faulty/{path.name}`)"
            text = to_svg(error.report.graphs[0][1], marks=marks)
            yield f"faulty_{path.stem}.svg", says, text


def counted() -> tuple[str, str, str]:
    """Draw what the first command of the README draws: the example run on all its tickets."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "support.svg"
        told = ["run", "examples/support_desk.py", "--input", "examples/tickets.jsonl"]
        command = [sys.executable, "-m", "agentgraph", *told, "--svg", str(target)]
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
        text = target.read_text("utf-8")
    return "support.svg", "the support desk after a hundred tickets: how often what was taken", text


def drawn() -> dict[str, str]:
    """Draw everything: the text of each file of the gallery, the index last."""
    plated = [(f"{one.name}.svg", one.says, to_svg(one.graph, **one.options)) for one in plates()]
    all_of_it = [*examples(), counted(), *plated, *failures()]
    index = [
        f"\n## {says[0].upper()}{says[1:]}\n\n![{name}]({name})\n" for name, says, _ in all_of_it
    ]
    return {name: text for name, _, text in all_of_it} | {"README.md": HEAD + "".join(index)}


def differing(files: dict[str, str]) -> list[str]:
    """Name the files that are not those that the code would write, or that nothing writes."""
    stored = {path.name: path.read_text("utf-8") for path in GALLERY.glob("*.*")}
    return sorted(name for name in files | stored if stored.get(name) != files.get(name))


def main(arguments: list[str]) -> int:
    """Draw them all, or look whether they are what would be drawn."""
    if arguments not in ([], ["--check"]):
        print("usage: python -m tools.gallery [--check]", file=sys.stderr)
        return 2
    files = drawn()
    changed = differing(files)
    if arguments:
        print(
            "\n".join(f"differs: {name}" for name in changed)
            or f"{len(files)} files are up to date"
        )
        return 1 if changed else 0
    GALLERY.mkdir(parents=True, exist_ok=True)
    for name in changed:
        if name in files:
            (GALLERY / name).write_text(files[name], encoding="utf-8", newline="\n")
        else:
            (GALLERY / name).unlink()
        print(name)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
