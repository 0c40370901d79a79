"""From TARGET, as it is typed, to the workflow that it names; nothing of it runs here.

Rules of this file:

1. A file is imported as `python file.py` would find its neighbours: its folder comes first on
   the path, or the folder above its package. A module is looked for in the current folder too.
2. Whatever goes wrong is an `UnknownTarget` that names what is there. Only what is wrong
   with a workflow itself passes through as it is.
"""

import importlib
import importlib.util
import sys
from collections.abc import Iterable
from contextlib import suppress
from importlib.abc import Loader
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import TypeAlias, cast

from pydantic import BaseModel

from agentgraph.cli.exits import last_place
from agentgraph.errors import AgentGraphError, InvalidGraphFile, UnknownTarget, suggest
from agentgraph.graph import FrozenGraph, from_json
from agentgraph.workflow import Workflow

AnyWorkflow: TypeAlias = Workflow[BaseModel, object]


def load(target: str) -> AnyWorkflow:
    """Return the workflow that `module:name`, `path.py:name` or `path.py` names."""
    source, name = split(target)
    module = _module(source)
    workflows = _workflows(module)
    if name is None:
        return workflows[_only(list(workflows), source)]
    value = _attribute(module, name)
    if isinstance(value, Workflow):
        return cast("AnyWorkflow", value)
    if value is None:
        raise _unknown(name, target, workflows)
    kind = type(value).__name__
    offer = f"the workflows there are {', '.join(map(repr, workflows))}"
    if not workflows:
        offer = "wrap a flow in workflow('name', State, flow)"
    is_graph = kind == "Graph"
    fix = "compile it: support = g.compile()" if is_graph else suggest(name, workflows, offer)
    what = f"{name!r} is no workflow but a {kind}"
    raise UnknownTarget(what, where=f"TARGET {target!r}", fix=fix)


def each_of(target: str) -> list[str]:
    """Name each workflow of a file by a target of its own; anything else stays as it is."""
    names: list[str] = []
    if target.endswith(".py") and Path(target).is_file():
        with suppress(AgentGraphError):
            names = list(_workflows(_module(target)))
    return [f"{target}:{name}" for name in names] if len(names) > 1 else [target]


def graph_of(target: str) -> FrozenGraph:
    """Return the graph of a workflow, or the one that a JSON file holds."""
    if not target.endswith(".json"):
        return load(target).graph
    path = Path(target)
    if not path.is_file():
        raise _no_file(path)
    try:
        return from_json(path.read_text(encoding="utf-8", errors="replace"))
    except InvalidGraphFile as error:
        error.where = f"the file {target!r}"
        raise


def split(target: str) -> tuple[str, str | None]:
    """Cut a target into the file or module, and the name in it, if there is one."""
    if target.endswith(".py"):
        return target, None
    source, found, name = target.rpartition(":")
    if found and source and name:
        return source, name
    beside = f"{target.removesuffix(':')}.py"
    fix = "write path.py, path.py:name or module:name"
    fix = f"did you mean {beside!r}?" if Path(beside).is_file() else fix
    raise UnknownTarget(f"{target!r} is no target", where="TARGET", fix=fix)


def find(target: str, within: str) -> object:
    """Return any object: `module:name`, `path.py:name`, or a name in the target `within`."""
    source, name = split(target) if ":" in target else (split(within)[0], target)
    module = _module(source)
    value = _attribute(module, name or "")
    if value is None:
        own = [name for name, one in vars(module).items() if _is_own(one, module)]
        raise _unknown(name or "", source, [name for name in own if not name.startswith("_")])
    return value


def _is_own(value: object, module: ModuleType) -> bool:
    """Whether a module made something that is no part of a workflow: it may be the services."""
    maker = type(value).__module__.partition(".")[0]
    home = getattr(value, "__module__", None) if callable(value) else module.__name__
    return home == module.__name__ and maker != "agentgraph" and not isinstance(value, ModuleType)


def _module(source: str) -> ModuleType:
    return _from_file(source) if source.endswith(".py") else _from_module(source)


def _from_file(source: str) -> ModuleType:
    path = Path(source)
    if not path.is_file():
        raise _no_file(path)
    path = path.resolve()
    folder, name = _importable(path)
    known = sys.modules.get(name)
    if known is not None and getattr(known, "__file__", None) == str(path):
        return known
    _look_in(folder)
    return _import(name, path, source)


