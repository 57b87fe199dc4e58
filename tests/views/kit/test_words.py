"""How what is said is put together, in the language that is shown."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from crm_desktop.i18n import set_language
from crm_desktop.insight.question import local_day
from crm_desktop.views.kit.choice import when_words
from crm_desktop.views.kit.words import instant_words, local_iso, sentences
from crm_desktop.views.panes.accounts import words as account_words


def test_sentences_follow_each_other_as_the_language_has_it() -> None:
    assert sentences("Sent.", "", "Confirmed.") == "Sent. Confirmed."
    assert sentences("", "") == ""
    set_language("zh_CN")
    assert sentences("已发送。", "已确认。") == "已发送。已确认。"


@pytest.mark.parametrize("slip", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
@pytest.mark.parametrize("words", [when_words, instant_words, local_iso])
def test_a_moment_with_which_no_clock_reckons_is_shown_as_it_is_written(
    words: Callable[[str], str], slip: str
) -> None:
    assert words(slip) == slip


@pytest.mark.parametrize("slip", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_such_a_moment_has_no_day(slip: str) -> None:
    assert local_day(slip) is None
    assert account_words.local_day(slip) is None
