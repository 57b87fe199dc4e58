"""import, import-revert, export: records from and to files."""

from __future__ import annotations

from crm_core.catalog import field_of
from crm_desktop.cli.desk import Desk, Json
from crm_desktop.cli.outcome import Exit
from crm_desktop.cli.reading import conditions
from crm_desktop.i18n import tr, words
from crm_desktop.models import journal
from crm_desktop.transfer.columns import read_mapping
from crm_desktop.transfer.exporting import export
from crm_desktop.transfer.importing import Done, Outcome, Wish, import_file, refused_rows
from crm_desktop.writing import write_atomically

PROBLEMS_SHOWN = 10


def import_(desk: Desk) -> Exit:
    """Import a CSV file; rows that cannot be taken cost only themselves."""
    arguments, entity = desk.arguments, desk.entity
    for key in arguments.key:
        field_of(entity, key)
    wish = Wish(
        arguments.file,
        tuple(arguments.key),
        read_mapping(arguments.mapping) if arguments.mapping is not None else {},
        dry_run=arguments.dry_run,
        encoding=arguments.encoding,
        empty_clears=arguments.empty_clears,
    )
    with desk.profile() as opened:
        done = import_file(opened.store, entity, wish, new_id=opened.store.new_id)
    if arguments.errors is not None and done.problems:
        write_atomically(arguments.errors, refused_rows(done, words))
    _report(desk, done)
    return Exit.WAITS_FOR_YOU if done.problems else Exit.DONE


def _report(desk: Desk, done: Done) -> None:
    counts = {outcome: done.counts.get(outcome, 0) for outcome in Outcome}
    for heading in done.left:
        desk.remark(tr("The column '{name}' is not taken over.", name=heading))
    for problem in done.problems[:PROBLEMS_SHOWN]:
        reasons = " ".join(words(reason) for reason in problem.reasons)
        desk.remark(tr("Line {line}: {reason}", line=problem.row.line, reason=reasons))
    result: dict[str, Json] = {
        "created": counts[Outcome.CREATED],
        "updated": counts[Outcome.UPDATED],
        "unchanged": counts[Outcome.UNCHANGED],
        "duplicates": counts[Outcome.DUPLICATE],
        "errors": counts[Outcome.ERROR],
        "batch": done.batch,
    }
    desk.answer(
        result,
        [
            tr("Created: {n}", n=counts[Outcome.CREATED]),
            tr("Updated: {n}", n=counts[Outcome.UPDATED]),
            tr("Unchanged: {n}", n=counts[Outcome.UNCHANGED]),
            tr("Left out, being here already: {n}", n=counts[Outcome.DUPLICATE]),
            tr("Left out for a mistake: {n}", n=counts[Outcome.ERROR]),
            *(
                [tr("To take it back: import-revert {batch}", batch=done.batch)]
                if done.batch
                else []
            ),
        ],
    )


def import_revert(desk: Desk) -> Exit:
    """Take a whole import back; what was changed since is kept and counted."""
    with desk.profile() as opened:
        undone = journal.revert_batch(opened.store, desk.arguments.batch)
        kept: list[Json] = [
            {"kind": kind, "id": record_id, "field": field}
            for kind, record_id, field in undone.kept
        ]
        reverted = len(undone.summary.changed)
        desk.answer(
            {"batch": desk.arguments.batch, "reverted": reverted, "kept": kept},
            [
                tr("Records taken back: {n}", n=reverted),
                *(tr("Kept, because it was changed since: {n}", n=len(kept)) for _ in kept[:1]),
            ],
        )
    return Exit.DONE


def export_(desk: Desk) -> Exit:
    """Write records to a file."""
    arguments, entity = desk.arguments, desk.entity
    with desk.profile() as opened, opened.store.reader() as c:
        count = export(c, entity, arguments.out, conditions(c, entity, arguments.where))
    desk.answer(
        {"kind": entity.kind, "records": count, "file": str(arguments.out)},
        [tr("Records written: {n}", n=count)],
    )
    return Exit.DONE
