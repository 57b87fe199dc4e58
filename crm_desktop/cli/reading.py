"""kinds, list, show, history: looking, without changing anything."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from crm_core.catalog import CATALOG, field_of
from crm_core.entity import Entity
from crm_core.errors import Refused, SignedOut, Unavailable
from crm_core.fields import Field, Kind, Value
from crm_core.i18n import tr_noop
from crm_core.values import parse
from crm_core.values import show as show_value
from crm_core.wire import HistoryEntry
from crm_desktop.cli.desk import Desk, Json, table
from crm_desktop.cli.outcome import Exit, Usage
from crm_desktop.i18n import tr
from crm_desktop.models import queries, search
from crm_desktop.models.connection import Connection
from crm_desktop.models.history import own_history
from crm_desktop.models.queries import Page, Row, Where
from crm_desktop.models.store import Store
from crm_desktop.transfer.columns import ID, LABEL_SUFFIX
from crm_desktop.transfer.exporting import Flat, flat
from crm_desktop.transfer.links import read_link

LIST_COLUMNS = 6
_SPARED = frozenset((Kind.NOTE, Kind.JSON, Kind.TAGS, Kind.LINKS, Kind.PLACE, Kind.ORDER))
"""Kinds that would not fit into a column of a terminal."""

DELETED = "deleted"
SEQ = "seq"


def kinds(desk: Desk) -> Exit:
    """The catalog."""
    desk.answer([_kind_json(entity) for entity in CATALOG.values()], _kind_lines())
    return Exit.DONE


def _kind_json(entity: Entity) -> Json:
    return {
        "kind": entity.kind,
        "label": tr(entity.label),
        "plural": tr(entity.plural),
        "read_only": entity.read_only,
        "insert_only": entity.insert_only,
        "fields": [_field_json(field) for field in entity.fields],
    }


def _field_json(field: Field) -> Json:
    return {
        "field": field.name,
        "label": tr(field.label),
        "kind": field.kind.value,
        "policy": field.policy.value,
        "required": field.required,
        "personal": field.personal,
        "group": field.group or None,
        "unique": field.unique.value if field.unique is not None else None,
        "server": field.authority.value if field.authority is not None else None,
        "target": field.link.target or "*" if field.link is not None else None,
        "choices": [{"code": x.code, "label": tr(x.label)} for x in field.choices],
    }


def _kind_lines() -> Iterable[str]:
    for entity in CATALOG.values():
        yield f"{entity.kind} — {tr(entity.label)}"
        for line in table(
            [tr("Field"), tr("Label"), tr("Kind"), tr("Merged by")],
            [[x.name, tr(x.label), x.kind.value, x.policy.value] for x in entity.fields],
        ):
            yield f"  {line}"


def list_(desk: Desk) -> Exit:
    """Records of a kind, those that match, in the order asked for."""
    entity = desk.entity
    with desk.profile() as opened:
        page, records = _page(opened.store, desk)
    desk.answer(records, _list_lines(entity, records))
    if page.more:
        desk.remark(tr("There are more; --limit shows them."))
    return Exit.DONE


def _page(store: Store, desk: Desk) -> tuple[Page, list[Flat]]:
    arguments, entity = desk.arguments, desk.entity
    if arguments.search:
        # What a synchronisation brought is indexed when somebody looks for it.
        search.build(store)
    with store.reader() as c:
        page = queries.page(
            c,
            entity.kind,
            where=conditions(c, entity, arguments.where),
            search=arguments.search,
            sort=arguments.sort or None,
            descending=arguments.descending,
            limit=arguments.limit,
        )
        return page, described(c, entity, page.rows)


def conditions(c: Connection, entity: Entity, texts: Sequence[str]) -> list[Where]:
    """FIELD=VALUE as the store takes it; raises Usage and InvalidValue."""
    found: list[Where] = []
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise Usage(tr_noop("'{text}' is not of the form FIELD=VALUE."), text=text[:60])
        field = field_of(entity, name.strip())
        found.append(_condition(field, read_value(c, field, value)))
    return found


def _condition(field: Field, value: Value) -> Where:
    """A field's value, or for a set a member of it; nothing after the sign means: is empty."""
    if value in (None, []):
        return Where(field.name, "empty")
    if isinstance(value, list):
        return Where(field.name, "contains", value[0])
    return Where(field.name, "=", value)


