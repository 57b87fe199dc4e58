"""How a command ends: its exit code, and the one line for what went wrong."""

from __future__ import annotations

import datetime as dt
import logging
import sys
import tempfile
import traceback
from enum import IntEnum
from pathlib import Path
from types import TracebackType

from crm_core.errors import CrmError, NotAllowed, SignedOut, Unavailable, UserProblem
from crm_desktop.i18n import tr, words
from crm_desktop.paths import make_private_folder

LOGS = "logs"
LOG_FILE = "crm-desktop.log"
LOG_BYTES_MAX = 1024 * 1024


class Exit(IntEnum):
    """The exit codes of the command line (cli.md)."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    WAITS_FOR_YOU = 3
    NOT_REACHABLE = 4
    SIGNED_OUT = 5


class Usage(UserProblem):
    """The command was called in a way that has no meaning."""


_CODES: tuple[tuple[type[CrmError], Exit], ...] = (
    (Usage, Exit.USAGE),
    (SignedOut, Exit.SIGNED_OUT),
    (NotAllowed, Exit.SIGNED_OUT),
    (Unavailable, Exit.NOT_REACHABLE),
)


def code_of(error: CrmError) -> Exit:
    """The exit code that an error stands for."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), Exit.FAILED)


def one_line(error: CrmError) -> str:
    """The error's sentence in the user's language, whatever line breaks its values hold."""
    return " ".join(words(error.message).split())


def note_unexpected(profile: Path, error: BaseException) -> str:
    """Write an error that nobody foresaw into the log; the line for the user.

    Only the kinds of errors and the places in our code are written: their texts may hold what a
    customer typed.
    """
    log = _log_file(profile)
    chain: BaseException | None = error
    lines = [f"{dt.datetime.now(dt.UTC):%Y-%m-%dT%H:%M:%SZ} {sys.version.split()[0]}"]
    while chain is not None:
        lines.append(type(chain).__name__)
        frames = traceback.extract_tb(chain.__traceback__)
        lines += [f"  {frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        chain = chain.__cause__ or chain.__context__
    with log.open("a", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    return tr("An unexpected error ({kind}); it is noted in {file}.", kind=lines[1], file=str(log))


def _log_file(profile: Path) -> Path:
    """The profile's log; where there is no profile, one among the temporary files."""
    folder = make_private_folder(profile / LOGS) if profile.exists() else _temporary()
    file = folder / LOG_FILE
    if file.exists() and file.stat().st_size > LOG_BYTES_MAX:
        file.replace(file.with_suffix(".old.log"))
    return file


def _temporary() -> Path:
    return Path(tempfile.mkdtemp(prefix="crm-desktop-"))


def watch_for_the_unexpected(profile: Path) -> None:
    """From now on, an error that nobody catches is one line and a note, and exit code 1."""

    def note(_kind: type[BaseException], error: BaseException, _: TracebackType | None) -> None:
        sys.stderr.write(note_unexpected(profile, error) + "\n")

    sys.excepthook = note
    logging.raiseExceptions = False
