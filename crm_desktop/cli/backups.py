"""The file of a backup: one database, who it belongs to, and its key where a passphrase wraps it.

A key that the OS keyring keeps is not in the file: it opens on the computer whose keyring holds it.
"""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec

from crm_core.errors import UNREADABLE, CrmError, Unavailable, UserProblem
from crm_core.i18n import tr_noop
from crm_desktop import keychain, paths
from crm_desktop import profile as profiles
from crm_desktop.keychain import Secrets
from crm_desktop.models import file_states
from crm_desktop.models.backup import backup as copy_database
from crm_desktop.models.backup import check
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.store import Store
from crm_desktop.profile import Profile, Switch
from crm_desktop.settings import FILE as SETTINGS_FILE
from crm_desktop.settings import Settings, load, reason
from crm_desktop.sync.session import META_TOKENS

DATABASE = "crm.db"
PIECE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Restored:
    """What a restored backup brought: its database in its new place, and its unsent work."""

    database: Path
    pending: int
    set_aside: Path | None


def write_backup(opened: Profile, out: Path) -> int:
    """Write everything into one file, in one step; its size in bytes."""
    with _sentences(out), TemporaryDirectory(dir=out.parent, prefix=".backup-") as folder:
        database = Path(folder) / DATABASE
        copy_database(opened.store, database)
        made = Path(folder) / out.name
        # What is encrypted cannot be compressed.
        with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as file:
            file.writestr(SETTINGS_FILE, msgspec.json.encode(opened.settings))
            if opened.settings.key_kept == "passphrase":
                file.write(opened.path / profiles.KEY_FILE, profiles.KEY_FILE)
            file.write(database, DATABASE)
            _write_files(opened, file)
        made.chmod(0o600)
        made.replace(out)
        return out.stat().st_size


def _write_files(opened: Profile, file: zipfile.ZipFile) -> None:
    """Attached files that no server has yet, encrypted as they lie here; others come from it."""
    with opened.store.reader() as c:
        waiting = sorted(file_states.unsent(c))
    for sha256 in waiting:
        content = opened.blobs.path(sha256)
        if content.exists():
            file.write(content, f"{profiles.FILES}/{content.parent.name}/{content.name}")


def restore_backup(path: Path, backup: Path, passphrase: str | None) -> Restored:
    """Make a backup the database of a profile (a new one, or its own). What was there stays.

    Raises UserProblem where the backup is another user's, damaged or cannot be opened, and where
    the profile holds unsent work that the backup does not: then nothing was changed.
    """
    with _sentences(backup), zipfile.ZipFile(backup) as file:
        settings, wrapped = _read_head(file, backup)
        profiles.finish_switch(path)
        present = load(path)
        if present is not None and present.user != settings.user:
            raise UserProblem(
                tr_noop("The backup is {login}'s, the profile in {path} is {present}'s."),
                login=settings.login, path=str(path), present=present.login,
            )  # fmt: skip
        secrets = _secrets(settings, wrapped, passphrase)
        paths.make_private_folder(path)
        database = profiles.free_database(path)
        _extract(file, DATABASE, database)
        _extract_files(file, path)
    try:
        store = Store.open(database, secrets.database_key)
        try:
            _check_whole(store, backup)
            tokens = _current_tokens(path, present, passphrase, Outbox(store).unsent())
            if tokens is not None:
                store.set_meta(META_TOKENS, tokens)
            pending = Outbox(store).parked().pending
        finally:
            store.close()
    except BaseException:
        for part in ("", "-wal", "-shm"):
            Path(f"{database}{part}").unlink(missing_ok=True)
        raise
    set_aside = profiles.database(path) if present is not None else None
    profiles.switch(path, Switch(database.name, _of_today(settings, present), wrapped))
    return Restored(database, pending, set_aside)


