"""The syntax tree of a callable, found by the code object and never by running it; not what it means.

Rules of this file:

1. What cannot be read (a function written in C, a REPL, a file that has changed since) has no
   tree, and nothing is said of it.
2. A tree is made once for each function, and only the lines of that function are parsed.
"""

import ast
import builtins
import dataclasses
import inspect
import linecache
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from operator import itemgetter
from types import CellType, CodeType, FunctionType, MethodType
from typing import Any, Final, TypeAlias, TypeVar, cast
from weakref import WeakKeyDictionary

UNBOUND: Final = object()
_LINE: Final[Callable[[tuple[int, int, int | None]], int | None]] = itemgetter(2)
_CALLED: Final = (FunctionType, MethodType, type)
N = TypeVar("N", bound=ast.AST)
Written: TypeAlias = tuple[list[ast.stmt], int]
"""The statements of a function, and what to add to their lines."""


@dataclasses.dataclass(slots=True, eq=False)
class Source:
    """A function as it was written.

    Not frozen, since each function of a graph has one, and its table waits until it is asked for.
    """

    code: CodeType
    outside: Mapping[str, object]
    """The names of its module."""
    cells: tuple[CellType, ...]
    body: list[ast.stmt]
    """The statements; those of a lambda are the one that returns its value."""
    offset: int
    """What to add to their lines."""
    state: str
    """The name of the parameter that takes the state."""
    is_direct: bool
    """No decorator or `functools.partial` stands between the callable and this function."""
    _kinds: dict[type, list[Any]] = dataclasses.field(default_factory=dict[type, list[Any]])
    _parts: dict[ast.AST, list[ast.AST]] = dataclasses.field(
        default_factory=dict[ast.AST, list[ast.AST]]
    )

    @property
    def parts(self) -> dict[ast.AST, list[ast.AST]]:
        """All parts of the function, the outer before the inner ones, and what each is made of.

        Operators and contexts are left out.
        """
        if not self._parts:
            waiting: list[ast.AST] = [*self.body]
            for node in waiting:
                self._parts[node] = inner = parts_of(node)
                self._kinds.setdefault(type(node), []).append(node)
                waiting += inner
        return self._parts

    def all(self, kind: type[N]) -> list[N]:
        """All parts of one kind, the outer before the inner ones."""
        return self._kinds.get(kind, []) if self.parts else []

    def inside(self, node: ast.AST) -> list[ast.AST]:
        """A part, and all that it is made of."""
        found, parts = [node], self.parts
        for each in found:
            found += parts[each]
        return found

    def field(self, node: ast.AST) -> str | None:
        """The field of the state whose value an expression is."""
        # No `match`: every node of every function of a graph comes here.
        if isinstance(node, ast.Attribute):
            whose = node.value
            if isinstance(whose, ast.Name) and whose.id == self.state:
                return node.attr
        return None

    def value(self, name: str) -> object:
        """What a name from outside the function stands for now; `UNBOUND` when it is its own."""
        if name in self.code.co_varnames or name in self.code.co_cellvars:
            return UNBOUND
        if name in self.code.co_freevars:
            try:
                return self.cells[self.code.co_freevars.index(name)].cell_contents
            except ValueError:
                return UNBOUND
        found = self.outside
        return found[name] if name in found else getattr(builtins, name, UNBOUND)

    @property
    def names(self) -> set[str]:
        """The names of globals and attributes that were compiled."""
        return {name for code in _codes(self.code) for name in code.co_names}


_known: "WeakKeyDictionary[FunctionType, Written | None]" = WeakKeyDictionary()


def function_of(fn: object) -> tuple[object, bool]:
    """Return what a partial, an object or a wrapper calls, and whether nothing stands before it."""
    is_direct = not isinstance(fn, partial)
    while isinstance(fn, partial):
        fn = cast("partial[object]", fn).func
    if not isinstance(fn, _CALLED):
        fn = getattr(type(fn), "__call__", fn)  # noqa: B004 - the method itself is asked for
    fn = getattr(fn, "__func__", fn)
    if hasattr(fn, "__wrapped__"):
        fn, is_direct = inspect.unwrap(cast("FunctionType", fn)), False
    return fn, is_direct


