"""A role stops to receive something, and receives it again: what that does on a laptop."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from crm_core.changes import Change, Op
from crm_core.errors import InvalidValue, Unavailable
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.wire import WireRow
from crm_desktop.models import inbox, journal, search_index
from crm_desktop.models.journal import received
from crm_desktop.models.journal.received import Receipt
from crm_desktop.models.masks import withheld
from crm_desktop.models.rights import rights_here
from crm_desktop.models.search import search
from crm_desktop.sync import effects as do
from crm_desktop.sync.effects import Effect
from crm_desktop.views.kit.permit import field_refusal, kept_of_new
from crm_server.collecting import COLLECT_AFTER_DAYS, collect
from crm_server.people import mask
from tests.simulator.company import CAT, fixed_id
from tests.simulator.link import GONE
from tests.simulator.oracle import Oracle
from tests.sync.first_fetching import Place, account, at

MARIA, OTTO = fixed_id(0xC000), fixed_id(0xC001)
MOBILE, EDITED, OF_OTTO = "+49 170 5550188", "+49 171 5550199", "+49 172 5550177"
PAGES = ("crm_core.wire.PULL_PAGE_ROWS", "crm_server.pull.PULL_PAGE_ROWS")
PLANTED = (MOBILE, EDITED, OF_OTTO)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A laptop that holds two contacts; of one it changed the number, the other was deleted."""
    made = Place(tmp_path)
    for n, (contact, mobile) in enumerate(((MARIA, MOBILE), (OTTO, OF_OTTO))):
        made.server.load("contact", contact, {"full_name": f"Maria {n}", "mobile": mobile})
        beside: dict[str, Value] = {"account": account(0), "contact": contact, "role": "buyer"}
        made.server.load("account_contact", fixed_id(0xD000 + n), beside)
    made.laptop.synchronise()
    _edit(made, mobile=EDITED)
    made.laptop.synchronise()
    made.delete("contact", OTTO)
    made.laptop.synchronise()
    search_index.build(made.laptop.store)
    yield made
    made.close()


def test_nothing_of_it_is_left_on_the_laptop_but_the_users_own_steps(place: Place) -> None:
    assert _kept(place) >= {"contact", "op"}
    _withhold(place)
    place.laptop.synchronise()
    search_index.build(place.laptop.store)
    assert _kept(place) == {"op"}
    assert _kept(place, OF_OTTO) == set()
    with place.laptop.store.reader() as c:
        assert search(c, "5550199") == []
        assert [hit.id for hit in search(c, "Maria")] == [MARIA]
    assert place.laptop.is_settled()


