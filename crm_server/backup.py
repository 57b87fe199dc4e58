"""Backup and restore: every table and every attached file of one organisation in one compressed
file, on either store.

A restore starts a new epoch: the clock jumps past whatever the lost history used, and the clients
bring back what the backup lacks (sync.md §2.2). The server's key is never part of a backup.
"""

from __future__ import annotations

import base64
import datetime as dt
import io
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any, cast

import zstandard
from sqlalchemy import LargeBinary, Table
from sqlalchemy.dialects.postgresql import JSONB

from crm_core.errors import Refused, UserProblem
from crm_core.files import is_hash
from crm_core.i18n import Message, tr_noop
from crm_server.blobs import READ_BYTES, Blobs
from crm_server.engines import is_sound_file
from crm_server.erasing import erase_within
from crm_server.erasures import KNOWN_SINCE, joined, known_to, list_in, unknown
from crm_server.migrate import bring_up
from crm_server.moments import hours_between
from crm_server.organisations import FILES, Organisations
from crm_server.service import Service
from crm_server.store import SLUG, Tx, next_seq_range, write_clock
from crm_server.tables import STORE_VERSION, metadata

JOURNAL_DAYS = 60
"""Clients keep what they sent so long: what is older, they cannot bring back."""

FORMAT = 1
_VERSIONS = range(1, STORE_VERSION + 1)
ROWS_AT_A_TIME = 2000
PACKED_AT_A_TIME = 20
"""Rows with what devices left, which may take megabytes each."""
LEVEL = 6


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restore did."""

    slug: str
    rows: int
    epoch: str
    seq: int
    warnings: tuple[Message, ...] = ()
    files: int = 0


def backup(service: Service, out: Path, blobs: Blobs | None = None) -> int:
    """Write one snapshot to `out`, which must be new, with the files that it names; returns the
    number of rows. A file that is named is there: it is sent before its record."""
    part = out.with_name(out.name + ".part")
    if out.exists():
        raise UserProblem(tr_noop("{file} exists already."), file=str(out))
    rows = 0
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "wb") as file:
        compressor = zstandard.ZstdCompressor(level=LEVEL)
        with compressor.stream_writer(file, closefd=False) as writer, service.store.read() as tx:
            clock = tx.clock()
            header = {
                "crm_backup": FORMAT, "version": clock.version, "slug": clock.slug,
                "organisation": clock.organisation, "at": service.now, "seq": clock.seq,
            }  # fmt: skip
            _write(writer, header)
            for table in metadata.sorted_tables:
                _write(writer, {"table": table.name, "columns": [*table.columns.keys()]})
                for row in _rows_of(tx, table):
                    _write(writer, row)
                    rows += 1
            _write(writer, {"end": rows})
            if blobs is not None:
                for sha256, _ in blobs.contents(tx):
                    _write_file(writer, blobs.path(sha256), sha256)
            _write(writer, {"files": "end"})
            if clock.version >= KNOWN_SINCE:
                list_in(out.parent, clock.slug).add(known_to(tx))
        os.fsync(file.fileno())
    part.replace(out)
    return rows


def _write(writer: Any, item: object) -> None:
    writer.write(json.dumps(item, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")


def _write_file(writer: Any, path: Path, sha256: str) -> None:
    """A content as lines of base64; one that is missing is left out, as `check` says of it."""
    if not path.exists():
        return
    _write(writer, {"file": sha256})
    with path.open("rb") as file:
        while piece := file.read(READ_BYTES):
            _write(writer, base64.b64encode(piece).decode())


def _rows_of(tx: Tx, table: Table) -> Iterator[list[Any]]:
    """All rows, some at a time in the order of their key: a table may be larger than memory."""
    columns = list(table.columns)
    names = ",".join(f'"{x.name}"::text' if _is_json(x.type) else f'"{x.name}"' for x in columns)
    packed = [n for n, x in enumerate(columns) if isinstance(x.type, LargeBinary)]
    keys = [x.name for x in table.primary_key.columns]
    places = [n for n, x in enumerate(columns) if x.primary_key]
    order = ",".join(f'"{name}"' for name in keys)
    after = f" WHERE ({order}) > ({','.join('?' * len(keys))})"
    size = PACKED_AT_A_TIME if packed else ROWS_AT_A_TIME
    last: list[Any] = []
    while True:
        sql = f"SELECT {names} FROM {table.name}{after if last else ''} ORDER BY {order} LIMIT ?"
        found = tx.rows(sql, (*last, size))
        for row in found:
            cells = list(row)
            for n in packed:
                cells[n] = base64.b64encode(bytes(cells[n])).decode()
            yield cells
        if len(found) < size:
            return
        last = [found[-1][n] for n in places]


def _is_json(kind: Any) -> bool:
    return any(isinstance(x, JSONB) for x in kind._variant_mapping.values())  # noqa: SLF001


def restore(organisations: Organisations, file: Path) -> Restored:
    """Replace an organisation by a backup, in one transaction. Raises UserProblem."""
    with file.open("rb") as source:
        reader = zstandard.ZstdDecompressor().stream_reader(source)
        lines = _lines(io.TextIOWrapper(reader, encoding="utf-8"), file)
        header = _header(next(lines, None), file)
        slug = str(header["slug"])
        damaged = _set_aside_damaged(organisations, slug)
        store = organisations.store(slug)
        here, beside = list_in(organisations.folder, slug), list_in(file.parent, slug)
        try:
            store.create_tables()
            with store.note() as tx:
                given_out = _seq_of(tx)
                ever = joined((here.read(), beside.read(), known_to(tx)))
                rows = _replace_all(tx, lines, file)
                bring_up(tx, tx.clock())
                epoch = organisations.new_id()
                start_epoch(tx, epoch, organisations.clock(), given_out)
                service = Service(store, clock=organisations.clock, new_id=organisations.new_id)
                blobs = Blobs(service, organisations.folder / FILES / slug)
                files = _take_files(blobs, lines, file)
                done = erase_within(service, tx, tx.clock(), unknown(ever, known_to(tx)))
                seq = tx.clock().seq
            here.add(ever)
            blobs.forget(done.files)
        finally:
            store.close()
    warnings = [
        Message(tr_noop("The damaged database was kept as {file}."), {"file": str(kept)})
        for kept in damaged
    ]
    if hours_between(str(header.get("at")), service.now) > JOURNAL_DAYS * 24:
        words = tr_noop(
            "The backup is older than {days} days: the clients keep no journal so long."
        )
        warnings.append(Message(words, {"days": JOURNAL_DAYS}))
    return Restored(slug, rows, epoch, seq, tuple(warnings), files)


def _set_aside_damaged(organisations: Organisations, slug: str) -> list[Path]:
    """A SQLite file that is damaged makes room for the backup; where it lies then, if it did."""
    file = organisations.file(slug)
    if file is None or not file.exists() or is_sound_file(file):
        return []
    aside = file.with_name(f"{file.name}.damaged-{organisations.clock():%Y%m%dT%H%M%S}")
    for ending in ("-wal", "-shm", ""):
        part = file.with_name(file.name + ending)
        if part.exists():
            part.replace(aside.with_name(aside.name + ending))
    return [aside]


def _take_files(blobs: Blobs, lines: Iterator[Any], file: Path) -> int:
    """Put the files that follow the tables in their places. Older backups end with the tables."""
    taken, item = 0, next(lines, None)
    while isinstance(item, dict) and "file" in item:
        said: dict[str, Any] = {**item}
        name, item = str(said["file"]), None

        def pieces() -> Iterator[bytes]:
            nonlocal item
            for item in lines:
                if not isinstance(item, str):
                    return
                yield base64.b64decode(item)
            item = None

        if not is_hash(name):
            raise _not_ours(file)
        try:
            blobs.put(name, pieces())
        except Refused as error:
            raise _not_ours(file) from error
        taken += 1
    if item is None and taken:
        raise _not_ours(file)
    return taken


def _lines(text: IO[str], file: Path) -> Iterator[Any]:
    try:
        for line in text:
            yield json.loads(line)
    except (zstandard.ZstdError, ValueError, UnicodeDecodeError) as error:
        raise _not_ours(file) from error


def _header(found: Any, file: Path) -> dict[str, Any]:
    if not isinstance(found, dict) or "crm_backup" not in found:
        raise _not_ours(file)
    header: dict[str, Any] = {**found}
    if header["crm_backup"] != FORMAT or header.get("version") not in _VERSIONS:
        raise UserProblem(tr_noop("{file} was written by another version."), file=str(file))
    if not SLUG.match(str(header.get("slug"))):
        raise _not_ours(file)
    return header


def _not_ours(file: Path) -> UserProblem:
    return UserProblem(tr_noop("{file} is not a complete backup of this server."), file=str(file))


def _seq_of(tx: Tx) -> int:
    """The clock's seq of the history that is given up; 0 where there was none."""
    found = tx.row("SELECT seq FROM clock")
    return int(found[0]) if found is not None else 0


