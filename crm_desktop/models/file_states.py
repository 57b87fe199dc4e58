"""How each attached file stands on this device: on its way up, on its way down, here, or absent.

The contents lie in `models.blobs`; a row of `file` says what becomes of them. A file without a row
is absent: its attachment came from a colleague and nobody has asked for it yet.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from enum import StrEnum

import msgspec

from crm_core.files import is_picture
from crm_core.ids import RecordId
from crm_core.values import instant_of
from crm_desktop.models.connection import Connection
from crm_desktop.models.sql import blob, id_of

RETRY_FIRST_S = 300.0
RETRY_MAX_S = 86_400.0
"""After a failure that may pass (no room on the server) it is tried again, later each time."""

UNSENT = "mine = 1 AND state <> 'sent'"
"""Which files the server has not taken yet, in the words of their index."""

KEPT_UNUSED_DAYS = 30
KEPT_OWN_DAYS = 60
"""As long as the journal: own files may have to be sent again to a restored server."""


class FileState(StrEnum):
    """Where a file is on its way. `SENT`: it is here, and the server has it; `HERE`: it was
    fetched. A `FAILED` file waits with a reason; a `DRAFT` for its form to be saved."""

    QUEUED = "queued"
    SENDING = "sending"
    SENT = "sent"
    ABSENT = "absent"
    FETCHING = "fetching"
    HERE = "here"
    FAILED = "failed"
    DRAFT = "draft"


class FileRow(msgspec.Struct, frozen=True):
    """One file. `done`: bytes sent or fetched so far; `mine`: it was attached on this device;
    `code` and `params`: why it waits."""

    sha256: str
    size: int = 0
    state: FileState = FileState.ABSENT
    done: int = 0
    mine: bool = False
    code: str = ""
    params: Mapping[str, str] = {}
    tries: int = 0

    @property
    def is_readable(self) -> bool:
        """Whether its content is on this device."""
        return self.mine or self.state is FileState.HERE


class Transfers(msgspec.Struct, frozen=True):
    """How many files wait to be sent and to be fetched, and how many wait for a person.
    `are_photos`: all that wait to be sent are pictures; `goes_on`: some travel just now."""

    sending: int = 0
    fetching: int = 0
    failed: int = 0
    are_photos: bool = False
    goes_on: bool = False


_COLUMNS = "hash, size, state, done, mine, code, params, tries"
_PARAMS = msgspec.json.Decoder(dict[str, str])

_IN_WORK = (
    "lower(hex(hash)) IN (SELECT o.new ->> 'sha256' FROM op o JOIN changeset s ON s.n = o.cs"
    " WHERE o.kind = 'attachment' AND s.state <> 'discarded' AND o.new ->> 'sha256' IS NOT NULL)"
)
_IN_ROWS = (
    "lower(hex(hash)) IN (SELECT sha256 FROM attachment WHERE deleted = 0 AND sha256 IS NOT NULL)"
)
DRAFT_FILES = "/files"
"""How the name ends under which a draft's files are kept."""

_IN_DRAFTS = (
    "lower(hex(hash)) IN (SELECT j.value ->> 'sha256' FROM meta m, json_each(m.value) j"
    f" WHERE m.name GLOB 'draft:*{DRAFT_FILES}')"
)
_IN_PINNED = (
    "lower(hex(hash)) IN (SELECT a.sha256 FROM attachment a JOIN pinned p ON p.id = a.root"
    " WHERE a.deleted = 0 AND a.sha256 IS NOT NULL)"
)


def _row(found: tuple[object, ...]) -> FileRow:
    key, size, state, done, mine, code, params, tries = found
    assert isinstance(key, bytes)
    return FileRow(
        key.hex(), int(str(size)), FileState(str(state)), int(str(done)), bool(mine),
        str(code or ""), _PARAMS.decode(str(params)) if params else {}, int(str(tries)),
    )  # fmt: skip


def file_of(c: Connection, sha256: str) -> FileRow:
    """How one file stands."""
    found = c.one(f"SELECT {_COLUMNS} FROM file WHERE hash = ?", (bytes.fromhex(sha256),))
    return _row(found) if found is not None else FileRow(sha256)


def files_of(c: Connection, hashes: Iterable[str]) -> dict[str, FileRow]:
    """How each of some files stands."""
    return {one: file_of(c, one) for one in hashes}


