"""One profile: opening it with its key, signing in and out, and what belongs to it on disk.

A folder holds `profile.json` (no secrets), `key.wrapped` where there is no keyring, the database
files and `current`, which names the one in use.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from crm_core.errors import UNREADABLE, CrmError, UserProblem
from crm_core.i18n import tr_noop
from crm_core.ids import DeviceId
from crm_core.wire import SignInRequest, SignInResponse
from crm_desktop import keychain, paths, policy
from crm_desktop.keychain import Secrets, Vault
from crm_desktop.models.store import Identity, Store, new_uuid7, utc_now
from crm_desktop.settings import FILE as SETTINGS_FILE
from crm_desktop.settings import Settings, load, reason, save, write_atomically

if TYPE_CHECKING:
    from crm_desktop.models.blobs import Blobs
    from crm_desktop.models.file_queue import FileQueue
    from crm_desktop.sync.session import Session

KEY_FILE = "key.wrapped"
POINTER = "current"
SWITCH = "switching"
DRAFTS = "draft:"
"""What is typed and not saved is kept under names that begin so (`runtime.hub`)."""

LOGS = "logs"
FILES = "files"
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


class PassphraseNeeded(UserProblem):
    """No keyring holds this profile's key, and no passphrase was given."""


class Profile:
    """An open profile: its store, and the session with its server (made when first asked for)."""

    def __init__(self, path: Path, settings: Settings, store: Store, secrets: Secrets) -> None:
        self.path = path
        self.settings = settings
        self.store = store
        self._secrets = secrets

    @cached_property
    def session(self) -> Session:
        """The sign-in at the server. Costs the import of the HTTP library."""
        return _session(self.settings.server, self.store, self.settings.device, self._secrets)

    @cached_property
    def file_session(self) -> Session:
        """The same sign-in over a connection of its own, for files beside everything else."""
        return _session(self.settings.server, self.store, self.settings.device, self._secrets)

    @cached_property
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
class Credentials:
    """Who signs in where. An empty organisation means the server's only one."""

    server: str
    organisation: str
    login: str
    password: str = field(repr=False)


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
    """Open a profile without a word to its server. Raises NoProfile, PassphraseNeeded, other
    UserProblems (wrong passphrase, damaged or newer database) and Unavailable."""
    finish_switch(path)
    settings = required_settings(path)
    secrets = unlock(path, settings, passphrase)
    return Profile(path, settings, Store.open(database(path), secrets.database_key), secrets)


def required_settings(path: Path) -> Settings:
    """The settings of a profile; raises NoProfile."""
    settings = load(path)
    if settings is None:
        raise NoProfile(
            tr_noop("There is no profile in {path}; sign in first (crm-desktop login)."),
            path=str(path),
        )
    return settings


def unlock(
    path: Path, settings: Settings, passphrase: str | None, vault: Vault | None = None
) -> Secrets:
    """The profile's secrets, from the keyring or with the passphrase."""
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
    except OSError as error:
        raise UserProblem(
            tr_noop("The profile's key in {file} cannot be read ({detail}); restore a backup."),
            file=str(file),
            detail=reason(error),
        ) from error


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


def sign_in(
    path: Path, server: str, organisation: str, login: str, password: str, passphrase: str | None
) -> Profile:
    """Sign in at a server: makes the profile, or renews the sign-in of the one that is there."""
    machine = this_machine()
    wanted = Credentials(server or machine.policy.server_url, organisation, login, password)
    return sign_in_on(machine, path, wanted, passphrase)


def sign_in_on(
    machine: Machine, path: Path, wanted: Credentials, passphrase: str | None
) -> Profile:
    """Sign in with what a machine offers. Raises UserProblem (wrong password, another user's
    profile), PassphraseNeeded, NotAllowed and Unavailable; then nothing was changed."""
    if not wanted.server:
        raise UserProblem(tr_noop("Name the server to sign in at (--server URL)."))
    finish_switch(path)
    settings = load(path)
    if settings is None:
        return _register(machine, path, wanted, passphrase)
    return _sign_in_again(machine, path, settings, wanted, passphrase)


