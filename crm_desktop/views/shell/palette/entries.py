"""The lines of the palette: captions, records, commands; and which commands a record has."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from PySide6.QtGui import QAction

from crm_core.catalog import CATALOG
from crm_core.fields import Value
from crm_core.i18n import tr_noop
from crm_desktop.i18n import tr
from crm_desktop.models.finding import Found, Group
from crm_desktop.models.search import terms_of
from crm_desktop.models.spotting import Spot, spot
from crm_desktop.views.shell.commands import ICON, keys_of

COMMANDS_MAX = 8
"""Commands beside records; alone there is room for all of them."""

_SHOWN_NAME = 14
"""Characters of a record's name in a caption."""


@dataclass(frozen=True)
class Entry:
    """A line: a caption (nothing to choose), a record or a command."""

    words: str
    icon: str = ""
    spot: Spot = field(default_factory=Spot)
    detail: str = ""
    right: str = ""
    grade: str = ""
    keys: tuple[str, ...] = ()
    record: Found | None = None
    run: Callable[[], object] | None = None

    @property
    def is_caption(self) -> bool:
        """Whether there is nothing to choose."""
        return self.record is None and self.run is None


@dataclass(frozen=True)
class RecordCommands:
    """What the palette asks for with a record. `new` opens a form of a kind with values in it."""

    open: Callable[[str, str], object]
    new: Callable[[str, Mapping[str, Value]], object]
    log: Callable[[str], object]
    inbox: Callable[[], object]


_ICONS: Mapping[str, str] = {
    "account": "accounts", "contact": "user", "plan": "plans", "visit": "visits",
    "complaint": "complaints", "task": "tasks", "order": "order", "interaction": "chat",
    "user": "users", "team": "users", "product": "gift", "attachment": "attachment",
    "note": "note", "address": "pin", "conflict": "conflict", "tag": "flag",
}  # fmt: skip

_OF_AN_ACCOUNT: Sequence[tuple[str, str, str]] = (
    ("visit", tr_noop("Plan a visit…"), "calendar"),
    ("complaint", tr_noop("Take a complaint…"), "complaints"),
    ("task", tr_noop("Note a task…"), "tasks"),
)
"""Kinds that are made for an account: the kind, the words, the icon."""

_NEW: Sequence[tuple[str, str]] = (
    ("complaint", tr_noop("New complaint")),
    ("task", tr_noop("New task")),
    ("visit", tr_noop("New visit")),
)
"""Kinds whose empty form opens from anywhere."""

LOG_KEYS = "Ctrl+Shift+L"


def icon_of(kind: str) -> str:
    """The icon of a kind of record."""
    return _ICONS.get(kind, "doc")


def record_entries(groups: Iterable[Group]) -> list[Entry]:
    """Captions and records."""
    made: list[Entry] = []
    for group in groups:
        made.append(Entry(tr(CATALOG[group.kind].plural)))
        made.extend(map(record_entry, group.records))
    return made


def record_entry(found: Found) -> Entry:
    """The line of a record; the pinyin by which it was found stands at the right."""
    right = found.spot.reading or found.right
    if found.field and found.right:
        right = f"{tr(found.field)} {found.right}"
    return Entry(
        found.title, icon_of(found.kind), found.spot, ", ".join(found.detail)
        if found.kind == "contact" else " · ".join(found.detail),
        right, found.grade, record=found,
    )  # fmt: skip


def commands_of(found: Found, asked: RecordCommands) -> list[Entry]:
    """What can be done with a record: its caption and its commands."""
    name = found.title if len(found.title) <= _SHOWN_NAME else f"{found.title[:_SHOWN_NAME]}…"
    made = [Entry(tr("Commands with {title}", title=name))]
    if found.account:
        account = found.account
        values: dict[str, Value] = {"account": account}
        if found.kind == "contact":
            values["contact"] = found.id
        (visit, *others) = [
            Entry(tr(label), icon, run=lambda kind=kind: asked.new(kind, _fitting(kind, values)))
            for kind, label, icon in _OF_AN_ACCOUNT
        ]
        log = Entry(tr("Log a call…"), "phone", keys=(LOG_KEYS,), run=lambda: asked.log(account))
        made += [visit, log, *others]
    if found.refused:
        made.append(Entry(tr("Open the rejected change"), "rejected", run=asked.inbox))
    if found.conflict:
        made.append(Entry(tr("Decide the conflict"), "conflict", run=asked.inbox))
    if len(made) == 1:
        made.append(
            Entry(tr("Open record"), "return", run=lambda: asked.open(found.kind, found.id))
        )  # fmt: skip
    return made


def _fitting(kind: str, values: Mapping[str, Value]) -> dict[str, Value]:
    """Those of the values that a kind has fields for."""
    return {name: value for name, value in values.items() if name in CATALOG[kind].by_name}


def new_entries(typed: str, asked: RecordCommands) -> list[Entry]:
    """The empty forms that fit what was typed; none where nothing was."""
    spotted = [(kind, tr(words), spot(tr(words), typed)) for kind, words in _NEW if terms_of(typed)]
    return [
        Entry(words, icon_of(kind), found, run=lambda kind=kind: asked.new(kind, {}))
        for kind, words, found in spotted
        if found.stretches
    ]


def action_entries(
    actions: Iterable[QAction], typed: str, most: int | None, first: Iterable[Entry] = ()
) -> list[Entry]:
    """The window's commands that fit what was typed (all of them where nothing was), with their
    caption; `first` stand above them."""
    found: list[Entry] = [*first]
    for action in actions:
        spotted = spot(action.text(), typed) if typed else Spot()
        if not action.isEnabled() or (terms_of(typed) and not spotted.stretches):
            continue
        icon = str(action.property(ICON) or "return")
        found.append(
            Entry(action.text(), icon, spotted, keys=tuple(keys_of(action)[:1]), run=action.trigger)
        )
    return [Entry(tr("Commands")), *found[:most]] if found else []
