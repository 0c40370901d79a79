"""The property `hashes`: what depends on the order of a set is found, and only that."""

import sys
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest

from agentgraph.errors import InvalidInput
from agentgraph.testing import WorkflowFailure, check, recheck
from agentgraph.testing.properties import Property

HASHES: list[Property] = ["hashes"]
SHOP = """
from agentgraph import Ctx, State, node, workflow

class Note(State):
    text: str = ""
    words: set[str] = set()

class Words:
    def __init__(self) -> None:
        self.all = {"alpha", "beta", "gamma", "delta"}

def collects(s: Note, ctx: Ctx[Words]) -> None:
    print("collecting", ctx.deps.all)
    s.words = ctx.deps.all
    s.text = ",".join(sorted(ctx.deps.all))

shop = workflow("shop", Note, node(collects), deps=Words)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "shop_hashed", raising=False)
    return tmp_path


def shop(folder: Path, source: str) -> ModuleType:
    (folder / "shop_hashed.py").write_text(source, "utf-8")
    return __import__("shop_hashed")


def test_what_is_found_is_a_story_with_a_script_that_does_it_again(folder: Path) -> None:
    module = shop(folder, SHOP.replace("sorted(ctx.deps.all)", "ctx.deps.all"))
    how = {"agents": "real", "services": module.Words, "folder": None}

    with pytest.raises(WorkflowFailure) as told:
        check(module.shop, properties=HASHES, **how)

    script = told.value.script
    assert script is not None
    assert "in a process that hashes differently (PYTHONHASHSEED) the state ends with text" in str(
        told.value
    )
    assert "   1  collects" in str(told.value)
    with pytest.raises(WorkflowFailure) as again:
        recheck(script, module.shop, **how)
    assert str(again.value) == str(told.value)


def test_a_set_may_have_any_order_and_agents_may_print(folder: Path) -> None:
    module = shop(folder, SHOP)

    check(module.shop, agents="real", services=module.Words, properties=HASHES, folder=None)


def test_of_what_no_other_process_can_import_nobody_can_tell(folder: Path) -> None:
    module = shop(folder, SHOP.replace("sorted(ctx.deps.all)", "ctx.deps.all"))
    (folder / "shop_hashed.py").unlink()

    check(module.shop, agents="real", services=module.Words, properties=HASHES, folder=None)
    unnamed = partial(module.Words)
    check(module.shop, agents="real", services=unnamed, properties=HASHES, folder=None)


def test_what_goes_wrong_in_the_other_process_is_told(folder: Path) -> None:
    module = shop(folder, SHOP)
    (folder / "shop_hashed.py").write_text("raise SystemExit('not here')", "utf-8")

    with pytest.raises(InvalidInput, match=r"another process: not here") as told:
        check(module.shop, agents="real", services=module.Words, properties=HASHES, folder=None)

    assert "properties=" in told.value.fix
