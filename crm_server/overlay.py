"""What one writing transaction sees: rows and what hangs on them, in memory until they are written.

A changeset that is refused is taken back by `rollback`, which has the effect of a savepoint at no
cost to those that pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, MutableMapping
from functools import lru_cache
from typing import Any, Final, TypeVar

from crm_core.directory import Directory
from crm_core.ids import RecordId
from crm_server.history import Written, history_of
from crm_server.rows import RECORD, Child, Key, Row, row_of
from crm_server.store import Clock, Tx
from crm_server.tables import FOREVER

_K = TypeVar("_K")
_V = TypeVar("_V")
_ABSENT: Final = object()
_NO_KEYS = frozenset[str]()


class Overlay:
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
        self.history: list[Written] = []
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
        self.forgotten: set[Key] = set()
        self.erased: dict[Key, dict[str, int]] = {}

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
        wanted = dict.fromkeys(key for key in keys if key not in self.rows)
        if not wanted:
            return
        ids = [record_id for _, record_id in wanted]
        self.rows.update(wanted)
        rows = self.tx.ask(f"{RECORD} WHERE id = ANY(?)", (ids,))
        # Accounts will mostly be there, and are their own roots: asked for in the same exchange.
        self.prefetch_keys([record_id for kind, record_id in wanted if kind == "account"])
        for found in rows():
            if (found[0], found[1]) in wanted:
                self.rows[(found[0], found[1])] = row_of(found)
        self._prefetch_roots(wanted)

    def expect_new(self, kind: str, record_id: RecordId) -> None:
        """Spare the queries for an id that was made just now."""
        key = (kind, record_id)
        self.rows[key] = None
        self.roots[key] = frozenset()
        self.keys[record_id] = frozenset()
        self._children[record_id] = frozenset()

    def _prefetch_roots(self, wanted: Iterable[Key]) -> None:
        sets: dict[Key, set[RecordId]] = {}
        roots_named: set[RecordId] = set()
        for key in wanted:
            # An account is always its own only root: nothing to look up.
            if key[0] == "account" and self.rows[key] is not None:
                self.roots.setdefault(key, frozenset((key[1],)))
            else:
                sets[key] = set()
        asked = [record_id for _, record_id in sets]
        if asked:
            for kind, record_id, root in self.tx.rows(
                "SELECT kind,id,root FROM record_root WHERE id = ANY(?) AND gone_seq = ?",
                (asked, FOREVER),
            ):
                sets.setdefault((kind, record_id), set()).add(root)
        for key, roots in sets.items():
            self.roots.setdefault(key, frozenset(roots))
            roots_named |= roots
        self.prefetch_keys(roots_named)

    def prefetch_forgotten(self, keys: Iterable[Key]) -> None:
        """Find those of absent records that there were once and that were collected since: their
        ids are not given away a second time."""
        if not self.clock.gc_floor:
            return
        absent = {key for key in keys if self.rows.get(key) is None}
        ids = [record_id for _, record_id in absent]
        if ids:
            found = self.tx.rows("SELECT DISTINCT kind,id FROM history WHERE id = ANY(?)", (ids,))
            self.forgotten.update(absent.intersection((kind, RecordId(x)) for kind, x in found))

    def ask_erased(self, ids: Iterable[str]) -> Callable[[], None]:
        """Ask what was erased of records, whether they are there or not; what is called then takes
        the answer."""
        asked = self.tx.ask(
            "SELECT kind,id,field,seq FROM erased WHERE id = ANY(?)", ([*dict.fromkeys(ids)],)
        )

        def keep() -> None:
            for kind, record_id, name, seq in asked():
                self.erased.setdefault((kind, RecordId(record_id)), {})[name] = seq

        return keep

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
        """Find what refers to records, in one query."""
        wanted = list({record_id for record_id in ids if record_id not in self._children})
        if wanted:
            self._read_children(wanted)

    def _read_children(self, targets: list[RecordId]) -> None:
        sets: dict[RecordId, set[Child]] = {target: set() for target in targets}
        for target, kind, record_id, field in self.tx.rows(
            "SELECT target,kind,id,field FROM ref WHERE target = ANY(?)", (targets,)
        ):
            sets[target].add((kind, record_id, field))
        for (target, child), kept in self._refs.items():
            if target in sets:
                (sets[target].add if kept else sets[target].discard)(child)
        for target, found in sets.items():
            self._children.setdefault(target, frozenset(found))
        self._loaded.extend(targets)

    def row(self, kind: str, record_id: RecordId) -> Row | None:
        """The record as it stands now; None where there is none."""
        key = (kind, record_id)
        try:
            return self.rows[key]
        except KeyError:
            self.prefetch((key,))
            return self.rows[key]

    def roots_at(self, kind: str, record_id: RecordId) -> frozenset[RecordId]:
        """The roots below which a record hangs now."""
        key = (kind, record_id)
        try:
            return self.roots[key]
        except KeyError:
            self.prefetch((key,))
            return self.roots.setdefault(key, frozenset())

    def keys_at(self, kind: str, record_id: RecordId) -> frozenset[str]:
        """The keys by which a record can be seen now."""
        roots = self.roots.get((kind, record_id)) or self.roots_at(kind, record_id)
        if len(roots) == 1:
            (root,) = roots
            return self.keys_of(root)
        return frozenset[str]().union(*map(self.keys_of, roots))

    def keys_of(self, root: RecordId) -> frozenset[str]:
        """The keys of a root."""
        try:
            return self.keys[root]
        except KeyError:
            self.prefetch_keys((root,))
            return self.keys[root]

    def children(self, target: RecordId) -> frozenset[Child]:
        """Everything that refers to a record, as this transaction leaves it."""
        if target not in self._children:
            self._read_children([target])
        return self._children[target]

    def written_behind(self, row: Row, seq: int) -> list[Written]:
        """What was written into a record behind a version, oldest first."""
        seq = self.clock.still_known(seq)
        stored = history_of(self.tx, (row.kind, row.id), seq)
        fresh = (x for x in self.history if x.id == row.id and x.kind == row.kind and x.seq > seq)
        return [*stored, *fresh]

    def holder_of(self, kind: str, field: str, value: str) -> RecordId | None:
        """The record that holds a unique value."""
        key = (kind, field, value)
        if key not in self._unique:
            found = self.tx.row("SELECT id FROM unique_key WHERE kind=? AND key=? AND value=?", key)
            self._unique[key] = RecordId(found[0]) if found else None
        return self._unique[key]

    def prefetch_holders(self, keys: Iterable[tuple[str, str, str]]) -> None:
        """Find who has unique values (kind, field, value), in one query a field."""
        wanted: dict[tuple[str, str], list[str]] = {}
        for kind, field, value in keys:
            if value and (kind, field, value) not in self._unique:
                self._unique[kind, field, value] = None
                wanted.setdefault((kind, field), []).append(value)
        for (kind, field), values in wanted.items():
            for value, holder in self.tx.rows(
                "SELECT value,id FROM unique_key WHERE kind=? AND key=? AND value = ANY(?)",
                (kind, field, values),
            ):
                self._unique[kind, field, value] = RecordId(holder)

    def next_seq(self) -> int:
        """The next number of the feed."""
        self.seq += 1
        return self.seq


@lru_cache(maxsize=4096)
def _key_set(words: str) -> frozenset[str]:
    """Accounts of one owner have the same keys: one set for all of them."""
    return frozenset(words.split(" "))
