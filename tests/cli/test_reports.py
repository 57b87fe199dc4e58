"""`report`: a chart into a file, its numbers as JSON, and what is refused."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from crm_core.ids import RecordId
from crm_desktop.insight import boards
from crm_desktop.insight.names import REPORTS
from tests.cli.counter import NANCY, Counter

BIG, SMALL = (RecordId(digit * 32) for digit in "ab")
FIRST_BYTES = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF", ".csv": "\ufeff".encode()}


@pytest.fixture
def bought(counter: Counter) -> Counter:
    """Two customers with an order each, a month ago."""
    accounts = {BIG: ("Big", "A", "900.00USD"), SMALL: ("Small", "C", "100.00USD")}
    counter.receive("account", {
        key: {"name": name, "grade": grade, "type": "customer", "owner": NANCY}
        for key, (name, grade, _) in accounts.items()
    })  # fmt: skip
    counter.receive("order", {
        RecordId(f"{n:032x}"): {"account": key, "number": str(n), "ordered_on": "2026-09-15",
                                "total": total}
        for n, (key, (_, _, total)) in enumerate(accounts.items(), start=1)
    })  # fmt: skip
    return counter


def test_every_report_can_be_computed():
    assert tuple(boards.CHARTS) == REPORTS


@pytest.mark.parametrize("ending", FIRST_BYTES)
def test_a_report_is_written_by_the_ending_of_its_file(
    bought: Counter, tmp_path: Path, ending: str
):
    out = tmp_path / f"pyramid{ending}"
    answer = bought.did("report", "pyramid", str(out))
    assert answer["file"] == str(out)
    assert out.read_bytes().startswith(FIRST_BYTES[ending])


def test_the_json_of_a_report_has_its_numbers_and_its_frame(bought: Counter, tmp_path: Path):
    answer = bought.did("report", "pyramid", str(tmp_path / "p.csv"))
    assert (answer["report"], answer["n"], answer["currency"]) == ("pyramid", 2, "USD")
    shares = {mark["label"]: mark["value"] for mark in answer["series"][1]["marks"]}
    assert shares == {"VIP": 90.0, "Main": 0.0, "Ordinary": 0.0, "Small": 10.0}
    assert answer["finding"] == "top fifth brings 90 %"
    assert answer["explain"]


def test_where_narrows_the_accounts_and_is_said_in_the_filter_line(bought: Counter, tmp_path: Path):
    answer = bought.did("report", "revenue", str(tmp_path / "r.csv"), "--where", "grade=C")
    assert answer["n"] == 1
    assert "Grade C" in answer["filter"]
    lines = list(csv.reader((tmp_path / "r.csv").read_text("utf-8-sig").splitlines()))
    assert lines[0][0] == "Revenue by month"
    assert ["Sep", "100"] in [line[:2] for line in lines]


def test_an_owner_is_named_by_login(bought: Counter, tmp_path: Path):
    out = str(tmp_path / "r.csv")
    assert bought.did("report", "abc", out, "--where", "owner=nancy")["n"] == 2


def test_a_report_without_any_record_is_written_and_says_so(counter: Counter, tmp_path: Path):
    for name in REPORTS:
        assert counter.did("report", name, str(tmp_path / f"{name}.png"))["n"] == 0


def test_an_unknown_report_is_wrong_usage_and_names_those_there_are(
    counter: Counter, tmp_path: Path
):
    ran = counter.run("report", "weather", str(tmp_path / "x.png"))
    assert ran.code == 2
    assert "pyramid" in ran.err
    assert not (tmp_path / "x.png").exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("pyramid", "x.docx"), 1, ".pdf"),
        (("pyramid", "no/such/folder/x.png"), 4, "cannot be written"),
        (("pyramid", "x.png", "--where", "colour=red"), 1, "colour"),
        (("pyramid", "x.png", "--where", "grade"), 2, "FIELD=VALUE"),
    ],
)
def test_what_cannot_be_written_or_asked_is_one_clear_line(
    counter: Counter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...], code: int, said: str,
):  # fmt: skip
    monkeypatch.chdir(tmp_path)
    ran = counter.run("report", *words)
    assert (ran.code, ran.err.count("\n")) == (code, 1)
    assert said in ran.err


def test_words_are_in_the_language_asked_for(bought: Counter, tmp_path: Path):
    out = tmp_path / "p.svg"
    ran = bought.run("--locale", "zh_CN", "report", "pyramid", str(out))
    assert ran.code == 0
    assert "客户" in out.read_text("utf-8")
