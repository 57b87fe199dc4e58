"""What is done to a task and others of its series, each as one step that Ctrl+Z takes back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import msgspec

from crm_core.changes import Change, difference
from crm_core.i18n import tr_noop
from crm_core.ids import RecordId
from crm_desktop.i18n import tr
from crm_desktop.models import journal, queries, series
from crm_desktop.models.connection import Connection
from crm_desktop.models.queries import Row
from crm_desktop.models.replica import Summary
from crm_desktop.models.series import TASK, Scope
from crm_desktop.models.store import Store
from crm_desktop.views.panes.tasks.strip import ALL, END, FOLLOWING, SKIP

Builder = Callable[[Connection, RecordId], Sequence[Change]]


class Act(msgspec.Struct, frozen=True):
    """Which changes it makes, its name in the Undo menu, and what is said when it is done."""

    build: Builder
    label: str
    done: str

    def write(self, store: Store, row: Row, title: str) -> Summary:
        """Make the changes in one step; without any, nothing is written."""
        with store.reader() as c:
            changes = self.build(c, row.id)
        if not changes:
            return Summary()
        return journal.commit(store, changes, label=tr(self.label, title=title))


def _skipped(c: Connection, task: RecordId) -> Sequence[Change]:
    row = queries.record(c, TASK.kind, task)
    if row is None:
        return ()
    return difference(TASK, row.id, row.values, {"status": series.DROPPED}, row.seq)


ACTS: Mapping[str, Act] = {
    SKIP: Act(_skipped, tr_noop("Skip: {title}"), tr_noop("Skipped: {title}.")),
    FOLLOWING: Act(
        partial(series.applied, scope=Scope.FOLLOWING), tr_noop("This and following: {title}"),
        tr_noop("The tasks that follow have these values now: {title}."),
    ),
    ALL: Act(
        partial(series.applied, scope=Scope.ALL), tr_noop("All of the series: {title}"),
        tr_noop("All open tasks of the series have these values now: {title}."),
    ),
    END: Act(
        series.stopped, tr_noop("End of the series: {title}"),
        tr_noop("The series ends with this task: {title}."),
    ),
}  # fmt: skip

TIDY = Act(series.tidied, tr_noop("Days that are not in the series any more: {title}"), "")
