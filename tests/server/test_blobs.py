"""Attached files on the server: who may have them, and what is left when something breaks off."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from crm_core.errors import Refused
from crm_core.files import CHUNK_BYTES_MIN
from crm_core.ids import RecordId
from crm_core.scope import any_link
from crm_core.wire import BlobOffer
from crm_server.blobs import BlobLimits, Blobs
from tests.server.world import Acme, Device

PHOTO = b"a photo of the broken gasket"
NAME = hashlib.sha256(PHOTO).hexdigest()


@pytest.fixture
def blobs(acme: Acme, tmp_path: Path) -> Blobs:
    return Blobs(acme.world.service, tmp_path / "files")


def send(blobs: Blobs, device: Device, content: bytes = PHOTO) -> str:
    name = hashlib.sha256(content).hexdigest()
    assert blobs.add(device.who, name, 0, len(content), content).complete
    return name


def attach(device: Device, account: RecordId, sha256: str = NAME) -> RecordId:
    change = device.insert(
        "attachment", parent=any_link("account", account), name="a.jpg", sha256=sha256
    )
    assert device.push(change).result == "applied"
    device.pull()
    return change.id


def code(action: object, *arguments: object) -> str:
    assert callable(action)
    with pytest.raises(Refused) as said:
        action(*arguments)
    return said.value.code


def may_read(blobs: Blobs, device: Device, sha256: str = NAME) -> bool:
    try:
        found = blobs.readable(device.who, sha256).read_bytes()
    except Refused as refused:
        if refused.code != "file.not_found":
            raise
        return False
    return hashlib.sha256(found).hexdigest() == sha256


def offered(blobs: Blobs, device: Device, content: bytes = PHOTO) -> BlobOffer:
    return blobs.offer(device.who, hashlib.sha256(content).hexdigest(), len(content))


def test_a_file_is_read_by_whoever_sees_a_record_that_names_it(acme: Acme, blobs: Blobs) -> None:
    account = acme.shared_account()
    send(blobs, acme.nancy)
    assert not may_read(blobs, acme.nancy), "no record names it yet"
    attach(acme.nancy, account)
    readers = {one for one in acme.everybody if may_read(blobs, one)}
    acme_sees = {one for one in acme.everybody if one.pull() and one.sees("account", account)}
    assert readers == acme_sees
    assert acme.fuller in readers
    assert acme.li not in readers


def test_who_only_knows_a_fingerprint_gets_nothing_by_naming_it(acme: Acme, blobs: Blobs) -> None:
    account = acme.nancy.account()
    send(blobs, acme.nancy)
    attach(acme.nancy, account)
    thief = acme.li
    own = thief.account("Own")
    attach(thief, own)
    assert not may_read(blobs, thief)
    assert code(blobs.size_if_known, thief.who, NAME) == "file.not_found"
    assert offered(blobs, thief) == BlobOffer(0)
    assert may_read(blobs, acme.nancy)


def test_a_fingerprint_written_into_anothers_record_opens_nothing(acme: Acme, blobs: Blobs) -> None:
    secret = acme.nancy.account("Secret", territory=None)
    send(blobs, acme.nancy)
    attach(acme.nancy, secret)
    both = acme.nancy.account("Both")
    other = send(blobs, acme.nancy, b"harmless")
    record = attach(acme.nancy, both, other)
    acme.buchanan.pull()
    if not acme.buchanan.sees("attachment", record):
        pytest.fail("the lead sees his team's records")
    acme.li.pull()
    acme.world.change("account_team", acme.world.new_id(), account=both, user=acme.li.user)
    acme.li.pull()
    assert acme.li.sees("attachment", record)
    acme.li.push(acme.li.set("attachment", record, sha256=NAME))
    acme.li.pull()
    assert not may_read(blobs, acme.li)


def test_who_sends_the_bytes_again_is_served_like_the_first(acme: Acme, blobs: Blobs) -> None:
    send(blobs, acme.nancy)
    assert offered(blobs, acme.li) == BlobOffer(0), "that it is here already is not told"
    send(blobs, acme.li)
    assert offered(blobs, acme.li) == BlobOffer(len(PHOTO), complete=True)
    attach(acme.li, acme.li.account("Own"))
    assert may_read(blobs, acme.li)
    assert len([x for x in blobs.folder.rglob("*") if x.is_file()]) == 1


def test_who_may_read_a_file_may_attach_it_elsewhere_without_sending_it(
    acme: Acme, blobs: Blobs
) -> None:
    send(blobs, acme.nancy)
    attach(acme.nancy, acme.shared_account())
    assert offered(blobs, acme.fuller).complete
    attach(acme.fuller, acme.fuller.account("His own"))
    assert may_read(blobs, acme.fuller)


def test_a_file_whose_record_was_deleted_is_not_read_any_more(acme: Acme, blobs: Blobs) -> None:
    send(blobs, acme.nancy)
    record = attach(acme.nancy, acme.shared_account())
    acme.nancy.push(acme.nancy.delete("attachment", record))
    assert not may_read(blobs, acme.fuller)
    assert blobs.size_if_known(acme.nancy.who, NAME) == len(PHOTO)


# -- sending in pieces

LONG = bytes(range(256)) * 4096 * 3
LONG_NAME = hashlib.sha256(LONG).hexdigest()


def piece(blobs: Blobs, device: Device, offset: int, length: int = CHUNK_BYTES_MIN) -> BlobOffer:
    content = LONG[offset : offset + length]
    return blobs.add(device.who, LONG_NAME, offset, len(LONG), content)


def test_sending_goes_on_where_it_broke_off(acme: Acme, blobs: Blobs) -> None:
    assert piece(blobs, acme.nancy, 0) == BlobOffer(CHUNK_BYTES_MIN)
    blobs = Blobs(acme.world.service, blobs.folder)  # as after a kill
    assert offered(blobs, acme.nancy, LONG) == BlobOffer(CHUNK_BYTES_MIN)
    assert piece(blobs, acme.nancy, CHUNK_BYTES_MIN, len(LONG)).complete
    attach(acme.nancy, acme.nancy.account(), LONG_NAME)
    assert may_read(blobs, acme.nancy, LONG_NAME)


def test_a_piece_twice_or_too_early_does_no_harm(acme: Acme, blobs: Blobs) -> None:
    assert piece(blobs, acme.nancy, 2 * CHUNK_BYTES_MIN) == BlobOffer(0)
    for _ in range(2):
        assert piece(blobs, acme.nancy, 0) == BlobOffer(CHUNK_BYTES_MIN)
    piece(blobs, acme.nancy, CHUNK_BYTES_MIN)
    assert piece(blobs, acme.nancy, 0) == BlobOffer(2 * CHUNK_BYTES_MIN)
    assert piece(blobs, acme.nancy, 2 * CHUNK_BYTES_MIN).complete


def test_what_one_device_began_another_knows_nothing_of(acme: Acme, blobs: Blobs) -> None:
    piece(blobs, acme.nancy, 0)
    assert offered(blobs, acme.li, LONG) == BlobOffer(0)
    other = replace(acme.nancy.who, device="another")
    assert blobs.offer(other, LONG_NAME, len(LONG)) == BlobOffer(0)


def test_what_is_not_what_was_announced_is_thrown_away(acme: Acme, blobs: Blobs) -> None:
    wrong = b"x" * len(PHOTO)
    assert code(blobs.add, acme.nancy.who, NAME, 0, len(wrong), wrong) == "file.mismatch"
    assert offered(blobs, acme.nancy) == BlobOffer(0)
    send(blobs, acme.nancy)


def test_an_empty_file_is_one(acme: Acme, blobs: Blobs) -> None:
    attach(acme.nancy, acme.nancy.account(), send(blobs, acme.nancy, b""))
    assert may_read(blobs, acme.nancy, hashlib.sha256(b"").hexdigest())


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 65])
def test_what_is_no_fingerprint_is_not_there(acme: Acme, blobs: Blobs, name: str) -> None:
    assert code(blobs.offer, acme.nancy.who, name, 1) == "file.not_found"
    assert code(blobs.add, acme.nancy.who, name, 0, 1, b"x") == "file.not_found"
    assert code(blobs.readable, acme.nancy.who, name) == "file.not_found"


# -- limits


def test_a_file_may_not_be_larger_than_the_server_says(acme: Acme, blobs: Blobs) -> None:
    blobs.limits = BlobLimits(file_bytes=10)
    assert code(blobs.offer, acme.nancy.who, NAME, len(PHOTO)) == "file.too_large"
    assert code(blobs.add, acme.nancy.who, NAME, 0, len(PHOTO), PHOTO) == "file.too_large"
    blobs.offer(acme.nancy.who, NAME, 10)


def test_all_files_together_may_not_be_larger_than_the_server_says(
    acme: Acme, blobs: Blobs
) -> None:
    blobs.limits = BlobLimits(total_bytes=len(PHOTO) + 5)
    send(blobs, acme.nancy)
    assert code(blobs.offer, acme.nancy.who, "0" * 64, 6) == "file.no_room"
    blobs.offer(acme.nancy.who, "0" * 64, 5)
    assert offered(blobs, acme.nancy).complete


def test_a_device_begins_only_so_many_files(acme: Acme, blobs: Blobs) -> None:
    for n in range(20):
        blobs.add(acme.nancy.who, f"{n:064x}", 0, 1000, b"x" * 100)
    assert len([x for x in blobs.folder.rglob("*") if x.is_file()]) <= 4


# -- looking after


def test_what_no_record_names_goes_at_last_and_what_is_named_stays(
    acme: Acme, blobs: Blobs
) -> None:
    send(blobs, acme.nancy)
    attach(acme.nancy, acme.shared_account())
    lonely = send(blobs, acme.nancy, b"lonely")
    assert blobs.forget_unneeded() == 0
    acme.world.passes(days=401)
    assert blobs.forget_unneeded() == 1
    assert may_read(blobs, acme.fuller)
    assert not blobs.path(lonely).exists()
    assert offered(blobs, acme.nancy, b"lonely") == BlobOffer(0)


def test_check_tells_what_is_missing_changed_or_never_came(acme: Acme, blobs: Blobs) -> None:
    account = acme.nancy.account()
    attach(acme.nancy, account, send(blobs, acme.nancy))
    assert blobs.problems() == []
    attach(acme.nancy, account, "0" * 64)
    assert blobs.problems() == ["1 attachments without a file"]
    blobs.path(NAME).write_bytes(b"x" * len(PHOTO))
    assert "1 files missing or damaged" in blobs.problems()
