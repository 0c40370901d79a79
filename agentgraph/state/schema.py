"""The life of a state: begin, draft, commit, merge, final; not which node does what, or when.

Rules of this file:

1. Validate, then commit: a revision exists only if all of it validates.
2. What a revision holds is shared with nobody who could edit it: neither with the caller's
   object, nor with a draft that is open or was.
3. The cost of a step follows what it changed. Where no field can be edited in place and no
   validator looks at the whole model, a commit is a handful of attribute writes.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Generic, NoReturn, TypeVar, cast

from pydantic import BaseModel, ValidationError

from agentgraph.errors import InvalidEdit, InvalidInput, MergeConflict
from agentgraph.graph.line import Line
from agentgraph.state.copies import ATOMS, build, clone
from agentgraph.state.declaration import reducers_of, writes_past_fields
from agentgraph.state.draft import (
    Draft,
    closed,
    draft_classes,
    set_class,
    set_dict,
    set_fields,
)
from agentgraph.state.field import Field, explain
from agentgraph.state.history import noted
from agentgraph.state.joining import merged
from agentgraph.state.kept import kept
from agentgraph.state.lent import LENDING, Lent, read_only
from agentgraph.state.revision import Patch, Revision, Tip, names, value_of
from agentgraph.state.settle import settled
from agentgraph.state.shape import Shape
from agentgraph.state.unset import UNSET

S = TypeVar("S", bound=BaseModel)

_Set = Callable[[object, object], None]
# Typed as Any, since `cast` would be one more call in each step.
_new: Final[Callable[[type[BaseModel]], Any]] = object.__new__


class Schema(Generic[S]):
    """What a model says about its drafts, commits and merges; one for each model."""

    __slots__ = (
        "_closed", "_fields", "_is_simple", "_lent", "_needs_settling", "_open", "_set_base",
        "_set_edits", "_set_opened", "_shape", "_view", "_whole", "model",
    )  # fmt: skip

    def __init__(self, model: type[S]) -> None:
        """Check the model, and prepare what its drafts need."""
        # An annotation may name what was defined after the class, and so may hide its reducer.
        model.model_rebuild(raise_errors=False)
        reducers = reducers_of(model)
        self.model: type[S] = model
        self._shape = Shape(model)
        self._fields = {
            name: Field(name, model, self._shape, reducers.get(name))
            for name in model.__pydantic_fields__
        }
        self._whole = self._shape.whole()
        self._lent = tuple(field.name for field in self._fields.values() if field.is_lent)
        self._open, self._view, self._closed = draft_classes(model, self._fields)
        slots = vars(self._open)
        self._set_base: _Set = slots["__draft_base__"].__set__
        self._set_edits: _Set = slots["__draft_edits__"].__set__
        self._set_opened: _Set = slots["__draft_opened__"].__set__
        self._needs_settling = (
            self._whole is not None or bool(self._lent) or writes_past_fields(model)
        )
        has_mutable = any(field.is_mutable for field in self._fields.values())
        self._is_simple = not self._needs_settling and not has_mutable

    @property
    def unset(self) -> tuple[str, ...]:
        """The fields that have no value before somebody writes one.

        None where validators look at the whole model: these may write any field at any commit.
        """
        fields = self._fields.values() if self._whole is None else ()
        return tuple(field.name for field in fields if field.starts_unset)

    @property
    def reduced(self) -> tuple[str, ...]:
        """The fields that have a reducer."""
        return tuple(field.name for field in self._fields.values() if field.reduce is not None)

    def begin(self, instance: S) -> Revision:
        """Return the first revision: a validated copy of the caller's object."""
        kind = type(instance)
        if kind is not self.model and (kind := _model_of(kind)) is not self.model:
            wanted = f"{self.model.__name__!r}"
            what = f"the state is a {kind.__name__!r}, but the workflow takes {wanted}"
            fix = f"pass an instance of {wanted}"
            raise InvalidInput(what, where="the input of the run", fix=fix)
        given = instance.__dict__
        values: dict[str, object] = {}
        faults: list[str] = []
        for name, field in self._fields.items():
            if name in given and type(given[name]) in field.exact:
                values[name] = given[name]
                continue
            try:
                values[name] = self._begin_field(field, given)
            except InvalidEdit as error:
                faults.append(error.what)
        if faults:
            self._refuse_input("; ".join(faults))
        fields_set = names(frozenset(instance.__pydantic_fields_set__))
        lengths = {name: len(cast("Lent", values[name])) for name in self._lent} or None
        revision = Revision(values, fields_set, None, {}, lengths, None)
        if self._whole is None or not self._fields:
            return revision
        try:
            validated = self._validated(revision)
        except InvalidEdit as error:
            self._refuse_input(error.what, error)
        validated.patch = {}
        return validated

    def _begin_field(self, field: Field, given: Mapping[str, object]) -> object:
        if field.name not in given:
            raise field.invalid("it has no value", "missing")
        value = given[field.name]
        if field.starts_unset and value is UNSET:
            return value
        return field.admit(value, dict(given))

    def _refuse_input(self, what: str, cause: Exception | None = None) -> NoReturn:
        what = f"the state given to the run does not validate: {what}"
        where = f"an instance of {self.model.__name__!r}"
        fix = "give it values that its class allows"
        raise InvalidInput(what, where=where, fix=fix) from cause

    def final(self, revision: Revision) -> S:
        """Return the state as an instance of the user's class, which belongs to the caller."""
        values = {
            name: value if type(value) in ATOMS else clone(value_of(revision, name))
            for name, value in revision.values.items()
        }
        return cast("S", build(self.model, values, set(revision.fields_set)))

    def changed(self, revision: Revision) -> Mapping[str, object]:
        """Return the patch of the commit or merge that made this revision."""
        return Patch(revision)

    def draft(self, revision: Revision) -> S:
        """Open a private draft on a revision."""
        draft: S = _new(self._open)
        set_dict(draft, {**revision.values})
        set_fields(draft, revision.fields_set)
        self._set_base(draft, revision)
        self._set_edits(draft, {})
        if self._is_simple:
            return draft
        self._set_opened(draft, {})
        if self._lent:
            self._hold(vars(draft), revision, viewers=0)
        return draft

    def commit(self, draft: S, line: Line | None) -> Revision:
        """Validate what changed and close the draft; raise InvalidEdit and keep nothing of it."""
        if type(draft) is not self._open:
            raise closed(self.model.__name__, "it was to be closed again")
        open_: Any = draft
        base: Revision = open_.__draft_base__
        if self._needs_settling or (not self._is_simple and open_.__draft_opened__):
            revision = self._settle(open_, base)
            if self._whole is not None and revision.patch:
                revision = self._validated(revision)
            revision.writes = None if line is None else noted(base.writes, revision.patch, line)
            return revision
        values, edits = open_.__dict__, open_.__draft_edits__
        writes = None if line is None else noted(base.writes, edits, line)
        fields_set = open_.__pydantic_fields_set__
        set_class(draft, self._closed)
        self._set_base(draft, None)
        if self._is_simple:
            return Revision(values, fields_set, writes, edits, None, draft)
        set_dict(draft, {})
        return Revision(values, fields_set, writes, edits, None, None)

    def discard(self, draft: S) -> None:
        """Close the draft or view of a failed attempt, which leaves no trace; twice is once."""
        if type(draft) is self._view:
            self._close_view(draft)
        if type(draft) is not self._open:
            return
        open_: Any = draft
        for name in self._lent:
            lent = open_.__dict__[name]
            lent.holders -= 1
            if name in open_.__draft_opened__:
                lent.abandon()
        self._close(draft)

    def edited(
        self, revision: Revision, edits: Mapping[str, object], line: Line | None
    ) -> Revision:
        """Return a revision with some fields assigned from outside, validated as a node's."""
        draft = self.draft(revision)
        try:
            for name, value in edits.items():
                setattr(draft, name, value)
        except BaseException:
            self.discard(draft)
            raise
        return self.commit(draft, line)

    def view(self, revision: Revision) -> S:
        """Return a draft that may be read only."""
        sealed: S = revision.sealed
        if type(sealed) is self._closed:
            # The sealed draft of the commit shows just these values.
            set_class(sealed, self._view)
            return sealed
        view: S = _new(self._view)
        set_fields(view, revision.fields_set)
        if self._is_simple:
            set_dict(view, revision.values)
            revision.sealed = view
            return view
        set_dict(view, {**revision.values})
        self._set_opened(view, {})
        if self._lent:
            self._hold(vars(view), revision, viewers=1)
        return view

    def unchanged(self, view: S) -> None:
        """Close a view; raise ReadOnlyState when something was edited in place through it."""
        if type(view) is not self._view:
            raise closed(self.model.__name__, "it was to be closed again")
        if self._is_simple:
            set_class(view, self._closed)
            return
        shown: Any = view
        values, opened = shown.__dict__, shown.__draft_opened__
        self._close_view(view)
        for name, base in opened.items():
            if not self._fields[name].same(base, values[name]):
                raise read_only(name, self._fields[name].where)

    def _close_view(self, view: S) -> None:
        if self._is_simple:
            set_class(view, self._closed)
            return
        for name in self._lent:
            lent = view.__dict__[name]
            lent.holders -= 1
            lent.viewers -= 1
        self._close(view)

    def merge(self, origin: Revision | None, tips: Sequence[Tip], line: Line | None) -> Revision:
        """Merge what branches bring to a join; raise MergeConflict when nothing says how."""
        revision = merged(self._fields, origin, tips, line)
        if self._whole is None or not revision.patch:
            return revision
        try:
            validated = self._validated(revision)
        except InvalidEdit as error:
            names = tuple(tip.name for tip in tips)
            what = f"the merged state does not validate: {error.what}"
            where = f"the join of {', '.join(map(repr, names))}"
            fix = "let the branches write what the validators of the model allow together"
            raise MergeConflict(what, where=where, fix=fix, branches=names) from error
        if line is not None:
            touched = [n for n, v in validated.values.items() if v is not revision.values[n]]
            validated.writes = noted(revision.writes, touched, line)
        return validated

    def _hold(self, values: dict[str, Any], revision: Revision, *, viewers: int) -> None:
        with LENDING:
            for name in self._lent:
                values[name] = lent = cast("Lent", value_of(revision, name))
                lent.holders += 1
                lent.viewers += viewers

    def _close(self, draft: object) -> None:
        # Empty, so that a late reader meets the error and never a list that others still use.
        set_dict(draft, {})
        set_class(draft, self._closed)
        self._set_base(draft, None)

    def _settle(self, draft: Draft, base: Revision) -> Revision:
        held = [draft.__dict__[name] for name in self._lent]
        try:
            revision = settled(self._fields, draft, base)
        except BaseException as error:
            if isinstance(error, InvalidEdit):
                error.left = dict(draft.__dict__)
            self.discard(cast("Any", draft))
            raise
        for lent in held:
            lent.holders -= 1
        self._close(draft)
        return revision

    def _validated(self, revision: Revision) -> Revision:
        """Run the validators of the whole model on a draft of its own; their edits count."""
        draft = self.draft(revision)
        open_ = cast("Draft", draft)
        set_fields(draft, set(revision.fields_set))
        try:
            self._run_whole(open_)
            # Pydantic notes the field that it was given as set.
            set_fields(draft, revision.fields_set)
            result = self._settle(open_, revision)
        except BaseException as error:
            self.discard(draft)
            if isinstance(error, ValidationError):
                what = f"the state does not validate: {explain(error)}"
                where = f"the validators of {self.model.__name__!r}"
                fix = "leave the fields in a form that the model allows together"
                raise InvalidEdit(what, where=where, fix=fix) from error
            raise
        result.patch = {**dict.fromkeys(revision.patch), **dict.fromkeys(result.patch)}
        return result

    def _run_whole(self, draft: Draft) -> None:
        if self._shape.before:
            # Such a validator is handed the values themselves, so none of them may be shared.
            for name, field in self._fields.items():
                if field.is_mutable and draft.__dict__[name] is not UNSET:
                    getattr(draft, name)
        handed = dict(draft.__dict__)
        name = next(iter(handed))
        if self._whole is not None:
            self._whole.validate_assignment(draft, name, handed[name])
        values = draft.__dict__
        for name, value in handed.items():
            now = values.get(name, value)
            if now is not value and name not in draft.__draft_edits__:
                # Replaced in the dict that a `before` validator returned.
                opened = draft.__draft_opened__
                if name not in opened or opened[name] is value:
                    values[name] = value
                    setattr(draft, name, now)


def _model_of(kind: type[Any]) -> type[Any]:
    """Return the model that a class of drafts stands for."""
    return cast("type[Any]", getattr(kind, "__draft_model__", kind))


def schema_of(model: type[S]) -> Schema[S]:
    """Return the schema of a model; it is made once, and kept on the class."""
    return kept(_model_of(model), "__agentgraph_schema__", Schema[S])
