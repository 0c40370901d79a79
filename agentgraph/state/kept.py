"""What is made of a class once and kept on the class, so that both go together; not what that is."""

from collections.abc import Callable
from typing import TypeVar, cast

K = TypeVar("K", bound=type)
T = TypeVar("T")


def kept(kind: K, mark: str, make: Callable[[K], T]) -> T:
    """Return what `make` makes of a class, and made of it before if it did; a base has its own."""
    if mark not in kind.__dict__:
        type.__setattr__(kind, mark, make(kind))
    return cast("T", kind.__dict__[mark])
