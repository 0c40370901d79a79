"""Which dot of a sketch each handle of the builder stands for; no edge is drawn here."""

from collections.abc import Hashable
from typing import NamedTuple, TypeGuard, cast

from pydantic import BaseModel

from agentgraph.errors import InvalidFlow, nearest
from agentgraph.workflow.agents import agent_work, mention_of
from agentgraph.workflow.drawing import Pen
from agentgraph.workflow.flow import NEXT, End, Flow, Node, Start, Unfinished, undo_of
from agentgraph.workflow.places import Spot, line_of
from agentgraph.workflow.signature import Signature, signature_of
from agentgraph.workflow.sketch import END, START, Exit, Sketch
from agentgraph.workflow.tree import Mention, Tree, key_of
from agentgraph.workflow.work import NOTHING, Options, Work, identity

_NAMED = "name what an edge touches by its function, or by the handle that `add_node` returned"


class Placed(NamedTuple):
    """Where a whole flow stands: its first dot, its open ends, all its dots."""

    entry: int
    exits: list[Exit]
    dots: range


class Handles:
    """The nodes of one builder, by the objects that stand for them."""

    def __init__(self) -> None:
        """Begin with START and END alone."""
        self.sketch: Sketch = Sketch()
        self._placed: dict[Hashable, int | Placed] = {}
        self._kept: list[Tree] = []
        """Flows are known by their address, so they must not go away."""
        self._names: set[str] = set()
        self._signatures: dict[Hashable, Signature] = {}

    def add(
        self, fn: object, name: str | None, options: Options, undo: object, spot: Spot | None
    ) -> Mention:
        """Add a node of its own and return what stands for it."""
        if name is not None and name in self._names:
            what = f"there is a node {name!r} already"
            where = f"add_node ({line_of(spot)})"
            raise InvalidFlow(what, where=where, fix="give each node a name of its own")
        key: Hashable = object() if name is not None else _key(fn)
        if key in self._placed:
            what = f"{_shown(fn)} is in the graph already"
            fix = 'to run it in two places give this one a name: `add_node(fn, name="again")`'
            raise InvalidFlow(what, where=f"add_node ({line_of(spot)})", fix=fix)
        work = self._work(fn, name, options, spot)
        if undo is not None:
            work = work.undone(undo_of(undo))
        if name is not None:
            self._names.add(name)
        mention = Mention(work, key)
        self._put(mention, spot)
        return mention

    def entry(self, handle: object, spot: Spot | None) -> int:
        """Return the dot where a handle begins; a function that is new adds itself."""
        if isinstance(handle, End):
            if handle is NEXT:
                what = "NEXT stands for what follows in a flow, and in the builder nothing does"
                where = line_of(spot)
                raise InvalidFlow(what, where=where, fix="name the node that comes next, or END")
            return END
        if isinstance(handle, Start):
            return START
        found = self.find(handle, spot)
        return found if isinstance(found, int) else found.entry

    def exits(self, handle: object, spot: Spot | None) -> list[Exit]:
        """Return the open ends of a handle; a function that is new adds itself."""
        if isinstance(handle, Start | End):
            return [Exit(self.entry(handle, spot))]
        found = self.find(handle, spot)
        if isinstance(found, int):
            return [Exit(found)]
        if not found.exits:
            what = f"every end of {_shown(handle)} is closed, so nothing can follow"
            fix = "lead the label that goes on to NEXT instead of END, or remove this edge"
            raise InvalidFlow(what, where=line_of(spot), fix=fix)
        return found.exits

    def find(self, handle: object, spot: Spot | None) -> int | Placed:
        """Return the dot of a handle, or where the flow stands that it is."""
        found = self._placed.get(_key(handle))
        return self._add(handle, spot) if found is None else found

    def lead(self, handle: object, target: int, spot: Spot | None) -> None:
        """Lead the open ends of a handle to a dot."""
        found = START if isinstance(handle, Start) else self._placed.get(_key(handle))
        if isinstance(found, int):
            self.sketch.ways.append((found, target, None, False, spot))
        else:
            self.sketch.connect(self.exits(handle, spot), target, spot)

    def dots(self, handle: object, spot: Spot | None) -> range:
        """Return all dots that a handle stands for."""
        found = self.find(handle, spot)
        return range(found, found + 1) if isinstance(found, int) else found.dots

    def _add(self, handle: object, spot: Spot | None) -> int | Placed:
        key = _key(handle)
        if _is_composite(handle):
            return self._draw(handle, key, spot)
        return self._put(Mention(self._work(handle, None, NOTHING, spot), key), spot)

    def _work(self, fn: object, name: str | None, options: Options, spot: Spot | None) -> Work:
        if isinstance(fn, Node):
            work = mention_of(cast("Node[BaseModel]", fn).tree).work.told(options)
            return work if name is None else work.named(name)
        if isinstance(fn, Unfinished):
            raise InvalidFlow(f"{fn!r} is no node", where=line_of(spot), fix=fn.advice)
        if isinstance(fn, str):
            raise self._text(fn, spot)
        if isinstance(fn, Flow) or not callable(fn):
            raise InvalidFlow(f"{fn!r} is no node", where=line_of(spot), fix=_NAMED)
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
        return InvalidFlow(f"{name!r} is no node but a text", where=line_of(spot), fix=fix)

    def _put(self, mention: Mention, spot: Spot | None) -> int:
        dot = self._placed[mention.key] = self.sketch.add(None, mention.work, spot)
        return dot

    def _draw(self, flow: Flow[BaseModel], key: Hashable, spot: Spot | None) -> Placed:
        """Add a whole flow; it is one handle, entered at its beginning and left at its open ends."""
        first = len(self.sketch.dots)
        exits = Pen(self.sketch).draw(flow.tree, [], spot)
        placed = Placed(first, exits, range(first, len(self.sketch.dots)))
        self._placed[key] = placed
        self._kept.append(flow.tree)
        return placed


def _is_composite(handle: object) -> TypeGuard[Flow[BaseModel]]:
    return isinstance(handle, Flow) and not isinstance(handle, Node)


def _key(handle: object) -> Hashable:
    if isinstance(handle, Flow):
        return key_of(cast("Flow[BaseModel]", handle).tree)
    return identity(handle)


def _shown(handle: object) -> str:
    return repr(getattr(handle, "__name__", handle))
