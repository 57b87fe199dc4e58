"""Who ends a record has seen what was shown to him, and a question loses nothing that was said."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from typing import Any

import pytest
from msgspec import json

from crm_core.changes import Change, ChangeSet, Op
from crm_core.ids import ChangeSetId, RecordId
from tests.simulator.company import ACCOUNTS, ANN, BOB
from tests.simulator.disputes import Disputes
from tests.simulator.history import History
from tests.simulator.ledger import Ledger, Said
from tests.simulator.violation import Violation

LOSER, WINNER = ACCOUNTS[:2]
QUESTION = RecordId("c" * 32)


class Server:
    """A server that wrote what it is told, and the ledger beside it."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.disputes = Disputes(self.ledger)
        self.history = History(self.ledger, self.disputes)
        self.wrote: list[tuple[int, str, str, str, bytes]] = []

    def says(self, who: str, *changes: Change, order: int = 1, **seen: int) -> ChangeSetId:
        """A step of somebody, who had seen versions of the loser as a whole ("whole"), and of some
        fields."""
        cs_id = ChangeSetId(f"{len(self.ledger.said) + 1:032x}")
        places = {("account", LOSER, "" if x == "whole" else x): seq for x, seq in seen.items()}
        user = ANN.id if who.startswith("ann") else BOB.id
        self.ledger.write(Said(ChangeSet(cs_id, changes), who, user, order, places))
        return cs_id

    def writes(self, cs_id: ChangeSetId, kind: str, record_id: RecordId, **patch: Any) -> None:
        told = json.encode(patch)
        self.wrote.append((len(self.wrote) + 1, record_id, kind, cs_id, told))

    def look(self) -> None:
        with closing(sqlite3.connect(":memory:")) as tables:
            tables.execute("CREATE TABLE clock(epoch, restored)")
            tables.execute("INSERT INTO clock VALUES ('', '[]')")
            tables.execute("CREATE TABLE history(seq, id, kind, cs_id, patch)")
            tables.executemany("INSERT INTO history VALUES (?, ?, ?, ?, ?)", self.wrote)
            tables.execute("CREATE TABLE record(kind, id, body)")
            self.history.look(tables)


def setting(old: str | None, new: str) -> Change:
    return Change("account", LOSER, Op.SET, {"phone": new}, {"phone": old})


def merging(loser: RecordId = LOSER) -> Change:
    return Change("account", loser, Op.MERGE, {"merged_into": WINNER})


@pytest.mark.parametrize(("theirs", "is_seen"), [("9", False), ("2", True), ("1", True)])
def test_who_deletes_a_record_has_not_seen_what_his_own_value_covers(
    theirs: str, is_seen: bool
) -> None:
    """He typed 2 over 1, and has their version 1 of the row below it."""
    server = Server()
    server.says("ann-1", setting("1", "2"), phone=0)
    edit = server.says("bob-1", setting("1", theirs), phone=0)
    gone = Change("account", LOSER, Op.DELETE)
    deletion = server.says("ann-1", gone, order=2, whole=1, phone=0)
    server.writes(edit, "account", LOSER, phone=("1", theirs))
    server.writes(deletion, "account", LOSER, deleted=(False, True))
    if is_seen:
        server.look()
    else:
        with pytest.raises(Violation, match="deleted over an unseen phone='9'"):
            server.look()


def entry(cs_id: ChangeSetId, value: Any) -> Mapping[str, Any]:
    return {"value": value, "author": ANN.id, "cs_id": cs_id}


def ask(
    server: Server, cs_id: ChangeSetId, field: str, *parked: Mapping[str, Any],
    before: Sequence[Mapping[str, Any]] | None = None,
) -> None:  # fmt: skip
    made: dict[str, Any] = {"parked": (before, parked)}
    if before is None:
        made |= {"record": (None, f"account/{LOSER}"), "field": (None, field)}
        made["state"] = (None, "open")
    server.writes(cs_id, "conflict", QUESTION, **made)


