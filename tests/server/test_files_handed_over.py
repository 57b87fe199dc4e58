"""Files of records that went to somebody else, and of values that somebody else took over."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from crm_core.changes import Change, Op
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_server.blobs import Blobs
from tests.server.test_blobs import NAME, attach, may_read, send
from tests.server.test_handover import conflict_of
from tests.server.world import Acme, Device

BETTER = b"a better photo of the gasket"
BETTER_NAME = hashlib.sha256(BETTER).hexdigest()


@pytest.fixture
def blobs(acme: Acme, tmp_path: Path) -> Blobs:
    return Blobs(acme.world.service, tmp_path / "files")


def hand_over(acme: Acme, account: RecordId, days: int = 0) -> None:
    """An account goes from nancy to li."""
    acme.fuller.pull()
    acme.fuller.push(acme.fuller.set("account", account, owner=acme.li.user))
    acme.world.passes(days=days)


def take(device: Device, record: RecordId, **value: Value) -> None:
    """Take an offered value over, as the inbox does."""
    conflict = conflict_of(device)
    changes = (
        device.set("attachment", record, **value),
        device.set("conflict", conflict, state="resolved"),
    )
    assert device.push(*changes, atomic=True).result == "applied"
    device.pull()


def test_the_files_of_an_account_go_along_with_it(acme: Acme, blobs: Blobs) -> None:
    account = acme.shared_account()
    send(blobs, acme.nancy)
    attach(acme.nancy, account)
    assert not may_read(blobs, acme.li)
    hand_over(acme, account)
    assert may_read(blobs, acme.li)
    assert not may_read(blobs, acme.nancy), "the account left her sight"


def test_a_file_offered_in_place_of_another_is_read_by_whoever_takes_it_over(
    acme: Acme, blobs: Blobs
) -> None:
    account = acme.shared_account()
    send(blobs, acme.nancy)
    record = attach(acme.nancy, account)
    hand_over(acme, account, days=100)
    send(blobs, acme.nancy, BETTER)
    new: dict[str, Value] = {"sha256": BETTER_NAME}
    offer = Change("attachment", record, Op.OFFER, new, {"sha256": NAME}, 0)
    acme.nancy.pull()
    assert acme.nancy.send(acme.nancy.changeset(offer, atomic=True)).results[0].result == "merged"
    assert not may_read(blobs, acme.li, BETTER_NAME), "nobody has taken it over"
    take(acme.li, record, sha256=BETTER_NAME)
    assert may_read(blobs, acme.li, BETTER_NAME)


def test_an_offer_by_somebody_who_never_had_the_file_opens_nothing(
    acme: Acme, blobs: Blobs
) -> None:
    send(blobs, acme.fuller, BETTER)
    attach(acme.fuller, acme.fuller.account("Secret", territory=None), BETTER_NAME)
    account = acme.shared_account()
    send(blobs, acme.nancy)
    record = attach(acme.nancy, account)
    hand_over(acme, account, days=100)
    new: dict[str, Value] = {"sha256": BETTER_NAME}
    offer = Change("attachment", record, Op.OFFER, new, {"sha256": NAME}, 0)
    acme.nancy.pull()
    acme.nancy.send(acme.nancy.changeset(offer, atomic=True))
    take(acme.li, record, sha256=BETTER_NAME)
    assert not may_read(blobs, acme.li, BETTER_NAME)
