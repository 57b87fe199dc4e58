"""A record found by the conditions of `report`, and printed as a form."""

from __future__ import annotations

from collections.abc import Sequence

from crm_core.catalog import entity_of
from crm_core.errors import NotFound, UserProblem
from crm_core.i18n import tr_noop
from crm_desktop.cli.desk import Desk
from crm_desktop.cli.outcome import Usage
from crm_desktop.cli.reading import conditions
from crm_desktop.cli.report_forms import Form, Press
from crm_desktop.models import cards, labels, queries
from crm_desktop.models.connection import Connection
from crm_desktop.models.queries import Row
from crm_desktop.writing import write_atomically

NAMED_MAX = 3
"""Records that are named where several are meant: enough to see how they differ."""

_BY_ID = "id="


def print_form(desk: Desk, form: Form, press: Press) -> tuple[Row, str]:
    """Print the one record that is meant; the record and its title.

    Raises Usage, UserProblem, NotFound (none or several are meant) and Unavailable (disk).
    """
    _check(desk, form)
    with desk.profile() as opened, opened.store.reader() as c:
        row = _the_one(desk, c, form.kind, desk.arguments.where)
        today = opened.store.clock().astimezone().date()
        card = cards.account_card(c, row.id, today)
        title = labels.title(c, form.kind, row.id)
    assert card is not None  # it was found a line above, in the same snapshot
    write_atomically(desk.arguments.out, press(card))
    return row, title


def _check(desk: Desk, form: Form) -> None:
    """Raise UserProblem for an ending that the form does not have, Usage where none is named."""
    name, out, where = desk.arguments.name, desk.arguments.out, desk.arguments.where
    if out.suffix.lower() not in form.endings:
        raise UserProblem(
            tr_noop("'{name}' is printed on paper: name a file that ends in {endings}."),
            name=name, endings=", ".join(form.endings),
        )  # fmt: skip
    by_id = any(text.startswith(_BY_ID) for text in where)
    if not where or (by_id and len(where) > 1):
        raise Usage(
            tr_noop("'{name}' is of one record: say which by --where id=…, or by its fields."),
            name=name,
        )


def _the_one(desk: Desk, c: Connection, kind: str, where: Sequence[str]) -> Row:
    """The one record that meets every condition; raises NotFound where there is not one."""
    desk.arguments.kind = kind
    if where[0].startswith(_BY_ID):
        desk.arguments.id = where[0].removeprefix(_BY_ID)
        row = desk.record(c)
        if row.deleted:
            raise NotFound(
                tr_noop("This record is deleted; 'restore' brings it back. ({id})"), id=row.id
            )
        return row
    found = queries.page(c, kind, where=conditions(c, entity_of(kind), where), limit=NAMED_MAX + 1)
    if len(found.rows) == 1:
        return found.rows[0]
    said = " ".join(where)[:80]
    if not found.rows:
        raise NotFound(
            tr_noop("No {kind} with {where} is here, or you may not see it."),
            kind=kind, where=said,
        )  # fmt: skip
    named = [f"{row.id} ({labels.title(c, kind, row.id)})" for row in found.rows[:NAMED_MAX]]
    raise NotFound(
        tr_noop("Several {kind} records are {where}; name one by --where id=…: {known}."),
        kind=kind, where=said,
        known=", ".join([*named, "…"] if len(found.rows) > NAMED_MAX else named),
    )  # fmt: skip