def source_of(fn: object) -> Source | None:
    """Return the source of a callable whose first value is a state; None when it cannot be read."""
    found, is_direct = function_of(fn)
    while isinstance(fn, partial):
        if fn.args:
            return None
        fn = cast("partial[object]", fn).func
    skipped = not isinstance(fn, FunctionType)  # What is bound takes its object first.
    if not isinstance(found, FunctionType) or found.__code__.co_argcount <= skipped:
        return None
    return written(found, found.__code__.co_varnames[skipped], is_direct=is_direct)


def written(fn: FunctionType, state: str, *, is_direct: bool = True) -> Source | None:
    """Return the source of a plain function, one parameter of which takes the state."""
    code = fn.__code__
    try:
        found = _known[fn]
    except KeyError:
        lines = linecache.getlines(code.co_filename, fn.__globals__)
        try:
            found = _lambda(code, lines) if fn.__name__ == "<lambda>" else _def(code, lines)
        except (SyntaxError, IndexError, ValueError, RecursionError):
            found = None  # What does not parse is not what stood there when it was compiled.
        _known[fn] = found
    if found is None:
        return None
    return Source(code, fn.__globals__, fn.__closure__ or (), *found, state, is_direct)


def _def(code: CodeType, lines: list[str]) -> Written | None:
    """Parse a function; None when it is not that of the code: a file can have changed since."""
    first = code.co_firstlineno - 1
    last = 0
    for each in _codes(code):
        lines_of: Iterator[int] = filter(None, map(_LINE, each.co_lines()))
        last = max(last, *lines_of)
    if not 0 <= first < last <= len(lines):
        last = first + 1
    indent = _indent(lines[first])
    while last < len(lines) and (not lines[last].strip() or _indent(lines[last]) > indent):
        last += 1
    # A closing bracket may stand further left than what it closes.
    while last < len(lines) and lines[last].lstrip()[:1] in {")", "]", "}"}:
        last += 1
    head = "if 1:\n" if indent else "\n"
    tree: ast.stmt = ast.parse(head + "".join(lines[first:last])).body[0]
    if indent and isinstance(tree, ast.If):
        tree = tree.body[0]
    if not isinstance(tree, ast.FunctionDef | ast.AsyncFunctionDef) or tree.name != code.co_name:
        return None
    names = [each.arg for each in (*tree.args.posonlyargs, *tree.args.args)]
    return (tree.body, first - 1) if names == [*code.co_varnames[: code.co_argcount]] else None


def _lambda(code: CodeType, lines: list[str]) -> Written | None:
    """Parse the body of a lambda, which is where its instructions stand."""
    spots = [
        (line, left, end, right)
        for line, end, left, right in code.co_positions()
        if line and end and left is not None and right is not None and right > left
    ]
    if not spots:
        return None
    (line, left), (end, right) = min(s[:2] for s in spots), max(s[2:] for s in spots)
    text = [lines[number].encode() for number in range(line - 1, end)]
    text[-1] = text[-1][:right]
    text[0] = b" " * left + text[0][left:]
    body = ast.parse(b"(" + b"".join(text) + b")", mode="eval").body
    return [ast.Return(body)], line - 1


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def parts_of(node: ast.AST) -> list[ast.AST]:
    """Do what `ast.iter_child_nodes` does, several times as fast: every node of a graph is asked."""
    kind = type(node)
    if (names := _fields_of.get(kind)) is None:
        names = _fields_of[kind] = tuple(name for name in kind._fields if name not in _PLAIN)
    found: list[ast.AST] = []
    for name in names:
        part: ast.AST | list[ast.AST] | None = getattr(node, name, None)
        if isinstance(part, list):
            found += filter(None, part)
        elif isinstance(part, ast.AST):
            found.append(part)
    return found


_fields_of: Final[dict[type[ast.AST], tuple[str, ...]]] = {ast.Constant: ()}
"""The fields of a kind of node that may hold other nodes."""
_PLAIN: Final = frozenset([
    "ctx", "op", "ops", "id", "attr", "arg", "names", "kwd_attrs", "kind", "type_comment",
    "conversion",
])  # fmt: skip


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())
