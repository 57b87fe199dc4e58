"""Signing in: tokens, devices, clones, guessing, and the key kept for a lost one."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from crm_core.errors import Refused
from crm_core.wire import RefreshRequest, SignInRequest, SignInResponse
from crm_server.auth import Auth
from crm_server.devices import devices, devices_of, revoke
from crm_server.passwords import Passwords
from crm_server.people import NewUser, add_user, disable_user
from crm_server.sealing import server_key
from crm_server.service import Service
from crm_server.store import ServerStore, sqlite_url
from tests.server.world import World

CHEAP = {"memory_kib": 8, "passes": 1}
DEVICE = "d" * 32


class Desk:
    """A device with its key, in front of a server."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.passwords = Passwords(**CHEAP)
        self.auth = Auth(world.service, passwords=self.passwords, server_key=bytes(32))
        self.key = Ed25519PrivateKey.generate()
        self.user = add_user(
            world.service, self.passwords, NewUser("Nancy", "sesame", "rep", team="Sales")
        )

    def sign_in(
        self, password: str = "sesame", *, device: str = DEVICE, login: str = "nancy",
        database_key: str = "", address: str = "1.2.3.4", wants_key: bool = False,
    ) -> SignInResponse:  # fmt: skip
        public_key = self.key.public_key().public_bytes_raw().hex()
        request = SignInRequest(
            login, password, device, "Laptop", public_key, app_version="1.0",
            database_key=database_key, wants_key=wants_key,
        )  # fmt: skip
        return self.auth.sign_in(request, address)

    def refresh(self, token: str, *, device: str = DEVICE, signed: str = "") -> SignInResponse:
        at = "2026-11-20T08:00:00Z"
        signature = self.key.sign(((signed or token) + at).encode()).hex()
        return self.auth.refresh(RefreshRequest(token, device, at, signature))


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world)


def refused(code: str) -> pytest.RaisesExc[Refused]:
    return pytest.raises(Refused, check=lambda error: error.code == code)


def test_a_login_with_its_password_gets_tokens_that_say_who_it_is(desk: Desk) -> None:
    answer = desk.sign_in()
    who = desk.auth.authenticate(answer.access_token)
    assert (who.user, who.device, who.organisation) == (desk.user, DEVICE, "acme")
    assert (answer.role, answer.device_id, answer.expires_in_s) == ("rep", DEVICE, 900)


def test_no_token_is_kept_in_clear(desk: Desk) -> None:
    answer = desk.sign_in(database_key="ab" * 32)
    with desk.world.store.read() as tx:
        kept = str(tx.rows("SELECT * FROM token")) + str(tx.rows("SELECT * FROM device"))
    for secret in (answer.access_token, answer.refresh_token, "ab" * 32):
        assert secret not in kept
        assert secret.partition(".")[2] == "" or secret.partition(".")[2] not in kept


def test_wrong_password_and_unknown_login_are_told_alike(desk: Desk) -> None:
    for login in ("nancy", "nobody"):
        with refused("auth.wrong"):
            desk.sign_in("wrong", login=login)


def test_an_access_token_ends_after_a_quarter_of_an_hour(desk: Desk) -> None:
    answer = desk.sign_in()
    desk.world.passes(minutes=16)
    with refused("auth.required"):
        desk.auth.authenticate(answer.access_token)
    renewed = desk.refresh(answer.refresh_token)
    assert desk.auth.authenticate(renewed.access_token).user == desk.user


def test_a_refresh_token_slides_and_ends_after_its_days(desk: Desk) -> None:
    token = desk.sign_in().refresh_token
    for _ in range(3):
        desk.world.passes(days=50)
        token = desk.refresh(token).refresh_token
    desk.world.passes(days=61)
    with refused("auth.required"):
        desk.refresh(token)


def test_a_refresh_needs_the_devices_signature_over_this_token(desk: Desk) -> None:
    token = desk.sign_in().refresh_token
    with refused("auth.required"):
        desk.refresh(token, signed="another")
    with refused("auth.required"):
        desk.refresh(token, device="e" * 32)
    desk.key = Ed25519PrivateKey.generate()
    with refused("auth.required"):
        desk.refresh(token)


