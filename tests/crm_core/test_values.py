"""Values: typed words become canonical and back, and what is bad is refused in words."""

import datetime as dt
import sys
import time
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import crm_core.values as v
from crm_core.amounts import make_money, minor_units
from crm_core.catalog import CATALOG
from crm_core.changes import NOTE_BYTES_MAX, TEXT_BYTES_MAX
from crm_core.entity import Entity
from crm_core.errors import InvalidValue
from crm_core.fields import Choice, Field, Kind, LinkTo, Value
from tests.crm_core.strategies import sound_values, writable

ID = "01890a5d" + "0" * 24
ANY = Field("any", Kind.LINK, "Any", link=LinkTo(""))


def field(kind: Kind) -> Field:
    target = LinkTo("account") if kind in (Kind.LINK, Kind.LINKS) else None
    choices = (Choice("high", "High"),) if kind is Kind.CHOICE else ()
    return Field("it", kind, "It", link=target, choices=choices)


GOOD: list[tuple[Kind, str, Value]] = [
    (Kind.TEXT, "  Alfreds Futterkiste ", "Alfreds Futterkiste"),
    (Kind.TEXT, "Cafe\u0301", "Café"),
    (Kind.TEXT, "مرحبا\u202eabc", "مرحبا\u202eabc"),
    (Kind.NOTE, "  two lines\n\tkept ", "  two lines\n\tkept "),
    (Kind.CHOICE, "High", "high"),
    (Kind.CHOICE, "code of a newer version", "code of a newer version"),
    (Kind.FLAG, "是", True),
    (Kind.FLAG, "NO", False),
    (Kind.WHOLE, "1,234,567", 1234567),
    (Kind.WHOLE, "-12", -12),
    (Kind.DURATION, "90", 90),
    (Kind.DECIMAL, "12.500", "12.5"),
    (Kind.DECIMAL, "1.2E+05", "120000"),
    (Kind.DECIMAL, "-0.0", "0"),
    (Kind.DECIMAL, "1,000", "1000"),
    (Kind.MONEY, "1,234.5 cny", "1234.50CNY"),
    (Kind.MONEY, "500JPY", "500JPY"),
    (Kind.MONEY, "1.234KWD", "1.234KWD"),
    (Kind.MONEY, "-0.00USD", "0.00USD"),
    (Kind.DAY, "2026/1/5", "2026-01-05"),
    (Kind.DAY, "2026年11月22日", "2026-11-22"),
    (Kind.DAY, "20261122", "2026-11-22"),
    (Kind.INSTANT, "2026-11-22T16:30:00+08:00", "2026-11-22T08:30:00Z"),
    (Kind.INSTANT, "2026-11-22 08:30", "2026-11-22T08:30:00Z"),
    (Kind.PHONE, "+86 (10) 1234-5678 转 9", "+86 (10) 1234-5678 转 9"),
    (Kind.EMAIL, "li@example.com", "li@example.com"),
    (Kind.URL, "example.com/a", "https://example.com/a"),
    (Kind.URL, "mailto:li@example.com", "mailto:li@example.com"),
    (Kind.ADDRESS_PART, "四平路1230号", "四平路1230号"),
    (Kind.PLACE, "31.2304, 121.47370", "31.2304,121.4737"),
    (Kind.PERSON_NAME, "曾国强", "曾国强"),
    (Kind.LINK, ID.upper(), ID),
    (Kind.LINKS, f"{ID}; {ID}", [ID]),
    (Kind.TAGS, "重点，出口、a; a", ["a", "出口", "重点"]),
    (Kind.ORDER, "a0", "a0"),
    (Kind.JSON, "colour: red; size: 5", {"colour": "red", "size": "5"}),
    (Kind.JSON, '{"a": [1, true, null]}', {"a": [1, True, None]}),
]

BAD: list[tuple[Kind, str]] = [
    (Kind.FLAG, "perhaps"),
    (Kind.WHOLE, "1.5"),
    (Kind.WHOLE, "1" * 16),
    (Kind.DECIMAL, "1e-999999999"),
    (Kind.DECIMAL, "1e999999999"),
    (Kind.DECIMAL, "0." + "0" * 50 + "1"),
    (Kind.DECIMAL, "1." + "2" * 13),
    (Kind.DECIMAL, "9" * 16),
    (Kind.DECIMAL, "nan"),
    (Kind.DECIMAL, "sNaN"),
    (Kind.DECIMAL, "-inf"),
    (Kind.DECIMAL, "twelve"),
    (Kind.MONEY, "12.50"),
    (Kind.MONEY, ",CNY"),
    (Kind.MONEY, "-,USD"),
    (Kind.MONEY, "0.001USD"),
    (Kind.MONEY, "1.5JPY"),
    (Kind.MONEY, "9" * 16 + "CNY"),
    (Kind.MONEY, "1." + "0" * 60 + "1CNY"),
    (Kind.DAY, "2026-02-30"),
    (Kind.DAY, "0000-01-01"),
    (Kind.DAY, "tomorrow"),
    (Kind.INSTANT, "2026-11-22T25:00:00Z"),
    (Kind.INSTANT, "0001-01-01T00:00:00+14:00"),
    (Kind.PHONE, "call me"),
    (Kind.PHONE, "1" * 61),
    (Kind.EMAIL, "ann@"),
    (Kind.EMAIL, "ann"),
    (Kind.EMAIL, "a@b.c" + "c" * 320),
    (Kind.URL, "javascript://%0aalert(1)"),
    (Kind.PLACE, "91,0"),
    (Kind.PLACE, "0,181"),
    (Kind.PLACE, "1"),
    (Kind.PLACE, "1,2,3"),
    (Kind.LINK, "nobody"),
    (Kind.LINKS, f"{ID}, nobody"),
    (Kind.JSON, '{"a": 1.5}'),
    (Kind.JSON, "[1"),
    (Kind.TAGS, ",".join(map(str, range(201)))),
]


