"""Devices that were lost, left behind, copied or locked: no work is lost with them, and
nobody reads what he should not. Each story is told with the commands that its people would give.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from crm_core.errors import CrmError
from crm_core.values import instant_of
from crm_desktop import keychain, locks, paths, profile
from crm_desktop.keychain import KeyGone
from crm_desktop.models import rekeying
from crm_desktop.models.backup import backup
from crm_desktop.models.meta import META_ADMITTED
from crm_desktop.models.outbox import Outbox
from crm_desktop.profile import Machine, open_profile
from tests.e2e import people
from tests.e2e.people import FAILED, NOT_REACHABLE, SIGNED_OUT, WAITS_FOR_YOU, Desk, World
from tests.e2e.processes import PASSPHRASE
from tests.e2e.server import ORGANISATION, PASSWORD

SECRET = "Saffronfield"
"""A word that stands nowhere but in what was typed."""


@pytest.fixture(autouse=True)
def machine_policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What IT decides for this machine; nothing yet."""
    file = tmp_path / "policy.json"
    monkeypatch.setattr(paths, "machine_policy", lambda: file)
    return file


def device_of(world: World, desk: Desk) -> Any:
    """The newest device of somebody, as IT sees it."""
    found = json.loads(world.server.admin_inside("device", "list", "--json"))
    return [one for one in found if one["login"] == desk.login][-1]


def nothing_readable(folder: Path, *words: str) -> None:
    """Nothing in a folder says one of the words, and no key there opens it."""
    with pytest.raises(CrmError):
        open_profile(folder, PASSPHRASE)
    for file in folder.rglob("*"):
        if file.is_file():
            content = file.read_bytes()
            for word in words:
                assert word.encode() not in content, file
                assert word.encode("utf-16-le") not in content, file
    assert not list(folder.glob("key.wrapped*"))


def for_days_without_server(desk: Desk, days: int) -> None:
    """The laptop lay in a drawer."""
    with contextlib.closing(open_profile(desk.profile, PASSPHRASE)) as opened:
        then = dt.datetime.now(dt.UTC) - dt.timedelta(days=days)
        opened.store.set_meta(META_ADMITTED, instant_of(then))


# -- the list


def test_it_sees_each_device_with_version_last_sync_and_unsent_work(world: World) -> None:
    nancy, li, lead = world.people("rep", "rep", "lead")
    seen = device_of(world, nancy)
    assert (seen["login"], seen["unsent"], seen["has_key"]) == (nancy.login, 0, True)
    assert seen["app_version"] == profile.version()
    assert seen["last_sync_at"][:10] == dt.datetime.now(dt.UTC).date().isoformat()
    account = nancy.add("account", name="Alfreds")
    nancy.sync()
    lead.sync()
    nancy.set("account", account, phone="030-1")
    lead.set("account", account, owner=li.login)
    lead.sync()
    for _ in range(2):  # what was typed has no place to go to any more
        nancy.sync(code=WAITS_FOR_YOU)
    assert device_of(world, nancy)["unsent"] == 1


# -- the stolen laptop


