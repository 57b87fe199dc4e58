"""Labels: of what is out of sight each device knows the names of parents, and no more."""

from __future__ import annotations

from collections.abc import Iterator

from crm_core.catalog import CATALOG
from crm_core.ids import RecordId
from crm_core.scope import parse_target
from tests.simulator.company import Person
from tests.simulator.device import Device
from tests.simulator.oracle import Key, Oracle
from tests.simulator.violation import Violation


def look_at_labels(device: Device, oracle: Oracle) -> None:
    """Right behind a whole pull: the labels are the server's names of the parents out of sight."""
    there = dict(labels(oracle, device.person))
    found = device.rows("SELECT kind, id, label FROM stub")
    here = {(kind, RecordId(key.hex())): label for kind, key, label in found}
    for key, label in there.items():
        if here.get(key) != label and not _is_covered(device, key):
            raise Violation(4, f"{device.name} calls {key} {here.get(key)!r}, not {label!r}")
    for key, label in here.items():
        is_kept = key in device.kept_names or _is_worked_below(device, key[1])
        if key not in there and not is_kept:
            raise Violation(9, f"{device.name} still knows {key} as {label!r}")


def note_kept_names(device: Device) -> None:
    """At a pull's end: the names that own work keeps until the next one, whatever its author
    decides about it meanwhile."""
    device.kept_names = {
        (kind, RecordId(key.hex()))
        for kind, key in device.rows("SELECT kind, id FROM stub")
        if _is_worked_below(device, RecordId(key.hex()))
    }


def labels(oracle: Oracle, person: Person) -> Iterator[tuple[Key, str]]:
    """The parents of visible records that are not visible themselves, each with its name."""
    visible = oracle.visible(person)
    for kind, record_id in visible:
        values = oracle.records[(kind, record_id)].values
        for field in CATALOG[kind].references:
            if field.link is None or not field.link.root:
                continue
            parent = parse_target(field.link.target, values.get(field.name))
            truth = oracle.records.get(parent) if parent is not None else None
            if parent is None or truth is None or truth.deleted or parent in visible:
                continue
            title = [CATALOG[parent[0]].by_name[name] for name in CATALOG[parent[0]].title]
            if not any(one.personal or one.link is not None for one in title):
                yield parent, CATALOG[parent[0]].name_of(truth.values)


def _is_covered(device: Device, key: Key) -> bool:
    """Whether the child was deleted or led elsewhere here, which the server does not know yet."""
    return _is_worked_below(device, key[1]) or bool(
        device.rows("SELECT 1 FROM shadow WHERE instr(body, ?)", (key[1],))
    )


def _is_worked_below(device: Device, record_id: RecordId) -> bool:
    """Whether own, unsettled work names the parent."""
    return bool(
        device.rows(
            "SELECT 1 FROM op o JOIN changeset s ON s.n = o.cs WHERE (instr(o.new, ?)"
            " OR instr(o.old, ?)) AND (s.state NOT IN ('confirmed', 'discarded', 'orphaned')"
            " OR o.refused IS NOT NULL)",
            (record_id, record_id),
        )
        or device.rows("SELECT 1 FROM shadow WHERE instr(body, ?)", (record_id,))
    )
