"""What was erased at a person's request goes from everywhere on this device (security.md §7): from
the row and the server's version of it, the journal, drafts, questions, what lies aside, the index.

The values go and their names stay: what was typed is still a step, in its place among the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import msgspec

from crm_core.brought import PLANTED_MIN, Brought
from crm_core.catalog import CATALOG
from crm_core.changes import EDITS
from crm_core.erasing import (
    ATTACHMENT,
    CONFLICT,
    FILE_FIELDS,
    blank_conflict,
    is_about,
)
from crm_core.ids import RecordId
from crm_core.scope import any_link
from crm_core.wire import Erase
from crm_desktop.i18n import tr
from crm_desktop.models import search, search_tables
from crm_desktop.models.connection import Connection
from crm_desktop.models.file_states import DRAFT_FILES
from crm_desktop.models.journal import blocking, rows
from crm_desktop.models.journal.rebase import rebase
from crm_desktop.models.journal.received import Receipt
from crm_desktop.models.journal.rows import Shadow
from crm_desktop.models.meta import set_meta
from crm_desktop.models.sql import blob, id_of, layout, quoted

META_HEARD = "sync.erasures"
"""What a file without a journal has heard of erasures, as JSON: own work that is carried into it
afterwards has not heard of them."""

_DECIDED = frozenset(("base", "parked", "resolution"))
_DRAFT = "draft:"

_TAKEN = "('acked', 'confirmed')"
"""States of steps that the server has taken: where it erases, it knows of them."""

_Without = Callable[[str, Any], Any]
"""What is left of a field's value, by its name and value."""

_decode: Any = msgspec.json.Decoder().decode
_ITEMS = msgspec.json.Decoder(list[Erase])


@dataclass(slots=True)
class _Gone:
    """One record, the fields that go of it, the place of that in the feed, and the values found
    there: labels may repeat them. What was seen or typed on a later version stays."""

    c: Connection
    kind: str
    id: RecordId
    names: frozenset[str]
    seq: int
    values: set[str] = field(default_factory=set[str])

    @property
    def key(self) -> tuple[str, bytes]:
        return self.kind, blob(self.id)

    def learn(self, said: object) -> None:
        """Remember the values that go."""
        for name, value in cast("dict[str, Any]", said if isinstance(said, dict) else {}).items():
            if name in self.names and isinstance(value, str) and len(value) >= PLANTED_MIN:
                self.values.add(value)

    def blanked(self, text: str | None) -> str | None:
        """A JSON object without the values that go; what went is learnt."""
        self.learn(_decode(text) if text else None)
        return _changed(text, self.without)

    def without(self, name: str, value: Any) -> Any:
        """What is left of a value under a name."""
        return None if name in self.names else value


def apply(receipt: Receipt, item: Erase) -> None:
    """Erase what the server has erased; a second time changes nothing."""
    if item.kind not in CATALOG:
        return
    c = receipt.c
    receipt.erased = True
    if c.one("SELECT 1 FROM changeset LIMIT 1") is None:  # work may still be carried into it
        set_meta(c, META_HEARD, _encoded([*_heard(c), item]))
    gone = _Gone(c, item.kind, item.id, frozenset(item.fields), item.seq)
    files = _files_below(c, gone)
    for one in (gone, *files):
        _erase(receipt, one)
    _discard_unsent(c, files)
    search_tables.sweep_later(c)


def apply_to_carried(receipt: Receipt) -> None:
    """Erase in own work, just carried into this file, what the file had heard of before."""
    for item in _heard(receipt.c):
        apply(receipt, item)
    receipt.c.run("DELETE FROM meta WHERE name = ?", (META_HEARD,))


def _heard(c: Connection) -> list[Erase]:
    kept = c.value("SELECT value FROM meta WHERE name = ?", (META_HEARD,))
    return _ITEMS.decode(kept) if kept else []


def _erase(receipt: Receipt, gone: _Gone) -> None:
    c = gone.c
    row = rows.fetch(c, gone.kind, gone.id)
    if row is not None and (row.seq < gone.seq or not row.is_live):
        gone.learn(row.values)
    _blank_work(gone)
    _blank_merges(gone)
    _blank_shadow(gone)
    _blank_row(gone)
    _blank_aside(gone)
    _blank_conflicts(receipt, gone)
    _blank_drafts(gone)
    _blank_labels(gone)
    if row is not None:
        search.index_now(c, [(gone.kind, gone.id)])
    receipt.note(gone.kind, (gone.id,), 1)


# Rows