def read_value(c: Connection, field: Field, text: str) -> Value:
    """The canonical value of what was typed; links by id or unique label."""
    return parse(field, text) if field.link is None else read_link(c, field, text)


def described(c: Connection, entity: Entity, rows: Sequence[Row]) -> list[Flat]:
    """Records as flat objects, with the version that this device holds."""
    versions: list[Flat] = [{SEQ: row.seq, DELETED: row.deleted} for row in rows]
    return [
        record | version for record, version in zip(flat(c, entity, rows), versions, strict=True)
    ]


def _list_lines(entity: Entity, records: Sequence[Flat]) -> Iterable[str]:
    fields = _columns(entity)
    header = [ID, *(tr(field.label) for field in fields)]
    return table(header, [[str(x[ID]), *(_words(f, x) for f in fields)] for x in records])


def _columns(entity: Entity) -> list[Field]:
    """The fields worth a column: those of the title, then the first that fit."""
    titles = [entity.by_name[name] for name in entity.title]
    others = [x for x in entity.editable or entity.fields if x.kind not in _SPARED]
    return list(dict.fromkeys((*titles, *others)))[:LIST_COLUMNS]


def _words(field: Field, record: Flat) -> str:
    if field.link is not None:
        label = record.get(f"{field.name}{LABEL_SUFFIX}")
        return ", ".join(map(str, label)) if isinstance(label, list) else str(label or "")
    value = record.get(field.name)
    for choice in field.choices:
        if choice.code == value:
            return tr(choice.label)
    return show_value(field, value)


def show(desk: Desk) -> Exit:
    """One record, a deleted one included."""
    entity = desk.entity
    with desk.profile() as opened, opened.store.reader() as c:
        row = desk.record(c)
        (record,) = described(c, entity, [row])
    lines = [[tr(field.label), _words(field, record)] for field in entity.fields]
    state = [tr("Deleted")] if row.deleted else []
    desk.answer(record, [*state, *table([ID, row.id], [x for x in lines if x[1]])])
    return Exit.DONE


def history(desk: Desk) -> Exit:
    """Everybody's changes from the server and one's own unsent ones, the oldest first."""
    entity = desk.entity
    with desk.profile() as opened:
        with opened.store.reader() as c:
            row = desk.record(c)
            own = own_history(c, entity.kind, row.id)
        try:
            known = opened.session.history(entity.kind, row.id)
        except (Unavailable, SignedOut):
            desk.remark(tr("The server is not reached: these are the changes of this device."))
            entries = sorted(own, key=_place)
        except Refused:
            # A record that was never sent is nothing that the server could know.
            entries = sorted(own, key=_place)
        else:
            sent = {entry.cs_id for entry in known}
            unsent = (entry for entry in own if not entry.seq and entry.cs_id not in sent)
            entries = sorted((*known, *unsent), key=_place)
        with opened.store.reader() as c:
            logins = logins_of(c, {entry.by for entry in entries})
    made: list[dict[str, Json]] = [
        {
            "at": entry.at,
            "by": logins.get(entry.by, entry.by),
            "device": entry.device,
            "field": entry.field,
            "old": entry.old,
            "new": entry.new,
            "seq": entry.seq,
        }
        for entry in entries
    ]
    header = [tr("When"), tr("Who"), tr("Field"), tr("Before"), tr("After")]
    names = ("at", "by", "field", "old", "new")
    desk.answer(made, table(header, [[_plain(x[name]) for name in names] for x in made]))
    return Exit.DONE


def _place(entry: HistoryEntry) -> tuple[bool, int, str]:
    """The server's order; what it has not seen comes last."""
    return entry.seq == 0, entry.seq, entry.at


def _plain(value: Json) -> str:
    if isinstance(value, (list, tuple)):
        return ", ".join(map(_plain, value))
    return "" if value is None else str(value)


def logins_of(c: Connection, users: Iterable[str]) -> dict[str, str]:
    """The logins of users, who are everybody's to see."""
    from crm_core.ids import RecordId

    rows = (queries.record(c, "user", RecordId(user)) for user in users if user)
    return {row.id: str(row.values.get("login") or row.id) for row in rows if row is not None}
