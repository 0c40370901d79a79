"""What a callable of the user takes and gives, by its annotations; it is never called here.

Rules of this file:

1. An annotation that cannot be read is no fault by itself: only whoever needs it says so.
2. A plain function is read without `inspect.signature`: graphs have thousands of them.
3. Names are looked up where the function was written: in its module, and in the
   functions around it as long as they are running.
"""

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cached_property, partial
from importlib import import_module
from types import CodeType, FunctionType, MethodType, NoneType, SimpleNamespace, UnionType
from typing import Final, NamedTuple, TypeGuard, Union, cast, get_args, get_origin, get_type_hints

from pydantic import BaseModel

from agentgraph.errors import InvalidAgent, Place
from agentgraph.graph import Access, Vertex, VertexKind
from agentgraph.runtime.context import Ctx
from agentgraph.runtime.program import Binding, Body, Wants
from agentgraph.workflow.access import Known, known_of
from agentgraph.workflow.source import Source, function_of, source_of

_CONTEXT = re.compile(r"(\w+\.)*Ctx(\[.*\])?( \| None)?")
_YIELDS: Final = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR
_LOST: Final = (NameError, AttributeError, TypeError, SyntaxError)


MISSING: Final = object()
"""What stands for an annotation that is not there."""


class Unread(NamedTuple):
    """An annotation that names something which could not be found (yet)."""

    text: str


class _Taken(NamedTuple):
    """What a callable says of its parameters."""

    hints: Sequence[object]
    """The annotation of each that takes a value by its place."""
    needed: int
    """How many of these must be given."""
    keywords: Sequence[str]
    """What must be given by name."""
    takes_any: bool
    returns: object


class Signature:
    """A callable and what is known of it. A hint is what an annotation stands for."""

    def __init__(self, fn: Callable[..., object], source: object, taken: _Taken) -> None:
        """Take the callable, the function that has its annotations, and what these say."""
        self.fn: Callable[..., object] = fn
        self.source: object = source
        first, second, *_ = *taken.hints, MISSING, MISSING
        self.state: object = read(first, source)
        self.second: object = read(second, source)
        self.returns: object = read(taken.returns, source)
        self.has_second: bool = len(taken.hints) > 1
        self.needs_second: bool = taken.needed == 2
        self.takes_any: bool = taken.takes_any
        """It takes any number of values, or does not say."""
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

    @property
    def gives(self) -> object:
        """What it says that it returns; `object` when it says nothing that can be read."""
        is_known = self.returns is not MISSING and not isinstance(self.returns, Unread)
        return self.returns if is_known else object

    def fault(self, what: str, fix: str) -> InvalidAgent:
        """Say what is wrong with it."""
        return InvalidAgent(what, where=self.where, fix=fix)

    def at(self, line: int) -> Place | None:
        """Return a line of its file."""
        place = place_of(self.fn)
        return place and Place(place.file, line)

    def read_again(self) -> "Signature":
        """Look once more for what was not found: it may have been defined since."""
        for part in ("state", "second", "returns"):
            hint = getattr(self, part)
            if isinstance(hint, Unread):
                setattr(self, part, read(hint.text, self.source))
        return self

    @property
    def body(self) -> Body:
        """The callable as a run wants it. Raises `InvalidAgent` when that cannot be told."""
        return cast("Body", self.binding.body)

    @cached_property
    def binding(self) -> Binding:
        """The callable as the body of a vertex, one for all vertices that have it."""
        wants = self._second() if self.has_second else "state"
        is_async = inspect.iscoroutinefunction(self.fn)
        if not is_async and not isinstance(self.fn, FunctionType):
            method = getattr(self.fn, "__call__", None)  # noqa: B004 - the method itself is asked for
            is_async = inspect.iscoroutinefunction(method)
        return Binding(Body(self.fn, wants, is_async))

    def vertex(self, kind: VertexKind, name: str | None = None) -> Vertex:
        """Return a vertex in which it works, under its own name or another."""
        shown = self.name if name is None else name
        return Vertex(shown, kind, *self.about, access=self.access)

    @cached_property
    def about(self) -> tuple[str, str, Place | None]:
        """What a graph shows of it: its full name, the first paragraph of its docstring, its place."""
        agent, place = qualname_of(self.fn), place_of(self.source)
        # A partial has the docstring of all partials, not that of its function.
        doc = getattr(self.source if isinstance(self.fn, partial) else self.fn, "__doc__", None)
        first = " ".join(doc.strip().partition("\n\n")[0].split()) if isinstance(doc, str) else ""
        return agent, first, place

    @cached_property
    def known(self) -> Known | None:
        """What its source says; None when it cannot be read."""
        source = source_of(self.fn)
        return None if source is None else known_of(source, self.state)

    @property
    def written(self) -> Source | None:
        """Its source; None when it cannot be read."""
        return None if self.known is None else self.known.source

    @property
    def access(self) -> Access | None:
        """What it reads and writes."""
        return None if self.known is None else self.known.access

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
        said = f"neither that it takes the context nor that it takes an error: {_shown(hint)}"
        what = f"the second parameter of {self.name or 'a function'!r} says {said}"
        fix = "annotate it: `ctx: Ctx`, or in a handler `error: ConnectionError`"
        raise self.fault(what, fix)


