"""What a callable of the user takes and gives, by its annotations; it is never called here.

Rules of this file:

1. An annotation that cannot be read is no fault by itself: only whoever needs it says so.
2. A plain function is read without `inspect.signature`: graphs have thousands of them.
3. Names are looked up where the function was written: in its module, and in the
   functions around it as long as they are running.
"""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property, partial
from importlib import import_module
from types import CodeType, FunctionType, MethodType, NoneType, SimpleNamespace, UnionType
from typing import Final, NamedTuple, TypeGuard, Union, cast, get_args, get_origin, get_type_hints

from agentgraph.errors import InvalidAgent, Place
from agentgraph.graph import Access
from agentgraph.runtime.context import Ctx
from agentgraph.runtime.program import Binding, Body, Wants
from agentgraph.workflow.access import Known, known_of
from agentgraph.workflow.escapes import Trail
from agentgraph.workflow.source import Source, source_of

_CONTEXT = re.compile(r"(\w+\.)*Ctx(\[.*\])?( \| None)?")
_LOST: Final = (NameError, AttributeError, TypeError, SyntaxError)


class Missing:
    """The type of `MISSING`: there is no annotation."""


MISSING: Final = Missing()


class Unread(NamedTuple):
    """An annotation that names something which could not be found (yet)."""

    text: str


class About(NamedTuple):
    """What a graph shows of a callable."""

    agent: str
    doc: str
    place: Place | None


class Signature:
    """A callable and what is known of it. A hint is what an annotation stands for."""

    def __init__(self, fn: Callable[..., object], source: object) -> None:
        """Take the callable, and the function that has its annotations."""
        self.fn: Callable[..., object] = fn
        self.source: object = source
        self.state: object = MISSING
        self.second: object = MISSING
        self.returns: object = MISSING
        self.has_second: bool = False
        self.needs_second: bool = False
        self.takes_any: bool = False
        """It takes any number of values, or does not say."""
        self.is_async: bool = False
        self.alone: tuple[Signature, ...] = (self,)
        """Itself, as all that there is to check of a vertex."""

    @property
    def name(self) -> str:
        """The name that the callable has by itself; empty for lambdas, partials and objects without."""
        return name_of(self.fn)

    @property
    def where(self) -> str:
        """The callable with its place, for messages."""
        place = place_of(self.fn)
        return f"{self.shown} ({place})" if place else self.shown

    @property
    def shown(self) -> str:
        """The callable, for messages that have its place already."""
        return f"function {self.name!r}" if self.name else f"{self.fn!r}"

    def read_again(self) -> "Signature":
        """Look once more for what was not found: it may have been defined since."""
        for part in ("state", "second", "returns"):
            hint = getattr(self, part)
            if isinstance(hint, Unread):
                setattr(self, part, read(hint.text, self.source))
        return self

    @property
    def wants(self) -> Wants:
        """What the second parameter takes. Raises `InvalidAgent` when that cannot be told."""
        return self.body.wants

    @cached_property
    def body(self) -> Body:
        """The callable as a run wants it. Raises `InvalidAgent` when that cannot be told."""
        return Body(self.fn, self._second() if self.has_second else "state", self.is_async)

    @cached_property
    def binding(self) -> Binding:
        """The callable as the body of a vertex, one for all vertices that have it."""
        return Binding(self.body)

    @cached_property
    def about(self) -> "About":
        """What a graph shows of the callable."""
        return About(qualname_of(self.fn), _doc_of(self.fn, self.source), place_of(self.fn))

    def at(self, line: int) -> Place | None:
        """A line in the file in which it was written."""
        place = self.about.place
        return None if place is None else Place(place.file, line)

    @cached_property
    def written(self) -> Source | None:
        """Its source; None when it cannot be read."""
        return source_of(self.fn)

    @cached_property
    def known(self) -> Known | None:
        """What its source says of the state; None when it cannot be read."""
        return None if self.written is None else known_of(self.written)

    @cached_property
    def access(self) -> Access | None:
        """What it reads and writes."""
        if self.known is None or self.written is None:
            return None
        is_lost = Trail(self.written, self.known.aliases).hands_on(self.state)
        return replace(self.known.access, is_whole=False) if is_lost else self.known.access

    def _second(self) -> Wants:
        hint = self.second
        if isinstance(hint, Unread):
            hint = Ctx if _CONTEXT.fullmatch(hint.text) else read(hint.text, self.source)
        options = [each for each in options_of(hint) if each is not NoneType]
        if options and all(each is Ctx or get_origin(each) is Ctx for each in options):
            return "ctx"
        if options and all(_is_error(each) for each in options):
            return "error"
        if not self.needs_second:
            return "state"
        raise InvalidAgent(
            f"the second parameter of {self.name or 'a function'!r} says neither that it takes the "
            f"context nor that it takes an error: {_shown(hint)}",
            where=self.where,
            fix="annotate it: `ctx: Ctx`, or in a handler `error: ConnectionError`",
        )


