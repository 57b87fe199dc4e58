"""Which encoding, which delimiter, and what is no table at all."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.catalog import CATALOG
from crm_core.errors import UserProblem
from crm_desktop.transfer.cells import FORMULA_STARTS, guard, unguard
from crm_desktop.transfer.columns import Headings
from crm_desktop.transfer.table import Table, decode, read_table

KNOWS = Headings(CATALOG["account"]).knows


def table_of(folder: Path, data: bytes, encoding: str = "") -> Table:
    file = folder / "file.csv"
    file.write_bytes(data)
    return read_table(file, KNOWS, encoding=encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_chinese_text_is_read_in_every_usual_encoding(tmp_path: Path, encoding: str) -> None:
    text = "客户名称,行业\n重庆长安汽车,汽车制造\n镕基公司,金融\n"
    table = table_of(tmp_path, text.encode(encoding))
    assert table.header == ("客户名称", "行业")
    assert [row.cells for row in table.rows()] == [
        ("重庆长安汽车", "汽车制造"),
        ("镕基公司", "金融"),
    ]


def test_western_bytes_are_not_taken_for_chinese() -> None:
    with pytest.raises(UserProblem, match="--encoding"):
        decode("Name;Ort\nMüller Söhne;Köln\n".encode("cp1252"))


def test_an_encoding_that_is_named_is_used() -> None:
    assert decode("Müller".encode("cp1252"), "cp1252") == "Müller"


@pytest.mark.parametrize("encoding", ["no-such-encoding", "ascii"])
def test_an_encoding_that_does_not_fit_is_named(encoding: str) -> None:
    with pytest.raises(UserProblem, match="--encoding"):
        decode("Müller".encode(), encoding)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_the_delimiter_is_found_by_the_columns_it_makes_known(
    tmp_path: Path, delimiter: str
) -> None:
    header = delimiter.join(("name", "phone", "a,b;c"))
    row = delimiter.join(("Alfreds", "030-1", '"x,y;z\t"'))
    table = table_of(tmp_path, f"{header}\n{row}\n".encode())
    assert next(table.rows()).cells[:2] == ("Alfreds", "030-1")


def test_line_breaks_inside_a_cell_belong_to_it(tmp_path: Path) -> None:
    table = table_of(tmp_path, b'name,description\r\nA,"one\r\ntwo"\r\n\r\nB,\r\n')
    assert [row.cells for row in table.rows()] == [("A", "one\r\ntwo"), ("B", "")]


@pytest.mark.parametrize("text", ['name\n"Alfreds\nBerglunds\n', 'name,phone\nA,1\nB,"2\nC,3'])
def test_a_quotation_mark_left_open_is_refused_whole(tmp_path: Path, text: str) -> None:
    with pytest.raises(UserProblem, match="never closed"):
        table_of(tmp_path, text.encode())


@pytest.mark.parametrize("text", ["", "\n", ",,\nA,B,C\n"])
def test_a_file_without_a_header_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UserProblem, match="first line"):
        table_of(tmp_path, text.encode())


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserProblem, match="absent"):
        read_table(tmp_path / "absent.csv", KNOWS)


@given(st.text() | st.builds("".join, st.lists(st.sampled_from(FORMULA_STARTS), max_size=3)))
def test_guarding_is_undone_exactly_and_leaves_no_formula(text: str) -> None:
    assert unguard(guard(text)) == text
    assert not guard(text).startswith(("=", "+", "-", "@", "\t", "\r"))


def test_an_apostrophe_before_anything_else_is_the_customers_own() -> None:
    assert unguard("'s-Gravenhage") == "'s-Gravenhage"
    assert unguard("'=1+1") == "=1+1"
    assert unguard("''tis") == "'tis"
