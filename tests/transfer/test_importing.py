"""Every row is judged by itself; the whole can be taken back to the last cell."""

from __future__ import annotations

from pathlib import Path

import pytest

from crm_core.errors import UserProblem
from crm_core.i18n import Message
from crm_desktop.models import journal
from crm_desktop.models.store import Store
from crm_desktop.transfer.importing import refused_rows
from tests.transfer.stores import add, bring_in, contents, counts, value_of


def csv_of(folder: Path, text: str, name: str = "customers.csv") -> Path:
    file = folder / name
    file.write_text(text, "utf-8", newline="")
    return file


def names(store: Store, kind: str = "account", field: str = "name") -> set[str]:
    return {str(record[field]) for record in contents(store, kind).values()}


def test_the_chinese_template_is_understood(store: Store, tmp_path: Path) -> None:
    text = (
        "客户名称,简称,统一社会信用代码,客户等级,客户类型,行业,来源,电话,网址,备注\n"
        "重庆长安汽车,长安,91500000202802,A,customer,汽车,展会,023-1,changan.example,老客户\n"
    )
    done = bring_in(store, "account", csv_of(tmp_path, text))
    assert counts(done) == {"created": 1}
    assert done.left == ("客户等级",)
    (record,) = contents(store, "account").values()
    assert (record["short_name"], record["type"]) == ("长安", "customer")
    assert record["website"] == "https://changan.example"
    assert record["description"] == "老客户"


def test_labels_and_field_names_may_be_mixed(store: Store, tmp_path: Path) -> None:
    done = bring_in(
        store, "contact", csv_of(tmp_path, "Name;birthday;手机\nAnn;1990年2月3日;138\n")
    )
    assert counts(done) == {"created": 1}
    (record,) = contents(store, "contact").values()
    assert (record["birthday"], record["mobile"]) == ("1990-02-03", "138")