def signature_of(fn: object) -> Signature:
    """Read what `fn` takes. Raises `InvalidAgent` when it cannot be called with a state."""
    if not callable(fn):
        what = f"{fn!r} is no function"
        fix = "give a function, a method, or an object with `__call__`"
        raise InvalidAgent(what, where=f"a value of type {type(fn).__name__!r}", fix=fix)
    plain, skipped = _inner(fn)
    if isinstance(plain, FunctionType) and not hasattr(plain, "__wrapped__"):
        found = _plain(fn, plain, skipped)
    else:
        found = _any(fn)
    if found.is_async or isinstance(plain, FunctionType):
        return found
    found.is_async = inspect.iscoroutinefunction(fn) or inspect.iscoroutinefunction(
        getattr(fn, "__call__", None)  # noqa: B004 - the method itself is asked for, not whether
    )
    return found


def _inner(fn: object) -> tuple[object, int]:
    """Return the function itself, and how many of its parameters are bound already."""
    return (fn.__func__, 1) if isinstance(fn, MethodType) else (fn, 0)


def _plain(fn: Callable[..., object], plain: FunctionType, skipped: int) -> Signature:
    code = plain.__code__
    _refuse_generator(code, fn)
    count = code.co_argcount - skipped
    needed = max(0, count - len(plain.__defaults__ or ()))
    names = code.co_varnames[skipped : code.co_argcount]
    if code.co_kwonlyargcount and len(plain.__kwdefaults__ or ()) < code.co_kwonlyargcount:
        keywords = code.co_varnames[code.co_argcount : code.co_argcount + code.co_kwonlyargcount]
        _refuse(fn, f"needs the keyword {keywords[0]!r}")
    if count < 1 and not code.co_flags & inspect.CO_VARARGS:
        _refuse(fn, "takes nothing")
    if needed > 2:
        _refuse(fn, f"needs {needed} arguments")
    hints = annotations_of(plain)
    found = Signature(fn, plain)
    found.needs_second, found.has_second = needed == 2, count >= 2
    found.takes_any = bool(code.co_flags & inspect.CO_VARARGS)
    found.is_async = bool(code.co_flags & (inspect.CO_COROUTINE | inspect.CO_ITERABLE_COROUTINE))
    if hints:
        found.returns = read(hints.get("return", MISSING), plain)
        if count >= 1:
            found.state = read(hints.get(names[0], MISSING), plain)
        if count >= 2:
            found.second = read(hints.get(names[1], MISSING), plain)
    return found


def _any(fn: Callable[..., object]) -> Signature:
    """Read a partial, a callable object, a decorated function: whatever is not a plain one."""
    source = _source(fn)
    try:
        taken = inspect.signature(fn)
    except (ValueError, TypeError, NameError):  # Some callables written in C say nothing.
        found = Signature(fn, source)
        found.takes_any = True
        return found
    code = getattr(source, "__code__", None)
    if isinstance(code, CodeType):
        _refuse_generator(code, fn)
    places = [
        p
        for p in taken.parameters.values()
        if p.kind in {p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD}
    ]
    needed = [p for p in places if p.default is p.empty]
    for each in taken.parameters.values():
        if each.kind is each.KEYWORD_ONLY and each.default is each.empty:
            _refuse(fn, f"needs the keyword {each.name!r}")
    if not places and not any(p.kind is p.VAR_POSITIONAL for p in taken.parameters.values()):
        _refuse(fn, "takes nothing")
    if len(needed) > 2:
        _refuse(fn, f"needs {len(needed)} arguments")
    hints = [MISSING if p.annotation is p.empty else p.annotation for p in places[:2]]
    hints += [MISSING] * (2 - len(hints))
    returns = MISSING if taken.return_annotation is taken.empty else taken.return_annotation
    found = Signature(fn, source)
    found.state, found.second = read(hints[0], source), read(hints[1], source)
    found.returns = read(returns, source)
    found.needs_second, found.has_second = len(needed) == 2, len(places) >= 2
    found.takes_any = any(p.kind is p.VAR_POSITIONAL for p in taken.parameters.values())
    return found


def _source(fn: object) -> object:
    """Return the function behind a partial, an object or a wrapper: its names are looked up there."""
    while isinstance(fn, partial):
        fn = cast("partial[object]", fn).func
    if not isinstance(fn, FunctionType | MethodType | type):
        fn = getattr(type(fn), "__call__", fn)  # noqa: B004 - the method itself is asked for
    found = inspect.unwrap(cast("Callable[..., object]", fn))
    return getattr(found, "__func__", found)


def _refuse_generator(code: CodeType, fn: object) -> None:
    if code.co_flags & (inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR):
        _refuse(fn, "is a generator, which would never run")


def _refuse(fn: object, what: str) -> None:
    name = name_of(fn) or repr(fn)
    fix = "take the state, and the context after it if it is needed: `(s: Ticket, ctx: Ctx)`"
    raise InvalidAgent(f"{name!r} {what}", where=f"function {name!r} ({place_of(fn)})", fix=fix)


