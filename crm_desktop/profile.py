"""One profile: opening it with its key, and what belongs to it on disk.

A folder holds `profile.json` (no secrets), `key.wrapped` where there is no keyring, the database
files and `current`, which names the one in use.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from crm_core.errors import UNREADABLE, UserProblem
from crm_core.i18n import tr_noop
from crm_core.ids import DeviceId
from crm_desktop import keychain, locks, paths, policy
from crm_desktop.keychain import KeyGone, Secrets, Vault
from crm_desktop.models.meta import META_ADMITTED
from crm_desktop.models.store import Store
from crm_desktop.settings import Settings, load, save
from crm_desktop.writing import reason, write_atomically

if TYPE_CHECKING:
    from crm_desktop.models.blobs import Blobs
    from crm_desktop.models.file_queue import FileQueue
    from crm_desktop.sync.session import Session

KEY_FILE = locks.KEY_FILE
PassphraseNeeded = locks.PassphraseNeeded
unlock = locks.unlock
POINTER = "current"
SWITCH = "switching"
DRAFTS = "draft:"
"""What is typed and not saved is kept under names that begin so (`runtime.hub`)."""

LOGS = "logs"
FILES = locks.FILES
META_CLOCK_OFFSET = "clock.offset_s"
GENERATIONS_MAX = 10_000


class Switch(msgspec.Struct, frozen=True):
    """What a profile becomes when a backup is restored: a database that lies in its folder, the
    settings, and the wrapped key (None: the keyring holds it)."""

    database: str
    settings: Settings
    wrapped: bytes | None = None


class NoProfile(UserProblem):
    """Nobody has signed in here yet."""


class Profile:
    """An open profile: its store, and the session with its server (made when first asked for).
    `was_copied`: the server found out that there are two of this installation, and this one is a
    device of its own now."""

    def __init__(self, path: Path, settings: Settings, store: Store, secrets: Secrets) -> None:
        self.path = path
        self.settings = settings
        self.store = store
        self.secrets = secrets
        self.was_copied = False

    @functools.cached_property
    def session(self) -> Session:
        """The sign-in at the server. Costs the import of the HTTP library."""
        return _session(self.settings.server, self.store, self.settings.device, self.secrets)

    @functools.cached_property
    def file_session(self) -> Session:
        """The same sign-in over a connection of its own, for files beside everything else."""
        return _session(self.settings.server, self.store, self.settings.device, self.secrets)

    @functools.cached_property
    def blobs(self) -> Blobs:
        """The contents of attached files on this device."""
        from crm_desktop.models.blobs import Blobs

        return Blobs(self.path / FILES, self.store.key)

    @property
    def files(self) -> FileQueue:
        """The attached files and what becomes of them."""
        from crm_desktop.models.file_queue import FileQueue

        return FileQueue(self.store, self.blobs)

    def close(self) -> None:
        """Close the store and the connections to the server."""
        for name in ("session", "file_session"):
            session: Session | None = self.__dict__.get(name)
            if session is not None:
                session.client.close()
        self.store.close()


Opener: TypeAlias = Callable[[Path, "str | None"], Profile]
"""Opens the profile in a folder with a passphrase; what is missing raises."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What this machine offers: its keyring, its policy, and what a guess at a passphrase costs."""

    vault: Vault | None
    policy: policy.Policy
    cost: keychain.Cost = keychain.COST


def this_machine() -> Machine:
    """The keyring and the policy of the machine that runs this."""
    return Machine(keychain.os_vault(), policy.read(paths.machine_policy()))


def open_profile(path: Path, passphrase: str | None = None) -> Profile:
    """Open a profile without a word to its server. Raises NoProfile, PassphraseNeeded, KeyGone
    (signing in brings the key back), other UserProblems (wrong passphrase, damaged or newer
    database) and Unavailable."""
    opened = open_overdue_too(path, passphrase, None)
    try:
        _refuse_overdue(opened)
    except BaseException:
        opened.close()
        raise
    return opened


