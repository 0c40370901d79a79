"""How findings name things and what they advise to type; only what is undecided is made here."""

from collections.abc import Sequence

from agentgraph.errors import Finding, Place
from agentgraph.graph import END, START, FrozenGraph, Vertex

_SHOWN = 4


def at(vertex: Vertex) -> str:
    """Name a vertex by its kind."""
    return vertex.name if vertex.name in {START, END} else f"{vertex.kind} {vertex.name!r}"


def quoted(name: str) -> str:
    """Write a name as messages do: START and END bare, all others in quotes."""
    return name if name in {START, END} else repr(name)


def listed(names: Sequence[str], last: str = "and") -> str:
    """Write names as a sentence would: 'a', 'b' and 'c'; long lists are cut."""
    return joined([quoted(name) for name in names], last)


def joined(words: Sequence[str], last: str = "and", *, rest: str = "others") -> str:
    """Join words as a sentence would; of a long list `rest` are only counted."""
    if len(words) > _SHOWN:
        words = [*words[: _SHOWN - 1], f"{len(words) - _SHOWN + 1} {rest}"]
    return f" {last} ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]


def counted(number: int, noun: str) -> str:
    """Write a number with its noun, in the plural where it is due."""
    plural = f"{noun}es" if noun.endswith("ch") else f"{noun}s".replace("vertexs", "vertices")
    return f"{number:,} {noun if number == 1 else plural}"


def add_edge(source: str, target: str) -> str:
    """Write the line that adds an edge with the builder."""
    return f"`g.add_edge({source}, {target})`"


def add_join(sources: Sequence[str], target: str) -> str:
    """Write the line that adds a join with the builder."""
    return f"`g.add_join([{', '.join(sources)}], {target})`"


def join_name(graph: FrozenGraph, name: str) -> str:
    """Name a join by what it waits for, since its own name is seldom the user's."""
    ways = [edge.source for edge in graph.ins[name]]
    after = [edge.target for edge in graph.outs[name]]
    before = f" before {quoted(after[0])}" if after else ""
    return f"the join of {listed(ways)}{before}" if ways else f"the join {name!r}"


def undecided(what: str, where: str, place: Place | None) -> Finding:
    """Say that something beside the soundness of a graph could not be decided."""
    what = f"whether {what} is not decided: there are too many ways"
    fix = "cut it smaller: put parts of it into workflows of their own and use them with `as_node`"
    return Finding("AG309", what, where, fix, place, severity="warning")
