"""Where ways lead, whatever they lead between: what is reached, and the shortest path."""

from collections.abc import Callable, Iterable
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


def onward(count: dict[int, int], ways: Callable[[int], Iterable[int]]) -> list[int]:
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
