"""Signing in makes a profile, again renews it, and nobody else gets in."""

from __future__ import annotations

import datetime as dt
import json
import stat
from contextlib import closing
from pathlib import Path

import pytest

from crm_core.changes import Change, Op
from crm_core.errors import NotAllowed, Unavailable, UserProblem
from crm_core.ids import DeviceId, RecordId
from crm_core.values import instant_of
from crm_core.wire import SignInResponse
from crm_desktop import keychain, locks, profile, signing
from crm_desktop.keychain import Cost, Secrets
from crm_desktop.models import journal
from crm_desktop.models.outbox import Outbox
from crm_desktop.policy import Policy
from crm_desktop.profile import Machine, NoProfile, PassphraseNeeded, Profile
from crm_desktop.signing import Credentials
from tests.profile.test_keychain import Drawer

NANCY, ANDREW = RecordId("1" * 32), RecordId("2" * 32)
WANTED = Credentials("http://127.0.0.1:9", "acme", "nancy", "right")


class Office:
    """A server that knows nancy; `asked` is what it was sent."""

    def __init__(self) -> None:
        self.asked: list[tuple[Credentials, DeviceId, str]] = []
        self.user = NANCY
        self.device = ""

    def ask(
        self, wanted: Credentials, device: DeviceId, _secrets: Secrets, escrow: str
    ) -> SignInResponse:
        self.asked.append((wanted, device, escrow))
        if wanted.password != "right":
            raise NotAllowed("The login or the password is wrong.")
        return SignInResponse(
            "access", "refresh", 900, self.user, self.device or device, "acme",
            "2026-11-22T08:00:00Z", "epoch", "rep",
        )  # fmt: skip


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Office:
    made = Office()
    monkeypatch.setattr(signing, "_ask", made.ask)
    return made


def machine(vault: Drawer | None = None, *, escrow: bool = True) -> Machine:
    return Machine(vault, Policy(key_escrow="on" if escrow else "off"), Cost(1024, 1, 1))


def sign_in(
    folder: Path, wanted: Credentials = WANTED, on: Machine | None = None, phrase: str | None = "p"
) -> Profile:
    return signing.sign_in_on(on or machine(), folder, wanted, phrase)


def test_a_new_profile_opens_with_its_passphrase_alone(office: Office, tmp_path: Path) -> None:
    sign_in(tmp_path / "new").close()
    with closing(profile.open_profile(tmp_path / "new", "p")) as opened:
        assert (opened.settings.login, opened.settings.user) == ("nancy", NANCY)
        assert opened.session.signed_in
    with pytest.raises(UserProblem, match="passphrase"):
        profile.open_profile(tmp_path / "new", "q")
    with pytest.raises(PassphraseNeeded):
        profile.open_profile(tmp_path / "new")


def test_a_profile_is_its_owners_alone(office: Office, tmp_path: Path) -> None:
    sign_in(tmp_path / "new").close()
    assert stat.S_IMODE((tmp_path / "new").stat().st_mode) == 0o700
    for file in (tmp_path / "new").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_without_keyring_or_passphrase_nothing_is_sent(office: Office, tmp_path: Path) -> None:
    for vault in (None, Drawer(broken=True), Drawer(lies=True)):
        with pytest.raises(PassphraseNeeded):
            sign_in(tmp_path / "new", on=machine(vault), phrase=None)
    assert not office.asked
    assert not (tmp_path / "new").exists()


def test_a_wrong_password_leaves_nothing_behind(office: Office, tmp_path: Path) -> None:
    vault = Drawer()
    with pytest.raises(NotAllowed):
        sign_in(tmp_path / "new", Credentials("http://x", "", "nancy", "guess"), machine(vault))
    assert not vault.kept
    assert not (tmp_path / "new").exists()


def test_the_key_is_kept_with_the_server_only_where_policy_lets_it(
    office: Office, tmp_path: Path
) -> None:
    with closing(sign_in(tmp_path / "a")) as opened:
        assert office.asked[-1][2] == opened.store.key.hex()
    sign_in(tmp_path / "b", on=machine(escrow=False)).close()
    assert office.asked[-1][2] == ""


def test_signing_in_again_keeps_device_and_outbox(office: Office, tmp_path: Path) -> None:
    with closing(sign_in(tmp_path)) as opened:
        account = opened.store.new_id()
        change = Change("account", account, Op.INSERT, {"name": "Alfreds"})
        journal.commit(opened.store, [change], label="Test")
        device = opened.store.identity.device
        profile_server_is_away(opened)
    moved = Credentials("http://127.0.0.1:10", "acme", "Nancy", "right")
    with closing(sign_in(tmp_path, moved)) as again:
        assert again.store.identity.device == device == office.asked[-1][1]
        assert Outbox(again.store).parked().pending == 1
        assert again.session.signed_in
        assert again.settings.server == "http://127.0.0.1:10"


def profile_server_is_away(opened: Profile) -> None:
    """The tokens are gone, as after an expiry."""
    opened.store.set_meta("session.tokens", "")


