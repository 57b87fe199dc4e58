"""Commit: a person's changes become rows, journal and outbox in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from crm_core.catalog import CATALOG, SCHEMA
from crm_core.changes import EDITS, Change, Op, check_size, encoded_size
from crm_core.entity import Entity
from crm_core.fields import Value
from crm_core.ids import ChangeSetId, RecordId, provisional_number
from crm_core.scope import any_link
from crm_desktop.models import search
from crm_desktop.models.connection import Connection
from crm_desktop.models.journal import blocking, following, rows
from crm_desktop.models.journal.rebase import laid, rebase
from crm_desktop.models.journal.validate import Drafts, advance
from crm_desktop.models.replica import Summary
from crm_desktop.models.sql import DELETED, blob, id_of, layout, to_json
from crm_desktop.models.store import Store

INDEXED_AT_ONCE = 20
"""Records of one commit that search finds at once; of larger ones a little later."""


UNASKED = "series:"
"""How the batch of a step begins that nobody asked for: such as the tasks that a series brings.
Ctrl+Z passes it over."""


@dataclass(frozen=True, slots=True)
class Intention:
    """What belongs to a changeset beside its changes. `resends`: the changeset (its n here) whose
    author wanted this; he is not asked again, and has seen no more than then."""

    label: str
    batch: str = ""
    n: int = 0
    atomic: bool = False
    undoes: str = ""
    resolving: bool = False
    resends: int = 0


def commit(
    store: Store, changes: Sequence[Change], *, label: str, batch: str = "", n: int = 0,
    atomic: bool = False,
) -> Summary:  # fmt: skip
    """Write one intention of this user. Raises UserProblem (InvalidValue) and writes nothing."""
    resolving = any(change.kind == "conflict" for change in changes)
    intention = Intention(label, batch, n, atomic or resolving, resolving=resolving)
    with store.writing() as c:
        return write_changeset(c, store, changes, intention)


def check_changes(c: Connection, changes: Iterable[Change]) -> None:
    """Raise what `commit` would raise for these changes, writing nothing."""
    drafts = Drafts(c)
    for change in changes:
        advance(drafts, change, resolving=False)


def write_changeset(
    c: Connection, store: Store, changes: Sequence[Change], intention: Intention
) -> Summary:
    """Write one changeset inside an open transaction."""
    at = store.now()
    drafts = Drafts(c)
    made: list[tuple[Change, dict[str, Value]]] = []
    for change in changes:
        full = _completed(c, store, drafts, change)
        if _changes_nothing(full) and not intention.resolving:
            continue
        advance(drafts, full, resolving=intention.resolving)
        made.append((full, _computed(c, store, full, at)))
    if not made:
        return Summary()
    check_size([change for change, _ in made])
    cs_id = ChangeSetId(store.new_id())
    n = write_journal(c, store, cs_id, at, made, intention)
    led = following.keep(c, n, [change for change, _ in made])
    return _show(c, n, cs_id, [*(change for change, _ in made), *led])


def _changes_nothing(change: Change) -> bool:
    return change.op is Op.SET and all(
        change.old.get(name) == value for name, value in change.new.items()
    )


# Filling in what the caller left open


def _completed(c: Connection, store: Store, drafts: Drafts, change: Change) -> Change:
    entity = CATALOG.get(change.kind)
    if entity is None:
        return change
    draft = drafts.of(change.kind, change.id)
    if change.op is Op.INSERT:
        return replaced(change, new=_for_insert(entity, store, change), base_seq=0)
    if change.op is Op.SET:
        change = _with_whole_groups(entity, change, draft.values)
    names = change.new if change.op is not Op.MERGE else {}
    old = {name: change.old[name] if name in change.old else draft.values.get(name)
           for name in names}  # fmt: skip
    saw_current = all(old[name] == draft.values.get(name) for name in names)
    base = change.base_seq or (draft.seq if saw_current else 0)
    writes = change.op in (*EDITS, Op.MERGE)
    if change.op is Op.RESTORE or (writes and _lies_on_a_tombstone(c, change)):
        base = 0  # a tombstone has a version and no values: those here may be older
    base = min(base, _earliest_base(c, entity, change, draft.seq))
    after = change.after
    if change.op in (Op.DELETE, Op.MERGE) and not after:
        after = _own_unconfirmed(c, change.kind, change.id)
    return replaced(change, old=old, base_seq=base, after=after)


def replaced(change: Change, **fields: object) -> Change:
    """A change with some of its fields replaced."""
    return msgspec.structs.replace(change, **fields)


def _for_insert(entity: Entity, store: Store, change: Change) -> dict[str, Value]:
    new = dict(change.new)
    if entity.kind == "account" and not new.get("owner"):
        new["owner"] = store.identity.user
    return new


def _with_whole_groups(entity: Entity, change: Change, current: Mapping[str, Value]) -> Change:
    """Fields judged together travel together."""
    new, old = dict(change.new), dict(change.old)
    for members in entity.groups.values():
        if not any(member in change.new for member in members):
            continue
        for member in members:
            if member not in new:
                new[member] = old.get(member, current.get(member))
            old.setdefault(member, current.get(member))
    return replaced(change, new=new, old=old)


def _earliest_base(c: Connection, entity: Entity, change: Change, seq: int) -> int:
    """The version on which this device's oldest unsettled change of the same fields was made.

    A pull may have laid somebody else's value below it, which this author never saw: a later base
    would overwrite that silently.
    """
    if change.op in (Op.DELETE, Op.MERGE):
        return _base_of_all(c, change, seq)
    judged = {_judged_as(entity, name) for name in change.new}
    base = seq
    for one in laid(c, change.kind, change.id, seq):
        touched = {_judged_as(entity, name) for name in one.change.new}
        if judged & touched:
            base = min(base, one.change.base_seq)
    return base


def _base_of_all(c: Connection, change: Change, seq: int) -> int:
    """The version up to which the author has seen a record whole: his unsettled edits may show what
    he typed over a value that lies below no more."""
    there = rows.server_version(c, change.kind, change.id)
    body = there.body if there is not None and there.body is not None else {}
    base, met = seq, set[str]()
    for one in (x.change for x in laid(c, change.kind, change.id, seq)):
        if one.op in (Op.ADD, Op.REMOVE):
            continue  # whatever else a set holds is shown
        for name in one.new.keys() - met:
            shown = (one.new.get(name) or None, one.old.get(name) or None)
            known = shown[:1] if one.op is Op.INSERT else shown
            if (body.get(name) or None) not in known:
                base = min(base, one.base_seq)
        met.update(one.new)
    return base


def _lies_on_a_tombstone(c: Connection, change: Change) -> bool:
    """Whether the record was brought back here alone: the server's version is still deleted."""
    key = blob(change.id)
    deleted = c.value(
        "SELECT coalesce((SELECT deleted FROM shadow WHERE kind = ? AND id = ?),"
        f" (SELECT deleted FROM {layout(change.kind).table} WHERE id = ?))",
        (change.kind, key, key),
    )
    return deleted == DELETED


