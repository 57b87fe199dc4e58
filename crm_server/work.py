"""The work of one writing transaction: rows and what hangs on them, in memory until `flush`.

A changeset that is refused is taken back by `rollback`, which has the effect of a savepoint at no
cost to those that pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, MutableMapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from crm_core.catalog import CATALOG
from crm_core.digest import version_hash
from crm_core.entity import Entity
from crm_core.fields import Kind, Value
from crm_core.ids import ALL_ROOT, RecordId
from crm_core.merge import DELETED, Version
from crm_core.scope import KEY_ALL, KEY_IT, keys_of_account, parse_target, roots_of
from crm_server.directory import DIRECTORY_KINDS, Directory
from crm_server.store import Clock, Tx
from crm_server.tables import FOREVER

Key = tuple[str, RecordId]
Child = tuple[str, RecordId, str]
"""(kind, id, field) of a record that refers to another."""

_UNSTORED_LINKS = frozenset(("created_by", "updated_by"))
_BOOKKEEPING = frozenset(("updated_at", "updated_by"))

_K = TypeVar("_K")
_V = TypeVar("_V")
_ABSENT: Final = object()
_NO_KEYS = frozenset[str]()
_encode = msgspec.json.Encoder().encode
_decode_values: msgspec.json.Decoder[dict[str, Value]] = msgspec.json.Decoder(dict[str, Value])
_decode_fv: msgspec.json.Decoder[dict[str, int]] = msgspec.json.Decoder(dict[str, int])


class Row:
    """One version of a record as the server holds it; never changed, only replaced."""

    __slots__ = ("actor", "cs_id", "deleted", "device", "fv", "id", "kind", "seq", "values")

    def __init__(
        self, key: Key, seq: int, values: Mapping[str, Value], fv: Mapping[str, int],
        deleted: bool, by: By,
    ) -> None:  # fmt: skip
        self.kind, self.id = key
        self.seq = seq
        self.values = values
        self.fv = fv
        self.deleted = deleted
        self.actor, self.device, self.cs_id, _ = by

    @property
    def version(self) -> Version:
        """What the merge needs of it."""
        return Version(self.values, self.fv, self.seq, self.deleted)


class By(NamedTuple):
    """Who wrote, on which device, in which changeset, and when he says he did."""

    actor: RecordId
    device: str = ""
    cs_id: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class Links:
    """How an entity's values lead to others, worked out once."""

    references: frozenset[str]
    scope_fields: frozenset[str]
    unique: frozenset[str]


def _links_of(entity: Entity) -> Links:
    scope = {
        field.name
        for field in entity.references
        if field.link is not None and (field.link.root or field.link.grants)
    }
    extra = {
        "account": ("owner", "team", "territory"),
        "account_team": ("user",),
        "account_contact": ("contact",),
    }
    scope.update(extra.get(entity.kind, ()))
    names = frozenset(x.name for x in entity.references) - _UNSTORED_LINKS
    return Links(names, frozenset(scope), frozenset(x.name for x in entity.fields if x.unique))


LINKS: Mapping[str, Links] = {kind: _links_of(entity) for kind, entity in CATALOG.items()}


