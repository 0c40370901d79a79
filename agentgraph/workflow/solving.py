"""Guards decided by z3, where trying values leaves them open: `agentgraph check --deep`; nothing runs.

Rules of this file:

1. z3 is imported when it is asked for, by `deeply`, and by nothing else.
2. Numbers and texts are what they are in Python: floats have their rounding, infinities and NaN.
   What has no exact counterpart ends the attempt, and nothing is said.
3. A state without an answer is told only if the evaluator of `guards` comes to the same.
"""

import ast
import operator
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module
from math import nan
from typing import Any, Final

from pydantic import BaseModel

from agentgraph.errors import NotAvailable
from agentgraph.workflow.guards import (
    ANY,
    Guard,
    Runner,
    Tried,
    Unknown,
    Values,
    is_guarded,
    limits_of,
    matters,
    operated,
)

_MS: Final = 5_000
"""How long one question may take; beyond that nothing is said."""
_EXACT: Final = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Add, ast.Sub, ast.Mult)
_solver: ContextVar[Any] = ContextVar("z3", default=None)


@contextmanager
def deeply() -> Generator[None]:
    """Ask z3 about what is built meanwhile. Raises `NotAvailable` without it."""
    try:
        before = _solver.set(import_module("z3"))
    except ImportError as error:
        what = "--deep needs the package z3-solver, which is not installed"
        fix = "pip install 'agentgraph[z3]', or leave --deep out"
        raise NotAvailable(what, where="the extra `z3`", fix=fix) from error
    try:
        yield
    finally:
        _solver.reset(before)


def solved(runner: Runner, state: type[BaseModel]) -> Tried | None:
    """Decide the guards of a classifier; None without z3, and where it cannot be done."""
    if (z3 := _solver.get()) is None or is_guarded(state, runner.names):
        return None
    try:
        return _Paths(z3, runner, state).decide()
    except (Unknown, z3.Z3Exception, TypeError, AttributeError, KeyError):
        return None


