"""The mark of a field that nothing has written yet; not None, which is a value like any other."""

from typing import Final, TypeVar, cast

from pydantic import Field
from pydantic.fields import FieldInfo

T = TypeVar("T")


class Unset:
    """The type of `UNSET`; it has no other instance."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "<unset>"

    def __reduce__(self) -> str:
        return "UNSET"


UNSET: Final = Unset()


def _mark() -> Unset:
    return UNSET


# The type comes from the annotation of the field: `answer: str = unset()`.
def unset() -> T:  # type: ignore[type-var] # pyright: ignore[reportInvalidTypeVarUse]  # said above
    """Return a default that says "not written yet": a node that reads the field gets an error."""
    # A factory, since a default that is no value of the field would spoil its JSON schema.
    return cast("T", Field(default_factory=_mark, exclude_if=lambda value: value is UNSET))


def starts_unset(field: FieldInfo) -> bool:
    """Say whether the default of a field is `unset()`."""
    return field.default_factory is _mark
