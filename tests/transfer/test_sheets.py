"""Tables for the office: every cell is text, whatever stands in it."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from crm_core.errors import UserProblem
from crm_desktop.transfer.sheets import write_table

HEADS = ("Field", "Mine")
EVIL = ("=1+1", "+49 30", "-2", "@SUM(A1)", "\tx", '=HYPERLINK("http://x")', "杭州")


def test_no_cell_of_a_workbook_is_a_formula(tmp_path: Path) -> None:
    out = tmp_path / "history.xlsx"
    assert write_table(out, HEADS, [("Phone", text) for text in EVIL]) == len(EVIL)
    sheet: Any = openpyxl.load_workbook(out).active
    assert [cell.value for cell in sheet[1]] == list(HEADS)
    cells = [sheet.cell(n, 2) for n in range(2, len(EVIL) + 2)]
    assert [cell.value for cell in cells] == list(EVIL)
    assert {cell.data_type for cell in cells} == {"s"}


def test_no_cell_of_a_csv_begins_like_a_formula(tmp_path: Path) -> None:
    out = tmp_path / "history.csv"
    write_table(out, HEADS, [("Phone", text) for text in EVIL])
    with out.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.reader(file))
    assert lines[0] == list(HEADS)
    assert not [line[1] for line in lines[1:] if line[1].startswith(("=", "+", "-", "@", "\t"))]
    assert lines[-1][1] == "杭州"


def test_another_form_is_refused_with_those_that_are_known(tmp_path: Path) -> None:
    with pytest.raises(UserProblem, match=r"csv or \.xlsx"):
        write_table(tmp_path / "history.pdf", HEADS, [])
    assert list(tmp_path.iterdir()) == []


def test_what_stood_there_stays_when_writing_fails(tmp_path: Path) -> None:
    out = tmp_path / "history.csv"
    out.write_text("before")

    def broken() -> Any:
        yield ("Phone", "1")
        raise UserProblem("no")

    with pytest.raises(UserProblem):
        write_table(out, HEADS, broken())
    assert out.read_text() == "before"
    assert [one.name for one in tmp_path.iterdir()] == ["history.csv"]
