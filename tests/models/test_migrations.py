"""A file that went through every migration is the file that is created today."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_desktop.models import created
from crm_desktop.models.connection import Connection
from crm_desktop.models.migrations import migrate
from crm_desktop.models.store import Store
from tests.models.support import KEY, add, create_store, seen
from tools import check_schema


def test_migrated_from_step_one_is_created_today(tmp_path: Path) -> None:
    old = check_schema.migrated(tmp_path)
    new = create_store(tmp_path / "new.db")
    assert check_schema.shape(old) == check_schema.shape(new.write)
    assert old.value("PRAGMA user_version") == created.VERSION
    old.close()
    new.close()


def test_catalog_sql_text_and_migrations_agree() -> None:
    assert check_schema.problems() == []


def test_a_missing_column_or_index_would_be_seen(tmp_path: Path) -> None:
    c = check_schema.migrated(tmp_path)
    whole = check_schema.shape(c)
    c.run("DROP INDEX account_sorted")
    c.run("ALTER TABLE account DROP COLUMN website")
    lost = whole - check_schema.shape(c)
    assert {one.split(".")[0].split(":")[0] for one in lost} == {"account"}
    assert len(lost) >= 2
    c.close()


class AddsColour:
    """A step as the next release may bring it."""

    revision = f"{created.VERSION + 1:04}"

    class module:  # noqa: N801  # stands for a Python module
        @staticmethod
        def upgrade() -> None:
            import sqlalchemy as sa
            from alembic import op

            op.add_column("account", sa.Column("colour", sa.TEXT()))


class Fails(AddsColour):
    """A step that breaks half-way."""

    class module:  # noqa: N801  # stands for a Python module
        @staticmethod
        def upgrade() -> None:
            AddsColour.module.upgrade()
            raise ZeroDivisionError


def next_release(monkeypatch: pytest.MonkeyPatch, step: type[AddsColour]) -> None:
    known = migrate.steps()
    monkeypatch.setattr(migrate, "steps", lambda: [*known, step])
    monkeypatch.setattr(created, "VERSION", created.VERSION + 1)


def test_an_older_file_is_backed_up_then_brought_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = create_store(tmp_path / "a.db")
    account = add(store, "account", name="Alfreds")
    store.close()
    before = created.VERSION
    next_release(monkeypatch, AddsColour)
    again = Store.open(tmp_path / "a.db", KEY)
    assert seen(again, "account", account).values["name"] == "Alfreds"
    assert again.write.value("PRAGMA user_version") == before + 1
    assert "colour" in {row[1] for row in again.write.rows("PRAGMA table_info(account)")}
    again.close()
    copy = Connection(tmp_path / f"a.db.before-{before + 1}", KEY)
    assert copy.value("PRAGMA user_version") == before
    assert copy.value("SELECT name FROM account") == "Alfreds"
    copy.close()


def test_a_migration_that_fails_leaves_the_file_as_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_store(tmp_path / "a.db").close()
    before = created.VERSION
    next_release(monkeypatch, Fails)
    with pytest.raises(ZeroDivisionError):
        Store.open(tmp_path / "a.db", KEY)
    c = Connection(tmp_path / "a.db", KEY)
    assert c.value("PRAGMA user_version") == before
    assert "colour" not in {row[1] for row in c.rows("PRAGMA table_info(account)")}
    c.close()
