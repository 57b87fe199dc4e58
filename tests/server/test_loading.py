"""What IT and generators load past all judgement; numbers; what a store must agree on."""

import json
from pathlib import Path

import pytest

from crm_core.errors import UserProblem
from crm_core.fields import Value
from crm_core.ids import SYSTEM
from crm_server.checking import check_store
from crm_server.conflicts import entries_of
from crm_server.load import Loaded, load
from crm_server.tables_in import LoadReport, load_file
from tests.server.world import Acme

CODE = "91310000MA1K35XX0A"


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


def test_what_it_brings_back_leaves_a_code_with_whom_it_went_to(acme: Acme) -> None:
    """A record that IT writes comes back; its code, taken meanwhile, stands beside it."""
    account = acme.shared_account(uscc=CODE)
    acme.fuller.push(acme.fuller.delete("account", account))
    twin = acme.nancy.account("Twin", uscc=f" {CODE.lower()}")
    acme.world.change("account", account, owner=acme.li.user)
    acme.li.pull()
    acme.nancy.pull()
    back = acme.li.body("account", account)
    assert (back["owner"], back.get("uscc")) == (acme.li.user, None)
    assert acme.nancy.body("account", twin)["uscc"] == f" {CODE.lower()}"
    (conflict,) = acme.li.of_kind("conflict")
    told = conflict.body
    assert (told["record"], told["field"], told["why"], told["state"]) == (
        f"account/{account}", "uscc", "unique", "open",
    )  # fmt: skip
    (entry,) = entries_of(told["parked"])
    assert entry["value"] == CODE
    assert check_store(acme.world.store).problems == ()


def test_a_code_that_another_record_has_stands_beside_what_it_loads(acme: Acme) -> None:
    """Whatever a check before the load has said: nobody's code is taken from him in silence."""
    acme.nancy.account("Holder", uscc=CODE)
    world, made, own = acme.world, acme.world.service.new_id(), "91110000100006777B"
    kept = acme.shared_account(uscc=own)
    rows: dict[str, Value] = {
        "name": "Loaded",
        "uscc": f" {CODE.lower()}",
        "owner": acme.nancy.user,
    }
    report = load(
        world.service, [("account", made, rows), ("account", kept, {"uscc": CODE})], SYSTEM
    )
    assert report == Loaded(created=1, unchanged=1)
    acme.nancy.pull()
    assert "uscc" not in acme.nancy.body("account", made)
    assert acme.nancy.body("account", kept)["uscc"] == own
    told = {x.body["record"]: x.body for x in acme.nancy.of_kind("conflict")}
    assert {x: (y["why"], y["base"]) for x, y in told.items()} == {
        f"account/{made}": ("unique", None), f"account/{kept}": ("unique", own),
    }  # fmt: skip
    assert check_store(world.store).problems == ()


def test_what_it_brings_back_keeps_a_code_that_nobody_took(acme: Acme) -> None:
    account = acme.shared_account(uscc=CODE)
    acme.fuller.push(acme.fuller.delete("account", account))
    acme.world.change("account", account, phone="222")
    acme.nancy.pull()
    assert acme.nancy.body("account", account)["uscc"] == CODE
    assert not acme.nancy.of_kind("conflict")
    assert check_store(acme.world.store).problems == ()


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


def load_text(acme: Acme, tmp_path: Path, kind: str, text: str, **how: bool) -> LoadReport:
    file = tmp_path / "rows.csv"
    file.write_text(text, "utf-8", newline="")
    return load_file(acme.world.service, kind, file, **how)


def results(report: LoadReport) -> list[str]:
    return [row.result for row in report.rows]


