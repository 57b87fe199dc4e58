"""Words for attached files: how large, where on their way, and what is said of all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from crm_core.problems import words_for
from crm_desktop.i18n import tr, words
from crm_desktop.models.attaching import AttachedFile
from crm_desktop.models.file_states import FileRow, FileState

_KB, _MB = 1024, 1024 * 1024


def size_words(size: int) -> str:
    """A size as a person reads it."""
    if size >= _MB:
        return tr("{n} MB", n=f"{size / _MB:.1f}".removesuffix(".0"))
    return tr("{n} KB", n=max(1, round(size / _KB)) if size else 0)


def _percent(file: FileRow) -> int:
    return min(99, file.done * 100 // file.size) if file.size else 0


_STATES: Mapping[FileState, Callable[[FileRow], str]] = {
    FileState.QUEUED: lambda _: tr("waiting to be sent"),
    FileState.SENDING: lambda file: tr("sending, {percent} %", percent=_percent(file)),
    FileState.SENT: lambda _: tr("sent"),
    FileState.ABSENT: lambda _: tr("not on this device"),
    FileState.FETCHING: lambda file: (
        tr("being fetched, {percent} %", percent=_percent(file))
        if file.done
        else tr("being fetched")
    ),
    FileState.HERE: lambda _: tr("on this device"),
    FileState.DRAFT: lambda _: tr("sent when this is saved"),
    FileState.FAILED: lambda file: words(words_for(file.code, file.params)),
}


def state_words(file: FileRow, *, sparing: bool = False) -> str:
    """Where a file is on its way. `sparing`: this network is metered, and what waits to be sent
    waits for another one."""
    if sparing and file.state is FileState.QUEUED:
        return tr("waits: this network is metered")
    return _STATES[file.state](file)


def sending_words(files: Sequence[AttachedFile], *, sparing: bool = False) -> str:
    """What is said of all files of a record while some are still to be sent; "" for none.
    `sparing`: this network is metered, and they wait for another one."""
    own = [one.file for one in files if one.file.mine and one.file.state is not FileState.DRAFT]
    sent = sum(file.state is FileState.SENT for file in own)
    if sent == len(own):
        return ""
    if sparing:
        return tr("{sent} of {n} sent, the rest waits: metered.", sent=sent, n=len(own))
    return tr("{sent} of {n} sent, the rest goes on when online.", sent=sent, n=len(own))
