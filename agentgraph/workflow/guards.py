"""A classifier tried on the values at which its guards change their mind; it is never called.

A small evaluator walks its syntax tree: comparisons, logic, arithmetic, some methods of texts,
`if`, `match` and `return`. Each field takes the constants of the source, what lies between and
beside them, and whatever else its type allows. What the evaluator does not know ends the
attempt, and nothing is said.
"""

import ast
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from enum import Enum
from functools import cache
from itertools import pairwise, product
from math import inf, isfinite, nan, nextafter, prod
from types import FunctionType, NoneType, UnionType
from typing import Any, Final, Literal, NamedTuple, TypeAlias, Union, cast, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from agentgraph.events import Verdict
from agentgraph.workflow.source import Source

_TRIALS: Final = 300
"""How many states one classifier is tried on; with more of them nothing is said."""
ANY: Final = object()
"""Stands for an answer that is not written down."""
Values = Mapping[str, object]
"""A value for each field that the classifier looks at."""


Guard: TypeAlias = ast.expr | ast.pattern


class Asked(NamedTuple):
    """What a list of rules, or of keywords, may answer, and the rules in their order."""

    answers: tuple[object, ...]
    cases: tuple[tuple[object, object], ...]


class Unknown(Exception):
    """Something that the evaluator does not know."""


class Raised(Exception):
    """The classifier raises an error for this state."""


class Tried(NamedTuple):
    """All that was seen of one classifier."""

    silent: Sequence[Values]
    """States for which it comes to its end without an answer."""
    dead: list[Guard]
    """Guards that hold in no state in which they are asked."""
    doubled: dict[int, Values]
    """Lines of guards that overrule the answer of an earlier one, with a state."""


def tried(runner: "Runner", state: type[BaseModel], *, always_answers: bool) -> Tried | None:
    """Try a classifier on all that may matter; None when that cannot be done.

    `always_answers`: it has an answer at each end, so that only its guards are of interest.
    """
    source, names = runner.source, runner.names
    if is_guarded(state, names):
        return None
    edges = _edges(runner, names)
    domains = [list(_domain(state.__pydantic_fields__.get(name), edges[name])) for name in names]
    if not 0 < prod(map(len, domains)) <= _TRIALS:
        return None
    states = (dict(zip(names, values, strict=True)) for values in product(*domains))
    guards: list[Guard] = [node.test for node in source.all(ast.If) if matters(node)]
    # A last `case _` is there for what should not come, and a subject is no guard, but looked at.
    for node in source.all(ast.Match):
        guards.append(node.subject)
        rest = node.cases[:-1] if _is_any(node.cases[-1]) else node.cases
        guards += [case.guard or case.pattern for case in rest]
    silent: list[Values] = []
    try:
        for values in states:
            if always_answers and all(map(runner.held.get, guards)):
                break
            if runner.is_silent(values):
                silent.append(values)
    except Unknown:
        return None
    return Tried(silent, runner.dead(guards), runner.doubled)


def matters(choice: ast.If) -> bool:
    """A guard that only raises is there for what should not come, and a bare name is a switch."""
    return not (isinstance(choice.body[0], ast.Raise) or isinstance(choice.test, ast.Name))


def _edges(runner: "Runner", names: Sequence[str]) -> dict[str, list[object]]:
    """The constants that each field is compared with; all of them, where it is used otherwise."""
    found: dict[str, list[object]] = {name: [] for name in names}
    compared: set[ast.AST] = set()
    source = runner.source
    for node in source.all(ast.Compare):
        inside = source.inside(node)
        compared.update(inside)
        for name in filter(None, map(source.field, inside)):
            found[name] += map(runner.constant, inside)
    loose = {source.field(node) for node in source.all(ast.Attribute) if node not in compared}
    everything = [0, *map(runner.constant, source.parts)] if loose & found.keys() else []
    return {name: everything if name in loose else edges for name, edges in found.items()}


def is_guarded(state: type[BaseModel], names: Sequence[str]) -> bool:
    """Say whether code of the user decides which values there are."""
    found = state.__pydantic_decorators__
    fields = {name for each in found.field_validators.values() for name in each.info.fields}
    return bool(found.model_validators) or "*" in fields or not fields.isdisjoint(names)


# Which values a field may have.