def unsent(c: Connection) -> frozenset[str]:
    """The files that the server has not taken yet: what names them waits."""
    return frozenset(key.hex() for (key,) in c.rows(f"SELECT hash FROM file WHERE {UNSENT}"))


def under_way(c: Connection) -> frozenset[str]:
    """The files that are to be sent or fetched, or wait with a reason; and what work on its way
    names."""
    found = c.rows(f"SELECT hash FROM file WHERE ({UNSENT}) OR state IN ('fetching', 'failed')")
    travelling = c.rows(
        "SELECT DISTINCT o.new ->> 'sha256' FROM changeset s JOIN op o ON o.cs = s.n"
        " WHERE s.state <> 'confirmed' AND s.state IN ('queued', 'sent', 'waiting')"
        " AND o.kind = 'attachment' AND length(o.new ->> 'sha256') = 64"
    )
    return frozenset(key.hex() for (key,) in found) | {sha256 for (sha256,) in travelling}


def transfers(c: Connection, now: dt.datetime) -> Transfers:
    """What is on its way."""
    states: dict[tuple[str, int], int] = {
        (state, mine): many
        for state, mine, many in c.rows(
            "SELECT state, mine, count(*) FROM file"
            " WHERE state IN ('queued', 'sending', 'fetching', 'failed') GROUP BY state, mine"
        )
    }
    sending = states.get(("queued", 1), 0) + states.get(("sending", 1), 0)
    fetching = sum(many for (state, _), many in states.items() if state == "fetching")
    failed = sum(many for (state, _), many in states.items() if state == "failed")
    return Transfers(sending, fetching, failed, sending > 0 and _are_photos(c))


def _are_photos(c: Connection) -> bool:
    """Whether whatever waits for its file is a picture, by its name."""
    names = c.rows(
        "SELECT o.new ->> 'name' FROM changeset s JOIN op o ON o.cs = s.n"
        " JOIN file f ON f.hash = unhex(o.new ->> 'sha256') AND f.state IN ('queued', 'sending')"
        " WHERE s.state = 'waiting' AND s.state <> 'confirmed' AND o.kind = 'attachment'"
    )
    return bool(names) and all(is_picture(str(name)) for (name,) in names)


# -- sending


def add_own(c: Connection, sha256: str, size: int, at: str) -> None:
    """A file was attached here: it waits to be sent, unless the server has it from here already."""
    c.run(
        "INSERT INTO file (hash, size, state, mine, at) VALUES (?, ?, 'queued', 1, ?)"
        " ON CONFLICT(hash) DO UPDATE SET mine = 1, at = excluded.at,"
        " state = CASE state WHEN 'sent' THEN state WHEN 'sending' THEN state ELSE 'queued' END,"
        " done = CASE state WHEN 'sending' THEN done ELSE 0 END, tries = 0, retry_at = NULL",
        (bytes.fromhex(sha256), size, at),
    )


def add_drafted(c: Connection, sha256: str, size: int, at: str) -> None:
    """A file was attached to a form that is not saved yet: nothing of it is sent."""
    c.run(
        "INSERT INTO file (hash, size, state, mine, at) VALUES (?, ?, 'draft', 1, ?)"
        " ON CONFLICT(hash) DO NOTHING",
        (bytes.fromhex(sha256), size, at),
    )


def send_drafted(c: Connection) -> None:
    """This device is withdrawn: what hangs on forms that are not saved is left too."""
    c.run("UPDATE file SET state = 'queued' WHERE state = 'draft'")


def next_to_send(c: Connection, now: dt.datetime) -> FileRow | None:
    """The file to be sent next: the one begun, then the oldest; one that failed when its time has
    come. What nobody needs any more is passed by."""
    found = c.one(
        f"SELECT {_COLUMNS} FROM file WHERE {UNSENT} AND state <> 'draft' AND {_DUE}"
        f" AND ({_IN_WORK} OR {_IN_DRAFTS}) ORDER BY state <> 'sending', at, hash LIMIT 1",
        _due_at(now),
    )
    return _row(found) if found is not None else None


_DUE = "(state <> 'failed' OR (retry_at IS NOT NULL AND (retry_at <= ? OR retry_at > ?)))"
"""A moment further ahead than any wait was written by a clock that was wrong."""


