"""Starting: nothing heavy before the day is shown, questions asked on a page, pictures without a
display."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Literal

import pytest
from PySide6.QtGui import QImage

from crm_core.ids import DeviceId, RecordId
from crm_desktop import settings
from crm_desktop.models.store import Store
from crm_desktop.settings import Borders, Settings
from tests.views.company import KEY, make_store, people

HEAVY = (
    "sqlalchemy", "alembic", "requests", "urllib3", "matplotlib", "pypinyin", "keyring",
    "cryptography", "argon2", "tenacity", "numpy", "importlib.metadata", "asyncio",
    "crm_desktop.views.shell.palette.palette", "crm_desktop.views.shell.quick_log",
    "crm_desktop.views.shell.preferences", "crm_desktop.runtime.idle",
)  # fmt: skip
ME = RecordId("a" * 32)

OPEN = """
import json, sys
from pathlib import Path
from types import SimpleNamespace
from crm_desktop import app
from crm_desktop.desktop import Desktop
from crm_desktop.options import Options, Picture
from crm_desktop.models.store import Store

def opener(path, passphrase):
    store = Store.open(path / "crm-1.db", bytes(range(32)))
    return SimpleNamespace(store=store, close=store.close, was_copied=False)

options = Options(**json.loads(sys.argv[2]), profile=Path(sys.argv[1]))
"""
FIRST_PAINT = (
    OPEN
    + """
from crm_desktop.views.panes.today.pane import TodayPane
shown = TodayPane._show
def show(self, day):
    shown(self, day)
    print(json.dumps(sorted(sys.modules)), flush=True)
    application.quit()
TodayPane._show = show
application = app.make_application(options)
desktop = Desktop(options, application, opener)
desktop.start()
application.exec()
desktop.close()
"""
)
FRAME = """
import json, sys
from pathlib import Path
from crm_desktop import app
from crm_desktop.options import Options

options = Options(profile=Path(sys.argv[1]), passphrase=sys.argv[2] or None)
application = app.make_application(options)

def fill(window, frame):
    print(json.dumps({
        "is_framed": frame is not None,
        "is_visible": window.isVisible(),
        "rail": frame.rail.width() if frame else 0,
        "modules": sorted(sys.modules),
    }), flush=True)
    sys.exit()

app.show_first(options, fill)
application.exec()
"""
PICTURE = (
    OPEN
    + """
import dataclasses
picture = Picture(Path(sys.argv[3]), sys.argv[4])
options = dataclasses.replace(options, picture=picture)
application = app.make_application(options)
desktop = Desktop(options, application, opener)
desktop.start()
code = application.exec()
desktop.close()
sys.exit(code)
"""
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    accounts = [("account", RecordId(f"{n:032x}"), {"name": f"Kunde {n}"}) for n in range(1, 40)]
    make_store(tmp_path, [*people(ME), *accounts], user=ME).close()
    return tmp_path


def run(script: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_nothing_heavy_is_loaded_before_the_day_is_shown(folder: Path) -> None:
    done = run(FIRST_PAINT, str(folder), "{}")
    assert done.returncode == 0, done.stderr
    loaded = {name.partition(".")[0] for name in json.loads(done.stdout)} | set(
        json.loads(done.stdout)
    )
    assert loaded.isdisjoint(HEAVY)


def first_seen(folder: Path, passphrase: str = "") -> dict[str, Any]:
    done = run(FRAME, str(folder), passphrase)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def note(folder: Path, key_kept: Literal["keyring", "passphrase"]) -> None:
    settings.save(
        folder, Settings("http://x", "northwind", "nancy", ME, DeviceId("d"), key_kept, "k")
    )


def test_the_window_is_framed_before_anything_is_opened(tmp_path: Path) -> None:
    note(tmp_path, "keyring")
    settings.save_borders(tmp_path, Borders(rail=222))
    seen = first_seen(tmp_path)
    assert (seen["is_framed"], seen["is_visible"], seen["rail"]) == (True, True, 222)
    opens = ("crm_desktop.profile", "crm_desktop.models.store", "crm_core.catalog")
    assert not set(opens) & set(seen["modules"])


def test_a_frame_waits_for_no_passphrase_that_must_be_asked_for(tmp_path: Path) -> None:
    note(tmp_path, "passphrase")
    assert not first_seen(tmp_path)["is_framed"]
    assert first_seen(tmp_path, "known")["is_framed"]


def test_who_never_signed_in_is_asked_without_a_frame(tmp_path: Path) -> None:
    assert not first_seen(tmp_path)["is_framed"]


def test_damaged_notes_are_left_to_who_opens_the_profile(tmp_path: Path) -> None:
    (tmp_path / settings.FILE).write_text("{")
    assert not first_seen(tmp_path)["is_framed"]


@pytest.mark.parametrize("pane", ["accounts", "inbox", "order"])
def test_a_picture_of_a_pane_is_taken_without_a_display(folder: Path, pane: str) -> None:
    out = folder / "picture.png"
    done = run(
        PICTURE, str(folder), json.dumps({"locale": "zh_CN", "theme": "dark"}), str(out), pane
    )
    assert done.returncode == 0, done.stderr
    image = QImage(str(out))
    assert (image.width(), image.height()) == (1280, 800)
    assert image.pixelColor(600, 790).lightness() < 80, "the dark theme is dark"
    colours = {image.pixel(x, y) for x in range(0, 1280, 7) for y in range(0, 800, 7)}
    assert len(colours) > 8, "something is shown"


def test_a_profile_that_cannot_be_opened_ends_the_picture_with_a_sentence(tmp_path: Path) -> None:
    done = run(PICTURE, str(tmp_path), "{}", str(tmp_path / "x.png"), "accounts")
    assert done.returncode == 1
    assert "could not be opened" in done.stderr
    assert not (tmp_path / "x.png").exists()


def test_the_store_is_whole_after_the_window_closed(folder: Path) -> None:
    run(FIRST_PAINT, str(folder), "{}")
    store = Store.open(folder / "crm-1.db", KEY)
    assert store.write.value("PRAGMA integrity_check") == "ok"
    store.close()
