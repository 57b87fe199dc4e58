"""What a person is asked for a step, a note, a correction or a new complaint."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from crm_core.complaint_steps import Asked, asked_by
from crm_core.fields import Value
from crm_core.i18n import tr_noop
from crm_core.supervising import REPLY, lacks_reply, supervision_of
from crm_desktop.i18n import tr
from crm_desktop.models.complaints import CaseDetail
from crm_desktop.views.kit.words import Titles
from crm_desktop.views.panes.complaints.asking import Ask
from crm_desktop.views.panes.complaints.step_words import step_words

EDIT, NOTE, HAND_OVER = "edit", "note", "hand_over"
SUPERVISE, ANSWER = "supervise", "reply"
"""What is asked besides the steps, which go by the name of their target."""

_INTAKE_MUST = ("account", "subject", "remedy_sought", "need")
_INTAKE_MAY = ("channel", "contact", "description")
_EDITED = (
    "subject", "remedy_sought", "need", "severity", "safety", "product", "batch", "order",
    "contact", "channel", "handler", "category", "description",
)  # fmt: skip
_NOTE_WORDS = tr_noop("Note")
_WORDS: Mapping[str, str] = {
    "answered": tr_noop("What the customer was told"),
    "recovering": tr_noop("How it is made good"),
    "followed_up": tr_noop("What the customer said"),
}
_REASON = tr_noop("Reason")


def intake_ask(values: Mapping[str, Value], titles: Titles) -> Ask:
    """What a new complaint needs, with some answers laid in."""
    return Ask(
        "complaint/intake", tr("New complaint"), tr("Enter complaint"), _INTAKE_MUST, _INTAKE_MAY,
        values=values, titles=titles,
    )  # fmt: skip


def note_ask(record_id: str) -> Ask:
    """What a note needs."""
    words = tr("Add a note")
    return Ask(
        f"complaint/{record_id}/{NOTE}", words, words, words=_NOTE_WORDS, words_needed=True,
        told=False,
    )  # fmt: skip


def hand_over_ask(detail: CaseDetail, colleagues: Sequence[tuple[str, str]]) -> Ask:
    """To whom a complaint is handed over: one of these colleagues (id and name), with a note."""
    words = tr("Hand over")
    return Ask(
        f"complaint/{detail.row.id}/{HAND_OVER}", words, words, ("handler",), words=_NOTE_WORDS,
        told=False, among={"handler": tuple(colleagues)},
    )  # fmt: skip


def supervise_ask(detail: CaseDetail, me: str) -> Ask:
    """Who wants a reply, by when: whoever asks proposes himself."""
    values = {**detail.row.values}
    values["supervisor"] = values.get("supervisor") or me
    words = tr("Supervise")
    return Ask(
        f"complaint/{detail.row.id}/{SUPERVISE}", words, words, ("supervisor",),
        ("supervised_until",), values=values, titles=detail.titles,
    )  # fmt: skip


def reply_ask(detail: CaseDetail) -> Ask:
    """The reply that whoever supervises waits for."""
    return Ask(
        f"complaint/{detail.row.id}/{ANSWER}", tr("Reply"), tr("Send the reply"), (REPLY,),
        values=detail.row.values, titles=detail.titles,
    )  # fmt: skip


def edit_ask(detail: CaseDetail, kept: Collection[str]) -> Ask:
    """All that is corrected outside of the steps, but for what this user may not change."""
    supervised = (REPLY,) if supervision_of(detail.row.values) is not None else ()
    may = tuple(name for name in (*_EDITED, *supervised) if name not in kept)
    return Ask(
        f"complaint/{detail.row.id}/{EDIT}", tr("Edit"), tr("Save"), may=may,
        values=detail.row.values, titles=detail.titles,
    )  # fmt: skip


def step_ask(detail: CaseDetail, target: str, me: str, kept: Collection[str]) -> Ask:
    """What a step asks, but for what this user may not change and is known. Whoever assesses a
    complaint without a handler is proposed as one."""
    values = detail.row.values
    state = str(values.get("state") or "received")
    asked: Asked = asked_by(state, target)
    known = dict(values)
    if "handler" in asked.must and not known.get("handler"):
        known["handler"] = me
    unanswered = (REPLY,) if lacks_reply("complaint", values, {"state": target}) else ()
    must = tuple(name for name in (*asked.must, *unanswered) if name not in kept)
    may = tuple(name for name in asked.may if name not in kept)
    label = _WORDS.get(target, _REASON) if asked.words else ""
    words = step_words(state, target)
    return Ask(
        f"complaint/{detail.row.id}/{target}", words, words, must, may, label,
        words_needed=asked.words_needed, told=asked.told if asked.words == "comment" else None,
        values=known, titles=detail.titles,
    )  # fmt: skip
