"""Client and server of different versions: nothing is lost, and nothing is overwritten silently."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_core.changes import Change, Op
from crm_core.errors import UserProblem
from crm_core.ids import RecordId
from crm_core.problems import words_for
from crm_desktop.i18n import words
from crm_desktop.models import inbox, journal
from crm_desktop.models.outbox import sync_state
from crm_desktop.sync.failures import FailureClass
from crm_desktop.sync.last_run import last_run_of
from crm_desktop.sync.status import State, standing
from crm_server import service
from tests.contracts.editions import LATER, NEXT, RENAMED, TODAY, running
from tests.contracts.skew import Laptop, Office
from tests.simulator.company import ACCOUNTS, ANN, LEA, fixed_id

MINE, OURS = ACCOUNTS[0], ACCOUNTS[1]
TASK = fixed_id(204)


def pair(folder: Path, client: int, server: int) -> tuple[Office, Laptop, Laptop]:
    """A server, ann with an older or newer laptop, and lea with the server's version; both have
    synchronised."""
    office = Office(folder, server)
    ann, lea = Laptop(office, ANN, folder, client), Laptop(office, LEA, folder, server)
    for one in (ann, lea):
        assert one.sync().failure is None
    return office, ann, lea


def fill_outbox(laptop: Laptop) -> RecordId:
    """A day's work without a network; the id of a contact made."""
    contact = laptop.add("contact", full_name="Lin")
    laptop.add("account_contact", account=MINE, contact=contact, role="user")
    laptop.put("account", MINE, name="Renamed", phone="111")
    laptop.put("task", fixed_id(224), title="Go there")
    laptop.commit(Change("account", OURS, Op.ADD, {"tags": ["fresh"]}))
    return contact


@pytest.mark.parametrize(("client", "server"), [(TODAY, NEXT), (TODAY, RENAMED), (NEXT, RENAMED)])
def test_the_full_outbox_of_an_older_client_drains(
    tmp_path: Path, client: int, server: int
) -> None:
    office, ann, lea = pair(tmp_path, client, server)
    lea.put("account", MINE, nickname="The first")
    gift = lea.add("gift", title="Book", account=MINE)
    assert lea.sync().failure is None
    contact = fill_outbox(ann)
    run = ann.sync()
    assert run.failure is None
    assert run.report.verified
    assert ann.unsettled == {}
    body = office.body("account", MINE)
    assert (body["name"], body["phone"], body["nickname"]) == ("Renamed", "111", "The first")
    if server == RENAMED:
        assert body["telephone"] == "111"
    assert office.body("contact", contact)["full_name"] == "Lin"
    assert office.body("gift", gift)["title"] == "Book"
    assert lea.sync().report.verified


def test_what_an_old_client_does_not_know_it_keeps_whole(tmp_path: Path) -> None:
    office, ann, lea = pair(tmp_path, TODAY, RENAMED)
    lea.put("account", MINE, nickname="The first")
    lea.put("task", TASK, priority="burning")
    gift = lea.add("gift", title="Book", account=MINE)
    lea.sync()
    assert ann.sync().report.verified
    assert ann.values("account", MINE)["nickname"] == "The first"
    assert ann.ask("SELECT body FROM unknown_kind WHERE kind = 'gift'") != []
    ann.put("task", TASK, title="See them")
    ann.put("account", MINE, name="Renamed")
    assert ann.values("account", MINE)["nickname"] == "The first"
    assert ann.sync().report.verified
    assert office.body("task", TASK)["priority"] == "burning"
    assert ann.values("task", TASK)["priority"] == "burning"
    assert office.body("gift", gift)["title"] == "Book"


def test_two_names_of_a_field_are_one_field(tmp_path: Path) -> None:
    office, ann, lea = pair(tmp_path, TODAY, RENAMED)
    lea.put("account", MINE, telephone="222")
    lea.sync()
    ann.put("account", MINE, phone="111")
    run = ann.sync()
    assert run.report.conflicts == 1
    assert office.body("account", MINE)["telephone"] == "222"
    assert ann.values("account", MINE)["phone"] == "222"
    assert run.parked.conflict == 1
    # Deciding is left to those who know the field; here it is shown, under its new name.
    with running(TODAY), ann.store.reader() as c:
        (item,) = inbox.conflicts(c)
    assert item.field == "telephone"
    with running(TODAY), pytest.raises(UserProblem):
        journal.resolve(ann.store, item.id, "111")
    # Who has seen the other's value may put his own in its place.
    ann.put("account", OURS, phone="333")
    ann.sync()
    lea.sync()
    assert lea.values("account", OURS)["telephone"] == "333"


