"""Files on a form that is not saved: kept with its draft, sent with its record, gone with it."""

from __future__ import annotations

import datetime as dt
import io
from pathlib import Path

import pytest

from crm_core.changes import Change, Op
from crm_core.errors import UserProblem
from crm_core.ids import RecordId
from crm_desktop.models import attaching, draft_files, file_states, journal
from crm_desktop.models.blobs import Blobs
from crm_desktop.models.draft_files import FILES_MAX
from crm_desktop.models.file_states import FileState
from crm_desktop.models.store import Store
from tests.models.support import KEY, add, is_seen, states

FORM = "complaint/intake"


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "files", KEY)


def keep(store: Store, blobs: Blobs, content: bytes = b"a photo", name: str = "a.jpg") -> None:
    draft_files.add(store, blobs, FORM, io.BytesIO(content), name)


def names(store: Store, key: str = FORM) -> list[str]:
    with store.reader() as c:
        return [one.name for one in draft_files.drafted(c, key)]


def contents(blobs: Blobs) -> int:
    return sum(path.is_file() for path in blobs.folder.rglob("*"))


def save(store: Store, **values: str) -> RecordId:
    record = store.new_id()
    account = add(store, "account", name="Alfreds")
    full = {"account": account, "subject": "Broken jars", **values}
    change = Change("complaint", record, Op.INSERT, {**full})
    draft_files.commit(store, [change], FORM, label="New")
    return record


def test_nothing_of_it_is_sent_before_the_form_is_saved(store: Store, blobs: Blobs) -> None:
    keep(store, blobs)
    keep(store, blobs, b"another", "../b\u202e.jpg")
    assert names(store) == ["b.jpg", "a.jpg"]
    assert states(store) == []
    with store.reader() as c:
        assert file_states.next_to_send(c, store.clock()) is None
        assert file_states.transfers(c, store.clock()).sending == 0
        assert attaching.under_way(c) == ()


def test_it_belongs_to_the_record_once_the_form_is_saved(store: Store, blobs: Blobs) -> None:
    keep(store, blobs)
    keep(store, blobs, b"another", "b.jpg")
    record = save(store)
    with store.reader() as c:
        found = attaching.attached_to(c, [("complaint", record)])
    assert {(one.name, one.mime, one.file.state) for one in found} == {
        ("a.jpg", "image/jpeg", FileState.QUEUED), ("b.jpg", "image/jpeg", FileState.QUEUED),
    }  # fmt: skip
    assert states(store) == ["queued", "queued", "waiting", "waiting"], "the record waits for none"
    assert names(store) == []


def test_one_undo_takes_the_record_and_its_files_back(store: Store, blobs: Blobs) -> None:
    keep(store, blobs)
    record = save(store)
    undone = journal.undo(store)
    assert undone is not None
    assert not is_seen(store, "complaint", record)
    with store.reader() as c:
        assert attaching.attached_to(c, [("complaint", record)]) == ()


def test_what_is_refused_here_leaves_the_files_with_the_form(store: Store, blobs: Blobs) -> None:
    keep(store, blobs)
    with pytest.raises(UserProblem):
        save(store, severity="no such code\0")
    assert names(store) == ["a.jpg"]
    assert states(store) == ["queued"], "the account alone"


def test_it_goes_away_with_the_discarded_form(store: Store, blobs: Blobs) -> None:
    keep(store, blobs)
    keep(store, blobs, b"another", "b.jpg")
    draft_files.take_off(store, blobs, FORM, one_sha(store))
    assert (names(store), contents(blobs)) == (["a.jpg"], 1)
    draft_files.discard(store, blobs, FORM)
    assert (names(store), contents(blobs)) == ([], 0)


def one_sha(store: Store) -> str:
    with store.reader() as c:
        return draft_files.drafted(c, FORM)[0].file.sha256


def test_a_content_that_a_record_has_too_stays(store: Store, blobs: Blobs) -> None:
    account = add(store, "account", name="Alfreds")
    attaching.attach(store, blobs, ("account", account), io.BytesIO(b"a photo"), "a.jpg")
    keep(store, blobs)
    draft_files.discard(store, blobs, FORM)
    assert contents(blobs) == 1


def test_tidying_lets_it_lie_however_long_the_form_waits(store: Store, blobs: Blobs) -> None:
    keep(store, blobs)
    attaching.tidy(store, blobs, store.clock() + dt.timedelta(days=400))
    assert contents(blobs) == 1
    record = save(store)
    with store.reader() as c:
        [found] = attaching.attached_to(c, [("complaint", record)])
    assert blobs.read(found.file.sha256, 100) == b"a photo"


def test_the_same_file_twice_is_one(store: Store, blobs: Blobs) -> None:
    keep(store, blobs)
    keep(store, blobs, name="b.jpg")
    assert names(store) == ["a.jpg"]


def test_the_limits_are_told_before_anything_is_kept(
    store: Store, blobs: Blobs, tmp_path: Path
) -> None:
    store.set_meta(attaching.META_BYTES_MAX, "3")
    (tmp_path / "a.jpg").write_bytes(b"a photo")
    with pytest.raises(UserProblem):
        draft_files.add_path(store, blobs, FORM, tmp_path / "a.jpg")
    with pytest.raises(UserProblem):
        draft_files.add_bytes(store, blobs, FORM, b"a photo", "a.jpg")
    for n in range(FILES_MAX):
        draft_files.add_bytes(store, blobs, FORM, f"{n:02x}".encode(), f"{n}.jpg")
    with pytest.raises(UserProblem):
        draft_files.add_bytes(store, blobs, FORM, b"yes", "a.jpg")
    assert len(names(store)) == FILES_MAX
