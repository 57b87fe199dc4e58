"""The server's log: plain lines or JSON lines, and of an error never its words.

What an exception says may quote what a customer typed (a value that PostgreSQL refuses, the key of
a dictionary), so a log tells its kind, PostgreSQL's code for it, and the places in the code.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
import os
import sys
import traceback
from collections.abc import Iterator
from types import TracebackType

import psycopg
from typing_extensions import override

LEVEL_VARIABLE, FORMAT_VARIABLE = "CRM_SERVER_LOG_LEVEL", "CRM_SERVER_LOG_FORMAT"
FORMATS = ("text", "json")

FIELDS = ("method", "path", "status", "ms", "bytes", "organisation", "device")
"""What a line may say beside its words; given by `extra`."""

_OURS = ("crm_server", "uvicorn")
"""Whose words are known to quote nobody. Of another library's line only what stands in its code is
kept, without what was filled in."""

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]


def configure(level: str, form: str) -> None:
    """Write the log of this process to the standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if form == "json" else PlainLines())
    logging.basicConfig(level=level, handlers=[handler])


def configure_from_environment() -> None:
    """The same in a worker process, as its parent was told."""
    level = os.environ.get(LEVEL_VARIABLE, "WARNING")
    configure(level, os.environ.get(FORMAT_VARIABLE, "text"))


class PlainLines(logging.Formatter):
    """One line for a person; an error's kind and places below it."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    @override
    def format(self, record: logging.LogRecord) -> str:
        head = f"{_moment(record)} {record.levelname} {record.name}: {_words(record)}"
        return "\n".join((head, *(f"  {line}" for line in _error_of(record))))


class JsonLines(logging.Formatter):
    """One JSON object a line, for a collector of logs."""

    @override
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": _moment(record), "level": record.levelname, "logger": record.name,
            "process": record.process, "message": _words(record),
        }  # fmt: skip
        line.update((name, getattr(record, name)) for name in FIELDS if hasattr(record, name))
        error = list(_error_of(record))
        if error:
            line["error"] = error
        return json.dumps(line, ensure_ascii=False)


def described(error: BaseException) -> Iterator[str]:
    """An error and what led to it: kinds, codes and places, without their words."""
    chain: BaseException | None = error
    seen: set[int] = set()
    while chain is not None and id(chain) not in seen:
        seen.add(id(chain))
        yield kind_of(chain)
        for frame in traceback.extract_tb(chain.__traceback__):
            yield f"  {frame.filename}:{frame.lineno} {frame.name}"
        chain = chain.__cause__ or chain.__context__


def kind_of(error: BaseException) -> str:
    """The kind of an error. PostgreSQL's come with their code; what libpq says itself, before any
    statement was sent, names the host and the reason, and is kept."""
    name = type(error).__name__
    if not isinstance(error, psycopg.Error):
        return name
    if error.sqlstate is not None:
        return f"{name} {error.sqlstate}"
    if isinstance(error, psycopg.OperationalError):
        return f"{name}: {' '.join(str(error).split())}"
    return name


def reason(error: BaseException) -> str:
    """Why, in one line: the innermost cause of an error that is told already."""
    cause = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    return kind_of(cause)


def _error_of(record: logging.LogRecord) -> Iterator[str]:
    info: ExcInfo | None = record.exc_info
    if info is not None and info[1] is not None:
        yield from described(info[1])


def _words(record: logging.LogRecord) -> str:
    if record.name.split(".", 1)[0] in _OURS:
        return record.getMessage()
    return str(record.msg).partition("\n")[0]


def _moment(record: logging.LogRecord) -> str:
    moment = dt.datetime.fromtimestamp(record.created, dt.UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
