"""Who is told of which devices over HTTP, and who may withdraw which."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from crm_core.ids import RecordId
from crm_core.wire import DeviceList, SignInRequest, SignInResponse, encode
from crm_server.people import NewUser, add_user
from tests.server.test_http import PUBLIC_KEY, Site, site

__all__ = ["site"]


@dataclass
class Laptop:
    site: Site
    device: str
    token: str

    def call(self, method: str, path: str, **body: str) -> Any:
        headers = {"Authorization": f"Bearer {self.token}"}
        if method == "GET":
            return self.site.client.get(path, headers=headers)
        return self.site.client.post(path, content=encode(body), headers=headers)

    def list(self) -> DeviceList:
        answer = self.call("GET", "/devices/v1/list")
        assert answer.status_code == 200, answer.text
        return msgspec.json.decode(answer.content, type=DeviceList)

    def withdraw(self, device: str) -> str:
        answer = self.call("POST", "/devices/v1/withdraw", device=device)
        return "" if answer.status_code == 200 else answer.json()["error"]

    def is_let_in(self) -> bool:
        return self.call("GET", "/ping").status_code == 200


def laptop(site: Site, login: str, name: str) -> Laptop:
    device = f"{sum(name.encode()):032x}"
    request = SignInRequest(
        login, "sesame", device, name, PUBLIC_KEY, "acme", "Linux", "1.2.3", "ab" * 32
    )
    answer = site.client.post("/auth/v1/sign-in", content=encode(request))
    assert answer.status_code == 200, answer.text
    signed = msgspec.json.decode(answer.content, type=SignInResponse)
    return Laptop(site, device, signed.access_token)


@pytest.fixture
def people(site: Site) -> dict[str, Laptop]:
    there = site.organisations.open("acme")
    for login, role in (("li", "rep"), ("otto", "it")):
        add_user(there.service, site.organisations.passwords, NewUser(login, "sesame", role))
    names = (("nancy", "Old"), ("nancy", "New"), ("li", "Desk"), ("otto", "Rack"))
    return {name: laptop(site, login, name) for login, name in names}


def test_everybody_is_told_of_his_own_devices(people: dict[str, Laptop]) -> None:
    found = people["New"].list()
    assert [(one.login, one.name, one.app_version) for one in found.devices] == [
        ("nancy", "Old", "1.2.3"), ("nancy", "New", "1.2.3"),
    ]  # fmt: skip
    assert (found.this, found.all_users) == (people["New"].device, False)
    assert not any(one.has_key for one in found.devices), "IT alone is told"


def test_it_is_told_of_all(people: dict[str, Laptop]) -> None:
    found = people["Rack"].list()
    assert found.all_users
    assert {one.name for one in found.devices} == set(people)
    assert all(one.has_key for one in found.devices)


def test_a_lost_device_is_withdrawn_by_its_user(people: dict[str, Laptop], site: Site) -> None:
    assert people["Old"].is_let_in()
    assert people["New"].withdraw(people["Old"].device) == ""
    assert not people["Old"].is_let_in()
    assert people["New"].is_let_in()
    old, new = people["New"].list().devices
    assert old.revoked_at
    assert not new.revoked_at
    with site.organisations.open("acme").service.store.read() as tx:
        noted = tx.rows("SELECT actor,device,subject FROM audit WHERE event='device-revoked'")
    assert noted == [(old.user, people["New"].device, people["Old"].device)]


@pytest.mark.parametrize("device", ["Desk", "Rack", "no such one", ""])
def test_nobody_withdraws_what_is_not_his(people: dict[str, Laptop], device: str) -> None:
    known = people[device].device if device in people else device
    assert people["New"].withdraw(known) == "device.not_found"
    assert all(one.is_let_in() for one in people.values())


def test_it_withdraws_anybodys_but_not_its_own(people: dict[str, Laptop]) -> None:
    assert people["Rack"].withdraw(people["Desk"].device) == ""
    assert not people["Desk"].is_let_in()
    assert people["Rack"].withdraw(people["Rack"].device) == "device.this"
    assert people["Rack"].is_let_in()


def test_who_is_withdrawn_hears_of_no_device(people: dict[str, Laptop]) -> None:
    people["Rack"].withdraw(people["New"].device)
    assert people["New"].call("GET", "/devices/v1/list").json()["error"] == "device.revoked"
    assert people["New"].withdraw(people["Old"].device) == "device.revoked"


def test_without_a_token_there_is_no_list(site: Site) -> None:
    assert site.client.get("/devices/v1/list").status_code == 401
    body = encode({"device": RecordId("d" * 32)})
    assert site.client.post("/devices/v1/withdraw", content=body).status_code == 401
