"""What a function reads and writes of its state, by its syntax tree; whether that fits is not asked.

Rules of this file:

1. What is said is certain on every way through the function that ends without an error, or it
   is said to be so on some ways only.
2. Where the state itself goes elsewhere (a helper, a closure, another name twice) the account
   is not whole, and nothing is concluded from what it lacks.
"""

import ast
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple, TypeAlias

from agentgraph.graph import Access
from agentgraph.workflow.source import Source

CHANGES: Final = frozenset({"append", "insert", "pop", "popitem", "remove"})
"""Methods of containers that change them whenever they succeed."""
MAY_CHANGE: Final = frozenset([
    "add", "appendleft", "clear", "difference_update", "discard", "extend",
    "extendleft", "intersection_update", "popleft", "reverse", "rotate", "setdefault",
    "sort", "symmetric_difference_update", "update",
])  # fmt: skip
_ASKING: Final = frozenset({"getattr", "hasattr", "isinstance", "type"})


Comprehension: TypeAlias = ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp


class Mention(NamedTuple):
    """A field that is named in the source."""

    field: str
    verb: str
    line: int
    value: ast.expr | None = None
    """What is assigned to it there."""


class Known(NamedTuple):
    """What was found in one function."""

    access: Access
    mentions: tuple[Mention, ...]
    """Each place where it names a field, unless it asks before whether there is one."""
    aliases: dict[str, str]
    """Names of the function that stand for a field, or in a loop for an item of one."""


class _Flow(NamedTuple):
    """What was certainly read (before it was written) and written on the way to some point."""

    reads: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()