class Work:
    """Rows, roots, keys, references and unique keys as this transaction leaves them."""

    def __init__(
        self, tx: Tx, clock: Clock, directory: Directory, now: str,
        new_id: Callable[[], RecordId],
    ) -> None:  # fmt: skip
        self.tx = tx
        self.clock = clock
        self.directory = directory
        self.now = now
        self.new_id = new_id
        self.seq = clock.seq
        self.rows: dict[Key, Row | None] = {}
        self.roots: dict[Key, frozenset[RecordId]] = {}
        self.keys: dict[RecordId, frozenset[str]] = {}
        self.history: list[tuple[Any, ...]] = []
        self.touched: dict[Key, bool] = {}
        self._roots_before: dict[Key, frozenset[RecordId]] = {}
        self._keys_before: dict[RecordId, frozenset[str]] = {}
        self._children: dict[RecordId, frozenset[Child]] = {}
        self._refs: dict[tuple[RecordId, Child], bool] = {}
        self._unique: dict[tuple[str, str, str], RecordId | None] = {}
        self._unique_dirty: dict[tuple[str, str, str], bool] = {}
        self._numbers: dict[tuple[str, int], int] = {}
        self._undo: list[tuple[MutableMapping[Any, Any], Any, Any]] = []
        self._history_mark = 0
        self._loaded: list[RecordId] = []

    # -- taking back ------------------------------------------------------------------------

    def mark(self) -> None:
        """From here on `rollback` takes back."""
        self._undo.clear()
        self._loaded.clear()
        self._history_mark = len(self.history)

    def rollback(self) -> None:
        """Undo everything since the last `mark`; numbers used up stay unused."""
        for mapping, key, old in reversed(self._undo):
            if old is _ABSENT:
                del mapping[key]
            else:
                mapping[key] = old
        del self.history[self._history_mark :]
        for target in self._loaded:  # read while the refused changes were in sight
            self._children.pop(target, None)
        self.mark()

    def set(self, mapping: MutableMapping[_K, _V], key: _K, value: _V) -> None:
        """Change a mapping so that `rollback` can take it back."""
        self._undo.append((mapping, key, mapping.get(key, _ABSENT)))
        mapping[key] = value

    # -- reading ----------------------------------------------------------------------------

    def prefetch(self, keys: Iterable[Key]) -> None:
        """Bring rows, their roots and the roots' keys into memory, in three queries."""
        wanted = [key for key in set(keys) if key not in self.rows]
        if not wanted:
            return
        ids = [record_id for _, record_id in wanted]
        for key in wanted:
            self.rows[key] = None
        for found in self.tx.rows(
            "SELECT kind,id,seq,body::text,fv,deleted,actor,device,cs_id"
            " FROM record WHERE id = ANY(?)",
            (ids,),
        ):
            self.rows[(found[0], found[1])] = _row(found)
        self._prefetch_roots(wanted)

    def expect_new(self, kind: str, record_id: RecordId) -> None:
        """Spare the queries for an id that was made just now."""
        key = (kind, record_id)
        self.rows[key] = None
        self.roots[key] = frozenset()
        self.keys[record_id] = frozenset()
        self._children[record_id] = frozenset()

    def _prefetch_roots(self, wanted: list[Key]) -> None:
        sets: dict[Key, set[RecordId]] = {}
        for key in wanted:
            # An account is always its own only root: nothing to look up.
            alone = key[0] == "account" and self.rows[key] is not None
            sets[key] = {key[1]} if alone else set()
        asked = [record_id for (_, record_id), found in sets.items() if not found]
        if asked:
            for kind, record_id, root in self.tx.rows(
                "SELECT kind,id,root FROM record_root WHERE id = ANY(?) AND gone_seq = ?",
                (asked, FOREVER),
            ):
                sets.setdefault((kind, record_id), set()).add(root)
        for key, roots in sets.items():
            self.roots.setdefault(key, frozenset(roots))
        self.prefetch_keys({root for roots in sets.values() for root in roots})

    def prefetch_keys(self, roots: Iterable[RecordId]) -> None:
        """Bring the keys of roots into memory."""
        wanted = [root for root in roots if root not in self.keys]
        if not wanted:
            return
        self.keys.update(dict.fromkeys(wanted, _NO_KEYS))
        for root, words in self.tx.rows(
            "SELECT root,string_agg(key,' ') FROM root_scope"
            " WHERE root = ANY(?) AND gone_seq = ? GROUP BY root",
            (wanted, FOREVER),
        ):
            self.keys[root] = _key_set(words)

    def prefetch_children(self, ids: Iterable[RecordId]) -> None:
        """Find what refers to records, before anything was written to them."""
        wanted = list({record_id for record_id in ids if record_id not in self._children})
        if wanted:
            self._read_children(wanted)

    def _read_children(self, targets: list[RecordId]) -> None:
        sets: dict[RecordId, set[Child]] = {target: set() for target in targets}
        for target, kind, record_id, field in self.tx.rows(
            "SELECT target,kind,id,field FROM ref WHERE target = ANY(?)", (targets,)
        ):
            sets[target].add((kind, record_id, field))
        for target, found in sets.items():
            self._children.setdefault(target, frozenset(found))

    def row(self, kind: str, record_id: RecordId) -> Row | None:
        """The record as it stands now; None where there is none."""
        key = (kind, record_id)
        if key not in self.rows:
            self.prefetch((key,))
        return self.rows[key]

    def roots_at(self, kind: str, record_id: RecordId) -> frozenset[RecordId]:
        """The roots below which a record hangs now."""
        key = (kind, record_id)
        if key not in self.roots:
            self.prefetch((key,))
            self.roots.setdefault(key, frozenset())
        return self.roots[key]

    def keys_at(self, kind: str, record_id: RecordId) -> frozenset[str]:
        """The keys by which a record can be seen now."""
        roots = self.roots_at(kind, record_id)
        if len(roots) == 1:
            (root,) = roots
            return self.keys_of(root)
        return frozenset[str]().union(*map(self.keys_of, roots))

    def keys_of(self, root: RecordId) -> frozenset[str]:
        """The keys of a root."""
        if root not in self.keys:
            self.prefetch_keys((root,))
        return self.keys[root]

    def children(self, target: RecordId) -> frozenset[Child]:
        """Everything that refers to a record, as this transaction leaves it."""
        if target not in self._children:
            self._read_children([target])
            self._loaded.append(target)
            stored = self._children[target]
            for (other, child), kept in self._refs.items():
                if other == target:
                    stored = stored | {child} if kept else stored - {child}
            self._children[target] = stored
        return self._children[target]

    def holder_of(self, kind: str, field: str, value: str) -> RecordId | None:
        """The record that holds a unique value."""
        key = (kind, field, value)
        if key not in self._unique:
            found = self.tx.row("SELECT id FROM unique_key WHERE kind=? AND key=? AND value=?", key)
            self._unique[key] = RecordId(found[0]) if found else None
        return self._unique[key]

    # -- writing ----------------------------------------------------------------------------

    def next_seq(self) -> int:
        """The next number of the feed."""
        self.seq += 1
        return self.seq

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
        if old is None:
            values, fv = dict(changed), {"*": seq}
        else:
            values = {**old.values, **changed}
            fv = dict(old.fv)
            for name in changed:
                if name not in _BOOKKEEPING:
                    fv[name] = seq
        row = Row(key, seq, values, fv, deleted, by)
        self.set(self.rows, key, row)
        self.set(self.touched, key, True)
        if logged or old is not None:
            self._log(row, old, changed, by)
        self._follow(entity, row, old, changed)
        return row

    def _log(self, row: Row, old: Row | None, changed: Mapping[str, Value], by: By) -> None:
        before: Mapping[str, Value] = old.values if old is not None else {}
        patch: dict[str, tuple[Value, Value]] = {
            name: (before.get(name), value)
            for name, value in changed.items()
            if name not in _BOOKKEEPING
        }
        was_deleted = old is not None and old.deleted
        if was_deleted != row.deleted:
            patch[DELETED] = (was_deleted, row.deleted)
        live_seq = old.seq if old is not None and not old.deleted else 0
        self.history.append(
            (row.seq, row.id, row.kind, live_seq, by.cs_id, by.actor, by.device, by.at or self.now,
             self.now, _encode(patch).decode())
        )  # fmt: skip

    def _follow(
        self, entity: Entity, row: Row, old: Row | None, changed: Mapping[str, Value]
    ) -> None:
        links = LINKS[entity.kind]
        was_alive = old is not None and not old.deleted
        turned = was_alive == row.deleted
        if turned or not links.unique.isdisjoint(changed):
            self._follow_unique(entity, row, old if was_alive else None)
        if not links.references.isdisjoint(changed):
            for name in sorted(links.references.intersection(changed)):
                self._follow_link(entity, row, old, name)
        if old is None or turned or not links.scope_fields.isdisjoint(changed):
            self._follow_scope(entity, row, old)

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

    def _claim(self, key: tuple[str, str, str], holder: RecordId | None) -> None:
        self.set(self._unique, key, holder)
        self.set(self._unique_dirty, key, True)

    def _follow_link(self, entity: Entity, row: Row, old: Row | None, name: str) -> None:
        before = targets(entity, name, old.values.get(name) if old is not None else None)
        after = targets(entity, name, row.values.get(name))
        child = (row.kind, row.id, name)
        for target, kept in (
            *((x, False) for x in before - after),
            *((x, True) for x in after - before),
        ):
            self.set(self._refs, (target, child), kept)
            known = self._children.get(target)
            if known is not None:
                self.set(self._children, target, known | {child} if kept else known - {child})

    # -- scope ------------------------------------------------------------------------------

    def _follow_scope(self, entity: Entity, row: Row, old: Row | None) -> None:
        self.rescope(entity, row)
        if row.kind == "account":
            self.rekey_account(row)
        elif row.kind == "user":
            self._set_keys(row.id, frozenset((f"user:{row.id}",)))
        elif row.kind == "account_team":
            for account in _both(old, row, "account"):
                self._rekey_if_known(account)
        elif row.kind == "account_contact":
            for contact in _both(old, row, "contact"):
                self._rescope_if_known("contact", contact)

    def rescope(self, entity: Entity, row: Row) -> None:
        """Work out a record's roots anew, and those of what hangs below it."""
        roots = roots_of(entity, row.id, row.values, self._above)
        if ALL_ROOT in roots:
            self._set_keys(ALL_ROOT, frozenset((KEY_ALL,)))
        if row.id in roots and row.kind != "account":
            self._set_keys(row.id, self._keys_of_lone(row))
        key = (row.kind, row.id)
        before = self.roots_at(*key)
        if roots == before:
            return
        self._roots_before.setdefault(key, before)
        self.set(self.roots, key, roots)
        for kind, record_id, field in self.children(row.id):
            link = CATALOG[kind].by_name[field].link
            if link is not None and link.root:
                self._rescope_if_known(kind, record_id)

    def _above(self, kind: str, record_id: RecordId) -> Iterable[RecordId]:
        if kind != "roles_of_contact":
            return self.roots_at(kind, record_id)
        roots: set[RecordId] = set()
        for child_kind, child_id, field in self.children(record_id):
            if child_kind == "account_contact" and field == "contact":
                role = self.row(child_kind, child_id)
                if role is not None and not role.deleted:
                    roots.update(self.roots_at(child_kind, child_id))
        return roots

    def _rescope_if_known(self, kind: str, record_id: RecordId) -> None:
        row = self.row(kind, record_id)
        if row is not None:
            self.rescope(CATALOG[kind], row)

    def _rekey_if_known(self, account: RecordId) -> None:
        row = self.row("account", account)
        if row is not None:
            self.rekey_account(row)

    def rekey_account(self, row: Row) -> None:
        """Work out the keys of an account anew."""
        members = [
            RecordId(str(member.values.get("user")))
            for kind, record_id, field in self.children(row.id)
            if kind == "account_team" and field == "account"
            and (member := self.row(kind, record_id)) is not None and not member.deleted
        ]  # fmt: skip
        owner, team, territory = (
            _link(row.values, name) for name in ("owner", "team", "territory")
        )
        lineage = self.directory.lineage(territory)
        self._set_keys(row.id, keys_of_account(owner, team, lineage, members))

    def keys_if(
        self, entity: Entity, record_id: RecordId, values: Mapping[str, Value]
    ) -> frozenset[str]:
        """The keys that a record with these values would have."""
        roots = roots_of(entity, record_id, values, self._above)
        keys: set[str] = set()
        for root in roots:
            if root != record_id:
                keys |= self.keys_of(root)
        if record_id in roots:
            keys |= self._keys_of_values(entity.kind, values)
        return frozenset(keys)

    def _keys_of_values(self, kind: str, values: Mapping[str, Value]) -> frozenset[str]:
        owner = _link(values, "owner" if kind == "account" else "created_by")
        team, territory = self.directory.team_of(owner), self.directory.territory_of(owner)
        if kind == "account":
            territory = _link(values, "territory")
        return keys_of_account(owner, team, self.directory.lineage(territory), ())

    def _keys_of_lone(self, row: Row) -> frozenset[str]:
        """The keys of a record that is its own root: its author's, as if he owned an account."""
        if row.kind == "device":
            return frozenset((KEY_IT, f"user:{row.values.get('user')}"))
        return self._keys_of_values(row.kind, row.values)

    def _set_keys(self, root: RecordId, keys: frozenset[str]) -> None:
        before = self.keys_of(root)
        if keys != before:
            self._keys_before.setdefault(root, before)
            self.set(self.keys, root, keys)

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
        self.tx.many(_UPSERT_RECORD, [_stored(row) for row in rows])
        self.tx.many(_INSERT_HISTORY, self.history)
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
_INSERT_HISTORY = (
    "INSERT INTO history(seq,id,kind,prev_seq,cs_id,actor,device,authored_at,received_at,patch)"
    " VALUES (?,?,?,?,?,?,?,?,?,?)"
)


