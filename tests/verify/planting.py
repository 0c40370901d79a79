"""Faults planted in sound graphs of nested blocks, each in a part of its own; no test stands here.

A graph is grown from one node by putting blocks in the place of nodes. A block keeps the names of
its split and its merge, so that it is known which part a fault breaks.
"""

from dataclasses import dataclass, field
from random import Random

from agentgraph.graph import END, START, Edge, FrozenGraph, Vertex


@dataclass
class Block:
    """What one edge enters and one leaves: its split, its merge, and the branches between them."""

    split: str
    merge: str
    branches: list[list[str]]
    """For each branch the names of its nodes and blocks, a block by its split."""
    is_fork: bool


@dataclass
class Garden:
    """A sound graph, and what has been planted in it."""

    random: Random
    blocks: dict[str, Block] = field(default_factory=dict)
    root: list[str] = field(default_factory=lambda: ["n0"])
    kinds: dict[str, str] = field(default_factory=dict)
    edges: list[tuple[str, str]] = field(default_factory=list)
    planted: list[tuple[str, Block]] = field(default_factory=list)

    @classmethod
    def grown(cls, seed: int, size: int) -> "Garden":
        garden = cls(Random(seed))
        rows = [garden.root]
        count = 1
        while count < size:
            row = garden.random.choice(rows)
            at = garden.random.randrange(len(row) + 1)
            if garden.random.random() < 0.4:
                row.insert(at, f"n{count}")
                count += 1
                continue
            split, merge = f"s{count}", f"m{count}"
            branches = [[f"n{count}b{i}"] for i in range(2 + garden.random.randrange(2))]
            block = Block(split, merge, branches, garden.random.random() < 0.5)
            garden.blocks[split] = block
            row.insert(at, split)
            rows += branches
            count += 2 + len(branches)
        garden._draw()
        return garden

    def _draw(self) -> None:
        waiting = [(START, self.root, END)]
        while waiting:
            before, row, after = waiting.pop()
            for name in row:
                block = self.blocks.get(name)
                self.edges.append((before, name))
                before = name if block is None else block.merge
                self.kinds.setdefault(name, "node")
                if block is not None:
                    self.kinds[block.split] = "node" if block.is_fork else "classifier"
                    self.kinds[block.merge] = "join" if block.is_fork else "node"
                    waiting += [(block.split, branch, block.merge) for branch in block.branches]
            self.edges.append((before, after))

    def plant(self, count: int) -> None:
        """Break so many blocks, each in one of four ways."""
        for name in self.random.sample(sorted(self.blocks), min(count, len(self.blocks))):
            block = self.blocks[name]
            ways = [self._flip_split, self._flip_merge, self._drop, self._cross]
            self.planted.append((self.random.choice(ways)(block), block))

    def _flip_split(self, block: Block) -> str:
        self.kinds[block.split] = "classifier" if block.is_fork else "node"
        return "split"

    def _flip_merge(self, block: Block) -> str:
        self.kinds[block.merge] = "node" if block.is_fork else "join"
        return "merge"

    def _end(self, branch: list[str]) -> str:
        last = self.blocks.get(branch[-1])
        return branch[-1] if last is None else last.merge

    def _drop(self, block: Block) -> str:
        """Lose the edge by which a branch leaves."""
        self.edges.remove((self._end(block.branches[0]), block.merge))
        return "drop"

    def _cross(self, block: Block) -> str:
        """Lead from the end of one branch into the next one as well, as a fork or a choice more."""
        source, target = self._end(block.branches[0]), block.branches[1][0]
        if self.kinds[target] == "node" and self.kinds[source] == "node" and not block.is_fork:
            self.edges.append((source, target))
            return "cross"
        return self._flip_merge(block)

    def names(self, block: Block) -> set[str]:
        """What lies in a block and in no block inside it, by the vertices that findings name."""
        return {block.split, block.merge, *(self._end(branch) for branch in block.branches)}

    def frozen(self) -> FrozenGraph:
        outs: dict[str, list[str]] = {}
        for source, target in self.edges:
            outs.setdefault(source, []).append(target)
        vertices, edges = [Vertex(START, "start")], []
        for name, kind in self.kinds.items():
            labels = tuple(f"x{i}" for i in range(len(outs.get(name, ()))))
            if kind == "classifier":
                vertices.append(Vertex(name, "classifier", labels=labels))
            else:
                vertices.append(Vertex(name, kind))  # type: ignore[arg-type]
            for label, target in zip(labels, outs.get(name, ()), strict=True):
                edges.append(Edge(name, target, label if kind == "classifier" else None))
        edges += [Edge(START, target) for target in outs[START]]
        return FrozenGraph("garden", (*vertices, Vertex(END, "end")), tuple(edges))
