"""Classifiers of text that need no model, no key and no network.

Each takes a text and gives a `Verdict`, or None when it cannot say. Which text of a state it is
asked about, and where the run goes then, stands in the workflow:

    @classifier
    def triage(s: Ticket) -> Verdict[Kind] | None:
        return desk.classify(s.text)
"""

from agentgraph.classify.exemplar import Exemplars
from agentgraph.classify.keyword import Keywords, keywords, mentions
from agentgraph.classify.rule import Rules, TotalRules, rules

__all__ = ["Exemplars", "Keywords", "Rules", "TotalRules", "keywords", "mentions", "rules"]
