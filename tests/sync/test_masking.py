"""A role stops to receive something, and receives it again: what that does on a laptop."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_core.changes import Change, Op
from crm_core.errors import InvalidValue
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_desktop.models import journal, search_index
from crm_desktop.models.rights import rights_here
from crm_desktop.models.search import search
from crm_desktop.views.kit.permit import field_refusal, kept_of_new
from crm_server.people import mask
from tests.simulator.company import fixed_id
from tests.simulator.oracle import Oracle
from tests.sync.first_fetching import Place, account

MARIA, OTTO = fixed_id(0xC000), fixed_id(0xC001)
MOBILE, EDITED, OF_OTTO = "+49 170 5550188", "+49 171 5550199", "+49 172 5550177"
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
