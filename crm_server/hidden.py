"""Whether a key that may stand once is taken by a record out of the asker's sight: masked, so many
times a minute, and written into the log. A record in sight is on his device already."""

from __future__ import annotations

import logging

from crm_core.catalog import CATALOG
from crm_core.errors import InvalidValue, Refused
from crm_core.fields import Unique
from crm_core.i18n import tr_noop
from crm_core.ids import RecordId
from crm_core.roles import Action, Level, reach
from crm_core.values import check
from crm_core.wire import HiddenTwin, TwinRequest
from crm_server.rows import unique_form
from crm_server.service import Service
from crm_server.standing import Principal
from crm_server.throttle import spend_on_asking

log = logging.getLogger(__name__)

_ASCII_MAX = "\x7f"
_NOTHING = HiddenTwin()


def hidden_twin(service: Service, who: Principal, asked: TwinRequest) -> HiddenTwin:
    """Who holds a value of a field that may stand once: initials and owner, where the asker does
    not see the record; nothing otherwise. Raises Refused."""
    entity = CATALOG.get(asked.kind)
    field = entity.by_name.get(asked.field) if entity is not None else None
    if entity is None or field is None or field.unique is not Unique.HARD or entity.scope_all:
        raise Refused("record.not_found", tr_noop("No such record."))
    try:
        check(field, asked.value)
    except InvalidValue:
        return _NOTHING
    spend_on_asking(service.store, who.device, service.clock())
    with service.store.read() as tx:
        clock = tx.clock()
        matrix, _, keys = service.directory(tx, clock).rights(who.user)
        if reach(matrix, asked.kind, Action.CREATE) is Level.NONE:
            raise Refused("right.missing", tr_noop("You may not do this."), action="create")
        work = service.work(tx, clock)
        found = work.holder_of(asked.kind, asked.field, unique_form(asked.value))
        row = work.row(asked.kind, found) if found is not None else None
        if row is None or row.deleted or not keys.isdisjoint(work.keys_at(row.kind, row.id)):
            return _NOTHING
    log.info("user %s was told that a %s of a %s is taken", who.user, asked.field, asked.kind)
    owner = row.values.get("owner")
    return HiddenTwin(
        _initials(entity.name_of(row.values)), RecordId(owner) if isinstance(owner, str) else None
    )


def _initials(name: str) -> str:
    """The first letters of a name's words; of a Chinese one its first character."""
    if max(name, default="") > _ASCII_MAX:
        return f"{name[0]}…"
    return " ".join(f"{word[0]}." for word in name.split()[:3]) or "…"
