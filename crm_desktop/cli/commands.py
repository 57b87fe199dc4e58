"""From the words of a call to the function that does it, and from how it ended to an exit code."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from crm_core.errors import Bug, CrmError
from crm_desktop.cli.arguments import Arguments, make_parser
from crm_desktop.cli.desk import Desk
from crm_desktop.cli.outcome import Exit, code_of, note_unexpected, one_line
from crm_desktop.cli.report_forms import Press
from crm_desktop.i18n import set_language
from crm_desktop.profile import version
from crm_desktop.settings import load

INTERRUPTED = 130

HANDLERS: Mapping[str, str] = {
    "login": "signing.login",
    "logout": "signing.logout",
    "sync": "signing.sync",
    "status": "signing.status",
    "kinds": "reading.kinds",
    "list": "reading.list_",
    "show": "reading.show",
    "history": "reading.history",
    "add": "writing.add",
    "set": "writing.set_",
    "delete": "writing.delete",
    "restore": "writing.restore",
    "undo": "writing.undo",
    "attach": "attachments.attach",
    "fetch-attachment": "attachments.fetch",
    "conflicts": "inbox.conflicts",
    "resolve": "inbox.resolve",
    "rekey": "rekeying.rekey",
    "orphans": "handing.orphans",
    "offer": "handing.offer",
    "import": "files.import_",
    "import-revert": "files.import_revert",
    "export": "files.export_",
    "report": "reports.report",
    "doctor": "support.doctor",
    "backup": "support.backup",
    "restore-backup": "support.restore_backup",
}
"""Where each command lives; only the module of the one that is called is imported."""


def parse(argv: list[str] | None) -> Arguments:
    """The words of a call; ends the program (exit 2) where they have no meaning."""
    words = sys.argv[1:] if argv is None else argv
    set_language(_locale(words))
    return make_parser(version()).parse_args(words, namespace=Arguments())


def run(arguments: Arguments, passphrase: str | None, press: Press | None = None) -> int:
    """Do what the words ask for; the exit code. Problems are one line on the error stream.

    `press` prints forms (Qt is not ours to import)."""
    module, _, name = HANDLERS[arguments.command].partition(".")
    handler: Callable[[Desk], Exit] = getattr(
        importlib.import_module(f"crm_desktop.cli.{module}"), name
    )
    return ended(arguments.folder, lambda: handler(Desk(arguments, passphrase, press)))


def ended(profile: Path, work: Callable[[], int]) -> int:
    """The exit code of some work, with the one line for what went wrong."""
    try:
        code = int(work())
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has seen enough; Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.DONE
    except KeyboardInterrupt:
        return INTERRUPTED
    except Bug as error:
        sys.stderr.write(note_unexpected(profile, error) + "\n")
        return Exit.FAILED
    except CrmError as error:
        sys.stderr.write(one_line(error) + "\n")
        return code_of(error)
    return code


def _locale(words: list[str]) -> str:
    """The language: what is asked for, what the profile is set to, what the system speaks."""
    for name, value in zip(words, [*words[1:], ""], strict=True):
        if name.startswith("--locale"):
            return name.partition("=")[2] or value
    from_system = (os.environ.get(name, "") for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return _profile_locale(words) or next(filter(None, from_system), "")


def _profile_locale(words: list[str]) -> str:
    for name, value in zip(words, [*words[1:], ""], strict=True):
        if name == "--profile":
            try:
                settings = load(Path(value))
            except CrmError:
                return ""
            return settings.locale if settings is not None else ""
    return ""
