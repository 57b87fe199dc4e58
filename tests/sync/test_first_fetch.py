"""A first fetch: today, then everything into a second file that takes the first one's place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import msgspec
import pytest

from crm_core.changes import Change, Op
from crm_core.errors import Bug, Unavailable
from crm_desktop.beside import FETCHING, Folder
from crm_desktop.models import journal
from crm_desktop.models.backup import backup, check
from crm_desktop.models.connection import WrongKeyOrDamaged
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.store import Store
from crm_desktop.sync import effects as do
from crm_desktop.sync.effects import Effect
from tests.simulator.chance import Crashed
from tests.simulator.oracle import Oracle
from tests.simulator.stores import KEY
from tests.sync.first_fetching import ACCOUNTS, Laptop, Place, account, at, dies_at
from tests.sync.scripted import rows_in


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    """Little rows, and limits so small that they take several portions."""
    monkeypatch.setattr("crm_server.today_first.ROWS_FROM", 1)
    monkeypatch.setattr("crm_desktop.sync.pulling.ROWS_AT_ONCE", 8)
    monkeypatch.setattr("crm_core.wire.PULL_PAGE_ROWS", 4)
    monkeypatch.setattr("crm_server.pull.PULL_PAGE_ROWS", 4)
    monkeypatch.setattr("crm_server.pull.ROOTS_PER_QUERY", 5)
    made = Place(tmp_path)
    yield made
    made.close()


def test_everything_comes_into_a_second_file_that_takes_the_first_ones_place(place: Place) -> None:
    run = place.laptop.synchronise()
    assert run.failure is None
    assert run.report.verified
    assert place.laptop.holds_everything()
    assert place.laptop.store.path.name == "crm-2.db"
    assert place.laptop.is_settled()


def test_where_bytes_are_paid_for_today_comes_and_the_rest_waits(place: Place) -> None:
    laptop = place.laptop
    run = laptop.synchronise(sparing=True)
    assert run.failure is None
    assert (laptop.value(0, "name"), laptop.holds_everything()) == ("Customer 0", False)
    laptop.edit(0, phone="030")
    laptop.synchronise(sparing=True)
    assert set(laptop.states()) == {"acked"}, "what is typed goes out"
    assert not laptop.holds_everything()
    assert "NextItem" not in laptop.kinds(), "and nothing is fetched for it"
    assert laptop.synchronise().report.verified
    assert laptop.holds_everything()
    assert set(laptop.states()) == {"confirmed"}


def test_today_is_here_before_the_rest_and_the_window_hears_of_both(place: Place) -> None:
    laptop, at_opening = place.laptop, list[Any]()
    laptop.meanwhile = at(do.OpenSecond, lambda: at_opening.append(laptop.value(0, "name")))
    laptop.synchronise()
    assert at_opening == ["Customer 0"]
    arrived, in_sight = laptop.progress[-1]
    assert arrived == in_sight >= ACCOUNTS
    assert laptop.progress[0][0] < in_sight


def test_nothing_of_the_second_file_waits_in_the_write_lane(place: Place) -> None:
    jobs: list[str] = []

    class Lane:
        def __call__(self, job: Any) -> Any:
            jobs.append(f"{job}")
            return job()

    place.laptop.lane = Lane()
    place.laptop.synchronise()
    in_second = [x for x in place.laptop.asked if getattr(x, "second", False)]
    assert len(in_second) > 5
    assert len(jobs) == len([x for x in place.laptop.asked if needs_the_lane(x)])


def needs_the_lane(effect: Effect[Any]) -> bool:
    reading = (do.OpenPull, do.NextItem, do.OpenSecond, do.IndexSecond, do.SendPush, do.HearPush)
    return not (isinstance(effect, reading) or getattr(effect, "second", False))


def test_little_stays_in_the_first_file(place: Place) -> None:
    place.laptop.from_rows = 1000
    place.laptop.synchronise()
    assert place.laptop.store.path.name == "crm-1.db"
    assert "ApplyToday" in place.laptop.kinds()
    assert place.laptop.holds_everything()
    assert place.laptop.is_settled()


def test_a_server_that_knows_no_today_sends_everything_at_once(place: Place) -> None:
    place.laptop.line.is_old_server = True
    run = place.laptop.synchronise()
    assert run.report.verified
    assert "ApplyToday" not in place.laptop.kinds()
    assert place.laptop.holds_everything()


# Kills


EFFECTS = 50
"""So many at least, of those that are counted."""


@pytest.mark.parametrize("first", range(0, EFFECTS, 10))
def test_a_kill_at_any_step_costs_nothing_that_was_typed_and_little_that_was_fetched(
    place: Place, first: int
) -> None:
    laptop = place.laptop
    for number in range(first, first + 10):
        laptop.begin_anew()
        laptop.meanwhile = dies_at(number)
        with suppress(Crashed):
            laptop.synchronise()
        laptop.meanwhile = lambda _: None
        laptop.restart()
        if laptop.value(0, "name"):
            laptop.edit(0, phone=f"030-{number}")
        run = laptop.synchronise()
        assert run.report.verified, number
        assert laptop.holds_everything(), number
        assert laptop.is_settled(), number
        assert set(laptop.states()) <= {"confirmed"}, number


def test_what_was_fetched_before_a_kill_is_not_fetched_again(place: Place) -> None:
    laptop = place.laptop
    laptop.meanwhile = at(do.FinishPull, crash)
    with pytest.raises(Crashed):
        laptop.synchronise()
    laptop.restart()
    laptop.meanwhile = lambda _: None
    laptop.line.requests.clear()
    laptop.synchronise()
    assert laptop.kinds().count("ApplyToday") == 0
    rows = sum(rows_in(x.items) for x in laptop.asked if isinstance(x, do.ApplyPull))
    assert rows < ACCOUNTS / 2
    assert laptop.line.requests[0].resume


@pytest.mark.parametrize("step", ["carry", "use", "lock out", "move"])
def test_a_kill_within_the_swap_leaves_one_file_whole(
    place: Place, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    laptop = place.laptop
    laptop.meanwhile = at(do.Swap, lambda: laptop.edit(0, phone="111"))
    with monkeypatch.context() as dying:
        if step == "carry":
            dying.setattr(Folder, "use", crash)
        elif step == "use":
            dying.setattr("crm_desktop.beside.point_to", crash)
        elif step == "lock out":
            dying.setattr(Folder, "use", and_then_crash(Folder.use))
        else:
            dying.setattr(Store, "move_to", crash)
        with pytest.raises(Crashed):
            laptop.synchronise()
    laptop.restart()
    assert laptop.value(0, "phone") == "111"
    assert laptop.states() == ["queued"]
    laptop.meanwhile = lambda _: None
    assert laptop.synchronise().report.verified
    assert laptop.holds_everything()
    assert laptop.is_settled()
    assert laptop.states() == ["confirmed"]


def crash(*_: Any) -> None:
    raise Crashed


def and_then_crash(job: Callable[..., Any]) -> Callable[..., Any]:
    def done(*arguments: Any) -> None:
        job(*arguments)
        raise Crashed

    return done


# Work typed meanwhile


@pytest.mark.parametrize("when", [do.OpenSecond, do.ApplyPull, do.IndexSecond, do.Swap])
def test_what_is_typed_meanwhile_is_sent_and_stands(place: Place, when: type[Any]) -> None:
    laptop = place.laptop
    laptop.meanwhile = at(when, lambda: laptop.edit(0, phone="111"))
    assert laptop.synchronise().report.verified
    assert laptop.value(0, "phone") == "111"
    assert laptop.states() == ["confirmed"]
    assert laptop.holds_everything()


def test_what_cannot_be_sent_meanwhile_still_waits_in_the_new_file(place: Place) -> None:
    laptop = place.laptop

    def offline() -> None:
        laptop.edit(0, phone="111")
        laptop.keep_draft("account/1", "half a sentence")
        laptop.line.cut = True

    laptop.meanwhile = at(do.ApplyPull, offline)
    run = laptop.synchronise()
    assert run.failure is not None
    assert laptop.store.path.name == "crm-2.db"
    assert laptop.value(0, "phone") == "111"
    assert laptop.states() == ["sent"]
    assert laptop.store.meta("draft:account/1") == "half a sentence"
    laptop.line.cut = False
    laptop.meanwhile = lambda _: None
    assert laptop.synchronise().report.verified
    assert laptop.states() == ["confirmed"]
    assert laptop.holds_everything()


def test_a_version_newer_than_what_was_fetched_is_carried_over(place: Place) -> None:
    laptop = place.laptop

    def both() -> None:
        laptop.edit(0, phone="111")
        place.server.load("account", account(0), {"phone": "222"})

    laptop.meanwhile = at(do.IndexSecond, both)
    laptop.line.cut_after_push = True
    laptop.synchronise()
    seen = laptop.rows("SELECT seq, phone FROM account WHERE id = ?", bytes.fromhex(account(0)))
    assert laptop.store.path.name == "crm-2.db"
    there = Oracle(place.server.look).records[("account", account(0))]
    assert seen == [(there.seq, "222")]
    assert laptop.outbox.state().pull_open


def test_what_the_server_refused_meanwhile_waits_for_its_author(place: Place) -> None:
    laptop = place.laptop
    laptop.line.refuses = True
    laptop.meanwhile = at(do.ApplyPull, lambda: laptop.edit(0, phone="111"))
    laptop.synchronise()
    laptop.edit(0, phone="222")
    assert laptop.store.path.name == "crm-2.db"
    assert laptop.states() == ["rejected", "blocked"]
    assert laptop.value(0, "phone") == "222"
    assert (laptop.outbox.parked().rejected, laptop.outbox.parked().blocked) == (1, 1)


def test_a_conflict_made_meanwhile_stands_in_the_new_file(place: Place) -> None:
    laptop = place.laptop

    def both() -> None:
        laptop.edit(0, phone="111")
        place.server.load("account", account(0), {"phone": "222"})

    laptop.meanwhile = at(do.ApplyPull, both)
    laptop.synchronise()
    assert laptop.value(0, "phone") == "222"
    assert laptop.outbox.parked().conflict == 1
    assert laptop.holds_everything()


def test_work_on_a_record_that_left_meanwhile_is_orphaned(place: Place) -> None:
    laptop = place.laptop

    def taken_away() -> None:
        laptop.edit(0, phone="111")
        laptop.line.cut = True
        place.server.load("account", account(0), {"owner": "f" * 32, "team": None})

    laptop.meanwhile = at(do.OpenSecond, taken_away)
    laptop.synchronise()
    assert laptop.value(0, "phone") is None
    assert laptop.outbox.parked().orphaned == 1
    laptop.line.cut = False
    assert laptop.synchronise().report.verified
    assert laptop.holds_everything()


def test_work_on_a_record_deleted_meanwhile_is_not_lost(place: Place) -> None:
    laptop = place.laptop

    def deleted() -> None:
        laptop.edit(0, phone="111")
        laptop.line.cut = True
        place.delete("account", account(0))

    laptop.meanwhile = at(do.OpenSecond, deleted)
    laptop.synchronise()
    assert laptop.states() == ["sent"]
    laptop.line.cut = False
    laptop.meanwhile = lambda _: None
    assert laptop.synchronise().report.verified
    assert laptop.holds_everything()
    assert laptop.outbox.parked().conflict + laptop.outbox.parked().rejected == 1


# What goes wrong


@pytest.mark.parametrize("damage", ["cut", "scrambled", "empty", "another key", "older version"])
def test_a_damaged_second_file_is_begun_anew(place: Place, damage: str) -> None:
    laptop = place.laptop
    laptop.meanwhile = at(do.IndexSecond, crash)
    with pytest.raises(Crashed):
        laptop.synchronise()
    laptop.restart()
    laptop.damage_second(damage)
    laptop.meanwhile = lambda _: None
    assert laptop.synchronise().report.verified
    assert laptop.holds_everything()
    assert laptop.is_settled()


def test_a_file_damaged_while_it_is_filled_is_given_up_for_the_first_one(place: Place) -> None:
    laptop = place.laptop
    laptop.meanwhile = at(do.ApplyPull, lambda: fail_once(laptop, WrongKeyOrDamaged("damaged")))
    assert laptop.synchronise().report.verified
    assert laptop.store.path.name == "crm-1.db"
    assert laptop.holds_everything()
    assert laptop.is_settled()


def test_a_full_disk_keeps_what_was_fetched_and_the_day_is_worked_on(place: Place) -> None:
    laptop = place.laptop
    laptop.meanwhile = at(do.ApplyPull, lambda: fail_once(laptop, Unavailable("full")), nth=2)
    run = laptop.synchronise()
    assert isinstance(run.failure, Unavailable)
    assert FETCHING in laptop.files()
    laptop.edit(0, phone="111")
    laptop.line.requests.clear()
    assert laptop.synchronise().report.verified
    assert laptop.line.requests[0].resume_hi
    assert laptop.holds_everything()
    assert laptop.is_settled()


def test_a_restored_server_is_followed_in_the_first_file(place: Place) -> None:
    laptop = place.laptop
    place.server.back_up()

    def restored() -> None:
        laptop.edit(0, phone="111")
        place.server.go_back()
        raise Crashed

    laptop.meanwhile = at(do.ApplyPull, restored, nth=2)
    with pytest.raises(Crashed):
        laptop.synchronise()
    laptop.restart()
    laptop.meanwhile = lambda _: None
    for _ in range(2):
        laptop.synchronise()
    assert laptop.store.path.name == "crm-1.db"
    assert laptop.value(0, "phone") == "111"
    assert laptop.states() == ["confirmed"]
    assert laptop.holds_everything()
    assert laptop.is_settled()


def test_what_leaves_sight_while_it_is_fetched_is_not_shown(place: Place) -> None:
    laptop = place.laptop

    def moved() -> None:
        for number in (0, ACCOUNTS - 1):
            place.server.load("account", account(number), {"owner": "f" * 32, "team": None})
        raise Crashed

    laptop.meanwhile = at(do.ApplyPull, moved, nth=3)
    with pytest.raises(Crashed):
        laptop.synchronise()
    laptop.restart()
    laptop.meanwhile = lambda _: None
    assert laptop.synchronise().report.verified
    assert laptop.value(0, "name") is None
    assert laptop.holds_everything()


def test_signing_in_again_meanwhile_goes_on_with_the_same_file(place: Place) -> None:
    laptop = place.laptop
    laptop.meanwhile = at(do.FinishPull, crash)
    with pytest.raises(Crashed):
        laptop.synchronise()
    laptop.restart()
    laptop.store.set_meta("session.tokens", "new ones")
    laptop.store.set_identity(msgspec.structs.replace(laptop.store.identity, server="http://new"))
    laptop.meanwhile = lambda _: None
    laptop.synchronise()
    assert "ApplyToday" not in laptop.kinds()
    laptop.restart()
    assert laptop.store.path.name == "crm-2.db"
    assert laptop.store.meta("session.tokens") == "new ones"
    assert laptop.store.identity.server == "http://new"


def test_a_device_withdrawn_meanwhile_leaves_its_work_with_the_server(place: Place) -> None:
    laptop = place.laptop

    def withdrawn() -> None:
        laptop.edit(0, phone="111")
        place.server.withdraw("ann-1")

    laptop.meanwhile = at(do.ApplyPull, withdrawn)
    run = laptop.synchronise()
    assert run.withdrawn
    assert b"111" in b"".join(place.server.parked_by("ann-1"))
    for file in laptop.path.glob("*.db"):
        with pytest.raises(WrongKeyOrDamaged):
            Store.open(file, bytes(32))


def test_backup_and_doctor_look_at_the_first_file_meanwhile(place: Place, tmp_path: Path) -> None:
    laptop, found = place.laptop, list[bool]()

    def examine() -> None:
        laptop.edit(0, phone="111")
        backup(laptop.store, tmp_path / "copy.db")
        found.append(check(laptop.store).is_well)

    laptop.meanwhile = at(do.IndexSecond, examine)
    laptop.synchronise()
    assert found == [True]
    with closing(Store.open(tmp_path / "copy.db", KEY)) as copy:
        assert Outbox(copy).parked().pending == 1
        assert Outbox(copy).state().in_sight


def test_another_program_that_still_has_the_former_file_open_writes_nothing_into_it(
    place: Place,
) -> None:
    laptop = place.laptop
    with closing(Store.open(laptop.store.path, KEY)) as other:
        laptop.meanwhile = at(do.RemoveFormer, lambda: try_to_write(other))
        laptop.synchronise()
    assert laptop.holds_everything()


def try_to_write(other: Store) -> None:
    change = Change("account", account(0), Op.SET, {"phone": "lost"})
    with pytest.raises(Bug):
        journal.commit(other, [change], label="Change")


def fail_once(laptop: Laptop, problem: Exception) -> None:
    laptop.failing.append(problem)
