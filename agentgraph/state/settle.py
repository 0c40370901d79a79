"""What a node did to its draft: the edits in place are found, validated and isolated."""

from collections.abc import Mapping
from typing import Final, cast

from pydantic import ValidationError

from agentgraph.state.draft import Draft
from agentgraph.state.field import Field, explain, shown
from agentgraph.state.lent import Lent
from agentgraph.state.revision import Revision

_UNCHANGED: Final = object()


def settled(fields: Mapping[str, Field], draft: Draft, base: Revision) -> Revision:
    """Return the revision that a draft amounts to; raise InvalidEdit and leave the draft open."""
    values = draft.__dict__
    patch = draft.__draft_edits__
    if draft.__draft_opened__:
        # Put in at the end: a draft that fails here is discarded as the node left it.
        done: dict[str, object] = {}
        for name, before in draft.__draft_opened__.items():
            field = fields[name]
            if field.is_lent:
                after = _settle_lent(field, values)
            else:
                after = _settle(field, before, values[name], values)
            if after is not _UNCHANGED:
                patch[name] = None
            # What was only read is shared with the revision again.
            done[name] = before if after is _UNCHANGED else after
        values.update(done)
    if len(values) != len(fields):
        # A cached property stores its value beside the fields; the next draft computes it anew.
        values = {name: values[name] for name in fields}
    fields_set = draft.__pydantic_fields_set__
    if not patch.keys() <= fields_set:
        fields_set = fields_set | patch.keys()
    lengths = base.lengths
    if lengths is not None and not patch.keys().isdisjoint(lengths):
        # To a list that was only read another branch may have added meanwhile.
        lengths = {n: len(values[n]) if n in patch else known for n, known in lengths.items()}
    return Revision(values, fields_set, None, patch, lengths, None)


def _settle_lent(field: Field, values: dict[str, object]) -> object:
    lent = cast("Lent", values[field.name])
    tail = lent[lent.start :]
    after = _UNCHANGED
    if lent.kept is not None:
        after = _settle(field, lent.kept, [*lent], values)
    elif tail:
        try:
            lent.settle(cast("list[object]", field.validate(tail, values)))
        except ValidationError as error:
            raise field.invalid(explain(error), f"extended by {shown(tail)}") from error
        return lent
    lent.editable = False
    return after


def _settle(field: Field, before: object, now: object, values: dict[str, object]) -> object:
    try:
        is_edited = not field.same(before, now)
    except RecursionError as error:
        raise field.invalid("the value is nested too deeply", "a deeply nested value") from error
    return field.accept(now, values) if is_edited else _UNCHANGED
