"""Secrets: into a keyring that may be trusted, or under a passphrase, and never anywhere else."""

from __future__ import annotations

import keyring.errors
import pytest

from crm_core.errors import UserProblem
from crm_desktop import keychain
from crm_desktop.keychain import Cost, Secrets

CHEAP = Cost(1024, 1, 1)


class Drawer:
    """A keyring in memory; `lies` makes it forget what it was given."""

    def __init__(self, *, lies: bool = False, broken: bool = False) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.lies = lies
        self.broken = broken

    def get_password(self, service: str, username: str, /) -> str | None:
        self._check()
        return self.kept.get((service, username))

    def set_password(self, service: str, username: str, password: str, /) -> None:
        self._check()
        if not self.lies:
            self.kept[service, username] = password

    def delete_password(self, service: str, username: str, /) -> None:
        self._check()
        self.kept.pop((service, username), None)

    def _check(self) -> None:
        if self.broken:
            raise keyring.errors.InitError("Failed to create the collection: Prompt dismissed")


def test_what_a_keyring_took_comes_back() -> None:
    vault, kept = Drawer(), Secrets.fresh()
    assert keychain.keep(vault, "laptop", kept)
    assert keychain.fetch(vault, "laptop") == kept


@pytest.mark.parametrize("vault", [Drawer(lies=True), Drawer(broken=True)])
def test_a_keyring_that_does_not_keep_is_not_believed(vault: Drawer) -> None:
    assert not keychain.keep(vault, "laptop", Secrets.fresh())


def test_a_locked_keyring_is_named() -> None:
    with pytest.raises(UserProblem, match="locked"):
        keychain.fetch(Drawer(broken=True), "laptop")


def test_a_key_that_is_gone_is_named() -> None:
    with pytest.raises(UserProblem, match="does not hold"):
        keychain.fetch(Drawer(), "laptop")


def test_forgetting_twice_is_forgetting() -> None:
    vault = Drawer()
    keychain.keep(vault, "laptop", Secrets.fresh())
    keychain.forget(vault, "laptop")
    keychain.forget(Drawer(broken=True), "laptop")
    assert not vault.kept


def test_a_secret_fits_the_smallest_vault() -> None:
    """The Windows credential manager takes at most 2,560 bytes (UTF-16)."""
    vault = Drawer()
    keychain.keep(vault, "laptop", Secrets.fresh())
    (text,) = vault.kept.values()
    assert len(text.encode("utf-16-le")) <= 2560


def test_only_the_passphrase_opens_a_wrapped_key() -> None:
    kept = Secrets.fresh()
    file = keychain.wrap("laptop", kept, "correct horse 马", CHEAP)
    assert keychain.unwrap(file, "correct horse 马") == kept
    with pytest.raises(UserProblem, match="passphrase"):
        keychain.unwrap(file, "correct horse")


def test_a_wrapped_key_shows_neither_secret() -> None:
    kept = Secrets.fresh()
    file = keychain.wrap("laptop", kept, "p", CHEAP)
    for secret in (kept.database_key, kept.device_key):
        assert secret not in file
        assert secret.hex().encode() not in file


@pytest.mark.parametrize("position", [5, 40, -20])
def test_a_changed_wrapped_key_is_refused(position: int) -> None:
    file = bytearray(keychain.wrap("laptop", Secrets.fresh(), "p", CHEAP))
    file[position] ^= 1
    with pytest.raises(UserProblem):
        keychain.unwrap(bytes(file), "p")


def test_a_wrapped_key_cannot_ask_for_all_memory() -> None:
    file = keychain.wrap("laptop", Secrets.fresh(), "p", CHEAP)
    with pytest.raises(UserProblem, match="damaged"):
        keychain.unwrap(file.replace(b'"memory_kib":1024', b'"memory_kib":999999999'), "p")


def test_production_pays_the_full_price_for_a_guess() -> None:
    assert (keychain.COST.memory_kib, keychain.COST.passes) == (256 * 1024, 3)


@pytest.mark.parametrize(
    "backend", ["keyring.backends.null.Keyring", "keyring.backends.fail.Keyring"]
)
def test_a_backend_that_is_not_the_systems_own_is_not_used(
    backend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    import keyring

    module, _, name = backend.rpartition(".")
    made = getattr(__import__(module, fromlist=[name]), name)()
    monkeypatch.setattr(keyring, "get_keyring", lambda: made)
    assert keychain.os_vault() is None
