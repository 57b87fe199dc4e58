"""What the user's role permits, as far as this device knows; the server has the last word."""

from __future__ import annotations

from crm_core.ids import RecordId
from crm_core.roles import Action, Level, reach, with_overrides
from crm_desktop.models.connection import Connection
from crm_desktop.models.sql import blob


def may(c: Connection, user: RecordId, kind: str, action: Action) -> bool:
    """Whether the user's role permits an action on some records of a kind.

    Where the role is not known here nothing is withheld: the server will judge.
    """
    role = c.value("SELECT role FROM user WHERE id = ?", (blob(user),))
    if not role:
        return True
    rows = c.rows(
        "SELECT entity, action, level FROM role_permission WHERE role = ? AND deleted = 0", (role,)
    )
    matrix = with_overrides(role, [(kind_, act, level or "none") for kind_, act, level in rows])
    return reach(matrix, kind, action) > Level.NONE
