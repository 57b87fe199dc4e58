"""doctor, backup, restore-backup: is all well, and what if not."""

from __future__ import annotations

import io
import json
import platform
import sys
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass

from crm_core.catalog import CATALOG, SCHEMA
from crm_core.errors import CrmError
from crm_desktop import keychain
from crm_desktop import profile as profiles
from crm_desktop.cli.backups import restore_backup as restore_from
from crm_desktop.cli.backups import write_backup
from crm_desktop.cli.desk import Desk, Json
from crm_desktop.cli.outcome import LOGS, Exit, one_line
from crm_desktop.cli.signing import parked_counts
from crm_desktop.i18n import tr
from crm_desktop.models import queries
from crm_desktop.models.backup import Report, check
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.replica import Parked, SyncState
from crm_desktop.profile import Profile
from crm_desktop.writing import write_atomically


@dataclass(frozen=True, slots=True)
class Contact:
    """Whether the server answers, how fast, or why not."""

    reachable: bool
    milliseconds: int = 0
    problem: str = ""


def doctor(desk: Desk) -> Exit:
    """Examine the profile. With --repair what differs is fetched anew; unsent work stays."""
    with desk.profile() as opened:
        examined = check(opened.store)
        contact = _contact(opened)
        is_readable = not _damaged(examined)
        differing, untold = _differing(opened) if contact.reachable and is_readable else (None, "")
        repaired = _repair(opened) if desk.arguments.repair and is_readable else None
        outbox = Outbox(opened.store)
        state, parked = outbox.state(), outbox.parked()
        report = _report(opened, examined, contact, state, parked)
        report |= {
            "ok": examined.is_well and not differing,
            "content_agrees": None if differing is None else not differing,
            "content_untold": untold or None,
            "repairs": {**outbox.repairs()},
        }
        if repaired is not None:
            report["repair"] = repaired
        if desk.arguments.bundle is not None:
            write_atomically(desk.arguments.bundle, _bundle(opened, report))
        lines = [*_lines(report, examined, contact, parked), *([untold] if untold else [])]
        desk.answer(report, lines)
    if _damaged(examined):
        return Exit.FAILED
    return Exit.WAITS_FOR_YOU if parked.needs_you else Exit.DONE


def _damaged(examined: Report) -> bool:
    return bool(examined.integrity or examined.cipher)


def _report(
    opened: Profile, examined: Report, contact: Contact, state: SyncState, parked: Parked
) -> dict[str, Json]:
    return {
        "ok": examined.is_well,
        "integrity": [*examined.integrity],
        "encryption": [*examined.cipher],
        "digest_agrees": examined.digest_agrees,
        "rows": examined.rows,
        "cursor": state.cursor,
        "verified_at": state.verified_at or None,
        "pending": parked.pending,
        "held": parked.held,
        "parked": parked_counts(parked, opened.store),
        "needs_you": parked.needs_you,
        "server": {
            "url": opened.settings.server,
            "reachable": contact.reachable,
            "milliseconds": contact.milliseconds,
            "problem": contact.problem or None,
        },
        "clock_offset_s": int(opened.store.meta(profiles.META_CLOCK_OFFSET) or 0),
        "key": opened.settings.key_kept,
        "keyring": keychain.vault_name(keychain.os_vault()) or None,
        "versions": {
            "application": profiles.version(),
            "schema": SCHEMA,
            "python": platform.python_version(),
            "system": f"{platform.system()} {platform.release()}",
            "frozen": bool(getattr(sys, "frozen", False)),
        },
    }


def _contact(opened: Profile) -> Contact:
    from crm_desktop.sync.session import PATH_PING

    began = time.monotonic()
    try:
        opened.session.client.expect_answer()
        opened.session.client.get(PATH_PING)
    except CrmError as error:
        return Contact(reachable=False, problem=one_line(error))
    return Contact(reachable=True, milliseconds=round((time.monotonic() - began) * 1000))


def _differing(opened: Profile) -> tuple[int | None, str]:
    """How many roots say something else than on the server; None: that cannot be said now, and why
    not in words."""
    from crm_desktop.sync.comparing import differing_roots

    if not opened.session.signed_in:
        return None, ""
    try:
        return differing_roots(Outbox(opened.store), opened.session), ""
    except CrmError as error:
        return None, one_line(error)


