"""What a function reads and writes of its state, by its syntax tree; whether that fits is not asked.

Rules of this file:

1. What is said is certain on every way through the function that ends without an error, or it
   is said to be so on some ways only.
2. Where the state itself goes elsewhere (a helper, a closure, another name twice) the account
   is not whole, and nothing is concluded from what it lacks.
"""

import ast
from collections.abc import Callable, Iterable
from copy import copy
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from agentgraph.graph import Access
from agentgraph.workflow.escapes import Trail, Use
from agentgraph.workflow.source import Source, parts_of

CHANGES: Final = frozenset({"append", "insert", "pop", "popitem", "remove"})
"""Methods of containers that change them whenever they succeed."""
MAY_CHANGE: Final = frozenset([
    "add", "appendleft", "clear", "difference_update", "discard", "extend",
    "extendleft", "intersection_update", "popleft", "reverse", "rotate", "setdefault",
    "sort", "symmetric_difference_update", "update",
])  # fmt: skip
_ASKING: Final = frozenset({"getattr", "hasattr", "isinstance", "type"})
Verb: TypeAlias = Literal["reads", "writes"]
Comprehension: TypeAlias = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp


class Mention(NamedTuple):
    """A field that is named in the source."""

    field: str
    verb: Verb
    line: int
    value: ast.expr | None = None
    """What is assigned to it there."""


class Known(NamedTuple):
    """What was found in one function."""

    source: Source
    access: Access | None
    """None when the name of the state is bound anew."""
    gives: bool
    """Some `return` in it has a value."""
    mentions: tuple[Mention, ...] = ()
    """Each place where it names a field, unless it asks before whether there is one."""


_Flow: TypeAlias = frozenset[tuple[Verb, str]]
"""What was certainly read (before it was written) and written on the way to some point."""


def known_of(source: Source, state: object) -> Known:
    """Read a function of a state of this type."""
    reader = _Reader(source)
    if (end := reader.run(source.body, reader.here)) is not None:
        reader.exits.append(end)
    return reader.known(state)


def in_turn(parts: Iterable[Access | None]) -> Access | None:
    """Return the access of callables that run one after the other for one visit of a vertex."""
    reads, writes, may_read, may_write = set[str](), set[str](), set[str](), set[str]()
    is_whole = True
    for part in parts:
        if part is None:
            return None
        reads |= set(part.reads) - writes
        writes.update(part.writes)
        may_read.update(part.may_read)
        may_write.update(part.may_write)
        is_whole = is_whole and part.is_whole
    return Access(_named(reads), _named(writes), _named(may_read), _named(may_write), is_whole)


def _named(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(names))


