"""Commands that read and write files: backup, restore, load."""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path

from crm_server.admin.session import Answer, Commands, Json, Session, command
from crm_server.backup import backup, restore
from crm_server.tables_in import LoadReport, load_file


def add_commands(commands: Commands) -> None:
    """Declare backup, restore and load."""
    command(commands, "backup", _backup, "write everything to a file").add_argument("out")
    back = command(commands, "restore", _restore, "take the organisation back from a backup")
    back.add_argument("file")
    bulk = command(commands, "load", _load, "load records by their external id, from CSV or JSON")
    bulk.add_argument("kind")
    bulk.add_argument("file")
    bulk.add_argument("--dry-run", action="store_true", help="only say what would become of it")
    bulk.add_argument(
        "--report", metavar="OUT.csv", help="what became of each row, with the reason of an error"
    )


def _backup(session: Session, options: argparse.Namespace) -> Answer:
    there = session.organisation
    rows = backup(there.service, Path(options.out), there.blobs)
    return Answer(f"{rows} rows written to {options.out}", {"rows": rows, "file": options.out})


def _restore(session: Session, options: argparse.Namespace) -> Answer:
    done = restore(session.organisations, Path(options.file))
    for warning in done.warnings:
        print(f"crm-server: {warning}", file=sys.stderr)
    data: Json = {
        "slug": done.slug, "rows": done.rows, "files": done.files, "epoch": done.epoch,
        "seq": done.seq,
    }  # fmt: skip
    words = f"{done.slug}: {done.rows} rows and {done.files} files taken back"
    return Answer(f"{words}, new epoch {done.epoch}", data)


def _load(session: Session, options: argparse.Namespace) -> Answer:
    service = session.organisation.service
    report = load_file(service, options.kind, Path(options.file), dry_run=options.dry_run)
    if options.report:
        _write_report(Path(options.report), report)
    rows: list[Json] = [
        {"row": row.number, "ext_id": row.ext_id, "result": row.result, "detail": row.detail}
        for row in report.rows
    ]
    words = [
        f"{row.number}: {row.ext_id}: {row.result} {row.detail}".rstrip()
        for row in report.rows
        if row.result == "error"
    ]
    counts = {name: report.count(name) for name in ("created", "updated", "unchanged", "error")}
    words.append(" ".join(f"{name} {many}" for name, many in counts.items()))
    return Answer("\n".join(words), {**counts, "rows": rows})


def _write_report(out: Path, report: LoadReport) -> None:
    with out.open("w", encoding="utf-8-sig", newline="") as file:
        table = csv.writer(file)
        table.writerow(("row", "ext_id", "result", "detail"))
        for row in report.rows:
            table.writerow((row.number, _as_text(row.ext_id), row.result, _as_text(row.detail)))


def _as_text(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula (security.md §6)."""
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) else cell


FORMULA_STARTS = ("'", "=", "+", "-", "@", "\t", "\r")