def _due_at(now: dt.datetime) -> tuple[str, str]:
    return instant_of(now), instant_of(now + dt.timedelta(seconds=RETRY_MAX_S))


def note_sending(c: Connection, sha256: str, done: int) -> None:
    """So much of a file is on the server."""
    c.run(
        f"UPDATE file SET state = 'sending', done = ?, code = NULL, params = NULL WHERE hash = ?"
        f" AND {UNSENT}",
        (done, bytes.fromhex(sha256)),
    )


def note_sent(c: Connection, sha256: str) -> None:
    """The server has the file; who frees what waited for it is `journal.blocking`."""
    c.run(
        "UPDATE file SET state = 'sent', done = size, code = NULL, params = NULL, tries = 0,"
        " retry_at = NULL WHERE hash = ? AND mine = 1",
        (bytes.fromhex(sha256),),
    )


def send_again(c: Connection, hashes: Iterable[str]) -> None:
    """The server lost its history: what work that is offered again names is offered again too."""
    c.many(
        "UPDATE file SET state = 'queued', done = 0, tries = 0, retry_at = NULL"
        " WHERE hash = ? AND mine = 1",
        [(bytes.fromhex(one),) for one in hashes],
    )


def named_by_unconfirmed(c: Connection) -> list[str]:
    """The files of work that the server's history does not hold for certain."""
    found = c.rows(
        "SELECT DISTINCT o.new ->> 'sha256' FROM op o JOIN changeset s ON s.n = o.cs"
        " WHERE o.kind = 'attachment' AND s.state NOT IN ('confirmed', 'discarded')"
        " AND length(o.new ->> 'sha256') = 64"
    )
    return [sha256 for (sha256,) in found]


# -- fetching


def want(c: Connection, sha256: str, size: int, at: str) -> None:
    """Somebody asked for a file that is not here."""
    c.run(
        "INSERT INTO file (hash, size, state, at) VALUES (?, ?, 'fetching', ?)"
        " ON CONFLICT(hash) DO UPDATE SET state = 'fetching', tries = 0, retry_at = NULL,"
        " code = NULL, params = NULL, at = excluded.at WHERE mine = 0 AND state <> 'here'",
        (bytes.fromhex(sha256), size, at),
    )


def want_pinned(c: Connection, at: str) -> int:
    """Ask for all files of pinned accounts that nobody asked for; how many there were."""
    found = c.rows(
        "SELECT DISTINCT a.sha256, coalesce(a.size, 0) FROM pinned p JOIN attachment a"
        " ON a.root = p.id LEFT JOIN file f ON f.hash = unhex(a.sha256) WHERE a.deleted = 0"
        " AND length(a.sha256) = 64 AND unhex(a.sha256) IS NOT NULL AND f.hash IS NULL"
    )
    for sha256, size in found:
        want(c, sha256, size, at)
    return len(found)


def next_to_fetch(c: Connection, now: dt.datetime) -> FileRow | None:
    """The file to be fetched next: the last one that was asked for."""
    found = c.one(
        f"SELECT {_COLUMNS} FROM file WHERE mine = 0 AND state IN ('fetching', 'failed')"
        f" AND {_DUE} AND {_IN_ROWS} ORDER BY at DESC, hash LIMIT 1",
        _due_at(now),
    )
    return _row(found) if found is not None else None


def note_fetching(c: Connection, sha256: str, done: int, size: int) -> None:
    """So much of a file is here."""
    c.run(
        "UPDATE file SET state = 'fetching', done = ?, size = ?, code = NULL, params = NULL"
        " WHERE hash = ? AND mine = 0",
        (done, size, bytes.fromhex(sha256)),
    )


def note_here(c: Connection, sha256: str, at: str) -> None:
    """The file is here, whole."""
    c.run(
        "UPDATE file SET state = 'here', done = size, code = NULL, params = NULL, tries = 0,"
        " retry_at = NULL, at = ? WHERE hash = ? AND mine = 0",
        (at, bytes.fromhex(sha256)),
    )


def note_lost(c: Connection, sha256: str) -> None:
    """What was thought to be here is damaged or gone. What the server has can be fetched again."""
    c.run(
        "UPDATE file SET mine = 0, state = 'absent', done = 0 WHERE hash = ?"
        " AND (mine = 0 OR state = 'sent')",
        (bytes.fromhex(sha256),),
    )


