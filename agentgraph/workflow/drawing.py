"""Draws the sketch of a flow: its mentions become dots, its operators ways; names come later.

Rules of this file:

1. Each part is visited once, with the open ends that lead into it, and leaves open ends
   behind. Parts inside parts wait on a list, not on Python's stack.
2. Every part begins at one dot: a group of branches begins at a gate of its own.
   `gates` takes away those that turn out not to be needed.
3. What stands *before* a part is what a token on its way there has passed: not what
   stands in another branch of the same choice or group.
"""

from bisect import bisect_right
from collections.abc import Generator, Hashable, Iterable

from agentgraph.errors import InvalidFlow
from agentgraph.workflow.labels import key_of as label_of
from agentgraph.workflow.places import Spot, invalid
from agentgraph.workflow.sketch import END, START, Area, Exit, Limit, Sketch
from agentgraph.workflow.tree import (
    Catch,
    Chain,
    End,
    Fan,
    Loop,
    Mention,
    On,
    Quorum,
    Side,
    Tree,
    branches,
    key_of,
)

Exits = list[Exit]
Round = tuple[int, dict[int, list[int]]]
"""A loop that is being drawn: where it begins, and the ways back so far by the dot they lead to."""
Request = tuple[Tree, Exits, Spot | None, bool]
Part = Generator[Request, Exits, Exits]


def draw(tree: Tree, spot: Spot | None) -> Sketch:
    """Return the sketch of a whole flow. Raises `InvalidFlow` when a part has no meaning."""
    pen = Pen(Sketch())
    exits = pen.draw(tree, [Exit(START)], spot)
    pen.sketch.connect(exits, END, spot)
    return pen.sketch


def leaves_open(loop: Loop) -> bool:
    """Say whether a loop has an open end once its ways back are found."""
    return bool(Pen(Sketch()).draw(loop, [Exit(START)], None))


