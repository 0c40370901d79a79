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
from pathlib import Path
from types import ModuleType
from typing import TypeAlias, cast

from pydantic import BaseModel

from agentgraph.errors import AgentGraphError, UnknownTarget, nearest, suggest
from agentgraph.graph import FrozenGraph, from_json
from agentgraph.workflow import Workflow

AnyWorkflow: TypeAlias = Workflow[BaseModel, object]


def load(target: str) -> AnyWorkflow:
    """Return the workflow that `module:name`, `path.py:name` or `path.py` names."""
    source, name = split(target)
    module = _from_file(source) if source.endswith(".py") else _from_module(source)
    return _only_workflow(module, source) if name is None else _named(module, name, target)


def graph_of(target: str) -> FrozenGraph:
    """Return the graph of a workflow, or the one that a JSON file holds."""
    if not target.endswith(".json"):
        return load(target).graph
    path = Path(target)
    if not path.is_file():
        raise _no_file(path)
    return from_json(path.read_text(encoding="utf-8"))


def split(target: str) -> tuple[str, str | None]:
    """Cut a target into the file or module, and the name in it, if there is one."""
    if target.endswith(".py"):
        return target, None
    source, found, name = target.rpartition(":")
    if found and source and name:
        return source, name
    beside = f"{target.removesuffix(':')}.py"
    raise UnknownTarget(
        f"{target!r} is no target",
        where="TARGET",
        fix=f"did you mean {beside!r}?"
        if Path(beside).is_file()
        else "write path.py, path.py:name or module:name",
    )


def find(target: str, within: str) -> object:
    """Return any object: `module:name`, `path.py:name`, or a name in the target `within`."""
    source, name = split(target) if ":" in target else (split(within)[0], target)
    module = _from_file(source) if source.endswith(".py") else _from_module(source)
    value, known = _attribute(module, name or "")
    if value is None:
        raise _unknown(name or "", source, known)
    return value


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
    beside = path.parent.glob(f"*{path.suffix}") if path.parent.is_dir() else ()
    return UnknownTarget(
        f"there is no file {str(path)!r}",
        where=f"TARGET, seen from {str(Path.cwd())!r}",
        fix=suggest(str(path), map(str, beside), "check the path"),
    )


def _importable(path: Path) -> tuple[Path, str]:
    """Return the folder that must be on the path, and the dotted name of a file below it."""
    folder, parts = path.parent, [path.stem]
    while (folder / "__init__.py").is_file():
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
        raise UnknownTarget(
            f"there is no module {name!r}",
            where=f"TARGET, seen from {str(Path.cwd())!r}",
            fix=suggest(name, beside, "check the name, and that it is installed in this Python"),
        )
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
        raise UnknownTarget(
            f"{source!r} is no valid Python: {error.msg}",
            where=f"{error.filename}:{error.lineno}",
            fix=f"mend this line: {(error.text or '').strip() or '?'}",
        ) from error
    except SystemExit as error:
        raise UnknownTarget(
            f"{source!r} ended the program while it was imported",
            where=_last_line(error, source),
            fix='put what it does when it is run under `if __name__ == "__main__":`',
        ) from error
    except Exception as error:
        raise UnknownTarget(
            f"importing {source!r} raised {type(error).__name__}: {error}",
            where=_last_line(error, source),
            fix="mend the file, or install what it needs, in this Python: " + sys.executable,
        ) from error


def _execute(name: str, path: Path) -> ModuleType:
    if name in sys.modules:
        # A file may have the name of a module that is in use; that one must stay what it is.
        name = f"{name}_target"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"no loader for {str(path)!r}")
    module = importlib.util.module_from_spec(spec)
    # Annotations are resolved through it, also while the module is still being executed.
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _last_line(error: BaseException, source: str) -> str:
    """Return the last line of the user's code that an error went through."""
    place = source
    trace = error.__traceback__
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        if not file.startswith("<frozen") and file != __file__:
            place = f"{file}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


def _only_workflow(module: ModuleType, source: str) -> AnyWorkflow:
    """Return the one workflow of a module; one object under two names is one."""
    found: dict[int, tuple[str, AnyWorkflow]] = {}
    for name, value in vars(module).items():
        if isinstance(value, Workflow):
            workflow = cast("AnyWorkflow", value)
            found.setdefault(id(workflow), (name, workflow))
    if len(found) == 1:
        return next(iter(found.values()))[1]
    names = [name for name, _ in found.values()]
    if names:
        raise UnknownTarget(
            f"{source!r} has {len(names)} workflows: {', '.join(map(repr, names))}",
            where="TARGET",
            fix=f"say which: {' or '.join(f'{source}:{name}' for name in names)}",
        )
    raise UnknownTarget(
        f"{source!r} has no workflow",
        where="TARGET",
        fix="make one at the top level of the file: support = workflow('support', Ticket, ...)",
    )


def _named(module: ModuleType, name: str, target: str) -> AnyWorkflow:
    value, known = _attribute(module, name)
    if isinstance(value, Workflow):
        return cast("AnyWorkflow", value)
    if value is None:
        raise _unknown(name, target, known)
    kind = type(value).__name__
    workflows = [other for other, one in vars(module).items() if isinstance(one, Workflow)]
    raise UnknownTarget(
        f"{name!r} is no workflow but a {kind}",
        where=f"TARGET {target!r}",
        fix="compile it: support = g.compile()"
        if kind == "Graph"
        else suggest(name, workflows, _offer(workflows)),
    )


def _attribute(module: ModuleType, name: str) -> tuple[object, Iterable[str]]:
    """Follow a dotted name; return what is there or None, and the names that stood to choose."""
    value: object = module
    for part in name.split("."):
        known = vars(value) if hasattr(value, "__dict__") else {}
        if not hasattr(value, part):
            return None, [one for one in known if not one.startswith("_")]
        value = getattr(value, part)
    return value, ()


def _unknown(name: str, where: str, known: Iterable[str]) -> UnknownTarget:
    near = nearest(name, known)
    return UnknownTarget(
        f"there is no {name!r}",
        where=f"TARGET {where!r}",
        fix=f"did you mean {near!r}?" if near else f"it has: {', '.join(known) or 'nothing'}",
    )


def _offer(workflows: list[str]) -> str:
    if not workflows:
        return "wrap a flow in workflow('name', State, flow)"
    return f"the workflows there are {', '.join(map(repr, workflows))}"
