"""Each row of docs/semantics.md holds."""

from pathlib import Path

import pytest

from tests.machine.notation import Told, read_graphs, rows

PAGE = (Path(__file__).parents[2] / "docs" / "semantics.md").read_text()
GRAPHS = read_graphs(PAGE)
ROWS = list(rows(PAGE))


@pytest.mark.parametrize("row", ROWS, ids=[f"{row[0]}: {row[1]} > {row[2]}" for row in ROWS])
def test_the_row_holds(row: tuple[str, ...]) -> None:
    name, before, event, commands, marking, status = row
    told = Told(GRAPHS[name])

    for earlier in filter(None, (words.strip() for words in before.split(";"))):
        told.tell(earlier)

    assert told.tell(event) == commands
    assert (told.live(), told.state()) == (marking, status)


def test_every_graph_of_the_page_has_a_row() -> None:
    inner = {"child", "bounded", "pair"}

    assert {row[0] for row in ROWS} == set(GRAPHS) - inner
