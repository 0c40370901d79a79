"""How a counterexample is told: as a story, a picture, and a script to do it again."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar, Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from agentgraph import errors
from agentgraph.errors import Finding, InvalidInput
from agentgraph.render.failing import marks_of
from agentgraph.runtime import Program
from agentgraph.state.codec import dumped, loaded
from agentgraph.testing.fakes import Stage, Trial
from agentgraph.testing.properties import Checker, Counterexample, Property
from agentgraph.testing.retelling import Moment

TOLD: Final = 40
"""Of a longer run the last moments are told."""
REPLAYS: Final = 50
"""So often a counterexample is tried again, to make it simpler."""


class Script(BaseModel):
    """A trial written down, with the property that it breaks: `agentgraph replay` does it again."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True)

    format: Literal[1] = 1
    workflow: str
    digest: str
    """Of the graph that it was found on."""
    target: str = ""
    """Where the workflow is, as on the command line; empty: nobody knows."""
    deps: str = ""
    """The name of what makes the services, there; empty: there are none, or nobody knows."""
    real: tuple[Literal["agents", "labels"], ...] = ()
    """What was the user's own, and no fake."""
    property: Property
    sentence: str
    trial: Trial

    @classmethod
    def of(cls, found: Counterexample, stage: Stage, target: str, deps: str) -> "Script":
        """Write a counterexample down."""
        graph, trial = stage.program.graph, found.trial
        return cls(
            workflow=graph.name, digest=graph.digest, target=target, deps=deps, real=stage.real,
            property=found.property, sentence=found.sentence,
            trial=replace(
                trial,
                state=dumped(stage.program.model, dict(trial.state)),
                writes=_each(dumped, stage, trial),
            ),
        )  # fmt: skip

    @classmethod
    def read(cls, path: Path) -> "Script":
        """Read a file. Raises `InvalidInput` when it is none."""
        try:
            return cls.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            what = f"{path} is no script: {str(error).splitlines()[0]}"
            fix = "give the file that a check or `agentgraph test` has written"
            raise InvalidInput(what, where=f"file {str(path)!r}", fix=fix) from error

    def read_for(self, stage: Stage) -> Trial:
        """Return the trial for a workflow."""
        model = stage.program.model
        state = model.model_construct(**loaded(model, self.trial.state))
        return replace(self.trial, state=state, writes=_each(loaded, stage, self.trial))

    def to_test(self) -> str:
        """Write a regression test, to be put among the tests of the workflow."""
        where, _, name = self.target.partition(":")
        name, module = name or self.workflow, where.removesuffix(".py").replace("/", ".")
        return (
            f"from agentgraph.testing import Script, recheck\n"
            f"from {module or 'my_workflows'} import {name}\n\n\n"
            f"def test_{re.sub(r'[^a-z0-9]+', '_', f'{self.workflow}_{self.property}'.lower())}() -> None:\n"
            f"    # {self.sentence}\n"
            f"    recheck(Script.model_validate({self.model_dump(exclude_defaults=True)!r}), {name})\n"
        )


def _each(
    form: Callable[[Any, Mapping[str, Any]], Mapping[str, Any]], stage: Stage, trial: Trial
) -> dict[str, list[Mapping[str, Any]]]:
    """Bring what the fakes write into another form."""
    return {
        path: [form(stage.fakes[path].shape, each) for each in given]
        for path, given in trial.writes.items()
        if path in stage.fakes
    }


class WorkflowFailure(AssertionError):
    """A workflow breaks a property; the text tells the run that shows it."""

    def __init__(self, story: str, script: Script | None = None, picture: str = "") -> None:
        """Take the story, the script that does it again, and the SVG of its path."""
        super().__init__(story)
        self.script = script
        self.picture = picture


def simpler(checker: Checker, found: Counterexample) -> Counterexample:
    """Take deviations of the schedule away as long as the property stays broken (delta debugging)."""
    size, left = len(found.trial.deviations), REPLAYS
    while size:
        old = [*found.trial.deviations.items()]
        for start in range(0, len(old), size):
            if not left:
                return found
            trial = replace(found.trial, deviations=dict(old[:start] + old[start + size :]))
            left -= 1
            again = checker.tried(found.property, trial, found.base)
            if again is not None:
                found = again
                break
        else:
            size //= 2
    return found


def story(found: Counterexample, program: Program, seed: int, files: Sequence[str] = ()) -> str:
    """Tell a counterexample: a sentence, the input, what happened step by step, how to see it again."""
    trial, told = found.trial, [*enumerate(found.told)]
    lines = [f"{program.graph.name}: {found.sentence}", f"  input: {trial.state!r}"]
    lines += [f"  ... {len(told) - TOLD} earlier steps"] if len(told) > TOLD else []
    for number, moment in told[-TOLD:]:
        lines.append(f"  {number:>3}  {_step(moment)}")
        for name, (old, new) in moment.changed.items():
            lines.append(f"       {name}: {old!r} -> {new!r}")
    lines += [f"  fault: {trial.fault[0]} {trial.fault[1]}"] if trial.fault else []
    for number, choice in sorted(trial.deviations.items()):
        lines.append(
            f"  order: at choice {number} of the schedule, {choice} that were ready had to wait"
        )
    return "\n".join([*lines, f"  seed:  {seed}", *(f"  {each}" for each in files)])


def _step(moment: Moment) -> str:
    label = f" -[{moment.label}]->" if moment.label is not None else ""
    words = {"start": "START", "stop": f"{moment.node} is cancelled", "undo": f"undo {moment.node}"}
    failed = f" fails: {moment.error!r}" if moment.error is not None else ""
    return words.get(moment.verb, f"{moment.node}{label}{failed}")


def picture(found: Counterexample, program: Program) -> str:
    """Draw the path of a counterexample by number, and where it goes wrong."""
    from agentgraph.render import to_svg  # noqa: PLC0415 - only a failure is drawn

    path = tuple(moment.node for moment in found.told[1:])
    ways = tuple(way for moment in found.told for way in moment.ways)
    # Elsewhere a fault is part of what happens, and not where it goes wrong.
    fault = found.trial.fault if found.property == "retry" else None
    visit = fault[0] if fault else found.trial.stray
    culprits = (re.sub("#[^/]*", "", visit),) if visit else path[-1:]
    run = errors.Script("often", culprits, moves=ways)
    finding = Finding("AG680", found.sentence, "", "", path=path, script=run)
    return to_svg(program.graph, marks=marks_of(finding, [("", program.graph)]))


def keep(folder: Path, script: Script, drawn: str) -> list[str]:
    """Write script and picture into a folder, and say what to do with them."""
    folder.mkdir(parents=True, exist_ok=True)
    name = re.sub(r"[^\w.-]+", "_", f"{script.workflow}-{script.property}")
    (folder / f"{name}.json").write_text(script.model_dump_json(indent=1), "utf-8")
    (folder / f"{name}.svg").write_text(drawn, "utf-8")
    return [f"again: agentgraph replay {folder / name}.json", f"drawn: {folder / name}.svg"]
