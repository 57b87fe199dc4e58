"""Device: one installation of the application; kept by the server."""

from __future__ import annotations

from crm_core import fields as f
from crm_core.entity import Record, entity
from crm_core.i18n import tr_noop


@entity("device", tr_noop("Device"), tr_noop("Devices"), title="name", read_only=True)
class Device(Record):
    user: str | None = f.link("user", tr_noop("User"))
    name: str | None = f.text(tr_noop("Name"))
    os: str | None = f.text(tr_noop("Operating system"))
    app_version: str | None = f.text(tr_noop("Version"))
    revoked_at: str | None = f.instant(tr_noop("Revoked"))
