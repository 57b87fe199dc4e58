"""Importing a file: every row is judged by itself, and the whole can be taken back."""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from crm_core.changes import Change
from crm_core.entity import Entity
from crm_core.errors import UserProblem
from crm_core.i18n import Message, tr_noop
from crm_core.ids import RecordId
from crm_desktop.i18n import tr
from crm_desktop.models import journal
from crm_desktop.models.store import Store
from crm_desktop.transfer.columns import REASON_COLUMN, Headings, check_complete
from crm_desktop.transfer.judging import Judge, Outcome, RowProblem, Wish
from crm_desktop.transfer.table import read_table

__all__ = ["Done", "Outcome", "RowProblem", "Wish", "import_file", "refused_rows"]

READABLE = (".csv", ".tsv", ".txt")


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a file. `left`: its columns that are not taken over."""

    counts: Mapping[Outcome, int]
    batch: str
    header: tuple[str, ...]
    left: tuple[str, ...]
    problems: tuple[RowProblem, ...]


def import_file(
    store: Store,
    entity: Entity,
    wish: Wish,
    *,
    new_id: Callable[[], RecordId],
    progress: Callable[[int], bool] | None = None,
) -> Done:
    """Import a delimited text file as one batch, or say what would become of it (dry run).

    Raises UserProblem where the file as a whole cannot be taken; then nothing was written.
    """
    _check_possible(entity, wish.file)
    headings = Headings(entity, wish.mapping)
    table = read_table(wish.file, headings.knows, encoding=wish.encoding)
    columns = headings.columns(table.header)
    check_complete(entity, columns, wish.keys)
    with store.reader() as c:
        judge = Judge(c, entity, columns, wish, new_id)
        changes = (change for row in table.rows() for change in judge.changes_of(row))
        if wish.dry_run:
            deque(changes, maxlen=0)
            batch = ""
        else:
            batch = _commit(store, judge, changes, wish.file, progress)
    return Done(judge.counts, batch, table.header, columns.left, tuple(judge.problems))


def refused_rows(done: Done, say: Callable[[Message], str]) -> bytes:
    """The rows that were not taken over, as a file to mend and import again."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow([*done.header, REASON_COLUMN])
    for problem in done.problems:
        writer.writerow([*problem.row.cells, " ".join(map(say, problem.reasons))])
    return text.getvalue().encode("utf-8-sig")


def _check_possible(entity: Entity, file: Path) -> None:
    if entity.read_only:
        raise UserProblem(
            tr_noop("{kind} records are loaded by IT and cannot be changed here."),
            kind=entity.label,
        )
    if file.suffix.lower() not in READABLE:
        raise UserProblem(
            tr_noop(
                "Files of the form '{suffix}' cannot be imported yet; save it as CSV (UTF-8) "
                "and import that."
            ),
            suffix=file.suffix,
        )


def _commit(
    store: Store,
    judge: Judge,
    changes: Iterator[Change],
    file: Path,
    progress: Callable[[int], bool] | None,
) -> str:
    label = tr("Import of {file}", file=file.name)
    done = journal.commit_batch(store, changes, label=label, progress=progress)
    for refusal in done.refused:
        judge.take_back(refusal.index, refusal.problem)
    return done.batch if done.done else ""