def test_what_was_typed_earlier_and_comes_later_takes_no_place_of_what_was_typed_since() -> None:
    server = Server()
    earlier = server.says("ann-1", setting(None, "1"), phone=0)
    later = server.says("ann-1", setting(None, "2"), order=2, phone=0)
    ask(server, later, "phone", entry(later, "2"))
    ask(server, earlier, "phone", entry(earlier, "1"), before=[entry(later, "2")])
    with pytest.raises(Violation, match="'2' went from conflict"):
        server.look()


def test_an_entry_that_was_there_before_takes_no_place_of_another() -> None:
    server = Server()
    first = server.says("ann-1", setting(None, "1"), phone=0)
    second = server.says("ann-2", setting(None, "2"), phone=0)
    both = [entry(first, "1"), entry(second, "2")]
    ask(server, first, "phone", *both)
    ask(server, second, "phone", both[1], before=both)
    with pytest.raises(Violation, match="'1' went from conflict"):
        server.look()


def test_edits_of_a_deleted_record_add_up() -> None:
    server = Server()
    first = server.says("ann-1", setting(None, "1"), phone=0)
    named = Change("account", LOSER, Op.SET, {"name": "A"}, {"name": "B"})
    second = server.says("ann-1", named, order=2, name=0)
    before = entry(first, {"phone": "1"})
    ask(server, first, "deleted", before)
    ask(server, second, "deleted", entry(second, {"name": "A"}), before=[before])
    with pytest.raises(Violation, match="went from conflict"):
        server.look()


def test_a_merge_answers_no_question_about_the_deletion_of_another_record() -> None:
    server = Server()
    edit = server.says("ann-1", setting(None, "1"), phone=0)
    merge = server.says("bob-1", merging(ACCOUNTS[2]))
    ask(server, edit, "deleted", entry(edit, True))
    server.writes(merge, "conflict", QUESTION, state=("open", "resolved"))
    with pytest.raises(Violation, match="settled by a merge of others"):
        server.look()


@pytest.mark.parametrize("is_carried", [True, False])
def test_what_was_entered_while_a_record_was_deleted_stands_with_the_one_it_is_merged_into(
    is_carried: bool,
) -> None:
    server = Server()
    edit = server.says("ann-1", setting(None, "1"), phone=0)
    merge = server.says("bob-1", merging(), whole=1)
    ask(server, edit, "deleted", entry(edit, {"phone": "1"}))
    server.writes(merge, "account", LOSER, merged_into=(None, WINNER))
    server.writes(merge, "conflict", QUESTION, state=("open", "resolved"))
    if is_carried:
        server.writes(merge, "account", WINNER, phone=(None, "1"))
        server.look()
    else:
        with pytest.raises(Violation, match="phone='1' is lost in a merge"):
            server.look()


@pytest.mark.parametrize("is_asked", [True, False])
def test_what_was_said_behind_the_back_of_whoever_decides_is_asked_anew(is_asked: bool) -> None:
    server = Server()
    edit = server.says("ann-1", setting(None, "1"), phone=0)
    settling = Change("conflict", QUESTION, Op.SET, {"state": "resolved"}, {"state": "open"})
    decision = server.says("bob-1", settling)
    server.ledger.said[decision].seen["conflict", QUESTION, "state"] = 0  # type: ignore[index]
    ask(server, edit, "phone", entry(edit, "1"))
    settled = {"state": ("open", "resolved"), "resolution": (None, "2")}
    server.writes(decision, "conflict", QUESTION, **settled)
    if is_asked:
        anew = {"parked": (None, [entry(edit, "1")]), "field": (None, "phone")}
        server.writes(decision, "conflict", RecordId("d" * 32), **anew)
        server.look()
    else:
        with pytest.raises(Violation, match="had not seen it"):
            server.look()
