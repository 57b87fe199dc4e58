"""What must hold when nobody disturbs any more and everybody has synchronised."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from crm_core.catalog import CATALOG
from crm_core.fields import Policy
from tests.chaos.ledger import EDITS, Entry, Ledger
from tests.chaos.stores import (
    Books,
    Journalled,
    Rows,
    Written,
    books_of,
    journal_of,
    rows_for,
    rows_of,
)
from tests.e2e.people import Desk
from tests.e2e.server import Server
from tests.e2e.wire_client import WireClient

Journals = Mapping[str, Mapping[str, Journalled]]
"""By device, then by the changeset's id."""

PARKED = ("rejected", "blocked", "held", "orphaned")
REFUSED = ("rejected", "blocked")
JUDGED = (Policy.CONFLICT, Policy.GROUP)


def look_at_everything(
    desks: Sequence[Desk], server: Server, ledger: Ledger, newcomers: Mapping[str, WireClient]
) -> list[str]:
    """Everything that is wrong, one sentence each. `newcomers`: by login, a device that has
    nothing yet."""
    problems = [
        f"{desk.profile.name}: {desk.integrity()}" for desk in desks if desk.integrity() != "ok"
    ]
    books = books_of(server)
    problems += books.problems
    for desk in desks:
        problems += look_at_device(desk, rows_for(newcomers[desk.login]))
    journals = {desk.profile.name: {one.id: one for one in journal_of(desk)} for desk in desks}
    problems += look_at_ledger(ledger, journals, books)
    problems += look_at_history(ledger, books)
    return problems


# What a device says of itself


def look_at_device(desk: Desk, there: Rows) -> Iterator[str]:
    """Its rows are the server's; its status is honest; its digest was verified."""
    name = desk.profile.name
    here = rows_of(desk)
    for key in sorted(there.keys() | here.keys()):
        if there.get(key) != here.get(key):
            yield f"{name}: {key} is {here.get(key)}, at the server {there.get(key)}"
    ran = desk.door(["--profile", str(desk.profile), "doctor", "--json"], "")
    said = json.loads(ran.out)
    if not said["ok"] or said["digest_agrees"] is not True:
        yield f"{name}: doctor says {said}"
    status = json.loads(desk.door(["--profile", str(desk.profile), "status", "--json"], "").out)
    expected = "needs_you" if status["needs_you"] else "up_to_date"
    if status["state"] != expected or status["pending"]:
        yield f"{name}: status says {status}"
    waiting = {one.state for one in journal_of(desk)} & {"rejected", "orphaned"}
    if waiting and not status["needs_you"]:
        yield f"{name}: has {waiting} changesets, and its status asks for nobody: {status}"


# What was typed


def look_at_ledger(ledger: Ledger, journals: Journals, books: Books) -> Iterator[str]:
    """Every edit that was answered, or that its device kept, is somewhere; and once only."""
    by_value: dict[tuple[str, str], list[Written]] = {}
    for one in books.history:
        if isinstance(one.new, str):
            by_value.setdefault((one.field, one.new), []).append(one)
    parked = "\n".join(
        json.dumps(one.new, ensure_ascii=False) for one in books.history if one.field == "parked"
    )
    for entry in ledger.entries:
        journal = journals[entry.device]
        if entry.answered and entry.values and not entry.changesets and entry.word != "import":
            yield f"{_name(entry)}: answered, and left nothing in the journal"
        for cs_id in entry.changesets:
            if cs_id not in journal:
                yield f"{_name(entry)}: its changeset {cs_id} is gone from {entry.device}"
                continue
            kept = journal[cs_id]
            if kept.state != "discarded":
                yield from _look_at_changeset(entry, kept, ledger, books, by_value, parked)
            elif not _cancels_out(kept, journal, books):
                yield f"{_name(entry)}: discarded, though nothing cancelled it out"
        yield from _look_for_doubles(entry, by_value, ledger)


def _look_at_changeset(
    entry: Entry, kept: Journalled, ledger: Ledger, books: Books,
    by_value: Mapping[tuple[str, str], Sequence[Written]], parked: str,
) -> Iterator[str]:  # fmt: skip
    verdict = books.verdicts.get(kept.id)
    if kept.state in PARKED:
        return  # kept with its author, who is told; `status` was looked at
    if kept.state != "confirmed":
        yield f"{_name(entry)}: is still {kept.state}"
        return
    if verdict is None:
        yield f"{_name(entry)}: {kept.id} is confirmed, and the server does not know it"
        return
    for name, value in entry.values:
        if value not in kept.values:
            continue  # of another changeset of the same import
        if name == "tags":
            found = any(value in (x.new or ()) for x in books.history if x.field == "tags")
        else:
            found = any(x.cs_id == kept.id for x in by_value.get((name, value), ()))
        if not found and value not in parked and not _is_explained(entry, name, verdict, ledger):
            yield f"{_name(entry)}: {name}={value!r} is confirmed and nowhere; verdict {verdict}"