def test_a_mapping_names_the_columns(store: Store, tmp_path: Path) -> None:
    file = csv_of(tmp_path, "Firma,Tel,Egal\nAlfreds,030-1,x\n")
    done = bring_in(store, "account", file, mapping={"Firma": "name", "Tel": "phone", "Egal": ""})
    assert (counts(done), done.left) == ({"created": 1}, ())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("phone\n1\n", "Name"),
        ("nothing,known\n1,2\n", "Name"),
        ("name,Name\nA,B\n", "Two columns"),
    ],
)
def test_a_file_without_the_columns_it_needs_is_refused_whole(
    store: Store, tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(UserProblem, match=said):
        bring_in(store, "account", csv_of(tmp_path, text))
    assert not contents(store, "account")


@pytest.mark.parametrize("name", ["customers.xlsx", "people.vcf", "visits.ics"])
def test_other_files_are_refused_with_the_way_out(store: Store, tmp_path: Path, name: str) -> None:
    with pytest.raises(UserProblem, match="save it as CSV"):
        bring_in(store, "account", csv_of(tmp_path, "name\nA\n", name))


def test_what_it_loads_cannot_be_imported_here(store: Store, tmp_path: Path) -> None:
    with pytest.raises(UserProblem, match="IT"):
        bring_in(store, "order", csv_of(tmp_path, "account\nA\n"))


def test_bad_rows_cost_themselves_and_say_why(store: Store, tmp_path: Path) -> None:
    text = (
        "full_name,birthday,email\nAnn,1990-02-30,\nBo,1990-02-28,\n,,a@b.example\nDi,,di@\n"
        "Ed,,ed@b.example,surplus\n"
    )
    done = bring_in(store, "contact", csv_of(tmp_path, text))
    assert counts(done) == {"created": 1, "error": 4}
    assert names(store, "contact", "full_name") == {"Bo"}
    assert [problem.row.line for problem in done.problems] == [2, 4, 5, 6]
    reasons = refused_rows(done, str).decode("utf-8-sig")
    for said in ("1990-02-30", "must be filled in", "no domain", "more cells"):
        assert said in reasons


def test_the_file_of_refused_rows_can_be_mended_and_imported(store: Store, tmp_path: Path) -> None:
    done = bring_in(store, "contact", csv_of(tmp_path, "full_name,birthday\nAnn,1990-02-30\n"))
    mended = refused_rows(done, str).decode("utf-8-sig").replace("Ann,1990-02-30", "Ann,1990-02-03")
    again = bring_in(store, "contact", csv_of(tmp_path, mended, "mended.csv"))
    assert (counts(again), again.left) == ({"created": 1}, ())


def test_ten_megabytes_in_one_cell_cost_their_own_row(store: Store, tmp_path: Path) -> None:
    giant = "x" * 10 * 1024 * 1024
    done = bring_in(store, "account", csv_of(tmp_path, f"name,description\nBig,{giant}\nS,\n"))
    assert counts(done) == {"created": 1, "error": 1}
    assert len(str(done.problems[0].reasons[0])) < 200


def test_a_dry_run_judges_all_and_writes_nothing(store: Store, tmp_path: Path) -> None:
    add(store, "account", name="Alfreds")
    file = csv_of(tmp_path, "name\nAlfreds\nBerglunds\n\n")
    done = bring_in(store, "account", file, dry_run=True)
    assert counts(done) == {"created": 1, "duplicate": 1}
    assert (done.batch, names(store)) == ("", {"Alfreds"})


def test_rows_that_look_like_what_is_here_are_left_out(store: Store, tmp_path: Path) -> None:
    add(store, "account", name="Alfreds  Futterkiste", uscc="9150")
    text = "name,uscc\nALFREDS futterkiste,\nOther,9150\nNew,1\nnew,2\n"
    done = bring_in(store, "account", csv_of(tmp_path, text))
    assert counts(done) == {"created": 1, "duplicate": 3}
    assert "line 4" in str(done.problems[2].reasons[0])


def test_people_of_one_name_are_not_one_person(store: Store, tmp_path: Path) -> None:
    add(store, "contact", full_name="王伟", mobile="138-1")
    done = bring_in(store, "contact", csv_of(tmp_path, "姓名,手机\n王伟,138-2\n王伟,138-1\n"))
    assert counts(done) == {"created": 1, "duplicate": 1}


def test_a_key_updates_the_record_that_has_it(store: Store, tmp_path: Path) -> None:
    known = add(store, "account", name="Alfreds", ext_id="A1", phone="030-1", email="a@b.example")
    text = "ext_id,name,phone,email\nA1,Alfreds,030-2,\nA2,Berglunds,1,\nA1,Again,1,\n,Empty,1,\n"
    done = bring_in(store, "account", csv_of(tmp_path, text), keys=("ext_id",))
    assert counts(done) == {"updated": 1, "created": 1, "error": 2}
    assert value_of(store, "account", known, "phone") == "030-2"
    assert value_of(store, "account", known, "email") == "a@b.example"


def test_an_empty_cell_clears_only_where_that_was_asked_for(store: Store, tmp_path: Path) -> None:
    known = add(store, "account", name="Alfreds", phone="030-1")
    file = csv_of(tmp_path, "name,phone\nAlfreds,\n")
    assert counts(bring_in(store, "account", file, keys=("name",))) == {"unchanged": 1}
    done = bring_in(store, "account", file, keys=("name",), empty_clears=True)
    assert counts(done) == {"updated": 1}
    assert value_of(store, "account", known, "phone") is None


def test_a_key_that_several_have_decides_nothing(store: Store, tmp_path: Path) -> None:
    for _ in range(2):
        add(store, "contact", full_name="王伟")
    done = bring_in(store, "contact", csv_of(tmp_path, "姓名,手机\n王伟,1\n"), keys=("full_name",))
    assert counts(done) == {"error": 1}


def test_links_are_found_by_label_and_by_rows_above(store: Store, tmp_path: Path) -> None:
    parent = add(store, "account", name="Holding")
    text = "客户名称,上级客户\nSub,Holding\nSubSub,Sub\nLost,Nobody\n"
    done = bring_in(store, "account", csv_of(tmp_path, text))
    assert counts(done) == {"created": 2, "error": 1}
    by_name = {str(record["name"]): record for record in contents(store, "account").values()}
    assert by_name["Sub"]["parent"] == parent
    assert by_name["SubSub"]["parent_label"] == "Sub"


def test_a_state_moves_along_its_arrows_only(store: Store, tmp_path: Path) -> None:
    known = add(store, "account", name="Alfreds")
    text = "id,stage,stage_reason\n{0},{1},\n"
    leap = csv_of(tmp_path, text.format(known, "converted"))
    assert counts(bring_in(store, "account", leap)) == {"error": 1}
    bare = csv_of(tmp_path, text.format(known, "disqualified"))
    assert counts(bring_in(store, "account", bare)) == {"error": 1}
    step = csv_of(tmp_path, text.format(known, "qualifying"))
    assert counts(bring_in(store, "account", step)) == {"updated": 1}


def test_a_formula_comes_in_as_the_text_it_is(store: Store, tmp_path: Path) -> None:
    bring_in(store, "account", csv_of(tmp_path, "name\n'=cmd|x\n'Quoted\n"))
    assert names(store) == {"=cmd|x", "'Quoted"}


def test_taking_an_import_back_restores_every_cell(store: Store, tmp_path: Path) -> None:
    for n in range(300):
        add(store, "account", name=f"Customer {n}", ext_id=f"{n}", phone=f"1-{n}", tags=["a"])
    before = contents(store, "account")
    rows = "".join(f"{n},Renamed {n},2-{n},b; c\n" for n in range(150, 450))
    file = csv_of(tmp_path, "ext_id,name,phone,tags\n" + rows)
    done = bring_in(store, "account", file, keys=("ext_id",))
    assert counts(done) == {"updated": 150, "created": 150}
    assert contents(store, "account") != before
    undone = journal.revert_batch(store, done.batch)
    assert undone.kept == ()
    assert contents(store, "account") == before


def test_what_was_changed_after_an_import_is_kept(store: Store, tmp_path: Path) -> None:
    known = add(store, "account", name="Alfreds", phone="1")
    done = bring_in(store, "account", csv_of(tmp_path, f"id,phone\n{known},2\n"))
    bring_in(store, "account", csv_of(tmp_path, f"id,phone\n{known},3\n"))
    undone = journal.revert_batch(store, done.batch)
    assert [field for _, _, field in undone.kept] == ["phone"]
    assert value_of(store, "account", known, "phone") == "3"


def test_an_id_that_is_not_here_creates_nothing(store: Store, tmp_path: Path) -> None:
    done = bring_in(store, "account", csv_of(tmp_path, f"id,name\n{'1' * 32},A\nnonsense,B\n,C\n"))
    assert counts(done) == {"created": 1, "error": 2}


def test_an_accounts_row_may_bring_its_address(store: Store, tmp_path: Path) -> None:
    text = "客户名称,省,市,地址,address.type\n长安,重庆市,重庆,建新东路260号,reg\n裸,,,,\n"
    done = bring_in(store, "account", csv_of(tmp_path, text))
    assert (counts(done), done.left) == ({"created": 2}, ())
    (address,) = contents(store, "address").values()
    assert (address["account_label"], address["type"]) == ("长安", "reg")
    assert (address["province"], address["street"]) == ("重庆市", "建新东路260号")
    again = bring_in(store, "account", csv_of(tmp_path, text), keys=("name",))
    assert counts(again) == {"unchanged": 2}
    moved = csv_of(tmp_path, "客户名称,地址\n长安,鱼嘴镇\n裸,一号\n")
    assert counts(bring_in(store, "account", moved, keys=("name",))) == {"updated": 2}
    streets = {str(record["street"]) for record in contents(store, "address").values()}
    assert streets == {"鱼嘴镇", "一号"}


def test_a_contacts_row_may_name_the_account(store: Store, tmp_path: Path) -> None:
    for name in ("Alfreds", "Berglunds"):
        add(store, "account", name=name)
    text = "姓名,手机,客户名称,角色\n王伟,138,Alfreds,buyer\n李娜,139,Nobody,\n"
    done = bring_in(store, "contact", csv_of(tmp_path, text))
    assert counts(done) == {"created": 1, "error": 1}
    second = csv_of(tmp_path, "mobile,account\n138,Berglunds\n")
    assert counts(bring_in(store, "contact", second, keys=("mobile",))) == {"updated": 1}
    roles = contents(store, "account_contact").values()
    assert {str(role["account_label"]) for role in roles} == {"Alfreds", "Berglunds"}
    assert counts(bring_in(store, "contact", second, keys=("mobile",))) == {"unchanged": 1}


def test_which_of_several_addresses_is_meant_is_not_guessed(store: Store, tmp_path: Path) -> None:
    account = add(store, "account", name="Alfreds")
    for city in ("Berlin", "Bonn"):
        add(store, "address", account=account, city=city)
    known = csv_of(tmp_path, "name,市\nAlfreds,Bonn\n")
    assert counts(bring_in(store, "account", known, keys=("name",))) == {"unchanged": 1}
    other = csv_of(tmp_path, "name,市\nAlfreds,Köln\n")
    assert counts(bring_in(store, "account", other, keys=("name",))) == {"error": 1}


def test_excel_days_and_words_for_codes_are_understood(store: Store, tmp_path: Path) -> None:
    text = "name,Type\nA,Customer\nB,PARTNER\n"
    bring_in(store, "account", csv_of(tmp_path, text))
    types = {str(record["type"]) for record in contents(store, "account").values()}
    assert types == {"customer", "partner"}
    bring_in(store, "contact", csv_of(tmp_path, "full_name,birthday\nAnn,32874\n"))
    (contact,) = contents(store, "contact").values()
    assert contact["birthday"] == "1990-01-01"


def test_reasons_are_messages_that_can_be_translated(store: Store, tmp_path: Path) -> None:
    done = bring_in(store, "account", csv_of(tmp_path, "name,email\nA,b@\n"))
    assert all(isinstance(reason, Message) for reason in done.problems[0].reasons)
