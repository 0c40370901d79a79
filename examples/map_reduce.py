"""Summarise every page of a list that is known only at run time, then merge the summaries.

`each` runs one function for each item, at most three at once, and hands the results over
in the order of the items, however long each of them took. One page cannot be read; with
`on_error="collect"` its place holds the error, and the others are not lost.

Prints:
    done: 3 of 4 pages
    Bees: dance to point at flowers.
    Ants: follow a scent.
    Bats: hear the shape of a room.
    could not be read: owls (no such page)
"""

import asyncio

from agentgraph import ItemFailed, State, each, node, workflow

PAGES = {
    "bees": "dance to point at flowers. They also make honey.",
    "ants": "follow a scent. They carry leaves.",
    "bats": "hear the shape of a room. They sleep by day.",
}


class Corpus(State):
    pages: list[str]
    notes: list[str] = []
    missing: list[str] = []
    report: str = ""


def pages(s: Corpus) -> list[str]:
    return s.pages


async def summarise(page: str) -> str:
    """Keep the first sentence of a page; shorter pages are ready sooner."""
    if page not in PAGES:
        raise LookupError("no such page")
    await asyncio.sleep(len(PAGES[page]) / 10_000)
    return f"{page.title()}: {PAGES[page].split('. ')[0]}."


def keep(s: Corpus, found: list[str | ItemFailed]) -> None:
    """Sort the summaries from the failures."""
    for page, note in zip(s.pages, found, strict=True):
        if isinstance(note, ItemFailed):
            s.missing.append(f"{page} ({note.error})")
        else:
            s.notes.append(note)


@node
def merge(s: Corpus) -> None:
    """Put the summaries together."""
    s.report = "\n".join(s.notes)


corpus = workflow(
    "corpus", Corpus, each(pages, summarise, into=keep, limit=3, on_error="collect") >> merge
)


def main() -> None:
    """Summarise four pages, one of which does not exist."""
    done = corpus.run_sync(Corpus(pages=["bees", "ants", "bats", "owls"]))
    print(f"{done.status}: {len(done.state.notes)} of {len(done.state.pages)} pages")
    print(done.state.report)
    print(f"could not be read: {', '.join(done.state.missing)}")


if __name__ == "__main__":
    main()
