"""Files that cannot be imported as they are: each row says why, and the others come in."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.people import FAILED, WAITS_FOR_YOU, Desk, World

pytestmark = pytest.mark.parametrize("store", ["sqlite"])


@pytest.fixture
def rep(world: World) -> Desk:
    """A representative with an empty address book."""
    (desk,) = world.people("rep")
    return desk


def write(folder: Path, text: str, encoding: str = "utf-8") -> str:
    """A CSV file; its path."""
    file = folder / "customers.csv"
    file.write_bytes(text.encode(encoding))
    return str(file)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_chinese_names_arrive_in_every_usual_encoding(
    rep: Desk, tmp_path: Path, encoding: str
) -> None:
    rows = "".join(f"重庆长安汽车第{n}公司,渝中区\n" for n in range(20))
    counts = rep.json("import", "account", write(tmp_path, "name,source\n" + rows, encoding))
    assert (counts["created"], counts["errors"]) == (20, 0)
    names = {row["name"] for row in rep.json("list", "account", "--limit", "100")}
    assert "重庆长安汽车第7公司" in names


def test_bytes_of_no_encoding_are_refused_whole(rep: Desk, tmp_path: Path) -> None:
    file = tmp_path / "broken.csv"
    file.write_bytes(b"name\n" + bytes(range(128, 256)) * 20 + b"\xff\xff\xfe\x00\n")
    ran = rep.run("import", "account", str(file), code=FAILED)
    assert len(ran.err.strip().splitlines()) == 1
    assert rep.ids("account") == set()


def test_a_missing_required_column_is_named(rep: Desk, tmp_path: Path) -> None:
    ran = rep.run("import", "account", write(tmp_path, "phone\n030-1\n"), code=FAILED)
    assert "name" in ran.err.lower()
    assert rep.ids("account") == set()


def test_an_impossible_date_costs_its_own_row(rep: Desk, tmp_path: Path) -> None:
    file = write(tmp_path, "full_name,birthday\nAnn,1990-02-30\nBo,1990-02-28\n")
    errors = tmp_path / "errors.csv"
    counts = rep.json("import", "contact", file, "--errors", str(errors), code=WAITS_FOR_YOU)
    assert (counts["created"], counts["errors"]) == (1, 1)
    assert "1990-02-30" in errors.read_text("utf-8")
    (contact,) = rep.ids("contact")
    assert rep.show("contact", contact)["full_name"] == "Bo"


def test_ten_megabytes_in_one_field_cost_their_own_row(rep: Desk, tmp_path: Path) -> None:
    giant = "x" * 10 * 1024 * 1024
    file = write(tmp_path, f"name,description\nGiant,{giant}\nSmall,fits\n")
    counts = rep.json("import", "account", file, code=WAITS_FOR_YOU)
    assert (counts["created"], counts["errors"]) == (1, 1)
    assert [row["name"] for row in rep.json("list", "account")] == ["Small"]


def test_ten_megabytes_typed_into_one_field_are_refused(rep: Desk, tmp_path: Path) -> None:
    note = "x" * 100 * 1024
    ran = rep.run("add", "account", "name=Giant", f"short_name={note}", code=FAILED)
    assert "KiB" in ran.err
    assert rep.ids("account") == set()


def test_an_import_is_taken_back_whole_after_a_sync(rep: Desk, tmp_path: Path) -> None:
    before = rep.add("account", name="Was there before")
    file = write(tmp_path, "name\n" + "".join(f"Customer {n}\n" for n in range(30)))
    batch = rep.json("import", "account", file)["batch"]
    rep.sync()
    assert len(rep.ids("account")) == 31
    rep.run("import-revert", batch)
    rep.sync()
    assert rep.ids("account") == {before}
