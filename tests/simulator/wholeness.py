"""Invariants 6, 14 and 15: nothing by halves, in another's name, or without bounds."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field

from msgspec import Raw, Struct, json

import crm_core.wire as wire_now
from crm_core.changes import CHANGESET_BYTES_MAX
from crm_core.ids import ChangeSetId, RecordId
from crm_core.wire import PULL_LINE_BYTES_MAX, PushRequest
from crm_desktop.models.journal.rebase import UNSETTLED
from crm_desktop.models.sql import HIDDEN, blob
from crm_server import pull
from tests.simulator.device import Device
from tests.simulator.ledger import Ledger
from tests.simulator.oracle import Key, Oracle
from tests.simulator.violation import Violation

HEAD_BYTES = 1024
"""What a changeset has beside its changes, at most."""


class _Line(Struct):
    """A line of a pull, as far as it is counted."""

    type: str
    rows: list[Raw] = []
    ids: list[Raw] = []
    roots: list[Raw] = []


_LINE = json.Decoder(_Line)


@dataclass
class Wholeness:
    """What each atomic step changed on the server (`parts`: each record with the seq at which it
    was written), and which devices show all of it. `truths`: what the server held at each place of
    the feed at which it was looked at."""

    ledger: Ledger
    epoch: str = ""
    seq: int = 0
    parts: dict[ChangeSetId, dict[Key, int]] = field(default_factory=dict)
    whole: set[tuple[str, ChangeSetId]] = field(default_factory=set)
    truths: dict[int, Oracle] = field(default_factory=dict)

    def look_at_server(self, connection: sqlite3.Connection, oracle: Oracle) -> None:
        """Invariant 14, and what atomic steps wrote since the last look."""
        epoch, restored = connection.execute("SELECT epoch, restored FROM clock").fetchone()
        if epoch != self.epoch:
            self._begin_anew(epoch, json.decode(restored))
        self.truths[oracle.seq] = oracle
        for seq, record_id, kind, cs_id, actor, is_later in connection.execute(
            "SELECT seq, id, kind, cs_id, actor, EXISTS (SELECT 1 FROM applied a"
            " WHERE a.cs_id = history.cs_id AND a.seq < history.seq) FROM history WHERE seq > ?"
            " ORDER BY seq",
            (self.seq,),
        ):
            self.seq = seq
            said = self.ledger.said.get(ChangeSetId(cs_id))
            if said is None:
                continue
            if actor != said.user:
                raise Violation(14, f"{cs_id} of {said.device} was written in another's name")
            if said.changeset.atomic and not is_later:  # another's step may write in its name
                wrote = self.parts.setdefault(said.changeset.id, {})
                wrote.setdefault((kind, RecordId(record_id)), seq)

    def _begin_anew(self, epoch: str, restored: Sequence[Sequence[int]]) -> None:
        self.epoch = epoch
        self.truths.clear()
        if not restored:
            return
        last = restored[-1][0]
        self.seq = min(self.seq, last)
        self.whole.clear()
        for cs_id, wrote in self.parts.items():
            self.parts[cs_id] = {key: seq for key, seq in wrote.items() if seq <= last}

    def look_at_device(self, device: Device, oracle: Oracle) -> None:
        """Invariant 6: outside an open pull, all of an atomic step is shown or nothing of it."""
        state = device.state
        if state.pull_open or state.epoch != self.epoch:
            return
        for cs_id, wrote in self.parts.items():
            if len(wrote) < 2 or (device.name, cs_id) in self.whole:
                continue
            shown = {key: self._shows(device, key, seq) for key, seq in wrote.items()}
            if all(shown.values()):
                self.whole.add((device.name, cs_id))
            for key in (x for x, there in shown.items() if there):
                for other in (x for x, there in shown.items() if there is False):
                    if oracle.roots(*key) == oracle.roots(*other):
                        raise Violation(6, f"{device.name} shows {cs_id} at {key}, not at {other}")

    def _shows(self, device: Device, key: Key, seq: int) -> bool | None:
        """None: it cannot be told, since this user may not have seen it at the laptop's cursor."""
        found = device.rows(f'SELECT seq, deleted FROM "{key[0]}" WHERE id = ?', (blob(key[1]),))
        if found and found[0][1] != HIDDEN:
            if found[0][0] >= seq:
                return True
            return None if self._has_own(device, key) else False
        then = self.truths.get(device.state.cursor)
        return False if then is not None and key in then.visible(device.person) else None

    def _has_own(self, device: Device, key: Key) -> bool:
        return bool(
            device.rows("SELECT 1 FROM op WHERE kind = ? AND id = ?", (key[0], blob(key[1])))
        )


def look_at_push(request: PushRequest, body: bytes) -> None:
    """Invariant 15: a push is bounded in number and size, or a single changeset."""
    count = len(request.changesets)
    limit = max(wire_now.PUSH_BYTES_MAX, 0 if count > 1 else CHANGESET_BYTES_MAX)
    if count > wire_now.PUSH_CHANGESETS_MAX or len(body) > limit + (count + 1) * HEAD_BYTES:
        raise Violation(15, f"a push of {count} changesets and {len(body)} bytes")


def look_at_line(line: bytes) -> None:
    """Invariant 15: a line of a pull holds a page at most."""
    if len(line) > PULL_LINE_BYTES_MAX:
        raise Violation(15, f"a line of {len(line)} bytes")
    item = _LINE.decode(line)
    limits = (pull.PULL_PAGE_ROWS, pull.PULL_PAGE_ROWS, _roots_max())
    counts = len(item.rows), len(item.ids), len(item.roots)
    for name, count, limit in zip(("rows", "ids", "roots"), counts, limits, strict=True):
        if count > limit:
            raise Violation(15, f"a line '{item.type}' with {count} {name}")


def _roots_max() -> int:
    return max(pull.PULL_PAGE_ROWS, pull.ROOTS_PER_QUERY)


def look_at_rest(device: Device) -> None:
    """Invariant 15: what was settled leaves nothing behind."""
    states = ",".join(f"'{state}'" for state in (*UNSETTLED, "acked"))
    left = device.rows(
        "SELECT s.kind, hex(s.id) FROM shadow s WHERE NOT EXISTS (SELECT 1 FROM op o"
        " JOIN changeset c ON c.n = o.cs WHERE o.kind = s.kind AND o.id = s.id"
        f" AND (c.state IN ({states}) OR o.refused IS NOT NULL))"
    )
    if left:
        raise Violation(15, f"{device.name} keeps versions of settled records: {left}")
