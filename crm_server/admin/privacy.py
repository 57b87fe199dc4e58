"""The commands about what is held of a person, who receives it, and what may be held: erase,
export-person, mask, policy."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from crm_core.errors import UserProblem
from crm_core.i18n import tr_noop
from crm_core.ids import SYSTEM
from crm_core.switches import SWITCHES
from crm_server.admin.session import Answer, Commands, Session, command
from crm_server.auth import note_event
from crm_server.erasures import list_in
from crm_server.exporting import export_person
from crm_server.people import mask, masked, turn
from crm_server.privacy import Asker, erase_noted
from crm_server.service import Principal


def add_commands(commands: Commands) -> None:
    """Declare erase, export-person, mask and policy."""
    words = "say what everybody may enter, or switch it on or off"
    switch = command(commands, "policy", _policy, words)
    switch.add_argument("name", nargs="?", choices=sorted(SWITCHES))
    switch.add_argument("state", nargs="?", choices=("on", "off"))
    words = "say what is withheld from which role, or withhold just these personal fields from one"
    withheld = command(commands, "mask", _mask, words)
    withheld.add_argument("role", nargs="?")
    withheld.add_argument("field", nargs="*", metavar="KIND.FIELD")
    withheld.add_argument("--nothing", action="store_true", help="withhold nothing any more")
    words = "erase what is personal in a record, here and on every device; nothing brings it back"
    gone = command(commands, "erase", _erase, words)
    gone.add_argument("kind")
    gone.add_argument("id")
    words = "write what is held about a contact or a user into a ZIP"
    made = command(commands, "export-person", _export_person, words)
    made.add_argument("id")
    made.add_argument("out", metavar="OUT.zip")


def _erase(session: Session, options: argparse.Namespace) -> Answer:
    there, erasures = session.organisation, list_in(session.data, session.organisation.slug)
    who = Principal(SYSTEM, "", "", "")
    done = erase_noted(Asker(there, who, session.data), options.kind, options.id)
    is_compact = erasures.compact(there.service.store)
    others = len(done.erased) - 1
    words = [
        f"erased: {options.kind}/{options.id} and {others} records with it;"
        f" {done.changes} changes in history, {done.parked} refused steps, {len(done.files)} files",
        "devices follow at their next sync",
        f"backups made before hold the person still: keep {erasures.path.name} beside them,"
        " then a restore erases again",
    ]
    if not is_compact:
        words.append("the database file is in use: what went lies in its free pages until the"
                     " server's daily upkeep, or until `erase` is run again")  # fmt: skip
    return Answer(
        "\n".join(words),
        {
            "records": [f"{kind}/{one}" for kind, one in sorted(done.erased)],
            "changes": done.changes, "refused": done.parked, "files": len(done.files),
            "list": str(erasures.path), "compact": is_compact,
        },
    )  # fmt: skip


def _policy(session: Session, options: argparse.Namespace) -> Answer:
    service = session.organisation.service
    if options.state:
        turn(service, options.name, on=options.state == "on")
        with service.store.note() as tx:
            who = Principal(SYSTEM, "", "", "")
            note_event(tx, service, who, "policy", f"{options.name} {options.state}")
    with service.store.read() as tx:
        on = service.directory(tx, tx.clock()).switched_on
    names = [options.name] if options.name else sorted(SWITCHES)
    states = {name: "on" if name in on else "off" for name in names}
    return Answer("\n".join(f"{name}: {state}" for name, state in states.items()), states)


def _mask(session: Session, options: argparse.Namespace) -> Answer:
    service = session.organisation.service
    if options.field or options.nothing:
        if options.field and options.nothing:
            raise UserProblem(tr_noop("Name fields or say --nothing, not both."))
        mask(service, options.role, _by_kind(options.field))
        with service.store.note() as tx:
            who = Principal(SYSTEM, "", "", "")
            note_event(tx, service, who, "mask", " ".join([options.role, *options.field]))
    found = {role: fields for role, fields in masked(service).items() if fields}
    if options.role:
        found = {options.role: found.get(options.role, [])}
    lines = [f"{role}: {' '.join(fields) or 'nothing'}" for role, fields in sorted(found.items())]
    return Answer("\n".join(lines) or "nothing is withheld from anybody", found)


def _by_kind(fields: Iterable[str]) -> dict[str, frozenset[str]]:
    found: dict[str, frozenset[str]] = {}
    for one in fields:
        kind, _, field = one.partition(".")
        found[kind] = found.get(kind, frozenset()) | {field}
    return found


def _export_person(session: Session, options: argparse.Namespace) -> Answer:
    there = session.organisation
    service = there.service
    with service.store.read() as tx:
        done = export_person(tx, options.id, Path(options.out), there.blobs.path)
    with service.store.note() as tx:
        note_event(tx, service, Principal(SYSTEM, "", "", ""), "person-exported", options.id)
    words = (
        f"{done.records} records, {done.changes} changes and {done.files} files"
        f" written to {options.out}"
    )
    return Answer(
        words,
        {
            "file": options.out, "records": done.records, "changes": done.changes,
            "files": done.files,
        },
    )  # fmt: skip
