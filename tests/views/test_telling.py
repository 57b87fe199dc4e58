"""What a person has to know at once stands above the panes, each thing once."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from crm_desktop.runtime.standing import Standing
from crm_desktop.sync.failures import FailureClass
from crm_desktop.views.kit.banner import Banner
from crm_desktop.views.shell.telling import OUTDATED, Telling

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
    banner.hide()
    telling.tell_standing(OLD)
    assert banner.isHidden()


def test_after_the_update_nothing_is_said_any_more(banner: Banner) -> None:
    telling = Telling(banner, sign_in=lambda: None, resume=lambda _: None)
    telling.tell_standing(OLD)
    telling.tell_standing(Standing("up_to_date"))
    assert banner.isHidden()
