"""Writes the golden files anew: `python -m tests.golden.update`. Read what has changed before you commit it."""

from pathlib import Path

from agentgraph.render import to_svg
from tests.golden.built import PROGRAMS
from tests.golden.runs import STORIES, tell

FILES = Path(__file__).parent / "files"


def produced() -> dict[str, str]:
    """Return the text of every golden file by its name."""
    found: dict[str, str] = {}
    for name, made in PROGRAMS.items():
        found[f"{name}.svg"] = to_svg(made.graph, engine="bundled")
        found[f"{name}.mmd"] = made.to_mermaid()
        told = [tell(story) for story in STORIES if story.workflow is made]
        bound = made.verify().runs_at_most
        head = f"workflow {made.name}: node runs at most {bound or 'unknown before its list is'}"
        parts = [f"{each.title}\n{each.text}" for each in told]
        found[f"{name}.txt"] = "\n\n".join([head, *parts]) + "\n"
    return found


def main() -> None:
    """Write the files, and remove those that nothing gives any more."""
    texts = produced()
    FILES.mkdir(exist_ok=True)
    for path in FILES.iterdir():
        if path.name not in texts:
            path.unlink()
    for name, text in texts.items():
        (FILES / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
