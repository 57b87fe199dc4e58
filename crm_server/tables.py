"""The tables of one organisation (sync.md §2.1), the same on SQLite and PostgreSQL."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

FOREVER = 1 << 62
"""`gone_seq` of what still holds."""

STORE_VERSION = 5
"""Version of these tables; `crm_server.migrate` brings older ones up."""

metadata = MetaData()

# Plain byte order, so that a database's language changes neither results nor the use of indexes.
_WORD = Text().with_variant(Text(collation="C"), "postgresql")
_JSON = Text().with_variant(JSONB(), "postgresql")
_SEQ = BigInteger()
_FILE, _ATTACHED = "(body ->> 'sha256')", text("kind = 'attachment'")
_ENDED = text(f"gone_seq < {FOREVER}")

clock = Table(
    "clock",
    metadata,
    Column("one", Integer, primary_key=True),
    Column("seq", _SEQ, nullable=False),
    Column("epoch", Text, nullable=False),
    Column("gc_floor", _SEQ, nullable=False),
    Column("restored", Text, nullable=False),
    Column("directory_seq", _SEQ, nullable=False),
    Column("version", Integer, nullable=False),
    Column("organisation", Text, nullable=False),
    Column("slug", Text, nullable=False),
    Column("created_at", Text, nullable=False),
)

record = Table(
    "record",
    metadata,
    Column("id", _WORD, primary_key=True),
    Column("kind", _WORD, primary_key=True),
    Column("seq", _SEQ, nullable=False),
    Column("body", _JSON, nullable=False),
    Column("fv", Text, nullable=False),
    Column("deleted", Boolean, nullable=False),
    Column("vhash", _SEQ, nullable=False),
    Column("actor", _WORD, nullable=False),
    Column("device", _WORD, nullable=False),
    Column("cs_id", _WORD, nullable=False),
    Index("record_seq", "seq", unique=True),
    Index("record_file", text(_FILE), sqlite_where=_ATTACHED, postgresql_where=_ATTACHED),
)

blob = Table(
    "blob",
    metadata,
    Column("hash", _WORD, primary_key=True),
    Column("size", _SEQ, nullable=False),
    Column("at", Text, nullable=False),
)
"""The contents of attached files that lie beside the database, whole and checked."""

blob_holder = Table(
    "blob_holder",
    metadata,
    Column("hash", _WORD, primary_key=True),
    Column("user_id", _WORD, primary_key=True),
    Column("at", Text, nullable=False),
    sqlite_with_rowid=False,
)
"""Who had a content: he sent it, or could read it when he attached it."""

history = Table(
    "history",
    metadata,
    Column("seq", _SEQ, primary_key=True, autoincrement=False),
    Column("id", _WORD, nullable=False),
    Column("kind", _WORD, nullable=False),
    Column("prev_seq", _SEQ, nullable=False),
    Column("cs_id", _WORD, nullable=False),
    Column("actor", _WORD, nullable=False),
    Column("device", _WORD, nullable=False),
    Column("authored_at", Text, nullable=False),
    Column("received_at", Text, nullable=False),
    Column("patch", Text, nullable=False),
    Index("history_record", "id", "kind", "seq"),
)

applied = Table(
    "applied",
    metadata,
    Column("cs_id", _WORD, primary_key=True),
    Column("device", _WORD, nullable=False),
    Column("author", _WORD, nullable=False),
    Column("seq", _SEQ, nullable=False),
    Column("received_at", Text, nullable=False),
    Column("result", Text, nullable=False),
)

ref = Table(
    "ref",
    metadata,
    Column("target", _WORD, primary_key=True),
    Column("kind", _WORD, primary_key=True),
    Column("id", _WORD, primary_key=True),
    Column("field", _WORD, primary_key=True),
    sqlite_with_rowid=False,
)

unique_key = Table(
    "unique_key",
    metadata,
    Column("kind", _WORD, primary_key=True),
    Column("key", _WORD, primary_key=True),
    Column("value", _WORD, primary_key=True),
    Column("id", _WORD, nullable=False),
    sqlite_with_rowid=False,
)

number = Table(
    "number",
    metadata,
    Column("kind", _WORD, primary_key=True),
    Column("year", Integer, primary_key=True),
    Column("last", Integer, nullable=False),
)

root_scope = Table(
    "root_scope",
    metadata,
    Column("root", _WORD, primary_key=True),
    Column("key", _WORD, primary_key=True),
    Column("seq", _SEQ, primary_key=True, autoincrement=False),
    Column("gone_seq", _SEQ, nullable=False),
    Index("root_scope_key", "key", "gone_seq", "seq", "root"),
    sqlite_with_rowid=False,
)

record_root = Table(
    "record_root",
    metadata,
    Column("root", _WORD, primary_key=True),
    Column("kind", _WORD, primary_key=True),
    Column("id", _WORD, primary_key=True),
    Column("seq", _SEQ, primary_key=True, autoincrement=False),
    Column("gone_seq", _SEQ, nullable=False),
    Index("record_root_id", "id", "kind", "gone_seq", "root"),
    Index("record_root_seq", "seq"),
    Index("record_root_gone", "gone_seq", sqlite_where=_ENDED, postgresql_where=_ENDED),
    sqlite_with_rowid=False,
)

user_scope = Table(
    "user_scope",
    metadata,
    Column("user_id", _WORD, primary_key=True),
    Column("gen", Integer, primary_key=True, autoincrement=False),
    Column("seq", _SEQ, nullable=False),
    Column("at", Text, nullable=False),
    Column("keys", Text, nullable=False),
)

refused = Table(
    "refused",
    metadata,
    Column("id", _WORD, primary_key=True),
    Column("kind", _WORD, primary_key=True),
    Column("field", _WORD, primary_key=True),
    Column("author", _WORD, primary_key=True),
    Column("value", Text, nullable=False),
    Index("refused_author", "author"),
)

parked = Table(
    "parked",
    metadata,
    Column("id", _WORD, primary_key=True),
    Column("device", _WORD, nullable=False),
    Column("author", _WORD, nullable=False),
    Column("received_at", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Index("parked_device", "device"),
)

device = Table(
    "device",
    metadata,
    Column("id", _WORD, primary_key=True),
    Column("user_id", _WORD, nullable=False),
    Column("public_key", Text, nullable=False),
    Column("delivered", _SEQ, nullable=False),
    Column("pulled", _SEQ, nullable=False),
    Column("sealed_key", LargeBinary, nullable=False),
    Column("registered_at", Text, nullable=False),
    Column("last_seen_at", Text, nullable=False),
    Column("revoked_at", Text, nullable=False),
    Column("cloned", Boolean, nullable=False),
)

reached = Table(
    "reached",
    metadata,
    Column("device", _WORD, primary_key=True),
    Column("cursor", _SEQ, nullable=False),
    Column("at", Text, nullable=False),
)
"""How far each device said that it has received everything, noted once a day."""

told = Table(
    "told",
    metadata,
    Column("device", _WORD, primary_key=True),
    Column("unsent", _SEQ, nullable=False),
    Column("at", Text, nullable=False),
)
"""How much unsent work each device said that it holds, and since when it says so."""

collected = Table(
    "collected",
    metadata,
    Column("seq", _SEQ, primary_key=True, autoincrement=False),
    Column("floor", _SEQ, nullable=False),
    Column("at", Text, nullable=False),
    Column("records", _SEQ, nullable=False),
    Column("intervals", _SEQ, nullable=False),
)
"""The collections that found something: the seq of each, and the floor after it."""

erased = Table(
    "erased",
    metadata,
    Column("id", _WORD, primary_key=True),
    Column("kind", _WORD, primary_key=True),
    Column("field", _WORD, primary_key=True),
    Column("seq", _SEQ, nullable=False),
    Column("at", Text, nullable=False),
    Index("erased_seq", "seq"),
    sqlite_with_rowid=False,
)
"""What was erased at a person's request, whether the record is still there or not; never
collected."""

credential = Table(
    "credential",
    metadata,
    Column("login", _WORD, primary_key=True),
    Column("user_id", _WORD, nullable=False, unique=True),
    Column("password_hash", Text, nullable=False),
    Column("disabled", Boolean, nullable=False),
)

token = Table(
    "token",
    metadata,
    Column("hash", _WORD, primary_key=True),
    Column("use", _WORD, nullable=False),
    Column("user_id", _WORD, nullable=False),
    Column("device", _WORD, nullable=False),
    Column("expires_at", Text, nullable=False),
    Column("parent", _WORD, nullable=False),
    Column("used", Boolean, nullable=False),
    Index("token_device", "device"),
    Index("token_parent", "parent"),
)

attempt = Table(
    "attempt",
    metadata,
    Column("key", _WORD, primary_key=True),
    Column("failures", Integer, nullable=False),
    Column("last_at", Text, nullable=False),
)

audit = Table(
    "audit",
    metadata,
    Column("id", _WORD, primary_key=True),
    Column("at", Text, nullable=False),
    Column("actor", _WORD, nullable=False),
    Column("device", _WORD, nullable=False),
    Column("event", Text, nullable=False),
    Column("subject", Text, nullable=False),
)
