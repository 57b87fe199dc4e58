"""What waited until its record was merged may stand where its author saw what stood before."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from typing import Any

import pytest
from msgspec import json

from crm_core.changes import Change, ChangeSet, Op
from crm_core.ids import ChangeSetId, RecordId
from crm_core.merge import DELETED
from crm_core.merging import MERGED_INTO
from tests.simulator.company import ACCOUNTS, ANN, LEA
from tests.simulator.disputes import Disputes
from tests.simulator.history import History
from tests.simulator.ledger import Ledger, Said
from tests.simulator.violation import Violation

WINNER, LOSER, QUESTION = ACCOUNTS[0], ACCOUNTS[1], RecordId("c" * 32)
TYPED, MERGED = ChangeSetId("a" * 32), ChangeSetId("b" * 32)
TAKEN = {"name": "Twin", "description": "First.\nSecond.\n"}
LATE = {"name": "Ann's", "description": "First.\n"}


def look_at_the_merge(name: str, saw: str, answered: int) -> None:
    """Lea took what stood in the loser, behind which waited what Ann had typed over what she
    `saw`; the question beside which it waited was `answered` before (2) or by the merge (4)."""
    typed = Change("account", LOSER, Op.SET, {name: LATE[name]}, {name: saw})
    merging = Change("account", LOSER, Op.MERGE, {MERGED_INTO: WINNER})
    ledger = Ledger()
    ledger.write(Said(ChangeSet(TYPED, (typed,)), "ann-1", ANN.id, 1, {}))
    ledger.write(Said(ChangeSet(MERGED, (merging,)), "lea-1", LEA.id, 2, {}))
    parked = [{"value": {name: LATE[name]}, "author": ANN.id, "cs_id": TYPED}]
    asked = {"record": f"account/{LOSER}", "field": DELETED, "parked": parked, "state": "open"}
    closed = ("conflict", QUESTION, MERGED, {"state": ["open", "resolved"]})
    rows: dict[int, tuple[str, RecordId, str, Mapping[str, Any]]] = {
        1: ("conflict", QUESTION, TYPED, {key: [None, value] for key, value in asked.items()}),
        3: ("account", LOSER, MERGED, {MERGED_INTO: [None, WINNER], DELETED: [False, True]}),
        answered: closed,
        5: ("account", WINNER, MERGED, {name: ["", TAKEN[name]]}),
        6: ("account", WINNER, MERGED, {name: [TAKEN[name], LATE[name]]}),
    }
    with closing(sqlite3.connect(":memory:")) as server:
        server.execute("CREATE TABLE record(kind, id, body)")
        server.execute("CREATE TABLE clock(epoch, restored)")
        server.execute("INSERT INTO clock VALUES ('1', '[]')")
        server.execute("CREATE TABLE history(seq, id, kind, cs_id, patch)")
        server.executemany(
            "INSERT INTO history VALUES (?, ?, ?, ?, ?)",
            [(seq, x[1], x[0], x[2], json.encode(x[3]).decode()) for seq, x in rows.items()],
        )
        History(ledger, Disputes(ledger)).look(server)


@pytest.mark.parametrize("name", TAKEN)
def test_what_waited_stands_where_its_author_saw_what_the_merger_took(name: str) -> None:
    look_at_the_merge(name, TAKEN[name], 4)


@pytest.mark.parametrize("name", TAKEN)
@pytest.mark.parametrize(("saw", "answered"), [("Another.\n", 4), ("", 2)])
def test_it_overwrites_nothing_that_its_author_had_not_seen_and_comes_from_no_closed_question(
    name: str, saw: str, answered: int
) -> None:
    with pytest.raises(Violation, match="invariant 2"):
        look_at_the_merge(name, saw or TAKEN[name], answered)
