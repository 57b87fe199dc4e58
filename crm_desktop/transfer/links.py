"""Links as people write them: an id, or the words by which the record is known if only one is."""

from __future__ import annotations

import re

from crm_core.errors import InvalidValue
from crm_core.fields import Field, Kind, Value
from crm_core.i18n import tr_noop
from crm_core.ids import RecordId, is_id
from crm_core.scope import any_link
from crm_desktop.models import labels, queries
from crm_desktop.models.connection import Connection


def read_link(c: Connection, field: Field, text: str) -> Value:
    """The canonical value of a link or links field; raises InvalidValue with the way out."""
    plain = text.strip()
    target = field.link.target if field.link is not None else ""
    if field.kind is Kind.LINKS:
        parts = [part.strip() for part in re.split(r"[,;，；、]", plain) if part.strip()]
        return [*sorted({str(one_record(c, field, target, part)) for part in parts})]
    if not plain:
        return None
    if target:
        return one_record(c, field, target, plain)
    kind, slash, words = plain.partition("/")
    if not slash:
        raise field.problem(tr_noop("'{text}' is not a link, such as visit/ID."), plain)
    return any_link(kind, one_record(c, field, kind, words.strip()))


def one_record(c: Connection, field: Field, kind: str, words: str) -> RecordId:
    """The one record of a kind that the words name; raises InvalidValue for none or several."""
    record_id = words.lower().replace("-", "")
    if is_id(record_id):
        row = queries.record(c, kind, RecordId(record_id))
        found = [row.id] if row is not None and not row.deleted else []
    else:
        found = labels.find_by_label(c, kind, words)
    if len(found) == 1:
        return found[0]
    if found:
        raise InvalidValue(
            field.name,
            tr_noop("'{field}': several records are called '{text}'; name one by its id."),
            field=field.label, text=words[:60],
        )  # fmt: skip
    raise InvalidValue(
        field.name,
        tr_noop("'{field}': there is no {kind} '{text}' here."),
        field=field.label, kind=kind, text=words[:60],
    )  # fmt: skip
