"""The stream: its order, its resumption, its digest, and how little nothing new costs."""

import sqlite3
from collections.abc import Iterator

import pytest
from sqlalchemy import event

from crm_core.changes import Change, Op
from crm_core.ids import RecordId
from crm_core.wire import Deleted, End, Enter, Hello, Left, Mark, Page, PullItem, PushRequest
from crm_server import digests, pull
from crm_server.load import LoadRow, load
from crm_server.store import ServerStore, Tx
from tests.server.world import Acme, Device


def test_a_first_pull_says_hello_enters_roots_marks_them_and_ends(acme: Acme) -> None:
    acme.nancy.account()
    fresh = acme.world.device("nancy")
    items = fresh.pull()
    assert isinstance(items[0], Hello)
    assert items[1] == Mark(fresh.cursor)
    assert isinstance(items[2], Enter)
    assert items[2].roots[0] == "0" * 32
    assert items[-2] == Mark(fresh.cursor, pull.ALL_ENTERED)


def test_nothing_new_is_two_lines_and_no_write(acme: Acme, monkeypatch: pytest.MonkeyPatch) -> None:
    acme.nancy.pull()
    monkeypatch.setattr(ServerStore, "note", _must_not_be_called)
    monkeypatch.setattr(ServerStore, "write", _must_not_be_called)
    monkeypatch.setattr(digests, "count", _must_not_be_called)
    items = acme.nancy.pull()
    assert [type(item) for item in items] == [Mark, End]


def test_what_others_wrote_out_of_sight_costs_no_write_and_no_recount(
    acme: Acme, monkeypatch: pytest.MonkeyPatch
) -> None:
    acme.nancy.pull()
    acme.li.account("Li's")
    monkeypatch.setattr(ServerStore, "note", _must_not_be_called)
    monkeypatch.setattr(digests, "count", _must_not_be_called)
    items = acme.nancy.pull()
    assert [type(item) for item in items] == [Mark, End]


def test_what_a_pull_reads_does_not_grow_with_what_stays_as_it_was(acme: Acme) -> None:
    if acme.world.store.postgres:
        pytest.skip("steps are counted on SQLite")
    account = acme.shared_account()
    few = steps_to_hear_of(acme, account, phone="111")
    rows: list[LoadRow] = [
        ("account", acme.world.new_id(), {"name": f"Customer {n}", "owner": acme.nancy.user})
        for n in range(600)
    ]
    load(acme.world.service, rows, acme.nancy.user)
    acme.nancy.pull()
    assert steps_to_hear_of(acme, account, phone="222") <= 1.2 * few


def steps_to_hear_of(acme: Acme, account: RecordId, *, phone: str) -> int:
    """How many steps SQLite takes for a pull that brings one changed account."""
    acme.world.change("account", account, phone=phone)
    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1

    def watch(connection: sqlite3.Connection, *_: object) -> None:
        connection.set_progress_handler(step, 1)

    event.listen(acme.world.store.engine, "checkout", watch)
    acme.nancy.pull()
    event.remove(acme.world.store.engine, "checkout", watch)
    assert acme.nancy.body("account", account)["phone"] == phone
    return steps


def _must_not_be_called(*_: object) -> None:
    raise AssertionError("too much for nothing")


def test_a_carried_digest_equals_a_counted_one(acme: Acme) -> None:
    account = acme.shared_account(phone="000")
    conflict = acme.clash(account)
    acme.nancy.push(acme.nancy.insert("task", account=account, title="Call"))
    acme.fuller.pull()
    acme.fuller.push(acme.fuller.set("account", account, owner=acme.li.user))
    acme.li.pull()
    acme.li.push(acme.li.set("conflict", conflict, state="resolved"))
    acme.fuller.push(acme.fuller.delete("account", account))
    for device in acme.everybody:
        device.pull()
        with acme.world.store.read() as tx:
            keys = acme.world.service.directory(tx, tx.clock()).rights(device.user)[2]
            assert digests.count(tx, keys) == device.digest()


