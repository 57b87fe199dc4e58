"""Many rows at a time: what is written together is what would be written one by one."""

from __future__ import annotations

import msgspec
import pytest

from crm_core.fields import Value
from crm_server.rows import row_of
from crm_server.store import ROWS_AT_ONCE, ServerStore
from crm_server.work import _UPSERT_RECORD

COUNTS = (1, ROWS_AT_ONCE - 1, ROWS_AT_ONCE, 2 * ROWS_AT_ONCE + 3)
YEAR = 2026
SET_NUMBER = (
    "INSERT INTO number(kind,year,last) VALUES (?,?,?)"
    " ON CONFLICT(kind,year) DO UPDATE SET last=excluded.last"
)
NUMBERS = "SELECT kind,last FROM number ORDER BY kind"


@pytest.mark.parametrize("count", COUNTS)
def test_so_many_rows_are_written_and_then_others_in_their_place(
    store: ServerStore, count: int
) -> None:
    for last in (1, 2):
        with store.write() as (tx, _):
            tx.many(SET_NUMBER, [(f"{n:03}", YEAR, last * n) for n in range(count)])
    with store.read() as tx:
        assert tx.rows(NUMBERS) == [(f"{n:03}", 2 * n) for n in range(count)]


def test_rows_that_go_are_found_one_by_one(store: ServerStore) -> None:
    with store.write() as (tx, _):
        tx.many(SET_NUMBER, [(f"{n:03}", YEAR, n) for n in range(COUNTS[-1])])
        gone = [(f"{n:03}", YEAR) for n in range(COUNTS[-1] - 1)]
        tx.many("DELETE FROM number WHERE kind=? AND year=?", gone)
        assert [last for _, last in tx.rows(NUMBERS)] == [COUNTS[-1] - 1]


@pytest.mark.parametrize("count", COUNTS)
def test_a_body_comes_out_as_it_went_in_and_is_text_to_the_store(
    store: ServerStore, count: int
) -> None:
    body: dict[str, Value] = {"name": "北京 'Köne' \"quoted\" \\", "tags": ["重点"], "sha256": "f0"}
    raw = msgspec.Raw(msgspec.json.encode(body))
    rows = [
        (f"{n:032x}", "attachment", n + 1, raw, "{}", False, 0, "a", "d", "c") for n in range(count)
    ]
    with store.write() as (tx, _):
        tx.many(_UPSERT_RECORD, rows)
    with store.read() as tx:
        found = tx.rows(
            "SELECT kind,id,seq,body::varchar,fv,deleted,actor,device,cs_id FROM record"
            " WHERE (body ->> 'sha256') = ?",
            ("f0",),
        )
        texts = tx.rows("SELECT body::text FROM record")
    assert [row_of(one).values for one in found] == [body] * count
    assert {type(text) for (text,) in texts} == {str}
