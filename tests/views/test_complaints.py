"""The complaints pane in a window: what is shown first, what a step asks, what it writes."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from crm_core.complaint_clocks import ClockKind
from crm_core.entities.shared import COMPLAINT_STAGES
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.working_time import CHINA
from crm_desktop import i18n
from crm_desktop.models import complaints
from crm_desktop.models.complaints import CaseDetail
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.replica import Summary
from crm_desktop.models.store import Store
from crm_desktop.runtime.hub import DataHub
from crm_desktop.runtime.lanes import Lanes
from crm_desktop.views.panes.complaints.pane import ComplaintsPane
from crm_desktop.views.panes.complaints.stage_bar import MAIN, stops_of
from tests.support.records import new_id
from tests.views.company import make_store, people, receive
from tests.views.front import InFront

NOW = dt.datetime(2026, 10, 13, 11, tzinfo=CHINA)  # a Tuesday
RNG = Random(5)
ME, LI, OWL, HORN, PIA, LATE, SOON, PAUSED, DONE = (new_id(RNG) for _ in range(9))
ANNA, GONE, TEAM = (new_id(RNG) for _ in range(3))


def at(text: str) -> str:
    moment = dt.datetime.fromisoformat(f"2026-{text}").replace(tzinfo=CHINA)
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def rows() -> Iterator[tuple[str, RecordId, dict[str, Value]]]:
    yield from people(ME, (LI, "Li Ming"))
    for account, name, grade in ((OWL, "Hungry Owl", "A"), (HORN, "Around the Horn", "B")):
        yield "account", account, {"name": name, "grade": grade, "owner": ME}
    yield "contact", PIA, {"full_name": "Patricia McKenna"}
    for record, account, state, subject, received in (
        (LATE, OWL, "investigating", "Mouldy Gorgonzola", at("10-12 09:10")),
        (SOON, HORN, "acknowledged", "Short delivery", at("10-13 09:10")),
        (PAUSED, HORN, "waiting_customer", "Wrong invoice", at("10-12 10:00")),
        (DONE, OWL, "closed", "Late delivery", at("09-01 10:00")),
    ):
        yield "complaint", record, {
            "account": account, "state": state, "subject": subject, "received_at": received,
            "severity": "major", "remedy_sought": "Replacement", "handler": LI, "need": ["heard"],
            "number": f"CP-2026-{subject[:3]}", "channel": "phone", "contact": PIA, "cause": "-",
        }  # fmt: skip
    for record, when, state in (
        (LATE, at("10-12 09:10"), "received"), (LATE, at("10-12 09:52"), "acknowledged"),
        (LATE, at("10-12 11:00"), "assessed"), (LATE, at("10-12 11:30"), "investigating"),
        (SOON, at("10-13 09:40"), "acknowledged"), (PAUSED, at("10-12 10:30"), "investigating"),
        (PAUSED, at("10-12 11:00"), "waiting_customer"),
    ):  # fmt: skip
        yield "complaint_event", new_id(RNG), {
            "complaint": record, "at": when, "to_state": state,
        }  # fmt: skip


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = make_store(tmp_path, list(rows()), user=ME)
    yield made
    made.close()


@pytest.fixture
def hub(store: Store, lanes: Lanes) -> DataHub:
    return DataHub(store, lanes)


@pytest.fixture
def pane(hub: DataHub, in_front: InFront) -> ComplaintsPane:
    return in_front(ComplaintsPane(hub, now=lambda: NOW), 1104, 800)


def stored(store: Store, record_id: str) -> CaseDetail:
    with store.reader() as c:
        found = complaints.read_case(c, RecordId(record_id))
    assert found is not None
    return found


def listed(pane: ComplaintsPane) -> list[str]:
    return [entry.id for entry in pane.board.list.cases.rows]


def test_the_least_time_left_stands_first_and_what_waits_last(pane: ComplaintsPane) -> None:
    assert listed(pane) == [LATE, SOON, PAUSED]
    spoken = [entry.spoken for entry in pane.board.list.cases.rows]
    assert spoken[0].startswith(
        "Hungry Owl, grade A, CP-2026-Mou · Mouldy Gorgonzola, Breached 1 h"
    )
    assert "Paused" in spoken[2]


def test_views_are_counted_and_narrow_the_list(pane: ComplaintsPane, rest) -> None:
    for view, expected in (("mine", []), ("breached", [LATE]), ("all", [SOON, PAUSED, LATE, DONE])):
        pane.board.show_view(view)
        rest()
        assert listed(pane) == expected


def test_a_complaint_shows_its_clocks_stages_wishes_and_log(pane: ComplaintsPane, rest) -> None:
    pane.choose_first()
    rest()
    assert pane.record_id == LATE
    assert pane.case.clocks.words(ClockKind.ACKNOWLEDGE) == (
        "Done in 42 min", "target 2 h",
    )  # fmt: skip
    assert pane.case.stages.accessibleName() == "Stage 4 of 9: Investigating"
    assert pane.case.wants.words("contact") == "Patricia McKenna, Phone"
    assert pane.case.wants.needs.needs() == ["heard"]
    spoken = [pane.case.events.events.index(n).data() for n in range(5)]
    assert spoken[0].startswith("First answer is late")
    assert spoken[-1].startswith("Received by phone")


def test_a_minute_that_passes_reads_nothing_and_moves_the_clocks(
    hub: DataHub, qtbot: QtBot, rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = [NOW]
    pane = ComplaintsPane(hub, now=lambda: moments[-1])
    qtbot.addWidget(pane)
    rest()
    before = [entry.clock for entry in pane.board.list.cases.rows]
    monkeypatch.setattr(hub, "read", lambda *_args, **_more: pytest.fail("read"))
    moments.append(NOW + dt.timedelta(minutes=40))
    pane.pass_minute()
    after = [entry.clock for entry in pane.board.list.cases.rows]
    assert before[:2] != after[:2]
    assert before[2] == after[2] == "Paused"


def test_a_step_that_asks_nothing_is_taken_at_once_and_can_be_undone(
    pane: ComplaintsPane, hub: DataHub, store: Store, rest
) -> None:
    pane.open_record(PAUSED)
    rest()
    assert pane.case.main_button.text() == "Resume"
    pane.case.main_button.click()
    rest()
    resumed = stored(store, PAUSED)
    assert (resumed.case.state, resumed.events[0].to_state) == ("investigating", "investigating")
    hub.undo()
    rest()
    assert stored(store, PAUSED).case.state == "waiting_customer"


def test_an_answer_needs_words_and_lands_in_the_log(
    pane: ComplaintsPane, store: Store, rest
) -> None:
    pane.open_record(LATE)
    rest()
    pane.case.main_button.click()
    rest()
    form = pane.case.form
    assert form.isVisible()
    assert form.words.hasFocus()
    form.send_button.click()
    rest()
    assert form.words.accessibleDescription()
    assert stored(store, LATE).case.state == "investigating"
    form.words.setPlainText("We replace all three cases by Friday.")
    form.send_button.click()
    rest()
    case = stored(store, LATE)
    assert case.case.state == "answered"
    assert case.events[0].comment == "We replace all three cases by Friday."
    assert case.events[0].customer_visible
    assert not form.isVisible()


def test_a_pause_asks_for_its_reason(pane: ComplaintsPane, store: Store, rest) -> None:
    pane.open_record(LATE)
    rest()
    menu = pane.case.steps_menu(("waiting_customer", "waiting_third_party"))
    menu.actions()[0].trigger()
    rest()
    pane.case.form.words.setPlainText("Photos asked for")
    pane.save()
    rest()
    case = stored(store, LATE)
    assert (case.case.state, case.events[0].reason) == ("waiting_customer", "Photos asked for")


def test_assessing_proposes_oneself_as_handler(
    pane: ComplaintsPane, store: Store, rest, hub: DataHub
) -> None:
    pane.open_record(SOON)
    rest()
    pane.case.main_button.click()
    rest()
    form = pane.case.form
    assert form.editor("handler").value() == LI
    form.editor("severity").restore("critical")
    form.send()
    rest()
    case = stored(store, SOON)
    assert (case.case.state, case.case.severity) == ("assessed", "critical")


def test_a_need_is_one_click_and_one_step_to_undo(
    pane: ComplaintsPane, hub: DataHub, store: Store, rest
) -> None:
    pane.open_record(LATE)
    rest()
    pane.case.wants.needs.toggle("fast").click()
    rest()
    assert stored(store, LATE).row.values["need"] == ["fast", "heard"]
    hub.undo()
    rest()
    assert stored(store, LATE).row.values["need"] == ["heard"]


def test_a_new_complaint_takes_four_answers(
    pane: ComplaintsPane, store: Store, rest, qtbot: QtBot
) -> None:
    pane.new_record()
    rest()
    form = pane.intake
    form.send()
    assert form.isVisible()
    form.editor("account").restore(f"account/{OWL}\tHungry Owl")
    form.editor("subject").restore("Broken jars")
    form.editor("remedy_sought").restore("Credit note")
    form.editor("need").restore("fast")
    form.send()
    rest()
    made = stored(store, pane.record_id)
    assert made.case.subject == "Broken jars"
    assert (made.case.state, made.case.received_at) == ("received", at("10-13 11:00"))
    assert [event.to_state for event in made.events] == ["received"]
    assert pane.record_id in listed(pane)
    assert pane.case.main_button.text() == "Acknowledge"


def test_what_was_typed_comes_back_after_another_complaint(
    pane: ComplaintsPane, rest, qtbot: QtBot
) -> None:
    pane.open_record(LATE)
    rest()
    pane.case.main_button.click()
    rest()
    pane.case.form.words.setPlainText("We are sorry")
    pane.open_record(PAUSED)
    rest()
    assert not pane.case.form.isVisible()
    pane.open_record(LATE)
    rest()
    pane.case.main_button.click()
    rest()
    assert pane.case.form.words.toPlainText() == "We are sorry"


def test_what_is_typed_stays_while_something_else_of_the_case_is_saved(
    pane: ComplaintsPane, store: Store, rest
) -> None:
    pane.open_record(LATE)
    rest()
    pane.case.note_asked.emit()
    rest()
    pane.case.form.words.setPlainText("She wants a call ba")
    pane.case.wants.needs.toggle("fast").click()
    rest()
    assert stored(store, LATE).row.values["need"] == ["fast", "heard"]
    assert not pane.case.form.isHidden()
    assert pane.case.form.words.toPlainText() == "She wants a call ba"


def test_a_step_without_questions_keeps_what_was_typed_for_another(
    pane: ComplaintsPane, store: Store, rest
) -> None:
    pane.open_record(PAUSED)
    rest()
    pane.case.note_asked.emit()
    rest()
    pane.case.form.words.setPlainText("She wants a call ba")
    pane._ask_step("investigating")
    rest()
    assert stored(store, PAUSED).case.state == "investigating"
    pane.case.note_asked.emit()
    rest()
    assert pane.case.form.words.toPlainText() == "She wants a call ba"


def test_an_answer_that_is_saved_late_takes_nothing_from_another_form(
    pane: ComplaintsPane, hub: DataHub, rest, monkeypatch: pytest.MonkeyPatch
) -> None:
    pane.open_record(LATE)
    rest()
    pane.case.note_asked.emit()
    rest()
    pane.case.form.words.setPlainText("Said at last")
    waiting: list[Callable[[], None]] = []
    save = hub.save
    monkeypatch.setattr(
        hub, "save", lambda *given, **more: waiting.append(lambda: save(*given, **more))
    )
    pane.save()
    pane.open_record(SOON)
    rest()
    pane.case.note_asked.emit()
    pane.case.form.words.setPlainText("Half a sent")
    pane.case.form.flush_draft()
    waiting[0]()
    rest()
    assert not pane.case.form.isHidden()
    assert pane.case.form.words.toPlainText() == "Half a sent"
    soon: list[str | None] = []
    late: list[str | None] = []
    hub.draft(f"complaint/{SOON}/note", soon.append, owner=pane)
    hub.draft(f"complaint/{LATE}/note", late.append, owner=pane)
    rest()
    assert "Half a sent" in str(soon[0])
    assert late == [None]


def test_a_draft_that_comes_late_is_not_laid_over_what_is_typed(pane: ComplaintsPane, rest) -> None:
    pane.open_record(LATE)
    rest()
    pane._ask_edit()
    pane.case.form.editor("subject").restore("Mouldy cheese")
    pane.case.form.editor("batch").restore("B-77")
    pane.case.form._keep_draft()
    pane._ask_edit()
    pane.case.form.editor("subject").restore("Blue cheese")
    rest()
    assert pane.case.form.editor("subject").typed() == "Blue cheese"
    assert pane.case.form.editor("batch").typed() == "B-77"


def test_escape_gives_up_and_forgets_the_draft(pane: ComplaintsPane, rest, qtbot: QtBot) -> None:
    pane.open_record(LATE)
    rest()
    pane.case.main_button.click()
    rest()
    pane.case.form.words.setPlainText("No")
    qtbot.keyClick(pane.case.form, Qt.Key.Key_Escape)
    rest()
    pane.case.main_button.click()
    rest()
    assert pane.case.form.words.toPlainText() == ""


def test_a_note_is_added_without_a_step(pane: ComplaintsPane, store: Store, rest) -> None:
    pane.open_record(LATE)
    rest()
    pane.case.note_asked.emit()
    rest()
    pane.case.form.words.setPlainText("The cooler stood open for 40 minutes")
    pane.save()
    rest()
    case = stored(store, LATE)
    assert (case.case.state, case.events[0].to_state) == ("investigating", "")
    assert case.events[0].comment.startswith("The cooler")


def test_the_choice_stays_with_its_complaint_when_the_order_changes(
    pane: ComplaintsPane, rest
) -> None:
    pane.open_record(SOON)
    rest()
    model = pane.board.list.cases
    model.show(list(model.rows)[::-1])
    row = pane.board.list.currentIndex().row()
    assert model.rows[row].case.id == SOON


def test_every_stage_has_a_place_on_the_bar() -> None:
    for stage, _ in COMPLAINT_STAGES:
        stops = stops_of(stage, (), NOW)
        assert len(stops) == len(MAIN)
        assert len([stop for stop in stops if stop.mark not in ("passed", "ahead")]) == 1


def test_clocks_speak_chinese(hub: DataHub, qtbot: QtBot, rest) -> None:
    i18n.set_language("zh_CN")
    try:
        pane = ComplaintsPane(hub, now=lambda: NOW)
        qtbot.addWidget(pane)
        rest()
        clocks = [entry.clock for entry in pane.board.list.cases.rows]
    finally:
        i18n.set_language("en")
    assert clocks[0].startswith("已超时 ")
    assert clocks[1] == "剩 6 小时 10 分"
    assert clocks[2] == "已暂停"


def test_a_new_complaint_can_begin_with_its_account(pane: ComplaintsPane, rest) -> None:
    pane.new_with({"account": HORN})
    rest()
    assert pane.intake.isVisible()
    assert pane.intake.editor("account").value() == HORN
    assert "Around the Horn" in pane.intake.editor("account").typed()


def handed_rows(role: str) -> list[tuple[str, RecordId, dict[str, Value]]]:
    """The same complaints in a company that has roles: Li handles Nancy's, Anna leads them all."""
    roles = {ME: role, LI: "service"}
    found = [
        (kind, x, {**values, "role": roles[x]} if kind == "user" else values)
        for kind, x, values in rows()
    ]
    anna: dict[str, Value] = {"login": "anna", "name": "Anna Berg", "role": "lead"}
    gone: dict[str, Value] = {**anna, "login": "gone", "name": "Long Gone", "active": False}
    team: dict[str, Value] = {"name": "Sales", "lead": ANNA}
    accounts = [
        (kind, x, {**values, "team": TEAM} if kind == "account" else values)
        for kind, x, values in found
    ]
    return [("user", ANNA, anna), ("user", GONE, gone), ("team", TEAM, team), *accounts]


