"""Where ways lead, whatever they lead between: what is reached, in which order, by which path."""

from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar

T = TypeVar("T")


def reached(starts: Iterable[T], ways: Callable[[T], Iterable[T]]) -> dict[T, None]:
    """Return all that some ways lead to, the starts included, in the order in which it is met."""
    found = dict.fromkeys(starts)
    stack = list(found)
    while stack:
        for target in ways(stack.pop()):
            if target not in found:
                found[target] = None
                stack.append(target)
    return found


def backwards(ways: Mapping[T, Iterable[T]]) -> dict[T, list[T]]:
    """Return where ways come from, by what they lead to."""
    before: dict[T, list[T]] = {vertex: [] for vertex in ways}
    for vertex, targets in ways.items():
        for target in targets:
            before[target].append(vertex)
    return before


def deepest_first(starts: Iterable[T], ways: Callable[[T], Iterable[T]]) -> list[T]:
    """Return all that some ways lead to, each after what it leads to, but for ways back."""
    found: list[T] = []
    seen: set[T] = set()
    stack = [(start, False) for start in starts][::-1]
    while stack:
        vertex, is_done = stack.pop()
        if is_done:
            found.append(vertex)
        elif vertex not in seen:
            seen.add(vertex)
            stack.append((vertex, True))
            stack += [(target, False) for target in ways(vertex)][::-1]
    return found


def onward(count: dict[T, int], ways: Callable[[T], Iterable[T]]) -> list[T]:
    """Return what no cycle leads to, so that every way leads onward; `count` has the ways to each."""
    ready = [vertex for vertex, number in count.items() if not number]
    for vertex in ready:
        for target in ways(vertex):
            count[target] -= 1
            if not count[target]:
                ready.append(target)
    return ready


def path_to(start: T, goal: T, ways: Callable[[T], Iterable[T]]) -> list[T]:
    """Return a shortest path of vertices, empty when there is none."""
    before = {start: start}
    queue = [start]
    for vertex in queue:
        if vertex == goal:
            break
        for target in ways(vertex):
            if target not in before:
                before[target] = vertex
                queue.append(target)
    if goal not in before:
        return []
    path = [goal]
    while path[-1] != start:
        path.append(before[path[-1]])
    return path[::-1]
