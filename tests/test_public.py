"""The public names: agreed on, documented, typed, and cheap to import."""

import inspect
import re
import subprocess
import sys
import typing
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import agentgraph
from tools.public import committed

HEAVY = ("click", "graphviz", "networkx", "rich", "sqlite3", "hypothesis", "z3")
LATER = ("agentgraph.machine", "agentgraph.render", "agentgraph.verify")
"""What builds, runs or draws needs these; who only imports pays for none of them."""
NAMES = tuple(agentgraph.__all__)


def reading_order(name: str) -> tuple[int, str]:
    """Order constants, then classes, then functions, as ruff's RUF022 does."""
    return (0 if name.isupper() else 1 if name[0].isupper() else 2), name


def own_members(kind: type) -> Iterator[tuple[str, Callable[..., object]]]:
    """Yield the public functions and properties that `kind` itself or a private parent defines."""
    for parent in kind.__mro__:
        if parent.__module__.startswith("agentgraph"):
            for name, value in vars(parent).items():
                if not name.startswith("_") and (function := function_of(value)) is not None:
                    yield f"{parent.__qualname__}.{name}", function


def function_of(value: object) -> Callable[..., object] | None:
    """Take the function out of what a class body holds, or None when it is no function."""
    match value:
        case property(fget=function):
            return function
        case classmethod() | staticmethod():
            return value.__func__
        case _:
            return value if inspect.isfunction(value) else None


def documented() -> Iterator[tuple[str, Callable[..., object]]]:
    """Yield the public classes and functions, and the public members of the classes."""
    for name in NAMES:
        value = getattr(agentgraph, name)
        if inspect.isclass(value):
            yield name, value
            yield from own_members(value)
        elif inspect.isfunction(value):
            yield name, value


def annotations() -> Iterator[tuple[str, object]]:
    """Yield every annotation of the public names, those of overloads and fields included."""
    for name, value in documented():
        spellings = [value, *typing.get_overloads(value)] if inspect.isfunction(value) else [value]
        for spelling in spellings:
            for part, annotation in inspect.get_annotations(spelling).items():
                yield f"{name}: {part}", annotation


def mentions_any(annotation: object) -> bool:
    match annotation:
        case str() as text:
            return re.search(r"\bAny\b", text) is not None
        case list() | tuple():
            return any(map(mentions_any, annotation))
        case typing.ForwardRef(__forward_arg__=text):
            return mentions_any(text)
        case _:
            return annotation is typing.Any or mentions_any(typing.get_args(annotation))


def test_the_public_names_are_those_agreed_on() -> None:
    assert list(NAMES) == committed(), "if this is meant: python -m tools.public"


def test_the_public_names_stand_in_reading_order() -> None:
    assert list(NAMES) == sorted(set(NAMES), key=reading_order)


def test_there_are_at_most_45_public_names() -> None:
    assert 0 < len(NAMES) <= 45


@pytest.mark.parametrize("name", NAMES)
def test_a_public_name_exists(name: str) -> None:
    assert hasattr(agentgraph, name)


def test_every_public_class_function_and_method_has_a_docstring() -> None:
    bare = [
        name for name, value in documented() if not (getattr(value, "__doc__", "") or "").strip()
    ]

    assert bare == []


def test_no_public_signature_says_any() -> None:
    assert [name for name, annotation in annotations() if mentions_any(annotation)] == []


@pytest.mark.parametrize(
    "annotation",
    [
        typing.Any,
        "dict[str, Any]",
        dict[str, typing.Any],
        typing.Callable[[typing.Any], int],
        int | list[typing.Any],
    ],
)
def test_any_is_found_wherever_it_hides(annotation: object) -> None:
    assert mentions_any(annotation)


def test_other_words_with_those_letters_are_not_taken_for_any() -> None:
    assert not mentions_any("Callable[[Many], AnyStr]")


def test_every_parameter_of_a_public_function_is_annotated() -> None:
    bare = [
        f"{name}: {parameter.name}"
        for name, value in documented()
        if inspect.isfunction(value)
        for parameter in inspect.signature(value).parameters.values()
        if parameter.annotation is parameter.empty and parameter.name not in {"self", "cls"}
    ]

    assert bare == []


def test_importing_the_package_imports_nothing_heavy() -> None:
    program = (
        f"import sys, agentgraph; print([one for one in {HEAVY + LATER} if one in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )

    assert done.stdout.strip() == "[]"


def test_the_package_says_that_it_is_typed() -> None:
    assert Path(inspect.getfile(agentgraph)).with_name("py.typed").exists()