def test_an_erps_products_and_orders_go_in_again_and_again(acme: Acme, tmp_path: Path) -> None:
    """Products, orders and their lines; the second night nothing moves, the third one price."""
    acme.world.change("account", acme.nancy.account(), ext_id="ALFKI")
    nights: list[list[list[str]]] = []
    for price in ("18", "18", "19"):
        nights.append(
            [
                results(load_text(acme, tmp_path, kind, text))
                for kind, text in (
                    ("product", f"ext_id,name,code,price\n1,Chai,P1,{price}CNY\n2,Chang,P2,9CNY\n"),
                    ("order", "ext_id,account,number,sold_by,total\n7,ALFKI,10248,nancy,36CNY\n"),
                    ("order_line", "ext_id,order,product,quantity\n7-1,7,1,2\n7-2,7,2,0.5\n"),
                )
            ]
        )
        acme.nancy.pull()
    assert nights == [
        [["created"] * 2, ["created"], ["created"] * 2],
        [["unchanged"] * 2, ["unchanged"], ["unchanged"] * 2],
        [["updated", "unchanged"], ["unchanged"], ["unchanged"] * 2],
    ]
    assert len(acme.nancy.of_kind("order_line")) == 2
    assert check_store(acme.world.store).problems == ()


def test_a_key_that_another_record_has_costs_its_row(acme: Acme, tmp_path: Path) -> None:
    text = "ext_id,name,code\n1,Chai,P1\n2,Chang,p1 \n3,Tea,P3\n"
    report = load_text(acme, tmp_path, "product", text)
    assert results(report) == ["created", "error", "created"]
    assert "code" in report.rows[1].detail
    again = load_text(acme, tmp_path, "product", "ext_id,name,code\n3,Tea,P1\n4,New,P3\n")
    assert results(again) == ["error", "error"]
    assert check_store(acme.world.store).problems == ()


def test_a_record_named_twice_in_a_file_is_taken_once(acme: Acme, tmp_path: Path) -> None:
    text = "ext_id,name\n1,Chai\n1,Chang\n"
    for expected in ("created", "unchanged"):
        report = load_text(acme, tmp_path, "product", text)
        assert results(report) == [expected, "error"]
    assert "Row 1" in report.rows[1].detail


@pytest.mark.parametrize("mark", [",", ";", "\t"])
def test_a_table_may_have_other_marks_and_lines_within_a_cell(
    acme: Acme, tmp_path: Path, mark: str
) -> None:
    rows = [["ext_id", "name", "unit"], ["1", "Chai", f'"a{mark}\r\nb"'], ["2", "Tea", "box"]]
    text = "\r\n".join(mark.join(row) for row in rows) + "\r\n"
    assert results(load_text(acme, tmp_path, "product", text)) == ["created"] * 2
    acme.nancy.pull()
    units = {str(row.body["name"]): str(row.body["unit"]) for row in acme.nancy.of_kind("product")}
    assert mark in units["Chai"]
    assert units["Tea"] == "box"


@pytest.mark.parametrize("row", ["1,Chai", "1,Chai,P1,box"])
def test_a_row_with_other_cells_than_the_head_is_refused(
    acme: Acme, tmp_path: Path, row: str
) -> None:
    report = load_text(acme, tmp_path, "product", f"ext_id,name,code\n{row}\n2,Tea,P2,\n")
    assert results(report) == ["error", "created"]


def test_a_cell_that_is_too_long_costs_its_row(acme: Acme, tmp_path: Path) -> None:
    text = f'ext_id,name\n1,"{"x" * 200_000}"\n2,Tea\n'
    assert results(load_text(acme, tmp_path, "product", text)) == ["error", "created"]


@pytest.mark.parametrize(
    ("name", "text"), [("rows.json", "[" * 5000), ("rows.csv", "ext_id,name\r1,Chai\r")]
)
def test_what_no_reader_takes_is_told_in_words(
    acme: Acme, tmp_path: Path, name: str, text: str
) -> None:
    file = tmp_path / name
    file.write_text(text, "utf-8", newline="")
    with pytest.raises(UserProblem, match=name):
        load_file(acme.world.service, "product", file)


def test_a_dry_run_says_the_same_and_writes_nothing(acme: Acme, tmp_path: Path) -> None:
    text = "ext_id,name\n1,Chai\n2,\n"
    with acme.world.store.read() as tx:
        before = tx.clock().seq
    assert results(load_text(acme, tmp_path, "product", text, dry_run=True)) == ["created", "error"]
    with acme.world.store.read() as tx:
        assert tx.clock().seq == before
