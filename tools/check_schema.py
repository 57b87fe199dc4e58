"""Is the local store's schema the same three times over: catalog, SQL text, migrations?

--write                   crm_desktop/models/created.py anew, after the catalog changed
--first                   migration step 1 anew: only until the first release
--revision "what changed" the draft of the next migration step: afterwards always
"""

import re
import sys
import tempfile
import warnings
from pathlib import Path

from alembic.autogenerate import compare_metadata, produce_migrations, render_python_code
from alembic.migration import MigrationContext

from crm_desktop.models import created, schema
from crm_desktop.models.connection import Connection
from crm_desktop.models.migrations import migrate

ROOT = Path(__file__).resolve().parent.parent
CREATED = ROOT / "crm_desktop/models/created.py"
VERSIONS = ROOT / "crm_desktop/models/migrations/versions"
KEY = bytes(32)
OPTIONS = {
    "compare_type": True,
    "compare_server_default": False,
    "include_object": lambda _, name, kind, *__: (
        not (
            (kind == "table" and name.startswith("find_"))
            or (kind == "index" and name.endswith("_sorted"))
        )
    ),
}


def main() -> int:
    # Those are compared below, by what both files say of themselves.
    warnings.filterwarnings("ignore", message="autogenerate skipping metadata-specified expression")
    match sys.argv[1:]:
        case ["--write"]:
            CREATED.write_text(created_text(), "utf-8")
        case ["--first"]:
            write_step(1, "first", "the first schema")
        case ["--revision", words]:
            number = migrate.number_of(migrate.steps()[-1]) + 1
            write_step(number, re.sub(r"\W+", "_", words.lower())[:40], words)
        case []:
            return report(problems())
        case _:
            print(__doc__)
            return 2
    return 0


def report(found: list[str]) -> int:
    print("\n".join(found) or "catalog, created.py and migrations agree")
    return 1 if found else 0


def problems() -> list[str]:
    found: list[str] = []
    if CREATED.read_text("utf-8") != created_text():
        found.append("created.py differs from the catalog: run tools/check_schema.py --write")
    with tempfile.TemporaryDirectory() as folder:
        old = migrated(Path(folder))
        new = made_today(Path(folder))
        with migrate.toolkit(old) as connection:
            context = MigrationContext.configure(connection, opts=OPTIONS)
            drift = compare_metadata(context, schema.METADATA)
        found += [f"the migrations lack: {one}" for one in drift]
        there, wanted = shape(old), shape(new)
        found += [f"the migrations lack: {one}" for one in sorted(wanted - there)]
        found += [f"only in the migrations: {one}" for one in sorted(there - wanted)]
        if old.value("PRAGMA user_version") != created.VERSION:
            found.append("created.VERSION is not the last migration: run --write")
        old.close()
        new.close()
    return found


def shape(c: Connection) -> set[str]:
    """Every column, index and virtual table of a file, in words that two files can share."""
    found: set[str] = set()
    for kind, name, table, sql in c.rows("SELECT type, name, tbl_name, sql FROM sqlite_master"):
        if kind == "table" and not str(sql).startswith("CREATE VIRTUAL"):
            for column in c.rows(f'PRAGMA table_xinfo("{name}")'):
                found.add(f"{name}.{column[1:]}")
        elif sql is not None:
            found.add(f"{table}: {' '.join(sql.split())}")
    return found


def made_today(folder: Path) -> Connection:
    c = Connection(folder / "today.db", KEY)
    c.script(schema.ddl())
    return c


def migrated(folder: Path) -> Connection:
    """A new file on which every migration was run, none of today's schema."""
    c = Connection(folder / "migrated.db", KEY)
    migrate.migrate(c, c.path, KEY, 0)
    return c


def created_text() -> str:
    steps = migrate.steps()
    version = migrate.number_of(steps[-1]) if steps else 1
    return (
        '"""The schema of an empty store as SQL. Written by tools/check_schema.py --write."""\n\n'
        "# ruff: noqa: E501\n"
        "from __future__ import annotations\n\n"
        f"VERSION = {version}\n"
        '"""PRAGMA user_version of a file with this schema: the number of its last migration."""\n'
        f'\nDDL = """\\\n{readable(schema.ddl())}"""\n'
    )


def readable(sql: str) -> str:
    return "\n".join(line.replace("\t", "    ").rstrip() for line in sql.splitlines()) + "\n"


def write_step(number: int, name: str, words: str) -> None:
    """Alembic's own draft of what leads from the last step to the catalog."""
    with tempfile.TemporaryDirectory() as folder:
        c = Connection(Path(folder) / "empty.db", KEY)
        if number > 1:
            migrate.migrate(c, c.path, KEY, 0)
        with migrate.toolkit(c) as connection:
            context = MigrationContext.configure(connection, opts=OPTIONS)
            script = produce_migrations(context, schema.METADATA)
            assert script.upgrade_ops is not None
            code = render_python_code(script.upgrade_ops, migration_context=context)
        code += "".join(f"\n    op.execute({sql!r})" for sql in unseen(c, Path(folder)))
        c.close()
    below = f'"{number - 1:04}"' if number > 1 else "None"
    (VERSIONS / f"{number:04}_{name}.py").write_text(
        f'"""Step {number}: {words}."""\n\n# ruff: noqa: E501, PLR0915\n'
        "# pyright: basic\n"
        "from __future__ import annotations\n\nimport sqlalchemy as sa\nfrom alembic import op\n\n"
        f'revision = "{number:04}"\ndown_revision = {below}\n\n\n'
        f"def upgrade() -> None:\n"
        f'    """Apply this step."""\n    {code}\n',
        "utf-8",
    )


def unseen(old: Connection, folder: Path) -> list[str]:
    """Indexes on expressions and virtual tables, which Alembic does not see."""
    new = made_today(folder)
    known = {name for (name,) in old.rows("SELECT name FROM sqlite_master")}
    missing = new.rows(
        "SELECT name, sql FROM sqlite_master WHERE sql LIKE 'CREATE VIRTUAL%'"
        " OR (type = 'index' AND name LIKE '%\\_sorted' ESCAPE '\\') ORDER BY name"
    )
    new.close()
    return [" ".join(sql.split()) for name, sql in missing if name not in known]


if __name__ == "__main__":
    sys.exit(main())
