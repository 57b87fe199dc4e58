"""Tag: a word offered where tags are typed."""

from __future__ import annotations

from crm_core import fields as f
from crm_core.entity import Record, entity
from crm_core.fields import Unique
from crm_core.i18n import tr_noop


@entity("tag", tr_noop("Tag"), tr_noop("Tags"), title="name", scope_all=True)
class Tag(Record):
    name: str | None = f.text(tr_noop("Name"), required=True, search=1, unique=Unique.HARD)
    colour: str | None = f.text(tr_noop("Colour"))
