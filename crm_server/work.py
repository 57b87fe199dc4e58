"""The work of one writing transaction: what is written, what follows from it, and the flush."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from crm_core.directory import DIRECTORY_KINDS
from crm_core.entity import Entity
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.merge import DELETED
from crm_server.belonging import Belonging
from crm_server.history import INSERT_HISTORY, Patch, Written
from crm_server.rows import LINKS, By, Key, Row, encode, stored, targets, unique_form
from crm_server.tables import FOREVER

_BOOKKEEPING = frozenset(("updated_at", "updated_by"))


class Work(Belonging):
    """Writes records over what the transaction sees, and all of it into the store at its end."""

    # -- writing ----------------------------------------------------------------------------

    def issue_number(self, entity: Entity) -> str:
        """The next human number of a kind in this year; gaps are allowed."""
        year = int(self.now[:4])
        key = (entity.kind, year)
        if key not in self._numbers:
            found = self.tx.row("SELECT last FROM number WHERE kind=? AND year=?", key)
            self._numbers[key] = found[0] if found else 0
        self._numbers[key] += 1
        return f"{entity.number_prefix}-{year}-{self._numbers[key]:06d}"

    def put(
        self, entity: Entity, record_id: RecordId, changed: Mapping[str, Value], by: By, *,
        deleted: bool = False, logged: bool = True,
    ) -> Row:  # fmt: skip
        """Write values over a record (a new one too) and all that follows from them."""
        key = (entity.kind, record_id)
        old = self.row(entity.kind, record_id)
        seq = self.next_seq()
        if entity.copies:
            repeated = {x: changed[of] for x, of in entity.copies.items() if of in changed}
            changed = {**changed, **repeated}
        if old is None:
            values, fv = dict(changed), {"*": seq}
        else:
            values = {**old.values, **changed}
            fv = dict(old.fv)
            for name in changed:
                if name not in _BOOKKEEPING:
                    fv[name] = seq
        row = Row(
            values, fv, seq, deleted, kind=entity.kind, id=record_id,
            actor=by.actor, device=by.device, cs_id=by.cs_id,
        )  # fmt: skip
        self.set(self.rows, key, row)
        self.set(self.touched, key, True)
        if logged or old is not None:
            self._log(row, old, changed, by)
        self._follow(entity, row, old, changed)
        return row

    def _log(self, row: Row, old: Row | None, changed: Mapping[str, Value], by: By) -> None:
        before: Mapping[str, Value] = old.values if old is not None else {}
        patch: Patch = {
            name: (before.get(name), value)
            for name, value in changed.items()
            if name not in _BOOKKEEPING
        }
        was_deleted = old is not None and old.deleted
        if was_deleted != row.deleted:
            patch[DELETED] = (was_deleted, row.deleted)
        live_seq = old.seq if old is not None and not old.deleted else 0
        self.history.append(
            Written(row.seq, row.id, row.kind, live_seq, by.cs_id, by.actor, by.device,
                    by.at or self.now, self.now, encode(patch).decode())
        )  # fmt: skip

    def _follow(
        self, entity: Entity, row: Row, old: Row | None, changed: Mapping[str, Value]
    ) -> None:
        links = LINKS[entity.kind]
        was_alive = old is not None and not old.deleted
        turned = was_alive == row.deleted
        if not turned and links.followed.isdisjoint(changed):
            return
        if turned or not links.unique.isdisjoint(changed):
            self._follow_unique(entity, row, old if was_alive else None)
        if not links.references.isdisjoint(changed):
            for name in sorted(links.references.intersection(changed)):
                self._follow_link(entity, row, old, name)
        if old is None or turned or not links.scope_fields.isdisjoint(changed):
            self.follow_scope(entity, row, old)

    def _follow_unique(self, entity: Entity, row: Row, old: Row | None) -> None:
        for name in sorted(LINKS[entity.kind].unique):
            before = unique_form(old.values.get(name)) if old is not None else ""
            after = "" if row.deleted else unique_form(row.values.get(name))
            if before == after:
                continue
            if before and self.holder_of(entity.kind, name, before) == row.id:
                self._claim((entity.kind, name, before), None)
            if after:
                self._claim((entity.kind, name, after), row.id)

    def taken_by(self, record: Key, name: str, value: Value) -> RecordId | None:
        """The other record that holds a value that may stand once, if any does."""
        form = unique_form(value) if name in LINKS[record[0]].unique else ""
        holder = self.holder_of(record[0], name, form) if form else None
        return holder if holder != record[1] else None

    def _claim(self, key: tuple[str, str, str], holder: RecordId | None) -> None:
        self.set(self._unique, key, holder)
        self.set(self._unique_dirty, key, True)

    def _follow_link(self, entity: Entity, row: Row, old: Row | None, name: str) -> None:
        before = targets(entity, name, old.values.get(name) if old is not None else None)
        after = targets(entity, name, row.values.get(name))
        child = (row.kind, row.id, name)
        for (_, target), kept in (
            *((x, False) for x in before - after),
            *((x, True) for x in after - before),
        ):
            self.set(self._refs, (target, child), kept)
            known = self._children.get(target)
            if known is not None:
                self.set(self._children, target, known | {child} if kept else known - {child})

    # -- storing ----------------------------------------------------------------------------

    @property
    def touches_directory(self) -> bool:
        """Whether a record was written on which people's scope depends."""
        return any(kind in DIRECTORY_KINDS for kind, _ in self.touched)

    def flush(self) -> None:
        """Write everything in bulk; the clock itself is the caller's."""
        if not self.touched and not self._keys_before and not self._roots_before:
            return
        stamp = self.next_seq()
        rows = [row for key in self.touched if (row := self.rows[key]) is not None]
        self.tx.many(_UPSERT_RECORD, [stored(row) for row in rows])
        self.tx.many(INSERT_HISTORY, self.history)
        self._flush_links()
        self._flush_roots(stamp)
        self._flush_keys(stamp)
        self.tx.many(
            "INSERT INTO number(kind,year,last) VALUES (?,?,?)"
            " ON CONFLICT(kind,year) DO UPDATE SET last=excluded.last",
            [(kind, year, last) for (kind, year), last in self._numbers.items()],
        )

    def _flush_links(self) -> None:
        kept = [(target, *child) for (target, child), keep in self._refs.items() if keep]
        cut = [(target, *child) for (target, child), keep in self._refs.items() if not keep]
        self.tx.many("DELETE FROM ref WHERE target=? AND kind=? AND id=? AND field=?", cut)
        self.tx.many(
            "INSERT INTO ref(target,kind,id,field) VALUES (?,?,?,?) ON CONFLICT DO NOTHING", kept
        )
        dirty = [(key, self._unique[key]) for key in self._unique_dirty]
        self.tx.many(
            "DELETE FROM unique_key WHERE kind=? AND key=? AND value=?",
            [key for key, holder in dirty if holder is None],
        )
        self.tx.many(
            "INSERT INTO unique_key(kind,key,value,id) VALUES (?,?,?,?)"
            " ON CONFLICT(kind,key,value) DO UPDATE SET id=excluded.id",
            [(*key, holder) for key, holder in dirty if holder is not None],
        )

    def _flush_roots(self, stamp: int) -> None:
        gone: list[tuple[Any, ...]] = []
        come: list[tuple[Any, ...]] = []
        for key, before in self._roots_before.items():
            now = self.roots[key]
            gone.extend((stamp, root, *key, FOREVER) for root in before - now)
            come.extend((root, *key, stamp, FOREVER) for root in now - before)
        self.tx.many(
            "UPDATE record_root SET gone_seq=? WHERE root=? AND kind=? AND id=? AND gone_seq=?",
            gone,
        )
        self.tx.many("INSERT INTO record_root(root,kind,id,seq,gone_seq) VALUES (?,?,?,?,?)", come)

    def _flush_keys(self, stamp: int) -> None:
        gone: list[tuple[Any, ...]] = []
        come: list[tuple[Any, ...]] = []
        for root, before in self._keys_before.items():
            now = self.keys[root]
            gone.extend((stamp, root, key, FOREVER) for key in before - now)
            come.extend((root, key, stamp, FOREVER) for key in now - before)
        self.tx.many("UPDATE root_scope SET gone_seq=? WHERE root=? AND key=? AND gone_seq=?", gone)
        self.tx.many("INSERT INTO root_scope(root,key,seq,gone_seq) VALUES (?,?,?,?)", come)


_UPSERT_RECORD = (
    "INSERT INTO record(id,kind,seq,body,fv,deleted,vhash,actor,device,cs_id)"
    " VALUES (?,?,?,?::jsonb,?,?,?,?,?,?) ON CONFLICT(id,kind) DO UPDATE SET seq=excluded.seq,"
    " body=excluded.body, fv=excluded.fv, deleted=excluded.deleted, vhash=excluded.vhash,"
    " actor=excluded.actor, device=excluded.device, cs_id=excluded.cs_id"
)
