"""`export-person`: what is held about a person, and nothing about others, in one file."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from crm_core.changes import Change, Op
from crm_core.errors import NotFound, UserProblem
from crm_server.admin.main import main
from crm_server.exporting import CONTENT, Exported, export_person
from crm_server.organisations import Organisations
from crm_server.passwords import Passwords
from crm_server.people import NewUser, add_user
from tests.server.world import Acme

PHOTO = b"a photo of Maria"


class Maria:
    """A contact with something of everything, and another one of whom nothing may be told."""

    def __init__(self, acme: Acme, folder: Path) -> None:
        self.acme = acme
        self.folder = folder
        nancy = acme.nancy
        self.account = nancy.account("Alfreds")
        contact = nancy.insert("contact", full_name="Maria Anders", mobile="030-1")
        self.id = contact.id
        other = nancy.insert("contact", full_name="Otto Other", mobile="030-2")
        call = nancy.insert("interaction", subject="Call", contact=self.id, account=self.account)
        photo = nancy.insert("attachment", parent=f"contact/{self.id}", name="../me?.jpg",
                             sha256="a" * 64, size=len(PHOTO))  # fmt: skip
        assert {x.result for x in nancy.send(
            nancy.changeset(contact, other), nancy.changeset(call), nancy.changeset(photo)
        ).results} == {"applied"}  # fmt: skip
        nancy.pull()
        nancy.push(nancy.set("contact", self.id, mobile="030-9"))
        nancy.push(Change("contact", self.id, Op.SET, {"unicorn": "Maria's secret"}, {}))
        folder.mkdir()
        (folder / ("a" * 64)).write_bytes(PHOTO)

    def export(self, out: Path, person: str = "") -> Exported:
        with self.acme.world.store.read() as tx:
            return export_person(tx, person or self.id, out, lambda sha256: self.folder / sha256)


@pytest.fixture
def maria(acme: Acme, tmp_path: Path) -> Maria:
    return Maria(acme, tmp_path / "files")


def told(out: Path) -> dict[str, Any]:
    with zipfile.ZipFile(out) as archive:
        return json.loads(archive.read(CONTENT))


def test_all_that_names_a_person_is_in_one_file(maria: Maria, tmp_path: Path) -> None:
    out = tmp_path / "maria.zip"
    done = maria.export(out)
    content = told(out)
    assert content["person"]["values"]["mobile"] == "030-9"
    records = {one["kind"]: one for one in content["records"]}
    assert records["interaction"]["values"]["subject"] == "Call"
    assert records["interaction"]["values"]["account_label"] == "Alfreds"
    moved = [x["fields"]["mobile"] for x in content["history"] if "mobile" in x["fields"]]
    assert moved[-1] == {"old": "030-1", "new": "030-9"}
    assert content["history"][-1]["by"] == "nancy"
    assert "Maria's secret" in content["refused"][0]["sent"]
    assert (done.records, done.files) == (1 + len(content["records"]), 1)
    assert out.stat().st_mode & 0o077 == 0


def test_files_go_along_under_harmless_names(maria: Maria, tmp_path: Path) -> None:
    out = tmp_path / "maria.zip"
    maria.export(out)
    with zipfile.ZipFile(out) as archive:
        (name,) = [x for x in archive.namelist() if x != CONTENT]
        assert archive.read(name) == PHOTO
    assert name.startswith("files/")
    assert name.endswith("-me_.jpg")
    assert ".." not in name


def test_nothing_is_told_about_others(maria: Maria, tmp_path: Path) -> None:
    out = tmp_path / "maria.zip"
    maria.export(out)
    with zipfile.ZipFile(out) as archive:
        assert b"Otto" not in archive.read(CONTENT)


def test_of_a_colleague_customers_values_are_not_told(maria: Maria, tmp_path: Path) -> None:
    out = tmp_path / "nancy.zip"
    maria.export(out, maria.acme.nancy.user)
    content = told(out)
    assert content["person"]["values"]["login"] == "nancy"
    assert [x["id"] for x in content["devices"]] == [maria.acme.nancy.device]
    assert {one["kind"] for one in content["records"]} >= {"account"}
    assert all("values" not in one for one in content["records"])
    assert "Alfreds" not in json.dumps(content)


@pytest.mark.parametrize("person", ["", "x", "0" * 32])
def test_only_persons_are_exported(maria: Maria, tmp_path: Path, person: str) -> None:
    with pytest.raises(NotFound):
        maria.export(tmp_path / "x.zip", person or maria.account)
    assert not (tmp_path / "x.zip").exists()


def test_an_export_never_overwrites(maria: Maria, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_text("precious")
    with pytest.raises(UserProblem, match="exists already"):
        maria.export(tmp_path / "x.zip")


def test_the_command_is_in_the_audit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    organisations = Organisations(tmp_path / "s", passwords=Passwords(memory_kib=8, passes=1))
    there = organisations.create("Acme", "acme")
    user = add_user(there.service, organisations.passwords, NewUser("nancy", "sesame", "rep"))
    organisations.close()
    out = str(tmp_path / "n.zip")
    assert main(["--data", str(tmp_path / "s"), "export-person", user, out, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["records"] == 1
    organisations = Organisations(tmp_path / "s")
    with organisations.open().service.store.read() as tx:
        assert tx.rows("SELECT event,subject FROM audit") == [("person-exported", user)]
    organisations.close()