@pytest.fixture
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Marks after few rows, so that there is much to cut."""
    monkeypatch.setattr(pull, "PULL_PAGE_ROWS", 3)
    monkeypatch.setattr(pull, "ROOTS_PER_QUERY", 4)


def cut(device: Device, at: int) -> list[PullItem]:
    """Receive a stream until after its item number `at`, and only up to its last mark."""
    items = device.fetch()[:at]
    marks = [n for n, item in enumerate(items) if isinstance(item, Mark)]
    kept = items[: marks[-1] + 1] if marks else []
    device.receive(kept)
    return kept


@pytest.mark.usefixtures("small_pages")
def test_a_first_pull_cut_anywhere_resumes_and_converges(acme: Acme) -> None:
    accounts = [acme.nancy.account(f"Customer {n}") for n in range(7)]
    acme.nancy.push(*(acme.nancy.insert("task", account=x, title="Call") for x in accounts))
    fresh = acme.world.device("nancy")
    for n in range(40):
        if isinstance(fresh.items[-1] if fresh.items else None, End):
            break
        fresh.items = cut(fresh, at=5)
        if n < 7:  # the world moves on meanwhile
            acme.nancy.pull()
            acme.nancy.push(acme.nancy.set("account", accounts[n], phone=f"{n}{n}{n}"))
    fresh.pull()
    acme.nancy.pull()
    assert fresh.rows == acme.nancy.rows


@pytest.mark.usefixtures("small_pages")
def test_a_resumed_pull_fetches_only_the_missing_roots(acme: Acme) -> None:
    for n in range(8):
        acme.nancy.account(f"Customer {n}")
    fresh = acme.world.device("nancy")
    first = cut(fresh, at=8)
    second = fresh.pull()
    assert entered(first) & entered(second) == set()
    assert entered(first) | entered(second) == acme.nancy.held


@pytest.mark.usefixtures("small_pages")
def test_a_root_that_leaves_between_the_parts_of_a_first_pull_is_taken_back(acme: Acme) -> None:
    accounts = [acme.shared_account(f"Customer {n}") for n in range(8)]
    fresh = acme.world.device("nancy")
    while not fresh.sees("account", accounts[0]):
        cut(fresh, at=8)
    acme.fuller.pull()
    acme.fuller.push(acme.fuller.set("account", accounts[0], owner=acme.li.user))
    fresh.pull()
    assert not fresh.sees("account", accounts[0])


@pytest.mark.usefixtures("small_pages")
def test_a_long_feed_is_marked_on_the_way_and_resumes(acme: Acme) -> None:
    accounts = [acme.shared_account(f"Customer {n}") for n in range(9)]
    for account in accounts:
        acme.fuller.push(acme.fuller.set("account", account, phone="111"))
    cut(acme.nancy, at=4)
    assert acme.nancy.resume == pull.ALL_ENTERED
    acme.nancy.pull()
    assert all(acme.nancy.body("account", x)["phone"] == "111" for x in accounts)


def test_a_cursor_ahead_of_the_server_starts_over(acme: Acme) -> None:
    account = acme.nancy.account()
    acme.nancy.cursor = 10**12
    items = acme.nancy.fetch()
    assert isinstance(items[0], Hello)
    sent = {row.id for item in items if isinstance(item, Page) for row in item.rows}
    assert account in sent


def test_an_unknown_epoch_starts_over_with_hello(acme: Acme) -> None:
    acme.nancy.account()
    acme.nancy.epoch = "0" * 32
    items = acme.nancy.pull()
    assert isinstance(items[0], Hello)
    assert len(acme.nancy.of_kind("account")) == 1


@pytest.mark.usefixtures("small_pages")
def test_a_resume_token_of_a_lost_epoch_is_forgotten(acme: Acme) -> None:
    accounts = [acme.nancy.account(f"Customer {n}") for n in range(8)]
    fresh = acme.world.device("nancy")
    cut(fresh, at=12)
    fresh.epoch = "0" * 32
    cut(fresh, at=4)
    fresh.pull()
    assert all(fresh.sees("account", account) for account in accounts)


def test_one_snapshot_serves_the_whole_stream(acme: Acme) -> None:
    account = acme.nancy.account()
    fresh = acme.world.device("nancy")
    lines: Iterator[bytes] = acme.world.service.pull(fresh.who, fresh.request())
    first = next(lines)
    acme.nancy.push(acme.nancy.set("account", account, phone="111"))
    fresh.receive([pull_item(line) for line in (first, *lines)])
    assert "phone" not in fresh.body("account", account)
    fresh.pull()
    assert fresh.body("account", account)["phone"] == "111"


def test_versions_count_as_delivered_before_the_first_byte(acme: Acme) -> None:
    acme.nancy.account()
    fresh = acme.world.device("nancy")
    next(acme.world.service.pull(fresh.who, fresh.request()))
    assert delivered(acme.world.store, fresh) == clock_seq(acme.world.store)


def test_an_abandoned_stream_gives_its_snapshot_back(acme: Acme) -> None:
    acme.nancy.account()
    pool = acme.world.store.engine.pool
    lines = acme.world.service.pull(acme.nancy.who, acme.world.device("nancy").request())
    next(lines)
    busy = pool.checkedout()  # pyright: ignore[reportAttributeAccessIssue]  # QueuePool's
    lines.close()  # pyright: ignore[reportAttributeAccessIssue]  # a generator
    assert pool.checkedout() == busy - 1  # pyright: ignore[reportAttributeAccessIssue]


def test_the_rows_of_a_push_come_back_with_their_new_versions(acme: Acme) -> None:
    account = acme.nancy.account()
    edit = acme.nancy.changeset(acme.nancy.set("account", account, phone="111"))
    answer = acme.nancy.send(edit)
    (page,) = answer.pages
    assert page.rows[0].body["phone"] == "111"
    assert page.rows[0].seq == answer.results[0].seq
    follow_up = acme.nancy.set("account", account, phone="112")
    assert follow_up.base_seq == page.rows[0].seq
    assert acme.nancy.push(follow_up).result == "applied"


def test_a_push_hides_the_rows_that_its_author_may_not_see(acme: Acme) -> None:
    account = acme.li.account("Li's")
    change = Change("account", account, Op.SET, {"phone": "1"})
    answer = acme.nancy.send(acme.nancy.changeset(change))
    assert (answer.pages, answer.deleted) == ((), ())


def entered(items: list[PullItem]) -> set[str]:
    return {root for item in items if isinstance(item, Enter) for root in item.roots}


def pull_item(line: bytes) -> PullItem:
    from crm_core.wire import PULL_ITEM_DECODER

    return PULL_ITEM_DECODER.decode(line)


def delivered(store: ServerStore, device: Device) -> int:
    with store.read() as tx:
        return one(tx, "SELECT delivered FROM device WHERE id=?", device.device)


def clock_seq(store: ServerStore) -> int:
    with store.read() as tx:
        return tx.clock().seq


def one(tx: Tx, sql: str, *params: object) -> int:
    row = tx.row(sql, params)
    assert row is not None
    return row[0]


@pytest.mark.usefixtures("small_pages")
def test_what_leaves_and_what_was_deleted_comes_in_pages_too(acme: Acme) -> None:
    accounts = [acme.nancy.account(f"Customer {n}") for n in range(8)]
    tasks = [acme.nancy.insert("task", account=accounts[0], title="Call") for _ in range(8)]
    acme.nancy.push(*tasks)
    fresh = acme.world.device("nancy")
    fresh.pull()
    acme.nancy.pull()
    acme.nancy.push(*(acme.nancy.delete("task", task.id) for task in tasks))
    for account in accounts[1:]:
        acme.fuller.pull()
        acme.fuller.push(acme.fuller.set("account", account, owner=acme.li.user))
    items = fresh.pull()
    left = [len(item.roots) for item in items if isinstance(item, Left)]
    deleted = [len(item.rows) for item in items if isinstance(item, Deleted)]
    assert (max(left), sum(left)) == (3, 7)
    assert (max(deleted), sum(deleted)) == (3, 8)


@pytest.mark.usefixtures("small_pages")
def test_what_was_made_and_deleted_before_the_first_pull_was_through_is_deleted(acme: Acme) -> None:
    acme.nancy.account()
    fresh = acme.world.device("nancy")
    cut(fresh, at=2)
    made = fresh.insert("account", name="Made")
    [page] = fresh.send(fresh.changeset(made)).pages
    fresh.rows[("account", made.id)] = page.rows[0]
    deleted = fresh.changeset(fresh.delete("account", made.id))
    acme.world.service.push(fresh.who, PushRequest(fresh.epoch, 1, (deleted,)))  # and no answer
    fresh.pull()
    assert not fresh.sees("account", made.id)
