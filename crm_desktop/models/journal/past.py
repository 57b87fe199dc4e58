"""What a person decided about refused work is kept for ever: the step as it was refused, with the
reason, beside what became of it. It lies in the journal as a discarded step and is never sent."""

from __future__ import annotations

from crm_core.fields import values_in
from crm_core.ids import RecordId
from crm_desktop.models.connection import Connection
from crm_desktop.models.journal.rebase import WHOLE, refusals_in
from crm_desktop.models.meta import set_meta
from crm_desktop.models.sql import blob, to_json
from crm_desktop.models.store import Store

META_PAST = "past:"
"""Before the id of a kept step in `meta`; the value says what was decided."""

RESENT, GIVEN_UP = "resent", "given up"


_STEP = (
    "batch, batch_n, label, at, author, device, schema, scope_gen, atomic, ack_seq, bytes,"
    " undoes, verdict, seen"
)
_OP = "i, kind, id, op, new, old, local, base_seq, after, parked, refused"


def keep_past(c: Connection, store: Store, n: int, *, was_resent: bool = False) -> int:
    """Keep what of changeset `n` was refused, before it is decided; the kept step's number."""
    kept = store.new_id()
    number = copy_refused(c, n, kept, store.now())
    set_meta(c, f"{META_PAST}{kept}", RESENT if was_resent else GIVEN_UP)
    return number


def copy_refused(c: Connection, n: int, copy: RecordId, at: str) -> int:
    """What of changeset `n` was refused, as a step of its own; its number."""
    c.run(
        f"INSERT INTO changeset (id, state, confirmed_at, {_STEP})"
        f" SELECT ?, 'discarded', ?, {_STEP} FROM changeset WHERE n = ?",
        (blob(copy), at, n),
    )
    number = int(c.value("SELECT last_insert_rowid()"))
    state = c.value("SELECT state FROM changeset WHERE n = ?", (n,))
    only = " AND refused IS NOT NULL" if state in ("acked", "confirmed") else ""
    c.run(f"INSERT INTO op (cs, {_OP}) SELECT ?, {_OP} FROM op WHERE cs = ?{only}", (number, n))
    if only:
        _leave_out_what_was_taken(c, number)
    c.run("UPDATE changeset SET undoes = NULL, batch = NULL WHERE n = ?", (number,))
    return number


def _leave_out_what_was_taken(c: Connection, n: int) -> None:
    for rid, new, old, refused in c.rows(
        "SELECT rid, new, old, refused FROM op WHERE cs = ?", (n,)
    ):
        names = refusals_in(refused)
        if WHOLE not in names:
            kept = [
                to_json({name: value for name, value in values_in(values).items()
                         if name in names})
                for values in (new, old)
            ]  # fmt: skip
            c.run("UPDATE op SET new = ?, old = ? WHERE rid = ?", (*kept, rid))


def forget_past(c: Connection, n: int) -> None:
    """The decision was taken back: nothing of it is kept."""
    kept = c.value("SELECT id FROM changeset WHERE n = ?", (n,))
    if kept is not None:
        c.run("DELETE FROM meta WHERE name = ?", (f"{META_PAST}{kept.hex()}",))
    c.run("DELETE FROM op WHERE cs = ?", (n,))
    c.run("DELETE FROM changeset WHERE n = ? AND state = 'discarded'", (n,))