def _judged_as(entity: Entity, name: str) -> str:
    field = entity.by_name.get(name)
    return field.judged_as if field is not None else name


def _own_unconfirmed(c: Connection, kind: str, record_id: RecordId) -> tuple[ChangeSetId, ...]:
    found = c.rows(
        "SELECT DISTINCT s.id FROM op o JOIN changeset s ON s.n = o.cs WHERE o.kind = ?"
        " AND o.id = ? AND o.op <> 'offer' AND s.state IN"
        " ('queued', 'sent', 'acked', 'held', 'blocked', 'waiting') ORDER BY s.n",
        (kind, blob(record_id)),
    )
    return tuple(ChangeSetId(row[0].hex()) for row in found)


def _computed(c: Connection, store: Store, change: Change, at: str) -> dict[str, Value]:
    """What the server will compute, shown here until its version arrives; never sent."""
    if change.kind == "conflict":
        return {}
    author = store.identity.user
    values: dict[str, Value] = {"updated_at": at, "updated_by": author}
    if change.op is not Op.INSERT:
        return values
    values |= {"created_at": at, "created_by": author}
    prefix = CATALOG[change.kind].number_prefix
    if prefix:
        values["provisional_number"] = provisional_number(prefix, change.id)
    if change.kind == "account":
        owner = str(change.new.get("owner"))
        row = rows.fetch(c, "user", RecordId(owner))
        values["team"] = row.values.get("team") if row is not None else None
    return values


