"""What a role receives no more goes from this device too (adr/0063): the server sends the records
in sight once more without it; what it does not send again is freed of it here.

The user's own steps stay as they are, settled ones too: a server that is restored asks for them
again, and undo writes what they say. What it judges by is what their author received when he wrote.
"""

from __future__ import annotations

import msgspec

from crm_core.masks import MASKABLE
from crm_desktop.models import search_tables
from crm_desktop.models.connection import Connection
from crm_desktop.models.journal.received import Receipt
from crm_desktop.models.masks import withheld
from crm_desktop.models.meta import set_meta
from crm_desktop.models.sql import LIVE, layout, quoted

META_WITHHELD = "sync.withheld"
"""What was withheld when this was last looked at, as JSON: fields by kind."""

_SAY_SO = frozenset(("role_permission", "user"))

_KEPT = (("shadow", "body", "$"), ("quarantine", "item", "$.body"))
"""Table, column of JSON, and where the fields stand in it."""

_fields = msgspec.json.Decoder(dict[str, list[str]]).decode


def follow(receipt: Receipt) -> None:
    """Free this file of what its user does not receive any more, where that may have changed."""
    c = receipt.c
    if not _SAY_SO & receipt.changed.keys():
        return
    now = {kind: sorted(names) for kind in sorted(MASKABLE) if (names := withheld(c, kind))}
    kept = c.value("SELECT value FROM meta WHERE name = ?", (META_WITHHELD,))
    before = _fields(kept) if kept else {}
    if now == before:
        return
    set_meta(c, META_WITHHELD, msgspec.json.encode(now).decode())
    for kind, names in now.items():
        if gone := frozenset(names).difference(before.get(kind, ())):
            _free(receipt, kind, gone)


def _free(receipt: Receipt, kind: str, gone: frozenset[str]) -> None:
    c, names = receipt.c, sorted(gone)
    sets = ", ".join(f"{quoted(name)} = NULL" for name in names)
    c.run(f"UPDATE {layout(kind).table} SET {sets} WHERE deleted <> ?", (LIVE,))
    for table, column, above in _KEPT:
        _null(c, table, column, kind, [f'{above}."{name}"' for name in names])
    search_tables.sweep_later(c)
    receipt.erased = True


def _null(c: Connection, table: str, column: str, kind: str, paths: list[str]) -> None:
    """Write null over values of JSON; their names stay."""
    pairs = ", ".join("?, NULL" for _ in paths)
    c.run(
        f"UPDATE {table} SET {column} = json_replace({column}, {pairs})"
        f" WHERE kind = ? AND {column} IS NOT NULL",
        (*paths, kind),
    )
