"""How a call begins and ends: passphrases, languages, exit codes, the unexpected."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from crm_core.errors import Bug
from crm_core.wire import SignInResponse
from crm_desktop import profile, signing
from crm_desktop.__main__ import PASSPHRASE_VARIABLE, _window_options
from crm_desktop.cli import commands, reading
from crm_desktop.cli.desk import Desk
from crm_desktop.cli.outcome import Exit
from crm_desktop.keychain import Cost
from crm_desktop.policy import Policy
from crm_desktop.profile import Machine
from tests.cli.counter import NANCY, NOWHERE, PASSPHRASE, Counter

CHEAP = Cost(1024, 1, 1)
CALL = "from crm_desktop.__main__ import main; import sys; sys.exit(main())"


def process(*words: str, code: str = CALL, **env: str) -> subprocess.CompletedProcess[str]:
    """A call in a process of its own, at a console that speaks Latin-1."""
    return subprocess.run(
        [sys.executable, "-c", code, *words],
        env={**os.environ, "PYTHONUTF8": "0", "PYTHONIOENCODING": "latin-1", **env},
        capture_output=True, encoding="utf-8", timeout=60, check=False,
    )  # fmt: skip


def test_the_passphrase_is_read_once_and_taken_away(counter: Counter) -> None:
    os.environ.pop(PASSPHRASE_VARIABLE, None)
    assert counter.run("kinds").code == 0
    assert PASSPHRASE_VARIABLE not in os.environ


def test_the_passphrase_may_come_first_on_the_input(counter: Counter) -> None:
    words = ("--passphrase-stdin", "list", "account", "--json")
    assert counter.run(*words, stdin=f"{PASSPHRASE}\nrest\n", passphrase=None).json == []
    assert counter.run(*words, stdin="wrong\n", passphrase=None).code == 1


def test_without_a_passphrase_the_way_out_is_named(counter: Counter) -> None:
    ran = counter.run("list", "account", passphrase=None)
    assert ran.code == 1
    assert "CRM_DESKTOP_PASSPHRASE" in ran.err
    assert len(ran.err.strip().splitlines()) == 1


def test_json_is_utf8_whatever_the_console_speaks(counter: Counter) -> None:
    counter.add("account", "name=重庆长安")
    ran = process("--profile", str(counter.folder), "list", "account", "--json",
                  CRM_DESKTOP_PASSPHRASE=PASSPHRASE)  # fmt: skip
    assert json.loads(ran.stdout)[0]["name"] == "重庆长安"


def test_an_unexpected_error_is_one_line_and_a_note_without_values(counter: Counter) -> None:
    code = (
        "import sys\n"
        "from crm_desktop.cli import reading\n"
        "def fail(desk): raise ZeroDivisionError('secret of Alfreds')\n"
        "reading.kinds = fail\n"
        "from crm_desktop.__main__ import main\n"
        "sys.exit(main())\n"
    )
    ran = process("--profile", str(counter.folder), "kinds", code=code)
    assert ran.returncode == Exit.FAILED
    (line,) = ran.stderr.strip().splitlines()
    log = counter.folder / "logs" / "crm-desktop.log"
    assert str(log) in line
    noted = log.read_text("utf-8")
    assert "ZeroDivisionError" in noted
    assert "in fail" in noted or " fail" in noted
    assert "Alfreds" not in noted + ran.stderr


def test_our_own_mistake_is_noted_and_not_explained_away(
    counter: Counter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_desk: Desk) -> Exit:
        raise Bug("An invariant does not hold: {detail}", detail="Alfreds")

    monkeypatch.setattr(reading, "kinds", fail)
    ran = counter.run("kinds")
    assert ran.code == 1
    assert "Alfreds" not in (counter.folder / "logs" / "crm-desktop.log").read_text("utf-8")


def test_a_reader_that_has_seen_enough_is_no_error(counter: Counter) -> None:
    code = (
        "import os, sys\n"
        "os.dup2(os.open(os.devnull, os.O_RDONLY), 0)\n"
        "reading, writing = os.pipe(); os.close(reading); os.dup2(writing, 1)\n"
        "from crm_desktop.__main__ import main\n"
        "sys.exit(main())\n"
    )
    ran = process("--profile", str(counter.folder), "kinds", code=code)
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize("words", [["sync"], ["logout"]])
def test_a_server_that_is_not_there_changes_nothing(counter: Counter, words: list[str]) -> None:
    counter.add("account", "name=Alfreds")
    ran = counter.run(*words)
    assert ran.code == (4 if words == ["sync"] else 0)
    assert len(counter.did("list", "account")) == 1


def test_after_signing_out_the_data_stay_and_sync_asks_to_sign_in(counter: Counter) -> None:
    counter.add("account", "name=Alfreds")
    counter.run("logout")
    ran = counter.run("sync")
    assert ran.code == 5
    assert "sign in" in ran.err
    status = counter.run("status", "--json")
    assert (status.code, status.json["state"], status.json["pending"]) == (5, "signed_out", 1)


def test_status_has_the_agreed_shape(counter: Counter) -> None:
    counter.add("account", "name=Alfreds")
    status = counter.did("status")
    assert status["pending"] == 1
    assert set(status) == {"state", "cursor", "pending", "parked", "verified_at", "needs_you"}
    assert set(status["parked"]) == {"conflict", "rejected", "orphaned", "quarantine", "duplicate"}


def test_a_folder_without_a_profile_says_how_to_make_one(tmp_path: Path) -> None:
    ran = Counter(tmp_path / "nothing").run("list", "account")
    assert (ran.code, "login" in ran.err) == (1, True)


def test_a_newer_database_asks_for_an_update_and_is_not_touched(counter: Counter) -> None:
    with closing(profile.open_profile(counter.folder, PASSPHRASE)) as opened:
        opened.store.write.run("PRAGMA user_version=999")
    before = (counter.folder / "crm-1.db").read_bytes()
    ran = counter.run("list", "account")
    assert (ran.code, "newer version" in ran.err) == (1, True)
    assert (counter.folder / "crm-1.db").read_bytes() == before


@pytest.mark.parametrize(
    ("server_time", "said"),
    [("2036-11-22T08:00:00Z", True), ("1999-01-01T00:00:00Z", True), ("", False)],
)
def test_a_clock_that_is_years_off_is_said_and_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, server_time: str, said: bool
) -> None:
    answer = SignInResponse(
        "access", "refresh", 900, NANCY, "d" * 32, "acme", server_time, "epoch", "rep"
    )
    monkeypatch.setattr(signing, "_ask", lambda *_: answer)
    monkeypatch.setattr(profile, "this_machine", lambda: Machine(None, Policy(), CHEAP))
    counter = Counter(tmp_path / "new")
    words = ("login", "--server", NOWHERE, "--user", "nancy", "--password-stdin")
    ran = counter.run(*words, stdin="right\n")
    assert (ran.code, "clock" in ran.err) == (0, said)
    assert counter.add("account", "name=Alfreds")


def test_every_command_is_translated_into_its_help(counter: Counter) -> None:
    helped = counter.run("--locale", "zh_CN", "--help")
    assert helped.code == 0
    for command in (*commands.HANDLERS, "demo", "screenshot"):
        assert command in helped.out
    counter.run("--locale", "en", "kinds")


def test_the_cli_never_imports_qt() -> None:
    code = (
        "import sys, pkgutil, importlib, crm_desktop.cli as cli\n"
        "for module in pkgutil.iter_modules(cli.__path__, 'crm_desktop.cli.'):\n"
        "    importlib.import_module(module.name)\n"
        "sys.exit(any(name.startswith('PySide6') for name in sys.modules))\n"
    )
    assert process(code=code).returncode == 0


def test_a_call_without_a_command_is_the_windows_and_costs_no_argparse(tmp_path: Path) -> None:
    words = ["--profile", str(tmp_path), "--locale=zh_CN"]
    assert _window_options(words) == {"--profile": str(tmp_path), "--locale": "zh_CN"}
    for other in (["list"], ["--help"], ["--profile"], ["--passphrase-stdin"], ["--selftest"]):
        assert _window_options(other) is None
    code = "import sys, crm_desktop.__main__; sys.exit('argparse' in sys.modules)"
    assert process(code=code).returncode == 0
