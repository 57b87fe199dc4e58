"""`crm-server`: its commands, their arguments, and how a failure is told."""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path

from typing_extensions import override

from crm_core.errors import CrmError, NotAllowed, SignedOut, Unavailable
from crm_server.admin import collecting, devices, files, people, privacy, reports, setup
from crm_server.admin.session import Session
from crm_server.logs import FORMATS, configure

EXIT_DONE, EXIT_FAILED, EXIT_USAGE, EXIT_UNREACHABLE, EXIT_NOT_ALLOWED = 0, 1, 2, 4, 5


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; the exit code of cli.md."""
    options = make_parser().parse_args(argv)
    configure("INFO" if options.verbose else "WARNING", options.log_format)
    session = Session(Path(options.data), options.database_url, options.organisation_slug)
    try:
        answer = options.run(session, options)
    except CrmError as error:
        print(f"crm-server: {error}", file=sys.stderr)
        return _exit_code(error)
    except sqlite3.DatabaseError as error:
        print(f"crm-server: the database is damaged ({error}); `restore FILE` takes a backup back",
              file=sys.stderr)  # fmt: skip
        return EXIT_FAILED
    except OSError as error:
        print(f"crm-server: {error.strerror or error}: {error.filename or ''}", file=sys.stderr)
        return EXIT_FAILED
    finally:
        session.close()
    if answer is not None:
        print(json.dumps(answer.data, ensure_ascii=False) if options.json else answer.words)
    return EXIT_DONE


def _exit_code(error: CrmError) -> int:
    if isinstance(error, Unavailable):
        return EXIT_UNREACHABLE
    if isinstance(error, NotAllowed | SignedOut):
        return EXIT_NOT_ALLOWED
    return EXIT_FAILED


class Version(argparse.Action):
    """Looks the version up only when it is asked for: reading package data takes its time."""

    @override
    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        from importlib.metadata import version

        print(f"crm-server {version('crm-desktop')}")
        parser.exit()


def make_parser() -> argparse.ArgumentParser:
    """The arguments of every command."""
    parser = argparse.ArgumentParser(
        prog="crm-server", description="The central server of CRM Desktop."
    )
    parser.add_argument("--data", required=True, metavar="DIR", help="the server's folder")
    parser.add_argument(
        "--database-url", default="", metavar="URL",
        help="a PostgreSQL database instead of SQLite files in DIR",
    )  # fmt: skip
    parser.add_argument("--version", action=Version, nargs=0, help="print the version and end")
    parser.add_argument(
        "--for", dest="organisation_slug", default="", metavar="SLUG",
        help="the organisation, where the server has several",
    )  # fmt: skip
    parser.add_argument("--verbose", action="store_true", help="log each request")
    parser.add_argument(
        "--log-format", choices=FORMATS, default=FORMATS[0], help="json: one object a line"
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in (setup, people, devices, files, collecting, reports, privacy):
        module.add_commands(commands)
    return parser