def sign_out(profile: Profile) -> None:
    """End the sign-in, here at once and at the server if it answers; all data stay here."""
    profile.session.sign_out()


def leave_for_good(profile: Profile, left: bytes) -> None:
    """Destroy the key of a withdrawn device once the server has all that was not sent: `left` it
    has, what was saved since is left now, what was typed and not saved, and files as far as the
    server takes them. Raises CrmError; then all of it can still be read."""
    from crm_desktop.models.outbox import Outbox

    _leave_files(profile)
    outbox, left_typed = Outbox(profile.store), b"[]"
    while True:
        with profile.store.writing():  # nobody saves between the last look and the end
            unsent, typed = outbox.unsent(), _typed(profile.store)
            if (unsent, typed) == (left, left_typed):
                destroy_key(profile)
                return
        for body in (unsent if unsent != left else b"", typed if typed != left_typed else b""):
            if body:
                profile.session.park(body)
        left, left_typed = unsent, typed


def _leave_files(profile: Profile) -> None:
    from crm_desktop.models.file_queue import Only
    from crm_desktop.sync.file_calls import FileCalls
    from crm_desktop.sync.file_runner import FileRunner

    done = FileRunner(profile.files, FileCalls(profile.session)).run(Only.SEND)
    if done.failure is not None:
        raise done.failure


def _typed(store: Store) -> bytes:
    """What stands in forms that were not saved, as the server keeps it for the office."""
    found = [{"id": name, "draft": store.meta(name)} for name in store.meta_names(DRAFTS)]
    return msgspec.json.encode(found)


def destroy_key(profile: Profile) -> None:
    """Make the local data of a withdrawn device unreadable, after its unsent work went to the
    server; a new sign-in makes a new database beside it."""
    if profile.settings.key_kept == "keyring":
        keychain.forget(keychain.os_vault(), profile.settings.key_name)
    key = profile.path / KEY_FILE
    if key.exists():
        write_atomically(key, b"\n")
        key.unlink()
    (profile.path / SETTINGS_FILE).unlink(missing_ok=True)


def _register(machine: Machine, path: Path, wanted: Credentials, passphrase: str | None) -> Profile:
    secrets = Secrets.fresh()
    name = str(new_uuid7())
    in_vault = machine.vault is not None and keychain.keep(machine.vault, name, secrets)
    if not in_vault and not passphrase:
        raise PassphraseNeeded(
            tr_noop(
                "This computer has no keyring that may keep the key: choose a passphrase and "
                "give it in CRM_DESKTOP_PASSPHRASE or with --passphrase-stdin."
            )
        )
    try:
        escrow = secrets.database_key.hex() if machine.policy.key_escrow == "on" else ""
        answer = _ask(wanted, DeviceId(name), secrets, escrow)
        settings = Settings(
            wanted.server, answer.organisation, wanted.login, answer.user_id,
            DeviceId(answer.device_id), "keyring" if in_vault else "passphrase", name,
        )  # fmt: skip
        wrapped = None
        if not in_vault and passphrase:
            wrapped = keychain.wrap(name, secrets, passphrase, machine.cost)
        return _found(path, settings, secrets, wrapped, answer)
    except BaseException:
        if in_vault:
            keychain.forget(machine.vault, name)
        raise


def _found(
    path: Path, settings: Settings, secrets: Secrets, wrapped: bytes | None, answer: SignInResponse
) -> Profile:
    """Write a new profile; `profile.json` comes last, so that half a profile is none."""
    try:
        paths.make_private_folder(path)
    except OSError as error:
        raise UserProblem(
            tr_noop("The folder {path} cannot be made ({detail}); choose another with --profile."),
            path=str(path),
            detail=reason(error),
        ) from error
    file = free_database(path)
    if wrapped is not None:
        set_aside(path / KEY_FILE)
        write_atomically(path / KEY_FILE, wrapped)
    store = Store.create(file, secrets.database_key, _identity(settings))
    file.chmod(0o600)
    profile = Profile(path, settings, store, secrets)
    try:
        _welcome(profile, answer)
        point_to(path, file)
        save(path, settings)
    except BaseException:
        profile.close()
        for part in ("", "-wal", "-shm"):
            Path(f"{file}{part}").unlink(missing_ok=True)
        raise
    return profile


