"""`rekey`: a new key for everything that a profile keeps on this machine."""

from __future__ import annotations

from crm_core.errors import CrmError, Unavailable
from crm_desktop import keychain, locks
from crm_desktop import profile as profiles
from crm_desktop.cli.desk import Desk
from crm_desktop.cli.outcome import Exit
from crm_desktop.i18n import tr
from crm_desktop.keychain import Secrets
from crm_desktop.locks import NewKey
from crm_desktop.models.store import new_uuid7
from crm_desktop.profile import Machine, Profile
from crm_desktop.settings import Settings


def rekey(desk: Desk) -> Exit:
    """Exchange the key of a profile. The server has the new one before anything here has it, and
    the former one until everything here has the new one."""
    machine = profiles.this_machine()
    with desk.profile() as opened:
        settings, former = opened.settings, opened.secrets
        secrets = Secrets(Secrets.fresh().database_key, former.device_key)
        is_kept = machine.policy.key_escrow == "on"
        if is_kept:
            opened.session.deposit_key(secrets.database_key.hex() + former.database_key.hex())
    new = _kept(machine, settings, secrets, desk.passphrase, is_kept=is_kept)
    database = profiles.database(opened.path)
    try:
        locks.exchange(opened.path, database, former, new, secrets.database_key)
    except Unavailable:
        if not (opened.path / locks.REKEYING).exists() and new.wrapped is None:
            keychain.forget(machine.vault, new.name)
        raise
    with desk.profile() as again:  # opening does what is left
        told = _tell(again) if is_kept else True
    desk.answer({"key": settings.key_kept, "server_told": told}, _words(settings, told=told))
    return Exit.DONE


def _kept(
    machine: Machine, settings: Settings, secrets: Secrets, passphrase: str | None, *, is_kept: bool
) -> NewKey:
    """Keep the new key beside the former one."""
    escrowed = locks.fingerprint(secrets.database_key) if is_kept else ""
    name = str(new_uuid7())
    if settings.key_kept == "keyring" and machine.vault is not None:
        if not keychain.keep(machine.vault, name, secrets):
            raise keychain.locked()
        return NewKey(name, settings.key_name, escrowed)
    assert passphrase is not None  # it has just opened the profile
    wrapped = keychain.wrap(settings.key_name, secrets, passphrase, machine.cost)
    return NewKey(settings.key_name, settings.key_name, escrowed, wrapped)


def _tell(opened: Profile) -> bool:
    """Have the server forget the former key; where it cannot be reached, the next sign-in does."""
    try:
        opened.session.deposit_key(opened.secrets.database_key.hex())
    except CrmError:
        return False
    return True


def _words(settings: Settings, *, told: bool) -> list[str]:
    backups = (
        tr("Backups made before cannot be opened any more: make a new one.")
        if settings.key_kept == "keyring"
        else tr("Backups made before still open with the passphrase: make a new one, delete them.")
    )
    untold = tr("The server keeps the former key too, until you sign in the next time.")
    return [
        tr("The profile has a new key; everything in its folder is locked with it."),
        backups,
        *([] if told else [untold]),
    ]