def test_a_lost_answer_costs_nothing_the_former_token_still_works(desk: Desk) -> None:
    token = desk.sign_in().refresh_token
    desk.refresh(token)  # the answer never arrives
    second = desk.refresh(token)
    assert desk.refresh(second.refresh_token).user_id == desk.user


def test_a_copied_installation_is_found_out_and_signs_in_as_its_own(desk: Desk) -> None:
    token = desk.sign_in().refresh_token
    desk.refresh(desk.refresh(token).refresh_token)
    with refused("device.clone"):
        desk.refresh(token)
    clone = desk.sign_in()
    assert clone.device_id != DEVICE
    with desk.world.store.read() as tx:
        known = tx.rows("SELECT id FROM device")
    assert {clone.device_id, DEVICE} == {device for (device,) in known}


def test_two_copies_that_both_refresh_are_found_out(desk: Desk) -> None:
    token = desk.sign_in().refresh_token
    original, copy = desk.refresh(token), desk.refresh(token)
    desk.refresh(original.refresh_token)
    with refused("device.clone"):
        desk.refresh(copy.refresh_token)


def test_signing_in_again_keeps_the_device_and_ends_its_old_tokens(desk: Desk) -> None:
    first = desk.sign_in()
    second = desk.sign_in()
    assert second.device_id == first.device_id
    with refused("auth.required"):
        desk.auth.authenticate(first.access_token)


def test_a_disabled_user_is_out_at_once(desk: Desk) -> None:
    answer = desk.sign_in()
    disable_user(desk.world.service, "nancy")
    with refused("auth.required"):
        desk.auth.authenticate(answer.access_token)
    with refused("auth.disabled"):
        desk.sign_in()


def test_a_withdrawn_device_may_only_park(desk: Desk) -> None:
    answer = desk.sign_in()
    with desk.world.store.note() as tx:
        tx.run("UPDATE device SET revoked_at='2026-11-20T08:00:00Z'")
    with refused("device.revoked"):
        desk.auth.authenticate(answer.access_token)
    who = desk.auth.authenticate(answer.access_token, revoked_too=True)
    desk.world.service.park(who, b"unsent work")
    with refused("request.too_large"):
        desk.world.service.park(who, b"x" * 5 * 1024 * 1024)
    again = desk.sign_in()
    with refused("device.revoked"):
        desk.auth.authenticate(again.access_token)


def test_a_withdrawn_device_of_somebody_who_left_may_still_leave_its_work(desk: Desk) -> None:
    answer = desk.sign_in(database_key="ab" * 32)
    disable_user(desk.world.service, "nancy")
    with refused("auth.disabled"):
        desk.refresh(answer.refresh_token)
    revoke(desk.world.service, devices_of(desk.world.service, desk.user))
    token = desk.refresh(answer.refresh_token).access_token
    with refused("device.revoked"):
        desk.auth.authenticate(token)
    desk.world.service.park(desk.auth.authenticate(token, revoked_too=True), b"unsent work")
    (facts,) = devices(desk.world.service)
    assert (facts.left, facts.has_key, facts.app_version) == (1, False, "1.0")


def test_an_update_of_the_application_shows_in_the_list(desk: Desk) -> None:
    token = desk.sign_in().refresh_token
    desk.world.passes(days=1)
    at = "2026-11-20T08:00:00Z"
    signature = desk.key.sign((token + at).encode()).hex()
    desk.auth.refresh(RefreshRequest(token, DEVICE, at, signature, "1.1"))
    (facts,) = devices(desk.world.service)
    assert (facts.app_version, facts.last_sync_at[:10]) == ("1.1", "2026-11-21")


def test_a_copy_gets_its_key_back_too_and_keeps_one_of_its_own(desk: Desk) -> None:
    token = desk.sign_in(database_key="ab" * 32).refresh_token
    desk.refresh(desk.refresh(token).refresh_token)
    with refused("device.clone"):
        desk.refresh(token)
    clone = desk.sign_in(wants_key=True)
    assert (clone.device_id != DEVICE, clone.database_key) == (True, "ab" * 32)
    assert all(one.has_key for one in devices(desk.world.service))


