"""Writes the texts of the rules that `agentgraph check --format sarif` tells: `python -m tools.rules`.

They are taken out of docs/errors.md, a section for each code, since an installed package has no
docs. A test holds the file to the page.
"""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "errors.md"
RULES = ROOT / "agentgraph" / "cli" / "rules.json"
_SECTION = re.compile(r"^## (AG\d{3}): (.+?)$\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def rules(page: str) -> dict[str, dict[str, object]]:
    """Take each section apart: its title, its first paragraph, and the whole of it, as SARIF has it."""
    found: dict[str, dict[str, object]] = {}
    for code, title, body in _SECTION.findall(page):
        first = body.strip().partition("\n\n")[0]
        text = " ".join(first.split())
        found[code] = {
            "id": code,
            "shortDescription": {"text": title},
            "fullDescription": {"text": text},
            "help": {"text": text, "markdown": body.strip()},
            "properties": {"tags": ["agentgraph", f"AG{code[2]}xx"]},
        }
    return found


def text() -> str:
    """Write the file as the page says it should be."""
    whole = rules(PAGE.read_text(encoding="utf-8"))
    return json.dumps(whole, indent=1, ensure_ascii=False) + "\n"


def main(arguments: list[str]) -> int:
    """Write the file."""
    if arguments:
        print("usage: python -m tools.rules", file=sys.stderr)
        return 2
    RULES.write_text(text(), encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