def note_used(c: Connection, sha256: str, at: str) -> None:
    """Somebody looked at it: it is kept longer."""
    c.run("UPDATE file SET at = ? WHERE hash = ? AND state = 'here'", (at, bytes.fromhex(sha256)))


# -- failing and asking again


def note_failed(
    c: Connection, sha256: str, code: str, params: Mapping[str, str], now: dt.datetime
) -> None:
    """A file waits with a reason, and is tried again later."""
    tries = int(c.value("SELECT tries FROM file WHERE hash = ?", (bytes.fromhex(sha256),)) or 0)
    wait_s = min(RETRY_FIRST_S * 2 ** min(tries, 20), RETRY_MAX_S)
    c.run(
        "UPDATE file SET state = 'failed', done = 0, code = ?, params = ?, tries = ?, retry_at = ?"
        " WHERE hash = ? AND state <> 'sent'",
        (
            code, msgspec.json.encode({**params}).decode(), tries + 1,
            instant_of(now + dt.timedelta(seconds=wait_s)), bytes.fromhex(sha256),
        ),
    )  # fmt: skip


def try_again(c: Connection, sha256: str) -> None:
    """A person wants a file that failed to be tried now."""
    c.run(
        "UPDATE file SET state = CASE mine WHEN 1 THEN 'queued' ELSE 'fetching' END, tries = 0,"
        " retry_at = NULL, code = NULL, params = NULL WHERE hash = ? AND state = 'failed'",
        (bytes.fromhex(sha256),),
    )


# -- pinned accounts


def pin(c: Connection, account: RecordId, at: str) -> None:
    """The files of an account come by themselves from now on."""
    c.run("INSERT OR IGNORE INTO pinned (id, at) VALUES (?, ?)", (blob(account), at))


def unpin(c: Connection, account: RecordId) -> None:
    """The files of an account are fetched when somebody asks for them."""
    c.run("DELETE FROM pinned WHERE id = ?", (blob(account),))


def is_pinned(c: Connection, account: RecordId) -> bool:
    """Whether the files of an account come by themselves."""
    return c.one("SELECT 1 FROM pinned WHERE id = ?", (blob(account),)) is not None


def account_above(c: Connection, kind: str, record_id: RecordId) -> RecordId | None:
    """The account to which what hangs on a record belongs."""
    if kind == "account":
        return record_id
    if kind not in ("visit", "complaint", "interaction", "task", "plan", "order"):
        return None
    found = c.value(f'SELECT account FROM "{kind}" WHERE id = ?', (blob(record_id),))
    return id_of(found) if isinstance(found, bytes) else None


# -- letting go


def forget_unneeded(c: Connection, now: dt.datetime) -> list[str]:
    """Forget the files that no record and no own work names any more, and of the others those that
    nobody looked at for long and that the server has; their contents are to be removed within the
    same turn to write."""
    unused = instant_of(now - dt.timedelta(days=KEPT_UNUSED_DAYS))
    own = instant_of(now - dt.timedelta(days=KEPT_OWN_DAYS))
    found = c.rows(
        f"SELECT hash FROM file WHERE NOT {_IN_WORK} AND NOT {_IN_DRAFTS} AND (NOT {_IN_ROWS}"
        " OR (at < iif(mine, ?, ?)"
        f" AND state IN ('sent', 'here') AND NOT {_IN_PINNED}))",
        (own, unused),
    )
    c.many("DELETE FROM file WHERE hash = ?", found)
    return [key.hex() for (key,) in found]


def forget_drafted(c: Connection) -> list[str]:
    """Forget the files of forms that are not kept any more, unless something else needs them; their
    contents are to be removed within the same turn to write."""
    found = c.rows(
        f"SELECT hash FROM file WHERE state = 'draft' AND NOT {_IN_DRAFTS} AND NOT {_IN_WORK}"
        f" AND NOT {_IN_ROWS}"
    )
    c.many("DELETE FROM file WHERE hash = ?", found)
    return [key.hex() for (key,) in found]


def readable(c: Connection) -> list[FileRow]:
    """All files whose contents are thought to be on this device."""
    found = c.rows(f"SELECT {_COLUMNS} FROM file WHERE mine = 1 OR state = 'here'")
    return [_row(one) for one in found]


def known(c: Connection) -> list[str]:
    """All files that are spoken of here."""
    return [key.hex() for (key,) in c.rows("SELECT hash FROM file")]
