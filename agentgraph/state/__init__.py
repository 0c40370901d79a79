"""The state of a run: drafts, patches, reducers and merging; not the machine that asks for them."""

from agentgraph.state.copies import clone, same
from agentgraph.state.model import State
from agentgraph.state.reducers import (
    Reducer,
    append,
    largest,
    latest_declared,
    merge,
    reduced,
    reducer,
    smallest,
    total,
    union,
)
from agentgraph.state.revision import Patch, Revision, Tip
from agentgraph.state.schema import Schema, schema_of
from agentgraph.state.unset import UNSET, Unset, unset

__all__ = [
    "UNSET",
    "Patch",
    "Reducer",
    "Revision",
    "Schema",
    "State",
    "Tip",
    "Unset",
    "append",
    "clone",
    "largest",
    "latest_declared",
    "merge",
    "reduced",
    "reducer",
    "same",
    "schema_of",
    "smallest",
    "total",
    "union",
    "unset",
]
