"""The JSON Schema of graphs, made from the dataclasses: `python -m tools.schema [--check]`.

It stands in agentgraph/graph/graph.schema.json, for programs in other languages. With
`--check` nothing is written: it exits 1 when the file is not what the code says.
"""

import json
import sys
from dataclasses import MISSING, fields, is_dataclass
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from agentgraph.graph import FrozenGraph
from agentgraph.graph.interchange import FORMAT

PATH = Path(__file__).resolve().parent.parent / "agentgraph" / "graph" / "graph.schema.json"
PLAIN: dict[object, str] = {
    str: "string",
    int: "integer",
    float: "number",
    bool: "boolean",
    NoneType: "null",
}


def schema() -> dict[str, Any]:
    """Describe a graph file: what each object may hold, and must."""
    kinds: dict[str, Any] = {}
    _describe(FrozenGraph, kinds)
    graph = kinds["FrozenGraph"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A workflow as `agentgraph render -o x.json` writes it",
        "description": "What holds its default is left out.",
        **graph,
        "required": ["format", *graph["required"]],
        "properties": {"format": {"const": FORMAT}, **graph["properties"]},
        "$defs": kinds,
    }


def _describe(kind: type, kinds: dict[str, Any]) -> None:
    described = kinds[kind.__name__] = {
        "type": "object",
        "additionalProperties": False,
        "required": [
            slot.name
            for slot in fields(kind)
            if slot.default is MISSING and slot.default_factory is MISSING
        ],
        "properties": {},
    }
    hints = get_type_hints(kind)
    for slot in fields(kind):
        described["properties"][slot.name] = _typed(hints[slot.name], kinds)


def _typed(hint: Any, kinds: dict[str, Any]) -> dict[str, Any]:
    options = get_args(hint)
    if get_origin(hint) in {Union, UnionType}:
        return {"anyOf": [_typed(option, kinds) for option in options]}
    if get_origin(hint) is Literal:
        return {"enum": list(options)}
    if get_origin(hint) is tuple:
        return {"type": "array", "items": _typed(options[0], kinds)}
    if is_dataclass(hint):
        assert isinstance(hint, type)
        if hint.__name__ not in kinds:
            _describe(hint, kinds)
        return {"$ref": f"#/$defs/{hint.__name__}"}
    if isinstance(hint, type) and issubclass(hint, tuple):
        return {"type": "array"}
    return {"type": PLAIN[hint]}


def text() -> str:
    """Write it, as it stands in the file."""
    return json.dumps(schema(), indent=2) + "\n"


def main(arguments: list[str]) -> int:
    """Write the file, or look whether it is what would be written."""
    if arguments == ["--check"]:
        return 0 if PATH.read_text(encoding="utf-8") == text() else 1
    PATH.write_text(text(), encoding="utf-8", newline="\n")
    print(PATH)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