def _of_today(settings: Settings, present: Settings | None) -> Settings:
    """The backup's settings as they hold now: whether the server keeps this key, the next sign-in
    finds out; keys of the profile as it was are destroyed with it if IT withdraws the device."""
    before = () if present is None else (present.key_name, *present.former_keys)
    former = {*before, *settings.former_keys} - {settings.key_name}
    return msgspec.structs.replace(
        settings, escrowed="", given_up=False, former_keys=tuple(sorted(former))
    )


def _read_head(file: zipfile.ZipFile, backup: Path) -> tuple[Settings, bytes | None]:
    names = set(file.namelist())
    if not {SETTINGS_FILE, DATABASE} <= names:
        raise _no_backup(backup)
    try:
        settings = msgspec.json.decode(file.read(SETTINGS_FILE), type=Settings)
    except UNREADABLE as error:
        raise _no_backup(backup) from error
    wrapped = file.read(profiles.KEY_FILE) if profiles.KEY_FILE in names else None
    return settings, wrapped


def _secrets(settings: Settings, wrapped: bytes | None, passphrase: str | None) -> Secrets:
    if wrapped is None:
        return keychain.fetch(keychain.os_vault(), settings.key_name)
    if passphrase is None:
        raise profiles.PassphraseNeeded(
            tr_noop(
                "This profile is locked by a passphrase: give it in CRM_DESKTOP_PASSPHRASE or "
                "with --passphrase-stdin."
            )
        )
    return keychain.unwrap(wrapped, passphrase)


def _extract_files(file: zipfile.ZipFile, path: Path) -> None:
    """Put the attached files in their places; one that is there is the same one."""
    for name in filter(_FILE_NAME.match, file.namelist()):
        target = path / name
        if not target.exists():
            paths.make_private_folder(target.parent)
            part = target.with_name(f"{target.name}.new")
            part.unlink(missing_ok=True)
            _extract(file, name, part)
            part.replace(target)


_FILE_NAME = re.compile(rf"{profiles.FILES}/[0-9a-f]{{2}}/[0-9a-f]{{64}}\Z")


def _extract(file: zipfile.ZipFile, name: str, out: Path) -> None:
    with file.open(name) as source, out.open("xb") as target:
        while piece := source.read(PIECE_BYTES):
            target.write(piece)
        target.flush()
        os.fsync(target.fileno())


def _check_whole(store: Store, backup: Path) -> None:
    report = check(store)
    if report.integrity or report.cipher:
        raise UserProblem(
            tr_noop("The backup {file} is damaged; nothing was changed."), file=str(backup)
        )


def _current_tokens(
    path: Path, present: Settings | None, passphrase: str | None, in_backup: bytes
) -> str | None:
    """The tokens of the profile as it is: older ones would look like a copied device.

    A database that cannot be opened (that is what backups are for) has none to give.
    """
    if present is None:
        return None
    try:
        opened = profiles.open_profile(path, passphrase)
    except CrmError:
        return None
    try:
        outbox = Outbox(opened.store)
        pending = outbox.parked().pending
        if pending and outbox.unsent() != in_backup:
            raise UserProblem(
                tr_noop(
                    "The profile holds unsent work that is not in the backup (changes: {n}). "
                    "Synchronise first, or restore into another folder with --profile."
                ),
                n=pending,
            )
        return opened.store.meta(META_TOKENS)
    finally:
        opened.close()


def _no_backup(file: Path) -> UserProblem:
    return UserProblem(tr_noop("{file} is no backup of this application."), file=str(file))


@contextmanager
def _sentences(file: Path) -> Generator[None]:
    try:
        yield
    except zipfile.BadZipFile as error:
        raise _no_backup(file) from error
    except FileNotFoundError as error:
        raise UserProblem(tr_noop("There is no file {file}."), file=str(file)) from error
    except OSError as error:
        raise Unavailable(
            tr_noop("{file} cannot be read or written ({detail}). Nothing was changed."),
            file=str(file),
            detail=reason(error),
        ) from error
