"""Words in the user's language."""

from collections.abc import Iterator

import pytest

from crm_core.errors import InvalidValue
from crm_core.i18n import Message
from crm_desktop.i18n import LANGUAGES, language, set_language, tr, words
from tools import i18n as workshop


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


def test_every_word_of_the_source_is_translated(capsys: pytest.CaptureFixture[str]) -> None:
    assert workshop.check() == 0, capsys.readouterr().out


def test_the_glossary_says_what_the_window_says() -> None:
    pages = (workshop.ROOT / "docs" / "glossary.md").read_text("utf-8").split("\n## ")
    catalogs = [workshop.read(code) for code in workshop.LANGUAGES]
    for page in pages[1:-1]:  # the last part lists what the window never shows
        for line in page.split("|---|---|---|---|\n")[1].strip().splitlines():
            english, *chinese = (cell.strip() for cell in line.strip("| ").split("|")[:3])
            found = [catalog.get(english) for catalog in catalogs]
            assert [entry.string for entry in found if entry is not None] == chinese, english
