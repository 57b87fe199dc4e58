"""A lead sees what waits for others, decides it, and who wrote the value hears of it once."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from pytestqt.qtbot import QtBot

from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_desktop.models.store import Store
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.panes.inbox.pane import InboxPane
from crm_desktop.views.panes.inbox.whose import Whose
from crm_desktop.views.shell.window import Shell
from tests.views.company import receive
from tests.views.test_inbox import CONFLICT, OTHER, park, row_of, take

Rest = Callable[[], None]
Known = Mapping[str, list[RecordId]]


@pytest.fixture
def pane(hub: DataHub, qtbot: QtBot, store: Store, known: Known, rest: Rest) -> InboxPane:
    """One conflict asks this user, another one somebody else."""
    me, li = known["user"]
    one, other = known["account"][:2]
    park(store, f"account/{one}", "phone", "1", "030-1", me)
    park(store, f"account/{other}", "phone", "1", "030-2", li, conflict=OTHER)
    made = InboxPane(hub)
    qtbot.addWidget(made)
    hub.changed.connect(made.take_summary)
    made.resize(1100, 700)
    made.show()
    rest()
    return made


def keys(pane: InboxPane) -> list[str]:
    return [key.rpartition("/")[2] for key in pane.side.tree.keys]


def test_mine_and_my_teams_are_told_apart_by_one_choice(pane: InboxPane, known: Known) -> None:
    one, other = known["account"][:2]
    assert pane.side.whose.isVisible()
    for whose, shown in ((Whose.MINE, [one]), (Whose.TEAM, [other]), (Whose.ALL, [one, other])):
        pane.side.whose.choose(whose)
        assert keys(pane) == shown


def test_the_choice_is_not_offered_where_everything_is_ones_own(
    pane: InboxPane, store: Store, rest: Rest
) -> None:
    pane.side.whose.choose(Whose.MINE)
    gone = {"record": f"account/{OTHER}", "field": "phone", "state": "resolved", "parked": []}
    receive(store, [("conflict", OTHER, gone)])
    pane.refresh()
    rest()
    assert not pane.side.whose.isVisible()
    assert len(keys(pane)) == 1


def test_a_filter_that_hides_everything_says_so_and_goes_by_its_button(
    pane: InboxPane, store: Store, rest: Rest
) -> None:
    pane.side.whose.choose(Whose.MINE)
    take(pane.dispute.rows[0], mine=True)
    pane.dispute.apply()
    rest()
    assert pane.shown is pane._nothing
    pane._clear_filter()
    assert len(keys(pane)) == 1


def test_what_waits_for_another_is_decided_by_taking_his_value(
    pane: InboxPane, store: Store, known: Known, rest: Rest
) -> None:
    pane.side.whose.choose(Whose.TEAM)
    (row,) = pane.dispute.rows
    his = [n for n, side in enumerate(row.decision.sides) if side.value == "030-2"]
    row.cells[his[0]].click()
    pane.dispute.apply()
    rest()
    assert row_of(store, "account", known["account"][1]).values["phone"] == "030-2"


# The one whose value it was


def decide(store: Store, known: Known, value: str, *, by: RecordId | None = None) -> None:
    me, li = known["user"]
    account = known["account"][0]
    parked: Value = [{"value": "030-9", "author": me, "device": "T14", "authored_at": store.now()}]
    receive(store, [
        ("account", account, {"name": "Alfreds", "phone": value}),
        ("conflict", CONFLICT, {
            "record": f"account/{account}", "field": "phone", "why": "edit", "base": "1",
            "parked": parked, "state": "resolved", "resolution": value, "resolved_by": by or li,
        }),
    ])  # fmt: skip


def told(shell: Shell, rest: Rest) -> str:
    shell.banner.hide()
    shell._news.ask_decided()
    rest()
    return "" if shell.banner.isHidden() else shell.banner.text


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("030-9", "Li Ming took your value: Alfreds · Phone"),
        ("030-7", "Li Ming decided for another value than yours: Alfreds · Phone"),
    ],
)
def test_who_wrote_a_value_is_told_once_what_somebody_else_decided(
    shell: Shell, store: Store, known: Known, rest: Rest, value: str, words: str
) -> None:
    assert told(shell, rest) == ""
    decide(store, known, value)
    assert told(shell, rest) == words
    assert told(shell, rest) == ""


def test_own_decisions_and_what_was_decided_before_are_no_news(
    shell: Shell, store: Store, known: Known, rest: Rest
) -> None:
    store.set_meta("decided.told", None)
    decide(store, known, "030-9")
    assert told(shell, rest) == "", "it was decided before anybody looked"
    store.set_meta("decided.told", "[]")
    decide(store, known, "030-9", by=known["user"][0])
    assert told(shell, rest) == ""
