"""A real `crm-server` process on a store of its own, with people to sign in."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from crm_server.admin import main as admin_main
from crm_server.passwords import Passwords
from tests.e2e.processes import (
    CRM_SERVER,
    Process,
    Ran,
    called,
    free_port,
    kill,
    run,
    start,
    stop,
    wait_until_it_answers,
)

ORGANISATION = "acme"
PASSWORD = "correct horse"

kept_parser = functools.cache(admin_main.make_parser)

Begin = Callable[[list[str], Path], Process]
"""Starts a command in the background; what it says goes to a file."""


@dataclass
class Server:
    """One organisation's server; `serve` has its process begin, `admin` runs other commands."""

    data: Path
    database_url: str = ""
    port: int = field(default_factory=free_port)
    begin: Begin = start
    process: Process | None = None

    @property
    def url(self) -> str:
        """Where its process listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What the process wrote."""
        return self.data.with_suffix(".log")

    def words(self, *words: str) -> list[str]:
        """The words of a command for this store."""
        where = ["--data", str(self.data)]
        if self.database_url:
            where += ["--database-url", self.database_url]
        return [*where, *words]

    def admin(self, *words: str, code: int = 0) -> Ran:
        """Run an administrator's command, which has to end with `code`."""
        ran = run([CRM_SERVER, *self.words(*words)])
        assert ran.code == code, f"crm-server {' '.join(words)}: {ran}"
        return ran

    def admin_inside(self, *words: str, stdin: str = "") -> str:
        """Run an administrator's command within this process; what it printed. The parser is made
        once, as it takes longer than most commands."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(admin_main, "make_parser", kept_parser)
            ran = called(admin_main.main, self.words(*words), stdin)
        assert ran.code == 0, f"crm-server {' '.join(words)}: {ran}"
        return ran.out

    def create(self) -> None:
        """Create the empty organisation."""
        self.data.mkdir(parents=True, exist_ok=True)
        self.admin_inside("init", "--organisation", "Acme", "--slug", ORGANISATION)

    def add_user(self, login: str, role: str, team: str) -> None:
        """Let somebody in; everybody's password is `PASSWORD`, and cheap to verify."""
        words = ("--role", role, "--team", team, "--password-stdin")
        defaults = Passwords.__init__.__kwdefaults__ or {}
        with pytest.MonkeyPatch.context() as patch:
            patch.setitem(defaults, "memory_kib", 1024)
            self.admin_inside("user", "add", login, *words, stdin=PASSWORD + "\n")

    def serve(self, *options: str, scheme: str = "http") -> None:
        """Start the process and return once it answers."""
        words = self.words("serve", "--port", str(self.port), *options)
        self.process = self.begin([CRM_SERVER, *words], self.log)
        wait_until_it_answers(f"{scheme}://127.0.0.1:{self.port}/ping", self.process, self.log)

    def stop(self) -> None:
        """End the process in good order."""
        if self.process is not None:
            stop(self.process)
            self.process = None

    def kill(self) -> None:
        """End the process as a power cut would."""
        if self.process is not None:
            kill(self.process)
            self.process = None


@contextlib.contextmanager
def serving(data: Path, database_url: str = "", begin: Begin = start) -> Iterator[Server]:
    """A new organisation's server, running; its process ends with the block."""
    server = Server(data, database_url, begin=begin)
    server.create()
    server.serve()
    try:
        yield server
    finally:
        server.stop()