def _stored(row: Row) -> tuple[Any, ...]:
    return (
        row.id, row.kind, row.seq, _encode(row.values).decode(), _encode(row.fv).decode(),
        row.deleted, version_hash(row.kind, row.id, row.seq), row.actor, row.device, row.cs_id,
    )  # fmt: skip


def _row(found: tuple[Any, ...]) -> Row:
    kind, record_id, seq, body, fv, deleted, actor, device, cs_id = found
    by = By(actor, device, cs_id)
    return Row(
        (kind, record_id),
        seq,
        _decode_values.decode(body),
        _decode_fv.decode(fv),
        bool(deleted),
        by,
    )


@lru_cache(maxsize=4096)
def _key_set(words: str) -> frozenset[str]:
    """Accounts of one owner have the same keys: one set for all of them."""
    return frozenset(words.split(" "))


def targets(entity: Entity, name: str, value: Value) -> set[RecordId]:
    """The ids of the records to which a link field's value leads."""
    field = entity.by_name[name]
    if field.link is None or value is None:
        return set()
    if field.kind is Kind.LINKS:
        return {RecordId(str(member)) for member in value} if isinstance(value, list) else set()
    found = parse_target(field.link.target, value)
    return {found[1]} if found else set()


def unique_form(value: Value) -> str:
    """The form in which a unique value is compared: case and outer spaces aside."""
    return str(value).strip().casefold() if value not in (None, "") else ""


def _link(values: Mapping[str, Value], name: str) -> RecordId | None:
    value = values.get(name)
    return RecordId(value) if isinstance(value, str) and value else None


def _both(old: Row | None, new: Row, name: str) -> set[RecordId]:
    """The record that a link named before, and the one it names now."""
    rows = (new,) if old is None else (old, new)
    return {found for row in rows if (found := _link(row.values, name)) is not None}
