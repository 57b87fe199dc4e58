"""What somebody else decided about one's own value, in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crm_core.catalog import CATALOG
from crm_core.merge import DELETED
from crm_desktop.i18n import tr

if TYPE_CHECKING:
    from crm_desktop.models.decided import Decision


def decided_words(decision: Decision) -> str:
    """Who decided, about which field of which record, and whether for this user's value."""
    row = decision.conflict
    who = decision.by or tr("Somebody else")
    field = field_words(row.kind, row.field)
    if decision.taken:
        return tr("{who} took your value: {title} · {field}", who=who, title=row.title, field=field)
    return tr(
        "{who} decided for another value than yours: {title} · {field}",
        who=who, title=row.title, field=field,
    )  # fmt: skip


def field_words(kind: str, name: str) -> str:
    """The label of a field, or of what is decided together."""
    if name == DELETED:
        return tr("Keep or delete")
    entity = CATALOG.get(kind)
    if entity is None:
        return name
    members = entity.groups.get(name, (name,))
    known = [entity.by_name[x] for x in members if x in entity.by_name]
    return " · ".join(tr(x.label) for x in known) or name
