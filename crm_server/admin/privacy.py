"""The command about what is held of a person."""

from __future__ import annotations

import argparse
from pathlib import Path

from crm_server.admin.session import Answer, Commands, Session, command
from crm_server.auth import note_event
from crm_server.exporting import export_person
from crm_server.people import SYSTEM
from crm_server.service import Principal


def add_commands(commands: Commands) -> None:
    """Declare export-person."""
    words = "write what is held about a contact or a user into a ZIP"
    made = command(commands, "export-person", _export_person, words)
    made.add_argument("id")
    made.add_argument("out", metavar="OUT.zip")


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
