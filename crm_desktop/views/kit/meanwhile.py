"""What others do to a record while its form is open: untouched fields follow, typed ones stay.

A field that was typed in keeps the value its author saw and that one's version as its base, so
that saving is judged as what it is: a merge, or two decisions about one field.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from PySide6.QtCore import QObject, Signal

from crm_core.entity import Entity
from crm_core.errors import InvalidValue
from crm_core.fields import Value
from crm_desktop.i18n import tr
from crm_desktop.views.kit.changers import Changer
from crm_desktop.views.kit.editor import Editor
from crm_desktop.views.kit.form_row import FormRow
from crm_desktop.views.kit.words import Titles, shown

_QUOTED_MAX = 120
"""Letters of a value that are quoted in a notice."""


class Basis(msgspec.Struct, frozen=True):
    """What a field held when typing in it began, and the server's version that it was."""

    value: Value
    seq: int


class _GivenUp(msgspec.Struct, frozen=True):
    text: str
    basis: Basis


class Meanwhile(QObject):
    """Parent: the form. Signal: `chosen` when a person took the other side's value or his back."""

    chosen = Signal()

    def __init__(
        self,
        entity: Entity,
        editors: Mapping[str, Editor],
        rows: Mapping[str, FormRow],
        parent: QObject,
    ) -> None:
        super().__init__(parent)
        self._entity = entity
        self._editors, self._rows = editors, rows
        self._now: Mapping[str, Value] = {}
        self._titles: Titles = {}
        self._seq = 0
        self._changers: Mapping[str, Changer] = {}
        self._bases: dict[str, Basis] = {}
        self._given_up: dict[str, _GivenUp] = {}
        self._followed: set[str] = set()

    def watch(self, row: FormRow) -> None:
        """Hear what is chosen beside a field."""
        row.meanwhile_chosen.connect(self._choose)

    def begin(self, values: Mapping[str, Value], titles: Titles, seq: int) -> None:
        """A record is shown from the start."""
        self._now, self._titles, self._seq, self._changers = values, titles, seq, {}
        for names in (self._bases, self._given_up, self._followed):
            names.clear()
        self._say_all()

    def follow(self, values: Mapping[str, Value], titles: Titles, seq: int) -> None:
        """The record has a newer version: show it wherever nobody is typing."""
        for name, editor in self._editors.items():
            self._follow_field(name, editor, values.get(name), titles)
        self._now, self._titles, self._seq = values, titles, seq
        self._say_all()

    def name(self, changers: Mapping[str, Changer]) -> None:
        """Say by whom the fields were changed; who is not known goes unnamed."""
        self._changers = changers
        self._say_all()

    def lay(self, bases: Mapping[str, Basis]) -> None:
        """A draft was laid over the record: on what its fields were typed then."""
        for name, basis in bases.items():
            editor = self._editors.get(name)
            if editor is not None and editor.is_touched and not self._is_now(name, basis.value):
                self._bases[name] = basis
        self._say_all()

    @property
    def seen(self) -> Mapping[str, Value]:
        """The values on which what stands in the form builds, field by field."""
        return {**self._now, **{name: basis.value for name, basis in self._bases.items()}}

    @property
    def seq(self) -> int:
        """The server's version on which all of it builds."""
        return min([self._seq, *(basis.seq for basis in self._bases.values())])

    @property
    def bases(self) -> dict[str, Basis]:
        """On what each of the fields was typed that are touched now."""
        seen = self.seen
        return {
            name: self._bases.get(name) or Basis(seen.get(name), self._seq)
            for name, editor in self._editors.items()
            if editor.is_touched
        }

    @property
    def has_news(self) -> bool:
        """Whether something is said whose author might still be named."""
        return bool(self._followed or self._bases)

    def _follow_field(self, name: str, editor: Editor, value: Value, titles: Titles) -> None:
        is_news = not self._is_now(name, value)
        basis = self._bases.get(name) or Basis(self._now.get(name), self._seq)
        if editor.is_touched and not _says(editor, value):
            if something(value) == something(basis.value):
                self._bases.pop(name, None)
            else:
                self._bases[name] = basis
            return
        if is_news or editor.is_touched or name in self._bases:
            editor.set_value(value, titles)
        self._bases.pop(name, None)
        if is_news:
            self._followed.add(name)

    def _is_now(self, name: str, value: Value) -> bool:
        return something(self._now.get(name)) == something(value)

    def _choose(self, name: str) -> None:
        """Theirs instead of what was typed, or what was typed back again."""
        editor = self._editors[name]
        basis = self._bases.pop(name, None)
        if basis is not None:
            self._given_up[name] = _GivenUp(editor.typed(), basis)
            editor.set_value(self._now.get(name), self._titles)
        else:
            mine = self._given_up.pop(name)
            editor.restore(mine.text)
            self._bases[name] = mine.basis
        self._say(name)
        self.chosen.emit()

    # What is said

    def _say_all(self) -> None:
        for name in self._rows:
            self._say(name)

    def _say(self, name: str) -> None:
        row = self._rows[name]
        changer = self._changers.get(name)
        if changer is not None and not self._is_now(name, changer.value):
            changer = None
        if name in self._bases:
            row.show_meanwhile(self._changed_words(name, changer), tr("Take theirs"))
        elif name in self._given_up:
            typed = _quoted(self._given_up[name].text)
            row.show_meanwhile(tr("You had typed “{value}”", value=typed), tr("Take mine back"))
        elif name in self._followed and not (changer is not None and changer.is_here):
            row.show_meanwhile(_followed_words(changer))
        else:
            row.show_meanwhile("")

    def _changed_words(self, name: str, changer: Changer | None) -> str:
        value = _quoted(shown(self._entity.by_name[name], self._now.get(name), self._titles))
        if changer is None:
            return (
                tr("Changed to “{value}” meanwhile", value=value)
                if value
                else tr("Emptied meanwhile")
            )
        who, when = changer.who, changer.when
        if not value:
            return tr("Emptied by {who} at {when} meanwhile", who=who, when=when)
        return tr(
            "Changed to “{value}” by {who} at {when} meanwhile", value=value, who=who, when=when
        )


def something(value: Value) -> Value:
    """A value, or None where there is none: no and zero are values, an empty set is not."""
    return None if value in ("", [], {}) else value


def _says(editor: Editor, value: Value) -> bool:
    """Whether what was typed is this value."""
    try:
        return something(editor.value()) == something(value)
    except InvalidValue:
        return False


def _followed_words(changer: Changer | None) -> str:
    if changer is None:
        return tr("Changed meanwhile")
    return tr("Changed by {who} at {when}", who=changer.who, when=changer.when)


def _quoted(text: str) -> str:
    return text if len(text) <= _QUOTED_MAX else text[: _QUOTED_MAX - 1] + "…"