def limits_of(info: FieldInfo) -> dict[str, Any] | None:
    """The limits that a field is declared with; None where there is more than is known here."""
    limits: dict[str, Any] = {}
    for mark in info.metadata:
        said = {name: getattr(mark, name) for name in _HOLDS if hasattr(mark, name)}
        is_odd = not said or set(getattr(mark, "__dict__", said)) > {*_HOLDS, "strict"}
        if is_odd and not isinstance(mark, FunctionType):  # that would be a reducer
            return None  # A validator, a pattern: which values it lets pass is not known here.
        limits.update(said)
    return limits


def _domain(info: FieldInfo | None, constants: Sequence[object]) -> Iterator[object]:
    limits = None if info is None else limits_of(info)
    if info is None or limits is None:
        return
    hint = info.annotation
    options = get_args(hint) if get_origin(hint) in {Union, UnionType} else (hint,)
    values = [_values(kind, [*constants, *limits.values()]) for kind in options]
    if all(values):
        yield from (
            value for part in values for value in part if not limits or _fits(value, limits)
        )


def _values(kind: object, constants: Sequence[object]) -> list[object]:
    """The values of one type that may matter; none where they cannot be listed."""
    if get_origin(kind) is Literal:
        return list(get_args(kind))
    if kind is int or kind is float:
        edges = {c for c in constants if isinstance(c, int | float)} or {0}
        return list(_whole(edges) if kind is int else _real(sorted(edges)))
    if kind is str:
        texts = sorted({c for c in constants if isinstance(c, str)})
        other = next(t for t in ("other", "-", "#", "~~") if not any(t in text for text in texts))
        return [*dict.fromkeys([*texts, other, ""])]
    if kind is bool or kind is NoneType:
        return [True, False] if kind is bool else [None]
    return list(kind) if isinstance(kind, type) and issubclass(kind, Enum) else []


def _whole(edges: Iterable[float]) -> list[int]:
    return sorted({int(edge) + step for edge in edges if isfinite(edge) for step in (-1, 0, 1)})


def _real(edges: Sequence[float]) -> Iterator[float]:
    """Every constant, a number between each two, those beside them, and what is no finite number."""
    yield from map(float, edges)
    yield from ((one + other) / 2 for one, other in pairwise(edges))
    yield from (edges[0] - 1.0, edges[-1] + 1.0)
    yield from (nextafter(edges[-1], inf), nextafter(edges[0], -inf), inf, -inf, nan)


def _fits(value: Any, limits: Mapping[str, Any]) -> bool:
    size = len(value) if isinstance(value, str) else value
    return value is None or all(
        edge is None or _HOLDS[name](size if name.endswith("length") else value, edge)
        for name, edge in limits.items()
    )


# The evaluator.