def _replace_all(tx: Tx, lines: Iterator[Any], file: Path) -> int:
    for table in metadata.sorted_tables:
        tx.run(f"DELETE FROM {table.name}")
    rows = 0
    table: Table | None = None
    held: list[list[Any]] = []
    for item in lines:
        if isinstance(item, list) and table is not None:
            held.append(cast("list[Any]", item))
            if len(held) >= ROWS_AT_A_TIME:
                rows += _insert(tx, table, held)
            continue
        if table is not None:
            rows += _insert(tx, table, held)
        said: dict[str, Any] = {**item} if isinstance(item, dict) else {}
        if said.get("end") == rows:
            return rows
        table = metadata.tables.get(str(said.get("table")))
        if table is None or said.get("columns") != [*table.columns.keys()]:
            raise _not_ours(file)
    raise _not_ours(file)


def _insert(tx: Tx, table: Table, held: list[list[Any]]) -> int:
    columns = list(table.columns)
    packed = [n for n, column in enumerate(columns) if isinstance(column.type, LargeBinary)]
    for row in held:
        for n in packed:
            row[n] = base64.b64decode(row[n])
    # SQLite gives booleans back as numbers, and PostgreSQL takes none for them.
    flags = [n for n, column in enumerate(columns) if column.type.python_type is bool]
    for row in held:
        for n in flags:
            row[n] = bool(row[n])
    places = ",".join("?::jsonb" if _is_json(column.type) else "?" for column in columns)
    names = ",".join(f'"{column.name}"' for column in columns)
    tx.many(f"INSERT INTO {table.name}({names}) VALUES ({places})", held)
    done = len(held)
    held.clear()
    return done


def start_epoch(tx: Tx, epoch: str, at: dt.datetime, given_out: int = 0) -> int:
    """Begin a new history after the rows of a backup were put in place; the clock's seq.
    `given_out`: the highest number of the history that it takes the place of, where that is known.
    """
    clock = tx.clock()
    jumped = replace(next_seq_range(clock, at, given_out), epoch=epoch)
    write_clock(tx, replace(jumped, directory_seq=jumped.seq))
    # What the lost history gave out up to the backup's own seq counts as delivered to everyone.
    tx.run("UPDATE device SET delivered=?", (clock.seq,))
    return jumped.seq
