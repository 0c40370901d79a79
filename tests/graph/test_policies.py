"""Which errors a policy repeats."""

import pytest

from agentgraph.errors import InvalidEdit, NodeTimeout, kinds_of
from agentgraph.graph import Policy


def ours(kind: type[Exception]) -> Exception:
    return kind("what", where="where", fix="fix")  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (ConnectionError(), True),
        (ours(NodeTimeout), True),
        (TypeError(), False),
        (KeyError(), False),
        (ours(InvalidEdit), False),
        (ExceptionGroup("both", [ConnectionError(), OSError()]), True),
        (ExceptionGroup("one of them", [ConnectionError(), TypeError()]), False),
    ],
)
def test_without_names_all_but_programming_errors_are_repeated(
    error: Exception, *, again: bool
) -> None:
    assert Policy(attempts=2).repeats(1, kinds_of(error)) is again
    assert Policy(attempts=2).repeats(2, kinds_of(error)) is False


def test_what_a_policy_names_is_repeated_and_nothing_else() -> None:
    policy = Policy(attempts=2, retry_on=("builtins.LookupError",))

    assert policy.repeats(1, kinds_of(KeyError()))
    assert not policy.repeats(1, kinds_of(ConnectionError()))
    assert policy.repeats(1, kinds_of(ExceptionGroup("both", [KeyError(), IndexError()])))
    assert not policy.repeats(1, kinds_of(ExceptionGroup("both", [KeyError(), OSError()])))
