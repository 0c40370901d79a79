"""Random sound graphs, drawn as flows, and written in the notation of docs/semantics.md."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from random import Random

from agentgraph.graph import END, START, FrozenGraph
from tests.machine.flows import Catch, Chain, Choice, Crossing, Flow, Leaf, Loop, Parallel, Way
from tests.machine.notation import Reader

CLASSES = ("ConnectionError", "OSError", "KeyError", "LookupError", "Exception")
OWN_LINES = {"node", "gateway", "start"}
"""Kinds whose edges into a join are written in the line of the join."""


@dataclass(frozen=True)
class Sample:
    """A graph, and the words that it was read from."""

    graph: FrozenGraph
    text: str


def sample(flow: Flow, *, order: int | None = None) -> Sample:
    """Write a flow as a graph and read it; `order` shuffles the order of declaration."""
    book = _Book(order)
    return Sample(book.read("g", flow), "\n\n".join(book.texts))


def random_flow(random: Random, size: int = 12, *, is_bounded: bool = True) -> Flow:
    """Make a random flow of about `size` vertices; `is_bounded`: visits of a node may be."""
    return _Maker(random, 0.1 if is_bounded else 0.0).flow(size, is_open=True)


class _Book:
    """The graphs that one graph is made of: itself, and those inside it before it."""

    def __init__(self, order: int | None) -> None:
        self.order = order
        self.known: dict[str, FrozenGraph] = {}
        self.texts: list[str] = []
        self.children = 0

    def read(self, name: str, flow: Flow) -> FrozenGraph:
        text = _Writer(self._name, self.order).write(flow)
        self.texts.append(f"```graph {name}\n{text}\n```")
        self.known[name] = Reader(name, self.known).read(text)
        return self.known[name]

    def _name(self, child: Flow) -> str:
        self.children += 1
        return self.read(f"g{self.children}", child).name


@dataclass(eq=False)
class _Slot:
    """An edge of a vertex whose targets are not known yet."""

    owner: "_Vertex"
    label: str | None = None
    targets: list[str] = field(default_factory=list)


@dataclass(eq=False)
class _Vertex:
    name: str
    kind: str
    words: str = ""
    slots: list[_Slot] = field(default_factory=list)
    bound: str = ""

    def slot(self, label: str | None = None) -> _Slot:
        self.slots.append(_Slot(self, label))
        return self.slots[-1]


Ends = tuple[list[str], list[_Slot]]
"""Where a flow begins, and the edges by which it ends."""


class _Writer:
    """Writes a flow in the notation."""

    def __init__(self, name_child: Callable[[Flow], str], order: int | None) -> None:
        self.name_child = name_child
        self.order = order
        self.vertices: dict[str, _Vertex] = {}
        self.extra: list[str] = []

    def write(self, flow: Flow) -> str:
        start = self._add(START, "start")
        entries, exits = self._flow(flow)
        self._connect([start.slot()], entries)
        self._connect(exits, [END])
        vertices = list(self.vertices.values())
        if self.order is not None:
            Random(self.order).shuffle(vertices)
        lines = [line for vertex in vertices for line in self._lines(vertex)]
        return "\n".join(lines + self.extra)

    def _add(self, name: str, kind: str, words: str = "") -> _Vertex:
        self.vertices[name] = _Vertex(name, kind, words)
        return self.vertices[name]

    def _gateway(self, near: str) -> _Vertex:
        number = sum(vertex.kind == "gateway" for vertex in self.vertices.values())
        return self._add(f"{near}_g{number}", "gateway")

    def _connect(self, slots: list[_Slot], entries: list[str]) -> None:
        if len(entries) > 1 and (len(slots) > 1 or slots[0].label):
            gateway = self._gateway("fork")
            self._connect(slots, [gateway.name])
            slots = [gateway.slot()]
        for slot in slots:
            slot.targets += entries

    def _single(self, ends: Ends, *, is_bound: bool = False) -> Ends:
        """Put a gateway before a flow that does not begin at one vertex that is free."""
        entries, exits = ends
        first = self.vertices[entries[0]]
        if len(entries) == 1 and first.kind != "join" and not (is_bound and first.bound):
            return ends
        gateway = self._gateway("in")
        self._connect([gateway.slot()], entries)
        return [gateway.name], exits

    def _flow(self, flow: Flow) -> Ends:
        match flow:
            case Leaf():
                return self._leaf(flow)
            case Chain():
                return self._chain(flow)
            case Choice():
                return self._choice(flow)
            case Parallel():
                return self._parallel(flow)
            case Crossing():
                return self._crossing(flow)
            case Loop():
                return self._loop(flow)
            case Catch():
                return self._catch(flow)

    def _leaf(self, leaf: Leaf) -> Ends:
        words = leaf.name
        if leaf.kind == "each":
            words += f" {leaf.limit}" + " collect" * leaf.collects
        if leaf.child is not None:
            words += f" {self.name_child(leaf.child)}"
        vertex = self._add(leaf.name, leaf.kind, words)
        if leaf.has_undo:
            self.extra.append(f"undo {leaf.name}")
        if leaf.attempts > 1:
            self.extra.append(f"retry {leaf.name} {leaf.attempts}")
        if leaf.at_most is not None:
            vertex.bound = leaf.name
            self.extra.append(f"bound {leaf.name} {leaf.at_most}")
        return [leaf.name], [vertex.slot()]

    def _chain(self, chain: Chain) -> Ends:
        first, last = self._flow(chain.parts[0])
        for part in chain.parts[1:]:
            entries, exits = self._flow(part)
            self._connect(last, entries)
            last = exits
        return first, last

    def _choice(self, choice: Choice) -> Ends:
        words = choice.name
        if choice.kind == "consensus":
            voters = " ".join(f"{choice.name}{i}" for i in range(choice.voters))
            words += f" {choice.need} {voters}"
        elif choice.at_least:
            words += f" at {choice.at_least}"
        vertex = self._add(choice.name, choice.kind, words)
        if choice.attempts > 1:
            self.extra.append(f"retry {choice.name} {choice.attempts}")
        exits: list[_Slot] = []
        for way in choice.ways:
            slot = vertex.slot(way.label)
            if way.is_last:
                slot.targets.append(END)
            elif way.flow is None:
                exits.append(slot)
            else:
                entries, ends = self._flow(way.flow)
                self._connect([slot], entries)
                exits += ends
        return [choice.name], exits

    def _parallel(self, flow: Parallel) -> Ends:
        before = len(self.vertices)
        begin = self._gateway(f"{flow.name}in") if flow.need is not None else None
        entries: list[str] = []
        slots: list[_Slot] = []
        for branch in flow.branches:
            (entry, *_), exits = self._single(self._flow(branch))
            entries.append(entry)
            slots.append(self._tip(exits, is_last=len(entries) == len(flow.branches)))
        entries += [flow.name] * flow.is_direct
        members = list(self.vertices)[before:]
        join = self._add(flow.name, "join", f"{flow.name} {flow.need or ''}".strip())
        for slot in slots:
            slot.targets.append(flow.name)
        if begin is None:
            return entries, [join.slot()]
        self._connect([begin.slot()], entries)
        self.extra.append(f"quorum q{flow.name}: {' '.join(members)} -> {flow.name}")
        return [begin.name], [join.slot()]

    def _one(self, exits: list[_Slot]) -> _Slot:
        """Make one way out of several."""
        if len(exits) == 1:
            return exits[0]
        gateway = self._gateway("out")
        self._connect(exits, [gateway.name])
        return gateway.slot()

    def _tip(self, exits: list[_Slot], *, is_last: bool) -> _Slot:
        """Make one way into a join; where declaration is in order, the places are too."""
        slot = self._one(exits)
        is_loose = self.order is not None and not is_last
        return slot if is_loose or slot.owner.kind in OWN_LINES else self._passed(slot)

    def _passed(self, slot: _Slot) -> _Slot:
        gateway = self._gateway("out")
        slot.targets.append(gateway.name)
        return gateway.slot()

    def _crossing(self, flow: Crossing) -> Ends:
        firsts: list[str] = []
        slots: list[_Slot] = []
        for each in flow.flows:
            (entry, *_), exits = self._single(self._flow(each))
            firsts.append(entry)
            slots.append(self._tip(exits, is_last=True))
        numbers = range(len(flow.flows))
        sources = [i for i in numbers if all(later != i for _, later in flow.after)]
        sinks = [i for i in numbers if all(earlier != i for earlier, _ in flow.after)]
        for number in numbers:
            before = [earlier for earlier, later in flow.after if later == number]
            self._wait([slots[i] for i in before], firsts[number], f"{flow.name}{number}")
        first = [firsts[i] for i in sources]
        if len(sinks) == 1:
            return first, [slots[sinks[0]]]
        join = self._add(flow.name, "join", flow.name)
        for i in sinks:
            slots[i].targets.append(flow.name)
        return first, [join.slot()]

    def _wait(self, slots: list[_Slot], entry: str, name: str) -> None:
        if len(slots) > 1:
            join = self._add(name, "join", name)
            for slot in slots:
                slot.targets.append(name)
            slots = [join.slot()]
        for slot in slots:
            slot.targets.append(entry)

    def _loop(self, flow: Loop) -> Ends:
        before = len(self.vertices)
        (entry, *_), exits = self._single(self._flow(flow.body), is_bound=True)
        self.vertices[entry].bound = flow.choice.name
        (first, *_), ways = self._choice(flow.choice)
        self._connect(exits, [first])
        back = next(slot for slot in ways if slot.label == "again")
        back.targets.append(entry)
        ends = [slot for slot in ways if slot is not back]
        members = list(self.vertices)[before:]
        bound = f"bound {entry} {flow.at_most}"
        if flow.is_region:
            bound += f" loop l{flow.choice.name}"
            self.extra.append(f"loop l{flow.choice.name}: {' '.join(members)}")
        if flow.then is not None:
            (then, *_), more = self._single(self._flow(flow.then))
            bound += f" then {then}"
            ends += more
        self.extra.append(bound)
        return [entry], ends

    def _catch(self, flow: Catch) -> Ends:
        before = len(self.vertices)
        entries, exits = self._single(self._flow(flow.body))
        members = list(self.vertices)[before:]
        (handler, *_), more = self._single(self._flow(flow.handler))
        classes = " ".join(flow.classes)
        self.extra.append(f"catch {flow.name}: {' '.join(members)} on {classes} -> {handler}")
        return entries, exits + more

    def _lines(self, vertex: _Vertex) -> list[str]:
        targets = [target for slot in vertex.slots for target in slot.targets]
        if vertex.kind == "join":
            return self._join_lines(vertex, targets)
        if vertex.kind in {"classifier", "human", "consensus"}:
            ways = ", ".join(f"{slot.label} -> {slot.targets[0]}" for slot in vertex.slots)
            return [f"{vertex.kind} {vertex.words}: {ways}"]
        if vertex.kind in OWN_LINES:
            targets = [name for name in targets if self._kind(name) != "join"]
        words = {"node": "", "start": "", "gateway": "gateway "}.get(vertex.kind, f"{vertex.kind} ")
        if targets:
            return [f"{words}{vertex.words or vertex.name} -> {', '.join(targets)}"]
        return [f"gateway {vertex.name}" if words else f"retry {vertex.name} 1"]

    def _kind(self, name: str) -> str:
        return self.vertices[name].kind if name in self.vertices else "end"

    def _join_lines(self, join: _Vertex, targets: list[str]) -> list[str]:
        sources = [
            vertex.name
            for vertex in self.vertices.values()
            if vertex.kind in OWN_LINES and any(join.name in slot.targets for slot in vertex.slots)
        ]
        more = [f"{join.name} -> {', '.join(targets[1:])}"] if targets[1:] else []
        return [f"join {join.words}: {', '.join(sources)} -> {targets[0]}", *more]


class _Maker:
    """Makes random flows; each name is new."""

    def __init__(self, random: Random, bounded: float) -> None:
        self.random = random
        self.bounded = bounded
        """How often the visits of a node are bounded."""
        self.count = 0
        self.depth = 0

    def name(self, letter: str) -> str:
        self.count += 1
        return f"{letter}{self.count}"

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def flow(self, size: int, *, is_open: bool = False) -> Flow:
        """Make a flow; where `is_open`, a label may lead to END."""
        if size <= 1:
            return self.leaf()
        makers = [self.chain, self.choice, self.parallel, self.crossing, self.loop, self.catch]
        weights = [5, 3, 4, 1, 3, 4]
        if self.depth < 2:
            makers, weights = [*makers, self.nested], [*weights, 2]
        return self.random.choices(makers, weights)[0](size, is_open)

    def leaf(self) -> Flow:
        kind = self.random.choices(["node", "form", "each"], [8, 1, 1])[0]
        name = self.name({"node": "a", "form": "f", "each": "e"}[kind])
        attempts = self.random.choice([1, 1, 1, 2, 3]) if kind != "form" else 1
        has_undo = kind == "node" and self.chance(0.5)
        limit = self.random.randint(1, 3) if kind == "each" else 1
        collects = kind == "each" and self.chance(0.4)
        at_most = self.random.randint(1, 3) if self.chance(self.bounded) else None
        return Leaf(name, kind, has_undo, attempts, limit, collects, at_most=at_most)

    def nested(self, size: int, _: bool) -> Flow:
        leaf = self.leaf()
        assert isinstance(leaf, Leaf)
        self.depth += 1
        child = self.flow(size - 1, is_open=True)
        self.depth -= 1
        kind = self.random.choice(["subgraph", "each"])
        name = self.name({"subgraph": "s", "each": "e"}[kind])
        attempts = self.random.choice([1, 1, 2])
        if kind == "subgraph":
            return Leaf(name, kind, attempts=attempts, child=child)
        limit, collects = self.random.randint(1, 3), self.chance(0.3)
        return Leaf(name, kind, attempts=attempts, limit=limit, collects=collects, child=child)

    def split(self, size: int, least: int = 2, most: int = 3) -> list[int]:
        parts = [1] * self.random.randint(least, most)
        for _ in range(size - len(parts)):
            parts[self.random.randrange(len(parts))] += 1
        return parts

    def chain(self, size: int, is_open: bool) -> Flow:
        return Chain(tuple(self.flow(part, is_open=is_open) for part in self.split(size)))

    def choice(self, size: int, is_open: bool) -> Flow:
        parts = self.split(size)
        labels = ["x", "y", "z"][: len(parts)]
        ways = [self.way(label, part, is_open) for label, part in zip(labels, parts, strict=True)]
        if not any(way.flow or not way.is_last for way in ways):
            ways[0] = replace(ways[0], is_last=False)
        choice = self.asked(tuple(ways))
        if choice.kind != "human" and self.chance(0.5):
            unsure = self.way("unsure", 1, is_open)
            return replace(choice, ways=(*choice.ways, unsure))
        return replace(choice, at_least=0.0)

    def way(self, label: str, size: int, is_open: bool) -> Way:
        if self.chance(0.25):
            return Way(label, is_last=is_open and self.chance(0.5))
        return Way(label, self.flow(size, is_open=is_open))

    def asked(self, ways: tuple[Way, ...]) -> Choice:
        kind = self.random.choices(["classifier", "human", "consensus"], [5, 2, 2])[0]
        name = self.name({"classifier": "k", "human": "h", "consensus": "v"}[kind])
        if kind == "consensus":
            voters = self.random.randint(2, 4)
            return Choice(name, kind, ways, voters=voters, need=voters // 2 + 1)
        if kind == "human":
            return Choice(name, kind, ways)
        at_least = self.random.choice([0.0, 0.7])
        return Choice(name, kind, ways, at_least, attempts=self.random.choice([1, 1, 2]))

    def parallel(self, size: int, _: bool) -> Flow:
        branches = tuple(self.flow(part) for part in self.split(size))
        need = self.random.randint(1, len(branches)) if self.chance(0.45) else None
        # A quorum of one that the fork itself reaches would be over before it began.
        is_direct = need != 1 and self.chance(0.15)
        return Parallel(self.name("j"), branches, need, is_direct)

    def crossing(self, size: int, _: bool) -> Flow:
        flows = tuple(self.flow(part) for part in self.split(size, 3, 5))
        pairs = [(i, j) for j in range(len(flows)) for i in range(j)]
        after = tuple(pair for pair in pairs if self.chance(0.4))
        return Crossing(self.name("x"), flows, after)

    def loop(self, size: int, is_open: bool) -> Flow:
        body = self.flow(size - 1, is_open=is_open)
        ways = [Way("ok"), Way("again")]
        self.random.shuffle(ways)
        choice = self.asked(tuple(ways))
        if choice.kind != "human" and self.chance(0.3):
            choice = replace(choice, ways=(*choice.ways, Way("unsure")))
        else:
            choice = replace(choice, at_least=0.0)
        then = self.leaf() if self.chance(0.4) else None
        return Loop(choice, body, self.random.randint(1, 3), self.chance(0.7), then)

    def catch(self, size: int, is_open: bool) -> Flow:
        body = self.flow(size, is_open=is_open)
        handler = self.leaf() if self.chance(0.8) else self.flow(2, is_open=is_open)
        classes = tuple(self.random.sample(CLASSES, self.random.choice([1, 1, 1, 2])))
        return Catch(self.name("r"), body, handler, classes)