def _repair(opened: Profile) -> Json:
    """Compare everything with the server and fetch anew what differs; pending and parked work is
    not touched."""
    from crm_desktop.sync.last_run import remember
    from crm_desktop.sync.runner import Runner

    outbox = Outbox(opened.store)
    outbox.count_anew()
    before = outbox.repairs()
    run = Runner(outbox, opened.session).run(thorough=True)
    remember(opened.store, run.failure, opened.store.now())
    if run.failure is not None:
        return {"done": False, "problem": one_line(run.failure)}
    everything = outbox.repairs()["everything"] != before["everything"]
    return {"done": True, "everything": everything, **run.report.as_json()}


def _lines(
    report: dict[str, Json], examined: Report, contact: Contact, parked: Parked
) -> Iterator[str]:
    if _damaged(examined):
        yield tr("The database is damaged: restore a backup, or sign in into a new profile.")
        yield from (*examined.integrity, *examined.cipher)
    else:
        yield tr("The database is whole. Records: {n}", n=examined.rows)
    if not examined.digest_agrees:
        yield tr("The count of what is held is wrong; 'doctor --repair' fetches anew what differs.")
    if report["content_agrees"] is False:
        yield tr(
            "Some records say something else here than on the server; 'doctor --repair' fetches"
            " them anew."
        )
    repairs = report["repairs"]
    if isinstance(repairs, dict) and repairs["times"]:
        yield tr("Repairs so far: {n}", n=int(str(repairs["times"])))
    yield tr("Changes to be sent: {n}", n=parked.pending)
    if parked.held:
        yield tr("Held back by you: {n}", n=parked.held)
    yield tr("Waiting for your decision: {n}", n=parked.needs_you)
    if contact.reachable:
        yield tr("The server answers in {n} ms.", n=contact.milliseconds)
    else:
        yield contact.problem
    if "repair" in report:
        done = report["repair"]
        if isinstance(done, dict) and done["done"]:
            fetched = int(str(done["pulled"]))
            yield (
                tr("Everything was fetched anew.") if done["everything"]
                else tr("Compared with the server. Records fetched: {n}", n=fetched)
            )  # fmt: skip
        else:
            if isinstance(done, dict):
                yield str(done["problem"])
            yield tr("Fetching anew goes on with the next synchronisation.")


def _bundle(opened: Profile, report: dict[str, Json]) -> bytes:
    """What support needs: findings, counts and logs; no name, no value, no key."""
    with opened.store.reader() as c:
        counts = {kind: queries.count_estimate(c, kind) for kind in CATALOG}
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("doctor.json", json.dumps(report, indent=2))
        file.writestr("records.json", json.dumps(counts, indent=2))
        for log in sorted((opened.path / LOGS).glob("*.log")):
            file.write(log, f"{LOGS}/{log.name}")
    return written.getvalue()


def backup(desk: Desk) -> Exit:
    """Everything in one encrypted file, unsynchronised work included."""
    with desk.profile() as opened:
        size = write_backup(opened, desk.arguments.out)
        pending = Outbox(opened.store).parked().pending
        key = opened.settings.key_kept
    where = (
        tr("It opens with today's passphrase, on any computer.")
        if key == "passphrase"
        else tr("It opens on this computer only: its keyring keeps the key.")
    )
    desk.answer(
        {"file": str(desk.arguments.out), "bytes": size, "pending": pending, "key": key},
        [tr("Backup written: {file}", file=str(desk.arguments.out)), where],
    )
    return Exit.DONE


def restore_backup(desk: Desk) -> Exit:
    """Make a backup the profile's database; what was there stays beside it."""
    done = restore_from(desk.arguments.folder, desk.arguments.file, desk.passphrase)
    aside = str(done.set_aside) if done.set_aside is not None else None
    desk.answer(
        {"database": str(done.database), "pending": done.pending, "set_aside": aside},
        [
            tr("Restored. Changes to be sent: {n}", n=done.pending),
            *([tr("What was there before stays in {file}.", file=aside)] if aside else []),
        ],
    )
    return Exit.DONE
