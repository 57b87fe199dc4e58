"""Series on two devices that know nothing of each other: they meet in the same tasks."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from random import Random

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op, difference
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.recurring import instance_id
from crm_desktop.models import journal, series
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.queries import Row
from crm_desktop.models.series import Scope
from crm_desktop.sync.runner import Runner
from tests.conformance.company import LEA, NOW, Device
from tests.simulator.device import InLine, send_in_line
from tests.simulator.link import Link, Weather

TASK = CATALOG["task"]
TODAY = NOW.date()
FIRST = dt.date(2026, 11, 16)
"""A Monday before today, a Friday."""

REPORT: Mapping[str, Value] = {
    "title": "Report", "due_on": str(FIRST), "assignee": LEA, "priority": "high",
    "reminders": ["-1h"],
}  # fmt: skip


def begin(laptop: Device, rule: str = "FREQ=WEEKLY;BYDAY=MO") -> RecordId:
    made = laptop.insert(TASK, {**REPORT, "recurrence": rule})
    laptop.synchronise()
    return made


def brought(laptop: Device, of: RecordId) -> dict[str, Row]:
    """What a series has brought that is here, by its day."""
    series.bring(laptop.store, TODAY)
    found = [row for row in laptop.listed(TASK).values() if row.values.get("series") == of]
    return {str(row.values["recurs_on"])[5:]: row for row in found}


def edit(laptop: Device, row: Row, **values: Value) -> None:
    laptop.write(*difference(TASK, row.id, row.values, values, row.seq))


def do(laptop: Device, task: RecordId, scope: Scope) -> None:
    with laptop.store.reader() as c:
        changes = series.applied(c, task, scope)
    laptop.write(*changes)


def test_a_series_brings_what_is_near_with_the_values_of_its_first_task(laptop: Device) -> None:
    found = brought(laptop, begin(laptop))
    assert [*found] == ["11-23", "11-30"]
    values = found["11-23"].values
    assert {x: values.get(x) for x in REPORT} == {**REPORT, "due_on": "2026-11-23"}
    laptop.synchronise()


def test_two_devices_bring_the_same_tasks_and_both_agree(
    laptop: Device, other_laptop: Device
) -> None:
    of = begin(laptop)
    other_laptop.synchronise()
    here, there = brought(laptop, of), brought(other_laptop, of)
    assert {x: row.id for x, row in here.items()} == {x: row.id for x, row in there.items()}
    for device in (laptop, other_laptop, laptop):
        device.synchronise()
    assert [*brought(laptop, of)] == [*brought(other_laptop, of)] == ["11-23", "11-30"]


def test_what_one_finishes_and_the_other_edits_offline_comes_together(
    laptop: Device, other_laptop: Device
) -> None:
    of = begin(laptop)
    other_laptop.synchronise()
    edit(laptop, brought(laptop, of)["11-23"], status="done", title="Report and budget")
    edit(other_laptop, brought(other_laptop, of)["11-23"], priority="low")
    for device in (laptop, other_laptop, laptop):
        device.synchronise()
    for device in (laptop, other_laptop):
        values = brought(device, of)["11-23"].values
        told = values["status"], values["title"], values["priority"]
        assert told == ("done", "Report and budget", "low")


def test_two_titles_of_one_of_them_are_a_question_like_any_other(
    laptop: Device, other_laptop: Device
) -> None:
    of = begin(laptop)
    other_laptop.synchronise()
    edit(laptop, brought(laptop, of)["11-23"], title="Report and budget")
    edit(other_laptop, brought(other_laptop, of)["11-23"], title="Short report")
    laptop.synchronise()
    link = Link(other_laptop.id, other_laptop._company, Weather(Random(0)))
    run = Runner(Outbox(other_laptop.store), link, open_stream=InLine, send=send_in_line).run()
    assert (run.report.conflicts, run.report.rejected) == (1, 0)
    assert brought(other_laptop, of)["11-23"].values["title"] == "Report and budget"


def test_what_is_skipped_or_deleted_is_not_brought_again(
    laptop: Device, other_laptop: Device
) -> None:
    of = begin(laptop)
    other_laptop.synchronise()
    edit(laptop, brought(laptop, of)["11-23"], status="dropped")
    laptop.write(Change("task", instance_id(of, dt.date(2026, 11, 30)), Op.DELETE))
    laptop.synchronise()
    brought(other_laptop, of)
    other_laptop.synchronise()
    for device in (laptop, other_laptop):
        found = brought(device, of)
        assert [*found] == ["11-23"]
        assert found["11-23"].values["status"] == "dropped"


def test_nobody_takes_back_what_nobody_asked_for(laptop: Device) -> None:
    of = begin(laptop)
    assert len(brought(laptop, of)) == 2
    assert journal.undoable(laptop.store) == "conformance"


def test_a_first_task_that_is_moved_moves_no_other(laptop: Device) -> None:
    of = begin(laptop, "FREQ=WEEKLY")
    brought(laptop, of)
    edit(laptop, laptop.listed(TASK)[of], due_on="2026-11-18")
    assert [*brought(laptop, of)] == ["11-23", "11-30"]


def test_all_of_a_series_takes_the_values_of_one_but_what_is_done(laptop: Device) -> None:
    of = begin(laptop, "FREQ=DAILY")
    found = brought(laptop, of)
    edit(laptop, found["11-18"], status="done")
    edit(laptop, found["11-20"], title="Shorter report")
    do(laptop, found["11-20"].id, Scope.ALL)
    after = brought(laptop, of)
    others = {str(after[x].values["title"]) for x in after if x != "11-18"}
    assert others == {"Shorter report"}
    assert laptop.listed(TASK)[of].values["title"] == "Shorter report"
    assert after["11-18"].values["title"] == "Report"
    laptop.synchronise()


def test_from_one_task_on_a_series_takes_its_values_also_what_comes_later(laptop: Device) -> None:
    of = begin(laptop, "FREQ=DAILY;COUNT=40")
    found = brought(laptop, of)
    edit(laptop, found["11-24"], title="Shorter report")
    do(laptop, found["11-24"].id, Scope.FOLLOWING)
    series.bring(laptop.store, TODAY + dt.timedelta(20))
    after = brought(laptop, of)
    titles = {x: str(row.values["title"]) for x, row in after.items()}
    assert {titles[x] for x in titles if x < "11-24"} == {"Report"}
    assert {titles[x] for x in titles if x >= "11-24"} == {"Shorter report"}
    assert max(after) == "12-24"
    laptop.synchronise()


def test_after_another_rule_what_has_no_day_is_dropped_and_undone_in_one_step(
    laptop: Device,
) -> None:
    of = begin(laptop, "FREQ=DAILY")
    before = brought(laptop, of)
    edit(laptop, laptop.listed(TASK)[of], recurrence="FREQ=WEEKLY;BYDAY=MO")
    with laptop.store.reader() as c:
        strays = series.tidied(c, of)
    assert {len(strays)} == {len([x for x in before if x not in ("11-23", "11-30")])}
    laptop.write(*strays)
    states = {x: row.values.get("status") for x, row in brought(laptop, of).items()}
    assert {x for x, state in states.items() if state == "open"} == {"11-23", "11-30"}
    journal.undo(laptop.store)
    assert {str(row.values["status"]) for row in brought(laptop, of).values()} == {"open"}


def test_a_series_that_is_stopped_brings_nothing_more(laptop: Device) -> None:
    of = begin(laptop, "FREQ=DAILY")
    found = brought(laptop, of)
    with laptop.store.reader() as c:
        laptop.write(*series.stopped(c, found["11-23"].id))
    series.bring(laptop.store, TODAY + dt.timedelta(30))
    after = brought(laptop, of)
    assert max(after) == max(found)
    dropped = {x for x, row in after.items() if row.values.get("status") == "dropped"}
    assert dropped == {x for x in after if x > "11-23"}
    laptop.synchronise()


def test_somebody_elses_series_is_left_to_him(laptop: Device) -> None:
    """Whoever brought it for him would bring tasks that he may have stopped meanwhile."""
    others = next(x for x in laptop._company.known["user"] if x != LEA)
    made = laptop.insert(TASK, {**REPORT, "recurrence": "FREQ=DAILY", "assignee": others})
    assert brought(laptop, made) == {}
