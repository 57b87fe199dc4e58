"""How a device and its user stand with the server: what was given out, and the keys held so far."""

from __future__ import annotations

import json

from crm_core.ids import RecordId
from crm_server.store import Answer, Tx

GenerationRow = tuple[int, int, str, frozenset[str]]


def ask_standing(tx: Tx, user: RecordId, device: str) -> tuple[Answer, Answer]:
    """Ask for what `device_of` and `generations_of` read."""
    return (
        tx.ask(
            "SELECT d.delivered,d.pulled,x.cursor,x.at FROM device d"
            " LEFT JOIN reached x ON x.device = d.id WHERE d.id=?",
            (device,),
        ),
        tx.ask("SELECT gen,seq,at,keys FROM user_scope WHERE user_id=? ORDER BY gen", (user,)),
    )


def device_of(answer: Answer) -> tuple[int, int, int | None, str | None]:
    """The highest seq given out, that of the last pull, how far the device said that it has come,
    and when that was noted."""
    for delivered, pulled, reached, at in answer():
        return delivered, pulled, reached, at
    return 0, 0, None, None


def generations_of(answer: Answer) -> list[GenerationRow]:
    """(gen, seq, at, keys), oldest first."""
    return [(gen, seq, at, frozenset(json.loads(keys))) for gen, seq, at, keys in answer()]
