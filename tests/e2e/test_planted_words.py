"""Nothing of the customers' data lies on the disk in clear, not even for a moment: while a device
imports, fetches for the first time, builds its indexes, is brought to a newer schema and shows a
file, planted words are looked for in its profile, in the temporary folder and in unlinked files."""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.contracts import frozen
from tests.e2e.people import World
from tests.e2e.processes import CRM_DESKTOP, PASSPHRASE, PASSPHRASE_VARIABLE, environment
from tests.support.planted import CHINESE, LATIN, NEEDLES, Watched, watch
from tests.support.planted_jobs import KEY

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs /proc")
only_sqlite = pytest.mark.parametrize("store", ["sqlite"])


@pytest.fixture
def temporary(tmp_path: Path) -> Path:
    """The temporary folder of what is watched."""
    made = tmp_path / "temporary"
    made.mkdir()
    return made


def watched(command: Sequence[str], temporary: Path, profile: Path) -> Watched:
    more = {
        "TMPDIR": str(temporary), "SQLITE_TMPDIR": str(temporary),
        PASSPHRASE_VARIABLE: PASSPHRASE, "QT_QPA_PLATFORM": "offscreen",
    }  # fmt: skip
    seen = watch(command, [temporary, profile], env=environment(more))
    assert seen.code == 0, seen.said
    assert seen.looks >= 3, "it was hardly looked at"
    assert seen.files, "there was nothing to look at"
    return seen


def job(name: str, where: Path, temporary: Path, *bugs: str) -> Watched:
    command = [sys.executable, "-m", "tests.support.planted_jobs", *bugs, name, str(where)]
    return watched(command, temporary, where if where.is_dir() else where.parent)


def planted_file(folder: Path) -> Path:
    """Accounts to import; the file itself is in clear, and nobody's profile."""
    out = folder / "accounts.csv"
    rows = [f"{LATIN} {n},{CHINESE}" for n in range(400)]
    out.write_text("\n".join(["name,short_name", *rows]), encoding="utf-8")
    return out


@only_sqlite
def test_an_import_and_a_first_sync_leave_no_word_in_clear(
    world: World, tmp_path: Path, temporary: Path
) -> None:
    rep, lead = world.people("rep", "lead")
    listed = planted_file(tmp_path)
    base = [CRM_DESKTOP, "--profile", str(rep.profile)]
    imported = watched([*base, "import", "account", str(listed)], temporary, rep.profile)
    assert imported.found == set()
    assert watched([*base, "sync"], temporary, rep.profile).found == set()
    first = [CRM_DESKTOP, "--profile", str(lead.profile), "sync"]
    assert watched(first, temporary, lead.profile).found == set()
    assert any(LATIN in row["name"] for row in lead.json("list", "account", "--limit", "5"))


def test_building_indexes_leaves_no_word_in_clear(tmp_path: Path, temporary: Path) -> None:
    place = tmp_path / "profile"
    place.mkdir()
    assert job("index", place / "crm-1.db", temporary).found == set()


def test_bringing_a_file_to_a_newer_schema_leaves_no_word_in_clear(
    tmp_path: Path, temporary: Path
) -> None:
    (oldest, *_) = frozen.versions()
    place, plain = tmp_path / "profile", tmp_path / "profile" / "plain.sqlite"
    place.mkdir()
    path = frozen.client_file(oldest, place)
    _plant(plain, path)
    assert frozen.KEY == KEY
    assert job("migrate", path, temporary).found == set()
    assert [*place.glob("*.before-*")], "nothing was migrated"


def _plant(plain: Path, path: Path) -> None:
    """Words in every account of an older file; the copy in clear goes."""
    from crm_desktop.models.connection import Connection

    connection = Connection(path, KEY)
    connection.run("UPDATE account SET name = ?, short_name = ?", (LATIN, CHINESE))
    connection.close()
    with sqlite3.connect(plain) as known:
        assert known.execute("SELECT count(*) FROM account").fetchone()[0]
    known.close()
    plain.unlink()


def test_showing_a_file_leaves_no_word_in_clear(tmp_path: Path, temporary: Path) -> None:
    place = tmp_path / "files"
    place.mkdir()
    assert job("preview", place, temporary).found == set()


@pytest.mark.parametrize(("name", "bug"), [("index", "--spilling"), ("preview", "--leaking")])
def test_what_lies_in_clear_for_a_moment_is_found(
    name: str, bug: str, tmp_path: Path, temporary: Path
) -> None:
    place = tmp_path / "profile"
    place.mkdir()
    seen = job(name, place / "crm-1.db" if name == "index" else place, temporary, bug)
    assert any("(deleted)" in where or str(temporary) in where for where in seen.found)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "gb18030", "gbk"])
def test_a_word_is_known_in_every_encoding(encoding: str) -> None:
    written = f"x{CHINESE}y".encode(encoding)
    assert any(needle in written for needle in NEEDLES)