def test_a_verdict_speaks_the_language_of_its_author(tmp_path: Path) -> None:
    _, ann, lea = pair(tmp_path, TODAY, RENAMED)
    lea.sync()
    ann.put("account", MINE, phone="111", name="Fine")
    with ann.store.writing() as c:
        c.run("""UPDATE op SET new = replace(new, '"111"', '111') WHERE kind = 'account'""")
    run = ann.sync()
    assert run.parked.rejected == 1
    (refused,) = ann.ask("SELECT refused FROM op WHERE refused IS NOT NULL")
    assert "phone" in str(refused[0])
    assert "telephone" not in str(refused[0])
    assert ann.values("account", MINE)["name"] == "Fine"


def test_a_newer_client_loses_nothing_to_an_older_server(tmp_path: Path) -> None:
    office, ann, _ = pair(tmp_path, RENAMED, TODAY)
    ann.put("account", MINE, name="Renamed", nickname="The first", telephone="333")
    ann.put("task", TASK, priority="burning")
    gift = ann.add("gift", title="Book", account=MINE)
    run = ann.sync()
    assert run.failure is None
    assert office.body("account", MINE)["name"] == "Renamed"
    assert office.body("task", TASK)["priority"] == "burning"
    assert run.parked.rejected == 2
    assert ann.values("account", MINE)["nickname"] == "The first"
    assert ann.values("gift", gift)["title"] == "Book"
    assert b"The first" in b"".join(payload for _, payload in office.parked())
    office.update(RENAMED)
    run = ann.sync()
    assert run.report.verified
    assert ann.unsettled == {}
    assert run.parked.rejected == 0
    body = office.body("account", MINE)
    assert (body["nickname"], body["telephone"], body["phone"]) == ("The first", "333", "333")
    assert office.body("gift", gift)["title"] == "Book"


def test_a_new_kind_of_change_waits_for_the_server(tmp_path: Path) -> None:
    office, ann, _ = pair(tmp_path, NEXT, TODAY)
    office.unknown_op = "add"
    ann.put("account", MINE, name="Renamed")
    ann.commit(Change("account", MINE, Op.ADD, {"tags": ["fresh"]}))
    run = ann.sync()
    assert run.failure is None
    assert run.parked.rejected == 1
    assert office.body("account", MINE)["name"] == "Renamed"
    office.unknown_op = ""
    office.update(NEXT)
    assert ann.sync().parked.rejected == 0
    assert ann.unsettled == {}
    assert "fresh" in str(office.body("account", MINE)["tags"])


def test_a_merge_waits_for_a_server_that_is_updated_within_its_schema(tmp_path: Path) -> None:
    office, ann, _ = pair(tmp_path, TODAY, TODAY)
    office.unknown_op = "merge"
    double = ann.add("account", name="Twice")
    ann.sync()
    away = Change("account", double, Op.MERGE, {"merged_into": MINE})
    ann.commit(away, Change("account", MINE, Op.SET, {"phone": "7"}), atomic=True)
    ann.put("task", TASK, title="Goes out")
    run = ann.sync()
    assert (run.failure, run.parked.pending) == (None, 0)
    assert office.body("task", TASK)["title"] == "Goes out"
    with ann.store.reader() as c:
        waits = inbox.stuck(c)
    assert {one.code for one in waits} == {"op.unknown"}
    said = words(words_for(waits[0].code, waits[0].params))
    assert "will be sent again once the server has been updated" in said
    office.unknown_op = ""
    ann.sync()
    assert ann.unsettled == {"rejected": 1}, "it is not offered with every run"
    ann.waits(hours=25)
    ann.sync()
    assert ann.unsettled == {}
    assert office.body("account", MINE)["phone"] == "7"


def test_edits_on_what_was_not_known_yet_go_out_after_it(tmp_path: Path) -> None:
    office, ann, _ = pair(tmp_path, NEXT, TODAY)
    ann.put("account", MINE, nickname="One")
    ann.sync()
    ann.put("account", MINE, nickname="Two")
    ann.sync()
    office.update(NEXT)
    ann.sync()
    assert ann.unsettled == {}
    ann.put("account", MINE, nickname="Three")
    ann.sync()
    assert ann.unsettled == {}
    assert office.body("account", MINE)["nickname"] == "Three"


