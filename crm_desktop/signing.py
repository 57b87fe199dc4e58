"""Signing in at a server, signing out, and leaving it for good: how a profile begins and ends."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgspec

from crm_core.errors import CrmError, UserProblem
from crm_core.i18n import tr_noop
from crm_core.ids import DeviceId
from crm_core.wire import SignInRequest, SignInResponse
from crm_desktop import keychain, locks, paths
from crm_desktop import profile as profiles
from crm_desktop.keychain import KeyGone, Secrets
from crm_desktop.models.store import Identity, Store, new_uuid7, utc_now
from crm_desktop.profile import (
    DRAFTS,
    KEY_FILE,
    META_CLOCK_OFFSET,
    SWITCH,
    Machine,
    Profile,
    database,
    finish_switch,
    free_database,
    open_overdue_too,
    point_to,
    set_aside,
    version,
)
from crm_desktop.settings import FILE as SETTINGS_FILE
from crm_desktop.settings import Settings, load, save
from crm_desktop.writing import reason, write_atomically


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who signs in where. An empty organisation means the server's only one. `forgot`: the
    passphrase that comes with it is a new one, and the server is to give the key back."""

    server: str
    organisation: str
    login: str
    password: str = field(repr=False)
    forgot: bool = False


def sign_in(
    path: Path, server: str, organisation: str, login: str, password: str, passphrase: str | None
) -> Profile:
    """Sign in at a server: makes the profile, or renews the sign-in of the one that is there."""
    return sign_in_with(path, Credentials(server, organisation, login, password), passphrase)


def sign_in_with(path: Path, wanted: Credentials, passphrase: str | None) -> Profile:
    """The same with the words in one; the policy's server where none is named."""
    machine = profiles.this_machine()
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
    from crm_desktop.models import file_states
    from crm_desktop.models.file_queue import Only
    from crm_desktop.sync.file_calls import FileCalls
    from crm_desktop.sync.file_runner import FileRunner

    with profile.store.writing() as c:
        file_states.send_drafted(c)
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
        profile = open_overdue_too(path, passphrase, machine.vault)
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
    from crm_desktop.sync.last_run import META_LAST_RUN

    profile.session.keep(answer)
    profile.store.set_meta(META_LAST_RUN, "")  # that a former sign-in had ended is past
    try:
        server_time = dt.datetime.fromisoformat(answer.server_time)
    except ValueError:
        return
    offset_s = round((server_time - utc_now()).total_seconds())
    profile.store.set_meta(META_CLOCK_OFFSET, str(offset_s))


def _identity(settings: Settings) -> Identity:
    return Identity(
        settings.user, settings.login, settings.device, settings.organisation, settings.server
    )
