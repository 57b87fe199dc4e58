"""attach, fetch-attachment: files of records."""

from __future__ import annotations

from pathlib import Path

from crm_core.errors import NotFound, Refused, UserProblem
from crm_core.i18n import tr_noop
from crm_core.problems import words_for
from crm_desktop.cli.desk import Desk
from crm_desktop.cli.outcome import Exit
from crm_desktop.i18n import tr
from crm_desktop.models import attaching
from crm_desktop.models.attaching import AttachedFile
from crm_desktop.models.blobs import FileDamaged
from crm_desktop.models.file_queue import Job
from crm_desktop.profile import Profile


def attach(desk: Desk) -> Exit:
    """Attach a file of this computer to a record; it is sent with the next synchronisation."""
    with desk.profile() as opened:
        with opened.store.reader() as c:
            row = desk.record(c)
        parent = (desk.entity.kind, row.id)
        done = attaching.attach_path(opened.store, opened.blobs, parent, desk.arguments.file)
        changesets = done.summary.changesets
        desk.answer(
            {
                "id": done.id,
                "kind": "attachment",
                "changeset": changesets[0] if changesets else None,
            },
            [tr("Attached: {id}", id=done.id)],
        )
    return Exit.DONE


def fetch(desk: Desk) -> Exit:
    """Write the file of an attachment to disk, in clear; it is fetched where it is not here."""
    with desk.profile() as opened:
        desk.arguments.kind = "attachment"
        with opened.store.reader() as c:
            found = attaching.attachment(c, desk.record(c).id)
        out = _free(desk.arguments.out, found.name)
        _copy_out(opened, found, out)
        desk.answer(
            {
                "id": found.id,
                "name": found.name,
                "file": str(out),
                "bytes": out.stat().st_size,
                "sha256": found.file.sha256,
            },
            [tr("Written: {file}", file=str(out))],
        )
    return Exit.DONE


def _free(out: Path, name: str) -> Path:
    """Where to write: the file named, or one of the attachment's name in the folder named."""
    target = out / name if out.is_dir() else out
    if target.exists():
        raise UserProblem(tr_noop("'{path}' exists already."), path=str(target))
    return target


def _copy_out(opened: Profile, found: AttachedFile, out: Path) -> None:
    if found.file.is_readable:
        try:
            opened.blobs.copy_out(found.file.sha256, out)
        except (FileDamaged, NotFound):
            opened.files.note_lost(found.file.sha256)
        else:
            return
    _fetch_now(opened, found)
    opened.blobs.copy_out(found.file.sha256, out)


def _fetch_now(opened: Profile, found: AttachedFile) -> None:
    from crm_desktop.sync.file_calls import FileCalls
    from crm_desktop.sync.file_runner import FileRunner

    asked = attaching.want(opened.store, found.id)
    opened.session.expect_answer()
    job = Job(asked.file.sha256, asked.size, is_sending=False)
    done = FileRunner(opened.files, FileCalls(opened.session)).fetch_now(job)
    if done.failure is not None:
        raise done.failure
    with opened.store.reader() as c:
        stands = attaching.attachment(c, found.id).file
    if stands.code:
        words = words_for(stands.code, stands.params)
        raise Refused(stands.code, words.template, **words.params)