def test_after_its_update_a_client_knows_what_it_kept(tmp_path: Path) -> None:
    _, ann, lea = pair(tmp_path, TODAY, RENAMED)
    lea.put("account", MINE, nickname="The first", telephone="222")
    gift = lea.add("gift", title="Book", account=MINE)
    lea.sync()
    ann.sync()
    fill_outbox(ann)
    ann.update(RENAMED)
    assert ann.values("gift", gift)["title"] == "Book"
    assert ann.ask("SELECT nickname FROM account WHERE nickname IS NOT NULL") == [("The first",)]
    assert ann.ask("SELECT 1 FROM unknown_kind") == []
    run = ann.sync()
    assert run.report.verified
    assert ann.unsettled == {}


def test_who_is_too_old_keeps_his_work_and_leaves_a_copy(tmp_path: Path) -> None:
    office, ann, _ = pair(tmp_path, TODAY, RENAMED)
    office.update(LATER)
    fill_outbox(ann)
    run = ann.sync()
    assert last_run_of(run.failure) == FailureClass.OUTDATED
    assert "update" in str(run.failure)
    before = ann.unsettled
    assert sum(before.values()) == 5
    ann.put("account", MINE, name="And again")
    ann.sync()
    ((why, payload),) = office.parked()
    assert why == "parked"
    assert b"Renamed" in payload
    assert b"And again" in payload
    assert ann.values("account", MINE)["name"] == "And again"
    ann.update(LATER)
    assert ann.sync().report.verified
    assert ann.unsettled == {}
    assert office.body("account", MINE)["name"] == "And again"


def test_the_status_says_what_an_old_client_needs(tmp_path: Path) -> None:
    office, ann, _ = pair(tmp_path, TODAY, RENAMED)
    office.update(LATER)
    run = ann.sync()
    with ann.store.reader() as c:
        state = sync_state(c)
    told = standing(state, run.parked, signed_in=True, last_run=last_run_of(run.failure))
    assert told.state is State.TROUBLE
    assert "update" in told.words


def test_what_leaves_takes_unknown_kinds_along(tmp_path: Path) -> None:
    office, ann, lea = pair(tmp_path, TODAY, NEXT)
    lea.add("gift", title="Book", account=MINE)
    lea.sync()
    ann.sync()
    assert ann.ask("SELECT 1 FROM unknown_kind") != []
    office.load("account", MINE, owner=fixed_id(14), team=fixed_id(2))
    before = ann.pulls
    run = ann.sync()
    assert ann.pulls == before + 1
    assert ann.ask("SELECT 1 FROM unknown_kind") == []
    assert run.report.verified
    assert ann.ask("SELECT 1 FROM salvage") == []


def test_a_server_that_was_set_back_serves_what_it_does_not_know(tmp_path: Path) -> None:
    office, ann, lea = pair(tmp_path, NEXT, NEXT)
    gift = lea.add("gift", title="Book", account=MINE)
    lea.sync()
    office.update(TODAY)
    run = ann.sync()
    assert run.failure is None
    assert run.report.verified
    assert ann.values("gift", gift)["title"] == "Book"


def test_a_change_that_means_nothing_any_more_is_parked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office, ann, _ = pair(tmp_path, TODAY, NEXT)

    def cannot(_change: Change) -> Change:
        raise ValueError("no")

    monkeypatch.setattr("tests.contracts.editions._RENAMES", {TODAY: (cannot,)})
    office.update(RENAMED)
    ann.put("account", MINE, name="Renamed")
    run = ann.sync()
    assert run.parked.rejected == 1
    assert ann.values("account", MINE)["name"] == "Renamed"
    assert [why for why, _ in office.parked()] == ["changeset.too_old"]


def test_one_place_says_who_is_too_old() -> None:
    root = Path(__file__).parents[2]
    asking = [
        path.name
        for path in sorted((root / "crm_server").rglob("*.py"))
        if "< OLDEST_SCHEMA" in path.read_text(encoding="utf-8")
    ]
    assert asking == ["service.py"]
    with running(LATER):
        assert service.OLDEST_SCHEMA == LATER - 2
    assert max(1, TODAY - 2) == service.OLDEST_SCHEMA
