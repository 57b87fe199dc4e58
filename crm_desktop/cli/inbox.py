"""conflicts, resolve: what two people decided differently, and the decision between them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from crm_core.catalog import CATALOG
from crm_core.errors import InvalidValue, NotFound
from crm_core.fields import Field, Kind, Value
from crm_core.i18n import tr_noop
from crm_core.ids import RecordId
from crm_core.merge import DELETED, Why
from crm_core.values import check
from crm_desktop.cli.desk import Desk, Json, table
from crm_desktop.cli.outcome import Exit, Usage
from crm_desktop.cli.reading import logins_of
from crm_desktop.i18n import tr
from crm_desktop.models import inbox
from crm_desktop.models.connection import Connection
from crm_desktop.models.history import own_history
from crm_desktop.models.inbox import ConflictRow


def conflicts(desk: Desk) -> Exit:
    """The open conflicts of all records that this user sees."""
    with desk.profile() as opened, opened.store.reader() as c:
        rows = inbox.conflicts(c)
        logins = logins_of(c, {parked.author for row in rows for parked in row.parked})
    desk.answer([_as_json(row, logins) for row in rows], _lines(rows, logins))
    return Exit.DONE


def _as_json(row: ConflictRow, logins: Mapping[str, str]) -> Json:
    return {
        "id": row.id,
        "kind": row.kind,
        "record": row.record,
        "title": row.title,
        "field": row.field,
        "why": row.why,
        "base": row.base,
        "current": row.current,
        "parked": [
            {
                "value": parked.value,
                "author": logins.get(parked.author, parked.author),
                "device": parked.device,
                "at": parked.at,
            }
            for parked in row.parked
        ],
        "state": row.state,
    }


def _lines(rows: Iterable[ConflictRow], logins: Mapping[str, str]) -> Iterator[str]:
    header = [tr("Conflict"), tr("Record"), tr("Field"), tr("Before"), tr("Current"), tr("Parked")]
    return table(
        header,
        [
            [
                row.id,
                row.title,
                row.field,
                _words(row.base),
                _words(row.current),
                "; ".join(
                    f"{logins.get(p.author, p.author)}: {_words(p.value)}" for p in row.parked
                ),
            ]
            for row in rows
        ],
    )


def _words(value: Value) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def resolve(desk: Desk) -> Exit:
    """Decide a conflict; its record and its state change in one step."""
    arguments = desk.arguments
    with desk.profile() as opened:
        me = opened.store.identity.user
        with opened.store.reader() as c:
            row = _named(c, arguments.id)
            if arguments.value is not None:
                value = _given(row, arguments.value)
            else:
                value = _taken(c, row, me, arguments.take or "")
        done = inbox.resolve(opened.store, row.id, value)
    changeset = done.changesets[-1] if done.changesets else ""
    said: Json = {"id": row.id, "kind": row.kind, "record": row.record, "changeset": changeset}
    desk.answer(said, [tr("Resolved: {value}", value=_words(value))])
    return Exit.DONE


def _named(c: Connection, text: str) -> ConflictRow:
    plain = text.strip().lower().replace("-", "")
    found = [row for row in inbox.conflicts(c) if plain and row.id.startswith(plain)]
    if len(found) != 1:
        raise NotFound(
            tr_noop("There is no open conflict {id} here; 'conflicts' lists them."), id=text[:60]
        )
    return found[0]


def _given(row: ConflictRow, text: str) -> Value:
    """The value of --value: any that the field can hold (a group: all its members)."""
    try:
        value: Value = json.loads(text)
    except ValueError as error:
        raise Usage(
            tr_noop("--value is JSON: text stands in quotation marks, none is null ({detail})."),
            detail=str(error),
        ) from error
    members = CATALOG[row.kind].groups.get(row.field)
    if row.field == DELETED or members is not None:
        _check_each(row, value, members or ())
    else:
        check(_field(row), value)
    return value


def _check_each(row: ConflictRow, value: Value, members: tuple[str, ...]) -> None:
    if row.field == DELETED and isinstance(value, bool):
        return
    fields = CATALOG[row.kind].by_name
    if not isinstance(value, dict) or any(name not in (members or fields) for name in value):
        raise InvalidValue(
            row.field,
            tr_noop("'{field}' is decided as a whole: give {members}."),
            field=row.field, members=", ".join(members) or "true, false",
        )  # fmt: skip
    for name, member in value.items():
        check(fields[name], member)


def _field(row: ConflictRow) -> Field:
    return CATALOG[row.kind].by_name[row.field]


def _taken(c: Connection, row: ConflictRow, me: RecordId, take: str) -> Value:
    """The value that a word of --take means for this user (cli.md)."""
    mine = next((parked.value for parked in row.parked if parked.author == me), None)
    is_parked = any(parked.author == me for parked in row.parked)
    if take == "base":
        return row.base
    if take == "both":
        return _both(row)
    if take == "mine":
        if is_parked:
            return mine
        if row.why == Why.HANDOVER:  # what stands is the side of whoever has the record
            return row.current
        shown = inbox.shown_here(c, row)
        return shown if _wrote(c, row, shown) else _the_parked_one(c, row)
    if take == "theirs":
        return row.current if is_parked else _the_parked_one(c, row)
    return _of_author(c, row, take)


def _wrote(c: Connection, row: ConflictRow, shown: Value) -> bool:
    """Whether the value shown here is one that this user wrote: his own journal knows."""
    members = shown if isinstance(shown, dict) else {row.field: shown}
    return any(
        entry.field in members and entry.new == members[entry.field]
        for entry in own_history(c, row.kind, row.record)
    )


def _the_parked_one(c: Connection, row: ConflictRow) -> Value:
    if len(row.parked) != 1:
        raise Usage(
            tr_noop("Several values are parked; take one by its author: {authors}."),
            authors=", ".join(_authors(c, row)),
        )
    return row.parked[0].value


def _of_author(c: Connection, row: ConflictRow, author: str) -> Value:
    logins = logins_of(c, {parked.author for parked in row.parked})
    for parked in row.parked:
        names = {parked.author, logins.get(parked.author, "").casefold()}
        if author in names or author.casefold() in names:
            return parked.value
    raise Usage(
        tr_noop("'{author}' has no parked value here; these have: {authors}."),
        author=author[:60],
        authors=", ".join(_authors(c, row)),
    )


def _authors(c: Connection, row: ConflictRow) -> list[str]:
    logins = logins_of(c, {parked.author for parked in row.parked})
    return sorted(logins.get(parked.author, parked.author) for parked in row.parked)


def _both(row: ConflictRow) -> Value:
    """Notes one after the other: the one that stands, then the parked ones."""
    field = CATALOG[row.kind].by_name.get(row.field)
    if field is None or field.kind is not Kind.NOTE:
        raise Usage(tr_noop("Only notes can be kept both; take one of the values."))
    texts = [row.current, *(parked.value for parked in row.parked)]
    kept = dict.fromkeys(text.strip("\n") for text in texts if isinstance(text, str) and text)
    return "\n".join(kept)
