"""doctor, backup and restore-backup: nothing unsent gets lost, nothing secret gets out."""

from __future__ import annotations

import json
import os
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from crm_desktop.cli import support
from crm_desktop.sync.failures import of_answer
from tests.cli.counter import PASSPHRASE, Counter


def test_a_backup_brings_unsent_work_to_another_folder(counter: Counter, tmp_path: Path) -> None:
    made = counter.add("account", "name=Alfreds")
    out = tmp_path / "nancy.backup"
    done = counter.did("backup", str(out))
    assert (done["pending"], done["bytes"]) == (1, out.stat().st_size)
    other = Counter(tmp_path / "other")
    assert other.did("restore-backup", str(out))["pending"] == 1
    assert other.did("show", "account", made)["name"] == "Alfreds"
    assert other.did("status")["pending"] == 1


def test_a_comparison_that_the_server_puts_off_says_when_to_try_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def put_off(*_: object) -> None:
        raise of_answer(429, "request.throttled", {"seconds": "40"}, 40.0)

    monkeypatch.setattr("crm_desktop.sync.comparing.differing_roots", put_off)
    opened = cast("Any", SimpleNamespace(store=None, session=SimpleNamespace(signed_in=True)))
    differing, said = support._differing(opened)
    assert differing is None
    assert "try again in 40 s" in said


def test_doctor_tells_machines_too_why_nothing_could_be_compared(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def put_off(*_: object) -> None:
        raise of_answer(429, "request.throttled", {"seconds": "40"}, 40.0)

    monkeypatch.setattr("crm_desktop.sync.comparing.differing_roots", put_off)
    monkeypatch.setattr(support, "_contact", lambda _: support.Contact(reachable=True))
    monkeypatch.setattr("crm_desktop.sync.session.Session.signed_in", True)
    found = counter.did("doctor")
    assert found["content_agrees"] is None
    assert "try again in 40 s" in found["content_untold"]


def test_a_backup_shows_no_name_and_opens_with_its_passphrase_only(
    counter: Counter, tmp_path: Path
) -> None:
    counter.add("account", "name=Alfreds Futterkiste")
    out = tmp_path / "nancy.backup"
    counter.did("backup", str(out))
    assert b"Futterkiste" not in out.read_bytes()
    ran = Counter(tmp_path / "thief").run("restore-backup", str(out), passphrase="guess")
    assert (ran.code, "passphrase" in ran.err) == (1, True)
    assert not (tmp_path / "thief" / "profile.json").exists()


def test_restoring_keeps_what_was_there_beside_it(counter: Counter, tmp_path: Path) -> None:
    out = tmp_path / "nancy.backup"
    counter.did("backup", str(out))
    database = counter.folder / "crm-1.db"
    database.write_bytes(os.urandom(8192))
    assert counter.run("list", "account").code == 1
    done = counter.did("restore-backup", str(out))
    assert done["set_aside"] == str(database)
    assert database.exists()
    assert counter.did("list", "account") == []


def test_restoring_refuses_to_leave_newer_unsent_work_behind(
    counter: Counter, tmp_path: Path
) -> None:
    out = tmp_path / "nancy.backup"
    counter.did("backup", str(out))
    counter.add("account", "name=Typed after the backup")
    ran = counter.run("restore-backup", str(out))
    assert (ran.code, "unsent" in ran.err) == (1, True)
    assert len(counter.did("list", "account")) == 1
    assert [file.name for file in counter.folder.glob("crm-*.db")] == ["crm-1.db"]


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x05\x06" + bytes(18)])
def test_what_is_no_backup_is_named(counter: Counter, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "file"
    file.write_bytes(content)
    ran = counter.run("restore-backup", str(file))
    assert (ran.code, "no backup" in ran.err) == (1, True)
    assert counter.run("restore-backup", str(tmp_path / "absent")).code == 1


def test_a_damaged_backup_changes_nothing(counter: Counter, tmp_path: Path) -> None:
    counter.add("account", "name=Alfreds")
    out = tmp_path / "nancy.backup"
    counter.did("backup", str(out))
    with zipfile.ZipFile(out) as file:
        parts = {name: file.read(name) for name in file.namelist()}
    broken = bytearray(parts["crm.db"])
    broken[4096 * 3 : 4096 * 4] = os.urandom(4096)
    with zipfile.ZipFile(out, "w") as file:
        for name, data in {**parts, "crm.db": bytes(broken)}.items():
            file.writestr(name, data)
    assert counter.run("restore-backup", str(out)).code == 1
    assert len(counter.did("list", "account")) == 1


def test_a_backup_that_cannot_be_written_says_so(counter: Counter, tmp_path: Path) -> None:
    ran = counter.run("backup", str(tmp_path / "absent" / "nancy.backup"))
    assert ran.code in (1, 4)
    assert len(ran.err.strip().splitlines()) == 1


def test_doctor_finds_a_sound_profile_sound(counter: Counter) -> None:
    counter.add("account", "name=Alfreds")
    found = counter.did("doctor")
    assert found["ok"] is True
    assert (found["integrity"], found["encryption"], found["pending"]) == ([], [], 1)
    assert found["server"]["reachable"] is False


def test_doctor_finds_damage_and_fails(counter: Counter) -> None:
    for n in range(3):
        counter.add("account", f"name=Customer {n}")
    database = counter.folder / "crm-1.db"
    size = database.stat().st_size
    with database.open("r+b") as file:
        file.seek(size - 4096 * 2)
        file.write(os.urandom(4096))
    ran = counter.run("doctor")
    assert ran.code == 1
    assert "damaged" in (ran.out + ran.err)


def test_repair_without_a_server_loses_no_unsent_work(counter: Counter) -> None:
    made = counter.add("account", "name=Alfreds")
    found = counter.did("doctor", "--repair")
    assert found["repair"]["done"] is False
    assert (found["pending"], counter.did("show", "account", made)["name"]) == (1, "Alfreds")


def test_the_bundle_for_support_holds_no_customer_and_no_key(
    counter: Counter, tmp_path: Path
) -> None:
    counter.add("account", "name=Alfreds Futterkiste")
    out = tmp_path / "bundle.zip"
    counter.did("doctor", "--bundle", str(out))
    with zipfile.ZipFile(out) as file:
        texts = {name: file.read(name).decode() for name in file.namelist()}
    assert json.loads(texts["records.json"])["account"] == 1
    whole = "".join(texts.values())
    for secret in ("Futterkiste", "nancy", PASSPHRASE, "refresh", "sealed"):
        assert secret not in whole
