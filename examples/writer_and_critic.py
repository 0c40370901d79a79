"""A writer and a critic take turns, at most four times.

The loop is part of the graph and carries its bound, so a critic who is never content
cannot keep the writer busy for ever: the draft that came fourth goes to the editor.
Both agents are plain functions here; in a real workflow they would ask a model.

Prints:
    a patient critic: done after 3 drafts
      'Bees dance. They point at flowers. The sun is their compass.'
      path: write critic write critic write critic
    a harsh critic: done after 4 drafts
      'Bees dance. They point at flowers. The sun is their compass. (edited)'
      path: write critic write critic write critic write critic edit
"""

from enum import StrEnum

from agentgraph import END, State, classifier, node, workflow

SENTENCES = ["Bees dance.", "They point at flowers.", "The sun is their compass."]


class Essay(State):
    topic: str
    enough: int
    text: str = ""
    drafts: int = 0


class Grade(StrEnum):
    GOOD = "good"
    AGAIN = "again"


@node
def write(s: Essay) -> None:
    """Add a sentence while there is one to add."""
    s.drafts += 1
    s.text = " ".join(SENTENCES[: s.drafts])


@classifier
def critic(s: Essay) -> Grade:
    """Accept a draft that has enough sentences."""
    return Grade.GOOD if s.drafts >= s.enough else Grade.AGAIN


@node
def edit(s: Essay) -> None:
    """Finish what the two could not agree on."""
    s.text += " (edited)"


essay = workflow(
    "essay",
    Essay,
    (write >> critic.route({Grade.GOOD: END, Grade.AGAIN: write})).loop(at_most=4, then=edit),
)


def main() -> None:
    """Run the loop with two critics."""
    for name, enough in (("a patient critic", 3), ("a harsh critic", 99)):
        done = essay.run_sync(Essay(topic="bees", enough=enough))
        print(f"{name}: {done.status} after {done.state.drafts} drafts")
        print(f"  {done.state.text!r}")
        print(f"  path: {' '.join(done.path)}")


if __name__ == "__main__":
    main()
