"""What a person has to know at once stands above the panes, each thing once."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from crm_core.ids import RecordId
from crm_desktop.models.forgotten import Dropped
from crm_desktop.models.merging import Moved
from crm_desktop.runtime.standing import Standing
from crm_desktop.sync.failures import FailureClass
from crm_desktop.views.kit.banner import Banner
from crm_desktop.views.kit.outdated import OUTDATED
from crm_desktop.views.shell.telling import Telling

GONE, TAKER = RecordId("1" * 32), RecordId("2" * 32)
OLD = Standing("trouble", waiting=3, failure=FailureClass.OUTDATED.value)


@pytest.fixture
def banner(qtbot: QtBot) -> Banner:
    made = Banner()
    qtbot.addWidget(made)
    return made


def test_a_version_that_is_too_old_says_what_to_do_once(banner: Banner) -> None:
    assert FailureClass.OUTDATED.value == OUTDATED
    telling = Telling(banner, sign_in=lambda: None, resume=lambda _: None)
    telling.tell_standing(OLD)
    assert not banner.isHidden()
    assert "please update it" in banner.text
    assert "left with the office" in banner.text
    banner.hide()
    telling.tell_standing(OLD)
    assert banner.isHidden()


def test_work_that_a_merge_has_moved_is_told_and_led_to(banner: Banner) -> None:
    opened: list[tuple[str, str]] = []
    telling = Telling(banner, sign_in=lambda: None, resume=lambda _: None)
    moved = Moved("2026-11-22T08:00:00Z", "account", GONE, TAKER, "Alfreds", "Alfred")
    telling.tell_moved((moved, moved), lambda kind, one: opened.append((kind, one)))
    assert banner.text == "Alfred was merged into Alfreds."
    banner.acted.emit()
    assert opened == [("account", TAKER)]
    hidden = Moved("2026-11-22T08:00:00Z", "account", GONE, TAKER, "", "Alfred")
    telling.tell_moved((hidden,), lambda *_: None)
    assert banner.text == "Alfred was merged into a record that you do not see."
    assert banner._button.isHidden()


def test_what_was_not_kept_of_somebody_erased_is_told(banner: Banner) -> None:
    telling = Telling(banner, sign_in=lambda: None, resume=lambda _: None)
    telling.tell_dropped(())
    assert banner.isHidden()
    telling.tell_dropped((Dropped("contact", GONE, ("mobile", "wechat")),))
    assert banner.text.endswith("what you had entered was not kept: Mobile, WeChat.")


def test_after_the_update_nothing_is_said_any_more(banner: Banner) -> None:
    telling = Telling(banner, sign_in=lambda: None, resume=lambda _: None)
    telling.tell_standing(OLD)
    telling.tell_standing(Standing("up_to_date"))
    assert banner.isHidden()
