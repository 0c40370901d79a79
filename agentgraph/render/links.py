"""Where a node of a picture leads to: an address for the source of a vertex, from a template."""

from urllib.parse import quote, urlsplit

from agentgraph.errors import NotAvailable
from agentgraph.graph import Vertex
from agentgraph.render.lettering import shown

SCHEMES = ("", "http", "https", "file", "vscode", "vscode-insiders", "idea", "pycharm")
"""What a link may begin with: nothing that runs in the page, and "" for one beside the picture."""
_ASKED = ("file", "line", "agent", "name")


def link_of(vertex: Vertex | None, template: str) -> str | None:
    """Fill `{file}`, `{line}`, `{agent}` and `{name}` in; None when a vertex has not what is asked.

    Raises `NotAvailable` for a template that asks for something else, or that would run code.
    """
    place = vertex.place if vertex else None
    values = {"name": vertex.name, "agent": vertex.agent} if vertex else {}
    values |= {"file": place.file, "line": str(place.line)} if place else {}
    filled = {name: quote(shown(values.get(name, "")), safe="/") for name in _ASKED}
    try:
        address = template.format_map(filled)
    except (KeyError, ValueError, IndexError, AttributeError) as error:
        raise _refused(template) from error
    if urlsplit(template.partition("{")[0]).scheme not in SCHEMES:
        raise _refused(template)
    is_known = all(filled[name] for name in _ASKED if f"{{{name}}}" in template)
    return address if is_known and urlsplit(address).scheme in SCHEMES else None


def _refused(template: str) -> NotAvailable:
    what = f"no link can be made of {template!r}"
    fix = (
        "use {file}, {line}, {agent} and {name}, and an address such as vscode://file{file}:{line}"
    )
    return NotAvailable(what, where="the argument href", fix=fix)
