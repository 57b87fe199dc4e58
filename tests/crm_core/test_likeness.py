"""What makes two records look like one, and what does not."""

from __future__ import annotations

import pytest

from crm_core.fields import Value
from crm_core.likeness import (
    Likeness,
    Traits,
    Why,
    blocks,
    likeness,
    name_key,
    phone_key,
    traits_of,
)


def account(name: str = "", **values: Value) -> Traits:
    return traits_of("account", {"name": name, **values})


def contact(name: str = "", *places: str, sound: str = "", **values: Value) -> Traits:
    return traits_of("contact", {"full_name": name, **values}, sound=sound, places=places)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("上海宏达贸易有限公司", "上海宏达贸易（集团）股份有限公司"),
        ("Acme Co., Ltd.", "ACME"),
        ("Alfreds Futterkiste GmbH & Co. KG", "alfred's  futterkiste"),
        ("Café Noir S.A.", "Cafe Noir"),
    ],
)
def test_a_name_is_the_same_without_its_legal_form_capitals_and_accents(
    one: str, other: str
) -> None:
    assert name_key(one) == name_key(other)


def test_a_name_that_is_nothing_but_a_legal_form_keeps_it() -> None:
    assert name_key("有限公司") == "有限公司"
    assert name_key("Co.") == "co"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("+86 571 8888 1234", "0571-88881234转801"),
        ("+49 30 0074321", "030-0074321"),
        ("+8613800138000", "138 0013 8000"),
    ],
)
def test_a_number_is_the_same_with_and_without_its_country_and_extension(
    one: str, other: str
) -> None:
    assert phone_key(one) == phone_key(other) != ""


def test_an_extension_alone_is_no_number() -> None:
    assert phone_key("801") == ""


def test_the_same_name_is_enough_for_an_account_and_not_for_a_person() -> None:
    assert likeness(account("Acme"), account("ACME Ltd")).is_likely
    assert not likeness(contact("李明"), contact("李明")).is_likely
    assert likeness(contact("李明", "a"), contact("李明", "a")).is_likely


def test_a_similar_name_needs_a_number_or_a_domain_beside_it() -> None:
    one, other = "上海宏达贸易有限公司", "上海宏达商贸有限公司"
    assert not likeness(account(one), account(other)).is_likely
    said = likeness(account(one, phone="0571-88881234"), account(other, phone="+86 571 88881234"))
    assert said == Likeness(70, (Why.PHONE, Why.SIMILAR))
    said = likeness(account(one, email="a@hongda.cn"), account(other, website="www.hongda.cn"))
    assert said.why == (Why.SIMILAR, Why.DOMAIN)
    assert said.is_likely


def test_an_address_at_a_free_provider_says_nothing_of_a_company() -> None:
    one, other = "上海宏达贸易有限公司", "上海宏达商贸有限公司"
    assert not likeness(account(one, email="a@qq.com"), account(other, email="b@qq.com")).is_likely


def test_two_credit_codes_are_two_companies_whatever_they_are_called() -> None:
    assert not likeness(account("Acme", uscc="1" * 18), account("Acme", uscc="2" * 18)).is_likely
    assert likeness(account("Acme", uscc="1A" * 9), account("Bolt", uscc="1a" * 9)).is_likely


@pytest.mark.parametrize(
    "other", ["Alfreds Futerkiste", "Alfreds Futtterkiste", "Alferds Futterkiste"]
)
def test_a_slip_of_the_hand_is_the_same_name(other: str) -> None:
    one, two = account("Alfreds Futterkiste"), account(other)
    assert likeness(one, two) == likeness(two, one) == Likeness(60, (Why.SLIP,))
    assert {*blocks(one)} & {*blocks(two)}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Branch number 1", "Branch number 2"),
        ("Filiale Nord 3", "Filiale Nord 31"),
        ("Ann Lee", "Ann Lie"),
        ("宏达贸易集团上海宏达贸易", "宏大贸易集团上海宏达贸易"),
    ],
)
def test_another_digit_a_short_name_or_another_character_is_no_slip(one: str, other: str) -> None:
    assert Why.SLIP not in likeness(account(one), account(other)).why


def test_who_sounds_alike_needs_something_beside_the_sound() -> None:
    one = traits_of("account", {"name": "宏达贸易", "phone": "88881234"}, sound="hongdamaoyi")
    other = traits_of("account", {"name": "鸿达贸易"}, sound="hongdamaoyi")
    assert not likeness(one, other).is_likely
    third = traits_of("account", {"name": "鸿达贸易", "phone": "88881234"}, sound="hongdamaoyi")
    assert likeness(one, third).why == (Why.SOUND, Why.PHONE)


def test_colleagues_who_share_a_number_are_not_one_person() -> None:
    one = contact("Anna Berg", "a", phone="0571-88881234", email="info@acme.cn")
    other = contact("Li Ming", "a", phone="0571-88881234", email="info@acme.cn")
    assert likeness(one, other).score == 0


def test_a_birthday_tells_namesakes_at_one_account_apart() -> None:
    one = contact("李明", "a", birthday="1980-01-01")
    assert not likeness(one, contact("李明", "a", birthday="1990-01-01")).is_likely


def test_whatever_is_likely_shares_a_block() -> None:
    known = [
        account("Acme"), account("ACME GmbH"), account("Alfreds Futterkiste"),
        account("Alfreds Futerkiste"), account("上海宏达贸易", phone="88881234"),
        account("上海宏达商贸", phone="88881234"), account("Bolt", uscc="1" * 18),
        account("Nut", uscc="1" * 18),
    ]  # fmt: skip
    alike = [(a, b) for a in known for b in known if a is not b and likeness(a, b).is_likely]
    assert len(alike) == 8
    assert all({*blocks(a)} & {*blocks(b)} for a, b in alike)
