"""Whether a credit code is taken is told masked, to whoever may enter one, and not endlessly."""

from __future__ import annotations

import logging

import pytest

from crm_core.errors import Refused
from crm_core.ids import RecordId
from crm_core.wire import HiddenTwin, TwinRequest
from crm_server.hidden import hidden_twin
from crm_server.throttle import ASKING_PER_MINUTE
from tests.server.world import Acme, Device

CODE = "91310000MA1FL0X123"


def ask(acme: Acme, device: Device, value: str = CODE, field: str = "uscc") -> HiddenTwin:
    asked = TwinRequest("account", field, value)
    return hidden_twin(acme.world.service, device.who, asked)


def taken(acme: Acme, name: str = "上海宏达贸易有限公司") -> RecordId:
    acme.li.pull()
    return acme.li.account(name, uscc=CODE)


def test_a_code_that_is_taken_out_of_sight_is_told_by_initials_and_owner(acme: Acme) -> None:
    taken(acme)
    assert ask(acme, acme.nancy) == HiddenTwin("上…", acme.li.user)


def test_a_latin_name_is_told_by_the_initials_of_its_words(acme: Acme) -> None:
    taken(acme, "Alfreds Futterkiste und mehr")
    assert ask(acme, acme.nancy).initials == "A. F. u."


def test_what_the_asker_sees_and_what_is_free_answer_alike(acme: Acme) -> None:
    taken(acme)
    assert ask(acme, acme.li) == ask(acme, acme.nancy, "91310000MA1FL0X999") == HiddenTwin()


def test_a_deleted_record_holds_nothing(acme: Acme) -> None:
    account = taken(acme)
    acme.li.pull()
    acme.li.push(acme.li.delete("account", account))
    assert ask(acme, acme.nancy) == HiddenTwin()


@pytest.mark.parametrize("field", ["name", "phone", "nothing"])
def test_only_what_may_stand_once_can_be_asked_about(acme: Acme, field: str) -> None:
    with pytest.raises(Refused, match="No such record"):
        ask(acme, acme.nancy, field=field)


def test_what_is_no_value_of_the_field_is_nobodys(acme: Acme) -> None:
    assert ask(acme, acme.nancy, "a\0b") == HiddenTwin()


def test_a_device_asks_only_so_often_in_a_minute(acme: Acme) -> None:
    taken(acme)
    for _ in range(ASKING_PER_MINUTE):
        ask(acme, acme.nancy)
    with pytest.raises(Refused) as refused:
        ask(acme, acme.nancy)
    assert refused.value.code == "request.throttled"
    acme.world.passes(minutes=1)
    assert ask(acme, acme.nancy).initials


def test_each_answer_is_written_down_without_the_value(
    acme: Acme, caplog: pytest.LogCaptureFixture
) -> None:
    taken(acme)
    with caplog.at_level(logging.INFO, "crm_server.hidden"):
        ask(acme, acme.nancy)
    (said,) = [x.getMessage() for x in caplog.records if x.name == "crm_server.hidden"]
    assert acme.nancy.user in said
    assert CODE not in said