# Writing


_KEPT_ASIDE = (
    "SELECT w.kind, w.id FROM shadow w WHERE w.deleted = 0 AND instr(w.body, ?) AND EXISTS"
    " (SELECT 1 FROM op o JOIN changeset s ON s.n = o.cs WHERE o.kind = w.kind AND o.id = w.id"
    " AND (s.state IN ('held', 'rejected', 'blocked', 'waiting')"
    f" OR s.state IN ('queued', 'sent') AND NOT {following.SENT}))"
)
"""Records of the server that own work shows otherwise: a merge that it has not judged, or what is
not on its way to it. An own edit that is comes there before what is done now."""


def seen_here(c: Connection, deleted: Iterable[tuple[str, RecordId]]) -> int:
    """The feed's seq up to which all in this user's sight is here, and what was erased is known.
    For a step by which records are `deleted` 0 while a pull has come in part, since a record may be
    here then and what hangs below it not yet; and where own work shows that elsewhere."""
    cursor, is_part = c.one("SELECT cursor, resume_hi > 0 FROM sync_state") or (0, 0)
    is_unseen = any(is_part or _hangs_unseen(c, *record) for record in deleted)
    return 0 if is_unseen else cursor


def _hangs_unseen(c: Connection, above: str, record_id: RecordId) -> bool:
    """Whether something hangs below a record at the server, and elsewhere here."""
    names = (record_id, any_link(above, record_id))
    for kind, key in c.rows(_KEPT_ASIDE, (record_id,)):
        there, here = rows.shadow_of(c, kind, id_of(key)), rows.fetch(c, kind, id_of(key))
        for link in CATALOG[kind].root_links:
            led_to = there.body.get(link.name) if there is not None and there.body else None
            if led_to in names and (here is None or here.values.get(link.name) != led_to):
                return True
    return False


def write_journal(
    c: Connection, store: Store, cs_id: ChangeSetId, at: str,
    made: Sequence[tuple[Change, Mapping[str, Value]]], intention: Intention,
) -> int:  # fmt: skip
    """Put a changeset into the outbox, its changes with what is computed here; its number."""
    scope_gen = c.value("SELECT scope_gen FROM sync_state")
    seen = seen_here(c, [(x.kind, x.id) for x, _ in made if x.op is Op.DELETE])
    if intention.resends:
        seen = c.value("SELECT seen FROM changeset WHERE n = ?", (intention.resends,))
    size = encoded_size([change for change, _ in made]) + 400
    c.run(
        "INSERT INTO changeset (id, batch, batch_n, label, at, author, device, schema, scope_gen,"
        " atomic, state, bytes, undoes, seen)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'queued', ?, ?, ?)",
        (
            blob(cs_id), intention.batch or None, intention.n, intention.label, at,
            blob(store.identity.user), store.identity.device, SCHEMA, scope_gen,
            int(intention.atomic), size, intention.undoes or None, seen,
        ),
    )  # fmt: skip
    n = int(c.value("SELECT last_insert_rowid()"))
    c.many(
        "INSERT INTO op (cs, i, kind, id, op, new, old, local, base_seq, after)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                n, i, change.kind, blob(change.id), change.op.value, to_json(change.new),
                to_json(change.old), to_json({**local}) if local else None, change.base_seq,
                to_json([*change.after]) if change.after else None,
            )
            for i, (change, local) in enumerate(made)
        ],
    )  # fmt: skip
    return n


def _show(c: Connection, n: int, cs_id: ChangeSetId, changes: Sequence[Change]) -> Summary:
    touched = list(dict.fromkeys((change.kind, change.id) for change in changes))
    for kind, record_id in touched:
        rows.keep_shadow(c, kind, record_id)
        rebase(c, kind, record_id)
    state = blocking.state_of(c, n)
    if state != "queued":
        c.run("UPDATE changeset SET state = ? WHERE n = ?", (state, n))
    if len(touched) <= INDEXED_AT_ONCE:
        search.index_now(c, touched)
    conflicts = any(kind == "conflict" for kind, _ in touched)
    return Summary(
        frozenset(touched), changesets=(cs_id,), conflicts_changed=conflicts, outbox_changed=True
    )
