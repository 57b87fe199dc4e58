"""Labels of parents out of sight: whoever sees a record by a grant alone learns what it belongs to
by name, and nothing else of it (sync.md §2.6, adr/0044)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from crm_core.catalog import CATALOG
from crm_core.entity import Entity
from crm_core.fields import Value, values_in
from crm_core.ids import RecordId
from crm_core.scope import parse_target
from crm_core.wire import PULL_PAGE_ROWS, STUBS_ALL, Stubs
from crm_server.store import Tx, portions
from crm_server.tables import FOREVER

LABEL_CHARACTERS_MAX = 200

_IDS_PER_QUERY = 1000

_UP = {kind: entity.root_links[0].name for kind, entity in CATALOG.items() if entity.root_links}
"""The link upwards of each kind that has one."""

_UPWARDS = ",".join(f"'{kind}.{name}'" for kind, name in sorted(_UP.items()))
_IS_SHOWN = (
    "EXISTS (SELECT 1 FROM record_root rr JOIN root_scope rs ON rs.root = rr.root"
    " WHERE rr.id = r.id AND rr.kind = r.kind AND rr.gone_seq = ?"
    " AND rs.key = ANY(?) AND rs.gone_seq = ?)"
)
_GRANTED = (
    "SELECT g.kind, g.id FROM record_root g WHERE g.root = ? AND g.gone_seq = ? AND NOT EXISTS"
    " (SELECT 1 FROM record_root rr JOIN root_scope rs ON rs.root = rr.root"
    " WHERE rr.id = g.id AND rr.kind = g.kind AND rr.gone_seq = ? AND rr.root <> g.root"
    " AND rs.key = ANY(?) AND rs.gone_seq = ?)"
)
_CHANGED = (
    "SELECT r.kind, r.id, r.deleted, r.body::text FROM record r WHERE r.seq > ? AND EXISTS"
    " (SELECT 1 FROM ref f JOIN record_root g ON g.id = f.id AND g.kind = f.kind"
    " WHERE f.target = r.id AND g.root = ? AND g.gone_seq = ?"
    f" AND (f.kind || '.' || f.field) IN ({_UPWARDS})) AND NOT {_IS_SHOWN}"
)


Parent = tuple[str, RecordId]


class StubParents:
    """The labels that one pull sends, if it is asked for any."""

    def __init__(self, tx: Tx, keys: Iterable[str], asked: str) -> None:
        self._tx = tx
        self._keys = [*keys]
        own = [key.removeprefix("user:") for key in self._keys if key.startswith("user:")]
        self._me = own[0] if own and asked else ""
        self._alone = frozenset((RecordId(self._me),))
        self._parents: dict[Parent, bool] = {}
        self._everything = asked == STUBS_ALL

    def note(self, row: tuple[Any, ...], roots: frozenset[RecordId]) -> None:
        """A living row (kind, id, seq, deleted, body) is sent: its parent may be out of sight
        where nothing but its naming the user shows it."""
        if self._me and not self._everything and roots == self._alone and row[0] in _UP:
            self._name(row[0], row[4])

    @property
    def everything(self) -> bool:
        """Whether all labels are to be told."""
        return self._everything

    def note_loss(self) -> None:
        """Something left: parents of what stays may have been among it."""
        self._everything = bool(self._me)

    def lines(self) -> Iterator[Stubs]:
        """What the rows noted so far ask for."""
        if self._everything or not self._parents:
            return
        yield from self._told(self._parents)
        self._parents = {}

    def last_lines(self, since: int) -> Iterator[Stubs]:
        """What is left to say: everything, or the parents that changed after `since`."""
        if not self._everything:
            yield from self.lines()
            yield from self._changed(since)
            return
        yield Stubs("", {}, whole=True)
        if not self._me:
            return
        shown = (self._me, FOREVER, FOREVER, self._keys, FOREVER)
        granted = [x for kind, x in self._tx.rows(_GRANTED, shown) if kind in _UP]
        for some in portions(granted, _IDS_PER_QUERY):
            for kind, body in self._tx.rows(
                "SELECT kind, body::text FROM record WHERE id = ANY(?) AND NOT deleted", ([*some],)
            ):
                if kind in _UP:
                    self._name(kind, body)
        yield from self._told(self._parents)

    def _name(self, kind: str, body: str) -> None:
        link = CATALOG[kind].by_name[_UP[kind]].link
        found = parse_target(link.target if link else "", values_in(body).get(_UP[kind]))
        if found is not None and found[0] in CATALOG:
            self._parents[found] = True

    def _told(self, parents: Iterable[Parent]) -> Iterator[Stubs]:
        by_kind: dict[str, dict[RecordId, str]] = {}
        for some in portions([record_id for _, record_id in parents], _IDS_PER_QUERY):
            for kind, record_id, body in self._tx.rows(
                "SELECT r.kind, r.id, r.body::text FROM record r WHERE r.id = ANY(?)"
                f" AND NOT r.deleted AND NOT {_IS_SHOWN}",
                ([*some], FOREVER, self._keys, FOREVER),
            ):
                label = label_of(CATALOG[kind], values_in(body))
                if (kind, record_id) in parents and label:
                    by_kind.setdefault(kind, {})[RecordId(record_id)] = label
        yield from _in_lines(by_kind)

    def _changed(self, since: int) -> Iterator[Stubs]:
        """Parents that were renamed, deleted or brought back; "": there is no label any more."""
        if not self._me or since <= 0:
            return
        by_kind: dict[str, dict[RecordId, str]] = {}
        for kind, record_id, deleted, body in self._tx.rows(
            _CHANGED, (since, self._me, FOREVER, FOREVER, self._keys, FOREVER)
        ):
            label = "" if deleted else label_of(CATALOG[kind], values_in(body))
            by_kind.setdefault(kind, {})[RecordId(record_id)] = label
        yield from _in_lines(by_kind)


def label_of(entity: Entity, values: dict[str, Value]) -> str:
    """The words by which people know a record, of its own fields; none where they are personal."""
    fields = [entity.by_name[name] for name in entity.title]
    if any(field.personal for field in fields):
        return ""
    own = {x.name: values.get(x.name) for x in fields if x.link is None}
    return entity.name_of(own)[:LABEL_CHARACTERS_MAX]


def _in_lines(by_kind: dict[str, dict[RecordId, str]]) -> Iterator[Stubs]:
    for kind, labels in by_kind.items():
        for some in portions([*labels], PULL_PAGE_ROWS):
            yield Stubs(kind, {record_id: labels[record_id] for record_id in some})