def _blank_row(gone: _Gone) -> None:
    """The row, whether it is live, deleted or hidden."""
    c = gone.c
    if c.one("SELECT 1 FROM shadow WHERE kind = ? AND id = ?", gone.key) is not None:
        rebase(c, gone.kind, gone.id)
        return
    known = [name for name in sorted(gone.names) if name in CATALOG[gone.kind].by_name]
    if known:
        sets = ", ".join(f"{quoted(name)} = NULL" for name in known)
        table = layout(gone.kind).table
        # A tombstone comes without values: those here may be older than it.
        before = "(seq < ? OR deleted <> 0)"
        c.run(f"UPDATE {table} SET {sets} WHERE id = ? AND {before}", (gone.key[1], gone.seq))


def _blank_shadow(gone: _Gone) -> None:
    shadow = rows.shadow_of(gone.c, gone.kind, gone.id)
    if shadow is None or shadow.body is None:
        return
    if shadow.seq >= gone.seq and not shadow.deleted:
        return
    gone.learn(shadow.body)
    body = {x: (None if x in gone.names else value) for x, value in shadow.body.items()}
    rows.set_shadow(gone.c, gone.kind, gone.id, Shadow(shadow.seq, shadow.deleted, body))


# The journal


def _blank_work(gone: _Gone) -> None:
    """All own changes of the record, those settled long ago too: undo knows nothing of it then."""
    c = gone.c
    found = c.rows(
        "SELECT rid, new, old, local, parked, refused FROM op WHERE kind = ? AND id = ?"
        " AND max(base_seq, coalesce((SELECT seen FROM changeset WHERE n = op.cs), 0)) < ?",
        (*gone.key, gone.seq),
    )
    for rid, new, old, local, parked, refused in found:
        c.run(
            "UPDATE op SET new = ?, old = ?, local = ?, parked = ?, refused = ? WHERE rid = ?",
            (
                gone.blanked(new), gone.blanked(old), gone.blanked(local),
                _less(parked, gone.names), _less(refused, gone.names), rid,
            ),
        )  # fmt: skip
    _blank_verdicts(gone)
    refused = c.rows(
        "SELECT DISTINCT s.n FROM changeset s JOIN op ON cs = s.n WHERE state = 'rejected'"
        " AND op.kind = ? AND op.id = ?",
        gone.key,
    )
    emptied = [(n,) for (n,) in refused if _is_emptied(gone, n)]
    c.many("UPDATE changeset SET state = 'discarded' WHERE n = ?", emptied)
    if emptied:
        blocking.refresh(c)


def _is_emptied(gone: _Gone, n: int) -> bool:
    """Whether nothing is left of a step that could wait for its author."""
    for kind, key, op, new in gone.c.rows("SELECT kind, id, op, new FROM op WHERE cs = ?", (n,)):
        said = _decode(new)
        is_his = (kind, key) == gone.key and op in EDITS and gone.names.issuperset(said)
        if not is_his or any(said.values()):
            return False
    return True


def _blank_verdicts(gone: _Gone) -> None:
    """A verdict on a value that was wrong quotes its beginning."""
    c = gone.c
    for n, verdict in c.rows(
        "SELECT n, verdict FROM changeset WHERE verdict LIKE '%detail%' AND EXISTS"
        " (SELECT 1 FROM op WHERE cs = n AND kind = ? AND id = ?)",
        gone.key,
    ):
        said = _decode(verdict)
        for part in said.get("changes", []):
            if part.get("field") in gone.names:
                part.get("params", {}).pop("detail", None)
        c.run("UPDATE changeset SET verdict = ? WHERE n = ?", (_encoded(said), n))


def _blank_merges(gone: _Gone) -> None:
    """What merges that are not taken brought from the record into others, which keep what they
    had; where those were merged further, it went along."""
    _blank_brought(gone, gone.key[1], 0, gone.without)


def _blank_brought(gone: _Gone, key: bytes, since: int, without: _Without) -> None:
    c = gone.c
    for n, into in c.rows(
        "SELECT o.cs, unhex(o.new ->> 'merged_into') FROM op o JOIN changeset s ON s.n = o.cs"
        " WHERE o.op = 'merge' AND o.kind = ? AND o.id = ? AND o.cs > ?"
        f" AND s.state NOT IN {_TAKEN} ORDER BY o.cs",
        (gone.kind, key, since),
    ):
        brought = dict[str, Brought]()
        for rid, new, old in c.rows(
            "SELECT rid, new, old FROM op WHERE cs = ? AND kind = ? AND id = ?",
            (n, gone.kind, into),
        ):
            said, had = _decode(new), _decode(old)
            for name, value in said.items():
                left = without(name, value)
                if left != value:
                    brought[name] = Brought(value, left or had.get(name))
                    said[name] = brought[name].instead
            c.run("UPDATE op SET new = ? WHERE rid = ?", (_encoded(said), rid))
        if brought:
            _blank_above(gone, into, n, brought)


