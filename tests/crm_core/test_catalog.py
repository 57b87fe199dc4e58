"""Every kind of record keeps the promises that all layers build on."""

import ast
import re
from pathlib import Path

import pytest

import crm_core.entities
from crm_core.catalog import CATALOG, OLDEST_SCHEMA, SCHEMA, entity_of, field_of
from crm_core.entity import Entity, Record, default_of, required, searchable
from crm_core.errors import NotFound
from crm_core.fields import Authority, Field, Kind, Policy, Unique
from crm_core.ids import RecordId
from crm_core.machines import MACHINES

ENTITIES = [*CATALOG.values()]
FIELDS = [(entity, field) for entity in ENTITIES for field in entity.fields]
FOLDER = Path(crm_core.entities.__file__).parent
NAME = re.compile(r"[a-z][a-z0-9_]*\Z")

each_entity = pytest.mark.parametrize("entity", ENTITIES, ids=[*CATALOG])
each_field = pytest.mark.parametrize(
    ("entity", "field"), FIELDS, ids=[f"{entity.kind}.{field.name}" for entity, field in FIELDS]
)


def marked_texts() -> set[str]:
    """Every text of core that the translators see."""
    found: set[str] = set()
    for path in FOLDER.parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "tr_noop":
                found.add(ast.literal_eval(node.args[0]))
    return found


MARKED = marked_texts()


def test_every_entity_file_is_in_the_catalog() -> None:
    files = {path.stem for path in FOLDER.glob("*.py")} - {"__init__", "shared"}
    assert files == set(CATALOG)
    assert OLDEST_SCHEMA <= SCHEMA


@each_entity
def test_an_entity_is_titled_sorted_and_placed_by_what_it_has(entity: Entity) -> None:
    assert NAME.match(entity.kind)
    assert entity.title
    assert {*entity.title, entity.sort} <= set(entity.by_name)
    assert entity.part_of in ("", *CATALOG)
    assert entity.record.ENTITY is entity
    assert len(entity.by_name) == len(entity.fields)
    if entity.part_of:
        assert entity.part_of in {x.link.target for x in entity.root_links if x.link}
    if entity.number_prefix:
        assert {"number", "provisional_number"} <= set(entity.by_name)


@each_entity
def test_links_upwards_come_before_what_hangs_below(entity: Entity) -> None:
    place = [*CATALOG]
    for field in entity.root_links:
        target = field.link.target if field.link else ""
        assert not target or place.index(target) < place.index(entity.kind)


@each_entity
def test_every_word_of_an_entity_is_marked_for_the_translators(entity: Entity) -> None:
    words = {entity.label, entity.plural}
    for field in entity.fields:
        words |= {field.label, *(choice.label for choice in field.choices)}
    assert words <= MARKED


@each_field
def test_a_field_says_only_what_fits_its_kind(entity: Entity, field: Field) -> None:
    assert NAME.match(field.name)
    assert field.name not in ("seq", "deleted", "rid", "root", "extra")
    assert (field.link is not None) == (field.kind in (Kind.LINK, Kind.LINKS))
    assert field.machine in ("", *MACHINES)
    if field.kind is Kind.CHOICE:
        assert field.choices
    assert len({choice.code for choice in field.choices}) == len(field.choices)
    if field.link is not None:
        assert field.link.target in ("", *CATALOG)
        assert not field.link.grants or field.link.target == "user"
    assert 0 <= field.search <= 10
    assert 1 <= field.since <= SCHEMA


@each_field
def test_a_fields_policy_follows_from_what_it_is(entity: Entity, field: Field) -> None:
    if field.authority is not None:
        assert field.policy is Policy.SERVER
        assert not field.required
    elif field.group:
        assert field.policy is Policy.GROUP
        assert field.kind not in (Kind.TAGS, Kind.LINKS)
        assert not field.machine
    elif field.kind in (Kind.TAGS, Kind.LINKS):
        assert field.policy is Policy.SET
    elif field.kind in (Kind.NOTE, Kind.ORDER):
        assert field.policy in (Policy.NOTE, Policy.ORDER)
    assert field.judged_as == (field.group or field.name)


