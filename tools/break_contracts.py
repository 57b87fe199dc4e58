"""Breaks every architecture contract and house rule on purpose and shows that each one notices.

    python tools/break_contracts.py             all of them: two minutes of computing
    python tools/break_contracts.py NAME…       these contracts and rules only

Works on a copy of the tree in a temporary folder: one violation is planted, the one check that
forbids it runs, the violation is taken out again. Prints a table; exits 1 where a check missed its
violation, was red before, or has no violation planted here.
"""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LINT_IMPORTS = Path(sys.executable).parent / "lint-imports"
NOT_COPIED = shutil.ignore_patterns(
    ".venv", ".git", ".*cache", ".hypothesis", "build", "dist", "__pycache__"
)
RULES = ("tests/house_rules", "tests/conformance/test_handling.py")
ONLY_WARNS = "test_long_files_are_mentioned"


@dataclass(frozen=True)
class Plant:
    """A violation: a new file, or in an old one what replaces `instead_of`."""

    check: str
    says: str
    path: str
    text: str
    instead_of: str = ""


CONTRACTS = (
    Plant("core-is-pure", "core opens a database", "crm_core/planted.py", "import sqlite3\n"),
    Plant("core-is-pure", "core asks over the network", "crm_core/planted.py",
          "import urllib.request\n"),
    Plant("core-is-pure", "core reads the client's folders", "crm_core/planted.py",
          "from crm_desktop import paths\n"),
    Plant("desktop-knows-no-server", "the client calls the service",
          "crm_desktop/transfer/planted.py",
          "from crm_server.service import Service\n"),
    Plant("desktop-knows-no-server", "the server opens the client's store", "crm_server/planted.py",
          "from crm_desktop.models.store import Store\n"),
    Plant("desktop-layers", "the store starts a sync", "crm_desktop/models/planted.py",
          "from crm_desktop.sync import engine\n"),
    Plant("desktop-layers", "sync imports its neighbour", "crm_desktop/sync/planted.py",
          "from crm_desktop.transfer import cells\n"),
    Plant("desktop-layers", "a module without a room", "crm_desktop/helpers.py", ""),
    Plant("no-qt-below-runtime", "the store draws", "crm_desktop/models/planted.py",
          "from PySide6.QtCore import QObject\n"),
    Plant("no-qt-below-runtime", "the command line uses a view", "crm_desktop/cli/planted.py",
          "from crm_desktop.views.theme import theme\n"),
    Plant("insight-draws-nothing", "a number draws itself", "crm_desktop/insight/planted.py",
          "import matplotlib\n"),
    Plant("panes-are-strangers", "the inbox uses another pane",
          "crm_desktop/views/panes/inbox/planted.py",
          "from crm_desktop.views.panes import kinds\n"),
    Plant("server-layers", "the store asks the service", "crm_server/tables.py",
          "from __future__ import annotations\nimport crm_server.service\n",
          "from __future__ import annotations\n"),
    Plant("server-layers", "a module without a room", "crm_server/helpers.py", ""),
    Plant("server-has-no-window", "the server draws", "crm_server/demo/planted.py",
          "from PySide6.QtGui import QImage\n"),
    Plant("server-has-no-window", "the server opens an encrypted file",
          "crm_server/demo/planted.py",
          "import sqlcipher3\n"),
)  # fmt: skip

# Built from parts, so that the rules do not find this file.
REGISTRY = "pypi" + ".org"
SOMEBODYS_FOLDER = "/" + "home/ann/x"

HOUSE_RULES = (
    Plant("test_every_room_without_qt_is_under_contract", "a room nobody listed",
          "crm_desktop/planted.py", ""),
    Plant("test_only_runtime_and_the_command_line_start_a_sync", "a view synchronises",
          "crm_desktop/views/planted.py", "from crm_desktop.sync.runner import Runner\n"),
    Plant("test_no_file_names_a_registry", "a registry's address", "docs/planted.md",
          f"https://{REGISTRY}/simple\n"),
    Plant("test_no_file_names_a_folder_of_one_machine", "somebody's folder", "docs/planted.md",
          f"{SOMEBODYS_FOLDER}\n"),
    Plant("test_the_changelog_has_room_for_the_next_line", "a closed changelog", "CHANGELOG.md",
          "\n## 9.9\n", "\n## Unreleased\n"),
    Plant(ONLY_WARNS, "a file of 500 lines", "crm_core/planted.py", "\n" * 500),
    Plant("test_only_two_places_catch_everything", "everything caught and forgotten",
          "crm_core/planted.py", "try:\n    pass\nexcept Exception:\n    pass\n"),
    Plant("test_only_the_store_writes_sql", "an import writes by itself",
          "crm_desktop/transfer/planted.py", "SQL = 'UPDATE account SET name = ?'\n"),
    Plant("test_only_the_store_writes_sql", "and with SQLAlchemy",
          "crm_desktop/transfer/planted.py",
          "from sqlalchemy import insert\n"),
    Plant("test_only_the_journal_writes_entity_tables", "search writes a record",
          "crm_desktop/models/planted.py", "SQL = 'DELETE FROM account WHERE id = ?'\n"),
    Plant("test_migrations_are_frozen", "a migration asks the catalog of today",
          "crm_desktop/models/migrations/versions/planted.py",
          "from crm_core.catalog import CATALOG\n"),
    Plant("test_nobody_reaches_for_the_application_object", "a view takes the global",
          "crm_desktop/views/planted.py", "APP = QApplication.instance()\n"),
    Plant("test_nobody_runs_a_nested_event_loop", "a dialog blocks", "crm_desktop/views/planted.py",
          "dialog.exec()\n"),
    Plant("test_nobody_runs_a_nested_event_loop", "a view pumps events",
          "crm_desktop/views/planted.py",
          "QApplication.processEvents()\n"),
    Plant("test_nobody_subclasses_qthread", "a thread of one's own",
          "crm_desktop/runtime/planted.py",
          "class Worker(QThread):\n    pass\n"),
    Plant("test_signals_are_connected_to_methods", "a signal connected to a signal",
          "crm_desktop/views/planted.py", "edit.textEdited.connect(self.changed.emit)\n"),
    Plant("test_every_table_covers_every_kind_or_says_what_holds_for_the_rest",
          "a Kind without editor",
          "crm_desktop/views/kit/editors.py", "", "    Kind.ORDER: _plain(LineEditor),\n"),
    Plant("test_every_table_covers_every_kind_or_says_what_holds_for_the_rest",
          "a Kind nobody handles",
          "crm_core/fields.py",
          '    JSON = "json"\n    COLOUR = "colour"\n', '    JSON = "json"\n'),
    Plant("test_each_layer_has_its_table", "a layer without its table",
          "crm_desktop/models/schema.py", "COLUMNS_ELSEWHERE", "COLUMN_TYPES"),
    Plant("test_every_kind_of_field_goes_through_the_suite", "a Kind no entity uses",
          "crm_core/fields.py",
          '    JSON = "json"\n    COLOUR = "colour"\n', '    JSON = "json"\n'),
)  # fmt: skip