def _cancels_out(kept: Journalled, journal: Mapping[str, Journalled], books: Books) -> bool:
    """Whether this is a step that its author took back and the server did not take, or the undo
    of one: neither waits for anybody then."""
    step = kept.undoes or kept.id
    verdict = books.verdicts.get(step)
    is_taken_back = any(one.undoes == step for one in journal.values())
    return is_taken_back and (verdict is None or _is_refused(verdict, *verdict.get("changes", ())))


def _is_refused(*parts: Mapping[str, Any]) -> bool:
    return any(part["result"] in REFUSED for part in parts)


def _is_explained(entry: Entry, name: str, verdict: Mapping[str, Any], ledger: Ledger) -> bool:
    """Whether the server said why it stands nowhere: refused, or replaced in its conflict by what
    the same person typed later."""
    parts = [x for x in verdict.get("changes", ()) if x.get("field") in (name, "", "deleted")]
    if _is_refused(*parts):
        return True
    conflicts = any(x["result"] == "conflict" for x in parts)
    return conflicts and bool(ledger.later_of(entry, name))


def _look_for_doubles(
    entry: Entry, by_value: Mapping[tuple[str, str], Sequence[Written]], ledger: Ledger
) -> Iterator[str]:
    if entry.word not in EDITS:
        return
    authors = ledger.by_changeset
    for name, value in entry.values:
        found = by_value.get((name, value), ())
        if len({x.record for x in found}) > 1:
            yield f"{_name(entry)}: {name}={value!r} stands in several records: {found}"
        own = [x for x in found if x.cs_id not in authors or authors[x.cs_id].word in EDITS]
        if len(own) > 1:
            yield f"{_name(entry)}: {name}={value!r} was written more than once: {own}"


# What the server wrote down


def look_at_history(ledger: Ledger, books: Books) -> Iterator[str]:
    """Each changeset has its effect once, and nothing was overwritten that its author had not
    seen."""
    times = Counter(
        (x.cs_id, x.record, x.field) for x in books.history if x.cs_id in books.verdicts
    )
    for (cs_id, record, name), count in times.items():
        if count > 1 and not record.startswith("conflict/"):
            yield f"{cs_id} wrote {record}.{name} {count} times"
    yield from _look_at_parked(books)
    authors = ledger.by_changeset
    latest: dict[tuple[str, str], Written] = {}
    for one in books.history:
        place = (one.record, one.field)
        before, latest[place] = latest.get(place), one
        entry = authors.get(one.cs_id)
        if before is not None and entry is not None and _is_judged(one):
            yield from _look_at_overwriting(before, one, entry, authors)


def _look_at_parked(books: Books) -> Iterator[str]:
    """What won does not stand in a conflict beside itself, as if it had lost when it came again.
    What a decision of somebody else keeps of the values before it is another matter."""
    won = {(x.cs_id, x.field, str(x.new)) for x in books.history}
    lost: dict[tuple[str, str, str], str] = {}
    fields = {x.record: x.new for x in books.history if x.field == "field"}
    for one in books.history:
        if one.record.startswith("conflict/") and one.field == "parked":
            for entry in one.new or ():
                if entry["cs_id"] == one.cs_id:
                    key = (one.cs_id, fields.get(one.record, ""), str(entry["value"]))
                    lost[key] = one.record
    for key in won & lost.keys():
        yield f"{key} was written, and is parked in {lost[key]} as well"


def _is_judged(one: Written) -> bool:
    kind = one.record.partition("/")[0]
    known = CATALOG[kind].by_name.get(one.field)
    return (
        kind == "account"
        and known is not None
        and known.policy in JUDGED
        and known.authority is None
    )


def _look_at_overwriting(
    before: Written, one: Written, entry: Entry, authors: Mapping[str, Entry]
) -> Iterator[str]:
    if one.old != before.new:
        yield f"{one} does not follow {before}"
    author = authors.get(before.cs_id)
    own = author is not None and author.device == entry.device and author.n <= entry.n
    if own or before.new == one.new or entry.seen is None:
        return
    shown = entry.seen.get(one.record.partition("/")[2], {}).get(one.field)
    if (shown or None) != (before.new or None):
        yield f"{_name(entry)}: {one} overwrote {before}, while its author saw {shown!r}"


def _name(entry: Entry) -> str:
    return f"step {entry.n}, {entry.word} on {entry.device}"
