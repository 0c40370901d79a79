"""The limits that keep the source readable: sizes, names, dead modules, paths in the guides."""

import ast
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("agentgraph", "benchmarks", "examples", "tests", "tools")
SOURCES = sorted(
    path
    for folder in FOLDERS
    for path in (ROOT / folder).rglob("*.py")
    if "node_modules" not in path.parts  # packages of others, which some tests install
)
PACKAGE = [path for path in SOURCES if path.is_relative_to(ROOT / "agentgraph")]
GUIDES = ("AGENTS.md", "CONTRIBUTING.md", "docs/architecture.md")

# What a user imports or starts; every other module must be reached from these.
ENTRIES = {
    "agentgraph",
    "agentgraph.__main__",
    "agentgraph.classify",
    "agentgraph.cli",
    "agentgraph.errors",
    "agentgraph.events",
    "agentgraph.render",
    "agentgraph.requirements",
    "agentgraph.testing",
    "agentgraph.cli.plugin",  # pytest loads it: an entry point of pyproject.toml
}

VAGUE = {"base", "common", "helper", "helpers", "misc", "util", "utils"}
# Put together, so that this file does not find itself.
UNFINISHED = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X"]) + r")\b")
PROSE = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

_SILENT = {
    tokenize.COMMENT,
    tokenize.DEDENT,
    tokenize.ENCODING,
    tokenize.ENDMARKER,
    tokenize.INDENT,
    tokenize.NEWLINE,
    tokenize.NL,
}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def code_lines(path: Path) -> int:
    """Count the lines that are neither blank, nor a comment, nor a docstring, nor an import."""
    with tokenize.open(path) as file:
        tokens = [one for one in tokenize.generate_tokens(file.readline) if one.type not in _SILENT]
    lines = {line for one in tokens for line in range(one.start[0], one.end[0] + 1)}
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.stmt) and is_silent(node):
            lines -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(lines)


def is_silent(node: ast.stmt) -> bool:
    """Say whether a statement does nothing that could be wrong: a docstring, an import, `__all__`."""
    is_text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return is_text or isinstance(node, ast.Import | ast.ImportFrom) or is_export(node)


def is_export(node: ast.AST) -> bool:
    """Say whether a statement only lists what a module exports."""
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"


def long_functions(tree: ast.Module, limit: int) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > limit:
                yield f"{node.name} has {length} lines"


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported_names(path: Path) -> Iterator[str]:
    """Name all that `path` may import: the modules, and what it takes out of them."""
    package = module_name(path).split(".")
    if path.name != "__init__.py":
        package.pop()
    for node in ast.walk(tree_of(path)):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=module, names=names, level=level):
                above = package[: len(package) - level + 1] if level else []
                source = ".".join([*above, *([module] if module else [])])
                yield source
                yield from (f"{source}.{alias.name}" for alias in names)
            case _:
                pass


def unreached(modules: dict[str, Path]) -> list[str]:
    """Name the modules that no chain of imports from the entries leads to."""
    reached: set[str] = set()
    waiting = [name for name in modules if name in ENTRIES]
    while waiting:
        name = waiting.pop()
        if name in modules and name not in reached:
            reached.add(name)
            waiting += imported_names(modules[name])
            waiting += [name.rpartition(".")[0]]
    return sorted(set(modules) - reached)


def named_paths(guide: Path) -> Iterator[str]:
    """Name what looks like a path in `guide`: in backticks, or as the target of a link."""
    text = guide.read_text(encoding="utf-8")
    for word in re.findall(r"`([\w.*/-]+)`", text):
        if "/" in word or word.endswith((".md", ".py", ".toml", ".txt", ".svg", ".jsonl")):
            yield word
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        if "://" not in target:
            yield target


def exists(word: str, guide: Path) -> bool:
    return any(any(folder.glob(word.rstrip("/"))) for folder in (ROOT, guide.parent))


def test_no_file_is_longer_than_500_lines() -> None:
    lengths = {name_of(path): len(path.read_text("utf-8").splitlines()) for path in SOURCES}

    assert len(lengths) > 20
    assert {name: length for name, length in lengths.items() if length > 500} == {}


def test_no_function_is_longer_than_60_lines() -> None:
    long = {name_of(path): list(long_functions(tree_of(path), limit=60)) for path in SOURCES}

    assert {name: functions for name, functions in long.items() if functions} == {}


def test_a_long_function_would_be_found() -> None:
    tree = ast.parse("def f() -> None:\n    x = (\n        1\n    )\n")

    assert list(long_functions(tree, limit=3)) == ["f has 4 lines"]


def test_the_machine_has_at_most_1200_lines_of_code() -> None:
    machine = [path for path in PACKAGE if "machine" in path.parts]

    assert sum(map(code_lines, machine)) <= 1_200


def test_the_library_has_at_most_20500_lines_of_code() -> None:
    assert sum(map(code_lines, PACKAGE)) <= 20_500


def test_blank_lines_comments_docstrings_and_imports_are_no_code(tmp_path: Path) -> None:
    source = tmp_path / "source.py"
    source.write_text(
        '"""One.\n\nTwo."""\n\n# why\nimport re\n\nx = """a\nb"""  # two lines\ny = 1\n'
    )

    assert code_lines(source) == 3


def test_no_module_has_a_name_that_says_nothing() -> None:
    folders = {folder for path in SOURCES for folder in path.relative_to(ROOT).parents}
    named = [*SOURCES, *(ROOT / folder for folder in folders)]

    assert [name_of(path) for path in named if path.stem.strip("_") in VAGUE] == []


def test_every_module_of_the_package_is_reached_from_an_entry() -> None:
    modules = {module_name(path): path for path in PACKAGE}

    assert unreached(modules) == []


def test_nothing_is_left_unfinished_in_the_source() -> None:
    marked = [
        f"{name_of(path)}:{number}"
        for path in [*SOURCES, *PROSE]
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if UNFINISHED.search(line)
    ]

    assert marked == []


def test_every_module_says_what_it_is() -> None:
    assert [name_of(path) for path in SOURCES if not ast.get_docstring(tree_of(path))] == []


def test_every_path_that_a_guide_names_exists() -> None:
    guides = [ROOT / name for name in GUIDES if (ROOT / name).exists()]
    missing = [
        f"{name_of(guide)}: {word}"
        for guide in guides
        for word in named_paths(guide)
        if not exists(word, guide)
    ]

    assert missing == []


def test_the_two_guides_for_contributors_fit_on_two_screens() -> None:
    lengths = [len((ROOT / name).read_text("utf-8").splitlines()) for name in GUIDES[:2]]

    assert max(lengths) <= 100