def _no_file(path: Path) -> UnknownTarget:
    beside = map(str, path.parent.glob(f"*{path.suffix}"))
    return _missing(f"file {str(path)!r}", suggest(str(path), beside, "check the path"))


def _missing(what: str, fix: str) -> UnknownTarget:
    where = f"TARGET, seen from {str(Path.cwd())!r}"
    return UnknownTarget(f"there is no {what}", where=where, fix=fix)


def _importable(path: Path) -> tuple[Path, str]:
    """Return the folder that must be on the path, and the dotted name of a file below it."""
    # A dot in the name of a file is none between packages.
    folder, parts = path.parent, [path.stem.replace(".", "_")]
    while "." not in path.stem and (folder / "__init__.py").is_file():
        parts.insert(0, folder.name)
        folder = folder.parent
    return folder, ".".join(parts)


def _from_module(name: str) -> ModuleType:
    _look_in(Path.cwd())
    try:
        missing = importlib.util.find_spec(name) is None
    except (ImportError, ValueError):
        missing = True
    if missing:
        beside = [path.stem for path in Path.cwd().glob("*.py")]
        fix = suggest(name, beside, "check the name, and that it is installed in this Python")
        raise _missing(f"module {name!r}", fix)
    return _import(name, None, name)


def _look_in(folder: Path) -> None:
    if str(folder) not in sys.path:
        sys.path.insert(0, str(folder))


def _import(name: str, path: Path | None, source: str) -> ModuleType:
    """Import a module, and say in one message what it raises."""
    try:
        if path is None or "." in name:
            return importlib.import_module(name)
        return _execute(name, path)
    except AgentGraphError:
        raise
    except SyntaxError as error:
        what = f"{source!r} is no valid Python: {error.msg}"
        where = f"{error.filename}:{error.lineno}"
        fix = f"mend this line: {(error.text or '').strip() or '?'}"
        raise UnknownTarget(what, where=where, fix=fix) from error
    except (Exception, SystemExit) as error:
        what = f"importing {source!r} raised {type(error).__name__}: {error}"
        fix = f"mend the file, or install what it needs, in this Python: {sys.executable}"
        if isinstance(error, SystemExit):
            what = f"{source!r} ended the program while it was imported"
            fix = 'put what it does when it is run under `if __name__ == "__main__":`'
        raise UnknownTarget(what, where=str(last_place(error) or source), fix=fix) from error


def _execute(name: str, path: Path) -> ModuleType:
    if name in sys.modules:
        # A file may have the name of a module that is in use; that one must stay what it is.
        name = f"{name}_target"
    # What ends in .py has a loader.
    spec = cast("ModuleSpec", importlib.util.spec_from_file_location(name, path))
    module = importlib.util.module_from_spec(spec)
    # Annotations are resolved through it, also while the module is still being executed.
    sys.modules[name] = module
    try:
        cast("Loader", spec.loader).exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _workflows(module: ModuleType) -> dict[str, AnyWorkflow]:
    """Return the workflows of a module by their names; one object under two names is one."""
    found: dict[int, tuple[str, AnyWorkflow]] = {}
    for name, value in vars(module).items():
        if isinstance(value, Workflow):
            found.setdefault(id(cast("object", value)), (name, cast("AnyWorkflow", value)))
    return dict(found.values())


def _only(names: list[str], source: str) -> str:
    """Return the one name that there is."""
    if len(names) == 1:
        return names[0]
    what = "no workflow"
    fix = "make one at the top level: support = workflow('support', Ticket, ...)"
    if names:
        what = f"{len(names)} workflows: {', '.join(map(repr, names))}"
        fix = f"say which: {' or '.join(f'{source}:{name}' for name in names)}"
    raise UnknownTarget(f"{source!r} has {what}", where="TARGET", fix=fix)


def _attribute(module: ModuleType, name: str) -> object:
    """Follow a dotted name; return what is there, or None."""
    value: object = module
    for part in name.split("."):
        value = getattr(value, part, None)
    return value


def _unknown(name: str, where: str, known: Iterable[str]) -> UnknownTarget:
    fix = suggest(name, known, f"it has: {', '.join(known) or 'nothing that could be meant'}")
    return UnknownTarget(f"there is no {name!r}", where=f"TARGET {where!r}", fix=fix)
