"""The administrator's command line, and what serves."""

from __future__ import annotations

import contextlib
import io
import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from crm_server.admin.main import main
from crm_server.admin.setup import slug_of
from crm_server.organisations import Organisations
from crm_server.passwords import Passwords
from crm_server.tables import STORE_VERSION
from tests.support.postgres import Cluster


class Shell:
    """Runs commands against one server folder."""

    def __init__(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.folder = folder
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *words: str, typed: str = "") -> tuple[int, str, str]:
        self._monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        try:
            code = main(["--data", str(self.folder), *words])
        except SystemExit as usage:
            code = int(str(usage.code))
        out, err = self._capsys.readouterr()
        return code, out, err

    def json(self, *words: str, typed: str = "") -> Any:
        code, out, err = self(*words, "--json", typed=typed)
        assert code == 0, err
        return json.loads(out)

    def company(self) -> None:
        self.json("init", "--organisation", "Acme")
        self.json(
            "user", "add", "nancy", "--role", "rep", "--team", "Sales", "--password-stdin",
            typed="sesame\n",
        )  # fmt: skip


@pytest.fixture
def shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """Its passwords are cheap to verify."""
    monkeypatch.setitem(Passwords.__init__.__kwdefaults__ or {}, "memory_kib", 1024)
    return Shell(tmp_path / "server", monkeypatch, capsys)


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Northwind Traders", "northwind-traders"),
        ("重庆长安汽车", "chong-qing-chang-an-qi-che"),
        ("Müller & Söhne (东)", "m-ller-s-hne-dong"),
        ("x" * 60, "x" * 40),
    ],
)
def test_the_short_name_is_spelled_in_pinyin(name: str, slug: str) -> None:
    assert slug_of(name) == slug


def test_init_prints_the_slug_and_a_second_one_of_it_is_refused(shell: Shell) -> None:
    code, out, _ = shell("init", "--organisation", "长安")
    assert (code, out) == (0, "chang-an\n")
    code, out, err = shell("init", "--organisation", "长安")
    assert (code, out) == (1, "")
    assert "chang-an" in err


def test_users_are_added_listed_and_disabled(shell: Shell) -> None:
    shell.company()
    (user,) = shell.json("user", "list")
    assert (user["login"], user["role"], user["team"], user["active"]) == (
        "nancy", "rep", "Sales", True,
    )  # fmt: skip
    assert shell("user", "disable", "nancy")[0] == 0
    assert shell.json("user", "list")[0]["active"] is False
    assert shell("user", "disable", "nobody")[0] == 1


def test_a_user_moves_to_another_place_and_gets_a_new_password(shell: Shell) -> None:
    shell.company()
    shell.json("territory", "add", "Chengdu", "--parent", "Sichuan")
    shell.json("user", "move", "nancy", "--role", "lead", "--territory", "Sichuan", "--team", "")
    (user,) = shell.json("user", "list")
    assert (user["role"], user["territory"], user["team"]) == ("lead", "Sichuan", "")
    shell.json("user", "password", "nancy", "--password-stdin", typed="other\n")
    shell.json("team", "add", "Sales", "--lead", "nancy")
    assert [team["name"] for team in shell.json("team", "list")] == ["Sales"]
    assert [x["name"] for x in shell.json("territory", "list")] == ["Chengdu", "Sichuan"]


def test_a_territory_cannot_be_part_of_itself(shell: Shell) -> None:
    shell.company()
    shell.json("territory", "add", "Chengdu", "--parent", "Sichuan")
    code, _, err = shell("territory", "add", "Sichuan", "--parent", "Chengdu")
    assert code == 1
    assert "Sichuan" in err


def test_wrong_usage_and_missing_things_have_their_codes(shell: Shell) -> None:
    assert shell("frobnicate")[0] == 2
    assert shell("user", "add", "x", "--role", "king", "--password-stdin")[0] == 2
    code, _, err = shell("user", "list")
    assert code == 1
    assert "init" in err
    shell.company()
    taken = shell("user", "add", "nancy", "--role", "rep", "--password-stdin", typed="x\n")
    assert taken[0] == 1
    assert shell("user", "add", "li", "--role", "rep", "--password-stdin", typed="\n")[0] == 1