class _Paths:
    """What must hold on the ways through one classifier."""

    def __init__(self, z3: Any, runner: Runner, state: type[BaseModel]) -> None:
        self.z3 = z3
        self.runner = runner
        self.fields: dict[str, Any] = {}
        self.limits: list[Any] = []
        self.silent: list[Any] = []
        self.guards: list[tuple[Guard, Any, Any]] = []
        """Each guard, what leads to it, and what it asks."""
        kinds = (int, bool, str, float)
        sorts = (z3.IntSort(), z3.BoolSort(), z3.StringSort(), z3.Float64())
        sort_of: dict[object, Any] = dict(zip(kinds, sorts, strict=True))
        for name in runner.names:
            info = state.__pydantic_fields__[name]
            made = self.fields[name] = z3.Const(name, sort_of[info.annotation])
            if (limits := limits_of(info)) is None:
                raise Unknown
            self.limits += [getattr(operator, each)(made, edge) for each, edge in limits.items()]

    def decide(self) -> Tried:
        """Ask for a state without an answer, preferably of plain numbers, and for each guard."""
        z3 = self.z3
        rest = self._block(self.runner.source.body, z3.BoolVal(True))
        gap = z3.Or(rest, *self.silent)
        floats = [field for field in self.fields.values() if z3.is_fp(field)]
        odd = [test(field) for field in floats for test in (z3.fpIsNaN, z3.fpIsInf)]
        values = self._state(gap, z3.Not(z3.Or(odd))) or self._state(gap)
        if values is not None and not self.runner.is_silent(values):
            raise Unknown
        dead: list[Guard] = []
        for guard, path, holds in self.guards:
            # What stands inside a branch that is never taken is not told as well.
            is_asked = not dead or self._state(path) is not None
            if is_asked and self._state(path, holds) is None:
                dead.append(guard)
        return Tried([] if values is None else [values], dead, {})

    def _state(self, *conditions: Any) -> Values | None:
        """A state in which all this holds; None: there is none."""
        solver = self.z3.Solver()
        solver.set("timeout", _MS)
        found = str(solver.check(*conditions, *self.limits))
        if found != "sat":
            if found == "unsat":
                return None
            raise Unknown
        ask = solver.model().eval
        values = {n: ask(x, model_completion=True).py_value() for n, x in self.fields.items()}
        return {name: nan if value is None else value for name, value in values.items()}

    def _block(self, statements: Sequence[ast.stmt], path: Any) -> Any:
        """Go through statements; return when their end is reached."""
        z3 = self.z3
        for node in statements:
            match node:
                case ast.Return(value):
                    answers = self.runner.possible(value)
                    if len(answers) > 1 and None in answers:
                        raise Unknown
                    self.silent += [path] if answers == [None] else []
                    return z3.BoolVal(False)
                case ast.If(test, body, orelse):
                    holds = self._truth(test)
                    if matters(node):
                        self.guards.append((test, path, holds))
                    ways = ((body, holds), (orelse, z3.Not(holds)))
                    path = z3.Or([self._block(way, z3.And(path, each)) for way, each in ways])
                case ast.Raise() | ast.Expr(ast.Call(ast.Name("assert_never"))):
                    return z3.BoolVal(False)
                case ast.Pass() | ast.Expr(ast.Constant()):
                    pass
                case _:
                    raise Unknown
        return path

    def _truth(self, node: ast.expr) -> Any:
        value = self._see(node)
        if self.z3.is_bool(value):
            return value
        return self.z3.Not(self._equal(value, "" if self.z3.is_string(value) else 0))

    def _see(self, node: ast.expr) -> Any:
        z3, source = self.z3, self.runner.source
        if (known := self.runner.constant(node)) is not ANY:
            if isinstance(known, int) and abs(known) > 2**53:
                raise Unknown  # As a float it would be another number.
            return z3.BoolVal(known) if isinstance(known, bool) else known
        match node:
            case ast.Attribute():
                return self.fields[source.field(node) or ""]
            case ast.Compare(left, ops, rights):
                pairs = zip(ops, [left, *rights], rights, strict=False)
                return z3.And([self._compared(op, *pair) for op, *pair in pairs])
            case ast.BoolOp(op, parts):
                join = z3.And if isinstance(op, ast.And) else z3.Or
                return join([self._truth(part) for part in parts])
            case ast.UnaryOp(ast.Not(), operand):
                return z3.Not(self._truth(operand))
            case _:
                return self._computed(node)

    def _computed(self, node: ast.expr) -> Any:
        match node:
            case ast.BinOp(left, op, right) if isinstance(op, _EXACT):
                return operated(op, self._see(left), self._see(right))
            case ast.Call(ast.Name("len"), [text]):
                return self.z3.Length(self._see(text))
            case ast.Call(ast.Attribute(text, "startswith"), [part]):
                return self.z3.PrefixOf(self._see(part), self._see(text))
            case ast.Call(ast.Attribute(text, "endswith"), [part]):
                return self.z3.SuffixOf(self._see(part), self._see(text))
            case _:
                raise Unknown

    def _compared(self, op: ast.cmpop, left: ast.expr, right: ast.expr) -> Any:
        z3, one = self.z3, self._see(left)
        if isinstance(op, _EXACT):
            return operated(op, one, self._see(right))
        if isinstance(right, ast.Tuple | ast.List | ast.Set):
            found = z3.Or([self._equal(one, self._see(each)) for each in right.elts])
        elif isinstance(op, ast.In | ast.NotIn):
            found = z3.Contains(self._see(right), one)
        elif isinstance(op, ast.Eq | ast.NotEq):
            found = self._equal(one, self._see(right))
        else:
            raise Unknown
        return z3.Not(found) if isinstance(op, ast.NotEq | ast.NotIn) else found

    def _equal(self, one: Any, other: Any) -> Any:
        is_float = self.z3.is_fp(one) or self.z3.is_fp(other)
        return self.z3.fpEQ(one, other) if is_float else one == other