def _blank_above(gone: _Gone, key: bytes, since: int, brought: Mapping[str, Brought]) -> None:
    """What a merge brought into a record goes from all that lies above it there."""
    c = gone.c

    def without(name: str, value: Any) -> Any:
        return brought[name].out_of(value) if name in brought else value

    for rid, n, new, old, label, is_single, is_taken in c.rows(
        "SELECT o.rid, o.cs, o.new, o.old, s.label, s.batch IS NULL,"
        f" s.state IN {_TAKEN} AND o.refused IS NULL"
        " FROM op o JOIN changeset s ON s.n = o.cs WHERE o.kind = ? AND o.id = ? AND o.cs > ?",
        (gone.kind, key, since),
    ):
        kept = [new, old] if is_taken else [_changed(x, without) for x in (new, old)]
        c.run("UPDATE op SET new = ?, old = ? WHERE rid = ?", (*kept, rid))
        repeats = any(one.is_quoted_in(label) for one in brought.values())
        if repeats or (is_single and kept != [new, old]):
            c.run("UPDATE changeset SET label = ? WHERE n = ?", (tr(CATALOG[gone.kind].label), n))
    for n, base, mine, title in c.rows(
        "SELECT n, base, mine, title FROM orphan WHERE kind = ? AND id = ? AND cs >= ?",
        (gone.kind, key, since),
    ):
        words = "" if any(one.is_quoted_in(title) for one in brought.values()) else title
        kept = [_changed(x, without) for x in (base, mine)]
        c.run("UPDATE orphan SET base = ?, mine = ?, title = ? WHERE n = ?", (*kept, words, n))
    _change_drafts(c, gone.kind, id_of(key), without)
    _blank_brought(gone, key, since, without)
    rebase(c, gone.kind, id_of(key))


def _blank_labels(gone: _Gone) -> None:
    """The Undo menu's words: those of a single step mostly name its record, by a name that may be
    unknown here by now; those of an import or the like where they repeat what went. A merge names
    who takes the other's place too, and a step that takes it back says the same again; so does what
    is kept of either as it was refused."""
    c = gone.c
    found = c.rows(
        "SELECT at, label, batch FROM changeset s WHERE EXISTS (SELECT 1 FROM op WHERE kind = ?1"
        " AND cs IN (s.n, (SELECT o.n FROM changeset o WHERE o.id = unhex(s.undoes)))"
        " AND (id = ?2 OR op = 'merge' AND instr(new, lower(hex(?2)))))",
        gone.key,
    )
    words = tr(CATALOG[gone.kind].label)
    for at, label, batch in found:
        if batch is None or any(value in label for value in gone.values):
            c.run("UPDATE changeset SET label = ? WHERE at = ? AND label = ?", (words, at, label))


def _files_below(c: Connection, gone: _Gone) -> list[_Gone]:
    """Files that were attached to the person here and that no server has: none tells of them."""
    link = any_link(gone.kind, gone.id)
    found = c.rows(
        "SELECT DISTINCT o.id FROM op o JOIN changeset s ON s.n = o.cs WHERE o.kind = ?"
        " AND o.op = 'insert' AND o.new ->> 'parent' = ?"
        " AND s.state NOT IN ('acked', 'confirmed', 'discarded')",
        (ATTACHMENT, link),
    )
    return [_Gone(c, ATTACHMENT, id_of(key), frozenset(FILE_FIELDS), gone.seq) for (key,) in found]


def _discard_unsent(c: Connection, files: Iterable[_Gone]) -> None:
    """They are not sent any more: his request stands above the step."""
    for one in files:
        c.run(
            "UPDATE changeset SET state = 'discarded' WHERE state NOT IN ('acked', 'confirmed')"
            " AND n IN (SELECT cs FROM op WHERE kind = ? AND id = ? AND op = 'insert')",
            one.key,
        )
        rebase(c, one.kind, one.id)


# What lies aside


def _blank_aside(gone: _Gone) -> None:
    """Work whose record left, what a restored server lost, and what could not be taken in."""
    c = gone.c
    for n, base, mine in c.rows(
        "SELECT n, base, mine FROM orphan o WHERE kind = ?1 AND id = ?2 AND NOT EXISTS"
        " (SELECT 1 FROM op WHERE cs = o.cs AND kind = ?1 AND id = ?2 AND base_seq >= ?3)",
        (*gone.key, gone.seq),
    ):
        c.run(
            "UPDATE orphan SET base = ?, mine = ?, title = '' WHERE n = ?",
            (gone.blanked(base), gone.blanked(mine), n),
        )
    before = (*gone.key, gone.seq)
    for n, body in c.rows(
        "SELECT n, body FROM salvage WHERE kind = ? AND id = ? AND seq < ?", before
    ):
        c.run("UPDATE salvage SET body = ?, title = '' WHERE n = ?", (gone.blanked(body), n))
    for (item,) in c.rows(
        "SELECT item FROM quarantine WHERE kind = ? AND id = ? AND seq < ?", before
    ):
        c.run(
            "UPDATE quarantine SET item = ?, reason = '' WHERE kind = ? AND id = ?",
            (_changed(item, gone.without), *gone.key),
        )