def main(names: Sequence[str]) -> int:
    chosen = set(names) or everything()
    contracts = [plant for plant in CONTRACTS if plant.check in chosen]
    rules = [plant for plant in HOUSE_RULES if plant.check in chosen]
    with tempfile.TemporaryDirectory(prefix="crm-broken-") as folder:
        tree = Path(folder) / "tree"
        shutil.copytree(ROOT, tree, ignore=NOT_COPIED)
        red = red_already(tree)
        rows = [*judged(tree, contracts, red, contract_breaks)]
        rows += judged(tree, rules, red, rule_breaks)
    planted = {plant.check for plant in (*contracts, *rules)}
    rows += [(name, "", "NO PLANT") for name in sorted(chosen - planted)]
    show(rows)
    return 0 if all(seen in ("fails", "warns") for _, _, seen in rows) else 1


def everything() -> set[str]:
    """The contracts by their ids and the rules by the names of their tests."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = {entry["id"] for entry in settings["tool"]["importlinter"]["contracts"]}
    files = [
        file
        for rule in RULES
        for file in (sorted((ROOT / rule).glob("test_*.py")) or [ROOT / rule])
    ]
    nodes = [node for file in files for node in ast.parse(file.read_text("utf-8")).body]
    return contracts | {
        node.name
        for node in nodes
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


def red_already(tree: Path) -> set[str]:
    """What fails without any help, and so proves nothing when it fails."""
    settings = tomllib.loads((tree / "pyproject.toml").read_text("utf-8"))
    ids = [entry["id"] for entry in settings["tool"]["importlinter"]["contracts"]]
    red: set[str] = set()
    if ran([LINT_IMPORTS], tree)[0] != 0:
        red = {identity for identity in ids if contract_breaks(tree, identity) != "MISSED"}
    _, output = ran([*PYTEST, *RULES, "-rf"], tree)
    return red | set(re.findall(r"^FAILED \S+::(\w+)", output, re.MULTILINE))


def judged(
    tree: Path, plants: Sequence[Plant], red: set[str], breaks: Callable[[Path, str], str]
) -> Iterator[tuple[str, str, str]]:
    for plant in plants:
        if plant.check in red:
            yield plant.check, plant.says, "RED BEFORE"
            continue
        with planted(tree, plant):
            yield plant.check, plant.says, breaks(tree, plant.check)


@contextmanager
def planted(tree: Path, plant: Plant) -> Iterator[None]:
    path = tree / plant.path
    before = path.read_text("utf-8") if path.exists() else None
    assert (before is not None) == bool(plant.instead_of), f"{plant.path}: name another file"
    assert plant.instead_of in (before or ""), f"{plant.path}: '{plant.instead_of}' is gone"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        (before or "").replace(plant.instead_of, plant.text, 1) if before else plant.text, "utf-8"
    )
    try:
        yield
    finally:
        path.unlink() if before is None else path.write_text(before, "utf-8")


PYTEST = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly")


def contract_breaks(tree: Path, identity: str) -> str:
    code, output = ran([LINT_IMPORTS, "--contract", identity, "--no-cache"], tree)
    return (
        "fails" if code == 1 and "1 broken" in output else "MISSED" if code == 0 else "CANNOT RUN"
    )


def rule_breaks(tree: Path, test: str) -> str:
    code, output = ran([*PYTEST, *RULES, "-k", test, "-rf"], tree)
    if test == ONLY_WARNS:
        return "warns" if "UserWarning: crm_core/planted.py" in output else "MISSED"
    failed = re.findall(r"^FAILED \S+::(\w+)", output, re.MULTILINE)
    return "fails" if test in failed else "MISSED" if code == 0 else "CANNOT RUN"


def ran(command: Sequence[object], tree: Path) -> tuple[int, str]:
    done = subprocess.run(
        [str(part) for part in command], cwd=tree, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "COLUMNS": "200"},
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def show(rows: list[tuple[str, str, str]]) -> None:
    width = max(len(check) for check, _, _ in rows)
    for check, says, seen in rows:
        print(f"{seen:10} {check:{width}}  {says}")
    noticed = sum(seen in ("fails", "warns") for _, _, seen in rows)
    print(f"{noticed} of {len(rows)} violations noticed")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