class _Reader:
    """One function while it is read: in one pass, its parts in the order in which they run."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.state = source.state
        self.here: _Flow = frozenset()
        """What is certain at the part that is looked at."""
        self.is_over = False
        """No way leads from there to what stands after it."""
        self.exits: list[_Flow] = []
        self.is_whole = True
        self.is_asking = False
        self.can_fail = 0
        self.mentions: list[Mention] = []
        self.may: set[tuple[Verb, str]] = set()
        self.names: list[ast.Name] = []
        self.attributes: set[str] = set()
        self.used: list[Use] = []
        self.gives: list[ast.expr] = []
        self.bound: dict[str, tuple[str, bool]] = {}
        """Names that are bound to a field (or, in a loop, to its items), if to nothing else."""
        self.closed: set[str] = set()
        """Names that stand in functions inside."""
        self.edited: list[str] = []
        """Names of values that are changed in place."""
        self.above: dict[ast.AST, ast.AST] = {}
        """What each expression is a part of."""

    def known(self, state: object) -> Known:
        """Say what was found: nothing when the name of the state is bound anew.

        Nothing as well when this is not what was compiled: the file may have changed since.
        """
        stored = [name.id for name in self.names if type(name.ctx) is not ast.Load]
        if self.state in stored or not self._is_compiled():
            return Known(self.source, None, self.gives != [])
        aliases = {name: alias for name, alias in self.bound.items() if stored.count(name) == 1}
        self.may.update(("writes", aliases[name][0]) for name in self.edited if name in aliases)
        is_whole = self.is_whole and self.closed.isdisjoint((self.state, *aliases))
        if is_whole:
            self.used += [(n, *aliases[n.id]) for n in self.names if n.id in aliases]
            is_whole = not Trail(self.source.state, aliases, self.above).hands_on(state, self.used)
        certain = _met(self.exits if self.source.is_direct else ()) or frozenset()
        reads, writes, may_read, may_write = (
            _named([field for verb, field in facts if verb == each])
            for facts in (certain, self.may - certain)
            for each in ("reads", "writes")
        )
        is_whole = is_whole and self.source.is_direct
        access = Access(reads, writes, may_read, may_write, is_whole)
        mentions = () if self.is_asking else tuple(self.mentions)
        return Known(self.source, access, self.gives != [], mentions)

    def _is_compiled(self) -> bool:
        if self.attributes.issubset(self.source.code.co_names):
            return True
        return all(name.startswith("__") for name in self.attributes - self.source.names)

    # Statements.

    def run(self, statements: Iterable[ast.stmt], flow: _Flow) -> _Flow | None:
        """Look at one statement after the other; None when there is no way to their end."""
        self.here = flow
        for statement in statements:
            if self.is_over:
                self.rest(statement, [statement])
            else:
                _WAYS.get(type(statement), _Reader.inside)(self, statement)
        end = None if self.is_over else self.here
        self.is_over = False
        return end

    def go_on(self, *ends: _Flow | None) -> None:
        """Go on where ways come together."""
        met = _met(ends)
        self.is_over = met is None
        self.here = self.here if met is None else met

    def leave(self, node: ast.stmt) -> None:
        self.inside(node)
        self.is_over = True
        if isinstance(node, ast.Return):
            self.exits.append(self.here)
            self.gives += [] if node.value is None else [node.value]

    def either(self, node: ast.If) -> None:
        self.see(node.test, node)
        flow = self.here
        self.go_on(self.run(node.body, flow), self.run(node.orelse, flow))

    def sometimes(self, node: ast.stmt) -> None:
        """See what a loop, `with` or `match` begins with; what it holds may run or not.

        A `with` may swallow an error in the middle of its body.
        """
        if isinstance(node, ast.For):
            self.bind(node.target, node.iter, is_item=True)
        flow = self.here
        for part in parts_of(node):
            if isinstance(part, ast.stmt):
                self.run([part], flow)
            elif isinstance(part, ast.match_case):
                self.rest(part, [part.pattern])
                if part.guard is not None:
                    self.see(part.guard, part)
                self.run(part.body, self.here)
            else:
                self.see(part, node)
                flow = self.here
            self.here = flow

    def tried(self, node: ast.Try) -> None:
        flow = self.here
        # What is caught may be that a field is missing or unset: such a read is no fault.
        self.can_fail += bool(node.handlers)
        end = self.run(node.body, flow)
        self.can_fail -= bool(node.handlers)
        self.is_over = end is None
        ends = [self.run(node.orelse, flow if end is None else end)]
        for handler in node.handlers:
            self.rest(handler, [] if handler.type is None else [handler.type])
            ends.append(self.run(handler.body, flow))
        met = _met(ends)
        after = self.run(node.finalbody, flow if met is None else met)
        self.go_on(None if met is None else after)

    def assign(self, node: ast.Assign) -> None:
        self.bind(node.targets[0], node.value, is_item=False)
        self.see(node.value, node)
        for target in node.targets:
            self.see(target, node)
            if self.source.field(target) is not None and not self.can_fail:
                self.mentions[-1] = self.mentions[-1]._replace(value=node.value)

    def augmented(self, node: ast.AugAssign) -> None:
        field = self.source.field(node.target)
        if field is not None:
            self.mention("reads", field, node.target.lineno)
        self.see(node.value, node)
        self.see(node.target, node)

    def closure(self, node: ast.AST) -> None:
        """A function inside may run later, or never: what it does with the state is not known."""
        names, used = len(self.names), len(self.used)
        self.rest(node, parts_of(node))
        self.is_whole &= len(self.used) == used
        self.closed.update(name.id for name in self.names[names:])

    def rest(self, outer: ast.AST, parts: Iterable[ast.AST]) -> None:
        """Look at what does not run here: only what is named there is of interest."""
        aside = copy(self)
        aside.exits, aside.mentions, aside.edited = [], [], []
        aside.may, aside.closed = set(), set()
        for part in parts:
            aside.see(part, outer)

    def bind(self, target: ast.expr, value: ast.expr, *, is_item: bool) -> None:
        """Note a name for a field, or for one item of it after the other."""
        if isinstance(target, ast.Name) and (field := self.source.field(value)) is not None:
            self.bound[target.id] = field, is_item

    # Expressions.

    def see(self, node: ast.AST, outer: ast.AST) -> None:
        self.above[node] = outer
        _WAYS.get(type(node), _Reader.inside)(self, node)

    def inside(self, node: ast.AST) -> None:
        """Look at what a part is made of; the code for each node of every function of a graph."""
        above = self.above
        for part in parts_of(node):
            above[part] = node
            way = _WAYS.get(type(part))
            if way is None:
                self.inside(part)
            else:
                way(self, part)

    def value(self, node: ast.Expr | ast.Await | ast.keyword) -> None:
        self.see(node.value, node)

    def name(self, node: ast.Name) -> None:
        self.names.append(node)
        if node.id == self.state:
            self.is_whole = False

    def part(self, node: ast.Attribute | ast.Subscript) -> None:
        """See a field, or a part of something; to store or delete a part changes the field."""
        is_loaded = type(node.ctx) is ast.Load
        if isinstance(node, ast.Attribute):
            self.attributes.add(node.attr)
            if isinstance(node.value, ast.Name) and node.value.id == self.state:
                self.used.append((node, node.attr, False))
                self.mention("reads" if is_loaded else "writes", node.attr, node.lineno)
                return
        self.inside(node)
        if not is_loaded:
            self.change(node.value, is_sure=type(node.ctx) is ast.Del)

    def call(self, node: ast.Call) -> None:
        match node:
            case ast.Call(ast.Name(name), [ast.Name(self.state), *_]) if name in _ASKING:
                self.is_asking, self.is_whole = True, False
                self.rest(node, parts_of(node))
            case _:
                self.inside(node)
        if isinstance(node.func, ast.Attribute) and node.func.attr in _CHANGING:
            self.change(node.func.value, is_sure=node.func.attr in CHANGES)

    def first(self, node: ast.BoolOp | ast.IfExp) -> None:
        """See what is evaluated in any case; the rest may be or not."""
        parts = [node.test, node.body, node.orelse] if isinstance(node, ast.IfExp) else node.values
        self.see(parts[0], node)
        flow = self.here
        for part in parts[1:]:
            self.see(part, node)
            self.here = flow

    def comprehension(self, node: Comprehension) -> None:
        """See the first iterable; the rest runs for its items, if there are any."""
        self.see(node.generators[0].iter, node)
        flow = self.here
        self.inside(node)
        self.here = flow

    def mention(self, verb: Verb, field: str, line: int) -> None:
        if not self.can_fail:
            self.mentions.append(Mention(field, verb, line + self.source.offset))
        if verb == "writes" or ("writes", field) not in self.here:
            self.touch(verb, field, is_sure=verb == "writes" or not self.can_fail)

    def touch(self, verb: Verb, field: str, *, is_sure: bool) -> None:
        fact = verb, field
        self.may.add(fact)
        if is_sure:
            self.here |= {fact}

    def change(self, value: ast.expr, *, is_sure: bool) -> None:
        """Note a change in place: certain where it is made on the very value of a field."""
        node = value
        while (field := self.source.field(node)) is None and isinstance(node, _PARTS):
            node = node.value
        if field is not None:
            self.touch("writes", field, is_sure=is_sure and node is value)
        elif isinstance(node, ast.Name):
            self.edited.append(node.id)


def _met(ends: Iterable[_Flow | None]) -> _Flow | None:
    """What is certain where ways come together; ways that do not go on do not count."""
    found = [end for end in ends if end is not None]
    return found[0].intersection(*found) if found else None


_CHANGING: Final = CHANGES | MAY_CHANGE
_PARTS: Final = (ast.Attribute, ast.Subscript)
_WAYS: Final[dict[type[ast.AST], Callable[[_Reader, Any], None]]] = {
    **dict.fromkeys((ast.Return, ast.Raise, ast.Break, ast.Continue), _Reader.leave),
    **dict.fromkeys((ast.For, ast.AsyncFor, ast.While, ast.Match), _Reader.sometimes),
    **dict.fromkeys((ast.With, ast.AsyncWith), _Reader.sometimes),
    **dict.fromkeys((ast.Try, ast.TryStar), _Reader.tried),
    **dict.fromkeys((ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef), _Reader.closure),
    **dict.fromkeys((ast.ListComp, ast.SetComp, ast.GeneratorExp), _Reader.comprehension),
    **dict.fromkeys((ast.BoolOp, ast.IfExp), _Reader.first),
    ast.Constant: lambda reader, node: None,
    **dict.fromkeys((ast.Expr, ast.Await, ast.keyword), _Reader.value),
    ast.If: _Reader.either,
    ast.Assign: _Reader.assign,
    ast.AugAssign: _Reader.augmented,
    ast.DictComp: _Reader.comprehension,
    **dict.fromkeys(_PARTS, _Reader.part),
    ast.Name: _Reader.name,
    ast.Call: _Reader.call,
    ast.Lambda: _Reader.closure,
}
