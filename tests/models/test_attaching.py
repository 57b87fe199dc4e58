"""A file is attached: its content is safe first, its record waits for it, and nothing else does."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from crm_core.changes import Change, Op
from crm_core.errors import NotFound, UserProblem
from crm_core.fields import Value
from crm_core.files import FILE_BYTES_MAX
from crm_core.ids import RecordId
from crm_core.scope import any_link
from crm_desktop.models import attaching, file_states, inbox, journal
from crm_desktop.models.attaching import Attached, FileState
from crm_desktop.models.blobs import Blobs
from crm_desktop.models.connection import Connection
from crm_desktop.models.file_queue import FileQueue
from crm_desktop.models.journal import blocking
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.store import Store
from tests.models.support import (
    KEY,
    add,
    answer,
    clock_of,
    delete,
    first_pull,
    hello,
    is_seen,
    page,
    pull,
    put,
    row,
    states,
    take,
    verdict,
)


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(tmp_path / "files", KEY)


@pytest.fixture
def account(store: Store) -> RecordId:
    return add(store, "account", name="Alfreds")


def attached(
    store: Store, blobs: Blobs, account: RecordId, content: bytes = b"a photo", name: str = "a.jpg"
) -> Attached:
    return attaching.attach(store, blobs, ("account", account), io.BytesIO(content), name)


def sent(store: Store, sha256: str) -> None:
    with store.writing() as c:
        file_states.note_sent(c, sha256)
        blocking.free_sent(c)


def state(store: Store, sha256: str) -> FileState:
    with store.reader() as c:
        return file_states.file_of(c, sha256).state


def going_out(store: Store) -> list[str]:
    return [one.changes[0].kind for one in Outbox(store).take_outbox(200, 10**6)]


def to_send(c: Connection, store: Store) -> str | None:
    found = file_states.next_to_send(c, store.clock())
    return found.sha256 if found is not None else None


def test_the_record_waits_for_its_file_and_nothing_else_waits(
    store: Store, blobs: Blobs, account: RecordId
) -> None:
    made = attached(store, blobs, account)
    put(store, "attachment", made.id, comment="the broken gasket")
    put(store, "account", account, industry="Retail")
    assert states(store) == ["queued", "waiting", "waiting", "queued"]
    assert going_out(store) == ["account", "account"]
    sent(store, made.sha256)
    assert sorted(going_out(store)) == ["account", "account", "attachment", "attachment"]


def test_a_waiting_file_counts_as_work_to_be_sent_and_stands_in_the_queue(
    store: Store, blobs: Blobs, account: RecordId
) -> None:
    attached(store, blobs, account)
    assert Outbox(store).parked().pending == 2
    with store.reader() as c:
        assert [one.state for one in inbox.queue(c)] == ["queued", "waiting"]
        assert not inbox.stuck(c)


def test_below_a_refused_record_a_file_waits_as_blocked(
    store: Store, blobs: Blobs, account: RecordId
) -> None:
    made = attached(store, blobs, account)
    [cs] = take(store)
    answer(store, verdict(cs, "rejected", 0, (0, "", "rejected", "right.missing")))
    assert states(store) == ["rejected", "blocked"]
    sent(store, made.sha256)
    assert states(store) == ["rejected", "blocked"]


def test_the_same_content_twice_is_one_file(store: Store, blobs: Blobs, account: RecordId) -> None:
    one, other = attached(store, blobs, account), attached(store, blobs, account, name="b.jpg")
    assert one.sha256 == other.sha256
    with store.reader() as c:
        assert file_states.unsent(c) == {one.sha256}
        names = [x.name for x in attaching.attached_to(c, [("account", account)])]
    assert sorted(names) == ["a.jpg", "b.jpg"]
    sent(store, one.sha256)
    assert states(store) == ["queued"] * 3
    attached(store, blobs, account, name="c.jpg")
    assert states(store) == ["queued"] * 4


def test_an_attached_file_can_be_taken_back_before_it_was_sent_and_its_content_stays(
    store: Store, blobs: Blobs, account: RecordId
) -> None:
    made = attached(store, blobs, account)
    undone = journal.undo(store)
    assert undone is not None
    assert not is_seen(store, "attachment", made.id)
    attaching.tidy(store, blobs, store.clock())
    journal.commit(store, [Change("attachment", made.id, Op.RESTORE)], label="Restore")
    assert blobs.read(made.sha256, 100) == b"a photo"


def test_a_name_is_made_harmless(store: Store, blobs: Blobs, account: RecordId) -> None:
    attached(store, blobs, account, name="../..\\gnp\u202e.exe\n")
    with store.reader() as c:
        [found] = attaching.attached_to(c, [("account", account)])
    assert found.name == "gnp.exe"


def test_a_file_over_the_limit_is_refused_before_anything_is_written(
    store: Store, blobs: Blobs, account: RecordId
) -> None:
    store.set_meta(attaching.META_BYTES_MAX, "3")
    with pytest.raises(UserProblem) as said:
        attached(store, blobs, account)
    assert "a.jpg" in str(said.value)
    assert states(store) == ["queued"]
    assert not [one for one in blobs.folder.rglob("*") if one.is_file()]


def test_a_file_over_the_limit_is_refused_by_its_size_alone(
    store: Store, blobs: Blobs, account: RecordId, tmp_path: Path
) -> None:
    store.set_meta(attaching.META_BYTES_MAX, str(2 * 1024 * 1024))
    film = tmp_path / "film.mp4"
    with film.open("wb") as file:
        file.truncate(64 * 1024**3)
    with pytest.raises(UserProblem) as said:
        attaching.attach_path(store, blobs, ("account", account), film)
    assert "film.mp4" in str(said.value)
    assert "2 MB" in str(said.value)
    assert "in parts" in str(said.value)


def test_nothing_hangs_on_what_is_not_there(store: Store, blobs: Blobs, account: RecordId) -> None:
    delete(store, "account", account)
    for parent in (account, store.new_id()):
        with pytest.raises(NotFound):
            attached(store, blobs, parent)


def test_a_folder_is_no_file(store: Store, blobs: Blobs, account: RecordId, tmp_path: Path) -> None:
    with pytest.raises(UserProblem):
        attaching.attach_path(store, blobs, ("account", account), tmp_path)


def test_a_file_on_the_way_goes_first_then_the_oldest(
    store: Store, blobs: Blobs, account: RecordId
) -> None:
    first = attached(store, blobs, account, b"1")
    clock_of(store).move(seconds=5)
    second = attached(store, blobs, account, b"2")
    with store.writing() as c:
        assert to_send(c, store) == first.sha256
        file_states.note_sending(c, second.sha256, 1)
        assert to_send(c, store) == second.sha256


def test_a_file_that_was_refused_waits_with_its_reason_and_is_tried_again_later(
    store: Store, blobs: Blobs, account: RecordId
) -> None:
    made = attached(store, blobs, account)
    with store.writing() as c:
        file_states.note_failed(c, made.sha256, "file.no_room", {}, store.clock())
        assert to_send(c, store) is None
        assert file_states.file_of(c, made.sha256).code == "file.no_room"
    clock_of(store).move(minutes=6)
    with store.writing() as c:
        assert to_send(c, store) == made.sha256
        file_states.note_failed(c, made.sha256, "file.no_room", {}, store.clock())
        assert to_send(c, store) is None
    clock_of(store).move(days=-4000)
    with store.writing() as c:
        assert to_send(c, store) == made.sha256
    assert states(store) == ["queued", "waiting"]


def test_what_its_user_gave_up_is_not_sent_and_goes(
    store: Store, blobs: Blobs, account: RecordId
) -> None:
    made = attached(store, blobs, account)
    [waiting] = made.summary.changesets
    journal.hold(store, waiting)
    journal.discard(store, waiting)
    with store.writing() as c:
        assert to_send(c, store) is None
    assert attaching.tidy(store, blobs, store.clock()) == 1
    assert not blobs.has(made.sha256)


def test_a_held_step_waits_for_its_file_when_it_may_go(
    store: Store, blobs: Blobs, account: RecordId
) -> None:
    made = attached(store, blobs, account)
    [waiting] = made.summary.changesets
    journal.hold(store, waiting)
    journal.resend(store, waiting)
    assert states(store) == ["queued", "waiting"]


def test_after_a_restore_of_the_server_the_file_is_offered_again_first(
    store: Store, blobs: Blobs
) -> None:
    first_pull(store, hi=10)
    account = add(store, "account", name="Alfreds")
    made = attached(store, blobs, account)
    sent(store, made.sha256)
    mine = take(store)
    answer(store, *(verdict(one, "applied", 11 + n) for n, one in enumerate(mine)), seq=12)
    pull(store, 12)
    assert states(store) == ["confirmed", "confirmed"]
    hello(store, "e2", seq=1 << 33, restored=10)
    assert states(store) == ["queued", "waiting"]
    assert state(store, made.sha256) is FileState.QUEUED


# -- others' files


def theirs(store: Store, account: RecordId, content: bytes = b"theirs") -> RecordId:
    import hashlib

    made = store.new_id()
    body: dict[str, Value] = {
        "parent": any_link("account", account),
        "name": "b.jpg",
        "size": len(content),
    }
    sha256 = hashlib.sha256(content).hexdigest()
    pull(store, 20, page("attachment", row(made, 20, (account,), sha256=sha256, **body)))
    return made


@pytest.fixture
def known(store: Store) -> RecordId:
    account = store.new_id()
    first_pull(store, ("account", row(account, 10, (), name="Alfreds")), hi=10)
    return account


def test_a_colleagues_file_is_absent_until_somebody_asks(store: Store, known: RecordId) -> None:
    made = theirs(store, known)
    with store.reader() as c:
        assert attaching.attachment(c, made).file.state is FileState.ABSENT
        assert file_states.next_to_fetch(c, store.clock()) is None
    asked = attaching.want(store, made)
    assert asked.file.state is FileState.FETCHING
    with store.reader() as c:
        found = file_states.next_to_fetch(c, store.clock())
    assert found is not None
    assert found.sha256 == asked.file.sha256


def test_the_files_of_a_pinned_account_come_by_themselves(store: Store, known: RecordId) -> None:
    theirs(store, known)
    with store.writing() as c:
        assert file_states.want_pinned(c, store.now()) == 0
        file_states.pin(c, known, store.now())
        assert file_states.want_pinned(c, store.now()) == 1
        assert file_states.want_pinned(c, store.now()) == 0


def test_what_nobody_looked_at_for_a_month_goes_unless_it_is_pinned(
    store: Store, blobs: Blobs, known: RecordId
) -> None:
    asked = attaching.want(store, theirs(store, known))
    blobs.add_part(asked.file.sha256, 6, 0, b"theirs")
    blobs.finish_part(asked.file.sha256)
    with store.writing() as c:
        file_states.note_here(c, asked.file.sha256, store.now())
    clock_of(store).move(days=31)
    with store.writing() as c:
        file_states.pin(c, known, store.now())
    assert attaching.tidy(store, blobs, store.clock()) == 0
    with store.writing() as c:
        file_states.unpin(c, known)
    assert attaching.tidy(store, blobs, store.clock()) == 1
    assert state(store, asked.file.sha256) is FileState.ABSENT


def test_a_file_that_was_sent_before_its_record_is_offered_again_after_a_restore(
    store: Store, blobs: Blobs
) -> None:
    first_pull(store, hi=10)
    made = attached(store, blobs, add(store, "account", name="Alfreds"))
    sent(store, made.sha256)
    assert states(store) == ["queued", "queued"]
    hello(store, "e2", seq=1 << 33, restored=5)
    assert states(store) == ["queued", "waiting"]


def test_a_content_that_is_gone_is_absent_where_a_server_has_it_and_else_says_so(
    store: Store, blobs: Blobs, account: RecordId
) -> None:
    taken, unsent = (attached(store, blobs, account, content) for content in (b"sent", b"unsent"))
    sent(store, taken.sha256)
    for one in (taken, unsent):
        blobs.remove(one.sha256)
    attaching.tidy(store, blobs, store.clock())
    assert state(store, taken.sha256) is FileState.ABSENT
    assert state(store, unsent.sha256) is FileState.FAILED
    with store.reader() as c:
        assert file_states.file_of(c, unsent.sha256).code == "file.damaged"


@pytest.mark.parametrize("most", ["", "x", "-1", "²", "1" * 10, "9" * 5000])
def test_a_limit_that_is_no_number_of_megabytes_changes_nothing(
    store: Store, blobs: Blobs, account: RecordId, most: str
) -> None:
    sha256 = attached(store, blobs, account).sha256
    FileQueue(store, blobs).note_failed(sha256, "file.too_large", {"most": most})
    with store.reader() as c:
        assert attaching.bytes_max(c) == FILE_BYTES_MAX
        assert file_states.file_of(c, sha256).code == "file.too_large"
