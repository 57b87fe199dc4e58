"""The tables of an organisation on PostgreSQL, kept from test to test while they are as they were.

To make and drop them all takes PostgreSQL ten times as long as to look at them and empty them.
"""

from __future__ import annotations

from sqlalchemy import Connection, Engine, text

from crm_server.store import ServerStore
from crm_server.tables import metadata

AS_THEY_ARE = text("""
    WITH place AS (SELECT oid, xmin AS since FROM pg_namespace WHERE nspname = :schema),
    class AS (SELECT c.oid, c.xmin AS since FROM pg_class c JOIN place ON relnamespace = place.oid)
    SELECT md5(string_agg(found, ' ' ORDER BY found)) FROM (
        SELECT concat('schema ', oid, ' ', since) FROM place
        UNION ALL SELECT concat('class ', oid, ' ', since) FROM class
        UNION ALL SELECT concat('column ', attrelid, ' ', attnum, ' ', a.xmin)
            FROM pg_attribute a JOIN class ON attrelid = class.oid
        UNION ALL SELECT concat('constraint ', k.oid, ' ', k.xmin)
            FROM pg_constraint k JOIN class ON conrelid = class.oid
        UNION ALL SELECT concat('trigger ', g.oid, ' ', g.xmin)
            FROM pg_trigger g JOIN class ON tgrelid = class.oid
        UNION ALL SELECT concat('function ', f.oid, ' ', f.xmin)
            FROM pg_proc f JOIN place ON pronamespace = place.oid
    ) AS everything(found)
""")
"""One text for all that a schema holds apart from rows; whatever changes there changes it."""


class Emptied:
    """The tables of `acme` behind one pool."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._as_made = ""

    def store(self) -> ServerStore:
        """A store over them; whether they are there already shows nowhere."""
        url = self._engine.url.render_as_string(hide_password=False)
        return ServerStore(url, organisation="acme", engine=self._engine)

    def note(self, store: ServerStore) -> None:
        """Remembers how they look, right after they were made."""
        if not self._as_made:
            with self._engine.begin() as connection:
                self._as_made = _as_they_are(connection, store.schema)

    def empty(self, store: ServerStore) -> None:
        """Takes out every row; drops them where a test made something else of them."""
        with self._engine.begin() as connection:
            if _as_they_are(connection, store.schema) == self._as_made:
                words = (f'DELETE FROM "{store.schema}"."{name}"' for name in metadata.tables)
                connection.execute(text("; ".join(words)))
            else:
                connection.execute(text(f'DROP SCHEMA "{store.schema}" CASCADE'))
                self._as_made = ""


def _as_they_are(connection: Connection, schema: str) -> str:
    return str(connection.execute(AS_THEY_ARE, {"schema": schema}).scalar_one())
