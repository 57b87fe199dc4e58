"""Whom an open conflict asks: the authors of what is parked; where IT wrote it, or work was handed
over, whoever has the record now."""

from __future__ import annotations

from crm_core.ids import SYSTEM

_HAS_IT = (
    "coalesce((SELECT lower(hex(a.owner)) FROM account a"
    " WHERE a.id = conflict.root AND a.deleted = 0 AND a.owner IS NOT NULL), ?1) = ?1"
)
IS_ASKED = (
    f"CASE WHEN why = 'handover' THEN {_HAS_IT}"
    " ELSE EXISTS (SELECT 1 FROM json_each(CASE json_type(parked) WHEN 'array' THEN parked"
    " ELSE '[]' END) WHERE type = 'object' AND (value ->> 'author' = ?1"
    f" OR value ->> 'author' = '{SYSTEM}' AND {_HAS_IT})) END"
)
"""Whether a row of `conflict` asks user ?1. A record without an owner asks all who see it."""