def _blank_conflicts(receipt: Receipt, gone: _Gone) -> None:
    """Questions about the record, seen or not: the server settles those that are in sight."""
    c = gone.c
    found = c.rows(
        f"SELECT id FROM {layout(CONFLICT).table} WHERE record = ?", (any_link(*_ref(gone)),)
    )
    for (key,) in found:
        conflict = id_of(key)
        row = rows.fetch(c, CONFLICT, conflict)
        assert row is not None
        changed = blank_conflict(row.values, gone.kind, gone.names)
        if row.seq < gone.seq and any(
            row.values.get(name) != value for name, value in changed.items()
        ):
            said = {**row.values, **changed}
            state = (row.seq, row.root, row.deleted)
            rows.put(c, CONFLICT, conflict, state, said)
            receipt.note(CONFLICT, (conflict,), 1)
        shadow = rows.shadow_of(c, CONFLICT, conflict)
        if shadow is not None and shadow.body is not None and shadow.seq < gone.seq:
            body = {**shadow.body, **blank_conflict(shadow.body, gone.kind, gone.names)}
            rows.set_shadow(c, CONFLICT, conflict, Shadow(shadow.seq, shadow.deleted, body))
        is_whole = is_about(gone.kind, str(row.values.get("field")), gone.names)
        decided = _DECIDED if is_whole else gone.names
        question = _Gone(c, CONFLICT, conflict, decided, gone.seq, gone.values)
        _blank_work(question)
        _blank_labels(question)


def _ref(gone: _Gone) -> tuple[str, RecordId]:
    return gone.kind, gone.id


def _blank_drafts(gone: _Gone) -> None:
    """What stands in forms that were not saved yet; files that were added there go whole."""
    for (body,) in gone.c.rows("SELECT body FROM draft WHERE kind = ? AND id = ?", _ref(gone)):
        gone.learn(_decode(body))
    _change_drafts(gone.c, gone.kind, gone.id, gone.without)
    files = f"{_DRAFT}{gone.kind}/{gone.id}{DRAFT_FILES}"
    gone.c.run("DELETE FROM meta WHERE name = ?", (files,))


def _change_drafts(c: Connection, kind: str, record_id: RecordId, without: _Without) -> None:
    """What stands in a record's forms that were not saved yet, as `without` leaves it."""
    ref, name = (kind, record_id), f"{_DRAFT}{kind}/{record_id}"
    body = c.value("SELECT body FROM draft WHERE kind = ? AND id = ?", ref)
    c.run("UPDATE draft SET body = ? WHERE kind = ? AND id = ?", (_changed(body, without), *ref))
    of_it = "SELECT name, value FROM meta WHERE name = ? OR name GLOB ? AND name NOT GLOB ?"
    for place, kept in c.rows(of_it, (name, f"{name}/*", f"*{DRAFT_FILES}")):
        c.run("UPDATE meta SET value = ? WHERE name = ?", (_changed(kept, without), place))


# JSON


def _changed(text: str | None, without: _Without) -> str | None:
    """A JSON object, each value as `without` leaves it."""
    return _encoded(_left(_decode(text), without)) if text else text


def _left(value: Any, without: _Without) -> Any:
    """A value of JSON, what stands under a name as `without` leaves it, at whatever depth."""
    if isinstance(value, Mapping):
        said = cast("Mapping[str, Any]", value)
        return {x: _left(without(x, inner), without) for x, inner in said.items()}
    if isinstance(value, list):
        return [_left(x, without) for x in cast("list[Any]", value)]
    return value


def _less(text: str | None, names: frozenset[str]) -> str | None:
    """A list or an object of JSON without these names; None where nothing is left."""
    said: Any = _decode(text) if text else ()
    if isinstance(said, dict):
        refused = cast("dict[str, Any]", said)
        kept: Any = {name: why for name, why in refused.items() if name not in names}
    else:
        kept = [name for name in cast("Sequence[str]", said) if name not in names]
    return _encoded(kept) if kept else None


def _encoded(value: Any) -> str:
    return msgspec.json.encode(value).decode()
