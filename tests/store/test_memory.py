"""A store keeps what it is given, for one owner at a time."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from agentgraph.store import MemoryStore, RunTaken, Store, UnknownRun


def done(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


def test_what_was_kept_is_there_in_order() -> None:
    store: Store = MemoryStore()
    token = done(store.create("r"))

    done(store.append("r", token, 0, ["one", "two"]))
    done(store.append("r", token, 2, ["three"]))

    assert list(done(store.load("r"))) == ["one", "two", "three"]


def test_an_id_is_given_once() -> None:
    store = MemoryStore()
    done(store.create("r"))

    with pytest.raises(RunTaken, match="there is one of this id"):
        done(store.create("r"))


def test_who_claims_a_run_shuts_the_one_before_out() -> None:
    store = MemoryStore()
    dead = done(store.create("r"))
    owner = done(store.claim("r"))

    with pytest.raises(RunTaken, match="another has claimed it"):
        done(store.append("r", dead, 0, ["late"]))
    done(store.append("r", owner, 0, ["one"]))

    assert owner > dead
    assert list(done(store.load("r"))) == ["one"]


def test_of_two_that_go_on_from_one_place_one_wins() -> None:
    store = MemoryStore()
    token = done(store.create("r"))
    done(store.append("r", token, 0, ["mine"]))

    with pytest.raises(RunTaken, match="it has 1 facts, not 0"):
        done(store.append("r", token, 0, ["theirs"]))

    assert list(done(store.load("r"))) == ["mine"]


def test_what_was_loaded_is_not_the_store_itself() -> None:
    store = MemoryStore()
    token = done(store.create("r"))
    before = done(store.load("r"))

    done(store.append("r", token, 0, ["one"]))

    assert list(before) == []


@pytest.mark.parametrize("what", ["claim", "load"])
def test_a_run_that_is_not_there_is_told_with_the_nearest(what: str) -> None:
    store = MemoryStore()
    done(store.create("run-1"))

    with pytest.raises(UnknownRun, match="did you mean 'run-1'"):
        done(getattr(store, what)("run-2"))
