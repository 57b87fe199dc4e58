"""Does this installation work? Every part that packaging can break, tried once (JSON)."""

from __future__ import annotations

import datetime as dt
import json
import ssl
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op
from crm_core.errors import Bug, CrmError
from crm_core.i18n import tr_noop
from crm_core.ids import DeviceId, RecordId
from crm_desktop import keychain
from crm_desktop.cli.outcome import Exit
from crm_desktop.models import journal, queries, search
from crm_desktop.models.store import Identity, Store, new_uuid7

Finding: TypeAlias = "dict[str, str | int | bool]"
Check: TypeAlias = "Callable[[], Finding]"

NAME = "重庆长安 Selftest GmbH"


def run(more: Mapping[str, Check]) -> Exit:
    """Try everything, `more` included (Qt is not ours to import); print what was found."""
    checks: dict[str, Check] = {
        "store": _store,
        "encryption": _encryption,
        "keyring": _keyring,
        "tls": _tls,
        "search": _search,
        "catalog": _catalog,
        "charts": _charts,
        **more,
    }
    found = {name: _tried(check) for name, check in checks.items()}
    sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=2) + "\n")
    return Exit.DONE if all(part["ok"] for part in found.values()) else Exit.FAILED


def _tried(check: Check) -> Finding:
    try:
        return {"ok": True, **check()}
    except (CrmError, AttributeError, ImportError, LookupError, OSError, RuntimeError, TypeError,
            ValueError) as error:  # fmt: skip
        return {"ok": False, "error": f"{type(error).__name__}: {error}"}


def _fresh_store(folder: Path) -> Store:
    user = new_uuid7()
    identity = Identity(user, "selftest", DeviceId(new_uuid7()), "selftest", "http://127.0.0.1")
    return Store.create(folder / "crm-1.db", bytes(range(32)), identity)


def _with_account(store: Store) -> RecordId:
    account = new_uuid7()
    change = Change("account", account, Op.INSERT, {"name": NAME})
    journal.commit(store, [change], label="Selftest")
    return account


def _store() -> Finding:
    with tempfile.TemporaryDirectory() as folder:
        store = _fresh_store(Path(folder))
        try:
            account = _with_account(store)
            with store.reader() as c:
                row = queries.record(c, "account", account)
                version = str(c.value("SELECT sqlite_version()"))
        finally:
            store.close()
    _expect(row is not None and row.values["name"] == NAME, "the record did not come back")
    return {"sqlite": version}


def _encryption() -> Finding:
    with tempfile.TemporaryDirectory() as folder:
        store = _fresh_store(Path(folder))
        try:
            _with_account(store)
            with store.reader() as c:
                version = str(c.value("PRAGMA cipher_version") or "")
        finally:
            store.close()
        written = b"".join(file.read_bytes() for file in Path(folder).iterdir())
    _expect(bool(version), "the driver cannot encrypt")
    _expect(not written.startswith(b"SQLite format 3"), "the file is in clear")
    _expect(NAME.encode() not in written, "a name stands in the file in clear")
    return {"sqlcipher": version}


def _keyring() -> Finding:
    kept = keychain.Secrets.fresh()
    wrapped = keychain.wrap("selftest", kept, "selftest", keychain.Cost(1024, 1, 1))
    _expect(keychain.unwrap(wrapped, "selftest") == kept, "a wrapped key did not come back")
    return {"backend": keychain.vault_name(keychain.os_vault()) or "none: passphrase"}


def _tls() -> Finding:
    import truststore

    from crm_desktop.sync.http import HttpClient

    truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    HttpClient("https://localhost").close()
    return {"openssl": ssl.OPENSSL_VERSION}


def _search() -> Finding:
    with tempfile.TemporaryDirectory() as folder:
        store = _fresh_store(Path(folder))
        try:
            account = _with_account(store)
            with store.reader() as c:
                for words in ("Selftest", "长安", "changan", "庆"):
                    found = {hit.id for hit in search.search(c, words)}
                    _expect(account in found, f"'{words}' was not found")
        finally:
            store.close()
    return {"pinyin": True}


def _catalog() -> Finding:
    from crm_desktop.i18n import LANGUAGES, in_all_languages

    translated = len(in_all_languages("Account")) == len(LANGUAGES)
    _expect(translated, "the translations are missing")
    return {"kinds": len(CATALOG), "languages": len(LANGUAGES)}


def _charts() -> Finding:
    """A chart of an empty store in every form: style sheets, faces and writers are all there."""
    from crm_desktop.charts.exporting import ENDINGS, write
    from crm_desktop.insight import boards
    from crm_desktop.insight.question import Question

    with tempfile.TemporaryDirectory() as folder:
        store = _fresh_store(Path(folder))
        try:
            with store.reader() as c:
                chart = boards.compute("revenue", Question(c, dt.date(2026, 1, 1)))
            for ending in ENDINGS:
                write(chart, Path(folder) / f"chart{ending}")
        finally:
            store.close()
    return {"forms": len(ENDINGS)}


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise Bug(tr_noop("{detail}"), detail=otherwise)
