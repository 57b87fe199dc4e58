"""Scope: under which roots a record hangs, and with which keys one sees them."""

import pytest

from crm_core.catalog import CATALOG
from crm_core.fields import Value
from crm_core.ids import ALL_ROOT, RecordId
from crm_core.roles import Level
from crm_core.scope import (
    Holder,
    any_link,
    keys_held,
    keys_of_account,
    named_users,
    nearness,
    parse_target,
    roots_of,
)


def rid(number: int) -> RecordId:
    return RecordId(f"{number:032x}")


SELF, ACCOUNT, OTHER, NANCY, FULLER, TEAM, EAST, WORLD = map(rid, range(1, 9))
ABOVE: dict[tuple[str, RecordId], tuple[RecordId, ...]] = {
    ("account", ACCOUNT): (ACCOUNT,),
    ("account", OTHER): (OTHER,),
    ("complaint", rid(20)): (ACCOUNT,),
    ("roles_of_contact", SELF): (ACCOUNT, OTHER),
}


def roots(kind: str, values: dict[str, Value]) -> frozenset[RecordId]:
    def above(of: str, record: RecordId) -> tuple[RecordId, ...]:
        return ABOVE.get((of, record), ())

    return roots_of(CATALOG[kind], SELF, values, above)


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        ("account", {"name": "A"}, {SELF}),
        ("visit", {"account": ACCOUNT}, {ACCOUNT}),
        ("visit", {"account": ACCOUNT, "owner": NANCY, "participants": [FULLER]},
         {ACCOUNT, NANCY, FULLER}),
        ("complaint_event", {"complaint": rid(20)}, {ACCOUNT}),
        ("complaint_event", {"complaint": rid(99)}, {SELF}),
        ("attachment", {"parent": f"complaint/{rid(20)}"}, {ACCOUNT}),
        ("attachment", {"parent": "nonsense"}, {SELF}),
        ("task", {"assignee": NANCY}, {SELF, NANCY}),
        ("task", {"account": OTHER, "watchers": []}, {OTHER}),
        ("contact", {}, {ACCOUNT, OTHER}),
        ("product", {"name": "Chai"}, {ALL_ROOT}),
        ("user", {"manager": FULLER}, {ALL_ROOT}),
        ("device", {"user": NANCY}, {SELF}),
    ],
)  # fmt: skip
def test_a_record_hangs_under_its_accounts_and_whom_it_names(
    kind: str, values: dict[str, Value], expected: set[RecordId]
) -> None:
    assert roots(kind, values) == expected


def test_a_contact_without_a_role_is_its_own_root() -> None:
    assert roots_of(CATALOG["contact"], rid(50), {}, lambda *_: ()) == {rid(50)}


def test_a_link_names_its_kind_or_says_it() -> None:
    assert parse_target("account", ACCOUNT) == ("account", ACCOUNT)
    assert parse_target("", any_link("visit", SELF)) == ("visit", SELF)
    nothing: list[Value] = [None, "", 5, ["x"]]
    assert {parse_target("account", value) for value in nothing} == {None}
    assert parse_target("", "no-slash") is None


def test_only_fields_that_grant_name_a_user_into_sight() -> None:
    values: dict[str, Value] = {"owner": NANCY, "participants": [FULLER, ""], "created_by": OTHER}
    assert named_users(CATALOG["visit"], values) == {NANCY, FULLER}


def test_the_keys_of_an_account_are_owner_team_territories_and_members() -> None:
    assert keys_of_account(NANCY, TEAM, (EAST, WORLD), (FULLER,)) == {
        "org", f"user:{NANCY}", f"user:{FULLER}", f"team:{TEAM}",
        f"territory:{EAST}", f"territory:{WORLD}",
    }  # fmt: skip
    assert keys_of_account(None, None, (), ()) == {"org"}


def holder(level: Level, **more: bool) -> Holder:
    return Holder(NANCY, TEAM, (EAST,), (OTHER,), level, **more)


MINE, OURS, PLACE, LED = f"user:{NANCY}", f"team:{TEAM}", f"territory:{EAST}", f"team:{OTHER}"


@pytest.mark.parametrize(
    ("level", "keys"),
    [
        (Level.NONE, {"all"}),
        (Level.OWN, {"all", MINE}),
        (Level.TEAM, {"all", MINE, OURS}),
        (Level.TERRITORY, {"all", MINE, OURS, PLACE, LED}),
        (Level.ALL, {"all", MINE, OURS, PLACE, LED, "org"}),
    ],
)
def test_the_further_a_right_to_read_reaches_the_more_keys_one_holds(
    level: Level, keys: set[str]
) -> None:
    assert keys_held(holder(level)) == keys


def test_it_holds_the_key_to_devices_and_to_no_customer() -> None:
    assert keys_held(holder(Level.NONE, is_it=True)) == {"all", "it"}
    nobody = Holder(NANCY, None, (), (), Level.TEAM)
    assert keys_held(nobody) == {"all", MINE}


@pytest.mark.parametrize(
    ("root_keys", "least"),
    [
        ({MINE, OURS, "org"}, Level.OWN),
        ({OURS, PLACE}, Level.TEAM),
        ({PLACE, "org"}, Level.TERRITORY),
        ({LED}, Level.TERRITORY),
        ({"org"}, Level.ALL),
        (set[str](), Level.ALL),
    ],
)
def test_how_near_a_root_is_decides_which_right_reaches_it(
    root_keys: set[str], least: Level
) -> None:
    assert nearness(holder(Level.ALL), root_keys, {PLACE, LED}) is least
