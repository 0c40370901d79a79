"""Random graphs for tests: sound ones of nested blocks, and mutants of these; no test stands here.

`random_graph(dice)` draws from anything that has `pick(n)`, a number below n: a seeded
generator where ten thousand graphs are wanted quickly, hypothesis where one should shrink.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import pairwise
from random import Random
from typing import Protocol

from hypothesis import strategies as st

from agentgraph.graph import END, START, Bound, Edge, FrozenGraph, Region, Vertex, VertexKind

BLOCKS = ("sequence", "parallel", "choice", "loop", "quorum", "catch")
TANGLES = (*BLOCKS, "crossing", "maze")
NESTED = (*TANGLES, "inside", "items")


class Dice(Protocol):
    """What a random graph is drawn from."""

    def pick(self, sides: int) -> int:
        """Give a number from 0 to `sides` - 1."""
        ...


@dataclass
class Seeded:
    """Dice that give the same numbers for the same seed."""

    seed: int

    def __post_init__(self) -> None:
        self.random = Random(self.seed)

    def pick(self, sides: int) -> int:
        return self.random.randrange(sides)


@dataclass
class Drawn:
    """Dice that hypothesis throws, so that it can shrink what they made."""

    draw: Callable[[st.SearchStrategy[int]], int]

    def pick(self, sides: int) -> int:
        return self.draw(st.integers(0, sides - 1))


@dataclass
class Block:
    """A piece of a graph: where it is entered, its open ends, and the vertices it holds."""

    entry: str
    ends: list[tuple[str, str | None]]
    members: list[str]


@dataclass
class Sketch:
    """A graph under construction, whose parts can still be changed."""

    dice: Dice
    vertices: dict[str, Vertex] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    regions: list[Region] = field(default_factory=list)

    def add(self, kind: VertexKind = "node", **parts: object) -> str:
        name = f"{kind[0]}{len(self.vertices)}"
        self.vertices[name] = replace(Vertex(name, kind), **parts)
        return name

    def choice(self, *labels: str) -> str:
        return self.add("classifier", labels=labels)

    def link(self, block: Block, target: str) -> None:
        self.edges += [Edge(source, target, label) for source, label in block.ends]

    def closed(self, block: Block) -> Block:
        """Bring alternative ends together, so that one edge leaves the block."""
        if len(block.ends) == 1 and block.ends[0][1] is None:
            return block
        merge = self.add("gateway")
        self.link(block, merge)
        return Block(block.entry, [(merge, None)], [*block.members, merge])

    def frozen(self) -> FrozenGraph:
        outer = (Vertex(START, "start"), *self.vertices.values(), Vertex(END, "end"))
        return FrozenGraph("random", outer, tuple(self.edges), tuple(self.regions))


def random_graph(dice: Dice, *, size: int = 6, kinds: tuple[str, ...] = BLOCKS) -> FrozenGraph:
    """Make a sound graph of about `size` nodes, out of blocks of these kinds."""
    return sketched(dice, size=size, kinds=kinds).frozen()


def sketched(dice: Dice, *, size: int, kinds: tuple[str, ...] = BLOCKS) -> Sketch:
    """Make the same, still to be changed."""
    sketch = Sketch(dice)
    block = _block(sketch, size, kinds)
    sketch.edges.append(Edge(START, block.entry))
    sketch.link(block, END)
    return sketch


def mutant(dice: Dice, sketch: Sketch) -> FrozenGraph:
    """Change one to three things of `sketch`: most of what comes out is not sound."""
    for _ in range(1 + dice.pick(3)):
        changes = (_flip_join, _flip_split, _drop_edge, _add_edge, _move_edge, _move_region, _shift)
        changes[dice.pick(len(changes))](sketch)
    return sketch.frozen()


@st.composite
def sound_graphs(
    draw: Callable[[st.SearchStrategy[int]], int],
    *,
    max_size: int = 12,
    kinds: tuple[str, ...] = BLOCKS,
) -> FrozenGraph:
    """Sound graphs of sequences, forks with joins, choices, bounded loops, quorums, catch flows."""
    size = draw(st.integers(1, max_size))
    return random_graph(Drawn(draw), size=size, kinds=kinds)


def _block(sketch: Sketch, size: int, kinds: tuple[str, ...]) -> Block:
    if size <= 1:
        name = sketch.add()
        return Block(name, [(name, None)], [name])
    makers = {
        "sequence": _sequence,
        "parallel": _parallel,
        "choice": _choice,
        "loop": _loop,
        "quorum": _quorum,
        "catch": _catch,
        "crossing": _crossing,
        "maze": _maze,
        "inside": _inside,
        "items": _items,
    }
    return makers[kinds[sketch.dice.pick(len(kinds))]](sketch, size, kinds)


def _parts(sketch: Sketch, size: int, kinds: tuple[str, ...], *, at_least: int = 2) -> list[Block]:
    count = at_least + sketch.dice.pick(2)
    share = max(1, size // count)
    return [_block(sketch, 1 + sketch.dice.pick(share), kinds) for _ in range(count)]


def _sequence(sketch: Sketch, size: int, kinds: tuple[str, ...]) -> Block:
    parts = _parts(sketch, size, kinds)
    for before, after in pairwise(parts):
        sketch.link(before, after.entry)
    return Block(parts[0].entry, parts[-1].ends, [m for part in parts for m in part.members])


def _parallel(sketch: Sketch, size: int, kinds: tuple[str, ...]) -> Block:
    fork = sketch.add(("gateway", "node")[sketch.dice.pick(2)])
    join = sketch.add("join")
    members = [fork, join]
    for part in _parts(sketch, size, kinds):
        closed = sketch.closed(part)
        sketch.edges.append(Edge(fork, closed.entry))
        sketch.link(closed, join)
        members += closed.members
    return Block(fork, [(join, None)], members)


def _choice(sketch: Sketch, size: int, kinds: tuple[str, ...]) -> Block:
    labels = ("x", "y", "z")
    parts = _parts(sketch, size, kinds, at_least=1)
    split = sketch.choice(*labels[: len(parts) + 1])
    ends: list[tuple[str, str | None]] = []
    members = [split]
    for label, part in zip(labels, parts, strict=False):
        sketch.edges.append(Edge(split, part.entry, label))
        ends += part.ends
        members += part.members
    return Block(split, [*ends, (split, labels[len(parts)])], members)


def _loop(sketch: Sketch, size: int, kinds: tuple[str, ...]) -> Block:
    body = _block(sketch, size - 1, kinds)
    entry, members = body.entry, list(body.members)
    if sketch.vertices[entry].bound is not None or sketch.vertices[entry].kind == "join":
        entry = sketch.add("gateway")
        sketch.edges.append(Edge(entry, body.entry))
        members.append(entry)
    split = sketch.choice("again", "done")
    sketch.link(body, split)
    sketch.edges.append(Edge(split, entry, "again"))
    ends: list[tuple[str, str | None]] = [(split, "done")]
    is_region, has_then = sketch.dice.pick(2), sketch.dice.pick(2)
    members.append(split)
    then = sketch.add() if has_then else None
    loop = f"loop{len(sketch.regions)}" if is_region else None
    bound = Bound(2, then=then, loop=loop)
    sketch.vertices[entry] = replace(sketch.vertices[entry], bound=bound)
    if loop is not None:
        sketch.regions.append(Region(loop, "loop", tuple(members)))
    if then is not None:
        ends.append((then, None))
    return Block(entry, ends, members if then is None else [*members, then])


def _quorum(sketch: Sketch, size: int, kinds: tuple[str, ...]) -> Block:
    fork = sketch.add("gateway")
    members = [fork]
    parts = [sketch.closed(part) for part in _parts(sketch, size, kinds)]
    join = sketch.add("join", need=1 + sketch.dice.pick(len(parts)))
    for part in parts:
        sketch.edges.append(Edge(fork, part.entry))
        sketch.link(part, join)
        members += part.members
    held = tuple(members) if sketch.dice.pick(2) else (*members, join)
    sketch.regions.append(Region(f"quorum{len(sketch.regions)}", "quorum", held, join))
    return Block(fork, [(join, None)], [*members, join])


def _catch(sketch: Sketch, size: int, kinds: tuple[str, ...]) -> Block:
    body = _block(sketch, size - 1, kinds)
    handler = sketch.add()
    region = Region(
        f"catch{len(sketch.regions)}",
        "catch",
        tuple(body.members),
        handler,
        ("builtins.ValueError",),
    )
    sketch.regions.append(region)
    return Block(body.entry, [*body.ends, (handler, None)], [*body.members, handler])


def _inside(sketch: Sketch, size: int, kinds: tuple[str, ...]) -> Block:
    """A graph of its own, as one vertex."""
    child = random_graph(sketch.dice, size=size - 1, kinds=kinds)
    name = sketch.add("subgraph", child=child)
    return Block(name, [(name, None)], [name])


def _items(sketch: Sketch, size: int, kinds: tuple[str, ...]) -> Block:
    """A list, each item of which goes through a function, or through a graph of its own."""
    child = random_graph(sketch.dice, size=size - 1, kinds=kinds) if sketch.dice.pick(3) else None
    name = sketch.add("each", child=child, limit=1 + sketch.dice.pick(3))
    return Block(name, [(name, None)], [name])


def _crossing(sketch: Sketch, size: int, kinds: tuple[str, ...]) -> Block:
    """Branches that fork and join across each other: some vertices, each after some before it."""
    blocks = [sketch.closed(part) for part in _parts(sketch, size, kinds, at_least=3)]
    blocks.insert(0, _block(sketch, 1, kinds))
    blocks.append(_block(sketch, 1, kinds))
    after: dict[int, set[int]] = {index: set() for index in range(len(blocks))}
    for index in range(1, len(blocks) - 1):
        for _ in range(1 + sketch.dice.pick(2)):
            after[sketch.dice.pick(index)].add(index)
    for index in range(len(blocks) - 1):
        if not after[index] or not sketch.dice.pick(4):
            after[index].add(len(blocks) - 1)
    members = [member for block in blocks for member in block.members]
    for index, block in enumerate(blocks):
        before = [blocks[other] for other in sorted(after) if index in after[other]]
        target = block.entry
        if len(before) > 1:
            target = sketch.add("join")
            members.append(target)
            sketch.edges.append(Edge(target, block.entry))
        for other in before:
            sketch.link(other, target)
    return Block(blocks[0].entry, blocks[-1].ends, members)


def _maze(sketch: Sketch, size: int, kinds: tuple[str, ...]) -> Block:
    """Choices that lead forward and back at random; each can be passed twice only."""
    parts = _parts(sketch, size, kinds, at_least=3)
    splits = [sketch.choice() for _ in parts]
    for index, (part, name) in enumerate(zip(parts, splits, strict=True)):
        sketch.link(part, name)
        targets = {sketch.dice.pick(len(parts)) for _ in range(sketch.dice.pick(3))}
        if index + 1 < len(parts):
            targets.add(index + 1)
        labels = tuple(f"to{target}" for target in sorted(targets))
        has_way_out = index + 1 == len(parts) or not sketch.dice.pick(3)
        more = ("out",) if has_way_out else ()
        sketch.vertices[name] = Vertex(name, "classifier", labels=(*labels, *more), bound=Bound(2))
        sketch.edges += [Edge(name, parts[to].entry, f"to{to}") for to in sorted(targets)]
    ends = [(name, "out") for name in splits if "out" in sketch.vertices[name].labels]
    return Block(parts[0].entry, list(ends), [*splits, *(m for p in parts for m in p.members)])


def _any(sketch: Sketch, *kinds: VertexKind) -> str | None:
    names = [n for n, v in sketch.vertices.items() if not kinds or v.kind in kinds]
    return names[sketch.dice.pick(len(names))] if names else None


def _flip_join(sketch: Sketch) -> None:
    """Let a join take whatever comes, or let a node wait for all that leads to it."""
    name = _any(sketch, "join", "gateway", "node")
    if name is not None:
        vertex = sketch.vertices[name]
        kind: VertexKind = "gateway" if vertex.kind == "join" else "join"
        sketch.vertices[name] = Vertex(name, kind)
        if vertex.kind == "join":
            sketch.regions = [r for r in sketch.regions if r.target != name or r.kind == "catch"]


def _flip_split(sketch: Sketch) -> None:
    """Turn a choice into a fork, or a fork into a choice."""
    name = _any(sketch, "classifier", "gateway", "node")
    if name is None:
        return
    old = sketch.vertices[name]
    outs = [edge for edge in sketch.edges if edge.source == name]
    if old.kind == "classifier":
        sketch.vertices[name] = Vertex(name, "node", bound=old.bound)
        changed = {edge: replace(edge, label=None) for edge in outs}
    else:
        labels = tuple(f"v{i}" for i in range(len(outs)))
        sketch.vertices[name] = Vertex(name, "classifier", bound=old.bound, labels=labels)
        changed = {e: replace(e, label=label) for e, label in zip(outs, labels, strict=True)}
    sketch.edges = [changed.get(edge, edge) for edge in sketch.edges]


def _drop_edge(sketch: Sketch) -> None:
    edge = sketch.edges.pop(sketch.dice.pick(len(sketch.edges)))
    _forget_label(sketch, edge)
    if not sketch.edges:
        sketch.edges.append(edge)


def _forget_label(sketch: Sketch, edge: Edge) -> None:
    vertex = sketch.vertices.get(edge.source)
    if vertex is not None and edge.label is not None:
        labels = tuple(label for label in vertex.labels if label != edge.label)
        sketch.vertices[vertex.name] = replace(vertex, labels=labels)


def _add_edge(sketch: Sketch) -> None:
    source = _any(sketch)
    target = END if not sketch.dice.pick(4) else _any(sketch)
    if source is None or target is None:
        return
    vertex = sketch.vertices[source]
    label = None
    if vertex.kind == "classifier":
        label = f"w{len(sketch.edges)}"
        sketch.vertices[source] = replace(vertex, labels=(*vertex.labels, label))
    sketch.edges.append(Edge(source, target, label))


def flip_join(sketch: Sketch) -> None:
    """Let a join that waits for several ways take whatever comes, or a merge wait for all."""
    ins = Counter(edge.target for edge in sketch.edges)
    names = [n for n, v in sketch.vertices.items() if ins[n] > 1 and v.bound is None]
    if names:
        vertex = sketch.vertices[names[sketch.dice.pick(len(names))]]
        kind: VertexKind = "gateway" if vertex.kind == "join" else "join"
        if vertex.kind in {"join", "gateway", "node"}:
            sketch.vertices[vertex.name] = Vertex(vertex.name, kind)


def flip_split(sketch: Sketch) -> None:
    """Turn a choice between several ways into a fork, or a fork into a choice."""
    outs = Counter(edge.source for edge in sketch.edges)
    names = [n for n in sketch.vertices if outs[n] > 1]
    if names:
        name = names[sketch.dice.pick(len(names))]
        only = {other: v for other, v in sketch.vertices.items() if other != name}
        one = {name: sketch.vertices[name]}
        sketch.vertices = one
        _flip_split(sketch)
        sketch.vertices = {**only, **sketch.vertices}


def drop_edge(sketch: Sketch) -> None:
    """Drop an edge, and the label that it was for."""
    _drop_edge(sketch)


CONTROL = (flip_join, flip_split, drop_edge)
"""The changes of where tokens go, of which at least nine of ten must be refused."""


def _move_edge(sketch: Sketch) -> None:
    index = sketch.dice.pick(len(sketch.edges))
    target = END if not sketch.dice.pick(4) else _any(sketch)
    if target is not None:
        sketch.edges[index] = replace(sketch.edges[index], target=target)


def _move_region(sketch: Sketch) -> None:
    """Put a vertex into a region, or take one out of it."""
    name = _any(sketch)
    if not sketch.regions or name is None:
        return
    index = sketch.dice.pick(len(sketch.regions))
    region = sketch.regions[index]
    if name in region.members:
        members = tuple(member for member in region.members if member != name)
    else:
        members = (*region.members, name)
    sketch.regions[index] = replace(region, members=members)


def _shift(sketch: Sketch) -> None:
    """Lead a handler or a `then` elsewhere, or make a region of some vertices."""
    name, other = _any(sketch, "node"), _any(sketch, "node", "classifier")
    if name is None or other is None:
        return
    catches = [i for i, region in enumerate(sketch.regions) if region.kind == "catch"]
    if catches and sketch.dice.pick(2):
        index = catches[sketch.dice.pick(len(catches))]
        sketch.regions[index] = replace(sketch.regions[index], target=name)
    elif sketch.dice.pick(2):
        sketch.vertices[name] = replace(sketch.vertices[name], bound=Bound(1, then=other))
    else:
        held = (other,) if other == name else (name, other)
        new = Region(
            f"catch{len(sketch.regions)}", "catch", held, _any(sketch, "node"), ("desk.Lost",)
        )
        sketch.regions.append(new)