def annotations_of(fn: FunctionType) -> Mapping[str, object]:
    """Return the annotations as they were written; those of Python 3.14 may not be readable yet."""
    try:
        return fn.__annotations__
    except NameError:
        # Python 3.14 reads them late, and a name that only type checkers see is missing then.
        read_late = import_module("annotationlib")
        found = read_late.get_annotations(fn, format=read_late.Format.STRING)
        return cast("Mapping[str, object]", found)


def read(annotation: object, source: object) -> object:
    """Return what an annotation stands for, or `Unread` when it names something unknown."""
    if isinstance(annotation, type) or annotation is MISSING:
        return annotation
    if annotation is None:
        return NoneType
    names: Mapping[str, object] = getattr(source, "__globals__", {})
    is_local = "<locals>" in getattr(source, "__qualname__", "")
    if isinstance(annotation, str) and not is_local:
        found = names.get(annotation)
        if isinstance(found, type):
            return found
    holder = SimpleNamespace(__annotations__={"hint": annotation})
    around = _Around(source) if is_local else None
    try:
        # A copy, since `eval` puts the builtins into the names that it is given.
        return get_type_hints(holder, {**names}, around, include_extras=True)["hint"]
    except _LOST:
        return Unread(annotation if isinstance(annotation, str) else str(annotation))


class _Around(Mapping[str, object]):
    """The names of the functions around `source`: what it closes over, and where these still run."""

    def __init__(self, source: object) -> None:
        self._source = source

    def __getitem__(self, name: str) -> object:
        for names in self._scopes():
            if name in names:
                return names[name]
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return (name for names in self._scopes() for name in names)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _scopes(self) -> Iterator[Mapping[str, object]]:
        code = getattr(self._source, "__code__", None)
        if not isinstance(code, CodeType):
            return
        cells = getattr(self._source, "__closure__", None) or ()
        yield {
            name: cell.cell_contents
            for name, cell in zip(code.co_freevars, cells, strict=False)
            if _is_filled(cell)
        }
        frame = inspect.currentframe()
        while frame is not None:
            around = frame.f_code
            if around.co_filename == code.co_filename and code.co_qualname.startswith(
                f"{around.co_qualname}."
            ):
                yield frame.f_locals
            frame = frame.f_back


def _is_filled(cell: object) -> bool:
    try:
        return getattr(cell, "cell_contents", MISSING) is not MISSING
    except ValueError:
        return False


def options_of(hint: object) -> tuple[object, ...]:
    """Return what a hint allows: the parts of a union, or the hint itself."""
    return get_args(hint) if get_origin(hint) in {Union, UnionType} else (hint,)


def _is_error(hint: object) -> bool:
    return isinstance(hint, type) and issubclass(hint, BaseException)


def _shown(hint: object) -> str:
    if hint is MISSING:
        return "it has no annotation"
    if isinstance(hint, Unread):
        return f"nothing is called {hint.text!r} here"
    return f"its annotation is {getattr(hint, '__name__', hint)!r}"


def name_of(fn: object) -> str:
    """Return the name of a callable; empty for lambdas, partials and objects without one."""
    name = getattr(fn, "__name__", "")
    return "" if not isinstance(name, str) or name == "<lambda>" else name


def place_of(fn: object) -> Place | None:
    """Return where a callable was written, when that is Python."""
    code = getattr(_source(fn), "__code__", None)
    return Place(code.co_filename, code.co_firstlineno) if isinstance(code, CodeType) else None


def _doc_of(fn: object, source: object) -> str:
    """Return the first paragraph of a docstring, in one line: what a drawing shows."""
    # A partial has the docstring of all partials, not that of its function.
    doc = getattr(source if isinstance(fn, partial) else fn, "__doc__", None)
    return " ".join(doc.strip().partition("\n\n")[0].split()) if isinstance(doc, str) else ""


def qualname_of(fn: object) -> str:
    """Return `module:qualname` of a callable, for people."""
    source = fn if hasattr(fn, "__qualname__") else _source(fn)
    module = getattr(source, "__module__", None) or "?"
    return f"{module}:{getattr(source, '__qualname__', type(fn).__qualname__)}"


def is_method(fn: object) -> TypeGuard[FunctionType]:
    """Say whether a function was written in a class body to be called on an instance."""
    if not isinstance(fn, FunctionType):
        return False
    outer = fn.__qualname__.rpartition(".")[0]
    if not outer or outer.endswith("<locals>") or fn.__code__.co_argcount < 2:
        return False
    first = fn.__code__.co_varnames[0]
    return first == "self" or first not in annotations_of(fn)


def pair_of(fn: object, what: str) -> Signature:
    """Read a function of two values, such as the `into` of an `each`: neither is a context."""
    found = signature_of(fn)
    if not found.has_second and not found.takes_any:
        where = found.where
        fix = f"take two: {what}"
        raise InvalidAgent(f"{found.name or 'a function'!r} takes one value", where=where, fix=fix)
    found.has_second = False
    return found
