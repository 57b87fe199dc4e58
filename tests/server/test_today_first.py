"""Today first: what is sent before everything else, and that the rest follows as ever."""

import msgspec
import pytest

from crm_core.ids import ALL_ROOT, RecordId
from crm_core.wire import PULL_ITEM_DECODER, End, Enter, Hello, Mark, Part, PullItem
from crm_server import sight, today_first
from crm_server.load import load
from tests.server.world import Acme, Device

TODAY = "2026-11-20"


@pytest.fixture(autouse=True)
def little_is_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(today_first, "ROWS_FROM", 1)


def test_little_is_sent_at_once(acme: Acme, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(today_first, "ROWS_FROM", 1000)
    with_a_week(acme)
    assert isinstance(asks_first(acme.world.device("nancy"))[-1], End)


def asks_first(device: Device) -> list[PullItem]:
    request = msgspec.structs.replace(device.request(), first=TODAY)
    lines = device.world.service.pull(device.who, request)
    items = [PULL_ITEM_DECODER.decode(line) for line in lines]
    device.receive(items)
    return items


def entered(items: list[PullItem]) -> set[RecordId]:
    return {root for item in items if isinstance(item, Enter) for root in item.roots}


def with_a_week(acme: Acme) -> tuple[RecordId, RecordId]:
    """Two accounts of nancy's, the first of which she visits tomorrow, the other in a month."""
    soon, later = acme.nancy.account("Soon"), acme.nancy.account("Later")
    for account, start in ((soon, "2026-11-21T09:00:00Z"), (later, "2026-12-20T09:00:00Z")):
        visit = acme.nancy.insert(
            "visit", account=account, owner=acme.nancy.user, planned_start=start
        )
        assert acme.nancy.push(visit).result == "applied"
    return soon, later


def test_today_is_what_everybody_sees_and_the_accounts_of_the_coming_days(acme: Acme) -> None:
    soon, _ = with_a_week(acme)
    fresh = acme.world.device("nancy")
    items = asks_first(fresh)
    assert isinstance(items[0], Hello)
    assert entered(items) == {ALL_ROOT, soon}
    assert fresh.sees("account", soon)
    assert len(fresh.of_kind("visit")) == 1


def test_today_ends_with_how_much_there_is_and_marks_no_root(acme: Acme) -> None:
    with_a_week(acme)
    acme.nancy.pull()
    fresh = acme.world.device("nancy")
    items = asks_first(fresh)
    part, count = items[-1], acme.nancy.digest().count
    assert isinstance(part, Part)
    assert part.hi == acme.nancy.cursor
    assert count <= part.count <= 1.5 * count
    assert not any(isinstance(item, End) for item in items)
    assert {item.after for item in items if isinstance(item, Mark)} == {""}


def test_what_follows_today_is_everything(acme: Acme) -> None:
    soon, later = with_a_week(acme)
    fresh = acme.world.device("nancy")
    asks_first(fresh)
    acme.nancy.push(acme.nancy.set("account", soon, phone="111"))
    acme.nancy.pull()
    acme.nancy.push(acme.nancy.delete("account", soon))
    fresh.pull()
    assert not fresh.sees("account", soon)
    assert fresh.sees("account", later)


def test_what_left_while_today_was_here_is_taken_back(acme: Acme) -> None:
    soon, _ = with_a_week(acme)
    fresh = acme.world.device("nancy")
    asks_first(fresh)
    far = acme.world.user("far", "rep")
    acme.world.change("account", soon, owner=far.user, team=None, territory=None)
    fresh.pull()
    acme.nancy.pull()
    assert fresh.digest() == acme.nancy.digest()
    assert not fresh.sees("account", soon)


def test_a_record_that_only_names_the_user_comes_without_all_the_others(acme: Acme) -> None:
    far, account = acme.world.user("far", "rep"), acme.li.account("Li's")
    for start in ("2026-11-21T09:00:00Z", "2025-01-01T09:00:00Z"):
        named = {"participants": [far.user], "planned_start": start}
        row = {"account": account, "owner": acme.li.user, **named}
        load(acme.world.service, [("visit", acme.world.new_id(), row)], acme.li.user)
    items = asks_first(far)
    assert far.user not in entered(items)
    assert len(far.of_kind("visit")) == 1


@pytest.mark.parametrize(
    ("values", "first"),
    [
        ({"status": "open", "due_on": "2026-11-01"}, True),
        ({"status": "open", "due_on": "2026-11-27"}, True),
        ({"status": "open", "due_on": "2026-12-24"}, False),
        ({"status": "done", "due_on": "2026-11-20"}, False),
    ],
)
def test_open_tasks_that_are_due_are_today(acme: Acme, values: dict[str, str], first: bool) -> None:
    account = acme.nancy.account("Due")
    acme.nancy.account("Another")
    row = {"title": "Call", "account": account, "assignee": acme.nancy.user, **values}
    load(acme.world.service, [("task", acme.world.new_id(), {**row})], acme.nancy.user)
    somewhere = acme.nancy.account("Visited")
    visit = {"account": somewhere, "owner": acme.nancy.user,
             "planned_start": "2026-11-20T09:00:00Z"}  # fmt: skip
    load(acme.world.service, [("visit", acme.world.new_id(), {**visit})], acme.nancy.user)
    fresh = acme.world.device("nancy")
    assert (account in entered(asks_first(fresh))) is first


def test_who_has_no_plans_gets_his_first_accounts(
    acme: Acme, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(today_first, "TODAY_ROOTS_MAX", 2)
    accounts = {acme.nancy.account(f"Customer {n}") for n in range(4)}
    roots = entered(asks_first(acme.world.device("nancy"))) - {ALL_ROOT}
    assert len(roots) == 2
    assert roots < accounts


def test_today_never_works_out_all_that_is_in_sight(
    acme: Acme, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_a_week(acme)
    monkeypatch.setattr(sight._Sight, "_shown", _must_not_be_called)
    asks_first(acme.world.device("nancy"))


def test_a_device_of_another_history_is_sent_everything(acme: Acme) -> None:
    with_a_week(acme)
    stranger = acme.world.device("nancy")
    stranger.epoch = "another"
    assert isinstance(asks_first(stranger)[-1], End)


def test_today_that_broke_off_is_sent_again_from_where_it_stood(acme: Acme) -> None:
    soon, _ = with_a_week(acme)
    fresh = acme.world.device("nancy")
    first = asks_first(fresh)
    acme.nancy.pull()
    acme.nancy.push(acme.nancy.set("account", soon, phone="111"))
    items = asks_first(fresh)
    assert not any(isinstance(item, Hello) for item in items)
    assert items[0] == first[1], "the place of which parts may be here stays"


def _must_not_be_called(*_: object, **__: object) -> None:
    raise AssertionError
