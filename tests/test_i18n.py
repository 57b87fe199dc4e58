"""Words in the user's language."""

import functools
import re
from collections.abc import Iterator

import pytest

from crm_core.errors import InvalidValue
from crm_core.i18n import Message
from crm_desktop.i18n import LANGUAGES, language, set_language, tr, tr_n, words
from tools import i18n as workshop

collected = functools.cache(workshop.collect)
read_once = functools.cache(workshop.read)
"""For who only looks: the source takes seconds to read, a catalog a tenth of one."""


@pytest.fixture(autouse=True)
def english_afterwards() -> Iterator[None]:
    workshop.compile_all()
    yield
    set_language("en")


@pytest.mark.parametrize(
    ("locale", "nearest"),
    [
        ("zh_CN.UTF-8", "zh_CN"),
        ("zh-Hans-SG", "zh_CN"),
        ("zh", "zh_CN"),
        ("zh_TW", "zh_TW"),
        ("zh-Hant-HK", "zh_TW"),
        ("en_GB.UTF-8", "en"),
        ("fr", "en"),
        ("C", "en"),
        ("", "en"),
    ],
)
def test_any_spelling_of_a_locale_finds_the_nearest_language(locale: str, nearest: str) -> None:
    assert set_language(locale) == nearest == language()
    assert nearest in LANGUAGES


def test_a_word_is_shown_in_the_language_set() -> None:
    set_language("zh_CN")
    assert tr("Account") == "客户"
    set_language("zh_TW")
    assert tr("Account") == "客戶"


def test_what_a_customer_typed_is_never_translated() -> None:
    set_language("zh_CN")
    shown = tr("'{text}' is not a whole number.", text="Account")
    assert "Account" in shown
    assert "整数" in shown


def test_braces_in_a_customers_words_are_not_a_template() -> None:
    assert tr("'{text}' is not text.", text="{field}") == "'{field}' is not text."


def test_nested_messages_and_labels_are_translated_too() -> None:
    set_language("zh_CN")
    inner = Message("'{field}' must be filled in.", {"field": "Name"})
    outer = Message("'{field}': {detail}", {"field": "Account", "detail": inner})
    assert "客户" in words(outer)
    assert "名称" in words(outer)


def test_an_errors_message_reads_in_both_languages() -> None:
    problem = InvalidValue("name", "'{field}' must be filled in.", field="Name")
    assert words(problem.message) == str(problem) == "'Name' must be filled in."
    set_language("zh_CN")
    assert words(problem.message) != str(problem)


def test_the_empty_text_stays_empty_and_an_unknown_one_stays_itself() -> None:
    set_language("zh_CN")
    assert tr("") == ""
    assert tr("a sentence that nobody marked") == "a sentence that nobody marked"


def test_without_a_compiled_catalog_words_stay_english(
    monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    monkeypatch.setattr("crm_desktop.i18n.TRANSLATIONS", tmp_path)
    assert set_language("zh_CN") == "zh_CN"
    assert tr("Account") == "Account"


def test_every_word_of_the_source_is_translated(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workshop, "collect", collected)
    assert workshop.check() == 0, capsys.readouterr().out


def test_the_glossary_says_what_the_window_says() -> None:
    pages = (workshop.ROOT / "docs" / "glossary.md").read_text("utf-8").split("\n## ")
    catalogs = [read_once(code) for code in workshop.LANGUAGES]
    for page in pages[1:-1]:  # the last part lists what the window never shows
        for line in page.split("|---|---|---|---|\n")[1].strip().splitlines():
            english, *chinese = (cell.strip() for cell in line.strip("| ").split("|")[:3])
            found = [catalog.get(english) for catalog in catalogs]
            assert [entry.string for entry in found if entry is not None] == chinese, english


PLURALS = [
    workshop.forms(message.id)
    for message in workshop.entries(read_once(workshop.LANGUAGES[0]))
    if message.pluralizable
]
"""From a catalog, which holds what the source does (`test_every_word_of_the_source_…`)."""

_COUNTED = re.compile(
    r"\{(n|m|count|many|days|hours|minutes|seconds|all|total|wanted)\} (?:[a-z]+ )?[a-z]{2,}s\b"
)
_NEVER_ONE = {
    "Next step (a task for you, due in {n} days)",
    "after {n} minutes",
    "The clock of this computer is {minutes} minutes away from the server's; please set it. "
    "Nothing is lost: the order of changes does not hang on clocks.",
    "The newest {n} cohorts are shown. The last cell of a row is a month that is not over.",
    "longest in: {stage}, {days} days",
    "{stage}: median {days} days, at most {most}",
    "{all} charts · {n} on this board",
    "At most {n} files at once.",
    "Both for all {count} texts with {name}",
    "It is one of {n} steps of one action.",
}
"""Where the number is always above one, or has decimals."""


def test_the_number_chooses_the_form_and_fills_it() -> None:
    assert tr_n("{n} account", "{n} accounts", 1) == "1 account"
    assert tr_n("{n} account", "{n} accounts", 0) == "0 accounts"
    assert tr_n("{n} account", "{n} accounts", 1234) == "1,234 accounts"
    set_language("zh_CN")
    assert tr_n("{n} account", "{n} accounts", 1) == "1 个客户"


@pytest.mark.parametrize(("one", "many"), PLURALS, ids=[many for _, many in PLURALS])
def test_of_one_thing_the_words_are_not_those_of_several(one: str, many: str) -> None:
    several = re.search(r"\{n\} (?:[a-z]+ )?([a-z]+s|people|need)\b", many)
    assert one != many
    assert several is None or not re.search(rf"\b{several[1]}\b", one)
    assert "{n}" in many
    for code in workshop.LANGUAGES:
        (found,) = (x for x in workshop.entries(read_once(code)) if workshop.key_of(x) == one)
        (chinese,) = workshop.forms(found.string)
        assert workshop.places(chinese) == workshop.places(many)


def test_no_words_with_one_form_count_things() -> None:
    alone = {str(x.id) for x in workshop.entries(collected()) if not x.pluralizable}
    assert {text for text in alone if _COUNTED.search(text)} == _NEVER_ONE & alone


def test_a_form_that_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    found = workshop.read("zh_CN")
    one, _many = PLURALS[0]
    next(x for x in found if workshop.key_of(x) == one).string = ("",)
    monkeypatch.setattr(workshop, "read", lambda _code: found)
    assert [x for x in workshop.problems_of("zh_CN", collected()) if repr(one) in x]
