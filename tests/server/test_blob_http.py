"""Attached files over HTTP and in a backup."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from crm_core.changes import Change, Op
from crm_core.files import CHUNK_BYTES_MAX
from crm_core.ids import RecordId
from crm_core.scope import any_link
from crm_core.wire import Hello
from crm_server.admin.main import main as admin
from crm_server.backup import backup, restore
from crm_server.http import create_app
from crm_server.organisations import Organisations, random_id
from crm_server.passwords import Passwords
from crm_server.people import NewUser, add_user
from tests.server.test_http import DEVICE, Client, Site, push_body

PHOTO = bytes(range(256)) * 50
NAME = hashlib.sha256(PHOTO).hexdigest()
WHOLE = {"upload-length": str(len(PHOTO)), "upload-offset": "0"}


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    organisations = Organisations(tmp_path / "data", passwords=Passwords(memory_kib=8, passes=1))
    for slug in ("acme", "other"):
        there = organisations.create(slug.title(), slug)
        add_user(there.service, organisations.passwords, NewUser("nancy", "sesame", "rep"))
    yield Site(organisations, Client(create_app(organisations)))
    organisations.close()


def ask(site: Site, method: str, content: bytes = b"", **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    named["Authorization"] = f"Bearer {site.token}"
    return site.client._ask(method, f"/blobs/{NAME}", content, named)


def attach(site: Site, name: str = NAME) -> RecordId:
    hello = site.pull()[0]
    assert isinstance(hello, Hello)
    account, file = random_id(), random_id()
    parent = any_link("account", account)
    answer = site.post(
        "/sync/v1/push",
        push_body(
            hello.epoch,
            Change("account", account, Op.INSERT, {"name": "Alfreds"}),
            Change(
                "attachment", file, Op.INSERT, {"parent": parent, "name": "a.jpg", "sha256": name}
            ),
        ),
    )
    assert answer.status_code == 200, answer.text
    return file


def test_a_file_goes_up_in_pieces_and_comes_back_in_ranges(site: Site) -> None:
    site.sign_in()
    assert ask(site, "PUT", upload_length=str(len(PHOTO))).json() == {"offset": 0}
    first = ask(site, "PATCH", PHOTO[:5000], **WHOLE)
    assert first.json() == {"offset": 5000}
    rest = ask(site, "PATCH", PHOTO[5000:], **{**WHOLE, "upload-offset": "5000"})
    assert rest.json() == {"offset": len(PHOTO), "complete": True}
    attach(site)
    assert ask(site, "HEAD").headers["content-length"] == str(len(PHOTO))
    part = ask(site, "GET", range="bytes=100-299")
    assert (part.status_code, part.content) == (206, PHOTO[100:300])
    assert part.headers["content-range"] == f"bytes 100-299/{len(PHOTO)}"
    whole = ask(site, "GET")
    assert (whole.status_code, whole.content) == (200, PHOTO)
    assert whole.headers["x-content-type-options"] == "nosniff"


def test_another_organisation_knows_nothing_of_a_file(site: Site) -> None:
    site.sign_in()
    ask(site, "PATCH", PHOTO, **WHOLE)
    attach(site)
    site.sign_in("other")
    assert ask(site, "HEAD").status_code == 404
    assert ask(site, "PUT", upload_length=str(len(PHOTO))).json() == {"offset": 0}
    attach(site)
    assert ask(site, "GET").json()["error"] == "file.not_found"


@pytest.mark.parametrize("length", ["", "-1", "x", "1" * 30, "٣"])
def test_a_length_that_is_no_number_is_refused(site: Site, length: str) -> None:
    site.sign_in()
    answer = ask(site, "PUT", b"", **({"upload_length": length} if length.isascii() else {}))
    assert (answer.status_code, answer.json()["error"]) == (400, "request.malformed")


@pytest.mark.parametrize(
    "wanted",
    ["x", "lines=0-1", "bytes=", "bytes=-5", "bytes=9-1", f"bytes={len(PHOTO)}-", "bytes=0-1,5-6",
     "bytes=0-" + "9" * 5000],
)  # fmt: skip
def test_a_range_that_is_none_is_refused_by_its_code(site: Site, wanted: str) -> None:
    site.sign_in()
    ask(site, "PATCH", PHOTO, **WHOLE)
    attach(site)
    answer = ask(site, "GET", range=wanted)
    assert (answer.status_code, answer.json()["error"]) == (400, "request.malformed")


def test_without_a_token_nothing_is_told(site: Site) -> None:
    for method in ("HEAD", "GET", "PUT", "PATCH"):
        assert ask(site, method, b"", **WHOLE).status_code == 401


def test_a_piece_has_its_limit_and_so_has_a_file(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.sign_in()
    too_much = ask(site, "PATCH", bytes(CHUNK_BYTES_MAX + 1), **WHOLE)
    assert (too_much.status_code, too_much.json()["error"]) == (413, "request.too_large")
    large = ask(site, "PUT", upload_length=str(1 << 40))
    assert (large.status_code, large.json()["params"]["most"]) == (413, "100")


def test_a_backup_holds_the_files_and_a_restore_brings_them_back(
    site: Site, tmp_path: Path
) -> None:
    site.sign_in()
    ask(site, "PATCH", PHOTO, **WHOLE)
    attach(site)
    there = site.organisations.open("acme")
    backup(there.service, tmp_path / "b", there.blobs)
    other = Organisations(tmp_path / "elsewhere", passwords=Passwords(memory_kib=8, passes=1))
    done = restore(other, tmp_path / "b")
    assert done.files == 1
    found = other.open("acme").blobs
    assert found.problems() == []
    assert found.path(NAME).read_bytes() == PHOTO
    other.close()


def test_check_says_when_a_file_is_missing(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    site.sign_in()
    ask(site, "PATCH", PHOTO, **WHOLE)
    attach(site)
    check = ["--data", str(site.organisations.folder), "--for", "acme", "check"]
    assert admin(check) == 0
    site.organisations.open("acme").blobs.path(NAME).unlink()
    assert admin(check) == 1
    assert "files missing" in capsys.readouterr().err


def test_a_withdrawn_device_leaves_its_files_and_gets_none(site: Site) -> None:
    site.sign_in()
    ask(site, "PATCH", PHOTO[:100], **WHOLE)
    attach(site)
    with site.organisations.open("acme").service.store.note() as tx:
        tx.run("UPDATE device SET revoked_at=? WHERE id=?", ("2026-11-22T08:00:00Z", DEVICE))
    rest = ask(site, "PATCH", PHOTO[100:], **{**WHOLE, "upload-offset": "100"})
    assert rest.json() == {"offset": len(PHOTO), "complete": True}
    for method in ("GET", "HEAD"):
        assert ask(site, method).status_code == 403