def test_what_stays_readable_of_a_record_whose_news_cannot_be_read_holds_nothing_of_it(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    receive = received._receive

    def choke(receipt: Receipt, kind: str, rows: Sequence[WireRow]) -> None:
        if any(row.id == MARIA for row in rows):
            raise ValueError("cannot be read")
        receive(receipt, kind, rows)

    monkeypatch.setattr(received, "_receive", choke)
    _withhold(place)
    place.laptop.synchronise()
    search_index.build(place.laptop.store)
    assert _kept(place) == {"op"}
    with place.laptop.store.reader() as c:
        assert [one.id for one in inbox.quarantined(c)] == [MARIA]
        assert search(c, "5550199") == []
        assert [hit.id for hit in search(c, "Maria")] == [MARIA]


@pytest.mark.parametrize("gone", ["deleted", "out of sight", "collected"])
def test_what_goes_behind_the_news_holds_nothing_of_it(
    place: Place, monkeypatch: pytest.MonkeyPatch, gone: str
) -> None:
    for limit in ("crm_desktop.sync.pulling.ROWS_AT_ONCE", *PAGES):
        monkeypatch.setattr(limit, 1)
    _withhold(place)
    if gone == "collected":
        _forget(place)
    else:
        _break_off(place, lambda x: isinstance(x, do.NextItem) and _is_withheld(place))
        assert _is_withheld(place)
        assert _mobile(place) == EDITED
        _let_go(place, deleted=gone == "deleted")
    place.laptop.synchronise()
    assert place.laptop.rows("SELECT 1 FROM contact WHERE full_name = 'Maria 0' AND deleted > 0")
    assert _kept(place) == {"op"}


@pytest.mark.parametrize("deleted", [True, False])
def test_what_goes_into_the_second_file_with_the_work_on_it_holds_nothing_of_it(
    place: Place, monkeypatch: pytest.MonkeyPatch, *, deleted: bool
) -> None:
    def meanwhile() -> None:
        assert _mobile(place) == EDITED
        _edit(place, title="Head")
        _withhold(place)
        _let_go(place, deleted=deleted)
        place.laptop.line.cut = True

    monkeypatch.setattr("crm_server.today_first.ROWS_FROM", 1)
    place.laptop.begin_anew()
    place.laptop.meanwhile = at(do.OpenSecond, meanwhile)
    place.laptop.synchronise()
    assert place.laptop.store.path.name == "crm-2.db"
    assert place.laptop.rows("SELECT 1 FROM contact WHERE full_name = 'Maria 0' AND deleted > 0")
    assert _kept(place) == set()


def test_what_an_answer_brought_between_two_masks_goes_with_the_second(place: Place) -> None:
    _withhold(place)
    place.laptop.synchronise()
    mask(place.server.service, "rep", {})
    place.server.load("contact", MARIA, {"department": "Purchasing"})
    _edit(place, title="Head")
    _break_off(place, lambda effect: isinstance(effect, do.OpenPull))
    assert _mobile(place) == EDITED
    _withhold(place)
    place.delete("contact", MARIA)
    place.laptop.synchronise()
    assert _kept(place) == {"op"}


def test_it_comes_back_when_the_role_receives_it_again(place: Place) -> None:
    _withhold(place)
    place.laptop.synchronise()
    mask(place.server.service, "rep", {})
    place.laptop.synchronise()
    assert _mobile(place) == EDITED
    with place.laptop.store.reader() as c:
        assert rights_here(c).of("contact", MARIA).changes("mobile")


def test_work_that_waits_keeps_what_was_typed_and_is_taken(place: Place) -> None:
    _edit(place, mobile=OF_OTTO, title="Head")
    _withhold(place)
    place.laptop.synchronise()
    values = Oracle(place.server.look).records["contact", MARIA].values
    assert (values["mobile"], values["title"]) == (OF_OTTO, "Head")
    place.laptop.synchronise()
    assert _mobile(place) is None
    assert _kept(place) == {"op"}


def test_a_form_says_why_it_is_empty_and_the_command_why_it_cannot_be_set(place: Place) -> None:
    with place.laptop.store.reader() as c:
        assert kept_of_new(c, "contact") == {}
    _withhold(place)
    place.laptop.synchronise()
    with place.laptop.store.reader() as c:
        may = rights_here(c).of("contact", MARIA)
        assert not may.changes("mobile")
        assert "does not receive" in field_refusal(may, "mobile")
        assert list(kept_of_new(c, "contact")) == ["mobile"]
    with pytest.raises(InvalidValue, match="does not receive 'Mobile'"):
        _edit(place, mobile="1")
    _edit(place, title="Head")


def test_a_laptop_that_begins_anew_never_had_it(place: Place) -> None:
    _withhold(place)
    place.laptop.begin_anew()
    place.laptop.synchronise()
    assert _kept(place) == set()
    assert ("Maria 0", None) in place.laptop.rows("SELECT full_name, mobile FROM contact")


def _withhold(place: Place) -> None:
    mask(place.server.service, "rep", {"contact": frozenset(("mobile",))})


def _break_off(place: Place, when: Callable[[Effect[Any]], bool]) -> None:
    """The laptop synchronises until the line breaks."""

    def maybe(effect: Effect[Any]) -> None:
        if when(effect):
            place.laptop.failing.append(Unavailable(GONE))

    place.laptop.meanwhile = maybe
    place.laptop.synchronise()
    place.laptop.meanwhile = lambda _: None


def _is_withheld(place: Place) -> bool:
    with place.laptop.store.reader() as c:
        return bool(withheld(c, "contact"))


def _let_go(place: Place, *, deleted: bool) -> None:
    """A colleague deletes the contact, or its account becomes another's."""
    if deleted:
        place.delete("contact", MARIA)
    else:
        place.server.load("account", account(0), {"owner": CAT.id})


def _forget(place: Place) -> None:
    """The contact is deleted, and so long ago that the server knows nothing of it."""
    place.delete("account_contact", fixed_id(0xD000))
    place.delete("contact", MARIA)
    place.time.pass_by((COLLECT_AFTER_DAYS + 1) * 86400)
    assert collect(place.server.service.store, place.time.now).records
    place.laptop.from_rows = 1000


def _edit(place: Place, **values: Value) -> None:
    change = Change("contact", MARIA, Op.SET, values)
    journal.commit(place.laptop.store, [change], label="Edit")


def _mobile(place: Place) -> Value:
    ((found,),) = place.laptop.rows(
        "SELECT mobile FROM contact WHERE id = ?", bytes.fromhex(RecordId(MARIA))
    )
    return found


def _kept(place: Place, *numbers: str) -> set[str]:
    """The tables of the laptop in which one of these numbers stands, or any."""
    with place.laptop.store.reader() as c:
        tables = [x for (x,) in c.rows("SELECT name FROM sqlite_schema WHERE type = 'table'")]
        return {
            table
            for table in tables
            for row in c.rows(f'SELECT * FROM "{table}"')
            if _holds(row, numbers or PLANTED)
        }


def _holds(row: tuple[object, ...], numbers: tuple[str, ...]) -> bool:
    texts = (x.decode(errors="replace") if isinstance(x, bytes) else str(x) for x in row)
    return any(number in text for text in texts for number in numbers)
