"""What was meant is marked: characters by pinyin with their tones, letters as they stand."""

from __future__ import annotations

import pytest

from crm_desktop.models.spotting import Spot, spot


@pytest.mark.parametrize(
    ("text", "typed", "meant", "reading"),
    [
        ("杭州曾氏精密机械有限公司", "zeng", ["曾"], "zēng"),
        ("曾国强", "zgq", ["曾国强"], "zēng guó qiáng"),
        ("重庆长安餐饮管理有限公司", "cqca", ["重庆长安"], "chóng qìng cháng ān"),
        ("吕布", "lvb", ["吕布"], "lǚ bù"),
        ("重庆", "重q", ["重庆"], "qìng"),
        ("厦门航空食品有限公司", "航空", ["航空"], ""),
        ("Zeng & Sons Trading", "zeng", ["Zeng"], ""),
        ("Königlich Essen", "konig", ["König"], ""),
        ("Alfreds Futterkiste", "kiste alf", ["Alf", "kiste"], ""),
        ("Straße 7", "strasse", ["Straße"], ""),
        ("Alfreds Futterkiste", "zeng", [], ""),
        ("曾国强", "beijing", [], ""),
    ],
)
def test_what_was_meant_is_marked(text: str, typed: str, meant: list[str], reading: str) -> None:
    found = spot(text, typed)
    assert [text[first:behind] for first, behind in found.stretches] == meant
    assert found.reading == reading


def test_nothing_typed_marks_nothing() -> None:
    assert spot("Alfreds Futterkiste", "") == Spot()
