"""What a user says must hold in every run; each names the first moment of a run that breaks it.

The temporal ones are those of linear temporal logic on finite runs (Dwyer, Avrunin, Corbett,
"Patterns in property specifications for finite-state verification", 1999): absence, precedence,
response, bounded existence.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from agentgraph.testing.retelling import Moment

Test: TypeAlias = Callable[[Any], object]
"""A function of the state, or of the `Moment` where its parameter says so."""


@dataclass(frozen=True)
class Invariant:
    """What must hold: `broken` returns the number of the moment that breaks it, or None."""

    what: str
    broken: Callable[[Sequence[Moment], bool], int | None]
    """Takes the moments of a run, and whether it ran to its end."""
    is_needed: bool = False
    """It is about all runs together: one of them must fulfil it."""


def always(test: Test) -> Invariant:
    """After every transition `test(state)` is true; also at the start."""
    return _tested("always", test, wanted=True)


def never(test: Test) -> Invariant:
    """After no transition `test(state)` is true."""
    return _tested("never", test, wanted=False)


def _tested(word: str, test: Test, *, wanted: bool) -> Invariant:
    code = getattr(test, "__code__", None)
    takes_moment = code is not None and "moment" in code.co_varnames[: code.co_argcount]

    def breaks(moment: Moment, first: Moment) -> bool:
        # Inside a subgraph the state is another one: the test is about that of the workflow.
        if type(moment.state) is not type(first.state):
            return False
        found = test(moment if takes_moment else moment.state)
        return found is not None and bool(found) is not wanted

    return _unbroken(f"{word} {getattr(test, '__name__', test)}", breaks)


def _unbroken(what: str, breaks: Callable[[Moment, Moment], bool]) -> Invariant:
    """No moment breaks it; `breaks` takes a moment, and the first one of its run."""

    def broken(moments: Sequence[Moment], _: bool) -> int | None:
        return next((n for n, moment in enumerate(moments) if breaks(moment, moments[0])), None)

    return Invariant(what, broken)


def precedes(first: str, then: str) -> Invariant:
    """`then` never completes before `first` has; names are paths of nodes."""
    return _unbroken(
        f"{first!r} precedes {then!r}", lambda m, _: _completes(m, then) and first not in m.done
    )


def at_most(number: int, node: str) -> Invariant:
    """`node` completes at most so many times in a run."""
    return _unbroken(
        f"{node!r} at most {number} times",
        lambda m, _: _completes(m, node) and m.done.count(node) >= number,
    )


def leads_to(cause: str, effect: str) -> Invariant:
    """After `cause` has completed, `effect` completes before the run is done."""

    def broken(moments: Sequence[Moment], is_done: bool) -> int | None:
        waiting: int | None = None
        for number, moment in enumerate(moments):
            if _completes(moment, cause):
                waiting = number
            elif _completes(moment, effect):
                waiting = None
        return waiting if is_done else None

    return Invariant(f"{cause!r} leads to {effect!r}", broken)


def sometimes(what: str) -> Invariant:
    """Some run completes the node `what`, or takes the edge: `"revise -> draft"`."""
    source, arrow, target = (part.strip() for part in what.partition("->"))

    def broken(moments: Sequence[Moment], _: bool) -> int | None:
        if arrow:
            found = any((source, target) == way[:2] for m in moments for way in m.ways)
        else:
            found = any(_completes(m, source) for m in moments)
        return None if found else len(moments) - 1

    return Invariant(f"sometimes {what!r}", broken, is_needed=True)


def _completes(moment: Moment, node: str) -> bool:
    return (
        moment.node == node and moment.error is None and moment.verb not in {"stop", "undo", "poll"}
    )