def open_overdue_too(path: Path, passphrase: str | None, vault: Vault | None) -> Profile:
    """The same, however long it was without its server, for who is about to sign in."""
    finish_switch(path)
    settings = required_settings(path)
    if (path / locks.REKEYING).exists():
        settings = locks.finish_exchange(path, database(path), settings, passphrase, vault)
    secrets = unlock(path, settings, passphrase, vault)
    return Profile(path, settings, Store.open(database(path), secrets.database_key), secrets)


def is_overdue(opened: Profile) -> bool:
    """Whether the profile was without its server for longer than the policy allows."""
    days = policy.read(paths.machine_policy()).offline_days
    return locks.is_overdue(opened.store.meta(META_ADMITTED), days, opened.store.clock())


def _refuse_overdue(opened: Profile) -> None:
    """After too long without the server the data open only to who signs in. The key goes where
    the server has a copy; elsewhere it stays, since it would take unsent work with it."""
    if not is_overdue(opened):
        return
    if locks.is_escrowed(opened.settings, opened.secrets.database_key):
        opened.store.checkpoint()
        locks.give_up(opened.path, opened.settings, keychain.os_vault())
    raise KeyGone(locks.OVERDUE)


def required_settings(path: Path) -> Settings:
    """The settings of a profile; raises NoProfile."""
    settings = load(path)
    if settings is None:
        raise NoProfile(
            tr_noop("There is no profile in {path}; sign in first (crm-desktop login)."),
            path=str(path),
        )
    return settings


def database(path: Path) -> Path:
    """The database file in use."""
    try:
        name = (path / POINTER).read_text("utf-8").strip()
    except OSError as error:
        raise UserProblem(
            tr_noop("{file} cannot be read ({detail}); restore a backup."),
            file=str(path / POINTER),
            detail=reason(error),
        ) from error
    return path / Path(name).name


def free_database(path: Path) -> Path:
    """The name of a database file that does not exist yet; what lies there is never reused."""
    numbers = range(1, GENERATIONS_MAX)
    return next(file for n in numbers if not (file := path / f"crm-{n}.db").exists())


def point_to(path: Path, file: Path) -> None:
    """Make a database file the one in use, in one step."""
    write_atomically(path / POINTER, f"{file.name}\n".encode())


def switch(path: Path, to: Switch) -> None:
    """Make a profile another one, in one step: a kill before it changes nothing, one behind it
    leaves the rest to whoever opens the profile next."""
    write_atomically(path / SWITCH, msgspec.json.encode(to))
    finish_switch(path)


def finish_switch(path: Path) -> None:
    """Do what is left of a switch that was cut short. Raises UserProblem and Unavailable."""
    file = path / SWITCH
    if not file.exists():
        return
    try:
        to = msgspec.json.decode(file.read_bytes(), type=Switch)
    except (OSError, *UNREADABLE) as error:
        raise UserProblem(
            tr_noop("{file} cannot be read ({detail}); restore a backup."),
            file=str(file),
            detail=reason(error) if isinstance(error, OSError) else str(error),
        ) from error
    key, database = path / KEY_FILE, path / Path(to.database).name
    if database.exists():
        if to.wrapped is not None and not (key.exists() and key.read_bytes() == to.wrapped):
            set_aside(key)
            write_atomically(key, to.wrapped)
        point_to(path, database)
        save(path, to.settings)
    file.unlink()


def _session(server: str, store: Store, device: DeviceId, secrets: Secrets) -> Session:
    from crm_desktop.sync.http import HttpClient
    from crm_desktop.sync.session import DeviceKey, Session

    key = DeviceKey(secrets.device_key.hex())
    return Session(HttpClient(server), store, device, key, store.clock, version())


def set_aside(file: Path) -> None:
    """A wrapped key that lies there may open a database that lies there too: keep it."""
    if file.exists():
        numbers = range(1, GENERATIONS_MAX)
        file.replace(next(x for n in numbers if not (x := Path(f"{file}.{n}")).exists()))


@functools.cache
def version() -> str:
    """The version of this application: to look it up takes milliseconds, each time."""
    import importlib.metadata  # half of what this module would cost at start

    return importlib.metadata.version("crm-desktop")
