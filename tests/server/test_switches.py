"""What an organisation has not switched on nobody may enter; the words say so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crm_core.changes import Change, Op
from crm_server.admin.main import main
from crm_server.organisations import Organisations
from crm_server.people import turn
from tests.server.world import Acme

HERE, THERE = "31.2304,121.4737", "52.5200,13.4050"


def test_a_position_is_not_taken_unless_that_was_switched_on(acme: Acme) -> None:
    nancy = acme.nancy
    account = nancy.account("Alfreds")
    result = nancy.push(nancy.set("account", account, location=HERE, phone="1"))
    assert [(x.field, x.result, x.code) for x in result.changes] == [
        ("location", "rejected", "field.switched_off")
    ]
    nancy.pull()
    assert nancy.body("account", account)["phone"] == "1"
    turn(acme.world.service, "location", on=True)
    assert nancy.push(nancy.set("account", account, location=HERE)).result == "applied"


def test_a_switch_can_be_turned_off_again(acme: Acme) -> None:
    turn(acme.world.service, "location", on=True)
    account = acme.nancy.account("Alfreds", location=HERE)
    turn(acme.world.service, "location", on=False)
    nancy = acme.nancy
    nancy.pull()
    assert nancy.push(nancy.set("account", account, location=THERE)).result == "rejected"
    assert nancy.push(nancy.set("account", account, location=None)).result == "applied"
    assert len([x for x in nancy.of_kind("role_permission") if x.body["role"] == "*"]) == 1


def test_every_device_is_told(acme: Acme) -> None:
    turn(acme.world.service, "location", on=True)
    for device in acme.everybody:
        device.pull()
        (row,) = device.of_kind("role_permission")
        assert (row.body["entity"], row.body["action"], row.body["level"]) == (
            "policy", "location", "all",
        )  # fmt: skip


def test_a_merge_brings_along_what_was_entered_once(acme: Acme) -> None:
    nancy = acme.nancy
    turn(acme.world.service, "location", on=True)
    loser, winner = nancy.account("Alfreds", location=HERE), nancy.account("Alfred's")
    turn(acme.world.service, "location", on=False)
    nancy.pull()
    away = Change("account", loser, Op.MERGE, {"merged_into": winner}, {},
                  nancy.rows[("account", loser)].seq)  # fmt: skip
    taken = nancy.set("account", winner, location=HERE)
    assert nancy.push(away, taken, atomic=True).result in ("applied", "merged")
    nancy.pull()
    assert nancy.body("account", winner)["location"] == HERE


def test_what_it_loads_is_judged_by_nobody(acme: Acme) -> None:
    account = acme.nancy.account("Alfreds")
    acme.world.change("account", account, location=HERE)
    acme.nancy.pull()
    assert acme.nancy.body("account", account)["location"] == HERE


def test_the_command_says_and_turns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    organisations = Organisations(tmp_path)
    organisations.create("Acme", "acme")
    organisations.close()

    def run(*words: str) -> dict[str, str]:
        assert main(["--data", str(tmp_path), "policy", *words, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    assert run() == {"erasing": "off", "location": "off"}
    assert run("location", "on") == {"location": "on"}
    assert run("location") == {"location": "on"}
    assert run("location", "off") == {"location": "off"}
