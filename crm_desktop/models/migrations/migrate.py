"""Bring a file of an older version to today's schema: a backup first, then step by step.

`PRAGMA user_version` counts the steps a file has gone; a step is `versions/NNNN_….py`.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import Script, ScriptDirectory
from sqlalchemy import Connection as SqlConnection
from sqlalchemy import create_engine
from sqlalchemy.pool import StaticPool

from crm_core.values import instant_of
from crm_desktop.models.backup import copy_to
from crm_desktop.models.connection import Connection, dbapi2, transaction
from crm_desktop.models.journal.promoting import promote

FOLDER = Path(__file__).parent

log = logging.getLogger(__name__)


def migrate(c: Connection, path: Path, key: bytes, version: int) -> None:
    """Apply the steps behind `version`, all or none. The file as it was stays beside it as
    `NAME.before-N`."""
    todo = [step for step in steps() if number_of(step) > version]
    if version and todo:
        copy_to(c, path.with_name(f"{path.name}.before-{number_of(todo[0])}"), key)
    with transaction(c), toolkit(c) as connection:
        for step in todo:
            log.info("migrating the local store to step %s", step.revision)
            with Operations.context(MigrationContext.configure(connection)):
                step.module.upgrade()
        if todo:
            promote(c, instant_of(dt.datetime.now(dt.UTC)))
            c.run(f"PRAGMA user_version={number_of(todo[-1])}")


def steps() -> list[Script]:
    """All steps, the first one first."""
    scripts = ScriptDirectory(str(FOLDER))
    return list(reversed(list(scripts.walk_revisions())))


def number_of(step: Script) -> int:
    """The number of a step: what `user_version` is after it."""
    return int(step.revision)


@contextmanager
def toolkit(c: Connection) -> Generator[SqlConnection]:
    """SQLAlchemy on the open, keyed connection; its transaction stays ours."""
    raw = c.raw

    class Borrowed:
        """The driver's connection without the right to end its transaction."""

        def __getattr__(self, name: str) -> object:
            return _nothing if name in ("commit", "rollback", "close") else getattr(raw, name)

    engine = create_engine("sqlite://", module=dbapi2, creator=Borrowed, poolclass=StaticPool)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def _nothing() -> None:
    """Ending the transaction is the caller's business."""
