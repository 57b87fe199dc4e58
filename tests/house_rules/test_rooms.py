"""Rules about who may import whom that import-linter's contracts cannot say alone."""

import tomllib
from typing import Any

from tests.house_rules.source import ROOT, sources

WITH_QT = {"__main__", "app", "desktop", "views", "runtime"}


def test_every_room_without_qt_is_under_contract() -> None:
    """A contract can only list modules that exist, so a new room has to be added to it."""
    rooms = {
        path.stem
        for path in (ROOT / "crm_desktop").iterdir()
        if (path.suffix == ".py" or (path / "__init__.py").exists()) and path.stem != "__init__"
    }
    listed = contract("no-qt-below-runtime")["source_modules"]
    assert {f"crm_desktop.{room}" for room in rooms - WITH_QT} == set(listed), (
        "bring source_modules of this contract in pyproject.toml up to date"
    )


def test_only_runtime_and_the_command_line_start_a_sync() -> None:
    """Elsewhere ask the data hub: two synchronisations at once would be one too many."""
    found = [
        source.at(node)
        for source in sources("crm_desktop")
        if not source.is_in("crm_desktop/runtime", "crm_desktop/cli", "crm_desktop/sync")
        for name, node in source.imports()
        if f"{name}.".startswith("crm_desktop.sync.runner.")
    ]
    assert not found


def contract(identity: str) -> dict[str, Any]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    return next(entry for entry in contracts if entry["id"] == identity)
