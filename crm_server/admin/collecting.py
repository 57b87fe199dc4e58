"""The command that forgets what was deleted long ago."""

from __future__ import annotations

import argparse

from crm_server.admin.session import Answer, Commands, Session, command
from crm_server.collecting import COLLECT_AFTER_DAYS, collect


def add_commands(commands: Commands) -> None:
    """Declare collect."""
    words = f"forget what was deleted more than {COLLECT_AFTER_DAYS} days ago; history stays"
    made = command(commands, "collect", _collect, words)
    made.add_argument("--dry-run", action="store_true", help="only say what would be forgotten")


def _collect(session: Session, options: argparse.Namespace) -> Answer:
    service = session.organisation.service
    done = collect(service.store, service.clock(), dry_run=options.dry_run)
    told = "would be collected" if options.dry_run else "collected"
    lines = [
        f"{told}: {done.records} records, {done.intervals} ended stays; the floor is {done.floor}",
        *(
            f"not waited for any more: device {one.id} of {one.login}, last seen {one.seen_at};"
            " it receives everything anew when it comes back"
            for one in done.sleepers
        ),
    ]
    return Answer(
        "\n".join(lines),
        {
            "records": done.records, "intervals": done.intervals, "floor": done.floor,
            "dry_run": options.dry_run,
            "devices": [
                {"id": one.id, "login": one.login, "last_seen_at": one.seen_at}
                for one in done.sleepers
            ],
        },
    )  # fmt: skip
