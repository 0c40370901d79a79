"""`agentgraph new`: a small project that runs and passes its own test; it never overwrites.

The files are in the folder `template` beside this module, and in `template_flow` those of a
project that begins from a flowchart, as they will be but for two things:
`.in` at the end of their names keeps tools from taking them for a part of agentgraph, and
`{{name}}` stands for the name of the project, `{{functions}}` and `{{edges}}` for what a
flowchart shows.
"""

import re
from importlib.util import find_spec
from keyword import iskeyword
from pathlib import Path
from typing import Final

import click

from agentgraph.cli.files import write as write_file
from agentgraph.cli.flowchart import read
from agentgraph.cli.skeleton import parts
from agentgraph.cli.target import load

TEMPLATE: Final = Path(__file__).with_name("template")
FLOW: Final = Path(__file__).with_name("template_flow")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")


def write(name: str, chart: Path | None) -> None:
    """Write the project into the folder `name`, and say what to type next.

    With `chart`, a Mermaid flowchart, it is the skeleton of what that shows; what the chart
    leaves open is an error, and the files stay, to be mended.
    """
    folder = Path(name)
    slots = {"name": folder.name}
    if chart is not None:
        slots |= parts(read(_text(chart), str(chart)))
    fault = ""
    if not _NAME.fullmatch(folder.name):
        # The folder's name becomes the name of a Python file and of the workflow.
        fault = "take small letters, digits and _, as in 'support_desk'"
    elif iskeyword(folder.name) or find_spec(folder.name) is not None:
        fault = "it is the name of something in Python: a file called so would hide it"
    elif folder.exists():
        fault = "it is there already, and nothing is overwritten"
    if fault:
        raise click.BadParameter(f"{name!r}: {fault}", param_hint="NAME")
    folder.mkdir(parents=True)
    for path in sorted((TEMPLATE if chart is None else FLOW).glob("*.in")):
        text = path.read_text(encoding="utf-8")
        file = folder / path.name.removesuffix(".in").replace("NAME", folder.name)
        write_file(file, re.sub(r"\{\{(\w+)\}\}", lambda slot: slots[slot[1]], text))
        click.echo(f"wrote {file}", err=True)
    if chart is not None:
        load(str(folder / f"{folder.name}.py"))
    click.echo(f"cd {name} && agentgraph run {folder.name}.py --input inputs.jsonl")


def _text(chart: Path) -> str:
    try:
        return chart.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise click.BadParameter(f"{str(chart)!r}: {error}", param_hint="--from") from error
