"""A damaged file mends itself: only the roots that differ travel, and own work stays above them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from crm_core.digest import Digest, of_version
from crm_core.ids import ALL_ROOT, RecordId
from crm_desktop.models.journal import renewing
from crm_desktop.models.sql import blob
from crm_desktop.sync.status import State, standing
from tests.simulator.company import ACCOUNTS, ANN
from tests.simulator.damaged import (
    DAMAGES,
    HERE,
    Place,
    add,
    damage_content,
    drop,
    edit_some,
    elsewhere,
    mend_at_random,
    newer,
    nowhere,
    older,
    one_of_each_table,
    value_of,
)


@pytest.mark.parametrize("root", [HERE, ALL_ROOT, ANN.id], ids=["account", "all", "grants"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_one_sync_mends_every_table_of_a_root_and_fetches_only_that_root(
    place: Place, damage: Any, root: RecordId
) -> None:
    damaged = one_of_each_table(place, root)
    assert len(damaged) >= 4
    mine = edit_some(place, damaged) if root == HERE else []
    assert bool(mine) == (root == HERE)
    for kind, record_id in damaged:
        damage(place, kind, blob(record_id))
    place.time.pass_by(25 * 3600)
    place.line.cut = True
    run = place.synchronise(thorough=damage in (damage_content, elsewhere, nowhere))
    truth = place.truth
    roots = {one for key in damaged for one in truth.roots(*key)}
    if damage is elsewhere:
        roots.add(ACCOUNTS[1])
    assert place.line.travelled <= set().union(*(place.below(one) for one in roots))
    assert place.line.travelled
    assert len(place.line.requests) == 4
    assert place.content() == place.content_there()
    assert run.report.verified
    assert place.device.parked.pending == len(mine)
    assert place.device.parked.orphaned == 0
    shown = {key: value_of(place, key) for key in mine}
    assert shown == dict.fromkeys(mine, "mine")
    # What was mended stays so, and the work goes out.
    place.line.cut = False
    again = place.synchronise()
    assert again.report.pushed == len(mine)
    assert again.report.verified
    assert place.content() == place.content_there()


@pytest.mark.parametrize("damage", [drop, add])
def test_what_lies_below_a_large_root_is_named_in_portions(
    place: Place, damage: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crm_server.pull.PULL_PAGE_ROWS", 3)
    monkeypatch.setattr("crm_desktop.sync.pulling.ROWS_AT_ONCE", 4)
    for kind, record_id in one_of_each_table(place, HERE):
        damage(place, kind, blob(record_id))
    place.time.pass_by(25 * 3600)
    assert place.synchronise().report.verified
    assert place.content() == place.content_there()
    assert not place.device.rows("SELECT 1 FROM visited")


def test_nothing_new_stays_one_request_without_a_check(place: Place) -> None:
    place.synchronise()
    run = place.synchronise()
    assert [request.check for request in place.line.requests] == [None]
    assert run.report.verified
    assert not place.line.travelled


@pytest.mark.parametrize("damage", [drop, add, newer, older])
def test_nobody_says_up_to_date_before_what_was_found_is_mended(place: Place, damage: Any) -> None:
    assert (
        standing(place.device.state, place.device.parked, signed_in=True).state is State.UP_TO_DATE
    )
    for kind, record_id in one_of_each_table(place, HERE):
        damage(place, kind, blob(record_id))
    place.time.pass_by(25 * 3600)
    place.synchronise()
    assert set(place.beliefs) <= {"ReadState", "CountAnew"}  # until it was counted
    assert place.lies == []
    assert len(place.line.requests) == 4
    assert place.said[-1] is State.UP_TO_DATE
    assert place.content() == place.content_there()


def test_damaged_content_is_found_when_the_turn_of_its_root_comes(place: Place) -> None:
    place.synchronise()
    damage_content(place, "account", blob(HERE))
    days = 0
    while place.content() != place.content_there():
        place.time.pass_by(25 * 3600)
        place.synchronise()
        days += 1
        assert days < 40
        checked = len(place.line.requests) == 1
        assert checked or place.line.travelled <= place.below(HERE)
    assert place.line.requests[-1].anew == (HERE,)
    assert len(place.line.requests) == 2
    assert (
        standing(place.device.state, place.device.parked, signed_in=True).state is State.UP_TO_DATE
    )


def test_a_wrong_running_digest_is_counted_again_and_nothing_travels(place: Place) -> None:
    place.run("UPDATE sync_state SET count = count + 1, total = total + 5")
    run = place.synchronise()
    assert (len(place.line.requests), place.line.travelled) == (2, set())
    assert run.report.verified


def test_a_wrong_digest_in_the_servers_memory_gives_way_to_the_truth(place: Place) -> None:
    known = place.server.service._digests._known
    for keys, one in known.items():
        known[keys] = replace(one, digest=Digest(3, 7))
    run = place.synchronise()
    assert (len(place.line.requests), place.line.travelled) == (2, set())
    assert run.report.verified
    place.synchronise()
    assert len(place.line.requests) == 1


def test_two_equally_wrong_digests_are_found_within_a_day(place: Place) -> None:
    """The server forgot a record in its carried digest, and this device never received it."""
    kind, record_id = sorted(place.below(HERE))[0]
    drop(place, kind, blob(record_id))
    wrong = Digest(*place.device.rows("SELECT count, total FROM sync_state")[0])
    seq = place.truth.records[(kind, record_id)].seq
    wrong = wrong - of_version(kind, record_id, seq)
    place.run("UPDATE sync_state SET count = ?, total = ?", wrong.count, wrong.total)
    known = place.server.service._digests._known
    for keys, one in known.items():
        known[keys] = replace(one, digest=wrong)
    place.time.pass_by(25 * 3600)
    assert place.synchronise().report.verified
    assert place.content() == place.content_there()


def test_a_server_that_cannot_compare_sends_everything(place: Place) -> None:
    drop(place, "account", blob(HERE))
    place.time.pass_by(25 * 3600)
    place.line.is_old_server = True
    run = place.synchronise()
    assert run.report.verified
    assert place.content() == place.content_there()
    assert place.fetched_anew == 2  # before and behind the effect


@pytest.mark.parametrize("line", range(1, 12))
def test_a_repair_cut_off_anywhere_loses_nothing_and_goes_on(place: Place, line: int) -> None:
    damaged = one_of_each_table(place, HERE)
    mine = edit_some(place, damaged)
    for n, (kind, record_id) in enumerate(damaged):
        (drop, newer, elsewhere)[n % 3](place, kind, blob(record_id))
    place.time.pass_by(25 * 3600)
    place.line.cut = True
    place.line.cut_repair_at = line
    place.synchronise(thorough=True)
    place.line.cut_repair_at = 0
    place.synchronise(thorough=True)
    assert place.content() == place.content_there()
    assert {key: value_of(place, key) for key in mine} == dict.fromkeys(mine, "mine")
    assert (place.device.parked.pending, place.device.parked.orphaned) == (len(mine), 0)
    place.line.cut = False
    assert place.synchronise().report.pushed == len(mine)


def test_what_was_repaired_is_counted_and_logged_without_a_word_of_a_customer(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    drop(place, "account", blob(HERE))
    place.time.pass_by(25 * 3600)
    place.synchronise()
    found = renewing.repairs(place.device.store.write)
    assert (found["times"], found["roots"], found["everything"]) == (1, 1, 0)
    assert found["last_at"] == place.device.store.now()
    assert "1 roots fetched again" in caplog.text
    assert HERE not in caplog.text
    assert "Account 0" not in caplog.text


@pytest.mark.parametrize("seed", range(1, 7))
def test_damage_anywhere_on_a_bad_line_is_mended_and_no_edit_lost(
    tmp_path: Path, seed: int
) -> None:
    (tmp_path / "seed").mkdir()
    assert mend_at_random(tmp_path / "seed", seed)["confirmed"] > 0
