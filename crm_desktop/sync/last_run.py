"""How the last synchronisation ended, and since when none has come through: kept in the store, so
that a restart of the window and `status` in another process say the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from crm_core.errors import CrmError, SignedOut
from crm_desktop.sync.failures import FailureClass, class_of

META_LAST_RUN = "sync.last_run"
"""The `FailureClass` that ended the last run, or "", and behind a space since when."""


class Notes(Protocol):
    """Where it is kept (`models.store.Store` is one)."""

    def meta(self, name: str, /) -> str | None:
        """The value kept under a name."""
        ...

    def set_meta(self, name: str, value: str, /) -> None:
        """Keep a value."""
        ...


@dataclass(frozen=True, slots=True)
class LastRun:
    """`failure`: "" or a `FailureClass`; `since`: the instant of the first of the runs in a row
    that ended like this one, "" after a run that came through."""

    failure: str = ""
    since: str = ""


def last_run(notes: Notes) -> LastRun:
    """What is kept."""
    failure, _, since = (notes.meta(META_LAST_RUN) or "").partition(" ")
    return LastRun(failure, since)


def remember(notes: Notes, failure: CrmError | None, at: str) -> LastRun:
    """Keep how a run ended at the instant `at`."""
    word, before = last_run_of(failure), last_run(notes)
    is_same = bool(before.since) and _is_unreached(word) is _is_unreached(before.failure)
    ended = LastRun(word, (before.since if is_same else at) if word else "")
    if ended != before:
        notes.set_meta(META_LAST_RUN, f"{ended.failure} {ended.since}".strip())
    return ended


def last_run_of(failure: CrmError | None) -> str:
    """How a run ended, in the word that `sync.status` reads."""
    if isinstance(failure, SignedOut):
        return FailureClass.AUTH.value
    return class_of(failure).value if failure is not None else ""


def _is_unreached(failure: str) -> bool:
    return failure == FailureClass.TRANSPORT
