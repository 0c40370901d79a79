"""`agentgraph new`: a small project that runs and passes its own test; it never overwrites.

The files are in the folder `template` beside this module, as they will be but for two things:
`.in` at the end of their names keeps tools from taking them for a part of agentgraph, and
`{{name}}` stands for the name of the project.
"""

import re
from collections.abc import Iterator
from importlib.util import find_spec
from keyword import iskeyword
from pathlib import Path
from typing import Final

import click

TEMPLATE: Final = Path(__file__).with_name("template")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")


def write(name: str) -> None:
    """Write the project into the folder `name`, and say what to type next."""
    folder = Path(name)
    if not _NAME.fullmatch(folder.name):
        # The folder's name becomes the name of a Python file and of the workflow.
        raise click.BadParameter(
            f"{folder.name!r}: take small letters, digits and _, as in 'support_desk'",
            param_hint="NAME",
        )
    if iskeyword(folder.name) or find_spec(folder.name) is not None:
        raise click.BadParameter(
            f"{folder.name!r} is the name of something in Python: a file called so would hide it",
            param_hint="NAME",
        )
    if folder.exists():
        raise click.BadParameter(
            f"{name!r} is there already, and nothing is overwritten", param_hint="NAME"
        )
    folder.mkdir(parents=True)
    for file, text in files(folder.name):
        (folder / file).write_text(text, encoding="utf-8", newline="\n")
        click.echo(f"wrote {folder / file}", err=True)
    click.echo(f"cd {name} && agentgraph run {folder.name}.py --input inputs.jsonl")


def files(name: str) -> Iterator[tuple[str, str]]:
    """Yield each file of a project with its text."""
    for path in sorted(TEMPLATE.glob("*.in")):
        text = path.read_text(encoding="utf-8")
        file = path.name.removesuffix(".in").replace("NAME", name)
        yield file, text.replace("{{name}}", name)