def test_a_groups_name_is_no_fields_name() -> None:
    """A conflict is kept under it, and must not be taken for one of a field."""
    for entity in ENTITIES:
        assert not set(entity.groups) & set(entity.by_name)


PERSONAL = {
    "contact": {
        "full_name", "family_name", "given_name", "mobile", "phone", "email", "wechat", "birthday",
        "birthday_lunar", "preferences",
    },
}  # fmt: skip


def test_personal_data_is_tagged_where_it_is_and_nowhere_else() -> None:
    tagged = {
        entity.kind: {field.name for field in entity.fields if field.personal}
        for entity in ENTITIES
        if any(field.personal for field in entity.fields)
    }
    assert tagged == PERSONAL


def test_hard_keys_and_logins_are_few_and_known() -> None:
    keys = {(e.kind, f.name): f.unique for e, f in FIELDS if f.unique is not None}
    assert keys == {
        ("account", "uscc"): Unique.HARD,
        ("product", "code"): Unique.HARD,
        ("tag", "name"): Unique.HARD,
        ("user", "login"): Unique.LOGIN,
    }


def test_what_the_office_grants_cannot_be_typed() -> None:
    granted = {(e.kind, f.name) for e, f in FIELDS if f.authority is Authority.GRANTED}
    assert granted == {("account", "grade"), ("account", "credit_limit")}
    assert not {f.name for f in CATALOG["account"].editable} & {"grade", "number", "created_at"}
    assert CATALOG["order"].editable == ()


def test_an_account_needs_no_more_than_its_name() -> None:
    assert [field.name for field in required(CATALOG["account"])] == ["name"]
    assert searchable(CATALOG["account"])[0].name == "name"


@each_entity
def test_a_typed_record_is_made_from_values_of_any_version(entity: Entity) -> None:
    made = entity.make(RecordId("0" * 32), 5, {"from_a_newer_version": 1})
    assert isinstance(made, Record)
    assert (made.id, made.seq, made.created_at) == ("0" * 32, 5, None)


def test_a_record_is_known_by_its_title() -> None:
    values = {"number": "CP-2026-000001", "subject": "Boxes arrived wet"}
    assert CATALOG["complaint"].name_of(values) == "CP-2026-000001 · Boxes arrived wet"
    assert CATALOG["complaint"].name_of({"subject": "Late"}) == "Late"
    assert CATALOG["complaint"].name_of({}) == ""


def test_a_field_never_set_is_none_or_the_empty_set() -> None:
    account = CATALOG["account"]
    assert default_of(account.by_name["tags"]) == []
    assert default_of(account.by_name["name"]) is None
    complaint_state, no_state = CATALOG["complaint"].state_field, CATALOG["contact"].state_field
    assert complaint_state is not None
    assert complaint_state.name == "state"
    assert no_state is None


def test_an_unknown_kind_or_field_is_named_with_those_that_exist() -> None:
    assert entity_of("account") is CATALOG["account"]
    assert field_of(CATALOG["account"], "name").label == "Name"
    with pytest.raises(NotFound, match=r"no kind 'acount'.*account,"):
        entity_of("acount")
    with pytest.raises(NotFound, match=r"'account' has no field 'nam'.*name,"):
        field_of(CATALOG["account"], "nam")


def test_typed_records_are_equal_where_every_value_is() -> None:
    account = CATALOG["account"]
    one = account.make(RecordId("a" * 32), 5, {"name": "A"})
    same_again = account.make(RecordId("a" * 32), 5, {"name": "A", "from_a_newer_version": 1})
    other = account.make(RecordId("a" * 32), 5, {"name": "B"})
    assert one == same_again != other
    assert one != CATALOG["contact"].make(RecordId("a" * 32), 5, {})
    assert len({one, same_again, other}) == 2
    assert repr(one) == f"Account({'a' * 32}, seq=5)"
