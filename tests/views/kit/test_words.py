"""How what is said is put together, in the language that is shown."""

from __future__ import annotations

from crm_desktop.i18n import set_language
from crm_desktop.views.kit.words import sentences


def test_sentences_follow_each_other_as_the_language_has_it() -> None:
    assert sentences("Sent.", "", "Confirmed.") == "Sent. Confirmed."
    assert sentences("", "") == ""
    set_language("zh_CN")
    assert sentences("已发送。", "已确认。") == "已发送。已确认。"
