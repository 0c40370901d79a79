"""Which dot of a sketch each handle of the builder stands for; no edge is drawn here."""

from collections.abc import Hashable
from typing import NamedTuple, Never, cast

from agentgraph.errors import InvalidFlow, nearest
from agentgraph.workflow.agents import agent_work
from agentgraph.workflow.drawing import Pen
from agentgraph.workflow.flow import NEXT, Flow, Node, Start, Unfinished, undo_of
from agentgraph.workflow.places import Spot, invalid
from agentgraph.workflow.signature import Signature, signature_of
from agentgraph.workflow.sketch import END, START, Exit, Sketch
from agentgraph.workflow.tree import End, Mention, Tree, key_of
from agentgraph.workflow.work import NOTHING, Options, Work, identity

_NAMED = "name what an edge touches by its function, or by the handle that `add_node` returned"


class Placed(NamedTuple):
    """Where a node or a whole flow stands: its open ends, and its dots from the first to the last."""

    tree: Tree
    """Kept, since it is known by its identity."""
    exits: list[Exit]
    dots: range


class Handles:
    """The nodes of one builder, by the objects that stand for them."""

    def __init__(self) -> None:
        """Begin with START and END alone."""
        self.sketch: Sketch = Sketch()
        self._placed: dict[Hashable, Placed] = {}
        self._names: set[str] = set()
        self._signatures: dict[Hashable, Signature] = {}

    def add(
        self, fn: object, name: str | None, options: Options, undo: object, spot: Spot | None
    ) -> Mention:
        """Add a node of its own and return what stands for it."""
        if name is not None and name in self._names:
            what = f"there is a node {name!r} already"
            fix = "give each node a name of its own"
            raise invalid(what, fix, spot, "add_node")
        key: Hashable = object() if name is not None else _key(fn)
        if key in self._placed:
            what = f"{_shown(fn)} is in the graph already"
            fix = 'to run it in two places give this one a name: `add_node(fn, name="again")`'
            raise invalid(what, fix, spot, "add_node")
        work = self._work(fn, name, options, spot)
        if undo is not None:
            work = work.undone(undo_of(undo))
        if name is not None:
            self._names.add(name)
        mention = Mention(work, key)
        self._place(mention, spot)
        return mention

    def entry(self, handle: object, spot: Spot | None) -> int:
        """Return the dot where a handle begins; a function that is new adds itself."""
        if isinstance(handle, End):
            if handle is NEXT:
                what = "NEXT stands for what follows in a flow, and in the builder nothing does"
                fix = "name the node that comes next, or END"
                raise invalid(what, fix, spot)
            return END
        if isinstance(handle, Start):
            return START
        return self.find(handle, spot).dots[0]

    def exits(self, handle: object, spot: Spot | None) -> list[Exit]:
        """Return the open ends of a handle; a function that is new adds itself."""
        if isinstance(handle, Start | End):
            return [Exit(self.entry(handle, spot))]
        found = self.find(handle, spot)
        if not found.exits:
            what = f"every end of {_shown(handle)} is closed, so nothing can follow"
            fix = "lead the label that goes on to NEXT instead of END, or remove this edge"
            raise invalid(what, fix, spot)
        return found.exits

    def find(self, handle: object, spot: Spot | None) -> Placed:
        """Return where a handle stands."""
        key = _key(handle)
        found = self._placed.get(key)
        if found is None:
            tree = _tree(handle) or Mention(self._work(handle, None, NOTHING, spot), key)
            found = self._place(tree, spot)
        return found

    def _work(self, fn: object, name: str | None, options: Options, spot: Spot | None) -> Work:
        if isinstance(fn, Node):
            work = cast("Node[Never]", fn).work.told(options)
            return work if name is None else work.named(name)
        if isinstance(fn, Unfinished):
            raise invalid(f"{fn!r} is no node", fn.advice, spot)
        if isinstance(fn, str):
            raise self._text(fn, spot)
        if isinstance(fn, Flow) or not callable(fn):
            raise invalid(f"{fn!r} is no node", _NAMED, spot)
        key = identity(fn)
        signature = self._signatures.get(key)
        if signature is None:
            signature = self._signatures[key] = signature_of(fn)
        return agent_work(fn, name, options, signature)

    def _text(self, name: str, spot: Spot | None) -> InvalidFlow:
        """Say what to write instead of a name in quotes."""
        bare = name.strip("_").upper()
        known = [dot.work.name for dot in self.sketch.dots if dot.work is not None]
        near = nearest(name, known)
        if bare in {"START", "END"}:
            fix = f"write it without quotes: `from agentgraph import {bare}`"
        elif near is not None:
            fix = f"write the function, or what `add_node` returned, without quotes: `{near}`"
        else:
            fix = "edges go by the function, or by what `add_node` returned: without quotes"
        return invalid(f"{name!r} is no node but a text", fix, spot)

    def _place(self, tree: Tree, spot: Spot | None) -> Placed:
        """Add a part; it is one handle, entered at its beginning and left at its open ends."""
        first = len(self.sketch.dots)
        if isinstance(tree, Mention):  # As nearly all are, so no pen is taken up for it.
            exits = [Exit(self.sketch.add(None, tree.work, (), spot))]
        else:
            exits = Pen(self.sketch).draw(tree, [], spot)
        placed = Placed(tree, exits, range(first, len(self.sketch.dots)))
        self._placed[key_of(tree)] = placed
        return placed


def _tree(handle: object) -> Tree | None:
    return cast("Flow[Never]", handle).tree if isinstance(handle, Flow) else None


def _key(handle: object) -> Hashable:
    tree = _tree(handle)
    return identity(handle) if tree is None else key_of(tree)


def _shown(handle: object) -> str:
    return repr(getattr(handle, "__name__", handle))
