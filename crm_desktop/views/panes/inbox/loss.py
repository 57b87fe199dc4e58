"""What goes when a step is discarded, in words: all its records and fields."""

from __future__ import annotations

from collections.abc import Iterator

from crm_core.catalog import CATALOG
from crm_core.changes import Op
from crm_desktop.i18n import tr, tr_n
from crm_desktop.models.inbox_facts import Loss, Part
from crm_desktop.views.panes.inbox.entries import kind_words

RECORDS_NAMED = 6
"""Records that are named one by one; a step may hold 200."""


def loss_words(loss: Loss) -> Iterator[str]:
    """Lines: what discarding takes back, what then waits, and that there is no other copy."""
    by_record: dict[tuple[str, str], list[Part]] = {}
    for part in loss.parts:
        by_record.setdefault((part.kind, part.record), []).append(part)
    many = len(by_record)
    yield tr_n("Discarding takes this back:", "Discarding takes this back, in {n} records:", many)
    for parts in [*by_record.values()][:RECORDS_NAMED]:
        yield "• " + _of_record(parts)
    if many > RECORDS_NAMED:
        rest = many - RECORDS_NAMED
        yield "• " + tr_n("{n} further record", "{n} further records", rest)
    if loss.above:
        yield tr_n(
            "{n} step that builds on it then waits for a decision of its own.",
            "{n} steps that build on it then wait for decisions of their own.",
            loss.above,
        )
    yield tr("This is the only copy. Discard it?")


def _of_record(parts: list[Part]) -> str:
    kind, title = kind_words(parts[0].kind), parts[0].title
    name = tr("{kind} {title}", kind=kind, title=title) if title else kind
    return tr("{record}: {fields}", record=name, fields=tr(", ").join(_what(parts)))


def _what(parts: list[Part]) -> Iterator[str]:
    whole = {
        Op.INSERT: tr("the new record"),
        Op.DELETE: tr("the deletion"),
        Op.RESTORE: tr("the restoring"),
        Op.MERGE: tr("the merge"),
    }
    entity = CATALOG.get(parts[0].kind)
    names: dict[str, None] = {}
    for part in parts:
        if part.op in whole:
            yield whole[part.op]
        else:
            names.update(dict.fromkeys(part.new))
    for name in names:
        yield tr(entity.by_name[name].label) if entity and name in entity.by_name else name
