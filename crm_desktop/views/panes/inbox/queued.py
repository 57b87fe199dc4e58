"""The queue in words: which step of which record, and what it waits for."""

from __future__ import annotations

from collections.abc import Iterator

from crm_core.catalog import CATALOG
from crm_core.changes import Op
from crm_desktop.i18n import tr, tr_n
from crm_desktop.models.queue import Cause, HeldRow, Queue, QueueRow
from crm_desktop.runtime.standing import Standing
from crm_desktop.views.kit.choice import when_words
from crm_desktop.views.panes.inbox.entry import Entry, Group, kind_words

_FIELDS_MAX = 3

_CAUSES = {Cause.HELD: "held", Cause.REFUSED: "blocked", Cause.FILE: "file"}


def queue_groups(queue: Queue) -> Iterator[Group]:
    """By what the steps wait for; empty groups too."""
    names = {
        "held": tr("Held back by you"),
        "blocked": tr("Waiting for another change"),
        "file": tr("Waits for its file"),
        "queued": tr("Waits to be sent"),
        "sent": tr("Sent, no answer yet"),
        "acked": tr("Taken by the server, being checked"),
    }
    entries: dict[str, list[Entry]] = {name: [] for name in names}
    for row in queue.rows:
        entries[_place(row)].append(_step(row))
    entries["held"].extend(map(_held, queue.held))
    for place, name in names.items():
        yield Group(name, tuple(entries[place]))


def title_of(row: QueueRow) -> str:
    """By what a person knows the record of a step."""
    return row.title or row.label or kind_words(row.kind)


def _place(row: QueueRow) -> str:
    if row.wait is not None:
        return _CAUSES[row.wait.cause]
    return row.state if row.state in ("sent", "acked") else "queued"


def _step(row: QueueRow) -> Entry:
    is_still = row.wait is not None
    parts = (what_words(row), _waits_for(row))
    return Entry(
        f"o/{row.cs_id}", "pause" if is_still else "pending", "ink2", title_of(row),
        " · ".join(filter(None, parts)), when_words(row.at), row,
        {"release": tr("Let it go")} if row.is_held else {},
    )  # fmt: skip


def _held(row: HeldRow) -> Entry:
    return Entry(
        f"k/{row.kind}/{row.record}", "pause", "ink2", row.title or kind_words(row.kind),
        tr("nothing waits; later changes will stay here"), when_words(row.since), row,
        {"release": tr("Let it go")},
    )  # fmt: skip


def what_words(row: QueueRow) -> str:
    """What a step does, in a few words."""
    if row.changes > 1:
        return tr_n("One change", "{n} changes", row.changes)
    acts = {
        Op.INSERT: tr("new"),
        Op.DELETE: tr("delete"),
        Op.RESTORE: tr("restore"),
        Op.MERGE: tr("merge"),
        Op.OFFER: tr("offer"),
    }
    if row.op in acts:
        return f"{kind_words(row.kind)} · {acts[row.op]}"
    entity = CATALOG.get(row.kind)
    if entity is None:
        return kind_words(row.kind)
    known = entity.by_name
    names = [tr(known[name].label) for name in row.fields if name in known]
    if len(names) > _FIELDS_MAX:
        return tr_n("{n} field", "{n} fields", len(names))
    return tr(", ").join(names)


def _waits_for(row: QueueRow) -> str:
    if row.wait is None or row.wait.record == row.record:
        return ""
    return tr("waits for {title}", title=row.upon or kind_words(row.wait.kind))


def typed_words(row: QueueRow) -> str:
    """Who typed a step, and when; of which intention it is a part."""
    said = tr("Typed by you on this device, {at}.", at=when_words(row.at))
    if row.together > 1:
        part = tr("It is one of {n} steps of one action.", n=row.together)
        return tr("{first} {second}", first=said, second=part)
    return said


def why_words(row: QueueRow, standing: Standing) -> str:
    """What a step waits for and what becomes of it."""
    upon = row.upon or (kind_words(row.wait.kind) if row.wait else "")
    cause = row.wait.cause if row.wait is not None else None
    if cause is Cause.HELD and row.is_held:
        return tr(
            "You hold this record back: what is changed in it stays on this device until you let "
            "it go. What was being sent at that moment may have arrived all the same."
        )
    if cause is Cause.HELD:
        return tr("It builds on {title}, which you hold back, and goes out with it.", title=upon)
    if cause is Cause.REFUSED:
        return tr(
            "It builds on {title}, which the server refused or you keep as a draft. It goes out by "
            "itself when that is settled; everything else goes on.", title=upon,
        )  # fmt: skip
    if cause is Cause.FILE:
        return tr("Its file is still on its way; it goes out as soon as the server has all of it.")
    if row.state == "acked":
        return tr("The server has taken it. It leaves the queue when it has come back from there.")
    return _network_words(standing, is_sent=row.state == "sent")


def _network_words(standing: Standing, *, is_sent: bool) -> str:
    if standing.state == "signed_out":
        return tr("It is safe here and goes out as soon as you sign in.")
    if standing.failure:
        again = tr("It is tried again by itself.")
        if standing.next_try:
            again = tr("It is tried again by itself at {time}.", time=standing.next_try)
        reached = tr("The server was not reached.")
        if standing.failure != "transport":
            reached = tr("The server could not take it.")
        return tr("{first} {second}", first=reached, second=again)
    if is_sent:
        return tr(
            "It was sent, and the answer has not come yet. Sent again, it has no effect twice."
        )
    return tr("This step is saved here and goes out by itself as soon as the server answers.")
