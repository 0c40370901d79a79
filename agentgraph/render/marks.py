"""What a picture shows besides its graph: a failing path, what changed; not how it looks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from agentgraph.render.palette import LOOKS

Key = tuple[str, str, str | None]
"""Source path, target path, and label: `unsure`, `then` and `catch` for edges of these kinds."""
Sign = Literal["path", "fault", "waits", "added", "removed", "changed", "unseen"]
SIGNS: Final[dict[Sign, str]] = LOOKS["marks"]


@dataclass(frozen=True, slots=True)
class Mark:
    """What is to be seen of one vertex or edge: a sign, and a word on its badge."""

    sign: Sign
    note: str = ""


UNSEEN: Final = Mark("unseen")


@dataclass(frozen=True, slots=True)
class Marks:
    """Marks by the path of a vertex and by the key of an edge; what has none is faded.

    `rest` says in the legend what the faded parts are.
    """

    vertices: Mapping[str, Mark] = field(default_factory=dict[str, Mark])
    edges: Mapping[Key, Mark] = field(default_factory=dict[Key, Mark])
    rest: str = "all else"

    def vertex(self, path: str) -> Mark:
        """Return the mark of a vertex."""
        return self.vertices.get(path, UNSEEN)

    def edge(self, key: Key) -> Mark:
        """Return the mark of an edge."""
        return self.edges.get(key, UNSEEN)
