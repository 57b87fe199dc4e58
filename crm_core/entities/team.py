"""Team: colleagues who share accounts; kept by IT."""

from __future__ import annotations

from crm_core import fields as f
from crm_core.entity import Record, entity
from crm_core.i18n import tr_noop


@entity("team", tr_noop("Team"), tr_noop("Teams"), title="name", scope_all=True, read_only=True)
class Team(Record):
    name: str | None = f.text(tr_noop("Name"), required=True, search=3)
    lead: str | None = f.link("user", tr_noop("Lead"))
