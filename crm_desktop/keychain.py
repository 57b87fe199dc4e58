"""The profile's two secrets: in the OS keyring, or wrapped by a passphrase; never in clear."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import msgspec

from crm_core.errors import UNREADABLE, UserProblem
from crm_core.i18n import tr_noop

if TYPE_CHECKING:
    from keyring.backend import KeyringBackend

SERVICE = "CRM Desktop"
KEY_BYTES = 32

ALLOWED_BACKENDS = frozenset((
    "keyring.backends.SecretService",
    "keyring.backends.libsecret",
    "keyring.backends.kwallet",
    "keyring.backends.Windows",
    "keyring.backends.macOS",
))  # fmt: skip
"""The vaults that operating systems bring. Whatever else is installed may write in clear."""


@dataclass(frozen=True, slots=True, repr=False)
class Secrets:
    """The key of the database file, and the key with which this device signs."""

    database_key: bytes
    device_key: bytes

    @classmethod
    def fresh(cls) -> Secrets:
        """New random secrets (any 32 bytes are an Ed25519 private key)."""
        return cls(secrets.token_bytes(KEY_BYTES), secrets.token_bytes(KEY_BYTES))


class KeyGone(UserProblem):
    """This machine does not hold the profile's key any more; signing in brings it back."""


class Vault(Protocol):
    """What we use of a keyring backend."""

    def get_password(self, service: str, username: str, /) -> str | None: ...
    def set_password(self, service: str, username: str, password: str, /) -> None: ...
    def delete_password(self, service: str, username: str, /) -> None: ...


def os_vault() -> Vault | None:
    """The operating system's keyring; None where there is none that may be trusted.

    `PYTHON_KEYRING_BACKEND` can only narrow the choice: what it names has to be allowed too.
    """
    import keyring

    chosen = keyring.get_keyring()
    chained: tuple[KeyringBackend, ...] = tuple(getattr(chosen, "backends", ()))
    for backend in (chosen, *chained):
        if type(backend).__module__ in ALLOWED_BACKENDS:
            return backend
    return None


def vault_name(vault: Vault | None) -> str:
    """The backend's name for a person of IT; "" where there is none."""
    return "" if vault is None else type(vault).__module__.rpartition(".")[2]


def keep(vault: Vault, name: str, kept: Secrets) -> bool:
    """Put the secrets into the keyring and read them back; False where it refuses."""
    from keyring.errors import KeyringError

    written = _to_text(kept)
    try:
        vault.set_password(SERVICE, name, written)
        return vault.get_password(SERVICE, name) == written
    except KeyringError:
        return False


def fetch(vault: Vault | None, name: str) -> Secrets:
    """The secrets from the keyring; raises UserProblem where it is locked or has lost them."""
    from keyring.errors import KeyringError

    try:
        found = vault.get_password(SERVICE, name) if vault is not None else None
    except KeyringError as error:
        raise locked() from error
    if found is None:
        raise KeyGone(
            tr_noop(
                "The keyring of this computer does not hold this profile's key. Start the keyring "
                "with which the profile was made, or sign in: the server gives the key back."
            )
        )
    return _from_text(found)


def locked() -> UserProblem:
    """What is raised where the keyring gives or takes nothing."""
    return UserProblem(tr_noop("The keyring of this computer is locked; unlock it and try again."))


def forget(vault: Vault | None, name: str) -> None:
    """Take the secrets out of the keyring; one that is not there is as good as taken out."""
    from keyring.errors import KeyringError

    if vault is None:
        return
    try:
        vault.delete_password(SERVICE, name)
    except KeyringError:
        return


def _to_text(kept: Secrets) -> str:
    return kept.database_key.hex() + kept.device_key.hex()


def _from_text(text: str) -> Secrets:
    try:
        both = bytes.fromhex(text)
    except ValueError:
        both = b""
    if len(both) != 2 * KEY_BYTES:
        raise UserProblem(tr_noop("The key of this profile is damaged; please restore a backup."))
    return Secrets(both[:KEY_BYTES], both[KEY_BYTES:])


@dataclass(frozen=True, slots=True)
class Cost:
    """What one guess at a passphrase costs (Argon2id)."""

    memory_kib: int = 256 * 1024
    passes: int = 3
    lanes: int = 4


COST = Cost()
_MEMORY_KIB_MAX = 1024 * 1024
"""A wrapped key that asks for more was not made by us."""


class _Wrapped(msgspec.Struct, frozen=True):
    """The file of a wrapped key. All but `sealed` is authenticated with it."""

    name: str
    memory_kib: int
    passes: int
    lanes: int
    salt: bytes
    nonce: bytes
    sealed: bytes = b""
    format: int = 1

    def bound(self) -> bytes:
        """What the seal vouches for beside the secrets."""
        return msgspec.json.encode(
            (self.format, self.name, self.memory_kib, self.passes, self.lanes)
        )


def wrap(name: str, kept: Secrets, passphrase: str, cost: Cost = COST) -> bytes:
    """The secrets as a file that only the passphrase opens."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    empty = _Wrapped(name, cost.memory_kib, cost.passes, cost.lanes, os.urandom(16), os.urandom(12))
    cipher = AESGCM(_stretch(empty, passphrase))
    sealed = cipher.encrypt(empty.nonce, bytes.fromhex(_to_text(kept)), empty.bound())
    return msgspec.json.encode(msgspec.structs.replace(empty, sealed=sealed))


def unwrap(file: bytes, passphrase: str) -> Secrets:
    """The secrets of a wrapped key; raises UserProblem on a wrong passphrase or a damaged file."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    wrapped = _read_wrapped(file)
    try:
        opened = AESGCM(_stretch(wrapped, passphrase)).decrypt(
            wrapped.nonce, wrapped.sealed, wrapped.bound()
        )
    except InvalidTag as error:
        raise UserProblem(
            tr_noop("This passphrase does not open the profile; please try again.")
        ) from error
    return _from_text(opened.hex())


def _read_wrapped(file: bytes) -> _Wrapped:
    try:
        wrapped = msgspec.json.decode(file, type=_Wrapped)
    except UNREADABLE:
        wrapped = None
    if wrapped is None or wrapped.format != 1 or wrapped.memory_kib > _MEMORY_KIB_MAX:
        raise UserProblem(tr_noop("The key of this profile is damaged; please restore a backup."))
    return wrapped


def _stretch(wrapped: _Wrapped, passphrase: str) -> bytes:
    from argon2.low_level import Type, hash_secret_raw

    return hash_secret_raw(
        passphrase.encode(), wrapped.salt, time_cost=wrapped.passes,
        memory_cost=wrapped.memory_kib, parallelism=wrapped.lanes, hash_len=KEY_BYTES,
        type=Type.ID,
    )  # fmt: skip
