"""What a schema knows of one field: how to validate, copy and merge its values."""

import reprlib
from collections.abc import Callable
from operator import eq
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from agentgraph.errors import InvalidEdit
from agentgraph.state.copies import clone, same
from agentgraph.state.declaration import Reduce
from agentgraph.state.kinds import compares_exactly, flat_container, is_immutable
from agentgraph.state.lent import Lent
from agentgraph.state.nested import mend
from agentgraph.state.reducers import append
from agentgraph.state.shape import Shape
from agentgraph.state.unset import starts_unset


class Field:
    """One field of a state: its validator, how its values are copied, its reducer."""

    __slots__ = (
        "check", "copy", "exact", "flat", "frozen", "is_lent", "is_mutable", "model", "name", "reduce",
        "same", "shape", "starts_unset",
    )  # fmt: skip

    def __init__(
        self, name: str, model: type[BaseModel], shape: Shape, reduce: Reduce | None
    ) -> None:
        """Take what the class declares and what pydantic makes of it."""
        info = model.__pydantic_fields__[name]
        self.name: str = name
        self.model: str = model.__name__
        self.shape: Shape = shape
        self.reduce: Reduce | None = reduce
        self.frozen: bool = bool(info.frozen) or bool(model.model_config.get("frozen"))
        self.starts_unset: bool = starts_unset(info)
        self.is_mutable: bool = not is_immutable(info.annotation)
        self.exact: tuple[type, ...] = () if self.is_mutable or self.frozen else shape.exact(name)
        self.check: Callable[[object], object] | None = shape.checks[name]
        exactly = compares_exactly(info.annotation)
        flat = flat_container(info.annotation)
        # Of these pydantic makes a copy, unless a validator says otherwise.
        is_plain = flat is not None and shape.schemas[name]["type"] == flat.__name__
        self.flat: type | None = flat if is_plain and name not in shape.guarded else None
        self.same: Callable[[object, object], bool] = eq if exactly else same
        self.is_lent: bool = reduce is append and self.flat is list and shape.is_loose(name)
        own: Any = Lent.lend if self.is_lent else getattr(self.flat, "copy", clone)
        self.copy: Callable[[object], object] = own
        """Gives what a draft may edit of a value: a copy, but of a list that is lent."""

    @property
    def where(self) -> str:
        """Say where this field stands, for messages."""
        return f"field {self.name!r} of {self.model!r}"

    def accept(self, value: object, others: dict[str, object]) -> object:
        """Return the validated value of an edit, which shares nothing with what was given."""
        try:
            valid = self.validate(value, others)
            if self.is_lent:
                return Lent(cast("list[object]", valid), self.name)
            # Of a flat container pydantic has made a copy already. What is nested in others is
            # held to its own types.
            return mend(clone(valid)) if self.is_mutable and self.flat is None else valid
        except ValidationError as error:
            raise self.invalid(explain(error), shown(value)) from error
        except RecursionError as error:
            raise self.invalid("the value is nested too deeply", "a deeply nested value") from error
        except TypeError as error:
            raise self.invalid(str(error), f"a {type(value).__name__!r}") from error

    def admit(self, value: object, others: dict[str, object]) -> object:
        """Return the validated value of an instance that somebody made before.

        Pydantic has run validators that were written by hand when it made the instance. They
        run again as a check, but what they return is taken only where it has another type:
        a password would be hashed twice.
        """
        accepted = self.accept(value, others)
        if self.name in self.shape.guarded and type(accepted) is type(value):
            return mend(self.copy(value)) if self.is_mutable else value
        return accepted

    def validate(self, value: object, others: dict[str, object]) -> object:
        """Run the validator of the field."""
        if self.check is not None:
            return self.check(value)
        return self.shape.check_among(self.name, value, others)

    def invalid(self, why: str, value: str) -> InvalidEdit:
        """Make the error of an edit that does not validate."""
        what = f"field {self.name!r} cannot be {value}: {why}"
        fix = "write a value that the annotation and the validators of the field allow"
        return InvalidEdit(what, where=self.where, fix=fix)


def shown(value: object) -> str:
    """Return a short `repr`; an integer of some thousand digits has none."""
    try:
        return reprlib.repr(value)
    except ValueError:
        return f"this {type(value).__name__!r}"


def explain(error: ValidationError) -> str:
    """Say in one line what pydantic found."""
    return "; ".join(faults_of(error, ""))


def faults_of(error: ValidationError, whole: str) -> list[str]:
    """Say in one line each what pydantic found; what has no place in it is said of the `whole`."""
    faults: list[str] = []
    for fault in error.errors(include_url=False, include_context=False, include_input=False):
        place = ".".join(map(str, fault["loc"])) or whole
        faults.append(f"{place}: {fault['msg']}" if place else fault["msg"])
    return faults
