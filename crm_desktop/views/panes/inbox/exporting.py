"""Writing the inbox's list, or its history with every value, as a table for the office."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from crm_core.errors import CrmError, UserProblem
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.problems import words_for
from crm_core.roles import Action
from crm_core.wall_time import moment_in
from crm_desktop.dates import moment_words
from crm_desktop.i18n import tr, tr_n, words
from crm_desktop.models.connection import Connection
from crm_desktop.models.inbox_facts import Part, SettledRow
from crm_desktop.models.rights import Rights, rights_here
from crm_desktop.runtime.hub import DataHub
from crm_desktop.transfer.sheets import write_table
from crm_desktop.views.kit.choice import Decision, Side, say, say_base
from crm_desktop.views.panes.inbox.entry import Entry, kind_words
from crm_desktop.views.panes.inbox.past import Past, act_names, sort_names
from crm_desktop.views.panes.inbox.read import Decided, read_parts
from crm_desktop.views.panes.inbox.values import rows_of


class Exporting(QObject):
    """Parent: the pane. Signals: `said(words)` when it is written, `failed(CrmError)`."""

    said = Signal(str)
    failed = Signal(object)

    def __init__(self, hub: DataHub, pane: QWidget) -> None:
        super().__init__(pane)
        self._hub, self._pane = hub, pane

    def ask_where(self, entries: Sequence[Entry], past: Sequence[Past]) -> None:
        """Ask for a file, then write the entries, or of the history what `past` holds."""
        named = tr("history.xlsx") if past else tr("inbox.xlsx")
        forms = "Excel (*.xlsx);;CSV (*.csv)"
        dialog = QFileDialog(self._pane, tr("Export the list"), named, forms)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("xlsx")
        dialog.filterSelected.connect(partial(_follow, dialog))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)

        def write(path: str) -> None:
            if past:
                self.export_past(past, Path(path))
            else:
                self.export(entries, Path(path))

        dialog.fileSelected.connect(write)
        dialog.open()

    def export(self, entries: Sequence[Entry], path: Path) -> None:
        """Write a list as it stands there."""
        heads = (tr("Day"), tr("What"), tr("Details"))
        lines = [(entry.at, entry.title, entry.second) for entry in entries]

        def job(connection: Connection) -> int:
            if not rights_here(connection).reaches("account", Action.EXPORT):
                raise _refused()
            return write_table(path, heads, lines)

        self._write(job, path)

    def export_past(self, past: Sequence[Past], path: Path) -> None:
        """Write the history, field by field, with every value, as far as this user's role exports
        the records."""

        def job(connection: Connection) -> int:
            allowed = _exported(rights_here(connection), past)
            if past and not allowed:
                raise _refused()
            return write_table(path, heads(), lines_of(connection, allowed))

        self._write(job, path)

    def _write(self, job: Callable[[Connection], int], path: Path) -> None:
        def done(count: int) -> None:
            self.said.emit(
                tr_n(
                    "{n} line written to {path}",
                    "{n} lines written to {path}",
                    count,
                    path=str(path),
                )
            )

        self._hub.read(job, done, owner=self, failed=self._tell_failure)

    def _tell_failure(self, error: CrmError) -> None:
        self.failed.emit(error)


def _follow(dialog: QFileDialog, form: str) -> None:
    """A name without an ending gets that of the form that was chosen."""
    dialog.setDefaultSuffix("csv" if "*.csv" in form else "xlsx")


def _exported(rights: Rights, past: Iterable[Past]) -> list[Past]:
    """The entries about records that the user's role exports."""
    may: dict[tuple[str, RecordId], bool] = {}
    found: list[Past] = []
    for one in past:
        payload, key = one.entry.payload, ("", RecordId(""))
        if isinstance(payload, Decided):
            key = payload.decision.conflict.kind, payload.decision.conflict.record
        elif isinstance(payload, SettledRow):
            key = payload.kind, payload.record
        if key not in may:
            may[key] = not key[0] or rights.may(Action.EXPORT, *key)
        if may[key]:
            found.append(one)
    return found


def _refused() -> UserProblem:
    said = words_for("right.missing", {"action": "export"})
    return UserProblem(said.template, **said.params)


def heads() -> tuple[str, ...]:
    """The columns of the history's export."""
    return (
        tr("When"), tr("About"), tr("Kind of record"), tr("Record"), tr("Field"), tr("Base"),
        tr("Mine"), tr("Theirs"), tr("The result"), tr("Decided"), tr("By"), tr("Reason"),
    )  # fmt: skip


def lines_of(connection: Connection, past: Iterable[Past]) -> Iterator[tuple[str, ...]]:
    """The lines of the history's export, one for each field."""
    for one in past:
        payload = one.entry.payload
        if isinstance(payload, Decided):
            yield _decided(one, payload)
        elif isinstance(payload, SettledRow):
            yield from _step(connection, one, payload)


def _decided(past: Past, row: Decided) -> tuple[str, ...]:
    decision = row.decision
    return (
        *_beginning(past, row.title), decision.label, say_base(decision),
        _sides(decision, decision.mine), _sides(decision, decision.theirs),
        say(decision, decision.conflict.resolution), act_names()[past.act], row.by, "",
    )  # fmt: skip


def _step(connection: Connection, past: Past, row: SettledRow) -> Iterator[tuple[str, ...]]:
    by = tr(", ").join(past.people)
    reason = words(words_for(row.code, row.params)) if row.code else ""
    act = act_names()[past.act]
    for one in read_parts(connection, row.cs_id):
        part = one.part
        title = part.title or row.title or row.label
        found = list(rows_of(part.kind, part.old, part.new, one.titles, part.outcomes))
        disputed = {x.label for x in rows_of(part.kind, {}, _only(part), one.titles)}
        for value in found:
            is_result = row.state != "discarded" and value.label not in disputed
            yield (
                *_beginning(past, title, part.kind), value.label, value.before, value.after, "",
                value.after if is_result else "",
                tr("lay in a conflict") if value.label in disputed else act, by, reason,
            )  # fmt: skip
        if not found:
            yield (*_beginning(past, title, part.kind), *[""] * 5, act, by, reason)


def _only(part: Part) -> dict[str, Value]:
    """The values of a change that lie in a conflict."""
    return {name: value for name, value in part.new.items() if name in part.disputed}


def _beginning(past: Past, title: str, kind: str = "") -> tuple[str, ...]:
    moment = moment_in(past.at)
    at = moment_words(moment.astimezone()) if moment is not None else past.at
    return at, sort_names()[past.sort], kind_words(kind or past.kind), title


def _sides(decision: Decision, sides: Iterable[Side]) -> str:
    return "\n".join(f"{say(decision, side.value)} ({side.who})" for side in sides)