@pytest.mark.parametrize(("kind", "text", "expected"), GOOD)
def test_words_become_canonical_and_read_back_the_same(
    kind: Kind, text: str, expected: Value
) -> None:
    value = v.parse(field(kind), text)
    assert value == expected
    v.check(field(kind), value)
    assert v.parse(field(kind), v.show(field(kind), value)) == value


@pytest.mark.parametrize(("kind", "text"), BAD)
def test_bad_words_are_refused_with_the_field_and_a_short_sentence(kind: Kind, text: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        v.parse(field(kind), text)
    assert caught.value.field == "it"
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("kind", [*Kind])
def test_every_kind_has_examples_a_check_and_an_empty_value(kind: Kind) -> None:
    assert any(good == kind for good, _, _ in GOOD)
    empty = [] if kind in (Kind.TAGS, Kind.LINKS) else None
    assert v.parse(field(kind), " \n ") == empty
    v.check(field(kind), None)
    assert v.show(field(kind), None) == ""
    assert v.show(field(kind), empty) == ""


WRONG: list[tuple[Kind, Value]] = [
    *((kind, {"a": 1}) for kind in Kind if kind is not Kind.JSON),
    *((kind, 5) for kind in Kind if kind not in (Kind.WHOLE, Kind.DURATION, Kind.JSON)),
    (Kind.WHOLE, True),
    (Kind.WHOLE, 10**15),
    (Kind.DURATION, "90"),
    (Kind.DECIMAL, "12.50"),
    (Kind.DECIMAL, "+1"),
    (Kind.DECIMAL, "1_000"),
    (Kind.MONEY, "12.5CNY"),
    (Kind.DAY, "2026-1-5"),
    (Kind.DAY, "20261122"),
    (Kind.INSTANT, "2026-11-22T08:30:00+00:00"),
    (Kind.INSTANT, "2026-11-22T08:30:00.5Z"),
    (Kind.PLACE, "1.0,2"),
    (Kind.LINK, ID.upper()),
    (Kind.LINKS, [ID, ID]),
    (Kind.LINKS, ["nobody"]),
    (Kind.TAGS, ["b", "a"]),
    (Kind.TAGS, [""]),
    (Kind.TAGS, ["a,b"]),
    (Kind.TAGS, [" a"]),
    (Kind.TAGS, [1]),
    (Kind.TAGS, ["a\0"]),
    (Kind.JSON, 1.5),  # pyright: ignore[reportAssignmentType]
    (Kind.JSON, 10**15),
    (Kind.JSON, {"a": {"b": [0.5]}}),  # pyright: ignore[reportAssignmentType]
    (Kind.JSON, {"a\0": 1}),
    (Kind.JSON, {"a": ["\ud800"]}),
    (Kind.JSON, ["x" * TEXT_BYTES_MAX]),
    (Kind.JSON, [[[[[[[1]]]]]]]),
]


@pytest.mark.parametrize(("kind", "value"), WRONG)
def test_what_is_not_canonical_is_refused(kind: Kind, value: Value) -> None:
    with pytest.raises(InvalidValue):
        v.check(field(kind), value)


TEXTS = [Kind.TEXT, Kind.NOTE, Kind.CHOICE, Kind.PERSON_NAME, Kind.ADDRESS_PART, Kind.ORDER]


@pytest.mark.parametrize("kind", [*TEXTS, Kind.EMAIL, Kind.PHONE, Kind.URL])
@pytest.mark.parametrize("bad", ["a\0b", "\x1b[31m", "half \ud83d", "\ud83d" * 20_000])
def test_no_text_holds_what_a_store_or_terminal_chokes_on(kind: Kind, bad: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        v.check(field(kind), bad)
    str(caught.value).encode()  # the sentence itself can be printed


@pytest.mark.parametrize("kind", TEXTS)
def test_ten_megabytes_in_one_field_are_refused_with_the_size(kind: Kind) -> None:
    limit = NOTE_BYTES_MAX if kind is Kind.NOTE else TEXT_BYTES_MAX
    v.check(field(kind), "x" * limit)
    v.check(field(kind), "客" * (limit // 3))
    for long in ("x" * 10_000_000, "客" * (limit // 3 + 1), "x" * (limit + 1)):
        with pytest.raises(InvalidValue, match=r"holds \d+ KiB"):
            v.parse(field(kind), long)


@pytest.mark.parametrize("hostile", ["a@" + "." * 300_000 + " ", "a@" + "b" * 60_000, "@" * 60_000])
def test_a_hostile_address_is_refused_at_once(hostile: str) -> None:
    start = time.perf_counter()
    with pytest.raises(InvalidValue):
        v.check(field(Kind.EMAIL), hostile)
    assert time.perf_counter() - start < 1


def test_a_number_of_five_thousand_digits_is_refused_not_choked_on() -> None:
    huge = 10**5000
    assert sys.get_int_max_str_digits() < 5000
    for kind in (Kind.WHOLE, Kind.JSON):
        with pytest.raises(InvalidValue):
            v.check(field(kind), huge)


def test_an_e_mail_without_domain_is_told_so() -> None:
    with pytest.raises(InvalidValue, match=r"E-mail 'ann@' has no domain\."):
        v.parse(field(Kind.EMAIL), "ann@")


def test_a_message_quotes_what_is_bad_shortened_and_on_one_straight_line() -> None:
    turned = "1\u202e2\n3\t4" + "5" * 100
    said = str(field(Kind.WHOLE).problem("'{text}'", turned).message.params["text"])
    assert said.startswith("1\ufffd2\ufffd3\ufffd45")
    assert said.endswith("5…")
    assert len(said) <= 61


def test_a_link_to_any_kind_names_the_kind() -> None:
    assert v.parse(ANY, f"visit/{ID}") == f"visit/{ID}"
    for bad in (ID, f"/{ID}", f"Visit Plan/{ID}", "visit/x"):
        with pytest.raises(InvalidValue):
            v.check(ANY, bad)
        if "/" not in bad:
            with pytest.raises(InvalidValue):
                v.parse(ANY, bad)


@given(writable, st.integers(0, 500))
def test_every_value_reads_back_from_the_words_it_is_shown_in(entity: Entity, seed: int) -> None:
    for name, value in sound_values(entity, seed).items():
        spec = entity.by_name[name]
        v.check(spec, value)
        assert v.parse(spec, v.show(spec, value)) == value


json_objects = st.dictionaries(
    st.text("ab: ;{[", max_size=4),
    st.recursive(st.none() | st.booleans() | st.integers(0, 9) | st.text("xy: ;", max_size=4),
                 lambda inner: st.lists(inner, max_size=2), max_leaves=3),
    max_size=3,
)  # fmt: skip


@given(json_objects)
def test_own_fields_read_back_from_the_words_they_are_shown_in(value: dict[str, Value]) -> None:
    spec = field(Kind.JSON)
    assert v.parse(spec, v.show(spec, value)) == value


@given(st.sampled_from(Kind), st.text())
def test_any_words_at_all_give_a_canonical_value_or_a_sentence(kind: Kind, text: str) -> None:
    try:
        value = v.parse(field(kind), text)
    except InvalidValue:
        return
    v.check(field(kind), value)
    assert v.parse(field(kind), v.show(field(kind), value)) == value


def test_a_record_lists_everything_that_is_wrong_with_it() -> None:
    problems = v.check_record(
        CATALOG["account"],
        {"name": "", "email": "ann@", "tags": ["b", "a"], "phone": None, "newer": "\0", "id": "x"},
    )
    assert {problem.field for problem in problems} == {"name", "email", "tags", "newer", "id"}


def test_a_field_of_a_newer_version_is_kept_if_it_is_sound() -> None:
    assert not v.check_record(CATALOG["account"], {"name": "A", "newer": {"a": [1, "客户"]}})


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2))
def test_money_in_minor_units_is_exact(amount: Decimal) -> None:
    text = make_money(field(Kind.MONEY), amount, "CNY")
    v.check(field(Kind.MONEY), text)
    assert minor_units(text) == (int(amount * 100), "CNY")


def test_minor_units_follow_the_currency() -> None:
    assert minor_units("500JPY") == (500, "JPY")
    assert minor_units("-1.234KWD") == (-1234, "KWD")


def test_a_moment_is_kept_in_utc_to_the_second() -> None:
    east = dt.timezone(dt.timedelta(hours=8))
    assert v.instant_of(dt.datetime(2026, 11, 22, 16, 30, 59, 999, east)) == "2026-11-22T08:30:59Z"
    assert v.instant_of(dt.datetime(999, 1, 1, tzinfo=dt.UTC)) == "0999-01-01T00:00:00Z"
