"""Whom an open conflict asks: the authors of what is parked; where IT wrote it, or work was handed
over, whoever has the record now: of a contact with several accounts, each of their owners."""

from __future__ import annotations

from crm_core.ids import SYSTEM

_OWNERS = (
    "SELECT lower(hex(a.owner)) FROM account a WHERE a.deleted = 0 AND a.owner IS NOT NULL"
    " AND a.id IN (SELECT conflict.root UNION ALL SELECT e.root FROM extra_root e"
    " WHERE e.kind = 'conflict' AND e.id = conflict.id)"
)
_HAS_IT = f"(?1 IN ({_OWNERS}) OR NOT EXISTS ({_OWNERS}))"
IS_ASKED = (
    f"CASE WHEN why = 'handover' THEN {_HAS_IT}"
    " ELSE EXISTS (SELECT 1 FROM json_each(CASE json_type(parked) WHEN 'array' THEN parked"
    " ELSE '[]' END) WHERE type = 'object' AND (value ->> 'author' = ?1"
    f" OR value ->> 'author' = '{SYSTEM}' AND {_HAS_IT})) END"
)
"""Whether a row of `conflict` asks user ?1. A record without an owner asks all who see it."""
