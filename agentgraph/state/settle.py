"""What a node did to its draft: the edits in place are found, validated and isolated."""

from collections.abc import Mapping
from typing import cast

from pydantic import ValidationError

from agentgraph.state.copies import same
from agentgraph.state.draft import Draft
from agentgraph.state.field import Field, explain
from agentgraph.state.lent import Lent
from agentgraph.state.revision import Revision


def settled(fields: Mapping[str, Field], draft: Draft, base: Revision) -> Revision:
    """Return the revision that a draft amounts to; raise InvalidEdit and leave the draft open."""
    values = draft.__dict__
    patch = draft.__draft_edits__
    for name, before in draft.__draft_opened__.items():
        field = fields[name]
        if field.is_lent:
            is_edited = _settle_lent(field, values, before)
        else:
            is_edited = _settle_copy(field, values, before)
        if is_edited:
            patch[name] = None
    if len(values) != len(fields):
        # A cached property stores its value beside the fields; the next draft computes it anew.
        values = {name: values[name] for name in fields}
    fields_set = draft.__pydantic_fields_set__
    if not patch.keys() <= fields_set:
        fields_set = fields_set | patch.keys()
    lengths = base.lengths
    if lengths is not None and not patch.keys().isdisjoint(lengths):
        lengths = {name: len(values[name]) for name in lengths}
    return Revision(values, fields_set, None, patch, lengths, None)


def _settle_copy(field: Field, values: dict[str, object], before: object) -> bool:
    now = values[field.name]
    try:
        is_edited = not field.same(before, now)
    except RecursionError as error:
        raise field.invalid("the value is nested too deeply", "a deeply nested value") from error
    # What was not edited is shared with the revision again.
    values[field.name] = field.accept(now, values) if is_edited else before
    return is_edited


def _settle_lent(field: Field, values: dict[str, object], before: object) -> bool:
    lent = cast("Lent", values[field.name])
    if lent.kept is not None:
        return _settle_rewritten(field, values, lent)
    tail = lent[lent.start :]
    if not tail:
        lent.editable = False
        values[field.name] = before
        return False
    try:
        checked = field.validate_items(tail)
    except ValidationError as error:
        raise field.invalid(explain(error), f"extended by {tail!r:.80}") from error
    lent.settle(checked)
    return True


def _settle_rewritten(field: Field, values: dict[str, object], lent: Lent) -> bool:
    kept = cast("list[object]", lent.kept)
    is_edited = not same(kept, list(lent))
    values[field.name] = field.accept(list(lent) if is_edited else kept, values)
    lent.editable = False
    return is_edited
