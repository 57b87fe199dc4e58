"""What was promised, compared with what stands."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tests.chaos.stores import Books, books_of
from tests.e2e.server import Server
from tests.failover.traffic import Colleague, Notes, Reader


@dataclass
class Found:
    """What the comparison has to tell, and what is wrong."""

    told: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def compare(server: Server, notes: Notes, readers: list[Reader], colleague: Colleague) -> Found:
    """Every acknowledged edit is in the history once, and everybody holds the same."""
    found = Found(wrong=[*notes.wrong])
    books = books_of(server)
    found.wrong += [f"crm-server check: {problem}" for problem in books.problems]
    _compare_history(found, notes, books)
    newcomer = readers[0].anew()
    for reader in readers:
        if reader.device.rows != newcomer.device.rows:
            found.wrong.append("a reader holds something else than a new device is given")
    pulls = sum(reader.pulls for reader in readers)
    found.told.append(
        f"readers: {pulls} pulls, each with the digest of what was held; at the end"
        f" {len(newcomer.device.rows)} records, those of a new device"
    )
    _compare_client(found, colleague, newcomer)
    return found


def _compare_history(found: Found, notes: Notes, books: Books) -> None:
    written = Counter((x.cs_id, x.record, x.field, str(x.new)) for x in books.history)
    missing = twice = 0
    for one in notes.acknowledged:
        times = written[(one.changeset, f"account/{one.record}", one.field, one.value)]
        missing += times == 0 or one.changeset not in books.verdicts
        twice += times > 1
    if missing:
        found.wrong.append(f"{missing} acknowledged edits are not in the store")
    if twice:
        found.wrong.append(f"{twice} edits took effect twice")
    seqs = [x.seq for x in notes.acknowledged if x.seq]
    found.told.append(
        f"store: {len(notes.acknowledged)} acknowledged edits, missing {missing}, twice {twice};"
        f" highest seq acknowledged {max(seqs, default=0)}, history up to"
        f" {max((x.seq for x in books.history), default=0)}; crm-server check:"
        f" {'in order' if not books.problems else len(books.problems)}"
    )


def _compare_client(found: Found, colleague: Colleague, newcomer: Reader) -> None:
    said = colleague.finish()
    absent = [x for x in colleague.added if not newcomer.device.sees("account", x)]
    if absent:
        found.wrong.append(f"{len(absent)} accounts typed in crm-desktop did not arrive")
    if said.get("verified") is not True:
        found.wrong.append(f"crm-desktop does not end up to date: {said}")
    found.told.append(
        f"crm-desktop: {len(colleague.added)} accounts typed, missing {len(absent)}; its last"
        f" synchronisation is verified: {said.get('verified')}"
    )
