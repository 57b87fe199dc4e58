"""The command that lets a role of PostgreSQL read reports."""

from __future__ import annotations

import argparse
import sys

from crm_server.admin.session import Answer, Commands, Session, command
from crm_server.reporting import end_access, give_access


def add_commands(commands: Commands) -> None:
    """Declare report-access."""
    words = "let a role of PostgreSQL read the records, as views in a schema of their own"
    made = command(commands, "report-access", _report_access, words)
    made.add_argument("role", help="it is made where there is none")
    made.add_argument(
        "--personal", action="store_true", help="with personal fields, for all who read these views"
    )
    made.add_argument(
        "--password-stdin", action="store_true", help="let the role sign in with this password"
    )
    made.add_argument("--revoke", action="store_true", help="let the role read no more")


def _report_access(session: Session, options: argparse.Namespace) -> Answer:
    store = session.organisation.service.store
    if options.revoke:
        access = end_access(store, options.role)
        words = (
            f"{options.role} reads no more; still reading: {', '.join(access.roles) or 'nobody'}"
        )
    else:
        password = sys.stdin.readline().rstrip("\r\n") if options.password_stdin else ""
        access = give_access(store, options.role, personal=options.personal, password=password)
        personal = "with" if access.personal else "without"
        words = (
            f"{options.role} reads {len(access.views)} views in {access.schema},"
            f" {personal} personal fields"
        )
    return Answer(
        words,
        {
            "schema": access.schema, "views": access.views, "roles": access.roles,
            "personal": access.personal,
        },
    )  # fmt: skip
