"""Supervision: nothing that asks for a reply is closed without one."""

from __future__ import annotations

import datetime as dt

import pytest

from crm_core.fields import Value
from crm_core.supervising import lacks_reply, supervision_of

SUPERVISED = {"supervisor": "a" * 32, "supervised_until": "2026-11-25T10:00:00Z"}


@pytest.mark.parametrize(("kind", "closing"), [
    ("task", {"status": "done"}), ("task", {"status": "dropped"}),
    ("complaint", {"state": "closed"}), ("complaint", {"state": "rejected"}),
])  # fmt: skip
def test_closing_needs_a_reply_in_the_same_step_or_before(kind: str, closing: dict) -> None:
    assert lacks_reply(kind, SUPERVISED, closing)
    assert lacks_reply(kind, SUPERVISED, {**closing, "supervision_reply": "  "})
    assert not lacks_reply(kind, SUPERVISED, {**closing, "supervision_reply": "Sent on Monday"})
    assert not lacks_reply(kind, {**SUPERVISED, "supervision_reply": "Sent"}, closing)
    assert not lacks_reply(kind, {}, closing)
    assert not lacks_reply(kind, SUPERVISED, {**closing, "supervisor": None})


def test_what_is_closed_already_and_what_stays_open_asks_for_nothing() -> None:
    assert not lacks_reply("task", {**SUPERVISED, "status": "done"}, {"status": "dropped"})
    assert not lacks_reply("task", SUPERVISED, {"status": "in_progress"})
    assert not lacks_reply("complaint", {**SUPERVISED, "state": "closed"}, {"state": "followed_up"})
    assert not lacks_reply("visit", SUPERVISED, {"state": "completed"})


@pytest.mark.parametrize(
    "until", ["0001-01-01T00:00:00Z", "1970-12-31T23:59:59Z", "9999-12-31T23:59:59Z", "soon", 5]
)
def test_a_deadline_with_which_no_clock_reckons_is_none(until: Value) -> None:
    found = supervision_of({"supervisor": "a" * 32, "supervised_until": until})
    assert found is not None
    assert found.until is None


def test_only_a_missing_reply_is_overdue() -> None:
    late = dt.datetime(2026, 11, 25, 10, 1, tzinfo=dt.UTC)
    found = supervision_of(SUPERVISED)
    assert found is not None
    assert found.is_overdue(late)
    assert not found.is_overdue(late - dt.timedelta(minutes=2))
    replied = supervision_of({**SUPERVISED, "supervision_reply": "Sent"})
    assert replied is not None
    assert not replied.is_overdue(late)
    assert supervision_of({"supervised_until": "2026-11-25T10:00:00Z"}) is None