def handing_pane(tmp_path: Path, role: str, lanes: Lanes, qtbot: QtBot, rest):
    store = make_store(tmp_path, handed_rows(role), user=ME)
    hub = DataHub(store, lanes)
    made = ComplaintsPane(hub, now=lambda: NOW)
    qtbot.addWidget(made)
    hub.changed.connect(made.take_summary)
    made.resize(1104, 800)
    made.show()
    made.open_record(LATE)
    rest()
    return made, store, hub


def hand_over_action(pane: ComplaintsPane):
    menu = pane.case.steps_menu((), whole=True)
    return next(x for x in menu.actions() if x.text() == "Hand over…")


def test_a_case_is_handed_over_with_a_note_in_one_step_that_undoes(
    tmp_path: Path, lanes: Lanes, qtbot: QtBot, rest
) -> None:
    pane, store, hub = handing_pane(tmp_path, "service", lanes, qtbot, rest)
    hand_over_action(pane).trigger()
    choice = pane.case.form.editor("handler")
    offered = [name for _, name in pane.case.form.ask.among["handler"]]
    assert offered == ["Anna Berg", "Nancy Davolio"], "neither who has it nor who has left"
    choice.set_value(ANNA, {})
    pane.case.form.words.setPlainText("She knows the dairy")
    pane.case.form.send()
    rest()
    detail = stored(store, LATE)
    assert detail.row.values["handler"] == ANNA
    (line,) = [x for x in detail.events if not x.to_state]
    assert (line.reason, line.comment) == ("Anna Berg", "She knows the dairy")
    spoken = [pane.case.events.events.index(n).data() for n in range(3)]
    assert any(x.startswith("Handed over to Anna Berg, She knows the dairy") for x in spoken)
    hub.undo()
    rest()
    assert stored(store, LATE).row.values["handler"] == LI
    store.close()


