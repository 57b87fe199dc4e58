"""The store as the engine sees it: outbox, verdicts, pulls and the place to resume from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Any

import msgspec

from crm_core.catalog import CATALOG, SCHEMA
from crm_core.changes import Change, ChangeSet, Op
from crm_core.digest import Digest
from crm_core.errors import Bug
from crm_core.fields import values_in
from crm_core.i18n import tr_noop
from crm_core.ids import ChangeSetId, DeviceId, RecordId
from crm_core.wire import (
    STUBS_ALL,
    STUBS_NEW,
    Anew,
    Deleted,
    End,
    Enter,
    Erase,
    Gone,
    Hello,
    Left,
    Mark,
    Outcomes,
    Page,
    Part,
    PullItem,
    PushResponse,
    Stubs,
    Sums,
)  # fmt: skip
from crm_desktop.models import arriving
from crm_desktop.models.connection import Connection
from crm_desktop.models.journal import (
    comparing,
    erasing,
    leaving,
    masking,
    offering,
    reconcile,
    renewing,
    rows,
    settling,
    stubs,
    turns,
)
from crm_desktop.models.journal.deciding import UNREADABLE_THERE, resend_to_newer
from crm_desktop.models.journal.following import SENT
from crm_desktop.models.journal.received import Receipt, receive_deleted, receive_page
from crm_desktop.models.journal.retrying import retry_quarantined
from crm_desktop.models.replica import Applied, Parked, Settled, Summary, SyncState, Verdict, Wanted
from crm_desktop.models.sql import blob
from crm_desktop.models.store import Store

_IDS = msgspec.json.Decoder(tuple[ChangeSetId, ...])

OLDEST = tuple(
    f"SELECT n, bytes FROM changeset WHERE state = '{state}' AND state <> 'confirmed'"
    " AND n > ? ORDER BY n LIMIT ?"
    for state in ("queued", "sent")
)
"""Along the index of each state, which is used only where its own condition is said too; with both
states in one statement every step would sort all that wait."""

_WAITS = (
    "EXISTS (SELECT 1 FROM changeset WHERE state = 'queued' AND state <> 'confirmed')"
    " OR EXISTS (SELECT 1 FROM changeset WHERE state = 'sent' AND state <> 'confirmed')"
)

_UNSENT = (
    "(SELECT count(*) FROM changeset WHERE state <> 'confirmed' AND state IN ('queued', 'sent',"
    " 'waiting', 'rejected', 'held', 'blocked', 'orphaned'))"
)
"""Along the index of what is not confirmed, which is little."""

_UNHEARD = (
    "(SELECT id FROM changeset WHERE state = 'sent' AND state <> 'confirmed'"
    " ORDER BY n DESC LIMIT 1)"
)

_MERGE_SENT = (
    "SELECT 1 FROM changeset s JOIN op ON cs = n"
    " WHERE s.state = 'sent' AND s.state <> 'confirmed' AND op = 'merge' LIMIT 1"
)
"""Nothing goes out behind a merge before that was answered: what was typed above one that is
refused repeats what it brought along, and waits here with it."""

_STILL = (
    "UPDATE sync_state SET verified_at = ? WHERE NOT pull_open"
    " AND (cursor, verified_cursor, count, total) = (?, ?, ?, ?)"
    f" AND NOT {settling.ANY_ACKED}"
    " AND NOT EXISTS (SELECT 1 FROM quarantine) AND NOT EXISTS (SELECT 1 FROM hidden)"
    " AND NOT EXISTS (SELECT 1 FROM stub)"
)
"""Where the last pull came to its end here with agreeing digests, nobody has written since what a
pull's end settles, and nothing lies here that time or giving up own work ends: that they agree
once more."""

_READ_AT_ONCE = 500
"""Changesets read by one statement."""

KEEP_CONFIRMED_DAYS = 60
"""Own history and undo reach back this far; so does re-sending after a server's restore."""


