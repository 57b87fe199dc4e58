"""`report card`: one page of paper for one account, and what is said where it cannot be."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from crm_core.ids import RecordId
from crm_desktop.cli.report_forms import FORMS
from crm_desktop.insight.names import REPORTS
from tests.cli.counter import NANCY, PASSPHRASE, Counter
from tests.support import paper

CHANGAN, TWIN, OTHER = (RecordId(digit * 32) for digit in "abc")
NAME = "重庆长安食品有限公司"
CALL = (
    "from crm_desktop.__main__ import main; import sys; code = main();"
    "print('PySide6' in sys.modules, file=sys.stderr); sys.exit(code)"
)


@pytest.fixture
def known(counter: Counter) -> Counter:
    """An account with a name of its own, and two that share theirs."""
    rows = {CHANGAN: (NAME, "K-1"), TWIN: ("Alfreds", "K-2"), OTHER: ("Alfreds", "K-3")}
    counter.receive("account", {
        key: {"name": name, "number": number, "grade": "A", "owner": NANCY}
        for key, (name, number) in rows.items()
    })  # fmt: skip
    return counter


def printed(counter: Counter, *words: str) -> subprocess.CompletedProcess[str]:
    """`report` in a process without a display; the last line of its errors: was Qt loaded?"""
    lacking = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    env = {name: value for name, value in os.environ.items() if name not in lacking}
    return subprocess.run(
        [sys.executable, "-c", CALL, "--profile", str(counter.folder), "report", *words, "--json"],
        env=env | {"CRM_DESKTOP_PASSPHRASE": PASSPHRASE},
        capture_output=True, encoding="utf-8", timeout=60, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("where", [f"id={CHANGAN}", f"name={NAME}", "number=K-1"])
def test_a_card_is_one_page_with_its_chinese_name(known: Counter, tmp_path: Path, where: str):
    out = tmp_path / "card.pdf"
    ran = printed(known, "card", str(out), "--where", where)
    assert ran.returncode == 0, ran.stderr
    assert json.loads(ran.stdout) == {
        "report": "card", "kind": "account", "id": CHANGAN, "title": NAME, "file": str(out),
    }  # fmt: skip
    assert paper.pages(out.read_bytes()) == 1
    assert not paper.lacking(out.read_bytes(), NAME)


def test_qt_is_loaded_for_paper_alone(known: Counter, tmp_path: Path):
    out = str(tmp_path / "x.pdf")
    loaded = [
        printed(known, *words).stderr.split()[-1]
        for words in ((), ("pyramid", out), ("card", out, "--where", f"id={CHANGAN}"))
    ]
    assert loaded == ["False", "False", "True"]


def test_without_a_name_the_reports_are_listed(counter: Counter):
    listed = counter.did("report")
    assert [x["report"] for x in listed] == [*REPORTS, *FORMS]
    assert listed[-1]["endings"] == [".pdf"]
    assert all(name in counter.run("report").out for name in (*REPORTS, *FORMS))


def test_an_unknown_report_names_the_forms_too(counter: Counter):
    ran = counter.run("report", "weather", "x.pdf")
    assert ran.code == 2
    assert "card" in ran.err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("card",), 2, ".pdf"),
        (("pyramid",), 2, ".svg"),
        (("card", "x.png", "--where", "number=K-1"), 1, "ends in .pdf"),
        (("card", "x.pdf"), 2, "--where id="),
        (("card", "x.pdf", "--where", "number=K-1", "--where", f"id={CHANGAN}"), 2, "one record"),
        (("card", "x.pdf", "--where", "name=Nobody"), 1, "No account with name=Nobody"),
        (("card", "x.pdf", "--where", "name=Alfreds"), 1, f"{TWIN} (Alfreds), {OTHER} (Alfreds)"),
        (("card", "x.pdf", "--where", f"id={'9' * 32}"), 1, "There is no account"),
        (("card", "x.pdf", "--where", "colour=red"), 1, "colour"),
    ],
)
def test_what_cannot_be_printed_is_one_clear_line(
    known: Counter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    words: tuple[str, ...], code: int, said: str,
):  # fmt: skip
    monkeypatch.chdir(tmp_path)
    ran = known.run("report", *words)
    assert (ran.code, ran.err.count("\n")) == (code, 1), ran
    assert said in ran.err
    assert not list(tmp_path.glob("x.*"))


def test_a_deleted_account_has_no_card(known: Counter, tmp_path: Path):
    known.did("delete", "account", CHANGAN)
    ran = known.run("report", "card", str(tmp_path / "x.pdf"), "--where", f"id={CHANGAN}")
    assert ran.code == 1
    assert "'restore' brings it back" in ran.err