@pytest.fixture(params=["passphrase", "keyring"])
def vault(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How the key is kept: under a passphrase, or in a real Secret Service."""
    if request.param == "keyring":
        found: keychain.Vault = request.getfixturevalue("secret_service")
        monkeypatch.setattr(keychain, "os_vault", lambda: found)
        cheap = people.cheap_machine()
        monkeypatch.setattr(people, "cheap_machine", lambda: Machine(found, cheap.policy))
    return request.param


def test_the_stolen_laptop_leaves_its_work_with_the_lead_and_then_nobody_reads_it(
    world: World, vault: str
) -> None:
    nancy, lead = world.people("rep", "lead")
    account = nancy.add("account", name="Chop-suey Chinese", phone="0452-1")
    nancy.sync()
    lead.sync()
    nancy.set("account", account, phone="0452-9", description=f"Meets at the {SECRET}")
    found = nancy.add("account", name=f"{SECRET} Ltd", phone="0452-3")
    settings = profile.required_settings(nancy.profile)
    assert settings.key_kept == vault
    # The laptop is stolen. IT hears of it and withdraws it.
    world.server.admin_inside("device", "revoke", device_of(world, nancy)["id"])
    # The thief switches it on, and it finds a network.
    nancy.run("sync", code=SIGNED_OUT)
    nothing_readable(nancy.profile, SECRET, "Chop-suey")
    if vault == "keyring":
        with pytest.raises(KeyGone):
            keychain.fetch(keychain.os_vault(), settings.key_name)
    assert device_of(world, nancy)["left"] == 1
    # The lead finds what was typed, decides, and it is there.
    lead.run("sync", code=0)
    asked = {row["field"]: row for row in lead.conflicts(account)}
    assert asked["phone"]["parked"][0]["value"] == "0452-9"
    assert asked["phone"]["parked"][0]["author"] == nancy.login
    lead.json("resolve", asked["phone"]["id"], "--take", nancy.login)
    lead.sync()
    assert lead.show("account", account)["phone"] == "0452-9"
    assert lead.show("account", found)["name"] == f"{SECRET} Ltd"
    # Nancy gets another laptop; what the lead left open waits for her there.
    new = replace(nancy, profile=nancy.profile.with_name("new"))
    new.sign_in(world.server.url)
    new.sync(code=WAITS_FOR_YOU)
    new.json("resolve", new.conflict(account)["id"], "--take", nancy.login)
    new.sync()
    shown = new.show("account", account)
    assert (shown["phone"], shown["description"]) == ("0452-9", f"Meets at the {SECRET}")


# -- somebody who left


def test_who_left_the_company_reads_nothing_more_and_his_work_stays(world: World) -> None:
    nancy, lead = world.people("rep", "lead")
    account = nancy.add("account", name="Around the Horn", phone="1")
    nancy.sync()
    nancy.set("account", account, phone="2", description=SECRET)
    world.server.admin_inside("user", "disable", nancy.login, "--revoke-devices")
    assert nancy.sign_in(world.server.url, code=SIGNED_OUT).out == ""
    nancy.run("sync", code=SIGNED_OUT)
    nothing_readable(nancy.profile, SECRET, "Around the Horn")
    lead.run("sync")
    asked = {row["field"]: row["parked"][0]["value"] for row in lead.conflicts(account)}
    assert asked == {"phone": "2", "description": SECRET}


# -- the copy


def test_a_copied_installation_becomes_a_device_of_its_own_and_keeps_its_outbox(
    world: World,
) -> None:
    (nancy,) = world.people("rep")
    copy = replace(nancy, profile=nancy.profile.with_name("copy"))
    shutil.copytree(nancy.profile, copy.profile)
    typed = copy.add("account", name="Typed on the copy")
    for desk in (nancy, nancy, copy):
        forget_access(desk)
        desk.run("sync", code=SIGNED_OUT if desk is copy else 0)
    signed = copy.run(
        "login", "--server", world.server.url, "--organisation", ORGANISATION, "--user",
        copy.login, "--password-stdin", stdin=f"{PASSWORD}\n",
    )  # fmt: skip
    assert "copied" in signed.err
    assert copy.status()["pending"] == 1
    copy.sync()
    nancy.sync()
    assert nancy.show("account", typed)["name"] == "Typed on the copy"
    found = json.loads(world.server.admin_inside("device", "list", "--json"))
    assert len([one for one in found if one["login"] == nancy.login]) == 2


def forget_access(desk: Desk) -> None:
    """A quarter of an hour passes: the access token is too old, the device asks for another."""
    with contextlib.closing(open_profile(desk.profile, PASSPHRASE)) as opened:
        tokens = json.loads(opened.store.meta("session.tokens") or "{}")
        opened.store.set_meta(
            "session.tokens", json.dumps({**tokens, "access": f"{ORGANISATION}.old"})
        )


# -- locked, not lost


@dataclass(frozen=True)
class Typed:
    """What somebody typed before he was locked out."""

    account: str
    text: str


def typed_and_not_sent(desk: Desk) -> Typed:
    return Typed(desk.add("account", name=SECRET, phone="030-7"), "030-7")


def back_again(desk: Desk, world: World, passphrase: str, *words: str, code: int = 0) -> Any:
    """Sign in with a passphrase of today."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(people, "PASSPHRASE", passphrase)
        return desk.run(
            "login", "--server", world.server.url, "--organisation", ORGANISATION, "--user",
            desk.login, "--password-stdin", *words, stdin=f"{PASSWORD}\n", code=code,
        )  # fmt: skip


def test_a_forgotten_passphrase_costs_nothing_where_the_server_has_the_key(world: World) -> None:
    (nancy,) = world.people("rep")
    typed = typed_and_not_sent(nancy)
    back_again(nancy, world, "what was it", code=FAILED)
    back_again(nancy, world, "a new one", "--forgot-passphrase")
    nancy.run("status", code=FAILED)  # the former passphrase opens nothing any more
    with contextlib.closing(open_profile(nancy.profile, "a new one")) as opened:
        assert opened.session.signed_in
    back_again(nancy, world, "a new one", "--json")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(people, "PASSPHRASE", "a new one")
        assert nancy.sync()["pushed"] == 1
        assert nancy.show("account", typed.account)["phone"] == typed.text
    assert device_of(world, nancy)["keys_released"] == 1


def test_after_too_long_without_the_server_it_is_locked_and_not_lost(
    world: World, machine_policy: Path
) -> None:
    machine_policy.write_text('{"offline_days": 14}')
    (nancy,) = world.people("rep")
    typed = typed_and_not_sent(nancy)
    for_days_without_server(nancy, 13)
    assert nancy.status()["pending"] == 1
    for_days_without_server(nancy, 15)
    assert "too long" in nancy.run("status", code=FAILED).err
    nothing_readable(nancy.profile, SECRET)
    nancy.run("status", code=FAILED)
    nancy.sign_in(world.server.url)
    assert nancy.sync()["pushed"] == 1
    assert nancy.show("account", typed.account)["phone"] == typed.text
    assert device_of(world, nancy)["keys_released"] == 1


def test_without_escrow_a_lost_passphrase_loses_what_was_not_sent_and_says_so(
    world: World, machine_policy: Path
) -> None:
    machine_policy.write_text('{"key_escrow": "off", "offline_days": 14}')
    (nancy,) = world.people("rep")
    sent = nancy.add("account", name="Sent")
    nancy.sync()
    typed = typed_and_not_sent(nancy)
    for_days_without_server(nancy, 15)  # the key stays: nobody else has it
    nancy.run("status", code=FAILED)
    nancy.sign_in(world.server.url)
    assert nancy.status()["pending"] == 1
    said = back_again(nancy, world, "a new one", "--forgot-passphrase", code=FAILED).err
    assert "not sent" in said
    assert "--start-over" in said
    assert nancy.status()["pending"] == 1, "the old passphrase may come back"
    nancy.run(
        "login", "--server", world.server.url, "--organisation", ORGANISATION, "--user",
        nancy.login, "--password-stdin", "--start-over", stdin=f"{PASSWORD}\n",
    )  # fmt: skip
    nancy.sync()
    assert nancy.ids("account") == {sent}
    assert typed.account not in nancy.ids("account")


# -- a colleague at the same computer


def test_a_colleague_on_the_same_account_opens_only_his_own(world: World) -> None:
    nancy, li = world.people("rep", "rep")
    nancy.add("account", name=SECRET)
    with pytest.raises(CrmError):
        open_profile(nancy.profile, "the passphrase of li")
    intruder = replace(nancy, login=li.login)
    assert "belongs to" in intruder.sign_in(world.server.url, code=FAILED).err
    forgot = back_again(intruder, world, "my own", "--forgot-passphrase", code=FAILED)
    assert "belongs to" in forgot.err
    assert nancy.status()["pending"] == 1
    assert device_of(world, nancy)["keys_released"] == 0
    assert nancy.profile.stat().st_mode & 0o077 == 0


# -- a new key


def test_a_new_key_leaves_nothing_under_the_former_one_and_the_server_has_it(
    world: World, vault: str
) -> None:
    (nancy,) = world.people("rep")
    typed = typed_and_not_sent(nancy)
    file = nancy.profile / "photo.txt"
    file.write_text(SECRET)
    nancy.run("attach", "account", typed.account, str(file))
    file.unlink()
    with contextlib.closing(open_profile(nancy.profile, PASSPHRASE)) as opened:
        former = opened.secrets.database_key
        copy = database_of(nancy).with_name("crm-7.db")
        backup(opened.store, copy)
    nancy.run("rekey")
    with contextlib.closing(open_profile(nancy.profile, PASSPHRASE)) as opened:
        key = opened.secrets.database_key
    assert key != former
    for database in (database_of(nancy), copy):
        assert (rekeying.opens(database, key), rekeying.opens(database, former)) == (True, False)
    assert not (nancy.profile / "rekeying").exists()
    sent = nancy.sync()
    assert (sent["pushed"], sent["verified"]) == (2, True)
    if vault == "passphrase":  # and the server gives back the new one
        back_again(nancy, world, "a new one", "--forgot-passphrase")
        with contextlib.closing(open_profile(nancy.profile, "a new one")) as opened:
            assert opened.secrets.database_key == key


def database_of(desk: Desk) -> Path:
    """The database that somebody's profile uses."""
    return profile.database(desk.profile)


KILLED_BEFORE = (
    (locks, "exchange"), (rekeying, "change_key"), (rekeying, "change_contents"),
    (locks, "save"), (locks, "_overwrite"),
)  # fmt: skip


@pytest.mark.parametrize("place", KILLED_BEFORE, ids=lambda x: x[1])
def test_an_exchange_that_was_killed_goes_on_and_at_no_moment_is_there_no_key(
    world: World, place: tuple[Any, str], store: str
) -> None:
    if store != "sqlite":
        pytest.skip("the server's store makes no difference here")
    (nancy,) = world.people("rep")
    typed = typed_and_not_sent(nancy)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(*place, kill)
        with pytest.raises(Killed):
            nancy.run("rekey")
    rescued = replace(nancy, profile=nancy.profile.with_name("rescued"))
    shutil.copytree(nancy.profile, rescued.profile)
    assert nancy.status()["pending"] == 1
    assert nancy.show("account", typed.account)["phone"] == typed.text
    assert not (nancy.profile / "rekeying").exists()
    # And had the passphrase been lost at that very moment, the server would have had a key.
    back_again(rescued, world, "a new one", "--forgot-passphrase")
    with contextlib.closing(open_profile(rescued.profile, "a new one")) as opened:
        assert Outbox(opened.store).parked().pending == 1


class Killed(BaseException):
    """The power goes."""


def kill(*_given: object, **_named: object) -> None:
    """The power goes."""
    raise Killed


def test_no_new_key_while_a_window_has_the_profile_open(world: World) -> None:
    (nancy,) = world.people("rep")
    with contextlib.closing(open_profile(nancy.profile, PASSPHRASE)) as window:
        said = nancy.run("rekey", code=NOT_REACHABLE).err
        assert window.store.meta(META_ADMITTED)
    assert "close it" in said
    assert nancy.status()["pending"] == 0
