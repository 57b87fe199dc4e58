"""Questions about records are looked for where a change opens one: those of all in its push."""

from __future__ import annotations

from unittest.mock import patch

from crm_core.ids import RecordId
from crm_core.merge import Result
from crm_server.conflicts import Conflicts
from tests.server.world import Acme


def test_edits_that_pass_look_for_none(acme: Acme) -> None:
    accounts = [acme.nancy.account(f"Customer {n}") for n in range(2)]
    with patch.object(Conflicts, "ask", side_effect=AssertionError("looked for")):
        done = acme.nancy.send(
            *(acme.nancy.changeset(acme.nancy.set("account", x, phone="111")) for x in accounts)
        )
    assert [one.result for one in done.results] == [Result.APPLIED] * 2


def test_what_loses_joins_the_questions_that_are_there_found_in_one_look(acme: Acme) -> None:
    accounts = [acme.shared_account(f"Customer {n}", phone="000") for n in range(3)]
    asked = {acme.clash(account) for account in accounts}
    for account in accounts:
        acme.fuller.push(acme.fuller.set("account", account, phone="333"))
    edits = [acme.nancy.set("account", account, phone="444") for account in accounts]
    with patch.object(Conflicts, "ask", autospec=True, side_effect=Conflicts.ask) as look:
        done = acme.nancy.send(*map(acme.nancy.changeset, edits))
    assert look.call_count == 1
    assert {RecordId(part.conflict_id) for one in done.results for part in one.changes} == asked
