"""A second interpreter of docs/semantics.md, read off the page; slow, and never used by a run.

Rules of these files (`brute`, `brute_moves`, `brute_standing`):

1. They know the page and the graph, and nothing of `agentgraph.machine`.
2. The plainest way wins: search everything, cache nothing.
3. Numbers in parentheses are the numbers of the page's rules.
"""

import builtins
from collections.abc import Iterator
from dataclasses import replace

from agentgraph import errors
from agentgraph.graph import START, Region
from tests.machine.brute_moves import Moves, refused
from tests.machine.brute_standing import (
    PRIMED,
    Completed,
    Entry,
    Fault,
    Frame,
    Takedown,
    Task,
    Tip,
    Work,
)

PROGRAMMING = (TypeError, LookupError, AttributeError, NameError, AssertionError)
ANSWERS = {
    "run": {"done"},
    "choose": {"says"},
    "poll": {"says"},
    "ask": {"asked"},
    "wait": {"answered", "expired"},
    "list": {"lists"},
    "item": {"done"},
    "enter": {"entered"},
} | {verb: {"done"} for verb in PRIMED}


class NotUnderWay(Exception):
    """An event names work that is not there, or that it does not answer."""


class Brute(Moves):
    """A run that is told of events in words, and tells commands and its marking in words."""

    def tell(self, words: str) -> str:
        """Take one event in words; return the commands in words."""
        self.said = []
        first, _, rest = words.strip().partition(" ")
        outside = getattr(self, f"_tell_{first}", None)
        if outside is not None:
            outside(rest)
        else:
            self._answer(self._find(first), rest)
        self._settle()
        return "; ".join(self.said)

    # Events from outside (21, 22)

    def _tell_start(self, rest: str) -> None:
        self.limits = _numbers(rest)
        self._leave(self.root, START, self.root.first)

    def _tell_spent(self, rest: str) -> None:
        tokens, usd = rest.split()
        self.used["tokens"] += int(tokens)
        self.used["usd"] += 0 if usd == "unknown" else float(usd)

    def _tell_time(self, _: str) -> None:
        self.is_late = True

    def _tell_budget(self, rest: str) -> None:
        self.limits, self.is_late = _numbers(rest), False
        for task in list(self.held):
            if self._affords(task):
                self.held.remove(task)
                self._begin(task)

    def _tell_cancel(self, rest: str) -> None:
        is_ending = any(
            scope.follow in {"failed", "cancelled", "exhausted"} for scope in self.takedowns
        )
        if not is_ending and not self.ending and not self.root.end:
            self._take_down(Takedown(self.root, None, "cancelled", is_undoing=rest == "undo"))

    def _find(self, words: str) -> Task:
        name, _, what = words.partition("!")
        for task in self.tasks:
            if task.path == name and what in {"", task.verb}:
                return task
        raise NotUnderWay(f"{words!r} is not under way: {self.live()}")

    # Answers

    def _answer(self, task: Task, words: str) -> None:
        verb, _, rest = words.partition(" ")
        self._check(task, verb, rest)
        self.tasks.remove(task)
        error = getattr(builtins, rest)(task.path) if verb == "failed" else None
        if task.verb == "undo":
            if verb == "stopped":
                error = refused(errors.UndoStopped, task)
                self.said.append(f"broke {task.path} UndoStopped")
            self._undone(task, rest or f"{task.path}'", error)
        elif task.is_stopping:
            self._dropped(task, error)
        elif error is not None:
            self._failed(task, error)
        else:
            getattr(self, f"_on_{verb}")(task, rest)

    def _check(self, task: Task, verb: str, rest: str) -> None:
        """Refuse an answer that is for other work."""
        known = {*task.work.vertex.labels, "nothing", ""}
        is_stop = verb == "stopped" and (task.is_stopping or task.verb == "undo")
        is_label = verb in {"says", "asked", "answered"}
        if not is_stop and verb not in ANSWERS[task.verb] | {"failed"}:
            raise NotUnderWay(f"{task.path!r} does not take {verb!r}")
        if is_label and rest.partition(" ")[0] not in known:
            raise NotUnderWay(f"{task.path!r} has no label {rest!r}")

    def _on_done(self, task: Task, rest: str) -> None:
        work, revision = task.work, rest or f"{task.path}'" * (task.verb in PRIMED) or task.path
        if task.verb == "item":
            return self._item_over(work, int(task.part or 0), revision)
        self.works.remove(work)
        past = work.token.past | work.past
        token = replace(work.token, revision=revision, past=past, told=None)
        if task.verb == "run" and work.vertex.undo:
            self.clock += 1
            self.history.append(Completed(self.clock, self.clock, work, token.past))
            token = replace(token, past=past | {self.clock})
        return self._leave(work.frame, work.name, token)

    def _on_says(self, task: Task, rest: str) -> None:
        label, *sure = rest.split()
        work, said = task.work, None if label == "nothing" else label
        if task.verb == "poll":
            work.votes[task.part or ""] = said
            return self._count(work)
        if sure and float(sure[0]) < work.vertex.at_least:
            said = None
        return self._choose(work, said, refused(errors.Abstained, task))

    def _on_asked(self, task: Task, rest: str) -> None:
        self._put(task.work, "wait", task.payload, given=rest or None)

    def _on_answered(self, task: Task, rest: str) -> None:
        work = task.work
        if work.vertex.kind == "form":
            self.works.remove(work)
            self._leave(work.frame, work.name, replace(work.token, revision=task.path, told=None))
        else:
            self._choose(work, rest, refused(errors.Abstained, task))

    def _on_expired(self, task: Task, _: str) -> None:
        expired = refused(errors.QuestionExpired, task)
        if task.given is None:
            self._break(task.work, task.work.path, expired)
        else:
            self._choose(task.work, task.given, expired)

    def _on_lists(self, task: Task, rest: str) -> None:
        task.work.items = tuple(f"item{i}" for i in range(int(rest)))
        self._next_items(task.work)

    def _on_entered(self, task: Task, _: str) -> None:
        self._open(task.work, f"{task.path}/s0", task.path, None)

    # Failures (14 to 16)

    def _failed(self, task: Task, error: Exception) -> None:
        work = task.work
        if task.verb in {"run", "choose", "item"} and _repeats(work, task.attempt, [error]):
            if task.verb == "item":
                self._item(work, int(task.part or 0))
            else:
                work.attempt += 1
                self._first(work)
        elif task.verb == "poll":
            work.votes[task.part or ""] = error
            self._count(work)
        elif task.verb == "item" and work.vertex.collect:
            index = int(task.part or 0)
            self._item_over(work, index, f"ItemError({index}, {error!r})")
        else:
            self.thrown.append(_fault(task, error))

    def _throw(self) -> bool:
        """Take down what an error, or a bound that is out, leaves (10, 15)."""
        if self.thrown:
            fault = self.thrown.pop(0)
            origin = fault.work
            if origin.is_exceeded and origin.frame.holder is None:
                self._take_down(Takedown(self.root, None, "exhausted", is_undoing=False))
            else:
                self._take_down(next(self._catchers(origin, [fault])))
            return True
        return False

    def _catchers(self, origin: Work, caught: list[Fault]) -> Iterator[Takedown]:
        """Yield the scopes around a vertex that take these errors, from inside out (15)."""
        leaves = [leaf for fault in caught for leaf in _leaves(fault.error)]
        work: Work | None = origin
        while work is not None:
            frame = work.frame
            for region in sorted(frame.graph.regions, key=lambda region: len(region.members)):
                is_around = work.name in region.members and not work.is_exceeded
                if region.kind == "catch" and is_around and _takes(region, leaves):
                    members = frozenset(region.members)
                    yield Takedown(frame, members, "handler", region, origin, caught)
            work = frame.holder
            if work is not None and work.vertex.kind == "each":
                assert frame.index is not None
                if _repeats(work, work.attempts[frame.index], leaves):
                    yield Takedown(frame, None, "again", None, origin, caught)
                elif work.vertex.collect:
                    yield Takedown(frame, None, "collect", None, origin, caught)
            elif work is not None and _repeats(work, work.attempt, leaves):
                yield Takedown(frame, None, "again", None, origin, caught)
        yield Takedown(self.root, None, "failed", None, origin, caught)

    def _dropped(self, task: Task, error: Exception | None) -> None:
        """Take the end of work that was cancelled (16)."""
        scope = task.scope
        if scope is None:
            self._chosen(task.work)
        elif error is not None and scope.origin is not None:
            scope.faults.append(_fault(task, error))

    def _widen(self, scope: Takedown) -> bool:
        """Look further out when the errors that have joined are too much for the handler (16)."""
        if scope.origin is not None and len(scope.faults) > 1:
            for wider in self._catchers(scope.origin, scope.faults):
                if wider.key == scope.key:
                    return False
                if self._is_inside(scope, wider):
                    self._take_down(wider)
                    return True
        return False

    # Taking down (16 to 20)

    def _take_down(self, scope: Takedown) -> None:
        entry = scope.frame.entries[scope.region.name] if scope.region else None
        scope.since = entry.clock if entry else 0
        for frame in self.frames:
            scope.current[frame] = self._shown(frame)
        if entry is not None and scope.region is not None:
            scope.current[scope.frame] = self._at_first(scope, entry)
        if scope.frame is self.root and scope.members is None:
            scope.branches = self._beside()
        for smaller in [other for other in self.takedowns if self._is_inside(other, scope)]:
            self.takedowns.remove(smaller)
            scope.removed += smaller.removed
            for task in self.tasks:
                task.scope = scope if task.scope is smaller else task.scope
        for work in [work for work in self.works if scope.holds(work.frame, work.name)]:
            self.works.remove(work)
            tips = work.tips or (Tip(work.name, work.token),)
            scope.removed += [(work.frame, tip) for tip in tips]
        self._take_tokens(scope)
        self._take_tasks(scope)
        gone = [f for f in self.frames if f is not scope.frame and scope.holds(f, START)]
        for frame in gone + [scope.frame] * (scope.members is None):
            frame.last = scope.current.get(frame, frame.last)
            self.frames = [other for other in self.frames if other is not frame]
        self.takedowns.append(scope)

    def _at_first(self, scope: Takedown, entry: Entry) -> str:
        """Return the revision that the undos of a region start from (18)."""
        work = scope.origin
        while work is not None and work.frame is not scope.frame:
            work = work.frame.holder
        if work is None or work.tips or work.token.line != entry.token.line:
            return entry.token.revision
        return work.token.revision

    def _take_tokens(self, scope: Takedown) -> None:
        for frame in self.frames:
            for (join, place), token in list(frame.rest.items()):
                is_loser = scope.region is not None and join == scope.region.target
                if scope.holds(frame, join) or (is_loser and frame is scope.frame):
                    del frame.rest[join, place]
                    source = frame.graph.ins[join][place].source
                    scope.removed.append((frame, Tip(source, token)))

    def _take_tasks(self, scope: Takedown) -> None:
        self.thrown = [f for f in self.thrown if not scope.holds(f.work.frame, f.work.name)]
        self.held = [t for t in self.held if not scope.holds(t.work.frame, t.work.name)]
        for task in self.tasks:
            if scope.holds(task.work.frame, task.work.name):
                self._cancel(task)
                task.scope = scope

    def _is_inside(self, inner: Takedown, outer: Takedown) -> bool:
        names = inner.members or inner.frame.graph.vertex
        return all(outer.holds(inner.frame, name) for name in names)

    def _settle(self) -> None:
        """Do all that waits for no answer: what fails, then quorums, then scopes that are empty."""
        while self._move() or self._throw() or self._quorums() or self._scopes():
            pass

    def _quorums(self) -> bool:
        """Let the quorum win that has had its tokens for longest (5)."""
        full: list[tuple[int, Frame, Region, list[tuple[str, int]]]] = []
        for frame in self.frames:
            arrived = list(frame.rest)
            for region in frame.graph.regions:
                need = frame.graph.vertex[region.target or START].need
                places = [place for place in arrived if place[0] == region.target]
                if region.kind == "quorum" and need is not None and len(places) >= need:
                    since = arrived.index(places[need - 1])
                    full.append((since, frame, region, sorted(places)[:need]))
        if full:
            _, frame, region, places = min(full, key=lambda one: one[0])
            self._win(frame, region, places)
        return bool(full)

    def _win(self, frame: Frame, region: Region, places: list[tuple[str, int]]) -> None:
        ins = frame.graph.ins[region.target or ""]
        winners = tuple(Tip(ins[place].source, frame.rest[join, place]) for join, place in places)
        for place in places:
            del frame.rest[place]
        members = frozenset(region.members)
        scope = Takedown(frame, members, "quorum", region, winners=winners)
        scope.removed = [(frame, winner) for winner in winners]
        self._take_down(scope)

    def _scopes(self) -> bool:
        for scope in self.takedowns:
            if not any(task.scope is scope for task in self.tasks):
                if not self._widen(scope) and not self._undo(scope):
                    self.takedowns.remove(scope)
                    getattr(self, f"_follow_{scope.follow}", self._follow_end)(scope)
                return True
        return False

    def _undo(self, scope: Takedown) -> bool:
        """Start the undo that is due, if there is one (18)."""
        won = frozenset[int]().union(*(tip.token.past for tip in scope.winners))
        due = [
            done
            for done in self.history
            if scope.holds(done.work.frame, done.work.name)
            and done.clock > scope.since
            and done.number not in won
        ]
        last = [done for done in due if not any(done.number in other.past for other in due)]
        if not scope.is_undoing or not last:
            return False
        done = max(last, key=lambda done: _declared(done.work))
        self.history.remove(done)
        frame = done.work.frame
        self._put(done.work, "undo", scope.current.get(frame, frame.last))
        self.tasks[-1].scope = self.tasks[-1].owner = scope
        return True

    def _undone(self, task: Task, revision: str, error: Exception | None) -> None:
        scope, frame = task.scope, task.work.frame
        assert scope is not None
        if error is None and scope is task.owner:
            scope.current[frame] = revision

    # What follows

    def _follow_handler(self, scope: Takedown) -> None:
        region, frame = scope.region, scope.frame
        assert region is not None
        entry = frame.entries[region.name].token
        told = _together(scope.faults)
        token = replace(entry, revision=scope.current[frame], told=told)
        around = {r.name for r in frame.graph.regions if set(region.members) <= set(r.members)}
        self.moving.append((frame, around, region.target or "", token, None))

    def _follow_quorum(self, scope: Takedown) -> None:
        assert scope.region is not None
        entry = scope.frame.entries[scope.region.name].token
        join = scope.region.target or ""
        self._merge(scope.frame, join, scope.winners, entry, entry.revision)

    def _follow_again(self, scope: Takedown) -> None:
        holder = scope.frame.holder
        assert holder is not None
        if scope.frame.index is None:
            holder.attempt += 1
            self._first(holder)
        else:
            self._item(holder, scope.frame.index)

    def _follow_collect(self, scope: Takedown) -> None:
        holder, index = scope.frame.holder, scope.frame.index
        assert holder is not None
        assert index is not None
        error = _together(scope.faults)
        self._item_over(holder, index, f"ItemError({index}, {error!r})")

    def _follow_end(self, scope: Takedown) -> None:
        self.ending = f"{scope.follow} at {scope.current[self.root]}{scope.branches}"


