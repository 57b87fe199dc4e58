"""One profile: opening it with its key, signing in and out, and what belongs to it on disk.

A folder holds `profile.json` (no secrets), `key.wrapped` where there is no keyring, the database
files and `current`, which names the one in use.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import msgspec

from crm_core.errors import UNREADABLE, CrmError, UserProblem
from crm_core.i18n import tr_noop
from crm_core.ids import DeviceId
from crm_core.wire import SignInRequest, SignInResponse
from crm_desktop import keychain, locks, paths, policy
from crm_desktop.keychain import KeyGone, Secrets, Vault
from crm_desktop.models.meta import META_ADMITTED
from crm_desktop.models.store import Identity, Store, new_uuid7, utc_now
from crm_desktop.settings import FILE as SETTINGS_FILE
from crm_desktop.settings import Settings, load, reason, save, write_atomically

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

    @cached_property
    def session(self) -> Session:
        """The sign-in at the server. Costs the import of the HTTP library."""
        return _session(self.settings.server, self.store, self.settings.device, self.secrets)

    @cached_property
    def file_session(self) -> Session:
        """The same sign-in over a connection of its own, for files beside everything else."""
        return _session(self.settings.server, self.store, self.settings.device, self.secrets)

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
    """Who signs in where. An empty organisation means the server's only one. `forgot`: the
    passphrase that comes with it is a new one, and the server is to give the key back."""

    server: str
    organisation: str
    login: str
    password: str = field(repr=False)
    forgot: bool = False


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
    opened = _opened(path, passphrase, None)
    try:
        _refuse_overdue(opened)
    except BaseException:
        opened.close()
        raise
    return opened


def _opened(path: Path, passphrase: str | None, vault: Vault | None) -> Profile:
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


def sign_in(
    path: Path, server: str, organisation: str, login: str, password: str, passphrase: str | None
) -> Profile:
    """Sign in at a server: makes the profile, or renews the sign-in of the one that is there."""
    return sign_in_with(path, Credentials(server, organisation, login, password), passphrase)


def sign_in_with(path: Path, wanted: Credentials, passphrase: str | None) -> Profile:
    """The same with the words in one; the policy's server where none is named."""
    machine = this_machine()
    if not wanted.server:
        wanted = replace(wanted, server=machine.policy.server_url)
    return sign_in_on(machine, path, wanted, passphrase)


def sign_in_on(
    machine: Machine, path: Path, wanted: Credentials, passphrase: str | None
) -> Profile:
    """Sign in with what a machine offers. Raises UserProblem (wrong password, another user's
    profile), PassphraseNeeded, KeyLost, NotAllowed and Unavailable; then nothing was changed."""
    if not wanted.server:
        raise UserProblem(tr_noop("Name the server to sign in at (--server URL)."))
    finish_switch(path)
    settings = load(path)
    if settings is None:
        return _register(machine, path, wanted, passphrase)
    if wanted.forgot and wanted.login.casefold() == settings.login.casefold():
        return _bring_back(machine, path, settings, wanted, passphrase)
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
    start_over(profile.path, profile.settings)


def start_over(path: Path, settings: Settings) -> None:
    """Destroy every key of a profile: what lies there can never be read again, and who signs in
    next begins anew."""
    locks.wipe(path, settings, keychain.os_vault())
    for file in (path / SWITCH, path / SETTINGS_FILE):
        file.unlink(missing_ok=True)


def _register(machine: Machine, path: Path, wanted: Credentials, passphrase: str | None) -> Profile:
    secrets = Secrets.fresh()
    name = str(new_uuid7())
    in_vault = machine.vault is not None and keychain.keep(machine.vault, name, secrets)
    if not in_vault and not passphrase:
        raise locks.new_passphrase_needed()
    try:
        escrow = _escrow(machine, secrets)
        answer = _ask(wanted, DeviceId(name), secrets, escrow)
        settings = Settings(
            wanted.server, answer.organisation, wanted.login, answer.user_id,
            DeviceId(answer.device_id), "keyring" if in_vault else "passphrase", name,
            escrowed=_escrowed(escrow, secrets),
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


def _escrow(machine: Machine, secrets: Secrets) -> str:
    return secrets.database_key.hex() if machine.policy.key_escrow == "on" else ""


def _escrowed(escrow: str, secrets: Secrets) -> str:
    return locks.fingerprint(secrets.database_key) if escrow else ""


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
    try:
        profile = _opened(path, passphrase, machine.vault)
    except KeyGone:
        return _bring_back(machine, path, settings, wanted, passphrase)
    try:
        escrow = _escrow(machine, profile.secrets)
        answer = _ask(wanted, profile.store.identity.device, profile.secrets, escrow)
        kept = _escrowed(escrow, profile.secrets)
        _take_answer(
            profile, wanted, answer, msgspec.structs.replace(profile.settings, escrowed=kept)
        )
    except BaseException:
        profile.close()
        raise
    return profile


def _bring_back(
    machine: Machine, path: Path, settings: Settings, wanted: Credentials, passphrase: str | None
) -> Profile:
    """The key of this profile is not here any more: the server gives it back to who signs in."""
    has_keyring = settings.key_kept == "keyring" and machine.vault is not None
    if not has_keyring and not passphrase:
        raise locks.new_passphrase_needed()
    answer = _ask(wanted, settings.device, fresh := Secrets.fresh(), None)
    _check_same_user(path, settings, answer)
    key = locks.bring_back(path, database(path), answer.database_key)
    secrets = Secrets(key, fresh.device_key)
    profile = Profile(path, settings, Store.open(database(path), key), secrets)
    try:
        kept = locks.keep(path, settings, secrets, passphrase, machine.vault, machine.cost)
        kept = msgspec.structs.replace(kept, escrowed=locks.fingerprint(key))
        _take_answer(profile, wanted, answer, kept)
    except BaseException:
        profile.close()
        raise
    return profile


def _take_answer(
    profile: Profile, wanted: Credentials, answer: SignInResponse, settings: Settings
) -> None:
    _check_same_user(profile.path, settings, answer)
    profile.was_copied = answer.device_id != profile.store.identity.device
    settings = msgspec.structs.replace(
        settings, server=wanted.server, device=DeviceId(answer.device_id)
    )
    if settings != profile.settings:
        profile.settings = settings
        profile.store.set_identity(_identity(settings))
        save(profile.path, settings)
    _welcome(profile, answer)


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


def _ask(
    wanted: Credentials, device: DeviceId, secrets: Secrets, escrow: str | None
) -> SignInResponse:
    """Sign in. `escrow` is the key of which the server is to keep a copy, "" none; None asks for
    the copy that it keeps."""
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
        database_key=escrow or "",
        wants_key=escrow is None,
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
    return Session(HttpClient(server), store, device, key, store.clock, version())


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
