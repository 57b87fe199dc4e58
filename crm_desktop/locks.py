"""How a profile is locked on this machine: its key read, given up, brought back and exchanged.

The keyring holds the key, or `key.wrapped` under a passphrase. While a key is being exchanged the
new one lies beside the former (`rekeying` says where), until every file here opens with it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import msgspec

from crm_core.errors import UNREADABLE, UserProblem
from crm_core.i18n import tr_noop
from crm_desktop import keychain
from crm_desktop.keychain import KeyGone, Secrets, Vault
from crm_desktop.models.connection import WrongKeyOrDamaged
from crm_desktop.settings import Settings, save
from crm_desktop.writing import reason, write_atomically

KEY_FILE = "key.wrapped"
REKEYING = "rekeying"
FILES = "files"
KEY_HEX = 2 * keychain.KEY_BYTES


CLOCK_OFF = dt.timedelta(days=365)
"""Whatever claims to be longer ago was not written by this clock: one that was reset, or is years
off, locks nobody out where there is no network."""

OVERDUE = tr_noop(
    "This profile was without its server for too long and is locked. Sign in with your password: "
    "everything is there again, unsent work too."
)


class PassphraseNeeded(UserProblem):
    """No keyring holds this profile's key, and no passphrase was given."""


class KeyLost(UserProblem):
    """The server has no key of this profile to give back, or none that opens it."""


class NewKey(msgspec.Struct, frozen=True):
    """A key that is being taken into use: under its name in the keyring, or `wrapped`. `former` is
    the name under which the one before is kept, `escrowed` the new one's fingerprint where the
    server has it."""

    name: str
    former: str
    escrowed: str = ""
    wrapped: bytes | None = None


def unlock(
    path: Path, settings: Settings, passphrase: str | None, vault: Vault | None = None
) -> Secrets:
    """The profile's secrets, from the keyring or with the passphrase. Raises KeyGone where this
    machine holds them no more."""
    if settings.given_up:
        give_up(path, settings, vault or keychain.os_vault())  # it may have been cut short
        raise KeyGone(OVERDUE)
    if settings.key_kept == "keyring":
        return keychain.fetch(vault or keychain.os_vault(), settings.key_name)
    if passphrase is None:
        raise PassphraseNeeded(
            tr_noop(
                "This profile is locked by a passphrase: give it in CRM_DESKTOP_PASSPHRASE or "
                "with --passphrase-stdin."
            )
        )
    file = path / KEY_FILE
    try:
        return keychain.unwrap(file.read_bytes(), passphrase)
    except FileNotFoundError as error:
        raise KeyGone(
            tr_noop(
                "The key of this profile is not on this computer any more. Sign in with your "
                "password: the server gives it back."
            )
        ) from error
    except OSError as error:
        raise UserProblem(
            tr_noop("The profile's key in {file} cannot be read ({detail}); restore a backup."),
            file=str(file),
            detail=reason(error),
        ) from error


def keep(
    path: Path, settings: Settings, kept: Secrets, passphrase: str | None, vault: Vault | None,
    cost: keychain.Cost,
) -> Settings:  # fmt: skip
    """Keep secrets that were brought back where the profile kept them, or under the passphrase;
    the settings that say where. Raises PassphraseNeeded."""
    wants_vault = settings.key_kept == "keyring" and vault is not None
    if wants_vault and vault is not None and keychain.keep(vault, settings.key_name, kept):
        return msgspec.structs.replace(settings, given_up=False)
    if not passphrase:
        raise new_passphrase_needed()
    wrapped = keychain.wrap(settings.key_name, kept, passphrase, cost)
    write_atomically(path / KEY_FILE, wrapped)
    return msgspec.structs.replace(settings, key_kept="passphrase", given_up=False)


def new_passphrase_needed() -> PassphraseNeeded:
    """What is raised where a key is to be kept and there is no keyring."""
    return PassphraseNeeded(
        tr_noop(
            "This computer has no keyring that may keep the key: choose a passphrase and "
            "give it in CRM_DESKTOP_PASSPHRASE or with --passphrase-stdin."
        )
    )


def fingerprint(database_key: bytes) -> str:
    """What tells keys apart and says nothing of them."""
    return hashlib.sha256(b"crm-desktop key " + database_key).hexdigest()[:16]


def is_escrowed(settings: Settings, database_key: bytes) -> bool:
    """Whether the server is known to keep a copy of this very key."""
    return settings.escrowed == fingerprint(database_key)


def is_overdue(admitted_at: str | None, offline_days: int, now: dt.datetime) -> bool:
    """Whether the server has not let this device in for longer than the policy allows."""
    if not admitted_at or not offline_days:
        return False
    try:
        admitted = dt.datetime.fromisoformat(admitted_at)
    except ValueError:
        return False
    passed = now - admitted
    return dt.timedelta(days=offline_days) < passed < dt.timedelta(days=offline_days) + CLOCK_OFF


def give_up(path: Path, settings: Settings, vault: Vault | None) -> None:
    """Make the profile unreadable here until somebody signs in; only where the server has the key.
    Keys of databases that were set aside stay: nobody else has them. A kill between leaves it to
    the next opening."""
    save(path, msgspec.structs.replace(settings, given_up=True))
    _wipe(vault, [settings.key_name], [path / KEY_FILE, *_drafts(path)])


