"""Steps of a complaint as buttons, questions and lines of the Undo menu say them."""

from __future__ import annotations

from collections.abc import Mapping

from crm_core.complaint_steps import PAUSES, Asked, asked_by
from crm_core.fields import Value
from crm_core.i18n import tr_noop
from crm_desktop.i18n import tr
from crm_desktop.views.kit.words import Titles
from crm_desktop.views.panes.complaints.asking import Ask

_BUTTONS: Mapping[str, str] = {
    "acknowledged": tr_noop("Acknowledge"),
    "assessed": tr_noop("Assess"),
    "investigating": tr_noop("Investigate"),
    "waiting_customer": tr_noop("Wait for the customer"),
    "waiting_third_party": tr_noop("Wait for a third party"),
    "answered": tr_noop("Answer customer"),
    "recovering": tr_noop("Make good"),
    "resolved": tr_noop("Resolve"),
    "closed": tr_noop("Close"),
    "followed_up": tr_noop("Record follow-up"),
    "duplicate": tr_noop("Mark as duplicate"),
    "rejected": tr_noop("Turn down"),
    "reopened": tr_noop("Reopen"),
}
_WORDS: Mapping[str, str] = {
    "answered": tr_noop("What the customer was told"),
    "recovering": tr_noop("How it is made good"),
    "followed_up": tr_noop("What the customer said"),
}
_REASON = tr_noop("Reason")


def step_words(state: str, target: str) -> str:
    """What a step is called on a button, without the dots."""
    if state in PAUSES and target == "investigating":
        return tr("Resume")
    return tr(_BUTTONS.get(target, target))


def button_words(state: str, target: str) -> str:
    """The same with dots where it asks something first."""
    words = step_words(state, target)
    if asked_by(state, target).is_nothing:
        return words
    return tr("{command}…", command=words)


def ask_of(
    record_id: str, target: str, values: Mapping[str, Value], titles: Titles, me: str
) -> Ask:
    """What a step asks. Whoever assesses a complaint without a handler is proposed as one."""
    state = str(values.get("state") or "received")
    asked: Asked = asked_by(state, target)
    known = dict(values)
    if "handler" in asked.must and not known.get("handler"):
        known["handler"] = me
    label = _WORDS.get(target, _REASON) if asked.words else ""
    words = step_words(state, target)
    return Ask(
        f"complaint/{record_id}/{target}", words, words, asked.must, asked.may, label,
        words_needed=asked.words_needed, told=asked.told if asked.words == "comment" else None,
        values=known, titles=titles,
    )  # fmt: skip