def known_of(source: Source) -> Known | None:
    """Read a function; None when its state goes by a name that is bound anew."""
    reader = _Reader(source)
    if not reader.is_readable:
        return None
    if (end := reader.run(source.body, _Flow())) is not None:
        reader.exits.append(end)
    return reader.known(is_direct=source.is_direct)


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
    """One function while it is read."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.state = source.state
        self.aliases: dict[str, str] = {}
        self.is_whole = True
        self.is_asking = False
        self.can_fail = 0
        self.mentions: list[Mention] = []
        self.may_read: set[str] = set()
        self.may_write: set[str] = set()
        self.exits: list[_Flow] = []
        self.is_readable = self._name_all(source)

    def _name_all(self, source: Source) -> bool:
        """Find what other names the values of fields have.

        False when the state's own is bound anew, or when this is not what was compiled: the file
        may have changed since.
        """
        bound: dict[str, int] = {}
        known = source.names
        for name in source.all(ast.Name):
            if type(name.ctx) is not ast.Load:
                bound[name.id] = bound.get(name.id, 0) + 1
        for part in source.all(ast.Attribute):
            if part.attr not in known and not part.attr.startswith("__"):
                return False
        for node in source.all(ast.Assign):
            self._alias(node.targets[0], node.value)
        for loop in source.all(ast.For):
            self._alias(loop.target, loop.iter)
        self.aliases = {name: field for name, field in self.aliases.items() if bound[name] == 1}
        return self.state not in bound

    def _alias(self, target: ast.expr, value: ast.expr) -> None:
        field = self.source.field(value)
        if field is not None and isinstance(target, ast.Name):
            self.aliases[target.id] = field

    def known(self, *, is_direct: bool) -> Known:
        end = _met(self.exits) if self.exits and is_direct else None
        reads, writes = end or _Flow()
        mentions = () if self.is_asking else tuple(self.mentions)
        access = Access(
            _named(reads),
            _named(writes),
            _named(self.may_read - reads),
            _named(self.may_write - writes),
            self.is_whole and is_direct,
        )
        return Known(access, mentions, self.aliases)

    # Statements. None stands for a way that does not go on.

    def run(self, statements: Iterable[ast.stmt], flow: _Flow) -> _Flow | None:
        here: _Flow | None = flow
        for statement in statements:
            if here is None:
                break
            way = _STATEMENTS.get(type(statement))
            here = self.children(statement, here) if way is None else way(self, statement, here)
        return here

    def leave(self, node: ast.stmt, flow: _Flow) -> None:
        flow = self.children(node, flow)
        if isinstance(node, ast.Return):
            self.exits.append(flow)

    def either(self, node: ast.If, flow: _Flow) -> _Flow | None:
        flow = self.see(node.test, flow)
        return _met([self.run(node.body, flow), self.run(node.orelse, flow)])

    def sometimes(self, node: ast.AST, flow: _Flow) -> _Flow:
        """See what a loop, `with` or `match` begins with; what it holds may run or not.

        A `with` may swallow an error in the middle of its body.
        """
        for part in self.source.parts[node]:
            if isinstance(part, ast.match_case | ast.stmt):
                break
            flow = self.see(part, flow) if isinstance(part, ast.expr) else self.children(part, flow)
        for name in ("body", "orelse", "cases"):
            for part in getattr(node, name, ()):
                if isinstance(part, ast.stmt):
                    self.run([part], flow)
                else:
                    self.run(part.body, flow if part.guard is None else self.see(part.guard, flow))
        return flow

    def tried(self, node: ast.Try, flow: _Flow) -> _Flow | None:
        # What is caught may be that a field is missing or unset: such a read is no fault.
        self.can_fail += bool(node.handlers)
        end = self.run(node.body, flow)
        self.can_fail -= bool(node.handlers)
        if end is not None:
            end = self.run(node.orelse, end)
        met = _met([end, *(self.run(handler.body, flow) for handler in node.handlers)])
        after = self.run(node.finalbody, flow if met is None else met)
        return None if met is None else after

    def assign(self, node: ast.Assign, flow: _Flow) -> _Flow:
        flow = self.see(node.value, flow)
        for target in node.targets:
            flow = self.see(target, flow)
            if self.source.field(target) is not None and not self.can_fail:
                self.mentions[-1] = self.mentions[-1]._replace(value=node.value)
        return flow

    def augmented(self, node: ast.AugAssign, flow: _Flow) -> _Flow:
        field = self.source.field(node.target)
        if field is not None:
            flow = self._read(field, node.target.lineno, flow)
        return self.see(node.target, self.see(node.value, flow))

    def closure(self, node: ast.AST, flow: _Flow) -> _Flow:
        """A function inside may run later, or never: what it does with the state is not known."""
        names = (each.id for each in self.source.inside(node) if isinstance(each, ast.Name))
        if any(name == self.state or name in self.aliases for name in names):
            self.is_whole = False
        return flow

    # Expressions, in the order in which they are evaluated.

    def see(self, node: ast.expr, flow: _Flow) -> _Flow:
        way = _EXPRESSIONS.get(type(node))
        return self.children(node, flow) if way is None else way(self, node, flow)

    def children(self, node: ast.AST, flow: _Flow) -> _Flow:
        for child in self.source.parts[node]:
            way = _EXPRESSIONS.get(type(child))
            flow = self.children(child, flow) if way is None else way(self, child, flow)
        return flow

    def name(self, node: ast.Name, flow: _Flow) -> _Flow:
        if node.id == self.state:
            self.is_whole = False
        return flow

    def part(self, node: ast.Attribute | ast.Subscript, flow: _Flow) -> _Flow:
        """See a field, or a part of something; to store or delete a part changes the field."""
        is_loaded = type(node.ctx) is ast.Load
        field = self.source.field(node)
        if field is not None:
            see = self._read if is_loaded else self._written
            return see(field, node.lineno, flow)
        flow = self.children(node, flow)
        if is_loaded:
            return flow
        return self._changed(node.value, flow, is_sure=type(node.ctx) is ast.Del)

    def call(self, node: ast.Call, flow: _Flow) -> _Flow:
        fn = node.func
        if isinstance(fn, ast.Name) and fn.id in _ASKING and node.args:
            first = node.args[0]
            if isinstance(first, ast.Name) and first.id == self.state:
                self.is_asking, self.is_whole = True, False
                return flow
        flow = self.children(node, flow)
        if isinstance(fn, ast.Attribute) and fn.attr in _CHANGING:
            return self._changed(fn.value, flow, is_sure=fn.attr in CHANGES)
        return flow

    def first(self, node: ast.BoolOp | ast.IfExp, flow: _Flow) -> _Flow:
        """See what is evaluated in any case; the rest may be or not."""
        parts = [node.test, node.body, node.orelse] if isinstance(node, ast.IfExp) else node.values
        flow = self.see(parts[0], flow)
        for part in parts[1:]:
            self.see(part, flow)
        return flow

    def comprehension(self, node: Comprehension, flow: _Flow) -> _Flow:
        """See the first iterable; the rest runs for its items, if there are any."""
        flow = self.see(node.generators[0].iter, flow)
        self.children(node, flow)
        return flow

    def _read(self, field: str, line: int, flow: _Flow) -> _Flow:
        if not self.can_fail:
            self.mentions.append(Mention(field, "reads", line + self.source.offset))
        if field in flow.writes or field in flow.reads:
            return flow
        self.may_read.add(field)
        return flow if self.can_fail else _Flow(flow.reads | {field}, flow.writes)

    def _written(self, field: str, line: int, flow: _Flow) -> _Flow:
        if not self.can_fail:
            self.mentions.append(Mention(field, "writes", line + self.source.offset))
        self.may_write.add(field)
        return _Flow(flow.reads, flow.writes | {field})

    def _changed(self, value: ast.expr, flow: _Flow, *, is_sure: bool) -> _Flow:
        """Note a change in place: certain where it is made on the very value of a field."""
        is_sure = is_sure and self.source.field(value) is not None
        field = self._root(value)
        if field is None:
            return flow
        self.may_write.add(field)
        return _Flow(flow.reads, flow.writes | {field}) if is_sure else flow

    def _root(self, node: ast.expr) -> str | None:
        """The field that an expression is, or is a part of."""
        while isinstance(node, ast.Attribute | ast.Subscript):
            field = self.source.field(node)
            if field is not None:
                return field
            node = node.value
        return self.aliases.get(node.id) if isinstance(node, ast.Name) else None


def _met(ends: Iterable[_Flow | None]) -> _Flow | None:
    """What is certain where ways come together; ways that do not go on do not count."""
    found: _Flow | None = None
    for end in ends:
        if end is not None and end is not found:
            found = (
                end if found is None else _Flow(found.reads & end.reads, found.writes & end.writes)
            )
    return found


_CHANGING: Final = CHANGES | MAY_CHANGE
_STATEMENTS: Final[dict[type[ast.AST], Callable[[_Reader, Any, Any], _Flow | None]]] = {
    **dict.fromkeys((ast.Return, ast.Raise, ast.Break, ast.Continue), _Reader.leave),
    **dict.fromkeys((ast.For, ast.AsyncFor, ast.While, ast.Match), _Reader.sometimes),
    **dict.fromkeys((ast.With, ast.AsyncWith), _Reader.sometimes),
    **dict.fromkeys((ast.Try, ast.TryStar), _Reader.tried),
    **dict.fromkeys((ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef), _Reader.closure),
    ast.If: _Reader.either,
    ast.Assign: _Reader.assign,
    ast.AugAssign: _Reader.augmented,
}
_EXPRESSIONS: Final[dict[type[ast.AST], Callable[[_Reader, Any, _Flow], _Flow]]] = {
    **dict.fromkeys((ast.Attribute, ast.Subscript), _Reader.part),
    **dict.fromkeys((ast.ListComp, ast.SetComp, ast.GeneratorExp), _Reader.comprehension),
    ast.DictComp: _Reader.comprehension,
    ast.Name: _Reader.name,
    ast.Call: _Reader.call,
    **dict.fromkeys((ast.BoolOp, ast.IfExp), _Reader.first),
    ast.Lambda: _Reader.closure,
}