class Outbox:
    """Implements the engine's `SyncStore`; each method is one transaction, or only reads."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def state(self) -> SyncState:
        """How far this store has come."""
        with self._store.reader() as c:
            noted = _noted(c)
            state = sync_state(c, noted)
            if not state.cursor and not (state.resume or state.in_sight or _reconciles(c)):
                day = self._store.clock().astimezone().date().isoformat()
                return msgspec.structs.replace(state, first=day)
            if not state.epoch or state.pull_open:
                return state
            is_count_due, endings = turns.due(c, noted, self._store.clock())
            if not is_count_due and not endings:
                return state
            return msgspec.structs.replace(state, check=endings, count_due=is_count_due)

    def take_outbox(
        self, changesets_max: int, bytes_max: int, behind: ChangeSetId | None = None
    ) -> tuple[ChangeSet, ...]:
        """The oldest changesets that may go out, marked sent; at least one where any waits."""
        with self._store.writing() as c:
            return _taken(c, Wanted(changesets_max, bytes_max, behind))

    def settle(self, answer: PushResponse, then: Wanted | None = None) -> Settled:
        """Write a push's verdicts, and lay the rows of the answer under what is unsettled; `then`
        take what is wanted next: the disk is waited for once."""
        with self._store.writing() as c:
            receipt = self._receipt(c)
            done = settling.settle(receipt, answer)
            if answer.pages or answer.deleted:
                # Rows ahead of the cursor: a colleague's step may be here in part until the pull.
                c.run("UPDATE sync_state SET pull_open = 1")
            summary = done.summary | receipt.close()
            taken = _taken(c, then) if then is not None else ()
            return msgspec.structs.replace(done, summary=summary, taken=taken)

    def begin_pull(self, hello: Hello) -> Summary:
        """Take over a new scope generation, schema or history."""
        with self._store.writing() as c:
            state = sync_state(c)
            receipt = self._receipt(c)
            lost_history = state.epoch and (hello.epoch != state.epoch or state.cursor > hello.seq)
            if lost_history:
                arriving.forget_part(c)
                reconcile.begin(receipt, hello)
            elif hello.anew:
                arriving.forget_part(c)
                reconcile.begin_below_floor(receipt)
            elif receipt.reconciling and not state.resume:
                reconcile.begin_again(receipt)
            c.run(
                "UPDATE sync_state SET epoch = ?, scope_gen = ?, schema = ?, pull_open = 1",
                (hello.epoch, hello.scope_gen, hello.schema),
            )
            summary = receipt.close()
            if state.epoch and hello.schema > state.schema:
                summary |= resend_to_newer(c, self._store)
            return summary | Summary(outbox_changed=bool(lost_history))

    def apply(self, items: Sequence[PullItem], mark: Mark | None) -> Applied:
        """Write what a pull brought, together with the new place to resume from."""
        with self._store.writing() as c:
            receipt = self._receipt(c)
            take_items(receipt, items)
            c.run("UPDATE sync_state SET pull_open = 1")
            # Also one before the first root: it says that parts of this pull are here.
            if mark is not None:
                c.run("UPDATE sync_state SET resume = ?, resume_hi = ?", (mark.after, mark.cursor))
            done = _applied(receipt)
        self._remove_copies(receipt)
        return done

    def apply_today(self, items: Sequence[PullItem], mark: Mark | None, part: Part) -> Applied:
        """Write the last of what was asked for first; everything else is still to come."""
        with self._store.writing() as c:
            receipt = self._receipt(c)
            take_items(receipt, items)
            c.run("UPDATE sync_state SET pull_open = 1")
            if mark is not None:
                c.run("UPDATE sync_state SET resume_hi = ?", (mark.cursor,))
            arriving.note_part(c, part.count)
            return _applied(receipt)

    def finish(self, items: Sequence[PullItem], end: End) -> Verdict:
        """Write the last items and close the pull; compare the digests.

        Where nothing came, a power cut may undo it: the next run finds it out again.
        """
        store = self._store
        with store.writing() if items else store.writing_later() as c:
            proof = (store.now(), end.hi, end.hi, end.count, end.total)
            if not items and c.run(_STILL, proof):
                return Verdict(Summary(), verified=True)
            cursor, why = c.one("SELECT cursor, reconcile FROM sync_state") or (0, 0)
            receipt = _receipt(c, store.now(), why)
            take_items(receipt, items)
            if not cursor:  # what is empty has not only to arrive any more
                receipt.reset.update(CATALOG)
            retry_quarantined(receipt, store.clock())
            confirmed = settling.confirm(receipt, end.hi)
            if receipt.reconciling:
                reconcile.end(receipt)
            masking.follow(receipt)
            summary = receipt.close() | Summary(outbox_changed=confirmed)
            c.run(
                "UPDATE sync_state SET cursor = ?, resume = '', resume_hi = 0, pull_open = 0,"
                " reconcile = 0, seq_known = max(seq_known, ?)",
                (end.hi, end.hi),
            )
            arriving.forget_part(c)
            stubs.end_pull(c)
            leaving.erase_hidden(c, store.clock())
            if items or confirmed:
                settling.forget_confirmed(c, store.clock(), KEEP_CONFIRMED_DAYS)
            differing = self._compare_closely(receipt)
            verified = _compare(c, end, receipt.now, alike=not differing)
            if verified and not cursor:
                turns.note_all_new(c, receipt.now)
        self._remove_copies(receipt)
        return Verdict(
            summary, verified, receipt.rows, receipt.orphaned, receipt.quarantined,
            receipt.said is not None, differing,
        )  # fmt: skip

    def _remove_copies(self, receipt: Receipt) -> None:
        """Older copies of the file hold what was erased."""
        if receipt.erased:
            self._store.remove_copies()

    def _compare_closely(self, receipt: Receipt) -> tuple[str, ...]:
        """The buckets or roots that differ from what the server stated, if it did."""
        c, said = receipt.c, receipt.said
        if renewing.is_under_repair(c):
            renewing.note_repair(c, receipt.now, receipt.rows)
            renewing.count_held(c)
        elif said is not None and not said.check.endings:
            renewing.count_held(c)
        if said is None:
            return ()
        turns.note_checked(c, said.check, receipt.now)
        return comparing.differing(c, said)

    def count_anew(self) -> None:
        """Count all that is held, beside those who write; a wrong count proves nothing any more."""
        store = self._store
        with store.reader() as c:
            counted, kept = rows.recount(c), rows.kept_digest(c)
        with store.writing() as c:
            rows.add_digest(c, counted - kept)
            if counted != kept:
                c.run("UPDATE sync_state SET verified_cursor = -1")
            turns.note_counted(c, store.now())
            resend_to_newer(c, store, UNREADABLE_THERE)

    def differing(self, said: Sums) -> tuple[str, ...]:
        """The buckets or roots of which this device holds something else than the server shows."""
        with self._store.reader() as c:
            return comparing.differing(c, said)

    def repairs(self) -> dict[str, int | str]:
        """What was repaired so far: "times", "roots", "everything", "last_at"."""
        with self._store.reader() as c:
            return renewing.repairs(c)

    def fetch_anew(self) -> None:
        """Forget up to where everything was received: the next pull brings all of it."""
        with self._store.writing() as c:
            renewing.note_all_fetched(c, self._store.now())
            reconcile.start_over(c)

    def parked(self) -> Parked:
        """What lies where, for an honest status."""
        with self._store.reader() as c:
            return settling.parked(c, self._store.identity.user)

    def unsent(self) -> bytes:
        """All pending and parked work as JSON."""
        with self._store.reader() as c:
            found = c.rows(
                "SELECT n FROM changeset WHERE state NOT IN"
                " ('acked', 'confirmed', 'handed', 'discarded') ORDER BY n"
            )
            return msgspec.json.encode([*changesets_of(c, [n for (n,) in found])])

    def _receipt(self, c: Connection) -> Receipt:
        return _receipt(c, self._store.now(), c.value("SELECT reconcile FROM sync_state"))


def _taken(c: Connection, wanted: Wanted) -> tuple[ChangeSet, ...]:
    after = 0
    if wanted.behind:
        sql = "SELECT n FROM changeset WHERE id = ?"
        after = c.value(sql, (blob(wanted.behind),)) or 0
        if c.one(_MERGE_SENT) is not None:
            return ()
    most = max(1, wanted.changesets_max)
    found = sorted(row for sql in OLDEST for row in c.rows(sql, (after, most)))[:most]
    sizes = accumulate(weight for _, weight in found)
    numbers = [n for (n, _), size in zip(found, sizes, strict=True) if size <= wanted.bytes_max]
    taken = numbers or [n for n, _ in found[:1]]
    c.many("UPDATE changeset SET state = 'sent' WHERE n = ?", [(n,) for n in taken])
    return tuple(changesets_of(c, taken))


def _receipt(c: Connection, now: str, why: int) -> Receipt:
    return Receipt(c, now, bool(why), why == reconcile.BELOW_FLOOR)


def sync_state(c: Connection, noted: Mapping[str, str] | None = None) -> SyncState:
    """The one row of `sync_state`, with what is `noted` beside it."""
    row = c.one(
        "SELECT epoch, cursor, resume, resume_hi, pull_open, scope_gen, schema, verified_at,"
        f" verified_cursor, seq_known, {_WAITS}, {_UNSENT}, {_UNHEARD}, {offering.ANY_OFFERED}"
        " FROM sync_state"
    )
    assert row is not None
    if noted is None:
        noted = _noted(c)
    return SyncState(
        offers=offering.asked(c) if row[-1] else (),
        handed=offering.handed(c) if row[-1] else (),
        epoch=row[0], cursor=row[1], resume=row[2], resume_hi=row[3], pull_open=bool(row[4]),
        scope_gen=row[5], schema=row[6] or SCHEMA, verified_at=row[7], verified_cursor=row[8],
        seq_known=row[9], in_sight=int(noted.get(arriving.META_IN_SIGHT, 0)),
        former=noted.get(arriving.META_FORMER, ""),
        stubs=STUBS_NEW if noted.get(stubs.META_STUBS) == stubs.HERE else STUBS_ALL,
        waits=bool(row[10]), unsent=row[11], unheard=row[12].hex() if row[12] else "",
        erased=row[1],
    )  # fmt: skip


_NOTED = (
    arriving.META_IN_SIGHT, arriving.META_FORMER, stubs.META_STUBS,
    turns.META_COUNTED, turns.META_CHECKED,
)  # fmt: skip
_READ_NOTED = f"SELECT name, value FROM meta WHERE name IN ({','.join('?' * len(_NOTED))})"


def _noted(c: Connection) -> dict[str, str]:
    return dict(c.rows(_READ_NOTED, _NOTED))


def _reconciles(c: Connection) -> bool:
    return bool(c.value("SELECT reconcile FROM sync_state"))


def take_items(receipt: Receipt, items: Sequence[PullItem]) -> None:
    """Write the items of a pull in their order."""
    for item in items:
        match item:
            case Page():
                receive_page(receipt, item)
            case Deleted():
                receive_deleted(receipt, item)
                stubs.forget(receipt.c, item)
            case Enter(roots):
                leaving.enter(receipt, roots)
            case Left(roots):
                leaving.leave(receipt, roots)
            case Gone(kind, ids):
                leaving.gone(receipt, kind, ids)
            case Anew():
                renewing.renew(receipt, item)
            case Sums() | Stubs() | Outcomes() | Erase():
                _take_beside(receipt, item)
            case Hello() | Mark() | Part() | End():
                raise Bug(tr_noop("A pull's frame came where its content was expected."))
    if items and not receipt.reconciling:  # else what left is still here; the pull's end tells
        stubs.drop_unneeded(receipt.c)


def _take_beside(receipt: Receipt, item: Sums | Stubs | Outcomes | Erase) -> None:
    match item:
        case Erase():
            erasing.apply(receipt, item)
        case Sums():
            receipt.said = item
        case Stubs():
            stubs.take(receipt, item)
        case Outcomes():
            offering.take(receipt, item)


def _applied(receipt: Receipt) -> Applied:
    summary = receipt.close()
    return Applied(summary, receipt.rows, receipt.quarantined, receipt.orphaned)


def _compare(c: Connection, end: End, now: str, *, alike: bool) -> bool:
    """Whether both sides hold the same versions; rows newer than the stream make it unknown.
    An older proof does not outlive a difference. `alike`: no content is known to differ."""
    agrees = rows.kept_digest(c) == Digest(end.count, end.total)
    if agrees and alike:
        c.run("UPDATE sync_state SET verified_at = ?, verified_cursor = ?", (now, end.hi))
    else:
        c.run("UPDATE sync_state SET verified_cursor = -1")
    return agrees


def changeset_of(c: Connection, n: int) -> ChangeSet:
    """One changeset as it travels."""
    return next(changesets_of(c, (n,)))


def changesets_of(c: Connection, numbers: Sequence[int]) -> Iterator[ChangeSet]:
    """Changesets as they travel, from the journal."""
    for first in range(0, len(numbers), _READ_AT_ONCE):
        some = numbers[first : first + _READ_AT_ONCE]
        places = ",".join("?" * len(some))
        changes: dict[int, list[Change]] = {}
        for cs, *op in c.rows(
            "SELECT cs, kind, id, op, new, old, base_seq, after FROM op"
            f" WHERE cs IN ({places}) AND {SENT} ORDER BY cs, i",
            some,
        ):
            changes.setdefault(cs, []).append(_change(op))
        heads = c.rows(
            "SELECT n, id, batch, batch_n, author, device, at, schema, scope_gen, atomic, label,"
            f" seen FROM changeset WHERE n IN ({places}) ORDER BY n",
            some,
        )
        for n, *head in heads:
            yield _changeset(n, head, tuple(changes.get(n, ())))


def _change(op: Sequence[Any]) -> Change:
    kind, key, name, new, old, base, after = op
    return Change(
        kind, RecordId(key.hex()), Op(name), values_in(new), values_in(old), base,
        _IDS.decode(after) if after else (),
    )  # fmt: skip


def _changeset(order: int, head: Sequence[Any], changes: tuple[Change, ...]) -> ChangeSet:
    key, batch, n, author, device, at, schema, scope_gen, atomic, label, seen = head
    return ChangeSet(
        id=ChangeSetId(key.hex()), changes=changes, batch=batch or "", n=n, order=order,
        author=RecordId(author.hex()), device=DeviceId(device), at=at, schema=schema,
        scope_gen=scope_gen, atomic=bool(atomic), label=label, seen=seen,
    )  # fmt: skip
