"""What was called applied stood at its place: then, or before anybody had written there."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from types import SimpleNamespace
from typing import Any, cast

import pytest

from crm_core.changes import Change, ChangeSet, Op
from crm_core.ids import ChangeSetId
from tests.simulator.company import ACCOUNTS, ANN
from tests.simulator.disputes import Disputes
from tests.simulator.history import Entry, History
from tests.simulator.ledger import Ledger, Said
from tests.simulator.typed import Typed
from tests.simulator.violation import Violation

AT_FIRST = {"description": "First.\nSecond.\n", "industry": "steel"}
LATER = {"description": "Another.\n", "industry": "textiles"}
MINE, THEIRS = ChangeSetId("a" * 32), ChangeSetId("b" * 32)
JUDGED = 20


def look_at_what_was_set_back(name: str, written: int) -> None:
    """What was there `AT_FIRST` is set back and called applied; another wrote over it at a seq."""
    back = Change("account", ACCOUNTS[0], Op.SET, {name: AT_FIRST[name]}, {name: None})
    ledger = Ledger()
    ledger.write(Said(ChangeSet(MINE, (back,)), "ann-1", ANN.id, 1, {}))
    history = History(ledger, Disputes(ledger))
    history.entries["account", ACCOUNTS[0], name] = [
        Entry(written, THEIRS, AT_FIRST[name], LATER[name])
    ]
    laptop = SimpleNamespace(
        name="ann-1", states=lambda: {MINE: "confirmed"}, state=SimpleNamespace(epoch=history.epoch)
    )
    with closing(sqlite3.connect(":memory:")) as server:
        server.execute("CREATE TABLE applied(cs_id, seq, result)")
        server.execute("INSERT INTO applied VALUES (?, ?, '{}')", (MINE, JUDGED))
        Typed(ledger, history, history.disputes).look_at_edits(cast("Any", laptop), server)


@pytest.mark.parametrize("name", AT_FIRST)
def test_what_is_set_back_to_what_still_stood_is_there_without_being_written(name: str) -> None:
    look_at_what_was_set_back(name, JUDGED + 1)


def test_a_note_that_is_set_back_after_another_wrote_there_has_to_be_written() -> None:
    with pytest.raises(Violation, match="was applied, then nowhere"):
        look_at_what_was_set_back("description", JUDGED - 1)