class Runner:
    """Evaluates one classifier for one state after the other."""

    def __init__(self, source: Source) -> None:
        """Take the classifier."""
        self.source = source
        fields = map(source.field, source.all(ast.Attribute))
        self.names: list[str] = sorted({name for name in fields if name is not None})
        """The fields that it names."""
        self.doubled: dict[int, Values] = {}
        self._values: Values = {}
        self._local: dict[str, object] = {}
        self._given: dict[str, int] = {}
        """The line of the guard under which a local name got its answer."""
        self._guard = 0
        self.held: dict[Guard, bool] = {}
        """Whether a guard that was asked was true of some state."""
        self._subjects: set[Guard] = set()
        self.constant: Callable[[ast.AST], object] = cache(self._constant)

    def is_silent(self, values: Values) -> bool:
        """Say whether the classifier ends without an answer for these values."""
        self._values, self._local, self._given, self._guard = values, {}, {}, 0
        try:
            answer = self._run(self.source.body)
        except Raised:
            return False
        return not answer or answer[0] is None

    def dead(self, guards: Sequence[Guard]) -> list[Guard]:
        """Return the guards that never held, if nothing but constants decides."""
        if not all(map(self._is_plain, guards)):
            return []
        # What stands inside a branch that is never taken is not told as well.
        asked = [guard for guard in guards if guard not in self._subjects]
        never = [guard for guard in asked if guard not in self.held][:1]
        return [guard for guard in guards if self.held.get(guard) is False] or never

    def _is_plain(self, test: Guard) -> bool:
        """Say whether a guard only compares fields with constants, so that no value is missed."""
        for node in self.source.inside(test):
            if isinstance(node, _COMPUTED):
                return False
            if isinstance(node, ast.Compare):
                fields = [*map(self.source.field, (node.left, *node.comparators))]
                if len(fields) - fields.count(None) != 1:
                    return False
        return True

    def _run(self, statements: Iterable[ast.stmt]) -> tuple[object] | None:
        """Run statements up to a `return`, whose value is given back."""
        for node in statements:
            match node:
                case ast.If():
                    done = self._if(node)
                case ast.Return(value):
                    return (None if value is None else self._see(value),)
                case ast.Match(subject, cases):
                    self._subjects.add(subject)
                    done = self._match(self._see(subject), cases)
                case ast.Assign([ast.Name(name)], value):
                    self._assign(name, value)
                    continue
                case ast.Raise() | ast.Expr(ast.Call(ast.Name("assert_never"))):
                    raise Raised
                case ast.Pass() | ast.Expr(ast.Constant()):
                    continue
                case _:
                    raise Unknown
            if done is not None:
                return done
        return None

    def _if(self, node: ast.If) -> tuple[object] | None:
        holds = bool(self._see(node.test))
        self.held[node.test] = holds or self.held.get(node.test, False)
        return self._branch(node.test if holds else None, node.body if holds else node.orelse)

    def _branch(self, guard: Guard | None, body: Iterable[ast.stmt]) -> tuple[object] | None:
        """Run what stands under a guard."""
        outer, self._guard = self._guard, guard.lineno if guard else self._guard
        done = self._run(body)
        self._guard = outer
        return done

    def _match(self, value: object, cases: Iterable[ast.match_case]) -> tuple[object] | None:
        for case in cases:
            guard = case.guard or case.pattern
            fits = self._fits(case.pattern, value)
            if fits or not case.guard:
                holds = fits and (case.guard is None or bool(self._see(case.guard)))
                self.held[guard] = holds or self.held.get(guard, False)
                if holds:
                    return self._branch(guard, case.body)
        return None

    def _fits(self, pattern: ast.pattern, value: Any) -> bool:
        """Say whether a value is what a pattern describes, and give it the names there."""
        match pattern:
            case ast.MatchValue(constant):
                return bool(value == self._see(constant))
            case ast.MatchSingleton(constant):
                return value is constant
            case ast.MatchOr(patterns):
                return any(self._fits(each, value) for each in patterns)
            case ast.MatchSequence(patterns) if isinstance(value, list):
                parts = cast("list[object]", value)
                pairs = zip(patterns, parts, strict=False)
                return len(patterns) == len(parts) and all(self._fits(*pair) for pair in pairs)
            case ast.MatchAs(inner, name) if inner is None or self._fits(inner, value):
                self._local |= {} if name is None else {name: value}
                return True
            case ast.MatchAs():
                return False
            case _:
                raise Unknown

    def _assign(self, name: str, value: ast.expr) -> None:
        answer, earlier = self._see(value), self._given.get(name, self._guard)
        if self._guard and isinstance(value, ast.Constant):
            if earlier != self._guard and self._local[name] != answer:
                self.doubled.setdefault(self._guard, self._values)
            self._given[name] = self._guard
        self._local[name] = answer

    def _see(self, node: ast.expr) -> Any:
        try:
            found = self.constant(node)
            return self._computed(node) if found is ANY else found
        except (TypeError, ArithmeticError, AttributeError) as error:
            raise Raised from error

    def _computed(self, node: ast.expr) -> Any:  # noqa: PLR0911 - a case for each kind of expression
        match node:
            case ast.Attribute() if (name := self.source.field(node)) is not None:
                return self._values[name]
            case ast.Name(name) if name in self._local:
                return self._local[name]
            case ast.Compare(left, ops, rights):
                sides = [self._see(side) for side in (left, *rights)]
                pairs = zip(ops, pairwise(sides), strict=True)
                return all(operated(op, *pair) for op, pair in pairs)
            case ast.BoolOp(op, parts):
                return self._logic(parts, is_and=isinstance(op, ast.And))
            case ast.UnaryOp(op, operand):
                return operated(op, self._see(operand))
            case ast.BinOp(left, op, right):
                return operated(op, self._see(left), self._see(right))
            case ast.IfExp(test, body, orelse):
                return self._see(body if self._see(test) else orelse)
            case ast.Tuple(parts) | ast.List(parts) | ast.Set(parts):
                return [self._see(part) for part in parts]
            case _:
                return self._called(node)

    def _logic(self, parts: Sequence[ast.expr], *, is_and: bool) -> object:
        found: object = is_and
        for part in parts:
            found = self._see(part)
            if bool(found) != is_and:
                break
        return found

    def _called(self, node: ast.expr) -> Any:
        given = self.verdict(node)
        match node:
            case _ if given is not None:
                return self._see(given)
            case ast.Call(ast.Name("len"), [argument]):
                return len(self._see(argument))
            case ast.Call(ast.Attribute(value, method), arguments, []) if method in _METHODS:
                return getattr(str, method)(self._see(value), *map(self._see, arguments))
            case _:
                raise Unknown

    def verdict(self, node: ast.expr) -> ast.expr | None:
        """The label in `Verdict(label, ...)`."""
        match node:
            case ast.Call(ast.Name(name), arguments, keywords) if (
                self.source.value(name) is Verdict
            ):
                given = [*arguments[:1], *(k.value for k in keywords if k.arg == "label")]
                return given[0] if given else None
            case _:
                return None

    def possible(self, node: ast.expr | None) -> list[object]:
        """The answers that an expression may be; `ANY` where that is computed."""
        if isinstance(node, ast.IfExp):
            return [*self.possible(node.body), *self.possible(node.orelse)]
        if node is None:
            return [None]
        if (asked := asked_of(self.source, node)) is not None:
            return list(asked.answers)
        return [self.constant(self.verdict(node) or node)]

    def _constant(self, node: ast.AST) -> object:
        """The value that an expression always has, or `ANY`."""
        match node:
            case ast.Constant(value):
                return value
            case ast.UnaryOp(ast.USub(), ast.Constant(int() | float() as value)):
                return -value
            case ast.Name(name, ast.Load()) if name != self.source.state:
                found = self.source.value(name)
                return found if isinstance(found, str | int | float | NoneType | Enum) else ANY
            case ast.Attribute(ast.Name(name), member):
                kind = self.source.value(name)
                if isinstance(kind, type) and issubclass(kind, Enum):
                    return cast("Mapping[str, object]", kind.__members__).get(member, ANY)
                return ANY
            case _:
                return ANY