def _sign_in_again(
    machine: Machine,
    path: Path,
    settings: Settings,
    wanted: Credentials,
    passphrase: str | None,
) -> Profile:
    """The same user keeps device, data and outbox. A server that moved is known by its user."""
    if wanted.login.casefold() != settings.login.casefold():
        raise _another_users(path, settings)
    secrets = unlock(path, settings, passphrase, machine.vault)
    store = Store.open(database(path), secrets.database_key)
    profile = Profile(path, settings, store, secrets)
    try:
        answer = _ask(wanted, store.identity.device, secrets, "")
        _check_same_user(path, settings, answer)
        profile.settings = msgspec.structs.replace(
            settings, server=wanted.server, device=DeviceId(answer.device_id)
        )
        if profile.settings != settings:
            store.set_identity(_identity(profile.settings))
            save(path, profile.settings)
        _welcome(profile, answer)
    except BaseException:
        profile.close()
        raise
    return profile


def _check_same_user(path: Path, settings: Settings, answer: SignInResponse) -> None:
    if (answer.user_id, answer.organisation) != (settings.user, settings.organisation):
        raise _another_users(path, settings)


def _another_users(path: Path, settings: Settings) -> CrmError:
    return UserProblem(
        tr_noop(
            "The profile in {path} belongs to {login} at {server}; sign in as {login}, or name "
            "another folder with --profile."
        ),
        path=str(path),
        login=settings.login,
        server=settings.server,
    )


def _ask(wanted: Credentials, device: DeviceId, secrets: Secrets, escrow: str) -> SignInResponse:
    import platform

    from crm_desktop.sync.http import HttpClient
    from crm_desktop.sync.session import DeviceKey
    from crm_desktop.sync.session import sign_in as sign_in_at

    request = SignInRequest(
        login=wanted.login,
        password=wanted.password,
        device_id=device,
        device_name=platform.node() or "?",
        public_key=DeviceKey(secrets.device_key.hex()).public_hex,
        organisation=wanted.organisation,
        os=platform.system(),
        app_version=version(),
        database_key=escrow,
    )
    client = HttpClient(wanted.server)
    try:
        return sign_in_at(client, request)
    finally:
        client.close()


def _welcome(profile: Profile, answer: SignInResponse) -> None:
    """Keep the tokens, and how far this machine's clock is from the server's."""
    import datetime as dt

    from crm_desktop.sync.last_run import META_LAST_RUN

    profile.session.keep(answer)
    profile.store.set_meta(META_LAST_RUN, "")  # that a former sign-in had ended is past
    try:
        server_time = dt.datetime.fromisoformat(answer.server_time)
    except ValueError:
        return
    offset_s = round((server_time - utc_now()).total_seconds())
    profile.store.set_meta(META_CLOCK_OFFSET, str(offset_s))


def _session(server: str, store: Store, device: DeviceId, secrets: Secrets) -> Session:
    from crm_desktop.sync.http import HttpClient
    from crm_desktop.sync.session import DeviceKey, Session

    key = DeviceKey(secrets.device_key.hex())
    return Session(HttpClient(server), store, device, key, store.clock)


def _identity(settings: Settings) -> Identity:
    return Identity(
        settings.user, settings.login, settings.device, settings.organisation, settings.server
    )


def set_aside(file: Path) -> None:
    """A wrapped key that lies there may open a database that lies there too: keep it."""
    if file.exists():
        numbers = range(1, GENERATIONS_MAX)
        file.replace(next(x for n in numbers if not (x := Path(f"{file}.{n}")).exists()))


def version() -> str:
    """The version of this application."""
    import importlib.metadata  # half of what this module would cost at start

    return importlib.metadata.version("crm-desktop")
