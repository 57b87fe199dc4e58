"""Attachment: the description of a file that belongs to a record."""

from __future__ import annotations

from crm_core import fields as f
from crm_core.entity import Record, entity
from crm_core.i18n import tr_noop


@entity("attachment", tr_noop("Attachment"), tr_noop("Attachments"), title="name")
class Attachment(Record):
    parent: str | None = f.link("", tr_noop("Belongs to"), required=True, root=True)
    name: str | None = f.text(tr_noop("File name"), required=True, search=1)
    sha256: str | None = f.text(tr_noop("Fingerprint"))
    size: int | None = f.whole(tr_noop("Size in bytes"))
    mime: str | None = f.text(tr_noop("File type"))
    comment: str | None = f.note(tr_noop("Comment"))