def signature_of(fn: object) -> Signature:
    """Read what `fn` takes. Raises `InvalidAgent` when it cannot be called with a state."""
    if not callable(fn):
        where = f"a value of type {type(fn).__name__!r}"
        fix = "give a function, a method, or an object with `__call__`"
        raise InvalidAgent(f"{fn!r} is no function", where=where, fix=fix)
    plain, source = _plain(fn), function_of(fn)[0]
    code = getattr(source, "__code__", None)
    if isinstance(code, CodeType) and code.co_flags & _YIELDS:
        _refuse(fn, "is a generator, which would never run")
    taken = _any(fn) if plain is None else _written(plain, isinstance(fn, MethodType))
    if taken.keywords:
        _refuse(fn, f"needs the keyword {taken.keywords[0]!r}")
    if not taken.hints and not taken.takes_any:
        _refuse(fn, "takes nothing")
    if taken.needed > 2:
        _refuse(fn, f"needs {taken.needed} arguments")
    return Signature(fn, source, taken)


def _plain(fn: object) -> FunctionType | None:
    """Return the function itself, if there is nothing more to `fn` but the object of a method."""
    inner = fn.__func__ if isinstance(fn, MethodType) else fn
    return inner if isinstance(inner, FunctionType) and not hasattr(inner, "__wrapped__") else None


def _written(plain: FunctionType, skipped: int) -> _Taken:
    """Read a function by its code, of whose parameters so many are bound already."""
    code = plain.__code__
    count = code.co_argcount
    hints = annotations_of(plain)
    keywords = code.co_varnames[count : count + code.co_kwonlyargcount]
    given = [hints.get(name, MISSING) for name in code.co_varnames[skipped:count]]
    needed = count - skipped - len(plain.__defaults__ or ())
    asked = [name for name in keywords if name not in (plain.__kwdefaults__ or ())]
    takes_any = bool(code.co_flags & inspect.CO_VARARGS)
    return _Taken(given, needed, asked, takes_any, hints.get("return", MISSING))


def _any(fn: Callable[..., object]) -> _Taken:
    """Read a partial, a callable object, a decorated function: whatever is not a plain one."""
    try:
        taken = inspect.signature(fn)
    except (ValueError, TypeError, NameError):  # Some callables written in C say nothing.
        return _Taken((), 0, (), True, MISSING)
    parameters = taken.parameters.values()
    places = [p for p in parameters if p.kind in {p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD}]
    given = [p.annotation for p in places]
    needed = sum(p.default is p.empty for p in places)
    asked = [p.name for p in parameters if p.kind is p.KEYWORD_ONLY and p.default is p.empty]
    takes_any = any(p.kind is p.VAR_POSITIONAL for p in parameters)
    return _Taken(given, needed, asked, takes_any, taken.return_annotation)


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
    if annotation is inspect.Parameter.empty:
        return MISSING
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
    around = _around(source) if is_local else None
    try:
        # A copy, since `eval` puts the builtins into the names that it is given.
        return get_type_hints(holder, {**names}, around, include_extras=True)["hint"]
    except _LOST:
        return Unread(annotation if isinstance(annotation, str) else str(annotation))


def _around(source: object) -> dict[str, object]:
    """Return the names of the functions around `source`: what it closes over, and where they run."""
    code = getattr(source, "__code__", None)
    names: dict[str, object] = {}
    if not isinstance(code, CodeType):
        return names
    for name, cell in zip(
        code.co_freevars, getattr(source, "__closure__", None) or (), strict=False
    ):
        with suppress(ValueError):  # The cell is empty as long as nothing was assigned.
            names[name] = cell.cell_contents
    frame = inspect.currentframe()
    while frame is not None:
        around = frame.f_code
        is_around = code.co_qualname.startswith(f"{around.co_qualname}.")
        if is_around and around.co_filename == code.co_filename:
            names = {**frame.f_locals, **names}
        frame = frame.f_back
    return names


def options_of(hint: object) -> tuple[object, ...]:
    """Return what a hint allows: the parts of a union, or the hint itself."""
    return get_args(hint) if get_origin(hint) in {Union, UnionType} else (hint,)


def is_model(hint: object) -> TypeGuard[type[BaseModel]]:
    """Say whether a hint is the class of a state or a form."""
    return isinstance(hint, type) and issubclass(hint, BaseModel)


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
    code = getattr(function_of(fn)[0], "__code__", None)
    return Place(code.co_filename, code.co_firstlineno) if isinstance(code, CodeType) else None


def qualname_of(fn: object) -> str:
    """Return `module:qualname` of a callable, for people."""
    source = fn if hasattr(fn, "__qualname__") else function_of(fn)[0]
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
        raise found.fault(f"{found.name or 'a function'!r} takes one value", f"take two: {what}")
    found.has_second = False
    return found
