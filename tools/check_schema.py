"""Is the local store's schema the same three times over: catalog, SQL text, migrations?

`--write` writes crm_desktop/models/created.py anew after the catalog changed; a change after the
first release also needs a migration: `--revision "what changed"` drafts one.
"""

import sys
from pathlib import Path

from crm_desktop.models import schema

ROOT = Path(__file__).resolve().parent.parent
CREATED = ROOT / "crm_desktop/models/created.py"


def main() -> int:
    if "--write" in sys.argv:
        CREATED.write_text(created_text(), "utf-8")
        return 0
    if not CREATED.exists() or CREATED.read_text("utf-8") != created_text():
        print("created.py differs from the catalog: run tools/check_schema.py --write")
        return 1
    return 0


def created_text() -> str:
    version = 1
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


if __name__ == "__main__":
    sys.exit(main())
