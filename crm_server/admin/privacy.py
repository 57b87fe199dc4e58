"""The commands about what is held of a person, and what may be: erase, export-person, policy."""

from __future__ import annotations

import argparse
from pathlib import Path

from crm_core.switches import SWITCHES
from crm_server.admin.session import Answer, Commands, Session, command
from crm_server.auth import note_event
from crm_server.erasing import Wanted, erase
from crm_server.erasures import list_in
from crm_server.exporting import export_person
from crm_server.people import SYSTEM, turn
from crm_server.service import Principal


def add_commands(commands: Commands) -> None:
    """Declare erase, export-person and policy."""
    words = "say what everybody may enter, or switch it on or off"
    switch = command(commands, "policy", _policy, words)
    switch.add_argument("name", nargs="?", choices=sorted(SWITCHES))
    switch.add_argument("state", nargs="?", choices=("on", "off"))
    words = "erase what is personal in a record, here and on every device; nothing brings it back"
    gone = command(commands, "erase", _erase, words)
    gone.add_argument("kind")
    gone.add_argument("id")
    words = "write what is held about a contact or a user into a ZIP"
    made = command(commands, "export-person", _export_person, words)
    made.add_argument("id")
    made.add_argument("out", metavar="OUT.zip")


def _erase(session: Session, options: argparse.Namespace) -> Answer:
    there = session.organisation
    service, erasures = there.service, list_in(session.data, there.slug)

    def note(wanted: Wanted) -> None:
        # On the list first: what a crash leaves undone, a restore by the list makes up for.
        with service.store.read() as tx:
            seq = tx.clock().seq
        erasures.add({key: dict.fromkeys(names, seq) for key, names in wanted.items()})

    done = erase(service, options.kind, options.id, note)
    there.blobs.forget(done.files)
    with service.store.note() as tx:
        who = Principal(SYSTEM, "", "", "")
        for (kind, record_id), names in sorted(done.erased.items()):
            note_event(tx, service, who, "erased", f"{kind}/{record_id} {len(names)} fields")
    is_compact = service.store.compact()
    others = len(done.erased) - 1
    words = [
        f"erased: {options.kind}/{options.id} and {others} records with it;"
        f" {done.changes} changes in history, {done.parked} refused steps, {len(done.files)} files",
        "devices follow at their next sync",
        f"backups made before hold the person still: keep {erasures.path.name} beside them,"
        " then a restore erases again",
    ]
    if not is_compact:
        words.append("the database file is in use: what went lies in its free pages until `erase`"
                     " is run again")  # fmt: skip
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
