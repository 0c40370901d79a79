"""Which programs can lay out a picture, and how one of them is called; not what it is asked.

Rules of this file:

1. A picture never fails for want of a program: `builtin` is Python and always there.
2. `auto` takes what gives the same bytes on every machine: the bundled program first.
3. A program gets its text on stdin. No shell, no file, no network.
"""

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Literal, get_args

from agentgraph.errors import NotAvailable, suggest

EngineName = Literal["bundled", "system", "builtin"]
EngineChoice = Literal["auto", "bundled", "system", "builtin"]
VARIABLE = "AGENTGRAPH_ENGINE"

_DISTRIBUTION = "graphviz-pure"
_LIMIT_S = 120.0
"""How long the bundled program may take for one picture."""


@dataclass(frozen=True, slots=True)
class Engine:
    """One way to lay out a picture: whether it was found, where, and which release."""

    name: EngineName
    found: bool
    path: str = ""
    version: str = ""


class EngineFailed(Exception):
    """A program was called and gave no picture; it never leaves this package."""


def engines() -> tuple[Engine, ...]:
    """Say which engines there are here, in the order in which `auto` tries them."""
    return tuple(finder() for finder, _ in _KNOWN.values())


def candidates(wanted: str | None) -> Iterator[Engine]:
    """Yield the engines to try: of `auto` all that were found, else the one asked for.

    `wanted` wins over the environment variable. Raises `NotAvailable` for a name that
    is none, and for an engine that is not installed.
    """
    name = wanted or os.environ.get(VARIABLE) or "auto"
    if name not in get_args(EngineChoice):
        where = "the argument engine" if wanted else f"the environment variable {VARIABLE}"
        fix = suggest(name, get_args(EngineChoice), "use auto, bundled, system or builtin")
        raise NotAvailable(f"there is no engine {name!r}", where=where, fix=fix)
    for key, (finder, sought) in _KNOWN.items():
        if name in {"auto", key}:
            engine = finder()
            if engine.found:
                yield engine
            elif name == key:
                fix = "install it, or use the engine 'auto' or 'builtin'"
                raise NotAvailable(f"the engine {name!r} is not installed", where=sought, fix=fix)


def call(engine: Engine, text: str) -> str:
    """Give DOT `text` to a Graphviz program and return its answer in JSON.

    Raises `EngineFailed` when the program cannot be started, fails, or takes too long.
    """
    try:
        answer = _piped(text) if engine.name == "system" else _started(engine.path, text)
    except (OSError, RuntimeError, subprocess.SubprocessError) as error:
        raise EngineFailed(f"{engine.path}: {error}") from error
    return answer.decode("utf-8", "replace")


def _started(path: str, text: str) -> bytes:
    # The package graphviz can call one program only, the first `dot` on the PATH.
    done = subprocess.run(  # noqa: S603 - the path is that of an installed package
        [path, "-Kdot", "-Tjson0"],
        input=text.encode(),
        capture_output=True,
        check=True,
        timeout=_LIMIT_S,
    )
    return done.stdout


def _piped(text: str) -> bytes:
    import graphviz  # pyright: ignore[reportMissingTypeStubs] - it has types, but no stubs

    answer: bytes = graphviz.pipe("dot", "json0", text.encode(), quiet=True)
    return answer


@cache
def _bundled() -> Engine:
    try:
        distribution = metadata.distribution(_DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return Engine("bundled", found=False)
    for file in distribution.files or ():
        if file.stem == _DISTRIBUTION and file.suffix in {"", ".exe"}:
            path = Path(str(distribution.locate_file(file))).resolve()
            if path.is_file():
                return Engine("bundled", True, str(path), distribution.version)
    return Engine("bundled", found=False, version=distribution.version)


def _system() -> Engine:
    path = shutil.which("dot")
    return Engine("system", path is not None, path or "")


_KNOWN: dict[EngineName, tuple[Callable[[], Engine], str]] = {
    "bundled": (_bundled, f"the package {_DISTRIBUTION}"),
    "system": (_system, "the program dot on the PATH"),
    "builtin": (lambda: Engine("builtin", found=True), "this package"),
}
"""How each engine is found, and where it is looked for."""
