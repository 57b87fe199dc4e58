"""Steps of a complaint as buttons say them."""

from __future__ import annotations

from collections.abc import Mapping

from crm_core.complaint_steps import PAUSES, asked_by
from crm_core.i18n import tr_noop
from crm_desktop.i18n import tr

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
