"""What a person does to a complaint, as one step that is saved: pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import uuid_utils
from msgspec.structs import replace

from crm_core import complaint_steps as steps
from crm_core.catalog import CATALOG
from crm_core.changes import Change, difference
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.supervising import REPLY
from crm_core.values import instant_of
from crm_desktop.i18n import tr
from crm_desktop.models.complaints import CaseDetail
from crm_desktop.views.panes.complaints.asking import Answer
from crm_desktop.views.panes.complaints.asks import ANSWER, EDIT, HAND_OVER, NOTE, SUPERVISE
from crm_desktop.views.panes.complaints.stage_bar import LABELS


@dataclass(frozen=True)
class Write:
    """Changes with what the Undo menu calls them; `atomic`: all of them or none."""

    changes: Sequence[Change]
    label: str
    atomic: bool = False


def entered(record_id: RecordId, answer: Answer, now: dt.datetime) -> Write:
    """A new complaint."""
    title = str(answer.values.get("subject") or "")
    changes = steps.intake(record_id, answer.values, _line(now))
    return Write(changes, tr("New: {title}", title=title))


def answered(detail: CaseDetail, asked: str, answer: Answer, now: dt.datetime) -> Write:
    """A note, a correction, or the step to a stage: whichever was asked for."""
    detail = _as_seen(detail, answer.earlier)
    if asked == NOTE:
        line = _line(now, comment=answer.words, told=answer.told)
        return Write(steps.note(_seen(detail), line), tr("Note: {title}", title=_title(detail)))
    if asked == HAND_OVER:
        return handed_over(detail, answer, now)
    if asked in (EDIT, ANSWER):
        return _corrected(detail, answer.values)
    if asked == SUPERVISE:
        return supervised(detail, answer.values)
    return stepped(detail, asked, answer, now)


def stepped(detail: CaseDetail, target: str, answer: Answer, now: dt.datetime) -> Write:
    """The step to a stage with its line in the log: true together or not at all."""
    asked = steps.asked_by(detail.row.values.get("state"), target)
    said = {asked.words: answer.words} if asked.words else {}
    line = _line(now, told=answer.told or (asked.told and not asked.words), **said)
    changes = steps.step(_seen(detail), target, answer.values, line)
    words = tr("{stage}: {title}", stage=tr(LABELS[target]), title=_title(detail))
    return Write(changes, words, atomic=True)


def handed_over(detail: CaseDetail, answer: Answer, now: dt.datetime) -> Write:
    """Another handler with the line in the log that says so."""
    handler = RecordId(str(answer.values["handler"]))
    name = detail.titles.get(f"user/{handler}", "")
    line = _line(now, comment=answer.words, told=answer.told)
    changes = steps.hand_over(_seen(detail), handler, name, line)
    label = tr("Handed over to {name}: {title}", name=name, title=_title(detail))
    return Write(changes, label, atomic=True)


def supervised(detail: CaseDetail, values: Mapping[str, Value]) -> Write:
    """A supervision, which asks for a reply of its own; without a supervisor there is none."""
    wanted: dict[str, Value] = {**values, REPLY: None}
    changes = difference(CATALOG["complaint"], detail.row.id, detail.row.values, wanted,
                         detail.row.seq)  # fmt: skip
    return Write(changes, tr("Supervise: {title}", title=_title(detail)))


def need_toggled(detail: CaseDetail, code: str, *, is_on: bool) -> Write:
    """Another set of what the customer wants."""
    need = detail.row.values.get("need")
    held = {str(member) for member in need} if isinstance(need, list) else set[str]()
    wanted: list[Value] = [*sorted(held | {code} if is_on else held - {code})]
    return _corrected(detail, {"need": wanted})


def _corrected(detail: CaseDetail, values: Mapping[str, Value]) -> Write:
    row = detail.row
    changes = difference(CATALOG["complaint"], row.id, row.values, values, row.seq)
    return Write(changes, tr("Change: {title}", title=_title(detail)))


def _as_seen(detail: CaseDetail, earlier: Mapping[str, Value]) -> CaseDetail:
    """A case as the author of a draft saw it: of no version, judged by the values alone."""
    if not earlier:
        return detail
    row = replace(detail.row, values={**detail.row.values, **earlier}, seq=0)
    return replace(detail, row=row)


def _seen(detail: CaseDetail) -> steps.Seen:
    return steps.Seen(detail.row.id, detail.row.seq, detail.row.values)


def _title(detail: CaseDetail) -> str:
    return detail.case.subject or detail.case.number


def _line(
    now: dt.datetime, reason: str = "", comment: str = "", *, told: bool = False
) -> steps.Line:
    return steps.Line(RecordId(uuid_utils.uuid7().hex), instant_of(now), reason, comment, told)