def test_guessing_gets_slower_by_login_and_address_and_locks_nobody(desk: Desk) -> None:
    for _ in range(4):
        with pytest.raises(Refused):
            desk.sign_in("wrong")
    with refused("auth.slow_down"):
        desk.sign_in()
    assert desk.sign_in(address="5.6.7.8").user_id == desk.user
    desk.world.passes(minutes=20)
    assert desk.sign_in().user_id == desk.user


def test_the_wait_grows_with_each_failure(desk: Desk) -> None:
    waits: list[int] = []
    for _ in range(6):
        desk.world.passes(minutes=16)
        with pytest.raises(Refused):
            desk.sign_in("wrong")
        try:
            desk.sign_in("wrong")
        except Refused as error:
            waits.append(int(str(error.message.params.get("seconds", 0))))
    assert waits == sorted(waits)
    assert waits[-1] > waits[0]


def test_a_third_password_at_the_same_time_has_to_wait() -> None:
    passwords = Passwords(**CHEAP)
    kept = passwords.hash("sesame")
    inside, go_on = threading.Semaphore(0), threading.Event()
    judge = passwords._judge

    def slowly(kept: str | None, password: str) -> bool:
        inside.release()
        go_on.wait(10)
        return judge(kept, password)

    passwords._judge = slowly
    two = [threading.Thread(target=passwords.matches, args=(kept, "sesame")) for _ in range(2)]
    for thread in two:
        thread.start()
        assert inside.acquire(timeout=10)
    with refused("server.busy"):
        passwords.matches(kept, "sesame")
    go_on.set()
    for thread in two:
        thread.join(10)


def test_the_key_of_a_lost_keyring_comes_back_and_that_is_written_down(desk: Desk) -> None:
    desk.sign_in(database_key="ab" * 32)
    assert desk.sign_in().database_key == "", "nobody asked for it"
    assert desk.sign_in(wants_key=True).database_key == "ab" * 32
    with desk.world.store.read() as tx:
        (audited,) = tx.rows("SELECT actor,subject FROM audit WHERE event='key-released'")
    assert tuple(audited) == (desk.user, DEVICE)


def test_a_stolen_database_opens_no_laptop(desk: Desk) -> None:
    desk.sign_in(database_key="ab" * 32)
    thief = Auth(desk.world.service, passwords=desk.passwords, server_key=b"\1" * 32)
    desk.auth = thief
    assert desk.sign_in(wants_key=True).database_key == ""


def test_another_users_device_id_is_not_taken_over(desk: Desk) -> None:
    desk.sign_in(database_key="ab" * 32)
    add_user(desk.world.service, desk.passwords, NewUser("li", "sesame2", "rep"))
    answer = desk.sign_in("sesame2", login="li")
    assert answer.device_id != DEVICE
    assert answer.database_key == ""


def test_a_malformed_device_is_refused(desk: Desk) -> None:
    with refused("request.malformed"):
        desk.sign_in(device="../../etc")


def test_the_servers_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    key = server_key(tmp_path)
    assert server_key(tmp_path) == key
    assert (tmp_path / "server.key").stat().st_mode & 0o777 == 0o600


def test_an_organisations_token_is_nothing_to_another(tmp_path: Path, desk: Desk) -> None:
    token = desk.sign_in().access_token
    store = ServerStore(sqlite_url(tmp_path / "other.sqlite"))
    store.create(organisation="Other", slug="other", epoch="f" * 32, at="2026-11-20T08:00:00Z")
    service = Service(store, clock=lambda: desk.world.time, new_id=desk.world.new_id)
    other = Auth(service, passwords=desk.passwords, server_key=bytes(32))
    with refused("auth.required"):
        other.authenticate(token)
    store.close()


def test_whoever_is_let_in_hears_how_large_a_file_may_be(desk: Desk) -> None:
    desk.auth = Auth(
        desk.world.service, passwords=desk.passwords, server_key=bytes(32), file_bytes_max=7
    )
    signed_in = desk.sign_in()
    assert signed_in.file_bytes_max == 7
    assert desk.refresh(signed_in.refresh_token).file_bytes_max == 7