def asked_of(source: Source, node: ast.expr) -> Asked | None:
    """The rules or keywords that an expression asks: `desk.classify(s.text)`."""
    match node:
        case ast.Call(ast.Attribute(ast.Name(name), "classify")):
            found = source.value(name)
        case _:
            return None
    if not type(found).__module__.startswith("agentgraph.classify."):
        return None
    from agentgraph.classify import Keywords, Rules, TotalRules  # noqa: PLC0415 - who has one has it

    match found:
        case TotalRules(Rules(cases), default):
            return Asked((*(label for _, label in cases), default), cases)
        case Rules(cases):
            return Asked((*(label for _, label in cases), None), cases)
        case Keywords(labels):
            return Asked((*labels, None), ())
        case _:
            return None


def _is_any(case: ast.match_case) -> bool:
    return isinstance(case.pattern, ast.MatchAs) and not (case.pattern.pattern or case.guard)


def shown(values: Values) -> str:
    """Write a state as one would type it."""
    return ", ".join(f"{name}={value!r}" for name, value in values.items())


def is_odd(values: Values) -> bool:
    """Say whether there is a NaN or an infinity in a state."""
    return any(isinstance(value, float) and not isfinite(value) for value in values.values())


_HOLDS: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "gt": operator.gt, "ge": operator.ge, "lt": operator.lt, "le": operator.le,
    "allow_inf_nan": lambda value, is_allowed: is_allowed or isfinite(value),
    "multiple_of": lambda value, step: not value % step,
    "min_length": operator.ge, "max_length": operator.le,
}  # fmt: skip
_METHODS: Final = frozenset(
    ["casefold", "endswith", "isdigit", "lower", "lstrip", "rstrip", "startswith", "strip", "upper"]
)
_COMPUTED: Final = (ast.BinOp, ast.Call, ast.Subscript)
_INSIDE: Final = (ast.In, ast.NotIn)
_OPERATORS: Final = {
    "Not": "not_", "USub": "neg", "UAdd": "pos", "Add": "add", "Sub": "sub", "Mult": "mul",
    "Div": "truediv", "FloorDiv": "floordiv", "Mod": "mod", "Eq": "eq", "NotEq": "ne", "Lt": "lt",
    "LtE": "le", "Gt": "gt", "GtE": "ge", "Is": "is_", "IsNot": "is_not",
}  # fmt: skip
"""The names of operators in a syntax tree, and in the module `operator`."""


def operated(op: ast.AST, *sides: Any) -> Any:
    """Do what an operator does."""
    if isinstance(op, _INSIDE):
        return (sides[0] in sides[1]) == isinstance(op, ast.In)
    name = _OPERATORS.get(type(op).__name__)
    if name is None:
        raise Unknown
    return getattr(operator, name)(*sides)