def test_what_a_colleague_changes_while_the_form_is_open_is_not_put_back(
    pane: ComplaintsPane, store: Store, hub: DataHub, rest
) -> None:
    pane.open_record(LATE)
    rest()
    seen = stored(store, LATE).row
    pane._ask_edit()
    pane.case.form.editor("subject").restore("Mouldy cheese")
    theirs = {**seen.values, "severity": "critical", "subject": "Blue cheese"}
    receive(store, [("complaint", LATE, theirs)])
    hub.announce(Summary(frozenset([("complaint", LATE)])))
    rest()
    pane.save()
    rest()
    (change,) = Outbox(store).take_outbox(10, 10**6)[-1].changes
    assert change.new == {"subject": "Mouldy cheese"}
    assert (change.old, change.base_seq) == ({"subject": "Mouldy Gorgonzola"}, seen.seq)
    assert stored(store, LATE).row.values["severity"] == "critical"


def test_a_draft_that_comes_back_is_judged_on_what_was_seen_when_it_was_typed(
    pane: ComplaintsPane, store: Store, hub: DataHub, rest
) -> None:
    pane.open_record(LATE)
    rest()
    pane._ask_edit()
    pane.case.form.editor("subject").restore("Mouldy cheese")
    pane.case.form._keep_draft()
    pane.open_record(SOON)
    rest()
    theirs = {**stored(store, LATE).row.values, "subject": "Blue cheese"}
    receive(store, [("complaint", LATE, theirs)])
    pane.open_record(LATE)
    rest()
    pane._ask_edit()
    rest()
    assert pane.case.form.editor("subject").typed() == "Mouldy cheese"
    pane.save()
    rest()
    (change,) = Outbox(store).take_outbox(10, 10**6)[-1].changes
    assert (change.old, change.base_seq) == ({"subject": "Mouldy Gorgonzola"}, 0)


def test_who_may_not_hand_over_reads_why_and_is_not_asked_for_the_handler(
    tmp_path: Path, lanes: Lanes, qtbot: QtBot, rest
) -> None:
    pane, store, _ = handing_pane(tmp_path, "rep", lanes, qtbot, rest)
    action = hand_over_action(pane)
    assert not action.isEnabled()
    assert action.toolTip() == "Only Li Ming or Anna Berg may hand this over."
    pane._ask_edit()
    assert "handler" not in pane.case.form.ask.may
    pane.open_record(SOON)
    rest()
    pane._ask_step("assessed")
    assert "handler" not in pane.case.form.ask.must
    store.close()


def test_a_case_that_one_may_only_read_says_who_may_change_it(
    tmp_path: Path, lanes: Lanes, qtbot: QtBot, rest
) -> None:
    pane, store, _ = handing_pane(tmp_path, "auditor", lanes, qtbot, rest)
    assert pane.case.why_not == "Only Li Ming or Anna Berg may change this."
    assert pane.case.main_button.isHidden()
    store.close()