class Pen:
    """Draws parts of a flow into a sketch."""

    __slots__ = ("_hidden", "_rounds", "_seen", "sketch")

    def __init__(self, sketch: Sketch) -> None:
        """Take the sketch to draw into."""
        self.sketch: Sketch = sketch
        self._rounds: list[Round] = []
        self._seen: dict[Hashable, list[int]] = {}
        """Where each object stands, while a loop is being drawn."""
        self._hidden: list[list[int]] = []
        """From where to where the dots stand that are beside, not before, what comes next."""

    def draw(self, tree: Tree, exits: Exits, spot: Spot | None) -> Exits:
        """Draw a part that `exits` lead into, and return its open ends."""
        parts = [self._chain(tree, exits, spot, is_tail=False)]
        answer: Exits | None = None
        while parts:
            try:
                request = parts[-1].send(answer) if answer is not None else next(parts[-1])
            except StopIteration as done:
                parts.pop()
                answer = done.value
            else:
                parts.append(self._chain(*request[:3], is_tail=request[3]))
                answer = None
        return answer or []

    def _chain(self, tree: Tree, exits: Exits, spot: Spot | None, *, is_tail: bool) -> Part:
        """Draw what stands in a row. Only the last part of an answer's way may lead back."""
        waiting: list[tuple[Tree, Spot | None, bool]] = [(tree, spot, is_tail)]
        while waiting:
            part, spot, is_last = waiting.pop()
            if isinstance(part, End):
                if not part.is_open:
                    self.sketch.connect(exits, END, spot)
                    exits = []
                continue
            if is_last and self._rounds and self._leads_back(part, exits, spot):
                exits = []
                continue
            self._note(part)
            if isinstance(part, Mention):
                exits = [Exit(self.sketch.add(None, part.work, exits, spot))]
            elif isinstance(part, Chain):
                waiting.append((part.right, part.spot, is_last))
                waiting.append((part.left, spot, False))
            elif isinstance(part, On):
                self.sketch.narrowed.append((part.state, part.spot))
                waiting.append((part.body, spot, is_last))
            else:
                exits = yield from self._part(part, exits, spot)
        return exits

    def _part(
        self, part: Fan | Side | Quorum | Loop | Catch, exits: Exits, spot: Spot | None
    ) -> Part:
        match part:
            case Fan():
                return self._fan(part, exits, spot)
            case Side() | Quorum():
                return self._group(part, exits, spot)
            case Loop():
                return self._loop(part, exits, spot)
            case Catch():
                return self._catch(part, exits, spot)

    # ---- dots

    def _note(self, part: Tree) -> None:
        """Remember where an object stands: at the dot that is drawn next."""
        if self._rounds:
            self._seen.setdefault(key_of(part), []).append(len(self.sketch.dots))

    # ---- choices and groups

    def _fan(self, part: Fan, exits: Exits, spot: Spot | None) -> Part:
        choice = self.sketch.add(None, part.work, exits, spot)
        dot = self.sketch.dots[choice]
        dot.spot = part.spot
        dot.at_least = part.at_least
        dot.answers = {answer: label_of(answer) for answer, _ in part.ways}
        # One object under several labels is one node, also where one of them is `unsure`.
        targets: dict[Hashable, tuple[Tree, Exits]] = {}
        for answer, target in part.ways:
            way = Exit(choice, label_of(answer), spot=part.spot)
            targets.setdefault(key_of(target), (target, []))[1].append(way)
        if part.unsure is not None:
            way = Exit(choice, None, unsure=True, spot=part.spot)
            targets.setdefault(key_of(part.unsure), (part.unsure, []))[1].append(way)
        return (yield from self._beside(targets.values(), part.spot, is_tail=True))

    def _group(self, part: Side | Quorum, exits: Exits, spot: Spot | None) -> Part:
        gate = self.sketch.add("fork", None, exits, spot)
        if isinstance(part, Quorum):
            self._note(part.body)
        side = part.body if isinstance(part, Quorum) else part
        parts = ((branch, [Exit(gate)]) for branch in branches(side))
        ends = yield from self._beside(parts, spot, is_tail=False)
        if len(ends) < 2:
            return ends
        join = self.sketch.add("join", None, ends, spot)
        if isinstance(part, Quorum) and part.need < len(ends):
            self.sketch.dots[join].need = part.need
            self.sketch.areas.append(Area("quorum", part.spot, range(gate, join), join))
        return [Exit(join)]

    def _beside(
        self, parts: Iterable[tuple[Tree, Exits]], spot: Spot | None, *, is_tail: bool
    ) -> Part:
        """Draw the branches of a choice, whose ways may lead back, or those of a group."""
        hidden = [len(self.sketch.dots), 0]
        self._hidden.append(hidden)
        ends: Exits = []
        for part, exits in parts:
            hidden[1] = len(self.sketch.dots)
            left = yield part, exits, spot, is_tail
            ends += left if is_tail else self.sketch.met(left, spot)
        self._hidden.pop()
        return ends

    # ---- regions

    def _catch(self, part: Catch, exits: Exits, spot: Spot | None) -> Part:
        first = len(self.sketch.dots)
        ends = yield part.body, exits, spot, False
        area = Area("catch", part.spot, range(first, len(self.sketch.dots)), None, part.errors)
        self.sketch.areas.append(area)
        area.target, more = yield from self._aside(part.handler, part.spot)
        return ends + more

    def _aside(self, part: Tree, spot: Spot | None) -> Generator[Request, Exits, tuple[int, Exits]]:
        """Draw a part that no edge leads to: where it begins, and its open ends."""
        if isinstance(part, End):
            if not part.is_open:
                return END, []
            gate = self.sketch.add("meet", None, [], spot)
            return gate, [Exit(gate)]
        first = len(self.sketch.dots)
        ends = yield part, [], spot, False
        return first, ends

    def _loop(self, part: Loop, exits: Exits, spot: Spot | None) -> Part:
        first = len(self.sketch.dots)
        backs: dict[int, list[int]] = {}
        self._rounds.append((first, backs))
        ends = yield part.body, exits, spot, False
        if not backs:
            fix = (
                "lead a label of a route inside it to the very object that stands before the "
                "route (`node(write)` is another one than `write`): "
                "`(write >> critic.route({OK: NEXT, REVISE: write})).loop(at_most=3)`"
            )
            where = f".loop(at_most={part.at_most})"
            raise invalid("a loop has no way back", fix, part.spot, where)
        area = Area("loop", part.spot, ())
        limit = Limit(part.at_most, area)
        for dot, ways in backs.items():
            self._bound(dot, ways, limit)
        self._rounds.pop()
        area.dots = range(first, len(self.sketch.dots))
        self.sketch.areas.append(area)
        if part.then is not None:
            limit.then, more = yield from self._aside(part.then, part.spot)
            ends = ends + more
        if not self._rounds:
            self._seen.clear()
        return ends

    def _leads_back(self, part: Tree, exits: Exits, spot: Spot | None) -> bool:
        """Lead `exits` back to where this very object stands already, if it does."""
        found = self._seen.get(key_of(part))
        if found is None:
            return False
        before = [dot for dot in found if not self._is_beside(dot)]
        for start, backs in reversed(self._rounds):
            inside = [dot for dot in before if dot >= start]
            if len(inside) > 1:
                raise _ambiguous(part, len(inside), spot)
            if inside:
                first = len(self.sketch.ways)
                backs.setdefault(inside[0], []).extend(range(first, first + len(exits)))
                self.sketch.connect(exits, inside[0], spot)
                return True
        return False

    def _is_beside(self, dot: int) -> bool:
        at = bisect_right(self._hidden, dot, key=lambda hidden: hidden[0]) - 1
        return at >= 0 and dot < self._hidden[at][1]

    def _bound(self, dot: int, backs: list[int], limit: Limit) -> None:
        """Let `dot` count for a loop; if it counts for an inner one, a gate before it does."""
        dots = self.sketch.dots
        inner = dots[dot].limit
        if inner is None:
            dots[dot].limit = limit
            return
        while (outer := self._gate_before(dot, inner)) is not None:
            dot = outer
            inner = dots[dot].limit or inner
        loop = inner.loop
        assert loop is not None, "a flow counts for its loops alone"
        gate = self.sketch.add("meet", None, [], dots[dot].spot)
        dots[gate].limit = limit
        dots[gate].before = dot
        for number, (source, target, label, unsure, spot) in enumerate(self.sketch.ways):
            if number in backs or (target == dot and source not in loop.dots):
                self.sketch.ways[number] = (source, gate, label, unsure, spot)
        self.sketch.connect([Exit(gate)], dot, dots[dot].spot)
        for area in self.sketch.areas:
            if dot in area.dots and _is_around(area, loop):
                area.more.append(gate)

    def _gate_before(self, dot: int, limit: Limit) -> int | None:
        """Return the gate that counts for a loop around that of `limit`, if there is one."""
        gates = (n for n, at in enumerate(self.sketch.dots) if at.before == dot)
        return next((n for n in gates if self.sketch.dots[n].limit is not limit), None)


def _is_around(area: Area, loop: Area) -> bool:
    return area is not loop and loop.dots[0] in area.dots and loop.dots[-1] in area.dots


def _ambiguous(part: Tree, count: int, spot: Spot | None) -> InvalidFlow:
    shown = repr(part.work.name) if isinstance(part, Mention | Fan) else "a part"
    places = f"{count} places: it stands there {count} times inside the loop"
    what = f"the way back to {shown} could lead to {places}"
    fix = "give the other places a copy with a name of its own: `.named(...)`"
    return invalid(what, fix, spot, "the end of a way in a loop")
