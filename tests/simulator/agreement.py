"""Laptop and server: what each shows, what is said of it, and where all come to rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from crm_core.catalog import CATALOG
from crm_core.ids import SYSTEM, RecordId
from crm_desktop.models.sql import blob, id_of, layout, split
from crm_desktop.sync.status import State, standing
from tests.simulator.company import Person
from tests.simulator.device import Device
from tests.simulator.ledger import Key, Ledger, show
from tests.simulator.oracle import Oracle
from tests.simulator.violation import Violation


@dataclass
class Agreement:
    """Compares a laptop with the server's truth."""

    ledger: Ledger

    def look_at_pulled(self, device: Device, oracle: Oracle) -> None:
        """Invariants 4, 5 and 9: right behind a pull, device and server agree on what there is."""
        there, here = oracle.visible(device.person), device.live()
        for key, seq in there.items():
            if here.get(key, 0) < seq:
                found = device.rows(
                    f'SELECT seq, deleted FROM "{key[0]}" WHERE id = ?', (blob(key[1]),)
                )
                if found and found[0][0] == seq and found[0][1]:
                    continue  # deleted here, which the server does not know yet
                raise Violation(5, f"{device.name} lacks {key} at seq {seq}, has {found}")
        for key, seq in here.items():
            if key not in there and not self._is_unsent(device, key):
                raise Violation(9, f"{device.name} still shows {key} (seq {seq})")

    def _is_unsent(self, device: Device, key: tuple[str, RecordId]) -> bool:
        states = device.states()
        return any(
            states.get(said.changeset.id) not in ("confirmed", "discarded", "orphaned")
            for said in self.ledger.of(device.name).values()
            for change in said.changeset.changes
            if (change.kind, change.id) == key
        )

    def look_at_status(self, device: Device, oracle: Oracle, epoch: str) -> None:
        """Invariant 12: "up to date" is said only where it is true. Of a server that went back a
        laptop hears with its next pull."""
        state = device.state
        told = standing(state, device.parked, signed_in=True).state
        if told is not State.UP_TO_DATE:
            return
        open_ = {x for x in device.states().values() if x not in ("confirmed", "discarded")}
        if open_:
            raise Violation(12, f"{device.name} says up to date with {sorted(open_)} changesets")
        if state.epoch != epoch:
            return
        visible = oracle.visible(device.person)
        # What came into sight since the last pull is not here yet.
        here = visible if state.cursor == oracle.seq else device.live()
        for key, record in oracle.records.items():
            if key[0] != "conflict" or record.deleted:
                continue
            if self._received(device.person, oracle, key, state.cursor)["state"] == "open":
                is_here = record.seq <= state.cursor and key in visible and key in here
                if is_here and _asks(oracle, key[1], device.person.id):
                    raise Violation(12, f"{device.name} says up to date; {key} waits for its user")
        if state.cursor == oracle.seq and device.live() != visible:
            raise Violation(12, f"{device.name} says up to date with other rows than the server")

    def look_at_rest(self, device: Device, oracle: Oracle) -> None:
        """Invariants 4 and 11 when nobody disturbs any more."""
        waiting = [x for x in device.states().values() if x in ("queued", "sent", "acked")]
        if waiting:
            raise Violation(11, f"{device.name} still has {waiting}")
        self.look_at_pulled(device, oracle)
        for problem in self._different_values(device, oracle):
            raise Violation(4, problem)

    def _different_values(self, device: Device, oracle: Oracle) -> Iterator[str]:
        shadowed = {
            (kind, RecordId(key.hex())) for kind, key in device.rows("SELECT kind, id FROM shadow")
        }
        here: dict[Key, Mapping[str, Any]] = {}
        visible = oracle.visible(device.person)
        for kind in {key[0] for key in visible}:
            here.update(_rows_of(device, kind))
        for key in visible:
            if key in shadowed:
                continue
            mine_of_it = here.get(key, {})
            there = self._received(device.person, oracle, key, oracle.seq)
            for name in CATALOG[key[0]].by_name:
                mine = mine_of_it.get(name)
                if (mine or None) != (there.get(name) or None):
                    place, theirs = show((*key, name)), there.get(name)
                    yield f"{device.name}: {place} is {mine!r}, not {theirs!r}"

    def _received(self, _person: Person, oracle: Oracle, key: Key, _seq: int) -> Mapping[str, Any]:
        """What somebody receives of a record at a place of the feed."""
        return oracle.records[key].values


def _asks(oracle: Oracle, conflict: RecordId, user: RecordId) -> bool:
    """Whether an open conflict asks a user who sees it: an author of what is parked; of what was
    handed over or written by IT, whoever has the account, or everybody where nobody has it."""
    values = oracle.records["conflict", conflict].values
    authors = {x["author"] for x in values["parked"]}
    if values["why"] != "handover" and SYSTEM not in authors:
        return user in authors
    roots = oracle.roots("conflict", conflict)
    accounts = [x for root in roots if (x := oracle.records.get(("account", root))) is not None]
    owners = {x.values.get("owner") for x in accounts if not x.deleted} - {None, ""}
    return user in owners or not owners or (values["why"] != "handover" and user in authors)


def _rows_of(device: Device, kind: str) -> Iterator[tuple[Key, Mapping[str, Any]]]:
    """The values of all records of a kind that lie on a device, in whatever state."""
    table = layout(kind)
    for row in device.rows(table.select):
        system, fields = split(row)
        yield (kind, id_of(system[1])), table.values(fields, system[5])
