"""Words for what this user may not change: why, and who may."""

from __future__ import annotations

from collections.abc import Mapping

from crm_core.entity import Entity
from crm_core.fields import Value
from crm_core.i18n import tr_noop
from crm_core.masks import MASKABLE
from crm_core.roles import SUPERVISING, Action
from crm_core.supervising import SET_BY_LEADS
from crm_core.switches import SWITCHED
from crm_desktop.i18n import tr
from crm_desktop.models.connection import Connection
from crm_desktop.models.rights import May, Those, rights_here

_ROLES: Mapping[str, str] = {
    "rep": tr_noop("a sales representative"),
    "kam": tr_noop("a key-account manager"),
    "lead": tr_noop("a team lead"),
    "service": tr_noop("the service"),
    "it": tr_noop("IT"),
    "auditor": tr_noop("an auditor"),
}


_BY_LEADS = tr_noop("Only who leads may supervise.")
_SWITCHED_OFF = tr_noop("This is switched off in your organisation.")
_WITHHELD = tr_noop("Your role does not receive this.")
_SWITCHED_FIELDS = frozenset(name for names in SWITCHED.values() for name in names)


def who_words(those: Those) -> str:
    """Colleagues as alternatives: "Anna Berg or a team lead"; "" for nobody."""
    parts = [*those.names, *(tr(_ROLES[x]) for x in those.roles if x in _ROLES)]
    if len(parts) < 2:  # noqa: PLR2004  # nothing to choose from
        return "".join(parts)
    first = parts[0]
    for part in parts[1:-1]:
        first = tr("{one}, {other}", one=first, other=part)
    return tr("{some} or {last}", some=first, last=parts[-1])


def nearest_words(those: Those) -> str:
    """Only the nearest of them, where there is little room."""
    return who_words(Those(those.names[:1], () if those.names else those.roles[:1]))


def edit_refusal(may: May) -> str:
    """Why a record may not be changed, and who may; "" where it may be."""
    if may.edit:
        return ""
    who = who_words(may.editors)
    return (
        tr("Only {who} may change this.", who=who) if who else tr("Your role may not change this.")
    )


def withheld_words() -> str:
    """Why a field is empty of which this device holds nothing."""
    return tr(_WITHHELD)


def field_refusal(may: May, field: str) -> str:
    """Why a field may not be changed, and who may; "" where it may be."""
    if field in may.withheld:
        return withheld_words()
    if not may.edit or may.changes(field):
        return edit_refusal(may)
    if field in SET_BY_LEADS:
        return tr(_BY_LEADS)
    if field in _SWITCHED_FIELDS:
        return tr(_SWITCHED_OFF)
    who = who_words(may.handers)
    return (
        tr("Only {who} may hand this over.", who=who)
        if who
        else tr("Your role may not hand this over.")
    )


def delete_refusal(may: May) -> str:
    """Why a record may not be deleted; "" where it may be."""
    if may.delete:
        return ""
    return edit_refusal(may) or tr("Your role may not delete this, or not any more.")


def kept_fields(entity: Entity, may: May) -> dict[str, str]:
    """The fields that may not be changed, each with the reason."""
    found = {x.name: field_refusal(may, x.name) for x in entity.editable}
    return {name: words for name, words in found.items() if words}


def refusal_of_new(connection: Connection, kind: str, values: Mapping[str, Value]) -> str:
    """Why a record with these values may not be made, and who may; "" where it may be."""
    rights = rights_here(connection)
    if rights.may_create(kind, values):
        return ""
    return creation_refusal(rights.who_creates(kind, values))


def kept_of_new(connection: Connection, kind: str) -> dict[str, str]:
    """The fields of a new record that this user may not fill in, each with the reason."""
    names = SUPERVISING.get(kind, frozenset())
    if not names and kind not in SWITCHED and kind not in MASKABLE:
        return {}
    rights = rights_here(connection)
    closed = dict.fromkeys(sorted(rights.closed(kind)), tr(_SWITCHED_OFF))
    closed |= dict.fromkeys(sorted(rights.withheld(kind)), withheld_words())
    if rights.reaches(kind, Action.APPROVE):
        return closed
    return closed | dict.fromkeys(sorted(names), tr(_BY_LEADS))


def creation_refusal(those: Those) -> str:
    """Why nothing new may be made here, and who may."""
    who = who_words(those)
    return tr("Only {who} may add this.", who=who) if who else tr("Your role may not add this.")
