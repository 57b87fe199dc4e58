"""Charts as files: each carries its words, and the numbers are the chart's."""

from __future__ import annotations

import csv
import errno
import re
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from crm_core.errors import Unavailable, UserProblem
from crm_desktop.charts.exporting import rows, write, write_board
from crm_desktop.i18n import words
from crm_desktop.insight.chart import Chart
from crm_desktop.insight.names import REPORTS
from crm_desktop.insight.phrases import foot_words

ChartOf = Callable[[str], Chart]


@pytest.mark.parametrize("name", REPORTS)
def test_a_drawing_carries_title_finding_filter_and_foot(
    chart_of: ChartOf, tmp_path: Path, name: str
):
    chart, out = chart_of(name), tmp_path / "chart.svg"
    write(chart, out)
    text = out.read_text("utf-8")
    for said in (chart.title, chart.finding, chart.filters, *foot_words(chart)):
        assert f">{said}" in text or said in text.replace("    ", " "), said


@pytest.mark.parametrize("name", REPORTS)
def test_a_table_carries_its_words_and_every_number(chart_of: ChartOf, tmp_path: Path, name: str):
    chart, out = chart_of(name), tmp_path / "chart.csv"
    write(chart, out)
    text = out.read_text("utf-8-sig")
    lines = list(csv.reader(text.splitlines()))
    assert lines[0] == [chart.title, chart.finding]
    assert lines[1] == [chart.filters]
    assert lines[2] == list(foot_words(chart))
    values = {mark.value for series in chart.series for mark in series.marks}
    shown = {float(cell) for line in lines[5:] for cell in line if _is_number(cell)}
    assert {round(value, 4) for value in values if value is not None} <= shown


def _is_number(cell: str) -> bool:
    return re.fullmatch(r"-?\d+(\.\d+)?", cell) is not None


FIRST_BYTES = {
    ".png": b"\x89PNG",
    ".pdf": b"%PDF",
    ".svg": b"<?xml",
    ".csv": "\ufeff投诉原因".encode(),
}


@pytest.mark.parametrize("ending", FIRST_BYTES)
def test_chinese_words_can_be_written_in_every_form(
    chart_of: ChartOf, locale: str, tmp_path: Path, ending: str
):
    chart = replace(chart_of("complaint-causes"), title="投诉原因", finding="客户名称：厦门航空")
    out = tmp_path / f"图表{ending}"
    write(chart, out)
    assert out.read_bytes().startswith(FIRST_BYTES[ending])


def test_the_letters_of_a_pdf_are_text_and_not_curves(chart_of: ChartOf, tmp_path: Path):
    out = tmp_path / "chart.pdf"
    write(replace(chart_of("pyramid"), title="客户金字塔"), out)
    assert b"/Type0" in out.read_bytes() or b"/TrueType" in out.read_bytes()


def test_a_board_is_one_document_with_a_page_for_each_chart(chart_of: ChartOf, tmp_path: Path):
    out = tmp_path / "board.pdf"
    write_board([chart_of("pyramid"), chart_of("revenue"), chart_of("rfm")], out)
    raw = out.read_bytes()
    streams = re.findall(rb"stream\r?\n(.*?)endstream", raw, re.DOTALL)
    plain = raw + b"".join(_inflated(stream) for stream in streams)
    assert len(re.findall(rb"/Type /Page\b", plain)) == 3


def _inflated(stream: bytes) -> bytes:
    try:
        return zlib.decompress(stream)
    except zlib.error:
        return b""


def test_words_that_look_like_a_formula_are_text_in_a_table(chart_of: ChartOf, tmp_path: Path):
    chart = chart_of("complaint-causes")
    bars, line = chart.series
    cause = replace(bars.marks[0], label='=HYPERLINK("http://evil")')
    write(
        replace(chart, series=(replace(bars, marks=(cause, *bars.marks[1:])), line)),
        tmp_path / "c.csv",
    )
    assert "'=HYPERLINK" in (tmp_path / "c.csv").read_text("utf-8-sig")


def test_colleagues_may_read_a_file_as_any_other_of_its_folder(chart_of: ChartOf, tmp_path: Path):
    usual = tmp_path / "usual.txt"
    usual.touch()
    write(chart_of("pyramid"), tmp_path / "chart.csv")
    assert (tmp_path / "chart.csv").stat().st_mode == usual.stat().st_mode


def test_an_unknown_ending_is_refused_with_those_that_are_known(chart_of: ChartOf, tmp_path: Path):
    with pytest.raises(UserProblem) as caught:
        write(chart_of("pyramid"), tmp_path / "x.docx")
    assert ".svg" in str(caught.value.message)
    assert not [*tmp_path.iterdir()]


def test_a_file_that_cannot_be_written_leaves_nothing_behind(chart_of: ChartOf, tmp_path: Path):
    (tmp_path / "x.png").mkdir()
    with pytest.raises(Unavailable):
        write(chart_of("pyramid"), tmp_path / "x.png")
    assert [one.name for one in tmp_path.iterdir()] == ["x.png"]


def test_a_table_of_cohorts_has_a_row_for_each_and_gaps_for_what_is_to_come(chart_of: ChartOf):
    chart = chart_of("cohorts")
    heading, *lines = rows(chart)
    assert len(lines) == len(chart.series)
    assert all(len(line) == len(heading) for line in lines)
    assert lines[-1][-1] is None


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.EACCES, "no right to write"), (errno.EPERM, "another program has it open"),
        (errno.EROFS, "Choose another place"), (errno.ENOSPC, "the disk is full"),
        (errno.EDQUOT, "the disk is full"), (errno.ENOENT, "there is no folder"),
        (errno.EEXIST, "a folder has that name"), (errno.EIO, "Nothing was changed"),
    ],
)  # fmt: skip
def test_a_refusal_says_why_and_what_was_there_stays(
    chart_of: ChartOf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, said: str
):
    out = tmp_path / "mine.csv"
    out.write_text("before")

    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, "no")

    monkeypatch.setattr(Path, "write_text", refuse)
    with pytest.raises(Unavailable) as caught:
        write(chart_of("pyramid"), out)
    told = words(caught.value.message)
    assert said in told
    assert "mine.csv" in told
    assert out.read_text() == "before"
    assert [one.name for one in tmp_path.iterdir()] == ["mine.csv"]


def test_a_pdf_has_the_chinese_letters_in_it_and_knows_what_they_say(
    chart_of: ChartOf, tmp_path: Path
):
    out = tmp_path / "chart.pdf"
    write(replace(chart_of("pyramid"), title="客户金字塔"), out)
    plain = b"".join(
        map(_inflated, re.findall(rb"stream\r?\n(.*?)endstream", out.read_bytes(), re.S))
    )
    for letter in "客户金字塔":
        assert f"<{ord(letter):04x}>".encode() in plain.lower(), letter
    assert b"/FontFile" in out.read_bytes() + plain


def test_a_drawing_names_the_faces_of_every_system(chart_of: ChartOf, tmp_path: Path):
    out = tmp_path / "chart.svg"
    write(chart_of("pyramid"), out)
    faces = set(re.findall(r"font-family: ([^;\"]*)", out.read_text("utf-8")))
    assert faces
    for family in faces:
        assert family.endswith("sans-serif")
        assert {"'PingFang SC'", "'Microsoft YaHei'", "'Noto Sans CJK SC'"} <= set(
            family.split(", ")
        )
