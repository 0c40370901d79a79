"""Which annotations hold values that can be edited in place."""

# ruff: noqa: UP006, UP035  # the old names are in old code

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Annotated, Any, Generic, List, Literal, NewType, Tuple, TypeVar

import pytest
from pydantic import AnyUrl, BaseModel, ConfigDict, Field, PrivateAttr
from typing_extensions import TypeAliasType

from agentgraph.state.kinds import compares_exactly, flat_container, is_immutable

Name = NewType("Name", str)
Names = NewType("Names", list[str])
Number = TypeAliasType("Number", int | float)
Numbers = TypeAliasType("Numbers", list[int])
X = TypeVar("X")


class Color(Enum):
    RED = 1


class Fixed(BaseModel):
    model_config = ConfigDict(frozen=True)
    n: int
    next: "Fixed | None" = None


class Hidden(BaseModel):
    model_config = ConfigDict(frozen=True)
    _cache: dict[str, int] = PrivateAttr(default_factory=dict)


class FixedWithList(Fixed):
    items: list[int]


@dataclass(frozen=True)
class Point:
    x: int


@dataclass(frozen=True)
class Pair(Generic[X]):
    x: int


@dataclass
class Loose:
    x: int


@pytest.mark.parametrize(
    "annotation",
    [
        int, str, None, bytes, datetime, Path, Color, AnyUrl, Fixed, Point, Name, Number, Pair[int],
        Literal["a"], int | None, tuple[int, ...], tuple[str, Point], frozenset[str], type[int],
        Annotated[int, Field(ge=0)], tuple[int | tuple[str, ...], None],
    ],
)  # fmt: skip
def test_these_cannot_be_edited_in_place(annotation) -> None:
    assert is_immutable(annotation)


@pytest.mark.parametrize(
    "annotation",
    [
        list, dict, set, list[int], Any, object, tuple, tuple[list[int]], int | list[int], Names,
        Numbers, FixedWithList, Hidden, Loose, Sequence[int], X, Annotated[list[int], "words"], Tuple,
    ],
)  # fmt: skip
def test_these_may_be_edited_in_place(annotation) -> None:
    assert not is_immutable(annotation)


def test_a_flat_container_has_items_that_cannot_be_edited() -> None:
    assert flat_container(list[int]) is list
    assert flat_container(Annotated[dict[str, int], "words"]) is dict
    assert flat_container(list[list[int]]) is None
    assert flat_container(list) is None
    assert flat_container(List) is None
    assert flat_container(tuple[int]) is None


def test_only_text_compares_exactly() -> None:
    assert compares_exactly(list[str])
    assert compares_exactly(Annotated[set[bytes], "words"])
    assert not compares_exactly(list[int])
    assert not compares_exactly(list)
    assert not compares_exactly(List)
