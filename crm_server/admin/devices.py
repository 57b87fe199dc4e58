"""Commands about devices: list, end their sign-in, withdraw them."""

from __future__ import annotations

import argparse
from dataclasses import asdict

from crm_server.admin.session import Answer, Commands, Json, Session, command
from crm_server.devices import devices, expire, revoke


def add_commands(commands: Commands) -> None:
    """Declare device list, expire and revoke."""
    device = commands.add_parser("device", help="installations").add_subparsers(required=True)
    command(
        device, "list", _list, "list the devices: version, last sync, unsent work, what they left"
    )
    command(device, "expire", _expire, "end a device's sign-in").add_argument("id")
    command(device, "revoke", _revoke, "withdraw a device: it may only park").add_argument("id")


def _list(session: Session, options: argparse.Namespace) -> Answer:
    found = devices(session.organisation.service)
    rows: list[Json] = [asdict(one) for one in found]
    words = [
        (
            one.id, one.login, one.name or "-", one.app_version or "-", one.last_sync_at,
            f"{one.unsent} unsent", *([f"withdrawn {one.revoked_at}"] if one.revoked_at else []),
            *([f"left {one.left}"] if one.left else []),
            *([f"{one.files_missing} files never came"] if one.files_missing else []),
        )
        for one in found
    ]  # fmt: skip
    return Answer("\n".join("  ".join(row) for row in words), rows)


def _expire(session: Session, options: argparse.Namespace) -> Answer:
    expire(session.organisation.service, options.id)
    return Answer(f"{options.id} has to sign in again", {"id": options.id})


def _revoke(session: Session, options: argparse.Namespace) -> Answer:
    revoke(session.organisation.service, [options.id])
    return Answer(f"{options.id} is withdrawn", {"id": options.id})