def wipe(path: Path, settings: Settings, vault: Vault | None) -> None:
    """Destroy every copy of this profile's keys on this machine; calling it again does nothing."""
    names = {settings.key_name, *settings.former_keys}
    with suppress(UserProblem):
        being_taken = _being_taken(path)
        if being_taken is not None:
            names |= {being_taken.name, being_taken.former}
    _wipe(vault, sorted(names), [*path.glob(f"{KEY_FILE}*"), *_drafts(path), path / REKEYING])


def _drafts(path: Path) -> list[Path]:
    """What was being written when the power went."""
    return [*path.glob(f".{KEY_FILE}.*"), *path.glob(f".{REKEYING}.*")]


def _wipe(vault: Vault | None, names: Iterable[str], files: Iterable[Path]) -> None:
    for name in names:
        keychain.forget(vault, name)
    for file in files:
        _overwrite(file)


def _overwrite(file: Path) -> None:
    with suppress(FileNotFoundError):
        size = file.stat().st_size
        with file.open("r+b") as opened:
            opened.write(os.urandom(size))
            opened.flush()
            os.fsync(opened.fileno())
        file.unlink()


def bring_back(path: Path, database: Path, keys: str) -> bytes:
    """The one of the keys that a server gave back which opens the database; what the others still
    lock is brought under it. Raises KeyLost."""
    from crm_desktop.models import rekeying  # no start waits for it

    given = [_key(keys[start : start + KEY_HEX]) for start in range(0, len(keys), KEY_HEX)]
    for key in given:
        if rekeying.opens(database, key):
            for other in given:
                if other != key:
                    _change_all(path, database, other, key)
            _overwrite(path / REKEYING)
            return key
    raise KeyLost(
        tr_noop(
            "The server has no key that opens this profile: IT has withdrawn the device, or lets "
            "no keys be kept. What was not sent from here cannot be read any more. To begin "
            "anew, sign in with --start-over."
        )
    )


def _key(digits: str) -> bytes:
    try:
        key = bytes.fromhex(digits)
    except ValueError:
        key = b""
    if len(key) != keychain.KEY_BYTES:
        from crm_desktop.sync.failures import BadAnswer

        raise BadAnswer(tr_noop("The server answered in a form unknown here."))
    return key


# -- exchanging the key


def exchange(path: Path, database: Path, former: Secrets, new: NewKey, key: bytes) -> None:
    """Take a new key into use for everything in the profile. Raises Unavailable where another
    process has it open; then nothing was changed."""
    from crm_desktop.models import rekeying  # no start waits for it

    with rekeying.alone(database, former.database_key) as connection:
        write_atomically(path / REKEYING, msgspec.json.encode(new))
        rekeying.change_key(connection, key)


def finish_exchange(
    path: Path, database: Path, settings: Settings, passphrase: str | None, vault: Vault | None
) -> Settings:
    """Do what is left of an exchange that was begun; the settings then. Each step can be done
    again, and until the last one both keys are here."""
    new = _being_taken(path)
    if new is None:
        return settings
    former = unlock(path, settings, passphrase, vault)
    if new.wrapped is not None:
        assert passphrase is not None
        secrets = keychain.unwrap(new.wrapped, passphrase)
    else:
        secrets = keychain.fetch(vault or keychain.os_vault(), new.name)
    _change_all(path, database, former.database_key, secrets.database_key)
    settings = msgspec.structs.replace(settings, key_name=new.name, escrowed=new.escrowed)
    if new.wrapped is not None:
        write_atomically(path / KEY_FILE, new.wrapped)
    save(path, settings)
    if new.wrapped is None and new.former != new.name:
        keychain.forget(vault or keychain.os_vault(), new.former)
    _overwrite(path / REKEYING)
    return settings


def _change_all(path: Path, database: Path, former: bytes, key: bytes) -> None:
    """The database in use first, then those beside it that had the same key, then the files."""
    from crm_desktop.models import rekeying  # no start waits for it

    others = sorted(x for x in path.glob("crm-*.db*") if x != database and _is_database(x))
    for file in (database, *others):
        _change(file, former, key, must=file == database)
    rekeying.change_contents(database, path / FILES, former, key)


def _change(file: Path, former: bytes, key: bytes, *, must: bool) -> None:
    from crm_desktop.models import rekeying

    if rekeying.opens(file, key):
        return
    try:
        with rekeying.alone(file, former) as connection:
            rekeying.change_key(connection, key)
    except WrongKeyOrDamaged:
        if must:
            raise


def _is_database(file: Path) -> bool:
    return not file.name.endswith(("-wal", "-shm", "-journal"))


def _being_taken(path: Path) -> NewKey | None:
    file = path / REKEYING
    try:
        return msgspec.json.decode(file.read_bytes(), type=NewKey)
    except FileNotFoundError:
        return None
    except (OSError, *UNREADABLE) as error:
        raise UserProblem(
            tr_noop("{file} cannot be read ({detail}); restore a backup."),
            file=str(file),
            detail=reason(error) if isinstance(error, OSError) else str(error),
        ) from error