def test_the_version_is_told_without_a_folder(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("crm-server 0.")


def test_devices_are_listed_expired_and_withdrawn(shell: Shell) -> None:
    shell.company()
    organisations = Organisations(shell.folder)
    service = organisations.open().service
    with service.store.read() as tx:
        row = tx.row("SELECT user_id FROM credential")
    assert row is not None
    service.register_device(row[0], "d" * 32)
    organisations.close()
    (device,) = shell.json("device", "list")
    assert (device["id"], device["login"], device["revoked_at"]) == ("d" * 32, "nancy", "")
    assert shell("device", "expire", "d" * 32)[0] == 0
    assert shell("device", "revoke", "d" * 32)[0] == 0
    assert shell.json("device", "list")[0]["revoked_at"] != ""
    assert shell("device", "revoke", "nothing")[0] == 1


def test_load_check_and_migrate_report(shell: Shell, tmp_path: Path) -> None:
    shell.company()
    file = tmp_path / "products.csv"
    file.write_text("ext_id,name,price\n1,Chai,12.50CNY\n2,,1CNY\n")
    report = shell.json("load", "product", str(file))
    assert (report["created"], report["error"]) == (1, 1)
    assert [row["result"] for row in report["rows"]] == ["created", "error"]
    out = tmp_path / "report.csv"
    file.write_text("ext_id,name\n1,Chai\n=1+1,\n")
    assert shell("load", "product", str(file), "--report", str(out), "--dry-run")[0] == 0
    head, first, second = out.read_text("utf-8-sig").splitlines()
    assert (head, first) == ("row,ext_id,result,detail", "1,1,unchanged,")
    assert second.startswith("2,'=1+1,error,"), "no formula"
    assert shell("load", "unicorn", str(file))[0] == 1
    assert shell.json("check")["problems"] == []
    assert shell.json("migrate") == {"acme": STORE_VERSION}


def test_the_demo_company_is_there_after_demo(shell: Shell) -> None:
    made = shell.json("demo")
    assert "nancy" in made["logins"]
    assert shell.json("check")["records"] > 4000


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--host", "0.0.0.0"), "--insecure-public"),
        (("--workers", "2"), "PostgreSQL"),
        (("--tls-cert", "x.pem"), "--tls-key"),
    ],
)
def test_serving_refuses_what_would_be_unsafe(
    shell: Shell, words: tuple[str, ...], reason: str
) -> None:
    shell.company()
    code, _, err = shell("serve", *words)
    assert code == 1
    assert reason in err


@pytest.fixture
def port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def serving(port: int, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "crm_server", *arguments, "serve", "--port", str(port)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_until_up(port: int) -> None:
    """The transport itself waits between its attempts, longer each time."""
    with httpx.Client(transport=httpx.HTTPTransport(retries=7), timeout=30) as client:
        assert client.get(f"http://127.0.0.1:{port}/ping").status_code == 200


def test_a_served_organisation_ends_cleanly_when_told_to(shell: Shell, port: int) -> None:
    shell.company()
    with serving(port, "--data", str(shell.folder)) as process:
        wait_until_up(port)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


@pytest.mark.postgres
def test_the_same_commands_run_on_postgresql(
    shell: Shell, port: int, postgres: Cluster, fresh_database: str
) -> None:
    url = ("--database-url", fresh_database)
    assert shell(*url, "init", "--organisation", "Acme")[0] == 0
    added = shell(
        *url, "user", "add", "nancy", "--role", "rep", "--password-stdin", typed="sesame\n"
    )
    assert added[0] == 0, added[2]
    assert shell(*url, "check")[0] == 0
    with serving(port, "--data", str(shell.folder), *url) as process:
        wait_until_up(port)
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_an_unreachable_database_is_exit_code_4(shell: Shell) -> None:
    url = "postgresql+psycopg://crm@127.0.0.1:1/crm?connect_timeout=2"
    assert shell("--database-url", url, "user", "list")[0] == 4
