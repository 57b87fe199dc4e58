"""Task: something a colleague has to do."""

from __future__ import annotations

from crm_core import fields as f
from crm_core.entities.shared import PRIORITIES, REMINDERS_OF_A_DAY, WORK_STATES
from crm_core.entity import Record, entity
from crm_core.fields import REMINDERS, RHYTHM, UNTYPED
from crm_core.i18n import tr_noop


@entity("task", tr_noop("Task"), tr_noop("Tasks"), title="title", sort="due_on")
class Task(Record):
    title: str | None = f.text(tr_noop("Title"), required=True, search=5)
    account: str | None = f.link("account", tr_noop("Account"), root=True)
    parent: str | None = f.link("", tr_noop("Belongs to"))
    status: str | None = f.choice(tr_noop("Status"), *WORK_STATES)
    priority: str | None = f.choice(tr_noop("Priority"), *PRIORITIES)
    due_on: str | None = f.day(tr_noop("Due"))
    recurrence: str | None = f.text(tr_noop("Repeats"), typed_as=RHYTHM, since=2)
    remind_at: str | None = f.instant(tr_noop("Remind at"))
    reminders: list[str] | None = f.tags(
        tr_noop("Reminders"), *REMINDERS_OF_A_DAY, typed_as=REMINDERS, since=2
    )
    assignee: str | None = f.link("user", tr_noop("Assignee"), grants=True)
    watchers: list[str] | None = f.links("user", tr_noop("Watchers"), grants=True)
    description: str | None = f.note(tr_noop("Notes"), search=1)
    supervisor: str | None = f.link("user", tr_noop("Supervised by"), grants=True, since=2)
    supervised_until: str | None = f.instant(tr_noop("Reply by"), since=2)
    supervision_reply: str | None = f.note(tr_noop("Reply"), since=2)
    series: str | None = f.link("task", tr_noop("Series"), typed_as=UNTYPED, since=2)
    recurs_on: str | None = f.day(tr_noop("Day in the series"), typed_as=UNTYPED, since=2)
