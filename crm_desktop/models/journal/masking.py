"""What a role receives no more goes from this device too (adr/0063): the server sends the records
in sight once more without it; what it has not sent again when everything came, or what could not
be read of that, is freed of it here.

The user's own steps stay as they are, settled ones too: a server that is restored asks for them
again, and undo writes what they say. What it judges by is what their author received when he wrote.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from crm_core.masks import MASKABLE
from crm_desktop.models import search_tables
from crm_desktop.models.connection import Connection
from crm_desktop.models.journal import rows
from crm_desktop.models.journal.received import Receipt
from crm_desktop.models.masks import withheld
from crm_desktop.models.meta import set_meta
from crm_desktop.models.sql import LIVE, layout, quoted

META_FOLLOWED = "sync.withheld"
"""What was withheld when a pull last came to its end, in which generation of keys, as JSON."""

_KEPT = (("shadow", "body", "$"), ("quarantine", "item", "$.body"))
"""Table, column of JSON, and where the fields stand in it."""


def follow(receipt: Receipt) -> None:
    """At the end of a pull, free this file of what its user does not receive any more, where he
    holds other keys than at the end of the last: what was deleted or hidden since then may say it,
    also by an answer to a push."""
    c = receipt.c
    history = c.one("SELECT epoch, scope_gen FROM sync_state")
    followed = msgspec.json.encode((history, _withheld(c))).decode()
    if followed == c.value("SELECT value FROM meta WHERE name = ?", (META_FOLLOWED,)):
        return
    set_meta(c, META_FOLLOWED, followed)
    free(receipt)


def free(receipt: Receipt) -> None:
    """Free what is deleted or hidden, and what lies below own work, of what is withheld."""
    for kind, names in _withheld(receipt.c).items():
        _free(receipt, kind, names)


def _withheld(c: Connection) -> dict[str, list[str]]:
    return {kind: sorted(names) for kind in sorted(MASKABLE) if (names := withheld(c, kind))}


def _free(receipt: Receipt, kind: str, names: Sequence[str]) -> None:
    c = receipt.c
    sets = ", ".join(f"{quoted(name)} = NULL" for name in names)
    table, older = layout(kind).table, "id IN (SELECT id FROM quarantine WHERE kind = ?)"
    c.run(f"UPDATE {table} SET {sets} WHERE deleted <> ? OR {older}", (LIVE, kind))
    rows.mark_for_search(
        c, kind, [x for (x,) in c.rows(f"SELECT rid FROM {table} WHERE {older}", (kind,))]
    )
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
