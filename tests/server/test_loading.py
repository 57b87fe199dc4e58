"""What IT and generators load past all judgement; numbers; what a store must agree on."""

import json
from pathlib import Path

import pytest

from crm_core.errors import UserProblem
from crm_server.checking import check_store
from crm_server.load import Loaded, load
from crm_server.people import SYSTEM
from crm_server.tables_in import load_file
from tests.server.world import Acme


def test_loaded_accounts_get_team_number_and_scope(acme: Acme) -> None:
    account = acme.world.new_id()
    done = load(
        acme.world.service,
        [("account", account, {"name": "Loaded", "owner": acme.li.user, "territory": acme.east})],
        SYSTEM,
    )
    assert done == Loaded(created=1)
    for device in (acme.li, acme.buchanan, acme.fuller):
        device.pull()
        body = device.body("account", account)
        assert (body["team"], body["number"]) == (acme.team, "A-2026-000001")


def test_loading_the_same_again_moves_nothing(acme: Acme) -> None:
    rows = [("product", acme.world.new_id(), {"name": "Chai", "code": "P1"})]
    load(acme.world.service, rows, SYSTEM)
    acme.nancy.pull()
    assert load(acme.world.service, rows, SYSTEM) == Loaded(unchanged=1)
    before = acme.nancy.cursor
    acme.nancy.pull()
    assert acme.nancy.cursor == before


def test_a_loaded_change_merges_like_any_others_edit(acme: Acme) -> None:
    account = acme.nancy.account(phone="000")
    edit = acme.nancy.set("account", account, phone="111")
    acme.world.change("account", account, phone="222")
    assert acme.nancy.push(edit).result == "conflict"


def test_numbers_run_per_kind_and_year(acme: Acme) -> None:
    numbers = []
    for days in (0, 0, 60):
        acme.world.passes(days=days)
        account = acme.nancy.account()
        complaint = acme.nancy.insert("complaint", account=account)
        acme.nancy.push(complaint)
        acme.nancy.pull()
        numbers.append(acme.nancy.body("account", account)["number"])
        numbers.append(acme.nancy.body("complaint", complaint.id)["number"])
    assert numbers == [
        "A-2026-000001", "CP-2026-000001", "A-2026-000002", "CP-2026-000002",
        "A-2027-000001", "CP-2027-000001",
    ]  # fmt: skip


def test_the_provisional_number_follows_from_the_id(acme: Acme) -> None:
    insert = acme.nancy.insert("account", name="A", provisional_number="A-FORGED1")
    acme.nancy.push(insert)
    acme.nancy.pull()
    number = str(acme.nancy.body("account", insert.id)["provisional_number"])
    assert number.startswith("A-")
    assert number != "A-FORGED1"


def test_a_store_after_much_work_is_in_order(acme: Acme) -> None:
    account = acme.shared_account(phone="000", uscc="91310000MA1K35XX0A")
    acme.clash(account)
    acme.fuller.push(acme.fuller.set("account", account, owner=acme.li.user))
    acme.li.pull()
    acme.li.push(acme.li.delete("account", account))
    report = check_store(acme.world.store)
    assert report.problems == ()
    assert report.records > 10


def test_a_damaged_store_is_found_out(acme: Acme) -> None:
    account = acme.nancy.account()
    with acme.world.store.note() as tx:
        tx.run("DELETE FROM record_root WHERE id=?", (account,))
        tx.run("UPDATE record SET vhash=1 WHERE id=?", (account,))
    problems = check_store(acme.world.store).problems
    assert "1 records without a root" in problems
    assert "1 wrong version hashes" in problems


def test_a_csv_is_loaded_by_external_id_row_by_row(acme: Acme, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    acme.world.change("account", acme.nancy.account(), ext_id="ALFKI")
    file.write_text(
        "ext_id,account,number,ordered_on,total\n"
        "1,ALFKI,10248,2026-11-01,12.50CNY\n"
        "2,NOBODY,10249,2026-11-01,1CNY\n"
        "3,ALFKI,10250,2026-13-01,1CNY\n"
        ",ALFKI,10251,2026-11-01,1CNY\n",
        "utf-8-sig",
    )
    report = load_file(acme.world.service, "order", file)
    assert [row.result for row in report.rows] == ["created", "error", "error", "error"]
    again = load_file(acme.world.service, "order", file)
    assert (again.count("unchanged"), again.count("created")) == (1, 0)
    acme.nancy.pull()
    assert len(acme.nancy.of_kind("order")) == 1


def test_gb18030_and_json_are_read_too(acme: Acme, tmp_path: Path) -> None:
    table, array = tmp_path / "p.csv", tmp_path / "p.json"
    table.write_bytes("ext_id,name\n1,茶叶\n".encode("gb18030"))
    array.write_text(json.dumps([{"ext_id": "2", "name": "咖啡", "discontinued": False}]))
    for file in (table, array):
        assert load_file(acme.world.service, "product", file).count("created") == 1
    acme.nancy.pull()
    assert {str(row.body["name"]) for row in acme.nancy.of_kind("product")} == {"茶叶", "咖啡"}


def test_a_file_that_is_none_is_told_in_words(acme: Acme, tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("{")
    for file in (bad, tmp_path / "missing.csv"):
        with pytest.raises(UserProblem, match=file.name):
            load_file(acme.world.service, "product", file)
    with pytest.raises(UserProblem, match="external id"):
        load_file(acme.world.service, "visit", bad)
