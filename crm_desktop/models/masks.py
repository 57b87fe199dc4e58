"""The fields that this user's role does not receive, as far as this device knows."""

from __future__ import annotations

import msgspec

from crm_core.masks import MASKABLE, maskable
from crm_desktop.models.connection import Connection
from crm_desktop.models.identity import identity_in
from crm_desktop.models.sql import blob

_names = msgspec.json.Decoder(list[str]).decode


def withheld(c: Connection, kind: str) -> frozenset[str]:
    """The fields of a kind that are withheld from the user whose file this is."""
    if kind not in MASKABLE:
        return frozenset()
    found = c.rows(
        "SELECT p.masked FROM role_permission p JOIN user u ON u.role = p.role"
        " WHERE u.id = ? AND p.entity = ? AND p.deleted = 0 AND p.masked IS NOT NULL",
        (blob(identity_in(c).user), kind),
    )
    named = frozenset[str]().union(*(_names(masked) for (masked,) in found))
    return maskable(kind) & named
