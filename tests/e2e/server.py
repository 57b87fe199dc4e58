"""A real `crm-server` process on a store of its own, with people to sign in."""

from __future__ import annotations

import contextlib
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.e2e.processes import (
    CRM_SERVER,
    Ran,
    free_port,
    kill,
    run,
    start,
    stop,
    wait_until_it_answers,
)

ORGANISATION = "acme"
PASSWORD = "correct horse"


@dataclass
class Server:
    """One organisation's server; `serve` starts its process, `admin` runs other commands."""

    data: Path
    database_url: str = ""
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where its process listens."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What the process wrote."""
        return self.data.with_suffix(".log")

    def command(self, *words: str) -> list[str]:
        """The command line for this store."""
        where = ["--data", str(self.data)]
        if self.database_url:
            where += ["--database-url", self.database_url]
        return [CRM_SERVER, *where, *words]

    def admin(self, *words: str, stdin: str = "", code: int = 0) -> Ran:
        """Run an administrator's command, which has to end with `code`."""
        ran = run(self.command(*words), stdin=stdin)
        assert ran.code == code, f"crm-server {' '.join(words)}: {ran}"
        return ran

    def create(self) -> None:
        """Create the empty organisation."""
        self.data.mkdir(parents=True, exist_ok=True)
        self.admin("init", "--organisation", "Acme", "--slug", ORGANISATION)

    def add_user(self, login: str, role: str, team: str) -> None:
        """Let somebody in; everybody's password is `PASSWORD`."""
        self.admin(
            "user", "add", login, "--role", role, "--team", team, "--password-stdin",
            stdin=PASSWORD + "\n",
        )  # fmt: skip

    def serve(self, *options: str, scheme: str = "http") -> None:
        """Start the process and return once it answers."""
        command = self.command("serve", "--port", str(self.port), *options)
        self.process = start(command, self.log)
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
def serving(data: Path, database_url: str = "") -> Iterator[Server]:
    """A new organisation's server, running; its process ends with the block."""
    server = Server(data, database_url)
    server.create()
    server.serve()
    try:
        yield server
    finally:
        server.stop()