def test_a_copied_installation_gets_a_device_of_its_own(office: Office, tmp_path: Path) -> None:
    sign_in(tmp_path).close()
    office.device = "e" * 32
    with closing(sign_in(tmp_path)) as again:
        assert again.store.identity.device == again.settings.device == "e" * 32
    with closing(profile.open_profile(tmp_path, "p")) as opened:
        assert opened.settings.device == opened.session.device == "e" * 32


@pytest.mark.parametrize("login", ["fuller", "nancy"])
def test_another_user_cannot_take_over_a_profile(
    office: Office, tmp_path: Path, login: str
) -> None:
    sign_in(tmp_path).close()
    office.user = ANDREW
    with pytest.raises(UserProblem, match="belongs to nancy"):
        sign_in(tmp_path, Credentials("http://other", "", login, "right"))
    with closing(profile.open_profile(tmp_path, "p")) as opened:
        assert opened.settings.server == WANTED.server


def test_a_crash_before_the_last_step_leaves_no_profile(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(signing, "save", full)
    with pytest.raises(OSError, match="No space"):
        sign_in(tmp_path / "new")
    monkeypatch.undo()
    with pytest.raises(NoProfile):
        profile.open_profile(tmp_path / "new", "p")
    assert not list((tmp_path / "new").glob("*.db*"))


def test_a_lost_profile_file_never_costs_the_database_beside_it(
    office: Office, tmp_path: Path
) -> None:
    sign_in(tmp_path).close()
    before = {name: (tmp_path / name).read_bytes() for name in ("crm-1.db", "key.wrapped")}
    (tmp_path / "profile.json").unlink()
    sign_in(tmp_path).close()
    assert (tmp_path / "crm-1.db").read_bytes() == before["crm-1.db"]
    assert (tmp_path / "key.wrapped.1").read_bytes() == before["key.wrapped"]
    profile.open_profile(tmp_path, "p").close()


def test_a_withdrawn_devices_data_cannot_be_read_any_more(office: Office, tmp_path: Path) -> None:
    with closing(sign_in(tmp_path)) as opened:
        wrapped = (tmp_path / "key.wrapped").read_bytes()
        signing.destroy_key(opened)
    assert not any(wrapped in file.read_bytes() for file in tmp_path.iterdir())
    with pytest.raises(NoProfile):
        profile.open_profile(tmp_path, "p")


def test_what_is_saved_while_a_withdrawn_device_leaves_is_left_too(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[bytes] = []
    with closing(sign_in(tmp_path)) as opened:
        left = Outbox(opened.store).unsent()
        change = Change("account", opened.store.new_id(), Op.INSERT, {"name": "Late"})
        journal.commit(opened.store, [change], label="New")
        monkeypatch.setattr(opened.session, "park", taken.append)
        signing.leave_for_good(opened, left)
        assert taken == [Outbox(opened.store).unsent()]
    assert b"Late" in taken[0]
    with pytest.raises(NoProfile):
        profile.open_profile(tmp_path, "p")


def test_what_was_typed_and_not_saved_is_left_as_well(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[bytes] = []
    with closing(sign_in(tmp_path)) as opened:
        opened.store.set_meta("draft:account/new", '{"name":"Half typed"}')
        monkeypatch.setattr(opened.session, "park", taken.append)
        signing.leave_for_good(opened, Outbox(opened.store).unsent())
    (body,) = taken
    (one,) = json.loads(body)
    assert (one["id"], "Half typed" in one["draft"]) == ("draft:account/new", True)


def test_what_cannot_be_left_keeps_its_key(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def park(_body: bytes) -> None:
        raise Unavailable("gone")

    with closing(sign_in(tmp_path)) as opened:
        left = Outbox(opened.store).unsent()
        change = Change("account", opened.store.new_id(), Op.INSERT, {"name": "Late"})
        journal.commit(opened.store, [change], label="New")
        monkeypatch.setattr(opened.session, "park", park)
        with pytest.raises(Unavailable):
            signing.leave_for_good(opened, left)
    with closing(profile.open_profile(tmp_path, "p")) as again:
        assert b"Late" in Outbox(again.store).unsent()


def test_a_keyrings_profile_needs_no_passphrase(office: Office, tmp_path: Path) -> None:
    vault = Drawer()
    with closing(sign_in(tmp_path, on=machine(vault), phrase=None)) as opened:
        settings = opened.settings
    assert settings.key_kept == "keyring"
    kept = profile.unlock(tmp_path, settings, None, vault)
    assert kept == keychain.fetch(vault, settings.key_name)


@pytest.mark.parametrize(
    ("days_ago", "is_overdue"),
    [(-3650, False), (29, False), (31, True), (390, True), (3650, False)],
)
def test_offline_days_end_and_a_clock_that_is_years_off_ends_none(
    days_ago: int, is_overdue: bool
) -> None:
    now = dt.datetime(2026, 11, 22, 8, tzinfo=dt.UTC)
    admitted_at = instant_of(now - dt.timedelta(days=days_ago))
    assert locks.is_overdue(admitted_at, 30, now) is is_overdue
    assert not locks.is_overdue(admitted_at, 0, now)
    assert not locks.is_overdue(None, 30, now)