def _numbers(words: str) -> dict[str, float]:
    parts = words.split()
    return {key: float(value) for key, value in zip(parts[::2], parts[1::2], strict=True)}


def _leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for part in error.exceptions for leaf in _leaves(part)]
    return [error]


def _fault(task: Task, error: Exception) -> Fault:
    return Fault(task.work, error, int(task.part) if task.verb == "item" and task.part else -1)


def _together(faults: list[Fault]) -> Exception:
    ordered = sorted(faults, key=lambda fault: (_declared(fault.work), fault.part))
    several = [fault.error for fault in ordered]
    return several[0] if len(several) == 1 else ExceptionGroup("several", several)


def _takes(region: Region, leaves: list[BaseException]) -> bool:
    return all(set(region.catches) & _classes(leaf) for leaf in leaves)


def _classes(error: BaseException) -> set[str]:
    return {f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__}


def _repeats(work: Work, attempt: int, leaves: list[BaseException] | list[Exception]) -> bool:
    is_fault = any(isinstance(leaf, (*PROGRAMMING, errors.RunError)) for leaf in leaves)
    return attempt < work.vertex.policy.attempts and not is_fault


def _declared(work: Work) -> list[tuple[int, int]]:
    """Return where a vertex stands among all that are declared, from the outermost graph in."""
    frame, order = work.frame, list(work.frame.graph.vertex)
    here = (order.index(work.name), -1)
    if frame.holder is None:
        return [here]
    *above, (place, _) = _declared(frame.holder)
    return [*above, (place, -1 if frame.index is None else frame.index), here]
