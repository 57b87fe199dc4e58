"""What somebody may have done about a person: counted, erased, handed out (security.md §7). The
command line asks here too; who sits at it may do all of it."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from crm_core.catalog import CATALOG
from crm_core.directory import Directory
from crm_core.erasing import may_erase, personal_fields
from crm_core.errors import NotFound, Refused
from crm_core.i18n import tr_noop
from crm_core.ids import RecordId, is_id
from crm_core.masks import masks_in
from crm_core.roles import Action, reach
from crm_core.scope import is_reached
from crm_core.switches import ERASING
from crm_core.wire import PersonErased, PersonHeld
from crm_server.auth import note_event
from crm_server.erasing import Done, Wanted, belonging_to, erase, was_ever
from crm_server.erasures import list_in
from crm_server.exporting import Within, gather
from crm_server.organisations import Organisation
from crm_server.rows import Row
from crm_server.service import Service
from crm_server.standing import Principal
from crm_server.store import Tx, portions
from crm_server.work import Work

EXPORT_BYTES_MAX = 48 * 1024 * 1024
"""What a client takes in one answer, with room to spare."""

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks at which organisation, whose server keeps its lists in `folder`."""

    there: Organisation
    who: Principal
    folder: Path


def held(asker: Asker, kind: str, record_id: str) -> PersonHeld:
    """What would go if a person were erased. Raises Refused."""
    service = asker.there.service
    with service.store.read() as tx:
        key = _erasable(service, tx, asker.who, kind, record_id)
        wanted = belonging_to(service, tx, key)
        people = [one for k, one in wanted if k == kind]
        return PersonHeld(
            records=len(people), changes=_changes(tx, wanted), files=len(wanted) - len(people),
            linked=_linked(tx, people, wanted),
        )  # fmt: skip


def erase_for(asker: Asker, kind: str, record_id: str) -> PersonErased:
    """Erase a person as somebody asks for it. Raises Refused."""
    service = asker.there.service
    with service.store.read() as tx:
        _erasable(service, tx, asker.who, kind, record_id)
    try:
        done = erase_noted(asker, kind, record_id)
    except NotFound as gone:
        raise Refused("record.not_found", tr_noop("No such record.")) from gone
    people = sum(k == kind for k, _ in done.erased)
    return PersonErased(people, done.changes, done.parked, len(done.files))


def erase_noted(asker: Asker, kind: str, record_id: str) -> Done:
    """Erase, with the list beside the backups and the audit; what lies in free pages of the file
    goes later, by `Erasures.compact`. Raises UserProblem and NotFound."""
    there, erasures = asker.there, list_in(asker.folder, asker.there.slug)
    service = there.service

    def note(wanted: Wanted) -> None:
        # On the list first: what a crash leaves undone, a restore by the list makes up for.
        with service.store.read() as tx:
            seq = tx.clock().seq
        erasures.add({key: dict.fromkeys(names, seq) for key, names in wanted.items()})
        erasures.note_due()

    done = erase(service, kind, record_id, note)
    erasures.note_due()
    there.blobs.forget(done.files)
    with service.store.note() as tx:
        for (k, one), names in sorted(done.erased.items()):
            note_event(tx, service, asker.who, "erased", f"{k}/{one} {len(names)} fields")
    return done


def export_for(asker: Asker, kind: str, record_id: str) -> bytes:
    """A ZIP of what is held about a person, as far as whoever asks sees it. Raises Refused."""
    service, who = asker.there.service, asker.who
    with service.store.read() as tx:
        work, row, directory = _person(service, tx, who, kind, record_id)
        matrix, holder, keys = directory.rights(who.user)
        if row is None or keys.isdisjoint(hung := work.keys_at(kind, row.id)):
            raise Refused("record.not_found", tr_noop("No such record."))
        own = row.values.get("created_by") == who.user
        if not is_reached(reach(matrix, kind, Action.EXPORT), holder, hung, own=own):
            raise _not_permitted("export")

        def sees(one: Row) -> bool:
            return CATALOG[one.kind].scope_all or not keys.isdisjoint(
                work.keys_at(one.kind, one.id)
            )

        seen = Within(sees, who.user, masks_in(keys))
        found = gather(tx, row.id, asker.there.blobs.path, seen)
    if found.size_bytes > EXPORT_BYTES_MAX:
        raise Refused("person.too_large", tr_noop("It is too large to be sent."))
    archive = io.BytesIO()
    found.write(archive)
    with service.store.note() as tx:
        note_event(tx, service, who, "person-exported", row.id)
    return archive.getvalue()


def _erasable(
    service: Service, tx: Tx, who: Principal, kind: str, record_id: str
) -> tuple[str, RecordId]:
    """The record, if who asks may have it erased; IT need not see it."""
    work, row, directory = _person(service, tx, who, kind, record_id)
    matrix, holder, keys = directory.rights(who.user)
    if holder.is_it and was_ever(tx, kind, record_id):
        return kind, RecordId(record_id)
    if row is None or keys.isdisjoint(hung := work.keys_at(kind, row.id)):
        raise Refused("record.not_found", tr_noop("No such record."))
    if ERASING not in directory.switched_on:
        raise Refused("erase.by_it", tr_noop("Only IT erases here."))
    if not may_erase(kind, matrix, holder, hung, directory.switched_on):
        raise _not_permitted("erase")
    return kind, RecordId(record_id)


def _person(
    service: Service, tx: Tx, who: Principal, kind: str, record_id: str
) -> tuple[Work, Row | None, Directory]:
    if not personal_fields(kind) or not is_id(record_id):
        raise Refused("record.not_found", tr_noop("No such record."))
    clock = tx.clock()
    work = service.work(tx, clock)
    return work, work.row(kind, RecordId(record_id)), service.directory(tx, clock)


def _not_permitted(action: str) -> Refused:
    return Refused("right.missing", tr_noop("You may not do this."), action=action)


def _changes(tx: Tx, wanted: Wanted) -> int:
    keys = set(wanted)
    found = 0
    for some in portions([one for _, one in wanted], _AT_ONCE):
        rows = tx.rows(
            "SELECT kind,id,count(*) FROM history WHERE id = ANY(?) GROUP BY kind,id", ([*some],)
        )
        found += sum(many for kind, one, many in rows if (kind, one) in keys)
    return found


def _linked(tx: Tx, people: list[RecordId], wanted: Mapping[tuple[str, RecordId], object]) -> int:
    """The records that lead to a person and stay."""
    found: set[tuple[str, RecordId]] = set()
    for some in portions(people, _AT_ONCE):
        rows = tx.rows("SELECT kind,id FROM ref WHERE target = ANY(?)", ([*some],))
        found.update((kind, RecordId(one)) for kind, one in rows if kind in CATALOG)
    return sum(key not in wanted and key[0] != "conflict" for key in found)
