"""The frozen files of each released version: what they are and how they are opened."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import zstandard

from crm_desktop.models.connection import Connection
from tests.contracts.site import SLUG, Exchange

FOLDER = Path(__file__).parent / "frozen"
KEY = bytes(range(32))
"""The key of every encrypted file here; it protects nothing."""

MANIFEST, EXCHANGES = "manifest.json", "exchanges.json.zst"
START, END, TABLES = "server-start.sqlite.zst", "server.sqlite.zst", "server-postgres.json.zst"
CLIENT, CIPHER = "client.sqlite.zst", "encrypted.db"
BYTES_MAX = 300_000


class Manifest(msgspec.Struct, frozen=True):
    """What a version left: its numbers, the states in its full outbox, and the files' hashes."""

    schema: int
    store: int
    server_store: int
    states: dict[str, int]
    parked: dict[str, int]
    changesets: tuple[str, ...]
    files: dict[str, str]


class PostgresTables(msgspec.Struct, frozen=True):
    """One organisation in PostgreSQL: its tables as they were made, and their rows; bytes are
    hexadecimal, and so marked by their column's place."""

    ddl: tuple[str, ...]
    columns: dict[str, tuple[str, ...]]
    binary: dict[str, tuple[str, ...]]
    rows: dict[str, list[list[Any]]]


def versions() -> list[Path]:
    """The folders of the versions, the oldest first."""
    return sorted(FOLDER.glob("schema-*"))


def manifest_of(version: Path) -> Manifest:
    return msgspec.json.decode((version / MANIFEST).read_bytes(), type=Manifest)


def hash_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def unpacked(version: Path, name: str) -> bytes:
    return zstandard.ZstdDecompressor().decompress((version / name).read_bytes())


def packed(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(level=19).compress(data)


def exchanges_of(version: Path) -> list[Exchange]:
    return msgspec.json.decode(unpacked(version, EXCHANGES), type=list[Exchange])


def server_file(version: Path, name: str, folder: Path) -> Path:
    """The server's store, where a server of today looks for it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{SLUG}.sqlite"
    path.write_bytes(unpacked(version, name))
    return path


def client_file(version: Path, folder: Path) -> Path:
    """The client's store, encrypted again: encrypted pages do not compress, so what is kept is
    their content."""
    plain, path = folder / "plain.sqlite", folder / "crm-1.db"
    plain.write_bytes(unpacked(version, CLIENT))
    with sqlite3.connect(plain) as connection:
        number = connection.execute("PRAGMA user_version").fetchone()[0]
    connection.close()
    encrypted = Connection(path, KEY)
    encrypted.run("ATTACH DATABASE ? AS plain KEY ''", (str(plain),))
    encrypted.value("SELECT sqlcipher_export('main', 'plain')")
    encrypted.run("DETACH DATABASE plain")
    encrypted.run(f"PRAGMA user_version={number}")
    encrypted.close()
    return path


def plain_copy(path: Path, out: Path) -> None:
    """The content of an encrypted store."""
    encrypted = Connection(path, KEY)
    number = encrypted.value("PRAGMA user_version")
    encrypted.run("ATTACH DATABASE ? AS plain KEY ''", (str(out),))
    encrypted.value("SELECT sqlcipher_export('plain')")
    encrypted.run(f"PRAGMA plain.user_version={number}")
    encrypted.run("DETACH DATABASE plain")
    encrypted.close()


def into_postgres(version: Path, dsn: str, schema: str) -> None:
    """Make the organisation in a database, as that version made it."""
    tables = msgspec.json.decode(unpacked(version, TABLES), type=PostgresTables)
    with psycopg.connect(dsn) as connection:
        connection.execute(f'CREATE SCHEMA "{schema}"'.encode())
        connection.execute(f'SET search_path TO "{schema}"'.encode())
        for statement in tables.ddl:
            connection.execute(statement.encode())
        for name, rows in tables.rows.items():
            columns = tables.columns[name]
            binary = [n for n, column in enumerate(columns) if column in tables.binary[name]]
            places = ", ".join(["%s"] * len(columns))
            listed = ", ".join(f'"{column}"' for column in columns)
            for row in rows:
                for n in binary:
                    row[n] = bytes.fromhex(row[n])
            with connection.cursor() as cursor:
                cursor.executemany(
                    f'INSERT INTO "{name}" ({listed}) VALUES ({places})'.encode(), rows
                )
